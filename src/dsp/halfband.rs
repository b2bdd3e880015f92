//! From 8 to 16 kHz.
//!
//! [`Halfband`] is a linear-phase half-band filter of 59 taps. Every second tap but the middle one is zero, so every
//! second output is an input as it was; the others are 30 taps, folded to 15 multiplications since they are the same
//! from both ends. That is 120 000 multiply-accumulates per second of voice.
//!
//! Flat within 0.01 dB to 3.4 kHz; images (from 4.6 kHz on) below -71 dB. Between 3.4 and 4.6 kHz lies the transition,
//! which telephone speech does not reach.

use super::kaiser::{sinc, window};
use super::upsampler::{Kernel, Upsampler};
use std::sync::LazyLock;
use wide::f32x4;

/// Doubles the rate of a stream.
#[derive(Clone, Debug)]
pub struct Halfband(Upsampler<Taps, { Halfband::FACTOR }, { HISTORY + CHUNK }>);

impl Halfband {
    /// Frames that go out for each that comes in.
    pub const FACTOR: usize = 2;

    /// A filter that has heard only silence.
    #[must_use]
    pub fn new() -> Self {
        Self(Upsampler::new(Taps(&TAPS)))
    }

    /// Writes twice as many samples as come in to the front of `output`, and says how many they are. Input for which
    /// there is no room is left out.
    pub fn process(&mut self, input: &[f32], output: &mut [f32]) -> usize {
        self.0.process(input, output)
    }

    /// Writes what follows when the input ends: as many samples as fit, as if silence came in.
    pub fn flush(&mut self, output: &mut [f32]) -> usize {
        self.0.flush(output)
    }

    /// Forgets what was heard.
    pub fn reset(&mut self) {
        self.0.reset();
    }

    /// The delay in frames of the output: 29 at 16 kHz are 1.81 ms.
    #[must_use]
    pub const fn latency_frames(&self) -> usize {
        Self::FACTOR * PAIRS - 1
    }
}

/// The tap of each pair, four times side by side.
#[derive(Clone, Debug)]
struct Taps(&'static [f32x4; PAIRS]);

impl Kernel<{ Halfband::FACTOR }> for Taps {
    const HISTORY: usize = HISTORY;

    /// Up to four times `N` pairs of outputs, side by side: a sample between those of the input, and one of the input.
    fn group<const N: usize>(&self, span: &[f32], outputs: &mut [[f32; Halfband::FACTOR]]) {
        let mut sums = [f32x4::ZERO; N];
        let older = span.windows(4 * N);
        let newer = span[..HISTORY + 4 * N].windows(4 * N).rev();
        for ((tap, older), newer) in self.0.iter().zip(older).zip(newer) {
            let quads = older.as_chunks().0.iter().zip(newer.as_chunks().0);
            for (sum, (&older, &newer)) in sums.iter_mut().zip(quads) {
                *sum += *tap * (f32x4::new(older) + f32x4::new(newer));
            }
        }
        let between = sums.iter().flat_map(f32x4::as_array);
        for ((output, between), middle) in outputs.iter_mut().zip(between).zip(&span[PAIRS..]) {
            *output = [*between, *middle];
        }
    }
}

impl Default for Halfband {
    fn default() -> Self {
        Self::new()
    }
}

static TAPS: LazyLock<[f32x4; PAIRS]> =
    LazyLock::new(|| core::array::from_fn(|index| f32x4::splat(tap(index))));

/// The tap of the pair `index`, counted from the ends of the filter.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "small whole numbers; f32 is wanted"
)]
fn tap(index: usize) -> f32 {
    let distance = (2 * (PAIRS - index) - 1) as f64;
    (sinc(distance / 2.0) * window(distance / (2 * PAIRS) as f64, BETA)) as f32
}

/// Pairs of taps: the filter is 4 · 15 - 1 = 59 long.
const PAIRS: usize = 15;
/// Inputs that must be remembered.
const HISTORY: usize = 2 * PAIRS - 1;
/// The shape of the window: with 59 taps the images come to -71.8 dB, the deepest there is.
const BETA: f64 = 7.0;
/// Inputs worked on at a time.
const CHUNK: usize = 60;

#[cfg(test)]
mod tests {
    use super::super::probe::{Noise, amplitude, db, in_pieces, sine};
    use super::*;

    /// What a second of input becomes, after the filter has settled.
    fn settled(input: &[f32]) -> Vec<f32> {
        let mut output = vec![0.0; 2 * input.len()];
        let mut halfband = Halfband::new();
        halfband.process(input, &mut output);
        halfband.process(input, &mut output);
        output
    }

    #[test]
    fn speech_keeps_its_level() {
        for hz in [0.0, 50.0, 300.0, 1_000.0, 2_000.0, 3_000.0, 3_400.0] {
            let level = match hz {
                0.0 => {
                    settled(&vec![1.0; 8_000]).iter().map(|&sample| f64::from(sample)).sum::<f64>() / 16_000.0
                }
                hz => amplitude(&settled(&sine(8_000, hz, 8_000)), hz, 16_000),
            };
            assert!(db(level).abs() < 0.01, "{hz} Hz: {} dB", db(level));
        }
    }

    #[test]
    fn images_of_speech_are_below_minus_70_db() {
        for hz in (0..=3_400).step_by(100).map(f64::from) {
            let input: Vec<f32> = if hz == 0.0 { vec![1.0; 8_000] } else { sine(8_000, hz, 8_000) };
            let image = amplitude(&settled(&input), 8_000.0 - hz, 16_000);
            assert!(db(image) < -70.0, "{hz} Hz: {} dB", db(image));
        }
    }

    #[test]
    fn an_impulse_comes_out_at_the_stated_delay_alike_from_both_sides() {
        let mut halfband = Halfband::new();
        let mut output = [0.0; 64];
        assert_eq!(halfband.process(&[1.0], &mut output), 2);
        assert_eq!(halfband.flush(&mut output[2..]), 62);
        let (before, after) = (&output[..29], &output[30..59]);
        assert_eq!(halfband.latency_frames(), before.len());
        assert!(output[29].to_bits() == 1.0_f32.to_bits());
        assert!(before.iter().eq(after.iter().rev()));
        assert!(before[28] > 0.6);
        assert!(output[59..].iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn any_cut_of_the_input_gives_the_same_samples() {
        let input = Noise::new(1).samples(5_000);
        let mut whole = vec![0.0; 10_000];
        Halfband::new().process(&input, &mut whole);
        for seed in 0..20 {
            let mut halfband = Halfband::new();
            let mut output = Vec::new();
            in_pieces(&input, seed, |piece| {
                let mut part = vec![0.0; 2 * piece.len()];
                assert_eq!(halfband.process(piece, &mut part), part.len());
                output.extend(part);
            });
            assert!(output == whole, "seed {seed}");
        }
    }

    #[test]
    fn input_without_room_is_left_out() {
        let mut output = [7.0; 5];
        assert_eq!(Halfband::new().process(&[1.0; 9], &mut output), 4);
        assert!(output[4].to_bits() == 7.0_f32.to_bits());
    }

    #[test]
    fn after_a_reset_nothing_is_left() {
        let mut halfband = Halfband::new();
        let mut output = [1.0; 200];
        halfband.process(&[1.0; 100], &mut output);
        halfband.reset();
        halfband.process(&[0.0; 100], &mut output);
        assert!(output.iter().all(|sample| *sample == 0.0));
    }
}
