//! What a caller is told by tones, on his way back only.
//!
//! | when | what |
//! |---|---|
//! | he is heard from now on | one tone |
//! | nobody hears him for now | two long ones, falling |
//! | he waits for others | as many short ones as his place, in fives |
//! | his call ends soon | three high ones |
//!
//! Tones need no language, and are heard by who reads a text meanwhile.

use crate::dsp::Tone;
use crate::mix::{Part, Recital};
use crate::units::{Level, SampleRate};
use core::time::Duration;

/// He is heard from now on.
pub(super) fn talk() -> Recital {
    said(vec![tone(TALK_HZ, TALK)])
}

/// Nobody hears him, until he is told that he is heard.
pub(super) fn muted() -> Recital {
    said(MUTED_HZ.iter().map(|&hz| tone(hz, MUTED)).collect())
}

/// So many are heard before him, himself included.
pub(super) fn place(place: usize) -> Recital {
    let count = place.min(MOST_BEEPS);
    let beep = tone(PLACE_HZ, BEEP);
    let parts = (1..=count).flat_map(|number| {
        let pause = if number % IN_A_ROW == 0 { LONG_PAUSE } else { PAUSE };
        [beep.clone(), Part::Pause(pause)]
    });
    said(parts.collect())
}

/// His call ends in [`WARNING`](crate::paging::WARNING).
pub(super) fn ending() -> Recital {
    let beep = [tone(ENDING_HZ, BEEP), Part::Pause(PAUSE)];
    said(beep.iter().cycle().take(3 * beep.len()).cloned().collect())
}

fn said(parts: Vec<Part>) -> Recital {
    Recital { rate: RATE, parts, level: Level::UNITY, fade: FADE }
}

#[expect(clippy::cast_possible_truncation, reason = "a tone is far from full scale")]
fn tone(hz: f64, length: Duration) -> Part {
    let mut tone = Tone::new(RATE, hz, Level::from_gain(GAIN));
    let mut samples = vec![0.0; RATE.frames_in(length)];
    tone.start();
    tone.fill(&mut samples);
    Part::Clip(samples.iter().map(|sample| (sample * 32_768.0) as i16).collect())
}

const RATE: SampleRate = SampleRate::HZ_16000;
/// -18 dBFS: as loud as what is said, no louder.
const GAIN: f32 = 0.125;
/// What is cut off does not click.
const FADE: Duration = Duration::from_millis(20);
/// No harmonic of the others, nor of the tones of telephone systems (ITU-T E.180: 425 Hz, 1400 Hz).
const TALK_HZ: f64 = 1000.0;
const MUTED_HZ: [f64; 2] = [800.0, 520.0];
const PLACE_HZ: f64 = 660.0;
const ENDING_HZ: f64 = 1320.0;
/// Short enough to be over before the first word.
const TALK: Duration = Duration::from_millis(150);
const MUTED: Duration = Duration::from_millis(300);
const BEEP: Duration = Duration::from_millis(120);
const PAUSE: Duration = Duration::from_millis(180);
/// Beeps that are counted at a hearing, and the pause behind them.
const IN_A_ROW: usize = 5;
const LONG_PAUSE: Duration = Duration::from_millis(500);
/// Nobody counts further.
const MOST_BEEPS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn beeps(recital: &Recital) -> usize {
        recital.parts.iter().filter(|part| matches!(part, Part::Clip(_))).count()
    }

    #[test]
    fn a_place_is_as_many_beeps() {
        for count in [1, 2, 7, 20] {
            assert_eq!(beeps(&place(count)), count);
        }
        assert_eq!(beeps(&place(9_999)), MOST_BEEPS);
        assert!(place(10).length() < Duration::from_secs(4));
    }

    #[test]
    fn tones_are_no_louder_than_speech_and_short() {
        for recital in [talk(), muted(), place(3), ending()] {
            assert!(recital.length() < Duration::from_secs(1), "{:?}", recital.length());
            for part in &recital.parts {
                let Part::Clip(samples) = part else { continue };
                let peak = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
                assert!((4000..4100).contains(&peak), "{peak}");
            }
        }
        assert_eq!(beeps(&talk()), 1);
        assert_eq!(beeps(&ending()), 3);
    }
}
