//! How much of each of the eight tones is in 10 ms of sound.
//!
//! Eight bins of a Fourier transform, each at a tone, under a Hann window: its side lobes are 31 dB down where the other
//! group of tones begins. Both halves of the window are folded onto each other first, so that a bin costs a multiplication
//! per sample, no more than a Goertzel filter. How the phase of a bin goes on from one window to the next, 5 ms later, says
//! how far off a tone is, more exactly than any window of this length could.

use super::span::LONGEST_HOP;
use core::f64::consts::TAU;
use core::ops::Range;
use std::sync::LazyLock;

/// The bins.
#[derive(Clone, Debug)]
pub(super) struct Bank {
    hop: usize,
    /// The squares of the window, from its middle on.
    squares: [f32; LONGEST_HOP],
    /// Cosines and sines of each tone under the window, from its middle on.
    cosines: [[f32; LONGEST_HOP]; TONES],
    sines: [[f32; LONGEST_HOP]; TONES],
    /// How far the phase of each tone goes on within a hop, taken back.
    back: [Complex; TONES],
}

impl Bank {
    /// Bins for 8 kHz, or for 16 kHz and all that is more than 8.
    pub(super) fn at(rate_hz: u32) -> &'static Self {
        static NARROW: LazyLock<Bank> = LazyLock::new(|| Bank::new(8_000));
        static WIDE: LazyLock<Bank> = LazyLock::new(|| Bank::new(16_000));
        if rate_hz > 8_000 { &WIDE } else { &NARROW }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "bins have 32 bits; a hop is short"
    )]
    fn new(rate_hz: u32) -> Self {
        let hop = (rate_hz as usize / usize::from(HOPS_PER_SECOND)).clamp(1, LONGEST_HOP);
        let hann = |index: usize| match index {
            _ if index < hop => 0.5 + 0.5 * (TAU * (index as f64 + 0.5) / (2 * hop) as f64).cos(),
            _ => 0.0,
        };
        let angle = |tone: usize| TAU * f64::from(TONES_HZ[tone]) / f64::from(rate_hz);
        // The sum of a Hann window is half its length; the mean of its squares is 3/8.
        let scale = core::f64::consts::SQRT_2 / hop as f64;
        let bin = |tone: usize, turn: fn(f64) -> f64| {
            let at = move |index: usize| turn(angle(tone) * (index as f64 + 0.5));
            core::array::from_fn(|index| (scale * hann(index) * at(index)) as f32)
        };
        let complex = |angle: f64| Complex { re: angle.cos() as f32, im: angle.sin() as f32 };
        Self {
            hop,
            squares: core::array::from_fn(|index| (hann(index).powi(2) / (1.5 * hop as f64)) as f32),
            cosines: core::array::from_fn(|tone| bin(tone, f64::cos)),
            sines: core::array::from_fn(|tone| bin(tone, |angle| -angle.sin())),
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

    /// Listens to a window. Where the columns are next to nothing, the rows are not asked for.
    pub(super) fn listen(&self, window: &[f32]) -> Spectrum {
        let (older, newer) = window.split_at(self.hop.min(window.len()));
        let mut folded = Folded { even: [0.0; LONGEST_HOP], odd: [0.0; LONGEST_HOP] };
        let mut power = 0.0;
        let folds = folded.even.iter_mut().zip(&mut folded.odd).zip(&self.squares);
        for (((even, odd), square), (older, newer)) in folds.zip(older.iter().rev().zip(newer)) {
            *even = newer + older;
            *odd = newer - older;
            // Half of the sum of both squares, too.
            power += square * (*even * *even + *odd * *odd);
        }
        let mut tones = [Complex::default(); TONES];
        for tone in (0..TONES).rev() {
            if tone + 1 == COLUMNS_FROM && tones.iter().all(|column| column.power() < FAINT * power) {
                break;
            }
            tones[tone] = self.bin(tone, &folded);
        }
        Spectrum { power, tones }
    }

    fn bin(&self, tone: usize, folded: &Folded) -> Complex {
        Complex {
            re: self.product(&self.cosines[tone], &folded.even),
            im: self.product(&self.sines[tone], &folded.odd),
        }
    }

    /// The sum of the products within a hop; beyond it there are only zeros.
    fn product(&self, one: &[f32; LONGEST_HOP], other: &[f32; LONGEST_HOP]) -> f32 {
        let (one, other) = (one.as_chunks::<8>().0, other.as_chunks::<8>().0);
        let [mut s0, mut s1, mut s2, mut s3] = [0.0; 4];
        // Written out: a program that is optimised for size would count up to eight each time.
        for (a, b) in one[..self.hop.div_ceil(8)].iter().zip(other) {
            s0 += a[0] * b[0] + a[4] * b[4];
            s1 += a[1] * b[1] + a[5] * b[5];
            s2 += a[2] * b[2] + a[6] * b[6];
            s3 += a[3] * b[3] + a[7] * b[7];
        }
        s0 + s1 + s2 + s3
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

/// Both halves of a window on each other: their sums and their differences.
struct Folded {
    even: [f32; LONGEST_HOP],
    odd: [f32; LONGEST_HOP],
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
/// The first of the columns.
pub(super) const COLUMNS_FROM: usize = 4;
/// ITU-T Q.23.
pub(super) const TONES_HZ: [u16; TONES] = [697, 770, 852, 941, 1209, 1336, 1477, 1633];
const HOPS_PER_SECOND: u16 = 200;
/// A column with less of all power than that is none, however loud a row may be beside it.
const FAINT: f32 = 0.03;
const WHOLE_UP_TO: f32 = 0.025;
