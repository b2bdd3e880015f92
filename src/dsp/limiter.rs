//! The last stage before the card: nothing goes out louder than the ceiling.
//!
//! A [`Limiter`] delays the signal by its look-ahead, so that the gain is down before the loud frame arrives:
//!
//! ```text
//! frame in ─┬─────────────────────── delay line ───────────────────────────── x ── frame out
//!           └ wanted gain ── least of the window ── release ── mean of the window ┘
//! ```
//!
//! The least gain of the window lasts as long as the mean looks back, so the mean, which is a straight ramp for a
//! single peak, never lies above what any frame asks for. All channels share one gain, so that a picture in space
//! stays where it is. Below the ceiling the signal is delayed and otherwise left alone, bit for bit, by copying.
//!
//! It does not foresee what a converter makes between the samples: that is what the ceiling's distance is for.

use crate::units::{Level, SampleRate};
use std::collections::VecDeque;

/// A look-ahead limiter for interleaved channels.
#[derive(Clone, Debug)]
pub struct Limiter {
    channels: usize,
    ceiling: f32,
    /// The frames on their way, interleaved, oldest at `oldest`.
    delay: Box<[f32]>,
    oldest: usize,
    gain: GainComputer,
}

impl Limiter {
    /// The usual ceiling, -1 dB: room for what lies between the samples.
    pub const CEILING: f32 = 0.891_250_9;

    /// A limiter for frames of `channels` samples (at least one) that holds them within `ceiling`.
    #[must_use]
    pub fn new(channels: usize, rate: SampleRate, ceiling: Level) -> Self {
        let channels = channels.max(1);
        let gain = GainComputer::new(rate);
        let delay = vec![0.0; channels * (gain.window() - 1)].into_boxed_slice();
        Self { channels, ceiling: ceiling.gain(), delay, oldest: 0, gain }
    }

    /// Puts the samples in and takes as many delayed ones out, in place. Samples beyond the last whole frame are
    /// silenced; what is no finite number counts as silence.
    pub fn process(&mut self, samples: &mut [f32]) {
        let whole = samples.len() - samples.len() % self.channels;
        let (samples, rest) = samples.split_at_mut(whole);
        for block in samples.chunks_mut(BLOCK_FRAMES * self.channels) {
            if self.gain.is_resting() && is_within(block, self.ceiling) {
                self.gain.rest(block.len() / self.channels);
                self.exchange(block);
            } else {
                self.limit(block);
            }
        }
        rest.fill(0.0);
    }

    /// Forgets what was heard.
    pub fn reset(&mut self) {
        self.delay.fill(0.0);
        self.gain.reset();
    }

    /// The delay in frames: 71 at 48 kHz are 1.48 ms.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        self.gain.window() - 1
    }

    /// Swaps the samples with those on their way.
    fn exchange(&mut self, mut samples: &mut [f32]) {
        while !samples.is_empty() && !self.delay.is_empty() {
            let count = samples.len().min(self.delay.len() - self.oldest);
            let (now, later) = samples.split_at_mut(count);
            now.swap_with_slice(&mut self.delay[self.oldest..][..count]);
            self.oldest = (self.oldest + count) % self.delay.len();
            samples = later;
        }
    }

    fn limit(&mut self, block: &mut [f32]) {
        for frame in block.chunks_exact_mut(self.channels) {
            let gain = self.gain.next(wanted_gain(frame, self.ceiling));
            self.exchange(frame);
            for sample in frame {
                *sample = (*sample * gain).clamp(-self.ceiling, self.ceiling);
            }
        }
    }
}

/// The gain over time, in whole steps of 2^-30 so that sums of it are exact.
#[derive(Clone, Debug)]
struct GainComputer {
    /// Frames heard.
    now: u64,
    /// What frames of the window want, if less than unity, each less than the next: when, and how much.
    wanted: VecDeque<(u64, u32)>,
    /// The least of the window, let go slowly.
    released: u32,
    release_shift: u32,
    /// The window of what was released, and its sum.
    recent: Box<[u32]>,
    slot: usize,
    sum: u64,
}

impl GainComputer {
    fn new(rate: SampleRate) -> Self {
        // The look-ahead is 1.5 ms, the frame that arrives counted.
        let window = (rate.hz() * 3 / 2000).max(1) as usize;
        let recent = vec![UNITY; window].into_boxed_slice();
        Self {
            now: 0,
            wanted: VecDeque::with_capacity(window + 1),
            released: UNITY,
            // The nearest power of two: from 57 to 115 ms at any rate.
            release_shift: (rate.hz() / RELEASES_PER_SECOND).max(1).ilog2(),
            sum: u64::from(UNITY) * window as u64,
            recent,
            slot: 0,
        }
    }

    /// The gain for the frame that leaves, as one comes that wants `wanted`.
    fn next(&mut self, wanted: u32) -> f32 {
        let least = self.least(wanted);
        let release = ((UNITY - self.released) >> self.release_shift) + 1;
        self.released = (self.released + release).min(least);
        let oldest = core::mem::replace(&mut self.recent[self.slot], self.released);
        self.slot = if self.slot + 1 == self.recent.len() { 0 } else { self.slot + 1 };
        self.sum = self.sum - u64::from(oldest) + u64::from(self.released);
        self.mean()
    }

    /// The least of the window that ends with a frame that wants `wanted`.
    fn least(&mut self, wanted: u32) -> u32 {
        let now = self.now;
        self.now += 1;
        while self.wanted.back().is_some_and(|&(_, other)| other >= wanted) {
            self.wanted.pop_back();
        }
        if wanted < UNITY {
            self.wanted.push_back((now, wanted));
        }
        if self.wanted.front().is_some_and(|&(at, _)| at + self.recent.len() as u64 <= now) {
            self.wanted.pop_front();
        }
        self.wanted.front().map_or(UNITY, |&(_, least)| least)
    }

    /// Lets `frames` pass that want nothing, when at rest.
    fn rest(&mut self, frames: usize) {
        self.now += frames as u64;
    }

    fn reset(&mut self) {
        self.wanted.clear();
        self.released = UNITY;
        self.recent.fill(UNITY);
        self.sum = self.full_sum();
    }

    /// Whether the gain is exactly one, and nothing asks for less.
    fn is_resting(&self) -> bool {
        self.wanted.is_empty() && self.sum == self.full_sum()
    }

    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "gains have 32 bits")]
    fn mean(&self) -> f32 {
        (self.sum as f64 / self.full_sum() as f64) as f32
    }

    fn full_sum(&self) -> u64 {
        u64::from(UNITY) * self.recent.len() as u64
    }

    fn window(&self) -> usize {
        self.recent.len()
    }
}

/// Whether every sample is a number no larger than the ceiling.
fn is_within(samples: &[f32], ceiling: f32) -> bool {
    let mut within = [true; LANES];
    let (groups, rest) = samples.as_chunks::<LANES>();
    for group in groups {
        for (within, sample) in within.iter_mut().zip(group) {
            *within &= sample.abs() <= ceiling;
        }
    }
    within == [true; LANES] && rest.iter().all(|sample| sample.abs() <= ceiling)
}

/// The gain a frame wants; what is no finite number in it becomes silence.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of unity, rounded down")]
fn wanted_gain(frame: &mut [f32], ceiling: f32) -> u32 {
    let mut peak = 0.0_f32;
    for sample in frame {
        if !sample.is_finite() {
            *sample = 0.0;
        }
        peak = peak.max(sample.abs());
    }
    if peak <= ceiling { UNITY } else { (f64::from(ceiling) / f64::from(peak) * f64::from(UNITY)) as u32 }
}

/// A gain of one.
const UNITY: u32 = 1 << 30;
/// The release has a time constant of about 80 ms.
const RELEASES_PER_SECOND: u32 = 12;
/// Frames that are looked at as one.
const BLOCK_FRAMES: usize = 32;
/// Samples compared side by side, so that the compiler makes vectors of them.
const LANES: usize = 8;
