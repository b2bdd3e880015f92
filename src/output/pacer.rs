//! A beat for what has no card: senders of RTP.
//!
//! Beats fall on absolute deadlines, so their rate does not drift however long the work between them takes. After a
//! stall (a busy machine, a laptop's lid) the beats that were missed are made up for, but never more than [`MAX_LATE`]
//! of them at once: older ones are left out. Their numbers are left out with them, so that a number always stands for
//! the same point in time, as an RTP timestamp does.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;

use crate::clock;
use crate::time::Instant;

/// Calls `beat` with the number and the deadline of each beat, the first one at once, until `stop` is set.
///
/// The thread that calls it is the beat's own; `stop` is looked at once per beat.
pub fn pace(period: Duration, stop: &AtomicBool, mut beat: impl FnMut(u64, Instant)) {
    let mut pacer = Pacer::new(period, clock::now());
    while !stop.load(Ordering::Relaxed) {
        let (number, deadline) = pacer.next_beat(clock::now());
        clock::sleep_until(deadline);
        beat(number, deadline);
    }
}

/// Which beat is due when.
#[derive(Clone, Copy, Debug)]
struct Pacer {
    start: Instant,
    period_us: u64,
    next: u64,
}

impl Pacer {
    fn new(period: Duration, start: Instant) -> Self {
        let period_us = u64::try_from(period.as_micros()).unwrap_or(u64::MAX).max(1);
        Self { start, period_us, next: 0 }
    }

    /// The next beat: its number and its deadline, which may have passed.
    fn next_beat(&mut self, now: Instant) -> (u64, Instant) {
        let due = now.as_micros().saturating_sub(self.start.as_micros()) / self.period_us;
        let number = self.next.max(due.saturating_sub(MAX_LATE));
        self.next = number + 1;
        let deadline = self.start.as_micros().saturating_add(number.saturating_mul(self.period_us));
        (number, Instant::from_micros(deadline))
    }
}

/// So many beats may be late, and come in a burst.
pub const MAX_LATE: u64 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_millis(20);

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn beats_fall_on_multiples_of_the_period() {
        let mut pacer = Pacer::new(PERIOD, at(1000));
        // However late each beat's work ends, the deadlines stay where they are.
        let beats = [1000, 1003, 1039, 1041].map(|now| pacer.next_beat(at(now)));
        assert_eq!(beats, [(0, at(1000)), (1, at(1020)), (2, at(1040)), (3, at(1060))]);
    }

    #[test]
    fn a_short_stall_is_made_up_for() {
        let mut pacer = Pacer::new(PERIOD, at(0));
        pacer.next_beat(at(0));
        let beats = [90, 90, 90, 90, 90].map(|now| pacer.next_beat(at(now)));
        assert_eq!(beats.map(|(number, _)| number), [1, 2, 3, 4, 5]);
        assert_eq!(beats[4].1, at(100));
    }

    #[test]
    fn a_long_stall_leaves_beats_out() {
        let mut pacer = Pacer::new(PERIOD, at(0));
        pacer.next_beat(at(0));
        let hour = at(3_600_000);
        let due = 3_600_000 / 20;
        let late =
            (0..1000).map(|_| pacer.next_beat(hour)).take_while(|&(_, deadline)| deadline < hour).count();
        assert_eq!(late, 5);
        assert_eq!(pacer.next_beat(hour).0, due + 1);
    }

    #[test]
    fn a_real_beat_keeps_time_and_stops() {
        let stop = AtomicBool::new(false);
        let begin = clock::now();
        let mut numbers = Vec::new();
        pace(Duration::from_millis(2), &stop, |number, deadline| {
            assert!(clock::now() >= deadline);
            numbers.push(number);
            stop.store(number >= 10, Ordering::Relaxed);
        });
        assert!(clock::now().since(begin) >= Duration::from_millis(20));
        assert!(numbers.is_sorted() && numbers.first() == Some(&0), "{numbers:?}");
    }
}
