//! The box in its network: its own address, name servers, clocks, multicast groups, ports of programs.

use core::fmt;
use std::net::{IpAddr, SocketAddr};

use super::{Expected, Host};
use crate::allow::Network;

/// An address of the box's own, and how many of its bits are the network's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnAddress {
    /// The address.
    pub address: IpAddr,
    /// The network's bits.
    pub prefix: u8,
}

impl OwnAddress {
    /// Reads `192.168.1.20/24`; `None` is `dhcp`.
    pub(super) fn from_text(text: &str) -> Result<Option<Self>, Expected> {
        if text.eq_ignore_ascii_case(DHCP) {
            return Ok(None);
        }
        Self::with_prefix(text).map(Some).ok_or(Expected::OwnAddress)
    }

    fn with_prefix(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let (address, prefix): (IpAddr, u8) = (address.trim().parse().ok()?, prefix.trim().parse().ok()?);
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let is_one = !address.is_unspecified() && !address.is_multicast() && !address.is_loopback();
        (is_one && (1..=bits).contains(&prefix)).then_some(Self { address, prefix })
    }
}

impl fmt::Display for OwnAddress {
    /// As it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// Where the time comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeSource {
    /// The servers that DHCP names (option 42).
    Dhcp,
    /// Those of pool.ntp.org.
    Pool,
    /// This one.
    Server(Host),
}

impl TimeSource {
    /// The words.
    pub(super) const WORDS: &[&str] = &[DHCP, "pool"];

    /// Reads a list, the most wanted first.
    pub(super) fn list(text: &str) -> Result<Vec<Self>, Expected> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let list: Vec<_> = parts.map(Self::one).collect::<Result<_, _>>()?;
        if list.is_empty() || list.len() > MAX_SERVERS { Err(Expected::Ntp) } else { Ok(list) }
    }

    fn one(text: &str) -> Result<Self, Expected> {
        match text.to_ascii_lowercase().as_str() {
            DHCP => Ok(Self::Dhcp),
            "pool" => Ok(Self::Pool),
            // A port is not part of it (RFC 5905 §7.2).
            name => Host::list(name)
                .ok()
                .and_then(|mut list| list.pop())
                .filter(|host| host.port.is_none())
                .map(Self::Server)
                .ok_or(Expected::Ntp),
        }
    }
}

/// Reads one address.
pub(super) fn ip(text: &str) -> Result<IpAddr, Expected> {
    text.parse().map_err(|_| Expected::Ip)
}

/// Reads a list of addresses.
pub(super) fn ips(text: &str) -> Result<Vec<IpAddr>, Expected> {
    let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
    let list: Vec<_> = parts.map(|part| part.parse().map_err(|_| Expected::Ips)).collect::<Result<_, _>>()?;
    if list.is_empty() || list.len() > MAX_SERVERS { Err(Expected::Ips) } else { Ok(list) }
}

/// Reads a multicast group and its port: `239.255.0.1:5004`, `[ff15::1]:5004`.
pub(super) fn group(text: &str) -> Result<SocketAddr, Expected> {
    let address: SocketAddr = text.parse().map_err(|_| Expected::Group)?;
    if address.ip().is_multicast() && address.port() != 0 { Ok(address) } else { Err(Expected::Group) }
}

/// Reads addresses that each have a port, for there is no usual one.
pub(super) fn ports_of_addresses(text: &str) -> Result<Vec<SocketAddr>, Expected> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let list: Vec<SocketAddr> =
        parts.map(|part| part.parse().map_err(|_| Expected::Listen)).collect::<Result<_, _>>()?;
    let is_right = !list.is_empty() && list.len() <= 16 && list.iter().all(|address| address.port() != 0);
    if is_right { Ok(list) } else { Err(Expected::Listen) }
}

/// Reads a list of networks.
pub(super) fn networks(text: &str) -> Result<Vec<Network>, Expected> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let list: Vec<_> =
        parts.map(|part| Network::from_text(part).ok_or(Expected::Network)).collect::<Result<_, _>>()?;
    if list.is_empty() || list.len() > 64 { Err(Expected::Network) } else { Ok(list) }
}

const DHCP: &str = "dhcp";
/// More servers than anybody asks.
const MAX_SERVERS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_box_has_its_address_by_dhcp_or_says_how_large_its_network_is() {
        assert_eq!(OwnAddress::from_text("DHCP"), Ok(None));
        let own = OwnAddress::from_text("192.168.1.20/24").unwrap().unwrap();
        assert_eq!((own.address, own.prefix), ("192.168.1.20".parse().unwrap(), 24));
        assert!(OwnAddress::from_text("fd00::20/64").unwrap().is_some());
        for text in
            ["", "192.168.1.20", "192.168.1.20/33", "192.168.1.20/0", "0.0.0.0/24", "239.1.1.1/8", "auto"]
        {
            assert_eq!(OwnAddress::from_text(text), Err(Expected::OwnAddress), "{text}");
        }
    }

    #[test]
    fn the_time_comes_from_named_servers_or_those_that_others_name() {
        let list = TimeSource::list("DHCP, 192.0.2.1, time.example").unwrap();
        assert_eq!(list.len(), 3);
        assert_eq!(
            TimeSource::list(&TimeSource::WORDS.join(",")),
            Ok(vec![TimeSource::Dhcp, TimeSource::Pool])
        );
        for text in ["", "time.example:123", "time server", "http://a"] {
            assert_eq!(TimeSource::list(text), Err(Expected::Ntp), "{text}");
        }
    }

    #[test]
    fn a_group_is_multicast_and_has_a_port() {
        assert!(group("239.255.0.1:5004").is_ok() && group("[ff15::1]:5004").is_ok());
        for text in ["", "239.255.0.1", "192.0.2.1:5004", "239.255.0.1:0", "pbx:5004"] {
            assert_eq!(group(text), Err(Expected::Group), "{text}");
        }
    }

    #[test]
    fn lists_of_addresses_hold_nothing_else() {
        assert_eq!(ips("192.0.2.1, ::1 9.9.9.9").unwrap().len(), 3);
        assert_eq!(ips("dns.example"), Err(Expected::Ips));
        assert_eq!((ip("x"), ip("192.0.2.1").is_ok()), (Err(Expected::Ip), true));
        assert_eq!(ports_of_addresses("0.0.0.0:9092, [::]:9092").unwrap().len(), 2);
        assert_eq!(ports_of_addresses("0.0.0.0"), Err(Expected::Listen));
        assert_eq!(networks("10.0.0.0/8, 192.0.2.1").unwrap().len(), 2);
        assert_eq!(networks("10.0.0.0/8, 2??@*"), Err(Expected::Network));
    }
}
