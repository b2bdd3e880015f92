//! Where packets may come from.

use std::net::{IpAddr, SocketAddr};

/// Where packets may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Anywhere.
    Any,
    /// Any port of a host; the port of the first packet is then the stream's.
    Host(IpAddr),
    /// Any port of either host: the one a caller names, and the one it signals from, which is the real one behind NAT.
    Hosts([IpAddr; 2]),
    /// One port of one host.
    Port(SocketAddr),
}

impl Source {
    /// Whether packets of `remote` may be heard. IPv4 addresses mapped into IPv6 are IPv4 addresses.
    pub(super) fn allows(self, remote: SocketAddr) -> bool {
        let ip = remote.ip().to_canonical();
        match self {
            Self::Any => true,
            Self::Host(host) => ip == host.to_canonical(),
            Self::Hosts(hosts) => hosts.iter().any(|host| ip == host.to_canonical()),
            Self::Port(address) => ip == address.ip().to_canonical() && remote.port() == address.port(),
        }
    }
}
