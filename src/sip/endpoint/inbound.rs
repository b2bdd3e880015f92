//! Datagrams received: which are messages, which requests go where, and what is refused on the way.

use super::Endpoint;
use super::admission::{self, ACCEPT, Refusal};
use super::counters::count;
use super::event::{Event, Stranger};
use crate::sip::call::CallKey;
use crate::sip::dialog::{DEFAULT_PORT, DialogKey};
use crate::sip::path::Path;
use crate::sip::session::State;
use crate::sip::tokens::{Domain, Tokens};
use crate::sip::transaction::{Owner, Received, Seen, ServerKey};
use crate::sip::wire::{Message, Method, ParseError, Request, Response, StatusCode, Via};
use crate::time::Instant;
use core::net::SocketAddr;

/// A request on its way in.
#[derive(Debug)]
pub(super) struct Inbound {
    pub(super) request: Request,
    /// The way it came.
    pub(super) path: Path,
    /// The way its responses go.
    pub(super) reply: Path,
    /// The transaction it opens.
    pub(super) key: ServerKey,
}

impl Inbound {
    fn new(mut request: Request, path: Path, tokens: &Tokens) -> Self {
        if let Some(via) = request.headers.via.first_mut() {
            via.stamp(path.remote);
        }
        let reply = reply_path(request.headers.top_via(), path);
        let key = ServerKey::of(&request, tokens);
        Self { request, path, reply, key }
    }
}

impl Endpoint {
    /// Takes a datagram that came over `path`.
    pub fn handle_datagram(&mut self, now: Instant, path: Path, datagram: &[u8]) {
        count(&mut self.counters.received);
        if datagram.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
            return count(&mut self.counters.keep_alives);
        }
        match Message::parse(datagram) {
            Ok(Message::Response(response)) => self.on_response(now, &response),
            Ok(Message::Request(request)) if datagram.len() > MAX_REQUEST_BYTES => {
                let inbound = Inbound::new(request, path, &self.tokens);
                if self.is_stranger(path) {
                    return self.turn_away(now, &inbound, Stranger::Source);
                }
                self.refuse(&inbound, &Refusal::new(StatusCode::MESSAGE_TOO_LARGE));
            }
            Ok(Message::Request(request)) => self.on_request(now, request, path),
            Err(error) => self.on_malformed(now, error, path),
        }
    }

    fn on_malformed(&mut self, now: Instant, error: ParseError, path: Path) {
        count(&mut self.counters.malformed);
        let Some(mut reply) = error.reply else {
            return;
        };
        if self.is_stranger(path) && self.may_answer(now, path).is_none() {
            return;
        }
        reply.stamp(path.remote);
        let back = reply_path(reply.via.first(), path);
        let tag = tag_text(self.tokens.digest(&(Domain::Tag, reply.call_id())));
        match reply.to_bytes(&tag) {
            Ok(bytes) => self.outbox.push(back, &bytes),
            Err(_) => count(&mut self.counters.unwritable),
        }
    }

    fn on_response(&mut self, now: Instant, response: &Response) {
        match self.clients.on_response(now, response, &mut self.outbox) {
            Received::Unmatched => count(&mut self.counters.unmatched),
            Received::Absorbed => count(&mut self.counters.repeated),
            Received::Deliver(_, Some(Owner::Account(account, _))) => {
                self.on_register_response(now, account, response);
            }
            Received::Deliver(client, Some(Owner::Call(call))) => match response.headers.cseq.method {
                Method::INVITE => self.on_invite_response(now, client, call, response),
                Method::BYE => self.on_bye_response(now, call, response),
                _ => {}
            },
            Received::Deliver(client, Some(Owner::Refresh(call))) => {
                self.on_refresh_response(now, client, call, response);
            }
            Received::Deliver(_, None) => {}
        }
    }

    fn on_request(&mut self, now: Instant, request: Request, path: Path) {
        let inbound = Inbound::new(request, path, &self.tokens);
        self.servers.forget(now);
        match inbound.request.method {
            Method::ACK => self.on_ack(now, &inbound),
            Method::CANCEL => self.on_cancel(now, &inbound),
            _ => match self.servers.on_request(now, inbound.key, &mut self.outbox) {
                Seen::Never => self.on_new_request(now, inbound),
                Seen::Handled => count(&mut self.counters.repeated),
                Seen::Answered(status) => {
                    count(&mut self.counters.repeated);
                    self.respond_statelessly(&inbound, &Refusal::new(status));
                }
            },
        }
    }

    fn on_new_request(&mut self, now: Instant, inbound: Inbound) {
        let dialog = DialogKey::of(&inbound.request, &self.tokens);
        let call = dialog.and_then(|dialog| self.dialogs.get(&dialog)).copied();
        if call.is_none()
            && let Err(stranger) = self.check_stranger(now, &inbound)
        {
            return self.turn_away(now, &inbound, stranger);
        }
        let checked = admission::check(&inbound.request, self.extensions());
        if let Err(refusal) = checked.and_then(|()| self.check_interval(&inbound.request)) {
            return self.refuse(&inbound, &refusal);
        }
        match (call, &inbound.request.method) {
            (Some(call), _) => self.on_request_within(now, call, &inbound),
            (None, &Method::INVITE) if dialog.is_none() => match self.challenge(now, &inbound) {
                Some(refusal) => self.refuse(&inbound, &refusal),
                None => self.on_invite(now, inbound),
            },
            (None, &Method::OPTIONS) if dialog.is_none() => self.on_options(&inbound),
            (None, &Method::MESSAGE) if dialog.is_none() => {
                let proven = self.challenge(now, &inbound).map_or(Ok(()), Err);
                let outcome = proven.and_then(|()| self.availability()).and_then(|()| self.check_room());
                self.on_text(now, &inbound, outcome);
            }
            (None, _) => self.refuse(&inbound, &Refusal::new(StatusCode::CALL_DOES_NOT_EXIST)),
        }
    }

    fn on_request_within(&mut self, now: Instant, call: CallKey, inbound: &Inbound) {
        let cseq = inbound.request.headers.cseq.number;
        let dialog = self.sessions.get_mut(&call).and_then(|session| session.dialog.as_mut());
        if dialog.is_some_and(|dialog| dialog.accept_cseq(cseq).is_err()) {
            return self.refuse(inbound, &Refusal::new(StatusCode::SERVER_INTERNAL_ERROR));
        }
        match inbound.request.method {
            Method::INVITE | Method::UPDATE => self.on_reoffer(now, call, inbound),
            Method::BYE => self.on_bye(now, call, inbound),
            Method::INFO => self.on_info(now, call, inbound),
            Method::MESSAGE => self.on_text(now, inbound, self.check_told(call)),
            _ => self.on_options(inbound),
        }
    }

    /// A key, or something else that is told within a call (RFC 6086; keys are older than it and no package of it).
    fn on_info(&mut self, now: Instant, call: CallKey, inbound: &Inbound) {
        match self.check_told(call).and_then(|()| admission::check_info(&inbound.request)) {
            Ok(key) => {
                self.respond_finally(now, inbound, StatusCode::OK);
                self.events.extend(key.map(|key| Event::Info { call, key }));
            }
            Err(refusal) => self.refuse(inbound, &refusal),
        }
    }

    /// A text (RFC 3428 §7), if `outcome` is that it can be taken. Outside of a call that is when a call could be.
    fn on_text(&mut self, now: Instant, inbound: &Inbound, outcome: Result<(), Refusal>) {
        match outcome.and_then(|()| admission::text(&inbound.request)) {
            Ok(text) => {
                self.respond_finally(now, inbound, StatusCode::OK);
                let from = Box::new(self.caller(inbound));
                self.events.push_back(Event::Message { from, path: inbound.path, text });
            }
            Err(refusal) => self.refuse(inbound, &refusal),
        }
    }

    /// Whether something may be told within a call.
    fn check_told(&self, call: CallKey) -> Result<(), Refusal> {
        match self.sessions.get(&call).map(|session| &session.state) {
            None | Some(State::Leaving) => Err(Refusal::new(StatusCode::CALL_DOES_NOT_EXIST)),
            // Without room the request could not be told from its repetition, which would tell it again.
            Some(_) => self.check_room(),
        }
    }

    /// OPTIONS gets what an INVITE would get, and what we can do (RFC 3261 §11.2).
    fn on_options(&mut self, inbound: &Inbound) {
        if let Err(refusal) = self.availability() {
            return self.refuse(inbound, &refusal);
        }
        let response =
            Response::to_request(&inbound.request, StatusCode::OK).with_to_tag(&self.tag(inbound.key));
        let response = self.introduced(response, inbound.path).with_header("Accept", ACCEPT);
        if let Some(bytes) = self.written(&response) {
            self.outbox.push(inbound.reply, &bytes);
        }
    }

    /// Sends a final response without a transaction (RFC 3261 §8.2.7).
    pub(super) fn refuse(&mut self, inbound: &Inbound, refusal: &Refusal) {
        if inbound.request.method == Method::ACK {
            return;
        }
        count(&mut self.counters.refused);
        if refusal.status == StatusCode::SERVICE_UNAVAILABLE {
            count(&mut self.counters.overloaded);
        }
        self.respond_statelessly(inbound, refusal);
    }

    /// Sends a final response that follows from the request alone: to its repetition it is the same one.
    fn respond_statelessly(&mut self, inbound: &Inbound, refusal: &Refusal) {
        let tag = self.tag(inbound.key);
        let mut response = Response::to_request(&inbound.request, refusal.status).with_to_tag(&tag);
        for (name, value) in &refusal.headers {
            response = response.with_header(name, value);
        }
        if let Some(bytes) = self.written(&response) {
            self.outbox.push(inbound.reply, &bytes);
        }
    }

    /// Sends the final response to a request that is no INVITE, and remembers that it did.
    pub(super) fn respond_finally(&mut self, now: Instant, inbound: &Inbound, status: StatusCode) {
        self.respond_statelessly(inbound, &Refusal::new(status));
        if !self.servers.is_full() {
            self.servers.complete(now, inbound.key, status);
        }
    }

    /// The To tag of all answers to the request that opens the transaction `key`.
    pub(super) fn tag(&self, key: ServerKey) -> String {
        tag_text(self.tokens.digest(&(Domain::Tag, key)))
    }
}

/// A tag of 64 bits (RFC 3261 §19.3 asks for 32).
pub(super) fn tag_text(token: u64) -> String {
    format!("{token:016x}")
}

/// Where the response to a request with this Via goes.
fn reply_path(via: Option<&Via>, path: Path) -> Path {
    let port = match via.map(|via| (via.rport(), via.sent_by().port)) {
        Some((Some(_), _)) | None => path.remote.port(),
        Some((None, port)) => port.unwrap_or(DEFAULT_PORT),
    };
    let mut remote: SocketAddr = path.remote;
    // A port of zero reaches nobody; the source is the better guess.
    if port != 0 {
        remote.set_port(port);
    }
    Path { remote, ..path }
}

/// Larger requests get 513: one thread reads them all, so none may be slow.
const MAX_REQUEST_BYTES: usize = 16 * 1024;
