//! The non-INVITE server transaction (RFC 3261 §17.2.2).
//!
//! ```text
//!          request
//!             v      1xx
//!          Trying ─────────> Proceeding      request again: the newest response again, if there is one
//!             │ 200-699          │
//!             └───> Completed <──┘           timer J: over
//! ```

use super::reaction::{Class, End, Reaction};
use super::timing::{TIMER_J, Transport};

/// The state of a BYE or another request received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ServerOther {
    state: State,
    transport: Transport,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Trying,
    Proceeding,
    Completed,
}

impl ServerOther {
    /// The request has come.
    pub(crate) const fn start(transport: Transport) -> Self {
        Self { state: State::Trying, transport }
    }

    /// The request has come again.
    pub(crate) const fn on_request(self) -> Reaction {
        match self.state {
            State::Trying => Reaction::NONE,
            State::Proceeding | State::Completed => Reaction::resend(),
        }
    }

    /// The user responds.
    pub(crate) fn on_respond(&mut self, class: Class) -> Reaction {
        match (self.state, class) {
            (State::Completed, _) => Reaction::NONE,
            (_, Class::Provisional) => {
                self.state = State::Proceeding;
                Reaction::resend()
            }
            (_, Class::Success | Class::Failure) => {
                self.state = State::Completed;
                Reaction::resend().expire_after(self.transport.linger(TIMER_J))
            }
        }
    }

    /// Timer J.
    pub(crate) const fn on_expire(self) -> Reaction {
        Reaction::end(match self.state {
            State::Trying | State::Proceeding => End::TimedOut,
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
    fn over_a_reliable_transport_nothing_lingers() {
        let mut machine = ServerOther::start(Transport::Reliable);
        assert_eq!(machine.on_respond(Class::Success).expire, Deadline::After(Duration::ZERO));
    }

    #[test]
    fn without_a_response_a_repetition_is_absorbed() {
        let mut machine = ServerOther::start(Transport::Unreliable);
        assert_eq!(machine.on_request(), Reaction::NONE);
        assert_eq!(machine.on_respond(Class::Provisional), Reaction::resend());
        assert_eq!(machine.on_request(), Reaction::resend());
    }

    #[test]
    fn only_one_final_response_goes() {
        let mut machine = ServerOther::start(Transport::Unreliable);
        assert_eq!(machine.on_respond(Class::Success).expire, Deadline::After(TIMER_J));
        assert_eq!(machine.on_respond(Class::Failure), Reaction::NONE);
        assert_eq!(machine.on_expire(), Reaction::end(End::Done));
    }
}
