//! A chime as samples: built in, or the beginning of a file.
//!
//! Memory, at most: a file of two minutes is 23 MB while it is read and 12 MB while it is brought to 48 kHz; 12 MB of it stay.

use crate::dsp::{self, Chime, to_i16};
use crate::files::{self, ClipError};
use crate::mix::{Part, Recital};
use crate::units::Level;
use core::time::Duration;
use std::path::Path;
use std::sync::Arc;

/// A chime at [`Chime::RATE`]. It is shared, not copied.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Made(Arc<[i16]>);

impl Made {
    /// One that needs no file; what is longer than `longest` fades out before that.
    pub(super) fn built_in(chime: Chime, longest: Duration) -> Self {
        Self::cut(chime.sound(), longest)
    }

    /// The beginning of a file. It ends early when `is_wanted` says no.
    pub(super) fn read(
        path: &Path,
        longest: Duration,
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<Self, ClipError> {
        // A little more, so that what is cut is known to be.
        let clip = files::decode_beginning(path, longest + CUT_FADE, is_wanted)?;
        let too_odd =
            |_| ClipError::NotSound { path: path.to_owned(), reason: "its sample rate is out of reach" };
        let samples = dsp::converted(&clip.samples, clip.rate, Chime::RATE).map_err(too_odd)?;
        let samples: Vec<_> = samples.take_while(|_| is_wanted()).map(to_i16).collect();
        drop(clip);
        Ok(Self::cut(samples, longest))
    }

    fn cut(mut samples: Vec<i16>, longest: Duration) -> Self {
        let limit = Chime::RATE.frames_in(longest);
        if samples.len() > limit {
            samples.truncate(limit);
            fade_out(&mut samples);
        }
        Self(Arc::from(samples))
    }

    /// How long it sounds.
    pub(super) fn length(&self) -> Duration {
        Chime::RATE.span_of(self.0.len() as u64)
    }

    /// As the mixer takes it.
    pub(super) fn recital(&self, level: Level) -> Recital {
        Recital { rate: Chime::RATE, parts: vec![Part::Clip(Arc::clone(&self.0))], level, fade: FADE }
    }
}

/// The end of what was cut, so that nobody hears that it was.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "some thousand frames of 16 bits"
)]
fn fade_out(samples: &mut [i16]) {
    let count = samples.len().min(Chime::RATE.frames_in(CUT_FADE));
    let begin = samples.len() - count;
    for (number, sample) in samples[begin..].iter_mut().enumerate() {
        *sample = (f32::from(*sample) * (1.0 - number as f32 / count as f32)) as i16;
    }
}

/// A chime that nobody waits for is gone so soon.
const FADE: Duration = Duration::from_millis(50);
/// The end of one that was cut.
const CUT_FADE: Duration = Duration::from_millis(100);
