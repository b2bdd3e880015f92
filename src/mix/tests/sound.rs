//! What the whole way from packets to the card does to a sound.

use super::bench::*;
use crate::mix::{Command, Format, OutputLevels};
use crate::rtp::DelayRange;
use crate::units::Level;
use core::time::Duration;

/// A second of a tone, after the voice has settled.
fn heard_tone(format: Format, hz: f32, peak: f32) -> Vec<f32> {
    let mut bench = Bench::of(&[format], DelayRange::default());
    let rate_hz = format.codec.sample_rate().hz() as usize;
    let packet = rate_hz / 50;
    for number in 0..80 {
        let speech = tone_at(rate_hz, hz, peak, number * packet..(number + 1) * packet);
        bench.send_as(format, Some(ms(100 + 20 * number as u64)), &speech);
    }
    bench.run_until(ms(1_600));
    bench.span(ms(400), ms(1_400)).to_vec()
}

#[test]
fn a_tone_through_pcmu_keeps_its_level() {
    let level = db(amplitude(&heard_tone(G711[0], 1_000.0, 0.3162), 1_000.0) / 0.3162);
    assert!(level.abs() < 0.1, "{level} dB");
}

#[test]
fn the_output_becomes_softer_and_louder_than_at_the_beginning_and_keeps_its_ceiling() {
    let mut bench = Bench::of(&[L16_8], DelayRange::default());
    for number in 0..150 {
        let speech = tone_at(8000, 1_000.0, 0.4, number * 160..(number + 1) * 160);
        bench.send_as(L16_8, Some(ms(100 + 20 * number as u64)), &speech);
    }
    let mut set = |at, channel, ceiling| {
        bench.run_until(ms(at));
        let channels = heapless::Vec::from_slice(&[Level::from_gain(channel)]).unwrap();
        let levels = OutputLevels { channels, ceiling: Level::from_gain(ceiling) };
        bench.mixer.handle_command(bench.now, Command::SetOutput(levels));
    };
    set(800, 0.25, 0.9);
    set(1_200, 2.0, 0.9);
    set(1_600, 8.0, 0.9);
    set(2_000, 1.0, 0.2);
    bench.run_until(ms(2_400));
    let peak =
        |from, to| bench.span(ms(from), ms(to)).iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    let peaks = [(500, 800), (900, 1_200), (1_300, 1_600), (1_700, 2_000), (2_100, 2_400)];
    let expected = [0.4, 0.1, 0.8, 0.9, 0.2];
    for ((from, to), expected) in peaks.into_iter().zip(expected) {
        let peak = peak(from, to);
        assert!((peak / expected - 1.0).abs() < 0.06, "{from} ms: {peak}, not {expected}");
    }
}

#[test]
fn the_telephone_band_is_flat() {
    for format in [G711[0], G711[1], L16_8, G722, L16_16, L16_48] {
        for hz in [300.0, 600.0, 1_000.0, 1_700.0, 2_400.0, 3_000.0, 3_400.0] {
            let level = db(amplitude(&heard_tone(format, hz, 0.25), f64::from(hz)) / 0.25);
            assert!(level.abs() < 0.5, "{format:?}, {hz} Hz: {level} dB");
        }
    }
}

#[test]
fn what_is_wide_stays_wide() {
    for (format, hz) in [(L16_16, 7_000.0), (G722, 6_000.0), (L16_48, 15_000.0), (L16_48, 20_000.0)] {
        let level = db(amplitude(&heard_tone(format, hz, 0.25), f64::from(hz)) / 0.25);
        assert!(level.abs() < 0.5, "{format:?}, {hz} Hz: {level} dB");
    }
}

#[test]
fn images_are_below_minus_70_db() {
    // L16 has no noise of its own that could hide them.
    for (format, tones) in [(L16_8, [300.0, 1_000.0, 3_400.0]), (L16_16, [1_000.0, 3_400.0, 7_000.0])] {
        let rate_hz = f64::from(format.codec.sample_rate().hz());
        for hz in tones {
            let heard = heard_tone(format, hz, 0.5);
            for multiple in 1..=3 {
                for image in [
                    rate_hz * f64::from(multiple) - f64::from(hz),
                    rate_hz * f64::from(multiple) + f64::from(hz),
                ] {
                    let level = db(amplitude(&heard, image) / 0.5);
                    assert!(
                        image > 24_000.0 || level < -70.0,
                        "{format:?}, {hz} Hz: {level} dB at {image} Hz"
                    );
                }
            }
        }
    }
}

/// A word of a voice of 125 Hz with a few overtones.
fn word(samples: core::ops::Range<usize>) -> Vec<f32> {
    let sample = |sample: usize| {
        let time = sample as f32 / 8_000.0;
        let loud = 0.2 * (1.0 - (core::f32::consts::TAU * 2.0 * time).cos());
        let voice: f32 = [1.0, 2.0, 5.0, 9.0].iter().map(|k| (785.398 * k * time).sin() / k).sum();
        loud * voice
    };
    samples.map(sample).collect()
}

#[test]
fn a_word_with_losses_sounds_as_it_always_did() {
    let mut bench = Bench::of(&[L16_8], DelayRange::default());
    for number in 0..40 {
        let lost = [11, 12, 20, 29, 30, 31].contains(&number);
        let arrival = (!lost).then(|| ms(100 + 20 * number as u64));
        bench.send_as(L16_8, arrival, &word(number * 160..(number + 1) * 160));
    }
    bench.run_until(ms(1_000));
    let heard: Vec<f32> = bench.heard.iter().skip(frame_at(ms(118))).step_by(1_207).copied().collect();
    assert_eq!(heard.len(), GOLDEN.len());
    for (place, (sample, golden)) in heard.iter().zip(GOLDEN).enumerate() {
        assert!((sample - golden).abs() < 1e-3, "place {place}: {sample} and not {golden}, in {heard:.4?}");
    }
}

/// What `a_word_with_losses_sounds_as_it_always_did` heard when losses were listened to last (`ci/bench/sound.py`).
const GOLDEN: [f32; 36] = [
    0.0000, -0.0028, -0.0227, -0.1038, -0.0555, 0.2427, 0.2888, 0.0159, -0.0760, -0.2117, -0.3373, -0.1226,
    0.4121, 0.3127, 0.0139, -0.0352, -0.0864, -0.0828, -0.0077, 0.0066, 0.0006, 0.0010, -0.0083, -0.0502,
    -0.0517, 0.0015, -0.0498, -0.4148, -0.3330, 0.3468, 0.4747, 0.0855, 0.0252, -0.0449, -0.0545, 0.0000,
];

#[test]
fn nothing_is_lost_at_the_start_and_at_most_five_milliseconds_at_the_end() {
    let mut bench = Bench::new();
    for number in 0..50_usize {
        bench.send(Some(ms(100 + 20 * number as u64)), &tone(400.0, 0.25, number * 160, 160));
    }
    // The caller hangs up as soon as it has sent the last packet.
    bench.run_until(ms(1_082));
    let now = bench.now;
    bench.mixer.handle_command(now, crate::mix::Command::Release { voice: VOICE });
    bench.run_until(ms(1_300));
    let start = frame_at(ms(100) + TARGET) + FILTERS;
    let end = start + 48_000;
    assert!(peak(&bench.heard[start..start + 150]) > 0.2);
    assert!(peak(&bench.heard[end - 240..end]) > 0.2);
    assert!(corner(&bench.heard) < 0.02, "{}", corner(&bench.heard));
}

#[test]
fn a_hushed_voice_is_not_heard_and_comes_back_without_a_click() {
    let mut bench = Bench::new();
    for number in 0..100_usize {
        bench.send(Some(ms(100 + 20 * number as u64)), &tone(200.0, 0.25, number * 160, 160));
    }
    for (at, hushed) in [(500, true), (800, false), (1_200, true), (1_201, false)] {
        bench.run_until(ms(at));
        bench.mixer.handle_command(ms(at), crate::mix::Command::Hush { voice: VOICE, hushed });
    }
    bench.run_until(ms(2_000));
    assert_eq!(peak(bench.span(ms(508), ms(800))), 0.0);
    assert!(peak(bench.span(ms(806), ms(830))) > 0.2);
    assert!(largest_step(&bench.heard) < 2.0 * SMOOTH, "{}", largest_step(&bench.heard));
}

#[test]
fn losses_and_bursts_leave_no_corner() {
    // A tone bends by 0.0002 from frame to frame at 48 kHz; the steps of the codec are avoided.
    let undisturbed = {
        let heard = heard_tone(L16_8, 200.0, 0.25);
        corner(&heard)
    };
    for seed in 1..=10 {
        let mut bench = Bench::of(&[L16_8], DelayRange::default());
        let (mut dice, mut lost) = (Dice(seed), 0);
        for number in 0..300_usize {
            if lost == 0 && number > 0 && dice.below(20) == 0 {
                lost = 1 + dice.below(4);
            }
            let arrival =
                (lost == 0).then(|| ms(100 + 20 * number as u64) + Duration::from_micros(dice.below(9_000)));
            lost = lost.saturating_sub(1);
            bench.send_as(L16_8, arrival, &tone(200.0, 0.25, number * 160, 160));
        }
        bench.run_until(ms(6_300));
        let sharpest = corner(&bench.heard);
        assert!(sharpest < 12.0 * undisturbed, "seed {seed}: {sharpest} and not {undisturbed}");
    }
}
