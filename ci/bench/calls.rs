//! Calls, from the packet to the sample.

use super::Stage;
use super::codecs::payloads;
use core::time::Duration;
use pagingbox::codec::Codec;
use pagingbox::mix::{
    BLOCK, BLOCK_TIME, Command, Format, Media, Mixer, Route, Spread, Voice, VoiceConfig, VoiceId,
};
use pagingbox::rtp::{DelayRange, Kind, PayloadFormat, Receiver, ReceiverConfig, Sender, Source};
use pagingbox::time::Instant;
use pagingbox::units::Level;
use std::hint::black_box;

/// The stage whose cost is bounded.
pub(crate) const ONE_CALL: &str = "a call of PCMA";

pub(crate) fn stages() -> Vec<Stage> {
    let mixer = |voices: u64| {
        Stage::sound(format!("mixer, {voices} voices of PCMA"), move || {
            let mut mix = Mix::new(Codec::Pcma, voices);
            move || mix.turn(|_| true)
        })
    };
    let call = Stage::sound(ONE_CALL, || {
        let mut mix = Mix::new(Codec::Pcma, 1);
        move || mix.turn(|_| true)
    });
    let lossy = Stage::sound("a call of PCMA, every tenth packet lost", || {
        let mut mix = Mix::new(Codec::Pcma, 1);
        move || mix.turn(|packet| packet % 10 != 0)
    });
    let zones = |voices: u64, route: Route, what: &str| {
        Stage::sound(format!("8 zones, {voices} voices of PCMA {what}"), move || {
            let mut mix = Mix::on((0..ZONES).map(zone), Codec::Pcma, (voices, route));
            move || mix.turn(|_| true)
        })
    };
    let one = Route::NOWHERE.with(3, Level::UNITY);
    let zones = [
        zones(1, one, "in one of them"),
        zones(1, Route::EVERYWHERE, "in all"),
        zones(10, Route::EVERYWHERE, "in all"),
    ];
    [0, 1, 10, 100].map(mixer).into_iter().chain([call, lossy]).chain(zones).collect()
}

/// A sink and its voices, all of which hear the same call.
struct Mix {
    mixer: Mixer,
    receiver: Receiver,
    voices: u64,
    period: Vec<f32>,
    payloads: Vec<Vec<u8>>,
    sender: Sender,
    packets: usize,
    now: Instant,
}

impl Mix {
    fn new(codec: Codec, voices: u64) -> Self {
        Self::on([(Spread::even(1), Duration::ZERO)], codec, (voices, Route::EVERYWHERE))
    }

    /// On a card of these zones.
    fn on(
        zones: impl IntoIterator<Item = (Spread, Duration)>,
        codec: Codec,
        (voices, route): (u64, Route),
    ) -> Self {
        let zones: Vec<_> = zones.into_iter().collect();
        let period = vec![0.0; 2 * BLOCK * zones.len()];
        let mut mixer = Mixer::new(1, 100).with_zones(zones);
        // However many they are, the limiter has nothing to do.
        let level = Level::from_db(if voices > 1 { -40.0 } else { 0.0 });
        for voice in 0..voices {
            let formats = [Format { payload_type: PAYLOAD_TYPE, codec }].into_iter().collect();
            let config = VoiceConfig { formats, delay: DelayRange::default(), level };
            let source = Box::new(Voice::telephone(config));
            mixer.handle_command(Instant::ZERO, Command::Attach { voice: VoiceId(voice), source, route });
        }
        let kind = Kind::Speech { clock: codec.clock_rate(), bytes_per_tick: 1 };
        let receiver = Receiver::new(ReceiverConfig {
            formats: [PayloadFormat { payload_type: PAYLOAD_TYPE, kind }].into_iter().collect(),
            source: Source::Any,
        });
        let sender = Sender::new(1, PAYLOAD_TYPE);
        let (payloads, now) = (payloads(codec), Instant::ZERO);
        Self { mixer, receiver, sender, voices, period, payloads, packets: 0, now }
    }

    /// A packet comes, if it is one that `arrives`, and 20 ms are played.
    fn turn(&mut self, arrives: impl Fn(usize) -> bool) {
        let mut datagram = [0; 256];
        let payload = &self.payloads[self.packets % self.payloads.len()];
        let written = self.sender.write(payload, 160, &mut datagram);
        self.packets += 1;
        if arrives(self.packets) {
            let datagram = written.map_or(&[][..], |len| &datagram[..len]);
            let remote = ([192, 0, 2, 1], 4000).into();
            _ = black_box(self.receiver.handle_message(self.now, remote, black_box(datagram)));
        }
        while let Some(chunk) = self.receiver.poll_chunk() {
            for voice in (0..self.voices).map(VoiceId) {
                let media = Media { voice, chunk: chunk.clone() };
                self.mixer.handle_command(self.now, Command::Media(media));
            }
        }
        for _ in 0..4 {
            self.mixer.render(self.now, &mut self.period);
            black_box(&self.period);
            self.now += BLOCK_TIME * 2;
        }
        while let Some(report) = self.mixer.poll_report() {
            drop(black_box(report));
        }
    }
}

/// One of the channels of a card.
fn zone(channel: usize) -> (Spread, Duration) {
    (Spread::of(&[Level::UNITY; ZONES], |other| other == channel), Duration::ZERO)
}

const ZONES: usize = 8;
const PAYLOAD_TYPE: u8 = 96;
