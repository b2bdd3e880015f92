//! The bytes of compound packets (RFC 3550 §6.1, §6.4-6.7, appendix A.2).
//!
//! ```text
//!  0                   1                   2                   3
//! |V=2|P|  count  |  packet type  |  length in words, without this |   and so on, one behind the other
//! ```
//!
//! A compound is checked as a whole before anything of it is used. Only the items of an SDES are taken as far as they
//! can be read: a name is no reason to lose the report before it.

use super::NtpTime;
use core::fmt;

/// Whether a datagram on a port that RTP shares with RTCP is RTCP (RFC 5761 §4).
#[must_use]
pub fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [first, second, ..] if first >> 6 == VERSION && PACKET_TYPES.contains(second))
}

/// A datagram of RTCP that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compound<'a>(&'a [u8]);

impl<'a> Compound<'a> {
    /// Reads a datagram.
    ///
    /// # Errors
    /// A [`ParseError`] for what is no RTCP, or does not end where it says.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, ParseError> {
        if datagram.is_empty() {
            return Err(ParseError::TooShort { at: 0 });
        }
        let mut frames = Frames { datagram, at: 0 };
        while let Some((at, frame)) = frames.next_frame()? {
            Packet::read(at, &frame)?;
        }
        Ok(Self(datagram))
    }

    /// Its packets, one after the other.
    pub fn packets(self) -> impl Iterator<Item = Packet<'a>> {
        let mut frames = Frames { datagram: self.0, at: 0 };
        core::iter::from_fn(move || {
            let (at, frame) = frames.next_frame().ok()??;
            Packet::read(at, &frame).ok()
        })
    }
}

/// One packet of a compound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// SR: from who sends and perhaps receives (§6.4.1).
    SenderReport {
        /// Who reports.
        ssrc: u32,
        /// What it has sent.
        info: SenderInfo,
        /// What it has received.
        reports: Reports<'a>,
    },
    /// RR: from who only receives (§6.4.2).
    ReceiverReport {
        /// Who reports.
        ssrc: u32,
        /// What it has received.
        reports: Reports<'a>,
    },
    /// SDES: who is who (§6.5).
    SourceDescription(SourceDescription<'a>),
    /// BYE: these send no more (§6.6).
    Bye(Sources<'a>),
    /// APP: something of an application (§6.7).
    App {
        /// Whose.
        ssrc: u32,
        /// Of which application.
        name: [u8; 4],
        /// What it means.
        data: &'a [u8],
    },
    /// Anything else.
    Other {
        /// Which.
        packet_type: u8,
    },
}

impl<'a> Packet<'a> {
    fn read(at: usize, frame: &Frame<'a>) -> Result<Self, ParseError> {
        let short = ParseError::Count { at };
        let (ssrc, rest) =
            frame.body.split_first_chunk().map_or((0, None), |(ssrc, rest)| (word(*ssrc), Some(rest)));
        match frame.packet_type {
            SENDER_REPORT => {
                let (info, rest) = rest.and_then(<[u8]>::split_first_chunk).ok_or(short)?;
                let reports = Reports::read(frame.count, rest).ok_or(short)?;
                Ok(Self::SenderReport { ssrc, info: SenderInfo::read(*info), reports })
            }
            RECEIVER_REPORT => {
                let reports = rest.and_then(|rest| Reports::read(frame.count, rest)).ok_or(short)?;
                Ok(Self::ReceiverReport { ssrc, reports })
            }
            SOURCE_DESCRIPTION => Ok(Self::SourceDescription(SourceDescription(frame.body))),
            BYE => Sources::read(frame.count, frame.body).map(Self::Bye).ok_or(short),
            APP => {
                let (name, data) = rest.and_then(<[u8]>::split_first_chunk).ok_or(short)?;
                Ok(Self::App { ssrc, name: *name, data })
            }
            packet_type => Ok(Self::Other { packet_type }),
        }
    }
}

/// What a sender says of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// When this was written, by the sender's clock.
    pub ntp: NtpTime,
    /// The same moment in ticks of the stream.
    pub timestamp: u32,
    /// Packets sent so far; wraps.
    pub packets: u32,
    /// Bytes of payload sent so far; wraps.
    pub octets: u32,
}

impl SenderInfo {
    pub(super) const LEN: usize = 20;

    fn read(bytes: [u8; Self::LEN]) -> Self {
        let [high, low, timestamp, packets, octets] = words(bytes);
        let ntp = NtpTime::from_bits(u64::from(high) << 32 | u64::from(low));
        Self { ntp, timestamp, packets, octets }
    }
}

/// What a receiver says of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlock {
    /// Of which stream.
    pub ssrc: u32,
    /// How many of 256 packets got lost since the last report.
    pub fraction_lost: u8,
    /// Packets that were expected and did not come, since the beginning. It has 24 bits, and is negative when duplicates
    /// came.
    pub lost: i32,
    /// The highest sequence number that came, and how often it has wrapped.
    pub highest_sequence: u32,
    /// Interarrival jitter in ticks of the stream.
    pub jitter: u32,
    /// The middle of the last SR's time that came; 0 for none.
    pub last_report: u32,
    /// How long ago that came, in 2^-16 seconds.
    pub delay: u32,
}

impl ReportBlock {
    pub(super) const LEN: usize = 24;

    fn read(bytes: [u8; Self::LEN]) -> Self {
        let [ssrc, packets, highest_sequence, jitter, last_report, delay] = words(bytes);
        let [fraction_lost, ..] = packets.to_be_bytes();
        let lost = (packets << 8).cast_signed() >> 8;
        Self { ssrc, fraction_lost, lost, highest_sequence, jitter, last_report, delay }
    }
}

/// The blocks of a report; at most 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reports<'a>(&'a [[u8; ReportBlock::LEN]]);

impl<'a> Reports<'a> {
    /// One after the other.
    #[must_use]
    pub fn iter(self) -> impl ExactSizeIterator<Item = ReportBlock> + 'a {
        self.0.iter().map(|block| ReportBlock::read(*block))
    }

    /// What lies behind them is an extension of some profile (§6.4.3).
    fn read(count: usize, bytes: &'a [u8]) -> Option<Self> {
        let (blocks, _) = bytes.as_chunks();
        blocks.get(..count).map(Self)
    }
}

/// The streams that a BYE ends; at most 31. Its reason is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sources<'a>(&'a [[u8; 4]]);

impl<'a> Sources<'a> {
    /// One after the other.
    #[must_use]
    pub fn iter(self) -> impl ExactSizeIterator<Item = u32> + 'a {
        self.0.iter().map(|ssrc| word(*ssrc))
    }

    fn read(count: usize, bytes: &'a [u8]) -> Option<Self> {
        let (words, _) = bytes.as_chunks();
        words.get(..count).map(Self)
    }
}

/// Who is who.
///
/// ```text
/// |       SSRC        | item | length | text | item | length | text | 0 to 3 more zeros |  and so on
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceDescription<'a>(&'a [u8]);

impl<'a> SourceDescription<'a> {
    /// SSRCs and the canonical names that are given to them.
    pub fn names(self) -> impl Iterator<Item = (u32, &'a [u8])> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            loop {
                let (ssrc, items) = rest.split_first_chunk()?;
                let (name, len) = read_items(items)?;
                rest = items.get(len..)?;
                if let Some(name) = name {
                    return Some((word(*ssrc), name));
                }
            }
        })
    }
}

/// The canonical name among the items of a source, and how long they are.
fn read_items(items: &[u8]) -> Option<(Option<&[u8]>, usize)> {
    let (mut name, mut at) = (None, 0);
    while *items.get(at)? != 0 {
        let text = at + 2..at + 2 + usize::from(*items.get(at + 1)?);
        if items[at] == CNAME {
            name = Some(items.get(text.clone())?);
        }
        at = text.end;
    }
    Some((name, (at + 1).next_multiple_of(4)))
}

/// Why a datagram is no RTCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// It ends inside of the packet that begins at byte `at`.
    TooShort {
        /// Where the packet begins.
        at: usize,
    },
    /// The version of the packet at byte `at` is not 2.
    Version {
        /// Where the packet begins.
        at: usize,
    },
    /// The packet at byte `at` is of no type of RTCP.
    PacketType {
        /// Where the packet begins.
        at: usize,
    },
    /// The packet at byte `at` is padded and not the last, or by more than there is.
    Padding {
        /// Where the packet begins.
        at: usize,
    },
    /// The packet at byte `at` is too short for what it should hold.
    Count {
        /// Where the packet begins.
        at: usize,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { at } => write!(f, "expected more of the RTCP packet at byte {at}"),
            Self::Version { at } => write!(f, "expected RTCP version 2 at byte {at}"),
            Self::PacketType { at } => write!(f, "expected a packet type of RTCP at byte {at}"),
            Self::Padding { at } => {
                write!(f, "expected no padding, or less, in the RTCP packet at byte {at}")
            }
            Self::Count { at } => write!(f, "expected as much in the RTCP packet at byte {at} as it counts"),
        }
    }
}

impl std::error::Error for ParseError {}

/// A packet before its type is looked at.
struct Frame<'a> {
    count: usize,
    packet_type: u8,
    /// What follows the first word, without padding.
    body: &'a [u8],
}

/// Cuts a compound into packets.
struct Frames<'a> {
    datagram: &'a [u8],
    at: usize,
}

impl<'a> Frames<'a> {
    /// The next packet and where it begins.
    fn next_frame(&mut self) -> Result<Option<(usize, Frame<'a>)>, ParseError> {
        let at = self.at;
        let Some(rest) = self.datagram.get(at..).filter(|rest| !rest.is_empty()) else { return Ok(None) };
        let Some(([flags, packet_type, l0, l1], rest)) = rest.split_first_chunk() else {
            return Err(ParseError::TooShort { at });
        };
        if flags >> 6 != VERSION {
            return Err(ParseError::Version { at });
        }
        if !PACKET_TYPES.contains(packet_type) {
            return Err(ParseError::PacketType { at });
        }
        let len = 4 * usize::from(u16::from_be_bytes([*l0, *l1]));
        let (body, rest) = rest.split_at_checked(len).ok_or(ParseError::TooShort { at })?;
        let body = match flags & PADDING {
            0 => body,
            _ if rest.is_empty() => strip_padding(body).ok_or(ParseError::Padding { at })?,
            _ => return Err(ParseError::Padding { at }),
        };
        self.at = at + 4 + len;
        Ok(Some((at, Frame { count: usize::from(flags & COUNT), packet_type: *packet_type, body })))
    }
}

/// What is left without the padding, whose last byte counts it.
fn strip_padding(body: &[u8]) -> Option<&[u8]> {
    let padding = usize::from(*body.last()?);
    if padding == 0 { None } else { body.get(..body.len().checked_sub(padding)?) }
}

fn word(bytes: [u8; 4]) -> u32 {
    u32::from_be_bytes(bytes)
}

fn words<const BYTES: usize, const WORDS: usize>(bytes: [u8; BYTES]) -> [u32; WORDS] {
    const { assert!(BYTES == 4 * WORDS) };
    let (words, _) = bytes.as_chunks();
    core::array::from_fn(|index| word(words[index]))
}

pub(super) const VERSION: u8 = 2;
pub(super) const SENDER_REPORT: u8 = 200;
pub(super) const RECEIVER_REPORT: u8 = 201;
pub(super) const SOURCE_DESCRIPTION: u8 = 202;
pub(super) const BYE: u8 = 203;
const APP: u8 = 204;
/// The item of an SDES that is a canonical name.
pub(super) const CNAME: u8 = 1;
/// RFC 5761 §4: payload types that RTP leaves to RTCP.
const PACKET_TYPES: core::ops::RangeInclusive<u8> = 192..=223;
const PADDING: u8 = 0x20;
const COUNT: u8 = 0x1f;

#[cfg(test)]
mod tests;
