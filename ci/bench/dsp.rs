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
use pagingbox::dsp::{Fractional, Halfband, Interpolator3, Limiter, Meter, Polyphase, Ramp, TimeScale, Tone};
use pagingbox::mix::{BLOCK, BLOCK_TIME, Command, Format, Media, Mixer, Voice, VoiceConfig, VoiceId};
use pagingbox::rtp::{Chunk, Content, DelayRange};
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
                println!("{name:16} {:8.1} µs per second of sound", start.elapsed().as_secs_f64() * 1e4);
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

fn fractional_narrow(blocks: usize) {
    fractional(blocks, Fractional::narrow(SampleRate::HZ_16000));
}

fn fractional_wide(blocks: usize) {
    fractional(blocks, Fractional::wide(SampleRate::HZ_16000));
}

fn fractional(blocks: usize, mut stage: Fractional) {
    stage.set_ppm(100.0);
    stage.settle();
    let mut output = [0.0; 80];
    for _ in 0..blocks {
        let needed = stage.frames_needed(80);
        stage.process(black_box(&[0.5; 88][..needed]), &mut output);
        black_box(&output);
    }
}

fn timescale(blocks: usize) {
    let mut stage = TimeScale::new(SampleRate::HZ_8000);
    let mut output = [0.0; 40];
    for _ in 0..blocks {
        stage.process(&mut |samples| samples.fill(0.5), &mut output);
        black_box(&output);
    }
}

/// All of it: a call of PCMU from its packets to the samples of a mono card.
fn call(blocks: usize) {
    let voice = VoiceId(1);
    let formats = heapless::Vec::from_iter([Format { payload_type: 0, codec: Codec::Pcmu }]);
    let config = VoiceConfig { formats, delay: DelayRange::default(), level: Level::UNITY };
    let mut mixer = Mixer::new(1, 1);
    let mut now = pagingbox::time::Instant::ZERO;
    mixer.handle_command(now, Command::Attach { voice, source: Box::new(Voice::telephone(config)) });
    let mut chunk = Chunk {
        run: 0,
        timestamp: 0,
        clock: SampleRate::HZ_8000,
        arrival: now,
        payload_type: 0,
        marker: false,
        content: Content::Speech { bytes_per_tick: 1 },
        payload: [0x35; 160].into_iter().collect(),
    };
    let mut output = [0.0; 2 * BLOCK];
    for block in 0..blocks {
        if block % 4 == 0 {
            chunk.arrival = now;
            mixer.handle_command(now, Command::Media(Media { voice, chunk: chunk.clone() }));
            chunk.timestamp += 160;
        }
        mixer.render(now, &mut output);
        black_box(&output);
        while mixer.poll_report().is_some() {}
        now += BLOCK_TIME * 2;
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

const STAGES: [(&str, Stage); 14] = [
    ("nothing", nothing),
    ("decode", decode),
    ("halfband", halfband),
    ("fractional", fractional_narrow),
    ("fractional-wide", fractional_wide),
    ("timescale", timescale),
    ("interpolator", interpolator),
    ("polyphase", polyphase),
    ("ramp", ramp),
    ("limiter", limiter_quiet),
    ("limiter-loud", limiter_loud),
    ("meter", meter),
    ("tone", tone),
    ("call", call),
];
/// Blocks of 5 ms: 40 frames at 8 kHz, 80 at 16, 240 at 48.
const BLOCKS_PER_SECOND: usize = 200;
