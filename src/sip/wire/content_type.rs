//! Content-Type: what the body is (RFC 3261 §20.15).

use core::fmt;
use core::str::FromStr;

use super::error::SyntaxError;
use super::params::Params;
use super::scan::Scan;

/// `Content-Type: application/sdp`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContentType {
    kind: Box<str>,
    subtype: Box<str>,
    /// The parameters, such as the boundary of a multipart body.
    pub params: Params,
}

impl ContentType {
    /// Whether this is `media`, such as `application/sdp`. Case does not matter.
    #[must_use]
    pub fn is(&self, media: &str) -> bool {
        media.split_once('/').is_some_and(|(kind, subtype)| {
            self.kind.eq_ignore_ascii_case(kind) && self.subtype.eq_ignore_ascii_case(subtype)
        })
    }

    /// `application/sdp`
    #[must_use]
    pub fn sdp() -> Self {
        Self { kind: "application".into(), subtype: "sdp".into(), params: Params::new() }
    }

    pub(super) fn scan(scan: &mut Scan<'_>) -> Result<Self, SyntaxError> {
        let kind = scan.token("a media type")?.into();
        if !scan.eat_spaced(b'/') {
            return Err(scan.expected("a slash and a media subtype"));
        }
        let subtype = scan.token("a media subtype")?.into();
        Ok(Self { kind, subtype, params: Params::scan(scan)? })
    }
}

impl FromStr for ContentType {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Scan::all(text, Self::scan)
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.kind, self.subtype, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_space_do_not_matter() {
        let sdp: ContentType = "Application / SDP ; charset=utf-8".parse().unwrap();
        assert!(sdp.is("application/sdp"));
        assert!(!sdp.is("application/pidf+xml"));
        assert_eq!(sdp.params.get("charset"), Some("utf-8"));
    }

    #[test]
    fn half_a_type_is_refused() {
        for text in ["", "text", "text/", "/plain", "text/plain;"] {
            assert!(text.parse::<ContentType>().is_err(), "{text:?}");
        }
    }
}
