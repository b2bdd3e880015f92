//! How much sound at a time.

use core::time::Duration;

use super::Expected;
use super::value::{TimeLimits, Unit, time};

/// The length of a period or buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// By the kind of device.
    Auto,
    /// So many frames.
    Frames(u32),
    /// So long.
    Time(Duration),
}

impl Span {
    /// Reads `auto`, a bare number of frames, or a time with its unit.
    pub(super) fn from_text(text: &str) -> Result<Self, Expected> {
        if text.eq_ignore_ascii_case("auto") {
            return Ok(Self::Auto);
        }
        let lower = text.to_ascii_lowercase();
        let number = lower.strip_suffix("frames").unwrap_or(&lower).trim_end();
        if let Ok(frames) = number.parse() {
            return if (16..=65_536).contains(&frames) {
                Ok(Self::Frames(frames))
            } else {
                Err(Expected::Span)
            };
        }
        time(text, TimeLimits::new(Unit::Millis, 1, 2_000)).map(Self::Time).map_err(|_| Expected::Span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_is_frames() {
        assert_eq!(Span::from_text("Auto"), Ok(Span::Auto));
        assert_eq!(Span::from_text("480"), Ok(Span::Frames(480)));
        assert_eq!(Span::from_text("480 frames"), Ok(Span::Frames(480)));
        assert_eq!(Span::from_text("10 ms"), Ok(Span::Time(Duration::from_millis(10))));
        for text in ["", "0", "15", "65537", "3s", "frames", "-480", "0.5"] {
            assert_eq!(Span::from_text(text), Err(Expected::Span), "{text}");
        }
    }
}
