//! docs/music.md: the first source that works plays; one that fails gives way to the next.

use super::{TALK, UNHEARD, alike};
use crate::tests::site::{MUSIC, Site};

const SITE: &str = "[music]\nsource = http://a.invalid/, http://b.invalid/\n";

#[test]
fn the_next_is_heard_without_a_gap_and_the_first_comes_back() {
    let mut site = Site::new(SITE);
    site.pass(20_000);
    let died = site.now();
    site.set_dead("http://a.invalid/", true);
    site.pass(100_000);
    let back = site.now();
    site.set_dead("http://a.invalid/", false);
    site.pass(130_000);
    let heard = site.heard("all");
    assert!(alike(heard.softest(MUSIC[0], 1_000..died), TALK));
    let next = heard.onset(MUSIC[1], died).unwrap();
    assert!(next < died + 3_000, "what was read ahead is heard first: {}", next - died);
    assert!(alike(heard.softest(MUSIC[1], next + 100..back), TALK));
    assert!(heard.loudest(MUSIC[0], next + 100..back) < UNHEARD);
    let first = heard.onset(MUSIC[0], back).unwrap();
    assert!(first < back + 123_000, "{}", first - back);
    assert!(alike(heard.tone(MUSIC[0], back + 125_000..back + 130_000), TALK));
    let gap = (1_000..back + 129_000).step_by(100).find(|&at| heard.rms(at..at + 100) < -20.0);
    assert_eq!(gap, None, "nowhere is it silent");
}

#[test]
fn where_none_works_it_is_silent_until_one_does() {
    let mut site = Site::new(SITE);
    for source in ["http://a.invalid/", "http://b.invalid/"] {
        site.set_dead(source, true);
    }
    site.pass(10_000);
    site.set_dead("http://b.invalid/", false);
    site.pass(20_000);
    let heard = site.heard("all");
    assert!(heard.rms(1_000..10_000) < UNHEARD);
    let begins = heard.onset(MUSIC[1], 10_000);
    assert!(begins.is_some_and(|begins| begins < 28_000), "{begins:?}");
}
