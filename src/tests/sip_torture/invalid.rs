//! §3.1.2: invalid messages. Where the RFC lets us be liberal we refuse what two readers could read in two ways, and what
//! no device is known to send.

use super::super::sip_trace::Trace;
use super::{answer, call, datagram, receive_bytes, receive_response, status};
use crate::sip::wire::StatusCode;

/// §3.1.2.1: should get 400, though its Via cannot be read to the end: what can be is the way back.
#[test]
fn badinv01() {
    let refusal = answer("badinv01");
    assert_eq!(refusal.status, StatusCode::BAD_REQUEST);
    assert_eq!(refusal.headers.via[0].to_string(), "SIP/2.0/UDP 192.0.2.15;received=192.0.2.2");
}

/// §3.1.2.2: over UDP it should get 400.
#[test]
fn clerr() {
    assert_eq!(status("clerr"), 400);
}

/// §3.1.2.3: should get an error; the rest of the datagram is discarded.
#[test]
fn ncl() {
    assert_eq!(status("ncl"), 400);
}

/// §3.1.2.4: should get 400 for its sequence number, which is a fault before that of its method.
#[test]
fn scalar02() {
    assert_eq!(status("scalar02"), 400);
}

/// §3.1.2.5: is simply discarded.
#[test]
fn scalarlg() {
    assert_is_discarded("scalarlg");
}

/// §3.1.2.6: should get 400. Where the quote would end is anybody's guess, so we guess nothing.
#[test]
fn quotbal() {
    assert_eq!(status("quotbal"), 400);
}

/// §3.1.2.7: 400 is always reasonable; we know of nobody who writes such brackets.
#[test]
fn ltgtruri() {
    assert_eq!(status("ltgtruri"), 400);
}

/// §3.1.2.8: should get 400; ignoring the space would make another URI of it.
#[test]
fn lwsruri() {
    assert_eq!(status("lwsruri"), 400);
}

/// §3.1.2.9: may be refused, and is: a Request-URI could begin or end elsewhere for another reader.
#[test]
fn lwsstart() {
    assert_eq!(status("lwsstart"), 400);
}

/// §3.1.2.10: may be refused or accepted; nothing can be misread, so it is accepted.
#[test]
fn trws() {
    assert_eq!(status("trws"), 200);
}

/// §3.1.2.11: may get 400, and does: nobody knows what the header in the URI was to do.
#[test]
fn escruri() {
    assert_eq!(status("escruri"), 400);
}

/// §3.1.2.12: should not be refused by an element to which the date does not matter: it is a call.
#[test]
fn baddate() {
    let (call, ok) = call("baddate");
    assert_eq!((call.offer.len(), ok.status), (150, StatusCode::OK));
}

/// §3.1.2.13: 400 is reasonable: in general nobody can tell which parameters are the URI's. It comes before the 405.
#[test]
fn regbadct() {
    assert_eq!(status("regbadct"), 400);
}

/// §3.1.2.14: may be refused, or its spaces ignored: nothing can be misread, so they are ignored.
#[test]
fn badaspec() {
    let ok = answer("badaspec");
    let to = ok.headers.to;
    assert_eq!((ok.status, to.display.as_deref()), (StatusCode::OK, Some("Watson, Thomas")));
    assert_eq!(to.uri.to_string(), "sip:t.watson@example.org");
}

/// §3.1.2.15: may be refused, or its quotes inferred, as we do: directories are full of such names. In the archive the
/// empty line behind the headers is missing too, and without it this is no message: 400.
#[test]
fn baddn() {
    assert_eq!(status("baddn"), 400);
    let mut trace = Trace::new();
    receive_bytes(&mut trace, &[datagram("baddn"), b"\r\n".to_vec()].concat());
    let ok = trace.response();
    assert_eq!(ok.status, StatusCode::OK);
    assert_eq!(ok.headers.from.display.as_deref(), Some("Bell, Alexander"));
    assert_eq!(ok.headers.to.display.as_deref(), Some("Watson, Thomas"));
    let written = String::from_utf8(ok.to_bytes().unwrap()).unwrap();
    assert!(written.contains("\r\nFrom: \"Bell, Alexander\" <"), "the error is not passed on: {written}");
}

/// §3.1.2.16: should get 505.
#[test]
fn badvers() {
    assert_eq!(status("badvers"), 505);
}

/// §3.1.2.17: gets 400 from any element.
#[test]
fn mismatch01() {
    assert_eq!(status("mismatch01"), 400);
}

/// §3.1.2.18: should get 501; 400 would do, but says less to whoever tries a new method.
#[test]
fn mismatch02() {
    assert_eq!(status("mismatch02"), 501);
}

/// §3.1.2.19: is simply dropped.
#[test]
fn bigcode() {
    assert_is_discarded("bigcode");
}

/// A response to our INVITE which changes nothing: the call goes on as if it had not come.
fn assert_is_discarded(name: &str) {
    let mut trace = receive_response(name);
    trace.no_event();
    assert!(trace.sent().is_empty());
    assert_eq!((trace.endpoint.counters().malformed, trace.endpoint.usage().client_transactions), (1, 1));
}
