//! Payload formats: a number in the packet, and what it stands for.
//!
//! Some names are known here, for what sdp decides by them: which number and rate stand for which encoding (RFC 3551
//! §6), what carries no speech (RFC 4733, RFC 3389), and how many bytes fit into a packet. Nothing is decoded.

use core::fmt;
use core::time::Duration;

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

    /// The formats that a codec's name stands for, the best first. `L16` has no static payload type at these rates
    /// (RFC 3551 §4.5.11), so the numbers are ours to choose.
    #[must_use]
    pub fn all_named(name: &str) -> Vec<Self> {
        let known = STATIC.iter().filter(|row| row.3 == 1 && row.1 != "L16").copied();
        let linear = L16.map(|(payload_type, clock_rate_hz)| (payload_type, "L16", clock_rate_hz, 1));
        let named = linear.into_iter().chain(known).filter(|row| row.1.eq_ignore_ascii_case(name));
        named
            .map(|(payload_type, name, clock_rate_hz, _)| Self::new(payload_type, name, clock_rate_hz))
            .collect()
    }

    /// Keys (RFC 4733), with the clock of the speech they come with.
    #[must_use]
    pub fn telephone_event(payload_type: u8, clock_rate_hz: u32) -> Self {
        Self::new(payload_type, TELEPHONE_EVENT, clock_rate_hz)
    }

    /// What a silence sounds like (RFC 3389), beside speech with a clock of 8000 Hz.
    #[must_use]
    pub fn comfort_noise() -> Self {
        Self::new(13, COMFORT_NOISE, 8_000)
    }

    /// Whether it carries keys (RFC 4733) and no sound.
    #[must_use]
    pub fn is_telephone_event(&self) -> bool {
        self.name.eq_ignore_ascii_case(TELEPHONE_EVENT)
    }

    /// Whether it carries the level of a silence (RFC 3389) and no speech.
    #[must_use]
    pub fn is_comfort_noise(&self) -> bool {
        self.name.eq_ignore_ascii_case(COMFORT_NOISE)
    }

    /// The longest packet of it that travels whole, in tens of milliseconds; for what is compressed too short a time.
    pub(super) fn longest_packet(&self) -> Duration {
        let bytes_per_sample = if self.name.eq_ignore_ascii_case("L16") { 2 } else { 1 };
        let bytes_per_s = u64::from(self.clock_rate_hz) * u64::from(self.channels) * bytes_per_sample;
        let tens = MAX_PAYLOAD_BYTES * 100 / bytes_per_s.max(1);
        Duration::from_millis(10 * tens.max(1))
    }
}

impl fmt::Display for Format {
    /// As in an a=rtpmap, one channel unsaid: `8 PCMA/8000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.payload_type, self.name, self.clock_rate_hz)?;
        if self.channels == 1 { Ok(()) } else { write!(f, "/{}", self.channels) }
    }
}

/// What an a=fmtp line says of a payload type (RFC 8866 §6.15), such as which keys are understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Whose they are.
    pub payload_type: u8,
    /// They themselves, as written.
    pub text: String,
}

impl Parameters {
    /// The keys of a telephone: 0 to 9, *, #, A to D (RFC 4733 §3.2).
    #[must_use]
    pub fn of_keys(payload_type: u8) -> Self {
        Self { payload_type, text: "0-15".to_owned() }
    }

    /// Reads the value of an a=fmtp: `101 0-15`.
    #[must_use]
    pub fn from_fmtp(value: &str) -> Option<Self> {
        let (number, text) = value.trim().split_once(' ')?;
        let payload_type = number.parse().ok().filter(|&number| number <= MAX_PAYLOAD_TYPE)?;
        Some(Self { payload_type, text: text.trim_start().to_owned() })
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.payload_type, self.text)
    }
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The payload type has seven bits (RFC 3550 §5.1).
const MAX_PAYLOAD_TYPE: u8 = 127;

const TELEPHONE_EVENT: &str = "telephone-event";
const COMFORT_NOISE: &str = "CN";

/// What a packet may carry so that no network on the way cuts it in pieces.
const MAX_PAYLOAD_BYTES: u64 = 1400;

/// Payload type and clock rate of L16 with one channel, the best first.
const L16: [(u8, u32); 3] = [(96, 48_000), (97, 16_000), (98, 8_000)];

/// Payload type, name, clock rate, channels.
const STATIC: [(u8, &str, u32, u8); 9] = [
    (0, "PCMU", 8_000, 1),
    (3, "GSM", 8_000, 1),
    (4, "G723", 8_000, 1),
    (8, "PCMA", 8_000, 1),
    (9, "G722", 8_000, 1),
    (10, "L16", 44_100, 2),
    (11, "L16", 44_100, 1),
    (13, COMFORT_NOISE, 8_000, 1),
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
    fn a_name_stands_for_one_format_or_several() {
        assert_eq!(Format::all_named("g722"), [Format::new(9, "G722", 8000)]);
        let rates: Vec<_> = Format::all_named("L16").iter().map(|format| format.clock_rate_hz).collect();
        assert_eq!(rates, [48_000, 16_000, 8_000]);
        assert!(Format::all_named("L16").iter().all(|format| format.payload_type >= 96));
        assert_eq!(Format::all_named("opus"), []);
    }

    #[test]
    fn a_packet_is_no_longer_than_travels_whole() {
        let longest = |name, rate| Format::new(96, name, rate).longest_packet().as_millis();
        assert_eq!([48_000, 16_000, 8_000].map(|rate| longest("l16", rate)), [10, 40, 80]);
        assert_eq!(longest("PCMA", 8_000), 170);
    }

    #[test]
    fn parameters_print_as_they_were_read() {
        for text in ["101 0-15", "97 mode=20; x", "101 0-15,66,70"] {
            assert_eq!(Parameters::from_fmtp(text).unwrap().to_string(), text);
        }
        for text in ["", "101", "x 0-15", "128 0-15"] {
            assert_eq!(Parameters::from_fmtp(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_encoding_is_its_name_rate_and_channels() {
        let pcma = Format::new(8, "PCMA", 8000);
        assert!(pcma.is_same_encoding(&Format::new(101, "pcma", 8000)));
        assert!(!pcma.is_same_encoding(&Format::new(8, "PCMA", 16000)));
        assert!(!pcma.is_same_encoding(&Format { channels: 2, ..pcma.clone() }));
    }
}
