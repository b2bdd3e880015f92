//! The way through a list of tracks: as it stands, or shuffled.
//!
//! A shuffled round has every track once, and what was heard last is not heard next, as long as there is another.

/// What is still to come of a round.
#[derive(Clone, Debug)]
pub struct Order {
    is_shuffled: bool,
    dice: u64,
    /// The next one last.
    rest: Vec<usize>,
}

impl Order {
    /// Nothing yet; `seed` tells shuffled rounds apart.
    #[must_use]
    pub const fn new(is_shuffled: bool, seed: u64) -> Self {
        Self { is_shuffled, dice: seed, rest: Vec::new() }
    }

    /// Begins a round of `count` tracks.
    pub fn begin(&mut self, count: usize) {
        self.rest = (0..count).rev().collect();
        if !self.is_shuffled {
            return;
        }
        for left in (1..count).rev() {
            let other = self.below(left + 1);
            self.rest.swap(left, other);
        }
    }

    /// A track is played as the first of the round that has begun: as it stands, the round goes on behind it.
    pub fn begin_with(&mut self, track: usize) {
        let Some(at) = self.rest.iter().position(|other| *other == track) else { return };
        if self.is_shuffled {
            self.rest.remove(at);
        } else {
            self.rest.truncate(at);
        }
    }

    /// The next track of the round; `None`: it is over. `last` is where the track stands that was heard last.
    pub fn next_track(&mut self, last: Option<usize>) -> Option<usize> {
        let end = self.rest.len().checked_sub(1)?;
        if self.is_shuffled && end > 0 && self.rest.last().copied() == last {
            let other = self.below(end);
            self.rest.swap(end, other);
        }
        self.rest.pop()
    }

    /// From 0 to one less than `bound` (splitmix64, Steele, Lea and Flood, 2014).
    fn below(&mut self, bound: usize) -> usize {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.dice;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = u128::from(mixed ^ (mixed >> 31));
        usize::try_from((mixed * bound as u128) >> 64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(order: &mut Order, count: usize, last: Option<usize>) -> Vec<usize> {
        order.begin(count);
        let mut last = last;
        core::iter::from_fn(|| {
            last = order.next_track(last);
            last
        })
        .collect()
    }

    #[test]
    fn unshuffled_a_list_is_played_as_it_stands() {
        let mut order = Order::new(false, 1);
        assert_eq!(round(&mut order, 3, None), [0, 1, 2]);
        assert_eq!(round(&mut order, 3, Some(2)), [0, 1, 2]);
    }

    #[test]
    fn shuffled_every_track_comes_once_a_round_and_none_twice_in_a_row() {
        for seed in 0..50 {
            let (mut order, mut last) = (Order::new(true, seed), None);
            for count in [5, 5, 2, 2, 7, 7] {
                let played = round(&mut order, count, last);
                assert!(
                    count < 2 || played.first().copied() != last,
                    "seed {seed}: {played:?} after {last:?}"
                );
                last = played.last().copied();
                let mut sorted = played;
                sorted.sort_unstable();
                assert!(sorted.iter().copied().eq(0..count), "seed {seed}: {sorted:?}");
            }
        }
    }

    #[test]
    fn shuffled_rounds_differ_and_every_track_may_begin() {
        let first = |seed| round(&mut Order::new(true, seed), 6, None)[0];
        let begun: std::collections::BTreeSet<_> = (0..100).map(first).collect();
        assert_eq!(begun.len(), 6);
        let mut order = Order::new(true, 9);
        assert_ne!(round(&mut order, 20, None), round(&mut order, 20, None));
    }

    #[test]
    fn a_round_goes_on_behind_what_it_begins_with_or_without_it() {
        let mut order = Order::new(false, 1);
        order.begin(4);
        order.begin_with(1);
        assert_eq!(
            [order.next_track(None), order.next_track(None), order.next_track(None)],
            [Some(2), Some(3), None]
        );
        let mut order = Order::new(true, 1);
        order.begin(4);
        order.begin_with(1);
        let mut rest: Vec<_> = core::iter::from_fn(|| order.next_track(None)).collect();
        rest.sort_unstable();
        assert_eq!(rest, [0, 2, 3]);
    }

    #[test]
    fn one_track_is_played_again_and_of_none_there_is_none() {
        let mut order = Order::new(true, 3);
        assert_eq!(round(&mut order, 1, Some(0)), [0]);
        assert!(round(&mut order, 0, None).is_empty());
    }
}
