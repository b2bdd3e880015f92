//! Periods, buffers and how full to keep them, whatever the device's own rate.
//!
//! ```text
//!  |<--------------- buffer, 500 ms --------------->|
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

    /// The same for a device that must be kept fuller, within what leaves room for a period.
    pub(super) fn filled_to_at_least(self, frames: usize) -> Self {
        let most = self.buffer.saturating_sub(self.period) / BLOCK * BLOCK;
        Self { target: frames.next_multiple_of(BLOCK).min(most).max(self.target), ..self }
    }

    /// How late sound is heard at most after it came, but for the network's jitter: it waits for its period and behind
    /// what is queued, and passes filters that delay it by `filters`.
    pub(super) fn latency(self, filters: Duration) -> Duration {
        time_of(self.target + self.period) + filters
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
    /// In frames, however short its periods are.
    pub(super) least_fill: usize,
}

/// The rates that devices are used at, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeviceRate {
    /// That of the engine.
    Hz48000,
    /// For devices that do not know the other one.
    Hz44100,
}

impl DeviceRate {
    pub(super) const ALL: [Self; 2] = [Self::Hz48000, Self::Hz44100];

    pub(super) const fn hz(self) -> u32 {
        match self {
            Self::Hz48000 => RATE_HZ,
            Self::Hz44100 => 44_100,
        }
    }

    /// The whole frames of the device in as many of the engine.
    pub(super) const fn to_device(self, frames: usize) -> usize {
        match self {
            Self::Hz48000 => frames,
            Self::Hz44100 => frames.saturating_mul(147) / 160,
        }
    }

    /// The whole frames of the engine in as many of the device.
    pub(super) const fn to_engine(self, frames: usize) -> usize {
        match self {
            Self::Hz48000 => frames,
            Self::Hz44100 => frames.saturating_mul(160) / 147,
        }
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

/// A time as it is told: `12.5`.
pub(super) fn millis(span: Duration) -> f64 {
    (span.as_secs_f64() * 1e4).round() / 10.0
}

/// The delay of the filters between a telephone's packet and the card: half-band, fractional, interpolator and limiter.
pub(super) const FILTERS: Duration = Duration::from_micros(4_708);

/// The rate of every engine. All sizes that leave this module's neighbours are counted at it.
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
    use crate::dsp::{Fractional, Halfband, Interpolator3, Limiter};
    use crate::units::{Level, SampleRate};

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
    fn a_device_that_must_be_fuller_is_but_keeps_room_for_a_period() {
        let card = Geometry::new(480, 9600, 2);
        assert_eq!(card.filled_to_at_least(2880).target, 2880);
        assert_eq!(card.filled_to_at_least(0), card);
        assert_eq!(card.filled_to_at_least(99_999).target, 9120);
        assert_eq!(
            card.filled_to_at_least(2880).latency(Duration::from_millis(4)),
            Duration::from_millis(74)
        );
    }

    #[test]
    fn the_other_rate_has_147_frames_for_160() {
        let rate = DeviceRate::Hz44100;
        assert_eq!((rate.to_device(48_000), rate.to_engine(44_100)), (44_100, 48_000));
        for frames in 0..1000 {
            let there_and_back = rate.to_engine(rate.to_device(frames));
            assert!(there_and_back <= frames && frames <= there_and_back + 2, "{frames}");
        }
        assert_eq!(DeviceRate::Hz48000.to_device(77), 77);
    }

    #[test]
    fn the_filters_are_as_late_as_they_say() {
        let halfband = 3 * Halfband::new().latency_frames();
        let interpolator = Interpolator3::new().latency_frames();
        let fractional = 3 * Fractional::narrow(SampleRate::HZ_16000).latency_frames();
        let limiter = Limiter::new(1, SampleRate::HZ_48000, Level::UNITY).latency_frames();
        assert_eq!(time_of(halfband + fractional + interpolator + limiter), FILTERS);
    }

    #[test]
    fn frames_and_time_agree() {
        assert_eq!(frames_in(Duration::from_millis(5)), 240);
        assert_eq!(time_of(480), Duration::from_millis(10));
    }
}
