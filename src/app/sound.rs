//! What a placed page says, ready to be encoded.

use super::arguments::Sound;
use super::call_error::CallError;
use crate::dsp::{Tone, convert};
use crate::files;
use crate::units::{Level, SampleRate};
use core::time::Duration;

/// All samples of `sound` at `rate`, one channel, full scale ±1.0.
///
/// # Errors
/// When the file cannot be read as sound.
pub(super) fn load(sound: &Sound, rate: SampleRate) -> Result<Vec<f32>, CallError> {
    match sound {
        Sound::Tone { hz, length } => Ok(tone(f64::from(*hz), *length, rate)),
        Sound::File(path) => {
            let clip = files::decode(path)?;
            Ok(convert(&clip.samples, clip.rate, rate)?)
        }
    }
}

/// A sine of [`TONE_LEVEL_DB`] that fades in and out without a click.
fn tone(hz: f64, length: Duration, rate: SampleRate) -> Vec<f32> {
    let mut tone = Tone::new(rate, hz, Level::from_db(TONE_LEVEL_DB));
    let mut samples = vec![0.0; frames(length, rate)];
    let fade_at = samples.len().saturating_sub(frames(FADE, rate));
    let (sounding, fading) = samples.split_at_mut(fade_at);
    tone.start();
    tone.fill(sounding);
    tone.stop();
    tone.fill(fading);
    samples
}

fn frames(length: Duration, rate: SampleRate) -> usize {
    let frames = length.as_micros() * u128::from(rate.hz()) / 1_000_000;
    usize::try_from(frames).unwrap_or(usize::MAX)
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
        let samples = load(&sound, SampleRate::HZ_8000).unwrap();
        assert_eq!(samples.len(), 4000);
        let peak = samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        assert!((peak - 0.316).abs() < 0.002, "{peak}");
        assert!(samples.last().is_some_and(|sample| sample.abs() < 1e-6));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = load(&Sound::File("no/such.wav".into()), SampleRate::HZ_8000).unwrap_err();
        assert!(error.to_string().contains("no/such.wav"), "{error}");
    }
}
