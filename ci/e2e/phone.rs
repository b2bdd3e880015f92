//! Control by telephone: keys by telephone events and by INFO, what the caller hears of it, and what is heard in the zones.

use crate::caller::Caller;
use crate::paging_box::{PagingBox, next_folder, until};
use crate::sipp::{Sipp, Way};
use crate::skip;
use crate::tone::{self, Recording};
use std::f32::consts::TAU;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

#[test]
fn three_wrong_pins_end_the_call_and_the_next_call_is_refused() {
    let target = PagingBox::start(V4, &["sip.pin=4711", "calls.dtmf-timeout=1s"]);
    let mut caller = Dialler::call(&target);
    until(PATIENCE, "he is asked", || caller.heard().place(PIN_HZ).is_some());
    for pin in ["4712#", "1#", "47110#"] {
        caller.press(pin);
    }
    caller.await_bye();
    assert!(caller.heard().place(NO_HZ).is_some(), "he is told that it was wrong");
    let log = target.log();
    assert_eq!(log.matches("a wrong PIN").count(), 3, "{log}");
    assert!(log.contains("locked out for 60 s"), "{log}");
    for secret in ["4711", "4712", "key "] {
        assert!(!log.replace(&target.address.to_string(), "").contains(secret), "{secret}: {log}");
    }
    let mut again = Caller::new(target.address);
    again.invite();
    again.receive_final(403);
    until(PATIENCE, "it is told", || target.log().contains("refused: locked out for "));
}

#[test]
fn a_right_pin_by_info_puts_the_caller_on_air() {
    let mut target = PagingBox::start(V4, &["sip.pin=4711", "calls.dtmf-timeout=1s"]);
    let mut caller = Dialler::call(&target);
    caller.inform("4711#");
    until(PATIENCE, "it is right", || target.log().contains("the PIN is right"));
    caller.talk(2.0);
    caller.hang_up();
    target.terminate();
    let page = Recording::read(&target.wav()).place(tone::HZ).unwrap();
    assert!((page.end - page.start - 2.0).abs() < 0.4, "{page:?}");
}

#[test]
fn a_key_that_comes_by_two_ways_is_pressed_once() {
    let target = PagingBox::start(V4, &["sip.pin=4711", "calls.dtmf-timeout=1s"]);
    let mut caller = Dialler::call(&target);
    for key in ["4", "7", "1", "1", "#"] {
        caller.press(key);
        caller.inform(key);
    }
    until(PATIENCE, "it is right", || target.log().contains("the PIN is right"));
    assert!(!target.log().contains("a wrong PIN"), "{}", target.log());
    caller.hang_up();
}

#[test]
fn whoever_just_talks_is_heard_after_the_dtmf_timeout() {
    let mut target = PagingBox::start(V4, &["key 5.do=stop", "calls.dtmf-timeout=2s"]);
    let mut caller = Dialler::call(&target);
    caller.talk(5.0);
    caller.hang_up();
    target.terminate();
    let page = Recording::read(&target.wav()).place(tone::HZ).unwrap();
    assert!((page.end - page.start - 3.0).abs() < 0.5, "{page:?}");
}

#[test]
fn a_key_chooses_the_zone_another_one_its_volume_and_nothing_is_heard_elsewhere() {
    let folder = next_folder();
    let wav = |zone: &str| folder.join(zone).with_extension("wav");
    let device = |zone| format!("zone {zone}.device=wav:{}", wav(zone).display());
    let [hall, yard] = ["hall", "yard"].map(device);
    let settings = [&hall, &yard, "key 2.do=zones yard", "key 80.do=volume 50", "audio.talk-beep=yes"];
    let mut target = PagingBox::start(V4, &settings);
    let mut caller = Dialler::call(&target);
    until(PATIENCE, "the menu is open", || caller.heard().place(MENU_HZ).is_some());
    caller.press("80");
    until(PATIENCE, "it is set", || target.log().contains("volume 50 % in 2 zones"));
    caller.press("2");
    caller.talk(3.0);
    caller.hang_up();
    target.terminate();
    let yard = Recording::read(&wav("yard")).find(tone::HZ).unwrap();
    assert!((2.2..3.2).contains(&yard.seconds), "{yard:?}");
    assert!((yard.amplitude / tone::AMPLITUDE - 0.5).abs() < 0.05, "{yard:?}");
    assert!(Recording::read(&wav("hall")).peak() < 0.001);
    let told = caller.heard();
    let places = [MENU_HZ, BEEP_HZ].map(|hz| told.place(hz));
    assert!(places[1].is_some(), "he hears when he is heard: {places:?} of {} s", told.seconds());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_key_of_sipp_chooses_the_zone_by_event_and_by_info() {
    if skip::is_missing("sipp") || skip::is_not_root() {
        return;
    }
    for scenario in ["key_by_event", "key_by_info"] {
        let folder = next_folder();
        let wav = |zone: &str| folder.join(zone).with_extension("wav");
        let [hall, yard] =
            ["hall", "yard"].map(|zone| format!("zone {zone}.device=wav:{}", wav(zone).display()));
        let mut target = PagingBox::start(V4, &[&hall, &yard, "key 2.do=zones yard"]);
        Sipp::start(&target, Way::Udp, scenario, 1).finish();
        target.terminate();
        let yard = Recording::read(&wav("yard")).find(tone::HZ).unwrap();
        assert!(yard.seconds > 1.5, "{scenario}: {yard:?}");
        assert!(Recording::read(&wav("hall")).peak() < 0.001, "{scenario}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn keys_play_an_announcement_and_are_not_heard() {
    let mut target =
        PagingBox::start(V4, &["key 73.do=announcement 3", "announcement 3.play=gong", "key 0.do=stop"]);
    let mut caller = Dialler::call(&target);
    caller.press("73");
    until(PATIENCE, "it is played", || target.log().contains("announcement 3 has been played"));
    caller.press("8#");
    until(PATIENCE, "he is told no", || caller.heard().place(NO_HZ).is_some());
    caller.hang_up();
    target.terminate();
    let heard = Recording::read(&target.wav());
    let gong = heard.place(GONG_HZ).unwrap();
    assert!((1.0..2.2).contains(&(gong.end - gong.start)), "{gong:?}");
    for key_hz in [852.0, 1209.0, 1336.0] {
        assert!(heard.place(key_hz).is_none(), "{key_hz} Hz");
    }
    let told = caller.heard();
    let (done, no) = (told.place(DONE_HZ).unwrap(), told.place(NO_HZ).unwrap());
    assert!(done.start < no.start, "{done:?}, then {no:?}");
}

#[test]
fn the_emergency_begun_by_a_key_is_cancelled_by_it() {
    let target = PagingBox::start(V4, &["key 911.do=emergency"]);
    let mut caller = Dialler::call(&target);
    caller.press("911");
    until(PATIENCE, "it is heard", || {
        Recording::read(&target.wav()).place(ATTENTION_HZ).is_some_and(|heard| heard.end - heard.start > 5.0)
    });
    caller.press("911");
    until(PATIENCE, "it has ended", || target.log().contains("emergency is cut off"));
    caller.hang_up();
}

#[test]
fn two_who_call_for_the_emergency_do_not_cancel_it_and_who_does_hears_so() {
    let target = PagingBox::start(V4, &["key 911.do=emergency"]);
    let mut callers = [(); 2].map(|()| Dialler::call(&target));
    callers[0].press("911");
    until(PATIENCE, "it is heard", || target.log().contains("emergency: it is played"));
    callers[1].press("911");
    until(PATIENCE, "the second one is told", || callers[1].heard().place(DONE_HZ).is_some());
    assert!(!target.log().contains("emergency: cancelled"), "{}", target.log());
    // The menu's tones end with a key, whether they have begun or not.
    until(PATIENCE, "the first one was told, too", || callers[0].heard().place(DONE_HZ).is_some());
    let before = callers[0].heard().beginnings(OVER_HZ);
    callers[0].press("911");
    until(PATIENCE, "it is cancelled", || target.log().contains("emergency: cancelled"));
    until(PATIENCE, "and told by a tone that comes twice", || {
        callers[0].heard().beginnings(OVER_HZ) == before + 2
    });
}

#[test]
fn the_address_of_the_box_is_said_to_the_caller_and_to_nobody_else() {
    let mut target = PagingBox::start(V4, &["key 98.do=address"]);
    let mut caller = Dialler::call(&target);
    caller.press("98");
    until(PATIENCE, "it is said", || caller.heard().seconds() > 5.0 && caller.heard().speech().0 > 2.0);
    caller.hang_up();
    target.terminate();
    assert!(Recording::read(&target.wav()).peak() < 0.001);
}

/// A caller with keys and ears.
struct Dialler {
    caller: Caller,
    media: UdpSocket,
    remote: SocketAddr,
    sequence: u16,
    timestamp: u32,
    ear: Ear,
}

/// What comes back, sample by sample.
struct Ear {
    samples: Arc<Mutex<Vec<f32>>>,
    is_closed: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl Dialler {
    /// INVITE, 200, ACK.
    fn call(target: &PagingBox) -> Self {
        let media = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = media.local_addr().unwrap().port();
        let offer = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
        );
        let mut caller = Caller::new(target.address);
        caller.send("INVITE", "Content-Type: application/sdp\r\n", &offer);
        let answer = caller.receive_final(200);
        caller.send("ACK", "", "");
        let (_, after) = answer.0.split_once("m=audio ").unwrap();
        let port: u16 = after.split(' ').next().unwrap().parse().unwrap();
        let remote = SocketAddr::new(target.address.ip(), port);
        let ear = Ear::open(media.try_clone().unwrap());
        Self { caller, media, remote, sequence: 1, timestamp: 8000, ear }
    }

    /// Keys as telephone events (RFC 4733), 100 ms each and 60 ms apart.
    fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            let event = u8::try_from("0123456789*#ABCD".find(key).unwrap()).unwrap();
            for packet in 1..=8_u16 {
                let (end, length) = (if packet > 5 { 0x80 } else { 0 }, packet.min(5) * 160);
                let [high, low] = length.to_be_bytes();
                self.send(101, packet == 1, &[event, end | 0x0a, high, low]);
                std::thread::sleep(Duration::from_millis(20));
            }
            self.timestamp += 8 * 160;
        }
    }

    fn inform(&mut self, keys: &str) {
        keys.chars().for_each(|key| self.caller.press(key));
    }

    /// A tone for so many seconds.
    fn talk(&mut self, seconds: f32) {
        let packets = (seconds * 50.0) as u32;
        let begin = Instant::now();
        for packet in 0..packets {
            let at = |index: u32| (packet * 160 + index) as f32 / 8000.0;
            let samples = (0..160).map(|index| (at(index) * TAU * tone::HZ).sin() * tone::AMPLITUDE);
            let payload: Vec<u8> = samples.map(tone::ulaw).collect();
            self.send(0, packet == 0, &payload);
            self.timestamp += 160;
            let next = begin + Duration::from_millis(20) * (packet + 1);
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }

    fn send(&mut self, payload_type: u8, marker: bool, payload: &[u8]) {
        let mut packet = vec![0x80, payload_type | if marker { 0x80 } else { 0 }];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(self.timestamp.to_be_bytes());
        packet.extend([0, 0, 0, 7]);
        packet.extend(payload);
        self.sequence += 1;
        self.media.send_to(&packet, self.remote).unwrap();
    }

    /// What has come back so far.
    fn heard(&self) -> Recording {
        Recording::of(8000, self.ear.samples.lock().unwrap().clone())
    }

    fn await_bye(&mut self) {
        let bye = self.caller.receive_request("BYE", PATIENCE);
        self.caller.confirm(&bye);
    }

    fn hang_up(&mut self) {
        self.caller.hang_up();
    }
}

impl Ear {
    fn open(socket: UdpSocket) -> Self {
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let (samples, is_closed) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (into, until) = (Arc::clone(&samples), Arc::clone(&is_closed));
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 2048];
            let mut first = None;
            while !until.load(Ordering::Relaxed) {
                let Ok(length) = socket.recv(&mut buffer) else { continue };
                let timestamp = u32::from_be_bytes(buffer[4..8].try_into().unwrap());
                let begin = timestamp.wrapping_sub(*first.get_or_insert(timestamp)) as usize;
                let heard: Vec<f32> = buffer[12..length].iter().map(|&byte| linear(byte)).collect();
                let mut samples = into.lock().unwrap();
                // Silence is not sent.
                if begin >= samples.len() && begin < 8000 * 600 {
                    samples.resize(begin, 0.0);
                    samples.extend(heard);
                }
            }
        });
        Self { samples, is_closed, reader: Some(reader) }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.is_closed.store(true, Ordering::Relaxed);
        self.reader.take().map(JoinHandle::join).unwrap().unwrap();
    }
}

/// The sample of a byte of PCMU (ITU-T G.711).
fn linear(byte: u8) -> f32 {
    let byte = !byte;
    let (exponent, mantissa) = (i32::from(byte >> 4 & 7), i32::from(byte & 15));
    let magnitude = ((2 * mantissa + 33) << exponent) - 33;
    (if byte & 0x80 == 0 { magnitude } else { -magnitude }) as f32 / 8192.0
}

const PIN_HZ: f32 = 740.0;
const NO_HZ: f32 = 330.0;
const DONE_HZ: f32 = 740.0;
/// The tone by which what is cancelled is told.
const OVER_HZ: f32 = 587.0;
const MENU_HZ: f32 = 880.0;
/// The talk beep.
const BEEP_HZ: f32 = 1000.0;
const GONG_HZ: f32 = 587.33;
/// The built-in attention tone passes it on its way up.
const ATTENTION_HZ: f32 = 1000.0;
const PATIENCE: Duration = Duration::from_secs(30);
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
