//! Who is let in, and how those are turned away who are not.
//!
//! Decides: a request outside of any call has to come from where [`Allow`](crate::allow::Allow) says, and an INVITE or
//! MESSAGE from one of its callers as well (the address in P-Asserted-Identity where a server of our accounts says it, else
//! that in From). Where a proof is demanded, either without one gets 401, and a wrong one makes a stranger. OPTIONS is for
//! whoever watches the box, and has no caller: its source
//! alone decides. What belongs to a call, and the ACK or CANCEL of an INVITE that is known, is not looked at here.
//!
//! A stranger gets 403 without a transaction, [`ANSWERS_MAX`] times in [`WINDOW`]; after that he hears nothing until it is
//! over. Everything that would be answered counts: INVITE, a probe by OPTIONS, what is malformed (400). At most
//! [`PEERS_MAX`] strangers are remembered; while they are that many, others hear nothing at all. So nobody can make the box
//! send more than [`ANSWERS_MAX`] times [`PEERS_MAX`] refusals a minute to addresses that may be forged.

use super::Endpoint;
use super::admission::Refusal;
use super::counters::count;
use super::event::{Event, Stranger};
use super::inbound::Inbound;
use crate::allow::Network;
use crate::sip::digest::Proven;
use crate::sip::path::Path;
use crate::sip::wire::{Method, NameAddr, StatusCode, Uri};
use crate::time::Instant;
use core::net::IpAddr;
use core::time::Duration;
use std::borrow::Cow;
use std::collections::VecDeque;

impl Endpoint {
    /// Says to which networks this machine is attached now. A network that holds every address is none: it would let
    /// everybody in.
    pub fn set_attached(&mut self, mut attached: Vec<Network>) {
        attached.retain(|network| !network.is_everything());
        self.here.attached = attached;
    }

    /// Says which addresses the servers of its accounts have now.
    pub fn set_trusted(&mut self, servers: &[IpAddr]) {
        self.here.servers = servers.iter().map(IpAddr::to_canonical).collect();
    }

    /// Whether what comes over `path` would be refused, and might not be if the machine is attached to other networks
    /// than [`set_attached`](Self::set_attached) has said.
    #[must_use]
    pub fn wants_attached(&self, path: Path) -> bool {
        self.config.allow.attached && self.is_stranger(path)
    }

    /// Whether nothing may come from there.
    pub(super) fn is_stranger(&self, path: Path) -> bool {
        !self.config.allow.takes_source(path.remote.ip(), &self.here)
    }

    /// Looks at a request outside of any call; gives what it proves, if that is asked of its kind.
    pub(super) fn check_stranger(&self, now: Instant, inbound: &Inbound) -> Result<Option<Proven>, Stranger> {
        if self.is_stranger(inbound.path) {
            return Err(Stranger::Source);
        }
        if !matches!(inbound.request.method, Method::INVITE | Method::MESSAGE) {
            return Ok(None);
        }
        let caller = self.caller(inbound);
        let (user, host) = caller.as_deref().map(|caller| identity(&caller.uri)).unwrap_or_default();
        if !self.config.allow.takes_caller(&user, &host) {
            return Err(Stranger::Caller);
        }
        match self.proven(now, inbound) {
            Some(Proven::Wrong) => Err(Stranger::Proof),
            proven => Ok(proven),
        }
    }

    /// Who calls: as a server of our accounts asserts (RFC 3325 §9.1), else as the caller says himself. `None` if what the
    /// server asserts cannot be read: then it is nobody.
    fn caller<'i>(&self, inbound: &'i Inbound) -> Option<Cow<'i, NameAddr>> {
        let headers = &inbound.request.headers;
        let is_trusted = self.here.servers.contains(&inbound.path.remote.ip().to_canonical());
        match headers.get("P-Asserted-Identity").filter(|_| is_trusted) {
            // A second one is a telephone number beside the address.
            Some(text) => NameAddr::list(text).ok()?.into_iter().next().map(Cow::Owned),
            None => Some(Cow::Borrowed(&headers.from)),
        }
    }

    /// What is told of who calls.
    pub(super) fn named(&self, inbound: &Inbound) -> Box<NameAddr> {
        Box::new(self.caller(inbound).unwrap_or(Cow::Borrowed(&inbound.request.headers.from)).into_owned())
    }

    /// 401 for a caller who has to prove who he is, and does not yet: his request proves so much.
    pub(super) fn challenge(&self, now: Instant, path: Path, proven: Option<Proven>) -> Result<(), Refusal> {
        let Some((proven, verifier)) = proven.zip(self.verifier.as_ref()) else { return Ok(()) };
        if proven == Proven::Right {
            return Ok(());
        }
        let challenges = verifier.challenges(now, path.remote.ip(), proven == Proven::Stale);
        let refusal = Refusal::new(StatusCode::UNAUTHORIZED);
        Err(challenges.into_iter().fold(refusal, |refusal, value| refusal.with("WWW-Authenticate", value)))
    }

    /// What an INVITE or MESSAGE proves; `None` where nothing has to be proved.
    fn proven(&self, now: Instant, inbound: &Inbound) -> Option<Proven> {
        let verifier = self.verifier.as_ref()?;
        Some(verifier.check(now, inbound.path.remote.ip(), &inbound.request))
    }

    /// 403, or nothing.
    pub(super) fn turn_away(&mut self, now: Instant, inbound: &Inbound, why: Stranger) {
        count(&mut self.counters.strangers);
        // Others may call from the same address, by the same connection.
        self.is_turned_away = why == Stranger::Source;
        let Some(answers_left) = self.may_answer(now, inbound.path) else { return };
        self.refuse(inbound, &Refusal::new(StatusCode::FORBIDDEN));
        if self.events.len() >= self.config.limits.events {
            return;
        }
        self.events.push_back(Event::TurnedAway {
            from: self.named(inbound),
            path: inbound.path,
            call_id: inbound.request.headers.call_id.clone(),
            method: inbound.request.method.clone(),
            why,
            is_last: answers_left == 0,
        });
    }

    /// Whether one more refusal may go to a stranger: then how many more may follow.
    pub(super) fn may_answer(&mut self, now: Instant, path: Path) -> Option<u32> {
        let answers_left = self.strangers.take_answer(now, path.remote.ip().to_canonical());
        if answers_left.is_none() {
            count(&mut self.counters.silenced);
        }
        answers_left
    }
}

/// Strangers, and how many answers each has had.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    /// In the order in which they came.
    peers: VecDeque<Peer>,
}

#[derive(Debug)]
struct Peer {
    address: IpAddr,
    /// When the first of its answers went.
    since: Instant,
    answers_left: u32,
}

impl Strangers {
    /// Takes one answer of those that `peer` may get: how many are left.
    fn take_answer(&mut self, now: Instant, peer: IpAddr) -> Option<u32> {
        while self.peers.front().is_some_and(|oldest| now.since(oldest.since) >= WINDOW) {
            self.peers.pop_front();
        }
        if let Some(known) = self.peers.iter_mut().find(|known| known.address == peer) {
            known.answers_left = known.answers_left.checked_sub(1)?;
            return Some(known.answers_left);
        }
        if self.peers.len() >= PEERS_MAX {
            return None;
        }
        self.peers.push_back(Peer { address: peer, since: now, answers_left: ANSWERS_MAX - 1 });
        Some(ANSWERS_MAX - 1)
    }
}

/// User and host of an address as patterns see them: without escapes, and the number of a `tel:` URI without its visual
/// separators (RFC 3966 §5.1.1).
#[must_use]
pub fn identity(uri: &Uri) -> (String, String) {
    match uri {
        Uri::Sip(sip) => (sip.user_unescaped().unwrap_or_default(), sip.host_port().host.to_string()),
        Uri::Tel(tel) => (tel.number().replace(['-', '.', '(', ')'], ""), String::new()),
        Uri::Absolute(_) => (String::new(), String::new()),
    }
}

/// Refusals that a stranger gets within [`WINDOW`].
const ANSWERS_MAX: u32 = 10;
/// How long strangers are remembered, from the first refusal on.
const WINDOW: Duration = Duration::from_mins(1);
/// Strangers remembered.
const PEERS_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;

    #[test]
    fn a_stranger_gets_ten_answers_a_minute() {
        let mut strangers = Strangers::default();
        let mut answers = |millis| strangers.take_answer(Instant::from_millis(millis), peer(1));
        assert_eq!((0..12).map(&mut answers).collect::<Vec<_>>(), expected());
        assert_eq!(answers(59_999), None);
        assert_eq!(answers(60_000), Some(9));
    }

    #[test]
    fn strangers_do_not_silence_each_other() {
        let mut strangers = Strangers::default();
        for number in [1, 2] {
            let answers = (0..12).map(|_| strangers.take_answer(Instant::ZERO, peer(number)));
            assert_eq!(answers.collect::<Vec<_>>(), expected());
        }
    }

    #[test]
    fn more_strangers_than_can_be_remembered_hear_nothing_and_cost_nothing() {
        let mut strangers = Strangers::default();
        let mut answered = |second: u64| {
            let now = Instant::from_millis(second * 1000);
            (0..10_000).filter(|&number| strangers.take_answer(now, peer(number)).is_some()).count()
        };
        assert_eq!((answered(0), answered(59), answered(60)), (256, 256, 256));
        assert_eq!(strangers.peers.len(), 256);
        assert!(strangers.peers.capacity() <= 512);
    }

    #[test]
    fn callers_are_known_by_user_and_host_or_by_number() {
        let cases = [
            ("sip:alice@PBX.example:5070;user=phone", ("alice", "PBX.example")),
            ("sips:%61lice:secret@[2001:db8:0::1]", ("alice", "[2001:db8::1]")),
            ("sip:192.0.2.2", ("", "192.0.2.2")),
            ("tel:+49-(30)-12.34;phone-context=x", ("+49301234", "")),
            ("urn:service:sos", ("", "")),
        ];
        for (uri, (user, host)) in cases {
            assert_eq!(identity(&uri.parse().unwrap()), (user.to_owned(), host.to_owned()), "{uri}");
        }
    }

    /// Nine more, eight more, …, silence.
    fn expected() -> Vec<Option<u32>> {
        (0..10).rev().map(Some).chain([None, None]).collect()
    }

    fn peer(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }
}
