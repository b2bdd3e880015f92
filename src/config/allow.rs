//! Lists of those who may call: networks and callers, separated by commas.

use super::Expected;
use crate::allow::{Allow, Network, Pattern};

/// Reads a list, which may not be empty. A part is the word `servers` or `attached`, a network, or else the pattern of a caller; with a
/// slash in it, it can only be a network. Where it says nothing of where from, the servers of the accounts are
/// meant: anybody may claim any name.
pub(super) fn allow(text: &str) -> Result<Allow, Expected> {
    let mut list = Allow::ANYBODY;
    let parts: Vec<_> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() || parts.len() > MAX_PARTS {
        return Err(Expected::AllowList);
    }
    for part in parts {
        if part.eq_ignore_ascii_case(ATTACHED) {
            list.attached = true;
        } else if part.eq_ignore_ascii_case(SERVERS) {
            list.servers = true;
        } else if let Some(network) = Network::from_text(part) {
            list.networks.push(network);
        } else if part.contains('/') {
            return Err(Expected::Network);
        } else {
            list.callers.push(Pattern::from_text(part).ok_or(Expected::Caller)?);
        }
    }
    list.servers |= list.is_from_anywhere();
    Ok(list)
}

/// The servers of the accounts.
const SERVERS: &str = "servers";
/// The networks this machine is attached to.
const ATTACHED: &str = "attached";
/// Every new call may be compared with all of them.
const MAX_PARTS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Settings, load};

    #[test]
    fn a_list_holds_networks_and_callers_in_any_order() {
        let list = allow("2??@*, servers, 192.168.1.0/24,*@pbx.example, Attached , fd00::/8, 100, 10.0.0.7,")
            .unwrap();
        let networks: Vec<_> = list.networks.iter().map(ToString::to_string).collect();
        let callers: Vec<_> = list.callers.iter().map(ToString::to_string).collect();
        assert_eq!(networks, ["192.168.1.0/24", "fd00::/8", "10.0.0.7/32"]);
        assert_eq!(callers, ["2??@*", "*@pbx.example", "100@*"]);
        assert!(list.attached && list.servers);
    }

    #[test]
    fn each_mistake_is_told_by_what_it_was_meant_to_be() {
        let cases = [
            ("192.168.1.0/33", Expected::Network),
            ("pbx/24", Expected::Network),
            ("192.168.1", Expected::Caller),
            ("192.168.1.*", Expected::Caller),
            ("pbx.example", Expected::Caller),
            ("sip:100@pbx.example", Expected::Caller),
            ("192.168.1.0/24 2??@*", Expected::Network),
            (" , ", Expected::AllowList),
        ];
        for (text, expected) in cases {
            assert_eq!(allow(text), Err(expected), "{text}");
        }
        assert_eq!(allow(&"100,".repeat(65)), Err(Expected::AllowList));
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_the_list_as_a_whole_is_left_out() {
        let loaded = load(&[("paging.conf", b"[sip]\nallow = 10.0.0.0/8, pbx.example\n")], [], &[]);
        let told: Vec<_> = loaded.diagnostics.iter().map(ToString::to_string).collect();
        let expected = "paging.conf:2:21: error: [sip] allow: expected callers such as 2??@*, *@pbx.example or 100, or \
                        networks such as 192.168.1.0/24, found \"pbx.example\"; servers stays in force";
        assert_eq!(told, [expected]);
        assert_eq!(loaded.settings.sip.allow, Settings::default().sip.allow);
    }

    #[test]
    fn callers_without_a_network_have_to_come_from_a_server() {
        for (text, is_server) in
            [("2??@*", true), ("10.0.0.0/8, 2??@*", false), ("0.0.0.0/0, ::/0, 2??@*", false)]
        {
            assert_eq!(allow(text).unwrap().servers, is_server, "{text}");
        }
    }
}
