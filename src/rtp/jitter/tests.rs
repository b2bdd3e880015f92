//! Ticks are 125 µs; the target is 10 ms, 80 ticks.

use super::*;

/// A buffer whose sink pulls 20 ticks every 2.5 ms.
struct Bench {
    buffer: JitterBuffer,
    now: Instant,
    /// What was played: the bytes, or `_` for silence and `?` for what was lost.
    played: String,
}

impl Bench {
    fn new() -> Self {
        Self::with(DelayRange::default())
    }

    fn with(range: DelayRange) -> Self {
        let buffer = JitterBuffer::new(SampleRate::HZ_8000, range);
        Self { buffer, now: Instant::from_millis(1_000), played: String::new() }
    }

    /// A chunk of 20 ms of `letter`, for tick `timestamp` of run 0, comes now.
    fn insert(&mut self, timestamp: u32, letter: char) {
        self.insert_run(0, timestamp, letter);
    }

    fn insert_run(&mut self, run: u32, timestamp: u32, letter: char) {
        let payload = heapless::Vec::from_slice(&[letter as u8; 160]).unwrap();
        let (arrival, payload_type, marker) = (self.now, 0, false);
        self.buffer.insert(self.now, &Chunk { run, timestamp, arrival, payload_type, marker, payload });
    }

    fn run(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while self.now < end {
            let mut left = 20;
            while left > 0 {
                let at = self.now + Duration::from_micros(125) * (20 - left);
                left -= self.pull(at, left);
            }
            self.now += Duration::from_micros(2_500);
        }
    }

    fn pull(&mut self, at: Instant, most: u32) -> u32 {
        let (letter, ticks) = match self.buffer.pull(at, most as usize) {
            Pull::Speech { payload, .. } => (payload[0] as char, payload.len()),
            Pull::Lost { ticks } => ('?', ticks),
            Pull::Silence { ticks } => ('_', ticks),
        };
        self.played.extend(core::iter::repeat_n(letter, ticks));
        u32::try_from(ticks).unwrap()
    }

    /// What was played, as letters and how many ticks of them.
    fn heard(&self) -> Vec<(char, usize)> {
        let mut heard: Vec<(char, usize)> = Vec::new();
        for letter in self.played.chars() {
            match heard.last_mut() {
                Some((last, count)) if *last == letter => *count += 1,
                _ => heard.push((letter, 1)),
            }
        }
        heard
    }
}

#[test]
fn the_first_chunk_waits_for_the_target_to_the_tick() {
    let mut bench = Bench::new();
    bench.run(5);
    bench.insert(0, 'a');
    bench.run(30);
    assert_eq!(bench.heard(), [('_', 40 + 80), ('a', 160)]);
}

#[test]
fn what_was_sent_before_the_first_is_played_before_it_if_there_is_time() {
    let mut bench = Bench::new();
    bench.insert(160, 'b');
    bench.run(5);
    bench.insert(0, 'a');
    bench.run(40);
    assert_eq!(bench.heard(), [('_', 40), ('a', 160), ('b', 160)]);
}

#[test]
fn a_gap_is_lost_for_as_long_as_it_is() {
    let mut bench = Bench::new();
    bench.insert(0, 'a');
    bench.insert(320, 'c');
    bench.run(70);
    assert_eq!(bench.heard(), [('_', 80), ('a', 160), ('?', 160), ('c', 160)]);
    assert_eq!(bench.buffer.stats().concealed_ticks, 160);
}

#[test]
fn a_chunk_that_fills_a_gap_late_is_played_whole() {
    let mut bench = Bench::new();
    bench.insert(0, 'a');
    bench.insert(320, 'c');
    bench.run(40);
    bench.insert(160, 'b');
    bench.run(40);
    assert_eq!(bench.heard(), [('_', 80), ('a', 160), ('?', 80), ('b', 160), ('c', 160)]);
    assert_eq!(bench.buffer.stats().late, 1);
}

#[test]
fn a_chunk_that_comes_after_what_follows_it_is_thrown_away() {
    let mut bench = Bench::new();
    bench.insert(0, 'a');
    bench.insert(320, 'c');
    bench.run(55);
    bench.insert(160, 'b');
    bench.run(15);
    assert_eq!(bench.heard(), [('_', 80), ('a', 160), ('?', 160), ('c', 160)]);
    let stats = bench.buffer.stats();
    assert_eq!((stats.late, stats.discarded), (1, 1));
}

#[test]
fn a_chunk_that_comes_twice_is_played_once() {
    let mut bench = Bench::new();
    bench.insert(0, 'a');
    bench.insert(0, 'b');
    bench.run(30);
    bench.insert(0, 'c');
    bench.run(200);
    bench.insert(0, 'd');
    bench.run(100);
    assert!(!bench.played.contains(['b', 'c', 'd']), "{:?}", bench.heard());
    assert_eq!(bench.buffer.stats().discarded, 3);
}

#[test]
fn a_stream_that_falls_silent_is_lost_for_sixty_milliseconds_and_begins_anew() {
    let mut bench = Bench::new();
    bench.insert(0, 'a');
    bench.run(110);
    // In time with the clock would be tick 800: it waits for the target all the same.
    bench.insert(160, 'b');
    bench.run(30);
    assert_eq!(bench.heard(), [('_', 80), ('a', 160), ('?', 480), ('_', 160 + 80), ('b', 160)]);
}

#[test]
fn a_new_run_takes_over_when_it_has_waited_and_what_is_left_of_the_old_is_not_played() {
    let mut bench = Bench::new();
    bench.insert(0, 'a');
    bench.insert(160, 'b');
    bench.run(15);
    bench.insert_run(1, 77_777, 'x');
    bench.run(30);
    assert_eq!(bench.heard(), [('_', 80), ('a', 120), ('x', 160)]);
}

#[test]
fn a_new_run_follows_the_old_one_that_still_waits() {
    let mut bench = Bench::new();
    bench.insert(0, 'a');
    bench.insert(160, 'b');
    bench.run(5);
    bench.insert_run(1, 77_777, 'x');
    bench.insert_run(1, 77_937, 'y');
    bench.run(90);
    assert_eq!(bench.heard(), [('_', 80), ('a', 160), ('b', 160), ('x', 160), ('y', 160), ('?', 40)]);
    assert_eq!(bench.buffer.stats().discarded, 0);
}

#[test]
fn a_new_run_that_would_wait_too_long_takes_the_place_of_the_old_one() {
    let range = DelayRange { max: Duration::from_millis(40), ..DelayRange::default() };
    let mut bench = Bench::with(range);
    bench.insert(0, 'a');
    bench.insert(160, 'b');
    bench.run(5);
    bench.insert_run(1, 77_777, 'x');
    bench.run(30);
    assert_eq!(bench.heard(), [('_', 120), ('x', 160)]);
}

#[test]
fn what_is_skipped_is_not_played_and_the_delay_is_less() {
    let mut bench = Bench::new();
    for (number, letter) in (0..).zip("abcdefgh".chars()) {
        bench.insert(number * 160, letter);
    }
    bench.run(20);
    // All came at once: the last waits for 140 ms more than the first.
    assert_eq!(bench.buffer.excess_ticks(), 7 * 160);
    bench.buffer.skip(3 * 160);
    assert_eq!(bench.buffer.excess_ticks(), 4 * 160);
    bench.buffer.skip(100_000);
    assert!(bench.buffer.is_empty());
}

#[test]
fn what_is_held_back_is_played_later() {
    let mut bench = Bench::new();
    bench.insert(0, 'a');
    bench.run(15);
    bench.buffer.hold(50);
    bench.run(25);
    assert_eq!(bench.heard(), [('_', 80), ('a', 40), ('_', 50), ('a', 120), ('?', 30)]);
}

#[test]
fn a_sink_that_does_not_pull_loses_the_oldest() {
    let mut bench = Bench::new();
    for number in 0..100 {
        bench.insert(number * 160, 'a');
        bench.now += Duration::from_millis(20);
    }
    assert_eq!(bench.buffer.buffered(), Duration::from_millis(1_024));
    assert_eq!(bench.buffer.stats().overflow_ticks, 100 * 160 - 8_192);
}

#[test]
fn the_longest_delay_there_can_be_loses_nothing() {
    for delay in [DelayRange::LONGEST, Duration::from_secs(1)] {
        let mut bench = Bench::with(DelayRange { min: delay, max: delay });
        // Packets of 60 ms, each as three chunks.
        for number in 0..50 {
            for chunk in 0..3 {
                bench.insert((number * 3 + chunk) * 160, 'a');
            }
            bench.run(60);
        }
        bench.run(900);
        assert_eq!(bench.heard(), [('_', 7_200), ('a', 24_000)]);
        assert_eq!(bench.buffer.stats().overflow_ticks, 0);
    }
}

#[test]
fn the_target_follows_what_packets_differ_in_and_stays_in_its_range() {
    let mut bench = Bench::new();
    for number in 0..10 {
        bench.insert(number * 160, 'a');
        bench.run(20);
    }
    assert_eq!(bench.buffer.target(), Duration::from_millis(10));
    bench.run(55);
    bench.insert(1_600, 'b');
    assert_eq!(bench.buffer.target(), Duration::from_millis(57));
    bench.run(150);
    assert!(bench.buffer.target() <= Duration::from_millis(200));
}

#[test]
fn another_payload_type_is_a_seam_and_the_next_byte_is_not() {
    let mut bench = Bench::new();
    bench.insert(0, 'a');
    let payload = heapless::Vec::from_slice(&[b'b'; 160]).unwrap();
    let arrival = bench.now;
    let other = Chunk { run: 0, timestamp: 160, arrival, payload_type: 8, marker: false, payload };
    bench.buffer.insert(arrival, &other);
    bench.run(10);
    let mut pulls = Vec::new();
    while let Pull::Speech { payload_type, seam, .. } = bench.buffer.pull(bench.now, 80) {
        pulls.push((payload_type, seam));
    }
    assert_eq!(pulls, [(0, true), (0, false), (8, true), (8, false)]);
}
