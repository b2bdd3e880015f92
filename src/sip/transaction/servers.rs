//! The server transactions of an endpoint: finds the one a request belongs to, runs its machine, keeps its deadlines.
//!
//! A transaction that lingers keeps its newest response as bytes while it may have to repeat it, and nothing else of
//! size: 50 000 of them stay under 25 MB.

use super::key::{MergeKey, ServerKey};
use super::reaction::{Class, Deadline, Emit, Reaction};
use super::server_invite::ServerInvite;
use super::server_other::ServerOther;
use super::timing::Transport;
use crate::sip::call::CallKey;
use crate::sip::outbox::Outbox;
use crate::sip::path::Path;
use crate::time::Instant;
use crate::timers::Timers;
use std::collections::HashMap;

/// The server transactions of an endpoint, at most `capacity`.
#[derive(Debug)]
pub(crate) struct Servers {
    open: HashMap<ServerKey, Server>,
    merges: HashMap<MergeKey, ServerKey>,
    timers: Timers<(ServerKey, Slot)>,
    capacity: usize,
}

/// An INVITE that opens a transaction.
#[derive(Debug)]
pub(crate) struct NewInvite {
    /// Where its responses go.
    pub(crate) path: Path,
    /// The call it belongs to.
    pub(crate) call: CallKey,
    /// What its merged copies will have.
    pub(crate) merge: Option<MergeKey>,
    /// Its 100.
    pub(crate) trying: Vec<u8>,
}

/// A response on its way.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) class: Class,
    pub(crate) bytes: Vec<u8>,
}

impl Servers {
    /// None yet.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { open: HashMap::new(), merges: HashMap::new(), timers: Timers::new(), capacity }
    }

    /// Takes a request that is no ACK. `true` if it is a repetition, which is answered or absorbed here.
    pub(crate) fn on_request(&mut self, now: Instant, key: ServerKey, outbox: &mut Outbox) -> bool {
        let Some(server) = self.open.get(&key) else {
            return false;
        };
        let reaction = match server.machine {
            Machine::Invite(machine) => machine.on_request(),
            Machine::Other(machine) => machine.on_request(),
        };
        self.run(now, key, reaction, outbox);
        true
    }

    /// Takes an ACK. `true` if it acknowledges a non-2xx response, which ends here.
    pub(crate) fn on_ack(&mut self, now: Instant, key: ServerKey, outbox: &mut Outbox) -> bool {
        let Some(Server { machine: Machine::Invite(machine), .. }) = self.open.get_mut(&key) else {
            return false;
        };
        let reaction = machine.on_ack();
        self.run(now, key, reaction, outbox);
        !reaction.deliver
    }

    /// Opens the transaction of an INVITE. The caller has seen that there is room.
    pub(crate) fn open_invite(
        &mut self,
        now: Instant,
        key: ServerKey,
        invite: NewInvite,
        outbox: &mut Outbox,
    ) {
        let (machine, reaction) = ServerInvite::start(Transport::Unreliable);
        if let Some(merge) = invite.merge {
            self.merges.insert(merge, key);
        }
        let server = Server {
            machine: Machine::Invite(machine),
            newest: Some(invite.trying.into_boxed_slice()),
            path: invite.path,
            merge: invite.merge,
            call: Some(invite.call),
        };
        self.open.insert(key, server);
        self.run(now, key, reaction, outbox);
    }

    /// Opens the transaction of another request. The caller has seen that there is room.
    pub(crate) fn open_other(&mut self, key: ServerKey, path: Path) {
        let machine = Machine::Other(ServerOther::start(Transport::Unreliable));
        self.open.insert(key, Server { machine, newest: None, path, merge: None, call: None });
    }

    /// Sends a response in an open transaction.
    pub(crate) fn respond(&mut self, now: Instant, key: ServerKey, answer: Answer, outbox: &mut Outbox) {
        let Some(server) = self.open.get_mut(&key) else {
            return;
        };
        let reaction = match &mut server.machine {
            Machine::Invite(machine) => machine.on_respond(answer.class),
            Machine::Other(machine) => machine.on_respond(answer.class),
        };
        if reaction.emit == Emit::Last {
            server.newest = Some(answer.bytes.into_boxed_slice());
        }
        self.run(now, key, reaction, outbox);
    }

    /// Does what is due at `now`.
    pub(crate) fn handle_timeout(&mut self, now: Instant, outbox: &mut Outbox) {
        while let Some((key, slot)) = self.timers.expire(now) {
            let Some(server) = self.open.get_mut(&key) else {
                continue;
            };
            let reaction = match (&mut server.machine, slot) {
                (Machine::Invite(machine), Slot::Repeat) => machine.on_repeat(),
                (Machine::Invite(machine), Slot::Expire) => machine.on_expire(),
                (Machine::Other(_), Slot::Repeat) => Reaction::NONE,
                (Machine::Other(machine), Slot::Expire) => machine.on_expire(),
            };
            self.run(now, key, reaction, outbox);
        }
    }

    /// When something is due next.
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// The call of the INVITE transaction `key`.
    pub(crate) fn call(&self, key: ServerKey) -> Option<CallKey> {
        self.open.get(&key)?.call
    }

    /// Whether a copy of the same request came another way.
    pub(crate) fn is_merged(&self, merge: MergeKey) -> bool {
        self.merges.contains_key(&merge)
    }

    /// Whether there is no room for another transaction.
    pub(crate) fn is_full(&self) -> bool {
        self.open.len() >= self.capacity
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    fn run(&mut self, now: Instant, key: ServerKey, reaction: Reaction, outbox: &mut Outbox) {
        let Some(server) = self.open.get_mut(&key) else {
            return;
        };
        if let (Emit::Last, Some(newest)) = (reaction.emit, &server.newest) {
            outbox.push(server.path, newest);
        }
        if !server.machine.repeats() {
            server.newest = None;
        }
        set(&mut self.timers, (key, Slot::Repeat), reaction.repeat, now);
        set(&mut self.timers, (key, Slot::Expire), reaction.expire, now);
        if reaction.end.is_some() {
            self.close(key);
        }
    }

    fn close(&mut self, key: ServerKey) {
        self.timers.stop((key, Slot::Repeat));
        self.timers.stop((key, Slot::Expire));
        if let Some(Server { merge: Some(merge), .. }) = self.open.remove(&key) {
            self.merges.remove(&merge);
        }
    }
}

#[derive(Debug)]
struct Server {
    machine: Machine,
    newest: Option<Box<[u8]>>,
    path: Path,
    merge: Option<MergeKey>,
    call: Option<CallKey>,
}

#[derive(Clone, Copy, Debug)]
enum Machine {
    Invite(ServerInvite),
    Other(ServerOther),
}

impl Machine {
    const fn repeats(self) -> bool {
        match self {
            Self::Invite(machine) => machine.repeats(),
            Self::Other(_) => true,
        }
    }
}

/// The two deadlines a transaction can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Slot {
    /// The next repetition.
    Repeat,
    /// The end of the state.
    Expire,
}

/// Carries out what a machine wants of a deadline.
pub(super) fn set<K: Copy + Ord + core::hash::Hash>(
    timers: &mut Timers<K>,
    key: K,
    deadline: Deadline,
    now: Instant,
) {
    match deadline {
        Deadline::Keep => {}
        Deadline::Stop => timers.stop(key),
        Deadline::After(span) => timers.set(key, now + span),
    }
}
