//! Named deadlines.
//!
//! [`Timers`] holds at most one deadline per key and gives them back in the order in which they fall due; equal
//! deadlines come in the order of their keys. It decides nothing about what a deadline means.

use crate::shrink::Shrink;
use crate::time::Instant;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

/// A set of deadlines, at most one per key.
#[derive(Clone, Debug)]
pub struct Timers<K> {
    due: BTreeSet<(Instant, K)>,
    by_key: HashMap<K, Instant>,
}

impl<K: Copy + Ord + Hash> Timers<K> {
    /// No deadlines.
    #[must_use]
    pub fn new() -> Self {
        Self { due: BTreeSet::new(), by_key: HashMap::new() }
    }

    /// Sets the deadline of `key`, in place of the one it had.
    pub fn set(&mut self, key: K, at: Instant) {
        self.stop(key);
        self.due.insert((at, key));
        self.by_key.insert(key, at);
    }

    /// Removes the deadline of `key`, if it has one.
    pub fn stop(&mut self, key: K) {
        if let Some(at) = self.by_key.remove(&key) {
            self.due.remove(&(at, key));
        }
        self.by_key.shrink();
    }

    /// Removes and gives the first deadline that is due at `now`.
    pub fn expire(&mut self, now: Instant) -> Option<K> {
        let &(at, key) = self.due.first()?;
        if at > now {
            return None;
        }
        self.stop(key);
        Some(key)
    }

    /// The earliest deadline.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.due.first().map(|&(at, _)| at)
    }

    /// Whether `key` has a deadline.
    #[must_use]
    pub fn is_set(&self, key: K) -> bool {
        self.by_key.contains_key(&key)
    }
}

impl<K: Copy + Ord + Hash> Default for Timers<K> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn deadlines_come_in_order_and_once() {
        let mut timers = Timers::new();
        timers.set('b', at(20));
        timers.set('a', at(10));
        assert_eq!(timers.next(), Some(at(10)));
        assert_eq!(timers.expire(at(9)), None);
        assert_eq!(timers.expire(at(25)), Some('a'));
        assert_eq!(timers.expire(at(25)), Some('b'));
        assert_eq!(timers.expire(at(25)), None);
    }

    #[test]
    fn setting_again_moves_the_deadline() {
        let mut timers = Timers::new();
        timers.set('a', at(10));
        timers.set('a', at(30));
        assert_eq!(timers.expire(at(20)), None);
        assert_eq!(timers.expire(at(30)), Some('a'));
    }

    #[test]
    fn a_stopped_deadline_never_comes() {
        let mut timers = Timers::new();
        timers.set('a', at(10));
        timers.stop('a');
        assert!(!timers.is_set('a'));
        assert_eq!(timers.expire(at(99)), None);
    }
}
