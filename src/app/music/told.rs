//! What of a player's doings is worth a line of the log.
//!
//! A failure is told once, and again when what failed has worked in between. However restless a source is, there are at most
//! [`MOST_LINES`] in [`SPAN`]; the number of those left out is told with the next one after that.

use crate::music::Item;
use crate::time::Instant;
use core::time::Duration;
use std::collections::HashMap;

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Told {
    failures: HashMap<Item, String>,
    since: Option<Instant>,
    lines: u32,
    held_back: u64,
}

impl Told {
    /// Whether this failure is worth a line; how many were left out before it.
    pub(super) fn fails(&mut self, now: Instant, item: &Item, why: &str) -> Option<u64> {
        if self.failures.get(item).is_some_and(|told| told == why) {
            return None;
        }
        if self.failures.len() >= MOST_FAILURES {
            self.failures.clear();
        }
        self.failures.insert(item.clone(), why.to_owned());
        self.line(now)
    }

    /// It works: when it fails again, that is news.
    pub(super) fn works(&mut self, item: &Item) {
        self.failures.remove(item);
    }

    /// Whether there may be a line; how many were left out before it.
    pub(super) fn line(&mut self, now: Instant) -> Option<u64> {
        if self.since.is_none_or(|since| now.since(since) >= SPAN) {
            (self.since, self.lines) = (Some(now), 0);
        }
        if self.lines >= MOST_LINES {
            self.held_back += 1;
            return None;
        }
        self.lines += 1;
        Some(core::mem::take(&mut self.held_back))
    }
}

/// Lines in a span.
const MOST_LINES: u32 = 12;
const SPAN: Duration = Duration::from_mins(1);
/// Failures that are remembered.
const MOST_FAILURES: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn item(number: u32) -> Item {
        Item::File(format!("/{number}.mp3").into())
    }

    #[test]
    fn a_failure_is_told_once_until_it_has_worked() {
        let (mut told, now) = (Told::default(), Instant::from_millis(1));
        assert_eq!(told.fails(now, &item(1), "broken"), Some(0));
        assert_eq!(told.fails(now, &item(1), "broken"), None);
        assert_eq!(told.fails(now, &item(1), "missing"), Some(0));
        told.works(&item(1));
        assert_eq!(told.fails(now, &item(1), "missing"), Some(0));
    }

    #[test]
    fn a_folder_full_of_broken_files_is_some_lines_a_minute() {
        let mut told = Told::default();
        let lines = |told: &mut Told, at: u64| {
            (0..150)
                .filter(|number| {
                    told.fails(Instant::from_millis(at), &item(*number), &at.to_string()).is_some()
                })
                .count()
        };
        assert_eq!(lines(&mut told, 0), 12);
        assert_eq!(lines(&mut told, 59_999), 0);
        assert_eq!(told.fails(Instant::from_millis(60_000), &item(1), "x"), Some(138 + 150));
    }
}
