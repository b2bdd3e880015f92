//! Keys by INFO, as traces (RFC 6086, and what telephones did before it).

use super::sip_trace::{Trace, header, invite, request, with_body, with_header, within};
use crate::key::Key;
use crate::sip::{EndpointConfig, Event};

const RELAY: &str = "application/dtmf-relay";

/// The status of the answer to an INFO with this body.
fn status(trace: &mut Trace, cseq: u32, tag: &str, (content_type, body): (&str, &str)) -> u16 {
    trace.receive(with_body(&within("INFO", cseq, tag), content_type, body));
    trace.response().status.code()
}

#[test]
fn keys_are_told_as_telephones_send_them() {
    let mut trace = Trace::new();
    let (call, tag) = trace.confirmed();
    let bodies = [
        (RELAY, "Signal=5\nDuration=160\n", '5'),
        ("Application/DTMF-Relay; charset=utf-8", "Signal= 11\n", '#'),
        ("application/dtmf", "*", '*'),
    ];
    for (cseq, (content_type, body, label)) in (2..).zip(bodies) {
        assert_eq!(status(&mut trace, cseq, &tag, (content_type, body)), 200, "{body}");
        assert_eq!(trace.event(), Event::Info { call, key: Key::from_char(label).unwrap() });
    }
    trace.no_event();
}

#[test]
fn a_key_that_comes_again_is_the_same_key() {
    let mut trace = Trace::new();
    let (_, tag) = trace.confirmed();
    let info = with_body(&within("INFO", 2, &tag), RELAY, "Signal=5\n");
    trace.receive(&info);
    trace.receive(&info);
    assert_eq!(trace.sent(), ["200", "200"]);
    trace.event();
    trace.no_event();
    trace.receive(within("BYE", 3, &tag));
    trace.assert_clean();
}

#[test]
fn a_key_may_come_before_the_answer() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.ring(trace.now, call);
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    assert_eq!(status(&mut trace, 2, &tag, (RELAY, "Signal=1\n")), 200);
    assert_eq!(trace.event(), Event::Info { call, key: Key::from_char('1').unwrap() });
}

#[test]
fn what_is_no_key_is_refused_and_the_call_goes_on() {
    let mut trace = Trace::new();
    let (_, tag) = trace.confirmed();
    trace.receive(with_body(&within("INFO", 2, &tag), "text/plain", "5"));
    let refusal = trace.response();
    assert_eq!(refusal.status.code(), 415);
    assert_eq!(header(&refusal, "Accept"), "application/dtmf-relay, application/dtmf");
    trace.receive(
        with_body(&within("INFO", 3, &tag), "text/plain", "5").replace("Content-Type: text/plain\n", ""),
    );
    assert_eq!(trace.sent(), ["415"], "a body without a type");
    assert_eq!(status(&mut trace, 4, &tag, (RELAY, "Signal=flash\n")), 400);
    trace.no_event();
    trace.receive(within("BYE", 5, &tag));
    assert_eq!(trace.sent(), ["200"]);
}

#[test]
fn an_info_about_nothing_gets_200_and_one_of_a_package_469() {
    let mut trace = Trace::new();
    let (_, tag) = trace.confirmed();
    trace.receive(within("INFO", 2, &tag));
    assert_eq!(trace.sent(), ["200"]);
    trace.receive(with_header(&within("INFO", 3, &tag), "Info-Package: conference"));
    let refusal = trace.response();
    assert_eq!((refusal.status.code(), header(&refusal, "Recv-Info").as_str()), (469, ""));
    trace.no_event();
}

#[test]
fn a_key_of_no_call_or_of_one_that_is_over_gets_481() {
    let mut trace = Trace::new();
    trace.receive(with_body(&request("INFO", 1), RELAY, "Signal=5\n"));
    assert_eq!(trace.sent(), ["481"]);
    let (call, tag) = trace.confirmed();
    trace.endpoint.hang_up(trace.now, call);
    assert_eq!(trace.sent(), ["BYE"]);
    assert_eq!(status(&mut trace, 2, &tag, (RELAY, "Signal=5\n")), 481);
    trace.no_event();
}

#[test]
fn without_room_to_know_it_again_a_key_gets_503() {
    let mut config = EndpointConfig::new("box");
    config.limits.transactions = 1;
    let mut trace = Trace::with(config);
    let (_, tag) = trace.confirmed();
    trace.receive(with_body(&within("INFO", 2, &tag), RELAY, "Signal=5\n"));
    let refusal = trace.response();
    assert_eq!((refusal.status.code(), header(&refusal, "Retry-After").as_str()), (503, "2"));
    trace.no_event();
}
