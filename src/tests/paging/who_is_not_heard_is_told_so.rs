//! docs/callers.md: the beep comes when a caller is heard; who is not, for something higher is on, is told that once.

use super::{TALK, UNHEARD, alike, at};
use crate::tests::site::Site;

const SITE: &str = "[zone hall]\nchannels = 1\n[zone yard]\nchannels = 2\n[audio]\nklaxon = none\n\
                    [caller boss]\nfrom = 2??@*\npriority = 70\n";

#[test]
fn who_comes_under_a_higher_page_has_his_beep_when_that_ends() {
    let mut site = Site::new(SITE);
    let high = site.call("200", "box");
    site.pass(1_000);
    let low = site.call("100", "box");
    site.talk(low, 1_200);
    site.pass(4_000);
    assert_eq!((site.beeps(low, MUTED).len(), site.beeps(low, TALK_BEEP).len()), (1, 0));
    assert!(site.heard("hall").loudest(1_200, 1_000..5_000) < UNHEARD);
    site.hang_up(high);
    site.pass(3_000);
    let beeps = site.beeps(low, TALK_BEEP);
    assert!(beeps.len() == 1 && beeps[0].abs_diff(5_000) < 60, "{beeps:?}");
    assert_eq!(site.beeps(low, MUTED).len(), 1);
    assert!(alike(site.heard("hall").softest(1_200, 5_200..7_900), TALK));
}

#[test]
fn who_is_on_air_is_told_when_something_higher_comes_and_when_it_has_gone() {
    let mut site = Site::new(SITE);
    let low = site.call("100", "box");
    site.pass(2_000);
    let high = site.call("200", "box");
    site.pass(3_000);
    site.hang_up(high);
    site.pass(2_000);
    let (beeps, muted) = (site.beeps(low, TALK_BEEP), site.beeps(low, MUTED));
    assert!(beeps.len() == 2 && beeps[1].abs_diff(5_000) < 60, "{beeps:?}");
    assert!(muted.len() == 1 && muted[0].abs_diff(2_000) < 60, "{muted:?}");
}

#[test]
fn who_is_heard_in_one_of_his_zones_or_softly_is_heard() {
    for (zones, duck) in [("hall", "mute"), ("all", "-20 dB")] {
        let duck = format!("channels = 2\nduck = {duck}\n");
        let site = SITE.replace("channels = 2\n", &duck);
        let mut site = Site::new(&format!("{site}zones = {zones}\n[sip]\nzones = all\n"));
        let low = site.call("100", "box");
        site.pass(2_000);
        site.call("200", "box");
        site.pass(2_000);
        assert_eq!((site.beeps(low, TALK_BEEP).len(), site.beeps(low, MUTED).len()), (1, 0), "{zones}");
    }
}

#[test]
fn his_time_does_not_run_while_something_higher_is_on() {
    let mut site = Site::new(&format!("{SITE}[calls]\nhang-up-after-minutes = 0.5\n"));
    let low = site.call("100", "box");
    site.pass(10_000);
    let high = site.call("200", "box");
    site.pass(15_000);
    site.hang_up(high);
    site.pass(25_000);
    assert!(at(site.over_at(low), 45_000), "{:?}", site.over_at(low));
}

#[test]
fn who_pages_where_the_emergency_is_on_is_told_that_he_is_not_heard() {
    let mut site =
        Site::new("[emergency]\nplay = three-tone\n[key 911]\ndo = emergency\n[calls]\ndtmf-timeout = 1s\n");
    let alarm = site.call("100", "box");
    site.pass(500);
    site.press(alarm, "911");
    site.hang_up(alarm);
    site.pass(1_000);
    let call = site.call("101", "box");
    site.pass(8_000);
    assert_eq!((site.beeps(call, MUTED).len(), site.beeps(call, TALK_BEEP).len()), (1, 0));
}

#[test]
fn who_pages_a_zone_that_is_mute_is_told_and_his_time_runs() {
    let mut site =
        Site::new("[zone hall]\nvolume = 0\n[audio]\nklaxon = none\n[calls]\nhang-up-after-minutes = 0.1\n");
    let call = site.call("101", "box");
    site.pass(8_000);
    assert_eq!((site.beeps(call, MUTED).len(), site.beeps(call, TALK_BEEP).len()), (1, 0));
    assert!(at(site.over_at(call), 6_000), "{:?}", site.over_at(call));
}

#[test]
fn the_first_thing_a_caller_is_told_does_not_come_before_his_telephone_is_ready() {
    let mut site = Site::new(SITE);
    let call = site.call("100", "box");
    site.pass(2_000);
    let answered_at = site.answered_at(call).unwrap();
    let beeps = site.beeps(call, TALK_BEEP);
    assert!(beeps.len() == 1 && (300..400).contains(&(beeps[0] - answered_at)), "{beeps:?}");
}

/// What tells a caller that he is heard.
const TALK_BEEP: f64 = 1_000.0;
/// And that he is not.
const MUTED: f64 = 800.0;
