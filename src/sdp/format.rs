//! Payload formats: a number in the packet, and what it stands for.

use core::fmt;

/// A payload format: its number in RTP packets, and what a=rtpmap says of it.
///
/// The name keeps the letters it came in; [`Format::is_same_encoding`] compares in any letter case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    /// The number in the RTP header, 0 to 127.
    pub payload_type: u8,
    /// The encoding name, such as `PCMA`.
    pub name: String,
    /// RTP clock ticks per second (8000 for G.722 too, RFC 3551 §4.5.2).
    pub clock_rate_hz: u32,
    /// Channels, at least 1.
    pub channels: u8,
}

impl Format {
    /// A format of one channel.
    #[must_use]
    pub fn new(payload_type: u8, name: &str, clock_rate_hz: u32) -> Self {
        Self { payload_type, name: name.to_owned(), clock_rate_hz, channels: 1 }
    }

    /// The format a static payload type stands for without an rtpmap (RFC 3551 §6).
    #[must_use]
    pub fn of_static(payload_type: u8) -> Option<Self> {
        let &(_, name, clock_rate_hz, channels) = STATIC.iter().find(|row| row.0 == payload_type)?;
        Some(Self { payload_type, name: name.to_owned(), clock_rate_hz, channels })
    }

    /// Reads the value of an a=rtpmap: `8 PCMA/8000` or `10 L16/44100/2`.
    #[must_use]
    pub fn from_rtpmap(value: &str) -> Option<Self> {
        let (number, encoding) = value.trim().split_once(' ')?;
        let payload_type = number.parse().ok().filter(|&number| number <= MAX_PAYLOAD_TYPE)?;
        let mut parts = encoding.trim().split('/');
        let name = parts.next().filter(|name| is_word(name))?.to_owned();
        let clock_rate_hz = parts.next()?.parse().ok().filter(|&hz| hz > 0)?;
        let channels = parts.next().map_or(Ok(1), str::parse).ok().filter(|&channels| channels > 0)?;
        Some(Self { payload_type, name, clock_rate_hz, channels })
    }

    /// Whether both stand for the same encoding; payload types may differ.
    #[must_use]
    pub fn is_same_encoding(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
            && self.clock_rate_hz == other.clock_rate_hz
            && self.channels == other.channels
    }

    /// Whether it carries keys (RFC 4733) and no sound.
    #[must_use]
    pub fn is_telephone_event(&self) -> bool {
        self.name.eq_ignore_ascii_case("telephone-event")
    }
}

impl fmt::Display for Format {
    /// As in an a=rtpmap, one channel unsaid: `8 PCMA/8000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.payload_type, self.name, self.clock_rate_hz)?;
        if self.channels == 1 { Ok(()) } else { write!(f, "/{}", self.channels) }
    }
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The payload type has seven bits (RFC 3550 §5.1).
const MAX_PAYLOAD_TYPE: u8 = 127;

/// Payload type, name, clock rate, channels.
const STATIC: [(u8, &str, u32, u8); 8] = [
    (0, "PCMU", 8_000, 1),
    (3, "GSM", 8_000, 1),
    (4, "G723", 8_000, 1),
    (8, "PCMA", 8_000, 1),
    (9, "G722", 8_000, 1),
    (10, "L16", 44_100, 2),
    (11, "L16", 44_100, 1),
    (18, "G729", 8_000, 1),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_rtpmap_prints_as_it_was_read() {
        for text in ["8 PCMA/8000", "10 L16/44100/2", "127 opus/48000/2"] {
            assert_eq!(Format::from_rtpmap(text).unwrap().to_string(), text);
        }
        assert_eq!(Format::from_rtpmap(" 0  pcmu/8000/1 "), Some(Format::new(0, "pcmu", 8000)));
    }

    #[test]
    fn what_is_no_rtpmap_is_none() {
        for text in
            ["", "8", "8 ", "8 PCMA", "8 PCMA/", "8 PCMA/0", "128 X/1", "-1 X/1", "8 /8000", "8 P\u{e9}/1"]
        {
            assert_eq!(Format::from_rtpmap(text), None, "{text:?}");
        }
    }

    #[test]
    fn static_payload_types_need_no_rtpmap() {
        assert_eq!(Format::of_static(0), Some(Format::new(0, "PCMU", 8000)));
        assert_eq!(Format::of_static(8), Some(Format::new(8, "PCMA", 8000)));
        assert_eq!(Format::of_static(96), None);
    }

    #[test]
    fn an_encoding_is_its_name_rate_and_channels() {
        let pcma = Format::new(8, "PCMA", 8000);
        assert!(pcma.is_same_encoding(&Format::new(101, "pcma", 8000)));
        assert!(!pcma.is_same_encoding(&Format::new(8, "PCMA", 16000)));
        assert!(!pcma.is_same_encoding(&Format { channels: 2, ..pcma.clone() }));
    }
}
