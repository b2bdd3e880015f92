//! Times of day, days of the week and dates, as bells and nights are written.
//!
//! Decides what `08:00, 09:45 Mon-Fri` and `2026-12-24..2027-01-06` mean. Leaves out which of them comes next, and where:
//! neither clock nor time zone is known here.

use core::time::Duration;

use super::Expected;
use super::value::{TimeLimits, Unit, time};

/// A time of day by the clock on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay {
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

/// Days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weekdays(u8);

/// When a bell rings: at each of the times, on each of the days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// Never empty; none twice.
    pub times: Vec<TimeOfDay>,
    /// Never none.
    pub days: Weekdays,
}

/// When it is night; it begins on the evening before where it ends earlier than it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Night {
    /// Its begin.
    pub from: TimeOfDay,
    /// Its end, another time than its begin.
    pub to: TimeOfDay,
}

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// 2000 to 2999.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31, as the month has it.
    pub day: u8,
}

/// Days from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dates {
    /// The first.
    pub first: Date,
    /// The last, not before the first.
    pub last: Date,
}

/// What becomes of a bell that could not ring in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// It is left out.
    Skip,
    /// It rings all the same, when it is not later than this.
    Play(Duration),
}

impl TimeOfDay {
    /// Reads `8:00`, `08:00` or `08:00:30`.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let parts: Vec<_> = text.split(':').map(|part| digits(part, 2)).collect::<Option<_>>()?;
        let (hour, minute, second) = match *parts.as_slice() {
            [hour, minute] => (hour, minute, 0),
            [hour, minute, second] => (hour, minute, second),
            _ => return None,
        };
        let is_right = hour < 24 && minute < 60 && second < 60;
        let byte = |number: u16| u8::try_from(number).ok();
        is_right.then_some(Self { hour: byte(hour)?, minute: byte(minute)?, second: byte(second)? })
    }
}

impl Weekdays {
    /// Every day.
    pub const DAILY: Self = Self(0x7f);

    /// Whether `day` is one of them; 0 is Monday.
    #[must_use]
    pub const fn contains(self, day: u8) -> bool {
        day < 7 && self.0 >> day & 1 == 1
    }

    /// Reads `Mon-Fri`, `Sat`, `Fri-Mon`, `daily`.
    fn from_word(word: &str) -> Option<Self> {
        if word.eq_ignore_ascii_case("daily") {
            return Some(Self::DAILY);
        }
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let (mut day, last) = (weekday(first)?, weekday(last)?);
        let mut days = 1 << day;
        while day != last {
            day = (day + 1) % 7;
            days |= 1 << day;
        }
        Some(Self(days))
    }
}

impl At {
    /// Reads times, then days: `08:00`, `08:00 Mon-Fri`, `08:00, 09:45 Mon Wed Fri`. Without days it rings on each.
    pub(super) fn from_text(text: &str) -> Result<Self, Expected> {
        let (mut times, mut days) = (Vec::new(), 0);
        for word in text.split([',', ' ', '\t']).filter(|word| !word.is_empty()) {
            match TimeOfDay::from_text(word) {
                // Times after days would leave open which days are theirs.
                Some(time) if days == 0 && times.len() < MAX_LIST => times.push(time),
                Some(_) => return Err(Expected::At),
                None => days |= Weekdays::from_word(word).ok_or(Expected::At)?.0,
            }
        }
        times.sort_unstable();
        times.dedup();
        let days = if days == 0 { Weekdays::DAILY } else { Weekdays(days) };
        if times.is_empty() { Err(Expected::At) } else { Ok(Self { times, days }) }
    }
}

impl Night {
    /// Reads `22:00-06:00`.
    pub(super) fn from_text(text: &str) -> Result<Self, Expected> {
        let read = || {
            let (from, to) = text.split_once('-')?;
            let night =
                Self { from: TimeOfDay::from_text(from.trim())?, to: TimeOfDay::from_text(to.trim())? };
            (night.from != night.to).then_some(night)
        };
        read().ok_or(Expected::Night)
    }
}

impl Date {
    /// Reads `2026-12-24`.
    fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let is_whole = parts.next().is_none() && year.len() == 4;
        let (year, month, day) = (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?);
        let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
        let is_right = (2000..3000).contains(&year) && (1..=days_of(year, month)).contains(&day);
        (is_whole && is_right).then_some(Self { year, month, day })
    }
}

impl Dates {
    /// Reads a list of days and spans: `2026-10-03, 2026-12-24..2027-01-06`.
    pub(super) fn list(text: &str) -> Result<Vec<Self>, Expected> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let list: Vec<_> =
            parts.map(|part| Self::one(part).ok_or(Expected::Dates)).collect::<Result<_, _>>()?;
        if list.is_empty() || list.len() > MAX_LIST { Err(Expected::Dates) } else { Ok(list) }
    }

    fn one(text: &str) -> Option<Self> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let (first, last) = (Date::from_text(first)?, Date::from_text(last)?);
        (first <= last).then_some(Self { first, last })
    }
}

impl Late {
    /// Reads `skip` or `play 15s`.
    pub(super) fn from_text(text: &str) -> Result<Self, Expected> {
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        match word.to_ascii_lowercase().as_str() {
            "skip" if rest.is_empty() => Ok(Self::Skip),
            "play" => time(rest.trim(), AT_MOST_A_DAY).map(Self::Play).map_err(|_| Expected::Late),
            _ => Err(Expected::Late),
        }
    }
}

/// A day of the week by its first three letters or more; 0 is Monday.
pub(super) fn weekday(text: &str) -> Option<u8> {
    let lower = text.to_ascii_lowercase();
    let day = DAYS.iter().position(|day| lower.len() >= 3 && day.starts_with(&lower))?;
    u8::try_from(day).ok()
}

/// A number of at least one and at most so many digits.
fn digits(text: &str, most: usize) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && text.len() <= most { text.parse().ok() } else { None }
}

/// How many days a month has; 0 when there is no such month.
const fn days_of(year: u16, month: u8) -> u8 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    }
}

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Later than a day no bell is wanted.
const AT_MOST_A_DAY: TimeLimits = TimeLimits::new(Unit::Seconds, 1, 86_400_000);
/// More times or dates belong into several sections.
const MAX_LIST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bell_rings_at_times_on_days() {
        let at = At::from_text("9:45, 08:00, 08:00 mon-Wed, Saturday").unwrap();
        let times: Vec<_> = at.times.iter().map(|time| (time.hour, time.minute)).collect();
        assert_eq!(times, [(8, 0), (9, 45)]);
        let days: Vec<_> = (0..9).filter(|day| at.days.contains(*day)).collect();
        assert_eq!(days, [0, 1, 2, 5]);
        assert_eq!(At::from_text("8:00:30").unwrap().days, Weekdays::DAILY);
        assert_eq!(
            At::from_text("8:00 Fri-Mon").unwrap().days,
            At::from_text("8:00 Sat Sun,Mon Fri").unwrap().days
        );
    }

    #[test]
    fn what_is_no_time_of_a_bell_is_refused() {
        for text in [
            "",
            "Mon",
            "8",
            "8.00",
            "24:00",
            "8:60",
            "8:00 Mo",
            "8:00 Montag",
            "Mon 8:00",
            "8:00 Mon 9:00",
            "8:00pm",
        ] {
            assert_eq!(At::from_text(text), Err(Expected::At), "{text}");
        }
    }

    #[test]
    fn a_night_may_end_on_the_next_day_but_not_when_it_begins() {
        let night = Night::from_text("22:00 - 06:30").unwrap();
        assert_eq!((night.from.hour, night.to.hour, night.to.minute), (22, 6, 30));
        for text in ["", "22:00", "22-6", "22:00-22:00", "22:00-24:00"] {
            assert_eq!(Night::from_text(text), Err(Expected::Night), "{text}");
        }
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        let list = Dates::list("2026-10-03, 2026-12-24..2027-01-06, 2028-02-29").unwrap();
        assert_eq!(list.len(), 3);
        assert_eq!(list[1].last, Date { year: 2027, month: 1, day: 6 });
        for text in [
            "",
            "24.12.2026",
            "2026-02-29",
            "2026-13-01",
            "2026-04-31",
            "2027-01-06..2026-12-24",
            "26-12-24",
            "2026-12-24-1",
        ] {
            assert_eq!(Dates::list(text), Err(Expected::Dates), "{text}");
        }
    }

    #[test]
    fn a_late_bell_is_left_out_or_rings_for_a_while() {
        assert_eq!(Late::from_text("Skip"), Ok(Late::Skip));
        assert_eq!(Late::from_text("play 15"), Ok(Late::Play(Duration::from_secs(15))));
        for text in ["", "play", "15s", "skip 5s", "play 2d", "play 0s"] {
            assert_eq!(Late::from_text(text), Err(Expected::Late), "{text}");
        }
    }
}
