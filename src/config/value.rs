//! Single values: what texts such as `250ms`, `yes` or `EF` mean.

use core::time::Duration;

use super::{Expected, LogLevel};
use crate::units::{Level, SampleRate};

/// The unit of a bare number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Millis,
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
}

/// Which times a key takes.
#[derive(Clone, Copy, Debug)]
pub struct TimeLimits {
    /// What a bare number counts.
    pub unit: Unit,
    /// The least.
    pub least: Duration,
    /// The most.
    pub most: Duration,
    /// What it must be a multiple of; zero: anything.
    pub step: Duration,
}

impl TimeLimits {
    /// Times from `least_ms` to `most_ms` milliseconds.
    #[must_use]
    pub const fn new(unit: Unit, least_ms: u64, most_ms: u64) -> Self {
        let (least, most) = (Duration::from_millis(least_ms), Duration::from_millis(most_ms));
        Self { unit, least, most, step: Duration::ZERO }
    }

    /// The same in steps of `step_ms` milliseconds.
    #[must_use]
    pub const fn in_steps(self, step_ms: u64) -> Self {
        Self { step: Duration::from_millis(step_ms), ..self }
    }
}

/// Text as it is.
pub(super) fn text(text: &str) -> Result<String, Expected> {
    let sensible = text.len() <= 1024 && !text.chars().any(char::is_control);
    if sensible { Ok(text.to_owned()) } else { Err(Expected::Text) }
}

pub(super) fn yes_no(text: &str) -> Result<bool, Expected> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" | "1" => Ok(true),
        "no" | "false" | "off" | "0" => Ok(false),
        _ => Err(Expected::YesNo),
    }
}

/// A time within limits.
pub(super) fn time(text: &str, limits: TimeLimits) -> Result<Duration, Expected> {
    let seconds = seconds(text, limits.unit)?;
    let within = || Expected::TimeWithin { least: limits.least, most: limits.most };
    // Rounded to µs, so that 0.02 s is 20 ms and not a hair less.
    let micros = (seconds * 1e6).round();
    if !(0.0..=MAX_MICROS).contains(&micros) {
        return Err(within());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in the range checked above")]
    let time = Duration::from_micros(micros as u64);
    if time < limits.least || time > limits.most {
        return Err(within());
    }
    let odd = !limits.step.is_zero() && !time.as_micros().is_multiple_of(limits.step.as_micros());
    if odd { Err(Expected::TimeInSteps { step: limits.step }) } else { Ok(time) }
}

/// A time within limits; `None` for zero, less, and off.
pub(super) fn time_or_off(text: &str, limits: TimeLimits) -> Result<Option<Duration>, Expected> {
    if is_off(text) || seconds(text, limits.unit)? <= 0.0 {
        return Ok(None);
    }
    time(text, limits).map(Some)
}

/// A number of seconds that may be negative (klaxon-padding).
pub(super) fn signed_seconds(text: &str) -> Result<f64, Expected> {
    seconds(text, Unit::Seconds).map_err(|_| Expected::Seconds)
}

pub(super) fn number(text: &str, least: i64, most: i64) -> Result<i64, Expected> {
    let number = text.parse().map_err(|_| Expected::Number { least, most })?;
    if (least..=most).contains(&number) { Ok(number) } else { Err(Expected::Number { least, most }) }
}

pub(super) fn level(text: &str) -> Result<Level, Expected> {
    text.parse().map_err(Expected::Level)
}

/// A level; `None` for -1, which leaves alone (PagingServer).
pub(super) fn volume(text: &str) -> Result<Option<Level>, Expected> {
    if matches!(text, "-1" | "-1%") {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| Expected::Volume)
}

/// A level that does not amplify; `None` for off.
pub(super) fn ceiling(text: &str) -> Result<Option<Level>, Expected> {
    if is_off(text) {
        return Ok(None);
    }
    let level: Level = text.parse().map_err(|_| Expected::LevelAtMostFull)?;
    let sensible = level.gain() > 0.0 && level.gain() <= 1.0;
    if sensible { Ok(Some(level)) } else { Err(Expected::LevelAtMostFull) }
}

/// A level that does not amplify, or mute.
pub(super) fn duck(text: &str) -> Result<Level, Expected> {
    if text.eq_ignore_ascii_case("mute") {
        return Ok(Level::MUTE);
    }
    let level: Level = text.parse().map_err(|_| Expected::Duck)?;
    if level.gain() <= 1.0 { Ok(level) } else { Err(Expected::Duck) }
}

pub(super) fn word(text: &str, words: &'static [&'static str]) -> Result<&'static str, Expected> {
    words.iter().copied().find(|word| word.eq_ignore_ascii_case(text)).ok_or(Expected::Word(words))
}

pub(super) fn log_level(text: &str) -> Result<LogLevel, Expected> {
    match text.to_ascii_lowercase().as_str() {
        "off" => Ok(LogLevel::Off),
        "error" => Ok(LogLevel::Error),
        "warn" | "warning" => Ok(LogLevel::Warn),
        "info" => Ok(LogLevel::Info),
        "debug" => Ok(LogLevel::Debug),
        "trace" => Ok(LogLevel::Trace),
        _ => Err(Expected::Word(LOG_LEVELS)),
    }
}

pub(super) fn priority(text: &str) -> Result<u8, Expected> {
    match text.to_ascii_lowercase().as_str() {
        "emergency" => Ok(90),
        "page" => Ok(60),
        "multicast" => Ok(50),
        "bell" => Ok(40),
        "music" => Ok(10),
        number => number.parse().ok().filter(|number| *number <= 100).ok_or(Expected::Priority),
    }
}

/// A DSCP by number or name (RFC 2474, RFC 2597, RFC 3246).
pub(super) fn dscp(text: &str) -> Result<u8, Expected> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let value = match (&lower[..lower.len() - digits.len()], digits.as_bytes()) {
        ("ef", []) => Some(46),
        ("cs", [class @ b'0'..=b'7']) => Some((class - b'0') * 8),
        ("af", [class @ b'1'..=b'4', drop @ b'1'..=b'3']) => Some((class - b'0') * 8 + (drop - b'0') * 2),
        ("", _) => digits.parse().ok().filter(|value| *value <= 63),
        _ => None,
    };
    value.ok_or(Expected::Dscp)
}

/// 48000, as people write it.
pub(super) fn rate(text: &str) -> Result<SampleRate, Expected> {
    match text.to_ascii_lowercase().replace(' ', "").as_str() {
        "48000" | "48000hz" | "48k" | "48khz" => Ok(SampleRate::HZ_48000),
        _ => Err(Expected::Rate),
    }
}

/// A number with or without unit, in seconds.
fn seconds(text: &str, bare: Unit) -> Result<f64, Expected> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" => bare.seconds(),
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" | "sec" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(Expected::Time),
    };
    let number: f64 = number.trim().parse().map_err(|_| Expected::Time)?;
    Ok(number * factor)
}

impl Unit {
    const fn seconds(self) -> f64 {
        match self {
            Self::Millis => 1e-3,
            Self::Seconds => 1.0,
            Self::Minutes => 60.0,
        }
    }
}

fn is_off(text: &str) -> bool {
    ["off", "no", "none", "false"].iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// The levels of the log.
pub(super) const LOG_LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];
/// A year: more is no time that any key takes, and it fits exactly into a float.
const MAX_MICROS: f64 = 365.0 * 86_400.0 * 1e6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        let cases = [
            ("250ms", 250),
            ("5s", 5_000),
            ("5 m", 300_000),
            ("2h", 7_200_000),
            ("1.5 S", 1_500),
            ("0.02s", 20),
            ("7", 7_000),
        ];
        for (text, millis) in cases {
            assert_eq!(time(text, UP_TO_A_DAY), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "s", "ms", "5x", "5 s s", "1e", "five", "s5", "5s5", "\u{b5}s", "--5"] {
            assert_eq!(time(text, UP_TO_A_DAY), Err(Expected::Time), "{text}");
        }
        for text in ["-1", "25h", "1000000000000000000000000h", "-0.5s"] {
            assert!(matches!(time(text, UP_TO_A_DAY), Err(Expected::TimeWithin { .. })), "{text}");
        }
        let steps = TimeLimits::new(Unit::Millis, 0, 100).in_steps(10);
        assert_eq!(time("25", steps), Err(Expected::TimeInSteps { step: Duration::from_millis(10) }));
        assert_eq!(time("30", steps), Ok(Duration::from_millis(30)));
    }

    #[test]
    fn zero_and_less_are_off() {
        for text in ["0", "-1", "off", "No", "0s"] {
            assert_eq!(time_or_off(text, UP_TO_A_DAY), Ok(None), "{text}");
        }
        assert_eq!(time_or_off("0.5", UP_TO_A_DAY), Ok(Some(Duration::from_millis(500))));
    }

    #[test]
    fn code_points_have_names() {
        let cases = [("46", 46), ("ef", 46), ("CS3", 24), ("af31", 26), ("AF43", 38), ("0", 0), ("63", 63)];
        for (text, value) in cases {
            assert_eq!(dscp(text), Ok(value), "{text}");
        }
        for text in ["", "64", "-1", "cs8", "af14x", "af44", "ef1", "\u{e9}f", "be"] {
            assert_eq!(dscp(text), Err(Expected::Dscp), "{text}");
        }
    }

    #[test]
    fn minus_one_leaves_the_volume_alone() {
        assert_eq!(volume("-1"), Ok(None));
        assert_eq!(volume("100"), Ok(Some(Level::UNITY)));
        assert!(volume("-1 dB").unwrap().unwrap().gain() < 1.0);
        assert_eq!(volume("-2"), Err(Expected::Volume));
    }

    #[test]
    fn what_loses_is_mute_or_softer() {
        assert_eq!(duck("Mute"), Ok(Level::MUTE));
        assert!(duck("-20 dB").unwrap().gain() < 0.11);
        for text in ["", "6 dB", "soft", "110"] {
            assert_eq!(duck(text), Err(Expected::Duck), "{text}");
        }
    }

    #[test]
    fn a_limiter_does_not_amplify() {
        assert_eq!(ceiling("off"), Ok(None));
        assert_eq!(ceiling("0 dB"), Ok(Some(Level::UNITY)));
        for text in ["1 dB", "101", "0", "-1", "x"] {
            assert_eq!(ceiling(text), Err(Expected::LevelAtMostFull), "{text}");
        }
    }

    const UP_TO_A_DAY: TimeLimits = TimeLimits::new(Unit::Seconds, 0, 86_400_000);
}
