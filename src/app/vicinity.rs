//! The networks that the box is in, looked up when they matter and at most once a second.

use crate::allow::Network;
use crate::net;
use crate::time::Instant;
use core::time::Duration;

/// Looks them up.
#[derive(Debug, Default)]
pub(super) struct Vicinity {
    looked_at: Option<Instant>,
}

impl Vicinity {
    /// The networks, if it is time to look at them again.
    pub(super) fn look(&mut self, now: Instant) -> Option<Vec<Network>> {
        if !self.may_look(now) {
            return None;
        }
        let say = |error: &_| log::error!("the networks of this box cannot be looked up: {error}");
        net::attached().inspect_err(say).ok()
    }

    fn may_look(&mut self, now: Instant) -> bool {
        let may_look = self.looked_at.is_none_or(|at| now.since(at) >= LOOK_EVERY);
        if may_look {
            self.looked_at = Some(now);
        }
        may_look
    }
}

/// How often they are looked up at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_networks_are_looked_up_at_once_and_then_at_most_once_a_second() {
        let mut vicinity = Vicinity::default();
        let looks =
            [5, 6, 1004, 1005, 1006, 2005].map(|millis| vicinity.may_look(Instant::from_millis(millis)));
        assert_eq!(looks, [true, false, false, true, false, true]);
    }
}
