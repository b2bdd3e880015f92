//! Addresses and ports.

use std::net::{IpAddr, SocketAddr};

use super::Expected;

/// Reads a list of addresses, with or without port; IPv6 with a port stands in brackets.
pub(super) fn addresses(text: &str) -> Result<Vec<SocketAddr>, Expected> {
    let list: Vec<_> = text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
    if list.is_empty() || list.len() > MAX_ADDRESSES {
        return Err(Expected::Addresses);
    }
    let mut addresses = Vec::with_capacity(list.len());
    for word in list {
        let address = address(word).ok_or(Expected::Addresses)?;
        // Given twice it could only be bound once.
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

fn address(text: &str) -> Option<SocketAddr> {
    let ip = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    match ip.parse::<IpAddr>() {
        Ok(ip) => Some(SocketAddr::new(ip, SIP_PORT)),
        Err(_) => text.parse().ok(),
    }
}

/// Even ports for RTP, each followed by an odd one for RTCP (RFC 3550 §11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    pub(super) const ONE: Self = Self { first: 16_384, last: 16_384 };

    /// The pairs from `low` to `high`: an odd first port is rounded up, an unpaired last one left out. `None` when not
    /// one pair fits in, or below 1024, which belongs to the system.
    #[must_use]
    pub const fn new(low: u16, high: u16) -> Option<Self> {
        if low < MIN_PORT || high <= low {
            return None;
        }
        // No overflow: `low` is below `high`.
        let (first, last) = (low + low % 2, (high - 1) & !1);
        if first <= last { Some(Self { first, last }) } else { None }
    }

    /// Reads `16384-16884`.
    pub(super) fn from_text(text: &str) -> Result<Self, Expected> {
        let (low, high) = text.split_once('-').ok_or(Expected::Ports)?;
        Self::new(port(low)?, port(high)?).ok_or(Expected::Ports)
    }

    /// The first even port.
    #[must_use]
    pub const fn first(self) -> u16 {
        self.first
    }

    /// The last even port; the next one belongs to it.
    #[must_use]
    pub const fn last(self) -> u16 {
        self.last
    }

    /// How many even ports there are, at least one: the number of calls at once.
    #[must_use]
    pub const fn pairs(self) -> u16 {
        (self.last - self.first) / 2 + 1
    }

    /// The even port number `index`, counted round.
    #[must_use]
    pub const fn nth(self, index: u16) -> u16 {
        self.first + (index % self.pairs()) * 2
    }
}

fn port(text: &str) -> Result<u16, Expected> {
    text.trim().parse().ok().filter(|&port| port > 0).ok_or(Expected::Ports)
}

/// RFC 3261 §19.1.2.
const SIP_PORT: u16 = 5060;
/// A box has few interfaces.
const MAX_ADDRESSES: usize = 16;
/// Ports below belong to the system.
const MIN_PORT: u16 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_may_be_missing() {
        let list = addresses("0.0.0.0:5070, [::]:5080,192.0.2.1, ::1 ,[2001:db8::1],").unwrap();
        let printed: Vec<_> = list.iter().map(SocketAddr::to_string).collect();
        let expected = ["0.0.0.0:5070", "[::]:5080", "192.0.2.1:5060", "[::1]:5060", "[2001:db8::1]:5060"];
        assert_eq!(printed, expected);
    }

    #[test]
    fn the_same_address_counts_once() {
        assert_eq!(addresses("127.0.0.1, 127.0.0.1:5060").unwrap().len(), 1);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in
            ["", ",", "pbx.example.com", "1.2.3.4:", "1.2.3.4:70000", "[::1", "5060", "1.2.3.4 5.6.7.8"]
        {
            assert_eq!(addresses(text), Err(Expected::Addresses), "{text}");
        }
        assert_eq!(addresses(&"127.0.0.1,".repeat(17)), Err(Expected::Addresses));
    }

    #[test]
    fn rtp_takes_even_ports_with_the_odd_one_after() {
        let cases = [
            ("16384-16884", 16_384, 16_882),
            ("16385 - 16887", 16_386, 16_886),
            ("4000-4001", 4000, 4000),
            ("65534-65535", 65_534, 65_534),
        ];
        for (text, first, last) in cases {
            let range = PortRange::from_text(text).unwrap();
            assert_eq!((range.first(), range.last()), (first, last), "{text}");
            assert_eq!(range.nth(range.pairs()), first);
            assert_eq!(range.nth(range.pairs() - 1), last);
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in [
            "",
            "16384",
            "4000-4000",
            "4001-4002",
            "5000-4000",
            "0-9",
            "80-90",
            "65535-65535",
            "1-x",
            "2000-0",
        ] {
            assert_eq!(PortRange::from_text(text), Err(Expected::Ports), "{text}");
        }
    }
}
