//! Who may call an endpoint, and what strangers hear of it, as traces in virtual time.

use super::sip_trace::{ANSWER, Trace, cancel, header, invite, request, with_body, with_header, within};
use crate::allow::{Allow, Network, Pattern};
use crate::sip::{EndReason, EndpointConfig, Event, Limits, Stranger, Usage};
use core::time::Duration;

/// An endpoint that takes calls as `allow` says; its peer is at 192.0.2.2.
fn trace(networks: &[&str], callers: &[&str]) -> Trace {
    let allow = Allow {
        networks: networks.iter().map(|text| Network::from_text(text).unwrap()).collect(),
        callers: callers.iter().map(|text| Pattern::from_text(text).unwrap()).collect(),
        ..Allow::ANYBODY
    };
    Trace::with(EndpointConfig { allow, ..EndpointConfig::new("box") })
}

/// One for the networks it is attached to, of which it knows none.
fn attached() -> Trace {
    let allow = Allow { attached: true, ..Allow::ANYBODY };
    Trace::with(EndpointConfig { allow, ..EndpointConfig::new("box") })
}

fn elsewhere() -> Trace {
    trace(&["10.0.0.0/8"], &[])
}

fn elsewhere_config() -> EndpointConfig {
    let networks = vec![Network::from_text("10.0.0.0/8").unwrap()];
    EndpointConfig { allow: Allow { networks, ..Allow::ANYBODY }, ..EndpointConfig::new("box") }
}

/// An INVITE with a transaction of its own.
fn invite_no(number: usize) -> String {
    invite().replace("INVITE-1", &format!("INVITE-{number}")).replace("call-1", &format!("call-{number}"))
}

fn turned_away(trace: &mut Trace) -> (Stranger, bool) {
    match trace.event() {
        Event::TurnedAway { why, is_last, .. } => (why, is_last),
        other => panic!("expected a stranger, not {other:?}"),
    }
}

#[test]
fn a_stranger_gets_one_403_and_leaves_nothing_behind() {
    let mut trace = elsewhere();
    trace.receive(invite());
    let refusal = trace.response();
    assert_eq!(refusal.status.code(), 403);
    assert!(refusal.headers.to.tag().is_some());
    assert_eq!(trace.endpoint.usage(), Usage::default());
    assert_eq!(trace.endpoint.poll_timeout(), None);
    let Event::TurnedAway { from, path, method, why, is_last, .. } = trace.event() else { panic!() };
    assert_eq!((from.uri.user(), path, method.as_str()), (Some("alice"), trace.path, "INVITE"));
    assert_eq!((why, is_last), (Stranger::Source, false));
    assert!(trace.moments(Duration::from_secs(40)).is_empty(), "it is not repeated");
    let counters = trace.endpoint.counters();
    assert_eq!((counters.strangers, counters.refused, counters.silenced, counters.calls_in), (1, 1, 0, 0));
}

#[test]
fn after_the_tenth_refusal_within_a_minute_a_stranger_hears_nothing() {
    let mut trace = elsewhere();
    for number in 0..100 {
        trace.receive(invite_no(number));
    }
    assert_eq!(trace.sent(), ["403"; 10]);
    let told: Vec<_> = (0..10).map(|_| turned_away(&mut trace)).collect();
    assert_eq!(told[8..], [(Stranger::Source, false), (Stranger::Source, true)]);
    trace.no_event();
    assert_eq!((trace.endpoint.counters().strangers, trace.endpoint.counters().silenced), (100, 90));
    trace.pass(Duration::from_secs(59));
    trace.receive(invite_no(100));
    assert!(trace.sent().is_empty());
    trace.pass(Duration::from_secs(1));
    trace.receive(invite_no(101));
    assert_eq!(trace.sent(), ["403"]);
}

#[test]
fn who_is_allowed_later_is_let_in_at_once_though_he_was_silenced() {
    let mut trace = elsewhere();
    for number in 0..20 {
        trace.receive(invite_no(number));
    }
    assert_eq!(trace.sent(), ["403"; 10]);
    assert_eq!((0..10).filter(|_| turned_away(&mut trace).1).count(), 1);
    trace.endpoint.reconfigure(EndpointConfig::new("box"));
    trace.receive(invite_no(20));
    assert!(matches!(trace.event(), Event::Incoming { .. }));
    trace.endpoint.reconfigure(elsewhere_config());
    trace.receive(invite_no(21));
    assert_eq!(trace.sent(), ["403"]);
    assert_eq!(trace.endpoint.usage().calls, 1, "the call goes on");
}

#[test]
fn a_hundred_thousand_strangers_get_few_answers_and_cost_no_memory() {
    let mut trace = elsewhere();
    let mut answers = 0;
    for number in 0..100_000_u32 {
        trace.path.remote = (number.to_be_bytes(), 5060).into();
        if number >> 24 != 10 {
            trace.receive(request("OPTIONS", 1));
        }
        answers += trace.sent().len();
        while trace.endpoint.poll_event().is_some() {}
    }
    assert_eq!(answers, 256);
    assert_eq!(trace.endpoint.usage(), Usage::default());
    assert_eq!(trace.endpoint.counters().silenced, 100_000 - 256);
}

#[test]
fn whatever_a_stranger_sends_counts_towards_his_ten_answers() {
    let mut trace = elsewhere();
    trace.receive(request("OPTIONS", 1));
    trace.receive(request("REGISTER", 1));
    trace.receive(request("BYE", 2));
    trace.receive(within("INVITE", 2, "nobody"));
    trace.receive(cancel());
    trace.receive(with_header(&invite(), "Require: 100rel"));
    trace.receive(with_body(&invite_no(2), "application/sdp", &"x".repeat(16 * 1024)));
    assert_eq!(trace.sent(), ["403"; 7]);
    for _ in 0..9 {
        trace.receive(request("OPTIONS", 1).replace("CSeq: 1 OPTIONS", "CSeq: 1 INVITE"));
    }
    assert_eq!(trace.sent(), ["400"; 3]);
    trace.receive(request("ACK", 1));
    trace.receive(request("OPTIONS", 1));
    assert!(trace.sent().is_empty());
    assert_eq!(trace.endpoint.counters().silenced, 7);
}

#[test]
fn silence_for_one_is_none_for_another() {
    let mut trace = elsewhere();
    for number in 0..20 {
        trace.receive(invite_no(number));
    }
    trace.sent();
    trace.path.remote = "192.0.2.3:5060".parse().unwrap();
    trace.receive(invite_no(20));
    assert_eq!(trace.sent(), ["403"]);
    trace.path.remote = "10.1.2.3:5060".parse().unwrap();
    trace.receive(request("OPTIONS", 3));
    assert_eq!(trace.sent(), ["200"]);
}

#[test]
fn another_port_of_the_same_stranger_is_no_other_peer() {
    let mut trace = elsewhere();
    for number in 0..20 {
        trace.path.remote.set_port(6000 + number);
        trace.receive(invite_no(number.into()));
    }
    assert_eq!(trace.sent().len(), 10);
}

#[test]
fn a_call_from_a_named_network_is_taken() {
    let mut trace = trace(&["10.0.0.0/8", "192.0.2.0/24"], &[]);
    trace.confirmed();
    assert_eq!(trace.endpoint.counters().strangers, 0);
}

#[test]
fn a_caller_has_to_match_a_pattern_whatever_his_network() {
    for (caller, status) in [("alice", "403"), ("2001", "403"), ("200", ""), ("%32%300", "")] {
        let mut trace = trace(&["192.0.2.0/24"], &["2??@192.0.2.*", "*@pbx.example"]);
        trace.receive(invite().replace("sip:alice@192.0.2.2>;", &format!("sip:{caller}@192.0.2.2>;")));
        assert_eq!(trace.sent().concat(), status, "{caller}");
        if status.is_empty() {
            trace.incoming();
        } else {
            assert_eq!(turned_away(&mut trace), (Stranger::Caller, false));
            assert_eq!(trace.endpoint.usage(), Usage::default());
        }
    }
}

#[test]
fn a_matching_caller_from_a_strange_network_stays_out() {
    let mut trace = trace(&["10.0.0.0/8"], &["alice@*"]);
    trace.receive(invite());
    assert_eq!(trace.sent(), ["403"]);
    assert_eq!(turned_away(&mut trace), (Stranger::Source, false));
}

#[test]
fn callers_without_a_network_may_call_from_anywhere() {
    let mut trace = trace(&[], &["alice@*"]);
    trace.receive(invite());
    trace.incoming();
}

#[test]
fn a_probe_has_no_caller_and_is_answered_where_calls_may_come_from() {
    let mut trace = trace(&["192.0.2.0/24"], &["2??@*"]);
    trace.receive(request("OPTIONS", 1));
    assert_eq!(trace.sent(), ["200"]);
}

#[test]
fn an_endpoint_for_attached_networks_learns_of_them_when_a_stranger_comes() {
    let mut trace = attached();
    assert!(trace.endpoint.wants_attached(trace.path));
    trace.receive(invite());
    assert_eq!(trace.sent(), ["403"]);
    turned_away(&mut trace);
    trace.endpoint.set_attached(vec![Network::from_text("192.0.2.1/24").unwrap()]);
    assert!(!trace.endpoint.wants_attached(trace.path));
    trace.receive(invite());
    trace.incoming();
}

#[test]
fn loopback_and_link_local_addresses_are_attached_before_anything_is_known() {
    for peer in
        ["127.0.0.1:5060", "[::1]:5060", "[fe80::2%3]:5060", "169.254.1.2:5060", "[::ffff:127.0.0.1]:5060"]
    {
        let mut trace = attached();
        trace.path.remote = peer.parse().unwrap();
        assert!(!trace.endpoint.wants_attached(trace.path), "{peer}");
        trace.receive(invite());
        trace.incoming();
    }
}

#[test]
fn an_interface_whose_network_is_everything_lets_nobody_in() {
    let mut trace = attached();
    trace.endpoint.set_attached(vec![Network::from_text("0.0.0.0/0").unwrap()]);
    trace.receive(invite());
    assert_eq!(trace.sent(), ["403"]);
}

#[test]
fn where_networks_are_named_nobody_is_asked_for_attached_ones() {
    assert!(!elsewhere().endpoint.wants_attached(elsewhere().path));
    assert!(!trace(&[], &[]).endpoint.wants_attached(elsewhere().path));
}

#[test]
fn a_call_goes_on_when_its_caller_has_moved_to_a_strange_network() {
    let mut trace = trace(&["192.0.2.0/24"], &[]);
    let (call, tag) = trace.confirmed();
    trace.path.remote = "203.0.113.9:5060".parse().unwrap();
    trace.receive(within("OPTIONS", 2, &tag));
    trace.receive(within("INVITE", 3, &tag));
    assert!(matches!(trace.event(), Event::Reoffered { .. }));
    trace.endpoint.accept_reoffer(trace.now, call, ANSWER.into());
    trace.receive(within("ACK", 3, &tag));
    assert!(matches!(trace.event(), Event::Confirmed { .. }));
    trace.receive(within("BYE", 4, &tag));
    assert_eq!(trace.sent(), ["200", "200", "200"]);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::RemoteHangUp });
    assert_eq!(trace.endpoint.counters().strangers, 0);
}

#[test]
fn a_known_invite_can_be_cancelled_from_a_strange_network() {
    let mut trace = trace(&["192.0.2.0/24"], &[]);
    trace.receive(invite());
    let call = trace.incoming();
    trace.path.remote = "203.0.113.9:5060".parse().unwrap();
    trace.receive(cancel());
    assert_eq!(trace.sent(), ["200", "487"]);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::Cancelled });
}

#[test]
fn events_that_nobody_takes_are_bounded_and_the_answer_goes_all_the_same() {
    let limits = Limits { events: 2, ..Limits::default() };
    let allow = Allow { attached: true, ..Allow::ANYBODY };
    let mut trace = Trace::with(EndpointConfig { allow, limits, ..EndpointConfig::new("box") });
    for number in 0..5 {
        trace.receive(invite_no(number));
    }
    assert_eq!(trace.sent(), ["403"; 5]);
    for _ in 0..2 {
        turned_away(&mut trace);
    }
    trace.no_event();
}

#[test]
fn a_full_or_closed_endpoint_tells_a_stranger_no_more_than_403() {
    let mut trace = elsewhere();
    trace.endpoint.set_closed(Some(crate::sip::wire::StatusCode::BUSY_HERE));
    trace.receive(invite());
    let refusal = trace.response();
    assert_eq!((refusal.status.code(), header(&refusal, "Allow").as_str()), (403, "(none)"));
}
