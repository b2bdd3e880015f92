//! `CSeq`: the number and method that tell requests of a dialog apart (RFC 3261 §20.16).

use core::fmt;
use core::str::FromStr;

use super::error::SyntaxError;
use super::method::Method;
use super::scan::Scan;

/// `CSeq: 4711 INVITE`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CSeq {
    /// Below 2^31 by RFC 3261 §8.1.1.5; the upper half is accepted (RFC 4475 §3.1.2.4 objects from 2^32 on).
    pub number: u32,
    /// The method of the request.
    pub method: Method,
}

impl CSeq {
    /// `number` and `method`.
    #[must_use]
    pub const fn new(number: u32, method: Method) -> Self {
        Self { number, method }
    }

    pub(super) fn scan(scan: &mut Scan<'_>) -> Result<Self, SyntaxError> {
        let number = scan.number("a sequence number below 2^32")?;
        scan.need_space("a space and the method")?;
        Ok(Self { number, method: Method::scan(scan)? })
    }
}

impl FromStr for CSeq {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Scan::all(text, Self::scan)
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_and_wide_spaces_do_not_matter() {
        assert_eq!("0009 \t INVITE".parse(), Ok(CSeq::new(9, Method::INVITE)));
    }

    #[test]
    fn a_number_too_large_is_refused() {
        assert_eq!("4294967295 BYE".parse(), Ok(CSeq::new(u32::MAX, Method::BYE)));
        let error = "36893488147419103232 REGISTER".parse::<CSeq>().unwrap_err();
        assert_eq!(error, SyntaxError { position: 0, expected: "a sequence number below 2^32" });
    }

    #[test]
    fn a_number_runs_into_no_method() {
        for text in ["", "1", "INVITE", "1INVITE", "1 INVITE x", "-1 INVITE"] {
            assert!(text.parse::<CSeq>().is_err(), "{text:?}");
        }
    }
}
