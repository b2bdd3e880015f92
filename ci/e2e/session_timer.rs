//! What keeps calls alive, and what is said without one: `[sip] session-timer`, and texts.

use crate::callee::sdp;
use crate::caller::{Caller, Received};
use crate::paging_box::{PagingBox, until};
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
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

/// It takes 45 s, half of the shortest interval, and nothing of the machine.
#[test]
fn the_answer_to_what_keeps_a_call_alive_is_followed_to_another_port() {
    let target = PagingBox::start(V4, &["sip.session-timer=90s", "sip.rtp-timeout=0"]);
    let sockets = [(); 2].map(|()| UdpSocket::bind((V4, 0)).unwrap());
    let [first, second] = sockets.each_ref().map(|socket| sdp(socket.local_addr().unwrap().port(), 0));
    let mut caller = Caller::new(target.address);
    caller.send("INVITE", "Allow: INVITE, ACK, BYE\r\nContent-Type: application/sdp\r\n", &first);
    caller.receive_final(200);
    caller.send("ACK", "", "");
    let refresh = caller.receive_request("INVITE", Duration::from_secs(50));
    assert!(refresh.0.contains("\r\nm=audio "), "{}", refresh.0);
    assert!(hears(&sockets[0]));
    caller.answer(&refresh, &second);
    caller.receive_request("ACK", Duration::from_secs(4));
    assert!(hears(&sockets[1]), "{}", target.log());
    caller.hang_up();
}

/// Who says nothing is sent a packet a second.
fn hears(socket: &UdpSocket) -> bool {
    socket.set_read_timeout(Some(Duration::from_secs(4))).unwrap();
    socket.recv(&mut [0; 2048]).is_ok_and(|length| length == 172)
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
