//! Files at any rate, brought to the rate of a bus before they are played.
//!
//! [`convert`] is for whole clips; [`Resampler`](super::Resampler) does the same for streams. It may look at all of the signal and take its time. Each output is
//! a weighted sum of the inputs around it, under a sinc of 96 zero crossings with a Kaiser window: aliases and images
//! lie below -80 dB, and 0.88 of the band that both rates have is kept within 0.01 dB. The weights of up to 1024 places
//! between two inputs are worked out once; where the ratio of the rates has more, those of two neighbours are blended,
//! with an error below -110 dB.
//!
//! Memory: the output, at most 24 times the input, and 0.4 megabytes of weights; [`converted`] needs the weights alone.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "rates lie between 8 and 192 kHz, so places and widths are small; weights are f32"
)]

use super::kaiser::{sinc, window};
use crate::units::SampleRate;
use core::fmt;

/// The clip `samples` at `from`, at `to` instead: of the same duration to the nearest frame, and not delayed.
///
/// # Errors
///
/// A rate outside of 8 to 192 kHz is refused.
pub fn convert(samples: &[f32], from: SampleRate, to: SampleRate) -> Result<Vec<f32>, ConvertError> {
    Ok(converted(samples, from, to)?.collect())
}

/// The same, sample by sample: for who keeps them as something else.
///
/// # Errors
///
/// A rate outside of 8 to 192 kHz is refused.
pub fn converted(
    samples: &[f32],
    from: SampleRate,
    to: SampleRate,
) -> Result<impl Iterator<Item = f32>, ConvertError> {
    check([from, to])?;
    let bank = (from != to).then(|| Bank::new(from, to));
    let (from, to) = (u64::from(from.hz()), u64::from(to.hz()));
    let frames = (samples.len() as u64 * to + from / 2) / from;
    Ok((0..frames).map(move |frame| match &bank {
        Some(bank) => bank.sample(samples, frame * from / to, frame * from % to),
        None => samples[frame as usize],
    }))
}

/// A sample of full scale ±1.0 in 16 bits; what is louder is cut off.
#[must_use]
pub fn to_i16(sample: f32) -> i16 {
    // A cast of a number too large gives the largest.
    (sample * 32_768.0).round() as i16
}

/// Whether these are rates that can be converted.
pub(super) fn check(rates: [SampleRate; 2]) -> Result<(), ConvertError> {
    let refused = rates.into_iter().find(|rate| !(MIN_HZ..=MAX_HZ).contains(&rate.hz()));
    refused.map_or(Ok(()), |rate| Err(ConvertError::Rate(rate)))
}

/// Why a clip was not converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConvertError {
    /// This rate is too low or too high.
    Rate(SampleRate),
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate(rate) => write!(f, "expected a rate from {MIN_HZ} to {MAX_HZ} Hz, not {rate}"),
        }
    }
}

impl std::error::Error for ConvertError {}

/// The weights of the inputs around an output, for places from one input to the next.
#[derive(Debug)]
pub(super) struct Bank {
    /// A row for each place, and one for the next input.
    weights: Vec<f32>,
    /// Inputs that count on either side, which is half a row.
    half: usize,
    places: u64,
    /// What the way from one input to the next is counted in.
    rate: u64,
}

impl Bank {
    pub(super) fn new(from: SampleRate, to: SampleRate) -> Self {
        // How far the sinc is drawn out, so that what the lower rate cannot hold is gone.
        let stretch = (f64::from(from.hz()) / f64::from(to.hz())).max(1.0);
        let half = (CROSSINGS * stretch).ceil() as usize;
        let exact = to.hz() / greatest_common_divisor(from.hz(), to.hz());
        let places = exact.min((MAX_PLACES / stretch) as u32);
        let weights = (0..=places)
            .flat_map(|place| row(half, f64::from(place) / f64::from(places), CUTOFF / stretch))
            .collect();
        Self { weights, half, places: u64::from(places), rate: u64::from(to.hz()) }
    }

    /// Inputs that count on either side of an output.
    pub(super) const fn half(&self) -> usize {
        self.half
    }

    /// The output `part` of a rate behind the input `base`.
    pub(super) fn sample(&self, samples: &[f32], base: u64, part: u64) -> f32 {
        let place = part * self.places / self.rate;
        let rest = part * self.places % self.rate;
        let sample = self.weigh(samples, base, place);
        if rest == 0 {
            return sample;
        }
        let next = self.weigh(samples, base, place + 1);
        sample + (next - sample) * (rest as f32 / self.rate as f32)
    }

    /// The sum of the inputs around `base`, weighted for `place`. Before and behind them there is silence.
    fn weigh(&self, samples: &[f32], base: u64, place: u64) -> f32 {
        let width = 2 * self.half;
        let row = &self.weights[place as usize * width..][..width];
        let newest = base as usize + 1;
        let missing = self.half.saturating_sub(newest);
        let oldest = newest.saturating_sub(self.half).min(samples.len());
        dot(&samples[oldest..], &row[missing..])
    }
}

/// The weights of `half` inputs up to an output and of `half` behind it, which lies `part` of the way from one input to
/// the next. They make one, so that a constant stays as it is.
fn row(half: usize, part: f64, cutoff: f64) -> impl Iterator<Item = f32> {
    let weight = move |index: usize| {
        let distance = (half - 1) as f64 + part - index as f64;
        sinc(distance * cutoff) * window(distance / half as f64, BETA)
    };
    let sum: f64 = (0..2 * half).map(weight).sum();
    (0..2 * half).map(move |index| (weight(index) / sum) as f32)
}

/// The sum of the products of as many as both have, in lanes so that the compiler makes vectors of them.
fn dot(samples: &[f32], weights: &[f32]) -> f32 {
    let length = samples.len().min(weights.len());
    let (samples, last_samples) = samples[..length].as_chunks::<8>();
    let (weights, last_weights) = weights[..length].as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (samples, weights) in samples.iter().zip(weights) {
        for ((sum, sample), weight) in sums.iter_mut().zip(samples).zip(weights) {
            *sum += sample * weight;
        }
    }
    let last: f32 = last_samples.iter().zip(last_weights).map(|(sample, weight)| sample * weight).sum();
    sums.into_iter().sum::<f32>() + last
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

const MIN_HZ: u32 = 8_000;
const MAX_HZ: u32 = 192_000;
/// Zero crossings of the sinc on either side.
const CROSSINGS: f64 = 48.0;
/// The shape of the window: -85 dB (Kaiser's formula).
const BETA: f64 = 8.41;
/// The middle of the transition, as a part of the lower band's width, so that its end is the end of the band.
const CUTOFF: f64 = 0.944;
/// Places from one input to the next, at the lower of the rates.
const MAX_PLACES: f64 = 1024.0;

#[cfg(test)]
mod tests {
    use super::super::probe::{Noise, amplitude, db, sine};
    use super::*;

    fn rate(hz: u32) -> SampleRate {
        SampleRate::new(hz).unwrap()
    }

    fn converted(samples: &[f32], from: u32, to: u32) -> Vec<f32> {
        convert(samples, rate(from), rate(to)).unwrap()
    }

    /// The middle half second of a second and a half, clear of the ends.
    fn middle(samples: &[f32], hz: u32) -> &[f32] {
        let half = hz as usize / 2;
        &samples[half..2 * half]
    }

    #[test]
    fn the_length_is_right_to_the_nearest_frame() {
        for (length, from, to, expected) in [
            (8_000, 8_000, 48_000, 48_000),
            (44_100, 44_100, 48_000, 48_000),
            (44_101, 44_100, 8_000, 8_000),
            (3, 48_000, 8_000, 1),
            (2, 48_000, 8_000, 0),
            (1, 8_000, 192_000, 24),
            (0, 8_000, 48_000, 0),
        ] {
            assert_eq!(
                converted(&vec![0.1; length], from, to).len(),
                expected,
                "{length} from {from} to {to}"
            );
        }
    }

    #[test]
    fn a_tone_keeps_its_level_and_gains_nothing_else() {
        for (from, to) in
            [(8_000, 48_000), (44_100, 48_000), (48_000, 16_000), (192_000, 16_000), (11_025, 8_000)]
        {
            for hz in [300.0, 1_000.0, 3_400.0] {
                let output = converted(&sine(from as usize * 3 / 2, hz, from), from, to);
                let output = middle(&output, to);
                let tone = amplitude(output, hz, to);
                assert!(db(tone).abs() < 0.01, "{hz} Hz from {from} to {to}: {} dB", db(tone));
                let power: f64 = output.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>() * 2.0;
                let rest = (power / output.len() as f64 - tone * tone).abs().sqrt();
                assert!(db(rest) < -80.0, "{hz} Hz from {from} to {to}: {} dB beside it", db(rest));
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_is_gone() {
        for (from, to, hz) in
            [(48_000, 8_000, 4_000.0), (44_100, 16_000, 8_100.0), (192_000, 16_000, 60_000.0)]
        {
            let output = converted(&sine(from as usize * 3 / 2, hz, from), from, to);
            let peak = middle(&output, to).iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
            assert!(db(f64::from(peak)) < -80.0, "{hz} Hz from {from} to {to}: {} dB", db(f64::from(peak)));
        }
    }

    #[test]
    fn a_ratio_with_many_places_is_blended_as_cleanly() {
        let (from, to) = (44_100, 47_998);
        let output = converted(&sine(from as usize * 3 / 2, 10_000.0, from), from, to);
        let expected = sine(output.len(), 10_000.0, to);
        let error = middle(&output, to).iter().zip(middle(&expected, to));
        let error = error.fold(0.0_f32, |error, (is, should)| error.max((is - should).abs()));
        assert!(db(f64::from(error)) < -80.0, "{} dB", db(f64::from(error)));
    }

    #[test]
    fn there_and_back_gives_the_same_without_delay() {
        let noise = Noise::new(7).samples(8_000);
        let speech = converted(&converted(&noise, 48_000, 8_000), 8_000, 8_000);
        let back = converted(&converted(&speech, 8_000, 44_100), 44_100, 8_000);
        assert_eq!(back.len(), speech.len());
        let product = |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum() };
        let likeness = product(&speech, &back) / (product(&speech, &speech) * product(&back, &back)).sqrt();
        assert!(likeness > 0.99, "correlation {likeness}");
    }

    #[test]
    fn a_constant_stays_what_it_is() {
        let output = converted(&vec![0.5; 8_000], 8_000, 44_100);
        assert!(output[2_000..40_000].iter().all(|sample| (sample - 0.5).abs() < 1e-6));
    }

    #[test]
    fn rates_that_no_clip_has_are_refused() {
        let refused = Err(ConvertError::Rate(rate(7_999)));
        assert_eq!(convert(&[0.0], rate(7_999), rate(48_000)), refused);
        assert_eq!(convert(&[0.0], rate(48_000), rate(7_999)), refused);
        let error = convert(&[0.0], rate(192_001), rate(8_000)).unwrap_err();
        assert_eq!(error.to_string(), "expected a rate from 8000 to 192000 Hz, not 192001 Hz");
    }
}
