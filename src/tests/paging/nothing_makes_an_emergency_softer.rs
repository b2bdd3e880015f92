//! docs/zones.md: what makes pages softer makes no emergency softer: the night, the telephone, `volume-call`.

use super::{TALK, UNHEARD, alike};
use crate::tests::site::Site;

const SITE: &str = "[zone hall]\n[audio]\nklaxon = none\n[calls]\ndtmf-timeout = 1s\n[key 80]\ndo = volume 0\n\
                    [key 81]\ndo = volume down\n[key 911]\ndo = emergency\n\
                    [sip]\ndomain = pbx.invalid\nuser = 501\n[sip help]\nuser = 911\nmode = emergency\n";

fn press(site: &mut Site, keys: &str) {
    let call = site.call("100", "501");
    site.pass(500);
    site.press(call, keys);
    site.hang_up(call);
}

/// How loud a caller of `user` is, who talks to the hall.
fn loudness(site: &mut Site, user: &str) -> f64 {
    let call = site.call("101", user);
    site.talk(call, 1_200);
    site.pass(5_000);
    site.hang_up(call);
    let now = site.now();
    site.pass(1_000);
    site.heard("hall").loudest(1_200, now - 2_000..now)
}

#[test]
fn who_calls_for_help_is_heard_in_a_zone_that_was_made_mute_by_telephone() {
    let mut site = Site::new(SITE);
    press(&mut site, "80");
    assert!(loudness(&mut site, "501") < UNHEARD);
    assert!(alike(loudness(&mut site, "911"), TALK));
}

#[test]
fn he_is_as_loud_as_ever_in_one_that_was_made_softer() {
    let mut site = Site::new(SITE);
    press(&mut site, "81");
    press(&mut site, "81");
    assert!(alike(loudness(&mut site, "501"), TALK - 6.0));
    assert!(alike(loudness(&mut site, "911"), TALK));
}

#[test]
fn he_is_heard_where_calls_are_mute_and_as_loud_as_they_are_where_they_are_louder() {
    for (level, page, help) in [("0", f64::NEG_INFINITY, TALK), ("200", TALK + 6.0, TALK + 6.0)] {
        let mut site = Site::new(&format!("{SITE}[audio]\nvolume-call = {level}\n"));
        let heard = loudness(&mut site, "501");
        assert!(alike(heard, page) || (heard < UNHEARD && page < UNHEARD), "{heard}");
        assert!(alike(loudness(&mut site, "911"), help));
    }
}

#[test]
fn the_emergency_that_is_played_is_heard_whatever_was_dialled_before() {
    let mut site = Site::new(&format!("{SITE}[audio]\nvolume-call = 0\n"));
    press(&mut site, "80");
    press(&mut site, "911");
    site.pass(5_000);
    let now = site.now();
    assert!(site.heard("hall").rms(now - 4_000..now) > -30.0);
}
