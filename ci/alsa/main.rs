//! The real ALSA code, played into a card that lives in user space (`ci/vclock`).
//!
//! Needs gcc and libasound2-dev, like the build itself. ALSA takes its configuration from the environment at its first
//! call, so a test that opens the card runs itself again in a process of its own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../calm.rs"]
mod calm;
mod card;
mod cards;
mod engine;
mod faults;
mod record;
mod recording;
mod tones;

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;

use pagingbox::clock;
use pagingbox::config::{Device, Span};
use pagingbox::mix::BLOCK_TIME;
use pagingbox::output::{Control, Engine, IDLE_QUEUE, Others, Setup, State, rt, run};

use engine::{Signal, sample};
use recording::Recording;

/// Two seconds of sound.
const FRAMES: usize = 96_000;

/// What a card of 5 ms periods is filled to, with a little for reading the clock.
const FILL_TARGET_US: u64 = 10_000 + 500;

#[test]
fn every_sample_leaves_the_card_in_order_and_soon() {
    card::in_child("every_sample_leaves_the_card_in_order_and_soon", |dir| {
        let (control, begin) = (Control::new(), AtomicBool::new(false));
        let mut signal = Signal::new(FRAMES, &begin);
        play(hw48(), &mut signal, &control, || sound_and_fall_silent(&control, &begin));
        let recording = Recording::read(dir);
        assert_eq!((control.xruns(), control.opened(), recording.xruns), (0, 1, 0));
        recording.assert_is_signal(FRAMES);
        assert!(recording.length_us() <= 2_000_000, "gaps in {} µs", recording.length_us());
        let [least, median, most] = latencies(&signal, &recording);
        println!("from when it is due to the card: at least {least}, median {median}, at most {most} µs");
        assert!(most <= FILL_TARGET_US, "{most} µs");
    });
}

#[test]
fn a_stall_is_counted_and_played_over() {
    card::in_child("a_stall_is_counted_and_played_over", |dir| {
        let (control, begin) = (Control::new(), AtomicBool::new(false));
        let mut signal = Signal::new(FRAMES, &begin).stalling(FRAMES / 2, Duration::from_millis(300));
        play(hw48(), &mut signal, &control, || sound_and_fall_silent(&control, &begin));
        let recording = Recording::read(dir);
        assert!(control.xruns() >= 1);
        assert_eq!((control.xruns(), control.opened()), (recording.xruns, 1));
        recording.assert_is_signal(FRAMES);
    });
}

#[test]
fn a_stall_is_played_over_on_a_card_whose_sizes_are_no_whole_blocks() {
    card::in_child("a_stall_is_played_over_on_a_card_whose_sizes_are_no_whole_blocks", |dir| {
        let (control, begin) = (Control::new(), AtomicBool::new(false));
        let mut signal = Signal::new(FRAMES, &begin).stalling(FRAMES / 2, Duration::from_millis(300));
        let setup = Setup { period: Span::Frames(256), buffer: Span::Frames(1024), ..setup(hw48()) };
        play_on(&setup, &mut signal, &control, || sound_and_fall_silent(&control, &begin));
        let recording = Recording::read(dir);
        assert!(control.xruns() >= 1);
        assert_eq!((control.xruns(), control.opened()), (recording.xruns, 1));
        recording.assert_is_signal(FRAMES);
    });
}

#[test]
fn what_sounds_at_the_stop_is_played_to_its_end() {
    card::in_child("what_sounds_at_the_stop_is_played_to_its_end", |dir| {
        let (control, begin) = (Control::new(), AtomicBool::new(false));
        let mut signal = Signal::new(FRAMES / 10, &begin);
        play(hw48(), &mut signal, &control, || sound_for(Duration::from_millis(100), &control, &begin));
        Recording::read(dir).assert_is_signal(FRAMES / 10);
    });
}

#[test]
fn what_sounds_on_and_on_is_faded_out_at_the_stop() {
    card::in_child("what_sounds_on_and_on_is_faded_out_at_the_stop", |dir| {
        let (control, begin) = (Control::new(), AtomicBool::new(false));
        let mut signal = Signal::new(FRAMES, &begin);
        let began_at = clock::now();
        play(hw48(), &mut signal, &control, || sound_for(Duration::from_millis(500), &control, &begin));
        let took = clock::now().since(began_at);
        assert!(took < Duration::from_secs(1), "{took:?}");
        let heard = Recording::read(dir).sounding;
        let faded = signal.played() - 240;
        assert!(heard[..faded].iter().enumerate().all(|(number, frame)| frame.0 == sample(number)));
        // All of the fade was played: it is silence that was cut off.
        assert!(heard.len() > faded + 200, "{} of {faded} + 240", heard.len());
        assert!(heard[heard.len() - 5..].iter().all(|frame| frame.0.abs() < 1000));
    });
}

#[test]
fn an_idle_card_queues_far_ahead_and_a_call_wakes_it() {
    card::in_child("an_idle_card_queues_far_ahead_and_a_call_wakes_it", |_| {
        let (control, begin) = (Control::new(), AtomicBool::new(false));
        play(hw48(), &mut Signal::new(0, &begin), &control, || {
            until("it is idle", || control.state() == State::Idle && is_far_ahead(&control));
            let woken_at = clock::now();
            control.wake(woken_at);
            until("the queue is short", || {
                control.state() == State::Awake && control.queue() <= Duration::from_millis(10)
            });
            let drained_in = clock::now().since(woken_at);
            println!("from idle to short periods in {} ms", drained_in.as_millis());
            assert!(drained_in <= Duration::from_millis(500), "{drained_in:?}");
        });
        assert_eq!(control.xruns(), 0);
    });
}

#[test]
fn a_card_that_is_plugged_in_later_is_found() {
    card::in_child("a_card_that_is_plugged_in_later_is_found", |dir| {
        let (plugged, unplugged) = (dir.join("asound48.conf"), dir.join("unplugged.conf"));
        std::fs::rename(&plugged, &unplugged).unwrap();
        std::fs::write(&plugged, "# no card\n").unwrap();
        let (control, begin) = (Control::new(), AtomicBool::new(true));
        let mut signal = Signal::new(24_000, &begin);
        play(hw48(), &mut signal, &control, || {
            until("it is missed", || control.state() == State::Missing);
            until("the signal has played to nobody", || is_far_ahead(&control));
            std::fs::rename(&unplugged, &plugged).unwrap();
            until("it is found", || control.opened() == 1 && control.state() == State::Idle);
        });
        assert_eq!(signal.played(), 24_000);
        assert_eq!(Recording::read(dir).sounding, []);
    });
}

#[test]
fn a_file_records_every_sample_in_real_time() {
    let path = card::scratch("a_file_records_every_sample.wav");
    let (control, begin) = (Control::new(), AtomicBool::new(false));
    let mut signal = Signal::new(FRAMES, &begin);
    let began_at = clock::now();
    play(Device::Wav(path.clone()), &mut signal, &control, || sound_and_fall_silent(&control, &begin));
    assert!(clock::now().since(began_at) >= Duration::from_secs(2));
    let bytes = std::fs::read(&path).unwrap();
    let left = bytes[44..].chunks_exact(4).map(|frame| i16::from_le_bytes([frame[0], frame[1]]));
    let heard: Vec<i16> = left.filter(|&sample| sample != 0).collect();
    assert_eq!(heard.len(), FRAMES);
    assert!(heard.iter().enumerate().all(|(number, &heard)| heard == sample(number)));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn nothing_plays_in_real_time() {
    let (control, begin) = (Control::new(), AtomicBool::new(true));
    let mut signal = Signal::new(FRAMES, &begin);
    let began_at = clock::now();
    play(Device::Null, &mut signal, &control, || until("silence", || control.state() == State::Idle));
    assert!(clock::now().since(began_at) >= Duration::from_secs(2));
    assert_eq!(signal.played(), FRAMES);
}

fn setup(device: Device) -> Setup {
    Setup { device, channels: 2, others: Others::Silent, period: Span::Auto, buffer: Span::Auto }
}

fn hw48() -> Device {
    Device::Pcm("hw48".into())
}

/// Plays `signal` on `device` for as long as `meanwhile` takes.
fn play(device: Device, signal: &mut Signal<'_>, control: &Control, meanwhile: impl FnOnce()) {
    play_on(&setup(device), signal, control, meanwhile);
}

fn play_on(setup: &Setup, engine: impl Engine + Send, control: &Control, meanwhile: impl FnOnce()) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(rt::THREAD_STACK_BYTES);
        thread.spawn_scoped(scope, || run(setup, control, engine)).unwrap();
        // Stops the thread even when `meanwhile` fails: the scope waits for it.
        let stop = Stop(control);
        meanwhile();
        drop(stop);
    });
    assert_eq!(control.state(), State::Stopped);
}

struct Stop<'a>(&'a Control);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// A call comes to an idle box, and speaks for a while.
fn sound_for(span: Duration, control: &Control, begin: &AtomicBool) {
    until("it is open and idle", || control.state() == State::Idle);
    control.wake(clock::now());
    until("it is awake", || control.state() == State::Awake);
    begin.store(true, Ordering::Relaxed);
    clock::sleep_until(clock::now() + span);
}

/// A call comes to an idle box, speaks, and ends.
fn sound_and_fall_silent(control: &Control, begin: &AtomicBool) {
    sound_for(Duration::ZERO, control, begin);
    until("it has fallen silent", || control.state() == State::Idle);
}

/// Whether as much silence is queued as idle times have, to the block.
fn is_far_ahead(control: &Control) -> bool {
    control.queue() + BLOCK_TIME > IDLE_QUEUE
}

/// Waits until `condition` holds; fails the test after ten seconds.
fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = clock::now() + Duration::from_secs(10);
    while !condition() {
        assert!(clock::now() < deadline, "waited in vain until {what}");
        clock::sleep_until(clock::now() + Duration::from_millis(1));
    }
}

/// Microseconds from when each frame was due to its leaving the card: least, median, most.
fn latencies(signal: &Signal<'_>, recording: &Recording) -> [u64; 3] {
    let played = recording.sounding.iter().enumerate();
    let mut spans: Vec<u64> = played
        .map(|(number, (_, played_at))| played_at.as_micros() - signal.due_at(number).as_micros())
        .collect();
    spans.sort_unstable();
    [spans[0], spans[spans.len() / 2], spans[spans.len() - 1]]
}
