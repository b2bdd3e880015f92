//! Many calls by one `paging call`: to the box, to sipp, and to a callee who lets them wait.

use crate::callee::{Callee, Outcome, PagingCall};
use crate::paging_box::{PagingBox, free_pair_of_ports, until};
use crate::real_time::in_real_time;
use crate::sipp::Sipp;
use crate::skip;
use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn many_calls_speak_at_once_and_all_go_well() {
    in_real_time(|| {
        let target = PagingBox::start(V4, &[]);
        let outcome = load(
            &target,
            &["--tone", "440", "--seconds", "0.5", "--calls", "15", "--rate", "50"],
            Duration::from_secs(5),
        );
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
        for line in ["15 went well", "sent 375 of 375 packets, 0 refused", "INVITE to 200          15"] {
            assert!(outcome.stdout.contains(line), "{line}: {outcome:?}");
        }
    });
}

#[test]
fn calls_without_sound_come_at_their_rate() {
    in_real_time(|| {
        let target = PagingBox::start(V4, &[]);
        let started_at = Instant::now();
        let outcome =
            load(&target, &["--rtp", "no", "--calls", "100", "--rate", "100"], Duration::from_secs(5));
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert!(started_at.elapsed() > Duration::from_millis(980), "{outcome:?}");
        assert!(outcome.stdout.contains("100 went well"), "{outcome:?}");
        assert!(!outcome.stdout.contains("packets"), "{outcome:?}");
    });
}

#[test]
fn calls_that_are_refused_are_counted_by_their_status_and_fail_the_run() {
    in_real_time(|| {
        // Half of the ports of a pair are RTCP: there is room for one call.
        let target = PagingBox::start(V4, &[&format!("sip.rtp-ports={}", free_pair_of_ports())]);
        let outcome =
            load(&target, &["--rtp", "no", "--seconds", "1", "--calls", "4"], Duration::from_secs(5));
        assert_eq!(outcome.code, Some(69), "{outcome:?}");
        assert_eq!(outcome.stderr, "paging: 3 of 4 calls failed, the first: not answered: 486 Busy Here\n");
        assert!(outcome.stdout.contains("        1 went well\n        3 not answered: 486\n"), "{outcome:?}");
    });
}

#[test]
fn never_more_calls_at_once_than_asked_for() {
    in_real_time(|| {
        let target = PagingBox::start(V4, &[]);
        let options = ["--tone", "440", "--seconds", "0.1", "--calls", "3", "--at-once", "1"];
        let outcome = load(&target, &options, Duration::from_secs(5));
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert!(outcome.stdout.contains("at most 1 at once"), "{outcome:?}");
    });
}

#[test]
fn an_interrupt_hangs_up_all_calls_and_tells_how_far_it_came() {
    in_real_time(|| {
        let mut callee = Callee::new();
        let page = callee.page(&["--rtp", "no", "--calls", "50", "--rate", "1", "--seconds", "60"]);
        callee.answer("");
        page.signal("INT");
        callee.confirm_the_end();
        let outcome = page.finish(Duration::from_secs(2));
        assert_eq!(
            (outcome.code, outcome.stderr.as_str()),
            (Some(130), "paging: interrupted\n"),
            "{outcome:?}"
        );
        assert!(
            outcome.stdout.contains("1 calls in ") && outcome.stdout.contains("1 interrupted"),
            "{outcome:?}"
        );
    });
}

#[test]
fn a_run_fails_when_a_bye_is_not_answered() {
    in_real_time(|| {
        let mut callee = Callee::new();
        let page = callee.page(&["--rtp", "no", "--calls", "2", "--at-once", "1"]);
        callee.answer("");
        callee.receive("BYE");
        // The other end forgets the first call, and takes the second.
        let invite = callee.receive("INVITE");
        callee.reply(&invite, "200 OK", "");
        callee.receive("ACK");
        callee.confirm_the_end();
        let outcome = page.finish(Duration::from_secs(6));
        assert_eq!(outcome.code, Some(69), "{outcome:?}");
        assert!(outcome.stdout.contains("1 the other end did not confirm the end"), "{outcome:?}");
    });
}

#[test]
fn six_hundred_calls_in_a_row_are_all_answered_and_leave_nothing_behind() {
    in_real_time(|| many_in_a_row(600, 150.0, Duration::ZERO));
}

/// PagingServer's callram, and with it thousands of calls, ten times over: a minute and a half.
#[test]
#[ignore = "two minutes"]
fn ten_thousand_calls_in_a_row_are_all_answered_and_leave_nothing_behind() {
    in_real_time(|| many_in_a_row(10_000, 150.0, REMEMBERED_FOR));
}

/// The second half of the run must not need more memory than the first did; what is remembered of a call for a while is
/// forgotten after `pause`, if it is to be.
fn many_in_a_row(calls: u32, rate: f64, pause: Duration) {
    let target = PagingBox::start(V4, &["audio.device=null", "sip.rtp-ports=20000-20999"]);
    let half = (calls / 2).to_string();
    let options = ["--rtp", "no", "--calls", &half, "--rate", &rate.to_string()];
    let mut memory = Vec::new();
    for _ in 0..2 {
        let outcome = load(&target, &options, Duration::from_mins(4));
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert!(outcome.stdout.contains(&format!("{half} went well")), "{outcome:?}");
        std::thread::sleep(pause);
        memory.push(target.resident_kib());
    }
    let told = format!("\"calls\":{calls},");
    assert!(status(&target).contains(&told), "each has come once: {told}");
    eprintln!("{calls} calls: {} KiB after the first half, {} KiB after the second", memory[0], memory[1]);
    assert!(memory[1] <= memory[0] + MOST_GROWTH_KIB, "KiB after each half: {memory:?}");
}

#[test]
fn a_run_without_end_tells_where_it_stands_and_ends_when_it_is_interrupted() {
    in_real_time(|| {
        let target = PagingBox::start(V4, &[]);
        let uri = target.uri();
        let call = PagingCall::start(&uri, &["--rtp", "no", "--calls", "forever", "--at-once", "1"]);
        until(Duration::from_secs(10), "another call", || target.log().matches("rings, ").count() >= 2);
        call.signal("INT");
        let outcome = call.finish(Duration::from_secs(4));
        assert_eq!(outcome.code, Some(130), "{outcome:?}");
        assert!(
            outcome.stdout.contains(" placed, ") && outcome.stdout.contains("at most 1 at once"),
            "{outcome:?}"
        );
    });
}

#[test]
fn sipp_answers_a_run_that_speaks_and_one_that_does_not() {
    if skip::is_missing("sipp") {
        return;
    }
    in_real_time(|| {
        for options in [&["--tone", "440", "--seconds", "0.2"][..], &["--rtp", "no"]] {
            let (callee, address) = Sipp::answer(40);
            let run = [options, &["--calls", "40", "--rate", "80"]].concat();
            let outcome =
                PagingCall::start(&format!("sip:page@{address}"), &run).finish(Duration::from_secs(8));
            assert_eq!(outcome.code, Some(0), "{outcome:?}");
            for line in ["40 went well", "INVITE to 100          40", "INVITE to 18x          40"] {
                assert!(outcome.stdout.contains(line), "{line}: {outcome:?}");
            }
            callee.finish();
        }
    });
}

fn status(target: &PagingBox) -> String {
    let socket = target.status_socket();
    let ask = ["status", "--json", "--socket"];
    let output = Command::new(env!("CARGO_BIN_EXE_paging")).args(ask).arg(socket).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn load(target: &PagingBox, options: &[&str], limit: Duration) -> Outcome {
    PagingCall::start(&target.uri(), options).finish(limit)
}

/// Timer J and what goes with it (RFC 3261 §17.2.2), and some.
const REMEMBERED_FOR: Duration = Duration::from_secs(34);
/// Fragments of an allocator, not calls: one that is kept has a kibibyte at least.
const MOST_GROWTH_KIB: u64 = 200;
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
