//! docs/callers.md: three beeps ten seconds before `hang-up-after-minutes`, which count from when the caller is heard.

use super::{TALK, UNHEARD, alike, at};
use crate::tests::site::Site;

#[test]
fn three_beeps_ten_seconds_before_the_end_and_nothing_after_it() {
    let mut site = Site::new("[calls]\nhang-up-after-minutes = 0.5\n");
    let call = site.call("100", "box");
    site.talk(call, 1_200);
    site.pass(36_000);
    assert!(at(site.answered_at(call), 2_000));
    let beeps = site.beeps(call, ENDING);
    assert_eq!(beeps.len(), 3, "{beeps:?}");
    assert!(beeps[0].abs_diff(22_000) <= 50, "{beeps:?}");
    assert!(at(site.over_at(call), 32_000), "{:?}", site.over_at(call));
    let heard = site.heard("all");
    assert!(alike(heard.softest(1_200, 2_200..31_900), TALK), "the beeps are his alone, and he goes on");
    assert!(heard.loudest(1_200, 32_400..36_000) < UNHEARD);
}

#[test]
fn a_short_one_ends_without_a_word() {
    let mut site = Site::new("[calls]\nhang-up-after-minutes = 0.25\n[audio]\nklaxon = none\n");
    let call = site.call("100", "box");
    site.pass(16_000);
    assert!(site.beeps(call, ENDING).is_empty());
    assert!(at(site.over_at(call), 15_000));
}

/// What tells of the end.
const ENDING: f64 = 1_320.0;
