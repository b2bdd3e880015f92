//! Who may page the real program: `[sip] allow`.

use crate::caller::Caller;
use crate::paging_box::{PagingBox, until};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

#[test]
fn a_stranger_gets_403_then_silence_and_a_line_in_the_log() {
    let target = PagingBox::start_for_others(V4, &["sip.allow=192.0.2.0/24"]);
    let mut caller = Caller::new(target.address);
    // The box has been asked whether it is up, which counts.
    caller.invite();
    let refusal = caller.receive_final(403);
    assert_eq!(refusal.header("cseq").as_deref(), Some("1 INVITE"));
    for _ in 0..20 {
        caller.invite();
    }
    let answers = (0..20).take_while(|_| caller.receive_within(Duration::from_millis(300)).is_some()).count();
    assert!(answers < 10, "{answers} answers");
    until(Duration::from_secs(2), "a line of the log", || target.log().contains(REFUSED));
    let lines = target.log().lines().filter(|line| line.contains(REFUSED)).count();
    assert!(lines <= 5, "{}", target.log());
}

#[test]
fn a_caller_from_a_named_network_pages() {
    let target = PagingBox::start(V4, &["sip.allow=127.0.0.0/8"]);
    let mut caller = Caller::new(target.address);
    caller.call();
    caller.hang_up();
}

#[test]
fn of_a_named_network_only_callers_that_match_may_page() {
    let target = PagingBox::start(V4, &["sip.allow=127.0.0.0/8, 2??@*"]);
    let mut stranger = Caller::new(target.address);
    stranger.invite();
    stranger.receive_final(403);
    let target = PagingBox::start(V4, &["sip.allow=127.0.0.0/8, call??@127.0.0.1"]);
    let mut caller = Caller::new(target.address);
    caller.call();
    caller.hang_up();
}

const REFUSED: &str = "refused: the address is in no network of [sip] allow";
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
