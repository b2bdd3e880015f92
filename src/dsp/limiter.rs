//! The last stage before the card: nothing goes out louder than the ceiling.
//!
//! A [`Limiter`] delays the signal by its look-ahead, so that the gain is down before the loud frame arrives:
//!
//! ```text
//! frame in ─┬─────────────────────── delay line ───────────────────────────── x ── frame out
//!           └ wanted gain ── least of the window ── release ── mean of the window ┘
//! ```
//!
//! The gain is worked out for eight frames at once, and goes straight from each eight to the next. The least gain of the
//! window lasts as long as the mean looks back, and an eight longer, so the mean, which is a straight ramp for a single
//! peak, never lies above what any frame asks for. All channels share one gain, so that a picture in space
//! stays where it is. Below the ceiling the signal is delayed and otherwise left alone, bit for bit, by copying.
//!
//! It does not foresee what a converter makes between the samples: that is what the ceiling's distance is for.

use crate::units::{Level, SampleRate};
use std::collections::VecDeque;
use wide::f32x4;

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
        let delay = vec![0.0; channels * gain.latency_frames()].into_boxed_slice();
        Self { channels, ceiling: ceiling.gain(), delay, oldest: 0, gain }
    }

    /// Puts the samples in and takes as many delayed ones out, in place. Samples beyond the last whole frame are
    /// silenced; what is no finite number counts as silence.
    pub fn process(&mut self, samples: &mut [f32]) {
        let whole = samples.len() - samples.len() % self.channels;
        let (samples, rest) = samples.split_at_mut(whole);
        for block in samples.chunks_mut(BLOCK_FRAMES * self.channels) {
            match is_within(block, self.ceiling) {
                true if self.gain.is_resting() => {
                    self.gain.pass(block.len() / self.channels);
                    self.exchange(block);
                }
                true if !self.gain.is_asked() => self.recover(block),
                _ => self.limit(block),
            }
        }
        rest.fill(0.0);
    }

    /// Holds what comes from now on within another ceiling. What is on its way was judged by the one before.
    pub const fn set_ceiling(&mut self, ceiling: Level) {
        self.ceiling = ceiling.gain();
    }

    /// Forgets what was heard.
    pub fn reset(&mut self) {
        self.delay.fill(0.0);
        self.gain.reset();
    }

    /// The delay in frames: 71 at 48 kHz are 1.48 ms.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        self.gain.latency_frames()
    }

    /// Swaps the samples with those on their way.
    fn exchange(&mut self, mut samples: &mut [f32]) {
        while !samples.is_empty() && !self.delay.is_empty() {
            let count = samples.len().min(self.delay.len() - self.oldest);
            let (now, later) = samples.split_at_mut(count);
            now.swap_with_slice(&mut self.delay[self.oldest..][..count]);
            self.oldest += count;
            if self.oldest == self.delay.len() {
                self.oldest = 0;
            }
            samples = later;
        }
    }

    /// At most [`BLOCK_FRAMES`] on the way back to a gain of one, when neither they nor those on their way ask for less.
    fn recover(&mut self, block: &mut [f32]) {
        let mut gains = [1.0; BLOCK_FRAMES];
        self.gain.follow(&mut gains[..block.len() / self.channels], |_, _| 0);
        self.exchange(block);
        self.apply(&gains, block);
    }

    /// At most [`BLOCK_FRAMES`], the long way.
    fn limit(&mut self, block: &mut [f32]) {
        let mut gains = [1.0; BLOCK_FRAMES];
        self.gain.limit(&mut gains[..block.len() / self.channels], block, self.ceiling);
        self.exchange(block);
        self.apply(&gains, block);
        for sample in block {
            *sample = sample.clamp(-self.ceiling, self.ceiling);
        }
    }

    fn apply(&self, gains: &[f32], block: &mut [f32]) {
        if self.channels == 1 {
            block.iter_mut().zip(gains).for_each(|(sample, gain)| *sample *= gain);
            return;
        }
        for (gain, frame) in gains.iter().zip(block.chunks_exact_mut(self.channels)) {
            for sample in frame {
                *sample *= gain;
            }
        }
    }
}

/// The gain over time, as what it lacks of one, in whole steps of 2^-30 so that sums of it are exact.
#[derive(Clone, Debug)]
struct GainComputer {
    /// Frames of the eight at work that have come.
    phase: usize,
    wishes: Wishes,
    /// The window of what was released.
    recent: Box<[u32]>,
    way: Way,
    scale: Scale,
}

/// What frames want the gain to be lacking.
#[derive(Clone, Debug)]
struct Wishes {
    /// Eights heard while something was wanted.
    now: u64,
    /// The most that the eight at work wants.
    most_now: u32,
    /// What eights of the window want, if anything, each more than the next: when, and how much.
    recent: VecDeque<(u64, u32)>,
    window: u64,
}

/// How the gain goes from eight to eight.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// The most of the window, let go slowly.
    released: u32,
    /// The oldest of what was released, and the sum of it.
    slot: usize,
    sum: u64,
    /// The gains between which the eight goes that leaves.
    gains: [f32; 2],
}

/// What becomes of sums.
#[derive(Clone, Copy, Debug)]
struct Scale {
    release_shift: u32,
    /// Makes a whole number of 29 bits of a sum; what it is then in a window of ones, and one divided by that.
    sum_shift: u32,
    most: i32,
    per_most: f32,
}

impl GainComputer {
    fn new(rate: SampleRate) -> Self {
        // A frame leaves when the eight has come whose window ends with its own: after 1.5 ms.
        let window = (rate.hz() as usize * 3 / 2000 / EIGHT).saturating_sub(1).max(1);
        Self {
            phase: 0,
            wishes: Wishes::new(window),
            recent: vec![0; window].into_boxed_slice(),
            way: Way::AT_REST,
            scale: Scale::new(rate, window),
        }
    }

    /// The gains for the frames that leave, as `block` comes, of as many frames; what is no number in it is silenced.
    fn limit(&mut self, gains: &mut [f32], block: &mut [f32], ceiling: f32) {
        let channels = block.len() / gains.len().max(1);
        let mut heard = 0;
        self.follow(gains, |wishes, frames| {
            wishes.hear(wanted_lack(&mut block[heard..frames * channels], ceiling));
            heard = frames * channels;
            wishes.take_most()
        });
        self.wishes.hear(wanted_lack(&mut block[heard..], ceiling));
    }

    /// The gains for the frames that leave, as many come. At the end of each eight `most_wanted` is asked for the most
    /// of the window, and told how many frames have come.
    fn follow(&mut self, gains: &mut [f32], mut most_wanted: impl FnMut(&mut Wishes, usize) -> u32) {
        let mut way = self.way;
        let mut come = gains.len().min(EIGHT - 1 - self.phase);
        let (first, gains) = gains.split_at_mut(come);
        first.copy_from_slice(&way.eight()[self.phase + 1..][..first.len()]);
        self.phase = (self.phase + first.len() + gains.len()) % EIGHT;
        let (eights, last) = gains.as_chunks_mut::<EIGHT>();
        for eight in eights {
            way.turn(self.scale, &mut self.recent, most_wanted(&mut self.wishes, come + 1));
            *eight = way.eight();
            come += EIGHT;
        }
        if !last.is_empty() {
            way.turn(self.scale, &mut self.recent, most_wanted(&mut self.wishes, come + 1));
            last.copy_from_slice(&way.eight()[..last.len()]);
        }
        self.way = way;
    }

    /// So many frames come and leave at rest.
    fn pass(&mut self, frames: usize) {
        self.phase = (self.phase + frames) % EIGHT;
    }

    fn reset(&mut self) {
        self.wishes.reset();
        self.recent.fill(0);
        (self.phase, self.way) = (0, Way::AT_REST);
    }

    /// Whether a frame of the window wants less than one.
    fn is_asked(&self) -> bool {
        self.wishes.most_now > 0 || !self.wishes.recent.is_empty()
    }

    /// Whether the gain is exactly one, and nothing asks for less.
    fn is_resting(&self) -> bool {
        !self.is_asked() && self.way.sum == 0 && self.way.gains[0] >= 1.0
    }

    /// Frames from one that comes to the one that leaves.
    fn latency_frames(&self) -> usize {
        self.recent.len() * EIGHT + EIGHT - 1
    }
}

impl Wishes {
    fn new(window: usize) -> Self {
        Self { now: 0, most_now: 0, recent: VecDeque::with_capacity(window + 2), window: window as u64 }
    }

    /// Frames come that want so much to be lacking.
    fn hear(&mut self, wanted: u32) {
        self.most_now = self.most_now.max(wanted);
    }

    /// The most that is wanted in the window, and an eight longer, that ends with the eight that has come.
    fn take_most(&mut self) -> u32 {
        let (now, wanted) = (self.now, core::mem::take(&mut self.most_now));
        self.now += 1;
        while self.recent.back().is_some_and(|&(_, other)| other <= wanted) {
            self.recent.pop_back();
        }
        if wanted > 0 {
            self.recent.push_back((now, wanted));
        }
        if self.recent.front().is_some_and(|&(at, _)| at + self.window < now) {
            self.recent.pop_front();
        }
        self.recent.front().map_or(0, |&(_, most)| most)
    }

    fn reset(&mut self) {
        self.recent.clear();
        self.most_now = 0;
    }
}

impl Way {
    const AT_REST: Self = Self { released: 0, slot: 0, sum: 0, gains: [1.0; 2] };

    /// The next eight leaves.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "it has 30 bits")]
    fn turn(&mut self, scale: Scale, recent: &mut [u32], most_wanted: u32) {
        let release = (self.released >> scale.release_shift) + LEAST_STEP;
        self.released = self.released.saturating_sub(release).max(most_wanted);
        let oldest = core::mem::replace(&mut recent[self.slot], self.released);
        self.slot = if self.slot + 1 == recent.len() { 0 } else { self.slot + 1 };
        self.sum = self.sum + u64::from(self.released) - u64::from(oldest);
        let left = scale.most - (self.sum >> scale.sum_shift) as i32;
        // One divided by a number, and multiplied with it, may be a little less than one.
        self.gains = [self.gains[1], if self.sum == 0 { 1.0 } else { left as f32 * scale.per_most }];
    }

    /// The gains of the eight.
    fn eight(&self) -> [f32; EIGHT] {
        let [from, to] = self.gains;
        let (from, way) = (f32x4::splat(from), f32x4::splat(to - from));
        let mut gains = [0.0; EIGHT];
        for (gains, &parts) in gains.as_chunks_mut().0.iter_mut().zip(PARTS.as_chunks().0) {
            *gains = (from + way * f32x4::new(parts)).to_array();
        }
        gains
    }
}

impl Scale {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "it has 30 bits")]
    fn new(rate: SampleRate, window: usize) -> Self {
        let most = u64::from(UNITY) * window as u64;
        let sum_shift = most.ilog2() - SUM_BITS;
        let most = (most >> sum_shift) as i32;
        // The next lower power of two: 85 ms at 48 kHz, from 62 to 125 ms at any rate.
        let release_shift = (rate.hz() / RELEASES_PER_SECOND / EIGHT as u32).max(1).ilog2();
        Self { release_shift, sum_shift, most, per_most: 1.0 / most as f32 }
    }
}

/// Whether every sample is a number no larger than the ceiling.
fn is_within(samples: &[f32], ceiling: f32) -> bool {
    let ceiling = magnitude(ceiling);
    !samples.iter().fold(false, |beyond, &sample| beyond | (magnitude(sample) > ceiling))
}

/// The largest magnitude; no finite number if one of the samples is none.
fn peak(samples: &[f32]) -> f32 {
    let peak = samples.iter().fold(0, |peak, &sample| magnitude(sample).max(peak));
    f32::from_bits(peak.cast_unsigned())
}

/// Magnitudes are ordered as the whole numbers with the same bits are, with infinity and what is no number above all
/// others; and whole numbers are compared several at a time.
fn magnitude(sample: f32) -> i32 {
    sample.abs().to_bits().cast_signed()
}

/// What frames want the gain to be lacking; what is no finite number in them becomes silence.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of unity, rounded up")]
fn wanted_lack(frames: &mut [f32], ceiling: f32) -> u32 {
    let mut peak = peak(frames);
    if !peak.is_finite() {
        frames.iter_mut().filter(|sample| !sample.is_finite()).for_each(|sample| *sample = 0.0);
        peak = self::peak(frames);
    }
    if peak <= ceiling {
        return 0;
    }
    UNITY - (f64::from(ceiling) / f64::from(peak) * f64::from(UNITY)) as u32
}

/// A gain of one.
const UNITY: u32 = 1 << 30;
/// Of a sum in the window.
const SUM_BITS: u32 = 29;
/// Frames whose gains are worked out together, and how far each of those that leave is on the way from one gain to the
/// next: one leaves when the last of an eight comes, and seven behind it.
const EIGHT: usize = 8;
const PARTS: [f32; EIGHT] = [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0];
/// The release has a time constant of up to 125 ms.
const RELEASES_PER_SECOND: u32 = 8;
/// What the release goes at least, four millionths a frame, so that it ends: 0.3 s after a peak of 6 dB.
const LEAST_STEP: u32 = 1 << 15;
/// Frames that are looked at as one: a block of 2.5 ms.
const BLOCK_FRAMES: usize = 120;

#[cfg(test)]
mod tests {
    use super::super::probe::{Noise, amplitude, in_pieces, sine};
    use super::*;

    fn limiter(channels: usize) -> Limiter {
        Limiter::new(channels, SampleRate::HZ_48000, Level::from_gain(Limiter::CEILING))
    }

    fn limited(limiter: &mut Limiter, input: &[f32]) -> Vec<f32> {
        let mut samples = input.to_vec();
        limiter.process(&mut samples);
        samples
    }

    /// Noise that swells and fades at random, now and then far beyond full scale.
    fn rough(seed: u64, samples: usize) -> Vec<f32> {
        let mut noise = Noise::new(seed);
        let mut gain = 1.0;
        let mut next = || {
            if noise.below(150) == 0 {
                gain = 10.0_f32.powf(noise.sample() * 2.0);
            }
            noise.sample() * gain
        };
        (0..samples).map(|_| next()).collect()
    }

    #[test]
    fn below_the_ceiling_samples_are_the_same_but_later() {
        for channels in 1..=8 {
            let mut limiter = limiter(channels);
            let input: Vec<f32> = Noise::new(1).samples(5_000 * channels).iter().map(|x| x * 0.89).collect();
            let output = limited(&mut limiter, &input);
            let delay = limiter.latency_frames() * channels;
            assert!(output[..delay].iter().all(|sample| *sample == 0.0));
            assert_eq!(output[delay..], input[..input.len() - delay]);
        }
    }

    #[test]
    fn the_delay_is_under_one_and_a_half_milliseconds() {
        assert_eq!(limiter(2).latency_frames(), 71);
    }

    #[test]
    fn nothing_ever_exceeds_the_ceiling() {
        for seed in 0..50 {
            let channels = 1 + Noise::new(seed).below(8);
            let output = limited(&mut limiter(channels), &rough(seed, 9_600 * channels));
            assert!(output.iter().all(|sample| sample.abs() <= Limiter::CEILING), "seed {seed}");
        }
    }

    #[test]
    fn the_least_bit_above_the_ceiling_is_too_much() {
        let output = limited(&mut limiter(1), &[Limiter::CEILING.next_up(); 1_000]);
        assert!(output.iter().all(|sample| sample.abs() <= Limiter::CEILING));
    }

    #[test]
    fn the_gain_alone_keeps_the_ceiling_without_clipping() {
        for seed in 0..50 {
            let mut gain = GainComputer::new(SampleRate::HZ_48000);
            let mut waiting = VecDeque::from(vec![0.0_f32; gain.latency_frames()]);
            for sample in rough(seed, 9_600) {
                waiting.push_back(sample);
                let mut now = [1.0];
                gain.limit(&mut now, &mut [sample], 1.0);
                let sample = waiting.pop_front().unwrap() * now[0];
                assert!(sample.abs() <= 1.000_001, "seed {seed}: {sample}");
            }
        }
    }

    #[test]
    fn any_cut_of_the_input_gives_the_same_samples() {
        let input = rough(2, 20_000);
        let whole = limited(&mut limiter(1), &input);
        for seed in 0..20 {
            let mut limiter = limiter(1);
            let mut output = Vec::new();
            in_pieces(&input, seed, |piece| output.extend(limited(&mut limiter, piece)));
            assert!(output == whole, "seed {seed}");
        }
    }

    #[test]
    fn a_steady_loud_tone_is_turned_down_and_not_bent() {
        let loud: Vec<f32> = sine(96_000, 1_000.0, 48_000).iter().map(|sample| sample * 4.0).collect();
        let output = limited(&mut limiter(1), &loud);
        let output = &output[48_000..];
        let tone = amplitude(output, 1_000.0, 48_000);
        assert!(tone > 0.88, "{tone}");
        let third = amplitude(output, 3_000.0, 48_000);
        assert!(third / tone < 0.003, "{third}");
    }

    #[test]
    fn all_channels_share_one_gain() {
        let mut left_loud = vec![0.1; 2_000];
        left_loud.chunks_exact_mut(2).skip(500).for_each(|frame| frame[0] = 2.0);
        let output = limited(&mut limiter(2), &left_loud);
        let last = &output[1_998..];
        assert!((last[0] - Limiter::CEILING).abs() < 1e-4);
        assert!((last[1] / last[0] - 0.05).abs() < 1e-6);
    }

    #[test]
    fn the_gain_moves_in_small_steps_and_comes_back_to_exactly_one() {
        let mut input = vec![0.5; 96_000];
        input[1_000] = 8.0;
        let mut limiter = limiter(1);
        let output = limited(&mut limiter, &input);
        let peak = 1_000 + limiter.latency_frames();
        let quiet: Vec<f32> = [&output[80..peak], &output[peak + 1..]].concat();
        assert!((output[peak] - Limiter::CEILING).abs() < 1e-3);
        assert!(quiet.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 0.5 / 35.0));
        assert_eq!(output[95_000..], [0.5; 1_000]);
        assert!(limiter.gain.is_resting());
    }

    #[test]
    fn what_is_no_number_becomes_silence_and_harms_nothing_after_it() {
        let mut input = [0.5; 1_000];
        for (position, bad) in [(10, f32::NAN), (50, f32::INFINITY), (51, f32::NEG_INFINITY)] {
            input[position] = bad;
        }
        let output = limited(&mut limiter(1), &input);
        let expected: Vec<f32> = input.iter().map(|x| if x.is_finite() { *x } else { 0.0 }).collect();
        assert_eq!(output[71..], expected[..929]);
    }

    #[test]
    fn after_a_reset_it_is_as_new() {
        let mut limiter = limiter(2);
        limited(&mut limiter, &rough(9, 1_001));
        limiter.reset();
        let input = rough(10, 4_000);
        assert_eq!(limited(&mut limiter, &input), limited(&mut self::limiter(2), &input));
    }

    #[test]
    fn a_part_of_a_frame_is_silenced() {
        let output = limited(&mut limiter(4), &[0.5; 7]);
        assert_eq!(output, [0.0; 7]);
    }

    #[test]
    fn at_the_lowest_of_rates_it_still_holds_the_ceiling() {
        let rate = SampleRate::new(1).unwrap();
        let mut limiter = Limiter::new(1, rate, Level::from_gain(0.5));
        assert_eq!(limiter.latency_frames(), 15);
        let output = limited(&mut limiter, &rough(3, 2_000));
        assert!(output.iter().all(|sample| sample.abs() <= 0.5));
    }
}
