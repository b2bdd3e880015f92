//! How much of each of the eight tones is in 10 ms of sound.
//!
//! Eight Goertzel filters run side by side over a Hann window: its side lobes are 31 dB down where the other group of
//! tones begins. Their outputs are complex, since how their phase goes on from one window to the next, 5 ms later, says
//! how far off a tone is, more exactly than any window of this length could.

use super::span::LONGEST_HOP;
use core::f64::consts::TAU;
use core::ops::Range;

/// The filters.
#[derive(Clone, Debug)]
pub(super) struct Bank {
    hop: usize,
    window: [f32; 2 * LONGEST_HOP],
    /// Makes the power of a tone what it adds to the power of everything.
    scale: f32,
    /// `2 cos w` of each filter.
    feedback: [f32; TONES],
    /// `(cos w, sin w)` of each filter.
    turn: [Complex; TONES],
    /// How far the phase of each filter's own tone goes on within a hop, taken back.
    back: [Complex; TONES],
}

impl Bank {
    /// Filters for a rate of at most 16 kHz.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "filters have 32 bits; a hop is short"
    )]
    pub(super) fn new(rate_hz: u32) -> Self {
        let hop = (rate_hz as usize / usize::from(HOPS_PER_SECOND)).clamp(1, LONGEST_HOP);
        let mut window = [0.0; 2 * LONGEST_HOP];
        for (index, weight) in window[..2 * hop].iter_mut().enumerate() {
            // The mean of the squares of a Hann window is 3/8.
            let hann = 0.5 - 0.5 * (TAU * (index as f64 + 0.5) / (2 * hop) as f64).cos();
            *weight = (hann / (0.375 * (2 * hop) as f64).sqrt()) as f32;
        }
        let angle = |tone: usize| TAU * f64::from(TONES_HZ[tone]) / f64::from(rate_hz);
        let complex = |angle: f64| Complex { re: angle.cos() as f32, im: angle.sin() as f32 };
        let area: f32 = window.iter().sum();
        Self {
            hop,
            window,
            scale: core::f32::consts::SQRT_2 / area,
            feedback: core::array::from_fn(|tone| (2.0 * angle(tone).cos()) as f32),
            turn: core::array::from_fn(|tone| complex(angle(tone))),
            back: core::array::from_fn(|tone| complex(-angle(tone) * hop as f64)),
        }
    }

    /// Samples from one window to the next; a window is two hops.
    pub(super) fn hop(&self) -> usize {
        self.hop
    }

    /// The frequency of a tone.
    pub(super) fn tone_hz(tone: usize) -> f32 {
        TONES_HZ[tone].into()
    }

    /// Listens to a window.
    pub(super) fn listen(&self, samples: &[f32]) -> Spectrum {
        let (mut newer, mut older) = ([0.0_f32; TONES], [0.0_f32; TONES]);
        let mut power = 0.0;
        for (sample, weight) in samples.iter().zip(&self.window[..2 * self.hop]) {
            let sample = sample * weight;
            power += sample * sample;
            for ((newer, older), feedback) in newer.iter_mut().zip(&mut older).zip(&self.feedback) {
                let next = sample + feedback * *newer - *older;
                *older = *newer;
                *newer = next;
            }
        }
        let tone = |tone: usize| Complex {
            re: self.scale * (newer[tone] - self.turn[tone].re * older[tone]),
            im: self.scale * self.turn[tone].im * older[tone],
        };
        Spectrum { power, tones: core::array::from_fn(tone) }
    }

    /// How far off a tone is, as a part of its frequency, by how its phase went on from one window to the next.
    pub(super) fn offset(&self, tone: usize, before: &Spectrum, after: &Spectrum) -> f32 {
        let progress = after.tones[tone].times(before.tones[tone].conjugate()).times(self.back[tone]);
        let hz = progress.im.atan2(progress.re) * f32::from(HOPS_PER_SECOND) / core::f32::consts::TAU;
        hz / f32::from(TONES_HZ[tone])
    }

    /// What the power of a tone must be multiplied with since it is off, up to what may be off at all: near its middle, a
    /// Hann window falls off as a parabola.
    pub(super) fn whole(tone: usize, offset: f32) -> f32 {
        let windows_per_second = f32::from(HOPS_PER_SECOND) / 2.0;
        let bins = offset.clamp(-WHOLE_UP_TO, WHOLE_UP_TO) * f32::from(TONES_HZ[tone]) / windows_per_second;
        1.0 + 1.3 * bins * bins
    }
}

/// What a [`Bank`] hears in a window.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spectrum {
    /// The power of everything: 1/2 for a full sine.
    pub(super) power: f32,
    tones: [Complex; TONES],
}

impl Spectrum {
    /// The power of one tone.
    pub(super) fn power_of(&self, tone: usize) -> f32 {
        self.tones[tone].power()
    }

    /// The loudest of some tones.
    pub(super) fn loudest(&self, tones: Range<usize>) -> usize {
        let first = tones.start;
        tones.fold(first, |best, tone| if self.power_of(tone) > self.power_of(best) { tone } else { best })
    }
}

/// A complex number.
#[derive(Clone, Copy, Debug, Default)]
struct Complex {
    re: f32,
    im: f32,
}

impl Complex {
    fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    fn conjugate(self) -> Self {
        Self { re: self.re, im: -self.im }
    }

    fn times(self, other: Self) -> Self {
        Self { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }
}

/// The rows of keys, then their columns.
pub(super) const TONES: usize = 8;
/// ITU-T Q.23.
pub(super) const TONES_HZ: [u16; TONES] = [697, 770, 852, 941, 1209, 1336, 1477, 1633];
const HOPS_PER_SECOND: u16 = 200;
const WHOLE_UP_TO: f32 = 0.025;
