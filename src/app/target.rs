//! Whom to call, and the way there.

use super::call_error::CallError;
use crate::net;
use crate::sip::Transport;
use crate::sip::wire::Uri;
use std::net::{IpAddr, SocketAddr};

/// The way to the target of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// The address of ours that leads there.
    pub(super) local: IpAddr,
    /// Where to send.
    pub(super) remote: SocketAddr,
    /// What carries it: UDP unless the target says otherwise.
    pub(super) transport: Transport,
}

/// The way to `target`. Names go through the machine's resolver only: no SRV.
///
/// # Errors
/// When `target` is no SIP URI or wants a transport that there is not, nobody knows its host, or nothing leads there.
pub(super) async fn locate(target: &Uri) -> Result<Route, CallError> {
    let wanted = || CallError::Target(target.to_string());
    let host = target.host().filter(|_| target.scheme() == "sip").ok_or_else(wanted)?;
    let named = target.sip().and_then(|target| target.params().get("transport"));
    let transport = named.map_or(Some(Transport::Udp), Transport::of).ok_or_else(wanted)?;
    let host = host.to_string();
    let found = net::resolve(&host, target.port().unwrap_or(SIP_PORT)).await;
    let found = found.map_err(|source| CallError::Unknown { host: host.clone(), source })?;
    let route = first_reachable(&found).unwrap_or(Err(CallError::Target(host)))?;
    Ok(Route { transport, ..route })
}

/// The way to the first address that has one: a name may have IPv6 addresses where the machine has none. When there is
/// no way at all, why there is none to the first address.
fn first_reachable(found: &[SocketAddr]) -> Option<Result<Route, CallError>> {
    let mut routes = found.iter().map(|&remote| match net::source_for(remote) {
        Ok(local) => Ok(Route { local, remote, transport: Transport::Udp }),
        Err(source) => Err(CallError::NoRoute { remote, source }),
    });
    let first = routes.next()?;
    Some(first.or_else(|error| routes.find_map(Result::ok).ok_or(error)))
}

/// RFC 3261 §19.1.2.
const SIP_PORT: u16 = 5060;

#[cfg(test)]
mod tests {
    use super::*;

    /// A broadcast address is no destination for an ordinary socket: the kernel refuses it wherever the test runs.
    const NOWHERE: &str = "255.255.255.255:5060";

    fn route(found: &[&str]) -> Option<Result<Route, CallError>> {
        let found: Vec<_> = found.iter().map(|address| address.parse().unwrap()).collect();
        first_reachable(&found)
    }

    #[test]
    fn addresses_without_a_route_are_passed_over() {
        let route = route(&[NOWHERE, NOWHERE, "127.0.0.1:5070", "127.0.0.2:5070"]).unwrap().unwrap();
        assert_eq!(route.remote, "127.0.0.1:5070".parse().unwrap());
        assert_eq!(route.local, IpAddr::from([127, 0, 0, 1]));
    }

    #[test]
    fn without_any_route_the_first_address_is_named() {
        let error = route(&[NOWHERE, "255.255.255.255:5070"]).unwrap().unwrap_err();
        assert!(error.to_string().starts_with("no way to 255.255.255.255:5060: "), "{error}");
        assert!(route(&[]).is_none());
    }

    #[test]
    fn only_sip_uris_are_called_and_over_what_there_is() {
        for target in ["tel:+4930123", "sips:page@127.0.0.1", "sip:page@127.0.0.1;transport=ws"] {
            let error = smol::block_on(locate(&target.parse().unwrap())).unwrap_err();
            assert!(error.to_string().starts_with("expected a target such as sip:"), "{error}");
        }
    }

    #[test]
    fn a_target_may_name_its_transport() {
        for (uri, transport) in [("", Transport::Udp), (";transport=TCP", Transport::Tcp)] {
            let target = format!("sip:page@127.0.0.1{uri}").parse().unwrap();
            assert_eq!(smol::block_on(locate(&target)).unwrap().transport, transport);
        }
    }
}
