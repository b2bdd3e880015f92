//! What a running box plays at the word of a program: stored announcements, the emergency, what is brought to it.

use crate::paging_box::{PagingBox, next_folder, until};
use crate::skip;
use crate::tone::{self, Recording};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

#[test]
fn a_stored_announcement_is_played_as_often_as_it_says_and_waited_for() {
    let file = sound("closing.wav");
    let play = format!("announcement 3.play={}", file.display());
    let mut target = PagingBox::start(V4, &[&play, "announcement 3.repeat=2"]);
    until(PATIENCE, "it is read", || target.log().contains("[announcement 3] play: 2.0 s of "));
    assert_done(&paging(&target, "play", &["announcement", "3", "--wait"]));
    target.terminate();
    let recording = Recording::read(&target.wav());
    let heard = recording.find(tone::HZ).unwrap();
    assert!((heard.seconds - (2.0 * tone::SECONDS + 1.0)).abs() < 0.06, "{heard:?}");
    assert!((98..=104).contains(&heard.gaps), "a second of silence between: {heard:?}");
    let amplitudes = recording.amplitudes(tone::HZ);
    assert!(amplitudes.iter().all(|amplitude| (amplitude - tone::AMPLITUDE).abs() < 0.02), "{amplitudes:?}");
}

#[test]
fn a_file_that_is_brought_is_heard_whole_and_another_after_it() {
    let mut target = PagingBox::start(V4, &[]);
    let file = sound("news.wav");
    assert_done(&paging(&target, "play", &[file.to_str().unwrap()]));
    assert_done(&paging(&target, "tone", &["2000", "3", "--wait"]));
    target.terminate();
    let heard = Recording::read(&target.wav());
    let (first, second) = (heard.place(tone::HZ).unwrap(), heard.place(2000.0).unwrap());
    assert!((first.end - first.start - tone::SECONDS).abs() < 0.11, "{first:?}");
    assert!((second.end - second.start - 3.0).abs() < 0.11, "{second:?}");
    assert!((0.0..0.5).contains(&(second.start - first.end)), "{first:?} and {second:?}");
    assert!(
        target.log().contains("plays \"news.wav\"") && target.log().contains("\"2000 Hz\" has been played")
    );
}

#[test]
fn the_emergency_is_played_again_and_again_until_it_is_stopped() {
    let file = sound("leave.wav");
    let play = format!("emergency.play={}", file.display());
    let mut target = PagingBox::start(V4, &[&play]);
    until(PATIENCE, "it is read", || target.log().contains("[emergency] play: 2.0 s of "));
    assert_done(&paging(&target, "play", &["emergency"]));
    assert_done(&paging(&target, "play", &["emergency"]));
    let shown = String::from_utf8(status(&target).stdout).unwrap();
    assert!(shown.contains("Announcements\n  emergency in all, priority 90, for "), "{shown}");
    target.signal("HUP");
    until(PATIENCE, "it is heard for the third time", || {
        Recording::read(&target.wav()).place(tone::HZ).is_some_and(|heard| heard.end - heard.start > 6.5)
    });
    assert_done(&paging(&target, "stop", &[]));
    until(PATIENCE, "it has ended", || target.log().contains("emergency is cut off"));
    target.terminate();
    let heard = Recording::read(&target.wav()).find(tone::HZ).unwrap();
    assert!((190..=320).contains(&heard.gaps), "two or three pauses: {heard:?}");
}

#[test]
fn who_waits_for_the_emergency_stays_until_it_ends_and_ends_it_by_leaving() {
    let target = PagingBox::start(V4, &[]);
    let mut command = Command::new(PROGRAM);
    command.args(["play", "emergency", "--wait", "--socket"]).arg(control(&target));
    let mut waiting = command.spawn().unwrap();
    until(PATIENCE, "it is played", || target.log().contains("emergency: it is played"));
    std::thread::sleep(Duration::from_secs(6));
    assert!(waiting.try_wait().unwrap().is_none(), "it is still there");
    assert!(!target.log().contains("emergency is cut off"), "{}", target.log());
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    until(PATIENCE, "it ends", || target.log().contains("emergency is cut off"));
    let record = "page kind=announcement silent=no ended=stopped ";
    until(PATIENCE, "the call log", || target.log().matches(record).count() == 1);
    let refused = paging(&target, "play", &["emergency", "--priority", "5"]);
    assert_eq!(refused.status.code(), Some(69));
}

#[test]
fn who_joins_an_announcement_cuts_it_for_nobody() {
    let file = sound("closing.wav");
    let play = format!("announcement 3.play={}", file.display());
    let target = PagingBox::start(V4, &[&play, "announcement 3.repeat=3"]);
    until(PATIENCE, "it is read", || target.log().contains("[announcement 3] play: 2.0 s of "));
    assert_done(&paging(&target, "play", &["announcement", "3"]));
    let mut command = Command::new(PROGRAM);
    command.args(["play", "announcement", "3", "--wait", "--socket"]).arg(control(&target));
    let mut joined = command.spawn().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    joined.kill().unwrap();
    joined.wait().unwrap();
    until(PATIENCE, "its end", || target.log().contains("announcement 3 has been played"));
    assert!(!target.log().contains("is cut off"), "{}", target.log());
}

#[test]
fn what_is_stopped_was_not_heard_to_its_end() {
    let target = PagingBox::start(V4, &[]);
    let socket = control(&target);
    let waiting = Command::new(PROGRAM)
        .args(["tone", "440", "60", "--wait", "--socket"])
        .arg(socket)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    until(PATIENCE, "it plays", || target.log().contains("plays \"440 Hz\""));
    assert_done(&paging(&target, "stop", &[]));
    let outcome = waiting.wait_with_output().unwrap();
    assert_eq!(outcome.status.code(), Some(69));
    assert!(String::from_utf8_lossy(&outcome.stderr).contains("cut off before its end"));
}

#[test]
fn who_waits_and_goes_ends_what_he_waits_for() {
    let target = PagingBox::start(V4, &[]);
    let mut waiting = Command::new(PROGRAM)
        .args(["tone", "440", "60", "--wait", "--socket"])
        .arg(control(&target))
        .spawn()
        .unwrap();
    until(PATIENCE, "it plays", || target.log().contains("plays \"440 Hz\""));
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    until(PATIENCE, "it has ended", || target.log().contains("\"440 Hz\" is cut off"));
}

#[test]
fn what_cannot_be_played_is_told_in_a_sentence() {
    let zone = format!("zone hall.device=wav:{}", next_folder().join("hall.wav").display());
    let target = PagingBox::start(V4, &[&zone, "announcement 1.play=/nowhere/x.wav"]);
    for (command, words, code, told) in [
        ("play", &["announcement", "7"][..], 69, "there is no [announcement 7]"),
        ("play", &["announcement", "1"], 69, "the file of [announcement 1] is not there"),
        ("play", &["gong", "--zone", "hal"], 69, "there is no zone or group \"hal\"; is \"hall\" meant?"),
        ("play", &["/nowhere/y.wav"], 66, "/nowhere/y.wav: No such file"),
        ("tone", &["1", "1"], 64, "expected HZ with a number from 20 to 20000"),
    ] {
        let outcome = paging(&target, command, words);
        let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
        assert_eq!(outcome.status.code(), Some(code), "{command} {words:?}: {said}");
        assert!(said.contains(told), "{command} {words:?}: {said}");
    }
    let shown = String::from_utf8(status(&target).stdout).unwrap();
    assert!(shown.contains("[announcement 1] play: error: /nowhere/x.wav: "), "{shown}");
    assert_eq!(target.log().matches("/nowhere/x.wav").count(), 1, "{}", target.log());
    let nobody = Command::new(PROGRAM).args(["play", "gong", "--socket", "/nowhere/s"]).output().unwrap();
    assert_eq!(nobody.status.code(), Some(69));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("no box can be told at /nowhere/s"));
}

#[test]
fn only_user_and_group_may_be_heard() {
    use std::os::unix::fs::PermissionsExt;
    let target = PagingBox::start(V4, &[]);
    let mode = std::fs::metadata(control(&target)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
}

#[test]
fn a_text_is_said_by_a_program_that_speaks() {
    if skip::is_missing("espeak-ng") {
        return;
    }
    let mut target = PagingBox::start(V4, &[]);
    assert_done(&paging(&target, "say", &["Dinner is ready; $(reboot)", "--wait"]));
    target.terminate();
    let (length, level) = Recording::read(&target.wav()).speech();
    assert!((1.0..5.0).contains(&length) && level > -30.0, "{length} s, {level} dBFS");
}

#[test]
fn without_a_program_that_speaks_a_text_is_said_by_clips_as_far_as_there_are_any() {
    let mut target = PagingBox::start(V4, &[]);
    let say = |text: &str| {
        let mut command = Command::new(PROGRAM);
        command.args(["say", text, "--wait", "--socket"]).arg(control(&target)).env("PATH", "/nowhere");
        command.output().unwrap()
    };
    assert_done(&say("extension 501 is not registered"));
    let refused = say("dinner is ready");
    assert_eq!(refused.status.code(), Some(65));
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("there is no clip of the word \"dinner\", and espeak-ng"), "{told}");
    target.terminate();
    let (length, _) = Recording::read(&target.wav()).speech();
    assert!((2.0..5.0).contains(&length), "{length} s");
}

#[test]
fn a_card_of_its_own_needs_no_box() {
    let wav = next_folder().join("alone.wav");
    let device = format!("wav:{}", wav.display());
    let outcome = Command::new(PROGRAM).args(["tone", "1000", "1", "--device", &device]).output().unwrap();
    assert_done(&outcome);
    let heard = Recording::read(&wav).find(1000.0).unwrap();
    assert!((heard.seconds - 1.0).abs() < 0.05, "{heard:?}");
}

fn sound(name: &str) -> PathBuf {
    let file = next_folder().join(name);
    tone::write_wav(&file, 22_050);
    file
}

fn control(target: &PagingBox) -> PathBuf {
    target.folder.join("control.sock")
}

fn paging(target: &PagingBox, command: &str, words: &[&str]) -> Output {
    Command::new("timeout")
        .arg("60")
        .arg(Path::new(PROGRAM))
        .arg(command)
        .args(words)
        .arg("--socket")
        .arg(control(target))
        .output()
        .unwrap()
}

fn status(target: &PagingBox) -> Output {
    Command::new(PROGRAM).args(["status", "--socket"]).arg(target.status_socket()).output().unwrap()
}

fn assert_done(outcome: &Output) {
    assert!(outcome.status.success(), "{outcome:?}");
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_paging");
const PATIENCE: Duration = Duration::from_secs(30);
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
