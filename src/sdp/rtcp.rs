//! Where RTCP goes when it does not go to the port after that of RTP (RFC 3605).

use core::fmt;

use super::Address;

/// The value of an a=rtcp line: `53020` or `53020 IN IP6 2001:db8::1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rtcp {
    /// The port.
    pub port: u16,
    /// The address; `None`: that of RTP.
    pub address: Option<Address>,
}

impl Rtcp {
    /// Reads the value of an a=rtcp.
    #[must_use]
    pub fn from_attribute(value: &str) -> Option<Self> {
        let mut words = value.split_whitespace();
        let port = words.next()?.parse().ok().filter(|&port| port != 0)?;
        // Between port and address stand the network and the family, which the address tells as well.
        Some(Self { port, address: words.nth(2).map(Address::from_text) })
    }
}

impl fmt::Display for Rtcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.port.fmt(f)?;
        self.address.as_ref().map_or(Ok(()), |address| write!(f, " {address}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3605 §2.1.
    #[test]
    fn the_examples_of_the_rfc_read_and_print() {
        for text in
            ["53020", "53020 IN IP4 126.16.64.4", "53020 IN IP6 2001:2345:6789:abcd:ef01:2345:6789:abcd"]
        {
            assert_eq!(Rtcp::from_attribute(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_names_no_port_is_none() {
        for text in ["", "x", "0", "70000", "-1", "IN IP4 192.0.2.1"] {
            assert_eq!(Rtcp::from_attribute(text), None, "{text:?}");
        }
    }
}
