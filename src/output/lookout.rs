//! Looking out for a better card than the one that `auto` has taken: it may have been plugged in late, or unplugged for a while.
//!
//! The folder of the cards' files tells when one has come or gone; for some time after that it is looked at the cards
//! themselves, because their files may not be opened at once. Without a change nothing is opened.

use core::time::Duration;
use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::time::Instant;

/// Says when to look.
#[derive(Debug)]
pub(super) struct Lookout {
    next_at: Instant,
    /// When the folder last changed.
    changed_at: Option<Stamp>,
    looks_left: u32,
}

/// Seconds and nanoseconds of the system's clock: something to compare.
type Stamp = (i64, i64);

impl Lookout {
    /// From a card's opening on.
    pub(super) const fn new(now: Instant) -> Self {
        Self { next_at: now, changed_at: None, looks_left: 0 }
    }

    /// Whether it is time to look at the cards.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        now >= self.next_at && self.look(now, stamp())
    }

    fn look(&mut self, now: Instant, stamp: Option<Stamp>) -> bool {
        self.next_at = now + LOOK_EVERY;
        if stamp != self.changed_at {
            (self.changed_at, self.looks_left) = (stamp, LOOKS);
        }
        let is_due = self.looks_left > 0;
        self.looks_left = self.looks_left.saturating_sub(1);
        is_due
    }

    /// What was found cannot be had: it is looked once more, and then no more until something changes.
    pub(super) const fn doubt(&mut self) {
        if self.looks_left > 1 {
            self.looks_left = 1;
        }
    }
}

fn stamp() -> Option<Stamp> {
    let folder = fs::metadata("/dev/snd").ok()?;
    Some((folder.mtime(), folder.mtime_nsec()))
}

/// How often the folder is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often the cards are, after a change.
const LOOKS: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_that_cannot_be_had_is_looked_at_once_more_until_something_changes() {
        let mut lookout = Lookout::new(Instant::ZERO);
        assert!(lookout.look(Instant::ZERO, Some((1, 0))));
        lookout.doubt();
        let mut looks = |stamp| (0..9).filter(|_| lookout.look(Instant::ZERO, stamp)).count();
        assert_eq!((looks(Some((1, 0))), looks(Some((2, 0)))), (1, 5));
    }

    #[test]
    fn cards_are_looked_at_for_a_while_after_each_change() {
        let mut lookout = Lookout::new(Instant::ZERO);
        let mut looks = |from: u64, stamp| {
            let times = (from..from + 20).map(|second| Instant::from_millis(second * 1000));
            times.filter(|&now| now >= lookout.next_at && lookout.look(now, stamp)).count()
        };
        assert_eq!(looks(0, Some((1, 0))), 5, "after it was opened");
        assert_eq!(looks(20, Some((1, 0))), 0);
        assert_eq!(looks(40, Some((1, 7))), 5);
        assert_eq!(looks(60, None), 5);
        assert_eq!(looks(80, None), 0);
    }
}
