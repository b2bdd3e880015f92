//! Levels as people see them: decibels, and bars.

use core::time::Duration;

/// A level of `amplitude`, as a part of full scale, in decibels with one digit behind the point; never less than
/// [`SILENCE_DBFS`].
#[must_use]
pub fn dbfs(amplitude: f32) -> f64 {
    let level = 20.0 * f64::from(amplitude).log10();
    // What is no number is no sound.
    let level = if level.is_nan() { SILENCE_DBFS } else { level };
    tenths(level.max(SILENCE_DBFS))
}

/// Milliseconds with one digit behind the point.
#[must_use]
pub fn millis(span: Duration) -> f64 {
    tenths(span.as_secs_f64() * 1e3)
}

/// With one digit behind the point, and no negative zero.
#[must_use]
pub fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0 + 0.0
}

/// A part of a whole in hundredths, with one digit behind the point.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "packets of a call")]
pub fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { tenths(part as f64 * 100.0 / whole as f64) }
}

/// A bar of `width` letters for a level: full at 0 dBFS, empty at [`FLOOR_DBFS`].
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held between 0 and the width")]
#[expect(clippy::cast_precision_loss, reason = "no terminal is that wide")]
pub(super) fn bar(level_dbfs: f64, width: usize) -> String {
    let part = ((level_dbfs - FLOOR_DBFS) / -FLOOR_DBFS).clamp(0.0, 1.0);
    let full = (part * width as f64).round() as usize;
    "█".repeat(full) + &"░".repeat(width - full)
}

/// What nothing at all counts as: below the noise of 16 bits.
pub const SILENCE_DBFS: f64 = -120.0;
/// Where bars begin.
const FLOOR_DBFS: f64 = -60.0;

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "rounded values are exact")]
mod tests {
    use super::*;

    #[test]
    fn amplitudes_are_decibels_with_a_floor() {
        let cases =
            [(1.0, 0.0), (0.5, -6.0), (0.1, -20.0), (1e-9, -120.0), (0.0, -120.0), (f32::NAN, -120.0)];
        for (amplitude, level) in cases {
            assert_eq!(dbfs(amplitude), level, "{amplitude}");
        }
    }

    #[test]
    fn a_bar_is_always_as_wide_as_asked_for() {
        let cases =
            [(-60.0, "░░░░░░"), (-30.0, "███░░░"), (0.0, "██████"), (9.0, "██████"), (-120.0, "░░░░░░")];
        for (level, expected) in cases {
            assert_eq!(bar(level, 6), expected, "{level}");
        }
        assert_eq!(bar(-6.0, 0), "");
    }
}
