//! docs/delayed.md: a recording has its place among those who page from when it is sent, in its own zones.

use super::{TALK, TWO_ZONES};
use crate::tests::site::{Call, Site};

/// Those whose users begin with 1 are recorded, and page the hall; 502 is the yard.
const SITE: &str = "[audio]\nklaxon = none\n[calls]\ndelayed = 1??@*\n[sip]\nzones = hall\n\
                    [sip yard]\ndomain = pbx.invalid\nuser = 502\nzones = yard\n";

fn site(more: &str) -> Site {
    Site::new(&format!("{TWO_ZONES}{SITE}{more}"))
}

/// Somebody is recorded for three seconds, and hangs up.
fn dictate(site: &mut Site) {
    let call = site.call("100", "box");
    site.pass(1_000);
    site.talk(call, 1_200);
    site.pass(3_000);
    site.hang_up(call);
}

/// A live page of this tone.
fn page(site: &mut Site, from: &str, to: &str, hz: u32) -> Call {
    let call = site.call(from, to);
    site.talk(call, hz);
    call
}

#[test]
fn it_is_heard_before_a_call_that_comes_later_also_where_callers_are_mixed() {
    for more in ["", "hold-concurrent = no\n", "hold-concurrent = yes\n"] {
        let mut site =
            Site::new(&format!("{TWO_ZONES}{}", SITE.replace("[sip]\n", &format!("{more}[sip]\n"))));
        let first = page(&mut site, "200", "box", 1_600);
        site.pass(1_000);
        dictate(&mut site);
        site.pass(1_000);
        let later = page(&mut site, "201", "box", 2_000);
        site.pass(2_000);
        assert!(site.answered_at(later).is_some(), "to be told that he waits");
        let over = site.now();
        site.hang_up(first);
        site.pass(8_000);
        let hall = site.heard("hall");
        assert!(hall.loudest(1_200, 1_100..over) < SOFT, "who is on air is waited for");
        // What was recorded begins with most of a second of silence.
        let recorded = hall.onset(1_200, over + 300).unwrap();
        assert!(recorded < over + 1_500, "{recorded} of {over}");
        assert!(hall.loudest(2_000, over + 300..recorded + 2_800) < SOFT, "who came later waits for its end");
        let live = hall.onset(2_000, recorded + 3_100).unwrap();
        assert!(live < recorded + 4_500, "{live} of {recorded}");
    }
}

#[test]
fn calls_for_other_zones_and_telephones_that_ring_do_not_keep_it_waiting() {
    let mut site = site("[sip bell]\ndomain = pbx.invalid\nuser = 503\nmode = ring\nzones = yard\n");
    page(&mut site, "200", "502", 1_600);
    page(&mut site, "201", "503", 0);
    site.pass(1_000);
    dictate(&mut site);
    let sent = site.now();
    site.pass(5_000);
    let recorded = site.heard("hall").onset(1_200, 0);
    assert!(
        recorded.is_some_and(|recorded| (sent..sent + 1_000).contains(&recorded)),
        "{recorded:?} of {sent}"
    );
}

#[test]
fn callers_who_go_on_coming_do_not_keep_it_waiting_for_ever() {
    let mut site = site("");
    let mut before = page(&mut site, "200", "box", 1_600);
    site.pass(1_000);
    dictate(&mut site);
    let sent = site.now();
    for from in ["201", "202", "203", "204"] {
        site.pass(1_000);
        let next = page(&mut site, from, "box", 1_600);
        site.pass(1_000);
        site.hang_up(before);
        before = next;
    }
    let recorded = site.heard("hall").onset(1_200, 0);
    assert!(recorded.is_some_and(|recorded| recorded < sent + 2_500), "{recorded:?} of {sent}");
}

/// What is no louder is nobody's voice.
const SOFT: f64 = TALK - 15.0;
