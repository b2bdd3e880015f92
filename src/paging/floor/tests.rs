//! Who is heard where, played in virtual time: what a listener in each zone would measure.

use super::super::swell::MusicFade;
use super::super::{Entry, Prelude};
use super::*;
use crate::zones::ZoneSet;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;

const HALL: usize = 0;
const YARD: usize = 1;

/// Two zones, looked after as the box does: when it is time to, and when something happens.
struct Site {
    floor: Floor,
    now: u64,
    /// What each claim was told last in each zone: when, from which level, which level, and how long it takes.
    told: BTreeMap<(ClaimId, usize), (u64, f32, f32, u64)>,
}

impl Site {
    fn new() -> Self {
        Self::with(|_| {}, |_| {})
    }

    fn with(manner: impl FnOnce(&mut Manner), fade: impl FnOnce(&mut MusicFades)) -> Self {
        let one =
            |seconds| MusicFade { duration: Duration::from_secs(seconds), offset: 0.0, min: Level::MUTE };
        let mut fades = MusicFades { out: one(3), back: one(10) };
        fade(&mut fades);
        let mut hall = Manner::PLAIN;
        manner(&mut hall);
        Self { floor: Floor::new(vec![hall, Manner::PLAIN], fades), now: 0, told: BTreeMap::new() }
    }

    fn at(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    fn music(&mut self, zones: ZoneSet) -> ClaimId {
        self.begin(Claim { class: Class::Music, priority: 10, zones })
    }

    /// Something that waits for what it should wait for, and no longer; when it begins, and its name.
    fn page(&mut self, class: Class, priority: u8, zones: ZoneSet) -> (u64, ClaimId) {
        let claim = Claim { class, priority, zones };
        let begins_at = self.floor.open_at(self.at(), &claim);
        let id = self.floor.claim(self.at(), claim, begins_at);
        self.note(id);
        (begins_at.as_micros() / 1000, id)
    }

    fn begin(&mut self, claim: Claim) -> ClaimId {
        let id = self.floor.claim(self.at(), claim, self.at());
        self.note(id);
        id
    }

    fn note(&mut self, id: ClaimId) {
        for heard in self.floor.heard(self.at(), id) {
            let level = heard.level.gain();
            self.told.insert((id, heard.zone), (self.now, level, level, 0));
        }
        self.take();
    }

    fn release(&mut self, id: ClaimId) {
        self.floor.release(self.at(), id);
        self.take();
    }

    fn take(&mut self) {
        while let Some(Change { claim, zone, level, fade }) = self.floor.poll_change() {
            let before = self.level(claim, zone);
            let fade = u64::try_from(fade.as_millis()).unwrap();
            self.told.insert((claim, zone), (self.now, before, level.gain(), fade));
        }
    }

    /// Goes on to `millis`, and looks only when it was asked to.
    fn run(&mut self, millis: u64) {
        while self.now < millis {
            let due = self.floor.poll_timeout();
            self.now += 1;
            if due.is_some_and(|due| due <= self.at()) {
                self.floor.handle_timeout(self.at());
                self.take();
            }
        }
    }

    /// The same, from one time at which something is due to the next.
    fn jump(&mut self, millis: u64) {
        while let Some(due) = self.floor.poll_timeout().filter(|&due| due <= Instant::from_millis(millis)) {
            self.now = self.now.max(due.as_micros().div_ceil(1000));
            self.floor.handle_timeout(self.at());
            self.take();
            assert!(self.floor.poll_timeout().is_none_or(|next| next > self.at()), "it is due again at once");
        }
        self.now = self.now.max(millis);
    }

    /// How loud a claim is in a zone; 0 where it never was.
    fn level(&self, claim: ClaimId, zone: usize) -> f32 {
        let Some(&(since, start, end, time)) = self.told.get(&(claim, zone)) else { return 0.0 };
        let gone = self.now - since;
        if gone >= time {
            return end;
        }
        let part = gone as f32 / time as f32;
        (start.cbrt() + (end.cbrt() - start.cbrt()) * part).powi(3)
    }

    /// When the level of a claim in a zone is next above or below `level`.
    fn await_level(&mut self, claim: ClaimId, zone: usize, is_there: impl Fn(f32) -> bool) -> u64 {
        while !is_there(self.level(claim, zone)) {
            assert!(self.now < 200_000, "never");
            self.run(self.now + 1);
        }
        self.now
    }
}

fn both() -> ZoneSet {
    ZoneSet::first(2)
}

fn hall() -> ZoneSet {
    ZoneSet::one(HALL)
}

fn yard() -> ZoneSet {
    ZoneSet::one(YARD)
}

fn is_about(millis: u64, expected: u64) -> bool {
    millis.abs_diff(expected) <= 20
}

#[test]
fn without_music_nobody_waits() {
    let mut site = Site::new();
    assert_eq!(site.page(Class::Page, 60, both()).0, 0);
    let (_, second) = site.page(Class::Page, 60, both());
    assert_eq!(site.level(second, HALL), 1.0);
    assert_eq!(site.floor.poll_timeout(), None);
}

#[test]
fn music_has_gone_when_the_page_begins_and_returns_where_the_page_was() {
    let mut site = Site::new();
    let music = site.music(both());
    site.run(1000);
    let (begins_at, page) = site.page(Class::Page, 60, hall());
    assert_eq!(begins_at, 4000);
    site.run(2500);
    assert!((site.level(music, HALL) - 0.125).abs() < 0.01, "halfway down");
    let gone_at = site.await_level(music, HALL, |level| level == 0.0);
    assert!(is_about(gone_at, 4000), "{gone_at}");
    site.run(9000);
    assert_eq!((site.level(music, HALL), site.level(music, YARD)), (0.0, 1.0), "it goes on in the yard");
    site.release(page);
    site.run(14_000);
    assert!((site.level(music, HALL) - 0.125).abs() < 0.01, "halfway up");
    let back_at = site.await_level(music, HALL, |level| level == 1.0);
    assert!(is_about(back_at, 19_000), "{back_at}");
}

#[test]
fn music_returns_when_the_last_of_the_callers_hangs_up_whoever_that_is() {
    for first_hangs_up_first in [true, false] {
        let mut site = Site::new();
        let music = site.music(both());
        let (_, first) = site.page(Class::Page, 60, both());
        site.run(5000);
        let (begins_at, second) = site.page(Class::Page, 60, both());
        assert_eq!(begins_at, 5000, "who joins does not wait");
        let order = if first_hangs_up_first { [first, second] } else { [second, first] };
        site.run(8000);
        site.release(order[0]);
        site.run(20_000);
        assert_eq!(site.level(music, HALL), 0.0, "the other one still talks");
        site.release(order[1]);
        let heard_at = site.await_level(music, HALL, |level| level > 0.0);
        assert!(is_about(heard_at, 20_000), "{heard_at}");
    }
}

#[test]
fn offsets_and_floors_are_kept_to_twenty_milliseconds() {
    for (out, back, begins_at) in [(-1.0, 2.0, 4000), (0.5, 0.0, 2500), (0.0, 1.25, 3000)] {
        let mut site = Site::with(
            |_| {},
            |fades| {
                (fades.out.offset, fades.out.min) = (out, Level::from_gain(0.2));
                (fades.back.offset, fades.back.min) = (back, Level::from_gain(0.1));
            },
        );
        let music = site.music(both());
        let (begins, page) = site.page(Class::Page, 60, both());
        assert_eq!(begins, begins_at);
        site.run(2990);
        assert!((site.level(music, HALL) - 0.2).abs() < 0.01, "its floor: {}", site.level(music, HALL));
        let muted_at = site.await_level(music, HALL, |level| level == 0.0);
        assert!(is_about(muted_at, 3000), "{muted_at}");
        site.run(10_000);
        site.release(page);
        let heard_at = site.await_level(music, HALL, |level| level > 0.0);
        let due = 10_000 + (back * 1000.0) as u64;
        assert!(is_about(heard_at, due), "{heard_at}, not {due}");
        site.run(heard_at + 10);
        assert!((site.level(music, HALL) - 0.1).abs() < 0.01, "{}", site.level(music, HALL));
        let full_at = site.await_level(music, HALL, |level| level == 1.0);
        assert!(is_about(full_at, due + 10_000), "{full_at}");
    }
}

#[test]
fn an_emergency_cuts_music_and_pages_at_once_and_they_come_back() {
    let mut site = Site::new();
    let music = site.music(both());
    site.run(1000);
    let (_, page) = site.page(Class::Page, 60, yard());
    site.run(6000);
    let (begins_at, emergency) = site.page(Class::Emergency, 90, both());
    assert_eq!(begins_at, 6000);
    site.run(6010);
    assert_eq!(
        (site.level(music, HALL), site.level(page, YARD), site.level(emergency, YARD)),
        (0.0, 0.0, 1.0)
    );
    site.run(9000);
    site.release(emergency);
    site.run(9010);
    assert_eq!((site.level(page, YARD), site.level(music, YARD)), (1.0, 0.0));
    assert!(site.level(music, HALL) < 0.01);
    let back_at = site.await_level(music, HALL, |level| level == 1.0);
    assert!(is_about(back_at, 19_000), "{back_at}");
}

#[test]
fn a_higher_page_ducks_a_lower_one_by_as_much_as_the_zone_says_and_mutes_it_elsewhere() {
    let mut site = Site::with(|hall| hall.duck = Level::from_gain(0.1), |_| {});
    let (_, low) = site.page(Class::Page, 60, both());
    site.run(100);
    let (begins_at, high) = site.page(Class::Page, 70, both());
    assert_eq!(begins_at, 100, "only music is waited for");
    site.run(110);
    assert_eq!((site.level(low, HALL), site.level(low, YARD)), (0.1, 0.0));
    assert_eq!((site.level(high, HALL), site.level(high, YARD)), (1.0, 1.0));
    site.release(high);
    site.run(120);
    assert_eq!((site.level(low, HALL), site.level(low, YARD)), (1.0, 1.0));
}

#[test]
fn two_pages_in_two_zones_know_nothing_of_each_other() {
    let mut site = Site::new();
    let (_, one) = site.page(Class::Page, 60, hall());
    let (_, other) = site.page(Class::Page, 90, yard());
    site.run(10);
    assert_eq!((site.level(one, HALL), site.level(one, YARD)), (1.0, 0.0));
    assert_eq!((site.level(other, HALL), site.level(other, YARD)), (0.0, 1.0));
}

#[test]
fn each_class_is_as_loud_as_the_zone_says() {
    let level = Level::from_gain;
    let mut site = Site::with(
        |hall| {
            (hall.page, hall.bell, hall.music, hall.multicast) =
                (level(0.8), level(0.4), level(0.2), level(2.0));
        },
        |_| {},
    );
    let music = site.music(both());
    assert_eq!((site.level(music, HALL), site.level(music, YARD)), (0.2, 1.0));
    site.release(music);
    for (class, expected) in [
        (Class::Page, 0.8),
        (Class::Bell, 0.4),
        (Class::Multicast, 2.0),
        (Class::Emergency, 1.0),
        (Class::Notice, 0.8),
    ] {
        let (_, id) = site.page(class, 50, both());
        assert_eq!((site.level(id, HALL), site.level(id, YARD)), (expected, 1.0), "{class:?}");
        site.release(id);
    }
}

#[test]
fn other_manners_count_at_once_and_do_not_end_a_fade() {
    let mut site = Site::new();
    let music = site.music(both());
    let (_, page) = site.page(Class::Page, 60, hall());
    site.run(1500);
    let fades = site.floor.fades;
    let softer = Manner { music: Level::from_gain(0.5), page: Level::from_gain(0.3), ..Manner::PLAIN };
    site.floor.set_manners(site.at(), vec![softer, Manner::PLAIN], fades);
    site.take();
    site.run(1510);
    assert_eq!(site.level(page, HALL), 0.3);
    let gone_at = site.await_level(music, HALL, |level| level == 0.0);
    assert!(is_about(gone_at, 3000), "{gone_at}");
    site.release(page);
    let back_at = site.await_level(music, HALL, |level| level == 0.5);
    assert!(is_about(back_at, 13_000), "{back_at}");
}

#[test]
fn what_begins_later_lets_others_be_heard_until_then() {
    let mut site = Site::new();
    let (_, low) = site.page(Class::Bell, 40, both());
    let claim = Claim { class: Class::Page, priority: 60, zones: both() };
    let page = site.floor.claim(site.at(), claim, Instant::from_millis(2000));
    site.note(page);
    site.run(1990);
    assert_eq!(site.level(low, HALL), 1.0);
    site.run(2010);
    assert_eq!((site.level(low, HALL), site.level(page, HALL)), (0.0, 1.0));
    site.floor.set_begin(site.at(), page, Instant::from_millis(5000));
    site.take();
    site.run(2100);
    assert_eq!(site.level(low, HALL), 1.0, "it was put off");
}

#[test]
fn a_second_player_waits_until_the_first_has_ended() {
    let mut site = Site::new();
    let first = site.music(hall());
    let second = site.music(both());
    site.run(100);
    assert_eq!((site.level(second, HALL), site.level(second, YARD)), (0.0, 1.0));
    site.release(first);
    let back_at = site.await_level(second, HALL, |level| level == 1.0);
    assert!(is_about(back_at, 10_100), "{back_at}");
}

#[test]
fn a_caller_who_is_refused_or_gives_up_before_he_begins_leaves_no_trace() {
    let mut site = Site::new();
    let music = site.music(both());
    let (_, page) = site.page(Class::Page, 60, both());
    site.run(1000);
    site.release(page);
    site.run(20_000);
    assert_eq!((site.level(music, HALL), site.floor.poll_timeout()), (1.0, None));
    assert!(!site.floor.holds(page) && site.floor.holds(music));
}

#[test]
fn a_voice_that_joins_a_fade_is_as_loud_as_the_others_and_goes_the_same_way() {
    let mut site = Site::new();
    let music = site.music(hall());
    site.page(Class::Page, 60, hall());
    site.run(1500);
    let heard: Vec<_> = site.floor.heard(site.at(), music).collect();
    let [Heard { zone: HALL, level, next: Some(Step { level: Level::MUTE, fade }) }] = heard[..] else {
        panic!("{heard:?}")
    };
    assert!((level.gain() - 0.125).abs() < 0.001 && is_about(fade.as_millis() as u64, 1500));
}

#[test]
fn zones_that_do_not_exist_are_passed_over() {
    let mut site = Site::new();
    let id = site.music(ZoneSet::ALL);
    assert_eq!(site.floor.heard(site.at(), id).count(), 2);
    let (_, nowhere) = site.page(Class::Page, 60, ZoneSet::one(40));
    assert_eq!((site.floor.heard(site.at(), nowhere).count(), site.level(id, HALL)), (0, 1.0));
}

#[test]
fn the_fade_ends_when_the_chime_begins_however_long_it_rings_before() {
    for (answer_after, sounds_at, answer_at) in [(0, 3000, 5000), (9000, 7000, 9000)] {
        let [answer_after, sounds_at, answer_at] =
            [answer_after, sounds_at, answer_at].map(Instant::from_millis);
        let mut site = Site::new();
        let music = site.music(both());
        let mut prelude = Prelude::default();
        prelude.set_length(Duration::from_secs(2));
        let claim = Claim { class: Class::Page, priority: 60, zones: both() };
        let open_at = site.floor.open_at(site.at(), &claim);
        let page = site.floor.claim(site.at(), claim, site.at() + Duration::from_hours(1));
        site.note(page);
        let entry = Entry { open_at, answer_at: open_at.max(answer_after) };
        assert_eq!(prelude.handle_call(site.at(), entry), answer_at);
        assert_eq!(prelude.sounds_at(), Some(sounds_at));
        site.floor.set_begin(site.at(), page, sounds_at);
        site.take();
        let gone_at = site.await_level(music, HALL, |level| level == 0.0);
        assert!(is_about(gone_at, sounds_at.as_micros() / 1000), "{gone_at}");
    }
}

/// A thing that happens: a claim of some class and priority comes, begins so much later and ends so much after that.
#[derive(Clone, Debug)]
struct Visit {
    comes_at: u64,
    begins_after: u64,
    lasts: u64,
    claim: Claim,
}

fn any_visit() -> impl Strategy<Value = Visit> {
    let classes = vec![Class::Emergency, Class::Page, Class::Multicast, Class::Bell, Class::Notice];
    let class = prop::sample::select(classes);
    let times = (0..20_000_u64, 0..5_000_u64, 0..9_000_u64);
    (class, 0..4_u8, 1..4_usize, times).prop_map(
        |(class, priority, zones, (comes_at, begins_after, lasts))| {
            let zones = (0..2).filter(|zone| zones >> zone & 1 == 1).collect();
            let claim = Claim { class, priority: 10 + 20 * priority, zones };
            Visit { comes_at, begins_after, lasts, claim }
        },
    )
}

proptest! {
    #[test]
    fn whatever_comes_and_goes_nothing_lower_is_loud_under_what_plays_and_music_is_back_at_the_end(
        visits in vec(any_visit(), 0..8), offset in -3..3_i32,
    ) {
        let mut site = Site::with(|_| {}, |fades| fades.out.offset = f64::from(offset));
        let music = site.music(both());
        let mut events: Vec<(u64, usize, bool)> = Vec::new();
        for (visit, Visit { comes_at, begins_after, lasts, .. }) in visits.iter().enumerate() {
            events.push((*comes_at, visit, true));
            events.push((comes_at + begins_after + lasts, visit, false));
        }
        events.sort_by_key(|&(at, ..)| at);
        let mut ids = BTreeMap::new();
        for (at, visit, comes) in events {
            site.jump(at);
            if comes {
                let Visit { begins_after, claim, .. } = visits[visit];
                let begins_at = site.at() + Duration::from_millis(begins_after);
                let id = site.floor.claim(site.at(), claim, begins_at);
                site.note(id);
                ids.insert(visit, (id, claim, begins_at));
            } else {
                site.release(ids.remove(&visit).unwrap().0);
            }
            site.jump(at + 6);
            for zone in [HALL, YARD] {
                let begun = || ids.values().filter(|(_, claim, begins_at)| {
                    *begins_at + Swell::CUT < site.at() && claim.zones.contains(zone)
                });
                let rank = |claim: &Claim| (claim.class == Class::Emergency, claim.priority);
                let top = begun().map(|(_, claim, _)| rank(claim)).max();
                for (id, claim, _) in begun() {
                    let is_lower = Some(rank(claim)) < top;
                    prop_assert!(!is_lower || site.level(*id, zone) == 0.0, "{claim:?} under {top:?}");
                }
            }
        }
        site.jump(100_000);
        prop_assert_eq!((site.level(music, HALL), site.level(music, YARD)), (1.0, 1.0));
        prop_assert_eq!(site.floor.poll_timeout(), None);
    }
}
