//! The only source of randomness: seeds for the cores, from the kernel.

use crate::clock;

/// A seed that nobody can guess.
///
/// Where the kernel has no randomness to give (a jail without `getrandom` and `/dev/urandom`), the clock has to do:
/// tags and branches are then unique, but can be guessed.
#[must_use]
pub fn seed() -> u64 {
    getrandom::u64().unwrap_or_else(|_| clock::now().as_micros().wrapping_mul(GOLDEN_RATIO))
}

/// 2^64 divided by the golden ratio: spreads the few moving bits of a clock over the word.
const GOLDEN_RATIO: u64 = 0x9E37_79B9_7F4A_7C15;

#[cfg(test)]
mod tests {
    use super::seed;

    #[test]
    fn two_seeds_differ() {
        assert_ne!(seed(), seed());
    }
}
