//! What keeps calls alive, and what is said without one: `[sip] session-timer`, and texts.

use crate::callee::sdp;
use crate::caller::{Caller, Received};
use crate::paging_box::{PagingBox, until};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

#[test]
fn a_caller_who_counts_is_told_for_how_long_the_call_lasts() {
    let target = PagingBox::start(V4, &["sip.session-timer=5m"]);
    let mut caller = Caller::new(target.address);
    let ok = invite(&mut caller, "Supported: timer\r\nSession-Expires: 1800\r\n", 200);
    let told = |ok: &Received| ["session-expires", "require"].map(|name| ok.header(name).unwrap_or_default());
    assert_eq!(told(&ok), ["300;refresher=uac", "timer"]);
    caller.send("ACK", "", "");
    let mut caller = Caller::new(target.address);
    let ok = invite(&mut caller, "", 200);
    assert_eq!(told(&ok), ["300;refresher=uas", ""]);
    caller.send("ACK", "", "");
    caller.hang_up();
}

#[test]
fn a_caller_who_counts_too_fast_is_told_so() {
    let target = PagingBox::start(V4, &[]);
    let mut caller = Caller::new(target.address);
    let refusal = invite(&mut caller, "Supported: timer\r\nSession-Expires: 60\r\n", 422);
    assert_eq!(refusal.header("min-se").as_deref(), Some("90"));
}

#[test]
fn a_text_stands_in_the_log_without_control_characters() {
    let target = PagingBox::start(V4, &[]);
    let mut caller = Caller::new(target.address);
    caller.send("MESSAGE", "Content-Type: text/plain\r\n", "fire\u{1b} in\nhall 2");
    caller.receive_final(200);
    until(Duration::from_secs(2), "a line of the log", || target.log().contains(": fire? in?hall 2\n"));
    let log = target.log();
    assert!(log.lines().any(|line| line.contains("text from sip:caller@127.0.0.1:")), "{log}");
}

/// INVITE with these headers, and its final response.
fn invite(caller: &mut Caller, headers: &str, status: u16) -> Received {
    caller.send("INVITE", &format!("{headers}Content-Type: application/sdp\r\n"), &sdp(16_000, 0));
    caller.receive_final(status)
}

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
