//! The IPv6 torture tests of RFC 5118: every message of its archive (`ci/testdata/rfc5118`).

use super::datagram_of;
use crate::sip::wire::{Message, Request};

fn request(name: &str) -> Request {
    match Message::parse(&datagram_of("rfc5118", name)) {
        Ok(Message::Request(request)) => request,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn what_is_valid_is_read_and_reads_the_same_once_written() {
    for name in [
        "ipv6-good",
        "port-ambiguous",
        "port-unambiguous",
        "via-received-param-with-delim",
        "via-received-param-no-delim",
        "mult-ip-in-header",
        "mult-ip-in-sdp",
        "ipv4-mapped-ipv6",
        "ipv6-bug-abnf-3-colons",
        "ipv6-correct-abnf-2-colons",
    ] {
        let message =
            Message::parse(&datagram_of("rfc5118", name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(Message::parse(&message.to_bytes().unwrap()), Ok(message), "{name}");
    }
}

#[test]
fn an_address_without_brackets_is_answered_with_400() {
    let error = Message::parse(&datagram_of("rfc5118", "ipv6-bad")).unwrap_err();
    assert_eq!(error.reply.unwrap().status.code(), 400);
}

/// The Content-Length printed in the RFC is larger than the body printed there.
#[test]
fn ipv6_in_sdp_is_short_of_its_content_length() {
    let error = Message::parse(&datagram_of("rfc5118", "ipv6-in-sdp")).unwrap_err();
    assert_eq!(error.expected, "a length that is not larger than the body");
}

#[test]
fn the_port_is_behind_the_brackets() {
    assert_eq!(request("port-ambiguous").uri.to_string(), "sip:[2001:db8::10:5070]");
    assert_eq!(request("port-ambiguous").uri.port(), None);
    assert_eq!(request("port-unambiguous").uri.port(), Some(5070));
}

#[test]
fn received_is_read_with_and_without_brackets() {
    let with = request("via-received-param-with-delim").headers.via[0].received();
    let without = request("via-received-param-no-delim").headers.via[0].received();
    assert_eq!((with, without), (Some("2001:db8::9:255".parse().unwrap()), with));
}

#[test]
fn the_colon_too_many_of_rfc_3261_is_ignored() {
    let bug = request("ipv6-bug-abnf-3-colons").uri;
    assert_eq!(bug, request("ipv6-correct-abnf-2-colons").uri);
}
