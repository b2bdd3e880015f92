//! The four bytes (RFC 4733 §2.3).

/// What one packet says of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Which event; 0 to 15 are keys.
    pub event: u8,
    /// The event is over.
    pub end: bool,
    /// The power of the tone that it stands for, in dB below 1 mW; 0 to 63.
    pub volume: u8,
    /// Ticks since the timestamp.
    pub duration: u16,
}

impl Payload {
    /// How long it is.
    pub const LEN: usize = 4;

    /// Reads it. The reserved bit is ignored.
    #[must_use]
    pub const fn read(bytes: [u8; Self::LEN]) -> Self {
        let [event, flags, d0, d1] = bytes;
        let duration = u16::from_be_bytes([d0, d1]);
        Self { event, end: flags & END != 0, volume: flags & VOLUME, duration }
    }

    /// Its bytes. A volume beyond 63 is 63.
    #[must_use]
    pub const fn write(self) -> [u8; Self::LEN] {
        let [d0, d1] = self.duration.to_be_bytes();
        let volume = if self.volume > VOLUME { VOLUME } else { self.volume };
        [self.event, volume | if self.end { END } else { 0 }, d0, d1]
    }
}

const END: u8 = 0x80;
const VOLUME: u8 = 0x3f;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_pound_of_400_ticks_reads_as_the_rfc_draws_it() {
        let payload = Payload::read([11, 0x8a, 0x01, 0x90]);
        assert_eq!(payload, Payload { event: 11, end: true, volume: 10, duration: 400 });
        assert_eq!(payload.write(), [11, 0x8a, 0x01, 0x90]);
    }

    #[test]
    fn the_reserved_bit_is_ignored_and_written_as_zero() {
        let payload = Payload::read([1, 0x7f, 0, 0]);
        assert_eq!((payload.end, payload.volume), (false, 63));
        assert_eq!(payload.write()[1], 0x3f);
    }

    #[test]
    fn a_volume_that_does_not_fit_leaves_the_end_alone() {
        let payload = Payload { event: 1, end: false, volume: 200, duration: 0 };
        assert_eq!(payload.write()[1], 0x3f);
    }
}
