//! The clock of a card that does not exist: 48 000 frames per second of the monotonic clock.
//!
//! Frame n plays at the start plus n / 48 000 s, for ever: nothing ever shifts that line. A writer that is late by less
//! than [`LENIENCY_FRAMES`] (a disk can be slow) may still write what should have been played: there is no loudspeaker to fall
//! silent. Reading no clock itself, it is tested in virtual time.

use core::time::Duration;

use super::geometry::frames_in;
use crate::time::Instant;

/// Where the virtual card stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Paced {
    /// When frame 0 plays; set by the first write.
    start: Option<Instant>,
    /// Frames written, played or not.
    written: u64,
}

impl Paced {
    /// The frames written and not yet played, or how many are missing by now.
    pub(super) fn queued(&self, now: Instant) -> Result<usize, Missing> {
        let played = self.start.map_or(0, |start| frames_in(now.since(start)));
        match self.written.checked_sub(played) {
            Some(queued) => Ok(usize::try_from(queued).unwrap_or(usize::MAX)),
            None if played - self.written <= LENIENCY_FRAMES => Ok(0),
            None => Err(Missing(played - self.written)),
        }
    }

    /// Takes note of so many frames written.
    pub(super) fn write(&mut self, frames: usize, now: Instant) {
        self.start.get_or_insert(now);
        self.written += u64::try_from(frames).unwrap_or(0);
    }

    /// When the next frame to be written plays.
    pub(super) fn next_frame_at(&self, now: Instant) -> Instant {
        self.start.unwrap_or(now) + self.length()
    }

    /// Forgets the last of what was written; so many frames must be queued.
    pub(super) fn take_back(&mut self, frames: usize) {
        self.written = self.written.saturating_sub(u64::try_from(frames).unwrap_or(0));
    }

    fn length(&self) -> Duration {
        // Rounded up, so that a sleep until then never ends a frame too early.
        Duration::from_micros((self.written * 125).div_ceil(6))
    }
}

/// See the head of this file: 100 ms.
const LENIENCY_FRAMES: u64 = 4800;

/// So many frames should have been played and were never written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Missing(pub(super) u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plays_48_frames_a_millisecond_from_the_first_write_on() {
        let mut card = Paced::default();
        assert_eq!(card.queued(Instant::from_millis(5)), Ok(0));
        let start = Instant::from_millis(1000);
        card.write(480, start);
        assert_eq!(card.queued(start), Ok(480));
        assert_eq!(card.queued(start + Duration::from_millis(3)), Ok(336));
        card.take_back(240);
        assert_eq!(card.queued(start + Duration::from_millis(3)), Ok(96));
    }

    #[test]
    fn an_hour_does_not_drift() {
        let mut card = Paced::default();
        let start = Instant::from_micros(123);
        for _ in 0..720_000 {
            card.write(240, start);
        }
        assert_eq!(card.next_frame_at(start), start + Duration::from_hours(1));
        assert_eq!(card.queued(start + Duration::from_hours(1)), Ok(0));
    }

    #[test]
    fn running_dry_says_how_much_is_missing() {
        let mut card = Paced::default();
        let start = Instant::from_millis(1);
        card.write(48, start);
        assert_eq!(card.queued(start + Duration::from_millis(151)), Err(Missing(7200)));
    }

    #[test]
    fn a_writer_that_is_a_little_late_catches_up_without_a_gap() {
        let mut card = Paced::default();
        let start = Instant::from_millis(1);
        card.write(480, start);
        let late = start + Duration::from_millis(50);
        for queued in [0, 0, 0, 0, 0, 480] {
            assert_eq!(card.queued(late), Ok(queued));
            card.write(480, late);
        }
    }
}
