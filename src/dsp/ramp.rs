//! Gains that change without a click.
//!
//! A [`Ramp`] takes a fixed time from the gain it has to the gain it is told, along half a cosine. Told anew on the
//! way, it starts again from where it is. It works on one channel; at unity it does not touch the samples, and at zero
//! it writes zeros, whatever was there.

use crate::units::{Level, SampleRate};
use core::f32::consts::PI;
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

#[expect(clippy::cast_precision_loss, reason = "curves are short")]
fn curve(frames: usize) -> Box<[f32]> {
    (1..=frames).map(|frame| 0.5 - 0.5 * (PI * frame as f32 / frames as f32).cos()).collect()
}

/// The longest curve: over five seconds at 48 kHz, one megabyte.
const MAX_FRAMES: u128 = 1 << 18;
