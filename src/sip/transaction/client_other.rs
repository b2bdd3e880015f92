//! The non-INVITE client transaction (RFC 3261 §17.1.2).
//!
//! ```text
//!          request
//!             v      1xx
//!          Trying ─────────> Proceeding      timer E: request again (in Proceeding every T2)
//!             │ 200-699          │           timer F: timed out
//!             └───> Completed <──┘           timer K: over
//! ```

use super::reaction::{Class, End, Reaction};
use super::timing::{T2, TIMER_E, TIMER_F, TIMER_K, Transport, doubled_to_t2};

/// The state of a BYE or CANCEL sent by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientOther {
    state: State,
    transport: Transport,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Trying { repeated: u8 },
    Proceeding,
    Completed,
}

impl ClientOther {
    /// Sends the request.
    pub(crate) const fn start(transport: Transport) -> (Self, Reaction) {
        let reaction = Reaction::resend().expire_after(TIMER_F);
        let reaction = match transport {
            Transport::Unreliable => reaction.repeat_after(TIMER_E),
            Transport::Reliable => reaction,
        };
        (Self { state: State::Trying { repeated: 0 }, transport }, reaction)
    }

    /// A response has come.
    pub(crate) fn on_response(&mut self, class: Class) -> Reaction {
        match (self.state, class) {
            (State::Completed, _) => Reaction::NONE,
            (_, Class::Provisional) => {
                self.state = State::Proceeding;
                Reaction::deliver()
            }
            (_, Class::Success | Class::Failure) => {
                self.state = State::Completed;
                Reaction::deliver().stop_repeating().expire_after(self.transport.linger(TIMER_K))
            }
        }
    }

    /// Whether no response has come.
    pub(crate) const fn is_unheard(self) -> bool {
        matches!(self.state, State::Trying { .. })
    }

    /// Timer E.
    pub(crate) fn on_repeat(&mut self) -> Reaction {
        match self.state {
            State::Trying { repeated } => {
                let repeated = repeated.saturating_add(1);
                self.state = State::Trying { repeated };
                Reaction::resend().repeat_after(doubled_to_t2(TIMER_E, repeated))
            }
            State::Proceeding => Reaction::resend().repeat_after(T2),
            State::Completed => Reaction::NONE,
        }
    }

    /// Timer F or K.
    pub(crate) const fn on_expire(self) -> Reaction {
        Reaction::end(match self.state {
            State::Trying { .. } | State::Proceeding => End::TimedOut,
            State::Completed => End::Done,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::transaction::reaction::Deadline;
    use core::time::Duration;

    #[test]
    fn over_a_reliable_transport_nothing_goes_twice_and_nothing_lingers() {
        let (mut machine, reaction) = ClientOther::start(Transport::Reliable);
        assert_eq!(reaction, Reaction::resend().expire_after(TIMER_F));
        let reaction = machine.on_response(Class::Success);
        assert_eq!(reaction.expire, Deadline::After(Duration::ZERO));
    }

    #[test]
    fn a_final_response_is_delivered_once() {
        let (mut machine, _) = ClientOther::start(Transport::Unreliable);
        assert!(machine.on_response(Class::Provisional).deliver);
        assert!(machine.on_response(Class::Failure).deliver);
        assert_eq!(machine.on_response(Class::Failure), Reaction::NONE);
        assert_eq!(machine.on_repeat(), Reaction::NONE);
        assert_eq!(machine.on_expire(), Reaction::end(End::Done));
    }
}
