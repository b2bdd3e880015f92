//! What a caller hears of his keys: short tones that are told apart by whether they rise or fall.
//!
//! ```text
//! enter your PIN  ▄▄ ▄▄ ▄▄     three alike
//! the menu        ▂▂▅▅         rising, short
//! done            ▂▂▅▅██       rising, three
//! cancelled       ██▂▂██▂▂     up and down
//! no              ██▅▅▂▂▂▂     falling, low
//! ```

use super::playback::sine;
use crate::mix::{Part, Recital};
use crate::units::{Level, SampleRate};
use core::time::Duration;

/// What he is told by tones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prompt {
    /// He is to enter his PIN.
    Pin,
    /// He may dial, or wait.
    Menu,
    /// It is done.
    Done,
    /// It is over: what was on is off.
    Cancelled,
    /// It is not: no such number, a wrong PIN, something that cannot be played.
    No,
}

impl Prompt {
    /// As it is said to a caller.
    pub(super) fn recital(self) -> Recital {
        let parts = self.notes().iter().map(|&(hz, millis)| {
            let length = Duration::from_millis(millis);
            match hz {
                0 => Part::Pause(length),
                hz => Part::Clip(sine(f64::from(hz), length, RATE)),
            }
        });
        Recital { rate: RATE, parts: parts.collect(), level: Level::UNITY, fade: FADE }
    }

    /// Frequencies, none for a pause, and milliseconds.
    const fn notes(self) -> &'static [(u32, u64)] {
        match self {
            Self::Pin => &[(740, 120), (0, 80), (740, 120), (0, 80), (740, 120)],
            Self::Menu => &[(587, 100), (880, 150)],
            Self::Done => &[(587, 80), (740, 80), (880, 160)],
            Self::Cancelled => &[(880, 100), (587, 100), (880, 100), (587, 160)],
            Self::No => &[(440, 200), (330, 200), (247, 300)],
        }
    }
}

/// That of telephones, and more.
const RATE: SampleRate = SampleRate::HZ_16000;
const FADE: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prompt_is_over_before_a_key_can_be_found() {
        for prompt in [Prompt::Pin, Prompt::Menu, Prompt::Done, Prompt::Cancelled, Prompt::No] {
            let recital = prompt.recital();
            let length = |part: &Part| match part {
                Part::Clip(samples) | Part::More(samples) => samples.len() / 16,
                Part::Pause(span) => usize::try_from(span.as_millis()).unwrap(),
            };
            let length: usize = recital.parts.iter().map(length).sum();
            assert!((200..=750).contains(&length), "{prompt:?}: {length} ms");
        }
    }

    #[test]
    fn no_prompt_is_a_key() {
        // Tones of keys come in pairs, one below 950 Hz and one above 1200 Hz (ITU-T Q.23).
        for prompt in [Prompt::Pin, Prompt::Menu, Prompt::Done, Prompt::Cancelled, Prompt::No] {
            assert!(prompt.notes().iter().all(|&(hz, _)| hz < 950));
        }
    }
}
