//! Whether packets get lost, so that it pays to wait a little longer.
//!
//! What is lost is made up from what was before it, until the packet behind it has come; from then on it is known what
//! the gap has to lead to, and it sounds better by far. So where packets get lost, and more than one in ten seconds,
//! speech waits for [`Losses::FORESIGHT`] longer.

use crate::time::Instant;
use core::time::Duration;

/// When packets got lost.
#[derive(Clone, Debug, Default)]
pub(super) struct Losses {
    last: Option<Instant>,
    expected_until: Option<Instant>,
}

impl Losses {
    /// How much longer it pays to wait. Twice as much is little better.
    pub(super) const FORESIGHT: Duration = Duration::from_millis(4);

    /// Speech goes on at `now` behind a gap that was not filled.
    pub(super) fn observe(&mut self, now: Instant) {
        if self.last.is_some_and(|last| now.since(last) < MEMORY) {
            self.expected_until = Some(now + MEMORY);
        }
        self.last = Some(now);
    }

    /// How much longer it pays to wait at `now`.
    pub(super) fn foresight(&self, now: Instant) -> Duration {
        if self.expected_until.is_some_and(|until| now < until) { Self::FORESIGHT } else { Duration::ZERO }
    }
}

const MEMORY: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn after(losses_ms: &[u64]) -> Losses {
        let mut losses = Losses::default();
        for &at in losses_ms {
            losses.observe(Instant::from_millis(at));
        }
        losses
    }

    #[test]
    fn one_loss_is_no_reason_to_wait() {
        assert_eq!(after(&[100]).foresight(Instant::from_millis(120)), Duration::ZERO);
        assert_eq!(after(&[100, 10_200]).foresight(Instant::from_millis(10_300)), Duration::ZERO);
    }

    #[test]
    fn two_losses_are_a_reason_for_ten_seconds() {
        let losses = after(&[100, 5_000]);
        assert_eq!(losses.foresight(Instant::from_millis(14_999)), Losses::FORESIGHT);
        assert_eq!(losses.foresight(Instant::from_millis(15_000)), Duration::ZERO);
    }
}
