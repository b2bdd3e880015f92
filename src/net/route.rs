//! Which of the machine's addresses leads to a peer.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The address that packets to `remote` leave from. Sends nothing.
///
/// # Errors
///
/// Where no route leads there (`NetworkUnreachable`), or the address family is missing.
pub fn source_for(remote: SocketAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match remote {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let probe = UdpSocket::bind((any, 0))?;
    // Connecting a UDP socket looks up the route and no more. A port of 0 is no destination.
    probe.connect(SocketAddr::new(remote.ip(), remote.port().max(1)))?;
    Ok(probe.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_reached_from_loopback() {
        let remote = "127.0.0.1:0".parse().unwrap();
        assert_eq!(source_for(remote).unwrap(), Ipv4Addr::LOCALHOST);
    }

    #[test]
    fn the_routes_of_both_families_are_looked_up_apart() {
        let remote = "[::1]:5060".parse().unwrap();
        if let Ok(source) = source_for(remote) {
            assert_eq!(source, Ipv6Addr::LOCALHOST);
        }
    }
}
