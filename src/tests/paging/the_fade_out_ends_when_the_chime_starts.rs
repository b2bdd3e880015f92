//! docs/zones.md: the fade-out ends when the chime begins, and does not run into it.

use super::{TALK, UNHEARD, alike, at};
use crate::dsp::Chime;
use crate::tests::site::{MUSIC, Site};

const RADIO: &str = "[music]\nsource = /radio\n";

#[test]
fn the_music_is_down_when_the_chime_begins_and_the_caller_waits_no_longer() {
    let mut site = Site::new(RADIO);
    site.pass(5_000);
    let call = site.call("100", "box");
    site.pass(6_000);
    let heard = site.heard("all");
    assert!(alike(heard.tone(MUSIC[0], 4_900..5_000), TALK));
    assert!(heard.rms(7_980..8_000) < UNHEARD, "{}", heard.rms(7_980..8_000));
    assert!(at(heard.begin(7_990), 8_000));
    assert!(heard.likeness(&Chime::Gong.sound(), 8_000) > 0.99);
    assert!(at(site.answered_at(call), 10_000), "{:?}", site.answered_at(call));
}

#[test]
fn it_goes_evenly_by_half_a_decibel_in_5_ms_at_most_and_comes_back_so() {
    let mut site = Site::new(&format!("{RADIO}[audio]\nklaxon = none\n"));
    site.pass(5_000);
    let call = site.call("100", "box");
    site.pass(4_000);
    site.hang_up(call);
    site.pass(12_000);
    let heard = site.heard("all");
    let (goes, comes) = (
        heard.steepest(MUSIC[0], 5_000..8_000, TALK - 60.0),
        heard.steepest(MUSIC[0], 9_000..20_000, TALK - 60.0),
    );
    assert!(goes > 0.05 && goes <= 0.5, "{goes}");
    assert!(comes > 0.01 && comes <= 0.5, "{comes}");
    assert!(alike(heard.tone(MUSIC[0], 20_000..21_000), TALK));
}

#[test]
fn an_offset_has_it_gone_before_the_page_or_after_its_beginning() {
    for (offset, answered, down) in [(-1, 9_000, 8_000), (0, 8_000, 8_000), (1, 7_000, 8_000)] {
        let mut site =
            Site::new(&format!("{RADIO}[audio]\nklaxon = none\nmusic-fade-out-offset = {offset}\n"));
        site.pass(5_000);
        let call = site.call("100", "box");
        site.pass(5_000);
        assert!(at(site.answered_at(call), answered), "{offset}: {:?}", site.answered_at(call));
        // The cube root of the gain goes straight: 28 dB are a second before the end.
        let end = site.heard("all").end(MUSIC[0], 5_000);
        assert!(at(end, down - 1_025), "{offset}: {end:?}");
    }
}

#[test]
fn it_fades_to_the_floor_and_is_cut_there_when_the_page_begins() {
    let text = "[audio]\nklaxon = none\nmusic-fade-out-min = 30\nmusic-fade-out-duration = 2\n";
    let mut site = Site::new(&format!("{RADIO}{text}"));
    site.pass(5_000);
    let call = site.call("100", "box");
    site.pass(4_000);
    assert!(at(site.answered_at(call), 7_000));
    let heard = site.heard("all");
    let floor = heard.tone(MUSIC[0], 6_990..7_000);
    assert!(alike(floor, TALK - 10.5), "{floor}");
    assert!(heard.steepest(MUSIC[0], 5_000..7_000, UNHEARD) <= 0.5);
    assert!(heard.tone(MUSIC[0], 7_010..7_030) < UNHEARD);
}

#[test]
fn who_gives_up_before_the_chime_has_it_back_at_once_and_no_chime_sounds() {
    let mut site = Site::new(&format!("{RADIO}[audio]\nmusic-fade-in-duration = 1\n"));
    site.pass(5_000);
    let call = site.call("100", "box");
    site.pass(2_000);
    site.hang_up(call);
    site.pass(6_000);
    let heard = site.heard("all");
    assert!(heard.tone(MUSIC[0], 6_900..7_000) < TALK - 20.0, "it was on its way");
    assert!(alike(heard.softest(MUSIC[0], 8_100..13_000), TALK));
    assert!(alike(heard.rms(8_100..13_000), TALK - 3.0), "nothing but music");
}
