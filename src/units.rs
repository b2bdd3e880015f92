//! Units of sound: rates and levels.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

/// Frames per second of a stream; a frame is one sample per channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SampleRate(u32);

impl SampleRate {
    /// Telephone band, 8 kHz.
    pub const HZ_8000: Self = Self(8_000);
    /// Wide band, 16 kHz: the bus of telephone voices.
    pub const HZ_16000: Self = Self(16_000);
    /// 48 kHz: what sound cards run at.
    pub const HZ_48000: Self = Self(48_000);

    /// A rate of `hz` frames per second; `None` outside of 1 to 768 000.
    #[must_use]
    pub const fn new(hz: u32) -> Option<Self> {
        if hz == 0 || hz > 768_000 { None } else { Some(Self(hz)) }
    }

    /// Frames per second.
    #[must_use]
    pub const fn hz(self) -> u32 {
        self.0
    }

    /// How many whole frames there are in `span`.
    #[must_use]
    pub fn frames_in(self, span: Duration) -> usize {
        usize::try_from(span.as_micros() * u128::from(self.0) / 1_000_000).unwrap_or(usize::MAX)
    }

    /// How long so many frames last, in whole microseconds.
    #[must_use]
    pub fn span_of(self, frames: u64) -> Duration {
        Duration::from_micros(frames.saturating_mul(1_000_000) / u64::from(self.0))
    }
}

impl fmt::Display for SampleRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Hz", self.0)
    }
}

/// A gain, as people write it: percent (100 = unity, 0 = mute) or decibels (`-6 dB`).
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Level(f32);

impl Level {
    /// Leaves the signal as it is.
    pub const UNITY: Self = Self(1.0);
    /// Silence.
    pub const MUTE: Self = Self(0.0);

    /// The level of a linear factor, held within 0 and [`Level::MAX_GAIN`].
    #[must_use]
    pub fn from_gain(gain: f32) -> Self {
        if gain.is_nan() { Self::MUTE } else { Self(gain.clamp(0.0, Self::MAX_GAIN)) }
    }

    /// The level of a number of decibels.
    #[must_use]
    pub fn from_db(db: f32) -> Self {
        Self::from_gain(10.0_f32.powf(db / 20.0))
    }

    /// The linear factor.
    #[must_use]
    pub const fn gain(self) -> f32 {
        self.0
    }

    /// The largest factor, +20 dB.
    pub const MAX_GAIN: f32 = 10.0;
}

impl FromStr for Level {
    type Err = LevelError;

    fn from_str(text: &str) -> Result<Self, LevelError> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        let (number, unit) = match lower.strip_suffix("db") {
            Some(number) => (number, Unit::Decibels),
            None => (lower.strip_suffix('%').unwrap_or(&lower), Unit::Percent),
        };
        let value: f32 = number.trim().parse().map_err(|_| LevelError::NotANumber)?;
        match unit {
            _ if !value.is_finite() => Err(LevelError::NotANumber),
            Unit::Decibels if value <= 20.0 => Ok(Self::from_db(value)),
            Unit::Percent if (0.0..=1000.0).contains(&value) => Ok(Self::from_gain(value / 100.0)),
            _ => Err(LevelError::OutOfRange),
        }
    }
}

/// Why a text is no [`Level`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LevelError {
    /// No number, or one that is not finite.
    NotANumber,
    /// Below 0 %, over 1000 % or over 20 dB.
    OutOfRange,
}

impl fmt::Display for LevelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "expected a level such as 80, 80% or \"-6 dB\"",
            Self::OutOfRange => "expected a level from 0 to 1000 percent or up to 20 dB",
        })
    }
}

impl std::error::Error for LevelError {}

enum Unit {
    Decibels,
    Percent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_its_whole_frames_and_frames_have_their_span() {
        let rate = SampleRate::new(44_100).unwrap();
        assert_eq!(rate.frames_in(Duration::from_micros(45)), 1);
        assert_eq!(rate.span_of(2), Duration::from_micros(45));
        assert_eq!(rate.frames_in(Duration::from_mins(10)), 26_460_000);
        assert_eq!(rate.span_of(26_460_000), Duration::from_mins(10));
        assert!(rate.frames_in(Duration::MAX) > 0 && rate.span_of(u64::MAX) > Duration::from_hours(1));
    }

    #[test]
    fn percent_and_decibels_agree() {
        let half: Level = "50".parse().unwrap();
        assert!((half.gain() - 0.5).abs() < 1e-6);
        let minus_six: Level = "-6 dB".parse().unwrap();
        assert!((minus_six.gain() - 0.501).abs() < 1e-3);
        assert_eq!("100%".parse(), Ok(Level::UNITY));
        assert_eq!("0".parse(), Ok(Level::MUTE));
    }

    #[test]
    fn what_is_no_level_is_refused() {
        for text in ["", "loud", "dB", "nan", "inf dB"] {
            assert_eq!(text.parse::<Level>(), Err(LevelError::NotANumber), "{text:?}");
        }
        for text in ["-1", "1001", "21 dB"] {
            assert_eq!(text.parse::<Level>(), Err(LevelError::OutOfRange), "{text:?}");
        }
    }

    #[test]
    fn a_rate_of_nothing_is_refused() {
        assert_eq!(SampleRate::new(0), None);
        assert_eq!(SampleRate::new(8000), Some(SampleRate::HZ_8000));
    }
}
