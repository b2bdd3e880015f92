//! Why a call does not get the media that it wants, and how its caller is told.

use crate::net::BindError;
use crate::sdp;
use crate::sip::Warning;
use crate::sip::wire::StatusCode;
use core::fmt;

/// Why an offer or an answer cannot be taken.
#[derive(Debug)]
pub(in crate::app) enum Refused {
    /// It is no session description.
    Unreadable(sdp::ParseError),
    /// Nothing in it suits this box.
    Incompatible(sdp::Refusal),
    /// The box has no port left.
    NoPorts(BindError),
    /// An audio thread takes no more voices.
    NoVoice,
}

impl Refused {
    /// The final response that says it.
    pub(in crate::app) fn status(&self) -> StatusCode {
        match self {
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::Incompatible(_) => StatusCode::NOT_ACCEPTABLE_HERE,
            Self::NoPorts(_) | Self::NoVoice => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What the caller's people and machines are told of it.
    pub(in crate::app) fn warning(&self) -> Option<Warning> {
        match self {
            Self::Incompatible(refusal) => {
                Some(Warning { code: refusal.warning_code(), text: refusal.to_string() })
            }
            Self::Unreadable(_) => Some(Warning { code: MISCELLANEOUS, text: self.to_string() }),
            Self::NoPorts(_) | Self::NoVoice => None,
        }
    }
}

impl From<sdp::ParseError> for Refused {
    fn from(error: sdp::ParseError) -> Self {
        Self::Unreadable(error)
    }
}

impl From<sdp::Refusal> for Refused {
    fn from(refusal: sdp::Refusal) -> Self {
        Self::Incompatible(refusal)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "no session description: {error}"),
            Self::Incompatible(refusal) => write!(f, "{refusal}"),
            Self::NoPorts(error) => write!(f, "no port for its media: {error}"),
            Self::NoVoice => f.write_str("the audio thread takes no more voices"),
        }
    }
}

/// The warn-code that only people read (RFC 3261 §20.43).
const MISCELLANEOUS: u16 = 399;
