//! What a placed page says, as samples of any rate.

use super::arguments::Sound;
use super::call_error::CallError;
use crate::dsp::{Tone, convert};
use crate::files::{self, Clip};
use crate::units::{Level, SampleRate};
use core::time::Duration;

/// A sound that has been read.
#[derive(Debug)]
pub(super) enum Source {
    /// From a file.
    Clip(Clip),
    /// To be made.
    Sine {
        /// Its frequency.
        hz: f64,
        /// How long it sounds.
        length: Duration,
    },
}

impl Source {
    /// Reads `sound`.
    ///
    /// # Errors
    /// When the file cannot be read as sound.
    pub(super) fn load(sound: &Sound) -> Result<Self, CallError> {
        Ok(match sound {
            Sound::Tone { hz, length } => Self::Sine { hz: f64::from(*hz), length: *length },
            Sound::File(path) => Self::Clip(files::decode(path)?),
        })
    }

    /// All samples at `rate`, one channel, full scale ±1.0.
    ///
    /// # Errors
    /// When the file has a rate that cannot be converted.
    pub(super) fn samples(&self, rate: SampleRate) -> Result<Vec<f32>, CallError> {
        match self {
            Self::Clip(clip) => Ok(convert(&clip.samples, clip.rate, rate)?),
            &Self::Sine { hz, length } => Ok(sine(hz, length, rate)),
        }
    }

    /// A long tone as one of two to three folds, each of `packets` of `ptime`, and how often its second fold is to be
    /// repeated. A fold is a whole number of periods: the frequency is moved by less than a tenth of a hertz to that end.
    pub(super) fn folded(&self, ptime: Duration, packets: usize) -> (Option<Self>, usize) {
        let &Self::Sine { hz, length } = self else { return (None, 0) };
        let packets = u32::try_from(packets).unwrap_or(u32::MAX);
        let fold = ptime * packets;
        let folds = u32::try_from(length.as_micros() / fold.as_micros().max(1)).unwrap_or(u32::MAX);
        let Some(repeated @ 1..) = folds.checked_sub(2) else { return (None, 0) };
        let hz = (hz * fold.as_secs_f64()).round() / fold.as_secs_f64();
        let length = length.saturating_sub(fold * repeated);
        (Some(Self::Sine { hz, length }), usize::try_from(repeated).unwrap_or_default())
    }
}

/// A sine of [`TONE_LEVEL_DB`] that fades in and out without a click.
fn sine(hz: f64, length: Duration, rate: SampleRate) -> Vec<f32> {
    let mut tone = Tone::new(rate, hz, Level::from_db(TONE_LEVEL_DB));
    let mut samples = vec![0.0; rate.frames_in(length)];
    let fade_at = samples.len().saturating_sub(rate.frames_in(FADE));
    let (sounding, fading) = samples.split_at_mut(fade_at);
    tone.start();
    tone.fill(sounding);
    tone.stop();
    tone.fill(fading);
    samples
}

/// Loud, and far from clipping.
const TONE_LEVEL_DB: f32 = -10.0;
/// Longer than a tone takes to fade out.
const FADE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_has_its_length_and_level_and_ends_in_silence() {
        let sound = Sound::Tone { hz: 440.0, length: Duration::from_millis(500) };
        for (rate, frames) in [(SampleRate::HZ_8000, 4000), (SampleRate::HZ_48000, 24_000)] {
            let samples = Source::load(&sound).unwrap().samples(rate).unwrap();
            assert_eq!(samples.len(), frames);
            let peak = samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
            assert!((peak - 0.316).abs() < 0.002, "{peak}");
            assert!(samples.last().is_some_and(|sample| sample.abs() < 1e-6));
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Source::load(&Sound::File("no/such.wav".into())).unwrap_err();
        assert!(error.to_string().contains("no/such.wav"), "{error}");
    }
}
