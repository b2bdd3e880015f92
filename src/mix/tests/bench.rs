//! What the tests of this folder are played on.

use crate::codec::{Codec, ComfortNoise, Encoder};
use crate::dsp::probe;
pub(super) use crate::dsp::probe::db;
use crate::mix::{
    BLOCK, BLOCK_TIME, Command, Format, Media, Mixer, Report, Route, Voice, VoiceConfig, VoiceId, VoiceStats,
};
use crate::rtp::{DelayRange, Kind, PayloadFormat, Receiver, ReceiverConfig, Sender, Source};
use crate::time::Instant;
use crate::units::{Level, SampleRate};
use core::f32::consts::TAU;
use core::ops::Range;
use core::time::Duration;
use std::collections::BTreeMap;

pub(super) const VOICE: VoiceId = VoiceId(1);

/// Frames at 48 kHz by which the filters delay what is heard: half-band, fractional, interpolator and limiter.
pub(super) const FILTERS: usize = 29 * 3 + 5 * 3 + 53 + 71;

/// The target of the jitter buffer on a good network.
pub(super) const TARGET: Duration = Duration::from_millis(10);

/// No larger step is in a tone of 200 Hz and a quarter of full scale (0.0065 by itself), the steps of µ-law included.
pub(super) const SMOOTH: f32 = 0.012;

pub(super) const G711: [Format; 2] =
    [Format { payload_type: 0, codec: Codec::Pcmu }, Format { payload_type: 8, codec: Codec::Pcma }];
pub(super) const G722: Format = Format { payload_type: 9, codec: Codec::G722 };
pub(super) const L16_8: Format = Format { payload_type: 96, codec: Codec::L16(SampleRate::HZ_8000) };
pub(super) const L16_16: Format = Format { payload_type: 97, codec: Codec::L16(SampleRate::HZ_16000) };
pub(super) const L16_48: Format = Format { payload_type: 98, codec: Codec::L16(SampleRate::HZ_48000) };

/// One caller and one sink.
pub(super) struct Bench {
    pub(super) mixer: Mixer,
    pub(super) sender: Sender,
    /// One channel of all that was heard since time 0.
    pub(super) heard: Vec<f32>,
    pub(super) now: Instant,
    /// Blocks the sink asks for at a time.
    pub(super) period: usize,
    pub(super) stats: Vec<VoiceStats>,
    pub(super) reports: Vec<Report>,
    encoder: (Codec, Encoder),
    receiver: Receiver,
    wire: BTreeMap<(Instant, u64), Vec<u8>>,
    sent: u64,
}

impl Bench {
    /// A voice is attached at time 0.
    pub(super) fn new() -> Self {
        Self::with(DelayRange::default())
    }

    /// A voice with a jitter buffer of that range is attached at time 0.
    pub(super) fn with(delay: DelayRange) -> Self {
        Self::of(&G711, delay)
    }

    /// A voice of those formats is attached at time 0, which hears comfort noise as well.
    pub(super) fn of(formats: &[Format], delay: DelayRange) -> Self {
        let mut mixer = Mixer::new(1, 4);
        let source = voice_of(formats, delay);
        mixer.handle_command(
            Instant::ZERO,
            Command::Attach { voice: VOICE, source, route: Route::EVERYWHERE },
        );
        let kind = |codec: Codec| Kind::Speech {
            clock: codec.clock_rate(),
            bytes_per_tick: u8::try_from(codec.bytes_per_tick()).unwrap(),
        };
        let speech = formats
            .iter()
            .map(|format| PayloadFormat { payload_type: format.payload_type, kind: kind(format.codec) });
        let noise = PayloadFormat { payload_type: ComfortNoise::PAYLOAD_TYPE, kind: Kind::ComfortNoise };
        let config = ReceiverConfig { formats: speech.chain([noise]).collect(), source: Source::Any };
        Self {
            encoder: (Codec::Pcmu, Codec::Pcmu.encoder()),
            mixer,
            sender: Sender::new(1, 0),
            heard: Vec::new(),
            now: Instant::ZERO,
            period: 1,
            stats: Vec::new(),
            reports: Vec::new(),
            receiver: Receiver::new(config),
            wire: BTreeMap::new(),
            sent: 0,
        }
    }

    /// The next packet of the sender arrives at `arrival`; `None` if it is lost.
    pub(super) fn send(&mut self, arrival: Option<Instant>, speech: &[f32]) {
        self.send_as(G711[0], arrival, speech);
    }

    /// The same, of another format.
    pub(super) fn send_as(&mut self, format: Format, arrival: Option<Instant>, speech: &[f32]) {
        if self.encoder.0 != format.codec {
            self.encoder = (format.codec, format.codec.encoder());
        }
        let ticks = speech.len() / format.codec.samples_per_tick();
        let mut payload = vec![0; ticks * format.codec.bytes_per_tick()];
        self.encoder.1.encode(speech, &mut payload);
        self.send_payload(format.payload_type, arrival, &payload, ticks);
    }

    /// A packet with this payload, after which the timestamp is `ticks` later.
    pub(super) fn send_payload(
        &mut self,
        payload_type: u8,
        arrival: Option<Instant>,
        payload: &[u8],
        ticks: usize,
    ) {
        let mut datagram = vec![0; 12 + payload.len()];
        self.sender.set_payload_type(payload_type);
        self.sender.write(payload, u32::try_from(ticks).unwrap(), &mut datagram).unwrap();
        self.sent += 1;
        if let Some(arrival) = arrival {
            self.wire.insert((arrival, self.sent), datagram);
        }
    }

    /// Lets the sink ask until time `end`.
    pub(super) fn run_until(&mut self, end: Instant) {
        while self.now < end {
            self.receive();
            let mut output = vec![f32::NAN; BLOCK * self.period];
            self.mixer.render(self.now, &mut output);
            self.heard.extend(output);
            self.now += BLOCK_TIME * u32::try_from(self.period).unwrap();
            while let Some(report) = self.mixer.poll_report() {
                if let Report::Voice { stats, .. } = &report {
                    self.stats.push(*stats);
                }
                self.reports.push(report);
            }
        }
    }

    /// The sink does not ask for a while; what it would have played is not heard.
    pub(super) fn stall(&mut self, span: Duration) {
        self.now += span;
    }

    fn receive(&mut self) {
        let later = self.wire.split_off(&(self.now + Duration::from_micros(1), 0));
        for ((arrival, _), datagram) in core::mem::replace(&mut self.wire, later) {
            let remote = "192.0.2.1:4000".parse().unwrap();
            let _ = self.receiver.handle_message(arrival, remote, &datagram);
            while let Some(chunk) = self.receiver.poll_chunk() {
                self.mixer.handle_command(self.now, Command::Media(Media { voice: VOICE, chunk }));
            }
        }
    }

    /// What was heard from `from` to `to`.
    pub(super) fn span(&self, from: Instant, to: Instant) -> &[f32] {
        &self.heard[frame_at(from)..frame_at(to)]
    }
}

/// A voice for PCMU and PCMA at unity.
pub(super) fn voice() -> Box<Voice> {
    voice_of(&G711, DelayRange::default())
}

fn voice_of(formats: &[Format], delay: DelayRange) -> Box<Voice> {
    let formats = heapless::Vec::from_slice(formats).unwrap();
    Box::new(Voice::telephone(VoiceConfig { formats, delay, level: Level::UNITY }))
}

pub(super) fn ms(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// The frame at 48 kHz that leaves at `at`.
pub(super) fn frame_at(at: Instant) -> usize {
    usize::try_from(at.as_micros() * 48 / 1000).unwrap()
}

/// Samples of a sine at 8 kHz, from sample `from` on.
pub(super) fn tone(hz: f32, peak: f32, from: usize, len: usize) -> Vec<f32> {
    tone_at(8_000, hz, peak, from..from + len)
}

/// Samples of a sine at another rate; `hz` is a whole number.
pub(super) fn tone_at(rate_hz: usize, hz: f32, peak: f32, samples: Range<usize>) -> Vec<f32> {
    let turn = |sample: usize| (sample % rate_hz) as f32 * hz / rate_hz as f32;
    samples.map(|sample| peak * (TAU * turn(sample)).sin()).collect()
}

/// The sharpest corner: the largest second difference.
pub(super) fn corner(samples: &[f32]) -> f32 {
    samples.windows(3).map(|three| (three[0] - 2.0 * three[1] + three[2]).abs()).fold(0.0, f32::max)
}

/// The largest step from one sample to the next.
pub(super) fn largest_step(samples: &[f32]) -> f32 {
    samples.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
}

pub(super) fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, sample| sample.abs().max(peak))
}

/// Numbers that look random, from a seed.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Below `limit`.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit
    }
}

/// The amplitude of the sine of `hz` in what was heard.
pub(super) fn amplitude(samples: &[f32], hz: f64) -> f64 {
    probe::amplitude(samples, hz, 48_000)
}
