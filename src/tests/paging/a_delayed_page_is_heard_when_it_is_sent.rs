//! docs/delayed.md: calls are recorded first, and heard afterwards, whole and with the chime before them.

use super::{TALK, UNHEARD, alike};
use crate::dsp::Chime;
use crate::tests::site::{Call, Site};

/// Somebody calls, hears the beep, and says a tone for three seconds.
fn dictated(text: &str) -> (Site, Call) {
    let mut site = Site::new(&format!("[calls]\ndelayed = yes\n{text}"));
    let call = site.call("100", "box");
    site.pass(1_000);
    site.talk(call, 1_200);
    site.pass(3_000);
    site.fall_silent(call);
    (site, call)
}

/// The words are heard, whole, with the chime before them, and not before `sent`.
fn is_heard_after(site: &Site, sent: u64) {
    let heard = site.heard("all");
    assert!(heard.rms(0..sent) < UNHEARD, "while he speaks nobody hears him");
    let chime = heard.begin(sent).unwrap();
    assert!(chime < sent + 200, "{}", chime - sent);
    assert!(heard.likeness(&Chime::Gong.sound(), chime) > 0.98);
    let words = heard.onset(1_200, chime + 1_900).unwrap();
    assert!(words < chime + 3_000, "{}", words - chime);
    let end = heard.end(1_200, words + 100).unwrap();
    assert!((2_900..=3_100).contains(&(end - words)), "{} ms of 3000", end - words);
    assert!(alike(heard.tone(1_200, words + 500..words + 2_500), TALK));
}

#[test]
fn who_presses_1_is_heard_from_then_on() {
    let (mut site, call) = dictated("");
    site.press(call, "#");
    site.pass(5_000);
    let sent = site.now();
    site.press(call, "1");
    site.pass(10_000);
    is_heard_after(&site, sent);
    assert!(site.over_at(call).is_some_and(|over| over < sent + 2_000), "the box hangs up");
}

#[test]
fn who_hangs_up_after_having_spoken_has_paged() {
    let (mut site, call) = dictated("");
    let sent = site.now();
    site.hang_up(call);
    site.pass(10_000);
    is_heard_after(&site, sent);
}

#[test]
fn who_presses_a_star_or_says_nothing_is_not_heard() {
    let (mut site, call) = dictated("");
    site.press(call, "*");
    site.pass(10_000);
    assert!(site.over_at(call).is_some());
    assert_eq!(site.heard("all").begin(0), None);
    let mut site = Site::new("[calls]\ndelayed = yes\n");
    let call = site.call("100", "box");
    site.pass(5_000);
    site.hang_up(call);
    site.pass(10_000);
    assert_eq!(site.heard("all").begin(0), None);
}

#[test]
fn it_waits_for_who_is_on_air() {
    let mut site = Site::new("[calls]\ndelayed = 1??@*\n");
    let page = site.call("200", "box");
    site.talk(page, 1_600);
    site.pass(3_000);
    let call = site.call("100", "box");
    site.pass(1_000);
    site.talk(call, 1_200);
    site.pass(2_000);
    site.hang_up(call);
    site.pass(10_000);
    let over = site.now();
    site.hang_up(page);
    site.pass(8_000);
    let heard = site.heard("all");
    assert!(heard.loudest(1_200, 2_100..over) < UNHEARD);
    let begins = heard.onset(1_200, over + 1_500);
    assert!(begins.is_some_and(|words| words < over + 3_000), "{begins:?}");
}
