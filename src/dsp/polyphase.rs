//! From 48 to 44.1 kHz, for sound cards that know no other rate.
//!
//! 44 100 / 48 000 is 147 / 160: an output lies at one of 147 places between two inputs, and each place has its own 32
//! weights, so that no output is ever interpolated and no clock drifts. The filter is a sinc under a Kaiser window:
//! flat within 0.02 dB to 15 kHz; what would alias, from 22.05 kHz on, and the images below -78 dB.
//!
//! Delay: 16 frames at 48 kHz, 0.33 ms. Multiplications: 1.4 million a second and channel; silence costs next to
//! nothing.

use super::kaiser::{sinc, window};

/// 48 kHz becomes 44.1 kHz, any number of channels.
#[derive(Clone, Debug)]
pub struct Polyphase {
    /// The weights of each place, the oldest input first.
    bank: Box<[[f32; TAPS]]>,
    /// For each channel what came last, then the chunk at work.
    planes: Box<[[f32; HISTORY + CHUNK]]>,
    /// The place of the next output behind the next input, in 147ths of an input.
    ahead: usize,
    /// Inputs since the last that was not silence, as far as they are remembered.
    silent: usize,
}

impl Polyphase {
    /// A filter for frames of so many channels that has heard only silence.
    #[must_use]
    pub fn new(channels: usize) -> Self {
        let bank = (0..PLACES).map(weights).collect();
        let planes = vec![[0.0; HISTORY + CHUNK]; channels.max(1)].into_boxed_slice();
        Self { bank, planes, ahead: 0, silent: HISTORY }
    }

    /// Writes the interleaved frames that become of `input` to the front of `output`, and says how many samples they
    /// are: never more than [`most_samples`](Self::most_samples). Input for which there is no room is left out.
    pub fn process(&mut self, input: &[f32], output: &mut [f32]) -> usize {
        let channels = self.planes.len();
        let mut written = 0;
        for chunk in input.chunks(CHUNK * channels) {
            let frames = chunk.len() / channels;
            let Some(output) = output[written..].get_mut(..self.outputs_of(frames) * channels) else { break };
            if self.hears_silence(chunk) {
                output.fill(0.0);
            } else {
                self.take(chunk);
                self.filter(output);
                self.keep(frames);
            }
            self.ahead = self.ahead + output.len() / channels * STEP - frames * PLACES;
            written += output.len();
        }
        written
    }

    /// Samples that `frames` inputs become at most.
    #[must_use]
    pub const fn most_samples(&self, frames: usize) -> usize {
        (frames * PLACES / STEP + 1) * self.planes.len()
    }

    /// The delay in frames of the input: 16 at 48 kHz are 0.33 ms.
    #[must_use]
    pub const fn latency_frames(&self) -> usize {
        TAPS / 2
    }

    /// Whether nothing was heard for so long, and nothing is heard now, that only zeros can come out.
    fn hears_silence(&mut self, chunk: &[f32]) -> bool {
        let was_silent = self.silent >= HISTORY;
        let frames = chunk.len() / self.planes.len();
        let is_silent = chunk.iter().all(|&sample| sample == 0.0);
        self.silent = if is_silent { (self.silent + frames).min(HISTORY) } else { 0 };
        was_silent && is_silent
    }

    /// How many outputs lie before the end of so many inputs.
    fn outputs_of(&self, frames: usize) -> usize {
        (frames * PLACES).saturating_sub(self.ahead).div_ceil(STEP)
    }

    /// Lays the chunk behind the history, each channel by itself.
    fn take(&mut self, chunk: &[f32]) {
        let channels = self.planes.len();
        for (channel, plane) in self.planes.iter_mut().enumerate() {
            let samples = chunk.iter().skip(channel).step_by(channels);
            for (place, &sample) in plane[HISTORY..].iter_mut().zip(samples) {
                *place = sample;
            }
        }
    }

    fn filter(&self, output: &mut [f32]) {
        let (mut newest, mut place) = (self.ahead / PLACES, self.ahead % PLACES);
        for frame in output.chunks_exact_mut(self.planes.len()) {
            for (sample, plane) in frame.iter_mut().zip(&self.planes) {
                *sample = dot(&plane[newest..], &self.bank[place]);
            }
            newest += STEP / PLACES;
            place += STEP % PLACES;
            if place >= PLACES {
                (newest, place) = (newest + 1, place - PLACES);
            }
        }
    }

    fn keep(&mut self, frames: usize) {
        for plane in &mut self.planes {
            plane.copy_within(frames..frames + HISTORY, 0);
        }
    }
}

/// The weights of the inputs around an output `place` 147ths behind the middle one. They make one, so that a constant
/// stays as it is.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "small whole numbers; weights are f32"
)]
fn weights(place: usize) -> [f32; TAPS] {
    let behind = place as f64 / PLACES as f64;
    let half = TAPS as f64 / 2.0;
    let weight = |index: usize| {
        let distance = half - 1.0 + behind - index as f64;
        sinc(distance * CUTOFF) * window(distance / half, BETA)
    };
    let sum: f64 = (0..TAPS).map(weight).sum();
    core::array::from_fn(|index| (weight(index) / sum) as f32)
}

/// The sum of the products with the first samples, in lanes so that the compiler makes vectors of them.
fn dot(samples: &[f32], weights: &[f32; TAPS]) -> f32 {
    let (samples, _) = samples[..TAPS].as_chunks::<LANES>();
    let (weights, _) = weights.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    // Written out: a loop over the lanes stays a loop where the compiler saves space.
    for (x, w) in samples.iter().zip(weights) {
        sums = [sums[0] + x[0] * w[0], sums[1] + x[1] * w[1], sums[2] + x[2] * w[2], sums[3] + x[3] * w[3]];
    }
    (sums[0] + sums[2]) + (sums[1] + sums[3])
}

/// Places from one input to the next.
const PLACES: usize = 147;
/// From one output to the next, in places.
const STEP: usize = 160;
/// Inputs that count for an output: what a transition from 15 to 22.05 kHz needs.
const TAPS: usize = 32;
/// Inputs that must be remembered.
const HISTORY: usize = TAPS - 1;
/// The shape of the window.
const BETA: f64 = 7.6;
/// The middle of the transition, as a part of 24 kHz.
const CUTOFF: f64 = 0.765;
/// Sums side by side.
const LANES: usize = 4;
/// Inputs worked on at a time: a block of the mixer.
const CHUNK: usize = 120;

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "signals of a test are short")]
mod tests {
    use assert_no_alloc::{assert_no_alloc, reset_violation_count, violation_count};

    use super::super::probe::{Noise, amplitude, db, in_pieces, sine};
    use super::*;

    fn resampled(channels: usize, input: &[f32]) -> Vec<f32> {
        let mut filter = Polyphase::new(channels);
        let mut output = vec![0.0; filter.most_samples(input.len() / channels)];
        let written = filter.process(input, &mut output);
        output.truncate(written);
        output
    }

    /// What a second of the input becomes after the filter has settled.
    fn settled(hz: f64) -> Vec<f32> {
        let output = resampled(1, &sine(96_000, hz, 48_000));
        output[22_050..66_150].to_vec()
    }

    #[test]
    fn a_second_is_a_second() {
        assert_eq!(resampled(1, &vec![0.1; 48_000]).len(), 44_100);
        assert_eq!(resampled(3, &vec![0.1; 3 * 480_000]).len(), 3 * 441_000);
        assert_eq!(resampled(2, &vec![0.0; 2 * 48_000]).len(), 2 * 44_100);
    }

    #[test]
    fn the_band_keeps_its_level() {
        for hz in [50.0, 300.0, 1_000.0, 3_400.0, 7_000.0, 10_000.0, 13_000.0, 15_000.0] {
            let level = db(amplitude(&settled(hz), hz, 44_100));
            assert!(level.abs() < 0.02, "{hz} Hz: {level} dB");
        }
    }

    #[test]
    fn a_tone_gains_nothing_else() {
        for hz in (100..20_000).step_by(300).map(f64::from) {
            let output = settled(hz);
            let tone = amplitude(&output, hz, 44_100);
            let power: f64 = output.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>() * 2.0;
            let rest = db((power / output.len() as f64 - tone * tone).abs().sqrt());
            assert!(rest < -78.0, "{hz} Hz: {rest} dB beside it");
        }
    }

    #[test]
    fn what_the_card_cannot_hold_is_gone() {
        for hz in (22_050..24_000).step_by(50).map(f64::from) {
            let peak = settled(hz).iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
            assert!(db(f64::from(peak)) < -72.0, "{hz} Hz: {} dB", db(f64::from(peak)));
        }
    }

    #[test]
    fn a_tone_comes_out_at_the_stated_delay() {
        let hz = 997.0;
        let output = resampled(1, &sine(48_000, hz, 48_000));
        let delay = Polyphase::new(1).latency_frames() as f64 / 48_000.0;
        for (frame, &sample) in output.iter().enumerate().skip(1_000) {
            let at = frame as f64 / 44_100.0 - delay;
            let expected = (core::f64::consts::TAU * hz * at).sin();
            assert!((f64::from(sample) - expected).abs() < 1e-3, "frame {frame}");
        }
    }

    #[test]
    fn any_cut_of_the_input_gives_the_same_samples() {
        let mut input = Noise::new(1).samples(4_000);
        // Silence in the middle, longer than the filter remembers.
        input[1_000..1_300].fill(0.0);
        let whole = resampled(1, &input);
        for seed in 0..20 {
            let mut filter = Polyphase::new(1);
            let mut output = Vec::new();
            in_pieces(&input, seed, |piece| {
                let mut part = vec![0.0; filter.most_samples(piece.len())];
                let written = filter.process(piece, &mut part);
                output.extend_from_slice(&part[..written]);
            });
            assert!(output == whole, "seed {seed}");
        }
    }

    #[test]
    fn channels_do_not_touch() {
        let (left, right) = (Noise::new(2).samples(3_000), Noise::new(3).samples(3_000));
        let both: Vec<f32> = left.iter().zip(&right).flat_map(|(&left, &right)| [left, right]).collect();
        let both = resampled(2, &both);
        let side = |channel| -> Vec<f32> { both.iter().skip(channel).step_by(2).copied().collect() };
        assert!(side(0) == resampled(1, &left) && side(1) == resampled(1, &right));
    }

    #[test]
    fn a_constant_stays_what_it_is() {
        assert!(resampled(1, &vec![0.5; 4_800])[40..].iter().all(|sample| (sample - 0.5).abs() < 1e-6));
    }

    #[test]
    fn input_without_room_is_left_out() {
        let mut output = [7.0; 100];
        let mut filter = Polyphase::new(1);
        assert_eq!(filter.process(&[1.0; 120], &mut output), 0);
        assert!(output.iter().all(|sample| (sample - 7.0).abs() < 1e-9));
    }

    #[test]
    fn running_it_allocates_nothing() {
        let mut filter = Polyphase::new(8);
        let mut output = vec![0.0; filter.most_samples(480)];
        reset_violation_count();
        assert_no_alloc(|| filter.process(&[0.5; 8 * 480], &mut output));
        assert_eq!(violation_count(), 0);
    }
}
