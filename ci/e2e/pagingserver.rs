//! A configuration of PagingServer, every key of it, put before the box as it is: what it was written for happens.

use crate::callee::PagingCall;
use crate::paging_box::{PagingBox, free_port, next_folder, until};
use crate::real_time::in_real_time;
use crate::tone::{self, Recording};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

#[test]
fn the_klaxon_is_cut_and_levelled_and_the_caller_follows_it_and_is_hung_up_in_time() {
    in_real_time(|| {
        let (folder, klaxon) = klaxon();
        let mut target = PagingBox::start_with_file(V4, &configuration(&klaxon, "no"));
        until(PATIENCE, "the klaxon is ready", || target.log().contains(" s of "));
        let call = PagingCall::start(&uri(&target), &["--tone", "440", "--seconds", "30"]);
        let outcome = call.finish(PATIENCE);
        assert_eq!(outcome.code, Some(69), "hung up before all was said: {outcome:?}");
        target.terminate();
        let heard = Recording::read(&target.wav());
        let (chime, page) = (heard.place(tone::HZ).unwrap(), heard.place(440.0).unwrap());
        // klaxon-max-length = 1, klaxon-padding = 0.5, hang-up-after-minutes = 0.05.
        assert!((chime.end - chime.start - 1.0).abs() < 0.11, "{chime:?}");
        assert!((chime.end + 0.4..chime.end + 0.9).contains(&page.start), "{chime:?}, then {page:?}");
        assert!((page.end - page.start - 3.0).abs() < 0.35, "{page:?}");
        // volume-klaxon = 50, volume-call = 200: of a quarter of full scale, and of -10 dB.
        let loud = [tone::HZ, 440.0].map(|hz| heard.amplitudes(hz).into_iter().fold(0.0, f32::max));
        assert!((loud[0] - tone::AMPLITUDE / 2.0).abs() < 0.02, "{loud:?}");
        assert!((loud[1] - 0.632).abs() < 0.04, "{loud:?}");
        std::fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn without_hold_concurrent_callers_are_mixed() {
    in_real_time(|| {
        let (folder, klaxon) = klaxon();
        let mut target = PagingBox::start_with_file(V4, &configuration(&klaxon, "no"));
        let calls = [("440", "2"), ("800", "2")]
            .map(|(hz, seconds)| PagingCall::start(&uri(&target), &["--tone", hz, "--seconds", seconds]));
        for call in calls {
            assert_eq!(call.finish(PATIENCE).code, Some(0));
        }
        target.terminate();
        let heard = Recording::read(&target.wav());
        let [one, other] = [440.0, 800.0].map(|hz| heard.place(hz).unwrap());
        assert!(one.start < other.end && other.start < one.end, "{one:?} and {other:?} together");
        std::fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn with_hold_concurrent_one_caller_is_heard_after_the_other() {
    in_real_time(|| {
        let (folder, klaxon) = klaxon();
        let mut target = PagingBox::start_with_file(V4, &configuration(&klaxon, "yes"));
        let first = PagingCall::start(&uri(&target), &["--tone", "440", "--seconds", "2"]);
        until(PATIENCE, "the first rings", || target.log().contains("rings, "));
        let second = PagingCall::start(&uri(&target), &["--tone", "800", "--seconds", "30"]);
        assert_eq!(first.finish(PATIENCE).code, Some(0));
        assert_eq!(second.finish(PATIENCE).code, Some(69), "he is hung up in time, too");
        target.terminate();
        let heard = Recording::read(&target.wav());
        let [one, other] = [440.0, 800.0].map(|hz| heard.place(hz).unwrap());
        assert!(one.end < other.start + 0.06, "{one:?}, then {other:?}");
        std::fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn music_makes_way_for_a_page_and_comes_back_as_its_fades_say() {
    in_real_time(|| {
        let (folder, klaxon) = klaxon();
        let music = folder.join("music");
        std::fs::create_dir(&music).unwrap();
        tone::write_tone(&music.join("song.wav"), 44_100, SONG_HZ, 60.0);
        // mpd played it before; here the box does.
        let file = configuration(&klaxon, "no") + &format!("\n[music]\nsource = {}\n", music.display());
        let mut target = PagingBox::start_with_file(V4, &file);
        let played = |target: &PagingBox, seconds: f32| {
            let song = Recording::read(&target.wav()).place(SONG_HZ);
            song.is_some_and(|song| song.end - song.start > seconds)
        };
        until(PATIENCE, "two seconds of music", || played(&target, 2.0));
        let call = PagingCall::start(&uri(&target), &["--tone", "440", "--seconds", "2"]);
        assert_eq!(call.finish(PATIENCE).code, Some(0));
        until(PATIENCE, "music after the page", || {
            let heard = Recording::read(&target.wav());
            heard.seconds() > heard.place(440.0).unwrap().end + 4.0
        });
        target.terminate();
        let heard = Recording::read(&target.wav());
        let (chime, page) = (heard.place(tone::HZ).unwrap(), heard.place(440.0).unwrap());
        let level = |at: f32| heard.level(SONG_HZ, at..at + 0.2);
        // volume-music = 70; the fade of 1 s ends where the klaxon begins; half a second after the page it takes 2 s back.
        let full = 0.7 * tone::AMPLITUDE;
        let [before, after] = [chime.start - 1.5, page.end + 3.3].map(level);
        assert!((before / full - 1.0).abs() < 0.1 && (after / full - 1.0).abs() < 0.1, "{before}, {after}");
        let meanwhile = [chime.start + 0.3, page.start + 0.5, page.end + 0.15].map(level);
        assert!(meanwhile.iter().all(|level| *level < 0.05 * full), "{meanwhile:?}");
        std::fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn every_key_of_it_is_known_and_what_there_is_no_more_is_answered() {
    let (folder, klaxon) = klaxon();
    let file = folder.join("paging.conf");
    std::fs::write(&file, configuration(&klaxon, "yes")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_paging")).arg("check").arg(&file).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    for gone in [
        "jack-autostart",
        "jack-output-ports",
        "pulse-match",
        "pjsua-device",
        "pjsua-log-level",
        "sentry-dsn",
    ] {
        assert!(said.contains(gone), "{gone}: {said}");
    }
    assert!(!said.contains("error:"), "{said}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// All keys that PagingServer ever had; its telephone system is one that does not answer.
fn configuration(klaxon: &Path, hold_concurrent: &str) -> String {
    let (klaxon, port) = (klaxon.display(), free_port(V4));
    format!(
        "[sip]
domain = 127.0.0.1:{port}
user = 501
pass = s3cr;t #1

[audio]
klaxon = {klaxon}
klaxon-max-length = 1
klaxon-padding = 0.5
volume-music = 70
volume-klaxon = 50
volume-call = 200
music-fade-in-duration = 2
music-fade-in-offset = 0.5
music-fade-in-min = 0
music-fade-out-duration = 1
music-fade-out-offset = 0
music-fade-out-min = 20
pjsua-device = Loopback: PCM (hw:1,0)
pjsua-conf-port = System default
pulse-match = ^alsa_output\\.usb-
jack-autostart: yes
jack_server_name: default
jack_client_name: paging
jack_output_ports: left---left right---right
jack_music_client_name: ^mpd
jack_music_links: left---left right---right

[calls]
hang-up-after-minutes = 0.05
hold-concurrent = {hold_concurrent}

[server]
debug = no
pjsua-log-level = 0
sentry_dsn = https://0123456789abcdef@sentry.example.com/1
"
    )
}

/// A file with a tone of a rate that no card has.
fn klaxon() -> (std::path::PathBuf, std::path::PathBuf) {
    let folder = next_folder();
    let file = folder.join("klaxon.wav");
    tone::write_wav(&file, 22_050);
    (folder, file)
}

fn uri(target: &PagingBox) -> String {
    format!("sip:501@{}", target.address)
}

const SONG_HZ: f32 = 1500.0;
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PATIENCE: Duration = Duration::from_secs(25);
