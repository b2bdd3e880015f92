//! From 48 to 16 kHz, and from 16 to 8 kHz.
//!
//! [`Decimator`] is a linear-phase filter of `36 · factor - 1` taps, of which only the outputs that stay are worked out.
//! What goes back to a caller passes here; what goes to a loudspeaker does not.
//!
//! Flat within 0.01 dB to seven eighths of what the lower rate can carry (7 kHz of 8, 3.4 of 4); what lies above nine
//! eighths comes out below -71 dB.

use super::kaiser::{sinc, window};
use core::fmt;

/// Divides the rate of a stream by a whole number.
#[derive(Clone)]
pub struct Decimator {
    factor: usize,
    taps: Box<[f32]>,
    /// What came last, then the chunk at work.
    span: Box<[f32]>,
    /// Inputs until the next output.
    wait: usize,
}

impl Decimator {
    /// A filter that has heard only silence, from `factor` times a rate down to it; at least 1.
    #[must_use]
    pub fn new(factor: usize) -> Self {
        let factor = factor.max(1);
        let len = 2 * factor * PAIRS - 1;
        let taps = (0..len).map(|index| tap(index, factor)).collect();
        Self { factor, taps, span: vec![0.0; len - 1 + CHUNK].into(), wait: 0 }
    }

    /// Writes one sample for each `factor` that come in to the front of `output`, and says how many they are. Outputs for
    /// which there is no room are left out.
    pub fn process(&mut self, input: &[f32], output: &mut [f32]) -> usize {
        let mut written = 0;
        for input in input.chunks(CHUNK) {
            let history = self.taps.len() - 1;
            self.span[history..][..input.len()].copy_from_slice(input);
            for index in 0..input.len() {
                if self.wait > 0 {
                    self.wait -= 1;
                    continue;
                }
                self.wait = self.factor - 1;
                if let Some(sample) = output.get_mut(written) {
                    *sample = dot(&self.taps, &self.span[index..]);
                    written += 1;
                }
            }
            self.span.copy_within(input.len()..input.len() + history, 0);
        }
        written
    }

    /// Forgets what was heard.
    pub fn reset(&mut self) {
        self.span.fill(0.0);
        self.wait = 0;
    }

    /// The delay in frames of the input: 53 at 48 kHz are 1.10 ms, 35 at 16 kHz 2.19 ms.
    #[must_use]
    pub const fn latency_frames(&self) -> usize {
        self.factor * PAIRS - 1
    }
}

impl fmt::Debug for Decimator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decimator").field("factor", &self.factor).finish_non_exhaustive()
    }
}

/// The sum of products, in several strands so that the compiler makes vectors of them.
fn dot(taps: &[f32], samples: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let taps = taps.chunks_exact(LANES);
    let rest: f32 = taps.remainder().iter().zip(&samples[taps.len() * LANES..]).map(|(a, b)| a * b).sum();
    for (taps, samples) in taps.zip(samples.chunks_exact(LANES)) {
        for ((sum, tap), sample) in sums.iter_mut().zip(taps).zip(samples) {
            *sum += tap * sample;
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "small whole numbers; f32 is wanted"
)]
fn tap(index: usize, factor: usize) -> f32 {
    let half = (factor * PAIRS) as f64;
    let distance = (index + 1) as f64 - half;
    let factor = factor as f64;
    (sinc(distance / factor) * window(distance / half, BETA) / factor) as f32
}

/// Zero crossings of the sinc to either side.
const PAIRS: usize = 18;
/// The shape of the window, as in the filters that go up.
const BETA: f64 = 7.0;
/// Products summed side by side.
const LANES: usize = 8;
/// Inputs worked on at a time.
const CHUNK: usize = 120;

#[cfg(test)]
mod tests {
    use super::super::probe::{Noise, amplitude, db, in_pieces, sine};
    use super::*;

    /// A second of a sine, after the filter has settled.
    fn settled(factor: usize, hz: f64, rate_hz: u32) -> Vec<f32> {
        let frames = usize::try_from(rate_hz).unwrap();
        let input = sine(frames, hz, rate_hz);
        let mut output = vec![0.0; frames / factor];
        let mut decimator = Decimator::new(factor);
        decimator.process(&input, &mut output);
        decimator.process(&input, &mut output);
        output
    }

    #[test]
    fn the_band_keeps_its_level() {
        for (factor, rate_hz, hz) in
            [(2, 16_000, 50.0), (2, 16_000, 3_400.0), (3, 48_000, 1_000.0), (3, 48_000, 7_000.0)]
        {
            let level =
                db(amplitude(&settled(factor, hz, rate_hz), hz, rate_hz / u32::try_from(factor).unwrap()));
            assert!(level.abs() < 0.01, "{hz} Hz by {factor}: {level} dB");
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_is_gone() {
        for (factor, rate_hz, hz) in
            [(2, 16_000, 4_600.0), (2, 16_000, 7_000.0), (3, 48_000, 9_000.0), (3, 48_000, 20_000.0)]
        {
            let output = settled(factor, hz, rate_hz);
            let peak = output.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
            assert!(db(f64::from(peak)) < -71.0, "{hz} Hz by {factor}: {} dB", db(f64::from(peak)));
        }
    }

    #[test]
    fn an_impulse_comes_out_at_the_stated_delay() {
        let mut decimator = Decimator::new(3);
        let mut input = [0.0; 240];
        // The delay is no multiple of three: an impulse that hits an output sits one frame later.
        input[1] = 3.0;
        let mut output = [0.0; 80];
        decimator.process(&input, &mut output);
        let at = (1 + decimator.latency_frames()) / 3;
        assert!((output[at] - 1.0).abs() < 1e-6, "{:?}", &output[at - 1..at + 2]);
        assert!(output[at - 1].abs() < 1e-6 && output[at + 1].abs() < 1e-6);
    }

    #[test]
    fn any_cut_of_the_input_gives_the_same_samples() {
        let input = Noise::new(1).samples(5_000);
        let mut whole = vec![0.0; 2_500];
        assert_eq!(Decimator::new(2).process(&input, &mut whole), 2_500);
        for seed in 0..20 {
            let mut decimator = Decimator::new(2);
            let mut output = Vec::new();
            in_pieces(&input, seed, |piece| {
                let mut part = vec![0.0; piece.len() / 2 + 1];
                let written = decimator.process(piece, &mut part);
                output.extend_from_slice(&part[..written]);
            });
            assert!(output == whole, "seed {seed}");
        }
    }

    #[test]
    fn after_a_reset_nothing_is_left() {
        let mut decimator = Decimator::new(2);
        let mut output = [1.0; 100];
        decimator.process(&[1.0; 199], &mut output);
        decimator.reset();
        assert_eq!(decimator.process(&[0.0; 200], &mut output), 100);
        assert!(output.iter().all(|sample| *sample == 0.0));
    }
}
