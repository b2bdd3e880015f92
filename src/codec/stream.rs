//! What comes packet by packet: decoders and encoders that remember.

use super::{Codec, g711, g722};

/// Bytes of one stream to samples. It is made by [`Codec::decoder`].
#[derive(Clone, Debug)]
pub struct Decoder(Decoding);

#[derive(Clone, Debug)]
enum Decoding {
    Law(&'static [f32; 256]),
    G722(g722::Decoder),
    L16,
}

impl Decoder {
    pub(super) const fn new(codec: Codec) -> Self {
        Self(match codec {
            Codec::Pcmu => Decoding::Law(&g711::ULAW),
            Codec::Pcma => Decoding::Law(&g711::ALAW),
            Codec::G722 => Decoding::G722(g722::Decoder::new()),
            Codec::L16(_) => Decoding::L16,
        })
    }

    /// Writes the samples of `payload` to the front of `samples` and says how many they are. Only whole ticks are
    /// decoded, and as many as fit; the decoder never hears of the rest.
    pub fn decode(&mut self, payload: &[u8], samples: &mut [f32]) -> usize {
        match &mut self.0 {
            Decoding::Law(table) => {
                for (sample, &code) in samples.iter_mut().zip(payload) {
                    *sample = table[usize::from(code)];
                }
                payload.len().min(samples.len())
            }
            Decoding::G722(decoder) => {
                let (pairs, _) = samples.as_chunks_mut();
                for (pair, &code) in pairs.iter_mut().zip(payload) {
                    *pair = decoder.decode(code).map(from_linear);
                }
                2 * payload.len().min(pairs.len())
            }
            Decoding::L16 => {
                let (pairs, _) = payload.as_chunks();
                for (sample, &pair) in samples.iter_mut().zip(pairs) {
                    *sample = from_linear(i16::from_be_bytes(pair));
                }
                pairs.len().min(samples.len())
            }
        }
    }

    /// Forgets what it has heard: for another talker, or the same one after a restart.
    pub fn reset(&mut self) {
        if let Decoding::G722(decoder) = &mut self.0 {
            *decoder = g722::Decoder::new();
        }
    }
}

/// Samples of one stream to bytes. It is made by [`Codec::encoder`].
#[derive(Clone, Debug)]
pub struct Encoder(Encoding);

#[derive(Clone, Debug)]
enum Encoding {
    Law(fn(i16) -> u8),
    G722 {
        encoder: g722::Encoder,
        /// A sample that waits for the other one of its byte.
        first: Option<i16>,
    },
    L16,
}

impl Encoder {
    pub(super) const fn new(codec: Codec) -> Self {
        Self(match codec {
            Codec::Pcmu => Encoding::Law(audio_codec_algorithms::encode_ulaw),
            Codec::Pcma => Encoding::Law(audio_codec_algorithms::encode_alaw),
            Codec::G722 => Encoding::G722 { encoder: g722::Encoder::new(), first: None },
            Codec::L16(_) => Encoding::L16,
        })
    }

    /// Writes `samples` to the front of `payload` and says how many bytes they are. What does not fit is left out;
    /// samples beyond full scale are clipped, and what is no finite number is silence. Of an odd number of samples,
    /// G.722 keeps the last for the next call.
    pub fn encode(&mut self, samples: &[f32], payload: &mut [u8]) -> usize {
        match &mut self.0 {
            Encoding::Law(law) => {
                for (code, &sample) in payload.iter_mut().zip(samples) {
                    *code = law(to_linear(sample));
                }
                samples.len().min(payload.len())
            }
            Encoding::G722 { encoder, first } => {
                let mut codes = payload.iter_mut();
                let mut written = 0;
                for sample in samples.iter().copied().map(to_linear) {
                    let Some(waiting) = first.take() else {
                        *first = Some(sample);
                        continue;
                    };
                    let Some(code) = codes.next() else { break };
                    *code = encoder.encode([waiting, sample]);
                    written += 1;
                }
                written
            }
            Encoding::L16 => {
                let (pairs, _) = payload.as_chunks_mut();
                for (pair, &sample) in pairs.iter_mut().zip(samples) {
                    *pair = to_linear(sample).to_be_bytes();
                }
                2 * samples.len().min(pairs.len())
            }
        }
    }
}

/// Full scale is ±1.0.
fn from_linear(linear: i16) -> f32 {
    f32::from(linear) / FULL_SCALE
}

/// The 16-bit value nearest to `sample`, clipped; what is no finite number is zero.
fn to_linear(sample: f32) -> i16 {
    if !sample.is_finite() {
        return 0;
    }
    let scaled = sample * FULL_SCALE;
    // Cutting off what lies behind the point then rounds to nearest.
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates, which is the clipping wanted")]
    let linear = (scaled + 0.5_f32.copysign(scaled)) as i16;
    linear
}

const FULL_SCALE: f32 = 32_768.0;

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact values are what is tested")]
mod tests {
    use super::*;
    use crate::units::SampleRate;
    use audio_codec_algorithms::{decode_alaw, decode_ulaw};
    use proptest::{collection::vec, prelude::*, sample::select};

    /// One sample through `decode`.
    fn decoded(codec: Codec, code: u8) -> f32 {
        let mut sample = [f32::NAN];
        assert_eq!(codec.decoder().decode(&[code], &mut sample), 1);
        sample[0]
    }

    /// One sample through `encode`.
    fn encoded(codec: Codec, sample: f32) -> u8 {
        let mut code = [0];
        assert_eq!(codec.encoder().encode(&[sample], &mut code), 1);
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
            assert_eq!(to_linear(sample / 32_768.0), linear);
        }
    }

    #[test]
    fn what_is_too_loud_is_clipped_and_what_is_no_finite_number_is_silent() {
        for codec in [Codec::Pcmu, Codec::Pcma] {
            assert_eq!(encoded(codec, 1.0e9), encoded(codec, 1.0));
            assert_eq!(encoded(codec, -1.0e9), encoded(codec, -1.0));
            for sample in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                assert_eq!(encoded(codec, sample), encoded(codec, 0.0));
            }
        }
        assert_eq!([encoded(Codec::Pcmu, 0.0), encoded(Codec::Pcma, 0.0)], [0xff, 0xd5]);
    }

    #[test]
    fn only_what_fits_is_written() {
        let mut samples = [0.5; 4];
        assert_eq!(Codec::Pcmu.decoder().decode(&[0xff; 2], &mut samples), 2);
        assert_eq!(samples, [0.0, 0.0, 0.5, 0.5]);
        assert_eq!(Codec::Pcmu.decoder().decode(&[0xff; 9], &mut samples), 4);
        let mut payload = [1; 3];
        assert_eq!(Codec::Pcma.encoder().encode(&[0.0; 2], &mut payload), 2);
        assert_eq!(payload, [0xd5, 0xd5, 1]);
    }

    #[test]
    fn l16_has_the_high_byte_first() {
        let l16 = Codec::L16(SampleRate::HZ_16000);
        let mut payload = [7; 7];
        assert_eq!(l16.encoder().encode(&[0.5, -1.0, 1.0, f32::NAN], &mut payload), 6);
        assert_eq!(payload, [0x40, 0x00, 0x80, 0x00, 0x7f, 0xff, 7]);
        let mut samples = [f32::NAN; 4];
        assert_eq!(l16.decoder().decode(&payload, &mut samples), 3);
        assert_eq!(samples[..3], [0.5, -1.0, 32_767.0 / 32_768.0]);
        assert!(samples[3].is_nan());
    }

    #[test]
    fn g722_has_two_samples_in_a_byte_and_keeps_an_odd_one() {
        let mut encoder = Codec::G722.encoder();
        let mut payload = [0; 8];
        let written = [1, 2, 3, 4].map(|len| encoder.encode(&[0.25; 4][..len], &mut payload));
        assert_eq!(written, [0, 1, 2, 2]);
        let mut samples = [f32::NAN; 5];
        assert_eq!(Codec::G722.decoder().decode(&payload, &mut samples), 4);
        assert!(samples[4].is_nan());
    }

    #[test]
    fn after_a_reset_a_decoder_is_as_new() {
        let (mut new, mut used) = (Codec::G722.decoder(), Codec::G722.decoder());
        let mut samples = [[0.0; 200]; 2];
        used.decode(&[0x35; 100], &mut samples[0]);
        used.reset();
        for (decoder, samples) in [&mut new, &mut used].into_iter().zip(&mut samples) {
            decoder.decode(&[0xa7; 100], samples);
        }
        assert_eq!(samples[0], samples[1]);
    }

    proptest! {
        #[test]
        fn any_cut_of_the_bytes_gives_the_same_samples(
            codec in any_codec(),
            bytes in vec(any::<u8>(), 0..500),
            cuts in vec(0..40_usize, 100),
        ) {
            let ticks = bytes.len() / codec.bytes_per_tick();
            let mut whole = vec![f32::NAN; ticks * codec.samples_per_tick()];
            prop_assert_eq!(codec.decoder().decode(&bytes, &mut whole), whole.len());
            prop_assert!(whole.iter().all(|sample| sample.abs() <= 1.0));
            let (mut decoder, mut pieces, mut rest) = (codec.decoder(), Vec::new(), &bytes[..]);
            for cut in cuts {
                let (piece, later) = rest.split_at((cut * codec.bytes_per_tick()).min(rest.len()));
                let mut samples = [f32::NAN; 80];
                let count = decoder.decode(piece, &mut samples);
                pieces.extend_from_slice(&samples[..count]);
                rest = later;
            }
            prop_assert_eq!(&pieces[..], &whole[..pieces.len()]);
        }

        #[test]
        fn any_cut_of_the_samples_gives_the_same_bytes(
            codec in any_codec(),
            samples in vec(any::<f32>(), 0..500),
            cuts in vec(0..40_usize, 100),
        ) {
            let mut whole = vec![0; 1_000];
            let len = codec.encoder().encode(&samples, &mut whole);
            let (mut encoder, mut pieces, mut rest) = (codec.encoder(), Vec::new(), &samples[..]);
            for cut in cuts {
                let (piece, later) = rest.split_at(cut.min(rest.len()));
                let mut bytes = [0; 80];
                let count = encoder.encode(piece, &mut bytes);
                pieces.extend_from_slice(&bytes[..count]);
                rest = later;
            }
            prop_assert_eq!(&pieces[..], &whole[..pieces.len()]);
            prop_assert!(pieces.len() == len || !rest.is_empty());
        }
    }

    fn any_codec() -> impl Strategy<Value = Codec> {
        select(Codec::KNOWN.to_vec())
    }
}
