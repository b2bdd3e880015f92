//! What is built from a message: answers, CANCEL, ACK; and what is refused to be written.

use super::INVITE;
use crate::sip::wire::{
    CSeq, Contacts, ContentType, Headers, Message, Method, NameAddr, Request, Response, SipUri, StatusCode,
    Via, WriteError,
};

fn invite_with(line: &str) -> Request {
    let text = INVITE.replacen("Max-Forwards: 70\r\n", &format!("Max-Forwards: 70\r\n{line}\r\n"), 1);
    match Message::parse(text.as_bytes()) {
        Ok(Message::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_request_is_built_and_written_via_first_and_body_last() {
    let alice = NameAddr::new(SipUri::at("192.0.2.1:5060".parse().unwrap()).with_user("alice").into());
    let bob = SipUri::at("[2001:db8::2]:5060".parse().unwrap()).with_user("bob");
    let headers = Headers::new(
        Via::udp("192.0.2.1:5060".parse().unwrap(), "z9hG4bKabc"),
        alice.clone().with_display("Alice").with_tag("a1"),
        NameAddr::new(bob.clone().into()),
        "call-1",
        CSeq::new(1, Method::INVITE),
    );
    let request = Request::new(bob.into(), headers)
        .with_contact(alice)
        .with_header("Allow", "INVITE, ACK, BYE")
        .with_body(ContentType::sdp(), b"v=0\r\n".to_vec());
    let written = request.to_bytes().unwrap();
    assert_eq!(
        text(written.clone()),
        "INVITE sip:bob@[2001:db8::2]:5060 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKabc\r\n\
         Max-Forwards: 70\r\n\
         From: \"Alice\" <sip:alice@192.0.2.1:5060>;tag=a1\r\n\
         To: <sip:bob@[2001:db8::2]:5060>\r\n\
         Call-ID: call-1\r\n\
         CSeq: 1 INVITE\r\n\
         Contact: <sip:alice@192.0.2.1:5060>\r\n\
         Allow: INVITE, ACK, BYE\r\n\
         Content-Type: application/sdp\r\n\
         Content-Length: 5\r\n\
         \r\n\
         v=0\r\n"
    );
    assert_eq!(Message::parse(&written), Ok(request.into()));
}

#[test]
fn an_answer_copies_what_rfc_3261_8_2_6_says() {
    let invite = invite_with("Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\nTimestamp: 54\r\nSubject: x");
    let trying = Response::to_request(&invite, StatusCode::TRYING);
    assert_eq!(trying.headers.get("Timestamp"), Some("54"));
    assert!(trying.headers.record_routes.is_empty());
    let ok = Response::to_request(&invite, StatusCode::OK).with_to_tag("t1");
    assert_eq!(ok.headers.record_routes, invite.headers.record_routes);
    assert_eq!(ok.headers.to.tag(), Some("t1"));
    assert_eq!((ok.headers.get("Timestamp"), ok.headers.get("Subject")), (None, None));
    assert_eq!((&ok.headers.via, &ok.headers.from), (&invite.headers.via, &invite.headers.from));
    assert_eq!((&ok.headers.call_id, &ok.headers.cseq), (&invite.headers.call_id, &invite.headers.cseq));
    assert_eq!((ok.reason.as_str(), ok.headers.max_forwards), ("OK", None));
    let busy = Response::to_request(&invite, StatusCode::BUSY_HERE);
    assert!(busy.headers.record_routes.is_empty());
}

#[test]
fn a_to_tag_of_the_request_is_kept() {
    let mut invite = invite_with("X: y");
    invite.headers.to = invite.headers.to.with_tag("theirs");
    assert_eq!(
        Response::to_request(&invite, StatusCode::OK).with_to_tag("ours").headers.to.tag(),
        Some("theirs")
    );
}

#[test]
fn cancel_and_ack_go_the_way_of_their_invite() {
    let mut invite = invite_with("Route: <sip:p1;lr>\r\nRequire: x\r\nVia: SIP/2.0/UDP second");
    invite.headers.contacts = Contacts::default();
    let cancel = invite.cancel();
    assert_eq!(
        (&cancel.method, cancel.headers.cseq.to_string().as_str()),
        (&Method::CANCEL, "314159 CANCEL")
    );
    assert_eq!(
        (cancel.headers.via.as_slice(), &cancel.headers.routes),
        (&invite.headers.via[..1], &invite.headers.routes)
    );
    assert_eq!((&cancel.uri, &cancel.headers.to), (&invite.uri, &invite.headers.to));
    assert!(cancel.headers.other.is_empty() && cancel.body.is_empty());
    let busy = Response::to_request(&invite, StatusCode::BUSY_HERE).with_to_tag("b");
    let ack = invite.ack(&busy);
    assert_eq!((&ack.method, ack.headers.to.tag()), (&Method::ACK, Some("b")));
}

#[test]
fn what_would_end_its_line_is_not_written() {
    let refused = |change: fn(&mut Request)| {
        let mut request = invite_with("X: y");
        change(&mut request);
        request.to_bytes().unwrap_err()
    };
    let control = |place: &str| WriteError::ControlCharacter { place: place.to_owned() };
    assert_eq!(refused(|request| request.headers.push("Subject", "a\r\nEvil: b")), control("Subject"));
    assert_eq!(refused(|request| request.headers.push("Subject", "a\0")), control("Subject"));
    assert_eq!(refused(|request| request.headers.call_id.push('\n')), control("Call-ID"));
    assert_eq!(refused(|request| request.headers.from.display = Some("a\r\nb".to_owned())), control("From"));
    assert_eq!(refused(|request| request.headers.push("A b", "c")), WriteError::HeaderName("A b".to_owned()));
    assert_eq!(
        refused(|request| request.headers.push("l", "99")),
        WriteError::Misplaced("Content-Length".to_owned())
    );
    assert_eq!(refused(|request| request.headers.via.clear()), WriteError::NoVia);
    assert_eq!(refused(|request| request.body = vec![0; 65_536]), WriteError::TooLarge);
}

#[test]
fn a_reason_with_a_line_end_is_not_written() {
    let mut response = Response::to_request(&invite_with("X: y"), StatusCode::OK);
    response.reason = "OK\r\nEvil: x".to_owned();
    assert_eq!(response.to_bytes(), Err(WriteError::ControlCharacter { place: "start line".to_owned() }));
}

#[test]
fn the_answer_to_what_cannot_be_read_copies_it_as_written() {
    let broken = INVITE.replacen("To: Bob <sip:bob@biloxi.com>", "t: Bob < >", 1).replacen(
        "Via: ",
        "v: SIP/2.0/UDP x;rport,",
        1,
    );
    let mut reply = *Message::parse(broken.as_bytes()).unwrap_err().reply.unwrap();
    reply.stamp("192.0.2.9:5070".parse().unwrap());
    assert_eq!(
        text(reply.to_bytes("our").unwrap()),
        "SIP/2.0 400 Bad Request\r\n\
         Via: SIP/2.0/UDP x;rport=5070;received=192.0.2.9\r\n\
         Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKnashds8\r\n\
         From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n\
         To: Bob < >;tag=our\r\n\
         Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n\
         CSeq: 314159 INVITE\r\n\
         Content-Length: 0\r\n\r\n"
    );
    let tagged = INVITE.replacen("biloxi.com>", "biloxi.com;tag=no> ; Tag = yes", 1).replacen("70", "-1", 1);
    let reply = Message::parse(tagged.as_bytes()).unwrap_err().reply.unwrap();
    assert!(
        text(reply.to_bytes("our").unwrap()).contains("To: Bob <sip:bob@biloxi.com;tag=no> ; Tag = yes\r\n")
    );
}
