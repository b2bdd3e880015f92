//! SIGTERM: every caller hears of it, nobody new is taken, and the box ends within two seconds.

use crate::caller::Caller;
use crate::paging_box::PagingBox;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

#[test]
fn sigterm_says_bye_and_ends_within_two_seconds() {
    let mut target = PagingBox::start(V4, &[]);
    let mut caller = Caller::new(target.address);
    caller.call();
    let stop = Stop::of(&target);
    let bye = caller.receive_request("BYE", LIMIT);
    caller.confirm(&bye);
    stop.assert_in_time(&mut target);
}

#[test]
fn sigterm_ends_within_two_seconds_when_the_caller_does_not_answer_the_bye() {
    let mut target = PagingBox::start(V4, &[]);
    let mut caller = Caller::new(target.address);
    caller.call();
    let stop = Stop::of(&target);
    caller.receive_request("BYE", LIMIT);
    stop.assert_in_time(&mut target);
}

#[test]
fn sigterm_refuses_a_call_that_still_rings() {
    let mut target = PagingBox::start(V4, &["sip.answer-after=10s"]);
    let mut caller = Caller::new(target.address);
    caller.invite();
    assert_eq!(caller.receive_within(LIMIT).expect("it rings").status(), 180);
    let stop = Stop::of(&target);
    let status = final_status(&mut caller);
    assert!([480, 487].contains(&status), "{status}");
    stop.assert_in_time(&mut target);
}

/// RFC 3261 §15: no BYE before the ACK, or before it is given up.
#[test]
fn sigterm_says_bye_to_a_caller_as_soon_as_the_ack_has_come() {
    let mut target = PagingBox::start(V4, &[]);
    let mut caller = Caller::new(target.address);
    caller.invite();
    caller.receive_final(200);
    let stop = Stop::of(&target);
    // It has not gone without a word: the 200 comes again.
    caller.receive_final(200);
    caller.send("ACK", "", "");
    let bye = caller.receive_request("BYE", LIMIT);
    caller.confirm(&bye);
    stop.assert_in_time(&mut target);
}

#[test]
fn sigterm_ends_within_two_seconds_when_the_ack_never_comes() {
    let mut target = PagingBox::start(V4, &[]);
    let mut caller = Caller::new(target.address);
    caller.invite();
    caller.receive_final(200);
    Stop::of(&target).assert_in_time(&mut target);
}

#[test]
fn a_call_during_the_shutdown_is_refused() {
    let mut target = PagingBox::start(V4, &[]);
    let mut caller = Caller::new(target.address);
    caller.call();
    let stop = Stop::of(&target);
    // The box waits for the answer to its BYE meanwhile.
    let bye = caller.receive_request("BYE", LIMIT);
    let mut late = Caller::new(target.address);
    late.invite();
    let status = final_status(&mut late);
    assert!([480, 503].contains(&status), "{status}");
    caller.confirm(&bye);
    stop.assert_in_time(&mut target);
}

/// SIGTERM and when it was sent.
struct Stop(Instant);

impl Stop {
    fn of(target: &PagingBox) -> Self {
        let at = Instant::now();
        target.send_sigterm();
        Self(at)
    }

    fn assert_in_time(self, target: &mut PagingBox) {
        let status = target.wait_for_exit(LIMIT);
        assert_eq!(status.code(), Some(0));
        assert!(self.0.elapsed() < LIMIT, "{:?}", self.0.elapsed());
    }
}

/// Of the final response, provisional ones passed over.
fn final_status(caller: &mut Caller) -> u16 {
    loop {
        let status = caller.receive_within(LIMIT).expect("a final response").status();
        if status >= 200 {
            return status;
        }
    }
}

const LIMIT: Duration = Duration::from_secs(2);
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
