//! What is said into the telephone is what leaves the loudspeaker: heard in the recording.

use crate::paging_box::PagingBox;
use crate::real_time::in_real_time;
use crate::sipp::{Sipp, Way};
use crate::skip;
use crate::tone::{self, Heard, Recording};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::process::{Command, Output};

#[test]
fn a_page_by_sipp_is_heard_whole_and_at_its_level() {
    if skip::is_missing("sipp") {
        return;
    }
    in_real_time(|| {
        for way in [Way::Udp, Way::TcpEach] {
            let mut target = PagingBox::start(V4, &[]);
            Sipp::start(&target, way, "page", 1).finish();
            target.terminate();
            assert_is_the_tone(&listen(&target.wav(), tone::HZ));
        }
    });
}

#[test]
fn a_file_paged_by_our_own_caller_is_heard_whole_and_at_its_level() {
    in_real_time(|| {
        for ip in [V4, V6] {
            let mut target = PagingBox::start(ip, &[]);
            let file = target.folder.join("tone.wav");
            tone::write_wav(&file, 16_000);
            let output = page(&target, &["--play", file.to_str().unwrap()]);
            assert!(output.status.success(), "{output:?}");
            target.terminate();
            assert_is_the_tone(&listen(&target.wav(), tone::HZ));
        }
    });
}

#[test]
fn a_tone_paged_by_our_own_caller_lasts_as_long_as_asked() {
    in_real_time(|| {
        let mut target = PagingBox::start(V4, &[]);
        let output = page(&target, &["--tone", "440", "--seconds", "3"]);
        assert!(output.status.success(), "{output:?}");
        target.terminate();
        let heard = listen(&target.wav(), 440.0);
        assert_lasted(&heard, 3.0);
        assert_eq!(heard.gaps, 0, "{heard:?}");
        assert!(heard.amplitude > 0.05 && heard.amplitude < 0.95, "{heard:?}");
        assert!(heard.rest < 0.01, "{heard:?}");
    });
}

#[test]
fn a_page_by_any_codec_is_heard_whole_and_clean() {
    in_real_time(|| {
        for codec in ["PCMA", "G722", "L16/8000", "L16/16000", "L16/48000"] {
            let mut target = PagingBox::start(V4, &[]);
            let output =
                page(&target, &["--tone", "440", "--seconds", "2", "--codec", codec, "--ptime", "10"]);
            assert!(output.status.success(), "{codec}: {output:?}");
            target.terminate();
            let heard = listen(&target.wav(), 440.0);
            assert_lasted(&heard, 2.0);
            assert_eq!(heard.gaps, 0, "{codec}: {heard:?}");
            assert!(heard.rest < 0.01, "{codec}: {heard:?}");
        }
    });
}

#[test]
fn the_demonstration_of_the_readme_hears_its_page() {
    if skip::is_missing("python3") {
        return;
    }
    in_real_time(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo");
        let output = Command::new("timeout")
            .args(["120", "python3"])
            .arg(root.join("ci/demo.py"))
            .args([env!("CARGO_BIN_EXE_paging"), "wav"])
            .arg(folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    });
}

#[test]
fn a_page_to_nobody_fails_with_a_word_and_an_exit_code() {
    let nobody = std::net::UdpSocket::bind((V4, 0)).unwrap();
    let target = format!("sip:page@{}", nobody.local_addr().unwrap());
    drop(nobody);
    let output = paging_call(&target, &["--tone", "440", "--seconds", "1"]);
    assert!(!output.status.success());
    assert!(output.status.code().is_some(), "ended by a signal: {output:?}");
    assert!(!output.stderr.is_empty(), "{output:?}");
}

fn page(target: &PagingBox, what: &[&str]) -> Output {
    paging_call(&target.uri(), what)
}

fn paging_call(uri: &str, what: &[&str]) -> Output {
    Command::new("timeout")
        .args(["60", env!("CARGO_BIN_EXE_paging"), "call", uri])
        .args(what)
        .output()
        .unwrap()
}

fn listen(wav: &Path, hz: f32) -> Heard {
    let recording = Recording::read(wav);
    recording.find(hz).unwrap_or_else(|| panic!("nothing of {hz} Hz heard; peak {}", recording.peak()))
}

/// Codec and ramps cost 0.5 dB at most.
fn assert_is_the_tone(heard: &Heard) {
    assert_lasted(heard, tone::SECONDS);
    assert_eq!(heard.gaps, 0, "{heard:?}");
    assert!((20.0 * (heard.amplitude / tone::AMPLITUDE).log10()).abs() < 0.5, "{heard:?}");
    assert!(heard.rest < 0.002, "noise over -27 dB of the tone: {heard:?}");
}

/// A ramp may hide the first block, and delay won back shortens the page; when packets stop without a word, the last
/// sound is carried on for a moment.
fn assert_lasted(heard: &Heard, seconds: f32) {
    assert!(heard.seconds > seconds - 0.03 && heard.seconds < seconds + 0.1, "{heard:?}");
}

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
