//! What is heard before a page, and how long its caller waits for it.
//!
//! ```text
//!             handle_call                       the way is open               it is over
//!  (silent) ─────────────────────────> waiting ─────────────────> sounding ─────────────> (silent)
//!                                          │        Sound             │ handle_nobody: Hush
//!                                          └──────── handle_nobody ───┴──────────────────> (silent)
//!
//!  INVITE      relay-lead        chime                 padding   answer
//!  ├───────────┼─────────────────┼─────────────────────┤         ├───> a negative padding answers before its end
//!  ├── answer-after, where that is longer: the chime begins so late that it is over then ──>
//! ```
//!
//! Decides: when the chime begins, and when its callers are answered. Who comes while it sounds, or is about to, waits for it,
//! too. Leaves out: who joins others and has none, which sound it is, and where it is heard.

use crate::time::Instant;
use core::time::Duration;

/// The chime before pages.
#[derive(Debug, Default)]
pub struct Prelude {
    length: Duration,
    padding: Padding,
    chime: Option<Chime>,
    action: Option<Cue>,
}

/// What lies between the end of a chime and the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding {
    /// How long.
    pub time: Duration,
    /// Whether the answer comes before the end.
    pub is_early: bool,
}

impl Padding {
    /// By a number of seconds; a negative one answers before the end of the chime. Limits: five minutes.
    #[must_use]
    pub fn from_seconds(seconds: f64) -> Self {
        let limited = if seconds.is_finite() { seconds.abs().min(MOST_S) } else { 0.0 };
        Self { time: Duration::from_secs_f64(limited), is_early: seconds < 0.0 }
    }
}

/// When a caller may be heard, but for the chime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// From then on what is played is heard whole.
    pub open_at: Instant,
    /// He would be answered then: never before `open_at`.
    pub answer_at: Instant,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cue {
    /// The chime begins now.
    Sound,
    /// It ends, wherever it is: nobody waits for it any more.
    Hush,
}

#[derive(Clone, Copy, Debug)]
struct Chime {
    begins_at: Instant,
    over_at: Instant,
    answer_at: Instant,
    has_begun: bool,
}

impl Prelude {
    /// The next chime lasts so long; no time: there is none.
    pub fn set_length(&mut self, length: Duration) {
        self.length = length;
    }

    /// So much lies between it and the answer.
    pub fn set_padding(&mut self, padding: Padding) {
        self.padding = padding;
    }

    /// A caller rings. When he may be answered.
    pub fn handle_call(&mut self, now: Instant, entry: Entry) -> Instant {
        let Entry { open_at, answer_at } = entry;
        if self.is_awaited(now) || self.length.is_zero() {
            return self.join(now, entry);
        }
        let until_answer = if self.padding.is_early {
            self.length.saturating_sub(self.padding.time)
        } else {
            self.length + self.padding.time
        };
        // What is left of answer-after comes before the chime: nothing but the padding lies between it and the answer.
        let begins_at = open_at.max(now).max(answer_at - until_answer);
        let (over_at, answer_at) = (begins_at + self.length, begins_at + until_answer);
        self.chime = Some(Chime { begins_at, over_at, answer_at, has_begun: false });
        self.handle_timeout(now);
        answer_at
    }

    /// A caller rings, who joins others that wait or are on air: no chime begins for him. When he may be answered.
    #[must_use]
    pub fn join(&self, now: Instant, entry: Entry) -> Instant {
        let awaited = self.chime.filter(|chime| chime.answer_at > now);
        awaited.map_or(entry.answer_at, |chime| chime.answer_at.max(entry.answer_at))
    }

    /// When the chime that is waited for begins, or began.
    #[must_use]
    pub fn sounds_at(&self) -> Option<Instant> {
        self.chime.map(|chime| chime.begins_at)
    }

    /// Whether who rings now waits for a chime that others wait for already.
    #[must_use]
    pub fn is_awaited(&self, now: Instant) -> bool {
        self.chime.is_some_and(|chime| chime.answer_at > now)
    }

    /// No caller is left, waiting or on air.
    pub fn handle_nobody(&mut self, now: Instant) {
        self.handle_timeout(now);
        let Some(chime) = self.chime.take() else { return };
        if self.action.take().is_none() && chime.has_begun {
            self.action = Some(Cue::Hush);
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        let Some(chime) = &mut self.chime else { return };
        if !chime.has_begun && chime.begins_at <= now {
            chime.has_begun = true;
            self.action = Some(Cue::Sound);
        }
        if chime.over_at.max(chime.answer_at) <= now {
            self.chime = None;
        }
    }

    /// The next thing to do.
    pub fn poll_cue(&mut self) -> Option<Cue> {
        self.action.take()
    }

    /// When [`Prelude::handle_timeout`] wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let chime = self.chime.as_ref()?;
        Some(if chime.has_begun { chime.over_at.max(chime.answer_at) } else { chime.begins_at })
    }
}

/// Nobody waits longer between a chime and an answer.
const MOST_S: f64 = 300.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paging::{Action, Pager, Policy};

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    /// Answered as soon as the way is open.
    fn open(millis: u64) -> Entry {
        Entry { open_at: at(millis), answer_at: at(millis) }
    }

    fn prelude(padding_s: f64) -> Prelude {
        let mut prelude = Prelude::default();
        prelude.set_length(Duration::from_secs(2));
        prelude.set_padding(Padding::from_seconds(padding_s));
        prelude
    }

    #[test]
    fn a_caller_is_answered_when_the_chime_is_over() {
        let mut prelude = prelude(0.0);
        assert_eq!(prelude.handle_call(at(0), open(0)), at(2000));
        assert_eq!(prelude.poll_cue(), Some(Cue::Sound));
        assert_eq!(prelude.poll_timeout(), Some(at(2000)));
        prelude.handle_timeout(at(2000));
        assert_eq!((prelude.poll_cue(), prelude.poll_timeout()), (None, None));
    }

    #[test]
    fn the_chime_waits_for_the_relay_and_the_caller_for_both() {
        let mut prelude = prelude(0.0);
        assert_eq!(prelude.handle_call(at(0), open(200)), at(2200));
        assert_eq!((prelude.poll_cue(), prelude.poll_timeout()), (None, Some(at(200))));
        prelude.handle_timeout(at(200));
        assert_eq!(prelude.poll_cue(), Some(Cue::Sound));
    }

    #[test]
    fn padding_answers_later_and_a_negative_one_before_the_end() {
        assert_eq!(prelude(0.5).handle_call(at(0), open(0)), at(2500));
        assert_eq!(prelude(-0.5).handle_call(at(0), open(0)), at(1500));
        assert_eq!(prelude(-9.0).handle_call(at(0), open(0)), at(0), "not before it begins");
    }

    #[test]
    fn without_a_chime_there_is_nothing_to_wait_for_but_the_relay() {
        let mut prelude = Prelude::default();
        assert_eq!(prelude.handle_call(at(0), open(200)), at(200));
        assert_eq!((prelude.poll_cue(), prelude.poll_timeout()), (None, None));
    }

    #[test]
    fn who_joins_a_page_on_air_hears_no_chime_and_who_comes_while_it_sounds_waits_for_the_same_one() {
        let mut prelude = prelude(0.0);
        assert_eq!(prelude.join(at(0), open(0)), at(0));
        assert_eq!(prelude.handle_call(at(0), open(0)), at(2000));
        assert_eq!(prelude.poll_cue(), Some(Cue::Sound));
        assert_eq!(prelude.handle_call(at(1500), open(1500)), at(2000));
        assert_eq!(prelude.poll_cue(), None);
    }

    #[test]
    fn a_chime_that_nobody_waits_for_ends() {
        let mut prelude = prelude(0.0);
        prelude.handle_call(at(0), open(0));
        assert_eq!(prelude.poll_cue(), Some(Cue::Sound));
        prelude.handle_nobody(at(500));
        assert_eq!((prelude.poll_cue(), prelude.poll_timeout()), (Some(Cue::Hush), None));
        assert_eq!(prelude.handle_call(at(900), open(900)), at(2900), "the next call has its own");
        assert_eq!(prelude.poll_cue(), Some(Cue::Sound));
    }

    #[test]
    fn one_that_has_not_begun_is_never_heard() {
        let mut prelude = prelude(0.0);
        prelude.handle_call(at(0), open(200));
        prelude.handle_nobody(at(100));
        assert_eq!((prelude.poll_cue(), prelude.poll_timeout()), (None, None));
    }

    #[test]
    fn an_early_answer_leaves_the_chime_its_end() {
        let mut prelude = prelude(-1.0);
        assert_eq!(prelude.handle_call(at(0), open(0)), at(1000));
        assert_eq!(prelude.poll_cue(), Some(Cue::Sound));
        prelude.handle_timeout(at(1000));
        assert_eq!(prelude.poll_timeout(), Some(at(2000)));
        prelude.handle_nobody(at(1200));
        assert_eq!(prelude.poll_cue(), Some(Cue::Hush), "a caller who was answered early and hung up");
    }

    #[test]
    fn a_chime_ends_when_its_caller_is_answered_however_long_it_rings() {
        let entry = Entry { open_at: at(200), answer_at: at(5000) };
        for (padding_s, begins_at) in [(0.0, 3000), (0.5, 2500), (-0.5, 3500), (9.0, 200)] {
            let mut prelude = prelude(padding_s);
            let answer_at = prelude.handle_call(at(0), entry);
            assert_eq!((prelude.poll_cue(), prelude.poll_timeout()), (None, Some(at(begins_at))));
            prelude.handle_timeout(at(begins_at));
            assert_eq!(prelude.poll_cue(), Some(Cue::Sound));
            assert_eq!(answer_at, at(if padding_s > 5.0 { 11_200 } else { 5000 }));
        }
    }

    #[test]
    fn no_chime_sounds_over_the_words_of_who_was_answered_before_its_caller() {
        let ring = Duration::from_secs(5);
        let policy = Policy { answer_after: ring, hang_up_after: None, rtp_timeout: None, max_calls: 9 };
        let (mut pager, mut prelude) = (Pager::new(policy), prelude(0.0));
        let (mut on_air_at, mut sounds_at) = (Vec::new(), Vec::new());
        for millis in (0..20_000).step_by(100) {
            if [0, 4000, 4900, 8000].contains(&millis) {
                let entry = pager.entry(at(millis), at(millis));
                let answer_at = if pager.calls() == 0 {
                    prelude.handle_call(at(millis), entry)
                } else {
                    prelude.join(at(millis), entry)
                };
                pager.handle_incoming(at(millis), millis, answer_at);
            }
            prelude.handle_timeout(at(millis));
            sounds_at.extend(prelude.poll_cue().map(|cue| (cue, millis)));
            pager.handle_timeout(at(millis));
            while let Some(action) = pager.poll_action() {
                if let Action::Answer(call) = action {
                    pager.handle_talking(at(millis), call);
                    on_air_at.push(millis);
                }
            }
        }
        assert_eq!(sounds_at, [(Cue::Sound, 3000)]);
        assert_eq!(on_air_at, [5000, 9000, 9900, 13_000]);
    }
}
