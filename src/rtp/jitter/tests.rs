//! Ticks are 125 µs; the target is 10 ms, 80 ticks.

use super::*;

mod bounds;
mod network;

const SPEECH: Kind = Kind::Speech { clock: SampleRate::HZ_8000, bytes_per_tick: 1 };

/// 20 ms of `letter`.
fn chunk(arrival: Instant, timestamp: u32, letter: char) -> Chunk {
    Chunk {
        run: 0,
        timestamp,
        clock: SampleRate::HZ_8000,
        arrival,
        payload_type: 0,
        marker: false,
        content: Content::Speech { bytes_per_tick: 1 },
        payload: heapless::Vec::from_slice(&[letter as u8; 160]).unwrap(),
    }
}

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
        let buffer = JitterBuffer::new([SPEECH], range);
        Self { buffer, now: Instant::from_millis(1_000), played: String::new() }
    }

    /// A chunk of 20 ms of `letter`, for tick `timestamp` of run 0, comes now.
    fn insert(&mut self, timestamp: u32, letter: char) {
        self.insert_run(0, timestamp, letter);
    }

    fn insert_run(&mut self, run: u32, timestamp: u32, letter: char) {
        self.buffer.insert(self.now, &Chunk { run, ..chunk(self.now, timestamp, letter) });
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
            Pull::Speech { payload, ticks, .. } | Pull::Noise { payload, ticks } => {
                (payload[0] as char, ticks)
            }
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
    bench.run(40);
    bench.insert(320, 'c');
    bench.run(30);
    assert_eq!(bench.heard(), [('_', 80), ('a', 160), ('?', 160), ('c', 160)]);
    assert_eq!(bench.buffer.stats().concealed_ticks, 160);
}

#[test]
fn where_chunks_get_lost_speech_waits_a_little_longer_for_ten_seconds() {
    let mut bench = Bench::new();
    let target_ms = |bench: &Bench| bench.buffer.target().as_millis();
    for number in 0..700 {
        if [50, 60].contains(&number) {
            assert_eq!(target_ms(&bench), 10, "packet {number}");
        } else {
            bench.insert(number * 160, 'a');
        }
        if number == 62 {
            assert_eq!(target_ms(&bench), 14);
        }
        bench.run(20);
    }
    assert_eq!(target_ms(&bench), 10, "12 s after the last");
}

#[test]
fn what_comes_late_and_is_played_is_no_loss() {
    let mut bench = Bench::new();
    for number in 0..10 {
        bench.insert(number * 160, 'a');
        bench.run(32);
    }
    assert!(bench.played.contains('?'));
    assert_eq!(bench.buffer.losses.foresight(bench.now), Duration::ZERO);
}

#[test]
fn a_chunk_that_fills_a_gap_late_is_played_whole() {
    let mut bench = Bench::new();
    bench.insert(0, 'a');
    bench.run(40);
    bench.insert(320, 'c');
    bench.insert(160, 'b');
    bench.run(40);
    assert_eq!(bench.heard(), [('_', 80), ('a', 160), ('?', 80), ('b', 160), ('c', 160)]);
    assert_eq!(bench.buffer.stats().late, 1);
}

#[test]
fn a_chunk_that_comes_after_what_follows_it_is_thrown_away() {
    let mut bench = Bench::new();
    bench.insert(0, 'a');
    bench.run(40);
    bench.insert(320, 'c');
    bench.run(15);
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
    bench.run(20);
    bench.insert(160, 'b');
    bench.run(5);
    bench.insert_run(1, 77_777, 'x');
    bench.run(30);
    assert_eq!(bench.heard(), [('_', 80), ('a', 160), ('b', 40), ('x', 160)]);
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
    let range = DelayRange { max: Duration::from_millis(20), ..DelayRange::default() };
    let mut bench = Bench::with(range);
    bench.insert(0, 'a');
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
    assert_eq!(bench.buffer.delay(), Duration::from_millis(150));
    bench.buffer.skip(3 * 160);
    assert_eq!(bench.buffer.delay(), Duration::from_millis(90));
    let excess = |held| bench.buffer.excess_us(Duration::from_millis(held));
    assert_eq!(excess(5) - excess(0), 5_000);
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
    // The last waits for as long as a packet more than it should.
    assert_eq!(bench.buffer.extent(), Duration::from_millis(200 + 60 + 20));
    assert_eq!(bench.buffer.stats().overflow_ticks, 8 * (2_000 - 280));
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
    // As late as that, a fifth more as only eleven packets are known, and the margin.
    assert_eq!(bench.buffer.target(), Duration::from_millis(55 + 11 + 2));
    bench.run(150);
    assert!(bench.buffer.target() <= Duration::from_millis(200));
}

#[test]
fn another_payload_type_is_a_seam_and_the_next_byte_is_not() {
    let mut bench = Bench::new();
    bench.insert(0, 'a');
    bench.buffer.insert(bench.now, &Chunk { payload_type: 8, ..chunk(bench.now, 160, 'b') });
    bench.run(10);
    let mut pulls = Vec::new();
    while let Pull::Speech { payload_type, seam, .. } = bench.buffer.pull(bench.now, 80) {
        pulls.push((payload_type, seam));
    }
    assert_eq!(pulls, [(0, true), (0, false), (8, true), (8, false)]);
}

#[test]
fn comfort_noise_is_played_from_its_time_until_there_is_speech() {
    let mut bench = Bench::new();
    bench.insert(0, 'a');
    bench.noise(160, '1');
    bench.run(200);
    bench.noise(1_600, '2');
    bench.run(100);
    bench.insert(2_400, 'b');
    bench.run(30);
    let expected = [('_', 80), ('a', 160), ('1', 1_360), ('2', 800 + 80), ('b', 160)];
    assert_eq!(bench.heard(), expected);
    assert_eq!(bench.buffer.stats().concealed_ticks, 0);
}

#[test]
fn speech_that_is_there_already_is_not_moved_by_the_noise_before_it() {
    let mut bench = Bench::new();
    bench.insert(0, 'a');
    bench.noise(160, '1');
    bench.insert(320, 'b');
    bench.run(70);
    assert_eq!(bench.heard(), [('_', 80), ('a', 160), ('1', 160), ('b', 160)]);
}

#[test]
fn noise_from_before_speech_is_not_played_after_it() {
    let mut bench = Bench::new();
    bench.noise(0, '1');
    bench.insert(160, 'a');
    bench.run(40);
    assert_eq!(bench.heard(), [('1', 80), ('a', 160), ('?', 80)]);
    bench.noise(0, '1');
    bench.run(100);
    assert!(!bench.played[240..].contains('1'));
}

#[test]
fn noise_alone_is_played_at_once() {
    let mut bench = Bench::new();
    bench.noise(0, '1');
    bench.run(10);
    assert_eq!(bench.heard(), [('1', 80)]);
}

#[test]
fn while_a_key_is_held_nothing_is_missing() {
    let mut bench = Bench::new();
    bench.insert(0, 'a');
    for packet in 0..25 {
        bench.run(20);
        bench.key(160, 160 * (packet + 1), packet == 24);
    }
    bench.run(20);
    bench.insert(160 * 26, 'b');
    bench.run(40);
    let heard = bench.heard();
    assert_eq!((heard[0], heard[1], heard[3]), (('_', 80), ('a', 160), ('b', 160)), "{heard:?}");
    assert_eq!(bench.played.matches('?').count(), 80, "what is missing after the speech");
}

#[test]
fn after_a_key_what_is_missing_is_missing_again() {
    let mut bench = Bench::with(DelayRange { min: Duration::from_millis(60), ..DelayRange::default() });
    bench.insert(0, 'a');
    bench.run(20);
    bench.key(160, 160, true);
    bench.run(40);
    bench.insert(480, 'b');
    bench.run(80);
    assert_eq!(bench.heard(), [('_', 480), ('a', 160), ('_', 160), ('?', 160), ('b', 160)]);
}

/// Formats of one, two and six times the clock.
const MANY: [Kind; 3] = [
    SPEECH,
    Kind::Speech { clock: SampleRate::HZ_8000, bytes_per_tick: 2 },
    Kind::Speech { clock: SampleRate::HZ_48000, bytes_per_tick: 2 },
];

#[test]
fn formats_of_one_clock_follow_each_other_without_a_gap() {
    let mut bench = Bench::of(MANY);
    bench.insert(0, 'a');
    bench.insert_wide(160, 'b');
    bench.insert_wide(240, 'c');
    bench.insert(320, 'd');
    bench.run(70);
    assert_eq!(bench.heard(), [('_', 80), ('a', 160), ('b', 80), ('c', 80), ('d', 160)]);
}

#[test]
fn another_clock_takes_over_when_it_has_waited() {
    let mut bench = Bench::of(MANY);
    bench.insert(0, 'a');
    bench.run(20);
    bench.insert(160, 'b');
    bench.run(5);
    let wide = Chunk {
        run: 1,
        clock: SampleRate::HZ_48000,
        content: Content::Speech { bytes_per_tick: 2 },
        ..chunk(bench.now, 7, 'x')
    };
    bench.buffer.insert(bench.now, &wide);
    bench.buffer.insert(
        bench.now,
        &Chunk { timestamp: 7 + 80, arrival: bench.now + Duration::from_micros(1_667), ..wide },
    );
    let (at, clock) = (bench.now, |bench: &Bench| bench.buffer.clock());
    assert_eq!(clock(&bench), SampleRate::HZ_8000);
    bench.run(10);
    assert_eq!(bench.heard(), [('_', 80), ('a', 160), ('b', 40)]);
    assert_eq!(clock(&bench), SampleRate::HZ_48000);
    let due = at + Duration::from_millis(10);
    let Pull::Speech { payload, ticks, .. } = bench.buffer.pull(due, 100) else { panic!("no speech") };
    assert_eq!((payload, ticks), (&[b'x'; 200][..], 100));
    assert!(bench.buffer.excess_us(Duration::ZERO).abs() <= 1);
}

#[test]
fn what_is_too_wide_for_the_formats_is_thrown_away() {
    let mut bench = Bench::new();
    bench.insert_wide(0, 'a');
    bench.run(50);
    assert_eq!(bench.heard(), [('_', 400)]);
    assert_eq!(bench.buffer.stats().discarded, 1);
}

impl Bench {
    fn of(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self { buffer: JitterBuffer::new(kinds, DelayRange::default()), ..Self::new() }
    }

    /// 10 ms of a format of two bytes per tick.
    fn insert_wide(&mut self, timestamp: u32, letter: char) {
        let content = Content::Speech { bytes_per_tick: 2 };
        self.buffer
            .insert(self.now, &Chunk { content, payload_type: 97, ..chunk(self.now, timestamp, letter) });
    }

    fn noise(&mut self, timestamp: u32, letter: char) {
        let content = Content::ComfortNoise;
        self.buffer
            .insert(self.now, &Chunk { content, payload_type: 13, ..chunk(self.now, timestamp, letter) });
    }

    /// A key pressed at `timestamp` has been held for `held` ticks.
    fn key(&mut self, timestamp: u32, held: u16, has_ended: bool) {
        let [d0, d1] = held.to_be_bytes();
        let payload = heapless::Vec::from_slice(&[5, u8::from(has_ended) << 7, d0, d1]).unwrap();
        let key = Chunk { content: Content::TelephoneEvent, payload, ..chunk(self.now, timestamp, 'k') };
        self.buffer.insert(self.now, &key);
    }
}

#[test]
fn what_comes_behind_a_gap_is_seen_before_it_is_due() {
    let mut bench = Bench::new();
    let mut payload = [0; 100];
    bench.insert(0, 'a');
    assert_eq!(bench.buffer.peek(&mut payload), None);
    assert_eq!(bench.buffer.ready(), Duration::ZERO);
    bench.run(15);
    assert!(bench.buffer.is_playing());
    assert_eq!(bench.buffer.ready(), Duration::from_millis(15));
    bench.run(20);
    assert_eq!((bench.buffer.ready(), bench.buffer.peek(&mut payload)), (Duration::ZERO, None));
    bench.insert(320, 'c');
    assert_eq!(bench.buffer.peek(&mut payload), Some(Ahead { after: 120, payload_type: 0, len: 100 }));
    assert_eq!(payload, [b'c'; 100]);
    bench.run(15);
    assert_eq!(bench.buffer.ready(), Duration::from_millis(20));
    assert_eq!(bench.buffer.peek(&mut payload), Some(Ahead { after: 0, payload_type: 0, len: 100 }));
}
