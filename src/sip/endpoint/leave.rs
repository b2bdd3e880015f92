//! The end of calls: hanging up, BYE both ways, requests that nobody answered (RFC 3261 §15).

use super::Endpoint;
use super::counters::count;
use super::event::EndReason;
use super::inbound::Inbound;
use crate::sip::call::CallKey;
use crate::sip::dialog::Dialog;
use crate::sip::path::Path;
use crate::sip::session::{Session, SessionTimer, State};
use crate::sip::transaction::{ClientKey, Lapsed, NewRequest, Owner};
use crate::sip::wire::{Method, Request, Response, StatusCode};
use crate::time::Instant;
use core::net::SocketAddr;

impl Endpoint {
    /// Ends a call in whatever way its state asks for: 480 or CANCEL before the answer, BYE after it.
    /// [`Event::Ended`](super::Event::Ended) comes when the peer knows, or has not answered for 32 s.
    pub fn hang_up(&mut self, now: Instant, call: CallKey) {
        let Some(session) = self.sessions.get_mut(&call) else {
            return;
        };
        match &mut session.state {
            State::Incoming { .. } => {
                self.reject(now, call, StatusCode::TEMPORARILY_UNAVAILABLE, None);
                self.end(call, EndReason::LocalHangUp);
            }
            // §15: the callee must not send a BYE before the ACK.
            State::Answered { leave, .. } => *leave = true,
            State::Calling(_) => self.cancel(now, call),
            State::Confirmed { .. } => self.leave(now, call),
            State::Leaving => {}
        }
    }

    /// A BYE within a call, answered or not (§15.1.2).
    pub(super) fn on_bye(&mut self, now: Instant, call: CallKey, inbound: &Inbound) {
        self.respond_finally(now, inbound, StatusCode::OK);
        self.reject_reoffer(now, call, StatusCode::REQUEST_TERMINATED, None);
        match self.sessions.get(&call).map(|session| &session.state) {
            Some(State::Incoming { .. }) => self.terminate(now, call, EndReason::Cancelled),
            Some(State::Leaving) => self.end(call, EndReason::LocalHangUp),
            Some(_) => self.end(call, EndReason::RemoteHangUp),
            None => {}
        }
    }

    /// The answer to our BYE. Whatever it says, the call is over (§15.1.1).
    pub(super) fn on_bye_response(&mut self, now: Instant, call: CallKey, response: &Response) {
        if response.status.is_final() && !self.leave_again(now, call, response) {
            self.on_left(call);
        }
    }

    /// A request of ours that nobody answered: as if 408 had come (§8.1.3.1).
    pub(super) fn on_lapsed(&mut self, now: Instant, lapsed: Lapsed) {
        let status = StatusCode::REQUEST_TIMEOUT;
        match lapsed.owner {
            Owner::Call(call) if lapsed.is_invite => self.on_unanswered(call, status, status.reason()),
            Owner::Call(call) => self.on_left(call),
            Owner::Refresh(call) if lapsed.is_guess => self.on_refresh_unsent(now, call),
            Owner::Refresh(call) => self.on_refresh_refused(now, call, status),
            Owner::Account(account, cseq) => self.on_no_answer(now, account, cseq),
        }
    }

    /// The connection whose far end is `far` is no more, or could not be opened. A request that went over it and has got
    /// no response is lost: as if 503 had come (§8.1.3.1), unless it may go over UDP. Calls go on, over another one.
    pub fn handle_broken(&mut self, now: Instant, far: SocketAddr) {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        for lost in self.clients.on_broken(now, far, &mut self.outbox) {
            match lost.owner {
                Owner::Call(call) if lost.is_invite => self.on_unanswered(call, status, "no connection"),
                Owner::Call(call) => self.on_left(call),
                Owner::Refresh(call) => self.on_refresh_unsent(now, call),
                Owner::Account(account, cseq) => self.on_no_connection(now, account, cseq),
            }
        }
        self.on_disconnected(now, far);
    }

    /// Sends the BYE of a confirmed call and waits for its answer.
    pub(super) fn leave(&mut self, now: Instant, call: CallKey) {
        self.reject_reoffer(now, call, StatusCode::REQUEST_TERMINATED, None);
        let Some(session) = self.sessions.get_mut(&call) else {
            return;
        };
        session.state = State::Leaving;
        // Nobody waits for the ACK of a changed call any more.
        self.timers.stop((call, SessionTimer::Repeat));
        self.timers.stop((call, SessionTimer::NoAck));
        self.timers.stop((call, SessionTimer::Refresh));
        self.timers.stop((call, SessionTimer::Expire));
        self.send_last_bye(now, call);
    }

    /// Sends the BYE of a call, or sends it again.
    pub(super) fn send_last_bye(&mut self, now: Instant, call: CallKey) {
        self.send_bye_of(now, call, Some(call));
    }

    /// Sends the BYE of a call and forgets about its answer.
    pub(super) fn abandon(&mut self, now: Instant, call: CallKey) {
        self.send_bye_of(now, call, None);
    }

    /// Sends the BYE of a dialog that belongs to no call.
    pub(super) fn send_stray_bye(&mut self, now: Instant, dialog: &mut Dialog, path: Path) {
        let bye = bye(dialog, path, ClientKey::draw(&mut self.tokens));
        self.open_bye(now, bye, None);
    }

    /// Sends the BYE of a call, with what it proves; `waiting` is who wants to know of its answer.
    fn send_bye_of(&mut self, now: Instant, call: CallKey, waiting: Option<CallKey>) {
        let client = ClientKey::draw(&mut self.tokens);
        let Some(Session { path, dialog: Some(dialog), proofs, .. }) = self.sessions.get_mut(&call) else {
            return;
        };
        let (client, path, mut request) = bye(dialog, *path, client);
        if let Some(proofs) = proofs {
            proofs.prove(&mut request);
        }
        self.open_bye(now, (client, path, request), waiting);
    }

    fn open_bye(&mut self, now: Instant, (client, path, request): Bye, waiting: Option<CallKey>) {
        let new = NewRequest { request, path, owner: waiting.map(Owner::Call) };
        if self.clients.open(now, client, new, &mut self.outbox).is_err() {
            count(&mut self.counters.unwritable);
            if let Some(call) = waiting {
                self.end(call, EndReason::Unwritable);
            }
        }
    }

    fn on_left(&mut self, call: CallKey) {
        if self.sessions.contains_key(&call) {
            self.end(call, EndReason::LocalHangUp);
        }
    }
}

/// The last request of a dialog, its transaction and its way.
type Bye = (ClientKey, Path, Request);

fn bye(dialog: &mut Dialog, path: Path, client: ClientKey) -> Bye {
    let path = dialog.next_hop(path);
    (client, path, dialog.request(Method::BYE, client.via(path)))
}
