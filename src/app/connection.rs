//! One SIP connection: what it is worth, and until when it is kept.
//!
//! ```text
//!  connecting ── 5 s ──────────────> closed
//!  open, nothing read yet ── 30 s ─> closed      a slow or silent stranger
//!  open ── 5 min of silence ───────> closed      unless a call goes by it
//!  finishing ── 2 s ───────────────> closed      the last answer has gone, the rest is not listened to
//! ```

use super::inbox::Input;
use crate::net::Tcp;
use crate::sip::wire::{Piece, Stream};
use crate::sip::{Path, Reception};
use crate::time::Instant;
use core::cmp::Reverse;
use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;
use std::collections::HashMap;

/// A connection, and what is known of it.
pub(super) struct Connection {
    pub(super) io: Tcp,
    /// The path of what comes by it.
    pub(super) path: Path,
    stream: Stream,
    /// It stands in the queue of those to be read.
    pub(super) is_queued: bool,
    /// Nothing that follows is of use.
    pub(super) is_spoilt: bool,
    standing: Standing,
    opened_at: Instant,
}

/// What is to be done when a piece of a connection has been handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    Continue,
    /// CRLF is to be sent.
    Pong,
    /// No other piece follows.
    Finish,
}

/// What a connection is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    rank: Rank,
    /// Who shares what a peer may have: an IPv4 address, an IPv6 network of 64 bits.
    peer: IpAddr,
    heard_at: Instant,
}

/// The least worth comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// It is being closed.
    Finishing,
    /// Nothing has come that is taken from its peer.
    Silent,
    /// It is ours, or has brought a message.
    Known,
    /// A call goes by it.
    Calling,
}

impl Connection {
    /// One that has been accepted.
    pub(super) fn accepted(now: Instant, io: Tcp) -> Self {
        let path = Path::tcp(io.local_addr(), io.remote_addr());
        Self::new(now, io, path, Rank::Silent)
    }

    /// One of ours.
    pub(super) fn opened(now: Instant, io: Tcp, path: Path) -> Self {
        Self::new(now, io, Path::tcp(path.local, path.remote), Rank::Known)
    }

    fn new(now: Instant, io: Tcp, path: Path, rank: Rank) -> Self {
        let standing = Standing { rank, peer: share(path.remote.ip()), heard_at: now };
        let (is_queued, is_spoilt) = (false, false);
        Self { io, path, stream: Stream::default(), is_queued, is_spoilt, standing, opened_at: now }
    }

    pub(super) const fn standing(&self) -> Standing {
        self.standing
    }

    /// When it is closed, if nothing changes.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let heard_at = self.standing.heard_at;
        match self.standing.rank {
            Rank::Finishing => Some(heard_at + FINISH_WITHIN),
            _ if !self.io.is_open() => Some(self.opened_at + CONNECT_WITHIN),
            Rank::Silent => Some(self.opened_at + SPEAK_WITHIN),
            Rank::Known => Some(heard_at + IDLE_FOR),
            Rank::Calling => None,
        }
    }

    /// Takes what has been read.
    pub(super) fn push(&mut self, now: Instant, bytes: &[u8]) {
        if !self.is_finishing() {
            self.standing.heard_at = now;
            self.stream.push(bytes);
        }
    }

    /// The next piece of what has been read.
    pub(super) fn next_piece(&mut self) -> Option<(Input, After)> {
        let path = self.path;
        let piece = self.stream.next()?;
        let after = match piece {
            Piece::Ping => After::Pong,
            _ if piece.is_last() => After::Finish,
            _ => After::Continue,
        };
        let input = match piece {
            Piece::Message(bytes) | Piece::Garbage(bytes) => Input::Message { path, bytes: bytes.to_vec() },
            Piece::Oversized(head) | Piece::Endless(head) => Input::Oversized { path, head: head.to_vec() },
            Piece::Ping => Input::Nothing,
        };
        Some((input, after))
    }

    /// What came was taken, or not.
    pub(super) fn on_reception(&mut self, reception: Reception) {
        if reception == Reception::Taken {
            self.standing.rank = self.standing.rank.max(Rank::Known);
        }
    }

    /// Whether a call goes by it now.
    pub(super) fn mark(&mut self, now: Instant, carries_a_call: bool) {
        match (self.standing.rank, carries_a_call) {
            (Rank::Silent | Rank::Known, true) => self.standing.rank = Rank::Calling,
            (Rank::Calling, false) => {
                self.standing.rank = Rank::Known;
                // The time without traffic begins with the end of the call.
                self.standing.heard_at = now;
            }
            _ => {}
        }
    }

    /// Whether nothing has come by it that was taken, and nothing has gone by it that its peer had not asked for.
    pub(super) fn is_silent(&self) -> bool {
        self.standing.rank == Rank::Silent
    }

    pub(super) fn is_finishing(&self) -> bool {
        self.standing.rank == Rank::Finishing
    }

    /// Nothing more is taken from it, and nothing goes but what waits to be sent.
    pub(super) fn finish(&mut self, now: Instant) {
        if self.is_finishing() {
            return;
        }
        self.standing.rank = Rank::Finishing;
        self.standing.heard_at = now;
        self.stream = Stream::default();
        if !self.io.has_queued() {
            self.io.finish();
        }
    }
}

/// Which of all connections makes room for a new one: first of a peer that has more than a quarter of them; then of the
/// lowest rank; then of the peer that has the most; and of those the one that was silent longest. So who floods the box with
/// connections closes his own, whatever he says by them, and many who have one each do not close those of a telephone
/// system that has a few. `None` if calls go by all of them.
pub(super) fn gives_way<K: Copy>(all: impl Iterator<Item = (K, Standing)> + Clone) -> Option<K> {
    let mut shares: HashMap<IpAddr, usize> = HashMap::new();
    for (_, standing) in all.clone() {
        *shares.entry(standing.peer).or_default() += 1;
    }
    let quarter = all.clone().count() / 4;
    let share = |standing: Standing| shares.get(&standing.peer).copied().unwrap_or_default();
    all.filter(|(_, standing)| standing.rank < Rank::Calling)
        .min_by_key(|&(_, standing)| {
            let Standing { rank, heard_at, .. } = standing;
            let share = share(standing);
            (rank != Rank::Finishing, Reverse(share > quarter), rank, Reverse(share), heard_at)
        })
        .map(|(key, _)| key)
}

fn share(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// How long it may take to open one.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long a peer may take to bring its first message.
const SPEAK_WITHIN: Duration = Duration::from_secs(30);
/// How long one without a call may be silent.
const IDLE_FOR: Duration = Duration::from_mins(5);
/// How long a peer may take to read its last answer.
const FINISH_WITHIN: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(rank: Rank, peer: &str, millis: u64) -> Standing {
        Standing { rank, peer: share(peer.parse().unwrap()), heard_at: Instant::from_millis(millis) }
    }

    fn chosen(all: &[Standing]) -> Option<usize> {
        gives_way(all.iter().copied().enumerate())
    }

    #[test]
    fn who_has_the_most_gives_way_with_what_was_silent_longest() {
        let flood = (0..10).map(|at| standing(Rank::Silent, "203.0.113.9", 100 - at));
        let phone = standing(Rank::Silent, "192.0.2.2", 1);
        let all: Vec<_> = [phone].into_iter().chain(flood).collect();
        assert_eq!(chosen(&all), Some(10));
    }

    #[test]
    fn who_has_more_than_a_quarter_gives_way_although_he_is_known() {
        let flood = (0..10).map(|at| standing(Rank::Known, "203.0.113.9", 100 + at));
        let phone = standing(Rank::Silent, "192.0.2.2", 500);
        let proxy = (0..3).map(|at| standing(Rank::Known, "192.0.2.3", at));
        let all: Vec<_> = flood.chain([phone]).chain(proxy.clone()).collect();
        assert_eq!(chosen(&all), Some(0));
        let crowd =
            (0..30_u8).map(|at| standing(Rank::Known, &format!("203.0.113.{at}"), 100 + u64::from(at)));
        let all: Vec<_> = proxy.chain(crowd).chain([phone]).collect();
        assert_eq!(chosen(&all), Some(33), "nobody has a quarter: the one that has said nothing");
    }

    #[test]
    fn what_is_worth_least_gives_way_first_and_calls_never() {
        let ranks = [Rank::Calling, Rank::Known, Rank::Silent, Rank::Finishing];
        let mut all: Vec<_> = ranks.iter().map(|&rank| standing(rank, "192.0.2.2", 1)).collect();
        for expected in [3, 2, 1] {
            assert_eq!(chosen(&all), Some(expected));
            all.pop();
        }
        assert_eq!(chosen(&all), None);
    }

    #[test]
    fn a_network_of_ipv6_is_one_peer() {
        let all = [
            standing(Rank::Silent, "2001:db8:1::1", 5),
            standing(Rank::Silent, "2001:db8:2::1", 9),
            standing(Rank::Silent, "2001:db8:2::2", 8),
            standing(Rank::Silent, "::ffff:192.0.2.1", 1),
        ];
        assert_eq!(chosen(&all), Some(2));
        assert_eq!(all[3].peer, IpAddr::from([192, 0, 2, 1]));
    }
}
