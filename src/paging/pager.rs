//! The life of a page.
//!
//! ```text
//!            handle_incoming                  handle_talking
//!  (new) ──────────────────────> waiting ──────────────────────> on air ─────> (gone)
//!             │                  ^  │  answer-after, and the way    │
//!             │      handle_turn │  │  is open: Answer              │
//!             └ too many: Refuse │  └ handle_ended                  ├ handle_ended (the caller hung up)
//!                                │                                  ├ rtp-timeout: HangUp(Silence)
//!            handle_queued       │                                  ├ hang-up-after: Warn, then HangUp(TooLong)
//!  (new) ─────────────────> held: Hold ── handle_ended ──> (gone)   └─> (gone)
//!                                  └ has sent, and not for rtp-timeout: HangUp(Silence)
//! ```
//!
//! While something higher is heard in place of who is on air (`handle_muted`, `handle_heard`), `hang-up-after` does not run.
//! A caller who is recorded is on air, too (`handle_dictating`), without `hang-up-after`.
//!
//! Decides: when to answer, how many calls at once, when a call has lasted or been silent too long. Leaves out: who may
//! page, whose turn it is ([`Queue`](super::Queue)), chimes, zones and priorities.

use super::Entry;
use crate::time::Instant;
use crate::timers::Timers;
use core::fmt;
use core::time::Duration;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Decides what becomes of each call. `C` names a call; whoever owns the pager chooses the names.
#[derive(Debug)]
pub struct Pager<C> {
    policy: Policy,
    calls: HashMap<C, Call>,
    timers: Timers<(C, Timer)>,
    actions: VecDeque<Action<C>>,
}

impl<C: Copy + Ord + Hash> Pager<C> {
    /// A pager without calls.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy, calls: HashMap::new(), timers: Timers::new(), actions: VecDeque::new() }
    }

    /// Does as `policy` says with calls that come from now on. Of those that are there, only how long they may be silent
    /// is looked at anew.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// When a caller who rings now, and would be heard whole from `open_at` on, is answered if there is no chime.
    #[must_use]
    pub fn entry(&self, now: Instant, open_at: Instant) -> Entry {
        Entry { open_at, answer_at: open_at.max(now + self.policy.answer_after) }
    }

    /// A caller rings. What he says would be heard whole from `open_at` on; he is not answered before.
    pub fn handle_incoming(&mut self, now: Instant, call: C, open_at: Instant) {
        if self.is_full() {
            self.actions.push_back(Action::Refuse(call));
            return;
        }
        self.calls.insert(call, Call::new(now));
        let Entry { answer_at, .. } = self.entry(now, open_at);
        if answer_at == now {
            self.actions.push_back(Action::Answer(call));
            return;
        }
        if !self.policy.answer_after.is_zero() || answer_at.since(now) > RINGS_FROM {
            self.actions.push_back(Action::Ring(call));
        }
        self.timers.set((call, Timer::Answer), answer_at);
    }

    /// A caller rings who has to wait for others: he is answered at once, so that he can be told so, and not heard.
    pub fn handle_queued(&mut self, now: Instant, call: C) {
        if self.is_full() {
            self.actions.push_back(Action::Refuse(call));
            return;
        }
        self.calls.insert(call, Call::new(now));
        self.handle_waiting(now, call);
        self.actions.push_back(Action::Hold(call));
    }

    /// A caller waits for others. However long that takes does not end his call, nor that he sends nothing, as long as he
    /// has sent nothing yet; who has, and does so no longer, is gone, and keeps nobody waiting behind him.
    pub fn handle_waiting(&mut self, now: Instant, call: C) {
        if let (Some(_), Some(limit)) = (self.calls.get(&call), self.policy.rtp_timeout) {
            self.timers.set((call, Timer::Silence), now + limit);
        }
    }

    /// It is the turn of a caller who waited: he may talk from `open_at` on.
    pub fn handle_turn(&mut self, now: Instant, call: C, open_at: Instant) {
        if self.calls.get(&call).is_none_or(|state| state.on_air) {
            return;
        }
        if open_at <= now {
            self.actions.push_back(Action::Answer(call));
        } else {
            self.timers.set((call, Timer::Answer), open_at);
        }
    }

    /// The call is answered and the caller may talk.
    pub fn handle_talking(&mut self, now: Instant, call: C) {
        if !self.begin(now, call) {
            return;
        }
        if let Some(limit) = self.policy.hang_up_after {
            self.give_time(now, call, limit);
        }
    }

    /// The caller talks and nobody hears him, for others are heard in his place: his time does not run.
    pub fn handle_muted(&mut self, now: Instant, call: C) {
        let Some(state) = self.calls.get_mut(&call) else { return };
        let Time::Until(end) = state.time else { return };
        state.time = Time::Left(end.since(now));
        self.timers.stop((call, Timer::Warning));
        self.timers.stop((call, Timer::HangUp));
    }

    /// He is heard again: he has what was left of his time.
    pub fn handle_heard(&mut self, now: Instant, call: C) {
        if let Some(&Call { time: Time::Left(left), .. }) = self.calls.get(&call) {
            self.give_time(now, call, left);
        }
    }

    /// The call is answered and the caller is recorded, as long as whoever records him lets him: only when nothing comes of
    /// him it ends by itself.
    pub fn handle_dictating(&mut self, now: Instant, call: C) {
        self.begin(now, call);
    }

    /// Media of this call arrived at `at`, which may be a while ago.
    pub fn handle_media(&mut self, at: Instant, call: C) {
        if let Some(state) = self.calls.get_mut(&call) {
            (state.heard_at, state.has_sent) = (state.heard_at.max(at), true);
        }
    }

    /// The caller holds the call: he sends nothing, on purpose.
    pub fn handle_held(&mut self, now: Instant, call: C) {
        if let Some(state) = self.calls.get_mut(&call) {
            state.heard_at = now;
        }
    }

    /// The call is over.
    pub fn handle_ended(&mut self, call: C) {
        if self.calls.remove(&call).is_some() {
            for timer in Timer::ALL {
                self.timers.stop((call, timer));
            }
        }
    }

    /// Acts on what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((call, timer)) = self.timers.expire(now) {
            match timer {
                Timer::Answer => self.actions.push_back(Action::Answer(call)),
                Timer::Warning => self.actions.push_back(Action::Warn(call)),
                Timer::HangUp => self.hang_up(call, EndReason::TooLong),
                Timer::Silence => self.on_silence(now, call),
            }
        }
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action<C>> {
        self.actions.pop_front()
    }

    /// When [`Pager::handle_timeout`] wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Calls that are waiting or on air.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// Whether another call would be refused.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.calls.len() >= self.policy.max_calls
    }

    /// The caller is listened to; false if he was already, or has gone.
    fn begin(&mut self, now: Instant, call: C) -> bool {
        let Some(state) = self.calls.get_mut(&call).filter(|state| !state.on_air) else { return false };
        (state.on_air, state.heard_at) = (true, now);
        self.timers.stop((call, Timer::Answer));
        if let Some(limit) = self.policy.rtp_timeout {
            self.timers.set((call, Timer::Silence), now + limit);
        }
        true
    }

    /// The call ends in so long, and the caller is warned before, unless he has been.
    fn give_time(&mut self, now: Instant, call: C, left: Duration) {
        let Some(state) = self.calls.get_mut(&call) else { return };
        state.time = Time::Until(now + left);
        self.timers.set((call, Timer::HangUp), now + left);
        let is_long = self.policy.hang_up_after.is_some_and(|limit| limit >= 2 * WARNING);
        if is_long && left > WARNING {
            self.timers.set((call, Timer::Warning), now + left - WARNING);
        }
    }

    /// The timer is not moved with every packet: when it is due, it looks when the last one came.
    fn on_silence(&mut self, now: Instant, call: C) {
        let (Some(state), Some(limit)) = (self.calls.get(&call), self.policy.rtp_timeout) else { return };
        // Who waits and has sent nothing yet may do so as long as he waits.
        let since = if state.on_air || state.has_sent { state.heard_at } else { now };
        let due = since + limit;
        if due > now {
            self.timers.set((call, Timer::Silence), due);
        } else {
            self.hang_up(call, EndReason::Silence);
        }
    }

    fn hang_up(&mut self, call: C, reason: EndReason) {
        self.handle_ended(call);
        self.actions.push_back(Action::HangUp(call, reason));
    }
}

/// What the owner of the box wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long the box rings before it answers; zero answers at once.
    pub answer_after: Duration,
    /// The longest page, from the answer; `None` has no end.
    pub hang_up_after: Option<Duration>,
    /// A call without media for so long ends; `None` never.
    pub rtp_timeout: Option<Duration>,
    /// Calls at once; the next one is refused as busy.
    pub max_calls: usize,
}

/// What is to be done with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<C> {
    /// Tell the caller that the box rings.
    Ring(C),
    /// Answer, or let him talk who was answered before.
    Answer(C),
    /// Answer, and let him wait.
    Hold(C),
    /// Tell the caller that his call ends in [`WARNING`].
    Warn(C),
    /// Refuse as busy.
    Refuse(C),
    /// End a call that is on air, or waits.
    HangUp(C, EndReason),
}

/// Why the box ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// `hang-up-after-minutes` is over.
    TooLong,
    /// Nothing came for `rtp-timeout`.
    Silence,
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "it lasted longer than hang-up-after-minutes",
            Self::Silence => "nothing was received for rtp-timeout",
        })
    }
}

#[derive(Debug)]
struct Call {
    on_air: bool,
    heard_at: Instant,
    /// Media of it has arrived.
    has_sent: bool,
    time: Time,
}

impl Call {
    const fn new(now: Instant) -> Self {
        Self { on_air: false, heard_at: now, has_sent: false, time: Time::Endless }
    }
}

/// How long a call may last.
#[derive(Clone, Copy, Debug)]
enum Time {
    Endless,
    Until(Instant),
    /// It does not run.
    Left(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Timer {
    Answer,
    Warning,
    HangUp,
    Silence,
}

/// So long before `hang-up-after` the caller is warned, unless the whole page is not even twice as long.
pub const WARNING: Duration = Duration::from_secs(10);
/// A shorter wait for the relay is not worth a tone: the caller would hear a piece of it.
const RINGS_FROM: Duration = Duration::from_millis(500);

impl Timer {
    const ALL: [Self; 4] = [Self::Answer, Self::Warning, Self::HangUp, Self::Silence];
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: u8 = 1;
    const B: u8 = 2;

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    fn policy() -> Policy {
        Policy {
            answer_after: Duration::ZERO,
            hang_up_after: Some(Duration::from_mins(5)),
            rtp_timeout: Some(Duration::from_secs(20)),
            max_calls: 1,
        }
    }

    fn actions(pager: &mut Pager<u8>) -> Vec<Action<u8>> {
        std::iter::from_fn(|| pager.poll_action()).collect()
    }

    #[test]
    fn a_call_is_answered_at_once() {
        let mut pager = Pager::new(policy());
        pager.handle_incoming(at(0), A, at(0));
        assert_eq!(actions(&mut pager), [Action::Answer(A)]);
    }

    #[test]
    fn answer_after_rings_first() {
        let mut pager = Pager::new(Policy { answer_after: Duration::from_secs(3), ..policy() });
        pager.handle_incoming(at(0), A, at(0));
        assert_eq!(actions(&mut pager), [Action::Ring(A)]);
        assert_eq!(pager.poll_timeout(), Some(at(3)));
        pager.handle_timeout(at(3));
        assert_eq!(actions(&mut pager), [Action::Answer(A)]);
    }

    #[test]
    fn nobody_is_answered_before_the_way_to_the_loudspeakers_is_open() {
        let open_at = Instant::from_millis(200);
        let mut pager = Pager::new(Policy { max_calls: 3, ..policy() });
        pager.handle_incoming(at(0), A, open_at);
        assert_eq!(actions(&mut pager), [], "200 ms are too short to ring");
        assert_eq!(pager.poll_timeout(), Some(open_at));
        pager.handle_timeout(open_at);
        assert_eq!(actions(&mut pager), [Action::Answer(A)]);
        pager.handle_incoming(at(1), B, open_at);
        assert_eq!(actions(&mut pager), [Action::Answer(B)], "it is open");
        pager.handle_incoming(at(1), 3, at(3));
        assert_eq!(actions(&mut pager), [Action::Ring(3)]);
        pager.handle_timeout(at(3));
        assert_eq!(actions(&mut pager), [Action::Answer(3)]);
    }

    #[test]
    fn the_way_opens_while_it_rings() {
        let mut pager = Pager::new(Policy { answer_after: Duration::from_secs(3), ..policy() });
        pager.handle_incoming(at(0), A, at(1));
        assert_eq!(actions(&mut pager), [Action::Ring(A)]);
        assert_eq!(pager.poll_timeout(), Some(at(3)));
    }

    #[test]
    fn a_caller_who_gives_up_while_it_rings_is_not_answered() {
        let mut pager = Pager::new(Policy { answer_after: Duration::from_secs(3), ..policy() });
        pager.handle_incoming(at(0), A, at(0));
        pager.handle_ended(A);
        pager.handle_timeout(at(9));
        assert_eq!(actions(&mut pager), [Action::Ring(A)]);
        assert_eq!(pager.poll_timeout(), None);
    }

    #[test]
    fn one_call_too_many_is_refused_until_another_ends() {
        let mut pager = Pager::new(policy());
        pager.handle_incoming(at(0), A, at(0));
        pager.handle_incoming(at(1), B, at(1));
        pager.handle_ended(A);
        pager.handle_incoming(at(2), B, at(2));
        assert_eq!(actions(&mut pager), [Action::Answer(A), Action::Refuse(B), Action::Answer(B)]);
    }

    #[test]
    fn a_silent_call_ends_after_the_rtp_timeout() {
        let mut pager = Pager::new(policy());
        pager.handle_incoming(at(0), A, at(0));
        pager.handle_talking(at(1), A);
        pager.handle_media(at(15), A);
        pager.handle_timeout(at(21));
        assert_eq!(actions(&mut pager), [Action::Answer(A)]);
        assert_eq!(pager.poll_timeout(), Some(at(35)));
        pager.handle_timeout(at(35));
        assert_eq!(actions(&mut pager), [Action::HangUp(A, EndReason::Silence)]);
        assert_eq!(pager.calls(), 0);
    }

    #[test]
    fn another_policy_is_for_calls_to_come_and_a_silent_one_may_stay() {
        let mut pager = Pager::new(policy());
        pager.handle_incoming(at(0), A, at(0));
        pager.handle_talking(at(0), A);
        let (ring, patient) = (Duration::from_secs(3), None);
        pager.set_policy(Policy { answer_after: ring, rtp_timeout: patient, max_calls: 2, ..policy() });
        pager.handle_incoming(at(1), B, at(1));
        pager.handle_timeout(at(100));
        assert_eq!(actions(&mut pager), [Action::Answer(A), Action::Ring(B), Action::Answer(B)]);
        pager.handle_timeout(at(300));
        assert_eq!(actions(&mut pager), [Action::Warn(A), Action::HangUp(A, EndReason::TooLong)]);
    }

    #[test]
    fn a_caller_is_warned_before_his_page_ends_unless_it_is_a_short_one() {
        for (limit, warned) in [(60, Some(50)), (20, Some(10)), (19, None)] {
            let limit = Duration::from_secs(limit);
            let mut pager = Pager::new(Policy { hang_up_after: Some(limit), rtp_timeout: None, ..policy() });
            pager.handle_incoming(at(0), A, at(0));
            pager.handle_talking(at(0), A);
            actions(&mut pager);
            for second in 0..60 {
                pager.handle_timeout(at(second));
                let is_warned = actions(&mut pager).contains(&Action::Warn(A));
                assert_eq!(is_warned, warned == Some(second), "{limit:?}: {second}");
            }
        }
    }

    #[test]
    fn who_waits_for_others_is_answered_at_once_and_neither_time_nor_that_he_never_sends_ends_his_call() {
        let mut pager = Pager::new(policy());
        pager.handle_queued(at(0), A);
        assert_eq!(actions(&mut pager), [Action::Hold(A)]);
        pager.handle_timeout(at(3600));
        assert_eq!((actions(&mut pager), pager.poll_timeout()), (vec![], Some(at(3620))));
        pager.handle_turn(at(3600), A, at(3602));
        assert_eq!((actions(&mut pager), pager.poll_timeout()), (vec![], Some(at(3602))));
        pager.handle_timeout(at(3602));
        assert_eq!(actions(&mut pager), [Action::Answer(A)]);
        pager.handle_talking(at(3602), A);
        pager.handle_timeout(at(3622));
        assert_eq!(actions(&mut pager), [Action::HangUp(A, EndReason::Silence)], "from then on");
    }

    #[test]
    fn who_is_gone_while_he_waits_does_not_wait_any_longer_unless_he_holds_the_call() {
        let mut pager = Pager::new(Policy { max_calls: 2, ..policy() });
        pager.handle_queued(at(0), A);
        pager.handle_incoming(at(0), B, at(0));
        pager.handle_waiting(at(0), B);
        actions(&mut pager);
        pager.handle_media(at(5), A);
        pager.handle_media(at(5), B);
        for second in 6..25 {
            pager.handle_held(at(second), B);
            pager.handle_timeout(at(second));
        }
        assert_eq!(actions(&mut pager), []);
        pager.handle_timeout(at(25));
        assert_eq!(actions(&mut pager), [Action::HangUp(A, EndReason::Silence)]);
        pager.handle_timeout(at(44));
        assert_eq!(actions(&mut pager), [Action::HangUp(B, EndReason::Silence)]);
    }

    #[test]
    fn what_was_heard_before_a_hold_does_not_end_the_call_that_is_taken_back() {
        let mut pager = Pager::new(policy());
        pager.handle_incoming(at(0), A, at(0));
        pager.handle_talking(at(0), A);
        actions(&mut pager);
        pager.handle_held(at(100), A);
        pager.handle_media(at(5), A);
        pager.handle_timeout(at(119));
        assert_eq!(actions(&mut pager), []);
        pager.handle_timeout(at(120));
        assert_eq!(actions(&mut pager), [Action::HangUp(A, EndReason::Silence)]);
    }

    #[test]
    fn whose_turn_it_is_and_nothing_to_wait_for_talks_at_once_and_who_has_left_never() {
        let mut pager = Pager::new(Policy { max_calls: 2, ..policy() });
        pager.handle_queued(at(0), A);
        pager.handle_queued(at(0), B);
        actions(&mut pager);
        pager.handle_ended(B);
        pager.handle_turn(at(1), A, at(1));
        pager.handle_turn(at(1), B, at(1));
        assert_eq!(actions(&mut pager), [Action::Answer(A)]);
    }

    #[test]
    fn a_page_has_its_longest_length() {
        let mut pager = Pager::new(policy());
        pager.handle_incoming(at(0), A, at(0));
        pager.handle_talking(at(1), A);
        for second in 1..301 {
            pager.handle_media(at(second), A);
            pager.handle_timeout(at(second));
        }
        assert_eq!(actions(&mut pager), [Action::Answer(A), Action::Warn(A)]);
        pager.handle_timeout(at(301));
        assert_eq!(actions(&mut pager), [Action::HangUp(A, EndReason::TooLong)]);
    }

    #[test]
    fn the_time_of_who_is_muted_does_not_run() {
        let mut pager =
            Pager::new(Policy { hang_up_after: Some(Duration::from_mins(1)), rtp_timeout: None, ..policy() });
        pager.handle_incoming(at(0), A, at(0));
        pager.handle_heard(at(0), A);
        pager.handle_talking(at(0), A);
        pager.handle_muted(at(20), A);
        pager.handle_muted(at(30), A);
        assert_eq!(pager.poll_timeout(), None);
        pager.handle_heard(at(3600), A);
        pager.handle_heard(at(3610), A);
        pager.handle_timeout(at(3630));
        pager.handle_muted(at(3635), A);
        pager.handle_heard(at(3640), A);
        pager.handle_timeout(at(3644));
        assert_eq!(actions(&mut pager), [Action::Answer(A), Action::Warn(A)], "once");
        pager.handle_timeout(at(3645));
        assert_eq!(actions(&mut pager), [Action::HangUp(A, EndReason::TooLong)]);
    }

    #[test]
    fn who_is_recorded_is_hung_up_on_for_his_silence_and_not_for_the_time_he_takes() {
        let mut pager = Pager::new(policy());
        pager.handle_incoming(at(0), A, at(0));
        pager.handle_dictating(at(1), A);
        for second in 1..3600 {
            pager.handle_media(at(second), A);
            pager.handle_timeout(at(second));
        }
        assert_eq!(actions(&mut pager), [Action::Answer(A)]);
        pager.handle_timeout(at(3619));
        assert_eq!(actions(&mut pager), [Action::HangUp(A, EndReason::Silence)]);
    }

    #[test]
    fn limits_turned_off_never_end_a_call() {
        let mut pager = Pager::new(Policy { hang_up_after: None, rtp_timeout: None, ..policy() });
        pager.handle_incoming(at(0), A, at(0));
        pager.handle_talking(at(0), A);
        assert_eq!(pager.poll_timeout(), None);
    }
}
