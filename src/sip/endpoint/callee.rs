//! Calls received: INVITE, its answers, CANCEL, ACK (RFC 3261 §9.2, §13.3).

use super::Endpoint;
use super::admission::Refusal;
use super::counters::count;
use super::event::{EndReason, Event, Stranger};
use super::inbound::Inbound;
use super::refresh::timed;
use crate::sip::call::CallKey;
use crate::sip::dialog::{Dialog, DialogKey};
use crate::sip::path::{Path, Transmit};
use crate::sip::session::{Keeping, Session, SessionTimer, State, Unacknowledged};
use crate::sip::transaction::{Answer, Class, MergeKey, NewInvite, ServerKey, T1, TIMER_H, doubled_to_t2};
use crate::sip::wire::{ContentType, Request, Response, StatusCode};
use crate::time::Instant;
use core::time::Duration;

impl Endpoint {
    /// Tells the caller that someone will answer: 180; or again what he was told with a session description. Does nothing
    /// unless the call is incoming and unanswered.
    pub fn ring(&mut self, now: Instant, call: CallKey) {
        let Some(Session { state: State::Incoming { early, .. }, .. }) = self.sessions.get(&call) else {
            return;
        };
        let (status, early) = match early.as_slice() {
            [] => (StatusCode::RINGING, Vec::new()),
            early => (StatusCode::SESSION_PROGRESS, early.to_vec()),
        };
        let Some((server, mut response)) = self.response(call, status) else { return };
        if !early.is_empty() {
            response = response.with_body(ContentType::sdp(), early);
        }
        self.respond(now, server, &response);
        self.timers.set((call, SessionTimer::Ring), now + RING_AGAIN_AFTER);
    }

    /// Lets the caller hear something before the answer: 183 with `body`, the session description that the answer to his offer
    /// will hold as well (RFC 3261 §13.2.1, RFC 3960 §3.2). Does nothing unless the call is incoming and unanswered.
    pub fn progress(&mut self, now: Instant, call: CallKey, body: Vec<u8>) {
        let session = self.sessions.get_mut(&call);
        if let Some(Session { state: State::Incoming { early, .. }, .. }) = session {
            *early = body;
            self.ring(now, call);
        }
    }

    /// Answers with 200 and `body`, a session description. Does nothing unless the call is incoming and unanswered.
    pub fn answer(&mut self, now: Instant, call: CallKey, body: Vec<u8>) {
        let Some(Session { path, state: State::Incoming { server, invite, .. }, .. }) =
            self.sessions.get(&call)
        else {
            return;
        };
        let (path, server, invite) = (*path, *server, invite.clone());
        self.timers.stop((call, SessionTimer::Ring));
        let Some(unacknowledged) =
            self.accept(now, Acceptance { call, server, request: &invite, path, body })
        else {
            self.reject(now, call, StatusCode::SERVER_INTERNAL_ERROR, None);
            return self.events.push_back(Event::Ended { call, reason: EndReason::Unwritable });
        };
        if let Some(session) = self.sessions.get_mut(&call) {
            session.state = State::Answered { unacknowledged, leave: false };
        }
    }

    /// Refuses the call with a final status from 300 on; `warning` tells people why. The call is no more, and no event
    /// will say so. Does nothing unless the call is incoming and unanswered.
    pub fn reject(&mut self, now: Instant, call: CallKey, status: StatusCode, warning: Option<&Warning>) {
        let status = if status.code() < 300 { StatusCode::SERVER_INTERNAL_ERROR } else { status };
        let Some((server, mut response)) = self.response(call, status) else {
            return;
        };
        if let (Some(warning), Some(session)) = (warning, self.sessions.get(&call)) {
            response = response.with_header("Warning", &warning.value(session.path));
        }
        self.respond(now, server, &response);
        self.remove(call);
    }

    /// An INVITE outside of any dialog.
    pub(super) fn on_invite(&mut self, now: Instant, inbound: Inbound) {
        let dialog = Dialog::as_callee(&inbound.request, &self.tag(inbound.key));
        let name = dialog.key(&self.tokens);
        if let Err(refusal) = self.admit(&inbound.request, name) {
            return self.refuse(&inbound, &refusal);
        }
        count(&mut self.counters.calls_in);
        let call = self.new_call();
        self.open_invite(now, call, &inbound);
        self.dialogs.insert(name, call);
        let from = self.named(&inbound);
        let Inbound { request, path, key: server, .. } = inbound;
        self.events.push_back(Event::Incoming {
            call,
            from,
            to: Box::new(request.uri.clone()),
            path,
            call_id: request.headers.call_id.clone(),
            offer: request.body.clone(),
        });
        let keeping = Keeping::of_theirs(&request.headers);
        let state = State::Incoming { server, invite: Box::new(request), early: Vec::new() };
        self.sessions.insert(call, Session { path, state, dialog: Some(dialog), keeping, proofs: None });
    }

    /// CANCEL: ends a call that has not been answered; otherwise it comes too late (RFC 3261 §9.2).
    pub(super) fn on_cancel(&mut self, now: Instant, inbound: &Inbound) {
        let invite = ServerKey::of_invite(&inbound.request, &self.tokens);
        if !self.servers.knows(invite) {
            if self.is_stranger(inbound.path) {
                return self.turn_away(now, inbound, Stranger::Source);
            }
            return self.refuse(inbound, &Refusal::new(StatusCode::CALL_DOES_NOT_EXIST));
        }
        // §9.2: the To tag of the answer is that of the answers to the INVITE.
        let tag = self.tag(invite);
        let response = Response::to_request(&inbound.request, StatusCode::OK).with_to_tag(&tag);
        if let Some(bytes) = self.written(&response) {
            self.outbox.push(inbound.reply, &bytes);
        }
        let Some(call) = self.servers.call(invite) else {
            return;
        };
        match self.sessions.get(&call) {
            Some(Session { state: State::Incoming { server, .. }, .. }) if *server == invite => {
                self.terminate(now, call, EndReason::Cancelled);
            }
            Some(session) if session.asked().is_some_and(|asked| asked.server == invite) => {
                self.reject_reoffer(now, call, StatusCode::REQUEST_TERMINATED, None);
            }
            _ => {}
        }
    }

    /// Ends an unanswered call by 487.
    pub(super) fn terminate(&mut self, now: Instant, call: CallKey, reason: EndReason) {
        self.reject(now, call, StatusCode::REQUEST_TERMINATED, None);
        self.events.push_back(Event::Ended { call, reason });
    }

    /// ACK: of a refusal, or of the answer to an INVITE.
    pub(super) fn on_ack(&mut self, now: Instant, inbound: &Inbound) {
        if self.servers.on_ack(now, inbound.key, &mut self.outbox) {
            return;
        }
        let dialog = DialogKey::of(&inbound.request, &self.tokens);
        let call = dialog.and_then(|dialog| self.dialogs.get(&dialog)).copied();
        let cseq = inbound.request.headers.cseq.number;
        match call {
            Some(call) if self.is_awaited(call, cseq) => self.on_confirmed(now, call, &inbound.request),
            _ => count(&mut self.counters.stray_acks),
        }
    }

    fn is_awaited(&mut self, call: CallKey, cseq: u32) -> bool {
        let unacknowledged = self.sessions.get_mut(&call).and_then(Session::unacknowledged_mut);
        unacknowledged.is_some_and(|unacknowledged| unacknowledged.cseq == cseq)
    }

    fn on_confirmed(&mut self, now: Instant, call: CallKey, ack: &Request) {
        let Some(session) = self.sessions.get_mut(&call) else {
            return;
        };
        self.timers.stop((call, SessionTimer::Repeat));
        self.timers.stop((call, SessionTimer::NoAck));
        let state = core::mem::replace(&mut session.state, Session::CONFIRMED);
        if matches!(state, State::Answered { leave: true, .. }) {
            return self.leave(now, call);
        }
        self.events.push_back(Event::Confirmed { call, body: ack.body.clone() });
    }

    /// The 200 goes again (RFC 3261 §13.3.1.4).
    pub(super) fn repeat_answer(&mut self, now: Instant, call: CallKey) {
        let unacknowledged = self.sessions.get_mut(&call).and_then(Session::unacknowledged_mut);
        let Some(unacknowledged) = unacknowledged else {
            return;
        };
        unacknowledged.repeated = unacknowledged.repeated.saturating_add(1);
        let again_at = now + doubled_to_t2(T1, unacknowledged.repeated);
        let Transmit { path, bytes } = &unacknowledged.ok;
        self.outbox.push(*path, bytes);
        self.timers.set((call, SessionTimer::Repeat), again_at);
    }

    /// The ACK did not come (RFC 3261 §13.3.1.4).
    pub(super) fn on_no_ack(&mut self, now: Instant, call: CallKey) {
        self.abandon(now, call);
        self.end(call, EndReason::NoAck);
    }

    /// Whether a new call may come in.
    fn admit(&self, invite: &Request, dialog: DialogKey) -> Result<(), Refusal> {
        let is_merged = MergeKey::of(invite, &self.tokens).is_some_and(|merge| self.servers.is_merged(merge));
        // An INVITE that made a call long ago and comes again, delayed or replayed, would make the same dialog.
        if is_merged || self.dialogs.contains_key(&dialog) {
            return Err(Refusal::new(StatusCode::LOOP_DETECTED));
        }
        self.availability()
    }

    /// Opens the transaction of an INVITE, which gets a 100 if nothing else is sent soon.
    pub(super) fn open_invite(&mut self, now: Instant, call: CallKey, inbound: &Inbound) {
        let trying = Response::to_request(&inbound.request, StatusCode::TRYING);
        let trying = self.written(&trying).unwrap_or_default();
        let merge = MergeKey::of(&inbound.request, &self.tokens);
        let invite = NewInvite { path: inbound.reply, call, merge, trying };
        self.servers.open_invite(now, inbound.key, invite, &mut self.outbox);
    }

    /// Sends a 200 to INVITE and sees to it that it is repeated; `None` if it cannot be written.
    pub(super) fn accept(&mut self, now: Instant, acceptance: Acceptance<'_>) -> Option<Unacknowledged> {
        let call = acceptance.call;
        let cseq = acceptance.request.headers.cseq.number;
        let ok = self.send_ok(now, acceptance)?;
        self.timers.set((call, SessionTimer::Repeat), now + T1);
        self.timers.set((call, SessionTimer::NoAck), now + TIMER_H);
        Some(Unacknowledged { cseq, ok, repeated: 0 })
    }

    /// Sends a 200 that introduces us, and gives what was sent; `None` if it cannot be written.
    pub(super) fn send_ok(&mut self, now: Instant, acceptance: Acceptance<'_>) -> Option<Transmit> {
        let Acceptance { call, server, request, path, body } = acceptance;
        let agreed = self.agreed(call, request);
        let response = Response::to_request(request, StatusCode::OK).with_to_tag(&self.tag(server));
        let mut response = timed(self.introduced(response, path), agreed);
        if !body.is_empty() {
            response = response.with_body(ContentType::sdp(), body);
        }
        let bytes = self.written(&response)?;
        let answer = Answer { class: Class::Success, bytes: bytes.clone() };
        let path = self.servers.respond(now, server, answer, &mut self.outbox)?;
        if let Some(agreed) = agreed {
            self.keep_as_callee(now, call, agreed, (&request.headers, response.body));
        }
        Some(Transmit { path, bytes })
    }

    /// A response to the INVITE of an unanswered call, and its transaction.
    fn response(&self, call: CallKey, status: StatusCode) -> Option<(ServerKey, Response)> {
        let session = self.sessions.get(&call)?;
        let State::Incoming { server, invite, .. } = &session.state else {
            return None;
        };
        let response = Response::to_request(invite, status).with_to_tag(&self.tag(*server));
        let response =
            if status.is_provisional() { self.introduced(response, session.path) } else { response };
        Some((*server, response))
    }

    /// Sends a response in its transaction.
    pub(super) fn respond(&mut self, now: Instant, server: ServerKey, response: &Response) {
        if let Some(bytes) = self.written(response) {
            let answer = Answer { class: Class::of(response.status.code()), bytes };
            self.servers.respond(now, server, answer, &mut self.outbox);
        }
    }
}

/// What a 200 with a session description is made from.
pub(super) struct Acceptance<'a> {
    pub(super) call: CallKey,
    pub(super) server: ServerKey,
    pub(super) request: &'a Request,
    pub(super) path: Path,
    pub(super) body: Vec<u8>,
}

/// What goes into a Warning header (RFC 3261 §20.43).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The warn-code, for machines: 300 to 399.
    pub code: u16,
    /// The sentence, for people.
    pub text: String,
}

impl Warning {
    /// The value of the header; what would end the quoted text is left out.
    pub(super) fn value(&self, path: Path) -> String {
        let text: String = self.text.chars().filter(|&c| !c.is_control() && c != '"' && c != '\\').collect();
        format!("{:03} {} \"{text}\"", self.code.clamp(300, 399), path.known_as)
    }
}

/// How often a 180 is repeated (RFC 3261 §13.3.1.1).
const RING_AGAIN_AFTER: Duration = Duration::from_mins(1);
