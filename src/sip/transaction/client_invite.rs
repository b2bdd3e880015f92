//! The INVITE client transaction (RFC 3261 §17.1.1 with RFC 6026 §8.4).
//!
//! ```text
//!            INVITE
//!              v         1xx                       timer A: INVITE again
//!           Calling ───────────> Proceeding        timer B: timed out
//!     300-699 │  │ 2xx         2xx │  │ 300-699    in Completed: ACK, again for each repetition
//!             │  └────> Accepted <─┘  │            in Accepted: every 2xx goes to the user, who sends the ACK
//!             └───────> Completed <───┘            timers D and M: over
//! ```

use super::reaction::{Class, Deadline, Emit, End, Reaction};
use super::timing::{TIMER_A, TIMER_B, TIMER_D, TIMER_M, Transport, doubled};

/// The state of an INVITE sent by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientInvite {
    state: State,
    transport: Transport,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Calling { repeated: u8 },
    Proceeding,
    Completed,
    Accepted,
}

impl ClientInvite {
    /// Sends the INVITE.
    pub(crate) const fn start(transport: Transport) -> (Self, Reaction) {
        let reaction = Reaction::resend().expire_after(TIMER_B);
        let reaction = match transport {
            Transport::Unreliable => reaction.repeat_after(TIMER_A),
            Transport::Reliable => reaction,
        };
        (Self { state: State::Calling { repeated: 0 }, transport }, reaction)
    }

    /// A response has come.
    pub(crate) fn on_response(&mut self, class: Class) -> Reaction {
        match (self.state, class) {
            (State::Calling { .. } | State::Proceeding, _) => self.on_first(class),
            (State::Completed, Class::Failure) => Reaction { emit: Emit::Ack, ..Reaction::NONE },
            (State::Accepted, Class::Success) => Reaction::deliver(),
            (State::Completed | State::Accepted, _) => Reaction::NONE,
        }
    }

    fn on_first(&mut self, class: Class) -> Reaction {
        let reaction = Reaction::deliver().stop_repeating();
        match class {
            Class::Provisional => {
                self.state = State::Proceeding;
                Reaction { expire: Deadline::Stop, ..reaction }
            }
            Class::Success => {
                self.state = State::Accepted;
                reaction.expire_after(TIMER_M)
            }
            Class::Failure => {
                self.state = State::Completed;
                let reaction = reaction.expire_after(self.transport.linger(TIMER_D));
                Reaction { emit: Emit::Ack, ..reaction }
            }
        }
    }

    /// Whether no response has come.
    pub(crate) const fn is_unheard(self) -> bool {
        matches!(self.state, State::Calling { .. })
    }

    /// Timer A.
    pub(crate) fn on_repeat(&mut self) -> Reaction {
        let State::Calling { repeated } = self.state else {
            return Reaction::NONE;
        };
        let repeated = repeated.saturating_add(1);
        self.state = State::Calling { repeated };
        Reaction::resend().repeat_after(doubled(TIMER_A, repeated))
    }

    /// Timer B, D or M.
    pub(crate) const fn on_expire(self) -> Reaction {
        Reaction::end(match self.state {
            State::Calling { .. } | State::Proceeding => End::TimedOut,
            State::Completed | State::Accepted => End::Done,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    #[test]
    fn over_a_reliable_transport_nothing_goes_twice_and_nothing_lingers() {
        let (mut machine, reaction) = ClientInvite::start(Transport::Reliable);
        assert_eq!(reaction, Reaction::resend().expire_after(TIMER_B));
        let reaction = machine.on_response(Class::Failure);
        assert_eq!((reaction.emit, reaction.expire), (Emit::Ack, Deadline::After(Duration::ZERO)));
    }

    #[test]
    fn a_provisional_response_stops_timers_a_and_b() {
        let (mut machine, _) = ClientInvite::start(Transport::Unreliable);
        let reaction = machine.on_response(Class::Provisional);
        assert_eq!((reaction.repeat, reaction.expire), (Deadline::Stop, Deadline::Stop));
        assert_eq!(machine.on_repeat(), Reaction::NONE);
    }

    #[test]
    fn once_accepted_only_2xx_are_delivered() {
        let (mut machine, _) = ClientInvite::start(Transport::Unreliable);
        assert_eq!(machine.on_response(Class::Success).expire, Deadline::After(TIMER_M));
        assert_eq!(machine.on_response(Class::Success), Reaction::deliver());
        assert_eq!(machine.on_response(Class::Failure), Reaction::NONE);
        assert_eq!(machine.on_expire(), Reaction::end(End::Done));
    }
}
