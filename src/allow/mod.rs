//! Who may call, as a value: the networks a request may come from, and the patterns its caller may match.
//!
//! Decides whether an address and a caller are let in. Leaves out how a list of both is written (`config`), to which
//! networks this machine is attached (`net`), and what becomes of those who are not let in (`sip`).

mod network;
mod pattern;

pub use network::Network;
pub use pattern::Pattern;

use core::net::IpAddr;

/// Who may call. A call has to come from one of the networks, if there are any, and its caller has to match one of the
/// patterns, if there are any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// Networks that are named.
    pub networks: Vec<Network>,
    /// Whether the networks this machine is attached to are as good as named, and so are loopback and link-local
    /// addresses.
    pub attached: bool,
    /// Whether the servers of accounts are as good as named.
    pub servers: bool,
    /// Patterns of callers.
    pub callers: Vec<Pattern>,
}

impl Allow {
    /// Everybody may call, from everywhere.
    pub const ANYBODY: Self =
        Self { networks: Vec::new(), attached: false, servers: false, callers: Vec::new() };

    /// Whether it does not say where from.
    #[must_use]
    pub const fn is_from_anywhere(&self) -> bool {
        self.networks.is_empty() && !self.attached && !self.servers
    }

    /// Whether a request may come from `source`, where `here` tells of this machine.
    #[must_use]
    pub fn takes_source(&self, source: IpAddr, here: &Surroundings) -> bool {
        let holds = |networks: &[Network]| networks.iter().any(|network| network.contains(source));
        self.is_from_anywhere()
            || holds(&self.networks)
            || (self.attached && (is_always_attached(source) || holds(&here.attached)))
            || (self.servers && here.servers.contains(&source.to_canonical()))
    }

    /// Whether the caller `user` at `host` may call.
    #[must_use]
    pub fn takes_caller(&self, user: &str, host: &str) -> bool {
        self.callers.is_empty() || self.callers.iter().any(|pattern| pattern.matches(user, host))
    }
}

/// What a machine is among, and which may change at any time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The networks it is attached to.
    pub attached: Vec<Network>,
    /// The addresses of the servers of its accounts.
    pub servers: Vec<IpAddr>,
}

/// Loopback and link-local: no router brings these from elsewhere (RFC 1122 §3.2.1.3, RFC 3927 §7, RFC 4291 §2.5).
const fn is_always_attached(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Vec<Network> {
        texts.iter().map(|text| Network::from_text(text).unwrap()).collect()
    }

    fn attached(texts: &[&str]) -> Surroundings {
        Surroundings { attached: networks(texts), ..Surroundings::default() }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn without_networks_a_call_may_come_from_anywhere() {
        assert!(Allow::ANYBODY.takes_source(ip("203.0.113.9"), &attached(&[])));
        assert!(Allow::ANYBODY.takes_caller("anybody", "anywhere"));
    }

    #[test]
    fn a_named_network_lets_in_its_own_and_not_even_loopback_beside() {
        let allow = Allow { networks: networks(&["192.0.2.0/24", "2001:db8::/32"]), ..Allow::ANYBODY };
        for inside in ["192.0.2.9", "::ffff:192.0.2.9", "2001:db8::9"] {
            assert!(allow.takes_source(ip(inside), &attached(&[])), "{inside}");
        }
        for outside in ["192.0.3.9", "127.0.0.1", "::1", "2001:db9::9"] {
            assert!(!allow.takes_source(ip(outside), &attached(&["0.0.0.0/1"])), "{outside}");
        }
    }

    #[test]
    fn attached_networks_are_those_of_the_machine_and_loopback_and_link_local() {
        let allow = Allow { attached: true, ..Allow::ANYBODY };
        let here = attached(&["10.0.0.7/24", "2001:db8:1::7/64"]);
        for inside in [
            "10.0.0.1",
            "::ffff:10.0.0.1",
            "2001:db8:1::1",
            "127.0.0.9",
            "::1",
            "::ffff:127.0.0.1",
            "169.254.3.4",
            "fe80::1",
        ] {
            assert!(allow.takes_source(ip(inside), &here), "{inside}");
        }
        for outside in ["10.0.1.1", "203.0.113.9", "2001:db8:2::1", "ff02::1", "::"] {
            assert!(!allow.takes_source(ip(outside), &here), "{outside}");
        }
    }

    #[test]
    fn attached_and_named_networks_stand_side_by_side() {
        let allow = Allow { networks: networks(&["10.9.0.0/16"]), attached: true, ..Allow::ANYBODY };
        let here = attached(&["10.0.0.7/24"]);
        assert!(allow.takes_source(ip("10.9.1.1"), &here) && allow.takes_source(ip("10.0.0.1"), &here));
        assert!(!allow.takes_source(ip("10.8.1.1"), &here));
    }

    #[test]
    fn servers_are_known_by_their_addresses_in_either_spelling() {
        let allow = Allow { servers: true, ..Allow::ANYBODY };
        let here = Surroundings { servers: vec![ip("10.0.0.7")], ..attached(&["10.0.0.0/8"]) };
        assert!(
            allow.takes_source(ip("10.0.0.7"), &here) && allow.takes_source(ip("::ffff:10.0.0.7"), &here)
        );
        assert!(!allow.takes_source(ip("10.0.0.8"), &here) && !allow.takes_source(ip("127.0.0.1"), &here));
    }

    #[test]
    fn one_matching_pattern_is_enough() {
        let callers = ["2??@*", "*@pbx.example"].map(|text| Pattern::from_text(text).unwrap());
        let allow = Allow { callers: callers.to_vec(), ..Allow::ANYBODY };
        assert!(allow.takes_caller("200", "192.0.2.2") && allow.takes_caller("alice", "pbx.example"));
        assert!(!allow.takes_caller("300", "192.0.2.2"));
    }
}
