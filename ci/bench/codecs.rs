//! Bytes to samples and back.

use super::Stage;
use pagingbox::codec::Codec;
use pagingbox::units::SampleRate;
use std::f64::consts::TAU;
use std::hint::black_box;

pub(crate) fn stages() -> Vec<Stage> {
    let codecs = [
        Codec::Pcmu,
        Codec::Pcma,
        Codec::G722,
        Codec::L16(SampleRate::HZ_8000),
        Codec::L16(SampleRate::HZ_16000),
        Codec::L16(SampleRate::HZ_48000),
    ];
    codecs.into_iter().map(decode).chain(codecs.into_iter().map(encode)).collect()
}

/// A second of something like speech: a buzz of 120 Hz that comes and goes with every syllable.
#[expect(clippy::cast_possible_truncation, reason = "samples have 32 bits")]
pub(crate) fn speech(rate: SampleRate) -> Vec<f32> {
    let rate_hz = f64::from(rate.hz());
    let sample = |frame: u32| {
        let at = f64::from(frame) / rate_hz;
        let buzz: f64 = (1..20).map(|n| (TAU * 120.0 * f64::from(n) * at).sin() / f64::from(n)).sum();
        (0.2 * buzz * (TAU * 2.0 * at).sin().powi(2)) as f32
    };
    (0..rate.hz()).map(sample).collect()
}

/// The same as 50 payloads of 20 ms.
pub(crate) fn payloads(codec: Codec) -> Vec<Vec<u8>> {
    let mut encoder = codec.encoder();
    let speech = speech(codec.sample_rate());
    let payload = |samples: &[f32]| {
        let mut payload = vec![0; 2 * samples.len()];
        let len = encoder.encode(samples, &mut payload);
        payload.truncate(len);
        payload
    };
    speech.chunks(speech.len() / 50).map(payload).collect()
}

fn decode(codec: Codec) -> Stage {
    Stage::sound(format!("{}: decode", name(codec)), move || {
        let (mut decoder, payloads) = (codec.decoder(), payloads(codec));
        let mut next = (0..payloads.len()).cycle();
        let mut samples = [0.0; 960];
        move || {
            let payload = next.next().map_or(&[][..], |index| &payloads[index]);
            black_box(decoder.decode(payload, &mut samples));
            black_box(&samples);
        }
    })
}

fn encode(codec: Codec) -> Stage {
    Stage::sound(format!("{}: encode", name(codec)), move || {
        let (mut encoder, speech) = (codec.encoder(), speech(codec.sample_rate()));
        let frames = speech.len() / 50;
        let mut next = (0..50).map(move |packet| packet * frames).cycle();
        let mut payload = [0; 1_920];
        move || {
            let from = next.next().unwrap_or(0);
            black_box(encoder.encode(&speech[from..from + frames], &mut payload));
            black_box(&payload);
        }
    })
}

fn name(codec: Codec) -> String {
    format!("{}, {}", codec.name(), codec.sample_rate())
}
