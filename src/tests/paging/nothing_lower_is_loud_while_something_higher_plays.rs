//! docs/zones.md: the highest is heard; what is lower is muted, or goes on as softly as `duck` of the zone says.

use super::{TALK, UNHEARD, alike};
use crate::tests::site::{MUSIC, Site};

/// The hall mutes, the yard ducks.
const SITE: &str = "[zone hall]\nchannels = 1\n[zone yard]\nchannels = 2\nduck = -20 dB\n[audio]\nklaxon = none\n\
                    [caller boss]\nfrom = 2??@*\npriority = 70\n";

#[test]
fn a_lower_page_is_mute_or_ducked_until_the_higher_one_ends() {
    let mut site = Site::new(SITE);
    let low = site.call("100", "box");
    site.talk(low, 1_200);
    site.pass(2_000);
    let high = site.call("200", "box");
    site.talk(high, 1_600);
    site.pass(3_000);
    site.hang_up(high);
    site.pass(2_000);
    let (hall, yard) = (site.heard("hall"), site.heard("yard"));
    for zone in [hall, yard] {
        assert!(alike(zone.tone(1_200, 1_000..2_000), TALK));
        assert!(alike(zone.softest(1_600, 2_200..4_900), TALK));
        assert!(alike(zone.softest(1_200, 5_200..6_900), TALK), "it is there again");
    }
    assert!(hall.loudest(1_200, 2_100..5_000) < UNHEARD);
    assert!(alike(yard.loudest(1_200, 2_100..5_000), TALK - 20.0));
    assert!(alike(yard.softest(1_200, 2_100..5_000), TALK - 20.0));
}

#[test]
fn a_lower_page_that_comes_later_is_not_heard_either() {
    let mut site = Site::new(SITE);
    let high = site.call("200", "box");
    site.talk(high, 1_600);
    site.pass(1_000);
    let low = site.call("100", "box");
    site.talk(low, 1_200);
    site.pass(2_000);
    assert!(site.answered_at(low).is_some());
    assert!(site.heard("hall").loudest(1_200, 1_000..3_000) < UNHEARD);
    assert!(site.heard("yard").loudest(1_200, 1_000..3_000) < TALK - 19.5);
}

#[test]
fn music_goes_on_under_a_page_only_where_the_zone_ducks() {
    let mut site = Site::new(&format!("{SITE}[music]\nsource = /radio\n"));
    site.pass(2_000);
    let call = site.call("100", "box");
    // None of its overtones, which the codec folds, is that of the music.
    site.talk(call, 1_000);
    site.pass(6_000);
    let (hall, yard) = (site.heard("hall"), site.heard("yard"));
    let muted = hall.loudest(MUSIC[0], 5_300..8_000);
    assert!(muted < UNHEARD, "{muted}");
    assert!(alike(yard.loudest(MUSIC[0], 5_300..8_000), TALK - 20.0));
    assert!(alike(yard.softest(MUSIC[0], 5_300..8_000), TALK - 20.0));
    assert!(alike(hall.tone(1_000, 6_000..8_000), TALK) && alike(yard.tone(1_000, 6_000..8_000), TALK));
}

#[test]
fn a_loud_ringer_is_silent_under_a_page_and_comes_back_after_it() {
    let mut site = Site::new("[sip bell]\ndomain = pbx.invalid\nuser = 502\nmode = ring\n");
    let page = site.call("100", "box");
    site.pass(3_000);
    let bell = site.call("101", "502");
    site.pass(12_000);
    assert_eq!((site.answered_at(page).is_some(), site.answered_at(bell)), (true, None));
    assert!(site.heard("all").rms(2_500..15_000) < UNHEARD, "who pages is silent, and so is the bell");
    site.hang_up(page);
    site.pass(6_000);
    assert!(site.heard("all").rms(15_000..21_000) > -30.0);
    site.hang_up(bell);
    site.pass(3_000);
    assert!(site.heard("all").rms(22_000..24_000) < UNHEARD);
}
