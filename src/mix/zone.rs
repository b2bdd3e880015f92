//! One zone of a sink: what sounds there, and the channels it comes out of.
//!
//! ```text
//!  16 kHz bus ─ Interpolator3 ─┐
//!  48 kHz bus ─ 1.1 ms ────────┴─ Limiter ─ Meter ─ delay ─ Spread ─> its channels
//! ```
//! A zone in which nothing sounds, and nothing is left of what did, costs nothing but the zeros on its channels.

use super::BLOCK;
use super::bus::{Buses, Stage};
use super::spread::Spread;
use crate::dsp::{Limiter, Reading};
use crate::units::{Level, SampleRate};
use core::time::Duration;

/// A zone: its voices come together here.
#[derive(Debug)]
pub(super) struct Zone {
    pub(super) buses: Buses,
    stage: Stage,
    lag: Lag,
    spread: Spread,
}

impl Zone {
    /// On the channels of `spread`, everything `delay` later, up to [`LONGEST_DELAY`].
    pub(super) fn new(spread: Spread, delay: Duration) -> Self {
        let stage = Stage::new(Level::from_gain(Limiter::CEILING));
        Self { buses: Buses::new(), stage, lag: Lag::new(delay), spread }
    }

    pub(super) fn set_ceiling(&mut self, ceiling: Level) {
        self.stage.set_ceiling(self.spread.below(ceiling));
    }

    pub(super) fn spread_mut(&mut self) -> &mut Spread {
        &mut self.spread
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.stage.is_quiet() && self.lag.is_empty()
    }

    /// Writes what is on the buses to the zone's channels, which are silent, and says whether that is anything.
    pub(super) fn render(&mut self, output: &mut [f32]) -> bool {
        let mut block = [0.0; BLOCK];
        let sounds = self.stage.render(&self.buses, &mut block);
        let sounds = self.lag.exchange(&mut block, sounds);
        if sounds {
            self.spread.write(&block, output);
        }
        sounds
    }

    /// What becomes of all that sounds here, where it is loudest.
    pub(super) fn gain(&self) -> f32 {
        self.spread.gain()
    }

    /// How loud it was since this was asked last, where it is loudest.
    pub(super) fn take_reading(&mut self) -> Reading {
        let Reading { peak, rms } = self.stage.take_reading();
        let gain = self.gain();
        Reading { peak: peak * gain, rms: rms * gain }
    }
}

/// Holds a zone back, so that it is in step with another that is further away.
#[derive(Debug)]
struct Lag {
    /// The oldest lies at `oldest`.
    samples: Box<[f32]>,
    oldest: usize,
    /// Samples that come before none but zeros are left.
    left: usize,
}

impl Lag {
    fn new(delay: Duration) -> Self {
        let frames = SampleRate::HZ_48000.frames_in(delay.min(LONGEST_DELAY));
        let samples = vec![0.0; frames].into_boxed_slice();
        Self { samples, oldest: 0, left: 0 }
    }

    fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// Swaps a block, which is silent if it does not sound, with what came so long ago; says whether that is anything.
    fn exchange(&mut self, block: &mut [f32; BLOCK], sounds: bool) -> bool {
        if self.samples.is_empty() || (!sounds && self.is_empty()) {
            return sounds;
        }
        let mut rest = &mut block[..];
        while !rest.is_empty() {
            let count = rest.len().min(self.samples.len() - self.oldest);
            let (now, later) = rest.split_at_mut(count);
            now.swap_with_slice(&mut self.samples[self.oldest..][..count]);
            self.oldest = (self.oldest + count) % self.samples.len();
            rest = later;
        }
        self.left = if sounds { self.samples.len() } else { self.left.saturating_sub(BLOCK) };
        true
    }
}

/// The most that a zone may be held back: two megabytes.
const LONGEST_DELAY: Duration = Duration::from_secs(10);
