//! Sine tones.
//!
//! A [`Tone`] starts and stops along half a cosine, so that it does not click. Its phase is a whole number that wraps
//! once per turn, so it does not drift however long it sounds; between exact points 64 frames apart the sine is turned
//! by four multiplications per sample. Signals made of several tones, and cadences, are for others to make of it.

use super::ramp::Ramp;
use crate::units::{Level, SampleRate};
use core::f64::consts::TAU;

/// A sine.
#[derive(Clone, Debug)]
pub struct Tone {
    /// The phase at the last exact point, in 2^-64 of a turn.
    phase: u64,
    /// Turn per frame, in 2^-64.
    step: u64,
    /// Sine and cosine of a step.
    turn: (f64, f64),
    /// Sine and cosine of the next frame.
    now: (f64, f64),
    /// Frames since the last exact point.
    frame: u32,
    level: Level,
    gain: Ramp,
}

impl Tone {
    /// A silent tone of `hz`, held within 0 and half the rate, with a peak of `level` once it is started.
    #[must_use]
    pub fn new(rate: SampleRate, hz: f64, level: Level) -> Self {
        let step = phase_step(rate, hz);
        let gain = Ramp::new(rate, Ramp::QUICK, Level::MUTE);
        Self { phase: 0, step, turn: sine(step), now: sine(0), frame: 0, level, gain }
    }

    /// Fades in.
    pub fn start(&mut self) {
        self.gain.set(self.level);
    }

    /// Fades out.
    pub fn stop(&mut self) {
        self.gain.set(Level::MUTE);
    }

    /// Whether the tone has faded out, or was not started.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.gain.is_mute()
    }

    /// Writes what comes next. A silent tone stands still.
    pub fn fill(&mut self, samples: &mut [f32]) {
        if self.is_silent() {
            samples.fill(0.0);
            return;
        }
        for sample in samples.iter_mut() {
            *sample = self.next();
        }
        self.gain.apply(samples);
    }

    #[expect(clippy::cast_possible_truncation, reason = "samples have 32 bits")]
    fn next(&mut self) -> f32 {
        let (sin, cos) = self.now;
        let (turn_sin, turn_cos) = self.turn;
        self.frame += 1;
        if self.frame == EXACT_EVERY {
            self.phase = self.phase.wrapping_add(self.step.wrapping_mul(u64::from(EXACT_EVERY)));
            self.now = sine(self.phase);
            self.frame = 0;
        } else {
            self.now = (sin * turn_cos + cos * turn_sin, cos * turn_cos - sin * turn_sin);
        }
        sin as f32
    }
}

/// The turn per frame in 2^-64.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most half a turn; NaN becomes zero"
)]
fn phase_step(rate: SampleRate, hz: f64) -> u64 {
    let turns = (hz / f64::from(rate.hz())).clamp(0.0, 0.5);
    (turns * TURN) as u64
}

/// Sine and cosine of a phase.
#[expect(clippy::cast_precision_loss, reason = "53 bits of phase are enough")]
fn sine(phase: u64) -> (f64, f64) {
    (phase as f64 / TURN * TAU).sin_cos()
}

/// 2^64.
const TURN: f64 = 18_446_744_073_709_551_616.0;
/// Frames from one exact point to the next.
const EXACT_EVERY: u32 = 64;
