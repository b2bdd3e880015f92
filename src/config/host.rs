//! Names of servers, with or without port.

use core::fmt;
use std::net::Ipv6Addr;

use super::Expected;

/// A server as the owner names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// A name in lower case without the dot at its end, or an address, that of IPv6 without brackets.
    pub name: String,
    /// The port; `None`: whatever the name service says, else the usual one.
    pub port: Option<u16>,
}

impl Host {
    /// Reads a list separated by commas; nothing at all is an empty list.
    pub(super) fn list(text: &str) -> Result<Vec<Self>, Expected> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let list = words.map(|word| Self::from_text(word).ok_or(Expected::Hosts));
        let list = list.collect::<Result<Vec<_>, _>>()?;
        if list.len() > MAX_HOSTS { Err(Expected::Hosts) } else { Ok(list) }
    }

    fn from_text(text: &str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix('[') {
            let (address, port) = rest.split_once(']')?;
            let name = address.parse::<Ipv6Addr>().ok()?.to_string();
            let port = if port.is_empty() { None } else { Some(self::port(port.strip_prefix(':')?)?) };
            return Some(Self { name, port });
        }
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            return Some(Self { name: address.to_string(), port: None });
        }
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, Some(self::port(port)?)),
            None => (text, None),
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        is_name(name).then(|| Self { name: name.to_ascii_lowercase(), port })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) if self.name.contains(':') => write!(f, "[{}]:{port}", self.name),
            Some(port) => write!(f, "{}:{port}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

fn port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

/// RFC 1123 §2.1, and the underscore that some have all the same.
fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(is_letter) && !label.starts_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// More than any telephone system has.
const MAX_HOSTS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_and_printed_alike() {
        let text = "PBX.Example, 192.0.2.9:5070, [2001:DB8::1]:5061, 2001:db8::2, [::1], pbx, my_pbx.local.";
        let list: Vec<_> = Host::list(text).unwrap().iter().map(ToString::to_string).collect();
        let expected = [
            "pbx.example",
            "192.0.2.9:5070",
            "[2001:db8::1]:5061",
            "2001:db8::2",
            "::1",
            "pbx",
            "my_pbx.local",
        ];
        assert_eq!(list, expected);
        assert_eq!(Host::list(&list.join(",")), Host::list(text));
        assert_eq!(Host::list(" , "), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "sip:pbx.example",
            "501@pbx",
            "pbx:",
            "pbx:x",
            "pbx:0",
            "pbx:65536",
            "pbx..example",
            "-pbx",
            "pbx example",
            "[::1",
            "[::1]5060",
            "[pbx]",
            "1:2:3",
            "pbx;transport=tcp",
            "\u{e4}",
            ".",
        ] {
            assert_eq!(Host::list(text), Err(Expected::Hosts), "{text}");
        }
        assert_eq!(Host::list(&"pbx,".repeat(9)), Err(Expected::Hosts));
    }
}
