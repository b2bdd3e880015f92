//! Chimes on cards that are made up: what comes out of the rings to their threads.

use super::super::cards::tests::{Thread, made_up};
use super::made::Made;
use super::*;
use crate::config::load;
use crate::files::ClipError;
use crate::mix::{Command, Report};
use crate::paging::{Claim, Class};
use crate::zones::ZoneSet;
use core::future::poll_fn;
use std::fs;
use std::path::PathBuf;

/// A box that has chimes and cards, and nothing else.
struct Hall {
    klaxon: Klaxon<'static>,
    cards: Rc<Cards<'static>>,
    threads: Vec<Thread>,
    executor: Rc<LocalExecutor<'static>>,
    bell: Rc<Bell>,
    voices: u64,
    /// The chime of all callers.
    sound: Sound,
    /// Of all callers.
    holds: Vec<Rc<Hold<'static>>>,
}

impl Hall {
    fn new(cards: usize, text: &str) -> Self {
        let zone = |card| format!("[zone {card}]\ndevice = wav:/{card}.wav\n");
        Self::with_zones(text, &(0..cards).map(zone).collect::<String>())
    }

    fn with_zones(text: &str, zones: &str) -> Self {
        let settings = settings(&format!("{text}{zones}"));
        let (cards, threads) = made_up(&settings);
        let (executor, bell) = (Rc::new(LocalExecutor::new()), Rc::default());
        let klaxon = Klaxon::new(&settings, Rc::clone(&executor), Rc::clone(&cards), Rc::clone(&bell));
        Self {
            klaxon,
            cards,
            threads,
            executor,
            bell,
            voices: 0,
            sound: settings.audio.klaxon,
            holds: Vec::new(),
        }
    }

    /// Somebody rings at `millis`, and is answered then if there is no chime.
    fn call(&mut self, millis: u64) -> u64 {
        self.call_through(millis, millis)
    }

    /// The same where the way is open only later.
    fn call_through(&mut self, millis: u64, open_at: u64) -> u64 {
        let sound = self.sound.clone();
        let answer_at = self.ring(millis, open_at, page(ZoneSet::ALL), &sound);
        self.turn(millis, true, false);
        answer_at
    }

    /// Somebody rings for one zone, with a chime of his own.
    fn call_to(&mut self, millis: u64, zones: ZoneSet, sound: &Sound) -> u64 {
        self.ring(millis, millis, page(zones), sound)
    }

    fn ring(&mut self, millis: u64, open_at: u64, claim: Claim, sound: &Sound) -> u64 {
        let entry = Entry { open_at: at(open_at), answer_at: at(open_at) };
        let hold = self.cards.claim(at(millis), claim, at(open_at));
        let promise = self.klaxon.handle_call(at(millis), entry, (&hold, sound));
        self.cards.set_begin(
            at(millis),
            &hold,
            promise.sounds_at.unwrap_or(promise.answer_at).max(at(open_at)),
        );
        self.holds.push(hold);
        promise.answer_at.as_micros() / 1000
    }

    fn turn(&mut self, millis: u64, is_called: bool, is_on_air: bool) {
        let pages: &[_] = if is_called { &[(ZoneSet::ALL, is_on_air)] } else { &[] };
        self.pages(millis, pages);
    }

    /// Where somebody waits or is on air, and whether he is on air: all that have called for just these zones.
    fn pages(&mut self, millis: u64, pages: &[(ZoneSet, bool)]) -> usize {
        let of = |&(zones, is_on_air): &(ZoneSet, bool)| {
            let holds = self.holds.iter().filter(move |hold| hold.zones() == zones);
            holds.map(move |hold| (hold.id(), is_on_air))
        };
        let pages: Vec<_> = pages.iter().flat_map(of).collect();
        self.run(millis, &pages)
    }

    /// Which calls wait or are on air, by the order in which they came, and whether they are on air.
    fn calls(&mut self, millis: u64, calls: &[(usize, bool)]) -> usize {
        let pages: Vec<_> =
            calls.iter().map(|&(call, is_on_air)| (self.holds[call].id(), is_on_air)).collect();
        self.run(millis, &pages)
    }

    fn run(&mut self, millis: u64, pages: &[(ClaimId, bool)]) -> usize {
        self.klaxon.handle_pages(at(millis), pages);
        let voices = &mut self.voices;
        let name = || {
            *voices += 1;
            VoiceId(*voices)
        };
        self.klaxon.handle_timeout(at(millis), name).len()
    }

    /// What the threads were told, one after the other: `1 begins`, `1 is released`.
    fn told(&mut self) -> Vec<String> {
        let tell = |command: &Command| match command {
            Command::Attach { voice, .. } => format!("{} begins", voice.0),
            Command::Release { voice } => format!("{} is released", voice.0),
            other => format!("{other:?}"),
        };
        self.threads.iter_mut().flat_map(|thread| thread.told(|command| Some(tell(command)))).collect()
    }

    /// This thread has played a voice to its end.
    fn retire(&mut self, thread: usize, voice: u64) {
        self.told();
        self.threads[thread].retire(VoiceId(voice));
        while let Some(report) = self.cards.poll() {
            let Report::Retired { voice, .. } = report else { continue };
            self.klaxon.handle_retired(voice);
        }
    }

    fn reload(&mut self, text: &str) {
        let settings = settings(text);
        self.sound = settings.audio.klaxon.clone();
        self.klaxon.set_options(&settings);
        self.klaxon.look_again();
    }

    /// Lets the task read one file, and takes it.
    fn read(&mut self) {
        let bell = Rc::clone(&self.bell);
        smol::block_on(self.executor.run(poll_fn(|context| bell.poll_rung(context))));
        self.klaxon.take();
    }

    fn mistakes(&self) -> Vec<String> {
        self.klaxon.mistakes().map(|mistake| mistake.to_string()).collect()
    }
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn page(zones: ZoneSet) -> Claim {
    Claim { class: Class::Page, priority: 60, zones }
}

const fn emergency(zones: ZoneSet) -> Claim {
    Claim { class: Class::Emergency, priority: 90, zones }
}

fn settings(text: &str) -> Settings {
    load(&[("a", format!("[audio]\n{text}").as_bytes())], [], &[]).settings
}

/// A file of so many seconds of 8 bits at 8 kHz.
fn write(name: &str, seconds: u32) -> PathBuf {
    let path = std::env::temp_dir().join(format!("pagingbox-{}-klaxon-{name}.wav", std::process::id()));
    let bytes = seconds * 8000;
    let mut wav = Vec::from(*b"RIFF");
    wav.extend((36 + bytes).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data");
    wav.extend(bytes.to_le_bytes());
    wav.resize(44 + bytes as usize, 128);
    fs::write(&path, wav).unwrap();
    path
}

fn klaxon(path: &std::path::Path) -> String {
    format!("klaxon = {}\nklaxon-max-length = 60\n", path.display())
}

#[test]
fn a_page_has_its_chime_and_another_when_all_was_heard() {
    let mut hall = Hall::new(1, "klaxon-after = three-tone\n");
    assert_eq!(hall.call(0), 2000);
    assert_eq!(hall.told(), ["1 begins"]);
    hall.retire(0, 1);
    hall.turn(2000, true, true);
    assert!(!hall.klaxon.is_busy());
    hall.turn(9000, false, false);
    assert_eq!(hall.told(), ["2 begins"]);
    assert!(hall.klaxon.is_busy());
    hall.retire(0, 2);
    assert!(!hall.klaxon.is_busy());
}

#[test]
fn a_caller_ends_the_chime_after_the_page_before() {
    let mut hall = Hall::new(1, "klaxon-after = three-tone\n");
    hall.call(0);
    hall.retire(0, 1);
    hall.turn(2000, true, true);
    hall.turn(5000, false, false);
    assert_eq!(hall.told(), ["2 begins"]);
    hall.call(5500);
    assert_eq!(hall.told(), ["2 is released", "3 begins"]);
    hall.turn(6000, false, false);
    assert_eq!(hall.told(), ["3 is released"], "who gives up ends his own");
}

#[test]
fn a_chime_sounds_until_the_last_card_has_played_it() {
    let mut hall = Hall::new(2, "");
    hall.call(0);
    assert_eq!(hall.told(), ["1 begins", "1 begins"]);
    hall.retire(1, 1);
    assert!(hall.klaxon.is_busy());
    hall.turn(1000, false, false);
    assert_eq!(hall.told(), ["1 is released", "1 is released"]);
    let mut hall = Hall::new(2, "");
    hall.call(0);
    hall.retire(0, 1);
    hall.retire(1, 1);
    assert!(hall.klaxon.chimes.iter().all(|chime| !chime.sounds()));
}

#[test]
fn a_page_that_ends_within_its_own_chime_has_one_after_it_all_the_same() {
    let mut hall = Hall::new(1, "klaxon-padding = -1.5\nklaxon-after = gong\n");
    assert_eq!(hall.call(0), 500);
    hall.turn(500, true, true);
    assert_eq!(hall.told(), ["1 begins"]);
    hall.turn(1000, false, false);
    assert_eq!(hall.told(), ["1 is released"]);
    assert!(hall.klaxon.waits_for_silence());
    hall.retire(0, 1);
    hall.turn(1100, false, false);
    assert_eq!(hall.told(), ["2 begins"]);
}

#[test]
fn calls_for_other_zones_have_a_chime_of_their_own_meanwhile() {
    let (first, second) = (ZoneSet::one(0), ZoneSet::one(1));
    let attention = "[caller a]\nfrom = 2??@*\nklaxon = attention\n";
    let mut hall = Hall::new(2, &format!("klaxon-after = gong\n{attention}"));
    assert_eq!(hall.call_to(0, first, &Sound::Gong), 2000);
    assert_eq!(hall.call_to(0, second, &Sound::Attention), 2700);
    assert_eq!(hall.pages(0, &[(first, false), (second, false)]), 2, "callers may hear them, too");
    assert_eq!(hall.told(), ["1 begins", "2 begins"]);
    assert_eq!(hall.klaxon.sounds_at(hall.holds[1].id()), Some(at(0)));
    hall.retire(0, 1);
    hall.pages(2000, &[(first, true), (second, false)]);
    assert_eq!(hall.pages(2500, &[(second, false)]), 0);
    assert_eq!(hall.told(), ["3 begins"], "after the first page, while the other chime sounds");
}

#[test]
fn a_file_that_several_sections_name_is_read_once_and_missed_once() {
    let named = "klaxon = /nowhere/x.wav\n";
    let mut hall = Hall::new(
        1,
        &format!("{named}klaxon-after = attention\n[sip]\n{named}[caller a]\nfrom = 2??@*\n{named}"),
    );
    hall.read();
    let why = "/nowhere/x.wav: No such file or directory (os error 2); the gong stands in for it";
    assert_eq!(hall.mistakes(), [format!("[audio] klaxon, [sip] klaxon, [caller a] klaxon: error: {why}")]);
    assert_eq!(hall.klaxon.recital(&hall.sound).map(|(_, length)| length), Some(Duration::from_secs(2)));
    assert!(hall.klaxon.recital(&Sound::None).is_none());
}

#[test]
fn nothing_is_heard_after_pages_that_were_stopped() {
    let mut hall = Hall::new(1, "klaxon-after = gong\n");
    hall.call(0);
    hall.turn(2000, true, true);
    hall.klaxon.handle_stop();
    hall.turn(2500, false, false);
    assert_eq!(hall.told(), ["1 begins", "1 is released"]);
    assert!(!hall.klaxon.is_busy());
}

#[test]
fn what_a_caller_hears_is_as_long_as_he_waits_whatever_is_ready_meanwhile() {
    let path = write("promised", 5);
    let mut hall = Hall::new(1, &klaxon(&path));
    assert_eq!(hall.call_through(0, 3000), 5000, "the gong stands in for it");
    hall.read();
    assert_eq!(hall.call_through(1000, 3000), 5000);
    assert_eq!(hall.klaxon.chimes[0].promised().map(Made::length), Some(Duration::from_secs(2)));
    hall.turn(3000, true, false);
    assert_eq!(hall.told(), ["1 begins"]);
    hall.turn(4000, false, false);
    assert_eq!(hall.call(4500), 9500, "the next one hears the file");
    fs::remove_file(path).unwrap();
}

#[test]
fn the_old_chime_sounds_until_the_new_one_is_read_and_a_volume_reads_nothing() {
    let (old, new) = (write("old", 3), write("new", 4));
    let mut hall = Hall::new(1, &klaxon(&old));
    hall.read();
    hall.reload(&format!("{}volume-klaxon = 50\n", klaxon(&old)));
    assert!(hall.klaxon.store.stamp(&hall.sound).is_some());
    hall.read();
    hall.reload(&klaxon(&new));
    assert_eq!(hall.call(0), 3000);
    hall.turn(100, false, false);
    hall.read();
    assert_eq!(hall.call(200), 4200);
    for path in [old, new] {
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_missing_file_is_a_mistake_until_it_is_there_and_read_anew_when_it_changes() {
    let path = write("missing", 1);
    fs::remove_file(&path).unwrap();
    let mut hall = Hall::new(1, &klaxon(&path));
    hall.read();
    let why = "No such file or directory (os error 2); the gong stands in for it";
    assert_eq!(hall.mistakes(), [format!("[audio] klaxon: error: {}: {why}", path.display())]);
    assert_eq!(hall.call(0), 2000);
    hall.turn(1, false, false);
    for seconds in [1, 3] {
        write("missing", seconds);
        hall.klaxon.look_again();
        hall.read();
        assert_eq!(hall.mistakes(), [""; 0]);
        assert_eq!(hall.call(5000), 5000 + 1000 * u64::from(seconds));
        hall.turn(5001, false, false);
    }
    hall.reload("klaxon = none\n");
    assert_eq!(hall.call(6000), 6000);
    fs::remove_file(path).unwrap();
}

#[test]
fn of_a_long_file_the_box_holds_what_sounds_and_no_more() {
    let path = write("long", 11 * 60);
    let mut hall = Hall::new(1, &format!("klaxon = {}\nklaxon-max-length = 1\n", path.display()));
    hall.read();
    assert_eq!(hall.mistakes(), [""; 0]);
    assert_eq!(hall.klaxon.recital(&hall.sound).map(|(_, length)| length), Some(Duration::from_secs(1)));
    fs::remove_file(path).unwrap();
}

#[test]
fn what_is_not_wanted_any_more_is_not_read_to_its_end() {
    let path = write("unwanted", 60);
    let read = Made::read(&path, Duration::from_mins(1), &|| false);
    assert!(matches!(read, Err(ClipError::Empty { .. })), "{read:?}");
    fs::remove_file(path).unwrap();
}

#[test]
fn an_emergency_does_not_wait_for_the_chime_of_a_page_and_has_its_own() {
    let mut hall = Hall::new(1, "");
    assert_eq!(hall.call_through(0, 3000), 5000, "music goes first");
    assert_eq!(hall.ring(500, 500, emergency(ZoneSet::ALL), &Sound::Gong), 2500);
    assert_eq!(hall.calls(500, &[(0, false), (1, false)]), 1);
    assert_eq!(hall.told(), ["1 begins"]);
    assert_eq!(hall.klaxon.sounds_at(hall.holds[1].id()), Some(at(500)));
    assert_eq!(hall.calls(3000, &[(0, false), (1, false)]), 1, "the other one begins as it was promised");
}

#[test]
fn an_emergency_over_a_page_on_air_and_over_another_emergency_has_its_chime() {
    let mut hall = Hall::new(1, "klaxon-after = gong\n");
    hall.call(0);
    hall.retire(0, 1);
    hall.turn(2000, true, true);
    for call in [1, 2] {
        assert_eq!(hall.ring(3000, 3000, emergency(ZoneSet::ALL), &Sound::Gong), 5000);
        assert_eq!(hall.calls(3000, &[(0, true), (1, call > 1), (2, false)][..=call]), 1);
    }
    assert_eq!(hall.told(), ["2 begins", "3 begins"]);
    hall.retire(0, 2);
    hall.retire(0, 3);
    hall.calls(6000, &[(0, true), (1, true), (2, true)]);
    hall.calls(7000, &[(0, true), (1, true)]);
    hall.calls(8000, &[(0, true)]);
    assert_eq!(hall.told(), [""; 0], "the page goes on");
    hall.calls(9000, &[]);
    assert_eq!(hall.told(), ["4 begins"], "one is heard after the last of them");
}

#[test]
fn a_page_under_an_emergency_has_no_chime_over_it() {
    let mut hall = Hall::new(1, "");
    hall.ring(0, 0, emergency(ZoneSet::ALL), &Sound::None);
    hall.calls(0, &[(0, true)]);
    assert_eq!(hall.call(1000), 1000);
    assert_eq!(hall.told(), [""; 0]);
}

#[test]
fn the_chime_after_pages_is_heard_wherever_one_of_them_was() {
    let mut hall = Hall::new(2, "klaxon-after = gong\n");
    hall.call_to(0, ZoneSet::first(2), &Sound::None);
    hall.calls(0, &[(0, true)]);
    assert_eq!(hall.call_to(1000, ZoneSet::one(0), &Sound::Gong), 1000);
    hall.calls(1000, &[(0, true), (1, true)]);
    hall.calls(2000, &[(1, true)]);
    hall.calls(3000, &[]);
    assert_eq!(hall.told(), ["1 begins", "1 begins"], "on both cards");
}

#[test]
fn pages_that_another_one_joins_have_one_chime_after_all_of_them() {
    let mut hall = Hall::new(2, "klaxon-after = gong\n");
    hall.call_to(0, ZoneSet::one(0), &Sound::None);
    hall.call_to(0, ZoneSet::one(1), &Sound::None);
    hall.calls(0, &[(0, true), (1, true)]);
    hall.call_to(1000, ZoneSet::first(2), &Sound::Gong);
    hall.calls(1000, &[(0, true), (1, true), (2, true)]);
    hall.calls(2000, &[(0, true), (2, true)]);
    hall.calls(3000, &[]);
    assert_eq!(hall.told(), ["1 begins", "1 begins"], "once on each card");
    hall.retire(0, 1);
    hall.retire(1, 1);
    hall.calls(4000, &[]);
    assert_eq!(hall.told(), [""; 0]);
    assert!(!hall.klaxon.is_busy());
}

#[test]
fn a_chime_after_a_page_leaves_out_the_zones_of_others_who_are_on_air() {
    let mut hall = Hall::new(2, "klaxon-after = gong\n");
    hall.call_to(0, ZoneSet::one(0), &Sound::None);
    hall.calls(0, &[(0, true)]);
    hall.ring(1000, 1000, emergency(ZoneSet::first(2)), &Sound::None);
    hall.calls(1000, &[(0, true), (1, true)]);
    hall.calls(2000, &[(0, true)]);
    assert_eq!(hall.told(), ["1 begins"], "in the yard");
    hall.retire(1, 1);
    hall.calls(3000, &[]);
    assert_eq!(hall.told(), ["2 begins"], "and then in the hall");
    assert_eq!(hall.threads[0].voices.len(), 1);
}

#[test]
fn who_joins_one_page_waits_for_the_chime_of_another_and_for_the_latest_of_several() {
    let mut hall = Hall::new(3, "");
    hall.call_to(0, ZoneSet::one(0), &Sound::None);
    hall.calls(0, &[(0, true)]);
    assert_eq!(hall.call_to(1000, ZoneSet::one(1), &Sound::Gong), 3000);
    assert_eq!(hall.call_to(1500, ZoneSet::first(2), &Sound::Gong), 3000);
    hall.calls(1500, &[(0, true), (1, false), (2, false)]);
    assert_eq!(hall.call_to(2500, ZoneSet::one(2), &Sound::Gong), 4500);
    assert_eq!(hall.call_to(2600, ZoneSet::first(3), &Sound::Gong), 4500);
    assert_eq!(hall.calls(2600, &[(0, true), (1, false), (2, false), (3, false), (4, false)]), 1);
    assert_eq!(hall.told(), ["1 begins", "2 begins"], "none of them has another chime");
}

#[test]
fn a_chime_for_a_zone_without_a_channel_is_not_waited_for() {
    let mut hall =
        Hall::with_zones("klaxon-after = gong\n", "[zone hall]\nchannels = 1\n[zone yard]\nchannels = 1\n");
    assert_eq!(hall.call_to(0, ZoneSet::one(1), &Sound::Gong), 2000);
    hall.calls(0, &[(0, false)]);
    hall.calls(2000, &[(0, true)]);
    hall.calls(4000, &[]);
    hall.calls(4100, &[]);
    assert!(hall.told().is_empty() && !hall.klaxon.is_busy());
}
