//! The bytes of an RTP packet (RFC 3550 §5.1, §5.3.1).
//!
//! ```text
//!  0                   1                   2                   3
//! |V=2|P|X|  CC   |M|     PT      |       sequence number         |
//! |                           timestamp                           |
//! |                             SSRC                              |
//! |                     CSRC, CC times, skipped                   |
//! |   extension, if X: profile, length in words, words: skipped   |
//! |                    payload    | padding, if P; its last byte counts it
//! ```

use core::fmt;

/// A packet as it was received, its payload still in the datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The fixed header.
    pub header: Header,
    /// The payload, without padding; it may be empty.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a datagram.
    ///
    /// # Errors
    /// A [`ParseError`] for what is no RTP, or ends too early.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, ParseError> {
        let Some((fixed, rest)) = datagram.split_first_chunk::<{ Header::LEN }>() else {
            return Err(ParseError::TooShort { at: datagram.len() });
        };
        if fixed[0] >> 6 != VERSION {
            return Err(ParseError::Version);
        }
        if CONTROL_TYPES.contains(&fixed[1]) {
            return Err(ParseError::Control);
        }
        let rest = skip_sources(rest, fixed[0] & CSRC_COUNT)?;
        let rest = if fixed[0] & EXTENSION == 0 { rest } else { skip_extension(rest)? };
        let payload = if fixed[0] & PADDING == 0 { rest } else { strip_padding(rest)? };
        Ok(Self { header: Header::read(*fixed), payload })
    }
}

/// The fields of the fixed header that mean something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the payload is; 0 to 127.
    pub payload_type: u8,
    /// The first packet after a silence (RFC 3551 §4.1).
    pub marker: bool,
    /// Counts packets.
    pub sequence: u16,
    /// When the first sample was taken, in ticks of the stream's clock.
    pub timestamp: u32,
    /// Which stream this is.
    pub ssrc: u32,
}

impl Header {
    /// The length of the fixed header in bytes.
    pub const LEN: usize = 12;

    /// The twelve bytes of a header without padding, extension or contributing sources.
    #[must_use]
    pub fn write(&self) -> [u8; Self::LEN] {
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [i0, i1, i2, i3] = self.ssrc.to_be_bytes();
        let kind = (self.payload_type & !MARKER) | if self.marker { MARKER } else { 0 };
        [VERSION << 6, kind, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3]
    }

    fn read(bytes: [u8; Self::LEN]) -> Self {
        let [_, kind, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3] = bytes;
        Self {
            payload_type: kind & !MARKER,
            marker: kind & MARKER != 0,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([i0, i1, i2, i3]),
        }
    }
}

/// Why a datagram is no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// The datagram ends at byte `at`, inside of a header.
    TooShort {
        /// The length of the datagram, or of what was left of it.
        at: usize,
    },
    /// The version is not 2.
    Version,
    /// It is RTCP (RFC 5761 §4).
    Control,
    /// The padding is longer than the payload, or counts itself as nothing.
    Padding,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { at } => write!(f, "expected more of an RTP header after {at} bytes"),
            Self::Version => f.write_str("expected RTP version 2"),
            Self::Control => f.write_str("expected RTP, got RTCP"),
            Self::Padding => f.write_str("expected padding of 1 byte up to the payload's length"),
        }
    }
}

impl std::error::Error for ParseError {}

fn skip_sources(rest: &[u8], count: u8) -> Result<&[u8], ParseError> {
    rest.get(usize::from(count) * WORD..).ok_or(ParseError::TooShort { at: rest.len() })
}

fn skip_extension(rest: &[u8]) -> Result<&[u8], ParseError> {
    let Some((&[_, _, l0, l1], words)) = rest.split_first_chunk::<WORD>() else {
        return Err(ParseError::TooShort { at: rest.len() });
    };
    let bytes = usize::from(u16::from_be_bytes([l0, l1])) * WORD;
    words.get(bytes..).ok_or(ParseError::TooShort { at: rest.len() })
}

fn strip_padding(rest: &[u8]) -> Result<&[u8], ParseError> {
    let padding = rest.last().map_or(0, |&count| usize::from(count));
    if padding == 0 {
        return Err(ParseError::Padding);
    }
    let end = rest.len().checked_sub(padding).ok_or(ParseError::Padding)?;
    Ok(&rest[..end])
}

const VERSION: u8 = 2;
const PADDING: u8 = 0x20;
const EXTENSION: u8 = 0x10;
const CSRC_COUNT: u8 = 0x0f;
const MARKER: u8 = 0x80;
const WORD: usize = 4;
/// The second byte of RTCP packets that share a port with RTP (RFC 5761 §4).
const CONTROL_TYPES: core::ops::RangeInclusive<u8> = 192..=223;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: Header =
        Header { payload_type: 8, marker: true, sequence: 0x1234, timestamp: 0x5678_9abc, ssrc: 0xdef0_1234 };

    fn datagram(first: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = HEADER.write().to_vec();
        bytes[0] = first;
        bytes.extend_from_slice(rest);
        bytes
    }

    #[test]
    fn a_header_written_is_the_header_read() {
        let bytes = datagram(0x80, b"speech");
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.header, HEADER);
        assert_eq!(packet.payload, b"speech");
        assert_eq!(bytes[1], 0x88);
    }

    #[test]
    fn sources_extension_and_padding_are_no_payload() {
        let rest = [1, 1, 1, 1, 2, 2, 2, 2, 0xbe, 0xde, 0, 1, 9, 9, 9, 9, b'a', b'b', 0, 2];
        assert_eq!(Packet::parse(&datagram(0xb2, &rest)).unwrap().payload, b"ab");
    }

    #[test]
    fn a_payload_of_nothing_but_padding_is_empty() {
        assert_eq!(Packet::parse(&datagram(0xa0, &[0, 0, 3])).unwrap().payload, b"");
    }

    #[test]
    fn what_ends_too_early_is_refused() {
        assert_eq!(Packet::parse(&[0x80; 11]), Err(ParseError::TooShort { at: 11 }));
        assert_eq!(Packet::parse(&datagram(0x81, &[1, 2, 3])), Err(ParseError::TooShort { at: 3 }));
        assert_eq!(Packet::parse(&datagram(0x90, &[1, 2])), Err(ParseError::TooShort { at: 2 }));
        let lies = [0xbe, 0xde, 0xff, 0xff, 1, 2, 3, 4];
        assert_eq!(Packet::parse(&datagram(0x90, &lies)), Err(ParseError::TooShort { at: 8 }));
    }

    #[test]
    fn padding_that_lies_is_refused() {
        for rest in [&b""[..], &[0], &[1, 2, 4]] {
            assert_eq!(Packet::parse(&datagram(0xa0, rest)), Err(ParseError::Padding), "{rest:?}");
        }
    }

    #[test]
    fn other_protocols_are_refused() {
        assert_eq!(Packet::parse(&datagram(0x40, b"x")), Err(ParseError::Version));
        let mut control = datagram(0x80, b"x");
        control[1] = 200;
        assert_eq!(Packet::parse(&control), Err(ParseError::Control));
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_the_same(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(packet) = Packet::parse(&bytes) {
                let mut again = packet.header.write().to_vec();
                again.extend_from_slice(packet.payload);
                prop_assert_eq!(Packet::parse(&again), Ok(packet));
            }
        }
    }
}
