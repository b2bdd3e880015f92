//! When the calls of a run are placed: so many in all, so many in a second, so many at once.
//!
//! ```text
//! call 0 at once, call n after n / rate; while the run is full nothing is due; then the rate counts anew
//! ```
//! What was held up by a full run is not made up for by a burst. It reads no clock.

use crate::time::Instant;
use core::time::Duration;

/// How many calls a run has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// In all, or [`Load::FOREVER`].
    pub calls: u64,
    /// New ones in a second; without it as fast as possible.
    pub rate: Option<f64>,
    /// At the same time, at most.
    pub at_once: u64,
}

impl Load {
    /// More calls than anybody waits for: the run ends when it is interrupted.
    pub const FOREVER: u64 = u64::MAX;
}

/// Which call is due when.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    load: Load,
    /// How many were placed.
    placed: u64,
    /// The rate counts from here: when, and how many had been placed.
    base: Option<(Instant, u64)>,
}

impl Schedule {
    /// Nothing is placed yet.
    pub(super) const fn new(load: Load) -> Self {
        Self { load, placed: 0, base: None }
    }

    /// How many are still to be placed.
    pub(super) const fn left(&self) -> u64 {
        self.load.calls.saturating_sub(self.placed)
    }

    /// Places no more.
    pub(super) const fn stop(&mut self) {
        self.load.calls = self.placed;
    }

    /// When the next one is due while `live` calls are under way; `None` when none is, or none can be.
    pub(super) fn next_at(&self, live: u64) -> Option<Instant> {
        (self.left() > 0 && live < self.load.at_once).then(|| self.due())
    }

    /// Places the next one if it is due at `now`, and says how late it is.
    pub(super) fn take(&mut self, now: Instant, live: u64) -> Option<Duration> {
        let due = self.next_at(live).filter(|&due| due <= now)?;
        let late = if self.base.is_none() { Duration::ZERO } else { now.since(due) };
        self.base.get_or_insert((now, self.placed));
        self.placed += 1;
        Some(late)
    }

    /// One of `live` calls has ended: there is room again, if there was none.
    pub(super) fn on_end(&mut self, now: Instant, live: u64) {
        if live >= self.load.at_once && self.due() < now {
            self.base = Some((now, self.placed));
        }
    }

    fn due(&self) -> Instant {
        self.base.map_or(Instant::ZERO, |(at, placed)| at + self.after(self.placed - placed))
    }

    fn after(&self, calls: u64) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "calls are far below 2^52")]
        let seconds = self.load.rate.map_or(0.0, |rate| calls as f64 / rate);
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn load(calls: u64, rate: Option<f64>, at_once: u64) -> Schedule {
        Schedule::new(Load { calls, rate, at_once })
    }

    /// How many can be placed at `now` while `live` are under way.
    fn burst(schedule: &mut Schedule, now: Instant, live: u64) -> u64 {
        (live..live + 1000).take_while(|&live| schedule.take(now, live).is_some()).count() as u64
    }

    #[test]
    fn without_a_rate_all_are_due_at_once() {
        let mut schedule = load(100, None, 100);
        assert_eq!(burst(&mut schedule, at(5), 0), 100);
        assert_eq!((schedule.left(), schedule.next_at(100)), (0, None));
    }

    #[test]
    fn calls_come_at_their_rate_and_not_a_microsecond_apart_after_a_pause() {
        let mut schedule = load(1000, Some(3.0), 1000);
        assert_eq!(schedule.take(at(1000), 0), Some(Duration::ZERO));
        assert_eq!(schedule.next_at(1), Some(Instant::from_micros(1_333_333)));
        assert_eq!(schedule.take(at(1333), 1), None);
        // Held up for two seconds: the average is kept.
        assert_eq!(burst(&mut schedule, at(3000), 1), 6);
        assert_eq!(schedule.next_at(7), Some(Instant::from_micros(3_333_333)));
    }

    #[test]
    fn lateness_counts_from_when_a_call_was_due() {
        let mut schedule = load(10, Some(10.0), 10);
        schedule.take(at(1000), 0);
        assert_eq!(schedule.take(at(1130), 1), Some(Duration::from_millis(30)));
    }

    #[test]
    fn a_full_run_waits_for_an_end_and_does_not_catch_up() {
        let mut schedule = load(100, Some(10.0), 2);
        assert!(schedule.take(at(1000), 0).is_some());
        assert!(schedule.take(at(1100), 1).is_some());
        assert_eq!((schedule.next_at(2), schedule.take(at(9000), 2)), (None, None));
        schedule.on_end(at(9000), 2);
        assert_eq!(schedule.take(at(9000), 1), Some(Duration::ZERO));
        schedule.on_end(at(9001), 2);
        assert_eq!(schedule.next_at(1), Some(at(9100)));
    }

    #[test]
    fn short_calls_one_at_a_time_keep_their_rate() {
        let mut schedule = load(100, Some(10.0), 1);
        for number in 0..50 {
            let due = at(1000 + 100 * number);
            assert!(number == 0 || schedule.take(due - Duration::from_millis(1), 0).is_none());
            assert_eq!(schedule.take(due, 0), Some(Duration::ZERO), "{number}");
            schedule.on_end(due + Duration::from_millis(5), 1);
        }
    }

    #[test]
    fn a_stopped_run_places_no_more() {
        let mut schedule = load(100, None, 100);
        schedule.take(at(0), 0);
        schedule.stop();
        assert_eq!((schedule.left(), schedule.take(at(1), 0)), (0, None));
    }
}
