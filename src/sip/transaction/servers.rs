//! The server transactions of an endpoint: finds the one a request belongs to, runs its machine, keeps its deadlines.
//!
//! Those that may still send something are few: an INVITE until it is accepted or its refusal acknowledged, and UPDATE,
//! whose answer cannot be made again from the request. They keep their newest response as bytes. All others are
//! [`Lingering`]. So 100 000 transactions, nearly all of them lingering, stay under 10 MB.
//!
//! Both kinds count against [`Room::transactions`], and those that may send something against [`Room::open_bytes`] as
//! well: with the default limits no traffic takes more than 30 MB here.

use super::key::{MergeKey, ServerKey};
use super::lingering::{LastState, Lingering};
use super::reaction::{Class, Deadline, Emit, End, Reaction};
use super::server_invite::ServerInvite;
use super::server_other::ServerOther;
use super::timing::Transport;
use crate::shrink::Shrink;
use crate::sip::call::CallKey;
use crate::sip::outbox::Outbox;
use crate::sip::path::Path;
use crate::sip::wire::StatusCode;
use crate::time::Instant;
use crate::timers::Timers;
use std::collections::{HashMap, HashSet};

/// The server transactions of an endpoint.
#[derive(Debug)]
pub(crate) struct Servers {
    /// Those that may send something.
    open: HashMap<ServerKey, Server>,
    lingering: Lingering,
    /// Of both.
    merges: HashSet<MergeKey>,
    timers: Timers<(ServerKey, Slot)>,
    room: Room,
    /// The bytes that those which may send something hold.
    open_bytes: usize,
}

/// How much they may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// How many there may be.
    pub(crate) transactions: usize,
    /// How many bytes those may hold which may send something; the last one may go beyond.
    pub(crate) open_bytes: usize,
}

/// Whether a request has come before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It opens a transaction, or may.
    Never,
    /// All that it asks for is done.
    Handled,
    /// It gets this answer again, made from the request alone.
    Answered(StatusCode),
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
    pub(crate) fn new(room: Room) -> Self {
        Self {
            open: HashMap::new(),
            lingering: Lingering::default(),
            merges: HashSet::new(),
            timers: Timers::new(),
            room,
            open_bytes: 0,
        }
    }

    /// Takes a request that is no ACK.
    pub(crate) fn on_request(&mut self, now: Instant, key: ServerKey, outbox: &mut Outbox) -> Seen {
        match self.lingering.state(key) {
            Some(LastState::Completed(status)) => return Seen::Answered(status),
            Some(LastState::Accepted | LastState::Confirmed) => return Seen::Handled,
            None => {}
        }
        let Some(server) = self.open.get(&key) else {
            return Seen::Never;
        };
        let reaction = match server.machine {
            Machine::Invite(_) => ServerInvite::on_request(),
            Machine::Other(machine) => machine.on_request(),
        };
        self.run(now, key, reaction, outbox);
        Seen::Handled
    }

    /// Takes an ACK. `true` if it acknowledges a non-2xx response, which ends here.
    pub(crate) fn on_ack(&mut self, now: Instant, key: ServerKey, outbox: &mut Outbox) -> bool {
        if let Some(state) = self.lingering.state(key) {
            return state == LastState::Confirmed;
        }
        let Some(Server { machine: Machine::Invite(machine), .. }) = self.open.get(&key) else {
            return false;
        };
        let reaction = machine.on_ack();
        self.run(now, key, reaction, outbox);
        true
    }

    /// Opens the transaction of an INVITE. The caller has seen that there is room.
    pub(crate) fn open_invite(
        &mut self,
        now: Instant,
        key: ServerKey,
        invite: NewInvite,
        outbox: &mut Outbox,
    ) {
        let (machine, reaction) = ServerInvite::start(Transport::of(invite.path));
        self.merges.extend(invite.merge);
        let server = Server {
            machine: Machine::Invite(machine),
            newest: Some(invite.trying.into_boxed_slice()),
            path: invite.path,
            merge: invite.merge,
            call: Some(invite.call),
        };
        self.insert(key, server);
        self.run(now, key, reaction, outbox);
    }

    /// Opens the transaction of another request. The caller has seen that there is room.
    pub(crate) fn open_other(&mut self, key: ServerKey, path: Path) {
        let machine = Machine::Other(ServerOther::start(Transport::of(path)));
        self.insert(key, Server { machine, newest: None, path, merge: None, call: None });
    }

    /// Notes that a request which is no INVITE and has no transaction yet was answered finally, with what can be made
    /// from the request again. The caller has seen that there is room.
    pub(crate) fn complete(&mut self, now: Instant, key: ServerKey, status: StatusCode) {
        self.lingering.add(now, key, None, LastState::Completed(status));
    }

    /// Sends a response in an open transaction. Gives the way it went, if it went.
    pub(crate) fn respond(
        &mut self,
        now: Instant,
        key: ServerKey,
        answer: Answer,
        outbox: &mut Outbox,
    ) -> Option<Path> {
        let server = self.open.get_mut(&key)?;
        let path = server.path;
        let reaction = match &mut server.machine {
            Machine::Invite(machine) => machine.on_respond(answer.class),
            Machine::Other(machine) => machine.on_respond(answer.class),
        };
        let goes = reaction.emit == Emit::Last;
        if goes {
            self.open_bytes -= server.bytes();
            server.newest = Some(answer.bytes.into_boxed_slice());
            self.open_bytes += server.bytes();
        }
        self.run(now, key, reaction, outbox);
        goes.then_some(path)
    }

    /// Forgets what is over at `now`.
    pub(crate) fn forget(&mut self, now: Instant) {
        self.lingering.forget(now, &mut self.merges);
        self.open.shrink();
    }

    /// Does what is due at `now`.
    pub(crate) fn handle_timeout(&mut self, now: Instant, outbox: &mut Outbox) {
        self.forget(now);
        while let Some((key, slot)) = self.timers.expire(now) {
            let Some(server) = self.open.get_mut(&key) else {
                continue;
            };
            let reaction = match (&mut server.machine, slot) {
                (Machine::Invite(machine), Slot::Repeat) => machine.on_repeat(),
                (Machine::Invite(_), Slot::Expire) => ServerInvite::on_expire(),
                (Machine::Other(_), Slot::Repeat) => Reaction::NONE,
                (Machine::Other(machine), Slot::Expire) => machine.on_expire(),
            };
            self.run(now, key, reaction, outbox);
        }
    }

    /// When something is due next.
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        [self.timers.next(), self.lingering.next_timeout()].into_iter().flatten().min()
    }

    /// The call of the INVITE transaction `key`, unless it is answered and done with.
    pub(crate) fn call(&self, key: ServerKey) -> Option<CallKey> {
        self.open.get(&key)?.call
    }

    /// Whether there is a transaction `key`.
    pub(crate) fn knows(&self, key: ServerKey) -> bool {
        self.open.contains_key(&key) || self.lingering.state(key).is_some()
    }

    /// Whether a copy of the same request came another way.
    pub(crate) fn is_merged(&self, merge: MergeKey) -> bool {
        self.merges.contains(&merge)
    }

    /// Whether there is no room for another transaction.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.room.transactions || self.open_bytes >= self.room.open_bytes
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.open.len() + self.lingering.len()
    }

    fn insert(&mut self, key: ServerKey, server: Server) {
        self.open_bytes += server.bytes();
        self.open.insert(key, server);
    }

    fn run(&mut self, now: Instant, key: ServerKey, reaction: Reaction, outbox: &mut Outbox) {
        let Some(server) = self.open.get(&key) else {
            return;
        };
        if let (Emit::Last, Some(newest)) = (reaction.emit, &server.newest) {
            outbox.push(server.path, newest);
        }
        set(&mut self.timers, (key, Slot::Repeat), reaction.repeat, now);
        set(&mut self.timers, (key, Slot::Expire), reaction.expire, now);
        if let Some(end) = reaction.end {
            self.close(now, key, end);
        }
    }

    fn close(&mut self, now: Instant, key: ServerKey, end: End) {
        self.timers.stop((key, Slot::Repeat));
        self.timers.stop((key, Slot::Expire));
        let Some(server) = self.open.remove(&key) else {
            return;
        };
        self.open_bytes -= server.bytes();
        match (end, server.merge) {
            (End::Lingers(state), merge) => self.lingering.add(now, key, merge, state),
            (End::Done | End::TimedOut, Some(merge)) => drop(self.merges.remove(&merge)),
            (End::Done | End::TimedOut, None) => {}
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
    fn bytes(&self) -> usize {
        OVERHEAD_BYTES + self.newest.as_ref().map_or(0, |bytes| bytes.len())
    }
}

#[derive(Clone, Copy, Debug)]
enum Machine {
    Invite(ServerInvite),
    Other(ServerOther),
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

/// What an open transaction takes beside its response: its places in the tables and two deadlines.
const OVERHEAD_BYTES: usize = 400;

/// What a hash table of this capacity holds: its slots are a power of two, of which it fills 7 of 8, and each has a byte
/// of its own.
#[cfg(test)]
pub(super) fn table_bytes<T>(capacity: usize) -> usize {
    if capacity == 0 { 0 } else { (capacity * 8).div_ceil(7).next_power_of_two() * (size_of::<T>() + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::tokens::Tokens;
    use crate::sip::wire::{Message, Method, Request, Via};

    const ROOM: Room = Room { transactions: 131_072, open_bytes: 16 * 1024 * 1024 };
    /// 1600 calls a second.
    const CALL_EVERY_US: u64 = 625;
    /// So long that tables are full of what was removed, too.
    const CALLS: u64 = 120_000;

    #[test]
    fn sixteen_hundred_calls_a_second_stay_under_10_mb() {
        let mut servers = Servers::new(ROOM);
        let mut outbox = Outbox::new(0);
        let (tokens, template) = (Tokens::new(1), invite(0));
        let mut most = 0;
        for call in 0..CALLS {
            let now = Instant::from_micros(call * CALL_EVERY_US);
            servers.handle_timeout(now, &mut outbox);
            pass_by(&mut servers, now, numbered(&template, call), &tokens);
            most = most.max(bytes(&servers));
        }
        assert_eq!((servers.len(), servers.open.len(), servers.open_bytes), (2 * 51_200, 0, 0));
        assert!(most < 10_000_000, "{most} bytes");
        servers.handle_timeout(Instant::from_micros(CALLS * CALL_EVERY_US + 32_000_000), &mut outbox);
        assert_eq!((servers.len(), bytes(&servers), servers.next_timeout()), (0, 0, None));
    }

    #[test]
    fn large_responses_fill_the_room_too() {
        let mut servers = Servers::new(Room { open_bytes: 2048, ..ROOM });
        let mut outbox = Outbox::new(0);
        let key = ServerKey::of(&invite(1), &Tokens::new(1));
        let address = ([192, 0, 2, 1], 5060).into();
        servers.open_other(key, Path::udp(address, address));
        assert!(!servers.is_full());
        let large = Answer { class: Class::Success, bytes: vec![0; 1700] };
        servers.respond(Instant::ZERO, key, large, &mut outbox);
        assert!(servers.is_full());
        servers.handle_timeout(Instant::from_millis(32_000), &mut outbox);
        assert!(!servers.is_full());
    }

    /// An INVITE comes and is accepted, its BYE comes and is answered.
    fn pass_by(servers: &mut Servers, now: Instant, invite: Request, tokens: &Tokens) {
        let address = ([192, 0, 2, 1], 5060).into();
        let (path, mut outbox) = (Path::udp(address, address), Outbox::new(0));
        let key = ServerKey::of(&invite, tokens);
        let merge = MergeKey::of(&invite, tokens);
        let new = NewInvite { path, call: CallKey::FIRST, merge, trying: vec![0; 350] };
        servers.open_invite(now, key, new, &mut outbox);
        let ok = Answer { class: Class::Success, bytes: vec![0; 700] };
        assert_eq!(servers.respond(now, key, ok, &mut outbox), Some(path));
        let bye = ServerKey::of(&Request { method: Method::BYE, ..invite }, tokens);
        servers.complete(now, bye, StatusCode::OK);
    }

    fn numbered(template: &Request, call: u64) -> Request {
        let mut request = template.clone();
        request.headers.via = vec![Via::udp(([192, 0, 2, 2], 5060).into(), &format!("z9hG4bK{call}"))];
        request.headers.call_id = call.to_string();
        request
    }

    /// What the tables hold when nothing is open.
    fn bytes(servers: &Servers) -> usize {
        servers.lingering.bytes() + table_bytes::<MergeKey>(servers.merges.capacity())
    }

    fn invite(call: u64) -> Request {
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
