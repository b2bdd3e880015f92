//! What is received: which are messages, which requests go where, and what is refused on the way.

use super::Endpoint;
use super::admission::{self, ACCEPT, Refusal};
use super::counters::count;
use super::event::{Event, Reception, Stranger};
use crate::sip::call::CallKey;
use crate::sip::dialog::{DEFAULT_PORT, DialogKey};
use crate::sip::path::{Path, Transport};
use crate::sip::session::State;
use crate::sip::tokens::{Domain, Tokens};
use crate::sip::transaction::{Owner, Received, Seen, ServerKey};
use crate::sip::wire::{Message, Method, ParseError, Request, Response, StatusCode, Stream, Via};
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
    /// Takes what came over `path`: a datagram, or a message of a stream.
    pub fn handle_message(&mut self, now: Instant, path: Path, bytes: &[u8]) -> Reception {
        count(&mut self.counters.received);
        if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
            count(&mut self.counters.keep_alives);
            return Reception::Unreadable;
        }
        match Message::parse(bytes) {
            Ok(message) => self.on_message(now, path, message, bytes.len()),
            Err(error) => self.on_malformed(now, error, path),
        }
    }

    /// Takes the head of a message that is too large to be taken whole: a request gets 513.
    pub fn handle_oversized(&mut self, now: Instant, path: Path, head: &[u8]) -> Reception {
        count(&mut self.counters.received);
        match Message::parse(head) {
            // Its length says that there is more.
            Ok(_) => Reception::Unreadable,
            Err(mut error) => {
                if let Some(reply) = &mut error.reply {
                    reply.status = StatusCode::MESSAGE_TOO_LARGE;
                }
                self.on_malformed(now, error, path)
            }
        }
    }

    fn on_message(&mut self, now: Instant, path: Path, message: Message, bytes: usize) -> Reception {
        self.is_turned_away = false;
        match message {
            Message::Response(response) => self.on_response(now, &response),
            Message::Request(request) if bytes > MAX_REQUEST_BYTES => self.on_oversized(now, request, path),
            Message::Request(request) => self.on_request(now, request, path),
        }
        match self.is_turned_away {
            true => Reception::TurnedAway,
            // What needs no answer, such as an ACK, may come from anywhere.
            false if self.is_stranger(path) => Reception::Unreadable,
            false => Reception::Taken,
        }
    }

    fn on_oversized(&mut self, now: Instant, request: Request, path: Path) {
        let inbound = Inbound::new(request, path, &self.tokens);
        if self.is_stranger(path) {
            return self.turn_away(now, &inbound, Stranger::Source);
        }
        self.refuse(&inbound, &Refusal::new(StatusCode::MESSAGE_TOO_LARGE));
    }

    fn on_malformed(&mut self, now: Instant, error: ParseError, path: Path) -> Reception {
        count(&mut self.counters.malformed);
        let is_stranger = self.is_stranger(path);
        let reception = if is_stranger { Reception::TurnedAway } else { Reception::Unreadable };
        let Some(mut reply) = error.reply else {
            return reception;
        };
        if is_stranger && self.may_answer(now, path).is_none() {
            return reception;
        }
        reply.stamp(path.remote);
        let back = reply_path(reply.via.first(), path);
        let tag = tag_text(self.tokens.digest(&(Domain::Tag, reply.call_id())));
        match reply.to_bytes(&tag) {
            Ok(bytes) => self.outbox.push(back, &bytes),
            Err(_) => count(&mut self.counters.unwritable),
        }
        reception
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
        let let_in = if call.is_none() { self.check_stranger(now, &inbound) } else { Ok(None) };
        let proven = match let_in {
            Ok(proven) => proven,
            Err(stranger) => return self.turn_away(now, &inbound, stranger),
        };
        let checked = admission::check(&inbound.request, self.extensions());
        if let Err(refusal) = checked.and_then(|()| self.check_interval(&inbound.request)) {
            return self.refuse(&inbound, &refusal);
        }
        match (call, &inbound.request.method) {
            (Some(call), _) => self.on_request_within(now, call, &inbound),
            (None, &Method::INVITE) if dialog.is_none() => match self.challenge(now, inbound.path, proven) {
                Err(refusal) => self.refuse(&inbound, &refusal),
                Ok(()) => self.on_invite(now, inbound),
            },
            (None, &Method::OPTIONS) if dialog.is_none() => self.on_options(&inbound),
            (None, &Method::MESSAGE) if dialog.is_none() => {
                let outcome = self.challenge(now, inbound.path, proven);
                let outcome = outcome.and_then(|()| self.availability()).and_then(|()| self.check_room());
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
                let (from, call_id) = (self.named(inbound), inbound.request.headers.call_id.clone());
                self.events.push_back(Event::Message { from, path: inbound.path, call_id, text });
            }
            Err(refusal) => self.refuse(inbound, &refusal),
        }
    }

    /// Whether something may be told within a call.
    pub(super) fn check_told(&self, call: CallKey) -> Result<(), Refusal> {
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
        // Over TCP nothing comes twice (RFC 3261 §17.2.2, timer J).
        if inbound.path.transport == Transport::Udp && !self.servers.is_full() {
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

/// Where the response to a request with this Via goes. Over TCP it is the connection that the request came by, whatever
/// the Via says; when that is gone, a new one to the port of `sent-by` (RFC 3261 §18.2.2).
fn reply_path(via: Option<&Via>, path: Path) -> Path {
    let is_over_tcp = path.transport == Transport::Tcp;
    let port = match via.map(|via| (via.rport(), via.sent_by().port)) {
        Some((Some(_), _)) if !is_over_tcp => path.remote.port(),
        None => path.remote.port(),
        Some((_, port)) => port.unwrap_or(DEFAULT_PORT),
    };
    let mut remote: SocketAddr = path.remote;
    // A port of zero reaches nobody; the source is the better guess.
    if port != 0 {
        remote.set_port(port);
    }
    Path { remote, flow: is_over_tcp.then_some(path.remote), ..path }
}

/// Larger requests get 513: one thread reads them all, so none may be slow.
const MAX_REQUEST_BYTES: usize = Stream::MAX_BYTES;
