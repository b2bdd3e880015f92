//! docs/zones.md: `delay`, everything so much later than elsewhere.

use super::{TALK, alike};
use crate::tests::site::{MUSIC, Site};

const SITE: &str = "[zone hall]\nchannels = 1\n[zone yard]\nchannels = 2\ndelay = 120ms\n";

#[test]
fn chime_words_and_music_are_later_there_and_the_same() {
    let mut site = Site::new(&format!("{SITE}[music]\nsource = /radio\n"));
    site.pass(2_000);
    let call = site.call("100", "box");
    site.talk(call, 1_200);
    site.pass(7_000);
    let (hall, yard) = (site.heard("hall"), site.heard("yard"));
    for (hz, from) in [(MUSIC[0], 0), (1_200, 6_500)] {
        let (here, there) = (hall.onset(hz, from).unwrap(), yard.onset(hz, from).unwrap());
        assert!(there.abs_diff(here + 120) <= 5, "{hz} Hz: {here} and {there}");
    }
    // Sample by sample, wherever one looks.
    for from in [1_000, 4_000, 5_500, 8_000] {
        let (here, there) = (hall.samples(from..from + 500), yard.samples(from + 120..from + 620));
        let apart = here.iter().zip(there).map(|(here, there)| (here - there).abs()).fold(0.0, f32::max);
        assert!(apart < 1e-4, "from {from}: {apart}");
    }
    assert!(alike(yard.tone(1_200, 8_000..9_000), TALK));
}
