//! When what is rendered next is due, by the device's own clock.
//!
//! What is due now is heard a fixed time later: after what is usually queued. So times given to the engine follow the
//! frames that the device has played, not the moment at which the thread happened to wake: one rendering goes on where
//! the last one ended. Readings of the queue are as coarse as the device's interrupts; they pull the line slowly.

use core::time::Duration;

use super::geometry::time_of;
use crate::time::Instant;

/// The line on which frames are due.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timeline {
    next: Option<Instant>,
}

impl Timeline {
    /// When the next frame is due if `queued` frames are to be played before it at `now`, where `usual` are.
    pub(super) fn due(&mut self, now: Instant, queued: usize, usual: usize) -> Instant {
        let measured = now + time_of(queued) - time_of(usual);
        let due = match self.next {
            Some(next) if measured >= next && measured.since(next) < LEAP => {
                next + measured.since(next) / PULL
            }
            Some(next) if measured < next && next.since(measured) < LEAP => {
                next - next.since(measured) / PULL
            }
            _ => measured,
        };
        self.next = Some(due);
        due
    }

    /// So many frames have been rendered.
    pub(super) fn advance(&mut self, frames: usize) {
        self.next = self.next.map(|next| next + time_of(frames));
    }

    /// What comes next does not follow what came before.
    pub(super) fn forget(&mut self) {
        self.next = None;
    }
}

/// Further than this off, it is not the reading that is wrong: the device ran dry, or was filled.
const LEAP: Duration = Duration::from_millis(15);

/// What part of a reading's distance the line is moved by.
const PULL: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    #[test]
    fn a_thread_that_wakes_late_goes_on_where_it_was() {
        let mut line = Timeline::default();
        assert_eq!(line.due(at(100_000), 480, 480), at(100_000));
        line.advance(240);
        // 2 ms late: as much less is queued.
        assert_eq!(line.due(at(107_000), 720 - 336, 480), at(105_000));
    }

    #[test]
    fn a_coarse_reading_moves_it_a_little() {
        let mut line = Timeline::default();
        line.due(at(100_000), 480, 480);
        assert_eq!(line.due(at(104_000), 480, 480), at(100_500));
        assert_eq!(line.due(at(100_000), 456, 480), at(100_375));
    }

    #[test]
    fn a_leap_of_the_device_is_followed() {
        let mut line = Timeline::default();
        line.due(at(100_000), 480, 480);
        assert_eq!(line.due(at(120_000), 480, 480), at(120_000));
        assert_eq!(line.due(at(120_000), 9600, 480), at(310_000));
        line.forget();
        assert_eq!(line.due(at(121_000), 480, 480), at(121_000));
    }
}
