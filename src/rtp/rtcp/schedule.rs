//! When to report (RFC 3550 §6.2, §6.3, appendix A.7).
//!
//! The interval is the fixed minimum. What RFC 3550 §6.3.1 computes from members and bandwidth is shorter for the two
//! members of a call: two compounds of 128 bytes, headers included, share 5 % of 64 kbit/s, which is one each 0.6 s;
//! the minimum of 5 s is then what counts. Only more than fifteen members would need more.
//!
//! Each interval is 0.5 to 1.5 times that at random, and is drawn again when it is over: only if the new one is over too,
//! it is time (timer reconsideration, §6.3.3). That makes intervals longer on average, by e - 3/2, which is taken off.
//! The first is half as long.

use crate::rtp::sender::scramble;
use crate::time::Instant;
use core::time::Duration;

/// Says when it is time.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    interval: Duration,
    random: u64,
    reported_at: Instant,
    due: Instant,
    has_reported: bool,
}

impl Schedule {
    /// A member that joins at `now`.
    pub(super) fn new(interval: Duration, seed: u64, now: Instant) -> Self {
        let mut schedule = Self { interval, random: seed, reported_at: now, due: now, has_reported: false };
        schedule.due = now + schedule.draw();
        schedule
    }

    /// When [`Self::expire`] may say yes.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// Whether it is time to report.
    pub(super) fn expire(&mut self, now: Instant) -> bool {
        if now < self.due {
            return false;
        }
        self.due = self.reported_at + self.draw();
        if self.due > now {
            return false;
        }
        self.has_reported = true;
        self.reported_at = now;
        self.due = now + self.draw();
        true
    }

    fn draw(&mut self) -> Duration {
        self.random = scramble(self.random);
        let interval = if self.has_reported { self.interval } else { self.interval / 2 };
        #[expect(clippy::cast_precision_loss, reason = "an interval needs no 53 bits")]
        let factor = 0.5 + (self.random >> 11) as f64 / (1_u64 << 53) as f64;
        interval.mul_f64(factor / COMPENSATION)
    }
}

/// e - 3/2 (RFC 3550 §6.3.1).
const COMPENSATION: f64 = core::f64::consts::E - 1.5;

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(5);

    /// The moments of the first reports.
    fn reports(seed: u64, count: usize) -> Vec<Instant> {
        let start = Instant::from_millis(1000);
        let mut schedule = Schedule::new(INTERVAL, seed, start);
        let mut reports = vec![start];
        for _ in 0..100 * count {
            let due = schedule.due();
            if schedule.expire(due) {
                reports.push(due);
            }
        }
        reports.truncate(count + 1);
        assert_eq!(reports.len(), count + 1);
        reports
    }

    #[test]
    fn intervals_are_5_seconds_on_average_and_spread() {
        let reports = reports(1, 4001);
        let mean = reports[4001].since(reports[1]).as_secs_f64() / 4000.0;
        assert!((4.9..5.1).contains(&mean), "{mean}");
        let intervals = reports[1..].windows(2).map(|pair| pair[1].since(pair[0]));
        let (shortest, longest) = (intervals.clone().min().unwrap(), intervals.max().unwrap());
        assert!(shortest >= INTERVAL.mul_f64(0.41) && shortest < INTERVAL.mul_f64(0.6), "{shortest:?}");
        assert!(longest <= INTERVAL.mul_f64(1.24) && longest > INTERVAL.mul_f64(1.1), "{longest:?}");
    }

    #[test]
    fn the_first_interval_is_half_as_long() {
        let firsts: Vec<_> =
            (0..1000).map(|seed| reports(seed, 1)[1].since(Instant::from_millis(1000))).collect();
        let mean = firsts.iter().sum::<Duration>() / 1000;
        assert!((2.4..2.6).contains(&mean.as_secs_f64()), "{mean:?}");
        assert!(firsts.iter().max().unwrap() < &Duration::from_millis(3100));
    }

    #[test]
    fn it_is_not_time_before_it_is_due() {
        let mut schedule = Schedule::new(INTERVAL, 1, Instant::ZERO);
        assert!(!schedule.expire(schedule.due() - Duration::from_micros(1)));
        assert!(schedule.expire(Instant::ZERO + INTERVAL), "whatever is drawn");
        assert!(!schedule.expire(Instant::ZERO + INTERVAL), "once");
    }
}
