//! docs/telephone.md: who has been wrong three times cannot try again for a minute.

use super::{TALK, UNHEARD, alike};
use crate::tests::site::{Call, Site};

const SITE: &str = "[sip]\npin = 4711\n[audio]\nklaxon = none\n";

/// Calls, and enters this.
fn enter(site: &mut Site, from: &str, pin: &str) -> Call {
    let call = site.call(from, "box");
    site.talk(call, 1_200);
    site.pass(500);
    site.press(call, pin);
    site.pass(1_500);
    call
}

#[test]
fn after_the_third_he_is_hung_up_on_and_refused_for_a_minute() {
    let mut site = Site::new(SITE);
    let call = enter(&mut site, "100", "1111#2222#3333#");
    assert!(site.over_at(call).is_some(), "hung up on");
    let locked = site.over_at(call).unwrap();
    let again = site.call("100", "box");
    site.pass(100);
    assert_eq!(site.refused(again), Some(403));
    site.pass(locked + 58_000 - site.now());
    let still = site.call("100", "box");
    site.pass(100);
    assert_eq!(site.refused(still), Some(403));
    site.pass(3_000);
    let now = site.now();
    assert!(site.heard("all").rms(0..now) < UNHEARD, "nobody was heard");
    let right = enter(&mut site, "100", "4711#");
    assert_eq!((site.refused(right), site.over_at(right)), (None, None));
    let now = site.now();
    assert!(alike(site.heard("all").tone(1_200, now - 500..now), TALK));
}

#[test]
fn two_wrong_ones_and_the_right_one_let_him_in_and_another_caller_is_not_locked_out() {
    let mut site = Site::new(SITE);
    let call = enter(&mut site, "100", "1111#2222#4711#");
    let now = site.now();
    assert!(alike(site.heard("all").tone(1_200, now - 500..now), TALK));
    site.hang_up(call);
    enter(&mut site, "101", "1111#2222#3333#");
    let other = enter(&mut site, "102", "4711#");
    let now = site.now();
    assert_eq!(site.over_at(other), None);
    assert!(alike(site.heard("all").tone(1_200, now - 500..now), TALK));
}

#[test]
fn without_the_pin_nobody_is_heard_and_who_enters_none_is_hung_up_on() {
    let mut site = Site::new(SITE);
    let call = site.call("100", "box");
    site.talk(call, 1_200);
    site.pass(60_000);
    assert!(site.over_at(call).is_some());
    assert!(site.heard("all").rms(0..60_000) < UNHEARD);
}
