//! What a payload type means to those who bring packets into time.

use super::chunk::Content;
use crate::units::SampleRate;

/// A payload type that was agreed on, and what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadFormat {
    /// The payload type; 0 to 127.
    pub payload_type: u8,
    /// What it carries.
    pub kind: Kind,
}

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Speech of a codec whose bytes are ticks.
    Speech {
        /// The clock of its timestamps.
        clock: SampleRate,
        /// Bytes that last a tick; at least 1.
        bytes_per_tick: u8,
    },
    /// What silence sounds like (RFC 3389). Its timestamps are by the clock of the speech it stands between.
    ComfortNoise,
    /// A key that is pressed (RFC 4733). Its timestamps are by the clock of the speech it comes with.
    TelephoneEvent,
}

impl Kind {
    /// The clock of its timestamps, if it is its own.
    pub(super) fn clock(self) -> Option<SampleRate> {
        match self {
            Self::Speech { clock, .. } => Some(clock),
            Self::ComfortNoise | Self::TelephoneEvent => None,
        }
    }

    /// The same of a piece of a packet.
    pub(super) fn content(self) -> Content {
        match self {
            Self::Speech { bytes_per_tick, .. } => Content::Speech { bytes_per_tick },
            Self::ComfortNoise => Content::ComfortNoise,
            Self::TelephoneEvent => Content::TelephoneEvent,
        }
    }
}
