//! docs/zones.md: music returns in a zone when the last claim on that zone has ended, whoever hangs up first.

use super::{TALK, TWO_ZONES, UNHEARD, alike};
use crate::tests::site::{MUSIC, Site};

#[test]
fn it_waits_for_the_last_of_them_and_for_the_offset_to_20_ms() {
    let audio = "[audio]\nklaxon = none\nmusic-fade-in-offset = 1.5\nmusic-fade-in-min = 30\nmusic-fade-in-duration = 2\n";
    let mut site = Site::new(&format!("[music]\nsource = /radio\n{audio}"));
    site.pass(2_000);
    let first = site.call("100", "box");
    site.pass(5_000);
    let last = site.call("101", "box");
    site.pass(3_000);
    site.hang_up(first);
    site.pass(6_000);
    let over = site.now();
    site.hang_up(last);
    site.pass(5_000);
    let heard = site.heard("all");
    assert!(heard.loudest(MUSIC[0], 5_100..over + 1_400) < UNHEARD, "one of them was still there");
    let begins = heard.onset(MUSIC[0], over).unwrap();
    assert!(begins.abs_diff(over + 1_500) <= 20, "{}", begins - over);
    let first_heard = heard.tone(MUSIC[0], begins + 20..begins + 40);
    assert!((TALK - 11.0..TALK - 8.5).contains(&first_heard), "{first_heard}");
    let (before, after) = (over + 3_300, over + 3_600);
    assert!(heard.tone(MUSIC[0], before..before + 10) < TALK - 0.3);
    assert!(alike(heard.tone(MUSIC[0], after..after + 100), TALK));
}

#[test]
fn a_zone_that_nobody_pages_plays_on_and_each_returns_by_itself() {
    let music = "[music]\nsource = /radio\n[audio]\nklaxon = none\nmusic-fade-in-min = 100\n";
    let accounts = "[sip]\nzones = hall\n[sip both]\ndomain = pbx.invalid\nuser = 502\nzones = all\n";
    let mut site = Site::new(&format!("{TWO_ZONES}{music}{accounts}"));
    site.pass(2_000);
    let hall = site.call("100", "box");
    site.pass(5_000);
    assert!(site.heard("yard").softest(MUSIC[0], 1_000..7_000) > TALK - 0.5);
    let both = site.call("101", "502");
    site.pass(6_000);
    site.hang_up(both);
    site.pass(3_000);
    let (yard, hall_heard) = (site.heard("yard"), site.heard("hall"));
    let begins = yard.onset(MUSIC[0], 13_000);
    assert!(begins.is_some_and(|begins| begins <= 13_020), "{begins:?}");
    assert!(hall_heard.loudest(MUSIC[0], 6_000..16_000) < UNHEARD);
    site.hang_up(hall);
    site.pass(1_000);
    let begins = site.heard("hall").onset(MUSIC[0], 16_000);
    assert!(begins.is_some_and(|begins| begins <= 16_020), "{begins:?}");
}

#[test]
fn it_waits_for_the_chime_after_the_page() {
    let audio = "[audio]\nklaxon = none\nklaxon-after = gong\nmusic-fade-in-min = 100\n";
    let mut site = Site::new(&format!("[music]\nsource = /radio\n{audio}"));
    site.pass(2_000);
    let call = site.call("100", "box");
    site.pass(6_000);
    site.hang_up(call);
    site.pass(4_000);
    let heard = site.heard("all");
    let gong = heard.begin(8_000).unwrap();
    assert!(gong < 8_300, "{gong}");
    let begins = heard.onset(MUSIC[0], gong + 1_500).unwrap();
    assert!((gong + 1_990..=gong + 2_150).contains(&begins), "{}", begins - gong);
}
