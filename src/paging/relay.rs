//! The relay of an amplifier: on from `relay-lead` before a sound to `relay-lag` after it.
//!
//! ```text
//!             open                   handle_quiet              relay-lag is over
//!  (off) ──────────────> on ──────────────────────> lags ──────────────────────> (off)
//!                        │ relay-lead: it may sound  │ open: it may sound at once
//!                        └───────────────────────────┴ close: off
//! ```
//!
//! Decides when the relay is on, and from when on what is played is heard whole. Leaves out the line that it hangs on.

use crate::time::Instant;
use core::time::Duration;

/// Decides whether the relay is on.
#[derive(Debug)]
pub struct Relay {
    lead: Duration,
    lag: Duration,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Off,
    /// It is on, and what sounds before is clipped.
    Opens {
        open_at: Instant,
    },
    On,
    /// Nothing sounds any more.
    Lags {
        open_at: Instant,
        off_at: Instant,
    },
}

impl Relay {
    /// A relay that is off.
    #[must_use]
    pub const fn new(lead: Duration, lag: Duration) -> Self {
        Self { lead, lag, state: State::Off }
    }

    /// Other times from now on; what is counted already goes on.
    pub const fn set_times(&mut self, lead: Duration, lag: Duration) {
        (self.lead, self.lag) = (lead, lag);
    }

    /// A sound is about to come: on. Says from when on it is heard whole: at once, if it is on already.
    pub fn open(&mut self, now: Instant) -> Instant {
        self.handle_timeout(now);
        let open_at = match self.state {
            State::Off => now + self.lead,
            State::Opens { open_at } | State::Lags { open_at, .. } => open_at.max(now),
            State::On => now,
        };
        self.state = if open_at == now { State::On } else { State::Opens { open_at } };
        open_at
    }

    /// Nothing sounds, and nothing is about to.
    pub fn handle_quiet(&mut self, now: Instant) {
        let open_at = match self.state {
            State::Opens { open_at } => open_at,
            State::On => now,
            State::Off | State::Lags { .. } => return self.handle_timeout(now),
        };
        self.state = State::Lags { open_at, off_at: now + self.lag };
        self.handle_timeout(now);
    }

    /// Off at once: the box ends.
    pub const fn close(&mut self) {
        self.state = State::Off;
    }

    /// Acts on what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.state = match self.state {
            State::Opens { open_at } if open_at <= now => State::On,
            State::Lags { off_at, .. } if off_at <= now => State::Off,
            as_it_was => as_it_was,
        };
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Opens { open_at } => Some(open_at),
            State::Lags { off_at, .. } => Some(off_at),
            State::Off | State::On => None,
        }
    }

    /// Whether it is on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.state != State::Off
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn relay() -> Relay {
        Relay::new(Duration::from_millis(200), Duration::from_secs(2))
    }

    #[test]
    fn it_is_on_from_the_lead_before_a_sound_to_the_lag_after_it() {
        let mut relay = relay();
        assert!(!relay.is_on());
        assert_eq!(relay.open(at(1000)), at(1200));
        assert_eq!((relay.is_on(), relay.poll_timeout()), (true, Some(at(1200))));
        relay.handle_timeout(at(1200));
        assert_eq!((relay.is_on(), relay.poll_timeout()), (true, None));
        relay.handle_quiet(at(5000));
        assert_eq!((relay.is_on(), relay.poll_timeout()), (true, Some(at(7000))));
        relay.handle_timeout(at(6999));
        assert!(relay.is_on());
        relay.handle_timeout(at(7000));
        assert_eq!((relay.is_on(), relay.poll_timeout()), (false, None));
    }

    #[test]
    fn one_that_is_on_already_costs_nothing() {
        let mut relay = relay();
        relay.open(at(0));
        assert_eq!(relay.open(at(100)), at(200), "the lead is not begun anew");
        relay.handle_quiet(at(1000));
        assert_eq!(relay.open(at(2500)), at(2500), "while it lags");
        assert_eq!(relay.poll_timeout(), None);
        relay.handle_quiet(at(3000));
        relay.handle_quiet(at(4000));
        assert_eq!(relay.poll_timeout(), Some(at(5000)), "the lag counts from the end of the sound");
    }

    #[test]
    fn without_lag_it_is_off_with_the_sound_and_without_lead_on_with_it() {
        let mut relay = Relay::new(Duration::ZERO, Duration::ZERO);
        assert_eq!(relay.open(at(5)), at(5));
        relay.handle_quiet(at(9));
        assert!(!relay.is_on());
    }

    #[test]
    fn it_is_off_at_once_when_the_box_ends() {
        let mut relay = relay();
        relay.open(at(0));
        relay.close();
        assert_eq!((relay.is_on(), relay.poll_timeout()), (false, None));
        relay.handle_quiet(at(1));
        assert!(!relay.is_on());
    }

    #[test]
    fn other_times_count_from_the_next_sound_on() {
        let mut relay = relay();
        relay.open(at(0));
        relay.set_times(Duration::from_secs(1), Duration::from_secs(9));
        assert_eq!(relay.open(at(0)), at(200));
        relay.handle_quiet(at(1000));
        assert_eq!(relay.poll_timeout(), Some(at(10_000)));
        relay.handle_timeout(at(10_000));
        assert_eq!(relay.open(at(20_000)), at(21_000));
    }
}
