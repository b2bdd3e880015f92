//! What becomes of the delay, and of speech, on networks of all kinds.

use super::{SPEECH, chunk};
use crate::rtp::{Chunk, DelayRange, JitterBuffer, JitterStats, Pull};
use crate::time::Instant;
use core::time::Duration;
use std::collections::BTreeMap;

/// A sender of packets of 20 ms, a network, and a sink that asks every 2.5 ms.
struct Line {
    buffer: JitterBuffer,
    wire: BTreeMap<(u64, u64), Chunk>,
    sent: u64,
    /// The sender's clock is so much faster.
    ppm: i64,
    now_us: u64,
    /// Ticks of speech that were heard.
    heard: u64,
    /// Every quarter of a second: the time in seconds, what was counted, and the delay.
    log: Vec<(f64, JitterStats, Delay)>,
    /// The excess is worked off by leaving out so much of what is played.
    hurry: f64,
    owed: f64,
}

#[derive(Clone, Copy, Debug)]
struct Delay {
    is: f64,
    target: f64,
    excess_us: i64,
}

impl Line {
    fn new() -> Self {
        Self {
            buffer: JitterBuffer::new([SPEECH], DelayRange::default()),
            wire: BTreeMap::new(),
            sent: 0,
            ppm: 0,
            now_us: 1_000_000,
            heard: 0,
            log: Vec::new(),
            hurry: 0.0,
            owed: 0.0,
        }
    }

    /// Sends packets for `seconds`; `late_us` says by the number of a packet how late it comes, if it does.
    fn send(&mut self, seconds: u64, mut late_us: impl FnMut(u64) -> Option<u64>) {
        for _ in 0..seconds * 50 {
            let nominal = i64::try_from(self.sent).unwrap() * 20_000;
            let sent_us = 1_050_000 + u64::try_from(nominal - nominal * self.ppm / 1_000_000).unwrap();
            if let Some(late_us) = late_us(self.sent) {
                let arrival = Instant::from_micros(sent_us + late_us);
                let timestamp = u32::try_from(self.sent * 160).unwrap();
                self.wire.insert((sent_us + late_us, self.sent), chunk(arrival, timestamp, 'a'));
            }
            self.sent += 1;
        }
        self.run(1_050_000 + self.sent * 20_000);
    }

    fn run(&mut self, until_us: u64) {
        while self.now_us < until_us {
            let later = self.wire.split_off(&(self.now_us + 1, 0));
            for chunk in core::mem::replace(&mut self.wire, later).values() {
                self.buffer.insert(Instant::from_micros(self.now_us), chunk);
            }
            self.play();
            self.hurry_up();
            self.now_us += 2_500;
            if self.now_us.is_multiple_of(250_000) {
                self.note();
            }
        }
    }

    fn play(&mut self) {
        let mut done = 0;
        while done < 20 {
            let at = Instant::from_micros(self.now_us + 125 * done);
            done += match self.buffer.pull(at, usize::try_from(20 - done).unwrap()) {
                Pull::Speech { ticks, .. } => {
                    self.heard += u64::try_from(ticks).unwrap();
                    ticks
                }
                Pull::Lost { ticks } | Pull::Silence { ticks } | Pull::Noise { ticks, .. } => ticks,
            } as u64;
        }
    }

    fn hurry_up(&mut self) {
        if self.hurry > 0.0 && self.buffer.excess_us(Duration::ZERO) > 1_000 {
            self.owed += self.hurry * 20.0;
            let ticks = self.owed.floor();
            self.owed -= ticks;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few ticks")]
            self.buffer.skip(ticks as usize);
        }
    }

    fn note(&mut self) {
        let millis = |span: Duration| span.as_secs_f64() * 1000.0;
        let (is, target) = (millis(self.buffer.delay()), millis(self.buffer.target()));
        let delay = Delay { is, target, excess_us: self.buffer.excess_us(Duration::ZERO) };
        #[expect(clippy::cast_precision_loss, reason = "seconds")]
        self.log.push((self.now_us as f64 / 1e6 - 1.05, self.buffer.stats(), delay));
    }

    /// The log from `from` to `to`, in seconds since the first packet was sent.
    fn span(&self, from: f64, to: f64) -> impl Iterator<Item = &(f64, JitterStats, Delay)> {
        self.log.iter().filter(move |(at, ..)| (from..to).contains(at))
    }
}

/// Numbers that look random, from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// All that was counted from second `from` on.
fn troubles(line: &Line, from: f64) -> (u64, u64, u64) {
    let (_, before, _) = line.span(from, f64::MAX).next().unwrap();
    let (_, after, _) = line.log.last().unwrap();
    (
        after.late - before.late,
        after.discarded - before.discarded,
        after.concealed_ticks - before.concealed_ticks,
    )
}

#[test]
fn jitter_loses_nothing_and_costs_a_delay_just_above_it() {
    for (jitter_us, most_ms) in [(30_000, 33.0), (60_000, 63.0), (100_000, 103.0)] {
        for seed in 1..=8 {
            let mut line = Line::new();
            let mut dice = Dice(seed * 7_919);
            line.send(60, |_| Some(dice.below(jitter_us)));
            let what = format!("{jitter_us} µs, seed {seed}: {:?}", line.log.last());
            assert_eq!(troubles(&line, 3.0), (0, 0, 0), "{what}");
            let all = line.buffer.stats();
            assert!(all.discarded <= jitter_us / 50_000, "{what}");
            assert!(all.concealed_ticks <= jitter_us / 125 * 2, "{what}");
            assert!(line.span(3.0, 60.0).all(|(.., delay)| delay.is < most_ms), "{what}");
        }
    }
}

#[test]
fn reordering_costs_nothing_but_a_delay_of_a_packet() {
    for (packets, most_lost) in [(1, 0), (2, 1)] {
        for seed in 1..=8 {
            let mut line = Line::new();
            let mut dice = Dice(seed * 7_919);
            // Every twentieth comes behind the next, or the one after that: the first of those may be lost.
            let late_us = |dice: &mut Dice| match dice.below(20) {
                0 => 20_500 + dice.below(packets) * 20_000,
                _ => dice.below(500),
            };
            line.send(60, |_| Some(late_us(&mut dice)));
            let what = format!("{packets}, seed {seed}: {:?}", line.log.last());
            assert!(line.buffer.stats().discarded <= most_lost, "{what}");
            assert_eq!(troubles(&line, 4.0), (0, 0, 0), "{what}");
            let most_ms = if packets == 1 { 24.0 } else { 44.0 };
            assert!(line.span(4.0, 60.0).all(|(.., delay)| delay.is < most_ms), "{what}");
        }
    }
}

/// Late by `late_us` at each start of a stall, and then less by 20 ms from packet to packet.
fn stalls(number: u64, starts: &[u64], late_us: u64) -> u64 {
    let stall =
        |start: &u64| number.checked_sub(*start).map_or(0, |after| late_us.saturating_sub(after * 20_000));
    starts.iter().map(stall).max().unwrap_or(0)
}

#[test]
fn one_stall_is_played_whole_and_the_delay_is_back_within_two_seconds() {
    for start in 300..320 {
        let mut line = Line::new();
        line.hurry = 0.15;
        line.send(20, |number| Some(stalls(number, &[start], 150_000)));
        let (_, all, _) = line.log.last().unwrap();
        assert_eq!((all.discarded, all.overflow_ticks), (0, 0), "{start}");
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let end = start as f64 * 0.02 + 0.15;
        assert!(
            line.span(end + 0.05, end + 0.3).all(|(.., delay)| delay.is > 140.0),
            "{start}: {:?}",
            line.log
        );
        assert!(
            line.span(end + 0.75, 20.0).all(|(.., delay)| delay.target < 11.0),
            "{start}: {:?}",
            line.log
        );
        assert!(line.span(end + 2.0, 20.0).all(|(.., delay)| delay.is < 13.0), "{start}: {:?}", line.log);
    }
}

#[test]
fn stalls_that_come_again_and_again_are_heard_no_more() {
    let mut line = Line::new();
    line.hurry = 0.15;
    let starts: Vec<u64> = (1..15).map(|stall| stall * 170).collect();
    line.send(48, |number| Some(stalls(number, &starts, 80_000)));
    // The first two are heard, at 3.4 and 6.8 seconds.
    assert_eq!(troubles(&line, 8.0), (0, 0, 0));
    assert!(line.span(8.0, 48.0).all(|(.., delay)| (80.0..84.0).contains(&delay.target)));
}

#[test]
fn a_call_that_begins_with_a_burst_is_heard_whole_and_soon_in_time() {
    let mut line = Line::new();
    line.hurry = 0.15;
    line.send(5, |number| Some(stalls(number, &[0], 120_000)));
    assert_eq!(line.buffer.stats().overflow_ticks + line.buffer.stats().discarded, 0);
    assert!(line.span(2.5, 5.0).all(|(.., delay)| delay.is < 13.0), "{:?}", line.log);
}

#[test]
fn what_is_lost_moves_what_follows_by_no_more_than_is_gained_by_waiting() {
    let mut line = Line::new();
    let (mut dice, mut lost) = (Dice(77), 0);
    line.send(60, |_| {
        let late = Some(dice.below(2_000)).filter(|late| late % 50 != 0);
        lost += u64::from(late.is_none());
        late
    });
    let most = 13.0 + 1e3 * super::Losses::FORESIGHT.as_secs_f64();
    assert!(line.log.iter().all(|(.., delay)| delay.is < most), "{:?}", line.log.last());
    let beside = line.buffer.stats().concealed_ticks - 160 * lost;
    assert!(u128::from(beside) <= 8 * super::Losses::FORESIGHT.as_millis(), "{beside} ticks");
}

#[test]
fn words_between_silences_keep_the_delay_of_those_before() {
    let mut line = Line::new();
    let mut dice = Dice(4_711);
    // Words of 600 ms, silences of 900, as a sender without comfort noise makes them.
    line.send(60, |number| Some(dice.below(30_000)).filter(|_| number % 75 < 30));
    assert_eq!(line.buffer.stats().discarded, 0);
    assert!(line.span(5.0, 60.0).all(|(.., delay)| delay.is < 34.0), "{:?}", line.log);
    let (late, ..) = troubles(&line, 5.0);
    assert!(late <= 1, "{late}");
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn the_excess_is_smooth_under_jitter_and_moves_with_the_clocks() {
    for ppm in [-500, 0, 500] {
        let mut line = Line::new();
        let min = Duration::from_millis(60);
        line.buffer = JitterBuffer::new([SPEECH], DelayRange { min, ..DelayRange::default() });
        line.ppm = ppm;
        let mut dice = Dice(9);
        line.send(60, |_| Some(dice.below(20_000)));
        let points: Vec<(f64, f64)> =
            line.span(10.0, 60.0).map(|(at, _, delay)| (*at, delay.excess_us as f64)).collect();
        let count = points.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (x, y) = (mean(|point| point.0), mean(|point| point.1));
        let xx = points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>();
        let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / xx;
        let error = |point: &(f64, f64)| point.1 - y - slope * (point.0 - x);
        let rms = (points.iter().map(|point| error(point).powi(2)).sum::<f64>() / count).sqrt();
        assert!((slope - ppm as f64).abs() < 20.0, "{ppm}: {slope} µs/s");
        assert!(rms < 300.0, "{ppm}: {rms} µs");
        let found = f64::from(line.buffer.clock_ppm().unwrap());
        assert!((found - ppm as f64).abs() < 25.0, "{ppm}: {found} ppm");
    }
}
