//! What the tests of this folder are played on.

use crate::codec::Codec;
use crate::mix::{
    BLOCK, BLOCK_TIME, Command, Format, Media, Mixer, Report, Voice, VoiceConfig, VoiceId, VoiceStats,
};
use crate::rtp::{DelayRange, Kind, PayloadFormat, Receiver, ReceiverConfig, Sender, Source};
use crate::time::Instant;
use crate::units::{Level, SampleRate};
use core::f32::consts::TAU;
use core::time::Duration;
use std::collections::BTreeMap;

pub(super) const VOICE: VoiceId = VoiceId(1);

/// Frames at 48 kHz by which the filters delay what is heard: half-band, interpolator and limiter.
pub(super) const FILTERS: usize = 29 * 3 + 53 + 71;

/// The target of the jitter buffer on a good network.
pub(super) const TARGET: Duration = Duration::from_millis(10);

/// No larger step is in a tone of 200 Hz and a quarter of full scale (0.0065 by itself), the steps of µ-law included.
pub(super) const SMOOTH: f32 = 0.012;

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
        let mut mixer = Mixer::new(1, 4);
        mixer.handle_command(Instant::ZERO, Command::Attach { voice: VOICE, source: voice_with(delay) });
        let kind = Kind::Speech { clock: SampleRate::HZ_8000, bytes_per_tick: 1 };
        let formats = [0, 8].map(|payload_type| PayloadFormat { payload_type, kind });
        let config = ReceiverConfig { formats: formats.into_iter().collect(), source: Source::Any };
        Self {
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
        let mut payload = vec![0; speech.len()];
        Codec::Pcmu.encoder().encode(speech, &mut payload);
        let mut datagram = vec![0; 12 + payload.len()];
        let ticks = u32::try_from(payload.len()).unwrap();
        self.sender.write(&payload, ticks, &mut datagram).unwrap();
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
            let _ = self.receiver.handle_datagram(arrival, remote, &datagram);
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
    voice_with(DelayRange::default())
}

fn voice_with(delay: DelayRange) -> Box<Voice> {
    let formats =
        [(0, Codec::Pcmu), (8, Codec::Pcma)].map(|(payload_type, codec)| Format { payload_type, codec });
    let formats = heapless::Vec::from_slice(&formats).unwrap();
    Box::new(Voice::telephone(VoiceConfig { formats, delay, level: Level::UNITY }))
}

pub(super) fn ms(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// The frame at 48 kHz that leaves at `at`.
pub(super) fn frame_at(at: Instant) -> usize {
    usize::try_from(at.as_micros() * 48 / 1000).unwrap()
}

/// Samples of a sine, from sample `from` on.
pub(super) fn tone(hz: f32, peak: f32, from: usize, len: usize) -> Vec<f32> {
    let turn = |sample: usize| (sample % 8000) as f32 * hz / 8000.0;
    (from..from + len).map(|sample| peak * (TAU * turn(sample)).sin()).collect()
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
