//! The box is found by its name, and as a telephone: multicast DNS (RFC 6762) and service discovery (RFC 6763).
//!
//! ```text
//!            links            3 x 250 ms             2 x 1 s
//!  (silent) ───────> probing ───────────> announcing ───────> established ──> stop: goodbye
//!                     ^ │ ^  conflict: the same name, once more  │
//!    another name     └─┘ └──────────────────────────────────────┘
//!
//!  paging.local                      A, AAAA   the addresses on the link that is asked on
//!  _sip._udp.local                   PTR       paging._sip._udp.local
//!  paging._sip._udp.local            SRV, TXT  paging.local:5060
//!  _services._dns-sd._udp.local      PTR       _sip._udp.local
//! ```
//! Decides what is asked, answered and announced, on each link for itself, and which name the box has when somebody else
//! has the one that was wanted (`paging-2`). Who is not on the link is not answered (§11), nor is what he knows already
//! (§7.1). Bounds: 16 links, 32 questions and three times 128 records of a packet (one that says more is not looked at), 64 kB
//! of packets a second, each record once a second and link, 20 answers a second to single askers; four times a second who
//! wants the name is told that it is taken, whatever else was told (§6). There is no cache.
//!
//! Leaves out: sockets; the denial of what there is not (NSEC, §6.1); known answers that come in several packets (§7.2),
//! which are answered at once; names of addresses (`in-addr.arpa`).

mod records;

use crate::allow::Network;
use crate::time::Instant;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use records::{Kind, Own};
use simple_dns::rdata::RData;
use simple_dns::{OPCODE, Packet, PacketFlag, RCODE};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Who the box is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its name: letters, digits and dashes, at most 63.
    pub hostname: String,
    /// Whom to call; may be empty.
    pub user: String,
    /// Where it takes calls.
    pub port: u16,
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number.
    pub index: u32,
    /// The addresses of the box there, and the networks that they are in.
    pub addresses: Vec<(IpAddr, Network)>,
}

/// Something to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// On which link.
    pub link: u32,
    /// To whom; `None`: to all of them.
    pub to: Option<SocketAddr>,
    /// What.
    pub bytes: Vec<u8>,
}

/// Has the box found.
#[derive(Debug)]
pub struct Responder {
    identity: Identity,
    /// Which of the names it has: `paging`, `paging-2`.
    number: u32,
    links: Vec<Link>,
    state: State,
    seed: u64,
    /// What is to be told on each link, and when.
    pending: BTreeMap<u32, (Instant, BTreeSet<Kind>)>,
    /// When each record was last told on each link.
    told: BTreeMap<(u32, Kind), Instant>,
    /// Answers to single askers.
    singles: Budget,
    /// Answers to who probes for the name.
    defences: Budget,
    /// Bytes of packets that are looked at.
    heard: Budget,
    outbox: VecDeque<Transmit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// There is no link.
    Silent,
    Probing {
        left: u32,
        at: Instant,
    },
    Announcing {
        left: u32,
        at: Instant,
    },
    Established,
    Stopped,
}

impl Responder {
    /// Of a box without links; `seed` spreads what several boxes would do at the same time.
    #[must_use]
    pub fn new(identity: Identity, seed: u64) -> Self {
        Self {
            identity,
            number: 1,
            links: Vec::new(),
            state: State::Silent,
            seed,
            pending: BTreeMap::new(),
            told: BTreeMap::new(),
            singles: Budget::new(MAX_SINGLES),
            defences: Budget::new(MAX_DEFENCES),
            heard: Budget::new(MAX_HEARD_BYTES),
            outbox: VecDeque::new(),
        }
    }

    /// The links and addresses of the box are these now.
    pub fn handle_links(&mut self, now: Instant, mut links: Vec<Link>) {
        links.truncate(MAX_LINKS);
        if links == self.links || self.state == State::Stopped {
            return;
        }
        self.links = links;
        self.told.clear();
        self.pending.clear();
        self.state = if self.links.is_empty() {
            State::Silent
        } else {
            State::Silent.probing(now, self.draw(PROBE_WAIT))
        };
    }

    /// `bytes` came on `link` from `source`.
    pub fn handle_packet(&mut self, now: Instant, link: u32, source: SocketAddr, bytes: &[u8]) {
        let is_near = |link: &&Link| link.addresses.iter().any(|(_, network)| network.contains(source.ip()));
        let is_there = self.links.iter().filter(|known| known.index == link).any(|link| is_near(&link));
        if bytes.len() > MAX_BYTES || !is_there || !is_modest(bytes) {
            return;
        }
        // A name may point to a name that points on: what a packet costs goes with its length.
        let cost = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if !self.heard.take(now, cost.max(LEAST_COST)) {
            return;
        }
        let Ok(packet) = Packet::parse(bytes) else { return };
        if packet.opcode() != OPCODE::StandardQuery || packet.rcode() != RCODE::NoError {
            return;
        }
        if packet.has_flags(PacketFlag::RESPONSE) {
            if source.port() == PORT {
                self.on_response(now, &packet);
            }
        } else {
            self.on_query(now, link, source, &packet);
        }
    }

    /// Acts on what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.state {
            State::Probing { left, at } if at <= now => self.probe(now, left),
            State::Announcing { left, at } if at <= now => self.announce(now, left),
            _ => {}
        }
        let due: Vec<_> =
            self.pending.iter().filter(|(_, (at, _))| *at <= now).map(|(link, _)| *link).collect();
        for link in due {
            if let Some((_, kinds)) = self.pending.remove(&link) {
                self.tell(now, link, &kinds);
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let own = match self.state {
            State::Probing { at, .. } | State::Announcing { at, .. } => Some(at),
            State::Silent | State::Established | State::Stopped => None,
        };
        own.into_iter().chain(self.pending.values().map(|(at, _)| *at)).min()
    }

    /// The next thing to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.outbox.pop_front()
    }

    /// Says goodbye (§10.1), and nothing from then on.
    pub fn stop(&mut self) {
        if matches!(self.state, State::Announcing { .. } | State::Established) {
            for link in self.links.clone() {
                let packet = self.own(&link).goodbye();
                self.send(link.index, None, packet);
            }
        }
        self.state = State::Stopped;
        self.pending.clear();
    }

    /// The name that the box has, or tries to get: `paging-2`.
    #[must_use]
    pub fn name(&self) -> String {
        if self.number == 1 {
            return self.identity.hostname.clone();
        }
        let suffix = format!("-{}", self.number);
        let room = MAX_LABEL_BYTES.saturating_sub(suffix.len());
        let start: String = self.identity.hostname.chars().take(room).collect();
        start.trim_end_matches('-').to_owned() + &suffix
    }

    /// Whether the name is the box's own.
    #[must_use]
    pub const fn is_established(&self) -> bool {
        matches!(self.state, State::Announcing { .. } | State::Established)
    }

    /// Somebody tells something: does he have our name (§9)?
    fn on_response(&mut self, now: Instant, packet: &Packet<'_>) {
        if matches!(self.state, State::Silent | State::Stopped) {
            return;
        }
        let own = self.own_of_all();
        let records = packet.answers.iter().chain(&packet.additional_records).take(MAX_RECORDS);
        if records.filter(|record| record.ttl > 0).any(|record| own.is_disputed_by(record)) {
            // Who has the name finds out whether he keeps it: one of two that both had it does.
            if matches!(self.state, State::Probing { .. }) {
                self.number = self.number.saturating_add(1);
            }
            self.pending.clear();
            self.told.clear();
            let wait = if self.number > MANY_CONFLICTS { CONFLICTS_WAIT } else { self.draw(PROBE_WAIT) };
            self.state = self.state.probing(now, wait);
        }
    }

    fn on_query(&mut self, now: Instant, link: u32, source: SocketAddr, packet: &Packet<'_>) {
        match self.state {
            State::Probing { .. } => self.on_rival(now, link, packet),
            State::Announcing { .. } | State::Established => self.answer(now, link, source, packet),
            State::Silent | State::Stopped => {}
        }
    }

    /// Somebody probes for the name that we probe for: the greater addresses win (§8.2).
    fn on_rival(&mut self, now: Instant, link: u32, packet: &Packet<'_>) {
        let Some(link) = self.links.iter().find(|known| known.index == link) else { return };
        let own = self.own(link);
        let theirs = records::addresses(
            packet.name_servers.iter().take(MAX_RECORDS).filter(|record| own.is_host(record)),
        );
        // Those of another link of ours are no rival's.
        let is_rival = !theirs.is_empty() && !theirs.iter().all(|(_, bytes)| self.has_address(bytes));
        if is_rival && theirs > own.addresses_as_bytes() {
            self.state = self.state.probing(now, RIVAL_WAIT);
        }
    }

    fn answer(&mut self, now: Instant, link: u32, source: SocketAddr, packet: &Packet<'_>) {
        let Some(near) = self.links.iter().find(|known| known.index == link) else { return };
        let own = self.own(near);
        let is_legacy = source.port() != PORT;
        let mut proposed = packet.name_servers.iter().take(MAX_RECORDS);
        if proposed.any(|record| own.is_unique(record)) && self.defences.take(now, 1) {
            return self.defend(now, &own, (link, source), packet);
        }
        let known = packet.answers.get(..MAX_RECORDS).unwrap_or(&packet.answers);
        let (mut single, mut all) = (BTreeSet::new(), BTreeSet::new());
        for question in packet.questions.iter().take(MAX_QUESTIONS) {
            let kinds: Vec<_> = own.asked(question).filter(|kind| !own.is_known(*kind, known)).collect();
            if is_legacy || question.unicast_response { single.extend(kinds) } else { all.extend(kinds) }
        }
        if !single.is_empty() && self.singles.take(now, 1) {
            let bytes = if is_legacy { own.legacy(&single, packet) } else { own.response(&single) };
            self.send(link, Some(source), bytes);
        }
        all.retain(|kind| self.told.get(&(link, *kind)).is_none_or(|at| now.since(*at) >= TELL_EVERY));
        if !all.is_empty() {
            // Others may have the same to say of what is shared (§6.3).
            let wait = if all.iter().any(|kind| kind.is_shared()) {
                SHARED_WAIT + self.draw(SHARED_SPREAD)
            } else {
                Duration::ZERO
            };
            let (at, kinds) = self.pending.entry(link).or_insert((now + wait, BTreeSet::new()));
            *at = (*at).min(now + wait);
            kinds.extend(all);
        }
        self.handle_timeout(now);
    }

    /// Somebody wants a name that is ours: he has 250 ms to hear of it (§6).
    fn defend(&mut self, now: Instant, own: &Own, asker: (u32, SocketAddr), packet: &Packet<'_>) {
        let (link, source) = asker;
        let questions = packet.questions.iter().take(MAX_QUESTIONS);
        let kinds: BTreeSet<_> = questions
            .clone()
            .flat_map(|question| own.asked(question))
            .filter(|kind| !kind.is_shared())
            .collect();
        if kinds.is_empty() {
            return;
        }
        if questions.clone().all(|question| question.unicast_response) {
            self.send(link, Some(source), own.response(&kinds));
        } else {
            self.tell(now, link, &kinds);
        }
    }

    fn probe(&mut self, now: Instant, left: u32) {
        if left == 0 {
            self.announce(now, ANNOUNCEMENTS);
            return;
        }
        for link in self.links.clone() {
            let packet = self.own(&link).probe();
            self.send(link.index, None, packet);
        }
        self.state = State::Probing { left: left - 1, at: now + PROBE_EVERY };
    }

    fn announce(&mut self, now: Instant, left: u32) {
        for link in self.links.clone() {
            self.tell(now, link.index, &Kind::ALL.into());
        }
        self.state = match left - 1 {
            0 => State::Established,
            left => State::Announcing { left, at: now + ANNOUNCE_EVERY },
        };
    }

    fn tell(&mut self, now: Instant, link: u32, kinds: &BTreeSet<Kind>) {
        let Some(known) = self.links.iter().find(|known| known.index == link) else { return };
        let bytes = self.own(known).response(kinds);
        self.told.extend(kinds.iter().map(|kind| ((link, *kind), now)));
        self.send(link, None, bytes);
    }

    fn send(&mut self, link: u32, to: Option<SocketAddr>, bytes: Option<Vec<u8>>) {
        if let Some(bytes) = bytes.filter(|_| self.outbox.len() < MAX_OUTBOX) {
            self.outbox.push_back(Transmit { link, to, bytes });
        }
    }

    fn own(&self, link: &Link) -> Own {
        let addresses = link.addresses.iter().map(|(address, _)| *address).collect();
        Own::new(&self.name(), &self.identity, addresses)
    }

    fn own_of_all(&self) -> Own {
        let all = self.links.iter().flat_map(|link| &link.addresses);
        Own::new(&self.name(), &self.identity, all.map(|(address, _)| *address).collect())
    }

    fn has_address(&self, bytes: &[u8]) -> bool {
        self.own_of_all().addresses_as_bytes().iter().any(|(_, own)| own == bytes)
    }

    /// A random part of a time.
    fn draw(&mut self, most: Duration) -> Duration {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        most * u32::try_from(self.seed >> 56).unwrap_or(0) / 256
    }
}

/// So much a second.
#[derive(Debug)]
struct Budget {
    most: u32,
    since: Instant,
    left: u32,
}

impl Budget {
    const fn new(most: u32) -> Self {
        Self { most, since: Instant::ZERO, left: most }
    }

    fn take(&mut self, now: Instant, cost: u32) -> bool {
        if now.since(self.since) >= Duration::from_secs(1) {
            (self.since, self.left) = (now, self.most);
        }
        let left = self.left.checked_sub(cost);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}

impl State {
    fn probing(self, now: Instant, wait: Duration) -> Self {
        if self == Self::Stopped { self } else { Self::Probing { left: PROBES, at: now + wait } }
    }
}

/// Whether a packet says that it has no more of anything than is looked at (RFC 1035 §4.1.1): room is made for what it says.
fn is_modest(bytes: &[u8]) -> bool {
    let Some(counts) = bytes.get(4..12) else { return false };
    let counts = counts.chunks_exact(2).map(|count| usize::from(count[0]) << 8 | usize::from(count[1]));
    let most = [MAX_QUESTIONS, MAX_RECORDS, MAX_RECORDS, MAX_RECORDS];
    let room = bytes.len() / LEAST_BYTES;
    counts.zip(most).all(|(count, most)| count <= most.min(room))
}

/// Whether `rdata` is an address, and which.
fn address(rdata: &RData<'_>) -> Option<IpAddr> {
    match rdata {
        RData::A(a) => Some(IpAddr::V4(a.address.into())),
        RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.address.into())),
        _ => None,
    }
}

/// Where multicast DNS is spoken.
pub const PORT: u16 = 5353;
/// §8.1: three probes, a quarter of a second apart, after a wait of up to that.
const PROBES: u32 = 3;
const PROBE_EVERY: Duration = Duration::from_millis(250);
const PROBE_WAIT: Duration = Duration::from_millis(250);
/// §8.2: who loses to a rival waits so long.
const RIVAL_WAIT: Duration = Duration::from_secs(1);
/// §8.1: after so many conflicts, probing is rare.
const MANY_CONFLICTS: u32 = 15;
const CONFLICTS_WAIT: Duration = Duration::from_secs(5);
/// §8.3: at least two, a second apart.
const ANNOUNCEMENTS: u32 = 2;
const ANNOUNCE_EVERY: Duration = Duration::from_secs(1);
/// §6: a record is not told more often than that on a link.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// §6: 20 to 120 ms.
const SHARED_WAIT: Duration = Duration::from_millis(20);
const SHARED_SPREAD: Duration = Duration::from_millis(100);
/// §17: the largest packet.
const MAX_BYTES: usize = 9000;
const MAX_LINKS: usize = 16;
const MAX_QUESTIONS: usize = 32;
const MAX_RECORDS: usize = 128;
const MAX_SINGLES: u32 = 20;
const MAX_DEFENCES: u32 = 4;
const MAX_HEARD_BYTES: u32 = 64 * 1024;
/// What the smallest packet counts for.
const LEAST_COST: u32 = 64;
/// The smallest question: an empty name, type and class.
const LEAST_BYTES: usize = 5;
const MAX_OUTBOX: usize = 64;
/// RFC 1035 §2.3.4.
const MAX_LABEL_BYTES: usize = 63;

#[cfg(test)]
mod tests;
