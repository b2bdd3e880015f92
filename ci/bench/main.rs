//! What every stage costs, from the packet to the sample: `ci/bench/run [WORD]` prints a table of the stages whose names
//! hold that word, or of all.
//!
//! A turn of a stage is 20 ms of sound, or one message. Time is the best of some runs, so that what else the machine
//! does counts little. Instructions are counted by valgrind, if it is there; they are the same on every run.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints")]

mod calls;
mod codecs;
mod instructions;
mod signal;
mod wire;

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Something to be measured.
struct Stage {
    name: String,
    /// Whether a turn is 20 ms of sound; else it is a message.
    is_sound: bool,
    /// Makes what does a turn when it is called.
    make: Box<dyn Fn() -> Turn>,
}

type Turn = Box<dyn FnMut()>;

impl Stage {
    /// A stage whose turns are 20 ms of sound.
    fn sound<F: FnMut() + 'static>(name: impl Into<String>, make: impl Fn() -> F + 'static) -> Self {
        Self { name: name.into(), is_sound: true, make: Box::new(move || Box::new(make())) }
    }

    /// A stage whose turns are messages.
    fn message<F: FnMut() + 'static>(name: impl Into<String>, make: impl Fn() -> F + 'static) -> Self {
        Self { is_sound: false, ..Self::sound(name, make) }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let word = arguments.iter().find(|argument| !argument.starts_with('-')).map_or("", String::as_str);
    let stages: Vec<Stage> = stages().into_iter().filter(|stage| stage.name.contains(word)).collect();
    if arguments.iter().any(|argument| argument == instructions::COUNTED) {
        instructions::be_counted(&stages);
        return ExitCode::SUCCESS;
    }
    let counts = match instructions::count(word, stages.len()) {
        Ok(counts) => counts,
        Err(why) => return fail(&why),
    };
    print_table(&stages, counts.as_deref());
    match &counts {
        Some(counts) => judge(&stages, counts),
        None => ExitCode::SUCCESS,
    }
}

fn stages() -> Vec<Stage> {
    [wire::stages(), codecs::stages(), signal::stages(), calls::stages()].into_iter().flatten().collect()
}

fn print_table(stages: &[Stage], counts: Option<&[u64]>) {
    println!(
        "{:44} {:>10} {:>14} {:>22}",
        "20 ms of sound, or a message", "ns", "instructions", "million/s of sound"
    );
    for (index, stage) in stages.iter().enumerate() {
        let ns = nanoseconds(&mut (stage.make)());
        let count = counts.map(|counts| counts[index]);
        let per_turn = count.map_or("-".to_owned(), |count| (count / u64::from(TURNS)).to_string());
        let per_second = count.filter(|_| stage.is_sound).map_or(String::new(), millions);
        println!("{:44} {ns:10.0} {per_turn:>14} {per_second:>22}", stage.name);
    }
}

/// Whether a call costs no more than it may.
fn judge(stages: &[Stage], counts: &[u64]) -> ExitCode {
    let Some(call) = stages.iter().position(|stage| stage.name == calls::ONE_CALL) else {
        return ExitCode::SUCCESS;
    };
    let (count, most) = (counts[call], CALL_INSTRUCTIONS_MAX);
    let line = format!(
        "{}, from packet to 48 kHz sample: {} million instructions per second of sound, of at most {}",
        calls::ONE_CALL,
        millions(count),
        millions(most)
    );
    println!("\n{line}");
    if count > most { fail("that is more than it may cost") } else { ExitCode::SUCCESS }
}

fn fail(why: &str) -> ExitCode {
    eprintln!("=== FAILED: {why}");
    ExitCode::FAILURE
}

/// Nanoseconds of a turn, when nothing else gets in the way.
fn nanoseconds(turn: &mut Turn) -> f64 {
    let mut turns = 1;
    while time(turn, turns) < Duration::from_millis(4) {
        turns *= 2;
    }
    let best = (0..8).map(|_| time(turn, turns)).min().unwrap_or_default();
    best.as_secs_f64() * 1e9 / f64::from(turns)
}

fn time(turn: &mut Turn, turns: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..turns {
        turn();
    }
    start.elapsed()
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn millions(count: u64) -> String {
    format!("{:.2}", count as f64 / 1e6)
}

/// Turns that are counted: a second of sound.
const TURNS: u32 = 50;
/// What a second of a call may cost, on x86-64.
const CALL_INSTRUCTIONS_MAX: u64 = 3_500_000;
