//! Methods of requests (RFC 3261 §7.1).

use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

use super::error::SyntaxError;
use super::scan::Scan;

/// What a request asks for. Any token is a method, and case matters.
///
/// The constants can be compared with and matched on: `match request.method { Method::BYE => …, _ => … }`.
#[derive(Clone, PartialEq, Eq)]
pub struct Method(Name);

#[derive(Clone, PartialEq, Eq)]
enum Name {
    Known(rsip::Method),
    /// Never the name of a known method.
    Other(Box<str>),
}

macro_rules! methods {
    ($($constant:ident $known:ident $text:literal $rfc:literal;)*) => {
        impl Method {
            $(
                #[doc = $rfc]
                pub const $constant: Self = Self(Name::Known(rsip::Method::$known));
            )*

            /// The name as it goes over the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match &self.0 {
                    $(Name::Known(rsip::Method::$known) => $text,)*
                    Name::Other(name) => name,
                }
            }

            fn from_token(token: &str) -> Self {
                match token {
                    $($text => Self::$constant,)*
                    _ => Self(Name::Other(token.into())),
                }
            }
        }
    };
}

methods! {
    ACK Ack "ACK" "RFC 3261 §17.1.1.3";
    BYE Bye "BYE" "RFC 3261 §15";
    CANCEL Cancel "CANCEL" "RFC 3261 §9";
    INFO Info "INFO" "RFC 6086";
    INVITE Invite "INVITE" "RFC 3261 §13";
    MESSAGE Message "MESSAGE" "RFC 3428";
    NOTIFY Notify "NOTIFY" "RFC 6665";
    OPTIONS Options "OPTIONS" "RFC 3261 §11";
    PRACK PRack "PRACK" "RFC 3262";
    PUBLISH Publish "PUBLISH" "RFC 3903";
    REFER Refer "REFER" "RFC 3515";
    REGISTER Register "REGISTER" "RFC 3261 §10";
    SUBSCRIBE Subscribe "SUBSCRIBE" "RFC 6665";
    UPDATE Update "UPDATE" "RFC 3311";
}

impl Method {
    /// Whether this is one of the constants here: a method of some RFC.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        matches!(self.0, Name::Known(_))
    }

    /// Reads the token under `scan`.
    pub(super) fn scan(scan: &mut Scan<'_>) -> Result<Self, SyntaxError> {
        scan.token("a method").map(Self::from_token)
    }
}

impl FromStr for Method {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Scan::all(text, Self::scan)
    }
}

impl From<rsip::Method> for Method {
    fn from(known: rsip::Method) -> Self {
        Self(Name::Known(known))
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Hash for Method {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_match_what_is_read() {
        let method: Method = "INVITE".parse().unwrap();
        assert_eq!(method, Method::INVITE);
        assert!(matches!(method, Method::INVITE));
        assert_eq!(method, Method::from(rsip::Method::Invite));
        assert!(method.is_known());
    }

    #[test]
    fn case_matters() {
        let method: Method = "invite".parse().unwrap();
        assert_ne!(method, Method::INVITE);
        assert!(!method.is_known());
        assert_eq!(method.to_string(), "invite");
    }

    #[test]
    fn what_is_no_token_is_no_method() {
        for text in ["", "IN VITE", "INVITE ", "INV(ITE"] {
            assert!(text.parse::<Method>().is_err(), "{text:?}");
        }
    }
}
