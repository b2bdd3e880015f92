//! Periods, buffers and how full to keep them.
//!
//! ```text
//!  |<--------------- buffer, 200 ms --------------->|
//!  |<- period ->|<- period ->|                      |
//!  played next  |            |                      |
//!               |            ^ target while sounding: what is rendered waits so long
//!               ^ low water: here the thread wakes, and fills up to the target again
//! ```
//!
//! A small target keeps the delay low; a big buffer lets an idle device run for long without the thread. So both come
//! from one open device, and going from one to the other never stops it.
//!
//! Where packets come steadily, the thread is woken by them, a little above the low water, and fills up far enough to
//! sleep until the next one. What waits in the queue then is no longer: a packet finds it as low as before.

use core::time::Duration;

use crate::mix::BLOCK;

/// Sizes in frames at [`RATE_HZ`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Geometry {
    /// After so many frames the device wakes its writer.
    pub(super) period: usize,
    /// What it holds at most.
    pub(super) buffer: usize,
    /// How full it is kept while something sounds; a multiple of [`BLOCK`].
    pub(super) target: usize,
}

impl Geometry {
    /// For a device that has come out with `period` and `buffer`, filled up to `periods` of them.
    pub(super) fn new(period: usize, buffer: usize, periods: usize) -> Self {
        let period = period.clamp(1, buffer.max(1));
        let target = (period * periods).next_multiple_of(BLOCK).min(buffer / BLOCK * BLOCK).max(BLOCK);
        Self { period, buffer, target }
    }

    /// Sunk to this, a queue kept at `target` has room for a period again.
    pub(super) fn low_water(self, target: usize) -> usize {
        target.saturating_sub(self.period).max(1)
    }

    /// How full it is filled up to when a packet has come, instead of to `target`: so that it is still above the low
    /// water when the next one comes.
    pub(super) fn steady(self, target: usize) -> usize {
        let wanted = (self.low_water(target) + frames_for(STEADY)).next_multiple_of(BLOCK);
        wanted.min(self.buffer.saturating_sub(self.period) / BLOCK * BLOCK).max(target)
    }

    /// So many queued frames start it. Queues are filled up in whole blocks: after whatever was queued before, they come
    /// within a block of the target, and not always to it.
    pub(super) fn start_threshold(self) -> usize {
        (self.target - BLOCK + 1).min(self.buffer.max(1))
    }

    /// How full it is kept while nothing sounds; `gives_back` says whether silence can be taken back from it.
    pub(super) fn idle_target(self, gives_back: bool) -> usize {
        let queue = if gives_back { LONG_IDLE_QUEUE } else { IDLE_QUEUE };
        let wanted = frames_for(queue).max(self.target + 4 * self.period);
        wanted.min(self.buffer.saturating_sub(self.period)).max(self.target) / BLOCK * BLOCK
    }

    /// How far that may sink before it is filled up again; what is left covers a thread that wakes late.
    pub(super) fn idle_low_water(self, gives_back: bool) -> usize {
        self.target + (self.idle_target(gives_back) - self.target) / 8
    }

    /// The target with a cushion of so many more periods, within half of the buffer.
    pub(super) fn cushioned(self, periods: usize) -> usize {
        let wanted = self.target + (self.period * periods).next_multiple_of(BLOCK);
        wanted.min(self.buffer / 2 / BLOCK * BLOCK).max(self.target)
    }
}

/// What to ask a device for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// In frames.
    pub(super) period: usize,
    /// In frames.
    pub(super) buffer: usize,
    /// Periods to keep it filled with.
    pub(super) periods: usize,
}

/// 5 ms, 500 ms, and 10 ms of delay.
impl Default for Request {
    fn default() -> Self {
        Self { period: 240, buffer: 24_000, periods: 2 }
    }
}

/// The frames played in `span`, whole ones.
pub(super) fn frames_in(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX).saturating_mul(6) / 125
}

/// As [`frames_in`], for sizes.
pub(super) fn frames_for(span: Duration) -> usize {
    usize::try_from(frames_in(span)).unwrap_or(usize::MAX)
}

/// How long `frames` play.
pub(super) fn time_of(frames: usize) -> Duration {
    Duration::from_micros(u64::try_from(frames).unwrap_or(u64::MAX).saturating_mul(125) / 6)
}

/// The rate of every device.
pub(super) const RATE_HZ: u32 = 48_000;

/// What is queued while nothing sounds: it has to play before the first word, so it is no more than a phone takes to
/// begin after its call is answered.
pub const IDLE_QUEUE: Duration = Duration::from_millis(50);

/// The same for a device from which it can be taken back: two or three times a second the thread fills it up.
const LONG_IDLE_QUEUE: Duration = Duration::from_millis(450);

/// The usual packet of 20 ms, and how late it may be.
const STEADY: Duration = Duration::from_millis(25);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_card_is_kept_two_periods_full() {
        let card = Geometry::new(240, 9600, 2);
        assert_eq!((card.target, card.idle_target(false), card.idle_low_water(false)), (480, 2400, 720));
        assert_eq!([0, 1, 2, 99].map(|periods| card.cushioned(periods)), [480, 720, 960, 4800]);
    }

    #[test]
    fn a_queue_that_a_packet_has_filled_lasts_until_the_next_one_and_longer() {
        let card = Geometry::new(240, 24_000, 2);
        assert_eq!(card.steady(card.target) - 960, card.low_water(card.target) + 240);
        assert_eq!(Geometry::new(256, 1024, 2).steady(600), 720);
    }

    #[test]
    fn a_queue_of_which_silence_is_taken_back_lasts_for_a_third_of_a_second() {
        let card = Geometry::new(240, 24_000, 2);
        assert_eq!((card.idle_target(true), card.idle_low_water(true)), (21_600, 3120));
    }

    #[test]
    fn odd_sizes_are_filled_in_whole_blocks() {
        let card = Geometry::new(256, 1024, 2);
        assert_eq!(card, Geometry { period: 256, buffer: 1024, target: 600 });
        assert_eq!((card.idle_target(true), card.cushioned(4)), (720, 600));
    }

    #[test]
    fn what_is_queued_after_running_dry_starts_it_whatever_the_sizes() {
        for (period, parts, periods) in (1..=1200).flat_map(|period| [(period, 2, 2), (period, 4, 3)]) {
            let card = Geometry::new(period, (period * parts).max(2 * BLOCK), periods);
            // A period of silence comes first, then as many whole blocks as there is room for.
            let queued = card.period + card.target.saturating_sub(card.period) / BLOCK * BLOCK;
            assert!(queued >= card.start_threshold(), "{queued} frames: {card:?}");
            assert!(card.start_threshold() <= card.buffer, "{card:?}");
        }
        assert_eq!(Geometry::new(256, 1024, 2).start_threshold(), 481);
    }

    #[test]
    fn no_sizes_break_it() {
        for (period, buffer) in [(0, 0), (1, 1), (512, 512), (512, 1024), (9600, 4800), (120, 240)] {
            let card = Geometry::new(period, buffer, 2);
            assert!(card.target >= BLOCK && card.target.is_multiple_of(BLOCK), "{card:?}");
            assert!(card.steady(card.target) >= card.target, "{card:?}");
            assert!(card.idle_target(true) >= card.target && card.cushioned(3) >= card.target, "{card:?}");
        }
    }

    #[test]
    fn frames_and_time_agree() {
        assert_eq!(frames_in(Duration::from_millis(5)), 240);
        assert_eq!(time_of(480), Duration::from_millis(10));
    }
}
