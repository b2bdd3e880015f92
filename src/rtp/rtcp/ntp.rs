//! Time as RTCP writes it (RFC 3550 §4): seconds and 2^-32 seconds, since 1900 or since anything else.

use core::time::Duration;

/// A wall clock, or one that only its own reader understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NtpTime(u64);

impl NtpTime {
    /// From the 64 bits of a packet.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The 64 bits of a packet.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// A time by the calendar: so long after 1970 began.
    #[must_use]
    pub fn from_unix(span: Duration) -> Self {
        Self::from_elapsed(span + FROM_1900_TO_1970)
    }

    /// A time without a calendar: so long after something that all times of a session are counted from. Who does not
    /// know the time may send this (RFC 3550 §6.4.1); the round trip can be computed all the same.
    #[must_use]
    pub fn from_elapsed(span: Duration) -> Self {
        let fraction = (u64::from(span.subsec_nanos()) << 32) / NANOS;
        Self(span.as_secs() << 32 | fraction)
    }

    /// The middle 32 bits, as reports echo it.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the middle 32 bits")]
    pub const fn middle(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

/// A span in 2^-16 seconds, at most 18 hours.
pub(super) fn short(span: Duration) -> u32 {
    let units = (u128::from(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)) << 16) / u128::from(NANOS);
    u32::try_from(units).unwrap_or(u32::MAX)
}

/// The span of so many 2^-16 seconds.
pub(super) fn span(short: u32) -> Duration {
    Duration::from_nanos((u64::from(short) * NANOS) >> 16)
}

const NANOS: u64 = 1_000_000_000;
/// 70 years, 17 of them leap years (RFC 868).
const FROM_1900_TO_1970: Duration = Duration::from_hours(24 * (70 * 365 + 17));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_begins_with_1900() {
        // RFC 868: 2,629,584,000 is 00:00 1 May 1983.
        let time = NtpTime::from_unix(Duration::from_hours(116_832));
        assert_eq!(time.bits() >> 32, 2_629_584_000);
    }

    #[test]
    fn fractions_are_binary() {
        let time = NtpTime::from_elapsed(Duration::from_millis(3250));
        assert_eq!(time.bits(), 3 << 32 | 1 << 30);
        assert_eq!(time.middle(), 3 << 16 | 1 << 14);
    }

    #[test]
    fn a_short_span_is_itself_again_within_its_unit() {
        for micros in [0, 15, 16, 1_000_000, 5_250_001, 60_000_000_000] {
            let given = Duration::from_micros(micros);
            let read = span(short(given));
            assert!(
                read <= given && given.saturating_sub(read) <= Duration::from_micros(16),
                "{given:?} became {read:?}"
            );
        }
        assert_eq!(short(Duration::MAX), u32::MAX);
    }
}
