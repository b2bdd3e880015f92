//! docs/proof.md: after each page the box can say whether anything was heard; a silent one is a warning.

use crate::status::{Ended, Record};
use crate::tests::site::Site;

/// What is told of a page of three seconds.
fn told(text: &str, hz: u32) -> Record {
    let mut site = Site::new(&format!("[audio]\nklaxon = none\n{text}"));
    let call = site.call("100", "box");
    site.talk(call, hz);
    site.pass(3_000);
    site.hang_up(call);
    site.pass(1_500);
    let [record] = &site.status().pages[..] else { panic!("one page") };
    record.clone()
}

#[test]
fn who_says_nothing_has_made_a_silent_page() {
    let record = told("", 0);
    assert!(record.silent && record.heard_s == 0.0, "{record:?}");
    assert_eq!((record.ended, record.from.as_str()), (Ended::CallerHungUp, "sip:100@192.0.2.1:5060"));
}

#[test]
fn who_talks_has_not() {
    let record = told("", 1_200);
    assert!(!record.silent && (2.5..=3.1).contains(&record.heard_s), "{record:?}");
    assert!(
        (-12.5..-11.5).contains(&record.peak_dbfs) && (-15.5..-14.5).contains(&record.rms_dbfs),
        "{record:?}"
    );
}

#[test]
fn who_talks_to_muted_loudspeakers_has() {
    let record = told("volume-call = 0\n", 1_200);
    assert!(record.silent && record.received_packets > 140, "{record:?}");
}

#[test]
fn so_has_who_talks_to_a_zone_that_is_as_good_as_mute() {
    for (volume, is_silent) in [("0", true), ("1", true), ("10", false)] {
        let record = told(&format!("[zone hall]\nvolume = {volume}\n"), 1_200);
        assert_eq!(record.silent, is_silent, "{volume} %: {record:?}");
    }
}

#[test]
fn so_has_who_talks_to_a_zone_that_was_made_mute_by_telephone() {
    let mut site = Site::new("[zone hall]\n[key 80]\ndo = volume 0\n[calls]\ndtmf-timeout = 1s\n");
    let keys = site.call("100", "box");
    site.pass(500);
    site.press(keys, "80");
    site.hang_up(keys);
    let call = site.call("100", "box");
    site.talk(call, 1_200);
    site.pass(8_000);
    site.hang_up(call);
    site.pass(1_500);
    let [record] = &site.status().pages[..] else { panic!("one page") };
    assert!(record.silent && record.peak_dbfs < -100.0, "{record:?}");
}

#[test]
fn a_warning_is_told_until_another_page_is_heard() {
    let mut site = Site::new("[audio]\nklaxon = none\n");
    for (hz, warnings) in [(0, 1), (1_200, 0)] {
        let call = site.call("100", "box");
        site.talk(call, hz);
        site.pass(3_000);
        site.hang_up(call);
        site.pass(2_000);
        let status = site.status();
        assert_eq!(status.warnings.len(), warnings, "{:?}", status.warnings);
    }
}
