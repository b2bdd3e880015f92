//! What the wall clock shows, and whether anybody vouches for it.

use crate::time::CivilTime;
use core::fmt;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// What the wall clock shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The local time (RFC 3339): `2026-11-29T20:05:11+01:00`; empty: nobody has looked.
    pub time: String,
    /// Whether it is right, as far as anybody knows.
    pub trusted: bool,
    /// Who keeps it so; `None`: nobody.
    pub by: Option<ClockKeeper>,
}

/// Who keeps a clock right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ClockKeeper {
    /// A program that asks time servers; the kernel was told so.
    Ntp,
    /// A telephone system, by the Date of its answers, which the clock agrees with.
    Registrar,
    /// Somebody of a later version.
    #[serde(other)]
    Other,
}

impl Clock {
    /// A clock that shows so much since 1970, where the local time is `offset_s` seconds ahead of UTC.
    #[must_use]
    pub fn new(shows: Duration, offset_s: i32, by: Option<ClockKeeper>) -> Self {
        let local = shows.as_secs().saturating_add_signed(offset_s.into());
        let CivilTime { year, month, day, hour, minute, second } = CivilTime::of(Duration::from_secs(local));
        let minutes = offset_s.unsigned_abs() / 60;
        let (sign, hours, minutes) = (if offset_s < 0 { '-' } else { '+' }, minutes / 60, minutes % 60);
        let time = format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{hours:02}:{minutes:02}"
        );
        Self { time, trusted: by.is_some(), by }
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (time, zone) =
            self.time.split_at_checked("2026-11-29T20:05:11".len()).unwrap_or((&self.time, ""));
        write!(f, "{} ({zone}), ", time.replace('T', " "))?;
        f.write_str(match self.by {
            Some(ClockKeeper::Ntp) => "kept right by a time server",
            Some(ClockKeeper::Registrar) => "right by what the telephone system says",
            Some(_) => "trusted",
            None => "not to be trusted: nobody has said what time it is",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_local_time_is_told_with_its_distance_from_utc() {
        let shows = Duration::from_secs(1_796_022_311);
        for (offset, told) in [
            (0, "2026-11-30T07:05:11+00:00"),
            (3600, "2026-11-30T08:05:11+01:00"),
            (-12_600, "2026-11-30T03:35:11-03:30"),
            (20_700, "2026-11-30T12:50:11+05:45"),
        ] {
            assert_eq!(Clock::new(shows, offset, None).time, told);
        }
        assert_eq!(
            Clock::new(Duration::ZERO, -3600, None).time,
            "1970-01-01T00:00:00-01:00",
            "before it there is none"
        );
    }

    #[test]
    fn a_clock_that_nobody_keeps_is_not_to_be_trusted() {
        let clock = |by| Clock::new(Duration::from_secs(1_796_022_311), 3600, by);
        assert_eq!(
            clock(Some(ClockKeeper::Ntp)).to_string(),
            "2026-11-30 08:05:11 (+01:00), kept right by a time server"
        );
        assert!(
            clock(Some(ClockKeeper::Registrar))
                .to_string()
                .ends_with(", right by what the telephone system says")
        );
        let alone = clock(None);
        assert!(!alone.trusted);
        assert_eq!(
            alone.to_string(),
            "2026-11-30 08:05:11 (+01:00), not to be trusted: nobody has said what time it is"
        );
        assert_eq!(serde_json::from_str::<ClockKeeper>("\"moon\"").unwrap(), ClockKeeper::Other);
    }
}
