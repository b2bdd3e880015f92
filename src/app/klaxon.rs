//! The chimes before pages and after them: which sound, made ready before the first call.
//!
//! ```text
//! klaxon of [audio], [sip], [caller], [zone] ─> built in: by arithmetic, at once                  ┐
//!                                             > a file: its beginning, decoded by a task          ├─> recital ─> a voice
//!                                               (until then that of before, without it the gong)  ┘
//! ```
//! Calls whose zones overlap are one [`Round`]: they wait for the same chime, and one is heard after the last of them. Calls
//! for other zones have chimes of their own meanwhile.
//!
//! Who rings is promised the chime that there is then: another that is ready before it sounds is for those after him. A file
//! is looked at again whenever the configuration is read, and decoded if it is another than it was. Leaves out when a chime
//! sounds, which [`Prelude`] says, and which one a call has, which its terms say.

mod made;
mod store;

use self::made::Made;
pub(super) use self::made::{Stamp, found};
use self::store::Store;
use super::bell::Bell;
use super::cards::Cards;
use super::floor::Hold;
use crate::config::{Settings, Sound};
use crate::mix::{Recital, VoiceId};
use crate::paging::{Claim, Cue, Entry, Padding, Prelude};
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
    rounds: Vec<Round<'a>>,
    cards: Rc<Cards<'a>>,
}

/// Calls whose zones overlap.
struct Round<'a> {
    /// What the last of them claimed that had a chime.
    claim: Claim,
    /// The claim itself while a chime is to be heard.
    hold: Option<Rc<Hold<'a>>>,
    prelude: Prelude,
    /// What those who wait shall hear; it is as long as they wait for it.
    promised: Option<Made>,
    playing: Option<Playing>,
    /// Somebody waits or is on air.
    is_called: bool,
    /// Somebody of those has been on air.
    was_on_air: bool,
    /// A page was on air, and the chime after it is due when the last voice there has gone.
    is_after_due: bool,
}

/// A chime that sounds.
#[derive(Clone, Copy, Debug)]
struct Playing {
    place: Place,
    voice: VoiceId,
}

/// Where in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Before,
    After,
}

/// A chime before a page that begins, for callers who hear it, too.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    /// Where it is heard.
    pub(super) zones: ZoneSet,
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

    /// A caller rings, who claims what is held and has this chime, and joins others that wait or are on air, or does not. When
    /// he may be answered.
    pub(super) fn handle_call(
        &mut self,
        now: Instant,
        entry: Entry,
        is_joining: bool,
        (hold, sound): (&Rc<Hold<'a>>, &Sound),
    ) -> Instant {
        let (made, padding) = (self.store.get(sound), self.padding);
        let cards = Rc::clone(&self.cards);
        let round = self.round(hold);
        round.is_after_due = false;
        if round.playing.is_some_and(|playing| playing.place == Place::After) {
            round.hush(&cards);
        }
        if !round.prelude.is_awaited(now) {
            round.prelude.set_padding(padding);
            round.prelude.set_length(made.as_ref().map_or(Duration::ZERO, Made::length));
            round.promised = made;
            round.claim = hold.claim();
            round.hold = (!is_joining).then(|| Rc::clone(hold));
        }
        round.prelude.handle_call(now, entry, is_joining)
    }

    /// Where somebody waits or is on air, and whether he is on air.
    pub(super) fn handle_pages(&mut self, now: Instant, calls: &[(ZoneSet, bool)]) {
        let has_after = self.after != Sound::None;
        for round in &mut self.rounds {
            let calls = || calls.iter().filter(|(zones, _)| zones.intersects(round.claim.zones));
            let (is_called, is_on_air) = (calls().count() > 0, calls().any(|(_, is_on_air)| *is_on_air));
            round.handle_pages(now, (is_called, is_on_air), has_after, &self.cards);
        }
    }

    /// Every page is ended from here: nothing is heard after it.
    pub(super) fn handle_stop(&mut self) {
        for mut round in core::mem::take(&mut self.rounds) {
            round.hush(&self.cards);
        }
    }

    /// Acts on what is due; `name` names a voice. Tells which chimes before pages begin.
    pub(super) fn handle_timeout(&mut self, now: Instant, mut name: impl FnMut() -> VoiceId) -> Vec<Begun> {
        let mut begun = Vec::new();
        for number in 0..self.rounds.len() {
            begun.extend(self.turn(now, number, &mut name));
        }
        self.rounds.retain(|round| round.is_called || round.is_busy());
        begun
    }

    /// When the chime begins, or began, that is waited for in these zones.
    pub(super) fn sounds_at(&self, zones: ZoneSet) -> Option<Instant> {
        self.rounds.iter().find(|round| round.claim.zones.intersects(zones))?.prelude.sounds_at()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.rounds.iter().filter_map(|round| round.prelude.poll_timeout()).min()
    }

    /// Whether a chime sounds as soon as the last voice has ended.
    pub(super) fn waits_for_silence(&self) -> bool {
        self.rounds.iter().any(|round| round.is_after_due)
    }

    /// Whether a chime sounds, or is about to.
    pub(super) fn is_busy(&self) -> bool {
        self.rounds.iter().any(Round::is_busy)
    }

    /// A card has given a voice back.
    pub(super) fn handle_retired(&mut self, voice: VoiceId) {
        for round in &mut self.rounds {
            let is_its_own = round.playing.is_some_and(|playing| playing.voice == voice);
            if is_its_own && !self.cards.is_heard(voice) {
                round.playing = None;
            }
        }
    }

    /// That of the zones that are held.
    fn round(&mut self, hold: &Rc<Hold<'a>>) -> &mut Round<'a> {
        let found = self.rounds.iter().position(|round| round.claim.zones.intersects(hold.zones()));
        let number = found.unwrap_or(self.rounds.len());
        if found.is_none() {
            self.rounds.push(Round::new(hold.claim()));
        }
        &mut self.rounds[number]
    }

    fn turn(&mut self, now: Instant, number: usize, name: &mut impl FnMut() -> VoiceId) -> Option<Begun> {
        let round = self.rounds.get_mut(number)?;
        round.prelude.handle_timeout(now);
        let mut begun = None;
        match round.prelude.poll_cue() {
            Some(Cue::Sound) => {
                let made = round.promised.take();
                let recital = made.as_ref().map(|made| made.recital(Level::from_gain(TO_CALLER)));
                begun = recital.map(|recital| Begun { zones: round.claim.zones, recital });
                round.play(Place::Before, name(), made.map(|made| made.recital(self.level)), &self.cards);
            }
            Some(Cue::Hush) => round.hush(&self.cards),
            None => {}
        }
        if round.is_after_due && !self.cards.speaks_in(round.claim.zones) {
            round.is_after_due = false;
            let recital = self.store.get(&self.after).map(|made| made.recital(self.level));
            round.play(Place::After, name(), recital, &self.cards);
        }
        if !round.is_busy() {
            round.hold = None;
        }
        begun
    }
}

impl<'a> Round<'a> {
    fn new(claim: Claim) -> Self {
        Self {
            claim,
            hold: None,
            prelude: Prelude::default(),
            promised: None,
            playing: None,
            is_called: false,
            was_on_air: false,
            is_after_due: false,
        }
    }

    fn handle_pages(
        &mut self,
        now: Instant,
        (is_called, is_on_air): (bool, bool),
        has_after: bool,
        cards: &Rc<Cards<'a>>,
    ) {
        if self.is_called && !is_called {
            self.prelude.handle_nobody(now);
            self.is_after_due = self.was_on_air && has_after;
            // Before the claim of the page is over, so that no music comes in between.
            self.hold = self.is_after_due.then(|| cards.claim(now, self.claim, now));
        }
        self.was_on_air = is_on_air || (is_called && self.was_on_air);
        self.is_called = is_called;
    }

    /// Whether a chime sounds, or is about to.
    fn is_busy(&self) -> bool {
        self.playing.is_some() || self.is_after_due || self.prelude.poll_timeout().is_some()
    }

    fn hush(&mut self, cards: &Cards<'a>) {
        if let Some(Playing { voice, .. }) = self.playing.take() {
            cards.release(voice);
        }
    }

    fn play(&mut self, place: Place, voice: VoiceId, recital: Option<Recital>, cards: &Cards<'a>) {
        let (Some(recital), Some(hold)) = (recital, self.hold.clone()) else { return };
        self.hush(cards);
        cards.wake(hold.zones());
        if cards.attach_recital(voice, &recital, &hold) {
            self.playing = Some(Playing { place, voice });
        } else {
            log::warn!("a chime is left out: an audio thread is too busy");
        }
    }
}

/// Seconds that a chime may last at most, whatever the configuration says: it is held in memory.
const LONGEST_S: f64 = 120.0;
/// How loud a chime is in a telephone, which is held to the ear: -12 dB.
const TO_CALLER: f32 = 0.25;

#[cfg(test)]
mod tests;
