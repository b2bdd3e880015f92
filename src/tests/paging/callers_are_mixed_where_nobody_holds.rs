//! docs/callers.md: with `hold-concurrent = no` callers are heard together; a joiner has the beep and no chime.

use super::{TALK, TWO_ZONES, UNHEARD, alike, at};
use crate::dsp::Chime;
use crate::tests::site::Site;

#[test]
fn a_joiner_is_answered_at_once_with_a_beep_and_no_other_chime() {
    let mut site = Site::new("[calls]\nhold-concurrent = no\n");
    let first = site.call("100", "box");
    site.talk(first, 1_200);
    site.pass(4_000);
    let joiner = site.call("101", "box");
    site.talk(joiner, 1_600);
    site.pass(4_000);
    assert!(at(site.answered_at(joiner), 4_000), "{:?}", site.answered_at(joiner));
    let beeps = site.beeps(joiner, TALK_BEEP);
    assert_eq!(beeps.len(), 1);
    assert!((4_300..4_400).contains(&beeps[0]), "as soon as his telephone is ready: {beeps:?}");
    let heard = site.heard("all");
    assert!(
        alike(heard.softest(1_200, 2_200..8_000), TALK) && alike(heard.softest(1_600, 4_200..8_000), TALK)
    );
    // Two tones, and nothing beside them.
    assert!(alike(heard.rms(4_300..6_500), TALK), "{}", heard.rms(4_300..6_500));
}

#[test]
fn who_rings_while_the_chime_sounds_waits_for_the_same_chime() {
    let mut site = Site::new("");
    let first = site.call("100", "box");
    site.pass(1_000);
    let second = site.call("101", "box");
    site.pass(4_000);
    assert!(at(site.answered_at(first), 2_000) && at(site.answered_at(second), 2_000));
    assert!(site.heard("all").rms(2_050..5_000) < UNHEARD, "one chime");
}

#[test]
fn callers_of_the_same_zone_hear_one_another_and_those_of_another_do_not() {
    let accounts = "[sip]\nzones = hall\n[sip yard]\ndomain = pbx.invalid\nuser = 502\nzones = yard\n";
    let mut site = Site::new(&format!("{TWO_ZONES}{accounts}[audio]\nklaxon = none\n"));
    let (one, other) = (site.call("100", "box"), site.call("101", "box"));
    let yard = site.call("102", "502");
    site.talk(one, 1_200);
    site.pass(4_000);
    assert_eq!(site.beeps(other, 1_200.0).len(), 1);
    assert_eq!((site.beeps(one, 1_200.0).len(), site.beeps(yard, 1_200.0).len()), (0, 0));
}

#[test]
fn one_chime_is_heard_after_the_last_of_them() {
    let mut site = Site::new("[audio]\nklaxon = none\nklaxon-after = three-tone\n");
    let (one, other) = (site.call("100", "box"), site.call("101", "box"));
    site.pass(3_000);
    site.hang_up(one);
    site.pass(3_000);
    let last = site.now();
    site.hang_up(other);
    site.pass(6_000);
    let heard = site.heard("all");
    assert!(heard.rms(0..last) < UNHEARD);
    let chime = heard.begin(last).unwrap();
    assert!(chime < last + 300, "{}", chime - last);
    assert!(heard.likeness(&Chime::ThreeTone.sound(), chime) > 0.98);
    assert!(heard.rms(chime + 2_700..last + 6_000) < UNHEARD);
}

const TALK_BEEP: f64 = 1_000.0;
