//! docs/callers.md: who waits, has sent, and sends no longer for `rtp-timeout` is hung up on; who never sent waits on.

use super::at;
use crate::tests::site::{Call, Site};

const HOLDS: &str = "[calls]\nhold-concurrent = yes\n[sip]\nrtp-timeout = 10s\n";

/// One on air since 0, and two who wait since 1000 and are gone at 2000, without a word.
fn with_two_who_are_gone() -> (Site, [Call; 3]) {
    let mut site = Site::new(HOLDS);
    let first = site.call("100", "box");
    site.talk(first, 1_200);
    site.pass(1_000);
    let gone = [site.call("101", "box"), site.call("102", "box")];
    site.pass(1_000);
    for call in gone {
        site.set_mute(call, true);
    }
    (site, [first, gone[0], gone[1]])
}

#[test]
fn the_next_who_is_there_is_heard_as_if_they_had_hung_up() {
    let (mut site, [first, one, other]) = with_two_who_are_gone();
    let fourth = site.call("103", "box");
    site.talk(fourth, 1_600);
    site.pass(18_000);
    for gone in [one, other] {
        let over = site.over_at(gone);
        assert!(over.is_some_and(|over| over.abs_diff(12_000) < 50), "{over:?}");
    }
    site.hang_up(first);
    site.pass(4_000);
    let begins = site.heard("all").onset(1_600, 21_900);
    assert!(begins.is_some_and(|begins| (22_000..22_150).contains(&begins)), "{begins:?}");
}

#[test]
fn whose_turn_comes_before_that_is_passed_over_when_it_has_become_sure() {
    let (mut site, [first, one, other]) = with_two_who_are_gone();
    let fourth = site.call("103", "box");
    site.talk(fourth, 1_600);
    site.pass(8_500);
    site.hang_up(first);
    site.pass(6_000);
    assert!(site.over_at(one).is_some_and(|over| over < 12_050) && site.over_at(other).is_some());
    let beeps = site.beeps(fourth, TALK_BEEP);
    assert!(beeps.len() == 1 && beeps[0] < 14_200, "{beeps:?}");
}

#[test]
fn who_has_never_sent_anything_waits_on() {
    let mut site = Site::new(HOLDS);
    let first = site.call("100", "box");
    site.talk(first, 1_200);
    site.pass(1_000);
    let silent = site.call("101", "box");
    site.set_mute(silent, true);
    site.pass(40_000);
    assert_eq!(site.over_at(silent), None);
    site.hang_up(first);
    site.pass(13_000);
    assert!(at(site.over_at(silent), 53_000), "on air he has to: {:?}", site.over_at(silent));
}

#[test]
fn whose_telephone_leaves_out_silence_and_reports_waits_on() {
    let (mut site, [_, one, other]) = with_two_who_are_gone();
    site.report_only(one);
    site.pass(20_000);
    assert_eq!(site.over_at(one), None);
    assert!(site.over_at(other).is_some());
}

/// What tells a caller that he is heard.
const TALK_BEEP: f64 = 1_000.0;
