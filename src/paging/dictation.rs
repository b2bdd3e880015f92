//! A page that is recorded first: a caller, his keys, and what becomes of what he says.
//!
//! ```text
//!  answered ─> cue ── Speak ──> recording ── # ─────────────> review ── 2: hear ──> playing ──> review
//!               ^                  │  longest, or no room       │ 1, #: send           └ any key of the review
//!               └── 3: anew ───────│────────────────────────────┤ *: drop
//!                                  └ nothing was said: cue      └ nothing pressed for PATIENCE: send
//!  hangs up: while he speaks, or later ─> sent, if anything was said; before that ─> dropped
//! ```
//! The keys are those of Asterisk's voice mail (1 accept, 2 hear, 3 record anew), which callers of such telephone systems
//! know; # twice is the short way. Who hangs up after having spoken has paged: a delayed page is there for telephones beside
//! a loudspeaker, whose users say their words and put the receiver down.
//!
//! Decides: when a recording begins and ends, what each key does, what is sent. Leaves out: sound, memory, loudspeakers.

use crate::key::Key;
use crate::time::Instant;
use core::time::Duration;
use std::collections::VecDeque;

/// One caller who is recorded.
#[derive(Debug)]
pub struct Dictation {
    longest: Duration,
    stage: Stage,
    /// When the present stage ends by itself.
    due_at: Option<Instant>,
    /// How often he was recorded and said nothing.
    silent: u32,
    /// Keys of the review that led back to it.
    detours: u32,
    steps: VecDeque<Step>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Let the caller hear this; it ends what he heard before.
    Say(Signal),
    /// Record from now on, anew.
    Record,
    /// Record no more, and tell by [`Dictation::handle_recorded`] what there is.
    Stop,
    /// Let the caller hear the recording, and tell when that is over.
    Play,
    /// The recording is to be heard on the loudspeakers.
    Send,
    /// The recording is to be forgotten.
    Drop,
    /// End the call.
    HangUp,
}

/// What a caller is told by tones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Speak now.
    Speak,
    /// It is recorded: what shall become of it?
    Review,
    /// Nothing was heard.
    Nothing,
    /// It will be heard on the loudspeakers.
    Sent,
    /// It is forgotten.
    Dropped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Not answered yet.
    Waiting,
    Cue,
    Recording,
    /// What was recorded is being looked at.
    Stopping,
    Review,
    Playing,
    /// A last signal sounds.
    Leaving,
    Over,
}

impl Dictation {
    /// Of a caller who may speak for so long.
    #[must_use]
    pub fn new(longest: Duration) -> Self {
        let (stage, steps) = (Stage::Waiting, VecDeque::new());
        Self { longest, stage, due_at: None, silent: 0, detours: 0, steps }
    }

    /// The call is answered, and the caller hears what he is told from `hears_at` on.
    pub fn handle_answered(&mut self, hears_at: Instant) {
        if self.stage == Stage::Waiting {
            self.cue(hears_at, Signal::Speak);
        }
    }

    /// The caller has pressed a key.
    pub fn handle_key(&mut self, now: Instant, key: Key) {
        match (self.stage, key.as_char()) {
            (Stage::Cue | Stage::Recording | Stage::Review | Stage::Playing, '*') => {
                self.conclude(now, Step::Drop, Signal::Dropped);
            }
            (Stage::Recording, '#') => self.stop(),
            (Stage::Review | Stage::Playing, '1' | '#') => self.conclude(now, Step::Send, Signal::Sent),
            // His silence decides then.
            (Stage::Review | Stage::Playing, _) if self.detours >= MOST_DETOURS => {}
            (Stage::Review | Stage::Playing, '2') => {
                self.detours += 1;
                self.enter(Stage::Playing, None);
                self.steps.push_back(Step::Play);
            }
            (Stage::Review | Stage::Playing, '3') => {
                self.detours += 1;
                self.cue(now, Signal::Speak);
            }
            (Stage::Review, _) => {
                self.detours += 1;
                self.review(now);
            }
            _ => {}
        }
    }

    /// Nothing more can be recorded: there is no room.
    pub fn handle_full(&mut self) {
        if self.stage == Stage::Recording {
            self.stop();
        }
    }

    /// What was recorded, as [`Step::Stop`] asked, holds something, or nothing.
    pub fn handle_recorded(&mut self, now: Instant, sounds: bool) {
        if self.stage != Stage::Stopping {
            return;
        }
        if sounds {
            return self.review(now);
        }
        self.silent += 1;
        if self.silent < TRIES {
            self.cue(now, Signal::Nothing);
        } else {
            self.conclude(now, Step::Drop, Signal::Dropped);
        }
    }

    /// The caller has heard his recording whole.
    pub fn handle_played(&mut self, now: Instant) {
        if self.stage == Stage::Playing {
            self.review(now);
        }
    }

    /// The call is over; what is recorded `sounds`, or does not.
    pub fn handle_ended(&mut self, sounds: bool) {
        let is_kept =
            matches!(self.stage, Stage::Recording | Stage::Stopping | Stage::Review | Stage::Playing);
        let is_decided = matches!(self.stage, Stage::Leaving | Stage::Over);
        self.enter(Stage::Over, None);
        // What was to be said to him has nobody to hear it.
        self.steps.retain(|step| matches!(step, Step::Send | Step::Drop));
        if !is_decided {
            self.steps.push_back(if is_kept && sounds { Step::Send } else { Step::Drop });
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        let Some(due_at) = self.due_at.take_if(|due_at| *due_at <= now) else { return };
        match self.stage {
            Stage::Cue => {
                self.enter(Stage::Recording, Some(due_at + self.longest));
                self.steps.push_back(Step::Record);
            }
            Stage::Recording => self.stop(),
            Stage::Review => self.conclude(now, Step::Send, Signal::Sent),
            Stage::Leaving => {
                self.enter(Stage::Over, None);
                self.steps.push_back(Step::HangUp);
            }
            Stage::Waiting | Stage::Stopping | Stage::Playing | Stage::Over => {}
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.due_at
    }

    /// The next thing to do.
    pub fn poll_step(&mut self) -> Option<Step> {
        self.steps.pop_front()
    }

    fn enter(&mut self, stage: Stage, due_at: Option<Instant>) {
        (self.stage, self.due_at) = (stage, due_at);
    }

    fn cue(&mut self, now: Instant, signal: Signal) {
        self.enter(Stage::Cue, Some(now + signal.length()));
        self.steps.push_back(Step::Say(signal));
    }

    fn stop(&mut self) {
        self.enter(Stage::Stopping, None);
        self.steps.push_back(Step::Stop);
    }

    fn review(&mut self, now: Instant) {
        self.enter(Stage::Review, Some(now + PATIENCE));
        self.steps.push_back(Step::Say(Signal::Review));
    }

    fn conclude(&mut self, now: Instant, step: Step, signal: Signal) {
        self.enter(Stage::Leaving, Some(now + signal.length()));
        self.steps.extend([step, Step::Say(signal)]);
    }
}

impl Signal {
    /// The tones of it: frequency, 0 for a pause, and how long; made by whoever says it.
    #[must_use]
    pub const fn tones(self) -> &'static [(f32, Duration)] {
        match self {
            Self::Speak => &[(1000.0, LONG)],
            Self::Review => &[(1000.0, SHORT), (0.0, SHORT), (1000.0, SHORT)],
            Self::Nothing => &[(425.0, LONG), (0.0, LONG), (1000.0, LONG)],
            Self::Sent => &[(800.0, SHORT), (1000.0, SHORT), (1250.0, SHORT)],
            Self::Dropped => &[(1250.0, SHORT), (1000.0, SHORT), (800.0, SHORT)],
        }
    }

    /// How long it sounds.
    #[must_use]
    pub fn length(self) -> Duration {
        self.tones().iter().map(|(_, length)| *length).sum()
    }
}

const SHORT: Duration = Duration::from_millis(120);
const LONG: Duration = Duration::from_millis(300);
/// How long a key is waited for when something is recorded.
const PATIENCE: Duration = Duration::from_secs(20);
/// So often somebody may say nothing.
const TRIES: u32 = 3;
/// So often he may hear it, or record it anew.
const MOST_DETOURS: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_mins(5);

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn key(name: char) -> Key {
        Key::from_char(name).unwrap()
    }

    fn steps(dictation: &mut Dictation) -> Vec<Step> {
        std::iter::from_fn(|| dictation.poll_step()).collect()
    }

    /// One who is being recorded since 300 ms.
    fn speaking() -> Dictation {
        let mut dictation = Dictation::new(LONGEST);
        dictation.handle_answered(at(0));
        dictation.handle_timeout(at(300));
        assert_eq!(steps(&mut dictation), [Step::Say(Signal::Speak), Step::Record]);
        dictation
    }

    /// One who has spoken for five seconds and pressed #.
    fn reviewing() -> Dictation {
        let mut dictation = speaking();
        dictation.handle_key(at(5000), key('#'));
        assert_eq!(steps(&mut dictation), [Step::Stop]);
        dictation.handle_recorded(at(5000), true);
        assert_eq!(steps(&mut dictation), [Step::Say(Signal::Review)]);
        dictation
    }

    #[test]
    fn nothing_is_recorded_before_the_beep_is_over() {
        let mut dictation = Dictation::new(LONGEST);
        dictation.handle_answered(at(1000));
        dictation.handle_timeout(at(1299));
        assert_eq!(steps(&mut dictation), [Step::Say(Signal::Speak)]);
        assert_eq!(dictation.poll_timeout(), Some(at(1300)));
        dictation.handle_timeout(at(1300));
        assert_eq!(steps(&mut dictation), [Step::Record]);
    }

    #[test]
    fn a_recording_is_sent_by_1_and_the_caller_is_told_before_the_box_hangs_up() {
        let mut dictation = reviewing();
        dictation.handle_key(at(6000), key('1'));
        assert_eq!(steps(&mut dictation), [Step::Send, Step::Say(Signal::Sent)]);
        dictation.handle_timeout(at(6360));
        assert_eq!(steps(&mut dictation), [Step::HangUp]);
        dictation.handle_ended(true);
        assert_eq!((steps(&mut dictation), dictation.poll_timeout()), (vec![], None), "sent once");
    }

    #[test]
    fn pound_twice_sends() {
        let mut dictation = speaking();
        dictation.handle_key(at(5000), key('#'));
        dictation.handle_recorded(at(5000), true);
        dictation.handle_key(at(5100), key('#'));
        let expected = [Step::Stop, Step::Say(Signal::Review), Step::Send, Step::Say(Signal::Sent)];
        assert_eq!(steps(&mut dictation), expected);
    }

    #[test]
    fn it_can_be_heard_again_and_again_before_it_is_sent() {
        let mut dictation = reviewing();
        for _ in 0..2 {
            dictation.handle_key(at(6000), key('2'));
            assert_eq!(steps(&mut dictation), [Step::Play]);
            assert_eq!(dictation.poll_timeout(), None, "he hears all of it");
            dictation.handle_played(at(11_000));
            assert_eq!(steps(&mut dictation), [Step::Say(Signal::Review)]);
        }
        dictation.handle_key(at(12_000), key('2'));
        dictation.handle_key(at(13_000), key('1'));
        assert_eq!(steps(&mut dictation), [Step::Play, Step::Send, Step::Say(Signal::Sent)], "in the middle");
    }

    #[test]
    fn by_3_it_is_recorded_anew() {
        let mut dictation = reviewing();
        dictation.handle_key(at(6000), key('3'));
        dictation.handle_timeout(at(6300));
        assert_eq!(steps(&mut dictation), [Step::Say(Signal::Speak), Step::Record]);
    }

    #[test]
    fn a_star_drops_it_at_any_time() {
        for mut dictation in [speaking(), reviewing()] {
            dictation.handle_key(at(6000), key('*'));
            assert_eq!(steps(&mut dictation), [Step::Drop, Step::Say(Signal::Dropped)]);
            dictation.handle_ended(true);
            assert_eq!(steps(&mut dictation), [], "and it stays so");
        }
    }

    #[test]
    fn who_hangs_up_after_having_spoken_has_paged() {
        for mut dictation in [speaking(), reviewing()] {
            dictation.handle_ended(true);
            assert_eq!(steps(&mut dictation), [Step::Send]);
        }
    }

    #[test]
    fn who_hangs_up_without_a_word_or_before_the_beep_has_not() {
        let mut silent = speaking();
        silent.handle_ended(false);
        assert_eq!(steps(&mut silent), [Step::Drop]);
        let mut early = Dictation::new(LONGEST);
        early.handle_answered(at(0));
        early.handle_ended(true);
        assert_eq!(steps(&mut early), [Step::Drop]);
    }

    #[test]
    fn a_recording_ends_when_it_is_too_long_or_there_is_no_room() {
        let mut long = speaking();
        assert_eq!(long.poll_timeout(), Some(at(300) + LONGEST));
        long.handle_timeout(at(300) + LONGEST);
        assert_eq!(steps(&mut long), [Step::Stop]);
        let mut full = speaking();
        full.handle_full();
        full.handle_full();
        assert_eq!(steps(&mut full), [Step::Stop]);
    }

    #[test]
    fn who_says_nothing_is_asked_again_and_given_up_after_three_times() {
        let mut dictation = Dictation::new(LONGEST);
        dictation.handle_answered(at(0));
        for tries in 1..=3 {
            dictation.handle_timeout(at(10_000 * tries));
            dictation.handle_key(at(10_000 * tries + 500), key('#'));
            dictation.handle_recorded(at(10_000 * tries + 500), false);
        }
        let all = steps(&mut dictation);
        assert_eq!(all.iter().filter(|step| **step == Step::Say(Signal::Nothing)).count(), 2);
        assert_eq!(all[all.len() - 2..], [Step::Drop, Step::Say(Signal::Dropped)]);
    }

    #[test]
    fn who_puts_the_receiver_aside_has_paged_after_a_while() {
        let mut dictation = reviewing();
        assert_eq!(dictation.poll_timeout(), Some(at(25_000)));
        dictation.handle_timeout(at(25_000));
        assert_eq!(steps(&mut dictation), [Step::Send, Step::Say(Signal::Sent)]);
    }

    #[test]
    fn nobody_reviews_for_ever() {
        let mut dictation = reviewing();
        for second in 6..100 {
            dictation.handle_key(at(second * 1000), key('2'));
            dictation.handle_played(at(second * 1000 + 500));
        }
        assert_eq!(steps(&mut dictation).iter().filter(|step| **step == Step::Play).count(), 20);
        dictation.handle_timeout(at(100_000));
        assert_eq!(steps(&mut dictation), [Step::Send, Step::Say(Signal::Sent)]);
    }

    #[test]
    fn a_key_without_a_meaning_repeats_the_question_and_does_nothing_else() {
        let mut dictation = reviewing();
        dictation.handle_key(at(6000), key('7'));
        assert_eq!(steps(&mut dictation), [Step::Say(Signal::Review)]);
        let mut speaking = speaking();
        speaking.handle_key(at(2000), key('1'));
        assert_eq!(steps(&mut speaking), []);
    }
}
