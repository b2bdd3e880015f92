//! Pages that are recorded first: what their callers hear, and what the loudspeakers play afterwards.

use crate::callee::{Ear, PagingCall, sdp};
use crate::caller::Caller;
use crate::callers::{call, media_port, packet, ulaw};
use crate::paging_box::{PagingBox, until};
use crate::real_time::in_real_time;
use crate::tone::{self, Recording};
use std::f32::consts::TAU;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

#[test]
fn a_page_is_recorded_heard_again_sent_and_only_then_played_after_its_chime() {
    in_real_time(|| {
        let mut target = PagingBox::start(V4, &["calls.delayed=yes", "audio.klaxon=gong"]);
        let mut dictator = Dictator::call(&target);
        dictator.say(440.0, 2.0);
        dictator.caller.press('#');
        dictator.say(0.0, 1.0);
        dictator.caller.press('2');
        dictator.say(0.0, 3.0);
        dictator.caller.press('1');
        dictator.is_hung_up();
        played(&target, 1);
        target.terminate();
        let back = dictator.heard();
        assert!(back.find(1000.0).is_some(), "the beep");
        let again = back.place(440.0).expect("his own words");
        assert!((again.end - again.start - 2.0).abs() < 0.3, "{again:?}");
        let heard = Recording::read(&target.wav());
        let (chime, page) = (heard.place(GONG_HZ).expect("the gong"), heard.place(440.0).expect("the page"));
        assert!((page.end - page.start - 2.0).abs() < 0.25, "once, and whole: {page:?}");
        assert!((chime.start..chime.start + 2.5).contains(&page.start), "{chime:?}, then {page:?}");
        let tone = heard.find(440.0).unwrap();
        assert!((tone.amplitude - LOUD).abs() < 0.03, "{tone:?}");
        let record = "page kind=delayed silent=no ended=finished ";
        until(PATIENCE, "the call log", || target.log().contains(record));
    });
}

#[test]
fn what_is_recorded_anew_takes_the_place_of_what_was() {
    in_real_time(|| {
        let mut target = PagingBox::start(V4, &["calls.delayed=yes"]);
        let mut dictator = Dictator::call(&target);
        dictator.say(440.0, 1.5);
        dictator.caller.press('#');
        dictator.caller.press('3');
        dictator.say(0.0, 0.4);
        dictator.say(800.0, 1.5);
        dictator.caller.press('#');
        dictator.caller.press('#');
        dictator.is_hung_up();
        played(&target, 1);
        target.terminate();
        let heard = Recording::read(&target.wav());
        assert!(heard.place(440.0).is_none(), "it was not sent");
        let page = heard.place(800.0).expect("the second try");
        assert!((page.end - page.start - 1.5).abs() < 0.3, "{page:?}");
    });
}

#[test]
fn who_hangs_up_after_having_spoken_is_heard_when_he_has_gone_and_who_pressed_a_star_is_not() {
    in_real_time(|| {
        let mut target = PagingBox::start(V4, &["calls.delayed=yes"]);
        let mut dropped = Dictator::call(&target);
        dropped.say(800.0, 1.0);
        dropped.caller.press('*');
        dropped.is_hung_up();
        let mut silent = Dictator::call(&target);
        silent.say(0.0, 1.0);
        silent.caller.hang_up();
        let mut dictator = Dictator::call(&target);
        dictator.say(440.0, 1.5);
        assert!(Recording::read(&target.wav()).place(440.0).is_none(), "nobody hears it while he speaks");
        dictator.caller.hang_up();
        played(&target, 1);
        target.terminate();
        let heard = Recording::read(&target.wav());
        let page = heard.place(440.0).expect("the page");
        assert!((page.end - page.start - 1.5).abs() < 0.3, "{page:?}");
        assert!(heard.place(800.0).is_none(), "it was dropped");
        assert_eq!(target.log().matches("has recorded nothing to be heard").count(), 2, "{}", target.log());
    });
}

#[test]
fn who_calls_while_a_recording_is_heard_waits_for_its_end() {
    in_real_time(|| {
        let settings = ["calls.delayed=caller@*", "calls.hold-concurrent=yes", "audio.klaxon=gong"];
        let mut target = PagingBox::start(V4, &settings);
        let mut dictator = Dictator::call(&target);
        dictator.say(440.0, 5.0);
        dictator.caller.press('#');
        dictator.caller.press('#');
        dictator.is_hung_up();
        until(PATIENCE, "it is heard", || target.log().contains("plays the recording of "));
        let uri = target.uri();
        let live = PagingCall::start(&uri, &["--tone", "1700", "--seconds", "10"]);
        assert_eq!(live.finish(PATIENCE + PATIENCE).code, Some(0));
        target.terminate();
        let heard = Recording::read(&target.wav());
        let (recording, live) = (heard.place(440.0).unwrap(), heard.place(1700.0).unwrap());
        assert!(recording.end - recording.start > 4.5, "{recording:?}");
        assert!(recording.end < live.start && live.end - live.start > 1.0, "{recording:?}, then {live:?}");
        assert!(target.log().contains("waits for others, number 1"), "{}", target.log());
    });
}

#[test]
fn who_takes_longer_than_a_page_may_last_still_decides_what_becomes_of_it() {
    in_real_time(|| {
        let target = PagingBox::start(V4, &["calls.delayed=yes", "calls.hang-up-after-minutes=0.1"]);
        let mut dictator = Dictator::call(&target);
        dictator.say(440.0, 4.0);
        dictator.caller.press('#');
        dictator.say(0.0, 3.0);
        dictator.caller.press('*');
        dictator.is_hung_up();
        until(PATIENCE, "it is dropped", || target.log().contains("has recorded nothing to be heard"));
        assert!(!target.log().contains(" s, to be heard"), "{}", target.log());
    });
}

#[test]
fn only_the_callers_that_are_named_are_recorded() {
    in_real_time(|| {
        let mut target = PagingBox::start(V4, &["calls.delayed=feedback@*"]);
        let mut dictator = Dictator::call(&target);
        dictator.say(440.0, 1.0);
        dictator.caller.hang_up();
        until(PATIENCE, "his end", || target.log().contains("the caller hung up"));
        target.terminate();
        assert!(Recording::read(&target.wav()).place(440.0).is_some(), "{}", target.log());
        assert!(!target.log().contains("has recorded"), "{}", target.log());
    });
}

/// A caller with a voice and an ear.
struct Dictator {
    caller: Caller,
    ear: Ear,
    media: SocketAddr,
    sequence: u16,
    timestamp: u32,
}

impl Dictator {
    /// Calls, and waits for the end of the beep.
    fn call(target: &PagingBox) -> Self {
        let (ear, mut caller) = (Ear::open(), Caller::new(target.address));
        let answer = call(&mut caller, &sdp(ear.port, 0));
        let media = SocketAddr::new(V4, media_port(&answer));
        let mut dictator = Self { caller, ear, media, sequence: 0, timestamp: 0 };
        dictator.say(0.0, 0.9);
        dictator
    }

    /// Says a tone, or nothing, in packets of 20 ms.
    fn say(&mut self, hz: f32, seconds: f32) {
        let started = Instant::now();
        for number in 0..(seconds * 50.0) as u32 {
            let sample = |at: u32| LOUD * (TAU * hz * at as f32 / 8000.0).sin();
            let speech: Vec<u8> =
                (self.timestamp..self.timestamp + 160).map(|at| tone::ulaw(sample(at))).collect();
            let datagram = packet(0, 0, self.sequence, self.timestamp, &speech);
            self.ear.mouth.send_to(&datagram, self.media).unwrap();
            self.sequence = self.sequence.wrapping_add(1);
            self.timestamp = self.timestamp.wrapping_add(160);
            let due = started + Duration::from_millis(20) * (number + 1);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }

    /// The box ends the call.
    fn is_hung_up(&mut self) {
        let bye = self.caller.receive_request("BYE", PATIENCE);
        self.caller.confirm(&bye);
    }

    /// What he was sent.
    fn heard(self) -> Recording {
        let packets = self.ear.close();
        let sound = packets.iter().flat_map(|packet| packet.payload.iter().map(|&code| ulaw(code)));
        Recording::of(8_000, sound.collect())
    }
}

/// Waits until so many recordings have been played.
fn played(target: &PagingBox, count: usize) {
    let is_over = || target.log().matches(" has been played").count() == count;
    until(PATIENCE, "the recording has been played", is_over);
}

/// -12 dB.
const LOUD: f32 = 0.25;
const GONG_HZ: f32 = 587.33;
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PATIENCE: Duration = Duration::from_secs(20);
