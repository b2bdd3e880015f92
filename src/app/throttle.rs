//! How often the network may make the box say something.
//!
//! Decides which lines about a peer are said: one a second and peer. At most [`PEERS_MAX`] peers are remembered; the one
//! that was heard longest ago makes room, but not before its second is over. So forged addresses cannot make it more
//! than [`PEERS_MAX`] lines a second, whatever comes. What is held back is counted, and told with a later line.

use crate::time::Instant;
use core::net::IpAddr;
use core::time::Duration;
use std::collections::VecDeque;

/// Says which lines may be said.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    /// In the order of their last line, the oldest first.
    peers: VecDeque<Peer>,
    /// Lines held back of peers that are not among them.
    others: u64,
}

#[derive(Debug)]
struct Peer {
    address: IpAddr,
    said_at: Instant,
    held_back: u64,
}

impl Throttle {
    /// Whether a line about `peer` may be said at `now`: then how many were held back before it, of this peer and of
    /// those that are not remembered. `None`: it is held back too.
    pub(super) fn allow(&mut self, now: Instant, peer: IpAddr) -> Option<u64> {
        let held_back = match self.peers.iter().position(|known| known.address == peer) {
            Some(at) => self.take_known(now, at)?,
            None => self.make_room(now)?,
        };
        self.peers.push_back(Peer { address: peer, said_at: now, held_back: 0 });
        Some(held_back.saturating_add(core::mem::take(&mut self.others)))
    }

    /// Takes out a peer whose second is over, and gives what was held back of it.
    fn take_known(&mut self, now: Instant, at: usize) -> Option<u64> {
        let known = self.peers.get_mut(at)?;
        if now.since(known.said_at) < EVERY {
            known.held_back = known.held_back.saturating_add(1);
            return None;
        }
        self.peers.remove(at).map(|known| known.held_back)
    }

    /// Forgets the oldest peer if there are too many; `None` if its second is not over.
    fn make_room(&mut self, now: Instant) -> Option<u64> {
        if self.peers.len() < PEERS_MAX {
            return Some(0);
        }
        if self.peers.front().is_some_and(|oldest| now.since(oldest.said_at) < EVERY) {
            self.others = self.others.saturating_add(1);
            return None;
        }
        self.peers.pop_front().map(|oldest| oldest.held_back)
    }
}

/// How often one peer is worth a line.
const EVERY: Duration = Duration::from_secs(1);
/// Peers remembered.
const PEERS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;

    #[test]
    fn a_peer_gets_one_line_a_second_which_says_how_many_were_held_back() {
        let mut throttle = Throttle::default();
        let lines = [0, 1, 500, 999, 1000, 1999, 2000].map(|millis| throttle.allow(at(millis), peer(1)));
        assert_eq!(lines, [Some(0), None, None, None, Some(3), None, Some(1)]);
    }

    #[test]
    fn peers_do_not_hold_each_other_back() {
        let mut throttle = Throttle::default();
        assert_eq!(throttle.allow(at(0), peer(1)), Some(0));
        assert_eq!(throttle.allow(at(1), peer(1)), None);
        assert_eq!(throttle.allow(at(1), peer(2)), Some(0));
    }

    #[test]
    fn the_oldest_peer_is_forgotten_when_there_are_too_many() {
        let mut throttle = Throttle::default();
        for number in 0..64 {
            assert_eq!(throttle.allow(at(u64::from(number)), peer(number)), Some(0));
        }
        assert_eq!(throttle.allow(at(100), peer(0)), None);
        // Its second is over; what it had to say is told with the line of the one in its place.
        assert_eq!(throttle.allow(at(1000), peer(64)), Some(1));
        assert_eq!(throttle.allow(at(1001), peer(0)), Some(0), "the second oldest has made room");
        assert_eq!(throttle.allow(at(1001), peer(2)), None, "remembered");
    }

    #[test]
    fn forged_addresses_make_no_more_than_64_lines_a_second() {
        let mut throttle = Throttle::default();
        let mut said = |second: u64| {
            let lines = (0..1000).filter_map(|number| throttle.allow(at(second * 1000), peer(number)));
            lines.fold((0, 0), |(lines, held_back), more| (lines + 1, held_back + more))
        };
        assert_eq!(said(0), (64, 0));
        assert_eq!(said(1), (64, 936));
        assert_eq!(said(2), (64, 936));
    }

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn peer(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }
}
