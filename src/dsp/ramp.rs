//! Gains that change without a click.
//!
//! A [`Ramp`] takes a fixed time from the gain it has to the gain it is told, along half a cosine. Told anew on the
//! way, it starts again from where it is. It works on one channel; at unity it does not touch the samples, and at zero
//! it writes zeros, whatever was there.

use crate::units::{Level, SampleRate};
use core::f32::consts::FRAC_PI_2;
use core::time::Duration;

/// A gain on its way to where it should be.
#[derive(Clone, Debug)]
pub struct Ramp {
    /// How far along the way the gain is after each frame; the last is the end, 1.
    curve: Box<[f32]>,
    start: f32,
    target: Level,
    /// Frames since the start; the length of the curve when the target is reached.
    position: usize,
}

impl Ramp {
    /// The time for what people hear as at once, and without a click.
    pub const QUICK: Duration = Duration::from_millis(5);

    /// A gain that stands at `level` and takes `time` to change.
    #[must_use]
    pub fn new(rate: SampleRate, time: Duration, level: Level) -> Self {
        let curve = curve(frames(rate, time));
        let position = curve.len();
        Self { curve, start: level.gain(), target: level, position }
    }

    /// Sets out for `level`, from the gain that holds now. The level already aimed at changes nothing.
    pub fn set(&mut self, level: Level) {
        if level == self.target {
            return;
        }
        self.start = self.gain();
        self.target = level;
        self.position = 0;
    }

    /// Is at `level` at once: for what is not heard yet.
    pub fn jump(&mut self, level: Level) {
        self.start = level.gain();
        self.target = level;
        self.position = self.curve.len();
    }

    /// Multiplies the samples by the gain.
    pub fn apply(&mut self, samples: &mut [f32]) {
        let moving = samples.len().min(self.frames_left());
        let (moving, steady) = samples.split_at_mut(moving);
        for (sample, gain) in moving.iter_mut().zip(self.gains()) {
            *sample *= gain;
        }
        self.position += moving.len();
        match self.target.gain() {
            1.0 => {}
            0.0 => steady.fill(0.0),
            gain => steady.iter_mut().for_each(|sample| *sample *= gain),
        }
    }

    /// Adds the samples of `input`, multiplied by the gain, to those of `bus`: as many as both have.
    pub fn add(&mut self, input: &[f32], bus: &mut [f32]) {
        let frames = input.len().min(bus.len());
        let moving = frames.min(self.frames_left());
        let (bus_moving, bus_steady) = bus[..frames].split_at_mut(moving);
        let (input_moving, input_steady) = input[..frames].split_at(moving);
        for ((sum, sample), gain) in bus_moving.iter_mut().zip(input_moving).zip(self.gains()) {
            *sum += gain * sample;
        }
        self.position += moving;
        let steady = bus_steady.iter_mut().zip(input_steady);
        match self.target.gain() {
            1.0 => steady.for_each(|(sum, sample)| *sum += sample),
            0.0 => {}
            gain => steady.for_each(|(sum, sample)| *sum += gain * sample),
        }
    }

    /// The gain after the last frame.
    #[must_use]
    pub fn gain(&self) -> f32 {
        match self.position.checked_sub(1) {
            None => self.start,
            Some(_) if self.is_settled() => self.target.gain(),
            Some(last) => self.start + (self.target.gain() - self.start) * self.curve[last],
        }
    }

    /// Whether the gain stands still.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.position == self.curve.len()
    }

    /// Whether the gain stands at zero, so that nothing can be heard.
    #[must_use]
    pub fn is_mute(&self) -> bool {
        self.is_settled() && self.target == Level::MUTE
    }

    /// Whether the gain stands at one, so that samples stay as they are.
    #[must_use]
    pub fn is_unity(&self) -> bool {
        self.is_settled() && self.target == Level::UNITY
    }

    /// Frames until the gain stands still.
    #[must_use]
    pub fn frames_left(&self) -> usize {
        self.curve.len() - self.position
    }

    /// The gains to come on the way.
    fn gains(&self) -> impl Iterator<Item = f32> {
        let (start, way) = (self.start, self.target.gain() - self.start);
        self.curve[self.position..].iter().map(move |part| start + way * part)
    }
}

/// Whole frames in `time`, at least one, at most [`MAX_FRAMES`].
fn frames(rate: SampleRate, time: Duration) -> usize {
    let frames = time.as_micros().saturating_mul(u128::from(rate.hz())) / 1_000_000;
    frames.clamp(1, MAX_FRAMES) as usize
}

/// Half a cosine, `(1 - cos πx) / 2`, written so that small values are exact.
#[expect(clippy::cast_precision_loss, reason = "curves are short")]
fn curve(frames: usize) -> Box<[f32]> {
    (1..=frames).map(|frame| (FRAC_PI_2 * frame as f32 / frames as f32).sin().powi(2)).collect()
}

/// The longest curve: over five seconds at 48 kHz, one megabyte.
const MAX_FRAMES: u128 = 1 << 18;

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact values are what is tested")]
mod tests {
    use super::super::probe::{Noise, in_pieces};
    use super::*;

    /// 5 ms, 80 frames.
    fn ramp(level: Level) -> Ramp {
        Ramp::new(SampleRate::HZ_16000, Ramp::QUICK, level)
    }

    /// The next gains.
    fn gains(ramp: &mut Ramp, frames: usize) -> Vec<f32> {
        let mut samples = vec![1.0; frames];
        ramp.apply(&mut samples);
        samples
    }

    #[test]
    fn at_unity_samples_stay_as_they_are() {
        let mut samples = [0.1, -0.7, 3.0, f32::MIN_POSITIVE];
        ramp(Level::UNITY).apply(&mut samples);
        assert_eq!(samples, [0.1, -0.7, 3.0, f32::MIN_POSITIVE]);
    }

    #[test]
    fn mute_is_exactly_zero_whatever_comes_in() {
        let mut samples = [1.0, f32::NAN, f32::INFINITY];
        ramp(Level::MUTE).apply(&mut samples);
        assert_eq!(samples, [0.0; 3]);
    }

    #[test]
    fn a_change_takes_its_time_and_ends_where_it_should() {
        let mut ramp = ramp(Level::MUTE);
        ramp.set(Level::UNITY);
        let gains = gains(&mut ramp, 100);
        assert!(gains[..79].windows(2).all(|pair| pair[0] < pair[1]));
        assert!((gains[39] - 0.5).abs() < 1e-6);
        assert!(gains[78] < 1.0);
        assert_eq!(gains[79..], [1.0; 21]);
        assert!(ramp.is_settled() && !ramp.is_mute());
        assert_eq!(ramp.gain(), 1.0);
    }

    #[test]
    fn told_anew_on_the_way_it_goes_on_from_where_it_is() {
        let mut noise = Noise::new(3);
        let mut ramp = ramp(Level::MUTE);
        // The steepest step of half a cosine: π/2 of the way in 80 frames, the way at most 2.
        let steepest = 2.0 * FRAC_PI_2 / 80.0 + 1e-6;
        let mut last = 0.0_f32;
        for _ in 0..500 {
            ramp.set(Level::from_gain(noise.sample() + 1.0));
            assert_eq!(ramp.gain(), last);
            for gain in gains(&mut ramp, noise.below(100)) {
                assert!((gain - last).abs() <= steepest, "from {last} to {gain}");
                last = gain;
            }
        }
    }

    #[test]
    fn the_same_level_again_does_not_start_the_way_again() {
        let mut ramp = ramp(Level::MUTE);
        ramp.set(Level::UNITY);
        gains(&mut ramp, 50);
        ramp.set(Level::UNITY);
        assert_eq!(ramp.frames_left(), 30);
    }

    #[test]
    fn a_jump_is_at_once() {
        let mut ramp = ramp(Level::UNITY);
        ramp.set(Level::MUTE);
        ramp.jump(Level::from_gain(0.5));
        assert_eq!(gains(&mut ramp, 3), [0.5; 3]);
    }

    #[test]
    fn adding_is_applying_and_summing() {
        let input = Noise::new(4).samples(300);
        let mut applied = input.clone();
        let mut bus = vec![0.25; 300];
        let (mut one, mut other) = (ramp(Level::MUTE), ramp(Level::MUTE));
        one.set(Level::from_gain(0.7));
        other.set(Level::from_gain(0.7));
        one.apply(&mut applied);
        other.add(&input, &mut bus);
        assert!(bus.iter().zip(&applied).all(|(sum, sample)| *sum == 0.25 + sample));
        assert_eq!(one.gain(), other.gain());
    }

    #[test]
    fn any_cut_of_the_input_gives_the_same_samples() {
        let input = Noise::new(5).samples(1_000);
        let start = || {
            let mut ramp = ramp(Level::UNITY);
            ramp.set(Level::from_gain(0.3));
            ramp
        };
        let mut whole = input.clone();
        start().apply(&mut whole);
        for seed in 0..20 {
            let mut ramp = start();
            let mut output = Vec::new();
            in_pieces(&input, seed, |piece| {
                output.extend_from_slice(piece);
                let from = output.len() - piece.len();
                ramp.apply(&mut output[from..]);
            });
            assert_eq!(output, whole);
        }
    }

    #[test]
    fn no_time_at_all_is_one_frame() {
        let mut ramp = Ramp::new(SampleRate::HZ_8000, Duration::ZERO, Level::MUTE);
        ramp.set(Level::UNITY);
        assert_eq!(gains(&mut ramp, 2), [1.0, 1.0]);
    }
}
