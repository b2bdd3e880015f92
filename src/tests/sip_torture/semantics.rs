//! §3.2 to §3.4: well-formed messages, more or less, that ask for what is not to be had.

use super::super::sip_trace::OFFER;
use super::{answer, assert_method_is_refused, call, receive, receive_response, status};
use crate::sip::Event;
use crate::sip::wire::{Contacts, Message, NameAddr, StatusCode};

/// §3.2.1: may get 400, or be known by the rules of RFC 2543, as we do: they tell it from others just as well.
#[test]
fn badbranch() {
    let ok = answer("badbranch");
    assert_eq!((ok.status, ok.headers.via[0].branch()), (StatusCode::OK, Some("z9hG4bK")));
}

/// §3.3.1: ideally gets 400. Its sender knows it by Via and `CSeq`; what it left out is left out in the answer.
#[test]
fn insuf() {
    let mut trace = receive("insuf");
    let text = String::from_utf8(trace.transmit().bytes).unwrap();
    assert_eq!(
        text,
        "SIP/2.0 400 Bad Request\r\n\
         Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf;received=192.0.2.2\r\n\
         CSeq: 193942 INVITE\r\n\
         Content-Length: 0\r\n\r\n"
    );
    super::assert_quiet(&mut trace);
}

/// §3.3.2: is refused with 416; To says nothing of where a request goes.
#[test]
fn unkscm() {
    assert_eq!(status("unkscm"), 416);
}

/// §3.3.3: 416, for an element that will never accept this scheme.
#[test]
fn novelsc() {
    assert_eq!(status("novelsc"), 416);
}

/// §3.3.4: syntactically valid. A registrar would say 400; this box is none: 405.
#[test]
fn unksm2() {
    assert_method_is_refused("unksm2", StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer("unksm2").headers.to.uri.to_string(), "isbn:2983792873");
}

/// §3.3.5: 420 with what Require asks for; Proxy-Require is for proxies.
#[test]
fn bext01() {
    let refusal = answer("bext01");
    assert_eq!(refusal.status, StatusCode::BAD_EXTENSION);
    assert_eq!(refusal.headers.get("Unsupported"), Some("nothingSupportsThis, nothingSupportsThisEither"));
}

/// §3.3.6: an endpoint refuses the body with 415.
#[test]
fn invut() {
    let refusal = answer("invut");
    assert_eq!(refusal.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(refusal.headers.get("Accept"), Some("application/sdp"));
}

/// §3.3.7: 405 is appropriate for who is no registrar, whatever the credentials are.
#[test]
fn regaut01() {
    assert_method_is_refused("regaut01", StatusCode::METHOD_NOT_ALLOWED);
}

/// §3.3.8: would get 400; the answer repeats the first of each.
#[test]
fn multi01() {
    let refusal = answer("multi01");
    assert_eq!(refusal.status, StatusCode::BAD_REQUEST);
    assert_eq!((refusal.headers.cseq.number, refusal.headers.from.tag()), (5, Some("3413415")));
    assert_eq!(refusal.headers.call_id, "multi01.98asdh@192.0.2.1");
}

/// §3.3.9: should get an error; the rest of the datagram is discarded.
#[test]
fn mcl01() {
    assert_eq!(status("mcl01"), 400);
}

/// §3.3.10: an endpoint simply discards a response that is not for it alone (RFC 3261 §8.1.3.3).
#[test]
fn bcast() {
    let mut trace = receive_response("bcast");
    trace.no_event();
    assert!(trace.sent().is_empty());
    let counters = trace.endpoint.counters();
    assert_eq!((counters.unmatched, counters.malformed), (1, 0));
}

/// §3.3.11: an endpoint answers as if hops were left.
#[test]
fn zeromf() {
    assert_eq!(status("zeromf"), 200);
}

/// §3.3.12: the parameter is the Contact's and not the URI's. This box is no registrar: 405.
#[test]
fn cparam01() {
    assert_method_is_refused("cparam01", StatusCode::METHOD_NOT_ALLOWED);
    let contact = contact("cparam01");
    assert!(contact.params.contains("unknownparam"));
    assert!(contact.uri.sip().unwrap().params().is_empty());
}

/// §3.3.13: the parameter is the URI's. This box is no registrar: 405.
#[test]
fn cparam02() {
    assert_method_is_refused("cparam02", StatusCode::METHOD_NOT_ALLOWED);
    let contact = contact("cparam02");
    assert!(contact.params.is_empty());
    assert!(contact.uri.sip().unwrap().params().contains("unknownparam"));
}

/// §3.3.14: the escaped header is kept in the URI of the contact. This box is no registrar: 405.
#[test]
fn regescrt() {
    assert_method_is_refused("regescrt", StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(contact("regescrt").uri.sip().unwrap().headers(), Some("Route=%3Csip:sip.example.com%3E"));
}

/// §3.3.15: 406 with Warning 399, or 400. We take 406, for it says what is wrong.
#[test]
fn sdp01() {
    let refusal = answer("sdp01");
    assert_eq!(refusal.status, StatusCode::NOT_ACCEPTABLE);
    assert!(refusal.headers.get("Warning").is_some_and(|warning| warning.starts_with("399 ")));
}

/// §3.4.1: to be accepted by elements that want to understand RFC 2543: no branch, From tag, Content-Length, Max-Forwards
/// or Contact.
#[test]
fn inv2543() {
    let (call, ok) = call("inv2543");
    assert_eq!((call.from.tag(), call.offer.starts_with(b"v=0")), (None, true));
    assert_eq!((ok.status, ok.body.as_slice()), (StatusCode::OK, OFFER.as_bytes()));
    assert_eq!(ok.headers.record_routes[0].to_string(), "<sip:UserB@example.com;maddr=ss1.example.com>");
}

/// Its call ends as any other, although From has no tag: the BYE within it has none either.
#[test]
fn inv2543_is_hung_up_by_its_caller() {
    let mut trace = receive("inv2543");
    let Event::Incoming { call, .. } = trace.event() else { panic!() };
    trace.endpoint.answer(trace.now, call, OFFER.into());
    let to = trace.response().headers.to;
    let bye = format!(
        "BYE sip:box@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP iftgw.example.com\n\
         From: <sip:+13035551111@ift.client.example.net;user=phone>\nTo: {to}\n\
         Call-ID: inv2543.1717@ift.client.example.com\nCSeq: 57 BYE\n\n"
    );
    trace.receive(bye);
    assert_eq!(trace.sent(), ["200"]);
    assert!(matches!(trace.event(), Event::Ended { .. }));
}

fn contact(name: &str) -> NameAddr {
    let Ok(Message::Request(request)) = Message::parse(&super::datagram(name)) else { panic!("{name}") };
    match request.headers.contacts {
        Contacts::List(list) => list.into_iter().next().unwrap(),
        Contacts::Star => panic!("{name}"),
    }
}
