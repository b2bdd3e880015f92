//! Requests within a call that change it: INVITE and UPDATE (RFC 3261 §12.2.2, §14.2; RFC 3311).
//!
//! ```text
//!  INVITE or UPDATE ──> Reoffered ──> accept_reoffer ──> 200 (INVITE: until its ACK, which is Confirmed)
//!                                └──> reject_reoffer ──> 488, and all stays as it was
//! ```
//!
//! One at a time: while one waits for our answer the next gets 500 with Retry-After, while our answer waits for its ACK,
//! or an INVITE of ours for its answer, it gets 491. An UPDATE without a body changes nothing but where the peer is, and is
//! answered at once. We offer nothing new ourselves; what keeps a call alive is in `refresh`.

use super::admission::Refusal;
use super::callee::Acceptance;
use super::event::Event;
use super::inbound::Inbound;
use super::{Endpoint, Warning};
use crate::sip::call::CallKey;
use crate::sip::session::{Asked, Reoffer, Session, State};
use crate::sip::wire::{Method, Response, StatusCode};
use crate::time::Instant;

impl Endpoint {
    /// Answers an [`Event::Reoffered`] with 200 and `body`: the answer to its offer, or our offer if it had none; the
    /// answer to that comes with [`Event::Confirmed`]. Does nothing unless such an answer is due. If it cannot be
    /// written, the peer gets 500 and the call stays as it was.
    pub fn accept_reoffer(&mut self, now: Instant, call: CallKey, body: Vec<u8>) {
        let Some(asked) = self.sessions.get_mut(&call).and_then(Session::take_asked) else {
            return;
        };
        let Asked { server, ref request, path } = *asked;
        let acceptance = Acceptance { call, server, request, path, body };
        let reoffer = if asked.is_invite() {
            self.accept(now, acceptance).map(|unacknowledged| Some(Reoffer::Answered(unacknowledged)))
        } else {
            self.send_ok(now, acceptance).map(|_| None)
        };
        let Some(reoffer) = reoffer else {
            return self.respond_to(now, &asked, StatusCode::SERVER_INTERNAL_ERROR, None);
        };
        if let Some(session) = self.sessions.get_mut(&call) {
            session.refresh(&asked);
            session.state = State::Confirmed { reoffer };
        }
    }

    /// Refuses an [`Event::Reoffered`] with a final status from 300 on, mostly 488; `warning` tells people why. The call
    /// stays as it was. Does nothing unless such an answer is due.
    pub fn reject_reoffer(
        &mut self,
        now: Instant,
        call: CallKey,
        status: StatusCode,
        warning: Option<&Warning>,
    ) {
        let status = if status.code() < 300 { StatusCode::SERVER_INTERNAL_ERROR } else { status };
        if let Some(asked) = self.sessions.get_mut(&call).and_then(Session::take_asked) {
            self.respond_to(now, &asked, status, warning);
        }
    }

    /// An INVITE or UPDATE within a call.
    pub(super) fn on_reoffer(&mut self, now: Instant, call: CallKey, inbound: &Inbound) {
        let is_update = inbound.request.method == Method::UPDATE;
        let outcome = if is_update && inbound.request.body.is_empty() {
            self.check_told(call).map(|()| self.on_refresh(now, call, inbound))
        } else {
            self.check_turn(call).map(|()| self.ask(now, call, inbound))
        };
        if let Err(refusal) = outcome {
            self.refuse(inbound, &refusal);
        }
    }

    fn ask(&mut self, now: Instant, call: CallKey, inbound: &Inbound) {
        let &Inbound { ref request, path, reply, key: server } = inbound;
        if request.method == Method::INVITE {
            self.open_invite(now, call, inbound);
        } else {
            self.servers.open_other(server, reply);
        }
        self.events.push_back(Event::Reoffered { call, offer: request.body.clone() });
        let asked = Box::new(Asked { server, request: request.clone(), path });
        if let Some(session) = self.sessions.get_mut(&call) {
            session.state = State::Confirmed { reoffer: Some(Reoffer::Asked(asked)) };
        }
    }

    /// Whether the session of a call may be changed now.
    fn check_turn(&self, call: CallKey) -> Result<(), Refusal> {
        match self.sessions.get(&call).map(|session| &session.state) {
            Some(State::Confirmed { .. }) if self.is_inviting(call) => {
                Err(Refusal::new(StatusCode::REQUEST_PENDING))
            }
            Some(State::Confirmed { reoffer: None }) => self.check_room(),
            Some(State::Incoming { .. } | State::Confirmed { reoffer: Some(Reoffer::Asked(_)) }) => {
                Err(Refusal::new(StatusCode::SERVER_INTERNAL_ERROR).with("Retry-After", RETRY_AFTER_S))
            }
            Some(State::Answered { .. } | State::Confirmed { .. } | State::Calling(_)) => {
                Err(Refusal::new(StatusCode::REQUEST_PENDING))
            }
            Some(State::Leaving) | None => Err(Refusal::new(StatusCode::CALL_DOES_NOT_EXIST)),
        }
    }

    /// Whether there is room for what a request within a call leaves behind.
    pub(super) fn check_room(&self) -> Result<(), Refusal> {
        if self.servers.is_full() || self.events.len() >= self.config.limits.events {
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE).with("Retry-After", RETRY_AFTER_S));
        }
        Ok(())
    }

    /// An UPDATE that offers nothing: the peer says where it is, or that it is there.
    fn on_refresh(&mut self, now: Instant, call: CallKey, inbound: &Inbound) {
        let &Inbound { ref request, path, reply, key: server } = inbound;
        self.servers.open_other(server, reply);
        let asked = Asked { server, request: request.clone(), path };
        if self.send_ok(now, Acceptance { call, server, request, path, body: Vec::new() }).is_none() {
            return self.respond_to(now, &asked, StatusCode::SERVER_INTERNAL_ERROR, None);
        }
        if let Some(session) = self.sessions.get_mut(&call) {
            session.refresh(&asked);
        }
    }

    fn respond_to(&mut self, now: Instant, asked: &Asked, status: StatusCode, warning: Option<&Warning>) {
        let mut response = Response::to_request(&asked.request, status).with_to_tag(&self.tag(asked.server));
        if let Some(warning) = warning {
            response = response.with_header("Warning", &warning.value(asked.path));
        }
        self.respond(now, asked.server, &response);
    }
}

/// When a peer may try again, in seconds (RFC 3261 §14.2: 0 to 10).
const RETRY_AFTER_S: &str = "2";
