//! What a caller is told: that he is heard, that he has to wait, that his time is nearly over.

use crate::callee::{Ear, PagingCall, sdp};
use crate::caller::Caller;
use crate::callers::{call, ulaw};
use crate::paging_box::{PagingBox, until};
use crate::real_time::in_real_time;
use crate::tone::Recording;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

#[test]
fn a_caller_hears_when_he_is_heard_and_the_loudspeakers_do_not() {
    in_real_time(|| {
        let mut target = PagingBox::start(V4, &["audio.talk-beep=yes"]);
        let (ear, mut caller) = (Ear::open(), Caller::new(target.address));
        call(&mut caller, &sdp(ear.port, 0));
        std::thread::sleep(Duration::from_secs(1));
        caller.hang_up();
        target.terminate();
        let heard = sound(ear);
        let beep = heard.place(TALK_HZ).expect("a tone");
        assert!((0.1..=0.2).contains(&(beep.end - beep.start)), "{beep:?}");
        assert_eq!(heard.beginnings(TALK_HZ), 1);
        assert!(Recording::read(&target.wav()).place(TALK_HZ).is_none());
    });
}

#[test]
fn callers_wait_for_one_another_and_who_gives_up_harms_nobody() {
    in_real_time(|| {
        let mut target =
            PagingBox::start(V4, &["calls.hold-concurrent=yes", "audio.klaxon=gong", "sip.rtp-timeout=3s"]);
        let first = PagingCall::start(&target.uri(), &["--tone", "440", "--seconds", "8"]);
        until(PATIENCE, "the first is on air", || target.log().contains("on air"));
        let second = PagingCall::start(&target.uri(), &["--tone", "1700", "--seconds", "16"]);
        until(PATIENCE, "the second waits", || target.log().contains("waits for others, number 1"));
        // One address has so many lines of the log in a second, and no more.
        std::thread::sleep(Duration::from_millis(1200));
        let (ear, mut third) = (Ear::open(), Caller::new(target.address));
        call(&mut third, &sdp(ear.port, 0));
        until(PATIENCE, "the third waits", || target.log().contains("waits for others, number 2"));
        std::thread::sleep(Duration::from_millis(1500));
        third.hang_up();
        assert_eq!(sound(ear).beginnings(PLACE_HZ), 2);
        assert_eq!(first.finish(PATIENCE).code, Some(0));
        assert_eq!(second.finish(PATIENCE).code, Some(0));
        target.terminate();
        let heard = Recording::read(&target.wav());
        let (first, second) = (heard.place(440.0).unwrap(), heard.place(1700.0).unwrap());
        assert!((first.end - first.start - 8.0).abs() < 0.3, "{first:?}");
        let gong = heard.level(GONG_HZ, first.end + 0.1..first.end + 0.6);
        assert!(gong > 0.05, "{gong}: the second has a chime of his own");
        let pause = second.start - first.end;
        assert!((1.9..2.6).contains(&pause), "{first:?}, then {second:?}");
        // What he said while he waited is not heard later.
        assert!(second.end - second.start < 16.0 - 4.0, "{second:?}");
        assert!(heard.place(PLACE_HZ).is_none());
    });
}

#[test]
fn one_caller_too_many_is_told_that_the_box_is_busy() {
    in_real_time(|| {
        let mut target = PagingBox::start(V4, &["calls.hold-concurrent=yes", "calls.queue-max=1"]);
        let mut callers = [(); 3].map(|()| Caller::new(target.address));
        callers[0].call();
        callers[1].call();
        callers[2].invite();
        callers[2].receive_final(486);
        callers[2].send("ACK", "", "");
        callers[0].hang_up();
        callers[2] = Caller::new(target.address);
        callers[2].call();
        callers[1].hang_up();
        callers[2].hang_up();
        assert_eq!(target.terminate().code(), Some(0));
    });
}

#[test]
fn a_caller_is_warned_before_his_time_is_over() {
    in_real_time(|| {
        let mut target = PagingBox::start(V4, &["calls.hang-up-after-minutes=0.35", "sip.rtp-timeout=60s"]);
        let (ear, mut caller) = (Ear::open(), Caller::new(target.address));
        call(&mut caller, &sdp(ear.port, 0));
        let bye = caller.receive_request("BYE", Duration::from_secs(30));
        caller.confirm(&bye);
        target.terminate();
        assert_eq!(sound(ear).beginnings(ENDING_HZ), 3);
        assert!(Recording::read(&target.wav()).place(ENDING_HZ).is_none());
    });
}

#[test]
fn a_caller_may_hear_the_chime_before_he_is_answered() {
    in_real_time(|| {
        let settings = ["audio.klaxon=gong", "sip.early-media=yes", "audio.talk-beep=yes"];
        let mut target = PagingBox::start(V4, &settings);
        let (ear, mut caller) = (Ear::open(), Caller::new(target.address));
        caller.send("INVITE", "Content-Type: application/sdp\r\n", &sdp(ear.port, 0));
        let progress = caller.receive_within(PATIENCE).expect("a response");
        assert_eq!(progress.status(), 183, "{}", progress.0);
        let ok = caller.receive_final(200);
        caller.send("ACK", "", "");
        let body = |text: &str| text.split_once("\r\n\r\n").unwrap().1.to_owned();
        assert_eq!(body(&progress.0), body(&ok.0));
        std::thread::sleep(Duration::from_millis(700));
        caller.hang_up();
        target.terminate();
        let (heard, over_loudspeakers) = (sound(ear), Recording::read(&target.wav()));
        let gong = heard.find(GONG_HZ).expect("the gong");
        let same = over_loudspeakers.find(GONG_HZ).expect("the gong");
        assert!((gong.seconds - same.seconds).abs() < 0.5 && gong.seconds > 1.0, "{gong:?}, {same:?}");
        let (gong, beep) = (heard.place(GONG_HZ).unwrap(), heard.place(TALK_HZ).unwrap());
        assert!(gong.start < 0.5 && beep.start > 1.5, "{gong:?}, then {beep:?}");
        assert!(over_loudspeakers.place(TALK_HZ).is_none());
    });
}

#[test]
fn until_the_chime_begins_the_telephone_of_the_caller_rings() {
    in_real_time(|| {
        let settings = ["audio.klaxon=gong", "sip.early-media=yes", "sip.answer-after=5s"];
        let mut target = PagingBox::start(V4, &settings);
        let (ear, mut caller) = (Ear::open(), Caller::new(target.address));
        let rang_at = Instant::now();
        caller.send("INVITE", "Content-Type: application/sdp\r\n", &sdp(ear.port, 0));
        let ringing = caller.receive_within(PATIENCE).expect("a response");
        assert_eq!(ringing.status(), 180, "{}", ringing.0);
        let progress = caller.receive_within(PATIENCE).expect("a response");
        assert_eq!(progress.status(), 183, "{}", progress.0);
        let after = rang_at.elapsed().as_secs_f32();
        assert!((2.8..3.8).contains(&after), "{after} s");
        caller.receive_final(200);
        caller.send("ACK", "", "");
        caller.hang_up();
        target.terminate();
        let gong = sound(ear).find(GONG_HZ).expect("the gong");
        assert!(gong.seconds > 1.0, "{gong:?}");
    });
}

#[test]
fn a_loud_ringer_rings_again_and_again_until_the_caller_gives_up() {
    in_real_time(|| {
        let mut target = PagingBox::start(V4, &["audio.klaxon=gong", "sip.mode=ring"]);
        let call = PagingCall::start(&target.uri(), &["--tone", "440", "--seconds", "20"]);
        let strokes = || Recording::read(&target.wav()).beginnings(GONG_HZ);
        until(PATIENCE, "it rings", || target.log().contains("rings over the loudspeakers"));
        until(PATIENCE, "a second stroke", || strokes() == 2);
        call.signal("INT");
        call.finish(PATIENCE);
        until(PATIENCE, "the caller gave up", || target.log().contains("the caller gave up"));
        until(PATIENCE, "silence", || Recording::read(&target.wav()).peak_of_last(0.5) < 0.001);
        target.terminate();
        let heard = Recording::read(&target.wav());
        assert_eq!(heard.beginnings(GONG_HZ), 2);
        assert!(heard.place(440.0).is_none(), "nobody is answered");
    });
}

#[test]
fn a_caller_may_have_a_chime_of_his_own() {
    in_real_time(|| {
        let rule = ["caller boss.from=caller@*", "caller boss.klaxon=three-tone"];
        let mut target = PagingBox::start(V4, &["audio.klaxon=gong", rule[0], rule[1]]);
        let mut boss = Caller::new(target.address);
        boss.call();
        boss.hang_up();
        until(PATIENCE, "the end", || target.log().contains("the caller hung up"));
        let chime = Recording::read(&target.wav());
        assert!(chime.place(FIRST_OF_THREE_HZ).is_some() && chime.place(GONG_HZ).is_none());
        let page = PagingCall::start(&target.uri(), &["--tone", "440", "--seconds", "2"]);
        assert_eq!(page.finish(PATIENCE).code, Some(0));
        target.terminate();
        assert!(Recording::read(&target.wav()).place(GONG_HZ).is_some());
    });
}

/// What an ear has heard of PCMU.
pub(crate) fn sound(ear: Ear) -> Recording {
    let packets = ear.close();
    let codes = packets.iter().flat_map(|packet| packet.payload.iter());
    Recording::of(8_000, codes.map(|&code| ulaw(code)).collect())
}

const TALK_HZ: f32 = 1000.0;
const PLACE_HZ: f32 = 660.0;
const ENDING_HZ: f32 = 1320.0;
const FIRST_OF_THREE_HZ: f32 = 783.99;
const GONG_HZ: f32 = 587.33;
const PATIENCE: Duration = Duration::from_secs(30);
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
