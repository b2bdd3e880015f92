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
    /// Hosts of which the name service could not tell all: what was known of them before is the better guess.
    pub(super) unsure: Vec<usize>,
}

/// What is looked up.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) hosts: Vec<Host>,
    pub(super) transport: Transport,
    /// What decides among servers that are wanted alike, each time in the same way.
    pub(super) lot: u64,
}

/// Looks up all hosts, one after the other.
pub(super) async fn look_up(wanted: Wanted) -> Found {
    let mut found = Found::default();
    for (number, host) in wanted.hosts.iter().enumerate() {
        let outcome = match targets(host, &wanted).await {
            Targets::Some(targets) => of_targets(&targets).await,
            none => {
                found.unsure.extend(matches!(none, Targets::Unknown).then_some(number));
                net::resolve(&host.name, host.port.unwrap_or(SIP_PORT)).await.map(steady)
            }
        };
        match outcome {
            Ok(addresses) => found.places.extend(addresses.into_iter().map(|address| {
                let label = label(&host.name, address);
                Place { number, label, address }
            })),
            Err(error) => {
                found.faults.push(format!("{} has no address: {error}", host.name));
                found.unsure.push(number);
            }
        }
    }
    found
}

/// What the name service knows of the servers of a domain.
enum Targets {
    Some(Vec<Target>),
    None,
    /// It does not answer, or not to the point.
    Unknown,
}

async fn targets(host: &Host, wanted: &Wanted) -> Targets {
    if host.port.is_some() || host.name.parse::<IpAddr>().is_ok() {
        return Targets::None;
    }
    let text = std::fs::read_to_string(RESOLV_CONF).unwrap_or_default();
    let service = match wanted.transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
    };
    let name = format!("{service}.{}", host.name);
    match net::srv(&name, &name_servers(&text), (entropy::seed(), wanted.lot)).await {
        Some(targets) if targets.is_empty() => Targets::None,
        Some(targets) => Targets::Some(targets),
        None => Targets::Unknown,
    }
}

/// The addresses in an order of their own, the preferred family first: name servers turn them round each time, and a box
/// shall not change its server for that.
fn steady(mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let is_preferred = addresses.first().is_some_and(SocketAddr::is_ipv4);
    addresses.sort_by_key(|address| (address.is_ipv4() != is_preferred, *address));
    addresses.dedup();
    addresses
}

async fn of_targets(targets: &[Target]) -> io::Result<Vec<SocketAddr>> {
    let (mut all, mut failure) = (Vec::new(), io::ErrorKind::NotFound.into());
    for Target { host, port } in targets {
        match net::resolve(host, *port).await {
            Ok(addresses) => all.extend(steady(addresses)),
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
        let found = smol::block_on(look_up(Wanted { hosts, transport: Transport::Udp, lot: 1 }));
        let labels: Vec<_> = found.places.iter().map(|place| (place.number, place.label.as_str())).collect();
        assert_eq!(labels[..2], [(0, "192.0.2.9:5060"), (1, "[2001:db8::1]:5070")]);
        assert!(labels[2..].iter().all(|(number, label)| *number == 3 && label.starts_with("localhost (")));
        assert!(labels.len() > 2, "{labels:?}");
        let [fault] = found.faults.as_slice() else { panic!("{found:?}") };
        assert!(fault.starts_with("no-such-name.invalid has no address: "), "{fault}");
        assert_eq!(found.unsure, [2]);
    }

    #[test]
    fn addresses_keep_their_order_whatever_the_name_server_does() {
        let list = |text: &str| steady(text.split(' ').map(|address| address.parse().unwrap()).collect());
        let one = list("192.0.2.2:5060 [2001:db8::1]:5060 192.0.2.1:5060");
        assert_eq!(one, list("192.0.2.1:5060 192.0.2.2:5060 192.0.2.1:5060 [2001:db8::1]:5060"));
        assert_eq!(list("[2001:db8::1]:5060 192.0.2.2:5060")[0], "[2001:db8::1]:5060".parse().unwrap());
    }
}
