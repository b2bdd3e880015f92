//! Status codes of responses (RFC 3261 §21).

use core::fmt;

/// A status code from 100 to 699.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusCode(u16);

macro_rules! statuses {
    ($($constant:ident $code:literal $reason:literal;)*) => {
        impl StatusCode {
            $(
                #[doc = $reason]
                pub const $constant: Self = Self($code);
            )*

            /// The reason phrase the RFCs suggest; that of the class for a code they do not name.
            #[must_use]
            pub const fn reason(self) -> &'static str {
                match self.0 {
                    $($code => $reason,)*
                    ..=199 => "Session Progress",
                    ..=299 => "OK",
                    ..=399 => "Multiple Choices",
                    ..=499 => "Bad Request",
                    ..=599 => "Server Internal Error",
                    _ => "Decline",
                }
            }
        }
    };
}

statuses! {
    TRYING 100 "Trying";
    RINGING 180 "Ringing";
    FORWARDED 181 "Call Is Being Forwarded";
    QUEUED 182 "Queued";
    SESSION_PROGRESS 183 "Session Progress";
    OK 200 "OK";
    ACCEPTED 202 "Accepted";
    MULTIPLE_CHOICES 300 "Multiple Choices";
    MOVED_PERMANENTLY 301 "Moved Permanently";
    MOVED_TEMPORARILY 302 "Moved Temporarily";
    USE_PROXY 305 "Use Proxy";
    ALTERNATIVE_SERVICE 380 "Alternative Service";
    BAD_REQUEST 400 "Bad Request";
    UNAUTHORIZED 401 "Unauthorized";
    FORBIDDEN 403 "Forbidden";
    NOT_FOUND 404 "Not Found";
    METHOD_NOT_ALLOWED 405 "Method Not Allowed";
    NOT_ACCEPTABLE 406 "Not Acceptable";
    PROXY_AUTHENTICATION_REQUIRED 407 "Proxy Authentication Required";
    REQUEST_TIMEOUT 408 "Request Timeout";
    GONE 410 "Gone";
    REQUEST_ENTITY_TOO_LARGE 413 "Request Entity Too Large";
    REQUEST_URI_TOO_LONG 414 "Request-URI Too Long";
    UNSUPPORTED_MEDIA_TYPE 415 "Unsupported Media Type";
    UNSUPPORTED_URI_SCHEME 416 "Unsupported URI Scheme";
    BAD_EXTENSION 420 "Bad Extension";
    EXTENSION_REQUIRED 421 "Extension Required";
    SESSION_INTERVAL_TOO_SMALL 422 "Session Interval Too Small";
    INTERVAL_TOO_BRIEF 423 "Interval Too Brief";
    TEMPORARILY_UNAVAILABLE 480 "Temporarily Unavailable";
    BAD_INFO_PACKAGE 469 "Bad Info Package";
    CALL_DOES_NOT_EXIST 481 "Call/Transaction Does Not Exist";
    LOOP_DETECTED 482 "Loop Detected";
    TOO_MANY_HOPS 483 "Too Many Hops";
    ADDRESS_INCOMPLETE 484 "Address Incomplete";
    AMBIGUOUS 485 "Ambiguous";
    BUSY_HERE 486 "Busy Here";
    REQUEST_TERMINATED 487 "Request Terminated";
    NOT_ACCEPTABLE_HERE 488 "Not Acceptable Here";
    BAD_EVENT 489 "Bad Event";
    REQUEST_PENDING 491 "Request Pending";
    UNDECIPHERABLE 493 "Undecipherable";
    SERVER_INTERNAL_ERROR 500 "Server Internal Error";
    NOT_IMPLEMENTED 501 "Not Implemented";
    BAD_GATEWAY 502 "Bad Gateway";
    SERVICE_UNAVAILABLE 503 "Service Unavailable";
    SERVER_TIMEOUT 504 "Server Time-out";
    VERSION_NOT_SUPPORTED 505 "Version Not Supported";
    MESSAGE_TOO_LARGE 513 "Message Too Large";
    BUSY_EVERYWHERE 600 "Busy Everywhere";
    DECLINE 603 "Decline";
    DOES_NOT_EXIST_ANYWHERE 604 "Does Not Exist Anywhere";
    NOT_ACCEPTABLE_ANYWHERE 606 "Not Acceptable";
}

impl StatusCode {
    /// The status code `code`; `None` outside of 100 to 699.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        if code >= 100 && code <= 699 { Some(Self(code)) } else { None }
    }

    /// The number, 100 to 699.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// Whether a final response is still to come: 1xx.
    #[must_use]
    pub const fn is_provisional(self) -> bool {
        self.0 < 200
    }

    /// Whether this ends the transaction: 2xx to 6xx.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !self.is_provisional()
    }

    /// Whether the request was accepted: 2xx.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 >= 200 && self.0 < 300
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl From<StatusCode> for rsip::StatusCode {
    fn from(status: StatusCode) -> Self {
        Self::from(status.0)
    }
}

impl TryFrom<&rsip::StatusCode> for StatusCode {
    type Error = StatusOutOfRange;

    fn try_from(status: &rsip::StatusCode) -> Result<Self, StatusOutOfRange> {
        Self::new(status.code()).ok_or(StatusOutOfRange)
    }
}

/// The code is not within 100 to 699.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusOutOfRange;

impl fmt::Display for StatusOutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a status code from 100 to 699")
    }
}

impl std::error::Error for StatusOutOfRange {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_told_apart() {
        assert!(StatusCode::RINGING.is_provisional());
        assert!(StatusCode::OK.is_final() && StatusCode::OK.is_success());
        assert!(StatusCode::BUSY_HERE.is_final() && !StatusCode::BUSY_HERE.is_success());
    }

    #[test]
    fn an_unknown_code_has_the_reason_of_its_class() {
        assert_eq!(StatusCode::new(499).map(StatusCode::reason), Some("Bad Request"));
        assert_eq!(StatusCode::new(699).map(StatusCode::reason), Some("Decline"));
    }

    #[test]
    fn a_code_out_of_range_is_none() {
        assert_eq!(StatusCode::new(99), None);
        assert_eq!(StatusCode::new(700), None);
    }

    #[test]
    fn converts_to_rsip_and_back() {
        let theirs = rsip::StatusCode::from(StatusCode::BUSY_HERE);
        assert_eq!(theirs, rsip::StatusCode::BusyHere);
        assert_eq!(StatusCode::try_from(&theirs), Ok(StatusCode::BUSY_HERE));
        assert_eq!(StatusCode::try_from(&rsip::StatusCode::from(0)), Err(StatusOutOfRange));
    }
}
