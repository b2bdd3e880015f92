//! How this box is known outside of its networks, where a router hides its addresses (NAT) and the registrar does not
//! help.
//!
//! Decides which address a peer is told, in Contact, Via and session descriptions. Who is in a network of the box is told
//! the real one: few routers let those inside in by the address outside. So is who has a private address (RFC 1918,
//! RFC 4193), for nobody beyond the router has: he is in another network of the same house. All others are told the
//! address outside. Where that is a private one itself, the router leads to another network of the house, and private
//! addresses say nothing.

use super::path::Path;
use crate::allow::Network;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

/// What this box is known as, and to whom: whoever is in none of its networks, and at no private address, is told the
/// address outside.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    external: Option<(IpAddr, Option<u16>)>,
    attached: Vec<Network>,
}

impl Outside {
    /// The box is known as `external` outside, at the port at which it listens unless another is given; as `None`,
    /// everybody knows it by its own addresses.
    #[must_use]
    pub const fn new(external: Option<(IpAddr, Option<u16>)>) -> Self {
        Self { external, attached: Vec::new() }
    }

    /// Whether there is an outside.
    #[must_use]
    pub const fn is_there(&self) -> bool {
        self.external.is_some()
    }

    /// Says to which networks this machine is attached now. A network that holds every address is none.
    pub fn set_attached(&mut self, mut attached: Vec<Network>) {
        attached.retain(|network| !network.is_everything());
        self.attached = attached;
    }

    /// `path` with what its peer knows this box as. An address of the other family than its own is of no use there.
    #[must_use]
    pub fn seen(&self, path: Path) -> Path {
        let external = self.external.filter(|(ip, _)| ip.is_ipv4() == path.local.is_ipv4());
        match external.filter(|&(ip, _)| !self.is_inside(path.remote.ip(), ip)) {
            Some((ip, port)) => {
                Path { known_as: SocketAddr::new(ip, port.unwrap_or(path.local.port())), ..path }
            }
            None => path,
        }
    }

    fn is_inside(&self, peer: IpAddr, external: IpAddr) -> bool {
        let is_of_the_house = is_private(peer) && !is_private(external);
        is_of_the_house || self.attached.iter().any(|network| network.contains(peer))
    }
}

/// Whether the Internet has no such address.
const fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local() || ip.is_loopback() || is_shared(ip),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_loopback(),
    }
}

/// Networks of carriers, and of overlays such as Tailscale (RFC 6598).
const fn is_shared(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    first == 100 && second & 0xc0 == 64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a box at 192.168.1.5 and `2001:db8:1::5` is known as by `peer`.
    fn known_as(external: &str, port: Option<u16>, peer: &str) -> String {
        let mut outside = Outside::new(Some((external.parse().unwrap(), port)));
        let attached = ["192.168.1.0/24", "198.51.100.0/24", "2001:db8:1::/64", "0.0.0.0/0"];
        outside.set_attached(attached.map(|text| Network::from_text(text).unwrap()).to_vec());
        let remote: SocketAddr = peer.parse().unwrap();
        let local = if remote.is_ipv4() { "192.168.1.5:5060" } else { "[2001:db8:1::5]:5060" };
        let path = Path::udp(local.parse().unwrap(), remote);
        let seen = outside.seen(path);
        assert_eq!(Path { known_as: path.known_as, ..seen }, path, "nothing else is another");
        seen.known_as.to_string()
    }

    #[test]
    fn who_is_outside_is_told_the_address_outside() {
        assert_eq!(known_as("203.0.113.7", None, "203.0.113.99:5060"), "203.0.113.7:5060");
        assert_eq!(known_as("203.0.113.7", Some(5070), "9.9.9.9:1024"), "203.0.113.7:5070");
        assert_eq!(known_as("2001:db8::7", None, "[2001:db8:2::9]:5060"), "[2001:db8::7]:5060");
    }

    #[test]
    fn who_is_in_a_network_of_the_box_or_of_the_house_is_told_the_real_one() {
        for peer in [
            "192.168.1.10:5060",
            "198.51.100.4:5060",
            "10.20.0.5:5060",
            "172.16.0.1:9",
            "100.101.2.3:5060",
            "127.0.0.1:5060",
        ] {
            assert_eq!(known_as("203.0.113.7", Some(5070), peer), "192.168.1.5:5060", "{peer}");
        }
        for peer in ["[2001:db8:1::10]:5060", "[fd00::1]:5060", "[fe80::1]:5060", "[::1]:5060"] {
            assert_eq!(known_as("2001:db8::7", None, peer), "[2001:db8:1::5]:5060", "{peer}");
        }
    }

    #[test]
    fn where_the_outside_is_private_itself_private_addresses_say_nothing() {
        assert_eq!(known_as("10.0.0.7", None, "10.0.0.1:5060"), "10.0.0.7:5060");
        assert_eq!(known_as("10.0.0.7", None, "192.168.1.10:5060"), "192.168.1.5:5060");
        assert_eq!(known_as("10.0.0.7", None, "9.9.9.9:5060"), "10.0.0.7:5060");
    }

    #[test]
    fn an_address_of_the_other_family_is_told_to_nobody() {
        assert_eq!(known_as("2001:db8::7", None, "203.0.113.99:5060"), "192.168.1.5:5060");
        let path = Path::udp("192.168.1.5:5060".parse().unwrap(), "9.9.9.9:5060".parse().unwrap());
        assert_eq!(Outside::default().seen(path), path, "nor is what nobody has named");
    }
}
