//! A piece of sound in memory, and why there is none.

use core::fmt;
use core::time::Duration;
use std::io;
use std::path::PathBuf;

use crate::units::SampleRate;

/// Sound of one channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// Samples per second.
    pub rate: SampleRate,
    /// The samples, full scale ±1.0.
    pub samples: Vec<f32>,
}

impl Clip {
    /// How long it sounds.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.rate.span_of(self.samples.len() as u64)
    }
}

/// Why a file is no [`Clip`]. Each says the path and what to do about it.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClipError {
    /// The file cannot be opened or read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is of a kind that this program does not know, or broken.
    NotSound {
        /// The file.
        path: PathBuf,
        /// What was wrong with it.
        reason: &'static str,
    },
    /// The file has a header and no samples.
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file lasts longer than can be held in memory.
    TooLong {
        /// The file.
        path: PathBuf,
        /// How long it may be.
        limit: Duration,
    },
}

impl fmt::Display for ClipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, source } => write!(f, "{}: {source}", path.display()),
            Self::NotSound { path, reason } => {
                write!(f, "{}: expected a WAV, MP3, Ogg Vorbis or FLAC file: {reason}", path.display())
            }
            Self::Empty { path } => write!(f, "{}: expected sound, found no samples", path.display()),
            Self::TooLong { path, limit } => {
                write!(f, "{}: expected at most {} minutes of sound", path.display(), limit.as_secs() / 60)
            }
        }
    }
}

impl std::error::Error for ClipError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { source, .. } => Some(source),
            _ => None,
        }
    }
}
