//! One source of sound on its way to the bus, and how it ends.

use super::message::VoiceStats;
use super::playout::Playout;
use super::{BLOCK_TIME, BUS_BLOCK, NARROW_BLOCK};
use crate::codec::Codec;
use crate::dsp::{Halfband, Meter, Ramp};
use crate::rtp::{Chunk, DelayRange};
use crate::time::Instant;
use crate::units::{Level, SampleRate};

/// A voice. Everything it needs is allocated when it is made.
#[derive(Clone, Debug)]
pub struct Voice {
    source: Source,
    level: Ramp,
    meter: Meter,
    phase: Phase,
}

impl Voice {
    /// A voice that hears RTP of the telephone band.
    #[must_use]
    pub fn telephone(config: VoiceConfig) -> Self {
        Self {
            source: Source::Telephone(Telephone::new(config.formats, config.delay)),
            level: Ramp::new(SampleRate::HZ_16000, Ramp::QUICK, config.level),
            meter: Meter::new(),
            phase: Phase::Open,
        }
    }

    pub(super) fn handle_media(&mut self, now: Instant, chunk: &Chunk) {
        let Source::Telephone(telephone) = &mut self.source;
        if self.phase == Phase::Open {
            telephone.playout.insert(now, chunk);
        }
    }

    pub(super) fn set_level(&mut self, level: Level) {
        if self.phase != Phase::Closing {
            self.level.set(level);
        }
    }

    /// Says no more than what has come already.
    pub(super) fn release(&mut self, now: Instant) {
        let Source::Telephone(telephone) = &self.source;
        if self.phase == Phase::Open {
            self.phase = Phase::Draining { until: now + telephone.playout.time_left() + BLOCK_TIME };
        }
    }

    /// Adds what is heard from `now` on to the bus, and says whether there is anything.
    pub(super) fn render(&mut self, now: Instant, bus: &mut [f32; BUS_BLOCK]) -> bool {
        self.turn_phase(now);
        let mut block = [0.0; BUS_BLOCK];
        let Source::Telephone(telephone) = &mut self.source;
        let sounds = telephone.render(now, &mut block);
        if !sounds && self.level.is_settled() {
            self.meter.add_silence(block.len());
            return false;
        }
        self.level.apply(&mut block);
        self.meter.add(&block);
        if sounds {
            for (sum, sample) in bus.iter_mut().zip(&block) {
                *sum += sample;
            }
        }
        sounds
    }

    /// Whether it has nothing to say any more.
    pub(super) fn is_done(&self) -> bool {
        self.phase == Phase::Closing && self.level.is_mute()
    }

    /// Whether any speech has left it.
    pub(super) fn has_spoken(&self) -> bool {
        let Source::Telephone(telephone) = &self.source;
        telephone.playout.has_spoken()
    }

    /// How it fares.
    #[must_use]
    pub fn stats(&self) -> VoiceStats {
        let Source::Telephone(Telephone { playout, .. }) = &self.source;
        VoiceStats {
            jitter: playout.jitter().stats(),
            delay: playout.jitter().delay(),
            target: playout.jitter().target(),
            level: self.meter.reading(),
            undecoded: playout.undecoded(),
        }
    }

    pub(super) fn reset_meter(&mut self) {
        self.meter.reset();
    }

    fn turn_phase(&mut self, now: Instant) {
        let Phase::Draining { until } = self.phase else { return };
        let Source::Telephone(telephone) = &self.source;
        if telephone.playout.is_drained() || now >= until {
            self.phase = Phase::Closing;
            self.level.set(Level::MUTE);
        }
    }
}

/// What a telephone voice is made for.
#[derive(Clone, Debug)]
pub struct VoiceConfig {
    /// What may come, by payload type.
    pub formats: heapless::Vec<Format, 4>,
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
    /// How it is decoded.
    pub codec: Codec,
}

/// What a voice is made of. Chimes and music, on the 48 kHz bus, are to join here.
#[derive(Clone, Debug)]
enum Source {
    Telephone(Telephone),
}

/// Speech of the telephone band, brought to 16 kHz.
#[derive(Clone, Debug)]
struct Telephone {
    playout: Playout,
    halfband: Halfband,
    /// Blocks until the filter has nothing left to say.
    tail: u32,
}

impl Telephone {
    fn new(formats: heapless::Vec<Format, 4>, delay: DelayRange) -> Self {
        Self { playout: Playout::new(formats, delay), halfband: Halfband::new(), tail: 0 }
    }

    fn render(&mut self, now: Instant, block: &mut [f32; BUS_BLOCK]) -> bool {
        let mut narrow = [0.0; NARROW_BLOCK];
        if self.playout.render(now, &mut narrow) {
            self.tail = TAIL;
        } else if self.tail == 0 {
            return false;
        } else {
            self.tail -= 1;
        }
        self.halfband.process(&narrow, block);
        true
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Takes media.
    Open,
    /// Plays what it has.
    Draining { until: Instant },
    /// Fades out.
    Closing,
}

/// The half-band filter remembers 30 frames.
const TAIL: u32 = 2;
