//! The names of calls and accounts.

use core::fmt;
use core::num::NonZeroU64;

/// Names a call at one endpoint. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallKey(NonZeroU64);

impl CallKey {
    /// The first key.
    pub(crate) const FIRST: Self = Self(NonZeroU64::MIN);

    /// The key after this one.
    pub(crate) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Names an account at one endpoint: how many there were before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey(pub(crate) usize);

impl fmt::Display for CallKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
