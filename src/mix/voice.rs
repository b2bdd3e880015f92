//! One source of sound on its way to its bus, and how it ends.

use super::bus::Sums;
use super::envelope::{Envelope, Gains};
use super::message::VoiceStats;
use super::playout::Playout;
use super::recital::{Recital, Reciter};
use super::reel::{Piece, Reel};
use super::rise::{Bus, Rise};
use super::{BLOCK, BLOCK_TIME};
use crate::codec::Codec;
use crate::dsp::{Meter, Ramp};
use crate::rtp::{Chunk, DelayRange};
use crate::time::Instant;
use crate::units::{Level, SampleRate};
use core::time::Duration;

/// A voice. Everything it needs is allocated when it is made.
#[derive(Clone, Debug)]
pub struct Voice {
    source: Source,
    envelope: Envelope,
    meter: Meter,
    /// Blocks that the meter has heard.
    metered: u32,
    phase: Phase,
}

impl Voice {
    /// A voice that hears RTP.
    #[must_use]
    pub fn telephone(config: VoiceConfig) -> Self {
        Self {
            source: Source::Telephone(Telephone::new(config.formats, config.delay)),
            envelope: Envelope::new(config.level, Ramp::QUICK),
            meter: Meter::new(),
            metered: 0,
            phase: Phase::Open,
        }
    }

    /// A voice that says what is in memory, from when it is attached until it has said all of it or is released.
    #[must_use]
    pub fn recital(recital: &Recital) -> Self {
        Self {
            source: Source::Recital(Reciter::new(recital)),
            envelope: Envelope::new(recital.level, recital.fade),
            meter: Meter::new(),
            metered: 0,
            phase: Phase::Open,
        }
    }

    /// A voice that plays music, piece by piece as it comes, until it is released.
    #[must_use]
    pub fn music(level: Level) -> Self {
        Self {
            source: Source::Music(Reel::new()),
            envelope: Envelope::new(level, MUSIC_FADE),
            meter: Meter::new(),
            metered: 0,
            phase: Phase::Open,
        }
    }

    pub(super) fn handle_media(&mut self, now: Instant, chunk: &Chunk) {
        if let Source::Telephone(telephone) = &mut self.source
            && self.phase == Phase::Open
        {
            telephone.playout.insert(now, chunk);
        }
    }

    /// Takes a piece of music; gives it back where this is no music, or has enough.
    pub(super) fn handle_piece(&mut self, piece: Box<Piece>) -> Option<Box<Piece>> {
        let Source::Music(reel) = &mut self.source else { return Some(piece) };
        reel.insert(piece)
    }

    /// Whether it is music.
    pub(super) const fn is_music(&self) -> bool {
        matches!(self.source, Source::Music(_))
    }

    /// A piece of music that was played.
    pub(super) fn take_spent(&mut self) -> Option<Box<Piece>> {
        let Source::Music(reel) = &mut self.source else { return None };
        reel.take_spent()
    }

    pub(super) fn has_spent(&self) -> bool {
        matches!(&self.source, Source::Music(reel) if reel.has_spent())
    }

    pub(super) fn set_pace(&mut self, ppm: f32, is_paused: bool) {
        if let Source::Music(reel) = &mut self.source {
            reel.set_pace(ppm, is_paused);
        }
    }

    pub(super) fn set_level(&mut self, level: Level) {
        if self.phase != Phase::Closing {
            self.envelope.set_level(level);
        }
    }

    pub(super) fn set_hushed(&mut self, hushed: bool) {
        self.envelope.set_hushed(hushed);
    }

    /// Says no more than what has come already; what is in memory fades out.
    pub(super) fn release(&mut self, now: Instant) {
        if self.phase != Phase::Open {
            return;
        }
        match &self.source {
            Source::Telephone(telephone) => {
                self.phase = Phase::Draining { until: now + telephone.playout.time_left() + BLOCK_TIME };
            }
            Source::Recital(_) | Source::Music(_) => self.close(),
        }
    }

    /// Adds what is heard from `now` on to its bus.
    pub(super) fn render(&mut self, now: Instant, buses: &mut impl Sums) {
        self.turn_phase(now);
        self.metered = self.metered.saturating_add(1);
        self.source.turn();
        let bus = self.source.bus();
        let mut block = [0.0; BLOCK];
        let block = &mut block[..bus.block()];
        let sounds = self.source.render(now, block);
        if !sounds && !self.source.has_leftover() && self.envelope.is_settled() {
            self.meter.add_silence(block.len());
            return;
        }
        let gains = self.envelope.next();
        self.source.add_leftover(gains, buses);
        gains.apply(block);
        self.meter.add(block);
        if sounds {
            buses.add(bus, block);
        }
    }

    /// Whether it has nothing to say any more.
    pub(super) fn is_done(&self) -> bool {
        self.phase == Phase::Closing && (self.envelope.is_mute() || self.source.is_over())
    }

    /// Whether any speech has left it.
    pub(super) fn has_spoken(&self) -> bool {
        match &self.source {
            Source::Telephone(telephone) => telephone.playout.stream().has_spoken(),
            Source::Recital(reciter) => reciter.has_spoken(),
            Source::Music(reel) => reel.has_spoken(),
        }
    }

    /// How it fares. What is in memory has a level and nothing else that could be told; music also says how much of it is held.
    #[must_use]
    pub fn stats(&self) -> VoiceStats {
        let level = self.meter.reading();
        let Telephone { playout, rise, .. } = match &self.source {
            Source::Telephone(telephone) => telephone,
            Source::Recital(_) => {
                return VoiceStats { level, span: self.span(), gain: 1.0, ..VoiceStats::default() };
            }
            Source::Music(reel) => {
                let (delay, drift_ppm, dry) = (reel.time_held(), reel.ppm(), reel.dry());
                return VoiceStats {
                    delay,
                    drift_ppm,
                    level,
                    span: self.span(),
                    gain: 1.0,
                    dry,
                    ..VoiceStats::default()
                };
            }
        };
        let stream = playout.stream();
        VoiceStats {
            jitter: stream.jitter().stats(),
            delay: playout.delay(),
            target: stream.jitter().target(),
            drift_ppm: rise.ppm(),
            level,
            span: self.span(),
            gain: 1.0,
            undecoded: stream.undecoded(),
            dry: 0,
        }
    }

    pub(super) fn reset_meter(&mut self) {
        self.meter.reset();
        self.metered = 0;
    }

    fn span(&self) -> Duration {
        BLOCK_TIME * self.metered
    }

    fn turn_phase(&mut self, now: Instant) {
        let is_at_its_end = match (&self.source, self.phase) {
            (Source::Telephone(telephone), Phase::Draining { until }) => {
                telephone.playout.is_drained() || now >= until
            }
            (Source::Recital(reciter), Phase::Open) => reciter.is_over(),
            _ => false,
        };
        if is_at_its_end {
            self.close();
        }
    }

    fn close(&mut self) {
        self.phase = Phase::Closing;
        self.envelope.set_level(Level::MUTE);
    }
}

/// What a telephone voice is made for.
#[derive(Clone, Debug)]
pub struct VoiceConfig {
    /// What may come, by payload type. What comes first is what is expected.
    pub formats: heapless::Vec<Format, 8>,
    /// What the jitter buffer may add.
    pub delay: DelayRange,
    /// How loud it begins.
    pub level: Level,
}

/// A payload type and how it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The payload type, as agreed on; 0 to 127.
    pub payload_type: u8,
    /// How it is decoded; its samples are of 8, 16 or 48 kHz.
    pub codec: Codec,
}

/// Makes the tables that voices of `rate` need, if they have not been made yet: that is not to be on the audio path, nor
/// while somebody waits for an answer.
pub fn prepare(rate: SampleRate) {
    let _ = Rise::new(rate, 0.0);
}

/// What a voice is made of.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a voice is boxed as a whole")]
enum Source {
    Telephone(Telephone),
    Recital(Reciter),
    Music(Reel),
}

impl Source {
    fn bus(&self) -> Bus {
        match self {
            Self::Telephone(telephone) => telephone.rise.bus(),
            Self::Recital(reciter) => reciter.bus(),
            Self::Music(_) => Bus::Full,
        }
    }

    /// Writes what is heard from `now` on, a block of its bus, and says whether there is anything.
    fn render(&mut self, now: Instant, block: &mut [f32]) -> bool {
        match self {
            Self::Telephone(telephone) => telephone.render(now, block),
            Self::Recital(reciter) => reciter.render(block),
            Self::Music(reel) => reel.render(block),
        }
    }

    fn turn(&mut self) {
        if let Self::Telephone(telephone) = self {
            telephone.turn();
        }
    }

    fn has_leftover(&self) -> bool {
        matches!(self, Self::Telephone(telephone) if !telephone.leftover.is_empty())
    }

    fn add_leftover(&mut self, gains: Gains, buses: &mut impl Sums) {
        if let Self::Telephone(telephone) = self {
            telephone.leftover.add(gains, buses);
        }
    }

    /// Whether it has said all there was, for good.
    fn is_over(&self) -> bool {
        matches!(self, Self::Recital(reciter) if reciter.is_over())
    }
}

/// Speech that comes over the network, brought to the rate and the clock of a bus.
#[derive(Clone, Debug)]
struct Telephone {
    playout: Playout,
    rise: Rise,
    leftover: Leftover,
}

impl Telephone {
    fn new(formats: heapless::Vec<Format, 8>, delay: DelayRange) -> Self {
        formats.iter().for_each(|format| prepare(format.codec.sample_rate()));
        let playout = Playout::new(formats, delay);
        let rise = Rise::new(playout.rate(), 0.0);
        Self { playout, rise, leftover: Leftover::new() }
    }

    /// Writes what is heard from `now` on, a block of its bus, and says whether there is anything.
    fn render(&mut self, now: Instant, block: &mut [f32]) -> bool {
        self.rise.render(&mut self.playout, now, block)
    }

    /// Where the codec has changed to one of another rate, what was heard fades out on the old way, while the new one
    /// begins.
    fn turn(&mut self) {
        if !self.playout.is_turning() {
            return;
        }
        if !self.rise.is_quiet() {
            self.leftover.take(&mut self.rise, &mut self.playout);
        }
        let ppm = self.rise.ppm();
        self.playout.turn();
        self.rise = Rise::new(self.playout.rate(), ppm);
    }
}

/// What a voice said before its codec changed, fading out.
#[derive(Clone, Debug)]
struct Leftover {
    samples: [f32; Self::BLOCKS * BLOCK],
    bus: Bus,
    /// Blocks that were heard.
    heard: usize,
}

impl Leftover {
    /// 7.5 ms.
    const BLOCKS: usize = 3;

    fn new() -> Self {
        Self { samples: [0.0; Self::BLOCKS * BLOCK], bus: Bus::Narrow, heard: Self::BLOCKS }
    }

    fn is_empty(&self) -> bool {
        self.heard == Self::BLOCKS
    }

    #[expect(clippy::cast_precision_loss, reason = "a few blocks")]
    fn take(&mut self, rise: &mut Rise, playout: &mut Playout) {
        self.bus = rise.bus();
        self.heard = 0;
        let len = Self::BLOCKS * self.bus.block();
        let samples = &mut self.samples[..len];
        for block in samples.chunks_mut(self.bus.block()) {
            rise.render_end(playout, block);
        }
        for (index, sample) in samples.iter_mut().enumerate() {
            *sample *= (len - index) as f32 / (len + 1) as f32;
        }
    }

    fn add(&mut self, gains: Gains, buses: &mut impl Sums) {
        if self.is_empty() {
            return;
        }
        let len = self.bus.block();
        let block = &mut self.samples[self.heard * len..][..len];
        gains.apply(block);
        buses.add(self.bus, block);
        self.heard += 1;
    }
}

/// A change of the volume of music, and its end, unless something else is to be heard: long enough to be no event.
const MUSIC_FADE: Duration = Duration::from_millis(300);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Takes media.
    Open,
    /// Plays what it has.
    Draining { until: Instant },
    /// Fades out.
    Closing,
}
