//! The client transactions of an endpoint: sends requests, finds the one a response belongs to, runs its machine.
//!
//! A request is kept until its final response has come: what is needed later is its ACK if it was refused, and if it was
//! accepted nothing, for each 2xx repeats what the ACK is made from (RFC 3261 §8.2.6.2).

use super::client_invite::ClientInvite;
use super::client_other::ClientOther;
use super::key::ClientKey;
use super::reaction::{Class, Emit, End, Reaction};
use super::servers::{Slot, set};
use super::timing::Transport;
use crate::sip::call::{AccountKey, CallKey};
use crate::sip::dialog::address;
use crate::sip::outbox::Outbox;
use crate::sip::path::{self, Path};
use crate::sip::wire::{Message, Method, Request, Response, SipUri, WriteError};
use crate::time::Instant;
use crate::timers::Timers;
use core::net::SocketAddr;
use std::collections::HashMap;

/// The client transactions of an endpoint; as many as its calls open.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    open: HashMap<ClientKey, Client>,
    timers: Timers<(ClientKey, Slot)>,
}

/// A request to be sent.
#[derive(Debug)]
pub(crate) struct NewRequest {
    /// With our Via already in it.
    pub(crate) request: Request,
    /// Which way it goes.
    pub(crate) path: Path,
    /// Who wants to know how it ends.
    pub(crate) owner: Option<Owner>,
}

/// Who wants to know how a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A call.
    Call(CallKey),
    /// A call that it keeps alive.
    Refresh(CallKey),
    /// The registration of an account; its request has this number in `CSeq`.
    Account(AccountKey, u32),
}

/// A request that nobody answered, or that could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lapsed {
    /// Whose it was.
    pub(crate) owner: Owner,
    /// Whether it was an INVITE.
    pub(crate) is_invite: bool,
    /// Whether it last went where the peer may never have listened, for want of something better.
    pub(crate) is_guess: bool,
}

/// Whether a 2xx response is the first from its remote tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The first.
    First,
    /// A repetition.
    Again,
    /// The first, but of too many.
    TooMany,
}

impl Clients {
    /// Sends a request: over TCP if it is too large for UDP (RFC 3261 §18.1.1).
    pub(crate) fn open(
        &mut self,
        now: Instant,
        key: ClientKey,
        new: NewRequest,
        outbox: &mut Outbox,
    ) -> Result<(), WriteError> {
        let bytes = new.request.to_bytes()?;
        if new.path.transport == path::Transport::Udp && bytes.len() > MAX_DATAGRAM_BYTES {
            let detour = Some(Box::new(new.request.clone()));
            let new = new.over(path::Transport::Tcp, key);
            let bytes = new.request.to_bytes()?;
            self.start(now, key, Start { new, bytes, detour, is_guess: false }, outbox);
        } else {
            self.start(now, key, Start { new, bytes, detour: None, is_guess: false }, outbox);
        }
        Ok(())
    }

    fn start(&mut self, now: Instant, key: ClientKey, start: Start, outbox: &mut Outbox) {
        let Start { new: NewRequest { request, path, owner }, bytes, detour, is_guess } = start;
        let method = request.method.clone();
        let is_invite = method == Method::INVITE;
        let (machine, reaction) = Machine::start(is_invite, Transport::of(path));
        let (bytes, invite) = (bytes.into_boxed_slice(), is_invite.then(|| Box::new(request)));
        let (refused, heard) = (None, Vec::new());
        let client = Client { machine, method, bytes, path, owner, detour, is_guess, invite, refused, heard };
        self.open.insert(key, client);
        self.run(now, key, reaction, outbox);
    }

    /// Takes a response. `Some` if it goes on to the user, with whom the request was sent for.
    pub(crate) fn on_response(&mut self, now: Instant, response: &Response, outbox: &mut Outbox) -> Received {
        let Some((key, client)) = self.find(response) else {
            return Received::Unmatched;
        };
        let class = Class::of(response.status.code());
        let reaction = match &mut client.machine {
            Machine::Invite(machine) => machine.on_response(class),
            Machine::Other(machine) => machine.on_response(class),
        };
        client.keep_what_repeats(class, response);
        let owner = client.owner;
        self.run(now, key, reaction, outbox);
        if reaction.deliver { Received::Deliver(key, owner) } else { Received::Absorbed }
    }

    /// Does what is due at `now`, up to the next request that nobody answered.
    pub(crate) fn handle_timeout(&mut self, now: Instant, outbox: &mut Outbox) -> Option<Lapsed> {
        while let Some((key, slot)) = self.timers.expire(now) {
            let Some(client) = self.open.get_mut(&key) else {
                continue;
            };
            let reaction = client.machine.on_timer(slot);
            let lapsed = client.lapsed(reaction);
            self.run(now, key, reaction, outbox);
            if lapsed.is_some() {
                return lapsed;
            }
        }
        None
    }

    /// The connection with this far end is no more, or could not be opened: ends the requests that went over it and got
    /// no response at all (RFC 3261 §17.1.4). One that got a provisional response may be answered over another connection
    /// (§18.2.2).
    ///
    /// One that went by the connection of its call goes by a new one, to where it is meant to go (§18.1.1), within the time that
    /// it has. One that went over TCP for its size alone goes over UDP now (§18.1.1), and so does one within a call that went over
    /// TCP because the call did: where the URI says nothing of it, UDP is meant (RFC 3263 §4.1).
    pub(crate) fn on_broken(&mut self, now: Instant, far: SocketAddr, outbox: &mut Outbox) -> Vec<Lapsed> {
        let is_lost = |client: &Client| client.path.takes(far) && client.machine.is_unheard();
        let lost = self.open.iter().filter(|(_, client)| is_lost(client));
        let lost: Vec<_> = lost.map(|(&key, _)| key).collect();
        lost.into_iter().filter_map(|key| self.lose(now, (key, far), outbox)).collect()
    }

    fn lose(
        &mut self,
        now: Instant,
        (key, far): (ClientKey, SocketAddr),
        outbox: &mut Outbox,
    ) -> Option<Lapsed> {
        let client = self.open.get_mut(&key)?;
        // It went by a connection that stood already, and may go by one to where it is meant to go.
        if client.path.flow.take_if(|flow| *flow == far).is_some() && client.path.remote != far {
            // Whether anybody listens there is not known, and the time that is left may be short.
            client.is_guess = true;
            outbox.push(client.path, &client.bytes);
            return None;
        }
        let (lapsed, detour) = (client.as_lapsed(), client.detour.take());
        let is_guess = detour.is_none();
        let detour = detour.map(|request| *request).or_else(|| client.inherited());
        let (path, owner) = (client.path, client.owner);
        self.close(key);
        let Some(request) = detour else { return lapsed };
        let new = NewRequest { request, path, owner }.over(path::Transport::Udp, key);
        let Ok(bytes) = new.request.to_bytes() else { return lapsed };
        self.start(now, key, Start { new, bytes, detour: None, is_guess }, outbox);
        None
    }

    /// Whatever becomes of its connection, this request goes no other way.
    pub(crate) fn forget_detour(&mut self, key: ClientKey) {
        if let Some(client) = self.open.get_mut(&key) {
            client.detour = None;
        }
    }

    /// When something is due next.
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// The INVITE of the transaction `key`, until it is refused or the first 2xx [heard](Self::hear).
    pub(crate) fn invite(&self, key: ClientKey) -> Option<&Request> {
        self.open.get(&key)?.invite.as_deref()
    }

    /// Takes the INVITE of the transaction `key`, which was refused.
    pub(crate) fn take_refused(&mut self, key: ClientKey) -> Option<Box<Request>> {
        self.open.get_mut(&key)?.refused.take()
    }

    /// The path of the transaction `key`.
    pub(crate) fn path(&self, key: ClientKey) -> Option<Path> {
        Some(self.open.get(&key)?.path)
    }

    /// Notes that the INVITE `key` was accepted by the peer with this tag.
    pub(crate) fn hear(&mut self, key: ClientKey, tag: &str) -> Heard {
        let Some(client) = self.open.get_mut(&key) else {
            return Heard::Again;
        };
        client.invite = None;
        if client.heard.iter().any(|heard| &**heard == tag) {
            return Heard::Again;
        }
        if client.heard.len() >= MAX_FORKS {
            return Heard::TooMany;
        }
        // Mostly it is the only one.
        client.heard.reserve_exact(1);
        client.heard.push(tag.into());
        Heard::First
    }

    /// Gives up a transaction (RFC 3261 §9.1: a cancelled INVITE without a final response).
    pub(crate) fn close(&mut self, key: ClientKey) {
        self.timers.stop((key, Slot::Repeat));
        self.timers.stop((key, Slot::Expire));
        self.open.remove(&key);
    }

    /// Gives an INVITE up at `at` if it has no final response then: one within a call needs nobody to answer it.
    pub(crate) fn bound(&mut self, key: ClientKey, at: Instant) {
        if self.open.contains_key(&key) {
            self.timers.set((key, Slot::Expire), at);
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    fn find(&mut self, response: &Response) -> Option<(ClientKey, &mut Client)> {
        let key = ClientKey::of(response)?;
        let client = self.open.get_mut(&key)?;
        (response.headers.cseq.method == client.method).then_some((key, client))
    }

    fn run(&mut self, now: Instant, key: ClientKey, reaction: Reaction, outbox: &mut Outbox) {
        let Some(client) = self.open.get(&key) else {
            return;
        };
        if reaction.emit != Emit::Nothing {
            outbox.push(client.path, &client.bytes);
        }
        set(&mut self.timers, (key, Slot::Repeat), reaction.repeat, now);
        set(&mut self.timers, (key, Slot::Expire), reaction.expire, now);
        if reaction.end.is_some() {
            self.close(key);
        }
    }
}

impl NewRequest {
    /// The same over another transport, as its Via says then.
    fn over(mut self, transport: path::Transport, key: ClientKey) -> Self {
        self.path.transport = transport;
        if let Some(via) = self.request.headers.via.first_mut() {
            *via = key.via(self.path);
        }
        self
    }
}

/// A request on its way into a transaction.
struct Start {
    new: NewRequest,
    bytes: Vec<u8>,
    /// What is sent over UDP if there is no connection.
    detour: Option<Box<Request>>,
    is_guess: bool,
}

/// What became of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// It answers nothing that we asked.
    Unmatched,
    /// A repetition.
    Absorbed,
    /// For the user of the transaction.
    Deliver(ClientKey, Option<Owner>),
}

#[derive(Debug)]
struct Client {
    machine: Machine,
    method: Method,
    /// What is sent again: the request; after a non-2xx response to INVITE its ACK.
    bytes: Box<[u8]>,
    path: Path,
    owner: Option<Owner>,
    /// What goes over UDP if it cannot go over TCP.
    detour: Option<Box<Request>>,
    is_guess: bool,
    /// An INVITE without a final response, from which CANCEL and ACK are made.
    invite: Option<Box<Request>>,
    /// An INVITE that was refused, until somebody takes it.
    refused: Option<Box<Request>>,
    /// The tags of the peers that accepted the INVITE.
    heard: Vec<Box<str>>,
}

impl Client {
    /// After a final response it is the ACK that repeats, or nothing.
    fn keep_what_repeats(&mut self, class: Class, response: &Response) {
        match (class, &self.machine) {
            (Class::Provisional, _) => {}
            // Where it was refused, that ACK is still to be repeated; where it was accepted, nothing.
            (Class::Success, Machine::Invite(_)) if self.invite.is_none() => {}
            (Class::Success, _) | (Class::Failure, Machine::Other(_)) => self.bytes = Box::default(),
            // Once it is refused the ACK is there already.
            (Class::Failure, Machine::Invite(_)) => {
                if let Some(invite) = self.invite.take() {
                    self.bytes = invite.ack(response).to_bytes().unwrap_or_default().into_boxed_slice();
                    self.refused = Some(invite);
                }
            }
        }
    }

    fn lapsed(&self, reaction: Reaction) -> Option<Lapsed> {
        self.as_lapsed().filter(|_| reaction.end == Some(End::TimedOut))
    }

    fn as_lapsed(&self) -> Option<Lapsed> {
        let is_invite = matches!(self.machine, Machine::Invite(_));
        Some(Lapsed { owner: self.owner?, is_invite, is_guess: self.is_guess })
    }

    /// The request, if it is one within a call and went over TCP for no other reason than that the call does: it goes to an
    /// address without a transport.
    fn inherited(&self) -> Option<Request> {
        let Ok(Message::Request(request)) = Message::parse(&self.bytes) else { return None };
        let next = request.headers.routes.first().map_or(&request.uri, |route| &route.uri);
        let says_nothing = |uri: &SipUri| {
            address(uri).is_some() && !uri.is_secure() && uri.params().get("transport").is_none()
        };
        let is_inherited = request.headers.to.tag().is_some() && next.sip().is_some_and(says_nothing);
        is_inherited.then_some(request)
    }
}

#[derive(Clone, Copy, Debug)]
enum Machine {
    Invite(ClientInvite),
    Other(ClientOther),
}

impl Machine {
    const fn start(is_invite: bool, transport: Transport) -> (Self, Reaction) {
        if is_invite {
            let (machine, reaction) = ClientInvite::start(transport);
            (Self::Invite(machine), reaction)
        } else {
            let (machine, reaction) = ClientOther::start(transport);
            (Self::Other(machine), reaction)
        }
    }

    const fn is_unheard(self) -> bool {
        match self {
            Self::Invite(machine) => machine.is_unheard(),
            Self::Other(machine) => machine.is_unheard(),
        }
    }

    fn on_timer(&mut self, slot: Slot) -> Reaction {
        match (self, slot) {
            (Self::Invite(machine), Slot::Repeat) => machine.on_repeat(),
            (Self::Invite(machine), Slot::Expire) => machine.on_expire(),
            (Self::Other(machine), Slot::Repeat) => machine.on_repeat(),
            (Self::Other(machine), Slot::Expire) => machine.on_expire(),
        }
    }
}

/// A larger request goes over TCP, for it might not pass all networks in one piece (RFC 3261 §18.1.1).
const MAX_DATAGRAM_BYTES: usize = 1300;
/// How many peers may accept one INVITE; a forking proxy makes them.
const MAX_FORKS: usize = 8;
