//! What is heard before a page, and how long its caller waits for it.
//!
//! ```text
//!             handle_call, nobody on air        the way is open               it is over
//!  (silent) ─────────────────────────> waiting ─────────────────> sounding ─────────────> (silent)
//!                                          │        Sound             │ handle_nobody: Hush
//!                                          └──────── handle_nobody ───┴──────────────────> (silent)
//!
//!  INVITE      relay-lead        chime                 padding   answer
//!  ├───────────┼─────────────────┼─────────────────────┤         ├───> a negative padding answers before its end
//! ```
//!
//! Decides: whether a call has a chime (who joins a page on air has none, who comes while it sounds waits for the same one),
//! when it begins, when its callers are answered. Leaves out: which sound it is, and where it is heard.

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

    /// A caller rings while others are on air or not; what is played would be heard whole from `open_at` on. When he may be
    /// answered.
    pub fn handle_call(&mut self, now: Instant, open_at: Instant, is_joining: bool) -> Instant {
        if let Some(chime) = self.chime.filter(|chime| chime.answer_at > now) {
            return chime.answer_at.max(open_at);
        }
        if is_joining || self.length.is_zero() {
            return open_at;
        }
        let begins_at = open_at.max(now);
        let over_at = begins_at + self.length;
        let answer_at = if self.padding.is_early {
            begins_at + self.length.saturating_sub(self.padding.time)
        } else {
            over_at + self.padding.time
        };
        self.chime = Some(Chime { begins_at, over_at, answer_at, has_begun: false });
        self.handle_timeout(now);
        answer_at
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

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
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
        assert_eq!(prelude.handle_call(at(0), at(0), false), at(2000));
        assert_eq!(prelude.poll_cue(), Some(Cue::Sound));
        assert_eq!(prelude.poll_timeout(), Some(at(2000)));
        prelude.handle_timeout(at(2000));
        assert_eq!((prelude.poll_cue(), prelude.poll_timeout()), (None, None));
    }

    #[test]
    fn the_chime_waits_for_the_relay_and_the_caller_for_both() {
        let mut prelude = prelude(0.0);
        assert_eq!(prelude.handle_call(at(0), at(200), false), at(2200));
        assert_eq!((prelude.poll_cue(), prelude.poll_timeout()), (None, Some(at(200))));
        prelude.handle_timeout(at(200));
        assert_eq!(prelude.poll_cue(), Some(Cue::Sound));
    }

    #[test]
    fn padding_answers_later_and_a_negative_one_before_the_end() {
        assert_eq!(prelude(0.5).handle_call(at(0), at(0), false), at(2500));
        assert_eq!(prelude(-0.5).handle_call(at(0), at(0), false), at(1500));
        assert_eq!(prelude(-9.0).handle_call(at(0), at(0), false), at(0), "not before it begins");
    }

    #[test]
    fn without_a_chime_there_is_nothing_to_wait_for_but_the_relay() {
        let mut prelude = Prelude::default();
        assert_eq!(prelude.handle_call(at(0), at(200), false), at(200));
        assert_eq!((prelude.poll_cue(), prelude.poll_timeout()), (None, None));
    }

    #[test]
    fn who_joins_a_page_on_air_hears_no_chime_and_who_comes_while_it_sounds_waits_for_the_same_one() {
        let mut prelude = prelude(0.0);
        assert_eq!(prelude.handle_call(at(0), at(0), true), at(0));
        assert_eq!(prelude.handle_call(at(0), at(0), false), at(2000));
        assert_eq!(prelude.poll_cue(), Some(Cue::Sound));
        assert_eq!(prelude.handle_call(at(1500), at(1500), false), at(2000));
        assert_eq!(prelude.poll_cue(), None);
    }

    #[test]
    fn a_chime_that_nobody_waits_for_ends() {
        let mut prelude = prelude(0.0);
        prelude.handle_call(at(0), at(0), false);
        assert_eq!(prelude.poll_cue(), Some(Cue::Sound));
        prelude.handle_nobody(at(500));
        assert_eq!((prelude.poll_cue(), prelude.poll_timeout()), (Some(Cue::Hush), None));
        assert_eq!(prelude.handle_call(at(900), at(900), false), at(2900), "the next call has its own");
        assert_eq!(prelude.poll_cue(), Some(Cue::Sound));
    }

    #[test]
    fn one_that_has_not_begun_is_never_heard() {
        let mut prelude = prelude(0.0);
        prelude.handle_call(at(0), at(200), false);
        prelude.handle_nobody(at(100));
        assert_eq!((prelude.poll_cue(), prelude.poll_timeout()), (None, None));
    }

    #[test]
    fn an_early_answer_leaves_the_chime_its_end() {
        let mut prelude = prelude(-1.0);
        assert_eq!(prelude.handle_call(at(0), at(0), false), at(1000));
        assert_eq!(prelude.poll_cue(), Some(Cue::Sound));
        prelude.handle_timeout(at(1000));
        assert_eq!(prelude.poll_timeout(), Some(at(2000)));
        prelude.handle_nobody(at(1200));
        assert_eq!(prelude.poll_cue(), Some(Cue::Hush), "a caller who was answered early and hung up");
    }
}
