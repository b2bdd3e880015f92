//! From words to sound: what is to be said, as a voice of the mixer says it.

use crate::codec::Codec;
use crate::dsp::to_i16;
use crate::mix::{Part, Recital};
use crate::speech::{Bank, Script, Step};
use crate::units::{Level, SampleRate};
use core::time::Duration;
use std::sync::Arc;

/// All of `script`, at `level`. Half a second of speech takes a small computer some milliseconds to decode.
pub(super) fn recital(script: &Script, level: Level) -> Recital {
    let bank = Bank::english();
    let parts = script.steps().iter().map(|&step| part(&bank, step)).collect();
    Recital { rate: SampleRate::HZ_16000, parts, level, fade: FADE }
}

fn part(bank: &Bank<'_>, step: Step) -> Part {
    match step {
        Step::Say(word) => Part::Clip(decode(bank.clip(word))),
        pause => Part::Pause(pause.pause()),
    }
}

fn decode(clip: &[u8]) -> Arc<[i16]> {
    let mut samples = vec![0.0; clip.len() * Codec::G722.samples_per_tick()];
    let decoded = Codec::G722.decoder().decode(clip, &mut samples);
    samples[..decoded].iter().copied().map(to_i16).collect()
}

/// What is cut off by a call is gone before its first packet is heard, and does not click.
const FADE: Duration = Duration::from_millis(30);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::Word;

    /// The frames of 20 ms of a word, as power.
    fn powers(word: Word) -> Vec<f32> {
        let samples = decode(Bank::english().clip(word));
        let power = |frame: &[i16]| {
            frame.iter().map(|&sample| (f32::from(sample) / 32_768.0).powi(2)).sum::<f32>() / 320.0
        };
        samples.chunks_exact(320).map(power).collect()
    }

    fn db(power: f32) -> f32 {
        10.0 * power.max(1e-12).log10()
    }

    #[test]
    fn every_word_is_as_loud_as_the_others() {
        for word in Word::all() {
            let powers = powers(word);
            let loudest = powers.iter().copied().fold(0.0, f32::max);
            let active: Vec<f32> = powers.into_iter().filter(|&power| power > loudest * 0.025).collect();
            #[expect(clippy::cast_precision_loss, reason = "some hundred frames")]
            let level = db(active.iter().sum::<f32>() / active.len() as f32);
            assert!((level + 20.0).abs() < 1.0, "{word}: {level} dBFS");
        }
    }

    #[test]
    fn no_word_is_cut_off_clips_or_begins_with_silence() {
        for word in Word::all() {
            let samples = decode(Bank::english().clip(word));
            let peak = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
            assert!((6_000..29_000).contains(&peak), "{word}: {peak}");
            let sounds = |sample: &i16| sample.unsigned_abs() > peak / 50;
            let first = samples.iter().position(sounds).unwrap();
            let last = samples.len() - 1 - samples.iter().rposition(sounds).unwrap();
            assert!(
                first < 16_000 / 10 && last < 16_000 / 5,
                "{word}: {first} and {last} samples of silence"
            );
            // A word that was cut would begin or end loudly; what mixing softens is 2.5 ms.
            for edge in [&samples[..40], &samples[samples.len() - 40..]] {
                let loudest = edge.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
                assert!(loudest < peak / 8, "{word}: {loudest} of {peak}");
            }
        }
    }

    #[test]
    fn a_script_becomes_clips_and_pauses() {
        let script = Script::of_status("192.168.1.20".parse().ok(), &[]);
        let recital = recital(&script, Level::UNITY);
        assert_eq!(recital.parts.len(), script.steps().len());
        let length = |part: &Part| match part {
            Part::Clip(samples) | Part::More(samples) => SampleRate::HZ_16000.span_of(samples.len() as u64),
            Part::Pause(span) => *span,
        };
        let length: Duration = recital.parts.iter().map(length).sum();
        assert!((8..20).contains(&length.as_secs()), "{length:?}");
    }
}
