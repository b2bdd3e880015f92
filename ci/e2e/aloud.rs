//! What the box says aloud: by itself when something is wrong, and when it is asked.

use crate::callee::Callee;
use crate::paging_box::{PagingBox, next_folder, until};
use crate::real_time::in_real_time;
use crate::tone::Recording;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

#[test]
fn a_box_with_a_mistake_in_its_file_says_so_half_a_minute_after_its_start() {
    in_real_time(|| {
        let started = Instant::now();
        let mut target = PagingBox::start_reading(MISTAKEN);
        wait_until_it_speaks(&target);
        assert!(started.elapsed() >= SETTLING, "after {:?}", started.elapsed());
        until(Duration::from_secs(15), "it has said it", || target.log().contains("said aloud to the end"));
        target.terminate();
        assert_is_speech(&Recording::read(&target.wav()), 4.0..8.0);
    });
}

#[test]
fn a_call_that_comes_while_the_box_speaks_is_heard_alone() {
    in_real_time(|| {
        let mut target = PagingBox::start_reading(MISTAKEN);
        wait_until_it_speaks(&target);
        // A second of it.
        until(Duration::from_secs(5), "something was said", || {
            fs::metadata(target.wav()).is_ok_and(|file| file.len() > 48_000 * 4)
        });
        let uri = target.uri();
        let output = paging(&["call", &uri, "--tone", "1000", "--seconds", "4"]);
        assert!(output.status.success(), "{output:?}");
        target.terminate();
        assert!(target.log().contains("cut off by a call"), "{}", target.log());
        assert!(!target.log().contains("said aloud to the end"), "{}", target.log());
        let heard = Recording::read(&target.wav()).find_last(1000.0, 4.0).unwrap();
        assert_eq!(heard.gaps, 0, "{heard:?}");
        assert!(heard.rest < 0.01, "something else was heard: {heard:?}");
    });
}

#[test]
fn a_wrong_password_is_said_with_the_extension_that_it_belongs_to() {
    let mut registrar = Callee::new();
    let domain = format!("sip.domain={}", registrar.address());
    let settings = [&domain, "sip.user=501", "sip.pass=wrong"];
    let target = PagingBox::start(IpAddr::from([127, 0, 0, 1]), &settings);
    let challenge = "Digest realm=\"pbx\", nonce=\"n1\", qop=\"auth\", algorithm=MD5";
    for _ in 0..2 {
        let request = registrar.receive("REGISTER");
        registrar.reply(&request, &format!("401 Unauthorized\r\nWWW-Authenticate: {challenge}"), "");
    }
    until(SETTLING + Duration::from_secs(15), "it speaks", || {
        target.log().contains(
            "says aloud: \"this is the paging box. extension 5 0 1 is not registered. the password is wrong\"",
        )
    });
}

#[test]
fn the_status_is_said_when_asked_for_and_printed() {
    let folder = next_folder();
    let (conf, wav) = (folder.join("paging.conf"), folder.join("status.wav"));
    fs::write(&conf, MISTAKEN).unwrap();
    let device = format!("wav:{}", wav.display());
    let output = paging(&["say-status", "--device", &device, conf.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.starts_with("this is the paging box. the"), "{said}");
    assert!(said.ends_with("there is a mistake in the configuration, line number 2\n"), "{said}");
    assert_is_speech(&Recording::read(&wav), 4.0..20.0);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_status_of_a_box_that_runs_tells_of_its_accounts() {
    let mut registrar = Callee::new();
    let domain = format!("sip.domain={}", registrar.address());
    let target = PagingBox::start(IpAddr::from([127, 0, 0, 1]), &[&domain, "sip.user=501", "sip.pass=wrong"]);
    let request = registrar.receive("REGISTER");
    registrar.reply(&request, "403 Forbidden", "");
    until(Duration::from_secs(5), "it is refused", || target.log().contains("(403)"));
    let socket = format!("status.socket={}", target.status_socket().display());
    let output = paging(&["say-status", "--device", "null", "--set", &socket]);
    let said = String::from_utf8_lossy(&output.stdout);
    let expected = "extension 5 0 1 is not registered. the server does not accept it\n";
    assert!(output.status.success() && said.ends_with(expected), "{output:?}");
}

#[test]
fn a_status_that_cannot_be_heard_is_printed_and_is_a_failure() {
    let output = paging(&["say-status", "--device", "card:nowhere"]);
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("this is the paging box"), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("no sound card"), "{output:?}");
}

fn wait_until_it_speaks(target: &PagingBox) {
    until(SETTLING + Duration::from_secs(10), "it speaks", || {
        target.log().contains(
            "says aloud: \"this is the paging box. there is a mistake in the configuration, line number 2\"",
        )
    });
}

/// As loud as a caller, and about as long as it takes to say.
fn assert_is_speech(recording: &Recording, seconds: std::ops::Range<f32>) {
    let (length, level) = recording.speech();
    assert!(seconds.contains(&length), "{length} s");
    assert!((-23.0..-17.0).contains(&level), "{level} dBFS");
    assert!(recording.peak() < 0.9, "{}", recording.peak());
}

fn paging(arguments: &[&str]) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_paging"));
    Command::new("timeout").arg("60").arg(program).args(arguments).output().unwrap()
}

const MISTAKEN: &str = "[audio]\ndevise = auto\n";

/// When the box speaks at the earliest.
const SETTLING: Duration = Duration::from_secs(30);
