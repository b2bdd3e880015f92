//! The bounds of the delay that a jitter buffer adds.

use crate::time::Instant;
use core::time::Duration;

/// The bounds of the delay that a jitter buffer adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DelayRange {
    /// What it adds on a perfect network.
    pub min: Duration,
    /// What it never exceeds for long.
    pub max: Duration,
}

impl DelayRange {
    /// The longest delay there can be, whatever the format: 92 kB of L16/48000.
    pub const LONGEST: Duration = Duration::from_millis(900);

    /// The range without what is longer than [`LONGEST`](Self::LONGEST).
    #[must_use]
    pub(super) fn bounded(self) -> Self {
        Self { min: self.min.min(Self::LONGEST), max: self.max.min(Self::LONGEST) }
    }

    /// What `delay` becomes when held within the bounds.
    #[must_use]
    pub fn hold(&self, delay: Duration) -> Duration {
        delay.min(self.max).max(self.min)
    }
}

impl Default for DelayRange {
    /// 10 to 200 ms.
    fn default() -> Self {
        Self { min: Duration::from_millis(10), max: Duration::from_millis(200) }
    }
}

/// Microseconds since the origin, with a sign.
pub(super) fn micros(at: Instant) -> i64 {
    i64::try_from(at.as_micros()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}

/// Microseconds of a span, with a sign.
pub(super) fn duration_us(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}
