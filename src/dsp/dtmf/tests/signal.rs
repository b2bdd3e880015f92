//! Sounds that are made for the tests.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "signals of a test are short"
)]

use super::super::super::probe::{Noise, sine};

/// How keys are sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialling {
    pub(super) rate_hz: u32,
    pub(super) on_ms: f64,
    pub(super) off_ms: f64,
    /// Of the pair, by its power; 0 is a full sine.
    pub(super) level_db: f64,
    /// How much louder the column is than the row.
    pub(super) twist_db: f64,
    /// How far off row and column are, as a part of their frequency.
    pub(super) off: [f64; 2],
}

/// As short as ITU-T Q.24 allows.
pub(super) const SHORT: Dialling =
    Dialling { rate_hz: 8000, on_ms: 40.0, off_ms: 40.0, level_db: -16.0, twist_db: 0.0, off: [0.0; 2] };

impl Dialling {
    /// A pause, then each key with a pause behind it.
    pub(super) fn dial(&self, keys: &str) -> Vec<f32> {
        let mut samples = vec![0.0; self.frames(self.off_ms)];
        for key in keys.chars() {
            samples.extend(self.key(key));
            samples.extend(vec![0.0; self.frames(self.off_ms)]);
        }
        samples
    }

    /// The tones of a key.
    pub(super) fn key(&self, key: char) -> Vec<f32> {
        let position = "123A456B789C*0#D".find(key).unwrap();
        let frames = self.frames(self.on_ms);
        let ratio = db_power(self.twist_db);
        let row_power = db_power(self.level_db) / (1.0 + ratio);
        let row = sine(frames, ROWS_HZ[position / 4] * (1.0 + self.off[0]), self.rate_hz);
        let column = sine(frames, COLUMNS_HZ[position % 4] * (1.0 + self.off[1]), self.rate_hz);
        mixed(&[(&row, row_power.sqrt()), (&column, (row_power * ratio).sqrt())])
    }

    pub(super) fn frames(&self, ms: f64) -> usize {
        (ms * f64::from(self.rate_hz) / 1000.0).round() as usize
    }
}

/// All of them together, each by its gain.
pub(super) fn mixed(parts: &[(&[f32], f64)]) -> Vec<f32> {
    let len = parts.iter().map(|(samples, _)| samples.len()).max().unwrap();
    let mut sum = vec![0.0; len];
    for (samples, gain) in parts {
        for (sum, sample) in sum.iter_mut().zip(*samples) {
            *sum += sample * *gain as f32;
        }
    }
    sum
}

/// White noise of a power; 0 is a full sine.
pub(super) fn noise(frames: usize, level_db: f64, seed: u64) -> Vec<f32> {
    // Of even numbers from -1 to 1 the mean square is a third, of a full sine a half.
    let gain = (1.5 * db_power(level_db)).sqrt() as f32;
    Noise::new(seed).samples(frames).iter().map(|sample| sample * gain).collect()
}

/// A decaying chord: each note has harmonics, each weaker than the one before.
pub(super) fn chord(notes: &[f64], seconds: f64) -> Vec<f32> {
    let frames = (8000.0 * seconds) as usize;
    let mut parts = Vec::new();
    for hz in notes {
        for harmonic in (1..=8).filter(|harmonic| hz * f64::from(*harmonic) < 3800.0) {
            parts.push((sine(frames, hz * f64::from(harmonic), 8000), 0.1 * 0.5_f64.powi(harmonic - 1)));
        }
    }
    let parts: Vec<_> = parts.iter().map(|(samples, gain)| (&samples[..], *gain)).collect();
    let decayed = mixed(&parts);
    decayed.iter().zip(0..).map(|(sample, frame)| sample * (-3.0 * frame as f32 / 8000.0).exp()).collect()
}

fn db_power(db: f64) -> f64 {
    10.0_f64.powf(db / 10.0)
}

const ROWS_HZ: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS_HZ: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
