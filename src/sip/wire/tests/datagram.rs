//! What a datagram may look like and still be, or no longer be, a message.

use super::INVITE;
use crate::sip::wire::{Contacts, MAX_HEADERS, Message, ParseError, Request};

fn parse(text: &str) -> Result<Message, ParseError> {
    Message::parse(text.as_bytes())
}

fn invite(datagram: &[u8]) -> Request {
    match Message::parse(datagram) {
        Ok(Message::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn with_header(line: &str) -> String {
    INVITE.replacen("Max-Forwards: 70\r\n", &format!("Max-Forwards: 70\r\n{line}\r\n"), 1)
}

/// The error, and the text it points at.
fn refused(datagram: &str) -> (ParseError, &str) {
    let error = parse(datagram).expect_err(datagram);
    let rest = &datagram[error.position..];
    (error, rest)
}

#[test]
fn the_invite_of_rfc_3261_is_read_into_its_parts() {
    let invite = invite(INVITE.as_bytes());
    assert_eq!(invite.uri.to_string(), "sip:bob@biloxi.com");
    let headers = &invite.headers;
    assert_eq!(headers.top_via().unwrap().branch(), Some("z9hG4bKnashds8"));
    assert_eq!((headers.from.display.as_deref(), headers.from.tag()), (Some("Alice"), Some("1928301774")));
    assert_eq!((headers.to.display.as_deref(), headers.to.tag()), (Some("Bob"), None));
    assert_eq!(headers.call_id, "a84b4c76e66710@pc33.atlanta.com");
    assert_eq!(headers.cseq.to_string(), "314159 INVITE");
    assert_eq!(headers.contacts.first().unwrap().to_string(), "<sip:alice@pc33.atlanta.com>");
    assert!(headers.content_type.as_ref().unwrap().is("application/sdp"));
    assert_eq!(invite.body, b"v=0\r\n");
}

#[test]
fn line_ends_compact_names_and_empty_lines_before_do_not_matter() {
    let plain = invite(INVITE.as_bytes());
    let leading = format!("\r\n\r\n{INVITE}");
    assert_eq!(invite(leading.as_bytes()), plain);
    let (head, body) = INVITE.split_once("\r\n\r\n").unwrap();
    let lf_only = format!("{}\n\n{body}", head.replace("\r\n", "\n"));
    assert_eq!(invite(lf_only.as_bytes()), plain);
    let compact = INVITE
        .replace("Via:", "v :")
        .replace("To:", "t\t:")
        .replace("From:", "F:")
        .replace("Call-ID:", "i:")
        .replace("Contact:", "m:")
        .replace("Content-Type:", "c:")
        .replace("Content-Length:", "l:");
    assert_eq!(invite(compact.as_bytes()), plain);
}

#[test]
fn bytes_behind_the_content_length_are_ignored() {
    let longer = format!("{INVITE}garbage");
    assert_eq!(invite(longer.as_bytes()).body, b"v=0\r\n");
}

#[test]
fn a_body_shorter_than_its_content_length_is_refused_with_400() {
    let (error, rest) = refused(&INVITE[..INVITE.len() - 1]);
    assert_eq!(error.expected, "a length that is not larger than the body");
    assert!(rest.starts_with("5\r\n"));
    assert_eq!(error.reply.unwrap().status.code(), 400);
}

#[test]
fn comma_lists_and_repeated_headers_are_the_same() {
    let joined = with_header(
        "Route: \"a,b\" <sip:p1,x@a;lr>, <sip:p2;lr>\r\nRecord-Route: <sip:p3;lr> ,\r\n\t<sip:p4;lr>",
    );
    let apart = with_header(
        "Route: \"a,b\" <sip:p1,x@a;lr>\r\nRecord-Route: <sip:p3;lr>\r\nRoute: <sip:p2;lr>\r\nRecord-Route: <sip:p4;lr>",
    );
    let request = invite(joined.as_bytes());
    assert_eq!(request, invite(apart.as_bytes()));
    assert_eq!((request.headers.routes.len(), request.headers.record_routes.len()), (2, 2));
    let vias = with_header("Via: SIP/2.0/UDP [2001:db8::1]:5060;branch=a;rport , SIP/2.0/TCP b;x=\",\"");
    let hosts: Vec<_> =
        invite(vias.as_bytes()).headers.via.iter().map(|via| via.sent_by().host.to_string()).collect();
    assert_eq!(hosts, ["pc33.atlanta.com", "[2001:db8::1]", "b"]);
}

#[test]
fn a_star_is_a_contact_that_stands_alone() {
    let star = INVITE.replace("<sip:alice@pc33.atlanta.com>", "*");
    assert_eq!(invite(star.as_bytes()).headers.contacts, Contacts::Star);
    for line in ["Contact: *", "Contact: *, <sip:a@b>", "Contact: <sip:a@b>, *"] {
        assert!(parse(&with_header(line)).is_err(), "{line}");
    }
}

#[test]
fn headers_without_a_type_keep_order_and_full_names() {
    let request =
        invite(with_header("s: lunch\r\nX-Foo: 1, 2\r\nk: 100rel,, timer\r\nSupported: gruu").as_bytes());
    let names: Vec<_> = request.headers.other.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["Subject: lunch", "X-Foo: 1, 2", "Supported: 100rel,, timer", "Supported: gruu"]);
    assert_eq!(request.headers.get("x-foo"), Some("1, 2"));
    assert_eq!(request.headers.tokens("supported").collect::<Vec<_>>(), ["100rel", "timer", "gruu"]);
}

#[test]
fn an_error_says_where_and_what() {
    for (from, to, rest, expected) in [
        ("CSeq: 314159 INVITE", "CSeq: INVITE", "INVITE\r\n", "a sequence number below 2^32"),
        ("Max-Forwards: 70", "Max-Forwards:  256", "256", "at most 255 hops"),
        ("Max-Forwards: 70", "Max Forwards: 70", "Max Forw", "a token as the name of a header"),
        ("Max-Forwards: 70", "nonsense", "nonsense", "the name of a header and a colon"),
        ("Max-Forwards: 70", "X: a\rb", "X: a", "a line with no CR or NUL in it"),
        ("Max-Forwards: 70", "X: a\0b", "X: a", "a line with no CR or NUL in it"),
        ("Call-ID: a8", "Call-ID: a8 ", " 4b4c", "the end"),
        ("application/sdp", "application", "\r\nContent-L", "a slash and a media subtype"),
        ("<sip:alice@pc33", "<sip:alice@pc 33", "33.", "the end"),
        ("SIP/2.0\r\n", "SIP/2.1\r\n", "SIP/2.1", "SIP/2.0"),
        ("SIP/2.0\r\n", "HTTP/1.1\r\n", "HTTP", "SIP/2.0"),
    ] {
        let datagram = INVITE.replacen(from, to, 1);
        let (error, found) = refused(&datagram);
        assert_eq!(error.expected, expected, "{to}");
        assert!(found.starts_with(rest), "{to}: {found}");
        assert!(error.reply.is_some(), "{to}");
    }
}

#[test]
fn what_has_no_way_back_has_no_reply() {
    for (missing, is_answered) in
        [("Via", false), ("CSeq", false), ("From", true), ("To", true), ("Call-ID", true)]
    {
        let (error, _) = refused_owned(&without(missing));
        assert_eq!(error.reply.is_some(), is_answered, "{missing}");
        assert!(error.expected.contains(missing), "{missing}: {error}");
    }
}

/// RFC 4475 §3.1.2.1 wants an answer to what is wrong with the Via itself.
#[test]
fn of_a_broken_top_via_the_answer_has_what_can_be_read() {
    for (via, salvaged) in [
        ("192.0.2.15;;branch=z9hG4bKx;=y;rport", "192.0.2.15;branch=z9hG4bKx;rport"),
        ("h;rport=x;branch=b", "h;rport=x;branch=b"),
        ("h:5070 nonsense", "h:5070"),
    ] {
        let broken = INVITE.replacen("pc33.atlanta.com;branch=z9hG4bKnashds8", via, 1);
        let reply = parse(&broken).unwrap_err().reply.expect(via);
        assert_eq!(reply.via[0].to_string(), format!("SIP/2.0/UDP {salvaged}"));
    }
    assert_eq!(parse(&INVITE.replacen("pc33.atlanta.com;", "::1;", 1)).unwrap_err().reply, None);
}

fn without(name: &str) -> String {
    let start = INVITE.find(&format!("\r\n{name}:")).unwrap() + 2;
    let end = start + INVITE[start..].find("\r\n").unwrap() + 2;
    [&INVITE[..start], &INVITE[end..]].concat()
}

fn refused_owned(datagram: &str) -> (ParseError, String) {
    let (error, rest) = refused(datagram);
    (error, rest.to_owned())
}

#[test]
fn neither_an_ack_nor_a_response_has_a_reply() {
    let broken = INVITE.replacen("70", "x", 1);
    assert!(parse(&broken).unwrap_err().reply.is_some());
    let ack = broken.replacen("INVITE sip", "ACK sip", 1).replacen("314159 INVITE", "314159 ACK", 1);
    assert_eq!(parse(&ack).unwrap_err().reply, None);
    let response = broken.replacen("INVITE sip:bob@biloxi.com SIP/2.0", "SIP/2.0 200 OK", 1);
    assert_eq!(parse(&response).unwrap_err().reply, None);
}

#[test]
fn headers_and_bytes_are_bounded() {
    let many = |count: usize| with_header(&vec!["X: y"; count].join("\r\n"));
    let most = MAX_HEADERS - 9;
    let message = parse(&many(most)).unwrap();
    assert_eq!(Message::parse(&message.to_bytes().unwrap()), Ok(message));
    for count in [most + 1, 1000] {
        let error = parse(&many(count)).unwrap_err();
        assert_eq!(error.expected, "fewer headers");
    }
    let (head, body) = INVITE.split_once("\r\n\r\n").unwrap();
    let late = format!("{head}\r\n{}\r\n\r\n{body}", vec!["X: y"; 1000].join("\r\n"));
    assert_eq!(parse(&late).unwrap_err().reply.unwrap().status.code(), 413);
    let vias = with_header(&format!("Via: {}", vec!["SIP/2.0/UDP a"; 300].join(",")));
    assert_eq!(parse(&vias).unwrap_err().expected, "fewer headers");
    let error = Message::parse(&vec![b'a'; 65_536]).unwrap_err();
    assert_eq!((error.position, error.expected), (65_535, "the end of the message"));
}

#[test]
fn what_is_no_sip_at_all_is_refused() {
    for datagram in ["", "\r\n\r\n", "\0", "hello\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "SIP/2.0", "INVITE"] {
        assert_eq!(parse(datagram).unwrap_err().reply, None, "{datagram:?}");
    }
}
