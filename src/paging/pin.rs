//! A PIN, and whether keys are it.

use crate::key::Key;
use core::fmt;
use core::hint::black_box;

/// What a caller has to know. It is compared in a time that does not depend on how much of it was right.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin {
    /// Padded with what is no key.
    keys: [u8; Self::MOST],
    /// It holds something that no telephone can say.
    is_beyond_keys: bool,
}

impl Pin {
    /// The most keys of one.
    pub const MOST: usize = 32;

    /// The PIN of this text. One that cannot be keyed is entered by nobody.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let keys: Option<Vec<Key>> =
            text.chars().map(|c| Key::from_char(c).filter(|key| !is_end(*key))).collect();
        let keys = keys.filter(|keys| !keys.is_empty() && keys.len() <= Self::MOST);
        Self { is_beyond_keys: keys.is_none(), keys: padded(&keys.unwrap_or_default()) }
    }

    /// Whether these keys are it.
    #[must_use]
    pub fn is_entered_by(&self, keys: &[Key]) -> bool {
        let fits = keys.len() <= Self::MOST;
        let pairs = self.keys.into_iter().zip(padded(keys));
        let difference = pairs.fold(0, |difference, (own, entered)| difference | (own ^ entered));
        black_box(difference) == 0 && fits && !self.is_beyond_keys
    }
}

/// It is a secret.
impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

fn padded(keys: &[Key]) -> [u8; Pin::MOST] {
    let mut padded = [NO_KEY; Pin::MOST];
    for (slot, key) in padded.iter_mut().zip(keys) {
        *slot = key.event();
    }
    padded
}

/// What ends a number, or takes it back, is part of none.
fn is_end(key: Key) -> bool {
    key == Key::STAR || key == Key::POUND
}

const NO_KEY: u8 = 0xff;

#[cfg(test)]
mod tests {
    use super::*;

    fn is_entered(pin: &str, keys: &str) -> bool {
        let keys: Vec<_> = keys.chars().filter_map(Key::from_char).collect();
        Pin::new(pin).is_entered_by(&keys)
    }

    #[test]
    fn only_the_same_keys_are_it() {
        for (pin, keys, is_it) in [
            ("0815", "0815", true),
            ("0815", "081", false),
            ("0815", "08150", false),
            ("0815", "", false),
            ("0815", "1815", false),
            ("12345678901234567890123456789012", "12345678901234567890123456789012", true),
            ("12345678901234567890123456789012", "123456789012345678901234567890123", false),
        ] {
            assert_eq!(is_entered(pin, keys), is_it, "{pin} {keys}");
        }
    }

    #[test]
    fn what_cannot_be_keyed_is_entered_by_nobody() {
        for (pin, keys) in
            [("", ""), ("1 2", "12"), ("12#", "12"), ("geheim", ""), (&"1".repeat(33), &"1".repeat(33))]
        {
            assert!(!is_entered(pin, keys), "{pin}");
        }
    }

    #[test]
    fn it_is_not_printed() {
        assert_eq!(format!("{:?}", Pin::new("0815")), "Pin(..)");
    }
}
