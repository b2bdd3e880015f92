//! docs/callers.md: what `[caller NAME]` says comes before what `[sip NAME]` says, then come the zones, then `[audio]`.

use super::TWO_ZONES;
use crate::dsp::Chime;
use crate::tests::site::Site;

#[test]
fn the_first_that_says_something_is_heard_and_a_page_has_one_chime() {
    let zones = TWO_ZONES.replace("channels = 2\n", "channels = 2\nklaxon = three-tone\n");
    let text = "[sip]\nzones = hall\n[sip yard]\ndomain = pbx.invalid\nuser = 501\nzones = yard\n\
                [sip door]\ndomain = pbx.invalid\nuser = 502\nzones = yard\nklaxon = attention\n\
                [sip all]\ndomain = pbx.invalid\nuser = 503\nzones = all\n\
                [caller boss]\nfrom = 2??@*\nklaxon = gong\n[caller quiet]\nfrom = 3??@*\nklaxon = none\n";
    let cases = [
        ("100", "box", "hall", Some(Chime::Gong)),
        ("100", "501", "yard", Some(Chime::ThreeTone)),
        ("100", "502", "yard", Some(Chime::Attention)),
        ("100", "503", "hall", Some(Chime::ThreeTone)),
        ("100", "503", "yard", Some(Chime::ThreeTone)),
        ("200", "502", "yard", Some(Chime::Gong)),
        ("300", "502", "yard", None),
    ];
    for (from, to, zone, chime) in cases {
        let mut site = Site::new(&format!("{zones}{text}"));
        site.call(from, to);
        site.pass(4_000);
        let heard = site.heard(zone);
        match chime {
            None => assert_eq!(heard.begin(0), None, "{from} {to}"),
            Some(chime) => {
                let likeness = heard.likeness(&chime.sound(), 0);
                assert!(likeness > 0.98, "{from} {to} {zone}: {likeness}");
            }
        }
    }
}

#[test]
fn a_chime_is_heard_only_where_the_page_is() {
    let mut site = Site::new(&format!("{TWO_ZONES}[sip]\nzones = hall\n"));
    site.call("100", "box");
    site.pass(3_000);
    assert_eq!(site.heard("yard").begin(0), None);
}

#[test]
fn a_caller_hears_his_chime_by_telephone_where_he_is_to_and_nobody_else() {
    for (early, count) in [("yes", 1), ("no", 0)] {
        let mut site = Site::new(&format!("[sip]\nearly-media = {early}\n"));
        let call = site.call("100", "box");
        site.pass(4_000);
        let strokes = site.beeps(call, 587.33);
        assert_eq!(strokes.len(), count, "{strokes:?}");
        assert!(strokes.iter().all(|at| *at <= 40), "with the loudspeakers: {strokes:?}");
    }
}
