//! Names of headers: which have a type here, which are rsip's, and their compact forms (RFC 3261 §7.3.3).

use rsip::Header;
use rsip::headers::UntypedHeader;

/// The headers that are read into types; all others are [`rsip::Header`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderName {
    Via,
    From,
    To,
    CallId,
    CSeq,
    MaxForwards,
    Route,
    RecordRoute,
    Contact,
    ContentType,
    ContentLength,
    Other,
}

impl HeaderName {
    /// The header called `name`, in full or compact form. Case does not matter.
    pub(super) fn of(name: &str) -> Self {
        TYPED
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map_or(Self::Other, |&(_, header)| header)
    }
}

/// Names are compared by their length first, so walking this list costs little.
const TYPED: [(&str, HeaderName); 18] = [
    ("Via", HeaderName::Via),
    ("v", HeaderName::Via),
    ("From", HeaderName::From),
    ("f", HeaderName::From),
    ("To", HeaderName::To),
    ("t", HeaderName::To),
    ("Call-ID", HeaderName::CallId),
    ("i", HeaderName::CallId),
    ("CSeq", HeaderName::CSeq),
    ("Contact", HeaderName::Contact),
    ("m", HeaderName::Contact),
    ("Max-Forwards", HeaderName::MaxForwards),
    ("Route", HeaderName::Route),
    ("Record-Route", HeaderName::RecordRoute),
    ("Content-Type", HeaderName::ContentType),
    ("c", HeaderName::ContentType),
    ("Content-Length", HeaderName::ContentLength),
    ("l", HeaderName::ContentLength),
];

macro_rules! rsip_headers {
    ($($name:literal $variant:ident;)*) => {
        /// The header `name: value` in rsip's vocabulary.
        pub(super) fn rsip_header(name: &str, value: String) -> Header {
            let name = full_name(name);
            match name {
                $(_ if name.eq_ignore_ascii_case($name) => Header::$variant(value.into()),)*
                _ => Header::Other(name.to_owned(), value),
            }
        }

        /// The name and the value of `header`.
        pub(super) fn parts(header: &Header) -> (&str, &str) {
            match header {
                $(Header::$variant(value) => ($name, value.value()),)*
                Header::Other(name, value) => (name, value),
            }
        }
    };
}

rsip_headers! {
    "Accept" Accept;
    "Accept-Encoding" AcceptEncoding;
    "Accept-Language" AcceptLanguage;
    "Alert-Info" AlertInfo;
    "Allow" Allow;
    "Authentication-Info" AuthenticationInfo;
    "Authorization" Authorization;
    "CSeq" CSeq;
    "Call-ID" CallId;
    "Call-Info" CallInfo;
    "Contact" Contact;
    "Content-Disposition" ContentDisposition;
    "Content-Encoding" ContentEncoding;
    "Content-Language" ContentLanguage;
    "Content-Length" ContentLength;
    "Content-Type" ContentType;
    "Date" Date;
    "Error-Info" ErrorInfo;
    "Event" Event;
    "Expires" Expires;
    "From" From;
    "In-Reply-To" InReplyTo;
    "Max-Forwards" MaxForwards;
    "MIME-Version" MimeVersion;
    "Min-Expires" MinExpires;
    "Organization" Organization;
    "Priority" Priority;
    "Proxy-Authenticate" ProxyAuthenticate;
    "Proxy-Authorization" ProxyAuthorization;
    "Proxy-Require" ProxyRequire;
    "Record-Route" RecordRoute;
    "Reply-To" ReplyTo;
    "Require" Require;
    "Retry-After" RetryAfter;
    "Route" Route;
    "Server" Server;
    "Subject" Subject;
    "Subscription-State" SubscriptionState;
    "Supported" Supported;
    "Timestamp" Timestamp;
    "To" To;
    "Unsupported" Unsupported;
    "User-Agent" UserAgent;
    "Via" Via;
    "Warning" Warning;
    "WWW-Authenticate" WwwAuthenticate;
}

/// The full form of a compact name (IANA registry of SIP header fields).
fn full_name(name: &str) -> &str {
    let [letter] = name.as_bytes() else { return name };
    match letter.to_ascii_lowercase() {
        b'a' => "Accept-Contact",
        b'b' => "Referred-By",
        b'd' => "Request-Disposition",
        b'e' => "Content-Encoding",
        b'j' => "Reject-Contact",
        b'k' => "Supported",
        b'n' => "Identity-Info",
        b'o' => "Event",
        b'r' => "Refer-To",
        b's' => "Subject",
        b'u' => "Allow-Events",
        b'x' => "Session-Expires",
        b'y' => "Identity",
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_compact_form_do_not_matter() {
        assert_eq!(HeaderName::of("vIA"), HeaderName::Via);
        assert_eq!(HeaderName::of("I"), HeaderName::CallId);
        assert_eq!(HeaderName::of("L"), HeaderName::ContentLength);
        assert_eq!(HeaderName::of("X"), HeaderName::Other);
        assert_eq!(parts(&rsip_header("s", "hello".into())), ("Subject", "hello"));
        assert_eq!(rsip_header("ALLOW", "INVITE".into()), Header::Allow("INVITE".into()));
    }

    #[test]
    fn an_unknown_name_is_kept_as_written() {
        assert_eq!(parts(&rsip_header("X-Foo", "1".into())), ("X-Foo", "1"));
    }
}
