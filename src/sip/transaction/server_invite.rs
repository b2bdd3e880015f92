//! The INVITE server transaction (RFC 3261 §17.2.1 with RFC 6026 §8.5).
//!
//! ```text
//!            INVITE
//!              v                             after 200 ms without a response: 100
//!          Proceeding                        INVITE again: the newest response again
//!     300-699 │   │ 2xx                      timer G: the response again; timer H: no ACK came
//!        Completed  Accepted                 in Accepted: INVITE again is absorbed, ACK and 2xx pass through
//!     ACK    │                               timers I and L: over
//!        Confirmed
//! ```

use super::reaction::{Class, End, Reaction};
use super::timing::{TIMER_G, TIMER_H, TIMER_I, TIMER_L, TRYING_AFTER, Transport, doubled_to_t2};

/// The state of an INVITE received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ServerInvite {
    state: State,
    transport: Transport,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Proceeding,
    Completed { repeated: u8 },
    Confirmed,
    Accepted,
}

impl ServerInvite {
    /// The INVITE has come; the newest response to begin with is a 100.
    pub(crate) const fn start(transport: Transport) -> (Self, Reaction) {
        (Self { state: State::Proceeding, transport }, Reaction::NONE.repeat_after(TRYING_AFTER))
    }

    /// The INVITE has come again.
    pub(crate) const fn on_request(self) -> Reaction {
        match self.state {
            State::Proceeding | State::Completed { .. } => Reaction::resend(),
            State::Confirmed | State::Accepted => Reaction::NONE,
        }
    }

    /// The user responds.
    pub(crate) fn on_respond(&mut self, class: Class) -> Reaction {
        match (self.state, class) {
            (State::Proceeding, Class::Provisional) => Reaction::resend().stop_repeating(),
            (State::Proceeding, Class::Success) => {
                self.state = State::Accepted;
                Reaction::resend().stop_repeating().expire_after(TIMER_L)
            }
            (State::Proceeding, Class::Failure) => {
                self.state = State::Completed { repeated: 0 };
                let reaction = Reaction::resend().expire_after(TIMER_H);
                match self.transport {
                    Transport::Unreliable => reaction.repeat_after(TIMER_G),
                    Transport::Reliable => reaction.stop_repeating(),
                }
            }
            (State::Accepted, Class::Success) => Reaction::resend(),
            (State::Accepted | State::Completed { .. } | State::Confirmed, _) => Reaction::NONE,
        }
    }

    /// The ACK has come.
    pub(crate) fn on_ack(&mut self) -> Reaction {
        match self.state {
            State::Completed { .. } => {
                self.state = State::Confirmed;
                Reaction::NONE.stop_repeating().expire_after(self.transport.linger(TIMER_I))
            }
            State::Accepted => Reaction::deliver(),
            State::Proceeding | State::Confirmed => Reaction::NONE,
        }
    }

    /// Timer G, or the time for a 100.
    pub(crate) fn on_repeat(&mut self) -> Reaction {
        match self.state {
            State::Proceeding => Reaction::resend(),
            State::Completed { repeated } => {
                let repeated = repeated.saturating_add(1);
                self.state = State::Completed { repeated };
                Reaction::resend().repeat_after(doubled_to_t2(TIMER_G, repeated))
            }
            State::Confirmed | State::Accepted => Reaction::NONE,
        }
    }

    /// Timer H, I or L.
    pub(crate) const fn on_expire(self) -> Reaction {
        Reaction::end(match self.state {
            State::Completed { .. } | State::Proceeding => End::TimedOut,
            State::Confirmed | State::Accepted => End::Done,
        })
    }

    /// Whether the newest response may have to be sent again.
    pub(crate) const fn repeats(self) -> bool {
        matches!(self.state, State::Proceeding | State::Completed { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::transaction::reaction::Deadline;
    use core::time::Duration;

    #[test]
    fn over_a_reliable_transport_a_refusal_goes_once_but_its_ack_is_awaited() {
        let (mut machine, _) = ServerInvite::start(Transport::Reliable);
        let reaction = machine.on_respond(Class::Failure);
        assert_eq!((reaction.repeat, reaction.expire), (Deadline::Stop, Deadline::After(TIMER_H)));
        assert_eq!(machine.on_ack().expire, Deadline::After(Duration::ZERO));
    }

    #[test]
    fn once_accepted_it_repeats_nothing_by_itself() {
        let (mut machine, _) = ServerInvite::start(Transport::Unreliable);
        assert_eq!(machine.on_respond(Class::Success).expire, Deadline::After(TIMER_L));
        assert!(!machine.repeats());
        assert_eq!(machine.on_request(), Reaction::NONE);
        assert_eq!(machine.on_ack(), Reaction::deliver());
        assert_eq!(machine.on_respond(Class::Success), Reaction::resend());
        assert_eq!(machine.on_respond(Class::Failure), Reaction::NONE);
    }

    #[test]
    fn a_refusal_without_an_ack_times_out() {
        let (mut machine, _) = ServerInvite::start(Transport::Unreliable);
        let _ = machine.on_respond(Class::Failure);
        assert_eq!(machine.on_expire(), Reaction::end(End::TimedOut));
    }
}
