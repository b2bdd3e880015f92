//! Log lines on standard error.
//!
//! One event is one line: seconds since the machine started, level, the part of the program, what happened. Where the
//! lines go from there (syslog, a journal) is the business of whoever started the box.

use crate::clock;
use log::{LevelFilter, Log, Metadata, Record};
use std::io::{self, Write};

/// Logs from now on, down to `level`.
///
/// A second call only changes the level.
pub(super) fn init(level: LevelFilter) {
    // The only failure is that a logger is there already: ours.
    let _ = log::set_logger(&StandardError);
    log::set_max_level(level);
}

struct StandardError;

impl Log for StandardError {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let part = record.target().strip_prefix("pagingbox::").unwrap_or(record.target());
            // A log that cannot be written has nobody to tell.
            let _ = writeln!(io::stderr(), "[{}] {} {part}: {}", clock::now(), record.level(), record.args());
        }
    }

    fn flush(&self) {}
}
