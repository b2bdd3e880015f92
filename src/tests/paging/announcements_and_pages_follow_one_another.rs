//! docs/announcements.md: announcements of one priority follow one another; with `hold-concurrent` they and pages do, too.

use super::{TALK, UNHEARD};
use crate::dsp::Chime;
use crate::tests::site::{Call, Site};

const SITE: &str = "[audio]\nklaxon = none\n[announcement 1]\nplay = gong\n[announcement 2]\nplay = three-tone\nrepeat = 4\n\
                    [key 81]\ndo = announcement 1\n[key 82]\ndo = announcement 2\n[key 85]\ndo = stop\n";
const HOLDS: &str = "[calls]\nhold-concurrent = yes\n";

fn site(more: &str) -> Site {
    Site::new(&format!("{SITE}{more}"))
}

/// Somebody calls, presses keys, and hangs up.
fn press(site: &mut Site, keys: &str) {
    let call = site.call("300", "box");
    site.pass(500);
    site.press(call, keys);
    site.hang_up(call);
}

/// Somebody calls and talks, and is on air.
fn page(site: &mut Site) -> Call {
    let call = site.call("100", "box");
    site.talk(call, 1_200);
    site.pass(20_000);
    assert!(site.heard("all").onset(1_200, 0).is_some());
    call
}

#[test]
fn two_announcements_are_heard_one_after_the_other_whether_callers_are_mixed_or_not() {
    for more in ["", HOLDS] {
        let mut site = site(more);
        press(&mut site, "81");
        press(&mut site, "82");
        site.pass(20_000);
        let heard = site.heard("all");
        let gong = heard.begin(0).unwrap();
        assert!(heard.likeness(&Chime::Gong.sound(), gong) > 0.98);
        let like = |from| heard.likeness(&Chime::ThreeTone.sound(), from);
        let likeness = (gong + 1_950..gong + 2_300).step_by(10).map(like).fold(0.0, f64::max);
        assert!(likeness > 0.9, "{likeness}");
    }
}

#[test]
fn an_announcement_waits_for_the_page_that_is_on_air_and_is_heard_whole_after_it() {
    let mut site = site(HOLDS);
    let call = page(&mut site);
    press(&mut site, "81");
    site.pass(5_000);
    let over = site.now();
    site.hang_up(call);
    site.pass(5_000);
    let heard = site.heard("all");
    let level = |at: u64| heard.rms(at..at + 100);
    let from = over - 8_000;
    let steady = (from..over - 100).step_by(100).all(|at| (level(at) - level(from)).abs() < 0.2);
    assert!(steady, "nothing beside the page");
    let begins = heard.begin(over + 300).unwrap();
    assert!(begins < over + 400, "{begins} of {over}");
    assert!(heard.rms(over + 300..over + 1_500) > -40.0);
}

#[test]
fn where_callers_are_mixed_an_announcement_is_heard_with_them() {
    let mut site = site("");
    page(&mut site);
    let asked = site.now();
    press(&mut site, "81");
    site.pass(3_000);
    let heard = site.heard("all");
    let alone = heard.rms(asked - 500..asked);
    assert!(heard.rms(asked + 900..asked + 1_400) > alone + 0.5);
}

#[test]
fn a_caller_waits_for_the_announcement_that_is_on_air() {
    let mut site = site(HOLDS);
    press(&mut site, "82");
    let call = site.call("100", "box");
    site.talk(call, 1_600);
    site.pass(30_000);
    let heard = site.heard("all");
    let begins = heard.begin(0).unwrap();
    // Four times, and three seconds between.
    let over = begins + 4 * (Chime::ThreeTone.sound().len() as u64 / 48) + 3_000;
    let beeps = site.beeps(call, TALK_BEEP);
    let told = beeps.last().copied().unwrap();
    assert!((over - 100..over + 1_000).contains(&told), "{beeps:?} of {over}");
    assert!(heard.tone(1_600, over + 2_000..over + 4_000) > TALK - 1.0);
}

#[test]
fn stop_ends_the_one_that_waits_too() {
    let mut site = site(HOLDS);
    page(&mut site);
    press(&mut site, "81");
    press(&mut site, "85");
    let stopped = site.now();
    site.pass(5_000);
    assert!(site.heard("all").rms(stopped + 500..stopped + 5_000) < UNHEARD);
}

/// What tells a caller that he is heard.
const TALK_BEEP: f64 = 1_000.0;
