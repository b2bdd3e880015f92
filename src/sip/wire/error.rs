//! What can be wrong with bytes that should be SIP, and with values that should become bytes.

use core::fmt;

use super::reply::Reply;

/// Why a datagram is no message.
///
/// The caller answers with [`ParseError::reply`] if there is one, and drops the datagram otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Where reading stopped: bytes from the start of the datagram. Within a header that is folded or is not UTF-8,
    /// the position is that of the header's value.
    pub position: usize,
    /// What was expected there.
    pub expected: &'static str,
    /// The answer the sender is owed, if this was a request that can be answered at all.
    pub reply: Option<Box<Reply>>,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: expected {}", self.position, self.expected)?;
        match self.reply.as_ref().and_then(|reply| reply.call_id()) {
            Some(call_id) => write!(f, " (call {call_id})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ParseError {}

/// Why a text is not the value it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Bytes from the start of the text.
    pub position: usize,
    /// What was expected there.
    pub expected: &'static str,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: expected {}", self.position, self.expected)
    }
}

impl std::error::Error for SyntaxError {}

/// Why a message cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// A value would end its line or its string: it holds CR, LF, or NUL outside of a quoted pair.
    ControlCharacter {
        /// The header, or `start line`.
        place: String,
    },
    /// The name of a header is not a token (RFC 3261 §25.1).
    HeaderName(String),
    /// A header among [`Headers::other`](super::Headers::other) that has a field of its own, or is Content-Length.
    Misplaced(String),
    /// The message has no Via.
    NoVia,
    /// The message has more headers than [`MAX_HEADERS`](super::MAX_HEADERS) or more bytes than
    /// [`MAX_MESSAGE_BYTES`](super::MAX_MESSAGE_BYTES).
    TooLarge,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ControlCharacter { place } => write!(f, "{place:?}: expected no CR, LF or NUL"),
            Self::HeaderName(name) => write!(f, "{name:?}: expected a token as header name"),
            Self::Misplaced(name) => write!(f, "{name:?}: expected this header in its own field"),
            Self::NoVia => f.write_str("expected a via"),
            Self::TooLarge => f.write_str("expected a message that fits a datagram"),
        }
    }
}

impl std::error::Error for WriteError {}
