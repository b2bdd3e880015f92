//! What is played, on cards that are made up: what comes out of the rings to their threads.

use super::super::cards::tests::{Thread, made_up};
use super::*;
use crate::config::load;
use crate::mix::{Command, Report};

/// A box that plays at a word, and nothing else. It has a hall and a yard, each on a card.
struct Stage {
    playback: Playback<'static>,
    cards: Rc<Cards<'static>>,
    threads: Vec<Thread>,
    voices: u64,
}

impl Stage {
    fn new() -> Self {
        let settings = settings();
        let (cards, threads) = made_up(&settings);
        let executor = Rc::new(LocalExecutor::new());
        let playback = Playback::new(&settings, executor, Rc::clone(&cards), Rc::default());
        Self { playback, cards, threads, voices: 0 }
    }

    fn name(&mut self) -> VoiceId {
        self.voices += 1;
        VoiceId(self.voices)
    }

    fn play(&mut self, number: &str) -> Result<AirNumber, Unplayed> {
        let programme = self.playback.announcement(number)?;
        self.begin(programme).map(|aired| aired.number)
    }

    fn begin(&mut self, programme: Programme) -> Result<Aired, Unplayed> {
        let voice = self.name();
        self.playback.play((at(0), at(0)), programme, voice)
    }

    /// Which voices begin on the card of the hall, and on that of the yard; released ones with a minus.
    fn told(&mut self) -> [Vec<i64>; 2] {
        let tell = |command: &Command| match command {
            Command::Attach { voice, .. } => i64::try_from(voice.0).ok(),
            Command::Release { voice } => i64::try_from(voice.0).map(|voice| -voice).ok(),
            _ => None,
        };
        let told: Vec<_> = self.threads.iter_mut().map(|thread| thread.told(tell)).collect();
        told.try_into().unwrap()
    }

    /// This card has played a voice to its end.
    fn retire(&mut self, card: usize, voice: u64) {
        self.threads[card].retire(VoiceId(voice));
        while let Some(report) = self.cards.poll() {
            if let Report::Retired { voice, .. } = report {
                self.playback.handle_retired(voice);
            }
        }
    }

    fn turn(&mut self) {
        let voice = self.name();
        self.playback.handle_timeout(Duration::ZERO, || voice);
    }

    fn playing(&self) -> Vec<String> {
        self.playback.playing().map(|playing| playing.what).collect()
    }
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn settings() -> Settings {
    let text = "[zone hall]\ndevice = wav:/hall.wav\n[zone yard]\ndevice = wav:/yard.wav\n\
        [announcement 1]\nplay = gong\n[announcement 2]\nplay = gong\nzones = yard\npriority = 70\nrepeat = 3\n\
        [emergency]\nplay = three-tone\n";
    load(&[("a", text.as_bytes())], [], &[]).settings
}

#[test]
fn an_announcement_is_heard_in_its_zones_and_over_when_the_last_card_has_played_it() {
    let mut stage = Stage::new();
    let number = stage.play("1").unwrap();
    assert_eq!(stage.told(), [[1], [1]]);
    stage.play("2").unwrap();
    assert_eq!(stage.told(), [vec![], vec![2]]);
    stage.retire(0, 1);
    assert_eq!(stage.playing(), ["announcement 1", "announcement 2"]);
    stage.retire(1, 1);
    let zones = settings().zone_set(&crate::config::ZoneNames::All);
    assert_eq!(stage.playback.poll_ended(), Some(Ended { number, is_cut: false, zones }));
    assert_eq!((stage.playing(), stage.playback.poll_ended()), (vec!["announcement 2".to_owned()], None));
}

#[test]
fn who_asks_twice_hears_it_once_and_once_more_when_it_is_over() {
    let mut stage = Stage::new();
    let number = stage.play("2").unwrap();
    assert_eq!(stage.play("2"), Ok(number));
    assert_eq!(stage.told(), [vec![], vec![1]]);
    stage.retire(1, 1);
    assert_ne!(stage.play("2"), Ok(number));
}

#[test]
fn who_asks_for_it_elsewhere_or_before_others_hears_it_from_its_beginning() {
    let mut stage = Stage::new();
    let of = |stage: &Stage, zone, priority| {
        let programme = stage.playback.announcement("2").unwrap();
        Programme { claim: Claim { zones: ZoneSet::one(zone), priority, ..programme.claim }, ..programme }
    };
    let mut is_new = |zone, priority| {
        let programme = of(&stage, zone, priority);
        stage.begin(programme).unwrap().is_new
    };
    assert!(is_new(1, 70) && !is_new(1, 70) && !is_new(1, 60));
    assert!(is_new(0, 70) && is_new(1, 80) && !is_new(1, 80));
}

#[test]
fn an_announcement_is_repeated_with_a_second_between() {
    let stage = Stage::new();
    let Programme { parts, claim, .. } = stage.playback.announcement("2").unwrap();
    let pause = Part::Pause(Duration::from_secs(1));
    assert_eq!(parts.len(), 5);
    assert!(parts[1] == pause && parts[3] == pause && parts[0] == parts[4]);
    assert_eq!((claim.class, claim.priority, claim.zones), (Class::Page, 70, ZoneSet::one(1)));
    let unknown = stage.playback.announcement("3").map(|programme| programme.what);
    assert_eq!(unknown, Err(Unplayed::NoSuch { number: "3".to_owned() }));
}

#[test]
fn the_emergency_begins_again_until_it_is_cancelled() {
    let mut stage = Stage::new();
    assert!(stage.playback.toggle_emergency(at(0)));
    assert!(stage.playback.waits());
    stage.turn();
    assert_eq!(stage.told(), [[1], [1]]);
    stage.retire(0, 1);
    stage.turn();
    assert_eq!(stage.told(), [[0_i64; 0]; 2], "the other card still plays it");
    stage.retire(1, 1);
    stage.turn();
    assert_eq!(stage.told(), [[3], [3]]);
    stage.playback.set_options(&settings());
    assert!(stage.playback.is_emergency(), "a reload does not end it");
    assert!(!stage.playback.toggle_emergency(at(0)));
    assert_eq!((stage.told(), stage.playback.is_emergency()), ([vec![-3], vec![-3]], false));
    stage.retire(0, 3);
    stage.retire(1, 3);
    stage.turn();
    assert_eq!((stage.told(), stage.playback.is_busy()), ([vec![], vec![]], false));
}

#[test]
fn so_many_at_once_are_enough_but_never_too_many_for_an_emergency() {
    let mut stage = Stage::new();
    for _ in 0..MOST {
        let voice = stage.name();
        let claim = Claim { class: Class::Page, priority: 60, zones: ZoneSet::one(0) };
        stage.playback.play((at(0), at(0)), What::test(claim), voice).unwrap();
    }
    assert_eq!(stage.play("1"), Err(Unplayed::TooMany));
    assert!(stage.playback.toggle_emergency(at(0)));
    stage.turn();
    assert!(stage.told()[1].len() == 1 && stage.playback.is_emergency());
    assert!(stage.playback.stop() && !stage.playback.is_emergency());
    assert_eq!(stage.told()[0].len(), MOST + 1, "all are released");
    assert!(stage.playing().is_empty() && stage.playback.is_busy(), "they fade out");
}
