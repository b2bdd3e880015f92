//! Where a message came from and where one goes.

use super::wire::SipUri;
use std::net::SocketAddr;

/// What carries messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Each message is a datagram, which may get lost.
    Udp,
    /// Messages follow each other in a connection.
    Tcp,
}

/// The two ends of a flow of messages, as seen from this box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    /// What carries it.
    pub transport: Transport,
    /// The address of this box at which it listens: where the message arrived, or from which one is sent. A connection that
    /// this box opens has a port of its own, which does not count here.
    pub local: SocketAddr,
    /// The address of the peer; for what goes over TCP, that to which a connection is opened if there is none.
    pub remote: SocketAddr,
    /// The far end of a connection that is used instead while it stands: the one that a request came by, or a call goes
    /// by.
    pub flow: Option<SocketAddr>,
    /// What the peer knows [`local`](Self::local) as, which is what it is told: behind NAT, an address of the router.
    pub known_as: SocketAddr,
}

impl Path {
    /// A flow of datagrams.
    #[must_use]
    pub const fn udp(local: SocketAddr, remote: SocketAddr) -> Self {
        Self { transport: Transport::Udp, local, remote, flow: None, known_as: local }
    }

    /// A flow of messages in the connection to `remote`.
    #[must_use]
    pub const fn tcp(local: SocketAddr, remote: SocketAddr) -> Self {
        Self { transport: Transport::Tcp, local, remote, flow: None, known_as: local }
    }

    /// Where `user` is reached by way of this path. A URI with an address and no transport is one over UDP (RFC 3263
    /// §4.1).
    pub(crate) fn contact(&self, user: &str) -> SipUri {
        let contact = SipUri::at(self.known_as).with_user(user);
        match self.transport {
            Transport::Udp => contact,
            Transport::Tcp => contact.with_param("transport", Some("tcp")),
        }
    }

    /// Whether messages of this path go over the connection whose far end is `far`, or would.
    #[must_use]
    pub fn takes(&self, far: SocketAddr) -> bool {
        self.transport == Transport::Tcp && (self.remote == far || self.flow == Some(far))
    }
}

impl Transport {
    /// The transport of this name, in any letter case (RFC 3261 §19.1.1 `transport-param`); `None` if it is another.
    #[must_use]
    pub const fn of(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("udp") {
            Some(Self::Udp)
        } else if name.eq_ignore_ascii_case("tcp") {
            Some(Self::Tcp)
        } else {
            None
        }
    }

    /// Its name in a Via (RFC 3261 §25.1 `transport`).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        }
    }
}

/// A message to be sent from `path.local` to `path.remote`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Which way it goes.
    pub path: Path,
    /// What is sent.
    pub bytes: Vec<u8>,
}

/// `address`, as seen from the link on which `neighbour` is. A URI or a session description names no interface, and a
/// link-local IPv6 address (`fe80::/10`) without one leads nowhere (RFC 4007 §6): it gets the scope of `neighbour`.
#[must_use]
pub fn with_scope_of(address: SocketAddr, neighbour: SocketAddr) -> SocketAddr {
    match (address, neighbour) {
        (SocketAddr::V6(mut address), SocketAddr::V6(neighbour)) if address.ip().is_unicast_link_local() => {
            address.set_scope_id(neighbour.scope_id());
            address.into()
        }
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scoped(ip: &str, scope: u32) -> SocketAddr {
        std::net::SocketAddrV6::new(ip.parse().unwrap(), 4000, 0, scope).into()
    }

    #[test]
    fn a_link_local_address_is_on_the_link_of_its_neighbour() {
        let neighbour = scoped("fe80::2", 3);
        assert_eq!(with_scope_of(scoped("fe80::1", 0), neighbour), scoped("fe80::1", 3));
        assert_eq!(with_scope_of(scoped("febf::1", 7), neighbour), scoped("febf::1", 3));
    }

    #[test]
    fn other_addresses_have_no_scope() {
        let neighbour = scoped("fe80::2", 3);
        for address in ["[2001:db8::1]:4000", "[::1]:4000", "[fec0::1]:4000", "192.0.2.1:4000"] {
            let address = address.parse().unwrap();
            assert_eq!(with_scope_of(address, neighbour), address);
        }
        let v4 = "192.0.2.2:5060".parse().unwrap();
        assert_eq!(with_scope_of(scoped("fe80::1", 0), v4), scoped("fe80::1", 0));
    }
}
