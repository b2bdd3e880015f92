//! docs/callers.md: with `hold-concurrent` callers of the same zones wait for one another.

use super::{TALK, TWO_ZONES, UNHEARD, alike, at};
use crate::dsp::Chime;
use crate::tests::site::Site;

const HOLDS: &str = "[calls]\nhold-concurrent = yes\nhang-up-after-minutes = 0.5\n";

#[test]
fn who_comes_second_is_told_his_place_and_has_his_chime_when_it_is_his_turn() {
    let mut site = Site::new(HOLDS);
    let first = site.call("100", "box");
    site.talk(first, 1_200);
    site.pass(4_000);
    let second = site.call("101", "box");
    site.talk(second, 1_600);
    site.pass(6_000);
    assert!(at(site.answered_at(second), 4_000), "to be told that he waits");
    assert_eq!(site.beeps(second, PLACE).len(), 1);
    site.hang_up(first);
    site.pass(5_000);
    let heard = site.heard("all");
    assert!(alike(heard.softest(1_200, 2_200..9_900), TALK));
    assert!(heard.loudest(1_600, 2_200..9_900) < UNHEARD, "what he said before is not heard later");
    assert!(heard.likeness(&Chime::Gong.sound(), 10_000) > 0.9);
    let begins = heard.onset(1_600, 11_900);
    assert!(begins.is_some_and(|begins| (12_000..12_150).contains(&begins)), "{begins:?}");
    let beeps = site.beeps(second, TALK_BEEP);
    assert_eq!(beeps.len(), 1);
    assert!(beeps[0].abs_diff(12_000) < 50, "{beeps:?}");
}

#[test]
fn each_has_his_whole_time_however_long_he_waited() {
    let mut site = Site::new(HOLDS);
    let first = site.call("100", "box");
    site.pass(1_000);
    let second = site.call("101", "box");
    site.pass(65_500);
    assert!(at(site.over_at(first), 32_000), "{:?}", site.over_at(first));
    assert!(at(site.over_at(second), 64_000), "{:?}", site.over_at(second));
    let beeps = site.beeps(second, ENDING);
    assert!(beeps.len() == 3 && beeps[0].abs_diff(54_000) <= 50, "{beeps:?}");
}

#[test]
fn who_wants_another_zone_does_not_wait_and_one_too_many_is_refused() {
    let accounts = "[sip]\nzones = hall\n[sip yard]\ndomain = pbx.invalid\nuser = 502\nzones = yard\n";
    let mut site = Site::new(&format!("{TWO_ZONES}{HOLDS}queue-max = 1\n{accounts}"));
    let first = site.call("100", "box");
    site.talk(first, 1_200);
    site.pass(3_000);
    let other = site.call("101", "502");
    site.talk(other, 1_600);
    let second = site.call("102", "box");
    let third = site.call("103", "box");
    site.pass(3_000);
    assert!(alike(site.heard("yard").tone(1_600, 5_500..6_000), TALK));
    assert!(site.heard("hall").loudest(1_600, 2_200..6_000) < UNHEARD);
    assert!(site.answered_at(second).is_some());
    assert_eq!(site.refused(third), Some(486));
}

#[test]
fn who_waits_is_told_his_place_again_and_again_until_it_is_his_turn() {
    let mut site = Site::new("[calls]\nhold-concurrent = yes\n");
    let first = site.call("100", "box");
    site.pass(4_000);
    let second = site.call("101", "box");
    site.pass(40_000);
    let beeps = site.beeps(second, PLACE);
    let told_at = [4_300, 19_000, 34_000];
    assert_eq!(beeps.len(), told_at.len(), "{beeps:?}");
    assert!(beeps.iter().zip(told_at).all(|(beep, told_at)| beep.abs_diff(told_at) < 80), "{beeps:?}");
    site.hang_up(first);
    site.pass(40_000);
    assert_eq!(site.beeps(second, PLACE).len(), told_at.len(), "he is on air");
}

#[test]
fn who_gives_up_harms_nobody() {
    let mut site = Site::new(HOLDS);
    let first = site.call("100", "box");
    site.pass(3_000);
    let (second, third) = (site.call("101", "box"), site.call("102", "box"));
    site.talk(third, 1_600);
    site.pass(2_000);
    assert_eq!(site.beeps(third, PLACE).len(), 2);
    site.hang_up(second);
    site.pass(2_000);
    assert_eq!(site.beeps(third, PLACE).len(), 3, "he has moved up by one");
    site.hang_up(first);
    site.pass(4_000);
    let begins = site.heard("all").onset(1_600, 8_900);
    assert!(begins.is_some_and(|begins| (9_000..9_150).contains(&begins)), "{begins:?}");
}

#[test]
fn who_gives_up_during_his_chime_leaves_it_to_the_next() {
    let mut site = Site::new(HOLDS);
    let first = site.call("100", "box");
    site.pass(3_000);
    let (second, third) = (site.call("101", "box"), site.call("102", "box"));
    site.talk(third, 1_600);
    site.pass(1_000);
    site.hang_up(first);
    site.pass(1_000);
    site.hang_up(second);
    site.pass(4_000);
    let heard = site.heard("all");
    let likeness = heard.likeness(&Chime::Gong.sound(), 4_000);
    assert!(likeness > 0.98, "nobody has to hear it twice, nor half of it: {likeness}");
    let begins = heard.onset(1_600, 5_900);
    assert!(begins.is_some_and(|begins| (6_000..6_150).contains(&begins)), "{begins:?}");
    assert!(alike(heard.rms(6_200..9_000), TALK - 3.0), "a tone, and no other chime");
}

#[test]
fn who_waits_and_sends_nothing_is_not_ended_for_it_but_on_air_he_is() {
    let mut site = Site::new("[calls]\nhold-concurrent = yes\n[sip]\nrtp-timeout = 10s\n");
    let first = site.call("100", "box");
    site.pass(1_000);
    let second = site.call("101", "box");
    site.set_mute(second, true);
    site.pass(40_000);
    assert_eq!(site.over_at(second), None);
    site.hang_up(first);
    site.pass(20_000);
    assert!(at(site.over_at(second), 53_000), "{:?}", site.over_at(second));
}

/// What tells a caller his place.
const PLACE: f64 = 660.0;
/// And that he is heard.
const TALK_BEEP: f64 = 1_000.0;
/// And that his time is nearly over.
const ENDING: f64 = 1_320.0;
