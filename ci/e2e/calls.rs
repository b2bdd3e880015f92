//! Call flows of RFC 3261, by sipp.

use crate::caller::Caller;
use crate::paging_box::PagingBox;
use crate::sipp::Sipp;
use crate::skip;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

fn run(ip: IpAddr, settings: &[&str], scenario: &str, calls: u32) {
    if skip::is_missing("sipp") {
        return;
    }
    let mut target = PagingBox::start(ip, settings);
    Sipp::start(&target, scenario, calls).finish();
    assert!(target.is_running());
    assert_eq!(target.terminate().code(), Some(0));
}

#[test]
fn a_call_is_answered_and_ended() {
    run(V4, &[], "short_call", 1);
}

#[test]
fn a_call_over_ipv6_is_answered_and_ended() {
    run(V6, &[], "short_call", 1);
}

#[test]
fn several_calls_at_once_are_answered_and_ended() {
    run(V4, &[], "short_call", 8);
}

#[test]
fn a_caller_who_gives_up_while_the_box_rings_gets_487() {
    run(V4, &["sip.answer-after=10s"], "cancel", 1);
}

#[test]
fn options_tells_what_is_understood() {
    run(V4, &[], "options", 1);
}

#[test]
fn options_over_ipv6_tells_what_is_understood() {
    run(V6, &[], "options", 1);
}

#[test]
fn an_unknown_method_gets_405() {
    run(V4, &[], "unknown_method", 1);
}

#[test]
fn a_bye_without_a_call_gets_481() {
    run(V4, &[], "bye_out_of_dialog", 1);
}

#[test]
fn an_offer_without_a_known_codec_gets_488() {
    run(V4, &[], "unsupported_codec", 1);
}

#[test]
fn a_call_that_lasts_too_long_is_ended_by_the_box() {
    run(V4, &["calls.hang-up-after-minutes=0.01"], "box_hangs_up", 1);
}

#[test]
fn the_200_is_sent_again_until_the_ack_comes() {
    let target = PagingBox::start(V4, &[]);
    let mut caller = Caller::new(target.address);
    caller.invite();
    let first = caller.receive_final(200);
    let second = caller.receive_final(200);
    let third = caller.receive_final(200);
    assert_eq!((first.header("cseq"), first.header("to")), (second.header("cseq"), second.header("to")));
    assert_eq!(first.header("to"), third.header("to"));
    caller.send("ACK", "", "");
    caller.hang_up();
    assert!(caller.receive_within(Duration::from_secs(1)).is_none(), "a 200 after the call");
}

#[test]
fn sigterm_says_bye_and_ends_within_two_seconds() {
    let mut target = PagingBox::start(V4, &[]);
    let mut caller = Caller::new(target.address);
    caller.call();
    let stopped_at = Instant::now();
    target.send_sigterm();
    let bye = caller.receive_request("BYE", Duration::from_secs(2));
    caller.confirm(&bye);
    let status = target.wait_for_exit(Duration::from_secs(2));
    assert_eq!(status.code(), Some(0));
    assert!(stopped_at.elapsed() < Duration::from_secs(2), "{:?}", stopped_at.elapsed());
}

#[test]
fn sigterm_ends_within_two_seconds_when_the_caller_does_not_answer_the_bye() {
    let mut target = PagingBox::start(V4, &[]);
    let mut caller = Caller::new(target.address);
    caller.call();
    let stopped_at = Instant::now();
    target.send_sigterm();
    caller.receive_request("BYE", Duration::from_secs(2));
    let status = target.wait_for_exit(Duration::from_secs(3));
    assert_eq!(status.code(), Some(0));
    assert!(stopped_at.elapsed() < Duration::from_millis(2500), "{:?}", stopped_at.elapsed());
}

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
