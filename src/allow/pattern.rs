//! A pattern of callers: `2??@*`, `*@pbx.example`, `100`.
//!
//! It is compared with user and host of the caller's address as SIP URIs are: the user letter by letter, the host in any
//! letter case (RFC 3261 §19.1.4). `?` is one letter, `*` any number of them, none too. Ports and parameters do not count.

use core::fmt;
use core::net::Ipv6Addr;

/// Which callers are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    user: Box<str>,
    /// In lower case.
    host: Box<str>,
}

impl Pattern {
    /// Reads `user@host`, or `user` at any host. Without an `@` a text with a dot is no pattern: it is rather a host, or
    /// half an address, than a user.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (user, host) = match text.rsplit_once('@') {
            Some(parts) => parts,
            None if text.contains('.') => return None,
            None => (text, "*"),
        };
        let is_user = |c: char| !c.is_control() && !c.is_whitespace() && !"@:/<>\"[]".contains(c);
        if user.is_empty() || text.len() > MAX_BYTES || !user.chars().all(is_user) {
            return None;
        }
        Some(Self { user: user.into(), host: read_host(host)?.into() })
    }

    /// Whether the caller `user` at `host` is meant; an IPv6 address stands in brackets.
    #[must_use]
    pub fn matches(&self, user: &str, host: &str) -> bool {
        fits(&self.user, user) && fits(&self.host, &host.to_ascii_lowercase())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.user, self.host)
    }
}

/// The host in lower case, an IPv6 address in its shortest form.
fn read_host(text: &str) -> Option<String> {
    if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Some(format!("[{}]", address.parse::<Ipv6Addr>().ok()?));
    }
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._*?".contains(&byte);
    (!text.is_empty() && text.bytes().all(is_host)).then(|| text.to_ascii_lowercase())
}

/// Whether `text` is as `pattern` says. When the two part, the last `*` takes one letter more: so the work is at most the
/// product of the two lengths.
fn fits(pattern: &str, text: &str) -> bool {
    if text.len() > MAX_BYTES {
        return pattern == "*";
    }
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    let mut star = None;
    loop {
        let (rest, found) = (text.clone(), text.next());
        match (pattern.next(), found) {
            (Some('*'), _) => {
                star = Some((pattern.clone(), rest.clone()));
                text = rest;
            }
            (None, None) => return true,
            (Some(expected), Some(found)) if expected == '?' || expected == found => {}
            _ => {
                let Some((after, taken)) = &mut star else { return false };
                if taken.next().is_none() {
                    return false;
                }
                (pattern, text) = (after.clone(), taken.clone());
            }
        }
    }
}

/// A pattern has not more, and a name that has more matches `*` only.
const MAX_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(pattern: &str, user: &str, host: &str) -> bool {
        Pattern::from_text(pattern).unwrap_or_else(|| panic!("{pattern}")).matches(user, host)
    }

    #[test]
    fn a_question_mark_is_one_letter_and_a_star_is_any_number() {
        assert!(is_match("2??@*", "200", "192.0.2.2"));
        assert!(is_match("2??@*", "2äß", "192.0.2.2"));
        assert!(!is_match("2??@*", "20", "192.0.2.2"));
        assert!(!is_match("2??@*", "2000", "192.0.2.2"));
        assert!(is_match("2*@*", "2", ""));
        assert!(is_match("*", "", ""));
        assert!(is_match("*9*9*", "1991", "h"));
        assert!(!is_match("*9*9*", "191", "h"));
        assert!(is_match("a*b*c", "abbcbc", "h"));
        assert!(!is_match("a*b*c", "abbcb", "h"));
    }

    #[test]
    fn the_user_is_compared_exactly_and_the_host_in_any_letter_case() {
        assert!(is_match("*@PBX.example", "alice", "pbx.EXAMPLE"));
        assert!(is_match("alice@*.example", "alice", "a.b.Example"));
        assert!(!is_match("alice@pbx.example", "Alice", "pbx.example"));
        assert!(!is_match("*@pbx.example", "alice", "pbx.example.net"));
        assert!(!is_match("*@pbx.example", "alice", "not-pbx.example"));
    }

    #[test]
    fn a_pattern_without_host_means_the_user_at_any() {
        assert!(is_match("100", "100", "192.0.2.2") && is_match("100", "100", ""));
        assert!(!is_match("100", "1000", "192.0.2.2"));
    }

    #[test]
    fn an_ipv6_address_is_the_same_in_every_spelling() {
        assert!(is_match("*@[2001:DB8:0:0::1]", "100", "[2001:db8::1]"));
        assert!(!is_match("*@[2001:db8::1]", "100", "[2001:db8::2]"));
    }

    #[test]
    fn a_name_of_endless_length_matches_only_a_star() {
        let long = "a".repeat(257);
        assert!(is_match("*@*", &long, "host"));
        assert!(!is_match("a*@*", &long, "host"));
        assert!(is_match("a*@*", &long[1..], "host"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in [
            "",
            "@",
            "@pbx.example",
            "100@",
            "pbx.example",
            "192.168.1",
            "192.168.1.*",
            "sip:100@pbx.example",
            "100@pbx.example:5060",
            "*@2001:db8::1",
            "*@[2001:db8::x]",
            "*@[]",
            "a b@host",
            "a@b@host",
            "10.0.0.0/8",
            "100@10.0.0.0/8",
            "\u{7}@host",
        ] {
            assert_eq!(Pattern::from_text(text), None, "{text:?}");
        }
        assert_eq!(Pattern::from_text(&"1".repeat(257)), None);
    }

    #[test]
    fn it_reads_what_it_prints() {
        for text in ["2??@*", "*@PBX.example", "100", "john.doe@*", "*98#@[::1]"] {
            let pattern = Pattern::from_text(text).unwrap();
            assert_eq!(Pattern::from_text(&pattern.to_string()), Some(pattern), "{text}");
        }
    }
}
