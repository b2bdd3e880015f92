//! Offers as telephones and telephone systems make them: what is said is heard all the same.

use crate::paging_box::PagingBox;
use crate::real_time::in_real_time;
use crate::sipp::{Sipp, Way};
use crate::skip;
use crate::tone::{self, Recording};
use std::net::{IpAddr, Ipv4Addr};

#[test]
fn a_page_whose_offer_comes_with_the_ack_is_heard() {
    in_real_time(|| {
        assert_is_heard("late_offer");
    });
}

#[test]
fn a_call_whose_ack_takes_nothing_of_what_the_box_offered_is_ended_by_the_box() {
    if skip::is_missing("sipp") {
        return;
    }
    in_real_time(|| {
        let mut target = PagingBox::start(V4, &[]);
        for way in Way::ALL {
            Sipp::start(&target, way, "unusable_late_answer", 1).finish();
        }
        assert!(target.is_running());
        assert_eq!(target.terminate().code(), Some(0));
    });
}

#[test]
fn a_page_from_the_address_that_signals_is_heard_when_its_offer_names_another() {
    in_real_time(|| {
        assert_is_heard("page_named_elsewhere");
    });
}

#[test]
fn a_call_that_was_held_and_resumed_is_heard() {
    in_real_time(|| {
        assert_is_heard("hold_and_resume");
    });
}

/// The tone of a scenario, once, whole and at its level, over UDP and over TCP.
fn assert_is_heard(scenario: &str) {
    if skip::is_missing("sipp") {
        return;
    }
    for way in [Way::Udp, Way::TcpEach] {
        let mut target = PagingBox::start(V4, &[]);
        Sipp::start(&target, way, scenario, 1).finish();
        assert_eq!(target.terminate().code(), Some(0));
        let heard = Recording::read(&target.wav()).find(tone::HZ).expect("the tone");
        assert!((heard.seconds - tone::SECONDS).abs() < 0.1, "{way:?}: {heard:?}");
        assert_eq!(heard.gaps, 0, "{way:?}: {heard:?}");
        assert!((20.0 * (heard.amplitude / tone::AMPLITUDE).log10()).abs() < 0.5, "{way:?}: {heard:?}");
    }
}

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
