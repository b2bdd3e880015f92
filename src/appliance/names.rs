//! Names: the box's own, those of others, and that of its time zone.

use core::fmt::Write;

use crate::config::{Network, Time};

/// What `hostname -F` reads.
pub(super) fn hostname(network: &Network) -> String {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let name = network.hostname.as_str();
    let is_name = (1..=63).contains(&name.len()) && name.bytes().all(is_letter) && !name.starts_with('-');
    format!("{}\n", if is_name { name } else { Network::USUAL_HOSTNAME })
}

/// The name servers (resolv.conf(5)), where they are not those of DHCP.
pub(super) fn resolv_conf(network: &Network) -> Option<String> {
    let mut text = String::new();
    for server in &network.dns {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "nameserver {server}");
    }
    if text.is_empty() { None } else { Some(text) }
}

/// The zone by its name in the IANA database, which is also that of a file: `Europe/Berlin`.
#[must_use]
pub fn zone(time: &Time) -> &str {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_-+".contains(&byte);
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(is_letter);
    if time.zone.split('/').all(is_part) { &time.zone } else { UTC }
}

const UTC: &str = "UTC";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_leads_out_of_no_folder() {
        for (written, taken) in [
            ("Europe/Berlin", "Europe/Berlin"),
            ("Etc/GMT+3", "Etc/GMT+3"),
            ("../../etc/shadow", "UTC"),
            ("/etc/shadow", "UTC"),
            ("", "UTC"),
        ] {
            let time = Time { zone: written.to_owned(), sources: Vec::new() };
            assert_eq!(zone(&time), taken);
        }
    }

    #[test]
    fn name_servers_are_written_where_there_is_no_dhcp() {
        let dns = vec!["192.168.1.1".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        let network = Network { dns, ..Network::default() };
        assert_eq!(resolv_conf(&network).unwrap(), "nameserver 192.168.1.1\nnameserver 2001:db8::1\n");
        assert_eq!(
            (resolv_conf(&Network::default()), hostname(&Network::default())),
            (None, "paging\n".to_owned())
        );
    }
}
