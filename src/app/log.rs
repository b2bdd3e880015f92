//! Log lines on standard error.
//!
//! One event is one line: seconds since the machine started, level, the part of the program, what happened. Where the
//! lines go from there (syslog, a journal) is the business of whoever started the box.
//!
//! ```text
//! any thread ── line ──> queue of QUEUE_LINES ──> log thread ──> standard error
//!                 └ full: counted, the next line that fits says how many were lost
//! ```
//! Whoever logs never waits: where nobody reads what the box says, only the log thread does. Lines hold text of the
//! network; they are cut at [`LINE_MAX`] bytes and hold no control characters, so that none can pass for another line
//! or change what a terminal shows.

use crate::clock;
use crate::time::Instant;
use core::fmt::{self, Display, Write as _};
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;
use log::{LevelFilter, Log, Metadata, Record};
use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Logs from now on, down to `level`.
///
/// A second call only changes the level.
///
/// # Errors
/// When the machine refuses the log thread; nothing is logged then.
pub(super) fn init(level: LevelFilter) -> io::Result<()> {
    let (queue, lines) = Queue::new(QUEUE_LINES);
    if QUEUE.set(queue).is_ok()
        && let Some(queue) = QUEUE.get()
    {
        // It is not waited for at the end: it may be stuck with a reader that does not read.
        let thread = thread::Builder::new().name("log".to_owned()).stack_size(STACK);
        thread.spawn(move || queue.write(lines, &mut io::stderr()))?;
        // The only failure is that a logger is there already: ours.
        let _ = log::set_logger(queue);
    }
    log::set_max_level(level);
    Ok(())
}

/// Says why the program ends, whatever the level.
pub(super) fn say(what: &dyn Display) {
    if let Some(queue) = QUEUE.get() {
        queue.put(clock::now(), line(format_args!("paging: {what}")));
    }
}

/// Waits until all lines are written, but no longer than [`FLUSH_FOR`].
pub(super) fn flush() {
    if let Some(queue) = QUEUE.get() {
        queue.flush();
    }
}

/// How many lines nobody read in time.
pub(super) fn lost() -> u64 {
    QUEUE.get().map_or(0, |queue| queue.lost_in_all.load(Ordering::Relaxed))
}

/// Lines on their way to the log thread.
struct Queue {
    lines: SyncSender<String>,
    /// Lines that are not yet written.
    waiting: AtomicUsize,
    /// Lines that found the queue full, and of which nobody has been told.
    lost: AtomicU64,
    /// All that did.
    lost_in_all: AtomicU64,
}

impl Queue {
    /// A queue for `capacity` lines, and its end.
    fn new(capacity: usize) -> (Self, Receiver<String>) {
        let (lines, end) = sync_channel(capacity);
        let (waiting, lost, lost_in_all) = Default::default();
        (Self { lines, waiting, lost, lost_in_all }, end)
    }

    fn put(&self, now: Instant, line: String) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        let text = if lost == 0 { line } else { format!("[{now}] WARN log: {lost} lines were lost\n{line}") };
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if self.lines.try_send(text).is_err() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.lost.fetch_add(lost + 1, Ordering::Relaxed);
            self.lost_in_all.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Writes `lines` until there are no more.
    fn write(&self, lines: impl IntoIterator<Item = String>, to: &mut impl Write) {
        for line in lines {
            // A log that cannot be written has nobody to tell.
            let _ = to.write_all(line.as_bytes());
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Log for Queue {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let now = clock::now();
            let part = record.target().strip_prefix("pagingbox::").unwrap_or(record.target());
            self.put(now, line(format_args!("[{now}] {} {part}: {}", record.level(), record.args())));
        }
    }

    fn flush(&self) {
        let until = clock::now() + FLUSH_FOR;
        while self.waiting.load(Ordering::Relaxed) > 0 && clock::now() < until {
            clock::sleep_until(clock::now() + FLUSH_LOOK_EVERY);
        }
    }
}

/// `content` as one line, its end included.
fn line(content: fmt::Arguments<'_>) -> String {
    let mut line = Line(String::with_capacity(TYPICAL_BYTES));
    if line.write_fmt(content).is_err() {
        line.0.push_str(CUT);
    }
    line.0.push('\n');
    line.0
}

/// A line in the making; writing fails where it is full.
struct Line(String);

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            let c = if c.is_control() { '?' } else { c };
            if self.0.len() + c.len_utf8() > LINE_MAX - CUT.len() - 1 {
                return Err(fmt::Error);
            }
            self.0.push(c);
        }
        Ok(())
    }
}

static QUEUE: OnceLock<Queue> = OnceLock::new();

/// Lines that may wait for the log thread: with [`LINE_MAX`], a quarter of a megabyte at most.
const QUEUE_LINES: usize = 256;
/// The longest line, its end included.
const LINE_MAX: usize = 1000;
const TYPICAL_BYTES: usize = 160;
/// The end of a line that was cut.
const CUT: &str = "…";
/// How long the end of the program waits for its last lines. All in all it has 2 s.
const FLUSH_FOR: Duration = Duration::from_millis(200);
const FLUSH_LOOK_EVERY: Duration = Duration::from_millis(2);
/// It only writes what is there.
const STACK: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_cannot_make_another_line() {
        let text = line(format_args!("a\r\nb\0c\u{1b}[2Jd\u{7f}e\u{9b}31mf\u{85}g ä"));
        assert_eq!(text, "a??b?c?[2Jd?e?31mf?g ä\n");
    }

    #[test]
    fn a_long_line_is_cut_between_letters() {
        let most = LINE_MAX - CUT.len() - 1;
        assert_eq!(line(format_args!("{}", "x".repeat(most))), "x".repeat(most) + "\n");
        let cut = line(format_args!("{}{}", "ä".repeat(LINE_MAX), "never seen"));
        assert!(cut.len() <= LINE_MAX && cut.ends_with("ä…\n"), "{cut}");
    }

    #[test]
    fn a_full_queue_loses_lines_and_the_next_that_fits_says_how_many() {
        let (queue, end) = Queue::new(2);
        for number in 0..5 {
            queue.put(Instant::ZERO, format!("{number}\n"));
        }
        assert_eq!(written(&queue, &end), "0\n1\n");
        queue.put(Instant::from_millis(1500), "5\n".to_owned());
        queue.put(Instant::from_millis(1500), "6\n".to_owned());
        assert_eq!(written(&queue, &end), "[1.500000] WARN log: 3 lines were lost\n5\n6\n");
    }

    #[test]
    fn what_is_written_is_waited_for_no_more() {
        let (queue, end) = Queue::new(1);
        queue.put(Instant::ZERO, "fits\n".to_owned());
        queue.put(Instant::ZERO, "does not\n".to_owned());
        assert_eq!(queue.waiting.load(Ordering::Relaxed), 1);
        written(&queue, &end);
        assert_eq!(queue.waiting.load(Ordering::Relaxed), 0);
    }

    fn written(queue: &Queue, end: &Receiver<String>) -> String {
        let mut text = Vec::new();
        queue.write(end.try_iter(), &mut text);
        String::from_utf8(text).unwrap()
    }
}
