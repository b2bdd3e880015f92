//! Whether packets come so steadily that the thread can sleep until the next one.
//!
//! Woken by a packet, the thread fills the queue up for a packet's time and expects the next one before it has sunk. A
//! packet that fails to come is waited for in short steps, and for a while nothing is expected: what is rendered far
//! ahead leaves late packets no time. Each disappointment makes that while longer.

use core::time::Duration;

use crate::time::Instant;

/// What experience has taught.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steadiness {
    /// When a packet last woke the thread, while the next one is expected.
    fed_at: Option<Instant>,
    doubts_until: Instant,
    doubts_for: Duration,
}

impl Steadiness {
    pub(super) const fn new() -> Self {
        Self { fed_at: None, doubts_until: Instant::ZERO, doubts_for: FIRST_DOUBT }
    }

    /// The thread woke at `now`: by a packet, or because none came.
    pub(super) fn on_wake(&mut self, now: Instant, is_fed: bool) {
        if is_fed {
            self.fed_at = Some(now);
            if now.since(self.doubts_until) > TRUST {
                self.doubts_for = FIRST_DOUBT;
            }
            return;
        }
        // After a longer time, nobody speaks any more.
        if self.fed_at.take().is_some_and(|fed_at| now.since(fed_at) < EXPECTED) {
            self.doubts_until = now + self.doubts_for;
            self.doubts_for = (self.doubts_for * 2).min(LONGEST_DOUBT);
        }
    }

    /// Whether the next packet may be waited for.
    pub(super) fn is_steady(&self, now: Instant) -> bool {
        now >= self.doubts_until
    }
}

const FIRST_DOUBT: Duration = Duration::from_secs(1);
const LONGEST_DOUBT: Duration = Duration::from_secs(32);
/// Packets that have been steady for so long are trusted as at first.
const TRUST: Duration = Duration::from_secs(10);
/// Packets of up to 60 ms come no later than this.
const EXPECTED: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn a_packet_that_fails_to_come_is_not_expected_for_a_second() {
        let mut steadiness = Steadiness::new();
        assert!(steadiness.is_steady(at(0)));
        steadiness.on_wake(at(1000), true);
        steadiness.on_wake(at(1023), false);
        assert!(!steadiness.is_steady(at(1028)));
        steadiness.on_wake(at(1028), false);
        assert!(!steadiness.is_steady(at(2022)));
        assert!(steadiness.is_steady(at(2023)));
    }

    #[test]
    fn each_disappointment_makes_it_doubt_for_longer_until_packets_have_been_steady() {
        let mut steadiness = Steadiness::new();
        let mut now = at(1000);
        let doubts = [0; 7].map(|_| {
            steadiness.on_wake(now, true);
            steadiness.on_wake(now + Duration::from_millis(23), false);
            let doubt = steadiness.doubts_until.since(now).as_secs();
            now = steadiness.doubts_until;
            doubt
        });
        assert_eq!(doubts, [1, 2, 4, 8, 16, 32, 32]);
        now += Duration::from_secs(11);
        steadiness.on_wake(now, true);
        steadiness.on_wake(now + Duration::from_millis(23), false);
        assert_eq!(steadiness.doubts_until.since(now).as_secs(), 1);
    }

    #[test]
    fn nobody_is_expected_to_speak_on_after_a_silence() {
        let mut steadiness = Steadiness::new();
        steadiness.on_wake(at(1000), true);
        steadiness.on_wake(at(1100), false);
        assert!(steadiness.is_steady(at(1100)));
    }
}
