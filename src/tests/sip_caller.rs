//! Calls that go out, as traces (RFC 3261 §9.1, §13.2, §15, §17.1; RFC 6026).

use super::sip_trace::{ANSWER, OFFER, Trace, ask, cancel, reply, with_body};
use crate::sip::wire::{Request, StatusCode};
use crate::sip::{CallKey, EndReason, EndpointConfig, Event, Invite};
use core::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn call(trace: &mut Trace) -> (CallKey, Request) {
    let target = "sip:bob@192.0.2.2".parse().unwrap();
    let call = trace.endpoint.invite(trace.now, Invite::new(target, trace.path, ANSWER.into()));
    (call, trace.request())
}

#[test]
fn a_call_rings_is_answered_and_hung_up_by_us() {
    let mut trace = Trace::new();
    let (call, invite) = call(&mut trace);
    assert_eq!(invite.uri.to_string(), "sip:bob@192.0.2.2");
    assert_eq!(invite.headers.contacts.first().unwrap().uri.to_string(), "sip:box@192.0.2.1:5060");
    assert!(invite.headers.via[0].branch().unwrap().starts_with("z9hG4bK"));
    assert_eq!((invite.body.as_slice(), invite.headers.max_forwards), (ANSWER.as_bytes(), Some(70)));
    trace.receive(reply(&invite, 100, ""));
    trace.receive(reply(&invite, 100, ""));
    assert_eq!(trace.event(), Event::Trying { call });
    trace.no_event();
    trace.receive(reply(&invite, 180, "bob"));
    trace.receive(reply(&invite, 180, "bob"));
    assert_eq!(trace.event(), Event::Ringing { call });
    trace.receive(with_body(&reply(&invite, 200, "bob"), "application/sdp", "v=0\n"));
    assert_eq!(trace.event(), Event::Answered { call, body: b"v=0\r\n".to_vec() });
    let ack = trace.transmit();
    assert!(ack.bytes.starts_with(b"ACK sip:bob@192.0.2.2:5070 "), "to the Contact");
    assert_eq!(ack.path.remote, "192.0.2.2:5070".parse().unwrap());
    trace.endpoint.hang_up(trace.now, call);
    let bye = trace.request();
    assert_eq!((bye.headers.cseq.number, bye.headers.to.tag()), (2, Some("bob")));
    trace.receive(reply(&bye, 200, ""));
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::LocalHangUp });
    trace.assert_clean();
}

#[test]
fn a_call_is_hung_up_by_the_callee() {
    let mut trace = Trace::new();
    let (call, invite) = call(&mut trace);
    trace.receive(reply(&invite, 200, "bob"));
    trace.event();
    trace.receive(ask(&invite, "BYE", "bob"));
    assert_eq!(trace.sent(), ["ACK", "200"]);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::RemoteHangUp });
    trace.assert_clean();
}

#[test]
fn each_200_that_comes_again_is_acknowledged_again() {
    let mut trace = Trace::new();
    let (_, invite) = call(&mut trace);
    for _ in 0..3 {
        trace.receive(reply(&invite, 200, "bob"));
    }
    assert_eq!(trace.sent(), ["ACK", "ACK", "ACK"]);
    trace.event();
    trace.no_event();
}

#[test]
fn a_200_that_comes_again_after_the_call_is_acknowledged_too() {
    let mut trace = Trace::new();
    let (_, invite) = call(&mut trace);
    trace.receive(reply(&invite, 200, "bob"));
    trace.receive(ask(&invite, "BYE", "bob"));
    trace.sent();
    trace.receive(reply(&invite, 200, "bob"));
    assert_eq!(trace.sent(), ["ACK"]);
}

#[test]
fn a_200_that_comes_again_gets_the_same_ack() {
    for contact in ["Contact: <sip:bob@192.0.2.2:5070>\n", ""] {
        let mut trace = Trace::new();
        let (_, invite) = call(&mut trace);
        let ok = reply(&invite, 200, "bob").replace("Contact: <sip:bob@192.0.2.2:5070>\n", contact);
        trace.receive(&ok);
        let first = trace.request();
        trace.pass(31 * SECOND);
        trace.receive(&ok);
        let again = trace.request();
        assert_eq!(first.method.to_string(), "ACK");
        assert_ne!(again.headers.via, first.headers.via, "each is a transaction of its own");
        let headers = crate::sip::wire::Headers { via: first.headers.via.clone(), ..again.headers.clone() };
        assert_eq!(Request { headers, ..again }, first);
    }
}

#[test]
fn a_200_of_another_fork_is_acknowledged_and_hung_up() {
    let mut trace = Trace::new();
    let (call, invite) = call(&mut trace);
    trace.receive(reply(&invite, 200, "bob"));
    assert_eq!(trace.event(), Event::Answered { call, body: Vec::new() });
    trace.sent();
    trace.receive(reply(&invite, 200, "carol"));
    let (ack, bye) = (trace.request(), trace.request());
    assert_eq!((ack.headers.cseq.to_string(), ack.headers.to.tag()), ("1 ACK".to_owned(), Some("carol")));
    assert_eq!((bye.headers.cseq.to_string(), bye.headers.to.tag()), ("2 BYE".to_owned(), Some("carol")));
    trace.receive(reply(&invite, 200, "carol"));
    assert_eq!(trace.sent(), ["ACK"], "only one BYE");
    trace.no_event();
}

#[test]
fn forks_without_end_are_ignored() {
    let mut trace = Trace::new();
    let (_, invite) = call(&mut trace);
    for fork in 0..100 {
        trace.receive(reply(&invite, 200, &format!("fork{fork}")));
    }
    assert_eq!(trace.sent().len(), 1 + 7 * 2);
    trace.pass(33 * SECOND);
    let usage = trace.endpoint.usage();
    assert_eq!((usage.calls, usage.client_transactions), (1, 0));
}

#[test]
fn a_refusal_is_acknowledged_within_the_transaction() {
    let mut trace = Trace::new();
    let (call, invite) = call(&mut trace);
    trace.receive(reply(&invite, 486, "bob"));
    let ack = trace.request();
    assert_eq!(ack.headers.via, invite.headers.via);
    assert_eq!((ack.headers.to.tag(), ack.uri), (Some("bob"), invite.uri.clone()));
    let reason = "Reason".to_owned();
    assert_eq!(trace.event(), Event::Failed { call, status: StatusCode::BUSY_HERE, reason });
    trace.receive(reply(&invite, 486, "bob"));
    assert_eq!(trace.sent(), ["ACK"]);
    trace.no_event();
    trace.assert_clean();
}

#[test]
fn an_invite_goes_again_until_timer_b_and_fails_with_408() {
    let mut trace = Trace::new();
    let (call, _) = call(&mut trace);
    assert_eq!(trace.moments(Duration::from_millis(31_999)), [500, 1500, 3500, 7500, 15_500, 31_500]);
    trace.no_event();
    trace.pass(Duration::from_millis(1));
    let Event::Failed { call: failed, status, .. } = trace.event() else { panic!() };
    assert_eq!((failed, status), (call, StatusCode::REQUEST_TIMEOUT));
    trace.assert_clean();
}

#[test]
fn after_a_provisional_response_the_invite_waits() {
    let mut trace = Trace::new();
    let (call, invite) = call(&mut trace);
    trace.receive(reply(&invite, 100, ""));
    assert_eq!(trace.event(), Event::Trying { call });
    assert!(trace.moments(300 * SECOND).is_empty());
    trace.no_event();
}

#[test]
fn cancel_waits_for_a_provisional_response() {
    let mut trace = Trace::new();
    let (call, invite) = call(&mut trace);
    trace.endpoint.hang_up(trace.now, call);
    assert!(trace.sent().is_empty());
    trace.receive(reply(&invite, 100, ""));
    let cancel = trace.request();
    assert_eq!(cancel.headers.cseq.to_string(), "1 CANCEL");
    assert_eq!((&cancel.headers.via, &cancel.uri), (&invite.headers.via, &invite.uri));
    trace.receive(reply(&cancel, 200, "bob"));
    trace.receive(reply(&invite, 487, "bob"));
    assert_eq!(trace.sent(), ["ACK"]);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::LocalHangUp });
    trace.no_event();
    trace.assert_clean();
}

#[test]
fn hanging_up_twice_cancels_once() {
    let mut trace = Trace::new();
    let (call, invite) = call(&mut trace);
    trace.receive(reply(&invite, 180, "bob"));
    trace.endpoint.hang_up(trace.now, call);
    trace.endpoint.hang_up(trace.now, call);
    trace.receive(reply(&invite, 180, "bob"));
    assert_eq!(trace.sent(), ["CANCEL"]);
}

#[test]
fn a_200_that_crosses_the_cancel_is_acknowledged_and_hung_up() {
    let mut trace = Trace::new();
    let (call, invite) = call(&mut trace);
    trace.receive(reply(&invite, 180, "bob"));
    trace.event();
    trace.endpoint.hang_up(trace.now, call);
    trace.receive(reply(&invite, 200, "bob"));
    let (cancel, _ack, bye) = (trace.request(), trace.request(), trace.request());
    trace.receive(reply(&cancel, 200, "bob"));
    trace.no_event();
    trace.receive(reply(&bye, 200, ""));
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::LocalHangUp });
    trace.assert_clean();
}

#[test]
fn a_cancelled_invite_without_a_final_response_ends_after_64_t1() {
    let mut trace = Trace::new();
    let (call, invite) = call(&mut trace);
    trace.receive(reply(&invite, 180, "bob"));
    trace.event();
    trace.endpoint.hang_up(trace.now, call);
    trace.pass(Duration::from_millis(31_999));
    trace.no_event();
    trace.pass(Duration::from_millis(1));
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::LocalHangUp });
    trace.assert_clean();
}

#[test]
fn hanging_up_a_call_that_nobody_ever_answers_ends_it() {
    let mut trace = Trace::new();
    let (call, _) = call(&mut trace);
    trace.endpoint.hang_up(trace.now, call);
    trace.pass(32 * SECOND);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::LocalHangUp });
    trace.assert_clean();
}

#[test]
fn late_responses_change_nothing() {
    let mut trace = Trace::new();
    let (_, invite) = call(&mut trace);
    trace.receive(reply(&invite, 200, "bob"));
    trace.event();
    trace.sent();
    trace.receive(reply(&invite, 180, "bob"));
    trace.receive(reply(&invite, 486, "bob"));
    trace.no_event();
    trace.pass(33 * SECOND);
    trace.receive(reply(&invite, 200, "bob"));
    assert!(trace.sent().is_empty());
    assert_eq!(trace.endpoint.counters().unmatched, 1);
}

#[test]
fn responses_that_are_not_ours_are_dropped() {
    let mut trace = Trace::new();
    let (_, invite) = call(&mut trace);
    let ok = reply(&invite, 200, "bob");
    trace.receive(ok.replace("branch=z9hG4bK", "branch=z9hG4bK0"));
    trace.receive(ok.replace("1 INVITE", "1 BYE"));
    trace.receive(ok.replace("Via: ", "Via: SIP/2.0/UDP h;branch=z9hG4bK1, "));
    trace.no_event();
    assert!(trace.sent().is_empty());
    assert_eq!(trace.endpoint.counters().unmatched, 3);
}

#[test]
fn an_answer_to_another_method_does_not_answer_our_bye() {
    let mut trace = Trace::new();
    let (call, invite) = call(&mut trace);
    trace.receive(reply(&invite, 200, "bob"));
    trace.event();
    trace.sent();
    trace.endpoint.hang_up(trace.now, call);
    let bye = trace.request();
    trace.receive(reply(&bye, 200, "").replace("2 BYE", "2 BYTE"));
    assert_eq!(trace.endpoint.counters().unmatched, 1);
    trace.receive(reply(&bye, 200, ""));
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::LocalHangUp });
}

#[test]
fn a_200_without_a_to_tag_makes_a_call_too() {
    let mut trace = Trace::new();
    let (call, invite) = call(&mut trace);
    trace.receive(reply(&invite, 200, ""));
    assert_eq!(trace.sent(), ["ACK"]);
    trace.event();
    trace.receive(ask(&invite, "BYE", "x").replace(";tag=x", ""));
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::RemoteHangUp });
}

#[test]
fn the_route_of_a_call_made_is_the_record_route_reversed() {
    let mut trace = Trace::new();
    let (_, invite) = call(&mut trace);
    let routed = reply(&invite, 200, "bob")
        .replace("Contact:", "Record-Route: <sip:192.0.2.8;lr>, <sip:192.0.2.9:5062;lr>\nContact:");
    trace.receive(routed);
    let ack = trace.transmit();
    assert_eq!(ack.path.remote, "192.0.2.9:5062".parse().unwrap());
    let text = String::from_utf8(ack.bytes).unwrap();
    assert!(text.find("<sip:192.0.2.9:5062;lr>") < text.find("<sip:192.0.2.8;lr>"), "{text}");
}

#[test]
fn a_cancel_from_the_peer_does_not_end_a_call_of_ours() {
    let mut trace = Trace::new();
    call(&mut trace);
    trace.receive(cancel());
    assert_eq!(trace.sent(), ["481"]);
    trace.no_event();
}

#[test]
fn without_room_a_call_fails_at_once() {
    let mut config = EndpointConfig::new("box");
    config.limits.calls = 0;
    let mut trace = Trace::with(config);
    let target = "sip:bob@192.0.2.2".parse().unwrap();
    let invite = Invite::new(target, trace.path, Vec::new());
    let call = trace.endpoint.invite(trace.now, invite);
    let Event::Failed { call: failed, status, .. } = trace.event() else { panic!() };
    assert_eq!((failed, status), (call, StatusCode::SERVICE_UNAVAILABLE));
    trace.assert_clean();
}

#[test]
fn names_with_line_ends_do_not_break_the_invite() {
    let config = EndpointConfig { display_name: "A\r\nX: y".to_owned(), ..EndpointConfig::new("b\r\nox") };
    let mut trace = Trace::with(config);
    let (_, invite) = call(&mut trace);
    assert_eq!(invite.headers.from.display.as_deref(), Some("AX: y"));
    assert_eq!(invite.headers.from.uri.user(), Some("box"));
}

#[test]
fn the_via_of_the_ack_says_how_it_goes() {
    for (mut trace, transport, said) in
        [(Trace::new(), "tcp", "SIP/2.0/TCP"), (Trace::over_tcp(), "udp", "SIP/2.0/UDP")]
    {
        let target = "sip:bob@192.0.2.2".parse().unwrap();
        trace.endpoint.invite(trace.now, Invite::new(target, trace.path, OFFER.into()));
        let invite = trace.request();
        let contact = format!("<sip:bob@192.0.2.2:5070;transport={transport}>");
        trace.receive(reply(&invite, 200, "bob").replace("<sip:bob@192.0.2.2:5070>", &contact));
        let ack = trace.transmit();
        assert_eq!(ack.path.transport.name(), &said[8..]);
        let text = String::from_utf8(ack.bytes).unwrap();
        assert!(text.contains(&format!("\r\nVia: {said} 192.0.2.1:5060;")), "{text}");
    }
}
