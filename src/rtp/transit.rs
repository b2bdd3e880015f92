//! How long packets take, and how long speech must wait so that none comes too late.
//!
//! Nobody knows how long the fastest packet takes, only how much longer others take: their lateness, over the line of
//! `drift.rs`. Speech that waits as long as the greatest lateness, counted from when a packet of the fastest kind
//! arrives, is never late.
//!
//! Which lateness is to be expected? `NetEq`, the best known, takes the greatest of each half second into a histogram with
//! exponential forgetting and waits as long as 95 % of them. Here the same is done with less: the greatest of each
//! quarter of a second is kept for ten seconds, and
//! - the *second* greatest of them counts, of quarters a second apart. Jitter is in all of them, so its end is known to
//!   a percent and no packet is lost to a quantile. A stall that happens once is the greatest, and alone: it is known as
//!   an exception by that. When another comes within ten seconds there are two, and the wait is as long as they need;
//! - the greatest of the last two quarters counts: while there is trouble, there may be more.
//!
//! So a single stall is forgotten after half a second, one that comes every few seconds is not, and all is after ten.

use super::delay::{duration_us, micros};
use super::drift::{Drift, Point};
use crate::time::Instant;
use core::time::Duration;

/// What is known of the way that packets take.
#[derive(Clone, Debug)]
pub(super) struct Transit {
    drift: Drift,
    /// By the quarter of a second.
    latest: [Latest; QUARTERS],
    quarter: i64,
    /// Of all but the present quarter: the second greatest, and the greatest of those a second ago and more.
    sustained_us: i64,
    older_us: i64,
    trial: Option<Trial>,
    /// Packets so far, up to [`MANY`].
    packets: i64,
    /// The slowest of those, by itself.
    slowest_us: i64,
    /// What comes of all that, until the next packet.
    spread: Duration,
}

impl Transit {
    pub(super) fn new() -> Self {
        Self {
            drift: Drift::new(),
            latest: [Latest::NONE; QUARTERS],
            quarter: 0,
            sustained_us: 0,
            older_us: 0,
            trial: None,
            packets: 0,
            slowest_us: i64::MIN,
            spread: Duration::ZERO,
        }
    }

    /// Takes notice of a chunk of the stream's time `sent_us` that `arrival` was the arrival of, and that could be
    /// played from `now` on. What is more than `max` late is no jitter but an outage.
    pub(super) fn observe(&mut self, now: Instant, arrival: Instant, sent_us: i64, max: Duration) {
        self.learn(now, arrival, sent_us, max);
        self.spread = self.work_out();
    }

    fn learn(&mut self, now: Instant, arrival: Instant, sent_us: i64, max: Duration) {
        let packet = point(now, arrival, sent_us);
        self.packets = (self.packets + 1).min(MANY);
        self.turn_to(now);
        self.try_out(packet, max);
        let handling_us = duration_us(now.since(arrival));
        if let Some(trial) = &mut self.trial {
            trial.fastest_us = trial.fastest_us.min(packet.us);
            trial.slowest_us = trial.slowest_us.max(packet.us.saturating_add(handling_us));
            return;
        }
        self.slowest_us = self.slowest_us.max(packet.us);
        let before_us = self.drift.fastest_us(packet.at_us);
        self.drift.observe(packet);
        let fastest_us = self.drift.fastest_us(packet.at_us).unwrap_or(packet.us);
        self.shift(before_us.map_or(0, |before_us| before_us.saturating_sub(fastest_us)));
        self.note(packet.us.saturating_sub(fastest_us).saturating_add(handling_us), max);
    }

    /// Speech comes after a silence. The clocks may have moved against each other, if its transit is none to be
    /// expected: some senders stop their timestamps while nobody speaks. Or it was a stall of the network; what follows
    /// shows which.
    pub(super) fn resume(&mut self, now: Instant, arrival: Instant, sent_us: i64) {
        self.turn_to(now);
        let packet = point(now, arrival, sent_us);
        match self.lateness_us(packet) {
            Some(late_us) if !self.is_usual(late_us) => {
                let (fastest_us, slowest_us) = (packet.us, packet.us);
                self.trial = Some(Trial { late_us, until: arrival + TRIAL, fastest_us, slowest_us });
            }
            _ => {}
        }
        self.spread = self.work_out();
    }

    /// The clocks at both ends have moved against each other; what packets differ in is still worth knowing.
    pub(super) fn forget_clock(&mut self) {
        if let Some(trial) = self.trial.take() {
            self.note(trial.spread_us(), Duration::MAX);
        }
        self.drift.forget();
        self.slowest_us = i64::MIN;
        for latest in &mut self.latest {
            latest.is_of_this_clock = false;
        }
        self.spread = self.work_out();
    }

    /// Arrival less timestamp of the fastest packet, if it came at `at`.
    pub(super) fn fastest_us(&self, at: Instant) -> Option<i64> {
        match &self.trial {
            Some(trial) => Some(trial.fastest_us),
            None => self.drift.fastest_us(micros(at)),
        }
    }

    /// By how many millionths the sender's clock is faster than the one arrivals are read from, once that is known.
    pub(super) fn clock_ppm(&self) -> Option<f32> {
        self.drift.clock_ppm()
    }

    /// How much later than the fastest packets are to be expected.
    pub(super) fn spread(&self) -> Duration {
        self.spread
    }

    fn work_out(&self) -> Duration {
        let late_us = |age: i64| self.latest[index(self.quarter - age)].late_us;
        let recent_us = late_us(0).max(late_us(1));
        let trial_us = self.trial.as_ref().map_or(0, Trial::spread_us);
        let sustained_us = self.sustained_us.max(late_us(0).min(self.older_us));
        let spread_us = sustained_us.max(recent_us).max(trial_us).max(0);
        Duration::from_micros((spread_us + self.unseen_us()).unsigned_abs())
    }

    /// What few packets differ in is less than what many will. For lateness that is spread evenly, it is less by two of
    /// the spaces between them.
    fn unseen_us(&self) -> i64 {
        let fastest_us = self.drift.line_us().filter(|_| self.packets < MANY);
        let seen_us = fastest_us.map_or(0, |fastest_us| self.slowest_us.saturating_sub(fastest_us).max(0));
        2 * (seen_us.min(UNSEEN_US) / (self.packets - 1).max(2))
    }

    /// Ends a trial: with a packet as fast as before it was a stall, and without one for long the clocks have moved.
    fn try_out(&mut self, packet: Point, max: Duration) {
        let Some(trial) = &self.trial else { return };
        let late_us = trial.late_us;
        if self.lateness_us(packet).is_some_and(|late_us| self.is_usual(late_us)) {
            self.trial = None;
            self.note(late_us, max);
        } else if packet.at_us > micros(trial.until) {
            let fastest_us = trial.fastest_us;
            self.forget_clock();
            self.drift.observe(Point { us: fastest_us, ..packet });
        }
    }

    fn lateness_us(&self, packet: Point) -> Option<i64> {
        self.drift.fastest_us(packet.at_us).map(|fastest_us| packet.us.saturating_sub(fastest_us))
    }

    fn is_usual(&self, late_us: i64) -> bool {
        (-EARLY_US..=self.sustained_us.max(0) + EARLY_US).contains(&late_us)
    }

    /// What was known to be late is later, for the fastest packets are faster than was known.
    fn shift(&mut self, by_us: i64) {
        if by_us == 0 {
            return;
        }
        for latest in self.latest.iter_mut().filter(|latest| latest.is_of_this_clock) {
            latest.late_us = latest.late_us.saturating_add(by_us);
        }
        self.summarise();
    }

    fn note(&mut self, late_us: i64, max: Duration) {
        if late_us <= duration_us(max) {
            let latest = &mut self.latest[index(self.quarter)];
            *latest = Latest { late_us: latest.late_us.max(late_us), is_of_this_clock: true };
        }
    }

    fn turn_to(&mut self, now: Instant) {
        let at_us = micros(now);
        let quarter = at_us.div_euclid(QUARTER_US);
        if quarter <= self.quarter {
            return;
        }
        let before_us = self.drift.fastest_us(at_us);
        self.drift.turn_to(at_us);
        let first = (self.quarter + 1).max(quarter.saturating_sub(QUARTERS_I64 - 1));
        for stale in first..=quarter {
            self.latest[index(stale)] = Latest::NONE;
        }
        self.quarter = quarter;
        match (before_us, self.drift.fastest_us(at_us)) {
            (Some(before_us), Some(after_us)) if before_us != after_us => {
                self.shift(before_us.saturating_sub(after_us));
            }
            _ => self.summarise(),
        }
    }

    fn summarise(&mut self) {
        let late_us = |age: i64| self.latest[index(self.quarter - age)].late_us;
        self.older_us = i64::MIN;
        self.sustained_us = 0;
        // From the oldest on: each with the greatest of those that are long before it.
        for age in (1..QUARTERS_I64).rev() {
            if age + APART < QUARTERS_I64 {
                self.older_us = self.older_us.max(late_us(age + APART));
                self.sustained_us = self.sustained_us.max(late_us(age).min(self.older_us));
            }
        }
        self.older_us = self.older_us.max(late_us(APART));
    }
}

/// The greatest lateness of a quarter of a second.
#[derive(Clone, Copy, Debug)]
struct Latest {
    late_us: i64,
    is_of_this_clock: bool,
}

impl Latest {
    const NONE: Self = Self { late_us: i64::MIN / 4, is_of_this_clock: false };
}

/// A stream that has spoken again, later than it should.
#[derive(Clone, Debug)]
struct Trial {
    /// How late it was, should it have been a stall.
    late_us: i64,
    until: Instant,
    /// Of its packets, should the clocks have moved.
    fastest_us: i64,
    slowest_us: i64,
}

impl Trial {
    fn spread_us(&self) -> i64 {
        self.slowest_us.saturating_sub(self.fastest_us)
    }
}

/// An arrival in the future is none: only the pieces of a packet are a little ahead.
fn point(now: Instant, arrival: Instant, sent_us: i64) -> Point {
    let at_us = micros(arrival).min(micros(now).saturating_add(QUARTER_US));
    Point { at_us, us: at_us.saturating_sub(sent_us) }
}

fn index(quarter: i64) -> usize {
    usize::try_from(quarter.rem_euclid(QUARTERS_I64)).unwrap_or(0)
}

const QUARTER_US: i64 = 250_000;
/// Quarters of a second that are remembered.
const QUARTERS: usize = 40;
const QUARTERS_I64: i64 = 40;
/// What lies so many quarters apart is not of the same stall.
const APART: i64 = 4;
/// Beyond what is known, packets may be so much faster or slower.
const EARLY_US: i64 = 20_000;
/// So many packets tell how late packets can be.
const MANY: i64 = 50;
/// More than any delay that is waited for.
const UNSEEN_US: i64 = 1_000_000;
/// Within this a network that stalled delivers packets as fast as before.
const TRIAL: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: Duration = Duration::from_millis(200);

    /// What was seen of packets of 20 ms.
    struct Bench {
        transit: Transit,
        number: u64,
    }

    impl Bench {
        fn new() -> Self {
            Self { transit: Transit::new(), number: 0 }
        }

        /// Packets for `millis`, which come `late` ms late, by their number.
        fn observe(&mut self, millis: u64, late: impl Fn(u64) -> u64) {
            for _ in 0..millis / 20 {
                let sent = Instant::from_millis(self.number * 20);
                let arrival = sent + Duration::from_millis(500 + late(self.number));
                self.transit.observe(arrival, arrival, micros(sent), MAX);
                self.number += 1;
            }
        }

        /// A network that delivers nothing for `millis`, and then all of it.
        fn stall(&mut self, millis: u64) {
            let end = self.number * 20 + millis;
            self.observe(millis, |number| end - number * 20);
        }

        fn spread(&self) -> u128 {
            self.transit.spread().as_millis()
        }
    }

    #[test]
    fn the_spread_is_what_the_slowest_takes_longer() {
        let mut bench = Bench::new();
        bench.observe(3_000, |number| number % 3 * 10);
        assert_eq!(bench.spread(), 20);
        assert_eq!(bench.transit.fastest_us(Instant::from_millis(3_500)), Some(500_000));
    }

    #[test]
    fn of_few_packets_more_is_expected_than_was_seen() {
        let mut bench = Bench::new();
        bench.observe(100, |number| number % 2 * 30);
        assert_eq!(bench.spread(), 30 + 30 * 2 / 4);
    }

    #[test]
    fn of_few_waits_for_the_sink_nothing_is_concluded() {
        let mut transit = Transit::new();
        let arrival = Instant::from_millis(500);
        transit.observe(arrival + Duration::from_millis(9), arrival, 0, MAX);
        assert_eq!(transit.spread(), Duration::from_millis(9));
    }

    #[test]
    fn a_stall_is_forgotten_after_half_a_second() {
        let mut bench = Bench::new();
        bench.observe(5_000, |_| 0);
        bench.stall(160);
        assert_eq!(bench.spread(), 160);
        bench.observe(520, |_| 0);
        assert_eq!(bench.spread(), 0);
    }

    #[test]
    fn a_stall_is_one_wherever_it_lies() {
        for offset in (0..500).step_by(20) {
            let mut bench = Bench::new();
            bench.observe(5_000 + offset, |_| 0);
            bench.stall(160);
            bench.observe(520, |_| 0);
            assert_eq!(bench.spread(), 0, "{offset}");
        }
    }

    #[test]
    fn a_stall_that_comes_again_is_expected_from_then_on() {
        let mut bench = Bench::new();
        bench.observe(5_000, |_| 0);
        for _ in 0..3 {
            bench.stall(100);
            bench.observe(3_900, |_| 0);
        }
        assert_eq!(bench.spread(), 100);
        bench.observe(6_000, |_| 0);
        assert_eq!(bench.spread(), 0, "ten seconds after the last but one");
    }

    #[test]
    fn jitter_is_forgotten_after_ten_seconds() {
        let mut bench = Bench::new();
        bench.observe(3_000, |number| number % 3 * 10);
        bench.observe(9_000, |_| 0);
        assert_eq!(bench.spread(), 20);
        bench.observe(2_000, |_| 0);
        assert_eq!(bench.spread(), 0);
    }

    #[test]
    fn a_way_that_becomes_longer_is_no_jitter_once_that_is_known() {
        let mut bench = Bench::new();
        bench.observe(12_000, |_| 0);
        bench.observe(5_000, |_| 40);
        assert_eq!(bench.spread(), 40, "it may become shorter again");
        bench.observe(8_000, |_| 40);
        assert_eq!(bench.spread(), 0);
        assert_eq!(bench.transit.fastest_us(Instant::from_millis(25_500)), Some(540_000));
    }

    #[test]
    fn an_outage_is_no_jitter() {
        let mut bench = Bench::new();
        bench.observe(3_000, |number| if number == 25 { 201 } else { 0 });
        assert_eq!(bench.spread(), 0);
        bench.observe(20, |_| 201);
        assert_eq!(bench.spread(), 0);
    }

    #[test]
    fn waiting_for_the_sink_counts() {
        let mut bench = Bench::new();
        bench.observe(3_000, |_| 0);
        let arrival = Instant::from_millis(3_500);
        bench.transit.observe(arrival + Duration::from_millis(8), arrival, 3_000_000, MAX);
        assert_eq!(bench.spread(), 8);
    }

    #[test]
    fn a_stream_that_resumes_late_and_stays_so_has_another_clock() {
        let mut bench = Bench::new();
        bench.observe(3_000, |_| 0);
        let later = Instant::from_millis(3_500 + 120);
        bench.transit.resume(later, later, 3_000_000);
        bench.observe(1_500, |_| 120);
        assert_eq!(bench.transit.fastest_us(Instant::from_millis(5_000)), Some(620_000));
        assert_eq!(bench.spread(), 0);
    }

    #[test]
    fn a_stream_that_resumes_late_and_catches_up_was_held_up() {
        let mut bench = Bench::new();
        bench.observe(3_000, |_| 0);
        let late = Instant::from_millis(3_500 + 120);
        bench.transit.resume(late, late, 3_000_000);
        bench.stall(120);
        assert_eq!(bench.transit.fastest_us(late), Some(500_000));
        assert_eq!(bench.spread(), 120);
    }
}
