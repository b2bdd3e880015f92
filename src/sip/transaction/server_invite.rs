//! The INVITE server transaction (RFC 3261 §17.2.1 with RFC 6026 §8.5).
//!
//! ```text
//!            INVITE
//!              v                             after 200 ms without a response: 100
//!          Proceeding                        INVITE again: the newest response again
//!     300-699 │   │ 2xx                      timer G: the response again; timer H: no ACK came
//!        Completed  Accepted
//!     ACK    │
//!        Confirmed
//! ```
//!
//! In Accepted and Confirmed it sends nothing by itself any more, and is over as far as this file is concerned: see
//! [`LastState`]. The 2xx is repeated by whoever gave it (RFC 3261 §13.3.1.4).

use super::lingering::LastState;
use super::reaction::{Class, End, Reaction};
use super::timing::{TIMER_G, TIMER_H, TRYING_AFTER, Transport, doubled_to_t2};

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
}

impl ServerInvite {
    /// The INVITE has come; the newest response to begin with is a 100.
    pub(crate) const fn start(transport: Transport) -> (Self, Reaction) {
        (Self { state: State::Proceeding, transport }, Reaction::NONE.repeat_after(TRYING_AFTER))
    }

    /// The INVITE has come again.
    pub(crate) const fn on_request() -> Reaction {
        Reaction::resend()
    }

    /// The user responds.
    pub(crate) fn on_respond(&mut self, class: Class) -> Reaction {
        match (self.state, class) {
            (State::Proceeding, Class::Provisional) => Reaction::resend().stop_repeating(),
            (State::Proceeding, Class::Success) => {
                Reaction::resend().and_end(End::Lingers(LastState::Accepted))
            }
            (State::Proceeding, Class::Failure) => {
                self.state = State::Completed { repeated: 0 };
                let reaction = Reaction::resend().expire_after(TIMER_H);
                match self.transport {
                    Transport::Unreliable => reaction.repeat_after(TIMER_G),
                    Transport::Reliable => reaction.stop_repeating(),
                }
            }
            (State::Completed { .. }, _) => Reaction::NONE,
        }
    }

    /// The ACK has come.
    pub(crate) const fn on_ack(self) -> Reaction {
        match (self.state, self.transport) {
            (State::Completed { .. }, Transport::Unreliable) => {
                Reaction::end(End::Lingers(LastState::Confirmed))
            }
            (State::Completed { .. }, Transport::Reliable) => Reaction::end(End::Done),
            (State::Proceeding, _) => Reaction::NONE,
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
        }
    }

    /// Timer H.
    pub(crate) const fn on_expire() -> Reaction {
        Reaction::end(End::TimedOut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::transaction::reaction::Deadline;

    #[test]
    fn over_a_reliable_transport_a_refusal_goes_once_but_its_ack_is_awaited() {
        let (mut machine, _) = ServerInvite::start(Transport::Reliable);
        let reaction = machine.on_respond(Class::Failure);
        assert_eq!((reaction.repeat, reaction.expire), (Deadline::Stop, Deadline::After(TIMER_H)));
        assert_eq!(machine.on_ack(), Reaction::end(End::Done));
    }

    #[test]
    fn once_accepted_it_repeats_nothing_by_itself() {
        let (mut machine, _) = ServerInvite::start(Transport::Unreliable);
        let reaction = machine.on_respond(Class::Success);
        assert_eq!(reaction, Reaction::resend().and_end(End::Lingers(LastState::Accepted)));
    }

    #[test]
    fn once_refused_nothing_else_is_sent_and_the_ack_ends_the_repetitions() {
        let (mut machine, _) = ServerInvite::start(Transport::Unreliable);
        let _ = machine.on_respond(Class::Failure);
        assert_eq!(machine.on_respond(Class::Success), Reaction::NONE);
        assert_eq!(machine.on_ack(), Reaction::end(End::Lingers(LastState::Confirmed)));
    }

    #[test]
    fn an_ack_before_the_answer_is_absorbed() {
        let (machine, _) = ServerInvite::start(Transport::Unreliable);
        assert_eq!(machine.on_ack(), Reaction::NONE);
    }
}
