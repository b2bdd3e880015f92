//! Canonical names (RFC 3550 §6.5.1): the same for all streams of a call, and of no call before or after.

/// A name that tells nothing of who bears it: 96 random bits in base 64 (RFC 7022 §4.2, §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cname([u8; Self::LEN]);

impl Cname {
    /// How long it is in bytes.
    pub const LEN: usize = Self::LEN_BYTE as usize;
    pub(super) const LEN_BYTE: u8 = 16;

    /// The name of 128 random bits, of which 96 are used.
    #[must_use]
    pub fn new(seed: [u64; 2]) -> Self {
        let bits = u128::from(seed[0]) << 64 | u128::from(seed[1]);
        let digit = |index: usize| (bits >> (6 * index) & 0x3f) as usize;
        Self(core::array::from_fn(|index| BASE_64[digit(index)]))
    }

    /// Its characters, all of them ASCII.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

const BASE_64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_96_bits_makes_another_name() {
        let low = (0..64).map(|bit| Cname::new([0, 1 << bit]));
        let high = (0..32).map(|bit| Cname::new([1 << bit, 0]));
        let names: std::collections::HashSet<_> = low.chain(high).collect();
        assert_eq!(names.len(), 96);
        assert!(!names.contains(&Cname::new([0, 0])));
    }
}
