//! Calls over TCP in virtual time: what is not sent again, how the way back is found, and what a broken connection ends
//! (RFC 3261 §17, §18).

use super::net::address;
use super::sip_trace::{ANSWER, OFFER, Trace, ack_of_refusal, invite, reply, request, with_body, within};
use crate::allow::{Allow, Network, Pattern};
use crate::sip::wire::{Message, Request, StatusCode};
use crate::sip::{EndReason, EndpointConfig, Event, Invite, Path, Reception, Transport};
use core::net::SocketAddr;
use core::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn call(trace: &mut Trace) -> Request {
    let target = "sip:bob@192.0.2.2;transport=tcp".parse().unwrap();
    trace.endpoint.invite(trace.now, Invite::new(target, trace.path, ANSWER.into()));
    trace.request()
}

/// The far end of the only connection.
fn far(trace: &Trace) -> SocketAddr {
    trace.path.remote
}

#[test]
fn requests_go_once_and_are_given_up_after_64_t1() {
    let mut trace = Trace::over_tcp();
    call(&mut trace);
    assert!(trace.moments(Duration::from_millis(31_999)).is_empty());
    trace.no_event();
    trace.pass(Duration::from_millis(1));
    assert!(matches!(trace.event(), Event::Failed { status: StatusCode::REQUEST_TIMEOUT, .. }));
    let mut trace = Trace::over_tcp();
    let (call, _) = trace.confirmed();
    trace.endpoint.hang_up(trace.now, call);
    assert_eq!(trace.sent(), ["BYE"]);
    assert!(trace.moments(40 * SECOND).is_empty());
    assert!(matches!(trace.event(), Event::Ended { reason: EndReason::LocalHangUp, .. }));
}

#[test]
fn what_was_answered_is_forgotten_at_once() {
    let mut trace = Trace::over_tcp();
    let invite = call(&mut trace);
    trace.receive(reply(&invite, 486, "bob"));
    assert_eq!(trace.sent(), ["ACK"]);
    trace.pass(Duration::ZERO);
    assert_eq!(trace.endpoint.usage().client_transactions, 0, "timer D");
    trace.event();
    let (call, tag) = trace.confirmed();
    trace.receive(within("INFO", 2, &tag));
    assert_eq!(trace.sent(), ["200"]);
    assert_eq!(trace.endpoint.usage().server_transactions, 1, "timer J; the INVITE is remembered");
    trace.endpoint.hang_up(trace.now, call);
    let bye = trace.request();
    trace.receive(reply(&bye, 200, ""));
    trace.pass(Duration::ZERO);
    assert_eq!(trace.endpoint.usage().client_transactions, 0, "timer K");
    trace.assert_clean();
}

#[test]
fn a_refusal_goes_once_and_its_ack_ends_it() {
    let mut trace = Trace::over_tcp();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.reject(trace.now, call, StatusCode::BUSY_HERE, None);
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    assert!(trace.moments(20 * SECOND).is_empty());
    trace.receive(ack_of_refusal(&tag));
    assert_eq!(trace.endpoint.usage().server_transactions, 0, "timer I");
}

#[test]
fn via_and_contact_say_tcp_and_from_does_not() {
    let mut trace = Trace::over_tcp();
    let invite = call(&mut trace);
    assert_eq!(invite.headers.via[0].transport(), "TCP");
    assert_eq!(invite.headers.via[0].sent_by().to_string(), "192.0.2.1:5060");
    let contact = invite.headers.contacts.first().unwrap();
    assert_eq!(contact.uri.to_string(), "sip:box@192.0.2.1:5060;transport=tcp");
    assert_eq!(invite.headers.from.uri.to_string(), "sip:box@192.0.2.1:5060");
    trace.receive(request("INVITE", 1));
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let contact = trace.response().headers.contacts.first().unwrap().uri.to_string();
    assert_eq!(contact, "sip:box@192.0.2.1:5060;transport=tcp");
}

#[test]
fn a_response_goes_back_over_the_connection_or_else_to_the_port_of_sent_by() {
    for (sent_by, port) in [("192.0.2.2:5070;rport", 5070), ("phone.example", 5060), ("192.0.2.2:0", 40000)] {
        let mut trace = Trace::over_tcp();
        trace.receive(request("OPTIONS", 1).replace("192.0.2.2:5060;branch", &format!("{sent_by};branch")));
        let path = trace.transmit().path;
        assert_eq!(path.flow, Some(far(&trace)), "{sent_by}");
        assert_eq!(path.remote, SocketAddr::new(far(&trace).ip(), port), "{sent_by}");
    }
}

#[test]
fn requests_within_a_call_prefer_its_connection() {
    let mut trace = Trace::over_tcp();
    let (call, _) = trace.confirmed();
    assert_eq!(trace.endpoint.flows().collect::<Vec<_>>(), [far(&trace)]);
    trace.endpoint.hang_up(trace.now, call);
    let contact = "192.0.2.2:5060".parse().unwrap();
    assert_eq!(trace.transmit().path, Path { remote: contact, flow: Some(far(&trace)), ..trace.path });
}

#[test]
fn a_caller_behind_nat_is_hung_up_on_by_his_connection() {
    let mut trace = Trace::over_tcp();
    let hidden = |message: String| message.replace("192.0.2.2:5060", "10.0.0.7:5060");
    trace.receive(hidden(invite()));
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    trace.receive(hidden(within("ACK", 1, &tag)));
    trace.endpoint.hang_up(trace.now, call);
    let bye = trace.transmit();
    let contact = "10.0.0.7:5060".parse().unwrap();
    assert_eq!(bye.path, Path { remote: contact, flow: Some(far(&trace)), ..trace.path });
    assert!(bye.bytes.starts_with(b"BYE sip:alice@10.0.0.7:5060 "));
}

#[test]
fn a_connection_that_cannot_be_opened_fails_the_call_at_once() {
    let mut trace = Trace::over_tcp();
    call(&mut trace);
    trace.endpoint.handle_broken(trace.now, address(9));
    trace.no_event();
    trace.endpoint.handle_broken(trace.now, far(&trace));
    let Event::Failed { status, reason, .. } = trace.event() else { panic!() };
    assert_eq!((status, reason.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "no connection"));
    trace.assert_clean();
}

#[test]
fn a_redirection_may_lead_to_tcp() {
    let mut trace = Trace::new();
    let invite = call(&mut trace);
    let moved = reply(&invite, 302, "bob").replace("192.0.2.2:5070", "192.0.2.9:5070;transport=tcp");
    trace.receive(moved);
    assert_eq!(trace.request().method.as_str(), "ACK");
    let again = trace.transmit();
    assert_eq!(again.path, Path::tcp(trace.path.local, "192.0.2.9:5070".parse().unwrap()));
    assert!(again.bytes.windows(11).any(|at| at == b"SIP/2.0/TCP"), "its Via");
}

#[test]
fn a_call_that_rings_outlives_its_connection() {
    let mut trace = Trace::over_tcp();
    let invite = call(&mut trace);
    trace.receive(reply(&invite, 180, "bob"));
    assert!(matches!(trace.event(), Event::Ringing { .. }));
    trace.endpoint.handle_broken(trace.now, far(&trace));
    trace.no_event();
    trace.receive(reply(&invite, 200, "bob"));
    assert!(matches!(trace.event(), Event::Answered { .. }));
    assert_eq!(trace.sent(), ["ACK"]);
}

#[test]
fn a_bye_that_is_lost_with_its_connection_goes_by_a_new_one_or_ends_the_call_all_the_same() {
    let mut trace = Trace::over_tcp();
    trace.receive(invite().replace("192.0.2.2:5060>", "192.0.2.2:5060;transport=tcp>"));
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    trace.receive(within("ACK", 1, &tag));
    trace.event();
    trace.endpoint.handle_broken(trace.now, far(&trace));
    trace.no_event();
    trace.endpoint.hang_up(trace.now, call);
    let first = trace.transmit();
    trace.endpoint.handle_broken(trace.now, far(&trace));
    trace.no_event();
    let again = trace.transmit();
    assert_eq!((again.path.flow, again.path.remote.port()), (None, 5060), "to the Contact");
    assert_eq!(again.bytes, first.bytes);
    trace.endpoint.handle_broken(trace.now, again.path.remote);
    assert!(matches!(trace.event(), Event::Ended { reason: EndReason::LocalHangUp, .. }));
    trace.assert_clean();
}

/// A telephone that is at UDP, and used TCP for a request that was too large for it (RFC 3261 §18.1.1).
#[test]
fn what_finds_no_connection_goes_over_udp_where_the_contact_does_not_say_tcp() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    let udp = core::mem::replace(&mut trace.path, Trace::over_tcp().path);
    trace.receive(with_body(&within("INVITE", 2, &tag), "application/sdp", OFFER));
    trace.event();
    trace.endpoint.accept_reoffer(trace.now, call, ANSWER.into());
    trace.sent();
    trace.receive(within("ACK", 2, &tag));
    trace.event();
    trace.endpoint.hang_up(trace.now, call);
    let first = trace.transmit();
    assert_eq!((first.path.transport, first.path.flow), (Transport::Tcp, Some(far(&trace))));
    trace.endpoint.handle_broken(trace.now, udp.remote);
    let bye = trace.transmit();
    assert_eq!((bye.path.transport, bye.path.remote), (Transport::Udp, udp.remote));
    let Ok(Message::Request(bye)) = Message::parse(&bye.bytes) else { panic!() };
    assert_eq!((bye.method.as_str(), bye.headers.via[0].transport()), ("BYE", "UDP"));
    trace.receive(reply(&bye, 200, ""));
    assert!(matches!(trace.event(), Event::Ended { reason: EndReason::LocalHangUp, .. }));
    trace.assert_clean();
}

#[test]
fn a_large_call_that_was_given_up_does_not_ring_over_udp_after_all() {
    let (mut trace, call) = large();
    trace.sent();
    trace.endpoint.hang_up(trace.now, call);
    let far = far(&trace);
    trace.endpoint.handle_broken(trace.now, far);
    assert!(trace.sent().is_empty());
    assert_eq!(trace.event(), Event::Ended { call, reason: EndReason::LocalHangUp });
    trace.assert_clean();
}

/// An INVITE of more than 1300 bytes, and the trace of who sends it over UDP.
fn large() -> (Trace, crate::sip::CallKey) {
    let mut trace = Trace::new();
    let target = "sip:bob@192.0.2.2".parse().unwrap();
    let body = vec![b'x'; 1000];
    let call = trace.endpoint.invite(trace.now, Invite { target, path: trace.path, identity: None, body });
    (trace, call)
}

#[test]
fn a_request_over_1300_bytes_goes_over_tcp_and_so_does_its_cancel() {
    let (mut trace, call) = large();
    let sent = trace.transmit();
    assert_eq!(sent.path, Path::tcp(trace.path.local, trace.path.remote));
    let Ok(Message::Request(invite)) = Message::parse(&sent.bytes) else { panic!() };
    assert_eq!(invite.headers.via[0].transport(), "TCP");
    trace.receive(reply(&invite, 180, "bob"));
    trace.endpoint.hang_up(trace.now, call);
    let cancel = trace.transmit();
    assert_eq!((cancel.path, &cancel.bytes[..6]), (sent.path, b"CANCEL".as_slice()));
}

#[test]
fn without_a_connection_a_large_request_goes_over_udp_after_all() {
    let (mut trace, _) = large();
    let first = trace.request();
    let far = far(&trace);
    trace.endpoint.handle_broken(trace.now, far);
    let again = trace.transmit();
    assert_eq!(again.path, trace.path);
    let Ok(Message::Request(again)) = Message::parse(&again.bytes) else { panic!() };
    assert_eq!(again.headers.via[0].transport(), "UDP");
    assert_eq!((again.headers.via[0].branch(), &again.body), (first.headers.via[0].branch(), &first.body));
    assert_eq!(trace.moments(4 * SECOND), [500, 1500, 3500]);
    trace.endpoint.handle_broken(trace.now, far);
    trace.receive(reply(&again, 200, "bob"));
    assert!(matches!(trace.event(), Event::Answered { .. }));
    assert_eq!(trace.sent(), ["ACK"]);
}

#[test]
fn the_head_of_a_message_that_is_too_large_gets_513() {
    let mut trace = Trace::over_tcp();
    let large =
        request("INVITE", 1).replace("Content-Length: 0", "Content-Length: 70000").replace('\n', "\r\n");
    let taken = trace.endpoint.handle_oversized(trace.now, trace.path, large.as_bytes());
    assert_eq!((taken, trace.response().status), (Reception::Unreadable, StatusCode::MESSAGE_TOO_LARGE));
    let endless = large.trim_end_matches("\r\n").as_bytes();
    trace.endpoint.handle_oversized(trace.now, trace.path, endless);
    assert_eq!(trace.response().status, StatusCode::MESSAGE_TOO_LARGE, "without an end of its headers");
    trace.endpoint.handle_oversized(
        trace.now,
        trace.path,
        b"SIP/2.0 200 OK\r\nContent-Length: 70000\r\n\r\n",
    );
    assert!(trace.sent().is_empty(), "a response is not answered");
}

#[test]
fn a_message_says_what_to_think_of_its_connection() {
    let network = Network::from_text("10.0.0.0/8").unwrap();
    let allow = Allow { networks: vec![network], ..Allow::ANYBODY };
    let mut closed = Trace::over_tcp();
    let path = closed.path;
    closed = Trace { path, ..Trace::with(EndpointConfig { allow, ..EndpointConfig::new("box") }) };
    let mut open = Trace::over_tcp();
    let mut say = |text: &str| {
        let bytes = text.replace('\n', "\r\n");
        [&mut open, &mut closed].map(|trace| trace.endpoint.handle_message(trace.now, path, bytes.as_bytes()))
    };
    assert_eq!(say(&invite()), [Reception::Taken, Reception::TurnedAway]);
    assert_eq!(say(&request("ACK", 7)), [Reception::Taken, Reception::Unreadable]);
    assert_eq!(say("\n\n"), [Reception::Unreadable; 2]);
    assert_eq!(say("GET / HTTP/1.1\n\n"), [Reception::Unreadable, Reception::TurnedAway]);
    let nobody = with_body(&invite(), "text/plain", "x").replace("CSeq: 1 INVITE", "CSeq: 1 BYE");
    assert_eq!(say(&nobody), [Reception::Unreadable, Reception::TurnedAway]);
}

#[test]
fn a_caller_who_is_refused_says_nothing_against_who_else_calls_by_his_connection() {
    let allow = Allow { callers: vec![Pattern::from_text("bob@*").unwrap()], ..Allow::ANYBODY };
    let path = Trace::over_tcp().path;
    let mut trace = Trace { path, ..Trace::with(EndpointConfig { allow, ..EndpointConfig::new("box") }) };
    let text = invite().replace('\n', "\r\n");
    assert_eq!(trace.endpoint.handle_message(trace.now, path, text.as_bytes()), Reception::Taken);
    assert_eq!(trace.sent(), ["403"]);
}
