//! A SIP endpoint: messages and deadlines in, messages and events out (RFC 3261, RFC 3581, RFC 6026).
//!
//! ```text
//! handle_message -> wire -> response -> client transaction ────────────┐
//!                         -> request  -> server transaction: repetition ├-> session -> poll_event
//!                                     -> strangers, admission: refused  │
//!                                     -> dialog ────────────────────────┘
//! handle_timeout, invite, ring, answer, reject, accept_reoffer, hang_up ─> poll_transmit
//! ```
//!
//! It decides how a call is set up, changed, kept alive and torn down, and answers by itself whatever needs no application: OPTIONS,
//! repetitions, and all requests that are malformed, unsupported, out of place or too many. Its accounts register by
//! themselves. It leaves out what session descriptions mean, whether a call is wanted beyond who may call, names of
//! servers, and sockets.
//!
//! ## Refusals keep no state
//!
//! What is refused here is refused without a transaction (RFC 3261 §8.2.7): the same request gets the same answer
//! again, To tag and all, for the tag is a digest of the request. So strangers cost no memory but for a short list of
//! whom to leave without an answer (`strangers`). A CANCEL is answered in the same way.
//!
//! ## The way back
//!
//! A response goes to the source of its request: to the port it came from if `rport` asked for it (RFC 3581 §4), else
//! to the port of `sent-by` (RFC 3261 §18.2.2). `maddr` is not followed, for it would let a stranger send our
//! responses to anyone. Over TCP it goes by the connection that the request came by; [`Path`] says what else would do.

mod admission;
mod callee;
mod caller;
mod config;
mod counters;
mod event;
mod inbound;
mod leave;
mod refresh;
mod registrations;
mod reoffer;
mod retry;
mod strangers;

pub use callee::Warning;
pub use caller::Invite;
pub use config::{Demand, EndpointConfig, Limits};
pub use counters::{Counters, Usage};
pub use event::{EndReason, Event, Reception, Stranger};
pub(crate) use retry::Proofs;
pub use strangers::identity;

use super::call::CallKey;
use super::dialog::DialogKey;
use super::digest::Verifier;
use super::outbox::Outbox;
use super::path::{Path, Transmit, Transport};
use super::session::{Session, SessionTimer};
use super::tokens::Tokens;
use super::transaction::{Clients, Room, Servers};
use super::wire::{NameAddr, Response, StatusCode};
use crate::allow::Surroundings;
use crate::time::Instant;
use crate::timers::Timers;
use admission::{ALLOW, Refusal};
use core::net::SocketAddr;
use counters::count;
use registrations::Registered;
use std::collections::{HashMap, VecDeque};
use strangers::Strangers;

/// A user agent on any number of flows. See the [module](self).
///
/// After each input the driver takes what [`poll_transmit`](Self::poll_transmit) and [`poll_event`](Self::poll_event)
/// have until both give `None`, then waits for the next message or for [`poll_timeout`](Self::poll_timeout).
#[derive(Debug)]
pub struct Endpoint {
    config: EndpointConfig,
    tokens: Tokens,
    next_call: CallKey,
    closed: Option<StatusCode>,
    here: Surroundings,
    /// Of the message that is being handled.
    is_turned_away: bool,
    strangers: Strangers,
    verifier: Option<Verifier>,
    clients: Clients,
    servers: Servers,
    sessions: HashMap<CallKey, Session>,
    dialogs: HashMap<DialogKey, CallKey>,
    accounts: Vec<Registered>,
    /// Accounts there have been: each has a key of its own.
    accounts_made: usize,
    timers: Timers<(CallKey, SessionTimer)>,
    outbox: Outbox,
    events: VecDeque<Event>,
    counters: Counters,
}

impl Endpoint {
    /// An endpoint without calls. All its tags, branches and Call-IDs follow from `seed`, which nobody should know.
    #[must_use]
    pub fn new(config: EndpointConfig, seed: u64) -> Self {
        let mut tokens = Tokens::new(seed);
        let verifier = verifier(&config, &mut tokens);
        Self {
            tokens,
            next_call: CallKey::FIRST,
            closed: None,
            here: Surroundings::default(),
            is_turned_away: false,
            strangers: Strangers::default(),
            verifier,
            clients: Clients::default(),
            servers: Servers::new(Room {
                transactions: config.limits.transactions,
                open_bytes: config.limits.open_bytes,
            }),
            sessions: HashMap::new(),
            dialogs: HashMap::new(),
            accounts: Vec::new(),
            accounts_made: 0,
            timers: Timers::new(),
            outbox: Outbox::new(config.limits.datagrams),
            events: VecDeque::new(),
            counters: Counters::default(),
            config: config.cleaned(),
        }
    }

    /// Is as `config` says from now on, but for its limits. Calls go on as they were agreed; who was turned away before may
    /// ask again.
    pub fn reconfigure(&mut self, config: EndpointConfig) {
        let config = EndpointConfig { limits: self.config.limits, ..config.cleaned() };
        if config == self.config {
            return;
        }
        if config.demand != self.config.demand {
            self.verifier = verifier(&config, &mut self.tokens);
        }
        self.strangers = Strangers::default();
        self.config = config;
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.servers.handle_timeout(now, &mut self.outbox);
        while let Some(lapsed) = self.clients.handle_timeout(now, &mut self.outbox) {
            self.on_lapsed(now, lapsed);
        }
        self.handle_registration_timeouts(now);
        while let Some((call, timer)) = self.timers.expire(now) {
            match timer {
                SessionTimer::Repeat => self.repeat_answer(now, call),
                SessionTimer::NoAck => self.on_no_ack(now, call),
                SessionTimer::Ring => self.ring(now, call),
                SessionTimer::NoFinal => self.on_no_final(call),
                SessionTimer::Refresh => self.refresh(now, call),
                SessionTimer::Expire => self.on_expired(now, call),
            }
        }
    }

    /// While closed, new calls get this final status, such as 486, and so does OPTIONS (RFC 3261 §11.2).
    pub const fn set_closed(&mut self, closed: Option<StatusCode>) {
        self.closed = closed;
    }

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.outbox.pop()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let own = [self.servers.next_timeout(), self.clients.next_timeout(), self.timers.next()];
        own.into_iter().flatten().chain(self.next_registration_timeout()).min()
    }

    /// What it has counted.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        Counters { dropped: self.outbox.dropped(), ..self.counters }
    }

    /// What it holds.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage {
            calls: self.sessions.len(),
            dialogs: self.dialogs.len(),
            client_transactions: self.clients.len(),
            server_transactions: self.servers.len(),
        }
    }

    fn new_call(&mut self) -> CallKey {
        let call = self.next_call;
        self.next_call = call.next();
        call
    }

    /// Forgets a call.
    fn remove(&mut self, call: CallKey) {
        for timer in SessionTimer::ALL {
            self.timers.stop((call, timer));
        }
        let dialog = self.sessions.remove(&call).and_then(|session| session.dialog);
        if let Some(dialog) = dialog {
            self.dialogs.remove(&dialog.key(&self.tokens));
        }
    }

    fn end(&mut self, call: CallKey, reason: EndReason) {
        self.remove(call);
        self.events.push_back(Event::Ended { call, reason });
    }

    /// Our address for the peer at the other end of `path`.
    fn contact(&self, path: Path) -> NameAddr {
        NameAddr::new(path.contact(&self.config.user).into())
    }

    /// The far ends of the connections that calls go by, and those by which accounts are registered: calls come by them.
    pub fn flows(&self) -> impl Iterator<Item = SocketAddr> {
        let paths = self.sessions.values().map(|session| session.path).chain(self.kept());
        paths.filter(|path| path.transport == Transport::Tcp).map(|path| path.remote)
    }

    /// A response that says who we are and what we can do.
    fn introduced(&self, response: Response, path: Path) -> Response {
        let response = response.with_contact(self.contact(path)).with_header("Allow", ALLOW);
        let response = response.with_header("Supported", &self.extensions().join(", "));
        match self.config.user_agent.as_str() {
            "" => response,
            user_agent => response.with_header("Server", user_agent),
        }
    }

    /// The bytes of a response, if it can be written.
    fn written(&mut self, response: &Response) -> Option<Vec<u8>> {
        let bytes = response.to_bytes();
        if bytes.is_err() {
            count(&mut self.counters.unwritable);
        }
        bytes.ok()
    }

    /// Whether a call would be taken now.
    fn availability(&self) -> Result<(), Refusal> {
        let limits = &self.config.limits;
        let is_full = self.sessions.len() >= limits.calls || self.events.len() >= limits.events;
        if is_full || self.servers.is_full() {
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE).with("Retry-After", RETRY_AFTER_S));
        }
        match self.closed {
            Some(status) => Err(Refusal::new(status)),
            None => Ok(()),
        }
    }
}

/// What checks the proofs that `config` demands.
fn verifier(config: &EndpointConfig, tokens: &mut Tokens) -> Option<Verifier> {
    let Demand { realm, identity } = config.demand.clone()?;
    Some(Verifier::new(realm, identity, tokens.draw()))
}

/// When a caller may try again after a 503, in seconds.
const RETRY_AFTER_S: &str = "5";
