//! How long to wait after a round in which no server has taken us.

use core::time::Duration;

/// Waits that double up to a longest one, each shortened by up to a quarter, so that boxes that were cut off together
/// do not come back together.
#[derive(Debug)]
pub(super) struct Backoff {
    longest: Duration,
    waited: u32,
}

impl Backoff {
    pub(super) fn new(longest: Duration) -> Self {
        Self { longest: longest.max(SHORTEST), waited: 0 }
    }

    /// The next wait; `random` is any number.
    pub(super) fn next(&mut self, random: u64) -> Duration {
        let whole = FIRST.saturating_mul(1 << self.waited.min(16)).min(self.longest);
        self.waited = self.waited.saturating_add(1);
        shortened(whole, random, 4).max(SHORTEST)
    }

    pub(super) const fn reset(&mut self) {
        self.waited = 0;
    }
}

/// `span`, less up to one `part`-th of it, in whole milliseconds.
pub(super) fn shortened(span: Duration, random: u64, part: u64) -> Duration {
    let whole = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(whole - random % (whole / part + 1))
}

/// The first wait, before it is shortened.
const FIRST: Duration = Duration::from_secs(2);
/// No wait is shorter.
const SHORTEST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_stay_there() {
        let mut backoff = Backoff::new(Duration::from_mins(1));
        let waits: Vec<_> = (0..100).map(|_| backoff.next(0).as_secs()).collect();
        assert_eq!(waits[..7], [2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(waits[99], 60);
        backoff.reset();
        assert_eq!(backoff.next(0).as_secs(), 2);
    }

    #[test]
    fn no_wait_is_shorter_than_a_second_or_three_quarters() {
        for random in 0..5000 {
            let wait = Backoff::new(Duration::from_mins(1)).next(random);
            assert!((1500..=2000).contains(&wait.as_millis()), "{wait:?}");
            assert_eq!(Backoff::new(Duration::ZERO).next(random), SHORTEST);
        }
    }
}
