//! Callers who hear one another.

use super::bench::*;
use crate::codec::Codec;
use crate::mix::{
    Aside, BLOCK_TIME, Command, Conference, Leg, LegConfig, Media, Part, Recital, Route, VoiceId,
};
use crate::rtp::{Kind, Packet, PayloadFormat, Receiver, ReceiverConfig, Sender, Source};
use crate::time::Instant;
use crate::units::{Level, SampleRate};
use crate::zones::ZoneSet;
use core::time::Duration;
use std::collections::BTreeMap;

/// Blocks of a beat of 10 ms.
const BEAT: usize = 4;

/// Callers who talk in PCMU, and what each gets back.
struct Room {
    conference: Conference,
    talkers: BTreeMap<u64, (Sender, Receiver)>,
    now: Instant,
    /// Packets to each, with the time they left.
    heard: BTreeMap<u64, Vec<(Instant, Vec<u8>)>>,
}

impl Room {
    fn new() -> Self {
        Self {
            conference: Conference::new(4, 4),
            talkers: BTreeMap::new(),
            now: ms(1000),
            heard: BTreeMap::new(),
        }
    }

    fn join(&mut self, caller: u64, codec: Codec) {
        let attach = Command::Attach { voice: VoiceId(caller), source: voice(), route: Route::EVERYWHERE };
        self.conference.handle_command(self.now, attach);
        self.open(caller, codec);
        self.conference.admit(VoiceId(caller));
        let kind = Kind::Speech { clock: SampleRate::HZ_8000, bytes_per_tick: 1 };
        let formats = heapless::Vec::from_slice(&[PayloadFormat { payload_type: 0, kind }]).unwrap();
        let receiver = Receiver::new(ReceiverConfig { formats, source: Source::Any });
        self.talkers.insert(caller, (Sender::new(caller, 0), receiver));
    }

    /// A way back to a caller who hears nobody yet.
    fn open(&mut self, caller: u64, codec: Codec) {
        assert!(self.conference.open(Box::new(leg(caller, codec))).is_none());
    }

    /// Says a tone of a second to a caller.
    fn tell(&mut self, caller: u64, rate: SampleRate, hz: f32) -> Option<Box<Aside>> {
        let samples = tone_at(rate.hz() as usize, hz, 0.25, 0..rate.hz() as usize);
        let clip = Part::Clip(samples.iter().map(|sample| (sample * 32_768.0).round() as i16).collect());
        let (level, fade) = (Level::UNITY, Duration::from_millis(50));
        let recital = Recital { rate, parts: vec![clip], level, fade };
        assert_eq!(recital.length(), Duration::from_secs(1));
        self.conference.tell(VoiceId(caller), Box::new(Aside::new(7, &recital)))
    }

    /// For `span`, in which each of `tones` (caller, Hz) talks.
    fn talk(&mut self, span: Duration, tones: &[(u64, f32)]) {
        let end = self.now + span;
        let mut spoken = 0;
        while self.now < end {
            for &(caller, hz) in tones {
                self.say(caller, &tone(hz, 0.25, spoken, 160));
            }
            spoken += 160;
            for _ in 0..2 {
                let (heard, at) = (&mut self.heard, self.now);
                self.conference.render(at, BEAT, |voice, packet| {
                    heard.entry(voice.0).or_default().push((at, packet.to_vec()));
                });
                self.now += BLOCK_TIME * 4;
            }
        }
    }

    fn say(&mut self, caller: u64, samples: &[f32]) {
        let (sender, receiver) = self.talkers.get_mut(&caller).unwrap();
        let mut payload = vec![0; samples.len()];
        Codec::Pcmu.encoder().encode(samples, &mut payload);
        let mut datagram = vec![0; 12 + payload.len()];
        let ticks = u32::try_from(payload.len()).unwrap();
        sender.write(&payload, ticks, &mut datagram).unwrap();
        receiver.handle_message(self.now, "192.0.2.1:4000".parse().unwrap(), &datagram).unwrap();
        while let Some(chunk) = receiver.poll_chunk() {
            let media = Media { voice: VoiceId(caller), chunk };
            self.conference.handle_command(self.now, Command::Media(media));
        }
    }

    /// What a caller has heard, decoded, with silence for what was not sent.
    fn sound(&self, caller: u64, codec: Codec) -> Vec<f32> {
        let packets = self.heard.get(&caller).map_or(&[][..], Vec::as_slice);
        let mut decoder = codec.decoder();
        let (mut sound, mut first) = (Vec::new(), None);
        for (_, datagram) in packets {
            let packet = Packet::parse(datagram).unwrap();
            let first = *first.get_or_insert(packet.header.timestamp);
            let tick = usize::try_from(packet.header.timestamp.wrapping_sub(first)).unwrap();
            sound.resize(tick * codec.samples_per_tick(), 0.0);
            let mut samples = vec![0.0; 2 * packet.payload.len()];
            let len = decoder.decode(packet.payload, &mut samples);
            sound.extend_from_slice(&samples[..len]);
        }
        sound
    }
}

fn leg(caller: u64, codec: Codec) -> Leg {
    let payload_type = codec.payload_type().unwrap_or(96);
    Leg::new(
        VoiceId(caller),
        LegConfig { codec, payload_type, ptime: Duration::from_millis(20), seed: caller },
    )
}

/// The amplitude of a tone in the second half of `samples`.
fn level(samples: &[f32], hz: f32, rate: f32) -> f32 {
    let samples = &samples[samples.len() / 2..];
    let turn = core::f32::consts::TAU * hz / rate;
    let (mut re, mut im) = (0.0, 0.0);
    for (frame, sample) in samples.iter().enumerate() {
        let (sin, cos) = (turn * frame as f32).sin_cos();
        re += sample * cos;
        im += sample * sin;
    }
    2.0 * re.hypot(im) / samples.len() as f32
}

#[test]
fn each_hears_the_others_and_not_himself() {
    let mut room = Room::new();
    for caller in [1, 2, 3] {
        room.join(caller, Codec::Pcmu);
    }
    room.talk(Duration::from_secs(1), &[(1, 400.0), (2, 1000.0), (3, 1700.0)]);
    for (caller, own) in [(1, 400.0), (2, 1000.0), (3, 1700.0)] {
        let sound = room.sound(caller, Codec::Pcmu);
        for hz in [400.0, 1000.0, 1700.0] {
            let level = level(&sound, hz, 8000.0);
            if hz == own {
                assert!(level < 0.005, "{caller} hears himself: {level}");
            } else {
                assert!((level / 0.25 - 1.0).abs() < 0.03, "{caller} hears {hz} Hz at {level}");
            }
        }
    }
}

#[test]
fn every_codec_carries_it() {
    let codecs = [
        Codec::Pcma,
        Codec::G722,
        Codec::L16(SampleRate::HZ_8000),
        Codec::L16(SampleRate::HZ_16000),
        Codec::L16(SampleRate::HZ_48000),
    ];
    for codec in codecs {
        let mut room = Room::new();
        room.join(1, Codec::Pcmu);
        room.join(2, codec);
        room.talk(Duration::from_secs(1), &[(1, 1000.0)]);
        let rate = codec.sample_rate().hz() as f32;
        let level = level(&room.sound(2, codec), 1000.0, rate);
        assert!((level / 0.25 - 1.0).abs() < 0.03, "{codec:?}: {level}");
    }
}

#[test]
fn a_lone_caller_gets_three_packets_then_one_a_second() {
    let mut room = Room::new();
    room.join(1, Codec::Pcmu);
    room.talk(Duration::from_secs(4), &[(1, 400.0)]);
    let times: Vec<_> =
        room.heard[&1].iter().map(|(at, _)| at.since(ms(1000)).as_millis() / 10 * 10).collect();
    assert_eq!(times, [10, 30, 50, 1050, 2050, 3050]);
    assert!(room.sound(1, Codec::Pcmu).iter().all(|sample| sample.abs() < 0.001));
}

#[test]
fn timestamps_tell_the_time_though_nobody_speaks() {
    let mut room = Room::new();
    room.join(1, Codec::Pcmu);
    room.conference.rest(400, |_, _| {});
    room.talk(Duration::from_millis(20), &[]);
    room.conference.rest(400, |_, packet| room.heard.entry(1).or_default().push((ms(0), packet.to_vec())));
    let stats: Vec<_> = room.conference.leg_stats().map(|(_, stats)| stats).collect();
    let first = Leg::stats(&leg(1, Codec::Pcmu)).timestamp;
    assert_eq!(stats[0].timestamp.wrapping_sub(first), 8 * 2020);
    assert_eq!(stats[0].octets, 160 * stats[0].packets);
}

#[test]
fn what_is_said_to_one_caller_nobody_else_hears() {
    for rate in [SampleRate::HZ_8000, SampleRate::HZ_16000, SampleRate::HZ_48000] {
        let mut room = Room::new();
        room.join(1, Codec::Pcmu);
        room.join(2, Codec::Pcmu);
        assert!(room.tell(2, rate, 1700.0).is_none());
        room.talk(Duration::from_millis(900), &[(1, 400.0)]);
        let (first, second) = (room.sound(1, Codec::Pcmu), room.sound(2, Codec::Pcmu));
        assert!(level(&first, 1700.0, 8000.0) < 0.001, "{rate}");
        for hz in [400.0, 1700.0] {
            let level = level(&second, hz, 8000.0);
            assert!((level / 0.25 - 1.0).abs() < 0.03, "{rate}: {hz} Hz at {level}");
        }
    }
}

#[test]
fn who_is_not_admitted_hears_only_what_he_is_told() {
    let mut room = Room::new();
    room.join(1, Codec::Pcmu);
    room.open(2, Codec::Pcmu);
    room.tell(2, SampleRate::HZ_16000, 1700.0);
    room.talk(Duration::from_millis(900), &[(1, 400.0)]);
    let sound = room.sound(2, Codec::Pcmu);
    assert!(level(&sound, 400.0, 8000.0) < 0.001);
    assert!((level(&sound, 1700.0, 8000.0) / 0.25 - 1.0).abs() < 0.03);
    room.conference.admit(VoiceId(2));
    room.talk(Duration::from_millis(900), &[(1, 400.0)]);
    assert!(level(&room.sound(2, Codec::Pcmu), 400.0, 8000.0) > 0.2);
}

#[test]
fn what_has_been_said_or_ended_or_cannot_be_said_is_given_back() {
    let mut room = Room::new();
    assert!(room.tell(1, SampleRate::HZ_16000, 400.0).is_some(), "there is no way back");
    room.open(1, Codec::Pcmu);
    assert!(room.tell(1, SampleRate::HZ_16000, 400.0).is_none());
    assert!(room.tell(1, SampleRate::HZ_16000, 400.0).is_some(), "one after the other");
    assert!(!room.conference.is_idle());
    room.talk(Duration::from_millis(900), &[]);
    assert!(room.conference.poll_told().is_none());
    room.talk(Duration::from_millis(120), &[]);
    let told = room.conference.poll_told().map(|(voice, aside)| (voice, aside.number()));
    assert_eq!(told, Some((VoiceId(1), 7)));
    assert!(room.conference.is_idle());
    room.tell(1, SampleRate::HZ_16000, 400.0);
    room.talk(Duration::from_millis(100), &[]);
    room.conference.hush(room.now, VoiceId(1));
    room.talk(Duration::from_millis(60), &[]);
    assert!(room.conference.poll_told().is_some());
}

#[test]
fn on_hold_nothing_is_sent() {
    let mut room = Room::new();
    room.join(1, Codec::Pcmu);
    room.join(2, Codec::Pcmu);
    room.conference.set_muted(VoiceId(2), true);
    room.talk(Duration::from_secs(2), &[(1, 400.0)]);
    assert!(!room.heard.contains_key(&2));
    room.conference.set_muted(VoiceId(2), false);
    room.talk(Duration::from_secs(1), &[(1, 400.0)]);
    assert!(room.heard[&2].len() >= 49);
}

#[test]
fn a_speaker_who_falls_silent_is_sent_to_his_last_sound() {
    let mut room = Room::new();
    room.join(1, Codec::Pcmu);
    room.join(2, Codec::Pcmu);
    room.talk(Duration::from_millis(500), &[(1, 400.0)]);
    room.talk(Duration::from_millis(900), &[]);
    let last = room.heard[&2].last().unwrap().0.since(ms(1500)).as_millis();
    assert!((100..300).contains(&last), "{last} ms after the last word");
}

#[test]
fn voices_and_legs_come_back() {
    let mut room = Room::new();
    room.join(1, Codec::Pcmu);
    assert!(room.conference.close(VoiceId(2)).is_none());
    assert_eq!(room.conference.close(VoiceId(1)).map(|leg| leg.voice()), Some(VoiceId(1)));
    room.conference.handle_command(room.now, Command::Release { voice: VoiceId(1) });
    room.talk(Duration::from_millis(200), &[]);
    assert!(room.conference.poll_report().is_some());
    assert!(room.conference.is_idle());
}

#[test]
fn one_leg_too_many_is_given_back() {
    let mut conference = Conference::new(1, 1);
    assert!(conference.open(Box::new(leg(1, Codec::Pcmu))).is_none());
    assert_eq!(conference.open(Box::new(leg(2, Codec::Pcmu))).map(|leg| leg.voice()), Some(VoiceId(2)));
}

#[test]
fn callers_of_other_zones_hear_nothing_of_each_other() {
    let mut room = Room::new();
    for (caller, zone) in [(1, 0), (2, 1), (3, 0)] {
        room.join(caller, Codec::Pcmu);
        room.conference.place(VoiceId(caller), ZoneSet::one(zone));
    }
    room.conference.place(VoiceId(3), ZoneSet::first(2));
    room.talk(Duration::from_secs(1), &[(1, 400.0)]);
    assert_eq!(room.heard[&2].len(), 3, "no more than if nobody spoke");
    assert!(room.heard[&3].len() > 30);
    room.conference.place(VoiceId(3), ZoneSet::NONE);
    let before = room.heard[&3].len();
    room.talk(Duration::from_secs(1), &[(1, 400.0)]);
    assert!(room.heard[&3].len() < before + 10, "who is not heard does not hear");
}
