//! A loud ringer: a telephone's bell over loudspeakers, until somebody answers elsewhere.
//!
//! ```text
//!  handle_call ──> Strike, pause, Strike, pause … ──> (silent)
//!                   └ handle_ended: the last caller for these zones has gone: Hush
//!                   └ five minutes: GiveUp
//! ```
//! Calls for the same zones are one bell, that of the first of them. Decides: when it is struck, and for how long.
//! Leaves out: its sound, and who gives way to it.

use crate::time::Instant;
use crate::zones::ZoneSet;
use core::time::Duration;
use std::collections::VecDeque;

/// The bells that ring. `C` names a call; whoever owns the ringer chooses the names.
#[derive(Debug)]
pub struct Ringer<C> {
    calls: Vec<Call<C>>,
    bells: Vec<Bell>,
    actions: VecDeque<Ringing<C>>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ringing<C> {
    /// The sound of this call is to be heard where the call is for.
    Strike(C),
    /// What is heard of a bell in these zones ends.
    Hush(ZoneSet),
    /// Nobody answers: the caller is told so.
    GiveUp(C),
}

#[derive(Clone, Copy, Debug)]
struct Call<C> {
    name: C,
    zones: ZoneSet,
    ends_at: Instant,
}

/// In zones where it rings.
#[derive(Clone, Copy, Debug)]
struct Bell {
    zones: ZoneSet,
    /// From one stroke to the next.
    every: Duration,
    strikes_at: Instant,
}

impl<C: Copy + PartialEq> Ringer<C> {
    /// One that does not ring.
    #[must_use]
    pub fn new() -> Self {
        Self { calls: Vec::new(), bells: Vec::new(), actions: VecDeque::new() }
    }

    /// A call for `zones` rings from `open_at` on, if none rings there, with a sound of this length.
    pub fn handle_call(
        &mut self,
        now: Instant,
        call: C,
        zones: ZoneSet,
        (open_at, length): (Instant, Duration),
    ) {
        self.calls.push(Call { name: call, zones, ends_at: now + LONGEST });
        if !self.bells.iter().any(|bell| bell.zones == zones) {
            self.bells.push(Bell { zones, every: length + PAUSE, strikes_at: open_at.max(now) });
        }
        self.handle_timeout(now);
    }

    /// A caller has given up, or was answered elsewhere.
    pub fn handle_ended(&mut self, call: C) {
        let Some(index) = self.calls.iter().position(|known| known.name == call) else { return };
        let zones = self.calls.remove(index).zones;
        self.actions.retain(|action| !matches!(action, Ringing::Strike(name) if *name == call));
        if !self.calls.iter().any(|known| known.zones == zones) {
            self.bells.retain(|bell| bell.zones != zones);
            self.actions.push_back(Ringing::Hush(zones));
        }
    }

    /// Acts on what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(index) = self.calls.iter().position(|call| call.ends_at <= now) {
            let call = self.calls[index].name;
            self.handle_ended(call);
            self.actions.push_back(Ringing::GiveUp(call));
        }
        for bell in self.bells.iter_mut().filter(|bell| bell.strikes_at <= now) {
            bell.strikes_at = now + bell.every;
            let first = self.calls.iter().find(|call| call.zones == bell.zones);
            self.actions.extend(first.map(|call| Ringing::Strike(call.name)));
        }
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Ringing<C>> {
        self.actions.pop_front()
    }

    /// When [`Ringer::handle_timeout`] wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let ends = self.calls.iter().map(|call| call.ends_at);
        ends.chain(self.bells.iter().map(|bell| bell.strikes_at)).min()
    }

    /// Calls that ring.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.len()
    }
}

impl<C: Copy + PartialEq> Default for Ringer<C> {
    fn default() -> Self {
        Self::new()
    }
}

/// Between two strokes.
const PAUSE: Duration = Duration::from_secs(2);
/// Nobody is called in vain for longer; telephone systems give up sooner.
const LONGEST: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests {
    use super::*;

    const HALL: ZoneSet = ZoneSet::one(0);
    const YARD: ZoneSet = ZoneSet::one(1);
    const GONG: Duration = Duration::from_secs(2);

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    /// What is done from one second to another, and when.
    fn run(ringer: &mut Ringer<u8>, seconds: core::ops::Range<u64>) -> Vec<(u64, Ringing<u8>)> {
        let mut done = Vec::new();
        for second in seconds {
            ringer.handle_timeout(at(second));
            done.extend(core::iter::from_fn(|| ringer.poll_action()).map(|action| (second, action)));
        }
        done
    }

    #[test]
    fn it_rings_again_and_again_until_the_caller_gives_up() {
        let mut ringer = Ringer::new();
        ringer.handle_call(at(0), 1, HALL, (at(1), GONG));
        let strikes = [1, 5, 9].map(|second| (second, Ringing::Strike(1)));
        assert_eq!(run(&mut ringer, 0..11), strikes);
        ringer.handle_ended(1);
        assert_eq!(run(&mut ringer, 11..100), [(11, Ringing::Hush(HALL))]);
        assert_eq!((ringer.calls(), ringer.poll_timeout()), (0, None));
    }

    #[test]
    fn several_calls_for_the_same_zones_are_one_bell() {
        let mut ringer = Ringer::new();
        ringer.handle_call(at(0), 1, HALL, (at(0), GONG));
        ringer.handle_call(at(1), 2, HALL, (at(1), GONG));
        ringer.handle_call(at(1), 3, YARD, (at(1), GONG));
        let rings = [(0, Ringing::Strike(1)), (0, Ringing::Strike(3)), (4, Ringing::Strike(1))];
        assert_eq!(run(&mut ringer, 0..5), rings);
        ringer.handle_ended(1);
        assert_eq!(run(&mut ringer, 5..9), [(5, Ringing::Strike(3)), (8, Ringing::Strike(2))]);
        ringer.handle_ended(2);
        assert_eq!(run(&mut ringer, 9..10), [(9, Ringing::Hush(HALL)), (9, Ringing::Strike(3))]);
    }

    #[test]
    fn who_is_answered_by_nobody_is_told_so() {
        let mut ringer = Ringer::new();
        ringer.handle_call(at(0), 1, HALL, (at(0), GONG));
        let done = run(&mut ringer, 0..400);
        assert_eq!(done[done.len() - 2..], [(300, Ringing::Hush(HALL)), (300, Ringing::GiveUp(1))]);
        assert_eq!(done.len(), 75 + 2);
    }

    #[test]
    fn who_gives_up_before_the_way_is_open_is_never_heard() {
        let mut ringer = Ringer::new();
        ringer.handle_call(at(0), 1, HALL, (at(2), GONG));
        ringer.handle_ended(1);
        assert_eq!(run(&mut ringer, 0..9), [(0, Ringing::Hush(HALL))]);
    }
}
