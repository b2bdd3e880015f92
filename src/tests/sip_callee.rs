//! Calls that come in, as traces (RFC 3261 §9, §13 to §15, §17.2; RFC 6026).

use super::sip_trace::{
    ANSWER, OFFER, Trace, ack_of_refusal, cancel, header, invite, request, with_body, with_header, within,
};
use crate::sip::wire::StatusCode;
use crate::sip::{EndReason, Event, Path, Warning};
use core::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_call_rings_is_answered_and_hung_up_by_the_caller() {
    let mut trace = Trace::new();
    trace.receive(with_body(&invite(), "application/sdp", OFFER));
    let Event::Incoming { call, from, to, path, call_id, offer } = trace.event() else { panic!() };
    assert_eq!((from.tag(), to.to_string().as_str()), (Some("alice"), "sip:box@192.0.2.1"));
    assert_eq!((path, call_id.as_str()), (trace.path, "call-1@192.0.2.2"));
    assert_eq!(offer, OFFER.replace('\n', "\r\n").into_bytes());

    trace.endpoint.ring(trace.now, call);
    let ringing = trace.response();
    assert_eq!(ringing.status, StatusCode::RINGING);

    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let ok = trace.response();
    assert_eq!((ok.status, ok.body.as_slice()), (StatusCode::OK, ANSWER.as_bytes()));
    assert_eq!(ok.headers.to.tag(), ringing.headers.to.tag());
    assert_eq!(ok.headers.contacts.first().unwrap().uri.to_string(), "sip:box@192.0.2.1:5060");
    assert_eq!(header(&ok, "Allow"), "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, MESSAGE");
    assert_eq!(header(&ok, "Supported"), "");
    assert_eq!(header(&ok, "Server"), "PagingBox/1");

    let tag = ok.headers.to.tag().unwrap();
    trace.receive(within("ACK", 1, tag));
    assert_eq!(trace.event(), Event::Confirmed { call, body: Vec::new() });
    trace.receive(within("BYE", 2, tag));
    assert_eq!(trace.sent(), ["200"]);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::RemoteHangUp });
    trace.assert_clean();
}

#[test]
fn a_caller_who_is_let_hear_something_before_the_answer_gets_the_description_of_the_answer() {
    let mut trace = Trace::new();
    trace.receive(with_body(&invite(), "application/sdp", OFFER));
    let call = trace.incoming();
    trace.endpoint.progress(trace.now, call, ANSWER.into());
    let progress = trace.response();
    assert_eq!((progress.status.code(), progress.body.as_slice()), (183, ANSWER.as_bytes()));
    trace.pass(Duration::from_mins(1));
    let again = trace.response();
    assert_eq!(
        (again.status.code(), again.body.as_slice()),
        (183, ANSWER.as_bytes()),
        "never ring-back over it"
    );
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let ok = trace.response();
    assert_eq!((ok.status.code(), ok.body.as_slice()), (200, ANSWER.as_bytes()));
    assert_eq!(ok.headers.to.tag(), progress.headers.to.tag());
    trace.endpoint.progress(trace.now, call, ANSWER.into());
    assert!(trace.sent().is_empty(), "it is answered");
}

#[test]
fn a_call_is_hung_up_by_us() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    trace.endpoint.hang_up(trace.now, call);
    let bye = trace.request();
    assert_eq!(bye.to_bytes().unwrap()[..33], b"BYE sip:alice@192.0.2.2:5060 SIP/"[..]);
    assert_eq!((bye.headers.from.tag(), bye.headers.to.tag()), (Some(tag.as_str()), Some("alice")));
    trace.no_event();
    trace.receive(super::sip_trace::reply(&bye, 200, ""));
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::LocalHangUp });
    trace.assert_clean();
}

#[test]
fn an_invite_unanswered_for_200_ms_gets_100() {
    let mut trace = Trace::new();
    trace.receive(with_header(&invite(), "Timestamp: 54"));
    trace.pass(Duration::from_millis(199));
    assert!(trace.sent().is_empty());
    trace.pass(Duration::from_millis(1));
    let trying = trace.response();
    assert_eq!((trying.status, trying.headers.to.tag()), (StatusCode::TRYING, None));
    assert_eq!(header(&trying, "Timestamp"), "54");
}

#[test]
fn an_invite_answered_at_once_gets_no_100() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.ring(trace.now, call);
    trace.pass(SECOND);
    assert_eq!(trace.sent(), ["180"]);
}

#[test]
fn an_invite_again_gets_the_newest_response_again() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.receive(invite());
    assert_eq!(trace.sent(), ["100"]);
    trace.endpoint.ring(trace.now, call);
    trace.receive(invite());
    assert_eq!(trace.sent(), ["180", "180"]);
    trace.endpoint.reject(trace.now, call, StatusCode::BUSY_HERE, None);
    trace.receive(invite());
    assert_eq!(trace.sent(), ["486", "486"]);
    trace.no_event();
    assert_eq!(trace.endpoint.counters().repeated, 3);
}

#[test]
fn an_invite_again_after_the_200_is_absorbed() {
    let mut trace = Trace::new();
    trace.confirmed();
    trace.receive(invite());
    assert!(trace.sent().is_empty());
    trace.no_event();
}

#[test]
fn an_invite_replayed_into_its_own_call_gets_482() {
    let mut trace = Trace::new();
    trace.confirmed();
    trace.pass(Duration::from_mins(1));
    trace.receive(invite());
    assert_eq!(trace.sent(), ["482"]);
    trace.no_event();
}

/// §13.3.1.4: over TCP too, for it comes from end to end, and another hop may be UDP.
#[test]
fn a_lost_200_is_repeated_until_the_ack() {
    for mut trace in [Trace::new(), Trace::over_tcp()] {
        trace.receive(invite());
        let call = trace.incoming();
        trace.endpoint.answer(trace.now, call, ANSWER.into());
        let tag = trace.response().headers.to.tag().unwrap().to_owned();
        assert_eq!(trace.moments(4 * SECOND), [500, 1500, 3500]);
        trace.receive(within("ACK", 1, &tag));
        assert!(trace.moments(40 * SECOND).is_empty());
        assert_eq!(trace.event(), Event::Confirmed { call, body: Vec::new() });
    }
}

#[test]
fn a_200_goes_again_the_way_of_the_first() {
    let mut trace = Trace::new();
    trace.path.remote = "198.51.100.7:40001".parse().unwrap();
    trace.receive(invite().replace("192.0.2.2:5060;b", "192.0.2.2:5099;b"));
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let first = trace.transmit();
    assert_eq!(first.path.remote, "198.51.100.7:5099".parse().unwrap());
    trace.pass(SECOND);
    assert_eq!(trace.transmit(), first);
}

#[test]
fn without_an_ack_the_call_ends_with_bye_after_64_t1() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    assert_eq!(trace.sent(), ["200"]);
    let moments = trace.moments(Duration::from_millis(31_999));
    assert_eq!(moments, [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    trace.no_event();
    trace.pass(Duration::from_millis(1));
    assert_eq!(trace.sent(), ["BYE"]);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::NoAck });
    trace.assert_clean();
}

#[test]
fn an_ack_of_another_request_confirms_nothing() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    trace.receive(within("ACK", 7, &tag));
    trace.receive(within("ACK", 1, "other"));
    trace.no_event();
    assert_eq!(trace.endpoint.counters().stray_acks, 2);
}

#[test]
fn an_ack_with_the_branch_of_its_invite_confirms_too() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    trace.receive(ack_of_refusal(&tag));
    assert_eq!(trace.event(), Event::Confirmed { call, body: Vec::new() });
}

#[test]
fn the_ack_of_a_late_offer_brings_the_answer() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    trace.receive(with_body(&within("ACK", 1, &tag), "application/sdp", "v=0\n"));
    assert_eq!(trace.event(), Event::Confirmed { call, body: b"v=0\r\n".to_vec() });
}

#[test]
fn a_refusal_is_repeated_until_its_ack() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    let warning = Warning { code: 305, text: "no \"codec\"\r\nX: y".to_owned() };
    trace.endpoint.reject(trace.now, call, StatusCode::NOT_ACCEPTABLE_HERE, Some(&warning));
    let refusal = trace.response();
    assert_eq!(refusal.status, StatusCode::NOT_ACCEPTABLE_HERE);
    assert_eq!(header(&refusal, "Warning"), "305 192.0.2.1:5060 \"no codecX: y\"");
    assert_eq!(trace.moments(2 * SECOND), [500, 1500]);
    trace.receive(ack_of_refusal(refusal.headers.to.tag().unwrap()));
    assert!(trace.moments(40 * SECOND).is_empty());
    trace.no_event();
    trace.assert_clean();
}

#[test]
fn an_invite_again_after_the_ack_of_its_refusal_is_absorbed() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.reject(trace.now, call, StatusCode::BUSY_HERE, None);
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    trace.receive(ack_of_refusal(&tag));
    trace.receive(invite());
    assert!(trace.sent().is_empty());
    trace.no_event();
    assert_eq!(trace.endpoint.counters().repeated, 1);
}

#[test]
fn cancel_before_the_answer_gets_200_and_the_invite_487() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.ring(trace.now, call);
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    trace.receive(cancel());
    let ok = trace.response();
    assert_eq!((ok.status, ok.headers.cseq.to_string()), (StatusCode::OK, "1 CANCEL".to_owned()));
    let terminated = trace.response();
    assert_eq!(terminated.status, StatusCode::REQUEST_TERMINATED);
    assert_eq!(terminated.headers.cseq.to_string(), "1 INVITE");
    assert_eq!([ok.headers.to.tag(), terminated.headers.to.tag()], [Some(tag.as_str()); 2]);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::Cancelled });
    trace.receive(ack_of_refusal(&tag));
    assert!(trace.sent().is_empty());
    trace.assert_clean();
}

#[test]
fn cancel_that_crosses_the_200_changes_nothing() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    trace.receive(cancel());
    assert_eq!(trace.sent(), ["200"]);
    trace.receive(within("ACK", 1, &tag));
    assert_eq!(trace.event(), Event::Confirmed { call, body: Vec::new() });
}

#[test]
fn cancel_long_after_the_answer_changes_nothing_and_then_gets_481() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    trace.pass(Duration::from_millis(31_999));
    trace.receive(cancel());
    let ok = trace.response();
    assert_eq!((ok.status, ok.headers.to.tag()), (StatusCode::OK, Some(tag.as_str())));
    trace.pass(Duration::from_millis(1));
    trace.receive(cancel());
    assert_eq!(trace.sent(), ["481"]);
    trace.no_event();
    trace.receive(within("BYE", 2, &tag));
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::RemoteHangUp });
}

#[test]
fn cancel_again_gets_the_same_answer() {
    let mut trace = Trace::new();
    trace.receive(invite());
    trace.receive(cancel());
    let first = trace.transmit();
    trace.sent();
    trace.receive(cancel());
    assert_eq!(trace.transmit(), first);
    assert!(trace.sent().is_empty());
}

#[test]
fn cancel_of_nothing_gets_481() {
    let mut trace = Trace::new();
    trace.receive(cancel());
    assert_eq!(trace.sent(), ["481"]);
}

#[test]
fn what_the_application_does_to_a_cancelled_call_has_no_effect() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.receive(cancel());
    trace.sent();
    trace.endpoint.ring(trace.now, call);
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    trace.endpoint.reject(trace.now, call, StatusCode::BUSY_HERE, None);
    trace.endpoint.hang_up(trace.now, call);
    assert!(trace.sent().is_empty());
    trace.event();
    trace.no_event();
}

#[test]
fn hanging_up_before_the_answer_gives_480() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.hang_up(trace.now, call);
    assert_eq!(trace.sent(), ["480"]);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::LocalHangUp });
    trace.assert_clean();
}

#[test]
fn hanging_up_before_the_ack_waits_for_it() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    trace.endpoint.hang_up(trace.now, call);
    assert!(trace.sent().is_empty());
    trace.receive(within("ACK", 1, &tag));
    assert_eq!(trace.sent(), ["BYE"]);
    trace.no_event();
}

#[test]
fn bye_crossing_bye_ends_the_call_once() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    trace.endpoint.hang_up(trace.now, call);
    let bye = trace.request();
    trace.receive(within("BYE", 2, &tag));
    assert_eq!(trace.sent(), ["200"]);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::LocalHangUp });
    trace.receive(super::sip_trace::reply(&bye, 481, ""));
    trace.no_event();
    trace.assert_clean();
}

#[test]
fn bye_before_the_answer_gets_200_and_the_invite_487() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.ring(trace.now, call);
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    trace.receive(within("BYE", 2, &tag));
    assert_eq!(trace.sent(), ["200", "487"]);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::Cancelled });
}

#[test]
fn bye_that_overtakes_the_ack_ends_the_call() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    trace.receive(within("BYE", 2, &tag));
    trace.receive(within("ACK", 1, &tag));
    assert_eq!(trace.sent(), ["200"]);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::RemoteHangUp });
    trace.no_event();
    trace.assert_clean();
}

#[test]
fn bye_again_gets_the_same_answer_for_32_s() {
    let mut trace = Trace::new();
    let (_, tag) = trace.confirmed();
    trace.receive(within("BYE", 2, &tag));
    let first = trace.transmit();
    trace.pass(Duration::from_millis(31_999));
    trace.receive(within("BYE", 2, &tag));
    assert_eq!(trace.transmit(), first);
    trace.pass(Duration::from_millis(1));
    trace.receive(within("BYE", 2, &tag));
    assert_eq!(trace.sent(), ["481"]);
}

#[test]
fn bye_again_gets_its_answer_where_it_came_from() {
    let mut trace = Trace::new();
    let (_, tag) = trace.confirmed();
    let bye = within("BYE", 2, &tag).replace(";branch", ";rport;branch");
    trace.receive(&bye);
    let first = trace.response();
    // A NAT has given it another port in between.
    trace.path.remote.set_port(40_001);
    trace.receive(&bye);
    let again = trace.transmit();
    assert_eq!(again.path, trace.path);
    let text = String::from_utf8(again.bytes).unwrap();
    assert!(text.starts_with("SIP/2.0 200 ") && text.contains(";rport=40001"), "{text}");
    assert!(text.contains(&format!("tag={}", first.headers.to.tag().unwrap())), "{text}");
    trace.event();
    trace.no_event();
}

#[test]
fn a_bye_that_nobody_answers_ends_the_call_after_32_s() {
    let mut trace = Trace::new();
    let (call, _) = trace.confirmed();
    trace.endpoint.hang_up(trace.now, call);
    trace.pass(Duration::from_millis(31_999));
    trace.no_event();
    trace.pass(Duration::from_millis(1));
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::LocalHangUp });
    trace.assert_clean();
}

#[test]
fn a_lower_cseq_gets_500() {
    let mut trace = Trace::new();
    trace.receive(request("INVITE", 5));
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    trace.receive(within("BYE", 4, &tag));
    assert_eq!(trace.sent(), ["500"]);
    trace.no_event();
}

#[test]
fn a_long_ringing_is_repeated_each_minute() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.ring(trace.now, call);
    trace.sent();
    assert_eq!(trace.moments(Duration::from_secs(150)), [60_000, 120_000]);
}

#[test]
fn requests_of_ours_follow_the_record_route() {
    let mut trace = Trace::new();
    let routed = with_header(&invite(), "Record-Route: <sip:192.0.2.9:5062;lr>, <sip:192.0.2.8;lr>");
    trace.receive(routed);
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let ok = trace.response();
    assert_eq!(ok.headers.record_routes.len(), 2);
    trace.receive(within("ACK", 1, ok.headers.to.tag().unwrap()));
    trace.endpoint.hang_up(trace.now, call);
    let transmit = trace.transmit();
    let text = String::from_utf8(transmit.bytes).unwrap();
    assert!(text.starts_with("BYE sip:alice@192.0.2.2:5060 "), "{text}");
    assert!(text.find("<sip:192.0.2.9:5062;lr>") < text.find("<sip:192.0.2.8;lr>"), "{text}");
    assert_eq!(transmit.path.remote, "192.0.2.9:5062".parse().unwrap());
}

#[test]
fn a_strict_router_gets_its_own_request_uri() {
    let mut trace = Trace::new();
    trace.receive(with_header(&invite(), "Record-Route: <sip:192.0.2.9:5062>"));
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    trace.receive(within("ACK", 1, &tag));
    trace.endpoint.hang_up(trace.now, call);
    let bye = trace.request();
    assert_eq!(bye.uri.to_string(), "sip:192.0.2.9:5062");
    assert_eq!(bye.headers.routes[0].uri.to_string(), "sip:alice@192.0.2.2:5060");
}

#[test]
fn a_call_by_the_rules_of_rfc_2543_is_answered_once() {
    let old = |text: String| text.replace("z9hG4bK-", "").replace(";tag=alice", "");
    let mut trace = Trace::new();
    trace.receive(old(invite()));
    let call = trace.incoming();
    trace.receive(old(invite()));
    assert_eq!(trace.sent(), ["100"]);
    trace.no_event();
    trace.endpoint.reject(trace.now, call, StatusCode::BUSY_HERE, None);
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    trace.receive(old(ack_of_refusal(&tag)));
    assert!(trace.moments(40 * SECOND).is_empty());
}

#[test]
fn on_ipv6_the_contact_has_brackets() {
    let mut trace = Trace::new();
    trace.path = Path::udp("[2001:db8::1]:5060".parse().unwrap(), "[2001:db8::2]:5060".parse().unwrap());
    trace.receive(invite().replace("192.0.2.2", "[2001:db8::2]"));
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let ok = trace.response();
    assert_eq!(ok.headers.contacts.first().unwrap().to_string(), "<sip:box@[2001:db8::1]:5060>");
    trace.receive(within("ACK", 1, ok.headers.to.tag().unwrap()).replace("192.0.2.2", "[2001:db8::2]"));
    trace.endpoint.hang_up(trace.now, call);
    let bye = trace.transmit();
    assert_eq!(bye.path, trace.path);
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error_for_both_ends() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, vec![b' '; 70_000]);
    assert_eq!(trace.sent(), ["500"]);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::Unwritable });
    trace.assert_clean();
}
