//! Codecs and noise do not allocate: not while they run, and not when a voice changes from one to another.

use crate::codec::{Codec, ComfortNoise};
use crate::dsp::Noise;
use crate::units::SampleRate;
use assert_no_alloc::{assert_no_alloc, reset_violation_count, violation_count};

#[test]
fn a_voice_that_changes_its_codec_with_every_packet_does_not_allocate() {
    let codecs = [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::L16(SampleRate::HZ_48000)];
    let (mut samples, mut payload) = ([0.0; 960], [0; 1_920]);
    let mut sounded = 0;
    reset_violation_count();
    assert_no_alloc(|| {
        for codec in codecs.into_iter().cycle().take(40) {
            let (mut decoder, mut encoder) = (codec.decoder(), codec.encoder());
            let count = decoder.decode(&[0x35; 320], &mut samples);
            sounded += encoder.encode(&samples[..count], &mut payload);
            decoder.reset();
        }
    });
    assert_eq!(violation_count(), 0);
    assert_eq!(sounded, 40 * 320);
}

#[test]
fn comfort_noise_does_not_allocate() {
    let mut noise = Noise::new(SampleRate::HZ_8000, 1);
    let mut samples = [0.0; 160];
    reset_violation_count();
    assert_no_alloc(|| {
        for level in (0..100).rev() {
            let heard = ComfortNoise::parse(&[level, 20, 200, 100]).unwrap();
            noise.set_level(heard.level());
            noise.set_colour(heard.reflections());
            noise.fill(&mut samples);
        }
    });
    assert_eq!(violation_count(), 0);
    assert!(samples.iter().any(|sample| sample.abs() > 0.5));
}
