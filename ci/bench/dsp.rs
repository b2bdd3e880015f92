//! What each stage of the signal path costs.
//!
//! `cargo bench --bench dsp` prints microseconds of work per second of sound. With the name of a stage behind `--`, it
//! only runs that stage for a hundred seconds of sound, to count instructions:
//!
//! ```text
//! valgrind --tool=callgrind target/release/deps/dsp-… halfband     (take off what `nothing` needs)
//! ```
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use pagingbox::codec::Codec;
use pagingbox::dsp::{Halfband, Interpolator3, Limiter, Meter, Polyphase, Ramp, Tone};
use pagingbox::units::{Level, SampleRate};
use std::hint::black_box;
use std::time::Instant;

fn main() {
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    for (name, stage) in STAGES {
        match &wanted {
            Some(wanted) if wanted == name => stage(100 * BLOCKS_PER_SECOND),
            Some(_) => {}
            None => {
                stage(BLOCKS_PER_SECOND);
                let start = Instant::now();
                stage(100 * BLOCKS_PER_SECOND);
                println!("{name:12} {:8.1} µs per second of sound", start.elapsed().as_secs_f64() * 1e4);
            }
        }
    }
}

fn nothing(blocks: usize) {
    black_box(blocks);
}

fn decode(blocks: usize) {
    let payload = [0x35; 40];
    let mut decoder = Codec::Pcmu.decoder();
    let mut output = [0.0; 40];
    for _ in 0..blocks {
        decoder.decode(black_box(&payload), &mut output);
        black_box(&output);
    }
}

fn halfband(blocks: usize) {
    let mut stage = Halfband::new();
    let mut output = [0.0; 80];
    for _ in 0..blocks {
        stage.process(black_box(&[0.5; 40]), &mut output);
        black_box(&output);
    }
}

fn interpolator(blocks: usize) {
    let mut stage = Interpolator3::new();
    let mut output = [0.0; 240];
    for _ in 0..blocks {
        stage.process(black_box(&[0.5; 80]), &mut output);
        black_box(&output);
    }
}

fn polyphase(blocks: usize) {
    let mut stage = Polyphase::new(1);
    let mut output = [0.0; 222];
    for _ in 0..blocks {
        stage.process(black_box(&[0.5; 240]), &mut output);
        black_box(&output);
    }
}

fn ramp(blocks: usize) {
    let mut stage = Ramp::new(SampleRate::HZ_16000, Ramp::QUICK, Level::from_gain(0.5));
    let mut bus = [0.0; 80];
    for _ in 0..blocks {
        stage.add(black_box(&[0.5; 80]), &mut bus);
        black_box(&bus);
    }
}

fn limiter_quiet(blocks: usize) {
    limiter(blocks, 0.5);
}

fn limiter_loud(blocks: usize) {
    limiter(blocks, 2.0);
}

fn limiter(blocks: usize, sample: f32) {
    let mut stage = Limiter::new(1, SampleRate::HZ_48000, Level::from_gain(Limiter::CEILING));
    for _ in 0..blocks {
        let mut samples = black_box([sample; 240]);
        stage.process(&mut samples);
        black_box(&samples);
    }
}

fn meter(blocks: usize) {
    let mut stage = Meter::new();
    for _ in 0..blocks {
        stage.add(black_box(&[0.5; 240]));
    }
    black_box(stage.reading());
}

fn tone(blocks: usize) {
    let mut stage = Tone::new(SampleRate::HZ_48000, 440.0, Level::UNITY);
    stage.start();
    let mut samples = [0.0; 240];
    for _ in 0..blocks {
        stage.fill(&mut samples);
        black_box(&samples);
    }
}

type Stage = fn(usize);

const STAGES: [(&str, Stage); 10] = [
    ("nothing", nothing),
    ("decode", decode),
    ("halfband", halfband),
    ("interpolator", interpolator),
    ("polyphase", polyphase),
    ("ramp", ramp),
    ("limiter", limiter_quiet),
    ("limiter-loud", limiter_loud),
    ("meter", meter),
    ("tone", tone),
];
/// Blocks of 5 ms: 40 frames at 8 kHz, 80 at 16, 240 at 48.
const BLOCKS_PER_SECOND: usize = 200;
