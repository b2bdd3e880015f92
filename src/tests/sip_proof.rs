//! Proofs by digest both ways: what our calls prove when asked, and what callers have to prove; redirects; asserted
//! identities (RFC 3261 §8.1.3.4, §22; RFC 3325).

use super::sip_trace::{ANSWER, Trace, invite, reply, request, with_body, with_header};
use crate::allow::{Allow, Pattern};
use crate::sip::digest::{Authenticator, Credentials, Identity};
use crate::sip::wire::{Message, Request, Response};
use crate::sip::{CallKey, Demand, EndReason, EndpointConfig, Event, Invite, Stranger, Usage};
use core::time::Duration;

fn identity(secret: &str) -> Identity {
    Identity::new("501", secret).unwrap()
}

/// A call of ours that can prove who we are.
fn call(trace: &mut Trace) -> (CallKey, Request) {
    let target = "sip:bob@192.0.2.2".parse().unwrap();
    let invite =
        Invite { identity: Some(identity("secret")), ..Invite::new(target, trace.path, ANSWER.into()) };
    let call = trace.endpoint.invite(trace.now, invite);
    (call, trace.request())
}

/// The peer wants to know who asks.
fn challenge(request: &Request, status: u16, nonce: &str) -> String {
    let name = if status == 401 { "WWW-Authenticate" } else { "Proxy-Authenticate" };
    let line = format!("{name}: Digest realm=\"pbx\", nonce=\"{nonce}\", qop=\"auth\"\nContact");
    reply(request, status, "asks").replacen("Contact", &line, 1)
}

fn proof(request: &Request, name: &str) -> Option<Credentials> {
    request.headers.get(name).map(|value| value.parse().unwrap())
}

#[test]
fn a_call_that_is_asked_who_it_is_goes_again_with_a_proof_and_so_do_its_ack_and_bye() {
    for (status, name) in [(401, "Authorization"), (407, "Proxy-Authorization")] {
        let mut trace = Trace::new();
        let (call, first) = call(&mut trace);
        assert_eq!(proof(&first, name), None);
        trace.receive(challenge(&first, status, "n1"));
        assert_eq!(trace.request().headers.cseq.to_string(), "1 ACK");
        let second = trace.request();
        let headers = &second.headers;
        assert_eq!((headers.cseq.to_string(), headers.to.tag()), ("2 INVITE".to_owned(), None));
        assert_eq!((&headers.call_id, &headers.from), (&first.headers.call_id, &first.headers.from));
        assert_ne!(headers.via, first.headers.via);
        assert_eq!(second.body, first.body);
        let shown = proof(&second, name).unwrap();
        assert_eq!(
            (shown.username.as_str(), shown.uri.as_str(), shown.nonce_count),
            ("501", "sip:bob@192.0.2.2", Some(1))
        );
        trace.receive(reply(&second, 200, "bob"));
        assert!(matches!(trace.event(), Event::Answered { .. }));
        let ack = trace.request();
        assert_eq!((ack.headers.cseq.to_string(), proof(&ack, name)), ("2 ACK".to_owned(), Some(shown)));
        trace.endpoint.hang_up(trace.now, call);
        let bye = trace.request();
        assert_eq!((bye.headers.cseq.number, proof(&bye, name).unwrap().nonce_count), (3, Some(2)));
        trace.receive(challenge(&bye, status, "n2"));
        let again = trace.request();
        assert_eq!((again.headers.cseq.number, proof(&again, name).unwrap().nonce.as_str()), (4, "n2"));
        trace.receive(reply(&again, 200, "bob"));
        assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::LocalHangUp });
        trace.assert_clean();
    }
}

/// A call of ours that was asked who it is, whose other end is to be refreshed as `lines` of its 200 say.
fn kept(lines: &str) -> (Trace, CallKey) {
    let timer = Some(Duration::from_mins(10));
    let mut trace = Trace::with(EndpointConfig { session_timer: timer, ..EndpointConfig::new("box") });
    let (call, first) = call(&mut trace);
    trace.receive(challenge(&first, 401, "n1"));
    trace.request();
    let second = trace.request();
    trace.receive(reply(&second, 200, "bob").replacen("Contact", &format!("{lines}\nContact"), 1));
    assert!(matches!(trace.event(), Event::Answered { .. }));
    assert_eq!(trace.sent(), ["ACK"]);
    (trace, call)
}

#[test]
fn what_keeps_a_call_alive_is_proved_five_times_in_a_row_and_no_more() {
    let (mut trace, _) = kept("Session-Expires: 90;refresher=uac\nAllow: UPDATE");
    trace.pass(Duration::from_secs(45));
    let mut asked = 0;
    for number in 2..50 {
        let Some(update) = trace.endpoint.poll_transmit() else { break };
        let Ok(Message::Request(update)) = Message::parse(&update.bytes) else { panic!() };
        asked += 1;
        trace.receive(challenge(&update, 401, &format!("n{number}")).replace("qop=", "stale=true, qop="));
    }
    assert_eq!(asked, 6);
    trace.no_event();
}

#[test]
fn who_is_asked_about_a_refresh_while_he_hangs_up_still_proves_his_bye() {
    let (mut trace, call) = kept("Session-Expires: 90;refresher=uac\nAllow: UPDATE");
    trace.pass(Duration::from_secs(45));
    let update = trace.request();
    trace.endpoint.hang_up(trace.now, call);
    let bye = trace.request();
    trace.receive(challenge(&update, 401, "n2"));
    assert!(trace.sent().is_empty());
    trace.receive(challenge(&bye, 401, "n2"));
    assert_eq!(proof(&trace.request(), "Authorization").unwrap().nonce, "n2");
}

#[test]
fn the_bye_of_a_call_that_nobody_has_kept_alive_is_proved() {
    let (mut trace, call) = kept("Session-Expires: 90;refresher=uas\nAllow: UPDATE");
    trace.pass(Duration::from_mins(1));
    let bye = trace.request();
    assert_eq!((bye.method.as_str(), proof(&bye, "Authorization").unwrap().nonce.as_str()), ("BYE", "n1"));
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::Expired });
}

#[test]
fn a_bye_is_proved_five_times_and_no_more() {
    let mut trace = Trace::new();
    let (call, first) = call(&mut trace);
    trace.receive(reply(&first, 200, "bob"));
    trace.event();
    trace.sent();
    trace.endpoint.hang_up(trace.now, call);
    let mut bye = trace.request();
    for number in 1..=5 {
        let stale = challenge(&bye, 401, &format!("n{number}")).replace("qop=", "stale=true, qop=");
        trace.receive(stale);
        bye = trace.request();
    }
    trace.receive(challenge(&bye, 401, "n6").replace("qop=", "stale=true, qop="));
    assert!(trace.sent().is_empty());
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::LocalHangUp });
}

#[test]
fn a_proof_that_is_not_taken_ends_the_call() {
    let mut trace = Trace::new();
    let (call, first) = call(&mut trace);
    trace.receive(challenge(&first, 401, "n1"));
    trace.request();
    let second = trace.request();
    trace.receive(challenge(&second, 401, "n2"));
    assert_eq!(trace.sent(), ["ACK"]);
    assert!(
        matches!(trace.event(), Event::Failed { call: failed, status, .. } if failed == call && status.code() == 401)
    );
    trace.assert_clean();
}

#[test]
fn who_has_nothing_to_prove_is_refused() {
    let mut trace = Trace::new();
    let target = "sip:bob@192.0.2.2".parse().unwrap();
    trace.endpoint.invite(trace.now, Invite::new(target, trace.path, ANSWER.into()));
    let first = trace.request();
    trace.receive(challenge(&first, 407, "n1"));
    assert!(matches!(trace.event(), Event::Failed { .. }));
    trace.sent();
    trace.assert_clean();
}

#[test]
fn hanging_up_while_a_proof_is_asked_for_sends_nothing_again() {
    let mut trace = Trace::new();
    let (call, first) = call(&mut trace);
    trace.endpoint.hang_up(trace.now, call);
    trace.receive(challenge(&first, 401, "n1"));
    assert_eq!(trace.sent(), ["ACK"]);
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::LocalHangUp });
    trace.assert_clean();
}

#[test]
fn a_call_that_is_sent_elsewhere_goes_there_up_to_five_times() {
    let mut trace = Trace::new();
    let (_, mut invite) = call(&mut trace);
    for number in 1..=5 {
        let elsewhere = format!("sip:bob@192.0.2.{}:5080", 10 + number);
        trace.receive(reply(&invite, 302, "moved").replace("sip:bob@192.0.2.2:5070", &elsewhere));
        assert_eq!(trace.request().method.to_string(), "ACK");
        let next = trace.transmit();
        assert_eq!(next.path.remote, format!("192.0.2.{}:5080", 10 + number).parse().unwrap());
        assert!(next.bytes.starts_with(format!("INVITE {elsewhere} ").as_bytes()));
        invite.headers.cseq = format!("{} INVITE", number + 1).parse().unwrap();
        let text = String::from_utf8(next.bytes).unwrap();
        let via = text.lines().find_map(|line| line.strip_prefix("Via: ")).unwrap();
        invite.headers.via = vec![via.parse().unwrap()];
    }
    trace.receive(reply(&invite, 302, "moved"));
    assert!(matches!(trace.event(), Event::Failed { status, .. } if status.code() == 302));
}

#[test]
fn a_redirection_to_a_name_or_another_family_is_told() {
    for contact in ["sip:bob@elsewhere.example", "sip:bob@[2001:db8::1]", "tel:+1"] {
        let mut trace = Trace::new();
        let (_, invite) = call(&mut trace);
        trace.receive(reply(&invite, 302, "moved").replace("sip:bob@192.0.2.2:5070", contact));
        assert!(matches!(trace.event(), Event::Failed { .. }), "{contact}");
        trace.sent();
        trace.assert_clean();
    }
}

fn demanding() -> Trace {
    let demand = Demand { realm: "paging".to_owned(), identity: identity("secret") };
    Trace::with(EndpointConfig { demand: Some(demand), ..EndpointConfig::new("box") })
}

/// `request` with the answer to what `refusal` asks.
fn proved(refusal: &Response, secret: &str) -> String {
    let mut caller = Authenticator::new(identity(secret), 5);
    caller.challenged(refusal);
    let text = invite().replace("INVITE-1", "INVITE-2").replace("CSeq: 1", "CSeq: 2");
    let bytes = text.replace('\n', "\r\n");
    let crate::sip::wire::Message::Request(mut request) =
        crate::sip::wire::Message::parse(bytes.as_bytes()).unwrap()
    else {
        panic!("a request was written")
    };
    caller.authorize(&mut request);
    with_header(&text, &format!("Authorization: {}", request.headers.get("Authorization").unwrap()))
}

#[test]
fn a_caller_who_has_to_prove_who_he_is_gets_401_and_is_then_taken() {
    let mut trace = demanding();
    trace.receive(invite());
    let refusal = trace.response();
    assert_eq!(refusal.status.code(), 401);
    assert_eq!(refusal.headers.get_all("WWW-Authenticate").count(), 2);
    trace.no_event();
    assert_eq!(trace.endpoint.usage(), Usage::default(), "it keeps no state");
    trace.receive(proved(&refusal, "secret"));
    trace.incoming();
}

#[test]
fn a_wrong_proof_makes_a_stranger_who_soon_hears_nothing() {
    let mut trace = demanding();
    trace.receive(invite());
    let refusal = trace.response();
    for _ in 0..20 {
        trace.receive(proved(&refusal, "guess"));
    }
    assert_eq!(trace.sent(), ["403"; 10]);
    assert!(matches!(trace.event(), Event::TurnedAway { why: Stranger::Proof, .. }));
}

#[test]
fn an_old_nonce_is_told_apart_from_a_wrong_proof() {
    let mut trace = demanding();
    trace.receive(invite());
    let refusal = trace.response();
    let late = proved(&refusal, "secret");
    trace.pass(Duration::from_secs(61));
    trace.receive(late);
    let again = trace.response();
    assert_eq!(again.status.code(), 401);
    assert!(again.headers.get("WWW-Authenticate").unwrap().contains("stale=true"));
    trace.no_event();
}

#[test]
fn whoever_probes_need_not_prove_anything() {
    let mut trace = demanding();
    trace.receive(super::sip_trace::request("OPTIONS", 1));
    assert_eq!(trace.sent(), ["200"]);
}

#[test]
fn a_server_of_ours_says_who_calls_and_nobody_else_does() {
    let callers = vec![Pattern::from_text("200@*").unwrap()];
    let allow = Allow { servers: true, attached: true, callers, ..Allow::ANYBODY };
    let asserted = with_header(&invite(), "P-Asserted-Identity: \"Head\" <sip:200@pbx.example>");
    let mut trace = Trace::with(EndpointConfig { allow: allow.clone(), ..EndpointConfig::new("box") });
    trace.endpoint.set_trusted(&["192.0.2.2".parse().unwrap()]);
    trace.receive(&asserted);
    match trace.event() {
        Event::Incoming { from, .. } => assert_eq!(from.uri.to_string(), "sip:200@pbx.example"),
        other => panic!("{other:?}"),
    }
    let both = "P-Asserted-Identity: <sip:300@pbx.example>, <tel:+49300>";
    for unwanted in
        [both, "P-Asserted-Identity: ???", "P-Asserted-Identity: <tel:+49300>, <sip:200@pbx.example>"]
    {
        let mut trace = Trace::with(EndpointConfig { allow: allow.clone(), ..EndpointConfig::new("box") });
        trace.endpoint.set_trusted(&["192.0.2.2".parse().unwrap()]);
        trace.receive(with_header(&invite().replace("sip:alice@", "sip:200@"), unwanted));
        assert_eq!(trace.sent(), ["403"], "{unwanted}");
    }
    let mut trace = Trace::with(EndpointConfig { allow, ..EndpointConfig::new("box") });
    trace.endpoint.set_attached(vec![crate::allow::Network::from_text("192.0.2.0/24").unwrap()]);
    trace.receive(&asserted);
    assert_eq!(trace.sent(), ["403"]);
}

#[test]
fn a_call_that_is_kept_alive_proves_that_too_when_asked() {
    for (allow, method) in [("UPDATE", "UPDATE"), ("BYE", "INVITE")] {
        let session_timer = Some(Duration::from_mins(30));
        let mut trace = Trace::with(EndpointConfig { session_timer, ..EndpointConfig::new("box") });
        let (call, invite) = call(&mut trace);
        let lines = format!("Session-Expires: 90;refresher=uac\nAllow: {allow}\nContact");
        trace.receive(reply(&invite, 200, "bob").replacen("Contact", &lines, 1));
        assert!(matches!(trace.event(), Event::Answered { .. }));
        assert_eq!(trace.sent(), ["ACK"]);
        trace.pass(Duration::from_secs(45));
        let first = trace.request();
        assert_eq!(
            (first.headers.cseq.to_string(), proof(&first, "Authorization")),
            (format!("2 {method}"), None)
        );
        trace.receive(challenge(&first, 401, "n1"));
        if method == "INVITE" {
            assert_eq!(trace.request().headers.cseq.to_string(), "2 ACK");
        }
        let second = trace.request();
        let shown = proof(&second, "Authorization");
        assert_eq!((second.headers.cseq.to_string(), shown.is_some()), (format!("3 {method}"), true));
        trace.receive(reply(&second, 200, "bob"));
        if method == "INVITE" {
            let ack = trace.request();
            assert_eq!(
                (ack.headers.cseq.to_string(), proof(&ack, "Authorization")),
                ("3 ACK".to_owned(), shown)
            );
        }
        assert!(trace.sent().is_empty());
        trace.endpoint.hang_up(trace.now, call);
        assert_eq!(trace.request().headers.cseq.to_string(), "4 BYE");
    }
}

#[test]
fn who_has_something_to_say_has_to_prove_who_he_is_like_a_caller() {
    let mut trace = demanding();
    trace.receive(with_body(&request("MESSAGE", 1), "text/plain", "hello"));
    assert_eq!(trace.sent(), ["401"]);
    trace.no_event();
    assert_eq!(trace.endpoint.usage(), Usage::default());
}
