//! Cards that are unplugged, sleep, or stand still.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::path::Path;

use pagingbox::config::Device;
use pagingbox::output::{Control, State};

use crate::engine::Signal;
use crate::recording::Recording;
use crate::{FRAMES, card, play, until};

#[test]
fn a_card_that_is_unplugged_is_missed_and_plays_on_when_it_is_back() {
    let name = "faults::a_card_that_is_unplugged_is_missed_and_plays_on_when_it_is_back";
    assert_is_reopened_after(name, "gone", Duration::from_millis(100));
}

#[test]
fn a_card_that_stands_still_is_given_up_and_taken_again() {
    let name = "faults::a_card_that_stands_still_is_given_up_and_taken_again";
    // So long it is given to move.
    assert_is_reopened_after(name, "still", Duration::from_millis(700));
}

#[test]
fn a_card_that_has_slept_goes_on_with_all_that_was_left() {
    let name = "faults::a_card_that_has_slept_goes_on_with_all_that_was_left";
    card::in_child_with(name, faulty, |dir| {
        let (control, begin) = (Control::new(), AtomicBool::new(true));
        let mut signal = Signal::new(FRAMES, &begin);
        play(device(), &mut signal, &control, || {
            until("it sounds", || control.state() == State::Awake);
            cause(dir, "suspended");
            until("it has slept", || control.xruns() >= 1);
            until("it has fallen silent", || control.state() == State::Idle);
        });
        assert_eq!((control.xruns(), control.opened()), (1, 1));
        Recording::read(dir).assert_is_signal(FRAMES);
    });
}

/// The fault comes while the card sounds and lasts until the card is missed. Meanwhile the signal goes on, no later
/// than that.
fn assert_is_reopened_after(name: &str, fault: &str, latest: Duration) {
    card::in_child_with(name, faulty, |dir| {
        let (control, begin) = (Control::new(), AtomicBool::new(true));
        let mut signal = Signal::new(2 * FRAMES, &begin);
        play(device(), &mut signal, &control, || {
            until("it sounds", || control.state() == State::Awake);
            cause(dir, fault);
            until("it is missed", || control.state() == State::Missing);
            std::fs::remove_file(dir.join(FAULT)).unwrap();
            until("it is found", || control.opened() >= 2 && control.state() == State::Awake);
            begin.store(false, Ordering::Relaxed);
            until("it has fallen silent", || control.state() == State::Idle);
        });
        let heard = Recording::read(dir).sounding;
        let gap = heard.windows(2).map(|pair| pair[1].1.since(pair[0].1)).max().unwrap();
        assert!((200..3_000).contains(&gap.as_millis()), "{gap:?}");
        let (first, last) = (heard[0].1, heard[heard.len() - 1].1);
        let late = last.since(first).saturating_sub(Duration::from_micros(signal.played() as u64 * 125 / 6));
        assert!(late < latest, "{late:?}");
    });
}

fn faulty(dir: &Path) -> String {
    let fault = dir.join(FAULT);
    let fault = fault.display();
    format!("pcm.faulty {{ type vclock  rate 48000  channels 2  fault \"{fault}\"  hint {{ show off }} }}\n")
}

fn device() -> Device {
    Device::Pcm("faulty".to_owned())
}

/// As a whole: the card never reads half a word.
fn cause(dir: &Path, fault: &str) {
    let draft = dir.join("draft");
    std::fs::write(&draft, fault).unwrap();
    std::fs::rename(draft, dir.join(FAULT)).unwrap();
}

const FAULT: &str = "fault";
