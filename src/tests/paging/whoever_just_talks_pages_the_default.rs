//! docs/telephone.md: who presses no key for `dtmf-timeout` is heard in the zones of his account.

use super::{TALK, TWO_ZONES, UNHEARD, alike};
use crate::tests::site::Site;

const KEYS: &str =
    "[sip]\nzones = hall\n[calls]\ndtmf-timeout = 3s\n[key 1]\ndo = zones hall\n[key 2]\ndo = zones yard\n";

/// Who calls, presses these keys, if any, and talks; what is heard of him in hall and yard, and from when on.
fn page(keys: &str) -> (Site, Option<u64>) {
    let mut site = Site::new(&format!("{TWO_ZONES}{KEYS}"));
    let call = site.call("100", "box");
    site.talk(call, 1_200);
    site.pass(500);
    site.press(call, keys);
    site.pass(8_000);
    let chime = site.heard("hall").begin(0).or(site.heard("yard").begin(0)).unwrap();
    let onset = |zone| site.heard(zone).onset(1_200, chime + 1_900);
    let begins = onset("hall").or(onset("yard"));
    (site, begins)
}

#[test]
fn without_a_key_the_chime_sounds_when_the_time_is_over_and_he_is_heard_where_his_account_says() {
    let (site, begins) = page("");
    let hall = site.heard("hall");
    let chime = hall.begin(0);
    assert!(chime.is_some_and(|chime| (3_000..3_020).contains(&chime)), "{chime:?}");
    assert!(begins.is_some_and(|begins| (5_000..5_150).contains(&begins)), "{begins:?}");
    assert!(alike(hall.tone(1_200, 6_000..8_000), TALK));
    assert!(site.heard("yard").rms(0..8_000) < UNHEARD);
}

#[test]
fn a_key_chooses_another_zone_at_once_and_only_that() {
    let (site, begins) = page("2");
    assert!(begins.is_some_and(|begins| (2_500..2_750).contains(&begins)), "{begins:?}");
    assert!(alike(site.heard("yard").tone(1_200, 4_000..8_000), TALK));
    assert!(site.heard("hall").rms(0..8_000) < UNHEARD);
}

#[test]
fn a_pound_key_alone_is_the_same_as_silence_at_once() {
    let (site, begins) = page("#");
    assert!(begins.is_some_and(|begins| (2_500..2_750).contains(&begins)), "{begins:?}");
    assert!(site.heard("yard").rms(0..8_000) < UNHEARD);
}
