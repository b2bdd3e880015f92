//! docs/delayed.md, announcements.md: what has waited for its turn and finds as many sounds on air as may be is heard when
//! there is room.

use super::{TALK, TWO_ZONES, UNHEARD};
use crate::tests::site::Site;

/// Those whose users begin with 1 are recorded, and page the hall; 502 is the yard, where eight announcements fill the air.
const SITE: &str = "[calls]\ndelayed = 1??@*\n[sip]\nzones = hall\n\
                    [sip yard]\ndomain = pbx.invalid\nuser = 502\nzones = yard\n";

fn site(klaxon: &str, more: &str) -> Site {
    let long = |number: u32| {
        format!(
            "[announcement {number}]\nplay = gong\nzones = yard\npriority = {number}\nrepeat = 12\n{}",
            key(number)
        )
    };
    let announcements: String = (1..=8).map(long).collect();
    Site::new(&format!("{TWO_ZONES}[audio]\nklaxon = {klaxon}\n{SITE}{announcements}{more}"))
}

/// The key 81 plays the announcement 1, and so on.
fn key(number: u32) -> String {
    format!("[key 8{number}]\ndo = announcement {number}\n")
}

/// Somebody calls the yard, presses keys, and hangs up.
fn press(site: &mut Site, keys: &str) {
    let call = site.call("300", "502");
    site.pass(500);
    site.press(call, keys);
    site.hang_up(call);
}

/// As many announcements as may be are on air in the yard, for half a minute from now on.
fn fill_the_air(site: &mut Site) {
    press(site, "8182838485868788");
    site.pass(500);
    assert_eq!(site.status().programmes.len(), 8);
}

/// Somebody is recorded for two seconds, and hangs up.
fn dictate(site: &mut Site) {
    let call = site.call("100", "box");
    // Who presses no key is recorded after a while.
    site.pass(8_000);
    site.talk(call, 1_200);
    site.pass(2_000);
    site.hang_up(call);
}

#[test]
fn a_recording_and_its_chime_sound_once_there_is_room() {
    for (klaxon, chime) in [("none", 0), ("gong", 3_000)] {
        let mut site = site(klaxon, "");
        fill_the_air(&mut site);
        dictate(&mut site);
        let sent = site.now();
        site.pass(6_000);
        assert_eq!(site.status().programmes.len(), 8, "the air is full");
        assert!(site.heard("hall").rms(0..site.now()) < UNHEARD, "{klaxon}: not the chime alone");
        site.pass(30_000);
        let hall = site.heard("hall");
        let words = hall.begin(sent).and_then(|begins| hall.onset(1_200, begins + chime));
        let words = words.unwrap_or_else(|| panic!("{klaxon}: it is heard"));
        assert!(hall.tone(1_200, words + 200..words + 1_000) > TALK - 3.0);
    }
}

#[test]
fn a_recording_whose_room_is_taken_during_its_chime_waits_for_another_and_its_chime_is_not_heard_again() {
    let mut site = site("gong", "");
    press(&mut site, "81828384858687");
    site.pass(500);
    dictate(&mut site);
    let sent = site.now();
    press(&mut site, "88");
    site.pass(500);
    assert_eq!(site.status().programmes.len(), 8, "the air is full");
    site.pass(40_000);
    let hall = site.heard("hall");
    let chime = hall.begin(sent).unwrap();
    let words = hall.onset(1_200, chime + 4_000).expect("it is heard");
    assert!(hall.rms(chime + 3_000..words - 300) < UNHEARD, "one chime");
    assert!(hall.tone(1_200, words + 200..words + 1_000) > TALK - 3.0);
}

#[test]
fn an_announcement_whose_turn_comes_while_there_is_no_room_sounds_when_there_is() {
    let more = "[announcement 9]\nplay = three-tone\nzones = hall\n[key 79]\ndo = announcement 9\n";
    let mut site = site("none", &format!("{more}[calls]\nhold-concurrent = yes\n"));
    let caller = site.call("200", "box");
    site.talk(caller, 1_600);
    site.pass(6_000);
    press(&mut site, "79");
    fill_the_air(&mut site);
    site.hang_up(caller);
    let over = site.now();
    site.pass(8_000);
    assert_eq!(site.status().programmes.len(), 8, "the air is full");
    assert!(site.heard("hall").rms(over + 1_000..over + 8_000) < UNHEARD);
    site.pass(35_000);
    assert!(site.heard("hall").begin(over + 8_000).is_some(), "it is heard then");
}
