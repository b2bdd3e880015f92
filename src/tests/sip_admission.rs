//! What an endpoint answers by itself, as traces (RFC 3261 §8.2, §11, §18.2; RFC 3581).

use super::sip_trace::{OFFER, Trace, header, invite, request, with_body, with_header, within};
use crate::sip::wire::StatusCode;
use crate::sip::{EndpointConfig, Limits};
use core::time::Duration;

/// An endpoint with other limits than usual.
fn limited(change: fn(&mut Limits)) -> Trace {
    let mut config = EndpointConfig::new("box");
    change(&mut config.limits);
    Trace::with(config)
}

#[test]
fn options_gets_200_and_what_we_can_do() {
    let mut trace = Trace::new();
    trace.receive(request("OPTIONS", 1));
    let ok = trace.response();
    assert_eq!(ok.status, StatusCode::OK);
    assert_eq!(header(&ok, "Allow"), "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, MESSAGE");
    assert_eq!(header(&ok, "Accept"), "application/sdp");
    assert_eq!(header(&ok, "Supported"), "");
    assert!(ok.headers.to.tag().is_some());
    trace.assert_clean();
}

#[test]
fn options_again_gets_the_same_answer_and_costs_nothing() {
    let mut trace = Trace::new();
    trace.receive(request("OPTIONS", 1));
    let first = trace.transmit();
    trace.pass(Duration::from_secs(3));
    trace.receive(request("OPTIONS", 1));
    assert_eq!(trace.transmit(), first);
    assert_eq!(trace.endpoint.usage().server_transactions, 0);
}

#[test]
fn a_busy_endpoint_gives_486_to_calls_and_options() {
    let mut trace = Trace::new();
    trace.endpoint.set_closed(Some(StatusCode::BUSY_HERE));
    trace.receive(invite());
    trace.receive(request("OPTIONS", 1));
    assert_eq!(trace.sent(), ["486", "486"]);
    trace.no_event();
    trace.endpoint.set_closed(None);
    trace.receive(request("OPTIONS", 2));
    assert_eq!(trace.sent(), ["200"]);
}

#[test]
fn a_full_endpoint_gives_503_with_retry_after_to_calls_and_options() {
    let mut trace = limited(|limits| limits.calls = 1);
    trace.receive(invite());
    trace.incoming();
    trace.receive(invite().replace("call-1", "call-2").replace("INVITE-1", "INVITE-2"));
    let refusal = trace.response();
    assert_eq!((refusal.status.code(), header(&refusal, "Retry-After").as_str()), (503, "5"));
    trace.receive(request("OPTIONS", 1));
    assert_eq!(trace.sent(), ["503"]);
    trace.no_event();
    assert_eq!(trace.endpoint.counters().overloaded, 2);
}

#[test]
fn full_of_transactions_a_call_gets_503_but_bye_is_served() {
    let mut trace = limited(|limits| limits.transactions = 1);
    let (_, tag) = trace.confirmed();
    trace.receive(invite().replace("call-1", "call-2").replace("INVITE-1", "INVITE-2"));
    trace.receive(within("BYE", 2, &tag));
    assert_eq!(trace.sent(), ["503", "200"]);
    assert_eq!(trace.endpoint.usage().server_transactions, 1);
    assert_eq!(trace.endpoint.usage().calls, 0);
}

#[test]
fn full_of_refusals_without_an_ack_a_call_gets_503_until_they_are_over() {
    let mut trace = limited(|limits| limits.open_bytes = 1000);
    let call =
        |n: u32| invite().replace("call-1", &format!("call-{n}")).replace("INVITE-1", &format!("I-{n}"));
    for n in 1..=2 {
        trace.receive(call(n));
        let refused = trace.incoming();
        trace.endpoint.reject(trace.now, refused, StatusCode::BUSY_HERE, None);
    }
    trace.receive(call(3));
    assert_eq!(trace.sent(), ["486", "486", "503"]);
    trace.no_event();
    trace.pass(Duration::from_secs(32));
    trace.receive(call(4));
    trace.incoming();
}

#[test]
fn lingering_transactions_wake_nobody_one_by_one() {
    let mut trace = Trace::new();
    for n in 0..100 {
        let call = invite().replace("call-1", &format!("call-{n}")).replace("INVITE-1", &format!("I-{n}"));
        trace.receive(call);
        let call = trace.incoming();
        trace.endpoint.answer(trace.now, call, OFFER.into());
        let tag = trace.response().headers.to.tag().unwrap().to_owned();
        let within = |method| within(method, 2, &tag).replace("call-1", &format!("call-{n}"));
        trace.receive(within("BYE").replace("BYE-2", &format!("B-{n}")));
        trace.sent();
        trace.event();
        trace.pass(Duration::from_millis(10));
    }
    assert_eq!(trace.endpoint.usage().server_transactions, 200);
    let mut wakes = 0;
    while let Some(at) = trace.endpoint.poll_timeout() {
        trace.now = at;
        trace.endpoint.handle_timeout(at);
        wakes += 1;
    }
    assert_eq!((wakes, trace.endpoint.usage().server_transactions), (2, 0));
}

#[test]
fn with_events_waiting_beyond_the_limit_a_call_gets_503() {
    let mut trace = limited(|limits| limits.events = 1);
    trace.receive(invite());
    trace.receive(invite().replace("call-1", "call-2").replace("INVITE-1", "INVITE-2"));
    assert_eq!(trace.sent(), ["503"]);
}

#[test]
fn datagrams_waiting_beyond_the_limit_are_dropped_and_counted() {
    let mut trace = limited(|limits| limits.datagrams = 1);
    trace.receive(request("OPTIONS", 1));
    trace.receive(request("OPTIONS", 2));
    assert_eq!(trace.sent(), ["200"]);
    assert_eq!(trace.endpoint.counters().dropped, 1);
}

#[test]
fn methods_we_do_not_serve_get_405_and_those_nobody_knows_501_with_allow() {
    let mut trace = Trace::new();
    for (method, status) in
        [("REGISTER", 405), ("PRACK", 405), ("SUBSCRIBE", 405), ("REFER", 405), ("NEWMETHOD", 501)]
    {
        trace.receive(request(method, 1));
        let refusal = trace.response();
        assert_eq!(refusal.status.code(), status, "{method}");
        assert_eq!(header(&refusal, "Allow"), "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, MESSAGE");
    }
    let (_, tag) = trace.confirmed();
    trace.receive(within("PRACK", 2, &tag));
    assert_eq!(trace.sent(), ["405"], "in a dialog too");
}

#[test]
fn requests_of_unknown_dialogs_get_481() {
    let mut trace = Trace::new();
    for method in ["BYE", "INFO", "UPDATE"] {
        trace.receive(request(method, 1));
    }
    for method in ["BYE", "INVITE", "OPTIONS", "INFO", "UPDATE"] {
        trace.receive(within(method, 2, "nobody"));
    }
    assert_eq!(trace.sent(), ["481"; 8]);
    trace.no_event();
    trace.assert_clean();
}

#[test]
fn a_dialog_is_known_by_all_three_parts_of_its_name() {
    let mut trace = Trace::new();
    let (_, tag) = trace.confirmed();
    trace.receive(within("BYE", 2, &tag).replace("call-1", "call-2"));
    trace.receive(within("BYE", 2, &tag).replace("tag=alice", "tag=mallory").replace("BYE-2", "BYE-3"));
    trace
        .receive(within("BYE", 2, &tag.replace(|c: char| c.is_ascii_digit(), "0")).replace("BYE-2", "BYE-4"));
    assert_eq!(trace.sent(), ["481", "481", "481"]);
    assert_eq!(trace.endpoint.usage().calls, 1);
}

#[test]
fn an_ack_of_nothing_is_never_answered() {
    let mut trace = Trace::new();
    trace.receive(request("ACK", 1));
    trace.receive(within("ACK", 1, "nobody"));
    trace.receive(with_header(&within("ACK", 1, "nobody"), "Require: 100rel"));
    assert!(trace.sent().is_empty());
    assert_eq!(trace.endpoint.counters().stray_acks, 3);
}

#[test]
fn a_merged_invite_gets_482() {
    let mut trace = Trace::new();
    trace.receive(invite());
    trace.incoming();
    trace.receive(invite().replace("z9hG4bK-INVITE-1", "z9hG4bK-other-way"));
    assert_eq!(trace.sent(), ["482"]);
    trace.no_event();
}

#[test]
fn an_extension_that_is_required_gets_420() {
    let mut trace = Trace::new();
    trace.receive(with_header(&with_header(&invite(), "Require: 100rel, timer"), "Require: gruu"));
    let refusal = trace.response();
    assert_eq!(refusal.status.code(), 420);
    assert_eq!(header(&refusal, "Unsupported"), "100rel, timer, gruu");
    trace.no_event();
}

#[test]
fn a_uri_of_another_scheme_gets_416() {
    let mut trace = Trace::new();
    trace.receive(invite().replace("INVITE sip:box@192.0.2.1", "INVITE urn:service:sos"));
    assert_eq!(trace.sent(), ["416"]);
}

#[test]
fn a_body_that_is_no_session_description_gets_415() {
    let mut trace = Trace::new();
    trace.receive(with_body(&invite(), "text/plain", "hello"));
    let refusal = trace.response();
    assert_eq!((refusal.status.code(), header(&refusal, "Accept").as_str()), (415, "application/sdp"));
    let encoded = with_header(&with_body(&invite(), "application/sdp", OFFER), "Content-Encoding: gzip");
    trace.receive(encoded.replace("INVITE-1", "INVITE-2"));
    let refusal = trace.response();
    assert_eq!((refusal.status.code(), header(&refusal, "Accept-Encoding").as_str()), (415, "identity"));
    trace.no_event();
}

#[test]
fn a_caller_who_accepts_no_session_description_gets_406() {
    let mut trace = Trace::new();
    trace.receive(with_header(&invite(), "Accept: text/nobodyKnowsThis"));
    let refusal = trace.response();
    assert_eq!((refusal.status.code(), header(&refusal, "Accept").as_str()), (406, "application/sdp"));
    trace.receive(with_header(&invite(), "Accept: text/plain, application / *;q=0.5"));
    trace.incoming();
}

#[test]
fn no_hops_left_matters_to_nobody_who_does_not_forward() {
    let mut trace = Trace::new();
    trace.receive(request("OPTIONS", 1).replace("Max-Forwards: 70", "Max-Forwards: 0"));
    assert_eq!(trace.sent(), ["200"]);
}

#[test]
fn malformed_requests_get_400_and_a_wrong_version_505() {
    let mut trace = Trace::new();
    trace.receive(request("OPTIONS", 1).replace("CSeq: 1 OPTIONS", "CSeq: 1 INVITE"));
    let refusal = trace.response();
    assert_eq!((refusal.status.code(), refusal.headers.call_id.as_str()), (400, "call-1@192.0.2.2"));
    assert!(refusal.headers.to.tag().is_some());
    trace.receive(request("OPTIONS", 1).replace(" SIP/2.0\nVia", " SIP/7.0\nVia"));
    assert_eq!(trace.sent(), ["505"]);
    assert_eq!(trace.endpoint.counters().malformed, 2);
    trace.assert_clean();
}

#[test]
fn garbage_and_malformed_responses_are_never_answered() {
    let mut trace = Trace::new();
    for garbage in ["hello", "SIP/2.0 200 OK\n\n", "SIP/2.0 999 Hm\nVia: x\n\n", "\u{0}\u{0}\u{0}\u{0}"] {
        trace.receive(garbage);
    }
    assert!(trace.sent().is_empty());
    assert_eq!(trace.endpoint.counters().malformed, 4);
}

#[test]
fn empty_lines_keep_a_nat_open() {
    let mut trace = Trace::new();
    trace.receive("\n\n");
    trace.receive("");
    assert!(trace.sent().is_empty());
    assert_eq!((trace.endpoint.counters().keep_alives, trace.endpoint.counters().malformed), (2, 0));
}

#[test]
fn a_request_over_16_kib_gets_513() {
    let mut trace = Trace::new();
    trace.receive(with_body(&invite(), "application/sdp", &"x".repeat(16 * 1024)));
    assert_eq!(trace.sent(), ["513"]);
    trace.no_event();
}

#[test]
fn with_rport_the_response_goes_to_the_source_of_the_request() {
    let mut trace = Trace::new();
    trace.path.remote = "198.51.100.7:40001".parse().unwrap();
    trace.receive(request("OPTIONS", 1).replace(";branch", ";rport;branch"));
    let transmit = trace.transmit();
    assert_eq!(transmit.path, trace.path);
    let text = String::from_utf8(transmit.bytes).unwrap();
    assert!(text.contains(";rport=40001") && text.contains(";received=198.51.100.7"), "{text}");
}

#[test]
fn without_rport_the_response_goes_to_the_port_in_via() {
    let mut trace = Trace::new();
    trace.path.remote = "198.51.100.7:40001".parse().unwrap();
    trace.receive(request("OPTIONS", 1).replace("192.0.2.2:5060;b", "192.0.2.2:5099;maddr=203.0.113.1;b"));
    let transmit = trace.transmit();
    assert_eq!(transmit.path.remote, "198.51.100.7:5099".parse().unwrap());
    trace.receive(request("OPTIONS", 2).replace("UDP 192.0.2.2:5060", "UDP 192.0.2.2"));
    assert_eq!(trace.transmit().path.remote, "198.51.100.7:5060".parse().unwrap());
}

#[test]
fn all_vias_go_back_in_order() {
    let mut trace = Trace::new();
    trace.receive(with_header(&request("OPTIONS", 1), "Via: SIP/2.0/UDP far.example;branch=z9hG4bKfar"));
    let vias = trace.response().headers.via;
    assert_eq!((vias.len(), vias[1].branch()), (2, Some("z9hG4bKfar")));
}
