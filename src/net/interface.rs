//! Which networks the machine is attached to.

use std::io;
use std::net::IpAddr;

use nix::ifaddrs::getifaddrs;
use nix::sys::socket::SockaddrStorage;

use crate::allow::Network;

/// The networks of all addresses of all interfaces, each with the length of its prefix.
///
/// # Errors
///
/// When the kernel does not tell: there are no file descriptors left.
pub fn attached() -> io::Result<Vec<Network>> {
    let addresses = getifaddrs()?;
    Ok(addresses
        .filter_map(|interface| Network::with_mask(ip(&interface.address?)?, ip(&interface.netmask?)?))
        .collect())
}

fn ip(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| v4.ip().into());
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| v6.ip().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_machine_is_attached_to_its_own_loopback() {
        let networks = attached().unwrap();
        let loopback = Network::from_text("127.0.0.0/8").unwrap();
        assert!(networks.contains(&loopback), "{networks:?}");
    }
}
