//! Zones on cards that are made up: what comes out of the rings to their threads.

use super::super::announcements::NOTICE;
use super::super::cards::Said;
use super::super::cards::tests::{Thread, made_up};
use super::super::terms::{Directory, Inquiry};
use super::*;
use crate::config::{TimeOfDay, load};
use crate::mix::{Command, Part, Recital};
use crate::sip::wire::Uri;
use crate::units::SampleRate;

/// Cards as the configuration has them.
struct Site {
    cards: Rc<Cards<'static>>,
    threads: Vec<Thread>,
    settings: Settings,
    voices: u64,
}

impl Site {
    fn new(text: &str) -> Self {
        let settings = load(&[("a", text.as_bytes())], [], &[]).settings;
        let (cards, threads) = made_up(&settings);
        Self { cards, threads, settings, voices: 0 }
    }

    fn hold(&self, class: Class, priority: u8, zones: &str) -> Rc<Hold<'static>> {
        let zones = self.settings.zones_named(zones);
        let zones = if zones.is_empty() { ZoneSet::ALL } else { zones };
        self.cards.claim(at(0), Claim { class, priority, zones }, at(0))
    }

    fn voice(&mut self, hold: &Hold<'_>) -> VoiceId {
        self.voices += 1;
        let part = Part::Clip([9_000; 480].into_iter().collect());
        let (rate, fade) = (SampleRate::HZ_48000, Duration::ZERO);
        let recital = Recital { rate, parts: vec![part], level: Level::UNITY, fade };
        assert_eq!(self.cards.attach_recital(VoiceId(self.voices), &recital, hold), Said::Begun);
        VoiceId(self.voices)
    }

    /// What each thread was told: `1 at 100, 0`, `1: zone 0 to 50 in 5 ms`, `1 ends`.
    fn told(&mut self) -> Vec<Vec<String>> {
        let percent = |level: Level| (level.gain() * 100.0).round();
        let tell = |command: &Command| match command {
            Command::Attach { voice, route, .. } => {
                format!("{} at {}, {}", voice.0, percent(route.level(0)), percent(route.level(1)))
            }
            Command::Route { voice, zone, level, fade } => {
                format!("{}: zone {zone} to {} in {} ms", voice.0, percent(*level), fade.as_millis())
            }
            Command::Release { voice } => format!("{} ends", voice.0),
            Command::SetOutput(levels) => {
                format!("channels {:?}", levels.channels.iter().copied().map(percent).collect::<Vec<_>>())
            }
            other => format!("{other:?}"),
        };
        self.threads.iter_mut().map(|thread| thread.told(|command| Some(tell(command)))).collect()
    }
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// Hall and yard are channels of one card, the shed is another one.
const ZONES: &str = "[zone hall]\ndevice = wav:/a.wav\nchannels = 1\nvolume = 50\nvolume-page = 80\nduck = -20 dB\n\
                     [zone shed]\ndevice = wav:/b.wav\nvolume-music = 40\n\
                     [zone yard]\ndevice = wav:/a.wav\nchannels = 2\n\
                     [group outside]\nzones = yard, shed\n";

#[test]
fn a_page_goes_to_the_cards_of_its_zones_and_touches_no_other() {
    let mut site = Site::new(ZONES);
    let hall = site.hold(Class::Page, 60, "hall");
    let voice = site.voice(&hall);
    assert_eq!(site.told(), [vec!["1 at 80, 0"], vec![]]);
    site.cards.set_level(voice, Level::UNITY);
    assert_eq!(counts(&site.told()), [1, 0]);
    site.cards.release(voice);
    assert_eq!(site.told(), [vec!["1 ends"], vec![]]);
    let outside = site.hold(Class::Page, 60, "outside");
    site.voice(&outside);
    assert_eq!(site.told(), [vec!["2 at 0, 100"], vec!["2 at 100, 0"]]);
}

/// How much each thread was told.
fn counts(told: &[Vec<String>]) -> Vec<usize> {
    told.iter().map(Vec::len).collect()
}

#[test]
fn a_higher_page_ducks_or_mutes_every_voice_of_a_lower_one_until_its_last_holder_lets_go() {
    let mut site = Site::new(ZONES);
    let low = site.hold(Class::Page, 60, "all");
    let (chime, page) = (site.voice(&low), site.voice(&low));
    site.told();
    let high = site.hold(Class::Page, 70, "all");
    let shared = Rc::clone(&high);
    site.cards.tend(at(0));
    let [card, shed] = &site.told()[..] else { panic!() };
    let told = |voice: VoiceId, zone, level| format!("{}: zone {zone} to {level} in 5 ms", voice.0);
    let expected = [told(chime, 0, 8), told(page, 0, 8), told(chime, 1, 0), told(page, 1, 0)];
    assert!(expected.iter().all(|line| card.contains(line)), "{card:?}");
    assert_eq!(shed, &[told(chime, 0, 0), told(page, 0, 0)]);
    drop(high);
    site.cards.tend(at(10));
    assert_eq!(counts(&site.told()), [0, 0], "somebody has it still");
    drop(shared);
    assert_eq!(site.cards.poll_timeout(at(11)), Some(at(11)), "it wants to be tended");
    site.cards.tend(at(11));
    assert!(site.told()[0].contains(&told(page, 0, 80)));
}

#[test]
fn music_fades_on_its_cards_in_its_zones_and_is_as_loud_there_as_they_say() {
    let mut site = Site::new(ZONES);
    let music = site.hold(Class::Music, 10, "all");
    site.voice(&music);
    assert_eq!(site.told(), [vec!["1 at 100, 100"], vec!["1 at 40, 0"]]);
    let claim = Claim { class: Class::Page, priority: 60, zones: site.settings.zones_named("shed") };
    assert_eq!(site.cards.open_at(at(0), &claim), at(3000));
    let page = site.cards.claim(at(0), claim, at(3000));
    site.cards.tend(at(0));
    assert_eq!(site.told(), [vec![], vec!["1: zone 0 to 0 in 3000 ms"]]);
    drop(page);
    site.cards.tend(at(4000));
    assert_eq!(site.told(), [vec![], vec!["1: zone 0 to 40 in 10000 ms"]]);
    assert!(!site.cards.speaks_beside(&LEAST) && site.cards.is_heard(VoiceId(1)));
}

#[test]
fn a_voice_is_heard_until_the_last_card_has_given_it_back() {
    let mut site = Site::new(ZONES);
    let all = site.hold(Class::Page, 60, "all");
    let voice = site.voice(&all);
    site.told();
    for (place, is_heard) in [(1, true), (0, false)] {
        site.threads[place].retire(voice);
        while site.cards.poll().is_some() {}
        assert_eq!((site.cards.is_heard(voice), site.cards.speaks_beside(&LEAST)), (is_heard, is_heard));
    }
}

#[test]
fn volumes_change_by_reload_and_by_telephone() {
    let mut site = Site::new(ZONES);
    let page = site.hold(Class::Page, 60, "hall");
    site.voice(&page);
    site.told();
    site.cards.set_zone_volume(at(0), ZoneSet::one(0), Level::from_gain(0.3));
    assert_eq!(site.cards.zone_volume(0), Level::from_gain(0.3));
    site.cards.tend(at(0));
    assert_eq!(site.told()[0], ["channels [50.0, 100.0]", "1: zone 0 to 48 in 5 ms"], "softer is the page");
    for (old, new, told) in [
        ("volume-page = 80", "volume-page = 60", ["channels [50.0, 100.0]", "1: zone 0 to 36 in 5 ms"]),
        ("volume = 50", "volume = 40", ["channels [40.0, 100.0]", "1: zone 0 to 80 in 5 ms"]),
    ] {
        let settings = load(&[("a", ZONES.replace(old, new).as_bytes())], [], &[]).settings;
        site.cards.set_output(at(0), &settings);
        site.cards.tend(at(0));
        assert_eq!(site.told()[0], told, "{new}");
    }
    site.cards.set_zone_volume(at(0), ZoneSet::one(0), Level::from_gain(0.7));
    site.cards.tend(at(0));
    assert_eq!(site.told()[0], ["channels [70.0, 100.0]", "1: zone 0 to 80 in 5 ms"], "louder is the zone");
}

#[test]
fn an_emergency_is_as_loud_as_the_configuration_says_or_louder_whatever_is_told_by_telephone() {
    let mut site = Site::new(ZONES);
    for (percent, channels, page) in [(0, 50, 0), (20, 50, 32), (80, 80, 80)] {
        #[expect(clippy::cast_precision_loss, reason = "percent")]
        let level = Level::from_gain(percent as f32 / 100.0);
        site.cards.set_zone_volume(at(0), ZoneSet::one(0), level);
        assert_eq!(site.told()[0], [format!("channels [{channels}.0, 100.0]")]);
        let (alarm, words) = (site.hold(Class::Emergency, 90, "hall"), site.hold(Class::Page, 60, "hall"));
        let loud = site.voice(&alarm).0;
        assert_eq!(site.told()[0], [format!("{loud} at 100, 0")]);
        drop(alarm);
        site.cards.tend(at(0));
        site.told();
        let soft = site.voice(&words).0;
        assert_eq!(site.told()[0], [format!("{soft} at {page}, 0")]);
    }
}

#[test]
fn at_night_all_but_an_emergency_is_softer_and_a_switch_decides_whether_it_is() {
    let mut site =
        Site::new(&ZONES.replace("volume = 50\n", "volume = 50\nnight = 22:00-06:00\nnight-volume = 10\n"));
    site.cards.set_night(at(0), Switch::Off);
    let (page, emergency) = (site.hold(Class::Page, 60, "hall"), site.hold(Class::Emergency, 60, "hall"));
    let (_, loud) = (site.voice(&page), site.voice(&emergency));
    site.cards.tend(at(0));
    site.told();
    drop(emergency);
    site.cards.release(loud);
    site.cards.tend(at(0));
    site.told();
    site.cards.set_night(at(0), Switch::On);
    site.cards.tend(at(0));
    assert!(site.told()[0].contains(&"1: zone 0 to 16 in 5 ms".to_owned()), "80 percent of a fifth");
    assert_eq!(site.cards.zone_volume(0), Level::from_gain(0.1));
    let emergency = site.hold(Class::Emergency, 90, "hall");
    site.voice(&emergency);
    assert!(site.told()[0].contains(&"3 at 100, 0".to_owned()));
    site.cards.set_zone_volume(at(0), ZoneSet::one(0), Level::from_gain(0.2));
    site.cards.set_night(at(0), Switch::Off);
    assert_eq!(site.cards.zone_volume(0), Level::from_gain(0.5), "the day is as it was");
}

#[test]
fn a_night_goes_by_the_clock_over_midnight_or_within_a_day() {
    let time = |hour, minute| TimeOfDay { hour, minute, second: 0 };
    let night = |from, to| Some(Night { from, to });
    let over = night(time(22, 0), time(6, 30));
    let within = night(time(1, 0), time(5, 0));
    for (minute, is_over, is_within) in [
        (0, true, false),
        (60, true, true),
        (299, true, true),
        (300, true, false),
        (389, true, false),
        (390, false, false),
        (1319, false, false),
        (1320, true, false),
    ] {
        assert_eq!(is_night(over, Switch::Auto, Some(minute)), is_over, "{minute}");
        assert_eq!(is_night(within, Switch::Auto, Some(minute)), is_within, "{minute}");
    }
    assert!(!is_night(over, Switch::Auto, None), "a clock that was not set knows no night");
    assert!(is_night(over, Switch::On, None) && !is_night(over, Switch::Off, Some(0)));
    assert!(!is_night(None, Switch::Auto, Some(0)));
    let built = Duration::from_secs(1_790_000_000);
    assert_eq!(
        minute_of_day(built, false),
        None,
        "set to when the program was built, or to the last shutdown"
    );
    assert!(minute_of_day(built, true).is_some_and(|minute| minute < 24 * 60));
    assert_eq!(until_minute(Duration::from_millis(61_250)), Duration::from_millis(58_750));
}

#[test]
fn a_box_without_zones_has_one_which_can_be_made_softer_too() {
    let mut site = Site::new("");
    let page = site.hold(Class::Page, 60, "all");
    site.voice(&page);
    assert_eq!(site.told(), [vec!["1 at 100, 0"]]);
    site.cards.set_zone_volume(at(0), ZoneSet::ALL, Level::from_gain(0.5));
    site.cards.tend(at(0));
    assert_eq!(site.told()[0], ["channels [100.0]", "1: zone 0 to 50 in 5 ms"]);
    assert_eq!(site.cards.zone_volume(0), Level::from_gain(0.5));
    site.cards.set_zone_volume(at(0), ZoneSet::ALL, Level::from_gain(2.0));
    site.cards.tend(at(0));
    assert_eq!(site.told()[0], ["channels [200.0]", "1: zone 0 to 100 in 5 ms"]);
    let settings = load(&[("a", b"[log]\nlevel = debug\n".as_slice())], [], &[]).settings;
    site.cards.set_output(at(0), &settings);
    assert_eq!(site.cards.zone_volume(0), Level::UNITY, "any file that is saved brings it back");
}

#[test]
fn accounts_say_where_their_calls_are_heard_and_before_whom() {
    let settings = load(
        &[(
            "a",
            format!(
                "{ZONES}[sip]\ndomain = pbx\nuser = 501\nzones = hall\n[sip help]\nuser = 911\nmode = emergency\n\
                 priority = page\nzones = all\n[sip ring]\nuser = 502\nmode = ring\nzones = outside\npriority = 30\n\
                 [sip bell]\nuser = 503\nmode = ring\n"
            )
            .as_bytes(),
        )],
        [],
        &[],
    )
    .settings;
    let directory = Directory::new(&settings);
    let of = |uri: &str| {
        let called: Uri = uri.parse().unwrap();
        let inquiry = Inquiry { caller: ("100", "pbx"), called: called.user(), of_server: None };
        let Claim { class, priority, zones } = directory.terms(&inquiry).claim;
        (class, priority, zones.iter().collect::<Vec<_>>())
    };
    assert_eq!(of("sip:501@192.0.2.1"), (Class::Page, 60, vec![0]));
    assert_eq!(of("sip:911@192.0.2.1"), (Class::Emergency, 90, vec![0, 1, 2]));
    assert_eq!(of("sip:502@192.0.2.1;transport=udp"), (Class::Bell, 30, vec![1, 2]));
    assert_eq!(of("sip:503@192.0.2.1"), (Class::Bell, 40, vec![0]), "a bell is less than a page");
    assert_eq!(of("sip:192.0.2.1"), (Class::Page, 60, vec![0]), "as [sip] says");
}

#[test]
fn changes_that_find_the_ring_full_are_all_told_when_there_is_room() {
    let mut site = Site::new(ZONES);
    let low = site.hold(Class::Page, 60, "hall");
    let (voice, other) = (site.voice(&low), site.voice(&low));
    site.told();
    for _ in 0..5_000 {
        site.cards.set_level(voice, Level::UNITY);
    }
    let _high = site.hold(Class::Page, 70, "hall");
    site.cards.tend(at(0));
    site.cards.release(other);
    assert!(!site.told()[0].iter().any(|line| line.contains("zone") || line.contains("ends")));
    assert!(site.cards.is_one_behind());
    assert!(site.cards.poll().is_none());
    assert_eq!(site.told()[0], ["1: zone 0 to 8 in 5 ms", "2: zone 0 to 8 in 5 ms", "2 ends"]);
    assert!(!site.cards.is_one_behind());
}

#[test]
fn what_the_box_says_is_heard_when_music_has_made_way_and_not_under_a_page() {
    let mut site = Site::new(ZONES);
    let music = site.hold(Class::Music, 10, "all");
    site.voice(&music);
    site.cards.tend(at(20_000));
    let begins_at = site.cards.open_at(at(20_000), &NOTICE);
    assert!(begins_at > at(20_000), "music fades");
    let notice = site.cards.claim(at(20_000), NOTICE, begins_at);
    site.cards.tend(begins_at);
    assert_eq!(site.cards.audible(begins_at, &notice), ZoneSet::first(3));
    assert_eq!(site.cards.audible(begins_at, &music), ZoneSet::one(0), "the hall ducks it");
    let _page = site.cards.claim(begins_at, Claim { zones: ZoneSet::one(2), ..page() }, begins_at);
    site.cards.tend(begins_at);
    assert_eq!(site.cards.audible(begins_at, &notice), ZoneSet::first(2));
}

const fn page() -> Claim {
    Claim { class: Class::Page, priority: 60, zones: ZoneSet::ALL }
}

#[test]
fn nights_begin_when_somebody_has_said_what_time_it_is() {
    let site =
        Site::new(&ZONES.replace("volume = 50\n", "volume = 50\nnight = 00:00-23:59\nnight-volume = 10\n"));
    assert!(site.cards.wants_time());
    assert_eq!(site.cards.zone_volume(0), Level::from_gain(0.5));
    site.cards.handle_time(at(0));
    assert!(!site.cards.wants_time());
}

/// What silences nothing.
const LEAST: Claim = Claim { class: Class::Music, priority: 0, zones: ZoneSet::ALL };
