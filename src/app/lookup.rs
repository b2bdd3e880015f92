//! Where the servers of an account are (RFC 3263 §4.2, but for NAPTR: the transport is configured).

use crate::config::Host;
use crate::dns::{Target, name_servers};
use crate::entropy;
use crate::net;
use crate::sip::Transport;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// One address of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The host that it was looked up for, into the list that was given.
    pub(super) number: usize,
    /// For people: the name and the address, or the address alone where that is the name.
    pub(super) label: String,
    pub(super) address: SocketAddr,
}

/// What was found, most wanted first, and a sentence for each host that was not.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) places: Vec<Place>,
    pub(super) faults: Vec<String>,
}

/// Looks up all `hosts`, one after the other.
pub(super) async fn look_up(hosts: Vec<Host>, transport: Transport) -> Found {
    let mut found = Found::default();
    for (number, host) in hosts.iter().enumerate() {
        match addresses(host, transport).await {
            Ok(addresses) => found.places.extend(addresses.into_iter().map(|address| {
                let label = label(&host.name, address);
                Place { number, label, address }
            })),
            Err(error) => found.faults.push(format!("{} has no address: {error}", host.name)),
        }
    }
    found
}

async fn addresses(host: &Host, transport: Transport) -> io::Result<Vec<SocketAddr>> {
    if host.port.is_none() && host.name.parse::<IpAddr>().is_err() {
        let targets = targets(&host.name, transport).await;
        if !targets.is_empty() {
            return of_targets(&targets).await;
        }
    }
    net::resolve(&host.name, host.port.unwrap_or(SIP_PORT)).await
}

/// The servers that the name service knows; none where it knows of none, or does not answer.
async fn targets(domain: &str, transport: Transport) -> Vec<Target> {
    let text = std::fs::read_to_string(RESOLV_CONF).unwrap_or_default();
    let service = match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
    };
    let name = format!("{service}.{domain}");
    net::srv(&name, &name_servers(&text), entropy::seed()).await.unwrap_or_default()
}

async fn of_targets(targets: &[Target]) -> io::Result<Vec<SocketAddr>> {
    let (mut all, mut failure) = (Vec::new(), io::ErrorKind::NotFound.into());
    for Target { host, port } in targets {
        match net::resolve(host, *port).await {
            Ok(addresses) => all.extend(addresses),
            Err(error) => failure = error,
        }
    }
    if all.is_empty() { Err(failure) } else { Ok(all) }
}

fn label(name: &str, address: SocketAddr) -> String {
    if name.parse() == Ok(address.ip()) { address.to_string() } else { format!("{name} ({address})") }
}

/// RFC 3261 §19.1.2.
const SIP_PORT: u16 = 5060;
/// resolv.conf(5); read each time, for DHCP may have changed it.
const RESOLV_CONF: &str = "/etc/resolv.conf";

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str, port: Option<u16>) -> Host {
        Host { name: name.to_owned(), port }
    }

    #[test]
    fn addresses_and_names_with_a_port_ask_for_no_servers() {
        let hosts = vec![
            host("192.0.2.9", None),
            host("2001:db8::1", Some(5070)),
            host("no-such-name.invalid", Some(5060)),
            host("localhost", Some(5080)),
        ];
        let found = smol::block_on(look_up(hosts, Transport::Udp));
        let labels: Vec<_> = found.places.iter().map(|place| (place.number, place.label.as_str())).collect();
        assert_eq!(labels[..2], [(0, "192.0.2.9:5060"), (1, "[2001:db8::1]:5070")]);
        assert!(labels[2..].iter().all(|(number, label)| *number == 3 && label.starts_with("localhost (")));
        assert!(labels.len() > 2, "{labels:?}");
        let [fault] = found.faults.as_slice() else { panic!("{found:?}") };
        assert!(fault.starts_with("no-such-name.invalid has no address: "), "{fault}");
    }
}
