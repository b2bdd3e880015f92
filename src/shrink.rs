//! Tables that give back room: those of the standard library grow by themselves and never shrink, so a storm would hold
//! its memory for ever.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hash};

/// A table that may have far more room than it needs.
pub trait Shrink {
    /// Gives room back if less than an eighth of it is needed. Twice what is needed stays, and [`SMALL`] always, so a
    /// table is not made anew often.
    fn shrink(&mut self);
}

/// Entries for which room is always kept.
pub const SMALL: usize = 512;

const fn is_wasteful(len: usize, capacity: usize) -> bool {
    capacity > SMALL && len < capacity / 8
}

impl<K: Eq + Hash, V, S: BuildHasher> Shrink for HashMap<K, V, S> {
    fn shrink(&mut self) {
        if is_wasteful(self.len(), self.capacity()) {
            self.shrink_to(2 * self.len());
        }
    }
}

impl<T: Eq + Hash, S: BuildHasher> Shrink for HashSet<T, S> {
    fn shrink(&mut self) {
        if is_wasteful(self.len(), self.capacity()) {
            self.shrink_to(2 * self.len());
        }
    }
}

impl<T> Shrink for VecDeque<T> {
    fn shrink(&mut self) {
        if is_wasteful(self.len(), self.capacity()) {
            self.shrink_to(2 * self.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_gives_room_back_when_little_of_it_is_needed() {
        let mut table: VecDeque<_> = (0..10_000).collect();
        table.truncate(2_000);
        table.shrink();
        assert!(table.capacity() >= 10_000);
        table.truncate(1_000);
        table.shrink();
        assert!((2_000..4_000).contains(&table.capacity()), "{}", table.capacity());
    }

    #[test]
    fn a_small_table_keeps_its_room() {
        let mut table: VecDeque<u8> = VecDeque::with_capacity(SMALL);
        table.shrink();
        assert!(table.capacity() >= SMALL);
    }
}
