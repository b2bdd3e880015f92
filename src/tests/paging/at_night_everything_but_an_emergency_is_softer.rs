//! docs/zones.md: while it is night, `night-volume` stands in for `volume`, but not for emergencies.

use super::{TALK, alike};
use crate::tests::site::{MUSIC, Site};
use core::time::Duration;

const SITE: &str = "[zone hall]\nchannels = 1\nnight = 22:00-06:00\nnight-volume = 25\n[zone yard]\nchannels = 2\n\
                    [audio]\nklaxon = none\n\
                    [sip help]\ndomain = pbx.invalid\nuser = 911\nmode = emergency\n";
/// A quarter.
const NIGHT: f64 = TALK - 12.0;

fn clock(hours: u64, minutes: u64, seconds: u64) -> Duration {
    Duration::from_secs((hours * 60 + minutes) * 60 + seconds)
}

#[test]
fn a_page_becomes_softer_when_the_night_begins_where_there_is_a_night() {
    let mut site = Site::at(SITE, clock(21, 59, 50));
    let call = site.call("100", "box");
    site.talk(call, 1_200);
    site.pass(15_000);
    let (hall, yard) = (site.heard("hall"), site.heard("yard"));
    assert!(alike(hall.softest(1_200, 200..9_000), TALK));
    assert!(alike(hall.loudest(1_200, 10_100..15_000), NIGHT), "{}", hall.loudest(1_200, 10_100..15_000));
    assert!(alike(hall.softest(1_200, 10_100..15_000), NIGHT));
    assert!(alike(yard.softest(1_200, 200..15_000), TALK));
}

#[test]
fn and_as_loud_as_before_when_it_is_over_music_too() {
    let mut site = Site::at(&format!("{SITE}[music]\nsource = /radio\n"), clock(5, 59, 50));
    site.pass(15_000);
    let hall = site.heard("hall");
    assert!(alike(hall.loudest(MUSIC[0], 1_000..9_000), NIGHT));
    assert!(alike(hall.softest(MUSIC[0], 10_100..15_000), TALK));
}

#[test]
fn an_emergency_is_as_loud_at_night_as_by_day() {
    let mut site = Site::at(SITE, clock(3, 0, 0));
    let call = site.call("100", "911");
    site.talk(call, 1_200);
    site.pass(3_000);
    assert!(alike(site.heard("hall").softest(1_200, 200..3_000), TALK));
}

#[test]
fn a_key_makes_it_night_or_day() {
    let mut site =
        Site::at(&format!("{SITE}[key 60]\ndo = night on\n[key 61]\ndo = night off\n"), clock(12, 0, 0));
    let keys = site.call("100", "box");
    site.pass(500);
    site.press(keys, "60");
    site.hang_up(keys);
    let call = site.call("101", "box");
    site.talk(call, 1_200);
    site.pass(6_000);
    let now = site.now();
    assert!(alike(site.heard("hall").loudest(1_200, now - 1_000..now), NIGHT));
    let keys = site.call("102", "box");
    site.pass(500);
    site.press(keys, "61");
    site.pass(1_000);
    let now = site.now();
    assert!(alike(site.heard("hall").softest(1_200, now - 900..now), TALK));
}
