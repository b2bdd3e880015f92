//! Pairs of ports for media: RTP on an even port, RTCP on the odd one after it (RFC 3550 §11).

use std::net::{IpAddr, SocketAddr};

use super::udp::{BindError, Udp, UdpOptions};
use crate::config::PortRange;

/// Hands out the pairs of a range in turn, so that a port rests as long as possible before it is used again: a phone
/// that has missed the end of its call must not talk into the next one.
#[derive(Debug)]
pub struct MediaPorts {
    range: PortRange,
    next: u16,
}

impl MediaPorts {
    /// Pairs of `range`, starting somewhere that `seed` says: the port rests over a restart as well.
    #[must_use]
    pub fn new(range: PortRange, seed: u64) -> Self {
        let next = u16::try_from(seed % u64::from(range.pairs())).unwrap_or(0);
        Self { range, next }
    }

    /// The next free pair on `address`: RTP, then RTCP.
    ///
    /// # Errors
    ///
    /// [`BindError::Taken`] when every pair is in use; anything else at once.
    pub fn bind(&mut self, address: IpAddr, options: UdpOptions) -> Result<(Udp, Udp), BindError> {
        let mut refusal = None;
        for _ in 0..self.range.pairs() {
            match self.bind_next(address, options) {
                Err(taken @ BindError::Taken { .. }) => refusal = Some(taken),
                outcome => return outcome,
            }
        }
        let taken = || BindError::Taken { address: SocketAddr::new(address, self.range.first()) };
        Err(refusal.unwrap_or_else(taken))
    }

    fn bind_next(&mut self, address: IpAddr, options: UdpOptions) -> Result<(Udp, Udp), BindError> {
        let port = self.range.nth(self.next);
        self.next = (self.next + 1) % self.range.pairs();
        let media = Udp::bind(SocketAddr::new(address, port), options)?;
        let control = Udp::bind(SocketAddr::new(address, port + 1), options)?;
        Ok((media, control))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    /// Four pairs below the kernel's ephemeral ports, other ones for each process and `test`.
    fn free_range(test: u32) -> PortRange {
        let low = u16::try_from(20_000 + (std::process::id() % 500) * 20 + test * 10).unwrap();
        PortRange::new(low, low + 7).unwrap()
    }

    #[test]
    fn pairs_are_even_and_odd_and_rotate() {
        let mut ports = MediaPorts::new(free_range(0), 1);
        let mut bind = || {
            let (media, control) = ports.bind(LOCALHOST, UdpOptions::default()).unwrap();
            let port = media.local_addr().port();
            assert_eq!((port % 2, control.local_addr().port()), (0, port + 1));
            port
        };
        // Each pair is closed again at once; the next one is another all the same.
        assert_ne!(bind(), bind());
    }

    #[test]
    fn a_used_up_range_is_taken_until_a_pair_comes_back() {
        let range = free_range(1);
        let mut ports = MediaPorts::new(range, 0);
        let mut held: Vec<_> =
            std::iter::from_fn(|| ports.bind(LOCALHOST, UdpOptions::default()).ok()).take(99).collect();
        assert!(!held.is_empty() && held.len() <= usize::from(range.pairs()));
        let refusal = ports.bind(LOCALHOST, UdpOptions::default()).err();
        assert!(matches!(refusal, Some(BindError::Taken { .. })), "{refusal:?}");
        let back = held.pop().unwrap().0.local_addr();
        let (again, _) = ports.bind(LOCALHOST, UdpOptions::default()).unwrap();
        assert_eq!(again.local_addr(), back);
    }
}
