//! The timers of RFC 3261 §17 and RFC 6026 that other traces do not show, in virtual time.

use super::sip_trace::{ANSWER, Trace, ack_of_refusal, invite, reply, within};
use crate::sip::Invite;
use crate::sip::wire::{Request, StatusCode};
use core::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

fn call(trace: &mut Trace) -> Request {
    let target = "sip:bob@192.0.2.2".parse().unwrap();
    trace.endpoint.invite(trace.now, Invite::new(target, trace.path, ANSWER.into()));
    trace.request()
}

fn servers(trace: &Trace) -> usize {
    trace.endpoint.usage().server_transactions
}

fn clients(trace: &Trace) -> usize {
    trace.endpoint.usage().client_transactions
}

#[test]
fn timer_d_acknowledges_refusals_for_32_s() {
    let mut trace = Trace::new();
    let invite = call(&mut trace);
    trace.receive(reply(&invite, 486, "bob"));
    trace.pass(Duration::from_millis(31_999));
    trace.sent();
    trace.receive(reply(&invite, 486, "bob"));
    assert_eq!(trace.sent(), ["ACK"]);
    trace.pass(MILLISECOND);
    trace.receive(reply(&invite, 486, "bob"));
    assert!(trace.sent().is_empty());
}

#[test]
fn a_late_200_of_another_fork_takes_no_ack_from_a_refusal() {
    let mut trace = Trace::new();
    let invite = call(&mut trace);
    trace.receive(reply(&invite, 486, "bob"));
    assert_eq!(trace.sent(), ["ACK"]);
    trace.receive(reply(&invite, 200, "carol"));
    trace.sent();
    trace.receive(reply(&invite, 486, "bob"));
    assert_eq!(trace.sent(), ["ACK"]);
}

#[test]
fn timer_e_doubles_up_to_t2_and_timer_f_gives_up() {
    let mut trace = Trace::new();
    let (call, _) = trace.confirmed();
    trace.endpoint.hang_up(trace.now, call);
    trace.sent();
    let moments = trace.moments(40 * SECOND);
    assert_eq!(moments, [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
}

#[test]
fn timer_e_is_t2_after_a_provisional_response() {
    let mut trace = Trace::new();
    let (call, _) = trace.confirmed();
    trace.endpoint.hang_up(trace.now, call);
    let bye = trace.request();
    trace.receive(reply(&bye, 100, ""));
    assert_eq!(trace.moments(9 * SECOND), [500, 4500, 8500]);
    trace.no_event();
}

#[test]
fn timer_g_doubles_up_to_t2_and_timer_h_gives_up() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.reject(trace.now, call, StatusCode::BUSY_HERE, None);
    trace.sent();
    let moments = trace.moments(Duration::from_millis(31_999));
    assert_eq!(moments, [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    assert_eq!(servers(&trace), 1);
    trace.pass(MILLISECOND);
    assert_eq!(servers(&trace), 0);
}

#[test]
fn timer_i_absorbs_acks_for_t4() {
    let mut trace = Trace::new();
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.reject(trace.now, call, StatusCode::BUSY_HERE, None);
    let tag = trace.response().headers.to.tag().unwrap().to_owned();
    trace.receive(ack_of_refusal(&tag));
    trace.pass(Duration::from_millis(4999));
    trace.receive(ack_of_refusal(&tag));
    assert_eq!((servers(&trace), trace.endpoint.counters().stray_acks), (1, 0));
    trace.pass(MILLISECOND);
    assert_eq!(servers(&trace), 0);
}

#[test]
fn timer_j_remembers_answers_for_32_s() {
    let mut trace = Trace::new();
    let (_, tag) = trace.confirmed();
    trace.pass(40 * SECOND);
    trace.receive(within("BYE", 2, &tag));
    trace.pass(Duration::from_millis(31_999));
    assert_eq!(servers(&trace), 1);
    trace.pass(MILLISECOND);
    assert_eq!(servers(&trace), 0);
}

#[test]
fn timer_k_absorbs_responses_for_t4() {
    let mut trace = Trace::new();
    let (call, _) = trace.confirmed();
    trace.endpoint.hang_up(trace.now, call);
    let bye = trace.request();
    trace.receive(reply(&bye, 200, ""));
    trace.pass(Duration::from_millis(4999));
    trace.receive(reply(&bye, 200, ""));
    assert_eq!((clients(&trace), trace.endpoint.counters().unmatched), (1, 0));
    trace.pass(MILLISECOND);
    assert_eq!(clients(&trace), 0);
}

#[test]
fn timer_l_absorbs_an_accepted_invite_for_32_s() {
    let mut trace = Trace::new();
    trace.confirmed();
    trace.pass(Duration::from_millis(31_999));
    assert_eq!(servers(&trace), 1);
    trace.pass(MILLISECOND);
    assert_eq!(servers(&trace), 0);
}

#[test]
fn timer_m_hears_repeated_answers_for_32_s() {
    let mut trace = Trace::new();
    let invite = call(&mut trace);
    trace.receive(reply(&invite, 200, "bob"));
    trace.sent();
    trace.pass(Duration::from_millis(31_999));
    trace.receive(reply(&invite, 200, "bob"));
    assert_eq!(trace.sent(), ["ACK"]);
    trace.pass(MILLISECOND);
    assert_eq!(clients(&trace), 0);
}
