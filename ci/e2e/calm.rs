//! Pages are played and heard in real time, and a machine that others use too may stand still for longer than a caller may
//! be late. What fails while it did so is tried again, loudly.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Runs `body`, and again if it fails while the machine stands still.
pub(crate) fn in_real_time(body: impl Fn()) {
    for _ in 1..ATTEMPTS {
        let (outcome, worst) = watched(&body);
        match outcome {
            Ok(()) => return,
            Err(failure) if worst <= STANDSTILL => resume_unwind(failure),
            Err(_) => eprintln!("AGAIN: it failed while the machine stood still for {worst:?}"),
        }
        // What holds a machine up comes in spells.
        for _ in 0..CALM_TRIES {
            if watched(&|| std::thread::sleep(CALM)).1 <= STANDSTILL {
                break;
            }
        }
    }
    body();
}

fn watched(body: &impl Fn()) -> (std::thread::Result<()>, Duration) {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| longest_standstill(&is_over));
        let outcome = catch_unwind(AssertUnwindSafe(body));
        is_over.store(true, Relaxed);
        (outcome, watch.join().unwrap())
    })
}

fn longest_standstill(is_over: &AtomicBool) -> Duration {
    let mut worst = Duration::ZERO;
    while !is_over.load(Relaxed) {
        let asked = Instant::now();
        std::thread::sleep(STEP);
        worst = worst.max(asked.elapsed().saturating_sub(STEP));
    }
    worst
}

const ATTEMPTS: u32 = 5;
const STEP: Duration = Duration::from_millis(1);
/// A caller who is later than a few packets leaves some out.
const STANDSTILL: Duration = Duration::from_millis(15);
/// How long the machine has to go on without a break before the next attempt.
const CALM: Duration = Duration::from_secs(3);
const CALM_TRIES: u32 = 20;
