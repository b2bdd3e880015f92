//! `[network]`, `[time]`, `[debug]`: what a machine of its own, the card image, is in its network.
//!
//! Decides what of it holds together, and tells what does not. Leaves out how an address, a name or a clock is set; on
//! somebody else's Linux nobody reads these sections.

use core::fmt;
use std::collections::BTreeMap;
use std::net::IpAddr;

use super::layer::{Given, Slot};
use super::read::Reader;
use super::{OwnAddress, Problem, Settings, TimeSource};
use crate::allow::Network as Span;

/// `[network]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// The name of the machine: letters, digits and dashes.
    pub hostname: String,
    /// Its address; `None`: DHCP gives one. Of IPv6, it is one more: IPv4 stays with DHCP.
    pub address: Option<OwnAddress>,
    /// The router, in the network of the address.
    pub gateway: Option<IpAddr>,
    /// The name servers, beside an address.
    pub dns: Vec<IpAddr>,
    /// The VLAN that the wired port is in, 1 to 4094.
    pub vlan: Option<u16>,
    /// The wireless network.
    pub wifi: Wifi,
    /// Whether the box is found as `hostname.local`; `None`: where it has the machine for itself.
    pub mdns: Option<bool>,
}

/// The wireless network.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Wifi {
    /// Its name, at most 32 bytes; empty: none.
    pub ssid: String,
    /// Its password, or its key in 64 hexadecimal digits; empty: it has none.
    pub password: String,
    /// The country by two letters; empty: not known.
    pub country: String,
}

/// `[time]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Time {
    /// A zone of the IANA database.
    pub zone: String,
    /// Where the time comes from, the most wanted first.
    pub sources: Vec<TimeSource>,
}

/// `[debug]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Debug {
    /// Whether the console has a shell.
    pub console: bool,
}

impl Network {
    /// The name of a machine that is given none.
    pub const USUAL_HOSTNAME: &'static str = "paging";
}

impl fmt::Debug for Wifi {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wifi")
            .field("ssid", &self.ssid)
            .field("country", &self.country)
            .finish_non_exhaustive()
    }
}

/// Drops what has no effect, and tells what is missing.
pub(super) fn settle(settings: &mut Settings, given: &BTreeMap<Slot, Given>, reader: &mut Reader<'_>) {
    let has_servers_by_name = settings
        .accounts
        .iter()
        .flat_map(|account| account.domain.iter().chain(&account.outbound_proxy))
        .any(|host| host.name.parse::<IpAddr>().is_err());
    let network = &mut settings.network;
    let Some(own) = network.address else {
        // That they lack an address is told among the references.
        network.gateway = None;
        network.dns.clear();
        return settle_wifi(&mut network.wifi, given, reader);
    };
    match network.gateway {
        // Routers of IPv6 say so themselves.
        None if own.address.is_ipv6() => {}
        None => note("address", Problem::NoGateway, given, reader),
        Some(gateway) if !contains(own, gateway) => {
            network.gateway = None;
            error("gateway", Problem::GatewayElsewhere { address: own.to_string() }, given, reader);
        }
        Some(_) => {}
    }
    if network.dns.is_empty() && own.address.is_ipv4() && has_servers_by_name {
        error("address", Problem::NoNameServer, given, reader);
    }
    settle_wifi(&mut network.wifi, given, reader);
}

fn settle_wifi(wifi: &mut Wifi, given: &BTreeMap<Slot, Given>, reader: &mut Reader<'_>) {
    if wifi.ssid.is_empty() {
        return;
    }
    if wifi.country.is_empty() {
        note("wifi-ssid", Problem::NoCountry, given, reader);
    }
    // Who has a password means no network that would do without, though it may have the same name.
    let is_wrong = reader.wrong.contains(&("network".to_owned(), "wifi-password"));
    if is_wrong && wifi.password.is_empty() {
        wifi.ssid.clear();
        note("wifi-ssid", Problem::NotWithoutPassword, given, reader);
    }
}

/// Whether the gateway is another machine of the same network. Those of IPv6 mostly have an address of their link.
fn contains(own: OwnAddress, gateway: IpAddr) -> bool {
    let is_of_link = matches!(gateway, IpAddr::V6(address) if address.is_unicast_link_local());
    let network = Span::new(own.address, own.prefix.into());
    let is_inside = network.is_some_and(|network| network.contains(gateway)) && gateway != own.address;
    own.address.is_ipv4() == gateway.is_ipv4() && (is_inside || is_of_link)
}

fn error(key: &'static str, problem: Problem, given: &BTreeMap<Slot, Given>, reader: &mut Reader<'_>) {
    if let Some(given) = given.get(&("network".to_owned(), key)) {
        reader.report.error(&given.place, &format!("[network] {key}"), problem);
    }
}

fn note(key: &'static str, problem: Problem, given: &BTreeMap<Slot, Given>, reader: &mut Reader<'_>) {
    if let Some(given) = given.get(&("network".to_owned(), key)) {
        reader.report.note(&given.place, &format!("[network] {key}"), problem);
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Loaded, load};

    fn read(text: &str) -> Loaded {
        load(&[("a", format!("[network]\n{text}").as_bytes())], [], &[])
    }

    fn told(text: &str) -> Vec<String> {
        read(text).diagnostics.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_whole_static_address_needs_no_word() {
        let text =
            "address = 192.168.1.20/24\ngateway = 192.168.1.1\ndns = 192.168.1.1, 9.9.9.9\nvlan = 20\n";
        assert_eq!(told(text), [""; 0]);
        let network = read(text).settings.network;
        assert_eq!((network.vlan, network.dns.len(), network.hostname.as_str()), (Some(20), 2, "paging"));
        assert_eq!(told("address = fd00::20/64\ngateway = fe80::1\n"), [""; 0]);
    }

    #[test]
    fn an_address_without_a_gateway_reaches_its_own_network() {
        assert_eq!(
            told("address = 192.168.1.20/24\n"),
            [
                "a:2:11: note: [network] address: has no gateway beside it: only what is in its own network is reached"
            ]
        );
    }

    #[test]
    fn a_gateway_is_another_machine_of_the_same_network() {
        for gateway in ["192.168.2.1", "192.168.1.20", "fd00::1"] {
            let text = format!("address = 192.168.1.20/24\ngateway = {gateway}\n");
            assert_eq!(
                told(&text),
                [
                    "a:3:11: error: [network] gateway: expected an address in the network of 192.168.1.20/24; it is left out"
                ]
            );
            assert_eq!(read(&text).settings.network.gateway, None);
        }
    }

    #[test]
    fn a_telephone_system_by_name_needs_a_name_server() {
        let address = "address = 192.168.1.20/24\ngateway = 192.168.1.1\n";
        let named = format!("{address}[sip]\ndomain = pbx.example\nuser = 501\n");
        assert_eq!(
            told(&named),
            [
                "a:2:11: error: [network] address: expected dns as well; no name is known, not that of the telephone system"
            ]
        );
        assert_eq!(told(&named.replace("pbx.example", "192.0.2.9")), [""; 0]);
        assert_eq!(told(&named.replace("[sip]", "dns = 192.168.1.1\n[sip]")), [""; 0]);
    }

    #[test]
    fn what_dhcp_names_is_not_taken_from_elsewhere() {
        let text = "gateway = 192.0.2.1\ndns = 192.0.2.1\n";
        assert_eq!(
            told(text),
            [
                "a:3:7: error: [network] dns: expected address as well; DHCP names the name servers",
                "a:2:11: error: [network] gateway: expected address as well; DHCP names the gateway",
            ]
        );
        assert_eq!(read(text).settings, read("").settings);
    }

    #[test]
    fn a_network_whose_password_is_wrong_is_not_joined_without_one() {
        let loaded = read("wifi-ssid = Warehouse\nwifi-password = short\nwifi-country = DE\n");
        assert_eq!(loaded.settings.network.wifi.ssid, "");
        let told: Vec<_> = loaded.diagnostics.iter().map(ToString::to_string).collect();
        assert!(told[1].ends_with("[network] wifi-ssid: is not joined without its password"), "{told:?}");
    }

    #[test]
    fn a_wireless_network_wants_its_country_and_a_password_its_network() {
        assert_eq!(
            told("wifi-ssid = Warehouse\nwifi-password = correct horse\n"),
            [
                "a:2:13: note: [network] wifi-ssid: has no wifi-country beside it: the radio keeps to what is allowed everywhere, \
                 and may not find it"
            ]
        );
        assert_eq!(told("wifi-ssid = Warehouse\nwifi-country = de\n"), [""; 0]);
        assert_eq!(
            told("wifi-password = correct horse\n"),
            [
                "a:2:17: error: [network] wifi-password: expected wifi-ssid as well; there is no wireless network"
            ]
        );
    }
}
