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

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact values are what is tested")]
mod tests {
    use super::super::probe::{amplitude, db};
    use super::*;

    /// What a started tone gives in so many frames.
    fn sounded(tone: &mut Tone, frames: usize) -> Vec<f32> {
        let mut samples = vec![f32::NAN; frames];
        tone.start();
        tone.fill(&mut samples);
        samples
    }

    #[test]
    fn a_tone_is_pure_and_of_its_level() {
        for (rate, hz) in [(SampleRate::HZ_48000, 440.0), (SampleRate::HZ_8000, 1_000.0)] {
            let second = rate.hz() as usize;
            let samples = sounded(&mut Tone::new(rate, hz, Level::from_gain(0.5)), 2 * second);
            let samples = &samples[second..];
            let tone = amplitude(samples, hz, rate.hz());
            assert!((tone - 0.5).abs() < 1e-5, "{tone}");
            for harmonic in 2..=3 {
                let harmonic = amplitude(samples, hz * f64::from(harmonic), rate.hz());
                assert!(db(harmonic / tone) < -120.0, "{} dB", db(harmonic / tone));
            }
        }
    }

    #[test]
    fn ten_minutes_later_the_phase_is_still_right() {
        let mut tone = Tone::new(SampleRate::HZ_8000, 440.0, Level::UNITY);
        let start = sounded(&mut tone, 8_000);
        let mut later = vec![0.0; 8_000];
        for _ in 0..600 {
            tone.fill(&mut later);
        }
        let farthest = start[100..].iter().zip(&later[100..]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(farthest < 1e-6, "{farthest}");
    }

    #[test]
    fn it_starts_and_stops_without_a_step() {
        let mut tone = Tone::new(SampleRate::HZ_48000, 1_000.0, Level::UNITY);
        let mut samples = sounded(&mut tone, 1_001);
        tone.stop();
        let mut end = vec![0.0; 1_000];
        tone.fill(&mut end);
        assert!(tone.is_silent());
        assert_eq!(end[240..], [0.0; 760]);
        samples.extend(end);
        // The steepest the sine itself is, and a little for the fading.
        let steepest = TAU / 48.0 + 0.01;
        assert!(f64::from(samples[0].abs()) < 1e-6);
        assert!(samples.windows(2).all(|pair| f64::from((pair[1] - pair[0]).abs()) < steepest));
    }

    #[test]
    fn any_cut_gives_the_same_samples() {
        let mut tone = Tone::new(SampleRate::HZ_16000, 700.0, Level::UNITY);
        let whole = sounded(&mut tone.clone(), 1_000);
        tone.start();
        let mut pieces = vec![0.0; 1_000];
        for piece in pieces.chunks_mut(37) {
            tone.fill(piece);
        }
        assert_eq!(pieces, whole);
    }

    #[test]
    fn a_tone_not_started_is_silent() {
        let mut samples = [1.0; 10];
        let mut tone = Tone::new(SampleRate::HZ_16000, 700.0, Level::UNITY);
        assert!(tone.is_silent());
        tone.fill(&mut samples);
        assert_eq!(samples, [0.0; 10]);
    }

    #[test]
    fn a_frequency_that_cannot_be_gives_finite_samples() {
        for hz in [-1.0, 1e9, f64::NAN, f64::INFINITY] {
            let samples = sounded(&mut Tone::new(SampleRate::HZ_8000, hz, Level::UNITY), 500);
            assert!(samples.iter().all(|sample| sample.abs() <= 1.0), "{hz} Hz");
        }
    }
}
