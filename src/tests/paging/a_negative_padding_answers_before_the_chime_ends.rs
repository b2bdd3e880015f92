//! docs/chime.md: `klaxon-padding`, the seconds between chime and answer; a negative one answers before the chime is over.

use super::at;
use crate::dsp::Chime;
use crate::tests::site::Site;

#[test]
fn the_answer_comes_before_the_end_at_the_end_or_after_it_as_the_padding_says() {
    for (padding, answered) in [("-1.5", 500), ("-1", 1_000), ("0", 2_000), ("0.7", 2_700), ("-9", 0)] {
        let mut site = Site::new(&format!("[audio]\nklaxon-padding = {padding}\n"));
        let call = site.call("100", "box");
        site.talk(call, 3_000);
        site.pass(5_000);
        assert!(at(site.answered_at(call), answered), "{padding}: {:?}", site.answered_at(call));
        let begins = site.heard("all").onset(3_000, answered + 30).unwrap();
        assert!(begins < answered + 150, "{padding}: {begins}");
    }
}

#[test]
fn the_chime_goes_on_under_the_first_words() {
    let mut site = Site::new("[audio]\nklaxon-padding = -1\n");
    let call = site.call("100", "box");
    site.pass(4_000);
    assert!(at(site.answered_at(call), 1_000));
    let likeness = site.heard("all").likeness(&Chime::Gong.sound(), 0);
    assert!(likeness > 0.99, "{likeness}");
}
