//! Music between pages: from folders and from a server that breaks, stalls and lies.

use crate::callee::PagingCall;
use crate::paging_box::{PagingBox, next_folder, until};
use crate::real_time::in_real_time;
use crate::tone::{self, Recording};
use std::f32::consts::TAU;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

#[test]
fn a_folder_is_played_in_its_order_and_a_page_silences_it_and_it_goes_on_where_it_was() {
    in_real_time(|| {
        let folder = next_folder();
        tone::write_tone(&folder.join("1.wav"), 44_100, 1000.0, 6.0);
        tone::write_tone(&folder.join("2.wav"), 22_050, 1500.0, 60.0);
        let mut target = start(&[&source(&[&shown(&folder)]), FADE_OUT, FADE_IN]);
        until_heard(&target, 1000.0, 2.0);
        let call = PagingCall::start(&target.uri(), &["--tone", "440", "--seconds", "5"]);
        assert_eq!(call.finish(PATIENCE).code, Some(0));
        until_heard(&target, 1500.0, 1.0);
        target.terminate();
        let heard = Recording::read(&target.wav());
        let page = heard.place(440.0).unwrap();
        assert!((page.end - page.start - 5.0).abs() < 0.3, "{page:?}");
        let (music, second) = (heard.place(1000.0).unwrap(), heard.place(1500.0).unwrap());
        // The first file is longer by the page than it is by itself.
        let paused = music.end - music.start - 6.0;
        assert!((4.0..9.0).contains(&paused), "{music:?}, paused for {paused} s");
        assert!(second.start >= music.end - 0.1, "{music:?}, then {second:?}");
        let full = heard.level(1000.0, page.start - 1.5..page.start - 1.3);
        assert!((full / tone::AMPLITUDE - 1.0).abs() < 0.02, "{full}");
        let during = heard.level(1000.0, page.start + 0.1..page.end - 0.5);
        assert!(during < full / 200.0, "it is silent while somebody speaks: {during}");
        // The tone of the page, as it begins, would be taken for a bit of music.
        let steps = steps(&heard, 1000.0, page.start - 1.2..page.start - 0.03);
        assert!(steps < 0.5, "{steps} dB in 5 ms on the way out");
        let back =
            (page.end..heard.seconds()).step(0.005).find(|&at| heard.level(1000.0, at..at + 0.005) > 0.01);
        let back = back.unwrap();
        let steps = self::steps(&heard, 1000.0, back..music.end - 0.1);
        assert!(steps < 0.5, "{steps} dB in 5 ms on the way back");
        fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn a_broken_file_among_good_ones_is_skipped_with_one_line_and_shuffled_each_is_heard_once_a_round() {
    in_real_time(|| {
        let folder = next_folder();
        for (name, hz) in [("a.wav", 600.0), ("c.wav", 900.0), ("d.wav", 1300.0)] {
            tone::write_tone(&folder.join(name), 48_000, hz, 1.0);
        }
        fs::write(folder.join("b.mp3"), "a letter, not a song ".repeat(500)).unwrap();
        fs::write(folder.join("e.wav"), stumbling()).unwrap();
        let mut target = start(&[&source(&[&shown(&folder)]), "music.shuffle=yes"]);
        until(PATIENCE, "three rounds", || {
            thread::sleep(Duration::from_millis(200));
            Recording::read(&target.wav()).seconds() > 10.5
        });
        target.terminate();
        for name in ["b.mp3", "e.wav"] {
            let told = format!("{name}: expected WAV, MP3, Ogg Vorbis or FLAC");
            assert_eq!(target.log().matches(&told).count(), 1, "{}", target.log());
        }
        let heard = Recording::read(&target.wav());
        let begin =
            [600.0, 900.0, 1300.0].map(|hz| heard.place(hz).unwrap().start).into_iter().fold(99.0, f32::min);
        let of_second = |second: u8| {
            let at = begin + f32::from(second);
            let level = |hz: f32| heard.level(hz, at + 0.3..at + 0.7);
            [600.0, 900.0, 1300.0].into_iter().find(|hz| level(*hz) > 0.2)
        };
        let played: Vec<_> =
            (0..9).map(|second| of_second(second).expect("a tone in each second") as u32).collect();
        for round in played.chunks(3) {
            let mut sorted = round.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, [600, 900, 1300], "{played:?}");
        }
        assert!(played.windows(2).all(|pair| pair[0] != pair[1]), "{played:?}");
        fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn what_is_plugged_into_a_sound_card_is_played_and_a_page_silences_it() {
    let folder = next_folder();
    let (samples, cards) = (folder.join("line.raw"), folder.join("asound.conf"));
    let frame = |index: usize| (index as f32 / 48_000.0 * TAU * 700.0).sin() * tone::AMPLITUDE * 32_768.0;
    // Left and right, the right one silent.
    let frames = (0..48_000 * 60).flat_map(|index| [frame(index) as i16, 0]);
    fs::write(&samples, frames.flat_map(i16::to_le_bytes).collect::<Vec<_>>()).unwrap();
    let card = format!(
        "pcm.line {{ type file slave.pcm {{ type null }} file /dev/null infile \"{}\" format raw }}",
        samples.display()
    );
    fs::write(&cards, card).unwrap();
    let settings = ["music.source=alsa:line", FADE_OUT, FADE_IN];
    let variables = [("ALSA_CONFIG_PATH", cards.to_str().unwrap())];
    let mut target = PagingBox::start_in_environment(V4, &settings, &variables);
    until_heard(&target, 700.0, 1.0);
    let call = PagingCall::start(&target.uri(), &["--tone", "440", "--seconds", "3"]);
    assert_eq!(call.finish(PATIENCE).code, Some(0));
    target.terminate();
    assert!(target.log().contains("[music]: plays alsa:line"), "{}", target.log());
    let heard = Recording::read(&target.wav());
    let page = heard.place(440.0).unwrap();
    let before = heard.typical_level(700.0, page.start - 2.0..page.start - 1.2);
    assert!((before / tone::AMPLITUDE - 0.5).abs() < 0.02, "half of each channel: {before}");
    let during = heard.level(700.0, page.start + 0.1..page.end - 0.1);
    assert!(during < before / 200.0, "it is silent while somebody speaks: {during}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_stream_that_breaks_falls_back_to_the_next_source_without_a_gap() {
    in_real_time(|| {
        let folder = next_folder();
        tone::write_tone(&folder.join("1.wav"), 48_000, 440.0, 60.0);
        let server = serve(|_, client| {
            let _ = client.write_all(&[OK, &wav(1000.0, 4.0)].concat());
        });
        let live = format!("http://{server}/live");
        let mut target = start(&[&source(&[&live, &shown(&folder)])]);
        until_heard(&target, 440.0, 2.0);
        let status = status(&target);
        target.terminate();
        assert!(status.contains("1.wav of "), "{status}");
        assert!(status.contains(&format!("{live} does not work: it has ended")), "{status}");
        let told = format!("[music]: {live}: it has ended");
        assert_eq!(target.log().matches(&told).count(), 1, "{}", target.log());
        let heard = Recording::read(&target.wav());
        let (live, file) = (heard.place(1000.0).unwrap(), heard.place(440.0).unwrap());
        assert!((live.end - live.start - 4.0).abs() < 0.11, "{live:?}");
        assert!((file.start - live.end).abs() < 0.11, "{live:?}, then {file:?}");
        fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
#[ignore = "it waits for the minute after which a better source is looked at again"]
fn a_better_source_that_works_again_plays_without_a_gap() {
    in_real_time(|| {
        let folder = next_folder();
        tone::write_tone(&folder.join("1.wav"), 48_000, 440.0, 300.0);
        let asked = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&asked);
        let server = serve(move |_, client| {
            if count.fetch_add(1, Ordering::Relaxed) == 0 {
                let _ = client.write_all(b"HTTP/1.0 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
            } else {
                let _ = client.write_all(&[OK, &wav(1000.0, 60.0)].concat());
            }
        });
        let live = format!("http://{server}/");
        let mut target = start(&[&source(&[&live, &shown(&folder)])]);
        until(Duration::from_secs(90), "the stream is heard", || {
            thread::sleep(Duration::from_secs(1));
            Recording::read(&target.wav()).place(1000.0).is_some_and(|place| place.end - place.start > 2.0)
        });
        target.terminate();
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        assert!(target.log().contains(&format!("{live}: the server answers 503")), "{}", target.log());
        let heard = Recording::read(&target.wav());
        let (file, live) = (heard.place(440.0).unwrap(), heard.place(1000.0).unwrap());
        assert!((58.0..66.0).contains(&live.start), "{live:?}");
        assert!((live.start - file.end).abs() < 0.11, "{file:?}, then {live:?}");
        fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn a_stream_that_stalls_is_waited_for_five_seconds_and_then_the_next_source_plays() {
    in_real_time(|| {
        let folder = next_folder();
        tone::write_tone(&folder.join("1.wav"), 48_000, 440.0, 60.0);
        let server = serve(|_, client| {
            let _ = client.write_all(&[OK, &wav(1000.0, 3.0)].concat());
            thread::sleep(Duration::from_secs(30));
        });
        let mut target = start(&[&source(&[&format!("http://{server}/"), &shown(&folder)])]);
        until_heard(&target, 440.0, 1.0);
        target.terminate();
        assert!(target.log().contains("the server has sent nothing for 5 s"), "{}", target.log());
        let heard = Recording::read(&target.wav());
        let (live, file) = (heard.place(1000.0).unwrap(), heard.place(440.0).unwrap());
        assert!((2.5..3.2).contains(&(live.end - live.start)), "{live:?}");
        // Three seconds of it were read at once, and five waited for: the two differ by what was heard meanwhile.
        assert!((1.5..3.5).contains(&(file.start - live.end)), "{live:?}, then {file:?}");
        fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn a_server_that_sends_bytes_and_no_sound_gives_way_to_the_next_source() {
    in_real_time(|| {
        let folder = next_folder();
        tone::write_tone(&folder.join("1.wav"), 48_000, 440.0, 60.0);
        let server = serve(|path, client| {
            let begun = match path {
                "/trickle" => OK.to_vec(),
                _ => [OK, &wav(1000.0, 3.0)].concat(),
            };
            let _ = client.write_all(&begun);
            while client.write_all(b"\0").is_ok() {
                thread::sleep(Duration::from_secs(1));
            }
        });
        let urls = ["trickle", "stalls"].map(|path| format!("http://{server}/{path}"));
        let mut target = start(&[&source(&[&urls[0], &urls[1], &shown(&folder)])]);
        until_heard(&target, 440.0, 1.0);
        target.terminate();
        let log = target.log();
        for url in urls {
            assert!(log.contains(&format!("{url}: it gives no sound, or too little of it")), "{log}");
        }
        fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn a_server_that_lies_about_what_it_sends_is_not_believed() {
    in_real_time(|| {
        let server = serve(|path, client| {
            let sound =
                fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("ci/testdata/sounds/tone.ogg")).unwrap();
            let (kind, body) = match path {
                "/page" => ("audio/mpeg", b"<!DOCTYPE html><html><body>Our radio is off".repeat(50)),
                "/noise" => ("audio/ogg", b"\x01\x02\x03 nothing that is any sound \xff".repeat(3_000)),
                "/list" => ("audio/mpeg", b"#EXTM3U\r\n#EXTINF:-1,Radio\r\nmoved\r\n".to_vec()),
                "/moved" => {
                    let _ = client
                        .write_all(b"HTTP/1.1 302 Found\r\nLocation: /ogg\r\nContent-Length: 0\r\n\r\n");
                    return;
                }
                // Ogg, said to be MP3.
                _ => ("audio/mpeg", sound.repeat(40)),
            };
            let head = format!("HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\nicy-name: x\r\n\r\n");
            let _ = client.write_all(head.as_bytes()).and_then(|()| client.write_all(&body));
        });
        let [page, noise, list] = ["page", "noise", "list"].map(|path| format!("http://{server}/{path}"));
        let mut target = start(&[&source(&[&page, &noise, &list])]);
        until_heard(&target, 1000.0, 3.0);
        target.terminate();
        let log = target.log();
        assert!(log.contains(&format!("{page}: expected a stream, found a web page")), "{log}");
        assert!(log.contains(&format!("{noise}: expected WAV, MP3, Ogg Vorbis or FLAC")), "{log}");
        assert!(log.contains(&format!("[music]: plays {list}")), "{log}");
        let heard = Recording::read(&target.wav()).find(1000.0).unwrap();
        assert!((heard.amplitude - 0.25).abs() < 0.03, "{heard:?}");
    });
}

#[test]
fn a_player_none_of_whose_sources_works_is_a_fault_and_goes_on_trying() {
    in_real_time(|| {
        let folder = next_folder();
        let missing = folder.join("music");
        let mut target = start(&[&source(&[&shown(&missing)])]);
        until(PATIENCE, "it is told", || target.log().contains("no source works; they are tried again"));
        let text = status(&target);
        let fault =
            format!("! music is silent: {} does not work: No such file or directory", missing.display());
        assert!(text.contains(&fault), "{text}");
        fs::create_dir(&missing).unwrap();
        tone::write_tone(&missing.join("1.wav"), 8_000, 1000.0, 60.0);
        until_heard(&target, 1000.0, 1.0);
        assert!(status(&target).contains("all is well"));
        target.terminate();
        assert!(target.log().matches("No such file").count() <= 1, "{}", target.log());
        fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn a_reload_that_leaves_a_player_as_it_is_is_not_heard() {
    in_real_time(|| {
        let folder = next_folder();
        tone::write_tone(&folder.join("1.wav"), 44_100, 1000.0, 60.0);
        let text = format!("[music]\nsource = {}\n[calls]\nhang-up-after-minutes = 5\n", folder.display());
        let mut target = PagingBox::start_with_file(V4, &text);
        until_heard(&target, 1000.0, 1.0);
        fs::write(target.file(), text.replace("minutes = 5", "minutes = 6")).unwrap();
        target.signal("HUP");
        until(PATIENCE, "it is read", || target.log().contains("reloaded: calls.hang-up-after-minutes"));
        let before = Recording::read(&target.wav()).seconds();
        until(PATIENCE, "it plays on", || {
            thread::sleep(Duration::from_millis(200));
            Recording::read(&target.wav()).seconds() > before + 3.0
        });
        target.terminate();
        let heard = Recording::read(&target.wav()).find(1000.0).unwrap();
        assert_eq!(heard.gaps, 0, "{heard:?}");
        fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn players_are_heard_in_their_zones_as_loud_as_these_say_and_a_page_in_one_leaves_the_other_alone() {
    in_real_time(|| {
        let folder = next_folder();
        tone::write_tone(&folder.join("hall.wav"), 48_000, 1000.0, 60.0);
        tone::write_tone(&folder.join("yard.wav"), 48_000, 1500.0, 60.0);
        let file = format!(
            "[sip]\nzones = hall\n[audio]\nlimiter = off\nvolume-music = 80\nmusic-fade-out-duration = 0.5\n\
             music-fade-in-duration = 0.5\n[zone hall]\nchannels = 1\n[zone yard]\nchannels = 2\n\
             volume-music = 50\n[music]\nsource = {0}/hall.wav\nzones = hall\n\
             [music yard]\nsource = {0}/yard.wav\nzones = yard\n",
            folder.display()
        );
        let mut target = PagingBox::start_with_file(V4, &file);
        until_heard(&target, 1000.0, 1.0);
        let call = PagingCall::start(&target.uri(), &["--tone", "440", "--seconds", "2"]);
        assert_eq!(call.finish(PATIENCE).code, Some(0));
        thread::sleep(Duration::from_secs(2));
        target.terminate();
        let [hall, yard] = [0, 1].map(|channel| Recording::read_channel(&target.wav(), channel));
        let page = hall.place(440.0).unwrap();
        let before = page.start - 0.9..page.start - 0.7;
        let (loud, soft) = (hall.level(1000.0, before.clone()), yard.level(1500.0, before.clone()));
        assert!((loud / tone::AMPLITUDE - 0.8).abs() < 0.02, "{loud}");
        assert!((soft / tone::AMPLITUDE - 0.4).abs() < 0.02, "{soft}");
        let (other, strange) = (hall.level(1500.0, before.clone()), yard.level(1000.0, before));
        assert!(other < 0.001 && strange < 0.001, "{other} and {strange}");
        let during = page.start + 0.1..page.end - 0.1;
        assert!(hall.level(1000.0, during.clone()) < 0.001);
        let yard = yard.find(1500.0).unwrap();
        assert_eq!(yard.gaps, 0, "{yard:?}");
        fs::remove_dir_all(folder).unwrap();
    });
}

/// A WAV file whose header says so many channels that the decoder of a box with overflow checks panics.
fn stumbling() -> Vec<u8> {
    let channels = [0xff, 0xff];
    let format = [&[1, 0], &channels[..], &48_000_u32.to_le_bytes(), &[0, 0, 0, 0, 4, 0, 32, 0]].concat();
    [b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0", &format[..], b"data\0\0\0\0"].concat()
}

fn start(settings: &[&str]) -> PagingBox {
    PagingBox::start(V4, settings)
}

fn source(sources: &[&str]) -> String {
    format!("music.source={}", sources.join(", "))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn status(target: &PagingBox) -> String {
    let socket: PathBuf = target.status_socket();
    let asked =
        Command::new(env!("CARGO_BIN_EXE_paging")).args(["status", "--socket"]).arg(socket).output().unwrap();
    String::from_utf8(asked.stdout).unwrap()
}

/// Waits until so many seconds of a tone are in the recording.
fn until_heard(target: &PagingBox, hz: f32, seconds: f32) {
    until(PATIENCE, "music is heard", || {
        // Looking is work for the machine that plays.
        thread::sleep(Duration::from_millis(200));
        let place = Recording::read(&target.wav()).place(hz);
        place.is_some_and(|place| place.end - place.start > seconds)
    });
}

/// The largest change of the level from 5 ms to the next, in decibels, as long as it can be heard.
fn steps(heard: &Recording, hz: f32, place: std::ops::Range<f32>) -> f32 {
    let levels: Vec<_> = place.step(0.005).map(|at| heard.level(hz, at..at + 0.005)).collect();
    let audible = levels.windows(2).filter(|pair| pair[0].min(pair[1]) > 0.01);
    audible.map(|pair| (20.0 * (pair[1] / pair[0]).log10()).abs()).fold(0.0, f32::max)
}

trait Steps {
    fn step(self, by: f32) -> impl Iterator<Item = f32>;
}

impl Steps for std::ops::Range<f32> {
    fn step(self, by: f32) -> impl Iterator<Item = f32> {
        (0_u16..).map(move |number| self.start + f32::from(number) * by).take_while(move |at| *at < self.end)
    }
}

/// A server that gives `answer` the path that it was asked for and the connection, for as long as the tests run.
fn serve(answer: impl Fn(&str, &mut TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let answer = answer.clone();
            thread::spawn(move || {
                let mut request = String::new();
                let mut lines = BufReader::new(client.try_clone().unwrap());
                lines.read_line(&mut request).unwrap();
                // The rest of the request: a connection that is closed with something unread is reset.
                let mut line = String::new();
                while lines.read_line(&mut line).is_ok_and(|bytes| bytes > 2) {
                    line.clear();
                }
                answer(request.split(' ').nth(1).unwrap_or_default(), &mut client);
            });
        }
    });
    address
}

/// The beginning of a stream of WAV, 16 kHz: so many seconds of a tone.
fn wav(hz: f32, seconds: f32) -> Vec<u8> {
    let mut bytes = b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(32_000_u32.to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data\xdb\xff\xff\x7f");
    let samples = (0..(16_000.0 * seconds) as u32)
        .map(|n| 0.25 * (std::f32::consts::TAU * hz / 16_000.0 * n as f32).sin());
    bytes.extend(samples.flat_map(|sample| ((sample * 32_767.0) as i16).to_le_bytes()));
    bytes
}

const OK: &[u8] = b"HTTP/1.0 200 OK\r\nContent-Type: audio/wav\r\n\r\n";
const FADE_OUT: &str = "audio.music-fade-out-duration=1";
const FADE_IN: &str = "audio.music-fade-in-duration=1";
const PATIENCE: Duration = Duration::from_secs(40);
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
