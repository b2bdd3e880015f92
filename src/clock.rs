//! The only reader of clocks.
//!
//! [`now`] is `CLOCK_MONOTONIC`: it never jumps, and it is the same for all processes of one machine, so a sender and a
//! receiver on loopback can compare their times. The kernel stamps packets with the wall clock, which does jump;
//! [`from_wall`] turns such a stamp into an [`Instant`] through its age at the time of reading.
//!
//! [`wall`] is for those who show a time to people; nothing here waits or counts by it. Of time
//! zones it knows how far ahead of UTC one is; calendars are left out.
//!
//! In a test, the clocks of one thread can stand still until they are set (`still`): so the whole box is played in
//! virtual time, without one of its parts knowing of it.

use core::time::Duration;

use nix::sys::time::TimeSpec;
use nix::time::ClockId;

use crate::output::rt;
use crate::time::Instant;

/// The present time, in microseconds since the machine started.
#[must_use]
pub fn now() -> Instant {
    #[cfg(test)]
    if let Some(still) = still::read() {
        return still.now;
    }
    Instant::from_micros(micros_of(read(ClockId::CLOCK_MONOTONIC)))
}

/// What the wall clock shows: the time since 1970, UTC. It jumps, and shows about 1970 until somebody has set it.
#[must_use]
pub fn wall() -> Duration {
    #[cfg(test)]
    if let Some(still) = still::read() {
        return still.wall;
    }
    Duration::from_micros(micros_of(read(ClockId::CLOCK_REALTIME)))
}

/// Sets the wall clock to a time since 1970, UTC.
///
/// # Errors
///
/// When that is not allowed.
pub fn set_wall(time: Duration) -> std::io::Result<()> {
    Ok(ClockId::CLOCK_REALTIME.set_time(TimeSpec::from_duration(time))?)
}

/// The time at which the wall clock showed `stamp`, for stamps of the last few seconds.
///
/// A stamp from the future, or one older than [`MAX_AGE`], says that the wall clock was set in between: it counts as
/// the present.
#[must_use]
pub fn from_wall(stamp: TimeSpec) -> Instant {
    let (now, wall) = both();
    let age = Duration::from_micros(wall.saturating_sub(micros_of(stamp)));
    if age > MAX_AGE { now } else { now - age }
}

/// Whether somebody keeps the wall clock right, by what the kernel was told.
#[must_use]
pub fn is_synchronised() -> bool {
    #[cfg(test)]
    if still::read().is_some() {
        return true;
    }
    rt::is_clock_synchronised()
}

/// By how many seconds the local time is ahead of UTC at a time since 1970, by the rules of this machine's time zone
/// (/etc/localtime); none where there are no rules.
#[must_use]
pub fn local_offset_s(at: Duration) -> i32 {
    rt::local_offset_s(at.as_secs())
}

/// Both clocks at one moment: the wall clock in microseconds. Where the thread was held up between the two readings, it
/// reads again.
fn both() -> (Instant, u64) {
    let mut now = self::now();
    let mut wall = 0;
    for _ in 0..MAX_READINGS {
        let before = now;
        wall = micros_of(read(ClockId::CLOCK_REALTIME));
        now = self::now();
        if now.since(before) < SAME_MOMENT {
            break;
        }
    }
    (now, wall)
}

/// Sleeps until `deadline`, at once back if it has passed. A signal does not cut it short.
pub fn sleep_until(deadline: Instant) {
    use nix::time::{ClockNanosleepFlags, clock_nanosleep};
    let request = TimeSpec::from_duration(Duration::from_micros(deadline.as_micros()));
    while let Err(nix::errno::Errno::EINTR) =
        clock_nanosleep(ClockId::CLOCK_MONOTONIC, ClockNanosleepFlags::TIMER_ABSTIME, &request)
    {}
}

/// The oldest packet stamp that is believed.
pub const MAX_AGE: Duration = Duration::from_secs(10);

/// Reading both clocks takes well below a microsecond.
const SAME_MOMENT: Duration = Duration::from_micros(50);

const MAX_READINGS: usize = 5;

fn read(clock: ClockId) -> TimeSpec {
    // Linux has both clocks, always: the call fails for unknown clocks only.
    clock.now().unwrap_or(TimeSpec::new(0, 0))
}

fn micros_of(time: TimeSpec) -> u64 {
    let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec()).unwrap_or(0);
    seconds.saturating_mul(1_000_000).saturating_add(nanos / 1000)
}

/// Clocks that stand still.
#[cfg(test)]
pub(crate) mod still {
    use super::{Duration, Instant};
    use core::cell::Cell;

    /// What the clocks of a thread show.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Still {
        pub(crate) now: Instant,
        /// Kept right by somebody.
        pub(crate) wall: Duration,
    }

    thread_local!(static SHOWN: Cell<Option<Still>> = const { Cell::new(None) });

    /// The clocks of this thread show this until they are set again; `None`: they go.
    pub(crate) fn set(shown: Option<Still>) {
        SHOWN.set(shown);
    }

    pub(super) fn read() -> Option<Still> {
        SHOWN.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall() -> TimeSpec {
        read(ClockId::CLOCK_REALTIME)
    }

    #[test]
    fn time_does_not_run_backwards() {
        let earlier = now();
        assert!(earlier > Instant::ZERO);
        assert!(now() >= earlier);
    }

    #[test]
    fn a_stamp_keeps_its_age() {
        let age = Duration::from_millis(250);
        let before = now();
        let stamped = from_wall(wall() - TimeSpec::from_duration(age));
        let slack = Duration::from_millis(1);
        assert!(stamped + age + slack >= before && stamped + age <= now() + slack, "{stamped} {before}");
    }

    #[test]
    fn a_stamp_across_a_set_clock_counts_as_now() {
        let hour = TimeSpec::from_duration(Duration::from_hours(1));
        for stamp in [wall() - hour, wall() + hour] {
            let before = now();
            assert!(from_wall(stamp) >= before);
        }
    }

    #[test]
    fn the_local_time_is_a_day_from_utc_at_most() {
        for at in [Duration::ZERO, super::wall(), Duration::from_hours(24 * 365 * 100)] {
            assert!(local_offset_s(at).abs() <= 24 * 3600);
        }
    }

    #[test]
    fn a_sleep_ends_at_its_deadline_and_not_before() {
        let deadline = now() + Duration::from_millis(3);
        sleep_until(deadline);
        assert!(now() >= deadline);
        sleep_until(Instant::ZERO);
    }
}
