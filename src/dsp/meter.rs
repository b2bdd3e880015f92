//! How loud a signal is.
//!
//! A [`Meter`] gathers the peak and the mean power of everything since its last reset. It weighs nothing and knows no
//! channels: an interleaved signal is measured as a whole.

/// Gathers peak and power.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    /// Of every eighth sample, so that the compiler makes vectors of them.
    peaks: [f32; LANES],
    /// Of what has not been added to the power yet.
    powers: [f32; LANES],
    /// How many samples that is.
    recent: usize,
    power: f64,
    samples: u64,
}

/// What a meter shows, as a part of full scale.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// The largest magnitude.
    pub peak: f32,
    /// The root of the mean square: 0.707 for a full sine.
    pub rms: f32,
}

impl Meter {
    /// A meter that has heard nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Hears a block. Blocks are summed up in 32 bits until they are 5 ms, their sums in 64; where a sample is no finite number, the power
    /// of its neighbourhood counts for nothing.
    pub fn add(&mut self, samples: &[f32]) {
        let (groups, rest) = samples.as_chunks::<LANES>();
        let (mut peaks, mut powers) = (self.peaks, self.powers);
        for group in groups {
            for ((peak, power), sample) in peaks.iter_mut().zip(&mut powers).zip(group) {
                *peak = larger(sample.abs(), *peak);
                *power += sample * sample;
            }
        }
        (self.peaks, self.powers) = (peaks, powers);
        for ((peak, power), sample) in self.peaks.iter_mut().zip(&mut self.powers).zip(rest) {
            *peak = larger(sample.abs(), *peak);
            *power += sample * sample;
        }
        self.samples += samples.len() as u64;
        self.recent += samples.len();
        if self.recent >= MANY {
            self.power += self.take_recent();
        }
    }

    /// Hears so many samples of silence.
    pub fn add_silence(&mut self, samples: usize) {
        self.samples += samples as u64;
    }

    /// What was heard since the last reset.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a display needs no more"
    )]
    pub fn reading(&self) -> Reading {
        let mean = (self.power + self.clone().take_recent()) / self.samples.max(1) as f64;
        Reading { peak: self.peaks.into_iter().fold(0.0, larger), rms: mean.sqrt() as f32 }
    }

    /// Forgets what was heard.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    fn take_recent(&mut self) -> f64 {
        self.recent = 0;
        let power: f32 = core::mem::take(&mut self.powers).into_iter().sum();
        if power.is_finite() { power.into() } else { 0.0 }
    }
}

/// As the vector instruction does it: a first that is no number loses.
fn larger(one: f32, other: f32) -> f32 {
    if one > other { one } else { other }
}

/// Sums kept side by side.
const LANES: usize = 8;
/// Samples summed up in 32 bits.
const MANY: usize = 240;

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact values are what is tested")]
mod tests {
    use super::super::probe::{Noise, in_pieces, sine};
    use super::*;

    #[test]
    fn a_full_sine_has_a_peak_of_one_and_three_decibels_less_power() {
        let mut meter = Meter::new();
        meter.add(&sine(48_000, 1_000.0, 48_000));
        let reading = meter.reading();
        assert!((reading.peak - 1.0).abs() < 1e-6);
        assert!((reading.rms - core::f32::consts::FRAC_1_SQRT_2).abs() < 1e-5);
    }

    #[test]
    fn the_peak_may_be_negative_and_anywhere() {
        for position in 0..19 {
            let mut samples = [0.25; 19];
            samples[position] = -0.75;
            let mut meter = Meter::new();
            meter.add(&samples);
            assert_eq!(meter.reading().peak, 0.75);
        }
    }

    #[test]
    fn blocks_are_gathered_until_the_reset() {
        let input = Noise::new(6).samples(4_000);
        let (mut whole, mut pieces) = (Meter::new(), Meter::new());
        whole.add(&input);
        in_pieces(&input, 1, |piece| pieces.add(piece));
        assert_eq!(pieces.reading().peak, whole.reading().peak);
        assert!((pieces.reading().rms - whole.reading().rms).abs() < 1e-6);
        pieces.reset();
        assert_eq!(pieces.reading(), Reading::default());
    }

    #[test]
    fn what_is_no_number_does_not_stick() {
        let mut meter = Meter::new();
        meter.add(&[0.5, f32::NAN]);
        meter.add(&[0.5; 238]);
        meter.add(&[0.5; 240]);
        assert_eq!(meter.reading(), Reading { peak: 0.5, rms: (0.25_f32 / 2.0).sqrt() });
    }
}
