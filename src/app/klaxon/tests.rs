//! Chimes on cards that are made up: what comes out of the rings to their threads.

use super::super::serve::{Card, Rings};
use super::super::sink::Sink;
use super::*;
use crate::config::load;
use crate::files::ClipError;
use crate::mix::{Command, Report, Voice, VoiceStats};
use crate::paging::Class;
use crate::zones::ZoneSet;
use core::future::poll_fn;
use heapless::spsc::{Consumer, Producer};
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

/// The other end of a sink.
struct Thread {
    commands: Consumer<'static, Command>,
    reports: Producer<'static, Report>,
    voices: Vec<(VoiceId, Box<Voice>)>,
}

impl Hall {
    fn new(cards: usize, text: &str) -> Self {
        let zone = |card| format!("[zone {card}]\ndevice = wav:/{card}.wav\n");
        let settings = settings(&format!("{text}{}", (0..cards).map(zone).collect::<String>()));
        let (mut sinks, mut threads) = (Vec::new(), Vec::new());
        for output in settings.outputs() {
            let rings = Box::leak(Box::new(Rings::new()));
            let card: &Card = Box::leak(Box::new(Card::new(output, &settings)));
            let (to_thread, to_box) = (rings.commands.split(), rings.reports.split());
            sinks.push(Sink::new(to_thread.0, to_box.1, (&card.control, &card.output)));
            threads.push(Thread { commands: to_thread.1, reports: to_box.0, voices: Vec::new() });
        }
        let (executor, cards, bell) =
            (Rc::new(LocalExecutor::new()), Rc::new(Cards::new(sinks, &settings)), Rc::default());
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
    fn call(&mut self, millis: u64, is_joining: bool) -> u64 {
        self.call_through(millis, millis, is_joining)
    }

    /// The same where the way is open only later.
    fn call_through(&mut self, millis: u64, open_at: u64, is_joining: bool) -> u64 {
        let entry = Entry { open_at: at(open_at), answer_at: at(open_at) };
        let claim = Claim { class: Class::Page, priority: 60, zones: ZoneSet::ALL };
        let hold = self.cards.claim(at(millis), claim, at(open_at));
        let sound = &self.sound.clone();
        let answer_at = self.klaxon.handle_call(at(millis), entry, is_joining, (&hold, sound));
        self.holds.push(hold);
        self.turn(millis, true, false);
        answer_at.as_micros() / 1000
    }

    fn turn(&mut self, millis: u64, is_called: bool, is_on_air: bool) {
        let pages: &[_] = if is_called { &[(ZoneSet::ALL, is_on_air)] } else { &[] };
        self.pages(millis, pages);
    }

    /// Where somebody waits or is on air, and whether he is on air.
    fn pages(&mut self, millis: u64, pages: &[(ZoneSet, bool)]) -> usize {
        self.klaxon.handle_pages(at(millis), pages);
        let voices = &mut self.voices;
        let name = || {
            *voices += 1;
            VoiceId(*voices)
        };
        self.klaxon.handle_timeout(at(millis), name).len()
    }

    /// Somebody rings for one zone, with a chime of his own.
    fn call_to(&mut self, millis: u64, zones: ZoneSet, sound: &Sound) -> u64 {
        let entry = Entry { open_at: at(millis), answer_at: at(millis) };
        let claim = Claim { class: Class::Page, priority: 60, zones };
        let hold = self.cards.claim(at(millis), claim, at(millis));
        let answer_at = self.klaxon.handle_call(at(millis), entry, false, (&hold, sound));
        self.holds.push(hold);
        answer_at.as_micros() / 1000
    }

    /// What the threads were told, one after the other: `1 begins`, `1 is released`.
    fn told(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        for Thread { commands, voices, .. } in &mut self.threads {
            while let Some(command) = commands.dequeue() {
                told.push(match command {
                    Command::Attach { voice, source, .. } => {
                        voices.push((voice, source));
                        format!("{} begins", voice.0)
                    }
                    Command::Release { voice } => format!("{} is released", voice.0),
                    other => format!("{other:?}"),
                });
            }
        }
        told
    }

    /// This thread has played a voice to its end.
    fn retire(&mut self, thread: usize, voice: u64) {
        self.told();
        let Thread { reports, voices, .. } = &mut self.threads[thread];
        let place = voices.iter().position(|(id, _)| id.0 == voice).unwrap();
        let (voice, source) = voices.remove(place);
        reports.enqueue(Report::Retired { voice, source, stats: VoiceStats::default() }).unwrap();
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
    assert_eq!(hall.call(0, false), 2000);
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
    hall.call(0, false);
    hall.retire(0, 1);
    hall.turn(2000, true, true);
    hall.turn(5000, false, false);
    assert_eq!(hall.told(), ["2 begins"]);
    hall.call(5500, false);
    assert_eq!(hall.told(), ["2 is released", "3 begins"]);
    hall.turn(6000, false, false);
    assert_eq!(hall.told(), ["3 is released"], "who gives up ends his own");
}

#[test]
fn a_chime_sounds_until_the_last_card_has_played_it() {
    let mut hall = Hall::new(2, "");
    hall.call(0, false);
    assert_eq!(hall.told(), ["1 begins", "1 begins"]);
    hall.retire(1, 1);
    assert!(hall.klaxon.is_busy());
    hall.turn(1000, false, false);
    assert_eq!(hall.told(), ["1 is released", "1 is released"]);
    let mut hall = Hall::new(2, "");
    hall.call(0, false);
    hall.retire(0, 1);
    hall.retire(1, 1);
    assert!(hall.klaxon.rounds.iter().all(|round| round.playing.is_none()));
}

#[test]
fn a_page_that_ends_within_its_own_chime_has_one_after_it_all_the_same() {
    let mut hall = Hall::new(1, "klaxon-padding = -1.5\nklaxon-after = gong\n");
    assert_eq!(hall.call(0, false), 500);
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
    assert_eq!(hall.klaxon.sounds_at(second), Some(at(0)));
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
    hall.call(0, false);
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
    assert_eq!(hall.call_through(0, 3000, false), 5000, "the gong stands in for it");
    hall.read();
    assert_eq!(hall.call_through(1000, 3000, true), 5000);
    assert_eq!(hall.klaxon.rounds[0].promised.as_ref().map(Made::length), Some(Duration::from_secs(2)));
    hall.turn(3000, true, false);
    assert_eq!(hall.told(), ["1 begins"]);
    hall.turn(4000, false, false);
    assert_eq!(hall.call(4500, false), 9500, "the next one hears the file");
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
    assert_eq!(hall.call(0, false), 3000);
    hall.turn(100, false, false);
    hall.read();
    assert_eq!(hall.call(200, false), 4200);
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
    assert_eq!(hall.call(0, false), 2000);
    hall.turn(1, false, false);
    for seconds in [1, 3] {
        write("missing", seconds);
        hall.klaxon.look_again();
        hall.read();
        assert_eq!(hall.mistakes(), [""; 0]);
        assert_eq!(hall.call(5000, false), 5000 + 1000 * u64::from(seconds));
        hall.turn(5001, false, false);
    }
    hall.reload("klaxon = none\n");
    assert_eq!(hall.call(6000, false), 6000);
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
    let read = Made::read(&path, Duration::from_mins(1), None, || false);
    assert!(matches!(read, Err(ClipError::Empty { .. })), "{read:?}");
    fs::remove_file(path).unwrap();
}
