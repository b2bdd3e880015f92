//! URIs: `sip:`, `sips:`, `tel:` and any other (RFC 3261 §19.1, RFC 3966, RFC 3986).

use core::fmt;
use core::str::FromStr;

use super::error::SyntaxError;
use super::host::Host;
use super::params::Params;
use super::scan::{Scan, is_visible};
use super::sip_uri::SipUri;

/// An absolute URI. Printing it and reading that gives the same value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Uri {
    /// `sip:` or `sips:`
    Sip(SipUri),
    /// `tel:`
    Tel(TelUri),
    /// Any other scheme.
    Absolute(AbsoluteUri),
}

/// `tel:number;params` (RFC 3966)
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TelUri {
    number: Box<str>,
    params: Params,
}

/// `scheme:rest`, which is kept as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AbsoluteUri {
    scheme: Box<str>,
    rest: Box<str>,
}

impl Uri {
    /// The scheme; that of `sip:`, `sips:` and `tel:` in lower case.
    #[must_use]
    pub fn scheme(&self) -> &str {
        match self {
            Self::Sip(uri) if uri.is_secure() => "sips",
            Self::Sip(_) => "sip",
            Self::Tel(_) => "tel",
            Self::Absolute(uri) => &uri.scheme,
        }
    }

    /// The user of a SIP URI or the number of a `tel:` URI, as written.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Sip(uri) => uri.user(),
            Self::Tel(uri) => Some(uri.number()),
            Self::Absolute(_) => None,
        }
    }

    /// The host of a SIP URI.
    #[must_use]
    pub fn host(&self) -> Option<&Host> {
        self.sip().map(|uri| &uri.host_port().host)
    }

    /// The port of a SIP URI, if one is written.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.sip().and_then(|uri| uri.host_port().port)
    }

    /// The SIP URI, if it is one.
    #[must_use]
    pub const fn sip(&self) -> Option<&SipUri> {
        match self {
            Self::Sip(uri) => Some(uri),
            Self::Tel(_) | Self::Absolute(_) => None,
        }
    }

    /// Reads to the end of `scan`.
    pub(super) fn scan(scan: &mut Scan<'_>) -> Result<Self, SyntaxError> {
        let error = scan.expected("a URI with a scheme");
        let scheme = scan.take_while(is_scheme_byte);
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scan.eat(b':') {
            return Err(error);
        }
        let uri = match scheme {
            _ if scheme.eq_ignore_ascii_case("sip") => Self::Sip(SipUri::scan(scan, false)?),
            _ if scheme.eq_ignore_ascii_case("sips") => Self::Sip(SipUri::scan(scan, true)?),
            _ if scheme.eq_ignore_ascii_case("tel") => Self::Tel(TelUri::scan(scan)?),
            _ => Self::Absolute(AbsoluteUri::scan(scheme, scan)?),
        };
        if scan.is_at_end() { Ok(uri) } else { Err(scan.expected("the end of the URI")) }
    }
}

impl FromStr for Uri {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Self::scan(&mut Scan::new(text))
    }
}

impl From<SipUri> for Uri {
    fn from(uri: SipUri) -> Self {
        Self::Sip(uri)
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sip(uri) => uri.fmt(f),
            Self::Tel(uri) => uri.fmt(f),
            Self::Absolute(uri) => uri.fmt(f),
        }
    }
}

impl TelUri {
    /// The number as written, with its visual separators.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The parameters.
    #[must_use]
    pub const fn params(&self) -> &Params {
        &self.params
    }

    fn scan(scan: &mut Scan<'_>) -> Result<Self, SyntaxError> {
        let number = scan.take_while(|byte| is_uri_byte(byte) && byte != b';');
        if number.is_empty() {
            return Err(scan.expected("a telephone number"));
        }
        Ok(Self { number: number.into(), params: Params::scan_uri(scan)? })
    }
}

impl fmt::Display for TelUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tel:{}{}", self.number, self.params)
    }
}

impl AbsoluteUri {
    /// What follows the scheme and its colon.
    #[must_use]
    pub fn rest(&self) -> &str {
        &self.rest
    }

    fn scan(scheme: &str, scan: &mut Scan<'_>) -> Result<Self, SyntaxError> {
        let rest = scan.take_while(is_uri_byte);
        if rest.is_empty() {
            return Err(scan.expected("something after the scheme"));
        }
        Ok(Self { scheme: scheme.into(), rest: rest.into() })
    }
}

impl fmt::Display for AbsoluteUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scheme, self.rest)
    }
}

fn is_scheme_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

fn is_uri_byte(byte: u8) -> bool {
    is_visible(byte) && !b"\"<>".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_3261_read_and_print() {
        for text in [
            "sip:alice@atlanta.com",
            "sip:alice:secretword@atlanta.com;transport=tcp",
            "sips:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:+1-212-555-1212:1234@gateway.com;user=phone",
            "sips:1212@gateway.com",
            "sip:alice@192.0.2.4",
            "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
            "sip:alice;day=tuesday@atlanta.com",
            "sip:[2001:db8::10]:5070;transport=udp",
            "sip:*98#@pbx_1.lan",
            "sip:user;par=u%40example.net@example.com",
            "tel:+1-201-555-0123;phone-context=example.com",
            "soap.beep://192.0.2.103:3002",
            "nobodyKnowsThisScheme:totallyopaquecontent",
        ] {
            let uri: Uri = text.parse().unwrap();
            assert_eq!(uri.to_string(), text);
        }
    }

    #[test]
    fn the_parts_are_where_they_belong() {
        let uri: Uri = "SIP:alice;day=tuesday:pw@[2001:db8::10]:5070;lr;a=b?x=y@z".parse().unwrap();
        assert_eq!(uri.scheme(), "sip");
        assert_eq!(uri.user(), Some("alice;day=tuesday"));
        assert_eq!(uri.port(), Some(5070));
        assert_eq!(uri.host().and_then(Host::address), Some("2001:db8::10".parse().unwrap()));
        let sip = uri.sip().unwrap();
        assert_eq!(sip.password(), Some("pw"));
        assert_eq!(sip.params().get("A"), Some("b"));
        assert_eq!(sip.headers(), Some("x=y@z"));
    }

    /// RFC 5118 §4.3: only the brackets tell.
    #[test]
    fn the_port_of_an_ipv6_address_is_behind_its_brackets() {
        let inside: Uri = "sip:[2001:db8::10:5070]".parse().unwrap();
        assert_eq!(inside.port(), None);
        assert_eq!(inside.host().and_then(Host::address), Some("2001:db8::10:5070".parse().unwrap()));
        let behind: Uri = "sip:[2001:db8::10]:5070".parse().unwrap();
        assert_eq!(behind.port(), Some(5070));
        assert!("sip:2001:db8::10".parse::<Uri>().is_err());
    }

    #[test]
    fn what_is_no_uri_is_refused_where_it_goes_wrong() {
        for (text, position) in [
            ("", 0),
            ("alice", 0),
            ("1sip:x", 0),
            ("sip:", 4),
            ("sip:@host", 4),
            ("sip:a b@host", 5),
            ("sip:a@host:99999", 11),
            ("sip:a@host;", 11),
            ("sip:a@ho st", 8),
            ("sip:a@host>", 10),
            ("tel:", 4),
            ("urn:", 4),
        ] {
            let error = text.parse::<Uri>().unwrap_err();
            assert_eq!(error.position, position, "{text:?}: {error}");
        }
    }
}
