//! Calls made: INVITE, what becomes of it, CANCEL (RFC 3261 §9.1, §13.2).

use super::Endpoint;
use super::counters::count;
use super::event::{EndReason, Event};
use super::inbound::tag_text;
use super::retry::Proofs;
use crate::sip::call::CallKey;
use crate::sip::dialog::{Dialog, as_target};
use crate::sip::digest::Identity;
use crate::sip::path::Path;
use crate::sip::session::{Calling, Keeping, Session, SessionTimer, State};
use crate::sip::session_expires::TIMER;
use crate::sip::transaction::{Class, ClientKey, Heard, NewRequest, Owner, TIMER_H};
use crate::sip::wire::{
    CSeq, ContentType, Headers, Method, NameAddr, Request, Response, SipUri, StatusCode, Uri,
};
use crate::time::Instant;

/// A call to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// Whom to call.
    pub target: Uri,
    /// The way to go: from which address of ours to which of the target's (or its proxy's).
    pub path: Path,
    /// The offered session description.
    pub body: Vec<u8>,
    /// Who is calling, for those who want it proved.
    pub identity: Option<Identity>,
}

impl Invite {
    /// A call that proves nothing.
    #[must_use]
    pub const fn new(target: Uri, path: Path, body: Vec<u8>) -> Self {
        Self { target, path, body, identity: None }
    }
}

impl Endpoint {
    /// Makes a call. If there is no room for it, or it cannot be written, [`Event::Failed`] says so.
    pub fn invite(&mut self, now: Instant, invite: Invite) -> CallKey {
        let call = self.new_call();
        if self.sessions.len() >= self.config.limits.calls {
            self.fail(call, StatusCode::SERVICE_UNAVAILABLE, "too many calls");
            return call;
        }
        count(&mut self.counters.calls_out);
        let client = ClientKey::draw(&mut self.tokens);
        let path = invite.path;
        // Without a timer it is not needed again.
        let description = self.config.session_timer.map(|_| invite.body.clone());
        let keeping = Keeping::of_ours(description.unwrap_or_default());
        let proofs =
            invite.identity.clone().map(|identity| Box::new(Proofs::new(identity, self.tokens.draw())));
        let request = self.invite_request(client, invite);
        let new = NewRequest { request, path, owner: Some(Owner::Call(call)) };
        if self.clients.open(now, client, new, &mut self.outbox).is_err() {
            count(&mut self.counters.unwritable);
            self.fail(call, StatusCode::MESSAGE_TOO_LARGE, "the INVITE cannot be written");
            return call;
        }
        let calling =
            Calling { client, is_ringing: false, is_proceeding: false, is_cancelled: false, turns: 0 };
        let state = State::Calling(calling);
        self.sessions.insert(call, Session { path, state, dialog: None, keeping, proofs });
        call
    }

    /// Cancels a call that was not answered yet, at once or as soon as the peer has said anything.
    pub(super) fn cancel(&mut self, now: Instant, call: CallKey) {
        let Some(Session { state: State::Calling(calling), path, .. }) = self.sessions.get_mut(&call) else {
            return;
        };
        let (client, path) = (calling.client, *path);
        if core::mem::replace(&mut calling.is_cancelled, true) || !calling.is_proceeding {
            return self.clients.forget_detour(client);
        }
        self.send_cancel(now, call, client, path);
    }

    fn send_cancel(&mut self, now: Instant, call: CallKey, client: ClientKey, path: Path) {
        let Some(request) = self.clients.invite(client).map(Request::cancel) else {
            return;
        };
        // A large INVITE goes another way than it was meant to.
        let path = self.clients.path(client).unwrap_or(path);
        let new = NewRequest { request, path, owner: None };
        if self.clients.open(now, client.cancel(), new, &mut self.outbox).is_err() {
            count(&mut self.counters.unwritable);
        }
        self.timers.set((call, SessionTimer::NoFinal), now + TIMER_H);
    }

    /// A response to an INVITE of ours.
    pub(super) fn on_invite_response(
        &mut self,
        now: Instant,
        client: ClientKey,
        call: CallKey,
        response: &Response,
    ) {
        match Class::of(response.status.code()) {
            Class::Provisional => self.on_provisional(now, call, response.status),
            Class::Success => self.on_success(now, client, call, response),
            Class::Failure => self.on_failure(now, client, call, response),
        }
    }

    fn on_provisional(&mut self, now: Instant, call: CallKey, status: StatusCode) {
        let Some(Session { state: State::Calling(calling), path, .. }) = self.sessions.get_mut(&call) else {
            return;
        };
        let (client, path) = (calling.client, *path);
        let is_first = !core::mem::replace(&mut calling.is_proceeding, true);
        if calling.is_cancelled {
            if is_first {
                self.send_cancel(now, call, client, path);
            }
            return;
        }
        if status > StatusCode::TRYING && !core::mem::replace(&mut calling.is_ringing, true) {
            self.events.push_back(Event::Ringing { call });
        } else if is_first {
            self.events.push_back(Event::Trying { call });
        }
    }

    /// A 2xx: acknowledged each time it comes. The first from another peer than the one we talk to (a proxy has forked
    /// the INVITE), or after we hung up, is hung up on (RFC 3261 §13.2.2.4).
    fn on_success(&mut self, now: Instant, client: ClientKey, call: CallKey, response: &Response) {
        let Some(path) = self.clients.path(client) else {
            return;
        };
        let mut dialog = match self.clients.invite(client) {
            Some(invite) => Dialog::as_caller(invite, response),
            None => Dialog::of_response(response),
        };
        let tag = response.headers.to.tag().unwrap_or_default();
        let heard = self.clients.hear(client, tag);
        if heard == Heard::TooMany {
            return count(&mut self.counters.unmatched);
        }
        if let Some(proofs) = self.sessions.get_mut(&call).and_then(|session| session.proofs.as_mut()) {
            proofs.accept(response);
        }
        self.acknowledge(call, &dialog, path);
        if heard == Heard::Again {
            return count(&mut self.counters.repeated);
        }
        match self.sessions.get(&call).map(|session| &session.state) {
            Some(State::Calling(_)) => self.on_answered(now, call, dialog, response),
            _ => self.send_stray_bye(now, &mut dialog, path),
        }
    }

    fn acknowledge(&mut self, call: CallKey, dialog: &Dialog, path: Path) {
        let next = dialog.next_hop(path);
        let mut ack = dialog.ack(ClientKey::draw(&mut self.tokens).via(next));
        if let Some(proofs) = self.sessions.get(&call).and_then(|session| session.proofs.as_ref()) {
            proofs.repeat(&mut ack);
        }
        match ack.to_bytes() {
            Ok(bytes) => self.outbox.push(next, &bytes),
            Err(_) => count(&mut self.counters.unwritable),
        }
    }

    fn on_answered(&mut self, now: Instant, call: CallKey, dialog: Dialog, response: &Response) {
        let Some(session) = self.sessions.get_mut(&call) else {
            return;
        };
        self.timers.stop((call, SessionTimer::NoFinal));
        self.dialogs.insert(dialog.key(&self.tokens), call);
        session.dialog = Some(dialog);
        let state = core::mem::replace(&mut session.state, Session::CONFIRMED);
        if matches!(state, State::Calling(Calling { is_cancelled: true, .. })) {
            return self.leave(now, call);
        }
        self.keep_as_caller(now, call, &response.headers);
        self.events.push_back(Event::Answered { call, body: response.body.clone() });
    }

    fn on_failure(&mut self, now: Instant, client: ClientKey, call: CallKey, response: &Response) {
        let invite = self.clients.take_refused(client);
        if !invite.is_some_and(|invite| self.try_again(now, call, *invite, response)) {
            self.on_unanswered(call, response.status, &response.reason);
        }
    }

    /// An INVITE of ours ends without a 2xx.
    pub(super) fn on_unanswered(&mut self, call: CallKey, status: StatusCode, reason: &str) {
        match self.sessions.get(&call).map(|session| &session.state) {
            Some(State::Calling(Calling { is_cancelled: true, .. })) => {
                self.end(call, EndReason::LocalHangUp);
            }
            Some(State::Calling(_)) => {
                self.remove(call);
                self.fail(call, status, reason);
            }
            _ => {}
        }
    }

    /// A cancelled INVITE got no final response: it is taken for cancelled (RFC 3261 §9.1).
    pub(super) fn on_no_final(&mut self, call: CallKey) {
        if let Some(Session { state: State::Calling(calling), .. }) = self.sessions.get(&call) {
            self.clients.close(calling.client);
            self.end(call, EndReason::LocalHangUp);
        }
    }

    fn fail(&mut self, call: CallKey, status: StatusCode, reason: &str) {
        self.events.push_back(Event::Failed { call, status, reason: reason.to_owned() });
    }

    fn invite_request(&mut self, client: ClientKey, invite: Invite) -> Request {
        let contact = self.contact(invite.path);
        let from = NameAddr::new(SipUri::at(invite.path.known_as).with_user(&self.config.user).into())
            .with_display(&self.config.display_name);
        let from = from.with_tag(&tag_text(self.tokens.draw()));
        let target = as_target(&invite.target);
        let to = NameAddr::new(target.clone());
        let call_id = tag_text(self.tokens.draw()) + &tag_text(self.tokens.draw());
        let headers = Headers::new(client.via(invite.path), from, to, &call_id, CSeq::new(1, Method::INVITE));
        let mut request = Request::new(target, headers).with_contact(contact);
        request = request.with_header("Allow", super::admission::ALLOW);
        if self.config.session_timer.is_some() {
            request = request.with_header("Supported", TIMER);
        }
        if !self.config.user_agent.is_empty() {
            request = request.with_header("User-Agent", &self.config.user_agent);
        }
        if invite.body.is_empty() { request } else { request.with_body(ContentType::sdp(), invite.body) }
    }
}
