//! Call flows of RFC 3261 and its extensions, by sipp over UDP and TCP.

use crate::callee::sdp;
use crate::caller::Caller;
use crate::paging_box::{PagingBox, free_pair_of_ports};
use crate::sipp::{PASSWORD, Sipp, USER, Way};
use crate::skip;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::time::{Duration, Instant};

/// One scenario, one way after the other.
fn run(ip: IpAddr, settings: &[&str], scenario: &str, calls: u32) {
    if skip::is_missing("sipp") {
        return;
    }
    let mut target = PagingBox::start(ip, settings);
    for way in Way::ALL {
        Sipp::start(&target, way, scenario, calls).finish();
    }
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
fn a_caller_who_hangs_up_while_the_box_rings_gets_200_and_487() {
    run(V4, &["sip.answer-after=10s"], "early_bye", 1);
}

#[test]
fn a_call_changes_its_codec_and_port_and_stays_as_it_was_when_that_is_refused() {
    run(V4, &[], "reinvite", 1);
}

#[test]
fn a_call_is_held_and_resumed_by_update() {
    run(V4, &[], "update", 1);
}

#[test]
fn a_caller_who_counts_refreshes_his_call() {
    run(V4, &[], "session_timer", 1);
}

#[test]
fn texts_are_taken() {
    run(V4, &[], "message", 1);
}

#[test]
fn a_caller_who_is_asked_to_proves_who_he_is() {
    let [user, pass] = [format!("sip.user={USER}"), format!("sip.pass={PASSWORD}")];
    run(V4, &[&user, &pass, "sip.require-auth=yes"], "proof", 1);
}

#[test]
fn what_is_not_understood_is_refused_in_the_words_of_the_rfc() {
    run(V4, &[], "not_understood", 1);
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
fn an_unknown_method_gets_501() {
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
fn a_key_is_taken_and_a_fax_refused_within_a_call() {
    run(V4, &[], "key_and_fax", 1);
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
fn one_call_too_many_gets_486_until_another_ends() {
    // One pair of ports for media is one call.
    let setting = format!("sip.rtp-ports={}", free_pair_of_ports());
    let mut target = PagingBox::start(V4, &[&setting]);
    let mut first = Caller::new(target.address);
    first.call();
    let mut second = Caller::new(target.address);
    second.invite();
    second.receive_final(486);
    first.hang_up();
    let mut third = Caller::new(target.address);
    third.call();
    third.hang_up();
    assert!(target.is_running());
}

#[test]
fn the_ports_of_a_call_that_was_sent_to_are_free_for_the_next() {
    let setting = format!("sip.rtp-ports={}", free_pair_of_ports());
    let target = PagingBox::start(V4, &[&setting]);
    for _ in 0..2 {
        let ear = UdpSocket::bind((V4, 0)).unwrap();
        let mut caller = Caller::new(target.address);
        let offer = sdp(ear.local_addr().unwrap().port(), 0);
        caller.send("INVITE", "Content-Type: application/sdp\r\n", &offer);
        caller.receive_final(200);
        caller.send("ACK", "", "");
        ear.set_read_timeout(Some(Duration::from_secs(4))).unwrap();
        ear.recv(&mut [0; 2048]).expect("a packet");
        caller.hang_up();
        assert!(caller.receive_within(Duration::from_millis(50)).is_none(), "nothing follows");
    }
}

/// RFC 3261 §17.2.1: a 100 is due after 200 ms unless another response has gone by then; and an INVITE that comes
/// again gets the newest response again. The box rings at once, so no 100 is needed, and none is asked for here.
#[test]
fn a_box_that_rings_says_so_before_a_100_is_due_and_again_when_asked_again() {
    let target = PagingBox::start(V4, &["sip.answer-after=10s"]);
    let mut caller = Caller::new(target.address);
    let called_at = Instant::now();
    caller.invite();
    caller.invite();
    let [first, again] = [(); 2].map(|()| caller.receive_within(TRYING_AFTER).expect("a response"));
    assert!(called_at.elapsed() < TRYING_AFTER, "{:?}", called_at.elapsed());
    assert_eq!((first.status(), again.status()), (180, 180));
    assert_eq!(first.header("to"), again.header("to"));
}

/// More at once than the box handles in a row.
#[test]
fn every_message_of_a_burst_is_answered() {
    let target = PagingBox::start(V4, &[]);
    let mut callers: Vec<_> = (0..40).map(|_| Caller::new(target.address)).collect();
    for caller in &mut callers {
        caller.send("OPTIONS", "", "");
    }
    for mut caller in callers {
        caller.receive_final(200);
    }
}

const TRYING_AFTER: Duration = Duration::from_millis(200);
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
