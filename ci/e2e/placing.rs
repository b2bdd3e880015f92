//! What `paging call` makes of callees that refuse, mumble, fall silent or hang up: its exit code and its words.

use crate::callee::{Callee, Ear, Outcome, sdp};
use crate::real_time::in_real_time;
use std::net::UdpSocket;
use std::time::Duration;

#[test]
fn a_page_that_was_said_whole_succeeds() {
    in_real_time(|| {
        let (mut callee, ear) = (Callee::new(), Ear::open());
        let page = callee.page(SHORT);
        callee.answer(&sdp(ear.port, PCMU));
        callee.confirm_the_end();
        let outcome = page.finish(SOON);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
        assert_eq!(payload_types(ear), [PCMU; 10]);
    });
}

#[test]
fn an_answer_that_leads_to_no_sound_is_a_failure() {
    in_real_time(|| {
        let (refused, unheard) = (sdp(0, PCMU), sdp(9, PCMU) + "a=sendonly\r\n");
        for answer in [refused.as_str(), unheard.as_str(), "gibberish", ""] {
            let mut callee = Callee::new();
            let page = callee.page(SHORT);
            callee.answer(answer);
            callee.confirm_the_end();
            assert_fails(&page.finish(SOON), "the answer leads to no sound: ");
        }
    });
}

#[test]
fn packets_that_nobody_takes_are_a_failure() {
    in_real_time(|| {
        let closed = UdpSocket::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut callee = Callee::new();
        let page = callee.page(SHORT);
        callee.answer(&sdp(closed, PCMU));
        callee.confirm_the_end();
        assert_fails(&page.finish(SOON), "of 10 packets could be sent");
    });
}

#[test]
fn a_single_packet_that_nobody_takes_is_a_failure() {
    in_real_time(|| {
        let closed = UdpSocket::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut callee = Callee::new();
        let page = callee.page(&["--tone", "440", "--seconds", "0.02"]);
        callee.answer(&sdp(closed, PCMU));
        callee.confirm_the_end();
        assert_fails(&page.finish(SOON), "only 0 of 1 packets");
    });
}

#[test]
fn a_callee_who_does_not_want_the_call_is_quoted() {
    in_real_time(|| {
        let mut callee = Callee::new();
        let page = callee.page(SHORT);
        let invite = callee.receive("INVITE");
        callee.reply(&invite, "486 Busy Here", "");
        callee.receive("ACK");
        assert_fails(&page.finish(SOON), "not answered: 486 Busy Here");
    });
}

#[test]
fn a_callee_who_hangs_up_before_the_end_makes_the_page_a_failure() {
    in_real_time(|| {
        let (mut callee, ear) = (Callee::new(), Ear::open());
        let page = callee.page(LONG);
        let invite = callee.answer(&sdp(ear.port, PCMU));
        callee.hang_up(&invite);
        callee.receive_response("200");
        assert_fails(&page.finish(SOON), "the other end hung up before all was said");
    });
}

#[test]
fn sigterm_ends_a_page_that_nobody_answers_within_two_seconds() {
    in_real_time(|| {
        let mut callee = Callee::new();
        let page = callee.page(LONG);
        callee.receive("INVITE");
        page.signal("TERM");
        assert_interrupted(&page.finish(TWO_SECONDS));
    });
}

#[test]
fn sigterm_ends_a_page_whose_cancel_nobody_answers_within_two_seconds() {
    in_real_time(|| {
        let mut callee = Callee::new();
        let mut page = callee.page(LONG);
        let invite = callee.receive("INVITE");
        callee.reply(&invite, "180 Ringing", "");
        page.await_line("it rings");
        page.signal("TERM");
        callee.receive("CANCEL");
        assert_interrupted(&page.finish(TWO_SECONDS));
    });
}

#[test]
fn sigint_ends_a_page_whose_bye_nobody_answers_within_two_seconds() {
    in_real_time(|| {
        let (mut callee, ear) = (Callee::new(), Ear::open());
        let page = callee.page(LONG);
        callee.answer(&sdp(ear.port, PCMU));
        page.signal("INT");
        callee.receive("BYE");
        assert_interrupted(&page.finish(TWO_SECONDS));
    });
}

#[test]
fn a_second_interrupt_ends_a_page_at_once() {
    in_real_time(|| {
        let mut callee = Callee::new();
        let page = callee.page(LONG);
        let invite = callee.receive("INVITE");
        callee.reply(&invite, "180 Ringing", "");
        page.signal("INT");
        callee.receive("CANCEL");
        page.signal("INT");
        assert_interrupted(&page.finish(Duration::from_secs(1)));
    });
}

#[test]
fn a_page_that_was_said_whole_succeeds_though_nobody_answers_its_bye() {
    in_real_time(|| {
        let (mut callee, ear) = (Callee::new(), Ear::open());
        let page = callee.page(SHORT);
        callee.answer(&sdp(ear.port, PCMU));
        callee.receive("BYE");
        let outcome = page.finish(Duration::from_secs(5));
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert!(outcome.stdout.contains("the other end did not confirm the end"), "{outcome:?}");
    });
}

#[test]
fn packets_have_the_payload_type_of_the_answer() {
    in_real_time(|| {
        let (mut callee, ear) = (Callee::new(), Ear::open());
        let page = callee.page(SHORT);
        callee.answer(&sdp(ear.port, 96));
        callee.confirm_the_end();
        assert_eq!(page.finish(SOON).code, Some(0));
        assert_eq!(payload_types(ear), [96; 10]);
    });
}

#[test]
fn a_stranger_who_calls_the_caller_hears_that_it_is_busy() {
    in_real_time(|| {
        let mut callee = Callee::new();
        let page = callee.page(LONG);
        callee.receive("INVITE");
        callee.invite();
        callee.receive_response("486");
        page.signal("TERM");
        assert_interrupted(&page.finish(TWO_SECONDS));
    });
}

fn payload_types(ear: Ear) -> Vec<u8> {
    ear.close().iter().map(|packet| packet.payload_type).collect()
}

fn assert_fails(outcome: &Outcome, why: &str) {
    assert_eq!(outcome.code, Some(69), "{outcome:?}");
    assert!(outcome.stderr.contains(why), "{outcome:?}");
}

fn assert_interrupted(outcome: &Outcome) {
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(130), "paging: interrupted\n"), "{outcome:?}");
}

/// Ten packets.
const SHORT: &[&str] = &["--tone", "440", "--seconds", "0.2"];
const LONG: &[&str] = &["--tone", "440", "--seconds", "60"];
const PCMU: u8 = 0;
const SOON: Duration = Duration::from_secs(2);
const TWO_SECONDS: Duration = Duration::from_secs(2);
