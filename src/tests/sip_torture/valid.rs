//! §3.1.1: valid messages.

use super::super::sip_trace::Trace;
use super::{answer, assert_method_is_refused, call, datagram, receive_bytes, receive_response};
use crate::sip::Event;
use crate::sip::wire::{Message, StatusCode};

/// §3.1.1.1: well-formed to every element. It has a To tag, so it belongs to a dialog, which is none of ours: 481.
#[test]
fn wsinv() {
    let refusal = answer("wsinv");
    assert_eq!(refusal.status, StatusCode::CALL_DOES_NOT_EXIST);
    assert_eq!((refusal.headers.via.len(), refusal.headers.cseq.number), (3, 9));
    assert_eq!(refusal.headers.from.display.as_deref(), Some("J Rosenberg \\\""));
}

/// The same without its To tag is a call.
#[test]
fn wsinv_outside_of_a_dialog() {
    let text = String::from_utf8(datagram("wsinv")).unwrap();
    let mut trace = Trace::new();
    receive_bytes(&mut trace, text.replacen(";   tag    = 1918181833n", "", 1).as_bytes());
    let Event::Incoming { to, offer, .. } = trace.event() else { panic!() };
    assert_eq!(to.to_string(), "sip:vivekg@chair-dnrc.example.com;unknownparam");
    assert_eq!(offer.len(), 150);
}

/// §3.1.1.2: an endpoint says 501 with Allow, for nobody knows this method.
#[test]
fn intmeth() {
    assert_method_is_refused("intmeth", StatusCode::NOT_IMPLEMENTED);
    assert_eq!(answer("intmeth").headers.to.display.as_deref(), Some("BEL:\u{7} NUL:\0 DEL:\u{7f}"));
}

/// §3.1.1.3: well-formed; an escape is the same as its character, and is unescaped once.
#[test]
fn esc01() {
    let (call, ok) = call("esc01");
    let user = |uri: &crate::sip::wire::Uri| uri.sip().unwrap().user_unescaped().unwrap();
    assert_eq!(user(&call.to), "sips:user@example.com");
    assert_eq!(user(&call.from.uri), "I have spaces");
    assert_eq!(user(&ok.headers.to.uri), "user");
}

/// §3.1.1.4: well-formed, with NULs in users that do not end them. This box is no registrar: 405.
#[test]
fn escnull() {
    assert_method_is_refused("escnull", StatusCode::METHOD_NOT_ALLOWED);
    let to = answer("escnull").headers.to;
    assert_eq!(to.uri.sip().unwrap().user_unescaped().as_deref(), Some("null-\0-null"));
}

/// §3.1.1.5: the method is not REGISTER, for a method has no escapes: 501.
#[test]
fn esc02() {
    assert_method_is_refused("esc02", StatusCode::NOT_IMPLEMENTED);
    let from = answer("esc02").headers.from;
    assert_eq!(from.display.as_deref(), Some("%Z%45"));
}

/// §3.1.1.6: to be accepted as well-formed, for the space is missing by a mistake of RFC 3261.
#[test]
fn lwsdisp() {
    let ok = answer("lwsdisp");
    assert_eq!((ok.status, ok.headers.from.display.as_deref()), (StatusCode::OK, Some("caller")));
}

/// §3.1.1.7: well-formed; the answer has all of its long values.
#[test]
fn longreq() {
    let (call, ok) = call("longreq");
    assert_eq!((ok.status, ok.headers.via.len()), (StatusCode::OK, 34));
    assert_eq!(call.from.uri.user(), Some("amazinglylongcallername".repeat(5).as_str()));
    assert_eq!(call.from.tag().map(str::len), Some(155));
    assert_eq!(call.offer.len(), 150);
}

/// §3.1.1.8: a REGISTER, so 405; the INVITE behind its body is noise and no call.
#[test]
fn dblreq() {
    assert_method_is_refused("dblreq", StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer("dblreq").headers.call_id, "dblreq.0ha0isndaksdj99sdfafnl3lk233412");
}

/// §3.1.1.9: well-formed; the parameter belongs to the user.
#[test]
fn semiuri() {
    assert_eq!(answer("semiuri").status, StatusCode::OK);
    let Ok(Message::Request(request)) = Message::parse(&datagram("semiuri")) else { panic!() };
    let user = request.uri.sip().unwrap().user_unescaped();
    assert_eq!(user.as_deref(), Some("user;par=u@example.net"));
}

/// §3.1.1.10: well-formed; the transports of other elements do not matter.
#[test]
fn transports() {
    let ok = answer("transports");
    let transports: Vec<_> = ok.headers.via.iter().map(crate::sip::wire::Via::transport).collect();
    assert_eq!((ok.status, transports), (StatusCode::OK, vec!["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]));
}

/// §3.1.1.11: well-formed, its second part and the NULs in it too. Of several parts we take no text: 415.
#[test]
fn mpart01() {
    let refusal = answer("mpart01");
    assert_eq!(refusal.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(refusal.headers.get("Accept"), Some("text/plain"));
    let message = Message::parse(&datagram("mpart01")).unwrap();
    assert_eq!((message.body().len(), message.body().contains(&0)), (553, true));
}

/// §3.1.1.12: well-formed; the reason phrase is for people, the status says 200.
#[test]
fn unreason() {
    let mut trace = receive_response("unreason");
    let Event::Answered { body, .. } = trace.event() else { panic!() };
    assert_eq!(body.len(), 154);
    assert_eq!(trace.sent(), ["ACK"]);
}

/// §3.1.1.13: well-formed without a reason phrase: someone is trying.
#[test]
fn noreason() {
    let mut trace = receive_response("noreason");
    assert!(matches!(trace.event(), Event::Trying { .. }));
    assert!(trace.sent().is_empty());
}
