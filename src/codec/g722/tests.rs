//! G.722 against another implementation of it, and against what a codec is for.
//!
//! The checksums are those of `FFmpeg` 5.1, which gives the same bits as the test sequence of ITU-T G.191
//! (`src/g722/test_data`, 97 536 samples), as does the code here:
//!
//! ```text
//! ffmpeg -f s16le -ar 16000 -ac 1 -i in.raw -c:a g722 -f crc -
//! ffmpeg -f s16le -ar 16000 -ac 1 -i in.raw -c:a g722 out.g722; ffmpeg -i out.g722 -f crc -
//! ```
//! in.raw holds the samples of [`signal`].

use super::*;
use core::f64::consts::TAU;

/// Noise and saw-tooth sweeps in turn, at eight levels from full scale down.
fn signal() -> Vec<i16> {
    let mut state: i64 = 1;
    let sample = |n: i64| {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        let (noise, saw) = ((state >> 15) - 32_768, ((n * n) >> 6) % 65_536 - 32_768);
        let sample = if n >> 10 & 1 == 1 { saw } else { noise };
        i16::try_from(sample >> (n >> 11 & 7)).unwrap()
    };
    (0..1 << 15).map(sample).collect()
}

fn encoded(samples: &[i16]) -> Vec<u8> {
    let mut encoder = Encoder::new();
    samples.as_chunks().0.iter().map(|&pair| encoder.encode(pair)).collect()
}

fn decoded(codes: &[u8]) -> Vec<i16> {
    let mut decoder = Decoder::new();
    codes.iter().flat_map(|&code| decoder.decode(code)).collect()
}

/// RFC 1950 §9.
fn adler32(bytes: impl IntoIterator<Item = u8>) -> u32 {
    let add = |(a, b): (u32, u32), byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (b + a) % 65_521)
    };
    let (a, b) = bytes.into_iter().fold((1, 0), add);
    b << 16 | a
}

#[test]
fn the_encoder_is_bit_exact() {
    assert_eq!(adler32(encoded(&signal())), 0xff8f_1ab0);
}

#[test]
fn the_decoder_is_bit_exact() {
    assert_eq!(adler32(decoded(&encoded(&signal())).into_iter().flat_map(i16::to_le_bytes)), 0x6b73_af1c);
}

#[test]
fn the_signal_makes_use_of_every_code() {
    let codes = encoded(&signal());
    // The first four of the lower band are never sent.
    assert!((4..64).all(|low| codes.iter().any(|code| code & 0x3f == low)));
    assert!((0..4).all(|high| codes.iter().any(|code| code >> 6 == high)));
}

#[test]
fn tones_of_either_band_come_back_with_the_noise_of_their_bits() {
    // The lower band has 6 bits, the upper 2.
    for (hz, least) in [(300.0, 60.0), (1_000.0, 46.0), (3_000.0, 40.0), (5_000.0, 21.0), (7_000.0, 21.0)] {
        let ratio = signal_to_noise(hz);
        assert!(ratio > least, "{hz} Hz: {ratio:.1} dB");
    }
}

/// In dB, of a second of a tone at a quarter of full scale, once both ends have settled.
#[expect(clippy::cast_possible_truncation, reason = "a quarter of full scale fits")]
fn signal_to_noise(hz: f64) -> f64 {
    let tone = |n: i32| 8_192.0 * (TAU * hz * f64::from(n) / 16_000.0).sin();
    let samples: Vec<i16> = (0..32_000).map(|n| tone(n).round() as i16).collect();
    let heard = decoded(&encoded(&samples));
    let (said, heard) = (&samples[8_000..24_000], &heard[8_000 + DELAY..24_000 + DELAY]);
    let power = |sample: f64| sample * sample;
    let noise = said.iter().zip(heard).map(|(&a, &b)| power(f64::from(a) - f64::from(b))).sum::<f64>();
    10.0 * (said.iter().map(|&a| power(f64::from(a))).sum::<f64>() / noise).log10()
}

#[test]
fn an_impulse_comes_out_after_the_delay_of_the_filter_bank() {
    let mut samples = [0; 64];
    samples[10] = 30_000;
    let heard = decoded(&encoded(&samples));
    let peak = (0..64).max_by_key(|&n| i32::from(heard[n]).abs()).unwrap();
    assert_eq!(peak, 10 + DELAY);
}

#[test]
fn silence_is_softer_than_78_decibels() {
    let heard = decoded(&encoded(&[0; 8_000]));
    assert!(heard.iter().all(|sample| sample.abs() <= 4), "{:?}", heard.iter().max());
}

/// Samples that pass between those at the encoder's input and their like at the decoder's output: the two filter banks.
const DELAY: usize = 22;
