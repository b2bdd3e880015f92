//! Speech codecs: bytes of an RTP payload to samples and back.
//!
//! Samples are `f32`, full scale ±1.0 (an `i16` divided by 32 768). A [`Codec`] says what it is called in SDP, which
//! payload type it has, and how bytes, ticks of the RTP clock and samples go together. A [`Decoder`] or [`Encoder`]
//! remembers what the codec has to remember from one packet to the next, so the same samples come out however the bytes
//! are cut into packets. Neither allocates.
//!
//! | codec | name and clock | bytes of a tick | samples of a tick | source |
//! |---|---|---|---|---|
//! | [`Codec::Pcmu`], [`Codec::Pcma`] | `PCMU/8000`, `PCMA/8000` | 1 | 1 | RFC 3551 §4.5.14, ITU-T G.711 |
//! | [`Codec::G722`] | `G722/8000`, though it is 16 kHz | 1 | 2 | RFC 3551 §4.5.2, ITU-T G.722 |
//! | [`Codec::L16`] | `L16/8000`, `/16000`, `/48000` | 2 | 1 | RFC 3551 §4.5.11 |
//!
//! A [`ComfortNoise`] says what the silence between two talkspurts is like (RFC 3389).
//!
//! Left out: concealing a loss, making noise, and more than one channel.

mod comfort;
mod g711;
mod g722;
mod stream;

pub use comfort::ComfortNoise;
pub use stream::{Decoder, Encoder};

use crate::units::SampleRate;

/// A way to carry speech in RTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 with µ-law (North America, Japan).
    Pcmu,
    /// G.711 with A-law (everywhere else).
    Pcma,
    /// G.722 at 64 kbit/s: twice the band of G.711 in as many bytes.
    G722,
    /// Uncompressed samples of 16 bits, the high byte first.
    L16(SampleRate),
}

impl Codec {
    /// The codec that `a=rtpmap` calls `name`, in any letter case (RFC 4855 §3), with this clock rate and number of
    /// channels.
    #[must_use]
    pub fn from_encoding(name: &str, clock_rate_hz: u32, channels: u8) -> Option<Self> {
        let has = |codec: &Self| {
            codec.name().eq_ignore_ascii_case(name) && codec.clock_rate().hz() == clock_rate_hz
        };
        Self::KNOWN.into_iter().find(has).filter(|_| channels == 1)
    }

    /// The static payload type (RFC 3551 §6), where there is one.
    #[must_use]
    pub const fn payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::G722 => Some(9),
            // 10 and 11 are of 44.1 kHz.
            Self::L16(_) => None,
        }
    }

    /// The encoding name, as in `a=rtpmap`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::L16(_) => "L16",
        }
    }

    /// Ticks per second of the RTP clock.
    #[must_use]
    pub const fn clock_rate(self) -> SampleRate {
        match self {
            // That of G.722 is a mistake of 1996 that was kept (RFC 3551 §4.5.2).
            Self::Pcmu | Self::Pcma | Self::G722 => SampleRate::HZ_8000,
            Self::L16(rate) => rate,
        }
    }

    /// Samples per second.
    #[must_use]
    pub const fn sample_rate(self) -> SampleRate {
        match self {
            Self::Pcmu | Self::Pcma => SampleRate::HZ_8000,
            Self::G722 => SampleRate::HZ_16000,
            Self::L16(rate) => rate,
        }
    }

    /// Bytes of payload in a tick of the RTP clock.
    #[must_use]
    pub const fn bytes_per_tick(self) -> usize {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 1,
            Self::L16(_) => 2,
        }
    }

    /// Samples in a tick of the RTP clock.
    #[must_use]
    pub const fn samples_per_tick(self) -> usize {
        match self {
            Self::Pcmu | Self::Pcma | Self::L16(_) => 1,
            Self::G722 => 2,
        }
    }

    /// A decoder that has heard nothing yet.
    #[must_use]
    pub const fn decoder(self) -> Decoder {
        Decoder::new(self)
    }

    /// An encoder that has said nothing yet.
    #[must_use]
    pub const fn encoder(self) -> Encoder {
        Encoder::new(self)
    }

    /// All that can be agreed on by name.
    const KNOWN: [Self; 6] = [
        Self::Pcmu,
        Self::Pcma,
        Self::G722,
        Self::L16(SampleRate::HZ_8000),
        Self::L16(SampleRate::HZ_16000),
        Self::L16(SampleRate::HZ_48000),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_clock_rates_find_their_codec() {
        for codec in Codec::KNOWN {
            let clock_rate = codec.clock_rate().hz();
            assert_eq!(Codec::from_encoding(&codec.name().to_lowercase(), clock_rate, 1), Some(codec));
        }
        assert_eq!(Codec::from_encoding("PCMA", 8_000, 1), Some(Codec::Pcma));
        assert_eq!(Codec::from_encoding("G722", 8_000, 1), Some(Codec::G722));
    }

    #[test]
    fn a_codec_of_another_clock_rate_or_of_two_channels_is_not_known() {
        for (name, clock_rate, channels) in [
            ("G729", 8_000, 1),
            ("PCMU", 16_000, 1),
            ("G722", 16_000, 1),
            ("L16", 44_100, 1),
            ("L16", 48_000, 2),
            ("PCMA", 8_000, 0),
        ] {
            assert_eq!(
                Codec::from_encoding(name, clock_rate, channels),
                None,
                "{name}/{clock_rate}/{channels}"
            );
        }
    }

    /// RFC 3551 table 4.
    #[test]
    fn static_payload_types_are_those_of_the_profile() {
        let types = Codec::KNOWN.map(Codec::payload_type);
        assert_eq!(types, [Some(0), Some(8), Some(9), None, None, None]);
    }

    #[test]
    fn twenty_milliseconds_have_the_bytes_and_samples_of_the_profile() {
        let sizes = Codec::KNOWN.map(|codec| {
            let ticks = codec.clock_rate().hz() as usize / 50;
            assert_eq!(ticks * codec.samples_per_tick(), codec.sample_rate().hz() as usize / 50);
            (ticks, ticks * codec.bytes_per_tick(), ticks * codec.samples_per_tick())
        });
        let g711 = (160, 160, 160);
        assert_eq!(sizes, [g711, g711, (160, 160, 320), (160, 320, 160), (320, 640, 320), (960, 1920, 960)]);
    }
}
