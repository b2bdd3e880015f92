//! Points in time, as the cores know them.
//!
//! An [`Instant`] counts microseconds from an origin that only the clock knows; spans are [`core::time::Duration`].
//! A [`CivilTime`] is what people call a second. Nothing here reads a clock.

use core::fmt;
use core::ops::{Add, AddAssign, Sub};
use core::time::Duration;

/// A point in time: microseconds since an arbitrary origin, the same for all threads of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The origin.
    pub const ZERO: Self = Self(0);

    /// The point `micros` microseconds after the origin.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The point `millis` milliseconds after the origin.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    /// Microseconds since the origin.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The time that has passed since `earlier`, zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at the end of time, some 584 000 years after the origin.
    fn add(self, span: Duration) -> Self {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    /// Saturates at the origin.
    fn sub(self, span: Duration) -> Self {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(micros))
    }
}

impl fmt::Display for Instant {
    /// Seconds with microseconds: `12.000345`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// A second of the wall clock, UTC, in the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CivilTime {
    /// From 1970 on.
    pub year: u64,
    /// From 1.
    pub month: u64,
    /// From 1.
    pub day: u64,
    /// From 0.
    pub hour: u64,
    /// From 0.
    pub minute: u64,
    /// From 0.
    pub second: u64,
}

impl CivilTime {
    /// The second of a time since 1970.
    #[must_use]
    pub const fn of(since_1970: Duration) -> Self {
        let (days, seconds) = (since_1970.as_secs() / DAY_S, since_1970.as_secs() % DAY_S);
        let (year, month, day) = date(days);
        Self { year, month, day, hour: seconds / 3600, minute: seconds / 60 % 60, second: seconds % 60 }
    }

    /// The time since 1970, if the calendar has such a second. A leap second counts as the one before it.
    #[must_use]
    pub fn since_1970(self) -> Option<Duration> {
        let Self { year, month, day, hour, minute, second } = self;
        let is_date = year < 10_000 && (1..=12).contains(&month) && (1..=31).contains(&day);
        let is_time = hour < 24 && minute < 60 && second <= 60;
        let days = if is_date && is_time { days(year, month, day)? } else { return None };
        Some(Duration::from_secs(days * DAY_S + hour * 3600 + minute * 60 + second.min(59)))
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar. Years begin with March here, so that
/// the day that comes every four years is the last of one.
const fn date(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_TO_1970;
    let (era, of_era) = (days / DAYS_OF_ERA, days % DAYS_OF_ERA);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

/// The day counted from 1970-01-01 that has this date, if there is one.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let of_march = if month > 2 { month - 3 } else { month + 9 };
    let year_of_march = year.checked_sub(u64::from(month <= 2))?;
    let (era, of_era) = (year_of_march / 400, year_of_march % 400);
    let of_year = (153 * of_march + 2) / 5 + day - 1;
    let days = era * DAYS_OF_ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    days.checked_sub(DAYS_TO_1970).filter(|&days| date(days) == (year, month, day))
}

const DAY_S: u64 = 86_400;
/// 400 years.
const DAYS_OF_ERA: u64 = 146_097;
/// From 0000-03-01.
const DAYS_TO_1970: u64 = 719_468;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_added_is_the_span_since() {
        let start = Instant::from_millis(5);
        let later = start + Duration::from_millis(20);
        assert_eq!(later.since(start), Duration::from_millis(20));
        assert_eq!(start.since(later), Duration::ZERO);
    }

    #[test]
    fn time_saturates_at_both_ends() {
        assert_eq!(Instant::ZERO - Duration::from_secs(1), Instant::ZERO);
        let end = Instant::from_micros(u64::MAX);
        assert_eq!(end + Duration::MAX, end);
    }

    #[test]
    fn prints_seconds() {
        assert_eq!(Instant::from_micros(12_000_345).to_string(), "12.000345");
    }

    #[test]
    fn dates_are_right_around_leap_days_and_centuries() {
        let cases = [
            (0, (1970, 1, 1)),
            (10_956, (1999, 12, 31)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (20_512, (2026, 2, 28)),
            (20_513, (2026, 3, 1)),
            (21_243, (2028, 2, 29)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
            (2_932_896, (9999, 12, 31)),
        ];
        for (days, expected) in cases {
            assert_eq!(date(days), expected, "{days}");
            let (year, month, day) = expected;
            assert_eq!(super::days(year, month, day), Some(days));
        }
    }

    #[test]
    fn a_civil_time_is_the_second_that_it_was_made_of() {
        for secs in (0..4_102_444_800).step_by(1_000_003) {
            let time = Duration::from_secs(secs);
            assert_eq!(CivilTime::of(time).since_1970(), Some(time), "{secs}");
        }
    }

    #[test]
    fn seconds_that_no_calendar_has_are_none() {
        let good = CivilTime { year: 2026, month: 2, day: 28, hour: 23, minute: 59, second: 60 };
        assert_eq!(good.since_1970(), Some(Duration::from_secs(1_772_323_199)));
        let wrong = [
            CivilTime { year: 1969, ..good },
            CivilTime { year: u64::MAX, ..good },
            CivilTime { month: 0, ..good },
            CivilTime { month: 13, ..good },
            CivilTime { day: 0, ..good },
            CivilTime { day: 29, ..good },
            CivilTime { day: u64::MAX, ..good },
            CivilTime { hour: 24, ..good },
            CivilTime { minute: 60, ..good },
            CivilTime { second: 61, ..good },
        ];
        for time in wrong {
            assert_eq!(time.since_1970(), None, "{time:?}");
        }
    }
}
