//! What `paging call` tells while it works: each step of a single call; of many calls only where the run stands, and
//! only to a terminal, unless it has no end.

use super::call_schedule::Load;
use crate::time::Instant;
use core::time::Duration;
use std::io::{self, IsTerminal, Write};

/// Whoever started it.
#[derive(Debug)]
pub(super) struct Console {
    run: Run,
    has_terminal: bool,
    /// When the progress line is drawn next.
    next_at: Instant,
    is_drawn: bool,
}

/// How many calls there are to tell of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    Single,
    Many,
    /// There is no end at which all could be told.
    Endless,
}

impl Console {
    /// For so many calls.
    pub(super) fn new(calls: u64) -> Self {
        let has_terminal = io::stderr().is_terminal();
        let run = match calls {
            1 => Run::Single,
            Load::FOREVER => Run::Endless,
            _ => Run::Many,
        };
        Self { run, has_terminal, next_at: Instant::ZERO, is_drawn: false }
    }

    /// Whether there is one call to tell everything about.
    pub(super) fn is_single(&self) -> bool {
        self.run == Run::Single
    }

    /// A step of a single call.
    pub(super) fn step(&self, line: &str) {
        if self.is_single() {
            say(line);
        }
    }

    /// When [`Console::show`] wants to be called next.
    pub(super) fn next_at(&self) -> Option<Instant> {
        (self.has_terminal || self.run == Run::Endless).then_some(self.next_at)
    }

    /// Draws the progress line, if it is time to and there is any progress. Without a terminal a run that does not end
    /// says it in lines.
    pub(super) fn show(&mut self, now: Instant, line: impl FnOnce() -> Option<String>) {
        if self.next_at().is_none_or(|at| at > now) {
            return;
        }
        if !self.has_terminal {
            self.next_at = now + ENDLESS_EVERY;
            if let Some(line) = line() {
                say(&line);
            }
            return;
        }
        self.next_at = now + if self.is_single() { SINGLE_EVERY } else { MANY_EVERY };
        if let Some(line) = line() {
            self.is_drawn = true;
            // A line that cannot be shown is not missed.
            let _ = write!(io::stderr(), "\r{line:<78}");
        }
    }

    /// Leaves the progress line.
    pub(super) fn close(&self) {
        if self.is_drawn {
            let _ = writeln!(io::stderr());
        }
    }
}

/// A line on standard output.
pub(super) fn say(line: &str) {
    // Nobody is left to tell when standard output is closed.
    let _ = writeln!(io::stdout(), "{line}");
}

const SINGLE_EVERY: Duration = Duration::from_millis(100);
const MANY_EVERY: Duration = Duration::from_secs(1);
const ENDLESS_EVERY: Duration = Duration::from_secs(10);
