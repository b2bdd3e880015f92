//! What is heard before a page and after it.

use crate::callee::PagingCall;
use crate::caller::Caller;
use crate::paging_box::{PagingBox, next_folder, until};
use crate::real_time::in_real_time;
use crate::tone::{self, Recording};
use pagingbox::clock;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

#[test]
fn a_page_begins_when_its_chime_is_over_and_another_chime_ends_it() {
    in_real_time(|| {
        let (folder, file) = chime();
        let before = format!("audio.klaxon={}", file.display());
        let mut target = PagingBox::start(V4, &[&before, "audio.klaxon-after=gong"]);
        await_decoded(&target);
        page(&target, 2);
        until(PATIENCE, "the gong has sounded", || {
            Recording::read(&target.wav()).place(GONG_HZ).is_some() && paused_since(&target)
        });
        target.terminate();
        let heard = Recording::read(&target.wav());
        let (chime, page, gong) = (heard.place(tone::HZ), heard.place(PAGE_HZ), heard.place(GONG_HZ));
        let (chime, page, gong) = (chime.unwrap(), page.unwrap(), gong.unwrap());
        assert!((chime.end - chime.start - tone::SECONDS).abs() < 0.11, "{chime:?}");
        // The answer, and the jitter buffer.
        assert!((chime.end - 0.06..chime.end + 0.3).contains(&page.start), "{chime:?}, then {page:?}");
        assert!((page.end - 0.06..page.end + 0.5).contains(&gong.start), "{page:?}, then {gong:?}");
        std::fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn negative_padding_answers_while_the_chime_sounds_and_a_long_one_is_cut() {
    in_real_time(|| {
        let (folder, file) = chime();
        let before = format!("audio.klaxon={}", file.display());
        let cut = ["audio.klaxon-max-length=1", "audio.klaxon-padding=-0.5", &before];
        let mut target = PagingBox::start(V4, &cut);
        await_decoded(&target);
        page(&target, 2);
        target.terminate();
        let heard = Recording::read(&target.wav());
        let (chime, page) = (heard.place(tone::HZ).unwrap(), heard.place(PAGE_HZ).unwrap());
        assert!((chime.end - chime.start - 1.0).abs() < 0.11, "{chime:?}");
        assert!((chime.start + 0.44..chime.start + 0.8).contains(&page.start), "{chime:?}, with {page:?}");
        std::fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn a_chime_whose_caller_gives_up_ends_and_its_box_is_silent() {
    in_real_time(|| {
        let mut target = PagingBox::start(V4, &["audio.klaxon=gong"]);
        let call = PagingCall::start(&target.uri(), &["--tone", "440", "--seconds", "2"]);
        until(PATIENCE, "it rings", || target.log().contains(" rings, "));
        call.signal("INT");
        call.finish(PATIENCE);
        until(PATIENCE, "the caller gave up", || target.log().contains("the caller gave up"));
        until(PATIENCE, "silence", || paused_since(&target));
        target.terminate();
        let heard = Recording::read(&target.wav());
        assert!(
            heard.place(GONG_HZ).is_none_or(|gong| gong.end - gong.start < 0.6),
            "{:?}",
            heard.place(GONG_HZ)
        );
        assert!(heard.place(PAGE_HZ).is_none());
    });
}

#[test]
fn a_chime_that_is_missing_is_told_once_and_the_gong_sounds_without_delay() {
    in_real_time(|| {
        let mut target = PagingBox::start(V4, &["audio.klaxon=/nowhere/chime.wav"]);
        let told = "[audio] klaxon: /nowhere/chime.wav: No such file or directory (os error 2); the gong stands in for it";
        until(PATIENCE, "it is told", || target.log().contains(told));
        let asked = status(&target);
        assert_eq!(asked.status.code(), Some(1), "{asked:?}");
        let shown = String::from_utf8(asked.stdout).unwrap();
        assert!(shown.contains("[audio] klaxon: error: /nowhere/chime.wav: "), "{shown}");
        page(&target, 2);
        page(&target, 2);
        target.terminate();
        assert_eq!(target.log().matches(told).count(), 1, "{}", target.log());
        let heard = Recording::read(&target.wav());
        assert!(heard.place(GONG_HZ).unwrap().start < heard.place(PAGE_HZ).unwrap().start);
    });
}

#[test]
fn who_joins_a_page_on_air_is_answered_at_once_and_heard_without_a_chime() {
    in_real_time(|| {
        let mut target = PagingBox::start(V4, &["audio.klaxon=gong"]);
        let first = PagingCall::start(&target.uri(), &["--tone", "440", "--seconds", "6"]);
        until(PATIENCE, "the first is on air", || target.log().contains("on air"));
        let second = PagingCall::start(&target.uri(), &["--tone", "1000", "--seconds", "2"]);
        assert_eq!(second.finish(PATIENCE).code, Some(0));
        assert_eq!(first.finish(PATIENCE).code, Some(0));
        target.terminate();
        let heard = Recording::read(&target.wav());
        let second = heard.place(1000.0).unwrap();
        assert!((second.end - second.start - 2.0).abs() < 0.2, "{second:?}");
        let (gong, page) = (heard.place(GONG_HZ).unwrap(), heard.place(PAGE_HZ).unwrap());
        assert!(gong.end <= page.start + 0.1, "{gong:?}, then {page:?}");
    });
}

#[test]
fn from_the_invite_to_the_chime_it_is_60_ms_at_most() {
    in_real_time(|| {
        let mut waits: Vec<Duration> = (0..9).map(|_| wait_for_the_chime()).collect();
        waits.sort();
        eprintln!("INVITE to the first sample of the chime: {waits:.1?}, median {:.1?}", waits[4]);
        assert!(waits[4] <= Duration::from_millis(60), "{waits:?}");
    });
}

/// From an INVITE to an idle box to the first sample of the gong.
fn wait_for_the_chime() -> Duration {
    let target = PagingBox::start(V4, &["audio.klaxon=gong"]);
    // The box is idle again after its start.
    std::thread::sleep(Duration::from_millis(500));
    let mut caller = Caller::new(target.address);
    let asked_at = clock::now();
    caller.invite();
    caller.receive_final(200);
    let log = target.log();
    let (_, start) = log.split_once(" starts at ").expect("the time of the first frame");
    let start: f64 = start.split_whitespace().next().unwrap().parse().unwrap();
    let first = Recording::read(&target.wav()).first().expect("the gong");
    let heard_at = Duration::from_secs_f64(start + f64::from(first));
    heard_at.saturating_sub(Duration::from_micros(asked_at.as_micros()))
}

fn status(target: &PagingBox) -> Output {
    let socket = target.status_socket();
    Command::new(env!("CARGO_BIN_EXE_paging")).args(["status", "--socket"]).arg(socket).output().unwrap()
}

fn page(target: &PagingBox, seconds: u32) {
    let call = PagingCall::start(&target.uri(), &["--tone", "440", "--seconds", &seconds.to_string()]);
    let outcome = call.finish(PATIENCE);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
}

/// A file with a tone of a rate that no card has.
fn chime() -> (PathBuf, PathBuf) {
    let folder = next_folder();
    let file = folder.join("chime.wav");
    tone::write_wav(&file, 22_050);
    (folder, file)
}

fn await_decoded(target: &PagingBox) {
    until(PATIENCE, "the chime is ready", || target.log().contains(" s of "));
}

/// Whether the last thing that the recording holds is half a second of silence.
fn paused_since(target: &PagingBox) -> bool {
    let heard = Recording::read(&target.wav());
    heard.seconds() > 1.0 && heard.peak_of_last(0.5) < 0.001
}

const PAGE_HZ: f32 = 440.0;
const GONG_HZ: f32 = 587.33;
const PATIENCE: Duration = Duration::from_secs(20);
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
