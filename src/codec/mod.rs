//! Speech codecs: bytes of an RTP payload to samples and back.
//!
//! Samples are `f32`, full scale ±1.0 (an `i16` divided by 32 768). A [`Codec`] says what it is called in SDP, which
//! payload type it has and what its silence is. Loss is not concealed here, and payload formats that carry state or
//! more than one rate do not exist yet.
//!
//! PCMU and PCMA: RFC 3551 §4.5.14, ITU-T G.711.

mod g711;

use crate::units::SampleRate;

/// A way to carry speech in RTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 with µ-law (North America, Japan).
    Pcmu,
    /// G.711 with A-law (everywhere else).
    Pcma,
}

impl Codec {
    /// Every codec there is, in the order of their payload types.
    pub const ALL: [Self; 2] = [Self::Pcmu, Self::Pcma];

    /// The codec with this static payload type (RFC 3551 §6).
    #[must_use]
    pub fn from_payload_type(payload_type: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.payload_type() == payload_type)
    }

    /// The codec with this encoding name, in any letter case (RFC 4855 §3).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// The static payload type (RFC 3551 §6).
    #[must_use]
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    /// The encoding name, as in `a=rtpmap`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// Samples per second.
    #[must_use]
    pub const fn rate(self) -> SampleRate {
        SampleRate::HZ_8000
    }

    /// The byte that stands for silence.
    #[must_use]
    pub const fn silence(self) -> u8 {
        match self {
            Self::Pcmu => 0xff,
            Self::Pcma => 0xd5,
        }
    }

    /// Writes the samples of `payload` to the front of `samples` and says how many they are. What does not fit is left
    /// out.
    pub fn decode(self, payload: &[u8], samples: &mut [f32]) -> usize {
        let table = match self {
            Self::Pcmu => &g711::ULAW,
            Self::Pcma => &g711::ALAW,
        };
        for (sample, &code) in samples.iter_mut().zip(payload) {
            *sample = table[usize::from(code)];
        }
        payload.len().min(samples.len())
    }

    /// Writes `samples` to the front of `payload` and says how many bytes they are. What does not fit is left out;
    /// samples beyond full scale are clipped, and what is no number is silence.
    pub fn encode(self, samples: &[f32], payload: &mut [u8]) -> usize {
        let law = match self {
            Self::Pcmu => audio_codec_algorithms::encode_ulaw,
            Self::Pcma => audio_codec_algorithms::encode_alaw,
        };
        for (code, &sample) in payload.iter_mut().zip(samples) {
            *code = law(g711::linear(sample));
        }
        samples.len().min(payload.len())
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact values are what is tested")]
mod tests {
    use super::*;
    use audio_codec_algorithms::{decode_alaw, decode_ulaw};

    /// One sample through `decode`.
    fn decoded(codec: Codec, code: u8) -> f32 {
        let mut sample = [f32::NAN];
        assert_eq!(codec.decode(&[code], &mut sample), 1);
        sample[0]
    }

    /// One sample through `encode`.
    fn encoded(codec: Codec, sample: f32) -> u8 {
        let mut code = [0];
        assert_eq!(codec.encode(&[sample], &mut code), 1);
        code[0]
    }

    #[test]
    fn every_code_decodes_as_g191_does() {
        for code in 0..=255 {
            assert_eq!(
                decoded(Codec::Pcmu, code) * 32_768.0,
                f32::from(decode_ulaw(code)),
                "µ-law {code:#x}"
            );
            assert_eq!(
                decoded(Codec::Pcma, code) * 32_768.0,
                f32::from(decode_alaw(code)),
                "A-law {code:#x}"
            );
        }
    }

    /// Decision values and outputs of ITU-T G.711 tables 1a and 2a, scaled to 16 bits.
    #[test]
    fn known_values_of_g711() {
        let ulaw =
            [(0x80, 32_124.0), (0x00, -32_124.0), (0xff, 0.0), (0xfe, 8.0), (0x7e, -8.0), (0x8f, 16_764.0)];
        let alaw =
            [(0xaa, 32_256.0), (0x2a, -32_256.0), (0xd5, 8.0), (0x55, -8.0), (0xd4, 24.0), (0x80, 5_504.0)];
        for (code, linear) in ulaw {
            assert_eq!(decoded(Codec::Pcmu, code) * 32_768.0, linear, "µ-law {code:#x}");
        }
        for (code, linear) in alaw {
            assert_eq!(decoded(Codec::Pcma, code) * 32_768.0, linear, "A-law {code:#x}");
        }
    }

    #[test]
    fn every_code_survives_decoding_and_encoding() {
        for code in 0..=255_u8 {
            // µ-law has two zeros; the negative one comes back as the positive one.
            let expected = if code == 0x7f { 0xff } else { code };
            assert_eq!(encoded(Codec::Pcmu, decoded(Codec::Pcmu, code)), expected);
            assert_eq!(encoded(Codec::Pcma, decoded(Codec::Pcma, code)), code);
        }
    }

    #[test]
    fn every_sixteen_bit_value_encodes_as_g191_does() {
        for linear in i16::MIN..=i16::MAX {
            let sample = f32::from(linear) / 32_768.0;
            assert_eq!(encoded(Codec::Pcmu, sample), audio_codec_algorithms::encode_ulaw(linear));
            assert_eq!(encoded(Codec::Pcma, sample), audio_codec_algorithms::encode_alaw(linear));
        }
    }

    #[test]
    fn encoding_rounds_to_the_nearest_step() {
        for (sample, linear) in [(8.4, 8), (8.6, 9), (-8.4, -8), (-8.6, -9), (15.5, 16)] {
            assert_eq!(g711::linear(sample / 32_768.0), linear);
        }
    }

    #[test]
    fn what_is_too_loud_is_clipped_and_what_is_no_number_is_silent() {
        for codec in Codec::ALL {
            assert_eq!(encoded(codec, 1.0e9), encoded(codec, 1.0));
            assert_eq!(encoded(codec, f32::NEG_INFINITY), encoded(codec, -1.0));
            assert_eq!(encoded(codec, f32::NAN), codec.silence());
        }
    }

    #[test]
    fn silence_is_what_zero_encodes_to() {
        for codec in Codec::ALL {
            assert_eq!(encoded(codec, 0.0), codec.silence());
        }
    }

    #[test]
    fn only_what_fits_is_written() {
        let mut samples = [0.5; 4];
        assert_eq!(Codec::Pcmu.decode(&[0xff; 2], &mut samples), 2);
        assert_eq!(samples, [0.0, 0.0, 0.5, 0.5]);
        assert_eq!(Codec::Pcmu.decode(&[0xff; 9], &mut samples), 4);
        let mut payload = [1; 3];
        assert_eq!(Codec::Pcma.encode(&[0.0; 2], &mut payload), 2);
        assert_eq!(payload, [0xd5, 0xd5, 1]);
    }

    #[test]
    fn names_and_payload_types_find_their_codec() {
        for codec in Codec::ALL {
            assert_eq!(Codec::from_payload_type(codec.payload_type()), Some(codec));
            assert_eq!(Codec::from_name(&codec.name().to_lowercase()), Some(codec));
        }
        assert_eq!(Codec::from_payload_type(0), Some(Codec::Pcmu));
        assert_eq!(Codec::from_payload_type(8), Some(Codec::Pcma));
        assert_eq!(Codec::from_payload_type(18), None);
        assert_eq!(Codec::from_name("G722"), None);
    }
}
