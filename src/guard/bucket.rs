//! So many at once, and then one every so often.

use crate::time::Instant;
use core::time::Duration;

/// A bucket of tokens.
#[derive(Debug)]
pub(super) struct Bucket {
    capacity: u32,
    tokens: u32,
    every: Duration,
    /// From here on the next token grows.
    since: Instant,
}

impl Bucket {
    /// A full one.
    pub(super) const fn new(now: Instant, capacity: u32, every: Duration) -> Self {
        Self { capacity, tokens: capacity, every, since: now }
    }

    /// When there is a token, or was.
    pub(super) fn ready_at(&self) -> Instant {
        if self.tokens > 0 { self.since } else { self.since + self.every }
    }

    /// Takes one, if there is any.
    pub(super) fn take(&mut self, now: Instant) {
        self.fill(now);
        self.tokens = self.tokens.saturating_sub(1);
    }

    fn fill(&mut self, now: Instant) {
        while self.tokens < self.capacity && now >= self.since + self.every {
            self.tokens += 1;
            self.since += self.every;
        }
        if self.tokens == self.capacity {
            self.since = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_so_many_at_once_and_then_one_every_so_often() {
        let at = |second: u64| Instant::from_millis(second * 1000);
        let mut bucket = Bucket::new(at(0), 2, Duration::from_secs(10));
        bucket.take(at(100));
        bucket.take(at(100));
        assert_eq!(bucket.ready_at(), at(110));
        bucket.take(at(112));
        assert_eq!(bucket.ready_at(), at(120));
        bucket.take(at(1000));
        assert!(bucket.ready_at() <= at(1000), "it was full again, and has one left");
        bucket.take(at(1000));
        assert_eq!(bucket.ready_at(), at(1010));
    }
}
