//! docs/callers.md: a box that stops hangs up on everybody; whose turn comes of that is not heard any more.

use super::UNHEARD;
use crate::tests::site::Site;

#[test]
fn who_waits_does_not_go_on_air_when_the_one_before_him_is_hung_up_on() {
    let mut site = Site::new("[audio]\nklaxon = none\n[calls]\nhold-concurrent = yes\n");
    let first = site.call("100", "box");
    site.talk(first, 1_200);
    site.pass(1_000);
    let second = site.call("200", "box");
    site.talk(second, 1_600);
    site.pass(1_000);
    // He does not know that he is hung up on.
    site.cut_off(second);
    site.stop();
    let stopped = site.now();
    site.pass(1_500);
    assert_eq!(site.over_at(first), Some(stopped));
    let all = site.heard("all");
    assert!(all.onset(1_200, 0).is_some());
    assert!(all.loudest(1_600, stopped + 300..site.now()) < UNHEARD);
}
