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

/// The server transactions of an endpoint: at most `capacity`, and as many times [`MEAN_RESPONSE_BYTES`] of responses.
#[derive(Debug)]
pub(crate) struct Servers {
    open: HashMap<ServerKey, Server>,
    merges: HashMap<MergeKey, ServerKey>,
    timers: Timers<(ServerKey, Slot)>,
    capacity: usize,
    /// The bytes of all responses kept.
    stored: usize,
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
        Self { open: HashMap::new(), merges: HashMap::new(), timers: Timers::new(), capacity, stored: 0 }
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
        self.stored += server.stored();
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
            self.stored -= server.stored();
            server.newest = Some(answer.bytes.into_boxed_slice());
            self.stored += server.stored();
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
        self.open.len() >= self.capacity || self.stored >= self.capacity.saturating_mul(MEAN_RESPONSE_BYTES)
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
            self.stored -= server.stored();
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
        let Some(server) = self.open.remove(&key) else {
            return;
        };
        self.stored -= server.stored();
        if let Some(merge) = server.merge {
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

impl Server {
    fn stored(&self) -> usize {
        self.newest.as_ref().map_or(0, |bytes| bytes.len())
    }
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

/// What a response may have on average; one to BYE has about 350.
const MEAN_RESPONSE_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::tokens::Tokens;
    use crate::sip::wire::{Message, Request};

    const BUDGET_BYTES: usize = 25_000_000;
    const LINGERING: usize = 50_000;

    #[test]
    fn fifty_thousand_lingering_transactions_stay_under_25_mb() {
        let mut servers = linger();
        assert_eq!(servers.len(), LINGERING);
        // A hash table holds at most 7/8 of its slots, each with a byte of its own; a node of the ordered tree of
        // deadlines is at least half full. An allocation costs 16 bytes.
        let slot = size_of::<(ServerKey, Server)>() + 1;
        let entries = servers.open.capacity() * 8 / 7 * slot;
        let merges = servers.merges.capacity() * 8 / 7 * (size_of::<(MergeKey, ServerKey)>() + 1);
        let deadline = size_of::<((ServerKey, Slot), Instant)>();
        let deadlines = LINGERING * 2 * deadline + LINGERING.next_power_of_two() * 8 / 7 * (deadline + 1);
        let responses: usize = servers
            .open
            .values()
            .filter_map(|server| server.newest.as_ref())
            .map(|bytes| bytes.len() + 16)
            .sum();
        let total = entries + merges + deadlines + responses;
        assert!(total < BUDGET_BYTES, "{entries} + {merges} + {deadlines} + {responses} = {total} bytes");
        servers.handle_timeout(Instant::from_millis(32_000), &mut Outbox::new(0));
        assert_eq!((servers.len(), servers.merges.len(), servers.stored), (0, 0, 0));
    }

    #[test]
    fn large_responses_fill_the_room_too() {
        let mut servers = Servers::new(4);
        let mut outbox = Outbox::new(0);
        let key = ServerKey::of(&invite(1), &Tokens::new(1));
        let address = ([192, 0, 2, 1], 5060).into();
        servers.open_other(key, Path { local: address, remote: address });
        assert!(!servers.is_full());
        let large = Answer { class: Class::Success, bytes: vec![0; 4 * MEAN_RESPONSE_BYTES] };
        servers.respond(Instant::ZERO, key, large, &mut outbox);
        assert!(servers.is_full());
        servers.handle_timeout(Instant::from_millis(32_000), &mut outbox);
        assert!(!servers.is_full());
    }

    /// What 25 000 short calls leave behind: the INVITE, accepted, and the BYE, answered.
    fn linger() -> Servers {
        let mut servers = Servers::new(LINGERING);
        let mut outbox = Outbox::new(0);
        let (tokens, now) = (Tokens::new(1), Instant::ZERO);
        let address = ([192, 0, 2, 1], 5060).into();
        let path = Path { local: address, remote: address };
        for call in 0..LINGERING / 2 {
            let request = invite(call);
            let key = ServerKey::of(&request, &tokens);
            let merge = MergeKey::of(&request, &tokens);
            let new = NewInvite { path, call: CallKey::FIRST, merge, trying: vec![0; 350] };
            servers.open_invite(now, key, new, &mut outbox);
            let ok = Answer { class: Class::Success, bytes: vec![0; 700] };
            servers.respond(now, key, ok, &mut outbox);
            let bye = ServerKey::of(&Request { method: crate::sip::wire::Method::BYE, ..request }, &tokens);
            servers.open_other(bye, path);
            let ok = Answer { class: Class::Success, bytes: vec![0; 350] };
            servers.respond(now, bye, ok, &mut outbox);
        }
        servers
    }

    fn invite(call: usize) -> Request {
        let text = format!(
            "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK{call}\r\nFrom: <sip:c@d>;tag={call}\r\n\
             To: <sip:a@b>\r\nCall-ID: {call}\r\nCSeq: 1 INVITE\r\n\r\n"
        );
        match Message::parse(text.as_bytes()).unwrap() {
            Message::Request(request) => request,
            Message::Response(_) => panic!("a request was written"),
        }
    }
}
