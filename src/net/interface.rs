//! Which networks the machine is attached to.

use std::io;
use std::net::IpAddr;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
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

/// Every address of every interface that is up and connected, as text; no more than something to compare with what was
/// before.
///
/// # Errors
///
/// When the kernel does not tell: there are no file descriptors left.
pub fn links() -> io::Result<Vec<String>> {
    let mut links: Vec<_> = getifaddrs()?
        .filter(|interface| is_connected(interface.flags))
        .map(|interface| match interface.address.as_ref().and_then(ip) {
            Some(address) => format!("{} {address}", interface.interface_name),
            None => interface.interface_name,
        })
        .collect();
    links.sort_unstable();
    links.dedup();
    Ok(links)
}

/// The addresses of all interfaces that are up and connected.
///
/// # Errors
///
/// When the kernel does not tell: there are no file descriptors left.
pub fn addresses() -> io::Result<Vec<IpAddr>> {
    let connected = getifaddrs()?.filter(|interface| is_connected(interface.flags));
    Ok(connected.filter_map(|interface| ip(&interface.address?)).collect())
}

/// Every address of every interface that is up and connected, with the interface's name and its network.
pub(super) fn networks() -> io::Result<Vec<(String, InterfaceFlags, IpAddr, Network)>> {
    let connected = getifaddrs()?.filter(|interface| is_connected(interface.flags));
    let with_network = connected.filter_map(|interface| {
        let address = ip(&interface.address?)?;
        let network = Network::with_mask(address, ip(&interface.netmask?)?)?;
        Some((interface.interface_name, interface.flags, address, network))
    });
    Ok(with_network.collect())
}

fn is_connected(flags: InterfaceFlags) -> bool {
    flags.contains(InterfaceFlags::IFF_UP | InterfaceFlags::IFF_RUNNING)
}

fn ip(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| v4.ip().into());
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| v6.ip().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_up_with_its_address() {
        let links = links().unwrap();
        assert!(links.contains(&"lo 127.0.0.1".to_owned()) && links.contains(&"lo".to_owned()), "{links:?}");
        assert!(links.is_sorted());
        assert!(addresses().unwrap().contains(&IpAddr::from([127, 0, 0, 1])));
    }

    #[test]
    fn every_machine_is_attached_to_its_own_loopback() {
        let networks = attached().unwrap();
        let loopback = Network::from_text("127.0.0.0/8").unwrap();
        assert!(networks.contains(&loopback), "{networks:?}");
    }
}
