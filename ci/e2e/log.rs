//! The log never holds up the box.

use crate::caller::Caller;
use crate::paging_box::PagingBox;
use std::io::{Write, pipe};
use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn a_log_that_nobody_reads_holds_up_neither_calls_nor_the_end() {
    let (unread, log) = pipe().unwrap();
    // So the pipe is full from the first line on, and stays so until nobody can read it any more.
    let mut filler = log.try_clone().unwrap();
    let filling = thread::spawn(move || while filler.write_all(&[b'.'; 4096]).is_ok() {});
    let mut target = PagingBox::start_logging_to(log.into(), V4);
    for _ in 0..REFUSED {
        let mut caller = Caller::new(target.address);
        caller.send("INVITE", "Content-Type: application/sdp\r\n", VIDEO_ONLY);
        caller.receive_final(488);
    }
    let mut caller = Caller::new(target.address);
    caller.send("OPTIONS", "", "");
    caller.receive_final(200);
    assert!(target.threads() <= 4, "{} threads", target.threads());
    let stopped_at = Instant::now();
    target.send_sigterm();
    assert_eq!(target.wait_for_exit(Duration::from_secs(2)).code(), Some(0));
    assert!(stopped_at.elapsed() < Duration::from_secs(2), "{:?}", stopped_at.elapsed());
    drop(unread);
    filling.join().unwrap();
}

#[test]
fn the_last_lines_are_written_before_the_box_ends() {
    let mut target = PagingBox::start(V4, &[]);
    target.terminate();
    let log = target.log();
    assert!(log.lines().any(|line| line.contains("asked to stop")), "{log}");
    assert!(log.ends_with('\n'), "{log}");
}

#[test]
fn a_box_that_cannot_listen_says_why_at_any_log_level() {
    let first = PagingBox::start(V4, &[]);
    let listen = format!("sip.listen={}", first.address);
    let mut second = Command::new(env!("CARGO_BIN_EXE_paging"));
    let output = second
        .args(["--set", &listen, "--set", "audio.device=null", "--set", "log.level=off"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(said.starts_with("paging: no address to listen for SIP on: udp 127.0.0.1:"), "{said}");
}

/// More than the queue of the log thread takes.
const REFUSED: usize = 700;

const VIDEO_ONLY: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 16000 RTP/AVP 31\r\n";

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
