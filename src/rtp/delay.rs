//! How long packets take, and how long speech must wait so that none comes too late.
//!
//! Nobody knows how long the fastest packet takes, only how much longer others take: their spread. Speech that waits
//! as long as the spread, counted from when a packet of the fastest kind arrives, is never late.

use crate::time::Instant;
use core::time::Duration;

/// The bounds of the delay that a jitter buffer adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DelayRange {
    /// What it adds on a perfect network.
    pub min: Duration,
    /// What it never exceeds for long.
    pub max: Duration,
}

impl DelayRange {
    /// The longest delay there can be: a jitter buffer holds a second, of which packets of up to 60 ms and a delay
    /// a little out of its range take their part.
    pub const LONGEST: Duration = Duration::from_millis(900);

    /// The range without what is longer than [`LONGEST`](Self::LONGEST).
    #[must_use]
    pub(super) fn bounded(self) -> Self {
        Self { min: self.min.min(Self::LONGEST), max: self.max.min(Self::LONGEST) }
    }

    /// What `delay` becomes when held within the bounds.
    #[must_use]
    pub fn hold(&self, delay: Duration) -> Duration {
        delay.min(self.max).max(self.min)
    }
}

impl Default for DelayRange {
    /// 10 to 200 ms.
    fn default() -> Self {
        Self { min: Duration::from_millis(10), max: Duration::from_millis(200) }
    }
}

/// What is known of the way that packets take, from those of the last [`BUCKETS`] seconds.
#[derive(Clone, Debug)]
pub(super) struct Transit {
    buckets: [Bucket; BUCKETS],
    second: u64,
    summary: Bucket,
}

impl Transit {
    pub(super) fn new() -> Self {
        Self { buckets: [Bucket::EMPTY; BUCKETS], second: 0, summary: Bucket::EMPTY }
    }

    /// Takes notice of a chunk of the stream's time `sent_us` that `arrival` was the arrival of, and that could be
    /// played from `now` on. What is more than `max` later than the fastest is no jitter but an outage.
    pub(super) fn observe(&mut self, now: Instant, arrival: Instant, sent_us: i64, max: Duration) {
        self.turn_to(micros(now) / 1_000_000);
        let transit_us = micros(arrival) - sent_us;
        let handling_us = duration_us(now.since(arrival));
        self.summary.fastest_us = self.summary.fastest_us.min(transit_us);
        let spread_us = transit_us + handling_us - self.summary.fastest_us;
        let bucket = &mut self.buckets[bucket_of(self.second)];
        bucket.fastest_us = bucket.fastest_us.min(transit_us);
        if spread_us <= duration_us(max) {
            bucket.spread_us = bucket.spread_us.max(spread_us);
            self.summary.spread_us = self.summary.spread_us.max(spread_us);
        }
    }

    /// The clocks at both ends have moved against each other; what packets differ in is still worth knowing.
    pub(super) fn forget_clock(&mut self) {
        for bucket in self.buckets.iter_mut().chain([&mut self.summary]) {
            bucket.fastest_us = i64::MAX;
        }
    }

    /// Arrival less timestamp of the fastest packet.
    pub(super) fn fastest_us(&self) -> Option<i64> {
        Some(self.summary.fastest_us).filter(|&us| us != i64::MAX)
    }

    /// How much later than the fastest packets come.
    pub(super) fn spread(&self) -> Duration {
        Duration::from_micros(self.summary.spread_us.unsigned_abs())
    }

    fn turn_to(&mut self, second: i64) {
        let second = second.unsigned_abs();
        if second <= self.second {
            return;
        }
        let first = (self.second + 1).max((second + 1).saturating_sub(BUCKETS as u64));
        for stale in first..=second {
            self.buckets[bucket_of(stale)] = Bucket::EMPTY;
        }
        self.second = second;
        self.summary = self.buckets.iter().fold(Bucket::EMPTY, |one, other| Bucket {
            fastest_us: one.fastest_us.min(other.fastest_us),
            spread_us: one.spread_us.max(other.spread_us),
        });
    }
}

/// One second.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    fastest_us: i64,
    spread_us: i64,
}

impl Bucket {
    const EMPTY: Self = Self { fastest_us: i64::MAX, spread_us: 0 };
}

fn bucket_of(second: u64) -> usize {
    usize::try_from(second % BUCKETS as u64).unwrap_or(0)
}

/// Microseconds since the origin, with a sign.
pub(super) fn micros(at: Instant) -> i64 {
    i64::try_from(at.as_micros()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}

/// Microseconds of a span, with a sign.
pub(super) fn duration_us(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}

/// Seconds that are remembered.
const BUCKETS: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: Duration = Duration::from_millis(200);

    /// A packet every 20 ms, sent at multiples of 20 ms, `late(n)` ms late.
    fn observe(transit: &mut Transit, numbers: core::ops::Range<u64>, late: impl Fn(u64) -> u64) {
        for number in numbers {
            let arrival = Instant::from_millis(number * 20 + 500 + late(number));
            transit.observe(arrival, arrival, micros(Instant::from_millis(number * 20)), MAX);
        }
    }

    #[test]
    fn the_spread_is_what_the_slowest_takes_longer() {
        let mut transit = Transit::new();
        observe(&mut transit, 0..50, |number| number % 3 * 10);
        assert_eq!(transit.spread(), Duration::from_millis(20));
        assert_eq!(transit.fastest_us(), Some(500_000));
    }

    #[test]
    fn what_was_is_forgotten_after_ten_seconds() {
        let mut transit = Transit::new();
        observe(&mut transit, 0..50, |number| number % 3 * 10);
        observe(&mut transit, 50..450, |_| 7);
        assert_eq!(transit.spread(), Duration::from_millis(20));
        observe(&mut transit, 450..2000, |_| 7);
        assert_eq!(transit.spread(), Duration::ZERO);
        assert_eq!(transit.fastest_us(), Some(507_000));
    }

    #[test]
    fn an_outage_is_no_jitter() {
        let mut transit = Transit::new();
        observe(&mut transit, 0..50, |number| if number == 25 { 201 } else { 0 });
        assert_eq!(transit.spread(), Duration::ZERO);
    }

    #[test]
    fn waiting_for_the_sink_counts() {
        let mut transit = Transit::new();
        let arrival = Instant::from_millis(100);
        transit.observe(arrival + Duration::from_millis(8), arrival, 0, MAX);
        assert_eq!(transit.spread(), Duration::from_millis(8));
    }
}
