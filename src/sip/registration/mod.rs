//! Being registered at a telephone system, for ever (RFC 3261 §10.2).
//!
//! ```text
//!                 ┌──── 401, 407, stale: at once, with a proof; 423: at once, for longer ────┐
//!                 v                                                                          │
//! start ──────> asking ── 2xx ──> registered ── half of the granted time ──> asking again ───┤
//!                 │  ^                                                                       │
//!                 │  ├── the next server, at once ── no answer, unreachable, 408, 480, 5xx ──┤
//!                 │  ├── 2 s … 8 s, growing ──────── all servers have failed so ─────────────┤
//!                 │  ├── 5 min ───────────────────── wrong password, other 4xx, 6xx ─────────┤
//!                 │  └── follow(…) ───────────────── 3xx ────────────────────────────────────┘
//! stop ──────> leaving (Expires: 0) ── any final response, or none ──> Unregistered
//! ```
//!
//! It decides when a REGISTER is sent, to which server, and what an answer means. One account, one binding, one
//! request at a time (§10.2). It leaves out names and sockets (servers come as addresses, by
//! [`set_servers`](Registration::set_servers) and [`follow`](Registration::follow)), the repetition of lost requests
//! (the client transaction's), keep-alive through NAT, Path and Service-Route (RFC 3327, RFC 3608), and the removal of
//! the binding of an address that the box no longer has: it runs out by itself.
//!
//! A server that is not the first is left for the first one after [`FAIL_BACK_AFTER`], with a refresh; if the first is
//! still away, the next takes over at once. When the granted time is over without a refresh, the registration is gone,
//! and that is said; asking goes on.

mod account;
mod backoff;
mod date;
mod event;
mod machine;
mod outcome;
mod servers;

pub use account::{Account, Server};
pub use event::{Event, Failure, Register};

use super::digest::Authenticator;
use super::tokens::Tokens;
use super::wire::{CSeq, Contacts, Headers, Method, NameAddr, Request, Response, SipUri};
use crate::time::Instant;
use backoff::Backoff;
use core::time::Duration;
use servers::{Change, Servers};
use std::collections::VecDeque;

/// The registration of one account. See the [module](self).
///
/// After each input the driver takes what [`poll_request`](Self::poll_request) and [`poll_event`](Self::poll_event)
/// have until both give `None`, then waits for a response or for [`poll_timeout`](Self::poll_timeout).
#[derive(Debug)]
pub struct Registration {
    account: Account,
    authenticator: Authenticator,
    tokens: Tokens,
    call_id: String,
    from_tag: String,
    cseq: u32,
    servers: Servers,
    phase: Phase,
    /// For how long to ask, in seconds: more than the account says after a 423.
    expires_s: u32,
    pending: Option<Pending>,
    bound: Option<Bound>,
    /// When to ask again, or to give up waiting for an answer.
    wake_at: Option<Instant>,
    /// Since when the server in use is not the first.
    away_since: Option<Instant>,
    /// Before this no other server and no other network is a reason to ask: what was proved was wrong, or a server wants to
    /// be left alone.
    not_before: Option<Instant>,
    /// How often it was asked again at once since the last success or wait.
    turns: u8,
    backoff: Backoff,
    request: Option<Register>,
    events: VecDeque<Event>,
}

impl Registration {
    /// A registration that waits for [`start`](Self::start). Its Call-ID, tag and nonces follow from `seed`, which
    /// nobody should know.
    #[must_use]
    pub fn new(account: Account, seed: u64) -> Self {
        let account = account.cleaned();
        let mut tokens = Tokens::new(seed);
        Self {
            authenticator: Authenticator::new(account.identity.clone(), tokens.draw()),
            call_id: format!("{:016x}{:016x}", tokens.draw(), tokens.draw()),
            from_tag: format!("{:016x}", tokens.draw()),
            tokens,
            cseq: 0,
            servers: Servers::default(),
            phase: Phase::Stopped,
            expires_s: account.expires_s,
            pending: None,
            bound: None,
            wake_at: None,
            away_since: None,
            not_before: None,
            turns: 0,
            backoff: Backoff::new(account.longest_wait),
            request: None,
            events: VecDeque::new(),
            account,
        }
    }

    /// Begins to register.
    pub fn start(&mut self, now: Instant) {
        if self.phase != Phase::Running {
            self.phase = Phase::Running;
            self.ask_anew(now);
        }
    }

    /// Begins to unregister. [`Event::Unregistered`] tells the end. Each request that it takes, mostly one or two, is
    /// given up after [`ANSWER_WITHIN`].
    pub fn stop(&mut self, now: Instant) {
        if self.phase != Phase::Running {
            return;
        }
        self.phase = Phase::Leaving;
        self.turns = 0;
        if self.pending.is_none() {
            self.leave(now);
        }
    }

    /// These are the servers, most wanted first; at most 16 are looked at. The first is asked at once if the one in use
    /// is not among them, or if there is a new one and nothing better to wait for. Another order alone, as many name
    /// servers give it each time, changes nothing now, and neither does anything after a refusal for good.
    pub fn set_servers(&mut self, now: Instant, servers: Vec<Server>) {
        let is_waiting = self.bound.is_none() && self.pending.is_none();
        let change = self.servers.replace(servers);
        let is_asked = change == Change::Moved || change == Change::Grown && is_waiting;
        if self.phase == Phase::Running && is_asked {
            self.servers.rewind();
            self.ask_elsewhere(now);
        }
    }

    /// These are the addresses of the contacts of [`Event::Redirected`]. They are asked at once, before all others.
    pub fn follow(&mut self, now: Instant, servers: Vec<Server>) {
        if self.phase == Phase::Running && self.pending.is_none() && !servers.is_empty() {
            self.authenticator.forget();
            self.servers.follow(servers);
            self.ask(now);
        }
    }

    /// The network has changed or returned: the first server is asked at once, whatever was going on but a refusal for good.
    /// An answer to what was asked before would come too late, so it is not waited for.
    pub fn network_changed(&mut self, now: Instant) {
        if self.phase == Phase::Running {
            self.servers.rewind();
            self.backoff.reset();
            self.ask_elsewhere(now);
        }
    }

    /// Whether it neither holds nor is wanted.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.phase == Phase::Stopped
    }

    /// The next REGISTER to send.
    pub fn poll_request(&mut self) -> Option<Register> {
        self.request.take()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.wake_at, self.bound.map(|bound| bound.until)].into_iter().flatten().min()
    }

    /// Whether a server knows where we are.
    #[must_use]
    pub fn is_registered(&self, now: Instant) -> bool {
        self.bound.is_some_and(|bound| now < bound.until)
    }

    /// The number in `CSeq` of the request that is out.
    #[must_use]
    pub fn pending_cseq(&self) -> Option<u32> {
        self.pending.as_ref().map(|pending| pending.cseq)
    }

    /// Whether `response` answers the request that is out.
    fn is_answered_by(&self, response: &Response) -> bool {
        let headers = &response.headers;
        let is_pending = self.pending.as_ref().is_some_and(|pending| pending.cseq == headers.cseq.number);
        is_pending && headers.cseq.method == Method::REGISTER && headers.call_id == self.call_id
    }

    /// Asks as if nothing had been asked before.
    fn ask_anew(&mut self, now: Instant) {
        self.authenticator.forget();
        self.backoff.reset();
        self.turns = 0;
        self.away_since = None;
        self.ask(now);
    }

    /// Asks a server or by a way that has not been asked yet, unless it has to wait.
    fn ask_elsewhere(&mut self, now: Instant) {
        self.authenticator.forget();
        self.away_since = None;
        match self.not_before.filter(|&at| at > now) {
            // What is under way may go where nobody is any more.
            Some(at) => (self.pending, self.wake_at) = (None, Some(at)),
            None => self.ask(now),
        }
    }

    fn ask(&mut self, now: Instant) {
        self.send(now, self.expires_s);
    }

    fn send(&mut self, now: Instant, expires_s: u32) {
        let Some(server) = self.servers.current().cloned() else {
            self.pending = None;
            return self.wait(now, Failure::NoServer, Duration::ZERO);
        };
        self.cseq = self.cseq.saturating_add(1);
        let contact = server.path.contact(&self.account.contact_user);
        let mut request = self.register(&server, &contact, expires_s);
        self.authenticator.authorize(&mut request);
        self.request = Some(Register { path: server.path, request });
        self.pending = Some(Pending { cseq: self.cseq, contact, expires_s });
        let patience = if self.servers.is_single() { ANSWER_WITHIN } else { ANSWER_WITHIN_OF_SEVERAL };
        self.wake_at = Some(now + patience);
    }

    fn register(&self, server: &Server, contact: &SipUri, expires_s: u32) -> Request {
        let expires = expires_s.to_string();
        let to = NameAddr::new(self.account.address.clone().into());
        let from = to.clone().with_display(&self.account.display_name).with_tag(&self.from_tag);
        let cseq = CSeq::new(self.cseq, Method::REGISTER);
        let mut headers = Headers::from_essentials(Vec::new(), from, to, self.call_id.clone(), cseq);
        headers.routes.extend(server.route.clone());
        let mut contact = NameAddr::new(contact.clone().into());
        contact.params.set("expires", Some(&expires));
        headers.contacts = Contacts::one(contact);
        headers.push("Expires", &expires);
        if !self.account.user_agent.is_empty() {
            headers.push("User-Agent", &self.account.user_agent);
        }
        let target = server.target.clone().unwrap_or_else(|| self.account.registrar());
        Request::new(target.into(), headers)
    }
}

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Stopped,
    Running,
    Leaving,
}

/// A REGISTER without a final response.
#[derive(Debug)]
struct Pending {
    cseq: u32,
    contact: SipUri,
    expires_s: u32,
}

/// A registration that holds.
#[derive(Clone, Copy, Debug)]
struct Bound {
    since: Instant,
    until: Instant,
}

/// When a REGISTER has got no answer: a little after its transaction has given up (RFC 3261 §17.1.2.2 Timer F, 32 s).
pub const ANSWER_WITHIN: Duration = Duration::from_secs(36);
/// The same where there is another server to ask: nobody calls a box that is not registered, so it does not wait for all
/// repetitions of its request.
pub const ANSWER_WITHIN_OF_SEVERAL: Duration = Duration::from_secs(8);
/// For how long another server than the first is put up with.
pub const FAIL_BACK_AFTER: Duration = Duration::from_mins(10);
/// How soon after a registration another one may make up for a lost connection: some servers close each.
pub const RECONNECT_AFTER: Duration = Duration::from_secs(30);
/// When to ask again what was refused for good; the longest Retry-After that is believed.
pub const SLOWLY: Duration = Duration::from_mins(5);
