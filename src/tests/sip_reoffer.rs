//! Offers within a call, as traces (RFC 3261 §12.2.2, §14.2; RFC 3311; RFC 6141).

use super::sip_trace::{ANSWER, OFFER, Trace, ask, header, invite, reply, with_body, with_header, within};
use crate::sip::wire::StatusCode;
use crate::sip::{CallKey, EndReason, EndpointConfig, Event, Invite, Warning};
use core::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const HOLD: &str = "v=0\no=- 1 2 IN IP4 192.0.2.2\ns=-\na=sendonly\n";
const HELD: &str = "v=0\r\no=- 2 2 IN IP4 192.0.2.1\r\ns=-\r\na=recvonly\r\n";

/// An INVITE or UPDATE of the peer that offers to hold.
fn hold(method: &str, cseq: u32, tag: &str) -> String {
    with_body(&within(method, cseq, tag), "application/sdp", HOLD)
}

/// The ACK of a refusal of [`hold`].
fn ack_of_refusal(cseq: u32, tag: &str) -> String {
    within("ACK", cseq, tag).replace(&format!("bK-ACK-{cseq}"), &format!("bK-INVITE-{cseq}"))
}

fn reoffered(trace: &mut Trace, call: CallKey, offer: &str) {
    assert_eq!(trace.event(), Event::Reoffered { call, offer: offer.replace('\n', "\r\n").into_bytes() });
}

/// The peer still can hang up.
fn assert_goes_on(trace: &mut Trace, call: CallKey, tag: &str) {
    trace.no_event();
    trace.receive(within("BYE", 90, tag));
    assert_eq!(trace.sent(), ["200"]);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::RemoteHangUp });
    trace.assert_clean();
}

#[test]
fn a_call_is_held_and_resumed() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    for (cseq, (offer, answer)) in (2..).zip([(HOLD, HELD), (OFFER, ANSWER)]) {
        trace.receive(with_body(&within("INVITE", cseq, &tag), "application/sdp", offer));
        reoffered(&mut trace, call, offer);
        trace.endpoint.accept_reoffer(trace.now, call, answer.into());
        let ok = trace.response();
        assert_eq!((ok.status, ok.body.as_slice()), (StatusCode::OK, answer.as_bytes()));
        assert_eq!((ok.headers.to.tag(), ok.headers.cseq.number), (Some(tag.as_str()), cseq));
        assert_eq!(ok.headers.contacts.first().unwrap().uri.to_string(), "sip:box@192.0.2.1:5060");
        trace.receive(within("ACK", cseq, &tag));
        assert_eq!(trace.event(), Event::Confirmed { call, body: Vec::new() });
    }
    assert_goes_on(&mut trace, call, &tag);
}

#[test]
fn a_call_we_made_is_held_too() {
    let mut trace = Trace::new();
    let target = "sip:bob@192.0.2.2".parse().unwrap();
    let call = trace.endpoint.invite(trace.now, Invite::new(target, trace.path, OFFER.into()));
    let invite = trace.request();
    trace.receive(reply(&invite, 200, "bob"));
    trace.event();
    trace.sent();
    trace.receive(with_body(&ask(&invite, "INVITE", "bob"), "application/sdp", HOLD));
    reoffered(&mut trace, call, HOLD);
    trace.endpoint.accept_reoffer(trace.now, call, HELD.into());
    let ok = trace.response();
    assert_eq!((ok.status, ok.headers.to.tag()), (StatusCode::OK, invite.headers.from.tag()));
    trace.receive(ask(&invite, "ACK", "bob"));
    assert_eq!(trace.event(), Event::Confirmed { call, body: Vec::new() });
}

#[test]
fn the_answer_is_repeated_until_its_ack() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    trace.receive(hold("INVITE", 2, &tag));
    trace.event();
    trace.endpoint.accept_reoffer(trace.now, call, HELD.into());
    trace.sent();
    assert_eq!(trace.moments(4 * SECOND), [500, 1500, 3500]);
    trace.receive(within("ACK", 1, &tag));
    assert_eq!(trace.moments(4 * SECOND), [3500], "not by the ACK of another INVITE");
    trace.receive(within("ACK", 2, &tag));
    assert!(trace.moments(40 * SECOND).is_empty());
    assert_eq!(trace.event(), Event::Confirmed { call, body: Vec::new() });
    assert_goes_on(&mut trace, call, &tag);
}

#[test]
fn an_answer_that_nobody_acknowledges_ends_the_call() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    trace.receive(hold("INVITE", 2, &tag));
    trace.event();
    trace.endpoint.accept_reoffer(trace.now, call, HELD.into());
    trace.pass(32 * SECOND);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::NoAck });
    trace.assert_clean();
}

#[test]
fn hanging_up_before_the_ack_of_an_offer_waits_for_nothing_but_the_bye() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    trace.receive(hold("INVITE", 2, &tag));
    trace.event();
    trace.endpoint.accept_reoffer(trace.now, call, HELD.into());
    trace.pass(10 * SECOND);
    trace.sent();
    trace.endpoint.hang_up(trace.now, call);
    trace.pass(Duration::from_millis(31_999));
    assert!(trace.sent().iter().all(|sent| sent == "BYE"));
    trace.no_event();
    trace.pass(Duration::from_millis(1));
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::LocalHangUp });
    trace.assert_clean();
}

#[test]
fn an_invite_without_an_offer_asks_for_ours_and_its_ack_brings_the_answer() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    trace.receive(within("INVITE", 2, &tag));
    reoffered(&mut trace, call, "");
    trace.endpoint.accept_reoffer(trace.now, call, OFFER.into());
    assert_eq!(trace.response().body, OFFER.as_bytes());
    trace.receive(with_body(&within("ACK", 2, &tag), "application/sdp", "v=0\n"));
    assert_eq!(trace.event(), Event::Confirmed { call, body: b"v=0\r\n".to_vec() });
    assert_goes_on(&mut trace, call, &tag);
}

#[test]
fn a_refusal_leaves_the_call_as_it_was() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    trace.receive(hold("INVITE", 2, &tag));
    trace.event();
    let warning = Warning { code: 305, text: "no".to_owned() };
    trace.endpoint.reject_reoffer(trace.now, call, StatusCode::NOT_ACCEPTABLE_HERE, Some(&warning));
    let refusal = trace.response();
    assert_eq!((refusal.status.code(), refusal.headers.to.tag()), (488, Some(tag.as_str())));
    assert_eq!(header(&refusal, "Warning"), "305 192.0.2.1:5060 \"no\"");
    assert_eq!(trace.moments(SECOND), [500], "until its ACK");
    trace.receive(ack_of_refusal(2, &tag));
    assert!(trace.moments(SECOND).is_empty());
    assert_goes_on(&mut trace, call, &tag);
}

#[test]
fn an_offer_that_waits_for_its_answer_gets_100_and_comes_once() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    trace.receive(hold("INVITE", 2, &tag));
    trace.event();
    trace.pass(Duration::from_millis(200));
    assert_eq!(trace.sent(), ["100"]);
    trace.receive(hold("INVITE", 2, &tag));
    assert_eq!(trace.sent(), ["100"]);
    trace.no_event();
    trace.endpoint.accept_reoffer(trace.now, call, HELD.into());
    trace.endpoint.accept_reoffer(trace.now, call, HELD.into());
    trace.endpoint.reject_reoffer(trace.now, call, StatusCode::NOT_ACCEPTABLE_HERE, None);
    assert_eq!(trace.sent(), ["200"], "one answer for one offer");
}

#[test]
fn before_the_answer_another_offer_gets_500_and_before_the_ack_491() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.ring(trace.now, call);
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    trace.receive(hold("INVITE", 2, &tag));
    let pending = trace.response();
    assert_eq!((pending.status.code(), header(&pending, "Retry-After").as_str()), (500, "2"));
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    trace.receive(hold("INVITE", 3, &tag));
    assert_eq!(trace.sent(), ["200", "491"]);
    trace.receive(within("ACK", 1, &tag));
    trace.event();
    trace.receive(hold("INVITE", 4, &tag));
    reoffered(&mut trace, call, HOLD);
    trace.receive(hold("INVITE", 5, &tag));
    trace.receive(hold("UPDATE", 6, &tag));
    assert_eq!(trace.sent(), ["500", "500"]);
    trace.endpoint.accept_reoffer(trace.now, call, HELD.into());
    trace.receive(hold("INVITE", 7, &tag));
    assert_eq!(trace.sent(), ["200", "491"]);
    trace.receive(within("ACK", 4, &tag));
    assert_eq!(trace.event(), Event::Confirmed { call, body: Vec::new() });
    assert_goes_on(&mut trace, call, &tag);
}

#[test]
fn an_offer_that_is_cancelled_gets_487_and_the_call_goes_on() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    trace.receive(hold("INVITE", 2, &tag));
    trace.event();
    trace.receive(within("CANCEL", 2, &tag).replace("bK-CANCEL-2", "bK-INVITE-2"));
    assert_eq!(trace.sent(), ["200", "487"]);
    trace.receive(ack_of_refusal(2, &tag));
    trace.endpoint.accept_reoffer(trace.now, call, HELD.into());
    assert!(trace.sent().is_empty());
    assert_goes_on(&mut trace, call, &tag);
}

#[test]
fn a_call_that_ends_while_an_offer_waits_answers_it_with_487() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    trace.receive(hold("INVITE", 2, &tag));
    trace.event();
    trace.receive(within("BYE", 3, &tag));
    assert_eq!(trace.sent(), ["200", "487"]);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::RemoteHangUp });
    trace.assert_clean();
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    trace.receive(hold("UPDATE", 2, &tag));
    trace.event();
    trace.endpoint.hang_up(trace.now, call);
    assert_eq!(trace.sent(), ["487", "BYE"]);
    trace.receive(hold("INVITE", 3, &tag));
    assert_eq!(trace.sent(), ["481"]);
    trace.assert_clean();
}

#[test]
fn an_update_changes_a_call_without_an_ack() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    trace.receive(hold("UPDATE", 2, &tag));
    reoffered(&mut trace, call, HOLD);
    trace.endpoint.accept_reoffer(trace.now, call, HELD.into());
    let ok = trace.response();
    assert_eq!((ok.status, ok.body.as_slice()), (StatusCode::OK, HELD.as_bytes()));
    assert_eq!(ok.headers.cseq.to_string(), "2 UPDATE");
    assert!(trace.moments(20 * SECOND).is_empty());
    trace.receive(hold("UPDATE", 2, &tag));
    assert_eq!(trace.sent(), ["200"], "the same again");
    trace.receive(hold("UPDATE", 3, &tag));
    reoffered(&mut trace, call, HOLD);
    trace.endpoint.reject_reoffer(trace.now, call, StatusCode::NOT_ACCEPTABLE_HERE, None);
    assert_eq!(trace.sent(), ["488"]);
    assert_goes_on(&mut trace, call, &tag);
}

#[test]
fn an_update_without_an_offer_is_answered_at_once() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    trace.receive(within("UPDATE", 2, &tag).replace("Contact: <sip:alice@192.0.2.2:5060>", MOVED));
    let ok = trace.response();
    assert_eq!((ok.status, ok.body.len(), ok.headers.contacts.list().len()), (StatusCode::OK, 0, 1));
    trace.no_event();
    trace.endpoint.hang_up(trace.now, call);
    assert_eq!(trace.transmit().path.remote, "192.0.2.7:5070".parse().unwrap());
}

const MOVED: &str = "Contact: <sip:alice@192.0.2.7:5070>";

#[test]
fn a_peer_that_moves_is_found_where_it_says() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    trace.receive(hold("INVITE", 2, &tag).replace("Contact: <sip:alice@192.0.2.2:5060>", MOVED));
    trace.event();
    trace.endpoint.accept_reoffer(trace.now, call, HELD.into());
    trace.sent();
    trace.receive(within("ACK", 2, &tag));
    trace.endpoint.hang_up(trace.now, call);
    let bye = trace.transmit();
    assert_eq!(bye.path.remote, "192.0.2.7:5070".parse().unwrap());
    assert!(bye.bytes.starts_with(b"BYE sip:alice@192.0.2.7:5070 "));
}

#[test]
fn a_refused_offer_does_not_move_the_peer() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    trace.receive(hold("INVITE", 2, &tag).replace("Contact: <sip:alice@192.0.2.2:5060>", MOVED));
    trace.event();
    trace.endpoint.reject_reoffer(trace.now, call, StatusCode::NOT_ACCEPTABLE_HERE, None);
    trace.sent();
    trace.endpoint.hang_up(trace.now, call);
    assert_eq!(trace.transmit().path.remote, "192.0.2.2:5060".parse().unwrap());
}

#[test]
fn an_answer_with_too_many_headers_is_a_500_and_the_call_goes_on() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    let mut reinvite = hold("INVITE", 2, &tag);
    for proxy in 0..190 {
        reinvite = with_header(&reinvite, &format!("Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK-{proxy}"));
    }
    trace.receive(reinvite);
    reoffered(&mut trace, call, HOLD);
    trace.endpoint.accept_reoffer(trace.now, call, HELD.into());
    let refusal = trace.response();
    assert_eq!((refusal.status.code(), refusal.headers.to.tag()), (500, Some(tag.as_str())));
    trace.receive(ack_of_refusal(2, &tag));
    assert_goes_on(&mut trace, call, &tag);
}

#[test]
fn without_room_an_offer_gets_503_and_the_call_goes_on() {
    let mut config = EndpointConfig::new("box");
    config.limits.transactions = 1;
    let mut trace = Trace::with(config);
    let (call, tag) = trace.confirmed();
    for method in ["INVITE", "UPDATE"] {
        trace.receive(hold(method, 2, &tag));
        let refusal = trace.response();
        assert_eq!((refusal.status.code(), header(&refusal, "Retry-After").as_str()), (503, "2"), "{method}");
    }
    assert_goes_on(&mut trace, call, &tag);
}

#[test]
fn an_offer_that_is_no_session_description_gets_415() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    for (cseq, method) in (2..).zip(["INVITE", "UPDATE"]) {
        trace.receive(with_body(&within(method, cseq, &tag), "text/plain", "hold, please"));
    }
    assert_eq!(trace.sent(), ["415", "415"]);
    assert_goes_on(&mut trace, call, &tag);
}
