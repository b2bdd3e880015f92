//! The messages of a connection: bytes in, split anywhere, whole messages out (RFC 3261 §7.5, §18.3).
//!
//! ```text
//!            ┌────────── CR, LF ──────────┐
//!            v   two LF: Ping             │
//!         between ── another byte ──> head ── empty line ──> body ── Content-Length bytes: Message ──> between
//!                                      │  └── too large ──> skipped: Oversized ──────────────────────> between
//!                                      └── no end, no SIP, no length that can be told: the last piece
//! ```
//!
//! It decides where a message ends: behind its headers and as many bytes as Content-Length says, none if it says nothing.
//! A message of more than [`Stream::MAX_BYTES`] is passed over, for other calls may go by the same connection; but not one
//! of more than [`SKIPPED_BYTES`], which is no message of a telephone, and not headers without an end. What has two
//! lengths, or one that is no number, could be cut in two ways, and what is not SIP from its first line on (another
//! protocol on this port) cannot be cut at all: there the stream ends.
//!
//! It holds at most [`Stream::MAX_BYTES`] besides what was pushed last, and nothing between messages. No byte is looked at
//! twice to find the end of the headers.

use super::frame::Lines;
use super::header_name::HeaderName;
use super::scan::is_token_byte;
use memchr::memchr;

/// A connection on its way to messages.
///
/// After each [`push`](Self::push) the driver calls [`next`](Self::next) until it gives `None`.
#[derive(Debug, Default)]
pub struct Stream {
    bytes: Vec<u8>,
    /// How many of them have been given away.
    taken: usize,
    place: Place,
}

/// What the next bytes of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A message, whole.
    Message(&'a [u8]),
    /// CRLF CRLF, which is answered with CRLF (RFC 5626 §3.5.1).
    Ping,
    /// The head of a message that is too large. It has been passed over.
    Oversized(&'a [u8]),
    /// The same, where nobody knows what follows. It is the last piece.
    Endless(&'a [u8]),
    /// What cannot be cut into messages, or the start of it. It is the last piece.
    Garbage(&'a [u8]),
}

/// Where in the stream the next byte is.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// Between messages, behind an odd number of line ends or not.
    Between { is_odd: bool },
    /// In the headers: where the line begins, and how far it has been looked at, from their start.
    Head { line: usize, seen: usize },
    /// In the body of a message of so many bytes.
    Body { message: usize },
    /// In the body of a message that is passed over, of which so many bytes are still to come.
    Skipped { left: usize },
    /// Behind the last piece.
    End,
}

/// What can be said of the bytes at hand.
enum Step {
    /// More are needed.
    Wait,
    /// So many of them mean nothing.
    Pass(usize),
    /// So many of them are this.
    Give(usize, Kind),
}

enum Kind {
    Message,
    Ping,
    Oversized,
    Endless,
    Garbage,
}

impl Stream {
    /// The most bytes of a message: one thread reads them all, so none may be slow.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// Takes what the connection has delivered.
    pub fn push(&mut self, bytes: &[u8]) {
        if matches!(self.place, Place::End) {
            return;
        }
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next piece; `None` when more bytes are needed.
    #[expect(clippy::should_implement_trait, reason = "an iterator could not lend")]
    pub fn next(&mut self) -> Option<Piece<'_>> {
        loop {
            match self.step() {
                Step::Wait => {
                    self.release();
                    return None;
                }
                Step::Pass(len) => self.taken += len,
                Step::Give(len, kind) => {
                    let from = self.taken;
                    self.taken += len;
                    return Some(kind.of(&self.bytes[from..self.taken]));
                }
            }
        }
    }

    /// Whether [`next`](Self::next) has something to look at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    fn step(&mut self) -> Step {
        match self.place {
            Place::End => Step::Wait,
            _ if self.rest().is_empty() => Step::Wait,
            Place::Between { is_odd } => self.step_between(is_odd),
            Place::Head { line, seen } => self.step_head(line, seen),
            Place::Body { message } if self.rest().len() < message => Step::Wait,
            Place::Body { message } => {
                self.place = Place::default();
                Step::Give(message, Kind::Message)
            }
            Place::Skipped { left } => {
                let len = left.min(self.rest().len());
                self.place = if len == left { Place::default() } else { Place::Skipped { left: left - len } };
                Step::Pass(len)
            }
        }
    }

    fn step_between(&mut self, is_odd: bool) -> Step {
        match self.rest().first() {
            Some(b'\r') => Step::Pass(1),
            Some(b'\n') => {
                self.place = Place::Between { is_odd: !is_odd };
                if is_odd { Step::Give(1, Kind::Ping) } else { Step::Pass(1) }
            }
            Some(&byte) if is_token_byte(byte) => {
                self.place = Place::Head { line: 0, seen: 0 };
                Step::Pass(0)
            }
            _ => self.end(1, Kind::Garbage),
        }
    }

    /// Looks for the empty line.
    fn step_head(&mut self, mut line: usize, mut seen: usize) -> Step {
        let all = self.rest();
        let head = &all[..all.len().min(Self::MAX_BYTES)];
        while let Some(more) = memchr(b'\n', &head[seen..]) {
            seen += more + 1;
            match trimmed(&head[line..seen]) {
                [] => return self.step_complete(seen),
                first if line == 0 && !is_sip(first) => return self.end(seen, Kind::Garbage),
                _ => line = seen,
            }
        }
        if head.len() == Self::MAX_BYTES {
            return self.end(Self::MAX_BYTES, Kind::Endless);
        }
        self.place = Place::Head { line, seen: head.len() };
        Step::Wait
    }

    /// The headers are there, so many bytes of them.
    fn step_complete(&mut self, head: usize) -> Step {
        match body_length(&self.rest()[..head]) {
            None => self.end(head, Kind::Garbage),
            Some(body) if body <= Self::MAX_BYTES - head => {
                self.place = Place::Body { message: head + body };
                Step::Pass(0)
            }
            Some(body) if body <= SKIPPED_BYTES => {
                self.place = Place::Skipped { left: body };
                Step::Give(head, Kind::Oversized)
            }
            Some(_) => self.end(head, Kind::Endless),
        }
    }

    fn end(&mut self, len: usize, kind: Kind) -> Step {
        self.place = Place::End;
        Step::Give(len, kind)
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    /// Gives back the room of what was given away.
    fn release(&mut self) {
        if self.is_empty() || matches!(self.place, Place::End) {
            self.bytes = Vec::new();
            self.taken = 0;
        }
    }
}

impl Piece<'_> {
    /// Whether no other piece follows: the connection is of no use any more.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        matches!(self, Self::Endless(_) | Self::Garbage(_))
    }
}

impl Kind {
    const fn of(self, bytes: &[u8]) -> Piece<'_> {
        match self {
            Self::Message => Piece::Message(bytes),
            Self::Ping => Piece::Ping,
            Self::Oversized => Piece::Oversized(bytes),
            Self::Endless => Piece::Endless(bytes),
            Self::Garbage => Piece::Garbage(bytes),
        }
    }
}

impl Default for Place {
    fn default() -> Self {
        Self::Between { is_odd: false }
    }
}

/// A line without its end.
fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Whether a first line names the protocol at its start, as a response does, or behind a space, as a request does.
fn is_sip(line: &[u8]) -> bool {
    let names_sip = |at: &[u8]| at.eq_ignore_ascii_case(b"SIP/");
    line.get(..4).is_some_and(names_sip) || line.windows(5).any(|at| at[0] == b' ' && names_sip(&at[1..]))
}

/// What Content-Length says in these headers, 0 if there is none; `None` if it cannot be told.
fn body_length(head: &[u8]) -> Option<usize> {
    let mut lines = Lines::new(head);
    lines.next();
    let mut length = None;
    while let Some(line) = lines.next() {
        // Where a line ends is not agreed on by all; what another one takes for the length must not be passed over.
        let Ok(line) = line else { return None };
        // A line that is no header is refused by whoever reads the message.
        let Ok((line, colon)) = line.into_header() else { continue };
        if HeaderName::of(line.name(colon)) == HeaderName::ContentLength {
            let value = line.read(|scan| scan.number("the length of the body in bytes")).ok()?;
            if length.replace(value).is_some() {
                return None;
            }
        }
    }
    Some(length.unwrap_or(0))
}

/// The longest body that is passed over: what a datagram might have carried.
const SKIPPED_BYTES: usize = 65_535;
