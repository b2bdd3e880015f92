//! How ticks become time, in a stream whose clock may change (RFC 7160).
//!
//! Ticks are counted on without a break where a run of another clock begins: what is before the change lasts as long as
//! a tick of the clock before.

use crate::units::SampleRate;
use core::time::Duration;

/// Ticks as microseconds, and back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeline {
    clock: Section,
    /// The clock before the last change, while something of it may be left.
    before: Option<Section>,
}

impl Timeline {
    pub(super) fn new(clock: SampleRate) -> Self {
        Self { clock: Section { clock, from: 0, from_us: 0 }, before: None }
    }

    /// The clock that `tick` is of.
    pub(super) fn clock(&self, tick: i64) -> SampleRate {
        self.section(tick).clock
    }

    /// The clock of what comes last.
    pub(super) fn last_clock(&self) -> SampleRate {
        self.clock.clock
    }

    /// Where the clock changes, if that is after `tick`.
    pub(super) fn change_after(&self, tick: i64) -> Option<i64> {
        self.before.and(Some(self.clock.from)).filter(|&from| tick < from)
    }

    /// From `tick` on the clock is another. Of what is before, there is something left if `keeps`.
    pub(super) fn change(&mut self, tick: i64, clock: SampleRate, keeps: bool) {
        let from_us = self.micros(tick);
        self.before = keeps.then(|| self.section(tick - 1));
        self.clock = Section { clock, from: tick, from_us };
    }

    /// When a tick is, since an arbitrary origin.
    pub(super) fn micros(&self, tick: i64) -> i64 {
        let Section { clock, from, from_us } = self.section(tick);
        // Enough for 36 years at 8 kHz; in 128 bits this would be half of what a packet costs.
        let us = (tick - from).saturating_mul(1_000_000).div_euclid(i64::from(clock.hz()));
        from_us.saturating_add(us)
    }

    /// How many ticks `micros` are by the clock of `tick`.
    pub(super) fn ticks(&self, tick: i64, micros: i64) -> i64 {
        micros.saturating_mul(i64::from(self.clock(tick).hz())) / 1_000_000
    }

    /// How long it is from tick `from` to tick `to`; nothing if that is before.
    pub(super) fn span(&self, from: i64, to: i64) -> Duration {
        let span = self.micros(to).saturating_sub(self.micros(from));
        Duration::from_micros(u64::try_from(span).unwrap_or(0))
    }

    fn section(&self, tick: i64) -> Section {
        match self.before {
            Some(before) if tick < self.clock.from => before,
            _ => self.clock,
        }
    }
}

/// Ticks of one clock.
#[derive(Clone, Copy, Debug)]
struct Section {
    clock: SampleRate,
    /// A tick, and when it is.
    from: i64,
    from_us: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_where_the_clock_changes() {
        let mut timeline = Timeline::new(SampleRate::HZ_8000);
        timeline.change(80, SampleRate::HZ_48000, true);
        assert_eq!(
            [0, 79, 80, 81, 128].map(|tick| timeline.micros(tick)),
            [0, 9_875, 10_000, 10_020, 11_000]
        );
        assert_eq!((timeline.ticks(0, 1_000), timeline.ticks(80, 1_000)), (8, 48));
        assert_eq!((timeline.change_after(79), timeline.change_after(80)), (Some(80), None));
        assert_eq!(timeline.span(72, 128), Duration::from_millis(2));
    }

    #[test]
    fn what_is_not_kept_is_of_the_clock_after_it() {
        let mut timeline = Timeline::new(SampleRate::HZ_8000);
        timeline.change(80, SampleRate::HZ_16000, false);
        assert_eq!([64, 80, 96].map(|tick| timeline.micros(tick)), [9_000, 10_000, 11_000]);
        assert_eq!(timeline.change_after(0), None);
    }

    #[test]
    fn of_several_changes_the_last_counts() {
        let mut timeline = Timeline::new(SampleRate::HZ_8000);
        timeline.change(80, SampleRate::HZ_48000, true);
        timeline.change(128, SampleRate::HZ_16000, true);
        assert_eq!([80, 128, 144].map(|tick| timeline.micros(tick)), [10_000, 11_000, 12_000]);
    }
}
