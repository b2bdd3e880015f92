//! What tests in real time need of a machine that others use too: it may stand still for longer than any buffer lasts.
//! Shared by ci/alsa and ci/e2e.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use pagingbox::clock;

/// Runs `body`: how it ended, and for how long the machine stood still meanwhile.
pub(crate) fn watched(body: impl FnOnce()) -> (std::thread::Result<()>, Duration) {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| longest_standstill(&is_over));
        let outcome = catch_unwind(AssertUnwindSafe(body));
        is_over.store(true, Relaxed);
        (outcome, watch.join().unwrap())
    })
}

/// Waits until the machine goes on without a break of more than `most` for as long as a test takes, a minute at most: what
/// holds it up comes in spells.
pub(crate) fn await_calm(most: Duration) {
    for _ in 0..CALM_TRIES {
        let until = clock::now() + CALM;
        if watched(|| clock::sleep_until(until)).1 <= most {
            return;
        }
    }
}

fn longest_standstill(is_over: &AtomicBool) -> Duration {
    let mut worst = Duration::ZERO;
    while !is_over.load(Relaxed) {
        let due = clock::now() + STEP;
        clock::sleep_until(due);
        worst = worst.max(clock::now().since(due));
    }
    worst
}

const STEP: Duration = Duration::from_millis(1);
/// How long the machine has to go on without a break.
const CALM: Duration = Duration::from_secs(3);
const CALM_TRIES: u32 = 20;
