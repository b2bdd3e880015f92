//! Keys that come in INFO requests, as most telephones can send them.
//!
//! ```text
//!  Content-Type: application/dtmf-relay      Content-Type: application/dtmf
//!
//!  Signal=5                                  5
//!  Duration=160
//! ```
//!
//! No RFC says so; RFC 6086 §1 and its Appendix A call it legacy use. Names are taken in any letter case and with blanks
//! around the equals sign (Cisco writes `Signal= 5`). Star, hash and A to D come as themselves or as 10 to 15, their
//! numbers in RFC 4733 §3.2. Either body is taken under either type. How long the key was held is left out.

use crate::key::Key;

/// The content types of keys.
pub(crate) const TYPES: [&str; 2] = ["application/dtmf-relay", "application/dtmf"];

/// The key that the body of an INFO tells; `None` if it tells none.
pub(crate) fn key(body: &[u8]) -> Option<Key> {
    let text = str::from_utf8(body).ok()?;
    let mut fields = text.lines().filter_map(|line| line.split_once('='));
    let signal = fields.find(|(name, _)| name.trim().eq_ignore_ascii_case("signal"));
    let key = signal.map_or(text, |(_, value)| value).trim();
    let numbered = || key.parse().ok().filter(|event| (10..=15).contains(event)).and_then(Key::from_event);
    key.parse().ok().or_else(numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(body: &str) -> Option<char> {
        key(body.as_bytes()).map(Key::as_char)
    }

    #[test]
    fn a_relayed_key_is_read_as_telephones_write_it() {
        for body in ["Signal=5\r\nDuration=160\r\n", "Signal= 5\r\nDuration= 160", "duration=1\nSIGNAL = 5\n"]
        {
            assert_eq!(label(body), Some('5'), "{body:?}");
        }
    }

    #[test]
    fn a_key_may_stand_alone() {
        assert_eq!([label("5"), label(" #\r\n"), label("d")], [Some('5'), Some('#'), Some('D')]);
    }

    #[test]
    fn all_sixteen_keys_have_a_label_and_a_number() {
        for known in Key::all() {
            assert_eq!(key(format!("Signal={known}\r\n").as_bytes()), Some(known));
            assert_eq!(key(format!("Signal={}\r\n", known.event()).as_bytes()), Some(known));
        }
    }

    #[test]
    fn what_names_no_key_is_none() {
        for body in
            ["", "\r\n", "Signal=\r\n", "Signal=16\r\n", "Signal=05", "55", "E", "Duration=5", "!", "\u{665}"]
        {
            assert_eq!(label(body), None, "{body:?}");
        }
        assert_eq!(key(b"\xff"), None);
    }
}
