//! The chimes before pages and after them: which sound, made ready before the first call.
//!
//! ```text
//! klaxon of [audio], [sip], [caller], [zone] ─> built in: by arithmetic, at once                  ┐
//!                                             > a file: its beginning, decoded by a task          ├─> recital ─> a voice
//!                                               (until then that of before, without it the gong)  ┘
//! ```
//! Who rings waits for the chimes that sound where he is to be heard, or are about to, and otherwise has one of his own, a
//! [`Before`]; who joins a page on air has none. What he silences (docs/zones.md) does not count: an emergency has a chime
//! of its own, whatever is on. Calls that are heard together are one [`Round`], and one chime is heard after the last of them.
//! Calls for other zones have chimes of their own meanwhile.
//!
//! Who rings is promised the chime that there is then: another that is ready before it sounds is for those after him. A file
//! is looked at again whenever the configuration is read, and decoded if it is another than it was. Leaves out when a chime
//! sounds, which [`Prelude`](crate::paging::Prelude) says, and which one a call has, which its terms say.

mod before;
mod made;
mod round;
mod store;

use self::before::Before;
use self::round::Round;
use self::store::Store;
use super::bell::Bell;
use super::cards::{Cards, Said};
use super::floor::Hold;
use crate::config::{Settings, Sound};
use crate::mix::{Recital, VoiceId};
use crate::paging::{ClaimId, Entry, Padding};
use crate::status::Mistake;
use crate::time::Instant;
use crate::units::Level;
use crate::zones::ZoneSet;
use core::time::Duration;
use smol::LocalExecutor;
use std::rc::Rc;

/// The chimes of a box.
pub(super) struct Klaxon<'a> {
    store: Store<'a>,
    after: Sound,
    level: Level,
    padding: Padding,
    chimes: Vec<Before<'a>>,
    rounds: Vec<Round<'a>>,
    cards: Rc<Cards<'a>>,
}

/// What a caller who rings is promised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Promise {
    /// He may be answered then.
    pub(super) answer_at: Instant,
    /// The first chime that he waits for begins then, or began.
    pub(super) sounds_at: Option<Instant>,
}

/// A chime before a page that begins, for callers who hear it, too.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    /// Who waits for it.
    pub(super) calls: Vec<ClaimId>,
    /// The same for a telephone.
    pub(super) recital: Recital,
}

impl<'a> Klaxon<'a> {
    /// Those of `settings`; `bell` is rung when [`take`](Self::take) has something to take.
    pub(super) fn new(
        settings: &Settings,
        executor: Rc<LocalExecutor<'a>>,
        cards: Rc<Cards<'a>>,
        bell: Rc<Bell>,
    ) -> Self {
        let mut klaxon = Self {
            store: Store::new(executor, bell),
            after: Sound::None,
            level: Level::UNITY,
            padding: Padding::default(),
            chimes: Vec::new(),
            rounds: Vec::new(),
            cards,
        };
        klaxon.set_options(settings);
        klaxon.look_again();
        klaxon
    }

    /// Does as `settings` say from the next page on; files that they name are for [`look_again`](Self::look_again).
    pub(super) fn set_options(&mut self, settings: &Settings) {
        let audio = &settings.audio;
        let longest = Duration::from_secs_f64(audio.klaxon_max_length.clamp(0.0, LONGEST_S));
        self.store.set_wanted(settings, longest);
        self.after = audio.klaxon_after.clone();
        self.level = audio.volume_klaxon.unwrap_or(Level::UNITY);
        self.padding = Padding::from_seconds(audio.klaxon_padding);
    }

    /// Reads files that are others than they were, or were not there.
    pub(super) fn look_again(&mut self) {
        self.store.look_again();
    }

    /// Takes what has been read.
    pub(super) fn take(&mut self) {
        self.store.take();
    }

    /// What is wrong with files that were wanted.
    pub(super) fn mistakes(&self) -> impl Iterator<Item = Mistake> {
        self.store.mistakes()
    }

    /// A sound as it is heard by itself, and how long; `None` where there is none.
    pub(super) fn recital(&self, sound: &Sound) -> Option<(Recital, Duration)> {
        self.store.get(sound).map(|made| (made.recital(self.level), made.length()))
    }

    /// A caller rings, who claims what is held and has this chime, unless he joins others.
    pub(super) fn handle_call(
        &mut self,
        now: Instant,
        entry: Entry,
        (hold, sound): (&Rc<Hold<'a>>, &Sound),
    ) -> Promise {
        let is_joining = self.join(hold);
        let mut promise = Promise { answer_at: entry.answer_at, sounds_at: None };
        let claim = hold.claim();
        for chime in self.chimes.iter_mut().filter(|chime| chime.is_awaited_by(now, &claim)) {
            promise.add(chime.join(now, hold.id(), entry), chime.sounds_at());
        }
        if is_joining || promise.sounds_at.is_some() {
            return promise;
        }
        if let Some(made) = self.store.get(sound) {
            let (chime, answer_at) = Before::new(now, entry, hold, (made, self.padding));
            promise.add(answer_at, chime.sounds_at());
            self.chimes.push(chime);
        }
        promise
    }

    /// Who waits or is on air, and whether he is on air.
    pub(super) fn handle_pages(&mut self, now: Instant, pages: &[(ClaimId, bool)]) {
        for chime in &mut self.chimes {
            chime.handle_calls(now, |call| pages.iter().any(|(page, _)| *page == call));
        }
        self.handle_rounds(now, pages);
    }

    /// The same before somebody comes: who has gone is not joined, but the chime that he leaves behind may still be waited for.
    pub(super) fn handle_rounds(&mut self, now: Instant, pages: &[(ClaimId, bool)]) {
        let ended: Vec<_> = self.rounds.iter_mut().map(|round| round.handle_calls(pages)).collect();
        for (number, _) in ended.iter().enumerate().filter(|(_, is_over)| **is_over) {
            self.end(now, number);
        }
    }

    /// Every page is ended from here: nothing is heard after it.
    pub(super) fn handle_stop(&mut self) {
        for mut chime in core::mem::take(&mut self.chimes) {
            chime.hush(&self.cards);
        }
        for mut round in core::mem::take(&mut self.rounds) {
            round.hush(&self.cards);
        }
    }

    /// Acts on what is due; `name` names a voice. Tells which chimes before pages begin.
    pub(super) fn handle_timeout(&mut self, now: Instant, mut name: impl FnMut() -> VoiceId) -> Vec<Begun> {
        let how = (&*self.cards, self.level);
        let begun =
            self.chimes.iter_mut().filter_map(|chime| chime.handle_timeout(now, &mut name, how)).collect();
        for round in &mut self.rounds {
            round.handle_timeout(&mut name, || self.store.get(&self.after), how);
        }
        self.chimes.retain(Before::is_busy);
        self.rounds.retain(|round| round.is_called() || round.is_busy());
        begun
    }

    /// When the first chime begins, or began, that this call waits for.
    pub(super) fn sounds_at(&self, call: ClaimId) -> Option<Instant> {
        self.chimes.iter().filter(|chime| chime.is_of(call)).filter_map(Before::sounds_at).min()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.chimes.iter().filter_map(Before::poll_timeout).min()
    }

    /// Whether a chime sounds as soon as the last voice has ended.
    pub(super) fn waits_for_silence(&self) -> bool {
        self.rounds.iter().any(Round::is_due)
    }

    /// Whether a chime sounds, or is about to.
    pub(super) fn is_busy(&self) -> bool {
        self.chimes.iter().any(Before::is_busy) || self.rounds.iter().any(Round::is_busy)
    }

    /// A card has given a voice back.
    pub(super) fn handle_retired(&mut self, voice: VoiceId) {
        if self.cards.is_heard(voice) {
            // On another card.
            return;
        }
        for chime in &mut self.chimes {
            chime.handle_retired(voice);
        }
        for round in &mut self.rounds {
            round.handle_retired(voice);
        }
    }

    /// A call comes: what it is heard together with becomes one round, and the chime after a page there ends. Whether there
    /// is any such page.
    fn join(&mut self, hold: &Hold<'a>) -> bool {
        let claim = hold.claim();
        for round in self.rounds.iter_mut().filter(|round| round.after().intersects(claim.zones)) {
            round.hush(&self.cards);
        }
        let mut own = Round::new(hold.id(), claim);
        let joined: Vec<_> = self.rounds.extract_if(.., |round| round.is_joined_by(&claim)).collect();
        let is_joining = !joined.is_empty();
        for round in joined {
            own.take_over(round);
        }
        self.rounds.push(own);
        is_joining
    }

    /// The last call of a round has gone: the chime is heard where others are not.
    fn end(&mut self, now: Instant, number: usize) {
        let others = self.rounds.iter().fold(ZoneSet::NONE, |zones, round| zones.union(round.zones()));
        let zones = self.rounds[number].heard().without(others);
        if self.after != Sound::None {
            self.rounds[number].end(now, zones, &self.cards);
        }
        for round in &mut self.rounds {
            round.leave_out(zones);
        }
    }
}

impl Promise {
    /// He waits for this, too.
    fn add(&mut self, answer_at: Instant, sounds_at: Option<Instant>) {
        self.answer_at = self.answer_at.max(answer_at);
        self.sounds_at = self.sounds_at.into_iter().chain(sounds_at).min();
    }
}

/// Has something be heard where it is held; `None` where nothing is.
fn sound<'a>(cards: &Cards<'a>, voice: VoiceId, recital: &Recital, hold: &Hold<'a>) -> Option<VoiceId> {
    cards.wake(hold.zones());
    match cards.attach_recital(voice, recital, hold) {
        Said::Begun => Some(voice),
        Said::Nowhere => None,
        Said::Busy => {
            log::warn!("a chime is left out: an audio thread is too busy");
            None
        }
    }
}

/// Seconds that a chime may last at most, whatever the configuration says: it is held in memory.
const LONGEST_S: f64 = 120.0;

#[cfg(test)]
mod tests;
