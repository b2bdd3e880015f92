//! docs/announcements.md: the emergency is played again and again, with a second between, until it is cancelled.

use super::{TALK, UNHEARD, alike};
use crate::config::Press;
use crate::dsp::Chime;
use crate::tests::site::{Call, Site};

const SITE: &str = "[emergency]\nplay = three-tone\n[key 911]\ndo = emergency\n[key 5]\ndo = stop\n";
/// Of the three-tone, and the second behind it.
const TURN: u64 = 3_600;

/// Somebody calls, presses 911, and hangs up.
fn alarm(site: &mut Site, from: &str) -> Call {
    let call = site.call(from, "box");
    site.pass(500);
    site.press(call, "911");
    site.hang_up(call);
    call
}

/// How loud it was in the last milliseconds.
fn lately(site: &Site, millis: u64) -> f64 {
    let now = site.now();
    site.heard("all").rms(now - millis..now)
}

#[test]
fn it_goes_on_when_its_caller_has_gone_and_ends_by_the_same_keys() {
    let mut site = Site::new(SITE);
    alarm(&mut site, "100");
    // What is given to the cards at once lasts ten minutes, and that is not the end either.
    site.pass(620_000);
    let heard = site.heard("all");
    let begins = heard.begin(0).unwrap();
    let sound = Chime::ThreeTone.sound();
    for turn in (0..160).chain(168..170) {
        let from = begins + turn * TURN;
        assert!(turn >= 160 || heard.likeness(&sound, from) > 0.9, "turn {turn}");
        assert!(heard.rms(from..from + TURN) > -30.0, "turn {turn}");
    }
    let cancelled = site.now();
    let call = alarm(&mut site, "101");
    site.pass(10_000);
    assert!(site.beeps(call, 880.0).len() >= 2, "he hears that it is off");
    assert!(site.heard("all").rms(cancelled + 2_500..cancelled + 10_000) < UNHEARD);
}

#[test]
fn a_second_alarm_within_ten_seconds_does_not_end_it() {
    let mut site = Site::new(SITE);
    alarm(&mut site, "100");
    site.pass(4_000);
    alarm(&mut site, "101");
    site.pass(8_000);
    assert!(lately(&site, 4_000) > -30.0);
}

#[test]
fn who_presses_another_button_within_ten_seconds_wants_the_same_alarm() {
    let mut site = Site::new(SITE);
    site.press_button("hall", &Press::Emergency);
    site.pass(4_000);
    site.press_button("yard", &Press::Emergency);
    site.pass(8_000);
    assert!(lately(&site, 4_000) > -30.0);
    site.press_button("yard", &Press::Emergency);
    site.pass(6_000);
    assert!(lately(&site, 3_000) < UNHEARD, "later it cancels");
}

#[test]
fn the_same_button_cancels_at_once() {
    let mut site = Site::new(SITE);
    site.press_button("hall", &Press::Emergency);
    site.pass(4_000);
    site.press_button("hall", &Press::Emergency);
    site.pass(5_000);
    assert!(lately(&site, 2_000) < UNHEARD);
}

#[test]
fn whatever_is_on_air_is_mute_meanwhile_and_stop_ends_it_too() {
    let mut site =
        Site::new(&format!("{SITE}[sip]\ndomain = pbx.invalid\nuser = 501\n[calls]\ndtmf-timeout = 1s\n"));
    let page = site.call("100", "box");
    site.talk(page, 1_200);
    site.pass(5_000);
    assert!(alike(site.heard("all").tone(1_200, 4_500..5_000), TALK));
    let call = site.call("101", "box");
    site.pass(500);
    site.press(call, "911");
    site.pass(6_000);
    let heard = site.heard("all");
    // Between two turns there is the caller, if he is not mute.
    let begins = heard.begin(5_000).unwrap();
    let alarmed = heard.end(1_200, 5_500).unwrap().max(begins);
    assert!(heard.rms(alarmed + 2_700..alarmed + 3_500) < UNHEARD, "{alarmed}");
    site.press(call, "5");
    site.pass(3_000);
    assert!(lately(&site, 2_000) < UNHEARD);
    assert!(site.over_at(page).is_some());
}
