//! Noise, white or coloured.
//!
//! ```text
//! random numbers -> all-pole lattice (colour) -> gain on its way -> samples
//! ```
//! A [`Noise`] has the level it is told whatever its colour; a new level is reached along a [`Ramp`], a new colour
//! along a straight line of the same length. The colour is that of an all-pole filter given by reflection coefficients,
//! as in comfort noise (RFC 3389 §3). The lattice only ever hears random numbers of full strength, so it does not fall
//! silent into denormals. Random numbers are uniform: loud ones are no louder than √3 times the level when white.
//!
//! Left out: what level and colour a noise should have.

use super::ramp::Ramp;
use crate::units::{Level, SampleRate};
use core::time::Duration;

/// Noise from a seed.
#[derive(Clone, Debug)]
pub struct Noise {
    random: Random,
    lattice: Lattice,
    gain: Ramp,
}

impl Noise {
    /// The most reflection coefficients that are used.
    pub const MAX_ORDER: usize = 12;

    /// White noise that is silent until it is given a level.
    #[must_use]
    pub fn new(rate: SampleRate, seed: u64) -> Self {
        let gain = Ramp::new(rate, CHANGE, Level::MUTE);
        Self { random: Random::new(seed), lattice: Lattice::new(rate), gain }
    }

    /// Sets out for a root mean square of `level`, full scale ±1.0.
    pub fn set_level(&mut self, level: Level) {
        self.gain.set(level);
    }

    /// Sets out for the colour of these reflection coefficients; none at all is white. What is no number counts as
    /// zero, and what would ring for long is held within ±0.99.
    pub fn set_colour(&mut self, reflections: &[f32]) {
        let mut target = [0.0; Self::MAX_ORDER];
        for (target, &reflection) in target.iter_mut().zip(reflections) {
            *target = if reflection.is_nan() { 0.0 } else { reflection.clamp(-STEEPEST, STEEPEST) };
        }
        self.lattice.set(target);
    }

    /// Whether it has faded out, or was given no level yet.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.gain.is_mute()
    }

    /// Writes what comes next. Silent noise stands still.
    pub fn fill(&mut self, samples: &mut [f32]) {
        if self.is_silent() {
            samples.fill(0.0);
            return;
        }
        for sample in samples.iter_mut() {
            *sample = self.lattice.process(self.random.draw());
        }
        self.gain.apply(samples);
    }
}

/// An all-pole filter whose output has the power of its input.
#[derive(Clone, Debug)]
struct Lattice {
    /// The reflection coefficients that hold now, and those they are on the way to.
    reflections: Coefficients,
    target: Coefficients,
    /// What each moves by in a frame.
    step: Coefficients,
    /// Frames until the target is reached, and what a whole way takes.
    frames_left: u16,
    way_frames: u16,
    /// How many coefficients are not zero, or not yet.
    order: usize,
    /// What the filter's resonances add to the power is taken off its input by this factor.
    scale: f32,
    /// What goes backward through the stages, as of the last frame.
    backward: Coefficients,
}

impl Lattice {
    fn new(rate: SampleRate) -> Self {
        let way_frames = u128::from(rate.hz()) * CHANGE.as_micros() / 1_000_000;
        let way_frames = u16::try_from(way_frames).unwrap_or(u16::MAX).max(1);
        let [reflections, target, step, backward] = [[0.0; Noise::MAX_ORDER]; 4];
        Self { reflections, target, step, frames_left: 0, way_frames, order: 0, scale: 1.0, backward }
    }

    fn set(&mut self, target: Coefficients) {
        self.target = target;
        self.frames_left = self.way_frames;
        for ((step, now), target) in self.step.iter_mut().zip(&self.reflections).zip(&target) {
            *step = (target - now) / f32::from(self.way_frames);
        }
        self.order = self.order.max(order(&target));
    }

    fn process(&mut self, input: f32) -> f32 {
        if self.frames_left > 0 {
            self.advance();
        }
        let mut forward = input * self.scale;
        for stage in (0..self.order).rev() {
            let (reflection, backward) = (self.reflections[stage], self.backward[stage]);
            forward -= reflection * backward;
            if let Some(next) = self.backward.get_mut(stage + 1) {
                *next = backward + reflection * forward;
            }
        }
        self.backward[0] = forward;
        forward
    }

    /// A frame's way towards the target.
    fn advance(&mut self) {
        self.frames_left -= 1;
        if self.frames_left == 0 {
            self.reflections = self.target;
            self.order = order(&self.target);
            self.backward[self.order..].fill(0.0);
        } else {
            for (reflection, step) in self.reflections.iter_mut().zip(&self.step) {
                *reflection += step;
            }
        }
        self.scale = self.reflections.iter().map(|k| 1.0 - k * k).product::<f32>().sqrt();
    }
}

fn order(reflections: &Coefficients) -> usize {
    reflections.iter().rposition(|&reflection| reflection != 0.0).map_or(0, |last| last + 1)
}

/// Uniform random numbers of power 1 (xorshift64*, Marsaglia and Vigna).
#[derive(Clone, Debug)]
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        // Seeds next to each other must not start alike, and zero would stay zero.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    #[expect(clippy::cast_precision_loss, reason = "24 bits fit")]
    fn draw(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40;
        (bits as f32 / 8_388_608.0 - 1.0) * SQRT_3
    }
}

type Coefficients = [f32; Noise::MAX_ORDER];

/// How long a change of level or colour takes: a packet.
const CHANGE: Duration = Duration::from_millis(20);
/// A resonance of this strength rings for 12 ms at 8 kHz.
const STEEPEST: f32 = 0.99;
/// The peak of uniform noise of power 1.
const SQRT_3: f32 = 1.732_050_8;

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "signals of a test are short")]
mod tests {
    use super::super::probe::{db, in_pieces};
    use super::*;
    use proptest::{collection::vec, prelude::*};

    /// Noise that has reached its level and colour.
    fn steady(seed: u64, colour: &[f32]) -> Noise {
        let mut noise = Noise::new(SampleRate::HZ_8000, seed);
        noise.set_level(Level::from_gain(0.1));
        noise.set_colour(colour);
        heard(&mut noise, 1_000);
        noise
    }

    fn heard(noise: &mut Noise, frames: usize) -> Vec<f32> {
        let mut samples = vec![f32::NAN; frames];
        noise.fill(&mut samples);
        samples
    }

    /// Power of the product with itself so many frames later.
    fn correlation(samples: &[f32], lag: usize) -> f64 {
        let products = samples.iter().zip(&samples[lag..]).map(|(&a, &b)| f64::from(a) * f64::from(b));
        products.sum::<f64>() / samples.len() as f64
    }

    fn rms(samples: &[f32]) -> f64 {
        correlation(samples, 0).sqrt()
    }

    /// The reflection coefficients that the signal has (Levinson and Durbin).
    fn reflections(samples: &[f32], order: usize) -> Vec<f64> {
        let lags: Vec<f64> = (0..=order).map(|lag| correlation(samples, lag)).collect();
        let (mut filter, mut error) = (vec![1.0], lags[0]);
        let mut found = Vec::new();
        for stage in 1..=order {
            let sum: f64 = filter.iter().enumerate().map(|(at, tap)| tap * lags[stage - at]).sum();
            let reflection = -sum / error;
            found.push(reflection);
            filter.push(0.0);
            let mirrored: Vec<f64> = filter.iter().rev().copied().collect();
            filter.iter_mut().zip(mirrored).for_each(|(tap, mirror)| *tap += reflection * mirror);
            error *= 1.0 - reflection * reflection;
        }
        found
    }

    #[test]
    fn it_is_of_its_level_whatever_its_colour() {
        for (seed, colour) in COLOURS.iter().enumerate() {
            let level = db(rms(&heard(&mut steady(seed as u64, colour), 80_000)) / 0.1);
            assert!(level.abs() < 0.3, "{colour:?}: {level:.2} dB");
        }
    }

    #[test]
    fn it_is_of_the_colour_it_is_told() {
        for (seed, colour) in COLOURS.iter().enumerate() {
            let samples = heard(&mut steady(seed as u64, colour), 80_000);
            for (found, told) in reflections(&samples, colour.len()).iter().zip(*colour) {
                assert!((found - f64::from(*told)).abs() < 0.02, "{colour:?}: {found} for {told}");
            }
        }
    }

    #[test]
    fn without_a_colour_it_is_white() {
        let samples = heard(&mut steady(7, &[]), 80_000);
        assert!(reflections(&samples, 12).iter().all(|reflection| reflection.abs() < 0.02));
        assert!(samples.iter().all(|sample| sample.abs() <= 0.1 * SQRT_3));
    }

    #[test]
    fn a_colour_taken_back_leaves_it_white() {
        let mut noise = steady(8, &[-0.9, 0.5]);
        noise.set_colour(&[]);
        heard(&mut noise, 1_000);
        assert!(reflections(&heard(&mut noise, 80_000), 4).iter().all(|reflection| reflection.abs() < 0.02));
    }

    #[test]
    fn a_new_level_is_reached_on_a_ramp_and_zero_is_silence() {
        let mut noise = Noise::new(SampleRate::HZ_8000, 1);
        assert!(noise.is_silent());
        assert_eq!(heard(&mut noise, 10), [0.0; 10]);
        noise.set_level(Level::UNITY);
        let rise = heard(&mut noise, 160);
        // Half a cosine of 160 frames.
        let reached =
            |frame: usize| (core::f32::consts::FRAC_PI_2 * (frame + 1) as f32 / 160.0).sin().powi(2);
        assert!(
            rise.iter().enumerate().all(|(frame, sample)| sample.abs() <= SQRT_3 * reached(frame) + 1e-6)
        );
        assert!(rms(&rise[120..]) > 0.7);
        noise.set_level(Level::MUTE);
        assert!(rms(&heard(&mut noise, 40)) > 0.7);
        heard(&mut noise, 120);
        assert!(noise.is_silent());
        assert_eq!(heard(&mut noise, 10), [0.0; 10]);
    }

    #[test]
    fn a_new_colour_does_not_move_the_level_on_its_way() {
        let mut before = 0.0;
        let mut during = 0.0;
        for seed in 0..500 {
            let mut noise = steady(seed, COLOURS[3]);
            before += correlation(&heard(&mut noise, 160), 0);
            noise.set_colour(COLOURS[4]);
            during += correlation(&heard(&mut noise, 160), 0);
        }
        let change = db((during / before).sqrt());
        assert!(change.abs() < 1.0, "{change:.2} dB");
    }

    #[test]
    fn a_seed_gives_the_same_noise_again_and_its_neighbour_another() {
        let [one, again, other] = [3, 3, 4].map(|seed| heard(&mut steady(seed, &[]), 1_000));
        assert_eq!(one, again);
        let likeness = one.iter().zip(&other).map(|(a, b)| a * b).sum::<f32>() / 10.0;
        assert!(likeness.abs() < 0.1, "{likeness}");
    }

    #[test]
    fn any_cut_gives_the_same_samples() {
        let start = || {
            let mut noise = steady(5, COLOURS[2]);
            noise.set_colour(COLOURS[4]);
            noise.set_level(Level::from_gain(0.5));
            noise
        };
        let whole = heard(&mut start(), 1_000);
        for seed in 0..20 {
            let (mut noise, mut pieces) = (start(), Vec::new());
            in_pieces(&whole, seed, |piece| pieces.extend(heard(&mut noise, piece.len())));
            assert_eq!(pieces, whole);
        }
    }

    proptest! {
        #[test]
        fn it_is_finite_whatever_it_is_told(
            changes in vec((any::<f32>(), vec(any::<f32>(), 0..20), 0..400_usize), 1..10),
        ) {
            let mut noise = Noise::new(SampleRate::HZ_16000, 9);
            for (gain, colour, frames) in changes {
                noise.set_level(Level::from_gain(gain));
                noise.set_colour(&colour);
                prop_assert!(heard(&mut noise, frames).iter().all(|sample| sample.is_finite()));
            }
        }
    }

    const COLOURS: [&[f32]; 5] = [
        &[],
        &[-0.9],
        &[0.6, 0.0, -0.5],
        &[-0.95, 0.8, -0.3],
        &[0.5, -0.5, 0.4, -0.4, 0.3, -0.3, 0.2, -0.2, 0.1, -0.1, 0.1, -0.6],
    ];
}
