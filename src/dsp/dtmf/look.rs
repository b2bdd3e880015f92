//! A second look at what seems to be a key: 25 ms at once.
//!
//! So long a window tells apart what 10 ms cannot: harmonics of a voice beside the tones, and a dial tone from the pitch
//! of a voice.

use super::span::LONGEST;
use core::f32::consts::TAU;

/// Sound under a Hann window.
pub(super) struct Look {
    heard: Windowed,
    /// Without what lies below the tones of keys.
    filtered: Windowed,
    rate_hz: u32,
}

impl Look {
    /// Looks at as much of both as there is of the shorter, at most [`LONGEST`].
    pub(super) fn new(heard: &[f32], filtered: &[f32], rate_hz: u32) -> Self {
        let window = hann(heard.len().min(filtered.len()));
        Self { heard: Windowed::new(heard, &window), filtered: Windowed::new(filtered, &window), rate_hz }
    }

    /// Whether there is nothing but these tones, and perhaps a dial tone.
    pub(super) fn is_only(&self, tones_hz: [f32; 2]) -> bool {
        let above = self.filtered.power();
        let pair: f32 = tones_hz.iter().map(|&hz| self.filtered.power_at(hz, self.rate_hz)).sum();
        let [low, one, other, high] = DIAL_TONES_HZ.map(|hz| self.heard.power_at(hz, self.rate_hz));
        let dial_tone = one.max(other).max(low + high);
        let below = self.heard.power() - above - dial_tone;
        pair > PUREST * above && below < BELOW * (pair + dial_tone)
    }
}

/// Samples that were multiplied with a window.
struct Windowed(heapless::Vec<f32, LONGEST>);

impl Windowed {
    fn new(samples: &[f32], window: &[f32]) -> Self {
        Self(samples.iter().zip(window).map(|(sample, weight)| sample * weight).collect())
    }

    /// The power of everything: the mean of the squares of a Hann window is 3/8.
    fn power(&self) -> f32 {
        self.0.iter().map(|sample| sample * sample).sum::<f32>() / (0.375 * self.frames())
    }

    /// The power of a tone, by a Goertzel filter; the mean of a Hann window is a half.
    fn power_at(&self, hz: f32, rate_hz: u32) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "rates are small")]
        let feedback = 2.0 * (TAU * hz / rate_hz as f32).cos();
        let (newer, older) = self
            .0
            .iter()
            .fold((0.0, 0.0), |(newer, older), sample| (sample + feedback * newer - older, newer));
        let square = newer * newer + older * older - feedback * newer * older;
        8.0 * square / (self.frames() * self.frames())
    }

    #[expect(clippy::cast_precision_loss, reason = "25 ms are few frames")]
    fn frames(&self) -> f32 {
        self.0.len() as f32
    }
}

/// A Hann window, by a vector that turns.
fn hann(frames: usize) -> heapless::Vec<f32, LONGEST> {
    #[expect(clippy::cast_precision_loss, reason = "25 ms are few frames")]
    let turn = TAU / frames as f32;
    let ((step_sin, step_cos), mut now) = (turn.sin_cos(), (0.5 * turn).sin_cos());
    let weights = core::iter::repeat_with(|| {
        let (sin, cos) = now;
        now = (sin * step_cos + cos * step_sin, cos * step_cos - sin * step_sin);
        0.5 - 0.5 * cos
    });
    weights.take(frames.min(LONGEST)).collect()
}

/// North America has the outer two together, most of the world one of the inner two or one near by.
const DIAL_TONES_HZ: [f32; 4] = [350.0, 400.0, 425.0, 440.0];
/// Which part of all power the tones are: noise 15 dB below a pair leaves 0.95.
const PUREST: f32 = 0.93;
/// How much power there may be below the tones, as a part of theirs.
const BELOW: f32 = 0.12;
