//! Sets of zones, as everything names them that is heard somewhere.

use core::fmt;

/// Zones by their place in the configuration, the first is 0. Where none is configured there is one, on all channels: zone 0.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ZoneSet(u64);

impl ZoneSet {
    /// None.
    pub const NONE: Self = Self(0);
    /// Every zone there may be.
    pub const ALL: Self = Self(u64::MAX);
    /// How many zones there may be: eight cards of eight channels.
    pub const MOST: usize = 64;

    /// The first so many zones.
    #[must_use]
    pub const fn first(zones: usize) -> Self {
        if zones >= Self::MOST { Self::ALL } else { Self((1 << zones) - 1) }
    }

    /// This zone and no other; none where there cannot be such a zone.
    #[must_use]
    pub const fn one(zone: usize) -> Self {
        if zone < Self::MOST { Self(1 << zone) } else { Self::NONE }
    }

    /// Whether `zone` is one of them.
    #[must_use]
    pub const fn contains(self, zone: usize) -> bool {
        zone < Self::MOST && self.0 >> zone & 1 == 1
    }

    /// Whether it has no zone.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many they are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Those of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are in both.
    #[must_use]
    pub const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether a zone is in both.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Its zones, from the first on.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..Self::MOST).filter(move |zone| self.contains(*zone))
    }
}

impl FromIterator<usize> for ZoneSet {
    fn from_iter<T: IntoIterator<Item = usize>>(zones: T) -> Self {
        zones.into_iter().fold(Self::NONE, |all, zone| all.union(Self::one(zone)))
    }
}

impl fmt::Debug for ZoneSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_beyond_its_end() {
        let set: ZoneSet = [0, 3, 63, 64, 3].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 3, 63]);
        assert_eq!((set.len(), set.contains(64), ZoneSet::one(64)), (3, false, ZoneSet::NONE));
        assert_eq!(ZoneSet::first(2), [0, 1].into_iter().collect());
        assert_eq!((ZoneSet::first(64), ZoneSet::first(0)), (ZoneSet::ALL, ZoneSet::NONE));
    }

    #[test]
    fn sets_have_zones_in_common_or_not() {
        let (one, other) = (ZoneSet::first(3), ZoneSet::one(2).union(ZoneSet::one(5)));
        assert_eq!(one.common(other), ZoneSet::one(2));
        assert_eq!(other.without(one), ZoneSet::one(5));
        assert!(one.intersects(other) && !one.intersects(ZoneSet::one(5)) && ZoneSet::NONE.is_empty());
    }
}
