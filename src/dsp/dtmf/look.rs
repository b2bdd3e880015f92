//! A second look at what seems to be a key: 25 ms at once.
//!
//! So long a window tells apart what 10 ms cannot: harmonics of a voice beside the tones, and a dial tone from the pitch
//! of a voice. It costs as much as 50 ms of the first look, but hardly anything is worth it.

use core::f32::consts::TAU;

/// Sound under a Hann window.
pub(super) struct Look<'a> {
    heard: &'a [f32],
    /// Without what lies below the tones of keys.
    filtered: &'a [f32],
    rate_hz: u32,
}

impl<'a> Look<'a> {
    pub(super) fn new(heard: &'a [f32], filtered: &'a [f32], rate_hz: u32) -> Self {
        Self { heard, filtered, rate_hz }
    }

    /// Whether there is nothing but these tones, and perhaps a dial tone.
    pub(super) fn is_only(&self, tones_hz: [f32; 2]) -> bool {
        let above = power(self.filtered);
        let pair: f32 = tones_hz.iter().map(|&hz| power_at(self.filtered, hz, self.rate_hz)).sum();
        let [low, one, other, high] = DIAL_TONES_HZ.map(|hz| power_at(self.heard, hz, self.rate_hz));
        let dial_tone = one.max(other).max(low + high);
        let below = power(self.heard) - above - dial_tone;
        pair > PUREST * above && below < BELOW * (pair + dial_tone)
    }
}

/// The power of everything.
fn power(samples: &[f32]) -> f32 {
    let (sum, area) = weighted(samples)
        .fold((0.0, 0.0), |(sum, area), (sample, weight)| (sum + sample * sample, area + weight * weight));
    sum / area
}

/// The power of a tone, by a Goertzel filter.
fn power_at(samples: &[f32], hz: f32, rate_hz: u32) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "rates are small")]
    let feedback = 2.0 * (TAU * hz / rate_hz as f32).cos();
    let (mut newer, mut older, mut area) = (0.0, 0.0, 0.0);
    for (sample, weight) in weighted(samples) {
        (newer, older) = (sample + feedback * newer - older, newer);
        area += weight;
    }
    2.0 * (newer * newer + older * older - feedback * newer * older) / (area * area)
}

/// The samples under the window, and the window.
#[expect(clippy::cast_precision_loss, reason = "25 ms are few samples")]
fn weighted(samples: &[f32]) -> impl Iterator<Item = (f32, f32)> {
    let turn = TAU / samples.len() as f32;
    let weight = move |index: usize| 0.5 - 0.5 * (turn * (index as f32 + 0.5)).cos();
    samples.iter().enumerate().map(move |(index, &sample)| (sample * weight(index), weight(index)))
}

/// North America has the outer two together, most of the world one of the inner two or one near by.
const DIAL_TONES_HZ: [f32; 4] = [350.0, 400.0, 425.0, 440.0];
/// Which part of all power the tones are: noise 15 dB below a pair leaves 0.95.
const PUREST: f32 = 0.93;
/// How much power there may be below the tones, as a part of theirs.
const BELOW: f32 = 0.12;
