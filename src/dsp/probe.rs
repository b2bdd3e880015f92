//! What the tests of this module measure with.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "signals of a test are short"
)]

use core::f64::consts::TAU;

/// A full sine, from phase zero.
pub(super) fn sine(frames: usize, hz: f64, rate_hz: u32) -> Vec<f32> {
    let turn = TAU * hz / f64::from(rate_hz);
    (0..frames).map(|frame| (turn * frame as f64).sin() as f32).collect()
}

/// The amplitude of the sine of `hz` in samples that hold a whole number of its turns: one bin of a Fourier transform.
pub(crate) fn amplitude(samples: &[f32], hz: f64, rate_hz: u32) -> f64 {
    let turn = TAU * hz / f64::from(rate_hz);
    let (mut re, mut im) = (0.0, 0.0);
    for (frame, &sample) in samples.iter().enumerate() {
        let (sin, cos) = (turn * frame as f64).sin_cos();
        re += f64::from(sample) * cos;
        im += f64::from(sample) * sin;
    }
    2.0 * re.hypot(im) / samples.len() as f64
}

/// A factor in decibels.
pub(crate) fn db(factor: f64) -> f64 {
    20.0 * factor.max(1e-20).log10()
}

/// `process`, given `samples` in pieces of random lengths, some of them empty.
pub(super) fn in_pieces(samples: &[f32], seed: u64, mut process: impl FnMut(&[f32])) {
    let mut noise = Noise::new(seed);
    let mut rest = samples;
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(noise.below(200).min(rest.len()));
        process(piece);
        rest = later;
    }
}

/// White noise from a seed (xorshift64*, Marsaglia and Vigna).
pub(super) struct Noise(u64);

impl Noise {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// From -1 to 1.
    pub(super) fn sample(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
    }

    pub(super) fn samples(&mut self, frames: usize) -> Vec<f32> {
        (0..frames).map(|_| self.sample()).collect()
    }

    /// From 0 to one less than `bound`.
    pub(super) fn below(&mut self, bound: u32) -> usize {
        (((self.next() >> 32) * u64::from(bound)) >> 32) as usize
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}
