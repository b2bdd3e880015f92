//! What is taken though the grammar of RFC 3261 §25.1 does not allow it: a test for each row of the table in the head of
//! `wire`. First what an RFC advises, then what is our own choice.

use super::{INVITE, datagram_of};
use crate::sip::wire::{Headers, Message, ParseError, Request, Response};

fn parse(text: &str) -> Result<Message, ParseError> {
    Message::parse(text.as_bytes())
}

fn request(datagram: &[u8]) -> Request {
    match Message::parse(datagram) {
        Ok(Message::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn response(text: &str) -> Response {
    match parse(text) {
        Ok(Message::Response(response)) => response,
        other => panic!("{other:?}"),
    }
}

/// The headers of an INVITE in which `from` is written as `to`.
fn headers(from: &str, to: &str) -> Headers {
    assert!(INVITE.contains(from));
    request(INVITE.replacen(from, to, 1).as_bytes()).headers
}

#[test]
fn lf_alone_ends_a_line() {
    let lf = INVITE.replace("\r\n", "\n").replace("Length: 5", "Length: 4");
    assert_eq!(request(lf.as_bytes()).headers, request(INVITE.as_bytes()).headers);
    assert!(parse(&INVITE.replacen("\r\nMax", "\rMax", 1)).is_err(), "CR alone does not");
}

#[test]
fn empty_lines_stand_before_the_message() {
    assert_eq!(parse(&format!("\r\n\n{INVITE}")), parse(INVITE));
}

#[test]
fn spaces_end_a_request_line() {
    assert!(Message::parse(&datagram_of("rfc4475", "trws")).is_ok());
}

#[test]
fn no_space_follows_the_status() {
    let text = String::from_utf8(datagram_of("rfc4475", "noreason")).unwrap();
    let without = text.replacen("SIP/2.0 100 \r\n", "SIP/2.0 100\r\n", 1);
    assert_ne!(without, text);
    assert_eq!(response(&without), response(&text));
}

#[test]
fn no_space_stands_before_the_bracket() {
    let caller = request(&datagram_of("rfc4475", "lwsdisp")).headers.from;
    assert_eq!(caller.display.as_deref(), Some("caller"));
}

#[test]
fn spaces_stand_within_the_brackets() {
    let to = request(&datagram_of("rfc4475", "badaspec")).headers.to;
    assert_eq!(to.uri.to_string(), "sip:t.watson@example.org");
}

#[test]
fn a_display_name_lacks_its_quotes() {
    let datagram = [datagram_of("rfc4475", "baddn"), b"\r\n".to_vec()].concat();
    let headers = request(&datagram).headers;
    assert_eq!(headers.from.display.as_deref(), Some("Bell, Alexander"));
    assert_eq!(headers.to.display.as_deref(), Some("Watson, Thomas"));
}

#[test]
fn a_request_has_neither_branch_nor_tag_nor_max_forwards_nor_content_length() {
    let old = request(&datagram_of("rfc4475", "inv2543"));
    assert_eq!((old.headers.via[0].branch(), old.headers.from.tag()), (None, None));
    assert_eq!((old.headers.max_forwards, old.body.len()), (None, 105));
    assert_eq!(request(&datagram_of("rfc4475", "badbranch")).headers.via[0].branch(), Some("z9hG4bK"));
}

#[test]
fn a_sequence_number_uses_all_of_its_32_bits() {
    assert_eq!(headers("314159", "4294967295").cseq.number, u32::MAX);
    assert!(parse(&INVITE.replacen("314159", "4294967296", 1)).is_err());
}

#[test]
fn an_address_has_brackets_in_received() {
    let via = &request(&datagram_of("rfc5118", "via-received-param-with-delim")).headers.via[0];
    assert_eq!(via.received(), Some("2001:db8::9:255".parse().unwrap()));
}

#[test]
fn an_ipv6_address_has_a_colon_too_many() {
    let uri = request(&datagram_of("rfc5118", "ipv6-bug-abnf-3-colons")).uri;
    assert_eq!(uri, request(&datagram_of("rfc5118", "ipv6-correct-abnf-2-colons")).uri);
}

#[test]
fn text_is_latin_1() {
    let mut datagram = INVITE
        .replacen("Alice", "J\u{1}rgen", 1)
        .replacen("Max-F", "Subject: \u{1}\r\nMax-F", 1)
        .into_bytes();
    for byte in datagram.iter_mut().filter(|byte| **byte == 1) {
        *byte = 0xfc;
    }
    let headers = request(&datagram).headers;
    assert_eq!(headers.from.display.as_deref(), Some("J\u{fc}rgen"));
    assert_eq!(headers.get("subject"), Some("\u{fc}"));
}

#[test]
fn a_call_id_has_any_bytes_but_spaces() {
    // The first is of an NEC SV9300.
    for odd in ["1-2066@172.16.5.51@172.16.5.51:5060", "a#b;c,d=\u{fc}@h@i"] {
        assert_eq!(headers("a84b4c76e66710@pc33.atlanta.com", odd).call_id, odd);
    }
}

#[test]
fn the_value_of_a_parameter_is_no_token_or_empty() {
    let via = &headers("branch=z9hG4bKnashds8", "branch=z9hG4bK=x/y==;rport=").via[0];
    assert_eq!((via.branch(), via.rport()), (Some("z9hG4bK=x/y=="), Some(None)));
    // As Elixir Sippet sends it.
    let sippet = "SIP/2.0/UDP 205.205.74.6:5060;rport=;received=127.0.0.1;branch=z9hG4bK-26320-1-0";
    let via = &headers("SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKnashds8", sippet).via[0];
    assert_eq!((via.branch(), via.rport()), (Some("z9hG4bK-26320-1-0"), Some(None)));
}

#[test]
fn a_user_has_a_hash_or_letters_beyond_ascii() {
    let contact = |user: &str| headers("sip:alice@pc33", &format!("sip:{user}@pc33")).contacts;
    for user in ["*98#", "b\u{fc}ro"] {
        assert_eq!(contact(user).first().unwrap().uri.user(), Some(user));
    }
    // As Microsoft Teams sends it to a trunk.
    let teams = INVITE.replacen(
        "sip:bob@biloxi.com SIP",
        "sip:#123@teams.example:5081;user=phone;transport=tls SIP",
        1,
    );
    assert_eq!(request(teams.as_bytes()).uri.sip().unwrap().user(), Some("#123"));
}

#[test]
fn a_host_has_an_underscore() {
    let via = &headers("UDP pc33.atlanta.com", "UDP pbx_1.lan").via[0];
    assert_eq!(via.sent_by().host.to_string(), "pbx_1.lan");
    // As Asterisk sends it.
    let from = headers("sip:alice@atlanta.com>;tag", "sip:0845035432@enlite_dev>;tag").from;
    assert_eq!(from.uri.host().unwrap().to_string(), "enlite_dev");
}
