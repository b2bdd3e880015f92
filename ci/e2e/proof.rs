//! What the box can prove of a page afterwards: in its status and in its log.

use crate::callee::PagingCall;
use crate::paging_box::{PagingBox, until};
use crate::real_time::in_real_time;
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;
use std::time::Duration;

#[test]
fn a_page_that_was_heard_is_proved_with_its_figures() {
    in_real_time(|| {
        let target = PagingBox::start(V4, &[]);
        page(&target, &["--tone", "440", "--seconds", "4", "--codec", "PCMA"]);
        let record = &records(&target, 1)[0];
        let figure = |name: &str| record[name].as_f64().unwrap_or_else(|| panic!("{name}: {record}"));
        assert!((3.8..4.8).contains(&figure("on_air_s")), "{record}");
        assert!((3.5..4.6).contains(&figure("heard_s")) && figure("silent_s") < 1.1, "{record}");
        // A sine of -10 dB; seconds in which it began or ended are less loud.
        assert!(
            (figure("peak_dbfs") + 10.0).abs() < 1.0 && (-15.0..-12.0).contains(&figure("rms_dbfs")),
            "{record}"
        );
        assert_eq!((figure("received_packets"), figure("lost_packets")), (200.0, 0.0), "{record}");
        let words = ["kind", "ended", "codec", "zones"].map(|name| record[name].to_string());
        assert_eq!(words, ["\"call\"", "\"caller-hung-up\"", "\"PCMA\"", "[\"all\"]"], "{record}");
        assert_eq!((&record["silent"], &status(&target)["warnings"]), (&false.into(), &Value::Array(vec![])));
        let line = "INFO calls: page kind=call silent=no ended=caller-hung-up began=";
        until(PATIENCE, "the line", || target.log().contains(line));
    });
}

#[test]
fn a_page_that_nobody_could_hear_is_a_warning_until_the_next_one_is_heard() {
    in_real_time(|| {
        let target = PagingBox::start(V4, &["audio.volume-call=0"]);
        page(&target, &["--tone", "440", "--seconds", "3"]);
        let record = &records(&target, 1)[0];
        assert_eq!((&record["silent"], record["heard_s"].as_f64()), (&true.into(), Some(0.0)), "{record}");
        let told = status(&target);
        assert_eq!(
            (&told["healthy"], &told["warnings"][0]["kind"]),
            (&true.into(), &"silent-page".into()),
            "{told}"
        );
        until(PATIENCE, "the line", || target.log().contains("WARN calls: page kind=call silent=yes "));
        let said = ask(&target, &[]);
        assert!(said.contains("\n~ the last page was silent: nothing was heard of sip:"), "{said}");
    });
}

#[test]
fn a_page_into_a_zone_that_is_as_good_as_mute_is_silent() {
    in_real_time(|| {
        for volume in ["zone hall.volume=0", "zone hall.volume=1"] {
            let target = PagingBox::start(V4, &[volume]);
            page(&target, &["--tone", "440", "--seconds", "3"]);
            let record = &records(&target, 1)[0];
            assert_eq!(
                (&record["silent"], record["heard_s"].as_f64()),
                (&true.into(), Some(0.0)),
                "{record}"
            );
            assert!(record["peak_dbfs"].as_f64() < Some(-45.0), "{volume}: {record}");
        }
    });
}

#[test]
fn a_page_without_a_card_to_be_heard_on_is_silent_and_whoever_waits_for_a_sound_is_told() {
    in_real_time(|| {
        let target = PagingBox::start(V4, &["audio.device=hw:CARD=Nowhere"]);
        page(&target, &["--tone", "440", "--seconds", "3"]);
        let record = &records(&target, 1)[0];
        assert_eq!((&record["silent"], record["heard_s"].as_f64()), (&true.into(), Some(0.0)), "{record}");
        let mut play = Command::new(env!("CARGO_BIN_EXE_paging"));
        let control = target.folder.join("control.sock");
        let output = play.args(["tone", "440", "1", "--wait", "--socket"]).arg(control).output().unwrap();
        assert_eq!(output.status.code(), Some(69), "{output:?}");
    });
}

#[test]
fn a_page_that_the_box_ends_says_why_and_one_that_is_short_is_no_warning() {
    in_real_time(|| {
        let target = PagingBox::start(V4, &["calls.hang-up-after-minutes=0.02"]);
        let call = PagingCall::start(&target.uri(), &["--rtp", "no", "--seconds", "9"]);
        call.finish(PATIENCE);
        let record = &records(&target, 1)[0];
        assert_eq!((&record["ended"], &record["silent"]), (&"too-long".into(), &false.into()), "{record}");
    });
}

fn page(target: &PagingBox, sound: &[&str]) {
    let outcome = PagingCall::start(&target.uri(), sound).finish(PATIENCE);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
}

/// The call log, as soon as it has so many pages.
fn records(target: &PagingBox, count: usize) -> Vec<Value> {
    let mut pages = Vec::new();
    until(PATIENCE, "pages in the call log", || {
        pages = status(target)["pages"].as_array().cloned().unwrap_or_default();
        pages.len() == count
    });
    pages
}

fn status(target: &PagingBox) -> Value {
    serde_json::from_str(&ask(target, &["--json"])).unwrap()
}

fn ask(target: &PagingBox, how: &[&str]) -> String {
    let socket = target.status_socket();
    let mut command = Command::new(env!("CARGO_BIN_EXE_paging"));
    let output = command.args(["status", "--socket"]).arg(socket).args(how).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PATIENCE: Duration = Duration::from_secs(20);
