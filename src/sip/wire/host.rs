//! The host of a URI or a Via (RFC 3261 §25.1 `host`).

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::str::FromStr;

use super::error::SyntaxError;
use super::scan::Scan;

/// A name or an address. An IPv6 address is written in brackets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// An IPv4 or IPv6 address.
    Address(IpAddr),
    /// A name, as written: letters, digits, `-`, `.` and `_`.
    Name(HostName),
}

/// The name of a host, as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostName(Box<str>);

/// `host:port`, the port often unsaid (RFC 3261 §25.1 `hostport`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// The host.
    pub host: Host,
    /// The port, if one is written.
    pub port: Option<u16>,
}

impl Host {
    /// The address, if it is one.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Address(address) => Some(*address),
            Self::Name(_) => None,
        }
    }

    pub(super) fn scan(scan: &mut Scan<'_>) -> Result<Self, SyntaxError> {
        let error = scan.expected("a host");
        if scan.eat(b'[') {
            let mut inner = scan.enclosed(b']', "an IPv6 address in brackets")?;
            let address = inner.take_while(|_| true);
            // The grammar of RFC 3261 allowed a colon too many, which must be tolerated (RFC 5118 §4.10).
            let address = address.parse::<Ipv6Addr>().or_else(|_| address.replacen(":::", "::", 1).parse());
            return address.map(|address| Self::Address(address.into())).map_err(|_| error);
        }
        let name = scan.take_while(is_name_byte);
        if name.is_empty() {
            return Err(error);
        }
        Ok(name.parse::<Ipv4Addr>().map_or_else(|_| Self::Name(HostName(name.into())), Self::from))
    }
}

impl HostPort {
    /// Reads `host [":" port]`, with white space around the colon if `eat_colon` takes it.
    pub(super) fn scan(
        scan: &mut Scan<'_>,
        eat_colon: fn(&mut Scan<'_>) -> bool,
    ) -> Result<Self, SyntaxError> {
        let host = Host::scan(scan)?;
        let port = if eat_colon(scan) { Some(scan.number("a port from 0 to 65535")?) } else { None };
        Ok(Self { host, port })
    }
}

impl HostName {
    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Host {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Scan::all(text, Self::scan)
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        Self::Address(address)
    }
}

impl From<Ipv4Addr> for Host {
    fn from(address: Ipv4Addr) -> Self {
        Self::Address(address.into())
    }
}

impl From<Ipv6Addr> for Host {
    fn from(address: Ipv6Addr) -> Self {
        Self::Address(address.into())
    }
}

impl From<SocketAddr> for HostPort {
    fn from(address: SocketAddr) -> Self {
        Self { host: address.ip().into(), port: Some(address.port()) }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Name(HostName(name)) => f.write_str(name),
        }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.host.fmt(f)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// `_` too, which is no letter of a host name (RFC 3261 §25.1), but of names of containers and Windows machines.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_are_told_apart() {
        let v6: Host = "[2001:db8::9:1]".parse().unwrap();
        assert_eq!(v6.address(), Some("2001:db8::9:1".parse().unwrap()));
        assert_eq!(v6.to_string(), "[2001:db8::9:1]");
        let v4: Host = "192.0.2.4".parse().unwrap();
        assert_eq!(v4.address(), Some(IpAddr::from([192, 0, 2, 4])));
        let name: Host = "example.com".parse().unwrap();
        assert_eq!(name.address(), None);
        assert_eq!(name.to_string(), "example.com");
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in ["", "[", "[]", "[::1", "::1", "[1.2.3.4]", "a b", "a:1", "[fe80::1%eth0]"] {
            assert!(text.parse::<Host>().is_err(), "{text:?}");
        }
    }
}
