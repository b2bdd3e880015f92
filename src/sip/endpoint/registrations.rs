//! The registrations of an endpoint: their requests become transactions, what becomes of those goes back to them.
//!
//! Decides nothing about when and where to register (that is [`Registration`]'s business), but keeps the way back open: when
//! a server has seen another address than ours, there is a NAT between, which forgets who does not speak. So an empty line
//! pair goes to the server every 24 to 29 s, as is common practice over UDP (RFC 5626 §4.4.2 has these times for STUN), and
//! every 95 to 120 s by a connection, NAT or not (§3.5.1, §4.4.1): calls come by it. When it is lost, the account registers
//! anew.
//!
//! A request that takes the place of one without an answer ends that one's transaction: nobody waits for it any more.

use super::Endpoint;
use super::counters::count;
use super::event::Event;
use crate::sip::call::AccountKey;
use crate::sip::path::{Path, Transport};
use crate::sip::registration::{Account, Register, Registration, Server};
use crate::sip::transaction::{ClientKey, NewRequest, Owner};
use crate::sip::wire::Response;
use crate::time::Instant;
use core::net::SocketAddr;
use core::time::Duration;

/// One account at one endpoint.
#[derive(Debug)]
pub(super) struct Registered {
    key: AccountKey,
    registration: Registration,
    /// The REGISTER that has no final response.
    pending: Option<(ClientKey, Path)>,
    /// Kept open, and when it is next due.
    kept: Option<(Path, Instant)>,
}

impl Endpoint {
    /// Adds an account. It registers after [`register`](Self::register), as soon as it has servers.
    pub fn add_account(&mut self, account: Account) -> AccountKey {
        let (key, seed) = (AccountKey(self.accounts_made), self.tokens.draw());
        self.accounts_made += 1;
        let registration = Registration::new(account, seed);
        self.accounts.push(Registered { key, registration, pending: None, kept: None });
        key
    }

    /// Forgets an account, and what is said of it meanwhile; it does not unregister.
    pub fn remove_account(&mut self, account: AccountKey) {
        let Some(index) = self.accounts.iter().position(|known| known.key == account) else { return };
        if let Some((client, _)) = self.accounts.remove(index).pending {
            self.clients.close(client);
        }
    }

    /// Begins to register an account, and goes on for ever. [`Event::Registration`] tells how it goes.
    pub fn register(&mut self, now: Instant, account: AccountKey) {
        self.on_registration(now, account, |registration| registration.start(now));
    }

    /// Says which servers an account has, most wanted first; see [`Registration::set_servers`].
    pub fn set_servers(&mut self, now: Instant, account: AccountKey, servers: Vec<Server>) {
        self.on_registration(now, account, |registration| registration.set_servers(now, servers));
    }

    /// Says where the contacts of a redirection are; see [`Registration::follow`].
    pub fn follow(&mut self, now: Instant, account: AccountKey, servers: Vec<Server>) {
        self.on_registration(now, account, |registration| registration.follow(now, servers));
    }

    /// The network has changed or returned: all accounts register anew.
    pub fn network_changed(&mut self, now: Instant) {
        for index in 0..self.accounts.len() {
            let account = self.accounts[index].key;
            self.on_registration(now, account, |registration| registration.network_changed(now));
        }
    }

    /// Begins to unregister all accounts; each tells its end by [`registration::Event::Unregistered`].
    ///
    /// [`registration::Event::Unregistered`]: crate::sip::registration::Event::Unregistered
    pub fn unregister(&mut self, now: Instant) {
        for index in 0..self.accounts.len() {
            let account = self.accounts[index].key;
            self.on_registration(now, account, |registration| registration.stop(now));
        }
    }

    /// Begins to unregister one account, which then stays so; it tells its end as above, if it has begun to register.
    pub fn unregister_account(&mut self, now: Instant, account: AccountKey) {
        self.on_registration(now, account, |registration| registration.stop(now));
    }

    /// Whether an account is unregistered and does nothing about it.
    #[must_use]
    pub fn is_stopped(&self, account: AccountKey) -> bool {
        self.known(account).is_none_or(|known| known.registration.is_stopped())
    }

    /// Nothing leads where `path` goes. A registration tries the next server at once; calls hold on, for the network may
    /// come back before they are given up.
    pub fn handle_unreachable(&mut self, now: Instant, path: Path) {
        for index in 0..self.accounts.len() {
            let account = self.accounts[index].key;
            let lost = self.known_mut(account).and_then(|known| {
                let cseq = known.registration.pending_cseq()?;
                known.pending.take_if(|(_, pending)| *pending == path).map(|(client, _)| (client, cseq))
            });
            if let Some((client, cseq)) = lost {
                self.clients.close(client);
                self.on_registration(now, account, |registration| registration.handle_unreachable(now, cseq));
            }
        }
    }

    /// Whether all accounts have unregistered, or never were.
    #[must_use]
    pub fn is_unregistered(&self) -> bool {
        self.accounts.iter().all(|known| known.registration.is_stopped())
    }

    /// Whether a server knows where this account is.
    #[must_use]
    pub fn is_registered(&self, now: Instant, account: AccountKey) -> bool {
        self.known(account).is_some_and(|known| known.registration.is_registered(now))
    }

    /// A response to a REGISTER.
    pub(super) fn on_register_response(&mut self, now: Instant, account: AccountKey, response: &Response) {
        if response.status.is_final()
            && let Some(known) = self.known_mut(account)
            && let Some((_, path)) = known.pending.take()
        {
            let is_kept = path.transport == Transport::Tcp || is_translated(response, path);
            let is_kept = is_kept && response.status.is_success();
            known.kept = is_kept.then(|| (path, now + keep_alive_after(path, 0)));
        }
        self.on_registration(now, account, |registration| registration.handle_response(now, response));
    }

    /// Nobody answered a REGISTER.
    pub(super) fn on_no_answer(&mut self, now: Instant, account: AccountKey, cseq: u32) {
        self.on_registration(now, account, |registration| registration.handle_no_answer(now, cseq));
    }

    /// The connection by which a REGISTER went is no more, or could not be opened.
    pub(super) fn on_no_connection(&mut self, now: Instant, account: AccountKey, cseq: u32) {
        if let Some(known) = self.known_mut(account) {
            known.pending = None;
        }
        self.on_registration(now, account, |registration| registration.handle_unreachable(now, cseq));
    }

    /// The connection whose far end is `far` is no more.
    pub(super) fn on_disconnected(&mut self, now: Instant, far: SocketAddr) {
        for index in 0..self.accounts.len() {
            let account = self.accounts[index].key;
            let kept = self.known_mut(account).map(|known| &mut known.kept);
            if kept.is_some_and(|kept| kept.take_if(|(path, _)| path.takes(far)).is_some()) {
                self.on_registration(now, account, |registration| registration.handle_disconnected(now));
            }
        }
    }

    /// Does what registrations have to do at `now`.
    pub(super) fn handle_registration_timeouts(&mut self, now: Instant) {
        for index in 0..self.accounts.len() {
            let account = self.accounts[index].key;
            self.keep_alive(now, account);
            self.on_registration(now, account, |registration| {
                if registration.poll_timeout().is_some_and(|at| at <= now) {
                    registration.handle_timeout(now);
                }
            });
        }
    }

    /// When registrations have something to do next.
    pub(super) fn next_registration_timeout(&self) -> Option<Instant> {
        let own = |known: &Registered| [known.registration.poll_timeout(), known.kept.map(|(_, at)| at)];
        self.accounts.iter().flat_map(own).flatten().min()
    }

    /// The ways that are kept open.
    pub(super) fn kept(&self) -> impl Iterator<Item = Path> {
        self.accounts.iter().filter_map(|known| known.kept).map(|(path, _)| path)
    }

    fn known(&self, account: AccountKey) -> Option<&Registered> {
        self.accounts.iter().find(|known| known.key == account)
    }

    fn known_mut(&mut self, account: AccountKey) -> Option<&mut Registered> {
        self.accounts.iter_mut().find(|known| known.key == account)
    }

    fn keep_alive(&mut self, now: Instant, account: AccountKey) {
        let known = self.accounts.iter_mut().find(|known| known.key == account);
        let Some((path, at)) = known.and_then(|known| known.kept.as_mut()) else { return };
        if *at > now {
            return;
        }
        *at = now + keep_alive_after(*path, self.tokens.draw());
        self.outbox.push(*path, KEEP_ALIVE);
    }

    /// Gives `input` to a registration and carries out what follows.
    fn on_registration(&mut self, now: Instant, account: AccountKey, input: impl FnOnce(&mut Registration)) {
        let Some(known) = self.known_mut(account) else { return };
        input(&mut known.registration);
        while let Some(register) = self.known_mut(account).and_then(|known| known.registration.poll_request())
        {
            self.send_register(now, account, register);
        }
        let Some(known) = self.accounts.iter_mut().find(|known| known.key == account) else { return };
        while let Some(event) = known.registration.poll_event() {
            self.events.push_back(Event::Registration { account, event });
        }
        // Nobody calls it any more.
        known.kept.take_if(|_| known.registration.is_stopped());
    }

    fn send_register(&mut self, now: Instant, account: AccountKey, register: Register) {
        let Register { path, mut request } = register;
        let (client, cseq) = (ClientKey::draw(&mut self.tokens), request.headers.cseq.number);
        request.headers.via.insert(0, client.via(path));
        let Some(known) = self.accounts.iter_mut().find(|known| known.key == account) else { return };
        if let Some((before, _)) = known.pending.replace((client, path)) {
            self.clients.close(before);
        }
        let new = NewRequest { request, path, owner: Some(Owner::Account(account, cseq)) };
        if self.clients.open(now, client, new, &mut self.outbox).is_err() {
            count(&mut self.counters.unwritable);
            known.pending = None;
            known.registration.handle_unreachable(now, cseq);
        }
    }
}

/// Whether the server has seen another address than ours (RFC 3581 §4), or was told of another.
fn is_translated(response: &Response, path: Path) -> bool {
    if path.known_as != path.local {
        return true;
    }
    let via = response.headers.top_via();
    let (received, port) = via.map_or((None, None), |via| (via.received(), via.rport().flatten()));
    received.is_some_and(|seen| seen != path.local.ip()) || port.is_some_and(|port| port != path.local.port())
}

/// How long to wait before the way of `path` is used again to keep it open; `random` is any number.
fn keep_alive_after(path: Path, random: u64) -> Duration {
    let (least, most) = match path.transport {
        Transport::Udp => UDP_KEEP_ALIVE_S,
        Transport::Tcp => TCP_KEEP_ALIVE_S,
    };
    Duration::from_secs(least + random % (most - least + 1))
}

/// Two empty lines; servers take them for nothing, or answer with one.
const KEEP_ALIVE: &[u8] = b"\r\n\r\n";
/// The shortest and the longest time between two of them over UDP (RFC 5626 §4.4.2), in seconds.
const UDP_KEEP_ALIVE_S: (u64, u64) = (24, 29);
/// The same over TCP (§4.4.1).
const TCP_KEEP_ALIVE_S: (u64, u64) = (95, 120);
