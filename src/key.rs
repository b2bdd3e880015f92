//! The keys of a telephone: what a caller presses, however it was signalled.
//!
//! A [`Key`] is one of the sixteen of ITU-T Q.23; RFC 4733 §3.2 numbers them 0 to 15. Telephone events, tones in the
//! speech and INFO requests all become one, and tell of it by a [`KeyEvent`].

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

/// One of `0`-`9`, `*`, `#` and `A`-`D`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u8);

impl Key {
    /// `*`
    pub const STAR: Self = Self(10);
    /// `#`
    pub const POUND: Self = Self(11);

    /// All sixteen, in the order of their event numbers.
    #[must_use]
    pub fn all() -> impl ExactSizeIterator<Item = Self> + Clone {
        (0..COUNT).map(Self)
    }

    /// The key of an event number (RFC 4733 §3.2), 0 to 15.
    #[must_use]
    pub const fn from_event(event: u8) -> Option<Self> {
        if event < COUNT { Some(Self(event)) } else { None }
    }

    /// The event number (RFC 4733 §3.2), 0 to 15.
    #[must_use]
    pub const fn event(self) -> u8 {
        self.0
    }

    /// The key that a character names, small letters included.
    #[must_use]
    pub fn from_char(name: char) -> Option<Self> {
        let name = name.to_ascii_uppercase();
        Self::all().find(|key| key.as_char() == name)
    }

    /// What is printed on the key.
    #[must_use]
    pub const fn as_char(self) -> char {
        KEYS[self.0 as usize] as char
    }
}

impl FromStr for Key {
    type Err = KeyError;

    /// Reads one character.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut characters = text.chars();
        match (characters.next().and_then(Self::from_char), characters.next()) {
            (Some(key), None) => Ok(key),
            _ => Err(KeyError),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_char(), f)
    }
}

/// What a caller does to a key. Of each press comes one of either, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEvent {
    /// It went down.
    Pressed(Key),
    /// It came up after so long, as far as that is known.
    Released(Key, Duration),
}

/// A text names no [`Key`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyError;

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected one of 0-9, *, #, A-D")
    }
}

impl std::error::Error for KeyError {}

const COUNT: u8 = 16;
/// What is printed on the keys, by event number.
const KEYS: &[u8; COUNT as usize] = b"0123456789*#ABCD";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_printed_is_read_as_itself() {
        assert_eq!(Key::all().len(), 16);
        for key in Key::all() {
            assert_eq!(key.to_string().parse(), Ok(key));
            assert_eq!(key.to_string().to_lowercase().parse(), Ok(key));
            assert_eq!(Key::from_event(key.event()), Some(key));
        }
    }

    #[test]
    fn event_numbers_are_those_of_the_rfc() {
        let events = [('0', 0), ('9', 9), ('*', 10), ('#', 11), ('A', 12), ('D', 15)];
        for (name, event) in events {
            assert_eq!(Key::from_char(name).map(Key::event), Some(event));
        }
        assert_eq!((Key::STAR.as_char(), Key::POUND.as_char()), ('*', '#'));
        assert_eq!(Key::from_event(16), None);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "E", "12", " 1", "é", "\u{661}"] {
            assert_eq!(text.parse::<Key>(), Err(KeyError), "{text:?}");
        }
    }
}
