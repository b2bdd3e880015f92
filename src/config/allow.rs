//! Lists of those who may call: networks and callers, separated by commas.

use std::collections::BTreeMap;

use super::layer::{Given, Slot};
use super::read::Reader;
use super::{Expected, Problem, Settings};
use crate::allow::{Allow, Network, Pattern};

/// Reads a list, which may not be empty. A part is the word `attached`, a network, or else the pattern of a caller; with a
/// slash in it, it can only be a network.
pub(super) fn allow(text: &str) -> Result<Allow, Expected> {
    let mut list = Allow::ANYBODY;
    let parts: Vec<_> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() || parts.len() > MAX_PARTS {
        return Err(Expected::AllowList);
    }
    for part in parts {
        if part.eq_ignore_ascii_case(ATTACHED) {
            list.attached = true;
        } else if let Some(network) = Network::from_text(part) {
            list.networks.push(network);
        } else if part.contains('/') {
            return Err(Expected::Network);
        } else {
            list.callers.push(Pattern::from_text(part).ok_or(Expected::Caller)?);
        }
    }
    Ok(list)
}

/// Says so where callers are named and no network, for anybody may claim any name.
pub(super) fn settle(settings: &Settings, given: &BTreeMap<Slot, Given>, reader: &mut Reader) {
    let allow = &settings.sip.allow;
    if !allow.is_from_anywhere() || allow.callers.is_empty() {
        return;
    }
    if let Some(written) = given.get(&("sip".to_owned(), "allow")) {
        reader.report.note(&written.place, "[sip] allow", Problem::FromAnywhere);
    }
}

/// The networks this machine is attached to.
const ATTACHED: &str = "attached";
/// Every new call may be compared with all of them.
const MAX_PARTS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    #[test]
    fn a_list_holds_networks_and_callers_in_any_order() {
        let list = allow("2??@*, 192.168.1.0/24,*@pbx.example, Attached , fd00::/8, 100, 10.0.0.7,").unwrap();
        let networks: Vec<_> = list.networks.iter().map(ToString::to_string).collect();
        let callers: Vec<_> = list.callers.iter().map(ToString::to_string).collect();
        assert_eq!(networks, ["192.168.1.0/24", "fd00::/8", "10.0.0.7/32"]);
        assert_eq!(callers, ["2??@*", "*@pbx.example", "100@*"]);
        assert!(list.attached);
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
        let expected = "paging.conf:2:9: error: [sip] allow: expected callers such as 2??@*, *@pbx.example or 100, or \
                        networks such as 192.168.1.0/24, found \"10.0.0.0/8, pbx.example\"; attached stays in force";
        assert_eq!(told, [expected]);
        assert_eq!(loaded.settings.sip.allow, Allow { attached: true, ..Allow::ANYBODY });
    }

    #[test]
    fn callers_without_a_network_are_taken_with_a_word_of_warning() {
        let told = |text: &str| {
            let loaded = load(&[("paging.conf", text.as_bytes())], [], &[]);
            loaded.diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let expected = "paging.conf:2:9: note: [sip] allow: names callers but no network, so anybody who claims such a \
                        name may call; with attached in the list they have to be in an attached network";
        assert_eq!(told("[sip]\nallow = 2??@*\n"), [expected]);
        for text in ["attached, 2??@*", "10.0.0.0/8, 2??@*", "10.0.0.0/8", "attached", ""] {
            assert_eq!(told(&format!("[sip]\nallow = {text}\n")), [""; 0], "{text}");
        }
    }
}
