//! Session timers, as traces (RFC 4028; RFC 3311; RFC 3261 §14.1).

use super::sip_trace::{
    ANSWER, OFFER, Trace, ask, header, invite, reply, request, with_body, with_header, within,
};
use crate::sip::wire::{Message, Request, StatusCode};
use crate::sip::{CallKey, EndReason, EndpointConfig, Event, Invite, Transmit, Transport};
use core::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
/// Our own setting.
const OWN: Duration = Duration::from_mins(10);
/// A caller who counts, and leaves to us who refreshes.
const COUNTS: &str = "Supported: timer\nSession-Expires: 90\nAllow: INVITE, UPDATE";
/// A caller who counts and wants to be refreshed.
const WAITS: &str = "Supported: timer\nSession-Expires: 90;refresher=uas\nAllow: INVITE, UPDATE";
/// The same of one that takes no UPDATE.
const WAITS_FOR_INVITE: &str = "Supported: timer\nSession-Expires: 90;refresher=uas\nAllow: INVITE, BYE";

fn trace() -> Trace {
    Trace::with(EndpointConfig { session_timer: Some(OWN), ..EndpointConfig::new("box") })
}

/// A call whose INVITE had these lines: its 200 had these Session-Expires and Require, and it has its ACK.
struct Kept {
    trace: Trace,
    call: CallKey,
    tag: String,
    told: String,
    required: String,
}

fn kept(lines: &str) -> Kept {
    let mut trace = trace();
    trace.receive(with_header(&invite(), lines));
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let ok = trace.response();
    assert_eq!((ok.status, header(&ok, "Supported").as_str()), (StatusCode::OK, "timer"));
    let tag = ok.headers.to.tag().unwrap().to_owned();
    trace.receive(within("ACK", 1, &tag));
    assert!(matches!(trace.event(), Event::Confirmed { .. }));
    Kept { trace, call, tag, told: header(&ok, "Session-Expires"), required: header(&ok, "Require") }
}

/// A call of ours; its 200 has these lines.
fn placed(lines: &str) -> (Trace, CallKey, Request) {
    let mut trace = trace();
    let target = "sip:bob@192.0.2.2".parse().unwrap();
    let call = trace.endpoint.invite(trace.now, Invite::new(target, trace.path, OFFER.into()));
    let invite = trace.request();
    let ok = reply(&invite, 200, "bob");
    trace.receive(ok.replacen("Contact", &format!("{lines}\nContact"), 1));
    assert!(matches!(trace.event(), Event::Answered { .. }));
    assert_eq!(trace.sent(), ["ACK"]);
    (trace, call, invite)
}

fn value<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).unwrap_or("(none)")
}

fn assert_expired(trace: &mut Trace, call: CallKey) {
    assert_eq!(trace.sent()[0], "BYE");
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::Expired });
    trace.assert_clean();
}

#[test]
fn a_caller_who_counts_refreshes_and_one_who_does_not_is_refreshed() {
    for (lines, told, required) in [
        (COUNTS, "90;refresher=uac", "timer"),
        (WAITS, "90;refresher=uas", "(none)"),
        ("Supported: timer", "600;refresher=uac", "timer"),
        ("k: replaces, timer\nx: 1800;refresher=uas\nMin-SE: 900", "900;refresher=uas", "(none)"),
        ("Require: timer\nSession-Expires: 300;refresher=uac", "300;refresher=uac", "timer"),
        ("Allow: INVITE", "600;refresher=uas", "(none)"),
        ("Session-Expires: 30;refresher=uac", "90;refresher=uas", "(none)"),
    ] {
        let kept = kept(lines);
        assert_eq!((kept.told.as_str(), kept.required.as_str()), (told, required), "{lines}");
    }
}

#[test]
fn an_interval_that_is_too_short_gets_422_and_leaves_nothing() {
    let mut trace = trace();
    trace.receive(with_header(&invite(), "Supported: timer\nSession-Expires: 89"));
    let refusal = trace.response();
    assert_eq!((refusal.status.code(), header(&refusal, "Min-SE").as_str()), (422, "90"));
    trace.no_event();
    trace.assert_clean();
    let Kept { mut trace, tag, .. } = kept(COUNTS);
    let lines = "Supported: timer\nSession-Expires: 30";
    trace.receive(with_header(&within("UPDATE", 2, &tag), lines));
    trace.receive(with_body(&with_header(&within("INVITE", 3, &tag), lines), "application/sdp", OFFER));
    assert_eq!(trace.sent(), ["422", "422"], "within a call too");
    trace.no_event();
}

#[test]
fn without_a_setting_there_are_no_session_timers() {
    let mut trace = Trace::new();
    trace.receive(with_header(&request("INVITE", 1), "Require: timer"));
    let refusal = trace.response();
    assert_eq!((refusal.status.code(), header(&refusal, "Unsupported").as_str()), (420, "timer"));
    trace.receive(with_header(&request("INVITE", 2), "Supported: timer\nSession-Expires: 30"));
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let ok = trace.response();
    assert_eq!((header(&ok, "Session-Expires"), header(&ok, "Supported")), ("(none)".into(), String::new()));
    trace.receive(within("ACK", 2, ok.headers.to.tag().unwrap()));
    assert!(trace.moments(100_000 * SECOND).is_empty());
}

#[test]
fn a_caller_who_does_not_refresh_as_he_said_is_hung_up_on() {
    let Kept { mut trace, call, .. } = kept(COUNTS);
    trace.pass(Duration::from_millis(59_999));
    assert!(trace.sent().is_empty(), "he refreshes, not we");
    trace.no_event();
    trace.pass(Duration::from_millis(1));
    assert_expired(&mut trace, call);
}

#[test]
fn every_refresh_of_the_caller_begins_anew() {
    let Kept { mut trace, call, tag, .. } = kept(COUNTS);
    for cseq in (2..22).step_by(2) {
        trace.pass(45 * SECOND);
        let lines = "Supported: timer\nSession-Expires: 90;refresher=uac";
        trace.receive(with_header(&within("UPDATE", cseq, &tag), lines));
        let ok = trace.response();
        assert_eq!(header(&ok, "Session-Expires"), "90;refresher=uac");
        trace.pass(45 * SECOND);
        let reinvite = with_header(&within("INVITE", cseq + 1, &tag), lines);
        trace.receive(with_body(&reinvite, "application/sdp", OFFER));
        assert!(matches!(trace.event(), Event::Reoffered { .. }));
        trace.endpoint.accept_reoffer(trace.now, call, ANSWER.into());
        assert_eq!(header(&trace.response(), "Session-Expires"), "90;refresher=uac");
        trace.receive(within("ACK", cseq + 1, &tag));
        assert!(matches!(trace.event(), Event::Confirmed { .. }));
    }
    trace.no_event();
    trace.pass(60 * SECOND);
    assert_expired(&mut trace, call);
}

#[test]
fn a_refused_offer_is_no_refresh() {
    let Kept { mut trace, call, tag, .. } = kept(COUNTS);
    trace.pass(45 * SECOND);
    trace.receive(with_body(&within("INVITE", 2, &tag), "application/sdp", OFFER));
    trace.event();
    trace.endpoint.reject_reoffer(trace.now, call, StatusCode::NOT_ACCEPTABLE_HERE, None);
    trace.receive(within("ACK", 2, &tag).replace("bK-ACK-2", "bK-INVITE-2"));
    trace.sent();
    trace.pass(15 * SECOND);
    assert_expired(&mut trace, call);
}

#[test]
fn who_waits_is_refreshed_at_half_of_the_interval() {
    let Kept { mut trace, tag, .. } = kept(WAITS);
    for cseq in 1..10 {
        assert_eq!(trace.moments(Duration::from_millis(44_999)), [0; 0]);
        trace.pass(Duration::from_millis(1));
        let update = trace.request();
        assert_eq!(update.headers.cseq.to_string(), format!("{cseq} UPDATE"));
        assert_eq!((value(&update, "Supported"), value(&update, "Min-SE")), ("timer", "(none)"));
        assert_eq!(value(&update, "Session-Expires"), "90;refresher=uac");
        assert_eq!((update.headers.from.tag(), update.body.len()), (Some(tag.as_str()), 0));
        assert_eq!(update.headers.contacts.first().unwrap().uri.to_string(), "sip:box@192.0.2.1:5060");
        trace.receive(reply(&update, 200, "").replacen(
            "Contact",
            "Session-Expires: 90;refresher=uac\nContact",
            1,
        ));
    }
    trace.no_event();
}

#[test]
fn who_takes_no_update_gets_our_newest_description_again_and_his_answer_is_told_once() {
    let Kept { mut trace, call, tag, .. } = kept(WAITS_FOR_INVITE);
    let moved = with_body(&within("INVITE", 2, &tag), "application/sdp", OFFER);
    trace.receive(with_header(&moved, WAITS_FOR_INVITE));
    trace.event();
    trace.endpoint.accept_reoffer(trace.now, call, b"v=0\r\no=newest\r\n".to_vec());
    trace.sent();
    trace.receive(within("ACK", 2, &tag));
    trace.event();
    trace.pass(45 * SECOND);
    let invite = trace.request();
    assert_eq!(
        (invite.headers.cseq.to_string(), invite.body.as_slice()),
        ("1 INVITE".into(), &b"v=0\r\no=newest\r\n"[..])
    );
    trace.receive(reply(&invite, 100, ""));
    let ok = with_body(&reply(&invite, 200, ""), "application/sdp", "v=0\no=moved\n");
    for _ in 0..2 {
        trace.receive(&ok);
        let ack = trace.transmit();
        assert!(ack.bytes.starts_with(b"ACK sip:bob@192.0.2.2:5070 "), "where the 200 says");
        assert!(String::from_utf8(ack.bytes).unwrap().contains("\r\nCSeq: 1 ACK\r\n"));
    }
    assert_eq!(trace.event(), Event::Refreshed { call, answer: b"v=0\r\no=moved\r\n".to_vec() });
    trace.no_event();
    trace.pass(45 * SECOND);
    let invite = trace.request();
    assert_eq!(invite.headers.cseq.to_string(), "2 INVITE");
    trace.receive(reply(&invite, 200, ""));
    trace.no_event();
}

#[test]
fn a_refresh_that_nobody_answers_ends_the_call_within_the_interval() {
    for lines in [WAITS, WAITS_FOR_INVITE] {
        let Kept { mut trace, call, .. } = kept(lines);
        trace.pass(Duration::from_millis(76_999));
        assert!(trace.sent().len() >= 7);
        trace.no_event();
        trace.pass(Duration::from_millis(1));
        assert_expired(&mut trace, call);
    }
}

#[test]
fn a_refresh_that_only_gets_a_100_ends_the_call_within_the_interval() {
    let Kept { mut trace, call, .. } = kept(WAITS_FOR_INVITE);
    trace.pass(45 * SECOND);
    let invite = trace.request();
    trace.pass(30 * SECOND);
    trace.receive(reply(&invite, 100, ""));
    trace.sent();
    trace.pass(15 * SECOND);
    assert_expired(&mut trace, call);
}

#[test]
fn a_peer_that_knows_no_such_call_is_left() {
    for status in [481, 408] {
        let Kept { mut trace, call, .. } = kept(WAITS);
        trace.pass(45 * SECOND);
        let update = trace.request();
        trace.receive(reply(&update, status, ""));
        assert_expired(&mut trace, call);
    }
}

#[test]
fn an_interval_that_is_too_short_for_somebody_is_made_longer() {
    let Kept { mut trace, .. } = kept(WAITS);
    trace.pass(45 * SECOND);
    let update = trace.request();
    trace.receive(reply(&update, 422, "").replacen("Contact", "Min-SE: 300\nContact", 1));
    trace.pass(Duration::ZERO);
    let again = trace.request();
    assert_eq!((value(&again, "Session-Expires"), value(&again, "Min-SE")), ("300;refresher=uac", "300"));
    trace.receive(reply(&again, 200, "").replacen(
        "Contact",
        "Session-Expires: 300;refresher=uac\nContact",
        1,
    ));
    assert_eq!(trace.moments(Duration::from_millis(149_999)), [0; 0]);
    trace.pass(Duration::from_millis(1));
    let next = trace.request();
    assert_eq!((value(&next, "Session-Expires"), value(&next, "Min-SE")), ("300;refresher=uac", "300"));
}

#[test]
fn what_we_ask_for_is_no_shorter_than_what_we_say_is_the_least() {
    let lines = "Supported: timer\nSession-Expires: 1800;refresher=uas\nMin-SE: 500\nAllow: UPDATE";
    let Kept { mut trace, tag, .. } = kept(lines);
    let shorter = "Supported: timer\nSession-Expires: 90;refresher=uas";
    trace.receive(with_header(&within("UPDATE", 2, &tag), shorter));
    assert_eq!(header(&trace.response(), "Session-Expires"), "90;refresher=uas");
    trace.pass(45 * SECOND);
    let update = trace.request();
    assert_eq!((value(&update, "Session-Expires"), value(&update, "Min-SE")), ("500;refresher=uac", "500"));
}

#[test]
fn an_absurd_least_interval_is_passed_over() {
    let Kept { mut trace, .. } = kept(WAITS);
    trace.pass(45 * SECOND);
    let update = trace.request();
    trace.receive(reply(&update, 422, "").replacen("Contact", "Min-SE: 4000000000\nContact", 1));
    trace.pass(Duration::from_millis(22_500));
    let again = trace.request();
    assert_eq!(value(&again, "Session-Expires"), "90;refresher=uac");
    trace.receive(reply(&again, 422, "").replacen("Contact", "Min-SE: 300\nContact", 1));
    trace.pass(Duration::ZERO);
    assert_eq!(value(&trace.request(), "Session-Expires"), "300;refresher=uac");
}

#[test]
fn a_least_interval_that_creeps_is_followed_five_times_in_a_row_and_no_more() {
    let Kept { mut trace, .. } = kept(WAITS);
    trace.pass(45 * SECOND);
    let mut asked = 0;
    for least in 91..150 {
        let Some(update) = trace.endpoint.poll_transmit() else { break };
        asked += 1;
        let text = String::from_utf8(update.bytes).unwrap().replace("\r\n", "\n");
        let head = text.split_once('\n').unwrap().1;
        trace.receive(format!("SIP/2.0 422 Short\nMin-SE: {least}\n{head}"));
        trace.pass(Duration::ZERO);
    }
    assert_eq!(asked, 6);
    trace.no_event();
}

#[test]
fn an_update_after_our_bye_gets_481() {
    let Kept { mut trace, call, tag, .. } = kept(WAITS);
    trace.endpoint.hang_up(trace.now, call);
    trace.receive(within("UPDATE", 2, &tag));
    assert_eq!(trace.sent(), ["BYE", "481"]);
}

#[test]
fn a_peer_that_will_have_no_interval_is_asked_now_and_then_until_the_end() {
    for least in ["Min-SE: 90", "Min-SE: 4000000000", "X: y"] {
        let Kept { mut trace, call, .. } = kept(WAITS);
        let mut asked = Vec::new();
        for second in 0..90 {
            trace.pass(SECOND);
            while let Some(sent) = trace.endpoint.poll_transmit() {
                if sent.bytes.starts_with(b"BYE") {
                    break;
                }
                asked.push(second + 1);
                let text = String::from_utf8(sent.bytes).unwrap().replace("\r\n", "\n");
                let head = text.split_once('\n').unwrap().1;
                trace.receive(format!("SIP/2.0 422 Short\n{least}\n{head}"));
            }
        }
        // A repetition comes within the same second.
        asked.dedup();
        assert_eq!(asked, [45, 68, 79, 85, 90], "{least}");
        assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::Expired });
        trace.assert_clean();
    }
}

#[test]
fn an_update_that_is_not_taken_after_all_goes_as_an_invite() {
    for status in [405, 501] {
        let Kept { mut trace, .. } = kept(WAITS);
        trace.pass(45 * SECOND);
        let update = trace.request();
        trace.receive(reply(&update, status, ""));
        trace.pass(Duration::ZERO);
        let invite = trace.request();
        assert_eq!(
            (invite.headers.cseq.to_string(), invite.body.as_slice()),
            ("2 INVITE".into(), ANSWER.as_bytes())
        );
        trace.receive(reply(&invite, 200, ""));
        assert_eq!(trace.sent(), ["ACK"]);
        trace.pass(45 * SECOND);
        assert_eq!(trace.sent(), ["INVITE"]);
    }
}

#[test]
fn who_does_not_count_shows_by_any_answer_that_he_is_there() {
    let Kept { mut trace, call, .. } = kept("Allow: INVITE, UPDATE");
    for status in [200, 500, 488, 200, 603] {
        trace.pass(300 * SECOND);
        let update = trace.request();
        assert_eq!(value(&update, "Session-Expires"), "600;refresher=uac");
        trace.receive(reply(&update, status, ""));
    }
    trace.no_event();
    trace.pass(332 * SECOND);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::Expired });
}

#[test]
fn refreshes_that_meet_are_tried_again_by_us_within_two_seconds_or_after_them_by_whose_call_it_is() {
    let Kept { mut trace, .. } = kept(WAITS_FOR_INVITE);
    trace.pass(45 * SECOND);
    let theirs = trace.request();
    trace.receive(reply(&theirs, 491, ""));
    assert_eq!(trace.sent(), ["ACK"]);
    let after = trace.moments(3 * SECOND)[0];
    assert!(after <= 2000, "{after} ms");
    let (mut trace, ..) = placed("Session-Expires: 90;refresher=uac");
    trace.pass(45 * SECOND);
    let ours = trace.request();
    trace.receive(reply(&ours, 491, ""));
    trace.sent();
    let after = trace.moments(5 * SECOND)[0];
    assert!((2100..=4000).contains(&after), "{after} ms");
}

#[test]
fn an_offer_that_meets_our_invite_gets_491_and_one_that_meets_our_update_is_taken() {
    let offer = |method, cseq, tag: &str| with_body(&within(method, cseq, tag), "application/sdp", OFFER);
    let Kept { mut trace, call, tag, .. } = kept(WAITS_FOR_INVITE);
    trace.pass(45 * SECOND);
    let invite = trace.request();
    trace.receive(offer("INVITE", 2, &tag));
    trace.receive(offer("UPDATE", 3, &tag));
    trace.receive(within("UPDATE", 4, &tag));
    assert_eq!(trace.sent(), ["491", "491", "200"]);
    trace.receive(reply(&invite, 200, ""));
    trace.receive(offer("INVITE", 5, &tag));
    assert!(matches!(trace.event(), Event::Reoffered { .. }));
    assert_eq!(trace.sent(), ["ACK"]);
    trace.endpoint.hang_up(trace.now, call);
    let Kept { mut trace, call, tag, .. } = kept(WAITS);
    trace.pass(45 * SECOND);
    let update = trace.request();
    trace.receive(offer("INVITE", 2, &tag));
    assert_eq!(trace.event(), Event::Reoffered { call, offer: OFFER.replace('\n', "\r\n").into() });
    trace.endpoint.accept_reoffer(trace.now, call, ANSWER.into());
    trace.receive(within("ACK", 2, &tag));
    trace.receive(reply(&update, 200, ""));
    assert_eq!(trace.sent(), ["200"]);
}

#[test]
fn our_invite_waits_for_the_end_of_theirs() {
    let Kept { mut trace, call, tag, .. } = kept(WAITS_FOR_INVITE);
    trace.pass(44 * SECOND);
    trace.receive(with_body(&within("INVITE", 2, &tag), "application/sdp", OFFER));
    trace.event();
    trace.pass(4 * SECOND);
    assert_eq!(trace.sent(), ["100"]);
    trace.endpoint.reject_reoffer(trace.now, call, StatusCode::NOT_ACCEPTABLE_HERE, None);
    trace.receive(within("ACK", 2, &tag).replace("bK-ACK-2", "bK-INVITE-2"));
    assert_eq!(trace.sent(), ["488"]);
    trace.pass(SECOND);
    assert_eq!(trace.sent(), ["INVITE"]);
}

#[test]
fn a_call_that_ends_while_it_is_refreshed_ends_once() {
    for lines in [WAITS, WAITS_FOR_INVITE] {
        let Kept { mut trace, call, tag, .. } = kept(lines);
        trace.pass(45 * SECOND);
        let refresh = trace.request();
        trace.receive(within("BYE", 2, &tag));
        assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::RemoteHangUp });
        trace.sent();
        trace.receive(reply(&refresh, 200, ""));
        let is_invite = refresh.headers.cseq.to_string() == "1 INVITE";
        assert_eq!(trace.sent(), if is_invite { vec!["ACK"] } else { vec![] });
        trace.assert_clean();
        trace.no_event();
        let Kept { mut trace, call, .. } = kept(lines);
        trace.pass(45 * SECOND);
        let refresh = trace.request();
        trace.endpoint.hang_up(trace.now, call);
        let bye = trace.request();
        assert_eq!(bye.headers.cseq.to_string(), "2 BYE");
        trace.receive(reply(&refresh, 481, ""));
        trace.receive(reply(&bye, 200, ""));
        assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::LocalHangUp });
        trace.no_event();
        trace.assert_clean();
    }
}

#[test]
fn a_call_of_ours_is_refreshed_as_its_200_says() {
    let (mut trace, call, _) = placed("Supported: timer\nSession-Expires: 120;refresher=uac\nAllow: UPDATE");
    trace.pass(60 * SECOND);
    let update = trace.request();
    assert_eq!(
        (update.headers.cseq.to_string(), value(&update, "Session-Expires")),
        ("2 UPDATE".into(), "120;refresher=uac")
    );
    assert_eq!(update.headers.to.tag(), Some("bob"));
    // He takes it over.
    trace.receive(reply(&update, 200, "").replacen(
        "Contact",
        "Session-Expires: 120;refresher=uas\nContact",
        1,
    ));
    trace.pass(Duration::from_millis(87_999));
    trace.no_event();
    trace.pass(Duration::from_millis(1));
    assert_expired(&mut trace, call);
}

#[test]
fn a_call_of_ours_says_that_we_can_count_and_lasts_for_ever_unless_the_other_end_counts() {
    let (mut trace, call, invite) = placed("Allow: UPDATE");
    assert_eq!((value(&invite, "Supported"), value(&invite, "Session-Expires")), ("timer", "(none)"));
    trace.sent();
    assert!(trace.moments(100_000 * SECOND).is_empty());
    let lines = "Supported: timer\nSession-Expires: 90;refresher=uac";
    trace.receive(with_header(&ask(&invite, "UPDATE", "bob"), lines));
    assert_eq!(header(&trace.response(), "Session-Expires"), "90;refresher=uac");
    trace.pass(60 * SECOND);
    assert_expired(&mut trace, call);
}

#[test]
fn before_the_answer_there_is_nothing_to_refresh() {
    let mut trace = trace();
    trace.receive(with_header(&invite(), COUNTS));
    let call = trace.incoming();
    trace.endpoint.ring(trace.now, call);
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    trace.receive(with_header(&within("UPDATE", 2, &tag), "Supported: timer\nSession-Expires: 90"));
    let ok = trace.response();
    assert_eq!((ok.status, header(&ok, "Session-Expires").as_str()), (StatusCode::OK, "(none)"));
    trace.pass(1000 * SECOND);
    trace.no_event();
}

/// A call that came over TCP by `invite`, answered and acknowledged.
fn on_over_tcp(invite: &str) -> (Trace, CallKey) {
    let mut trace = Trace { endpoint: trace().endpoint, ..Trace::over_tcp() };
    trace.receive(invite);
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    trace.receive(within("ACK", 1, &tag));
    trace.event();
    (trace, call)
}

#[test]
fn a_refresh_whose_connection_breaks_goes_again_and_is_no_sign_of_life() {
    let invite = with_header(&invite(), "Allow: INVITE, UPDATE");
    let (mut trace, call) = on_over_tcp(&invite.replace("192.0.2.2:5060>", "192.0.2.2:5060;transport=tcp>"));
    let mut sent = Vec::new();
    for second in 1..=600 {
        trace.pass(SECOND);
        while let Some(transmit) = trace.endpoint.poll_transmit() {
            if transmit.path.flow.is_some() {
                sent.push((second, transmit.bytes[..3].to_vec()));
            }
            let far = transmit.path.flow.unwrap_or(transmit.path.remote);
            trace.endpoint.handle_broken(trace.now, far);
        }
    }
    let asked = [300, 450, 525, 563, 582, 591, 596].map(|second| (second, b"UPD".to_vec()));
    assert_eq!((&sent[..7], &sent[sent.len() - 1]), (&asked[..], &(600, b"BYE".to_vec())));
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::Expired });
}

#[test]
fn the_ack_of_a_refresh_goes_by_the_connection_of_its_call() {
    let (mut trace, _) = on_over_tcp(&invite());
    trace.pass(300 * SECOND);
    let sent = trace.transmit();
    let far = sent.path.flow.expect("the connection of the call");
    let Ok(Message::Request(again)) = Message::parse(&sent.bytes) else { panic!("{sent:?}") };
    assert_eq!((again.method.as_str(), far), ("INVITE", trace.path.remote));
    trace.receive(reply(&again, 200, ""));
    let ack = trace.transmit();
    assert!(ack.bytes.starts_with(b"ACK "), "{ack:?}");
    assert_eq!(ack.path.flow, Some(far));
}

#[test]
fn a_connection_that_dies_late_under_a_refresh_does_not_cut_the_call() {
    let (mut trace, _) = on_over_tcp(&with_header(&invite(), "Allow: INVITE, UPDATE"));
    trace.pass(300 * SECOND);
    let far = trace.transmit().path.flow.expect("the connection of the call");
    // The kernel gives a peer up after half a minute.
    trace.pass(30 * SECOND);
    trace.endpoint.handle_broken(trace.now, far);
    trace.sent();
    trace.pass(60 * SECOND);
    trace.no_event();
}

#[test]
fn a_refresh_that_went_over_udp_for_want_of_a_connection_and_got_no_answer_is_no_sign_of_death() {
    let (mut trace, call) = on_over_tcp(&with_header(&invite(), "Allow: INVITE, UPDATE"));
    let mut asked = Vec::new();
    for second in 1..600 {
        trace.pass(SECOND);
        while let Some(Transmit { path, .. }) = trace.endpoint.poll_transmit() {
            if path.transport == Transport::Tcp {
                asked.push(second);
                trace.endpoint.handle_broken(trace.now, path.remote);
            }
        }
    }
    // Each time 32 s over UDP, then half of what is left.
    assert_eq!(asked, [300, 466, 549, 591]);
    trace.no_event();
    trace.pass(SECOND);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::Expired });
}
