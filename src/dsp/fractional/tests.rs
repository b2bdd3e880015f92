#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a second or a minute of samples"
)]

use super::super::probe::{Noise, amplitude, db, sine};
use super::*;

const RATE: SampleRate = SampleRate::HZ_16000;
const BLOCK: usize = 40;

/// What comes out of `input` when as much is given each time as is asked for.
fn run(stage: &mut Fractional, input: &[f32]) -> Vec<f32> {
    let mut output = Vec::new();
    let mut rest = input;
    loop {
        let needed = stage.frames_needed(BLOCK);
        let Some((now, later)) = rest.split_at_checked(needed) else { return output };
        let mut block = [f32::NAN; BLOCK];
        assert_eq!(stage.process(now, &mut block), BLOCK);
        output.extend(block);
        rest = later;
    }
}

/// A stage that has been at `ppm` for ever.
fn at(mut stage: Fractional, ppm: f32) -> Fractional {
    stage.set_ppm(ppm);
    stage.settle();
    stage
}

#[test]
fn at_a_ratio_of_one_the_input_is_only_late() {
    let input = Noise::new(1).samples(2_000);
    for mut stage in [Fractional::narrow(RATE), Fractional::wide(RATE)] {
        let output = run(&mut stage, &input);
        let late = stage.latency_frames();
        let pairs = output[late..].iter().zip(&input);
        assert!(pairs.clone().count() > 1_900);
        assert!(pairs.into_iter().all(|(output, input)| (output - input).abs() < 1e-6));
    }
}

#[test]
fn a_tone_keeps_its_level_and_moves_by_the_ratio() {
    let bands: [(Fractional, &[f64]); 2] = [
        (Fractional::narrow(RATE), &[300.0, 1_000.0, 2_000.0, 3_000.0, 3_400.0]),
        (Fractional::wide(RATE), &[300.0, 1_000.0, 3_400.0, 5_000.0, 6_000.0, 7_000.0]),
    ];
    for (stage, tones) in bands {
        for &hz in tones {
            for ppm in [-500.0_f32, -125.0, 0.0, 250.0, 500.0] {
                let output = run(&mut at(stage.clone(), ppm), &sine(40_000, hz, 16_000));
                // The tone that is expected has a whole number of turns in what is measured.
                let expected = hz * (1.0 + f64::from(ppm) * 1e-6);
                let frames = (16_000.0 / expected * (expected * 2.0).round()).round();
                let level = amplitude(&output[100..][..frames as usize], expected, 16_000);
                assert!(db(level).abs() < 0.02, "{hz} Hz at {ppm} ppm: {} dB", db(level));
            }
        }
    }
}

#[test]
fn images_are_below_minus_70_db() {
    // 500 ppm move the place by one frame in 2 000: images of `hz` lie at a multiple of 8 Hz beside it.
    for (stage, highest) in [(Fractional::narrow(RATE), 3_400), (Fractional::wide(RATE), 7_000)] {
        for hz in (200..=highest).step_by(200).map(f64::from) {
            let output = run(&mut at(stage.clone(), 500.0), &sine(34_000, hz / 1.0005, 16_000));
            for multiple in (-16..=16).filter(|&multiple| multiple != 0) {
                let image = amplitude(&output[100..32_100], hz + 8.0 * f64::from(multiple), 16_000);
                assert!(db(image) < -70.0, "{hz} Hz: {} dB at {multiple}", db(image));
            }
        }
    }
}

#[test]
fn over_a_minute_the_input_is_read_by_the_ratio_faster() {
    for ppm in [-500.0_f32, -3.0, 0.0, 200.0, 500.0] {
        let mut stage = at(Fractional::narrow(RATE), ppm);
        let mut read = 0;
        for _ in 0..400 * 60 {
            let needed = stage.frames_needed(BLOCK);
            stage.process(&[0.5; 48][..needed], &mut [0.0; BLOCK]);
            read += needed;
        }
        let expected = 960_000.0 * (1.0 + f64::from(ppm) * 1e-6);
        assert!((read as f64 - expected).abs() < 2.0, "{read} at {ppm} ppm");
    }
}

#[test]
fn the_ratio_moves_fifty_millionths_a_second_and_without_a_step() {
    let mut stage = Fractional::narrow(RATE);
    stage.set_ppm(9_000.0);
    let mut last = 0.0;
    let mut output = Vec::new();
    let input = sine(20 * 16_000, 1_000.0, 16_000);
    let mut rest = &input[..];
    for block in 1..=400 * 12_u16 {
        let (now, later) = rest.split_at(stage.frames_needed(BLOCK));
        rest = later;
        let mut samples = [0.0; BLOCK];
        stage.process(now, &mut samples);
        output.extend(samples);
        assert!((stage.ppm() - last).abs() <= 0.1251, "{last} to {}", stage.ppm());
        last = stage.ppm();
        if block % 400 == 0 {
            assert!((stage.ppm() - (f32::from(block) / 8.0).min(500.0)).abs() < 0.5, "{}", stage.ppm());
        }
    }
    // The second difference of a sine is a sine: nothing in it stands out.
    let bend = |samples: &[f32]| samples[0] - 2.0 * samples[1] + samples[2];
    let bound = 1.002 * input.windows(3).map(bend).fold(0.0, f32::max);
    let worst = output[20..].windows(3).map(|three| bend(three).abs()).fold(0.0, f32::max);
    assert!(worst <= bound, "{worst} and not {bound}");
}

#[test]
fn input_that_comes_too_early_is_kept() {
    let input = Noise::new(2).samples(4_000);
    let whole = run(&mut at(Fractional::wide(RATE), 300.0), &input);
    let mut stage = at(Fractional::wide(RATE), 300.0);
    let mut output = Vec::new();
    let mut rest = &input[..];
    loop {
        // By pairs, as a half-band filter gives them.
        let needed = stage.frames_needed(BLOCK).next_multiple_of(2);
        let Some((now, later)) = rest.split_at_checked(needed) else { break };
        let mut block = [0.0; BLOCK];
        assert_eq!(stage.process(now, &mut block), BLOCK);
        output.extend(block);
        rest = later;
    }
    assert!(output.len() > 3_800 && whole.starts_with(&output));
}

#[test]
fn without_enough_input_nothing_is_written_and_nothing_lost() {
    let mut stage = Fractional::wide(RATE);
    let mut output = [7.0; 3 * Fractional::CHUNK + 5];
    assert_eq!(stage.process(&[0.5; 39], &mut output), 0);
    assert_eq!(stage.process(&[0.5; 1], &mut output), 40);
    assert_eq!(stage.process(&[0.5; 80], &mut output), 80);
    assert!(output[80..].iter().all(|sample| sample.to_bits() == 7.0_f32.to_bits()));
    assert_eq!(stage.frames_needed(39), 0);
    assert!((output[79] - 0.5).abs() < 1e-6);
}

#[test]
fn no_ratio_at_all_changes_nothing() {
    let mut stage = Fractional::narrow(RATE);
    stage.set_ppm(100.0);
    stage.set_ppm(f32::NAN);
    stage.settle();
    assert!((stage.ppm() - 100.0).abs() < 1e-6);
}
