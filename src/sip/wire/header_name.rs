//! Names of headers: which have a type here, which are rsip's, and their compact forms (RFC 3261 §7.3.3).

use rsip::Header;
use rsip::headers::UntypedHeader;

macro_rules! typed_headers {
    ($($name:literal $variant:ident;)*) => {
        /// The headers that are read into types; all others are [`rsip::Header`]s.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum HeaderName {
            $($variant,)*
            Other,
        }

        impl HeaderName {
            /// The header called `name`, in full or compact form. Case does not matter.
            pub(super) fn of(name: &str) -> Self {
                let name = full_name(name);
                match name {
                    $(_ if name.eq_ignore_ascii_case($name) => Self::$variant,)*
                    _ => Self::Other,
                }
            }
        }
    };
}

typed_headers! {
    "Via" Via;
    "From" From;
    "To" To;
    "Call-ID" CallId;
    "CSeq" CSeq;
    "Max-Forwards" MaxForwards;
    "Route" Route;
    "Record-Route" RecordRoute;
    "Contact" Contact;
    "Content-Type" ContentType;
    "Content-Length" ContentLength;
}

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
        b'c' => "Content-Type",
        b'd' => "Request-Disposition",
        b'e' => "Content-Encoding",
        b'f' => "From",
        b'i' => "Call-ID",
        b'j' => "Reject-Contact",
        b'k' => "Supported",
        b'l' => "Content-Length",
        b'm' => "Contact",
        b'n' => "Identity-Info",
        b'o' => "Event",
        b'r' => "Refer-To",
        b's' => "Subject",
        b't' => "To",
        b'u' => "Allow-Events",
        b'v' => "Via",
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
