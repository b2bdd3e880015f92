//! The plan that the scripts of the image follow: lines `KEY=value` that a shell reads. Every value is an address or a
//! number that has been one before it became text.

use core::fmt::{Display, Write};

use crate::config::Network;

/// `ADDRESS4=192.168.1.20/24` and the like; what is not there is left to DHCP and to routers.
pub(super) fn plan(network: &Network) -> String {
    let mut plan = "# Written by \"paging boot\" from [network] of paging.conf.\n".to_owned();
    let mut line = |key: &str, value: &dyn Display| {
        // Writing to a String cannot fail.
        let _ = writeln!(plan, "{key}={value}");
    };
    if let Some(own) = &network.address {
        line(if own.address.is_ipv4() { "ADDRESS4" } else { "ADDRESS6" }, own);
    }
    if let Some(gateway) = &network.gateway {
        line(if gateway.is_ipv4() { "GATEWAY4" } else { "GATEWAY6" }, gateway);
    }
    if let Some(vlan) = &network.vlan {
        line("VLAN", vlan);
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    fn planned(text: &str) -> Vec<String> {
        let settings = load(&[("a", format!("[network]\n{text}").as_bytes())], [], &[]).settings;
        plan(&settings.network).lines().skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn nothing_is_planned_for_plain_dhcp() {
        assert_eq!(planned(""), [""; 0]);
    }

    #[test]
    fn addresses_are_planned_by_their_family() {
        assert_eq!(
            planned("address = 192.168.1.20/24\ngateway = 192.168.1.1\nvlan = 20\n"),
            ["ADDRESS4=192.168.1.20/24", "GATEWAY4=192.168.1.1", "VLAN=20"]
        );
        assert_eq!(
            planned("address = fd00::20/64\ngateway = fe80::1\n"),
            ["ADDRESS6=fd00::20/64", "GATEWAY6=fe80::1"]
        );
    }

    #[test]
    fn a_gateway_that_cannot_be_is_not_planned() {
        assert_eq!(
            planned("address = 192.168.1.20/24\ngateway = 192.168.2.1\n"),
            ["ADDRESS4=192.168.1.20/24"]
        );
        assert_eq!(planned("gateway = 192.168.2.1\n"), [""; 0]);
    }
}
