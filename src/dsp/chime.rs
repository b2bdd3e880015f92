//! Chimes made by arithmetic: a box without a single file sounds one, at once and always the same.
//!
//! ```text
//! gong       ▂█▇▆▅▄▃▃▂▂▁▁          one stroke, D5
//! three-tone ▂█▆▅█▆▅█▆▅▄▃▃▂▁       G5, E5, C5, half a second apart, each dying away under the next
//! attention  ▅▅▅▅ ▅▅▅▅ ▅▅▅▅        three glides from 500 to 1500 Hz
//! ```
//! A stroke is a few partials that rise together within [`RISE`] and die away, the higher the sooner; its end is faded out.
//! What is strong lies between 300 and 3000 Hz, which horns and telephones carry. Samples are mono, at [`Chime::RATE`], with a
//! peak of -3 dBFS for strokes and -6 dBFS for the glides, which are as loud as that all the time.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a chime has some hundred thousand frames, and its samples are scaled to 16 bits"
)]

use crate::units::SampleRate;
use core::f64::consts::{PI, TAU};

/// A chime that needs no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chime {
    /// One stroke.
    Gong,
    /// Three strokes, falling.
    ThreeTone,
    /// A tone that rises three times.
    Attention,
}

impl Chime {
    /// Samples per second of every chime.
    pub const RATE: SampleRate = SampleRate::HZ_48000;

    /// All of it, full scale ±32768. A small computer takes some milliseconds for it.
    #[must_use]
    pub fn sound(self) -> Vec<i16> {
        match self {
            Self::Gong => scaled(&struck(&[587.33], 2.0), STROKE_PEAK),
            Self::ThreeTone => scaled(&struck(&[783.99, 659.26, 523.25], 2.6), STROKE_PEAK),
            Self::Attention => scaled(&glides(), GLIDE_PEAK),
        }
    }
}

/// Strokes at these frequencies, [`APART`] one after the other, of so many seconds in all.
fn struck(notes_hz: &[f64], seconds: f64) -> Vec<f64> {
    let mut sound = vec![0.0; frames(seconds)];
    for (number, &hz) in notes_hz.iter().enumerate() {
        let begin = frames(APART * number as f64);
        for partial in PARTIALS {
            partial.add_to(&mut sound[begin..], hz);
        }
    }
    let end = sound.len() - frames(FADE);
    for (sample, falling) in sound[end..].iter_mut().zip(quarter(FADE).rev()) {
        *sample *= falling;
    }
    sound
}

/// A part of a stroke.
struct Partial {
    /// Against the frequency of the note.
    ratio: f64,
    /// Against the other partials.
    strength: f64,
    /// Seconds until a share of 1/e is left.
    lasts: f64,
}

impl Partial {
    /// A point that turns on a spiral; its height is the sound.
    fn add_to(&self, sound: &mut [f64], note_hz: f64) {
        let rate = f64::from(Chime::RATE.hz());
        let (turn_sin, turn_cos) = (TAU * note_hz * self.ratio / rate).sin_cos();
        let less = (-1.0 / (self.lasts * rate)).exp();
        let (mut x, mut y) = (self.strength, 0.0);
        let rising = quarter(RISE).chain(core::iter::repeat(1.0));
        for (sample, rise) in sound.iter_mut().zip(rising) {
            *sample += y * rise;
            (x, y) = (less * (x * turn_cos - y * turn_sin), less * (x * turn_sin + y * turn_cos));
        }
    }
}

/// Three tones that rise, each alike.
fn glides() -> Vec<f64> {
    let mut glide: Vec<f64> = (0..frames(GLIDE)).map(|frame| glide_at(seconds(frame))).collect();
    let edge = frames(GLIDE_EDGE);
    let end = glide.len() - edge;
    for (frame, gain) in quarter(GLIDE_EDGE).enumerate() {
        glide[frame] *= gain;
        glide[end + edge - 1 - frame] *= gain;
    }
    let pause = vec![0.0; frames(BETWEEN_GLIDES)];
    [&glide, &pause, &glide, &pause, &glide].into_iter().flatten().copied().collect()
}

/// The frequency grows by the same factor in the same time; the second harmonic is what small loudspeakers are heard by.
fn glide_at(at: f64) -> f64 {
    let growth = (GLIDE_TO_HZ / GLIDE_FROM_HZ).ln() / GLIDE;
    let phase = TAU * GLIDE_FROM_HZ * ((growth * at).exp() - 1.0) / growth;
    phase.sin() + 0.25 * (2.0 * phase).sin()
}

/// From silence to all along half a cosine, over a time.
fn quarter(span: f64) -> impl DoubleEndedIterator<Item = f64> {
    let count = frames(span);
    (0..count).map(move |frame| 0.5 - 0.5 * (PI * (frame as f64 + 0.5) / count as f64).cos())
}

/// With a peak of `peak`, in 16 bits.
fn scaled(sound: &[f64], peak: f64) -> Vec<i16> {
    let loudest = sound.iter().fold(f64::MIN_POSITIVE, |loudest, sample| sample.abs().max(loudest));
    sound.iter().map(|sample| (sample / loudest * peak * 32_768.0).round() as i16).collect()
}

fn frames(seconds: f64) -> usize {
    (seconds * f64::from(Chime::RATE.hz())).round() as usize
}

fn seconds(frames: usize) -> f64 {
    frames as f64 / f64::from(Chime::RATE.hz())
}

/// Of a metal bar above a resonator, more or less.
const PARTIALS: [Partial; 4] = [
    Partial { ratio: 1.0, strength: 1.0, lasts: 0.45 },
    Partial { ratio: 2.0, strength: 0.4, lasts: 0.30 },
    Partial { ratio: 3.0, strength: 0.15, lasts: 0.18 },
    Partial { ratio: 4.0, strength: 0.2, lasts: 0.10 },
];
/// How long a stroke takes to be as loud as it gets, in seconds, like all that follows.
const RISE: f64 = 0.003;
/// From one stroke to the next.
const APART: f64 = 0.5;
/// The end of a stroke.
const FADE: f64 = 0.2;
/// -3 dBFS.
const STROKE_PEAK: f64 = 0.707_945_784;
const GLIDE: f64 = 0.8;
const GLIDE_EDGE: f64 = 0.02;
const BETWEEN_GLIDES: f64 = 0.15;
const GLIDE_FROM_HZ: f64 = 500.0;
const GLIDE_TO_HZ: f64 = 1500.0;
/// -6 dBFS.
const GLIDE_PEAK: f64 = 0.501_187_234;

#[cfg(test)]
mod tests {
    use super::super::probe::{amplitude, db};
    use super::*;

    const ALL: [Chime; 3] = [Chime::Gong, Chime::ThreeTone, Chime::Attention];

    /// The sound from one time to another, as the rest of this module has it.
    fn part(chime: Chime, from: f64, to: f64) -> Vec<f32> {
        chime.sound()[frames(from)..frames(to)].iter().map(|&sample| f32::from(sample) / 32_768.0).collect()
    }

    fn level(samples: &[f32]) -> f64 {
        let power: f64 = samples.iter().map(|&sample| f64::from(sample).powi(2)).sum();
        db((power / samples.len() as f64).sqrt())
    }

    #[test]
    fn every_chime_has_its_length_and_its_peak() {
        for (chime, length, peak_db) in
            [(Chime::Gong, 2.0, -3.0), (Chime::ThreeTone, 2.6, -3.0), (Chime::Attention, 2.7, -6.0)]
        {
            let sound = chime.sound();
            assert_eq!(sound.len(), frames(length), "{chime:?}");
            let peak = sound.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
            assert!((db(f64::from(peak) / 32_768.0) - peak_db).abs() < 0.1, "{chime:?}: {peak}");
        }
    }

    #[test]
    fn no_chime_clicks_and_none_holds_the_membrane_off_its_middle() {
        for chime in ALL {
            let sound = chime.sound();
            assert!(sound[0].abs() < 10 && sound[sound.len() - 1].abs() < 10, "{chime:?}");
            let steepest = sound.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max();
            // The fourth partial of the highest note, at full scale, would step by 12 000.
            assert!(steepest.unwrap() < 9_000, "{chime:?}: {steepest:?}");
            let mean = sound.iter().map(|&sample| f64::from(sample)).sum::<f64>() / sound.len() as f64;
            assert!(mean.abs() < 20.0, "{chime:?}: {mean}");
        }
    }

    #[test]
    fn a_stroke_is_there_at_once_and_dies_away() {
        let begin = level(&part(Chime::Gong, 0.0, 0.05));
        assert!(begin > -14.0, "{begin}");
        assert!(level(&part(Chime::Gong, 1.0, 1.05)) < begin - 15.0);
        assert!(level(&part(Chime::Gong, 1.95, 2.0)) < begin - 40.0);
    }

    #[test]
    fn the_three_tones_fall_one_after_the_other() {
        let notes = [783.99, 659.26, 523.25];
        for (number, begin) in [0.0, 0.5, 1.0].into_iter().enumerate() {
            let heard = part(Chime::ThreeTone, begin + 0.1, begin + 0.3);
            let strongest = notes.map(|hz| amplitude(&heard, hz, Chime::RATE.hz()));
            let louder = strongest.iter().all(|&other| other <= strongest[number]);
            assert!(louder, "{begin}: {strongest:?}");
        }
    }

    #[test]
    fn attention_rises_three_times_with_silence_between() {
        let crossings = |from: f64| {
            let heard = part(Chime::Attention, from, from + 0.05);
            heard.windows(2).filter(|pair| pair[0] <= 0.0 && pair[1] > 0.0).count()
        };
        for begin in [0.0, 0.95, 1.9] {
            let (low, high) = (crossings(begin + 0.05), crossings(begin + 0.7));
            assert!((24..32).contains(&low) && (58..78).contains(&high), "{begin}: {low}, {high}");
            assert!(level(&part(Chime::Attention, begin + 0.1, begin + 0.7)) > -10.0);
        }
        assert!(part(Chime::Attention, 0.81, 0.94).iter().all(|&sample| sample == 0.0));
    }
}
