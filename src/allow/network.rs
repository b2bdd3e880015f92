//! A network: an address and how many of its first bits count (RFC 4632 §3.1, RFC 4291 §2.3).

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network of IPv4 or IPv6. An IPv4 address that is written as an IPv6 one (`::ffff:192.0.2.1`) is an IPv4 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The first address of the network.
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// The network of `address`, whose first `prefix` bits count; `None` when it has not so many.
    #[must_use]
    pub fn new(address: IpAddr, prefix: u32) -> Option<Self> {
        let canonical = address.to_canonical();
        // Of an IPv4 address in the form of IPv6 the first 96 bits are always the same.
        let mapped = if canonical == address { 0 } else { 96 };
        let prefix = prefix.checked_sub(mapped)?;
        let address: IpAddr = match canonical {
            IpAddr::V4(address) if prefix <= Ipv4Addr::BITS => {
                Ipv4Addr::from_bits(address.to_bits() & mask_v4(prefix)).into()
            }
            IpAddr::V6(address) if prefix <= Ipv6Addr::BITS => {
                Ipv6Addr::from_bits(address.to_bits() & mask_v6(prefix)).into()
            }
            _ => return None,
        };
        Some(Self { address, prefix })
    }

    /// The network of `address`, of which those bits count that are set in `mask`; `None` when they are not the first
    /// ones, or the two are of different families.
    #[must_use]
    pub fn with_mask(address: IpAddr, mask: IpAddr) -> Option<Self> {
        let prefix = match (address, mask) {
            (IpAddr::V4(_), IpAddr::V4(mask)) => {
                let prefix = mask.to_bits().leading_ones();
                (mask.to_bits() == mask_v4(prefix)).then_some(prefix)
            }
            (IpAddr::V6(_), IpAddr::V6(mask)) => {
                let prefix = mask.to_bits().leading_ones();
                (mask.to_bits() == mask_v6(prefix)).then_some(prefix)
            }
            _ => None,
        };
        Self::new(address, prefix?)
    }

    /// Reads `192.0.2.0/24`, `192.0.2.0/255.255.255.0`, `fd00::/8`, or a single address. Bits that do not count may be
    /// anything, as in the address of a machine with the length of its network behind it.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address.trim().parse::<IpAddr>().ok()?, Some(length.trim())),
            None => (text.parse().ok()?, None),
        };
        match length {
            None => Self::new(address, if address.is_ipv4() { Ipv4Addr::BITS } else { Ipv6Addr::BITS }),
            Some(length) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
                Self::new(address, length.parse().ok()?)
            }
            Some(mask) => Self::with_mask(address, mask.parse().ok()?),
        }
    }

    /// Whether `address` is in it.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                address.to_bits() & mask_v4(self.prefix) == first.to_bits()
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                address.to_bits() & mask_v6(self.prefix) == first.to_bits()
            }
            _ => false,
        }
    }

    /// Whether every address of its family is in it.
    #[must_use]
    pub const fn is_everything(self) -> bool {
        self.prefix == 0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

fn mask_v4(prefix: u32) -> u32 {
    u32::MAX.checked_shl(u32::BITS - prefix).unwrap_or(0)
}

fn mask_v6(prefix: u32) -> u128 {
    u128::MAX.checked_shl(u128::BITS - prefix).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Network {
        Network::from_text(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn a_network_is_read_in_every_usual_spelling() {
        let cases = [
            ("192.168.1.0/24", "192.168.1.0/24"),
            ("192.168.1.7/24", "192.168.1.0/24"),
            ("192.168.1.0 / 255.255.255.0", "192.168.1.0/24"),
            ("192.168.1.7", "192.168.1.7/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("fd00::/8", "fd00::/8"),
            ("fd12::1/ffff::", "fd12::/16"),
            ("::1", "::1/128"),
            ("::/0", "::/0"),
            ("::ffff:192.0.2.1", "192.0.2.1/32"),
            ("::ffff:192.0.2.1/120", "192.0.2.0/24"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).to_string(), expected, "{text}");
            assert_eq!(read(expected), read(text), "it reads what it prints");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "/",
            "/24",
            "192.168.1/24",
            "192.168.1.0/",
            "192.168.1.0/33",
            "192.168.1.0/-1",
            "192.168.1.0/99999999999",
            "192.168.1.0/255.0.255.0",
            "192.168.1.0/ffff::",
            "192.168.1.0/24/24",
            "192.168.1.*",
            "fd00::/129",
            "::ffff:192.0.2.1/95",
            "fe80::1%eth0",
            "pbx.example",
        ] {
            assert_eq!(Network::from_text(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_first_and_the_last_address_are_inside_and_their_neighbours_are_not() {
        let cases = [
            ("10.0.0.0/30", ["10.0.0.0", "10.0.0.3"], ["9.255.255.255", "10.0.0.4"]),
            ("192.0.2.1", ["192.0.2.1", "192.0.2.1"], ["192.0.2.0", "192.0.2.2"]),
            (
                "2001:db8::/32",
                ["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"],
                ["2001:db7:ffff::", "2001:db9::"],
            ),
        ];
        for (text, inside, outside) in cases {
            let is_inside = |address: &str| read(text).contains(address.parse().unwrap());
            assert!(inside.into_iter().all(is_inside), "{text}");
            assert!(!outside.into_iter().any(is_inside), "{text}");
        }
    }

    #[test]
    fn all_of_one_family_holds_none_of_the_other() {
        let (v4, v6) = (read("0.0.0.0/0"), read("::/0"));
        let both: [IpAddr; 3] =
            ["203.0.113.9", "::ffff:203.0.113.9", "2001:db8::9"].map(|a| a.parse().unwrap());
        assert_eq!(both.map(|address| v4.contains(address)), [true, true, false]);
        assert_eq!(both.map(|address| v6.contains(address)), [false, false, true]);
        assert!(v4.is_everything() && v6.is_everything() && !read("10.0.0.0/8").is_everything());
    }
}
