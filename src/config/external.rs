//! The address by which others know the box, where a router hides its own.

use std::net::{IpAddr, SocketAddr};

use super::Expected;

/// An address of a router that leads to the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct External {
    /// The address.
    pub ip: IpAddr,
    /// The port of SIP there; `None`: the one at which the box listens.
    pub port: Option<u16>,
}

impl External {
    /// Reads an address with or without port; nothing at all is none. A name is refused: what it stands for would have to
    /// be known before the first call can be answered.
    pub(super) fn from_text(text: &str) -> Result<Option<Self>, Expected> {
        if text.is_empty() {
            return Ok(None);
        }
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        let external = match bare.parse::<IpAddr>() {
            Ok(ip) => Some(Self { ip, port: None }),
            Err(_) => text.parse::<SocketAddr>().ok().map(|at| Self { ip: at.ip(), port: Some(at.port()) }),
        };
        external.filter(|&external| external.is_sensible()).map(Some).ok_or(Expected::External)
    }

    /// Whether somebody else could reach a box there.
    fn is_sensible(self) -> bool {
        let Self { ip, port } = self;
        let is_near = match ip {
            IpAddr::V4(ip) => ip.is_link_local() || ip.is_broadcast(),
            IpAddr::V6(ip) => ip.is_unicast_link_local() || ip.to_ipv4_mapped().is_some(),
        };
        !is_near && !ip.is_loopback() && !ip.is_unspecified() && !ip.is_multicast() && port != Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_or_without_port() {
        let cases = [
            ("203.0.113.7", "203.0.113.7", None),
            ("203.0.113.7:5070", "203.0.113.7", Some(5070)),
            ("2001:db8::7", "2001:db8::7", None),
            ("[2001:db8::7]", "2001:db8::7", None),
            ("[2001:db8::7]:5070", "2001:db8::7", Some(5070)),
        ];
        for (text, ip, port) in cases {
            let expected = External { ip: ip.parse().unwrap(), port };
            assert_eq!(External::from_text(text), Ok(Some(expected)), "{text}");
        }
        assert_eq!(External::from_text(""), Ok(None));
    }

    #[test]
    fn what_leads_nobody_to_the_box_is_refused() {
        let wrong = [
            "box.example",
            "203.0.113.7:",
            "203.0.113.7:0",
            "203.0.113.7:70000",
            "203.0.113",
            "203.0.113.7, 203.0.113.8",
            "203.0.113.0/24",
            "sip:203.0.113.7",
            "0.0.0.0",
            "[::]:5060",
            "127.0.0.1",
            "::1",
            "224.0.1.75",
            "ff02::1",
            "169.254.1.1",
            "fe80::1",
            "255.255.255.255",
            "::ffff:203.0.113.7",
            "[203.0.113.7",
            "auto",
        ];
        for text in wrong {
            assert_eq!(External::from_text(text), Err(Expected::External), "{text}");
        }
    }
}
