//! Texts by MESSAGE, as traces (RFC 3428).

use super::sip_trace::{Trace, header, invite, request, with_body, with_header, within};
use crate::allow::{Allow, Pattern};
use crate::sip::wire::StatusCode;
use crate::sip::{EndpointConfig, Event, Stranger};

fn message(cseq: u32, body: &str) -> String {
    with_body(&request("MESSAGE", cseq), "text/plain", body)
}

fn assert_said(trace: &mut Trace, said: &str) {
    let Event::Message { from, path, text, .. } = trace.event() else { panic!("{said}") };
    assert_eq!((from.uri.user(), path, text.as_str()), (Some("alice"), trace.path, said));
}

#[test]
fn a_text_is_taken_without_a_call_and_within_one() {
    let mut trace = Trace::new();
    trace.receive(message(1, "Fire in \u{1f525} hall 2"));
    let ok = trace.response();
    assert_eq!((ok.status, ok.headers.contacts.list().len()), (StatusCode::OK, 0), "RFC 3428 §7: no Contact");
    assert_said(&mut trace, "Fire in \u{1f525} hall 2");
    let (_, tag) = trace.confirmed();
    trace.receive(with_body(&within("MESSAGE", 2, &tag), "Text/Plain; charset=UTF-8", "hello"));
    assert_eq!(trace.sent(), ["200"]);
    assert_said(&mut trace, "hello");
    trace.receive(within("MESSAGE", 3, &tag));
    assert_eq!(trace.sent(), ["200"]);
    assert_said(&mut trace, "");
    trace.receive(within("BYE", 4, &tag));
    trace.event();
    trace.assert_clean();
}

#[test]
fn a_text_that_comes_again_is_said_once() {
    let mut trace = Trace::new();
    trace.receive(message(1, "once"));
    trace.receive(message(1, "once"));
    assert_eq!(trace.sent(), ["200", "200"]);
    assert_said(&mut trace, "once");
    trace.no_event();
    trace.assert_clean();
}

#[test]
fn what_is_no_plain_text_gets_415_and_what_is_too_long_413() {
    let mut trace = Trace::new();
    for (content_type, extra) in [
        ("text/html", ""),
        ("message/cpim", ""),
        ("text/plain", "Content-Encoding: gzip"),
        ("text/plain", "Require: x"),
    ] {
        let message = with_body(&request("MESSAGE", 1), content_type, "<b>");
        trace.receive(if extra.is_empty() { message } else { with_header(&message, extra) });
        let refusal = trace.response();
        let expected = if extra.starts_with("Require") { (420, "(none)") } else { (415, "text/plain") };
        assert_eq!((refusal.status.code(), header(&refusal, "Accept").as_str()), expected, "{content_type}");
    }
    trace.receive(message(1, "x").replace("Content-Type: text/plain\n", ""));
    let latin1 = message(1, "caf?").replace('\n', "\r\n").replace('?', "\u{7f}");
    let latin1: Vec<u8> = latin1.bytes().map(|byte| if byte == 0x7f { 0xe9 } else { byte }).collect();
    trace.endpoint.handle_message(trace.now, trace.path, &latin1);
    trace.receive(message(2, &"x".repeat(1301)));
    trace.receive(message(3, &"x".repeat(1300)));
    assert_eq!(trace.sent(), ["415", "415", "413", "200"]);
    assert_said(&mut trace, &"x".repeat(1300));
    trace.no_event();
    trace.assert_clean();
}

#[test]
fn whose_calls_are_not_taken_has_nothing_to_say_either() {
    let callers = vec![Pattern::from_text("bob").unwrap()];
    let allow = Allow { callers, ..Allow::ANYBODY };
    let mut trace = Trace::with(EndpointConfig { allow, ..EndpointConfig::new("box") });
    trace.receive(message(1, "hello"));
    assert_eq!(trace.sent(), ["403"]);
    assert!(matches!(trace.event(), Event::TurnedAway { why: Stranger::Caller, .. }));
    trace.receive(message(2, "hello").replace("alice@", "bob@"));
    assert_eq!(trace.sent(), ["200"]);
    assert!(matches!(trace.event(), Event::Message { .. }));
}

#[test]
fn when_no_call_would_be_taken_no_text_is() {
    let mut trace = Trace::new();
    trace.endpoint.set_closed(Some(StatusCode::BUSY_HERE));
    trace.receive(message(1, "hello"));
    trace.receive(within("MESSAGE", 2, "nobody"));
    assert_eq!(trace.sent(), ["486", "481"]);
    let mut config = EndpointConfig::new("box");
    config.limits.events = 1;
    let mut trace = Trace::with(config);
    trace.receive(invite());
    trace.receive(message(2, "hello"));
    assert_eq!(trace.sent(), ["503"], "without room for it");
}
