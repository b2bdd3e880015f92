//! What happens to samples, in the blocks of 2.5 ms that a mixer works in.

use super::Stage;
use super::codecs::speech;
use pagingbox::dsp::{Halfband, Interpolator3, Limiter, Meter, Noise, Polyphase, Ramp, Tone};
use pagingbox::units::{Level, SampleRate};
use std::hint::black_box;

pub(crate) fn stages() -> Vec<Stage> {
    vec![
        Stage::sound("half-band, 8 to 16 kHz", || {
            let (mut stage, mut output) = (Halfband::new(), [0.0; 40]);
            blocks::<20>(SampleRate::HZ_8000, 1.0, move |block| {
                stage.process(block, &mut output);
                black_box(&output);
            })
        }),
        Stage::sound("interpolator, 16 to 48 kHz", || {
            let (mut stage, mut output) = (Interpolator3::new(), [0.0; 120]);
            blocks::<40>(SampleRate::HZ_16000, 1.0, move |block| {
                stage.process(block, &mut output);
                black_box(&output);
            })
        }),
        Stage::sound("interpolator, 16 to 48 kHz, narrow", || {
            let (mut stage, mut output) = (Interpolator3::new(), [0.0; 120]);
            blocks::<40>(SampleRate::HZ_16000, 1.0, move |block| {
                stage.process_narrow(block, &mut output);
                black_box(&output);
            })
        }),
        Stage::sound("polyphase, 48 to 44.1 kHz", || {
            let (mut stage, mut output) = (Polyphase::new(1), [0.0; 120]);
            blocks::<120>(SampleRate::HZ_48000, 1.0, move |block| {
                black_box(stage.process(block, &mut output));
                black_box(&output);
            })
        }),
        Stage::sound("ramp, 16 kHz", || {
            let mut stage = Ramp::new(SampleRate::HZ_16000, Ramp::QUICK, Level::from_gain(0.5));
            blocks::<40>(SampleRate::HZ_16000, 1.0, move |block| stage.apply(block))
        }),
        Stage::sound("limiter, 48 kHz, below its ceiling", || limiter(1.0)),
        Stage::sound("limiter, 48 kHz, at work", || limiter(5.0)),
        Stage::sound("meter, 16 kHz", || {
            let mut stage = Meter::new();
            blocks::<40>(SampleRate::HZ_16000, 1.0, move |block| {
                stage.add(block);
                black_box(&stage);
            })
        }),
        Stage::sound("tone, 48 kHz", || {
            let mut stage = Tone::new(SampleRate::HZ_48000, 440.0, Level::UNITY);
            stage.start();
            blocks::<120>(SampleRate::HZ_48000, 1.0, move |block| stage.fill(block))
        }),
        Stage::sound("noise, 8 kHz, white", || noise(&[])),
        Stage::sound("noise, 8 kHz, coloured", || noise(&[-0.5; Noise::MAX_ORDER])),
    ]
}

fn limiter(gain: f32) -> impl FnMut() {
    let mut stage = Limiter::new(1, SampleRate::HZ_48000, Level::from_gain(Limiter::CEILING));
    blocks::<120>(SampleRate::HZ_48000, gain, move |block| stage.process(block))
}

fn noise(colour: &[f32]) -> impl FnMut() + use<> {
    let mut stage = Noise::new(SampleRate::HZ_8000, 1);
    stage.set_level(Level::from_gain(0.1));
    stage.set_colour(colour);
    blocks::<20>(SampleRate::HZ_8000, 1.0, move |block| stage.fill(block))
}

/// Lets `process` have speech of a peak of about `gain`, 20 ms in a turn.
fn blocks<const BLOCK: usize>(
    rate: SampleRate,
    gain: f32,
    mut process: impl FnMut(&mut [f32; BLOCK]),
) -> impl FnMut() {
    let speech: Vec<f32> = speech(rate).into_iter().map(|sample| gain * sample).collect();
    let mut next = (0..speech.len() / BLOCK).cycle();
    move || {
        for index in next.by_ref().take(8) {
            let mut block = [0.0; BLOCK];
            block.copy_from_slice(&speech[index * BLOCK..][..BLOCK]);
            process(black_box(&mut block));
            black_box(&block);
        }
    }
}
