//! Pages are played and heard in real time. What fails while the machine stood still is tried again, loudly.

use crate::calm::{await_calm, watched};
use std::panic::resume_unwind;
use std::time::Duration;

/// Runs `body`, and again if it fails while the machine stands still.
pub(crate) fn in_real_time(body: impl Fn()) {
    for _ in 1..ATTEMPTS {
        let (outcome, worst) = watched(&body);
        match outcome {
            Ok(()) => return,
            Err(failure) if worst <= STANDSTILL => resume_unwind(failure),
            Err(_) => eprintln!("AGAIN: it failed while the machine stood still for {worst:?}"),
        }
        await_calm(STANDSTILL);
    }
    body();
}

const ATTEMPTS: u32 = 5;
/// A caller who is later than a few packets leaves some out.
const STANDSTILL: Duration = Duration::from_millis(15);
