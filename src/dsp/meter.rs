//! How loud a signal is.
//!
//! A [`Meter`] gathers the peak and the mean power of everything since its last reset. It weighs nothing and knows no
//! channels: an interleaved signal is measured as a whole.

/// Gathers peak and power.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    peak: f32,
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

    /// Hears a block. Blocks are summed up in 32 bits each, their sums in 64; where a sample is no finite number, the
    /// power of its neighbourhood counts for nothing.
    pub fn add(&mut self, samples: &[f32]) {
        for samples in samples.chunks(CHUNK) {
            let (peak, power) = measure(samples);
            self.peak = self.peak.max(peak);
            if power.is_finite() {
                self.power += f64::from(power);
            }
        }
        self.samples += samples.len() as u64;
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
        let mean = self.power / self.samples.max(1) as f64;
        Reading { peak: self.peak, rms: mean.sqrt() as f32 }
    }

    /// Forgets what was heard.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

/// The peak and the sum of the squares.
fn measure(samples: &[f32]) -> (f32, f32) {
    let mut peaks = [0.0_f32; LANES];
    let mut powers = [0.0_f32; LANES];
    let (groups, rest) = samples.as_chunks::<LANES>();
    let mut last = [0.0; LANES];
    last[..rest.len()].copy_from_slice(rest);
    for group in groups.iter().chain([&last]) {
        for ((peak, power), sample) in peaks.iter_mut().zip(&mut powers).zip(group) {
            // As the vector instruction does it: what is no number loses.
            *peak = if sample.abs() > *peak { sample.abs() } else { *peak };
            *power += sample * sample;
        }
    }
    (peaks.into_iter().fold(0.0, f32::max), powers.into_iter().sum())
}

/// Sums kept side by side, so that the compiler makes vectors of them.
const LANES: usize = 8;
/// Samples summed up in 32 bits.
const CHUNK: usize = 256;

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
        meter.add(&[0.5; 2]);
        assert_eq!(meter.reading(), Reading { peak: 0.5, rms: (0.5_f32 / 4.0).sqrt() });
    }
}
