//! Why a page could not be placed.

use super::{EX_NOHOST, EX_NOINPUT, EX_UNAVAILABLE, EX_USAGE};
use crate::dsp::ConvertError;
use crate::files::ClipError;
use crate::net::BindError;
use crate::sip::wire::StatusCode;
use core::fmt;
use std::io;
use std::net::SocketAddr;

/// Why a page could not be placed, or not to its end.
#[derive(Debug)]
#[non_exhaustive]
pub(super) enum CallError {
    /// The target is no SIP URI.
    Target(String),
    /// The file is no sound.
    Clip(ClipError),
    /// The file has a rate that cannot be converted.
    Rate(ConvertError),
    /// Nobody knows the name.
    Unknown {
        /// The name.
        host: String,
        /// What the resolver says.
        source: io::Error,
    },
    /// The machine knows no way there.
    NoRoute {
        /// Where.
        remote: SocketAddr,
        /// What the kernel says.
        source: io::Error,
    },
    /// The machine has no port for us.
    Socket(BindError),
    /// The machine refused something else.
    Machine(io::Error),
    /// The target does not want the call, or does not answer.
    Refused {
        /// The final response.
        status: StatusCode,
        /// In its words.
        reason: String,
    },
    /// The target answered something that leads to no sound.
    Answer(String),
    /// The machine or the target did not take all of what was to be said.
    Unsent {
        /// Packets that went.
        sent: u64,
        /// Packets that should have gone.
        packets: u64,
    },
    /// The target hung up first.
    CutOff,
    /// The target did not answer the BYE.
    Unconfirmed,
    /// Not all calls of a run went well.
    Some {
        /// How many did not.
        failed: u64,
        /// How many there were.
        calls: u64,
        /// Why the first of them failed.
        first: Box<CallError>,
    },
    /// The user interrupted it.
    Interrupted,
}

impl CallError {
    /// The exit code that says it (sysexits.h).
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Target(_) => EX_USAGE,
            Self::Clip(_) | Self::Rate(_) => EX_NOINPUT,
            Self::Unknown { .. } => EX_NOHOST,
            Self::Interrupted => EX_INTERRUPTED,
            _ => EX_UNAVAILABLE,
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(found) => {
                write!(f, "expected a target such as sip:page@192.0.2.1:5060, found \"{found}\"")
            }
            Self::Clip(error) => write!(f, "{error}"),
            Self::Rate(error) => write!(f, "{error}"),
            Self::Unknown { host, source } => write!(f, "cannot find {host}: {source}"),
            Self::NoRoute { remote, source } => write!(f, "no way to {remote}: {source}"),
            Self::Socket(error) => write!(f, "no socket: {error}"),
            Self::Machine(error) => write!(f, "the machine refused: {error}"),
            Self::Refused { status, reason } => write!(f, "not answered: {status} {reason}"),
            Self::Answer(what) => write!(f, "the answer leads to no sound: {what}"),
            Self::Unsent { sent, packets } => write!(f, "only {sent} of {packets} packets could be sent"),
            Self::CutOff => f.write_str("the other end hung up before all was said"),
            Self::Unconfirmed => f.write_str("the other end did not confirm the end"),
            Self::Some { failed, calls, first } => {
                write!(f, "{failed} of {calls} calls failed, the first: {first}")
            }
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for CallError {}

impl From<ClipError> for CallError {
    fn from(error: ClipError) -> Self {
        Self::Clip(error)
    }
}

impl From<ConvertError> for CallError {
    fn from(error: ConvertError) -> Self {
        Self::Rate(error)
    }
}

impl From<BindError> for CallError {
    fn from(error: BindError) -> Self {
        Self::Socket(error)
    }
}

impl From<io::Error> for CallError {
    fn from(error: io::Error) -> Self {
        Self::Machine(error)
    }
}

/// As a shell says it of SIGINT.
const EX_INTERRUPTED: u8 = 130;
