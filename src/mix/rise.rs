//! From the rate of a codec to that of a bus, and from the clock of the sender to that of the sink.
//!
//! ```text
//!  8 kHz ── Halfband ── Fractional ─┬─ 16 kHz bus
//! 16 kHz ────────────── Fractional ─┘
//! 48 kHz ────────────── Fractional ─── 48 kHz bus
//! ```

use super::playout::Playout;
use super::tail::Tail;
use super::{BLOCK, BUS_BLOCK};
use crate::dsp::{Fractional, Halfband};
use crate::time::Instant;
use crate::units::SampleRate;

/// The way of one voice to its bus.
#[derive(Clone, Debug)]
pub(super) struct Rise {
    halfband: Option<Halfband>,
    fractional: Fractional,
    bus: Bus,
    tail: Tail,
}

/// Where a voice is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bus {
    /// At 16 kHz, with nothing above 4.6.
    Narrow,
    /// At 16 kHz, together with what is narrow.
    Wide,
    /// At 48 kHz.
    Full,
}

impl Bus {
    /// Frames of a block.
    pub(super) const fn block(self) -> usize {
        match self {
            Self::Narrow | Self::Wide => BUS_BLOCK,
            Self::Full => BLOCK,
        }
    }
}

impl Rise {
    /// From `rate`, which is 8, 16 or 48 kHz, on to a ratio of `ppm` at once.
    pub(super) fn new(rate: SampleRate, ppm: f32) -> Self {
        let (mut fractional, bus) = match rate {
            SampleRate::HZ_48000 => (Fractional::wide(rate), Bus::Full),
            SampleRate::HZ_16000 => (Fractional::wide(rate), Bus::Wide),
            _ => (Fractional::narrow(SampleRate::HZ_16000), Bus::Narrow),
        };
        fractional.set_ppm(ppm);
        fractional.settle();
        Self { halfband: (bus == Bus::Narrow).then(Halfband::new), fractional, bus, tail: Tail::default() }
    }

    pub(super) fn bus(&self) -> Bus {
        self.bus
    }

    /// How much faster than the sink's clock the voice is read, in millionths.
    pub(super) fn ppm(&self) -> f32 {
        self.fractional.ppm()
    }

    /// Writes a block of what `playout` has at `now`, and says whether there is anything.
    pub(super) fn render(&mut self, playout: &mut Playout, now: Instant, block: &mut [f32]) -> bool {
        self.fractional.set_ppm(playout.ppm());
        let mut input = [0.0; MOST_INPUT];
        let input = &mut input[..self.frames_needed(block.len())];
        if !self.tail.follow(playout.render(now, input), TAIL) {
            return false;
        }
        self.process(input, block);
        true
    }

    /// Writes a block of what `playout` says to the end.
    pub(super) fn render_end(&mut self, playout: &mut Playout, block: &mut [f32]) {
        let mut input = [0.0; MOST_INPUT];
        let input = &mut input[..self.frames_needed(block.len())];
        playout.render_end(input);
        self.process(input, block);
    }

    /// Whether all that went in has come out.
    pub(super) fn is_quiet(&self) -> bool {
        self.tail.is_over()
    }

    fn frames_needed(&self, frames: usize) -> usize {
        let needed = self.fractional.frames_needed(frames);
        if self.halfband.is_some() { needed.div_ceil(Halfband::FACTOR) } else { needed }.min(MOST_INPUT)
    }

    fn process(&mut self, input: &[f32], block: &mut [f32]) {
        let mut wide = [0.0; MOST_WIDE];
        let input = match &mut self.halfband {
            Some(halfband) => {
                let frames = halfband.process(input, &mut wide);
                &wide[..frames]
            }
            None => input,
        };
        let written = self.fractional.process(input, block);
        block[written..].fill(0.0);
    }
}

/// What the half-band filter makes of a block and what the ratio takes more.
const MOST_WIDE: usize = BUS_BLOCK + 2 * Halfband::FACTOR;
/// A block and what the ratio takes more.
const MOST_INPUT: usize = BLOCK + 8;
/// The half-band filter remembers 30 frames of 16 kHz, the fractional one 36.
const TAIL: u32 = 3;
