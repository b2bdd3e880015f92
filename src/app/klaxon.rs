//! The chime before a page and the one after it: which sound, made ready before the first call.
//!
//! ```text
//! [audio] klaxon ─> built in: by arithmetic, at once                  ┐
//!                 > a file: its beginning, decoded by a task          ├─> recital ─> a voice on every card
//!                   (until then that of before, without it the gong)  ┘
//! ```
//! Who rings is promised the chime that there is then: another that is ready before it sounds is for those after him. A file
//! is looked at again whenever the configuration is read, and decoded if it is another than it was. Leaves out when a chime
//! sounds: [`Prelude`] says that.

mod made;

use self::made::Made;
pub(super) use self::made::{Stamp, found};
use super::bell::Bell;
use super::cards::Cards;
use crate::config::{Settings, Sound};
use crate::dsp::Chime;
use crate::files::ClipError;
use crate::mix::VoiceId;
use crate::paging::{Cue, Entry, Padding, Prelude};
use crate::status::{Mistake, Severity};
use crate::time::Instant;
use crate::units::Level;
use core::cell::RefCell;
use core::time::Duration;
use smol::{LocalExecutor, Task};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Weak};

/// The chimes of a box.
pub(super) struct Klaxon<'a> {
    options: Options,
    prelude: Prelude,
    before: Slot,
    after: Slot,
    /// What those who wait shall hear; it is as long as they wait for it.
    promised: Option<Made>,
    playing: Option<Playing>,
    /// Somebody waits or is on air.
    is_called: bool,
    /// Somebody of those has been on air.
    was_on_air: bool,
    /// A page was on air, and the chime after it is due when the last voice has gone.
    is_after_due: bool,
    cards: Rc<Cards<'a>>,
    executor: Rc<LocalExecutor<'a>>,
    bell: Rc<Bell>,
    /// What the task has read.
    ready: Rc<RefCell<Vec<Outcome>>>,
    making: Option<Making>,
}

/// A chime, and how it stands with its file.
#[derive(Debug, Default)]
struct Slot {
    made: Option<Made>,
    /// Of the file that it is of.
    stamp: Option<Stamp>,
    /// Why it is not of the file.
    error: Option<ClipError>,
}

/// A chime that sounds.
#[derive(Clone, Copy, Debug)]
struct Playing {
    place: Place,
    voice: VoiceId,
    /// Cards that have not given it back.
    cards: usize,
}

/// Where in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Before,
    After,
}

/// A file to be read.
struct Job {
    place: Place,
    path: PathBuf,
    longest: Duration,
    known: Option<Stamp>,
}

/// What became of it.
struct Outcome {
    place: Place,
    path: PathBuf,
    read: Result<(Made, Option<Stamp>), ClipError>,
}

/// A task that reads files, one after the other. Dropped, it stops, and what it has begun elsewhere does too.
struct Making {
    _wanted: Arc<()>,
    _task: Task<()>,
}

/// What the configuration says of chimes.
#[derive(Clone, Debug, PartialEq)]
struct Options {
    before: Sound,
    after: Sound,
    longest: Duration,
    level: Level,
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
            options: Options::of(settings),
            prelude: Prelude::default(),
            before: Slot::default(),
            after: Slot::default(),
            promised: None,
            playing: None,
            is_called: false,
            was_on_air: false,
            is_after_due: false,
            cards,
            executor,
            bell,
            ready: Rc::default(),
            making: None,
        };
        for place in Place::BOTH {
            klaxon.make(place);
        }
        klaxon.set_times(settings);
        klaxon.look_again();
        klaxon
    }

    /// Does as `settings` say from the next page on; files that they name are for [`look_again`](Self::look_again).
    pub(super) fn set_options(&mut self, settings: &Settings) {
        let options = Options::of(settings);
        let old = core::mem::replace(&mut self.options, options);
        for place in Place::BOTH {
            if old.sound(place) != self.options.sound(place) || old.longest != self.options.longest {
                self.make(place);
            }
        }
        self.set_times(settings);
    }

    /// Reads files that are others than they were, or were not there.
    pub(super) fn look_again(&mut self) {
        // What was wanted before is not waited for.
        self.making = None;
        self.ready.take();
        let jobs: Vec<_> = Place::BOTH.into_iter().filter_map(|place| self.job(place)).collect();
        if jobs.is_empty() {
            return;
        }
        let wanted = Arc::new(());
        let (ready, bell, is_wanted) =
            (Rc::clone(&self.ready), Rc::clone(&self.bell), Arc::downgrade(&wanted));
        let task = self.executor.spawn(async move {
            for job in jobs {
                let is_wanted = Weak::clone(&is_wanted);
                let outcome = smol::unblock(move || job.read(|| is_wanted.strong_count() > 0)).await;
                ready.borrow_mut().extend(outcome);
                bell.ring();
            }
        });
        self.making = Some(Making { _wanted: wanted, _task: task });
    }

    /// Takes what has been read.
    pub(super) fn take(&mut self) {
        for outcome in self.ready.take() {
            self.on_outcome(outcome);
        }
    }

    /// What is wrong with files that were wanted.
    pub(super) fn mistakes(&self) -> impl Iterator<Item = Mistake> {
        Place::BOTH.into_iter().filter_map(|place| {
            let text = instead(self.slot(place).error.as_ref()?);
            let source = place.key().to_owned();
            Some(Mistake { severity: Severity::Error, source, line: None, column: None, text })
        })
    }

    /// A caller rings, who joins others that wait or are on air, or does not. When he may be answered.
    pub(super) fn handle_call(&mut self, now: Instant, entry: Entry, is_joining: bool) -> Instant {
        self.is_after_due = false;
        if self.playing.is_some_and(|playing| playing.place == Place::After) {
            self.hush();
        }
        if !self.prelude.is_awaited(now) {
            self.promised.clone_from(&self.before.made);
        }
        self.prelude.handle_call(now, entry, is_joining)
    }

    /// Whether somebody waits or is on air, and whether somebody is on air.
    pub(super) fn handle_pages(&mut self, now: Instant, is_called: bool, is_on_air: bool) {
        if self.is_called && !is_called {
            self.prelude.handle_nobody(now);
            self.is_after_due = self.was_on_air && self.after.made.is_some();
        }
        self.was_on_air = is_on_air || (is_called && self.was_on_air);
        self.is_called = is_called;
    }

    /// Every page is ended from here: nothing is heard after it.
    pub(super) fn handle_stop(&mut self, now: Instant) {
        self.prelude.handle_nobody(now);
        (self.is_called, self.was_on_air, self.is_after_due) = (false, false, false);
        self.hush();
    }

    /// Acts on what is due; `name` names a voice.
    pub(super) fn handle_timeout(&mut self, now: Instant, mut name: impl FnMut() -> VoiceId) {
        self.prelude.handle_timeout(now);
        match self.prelude.poll_cue() {
            Some(Cue::Sound) => self.play(Place::Before, name()),
            Some(Cue::Hush) => self.hush(),
            None => {}
        }
        if self.is_after_due && self.cards.voices() == 0 {
            self.is_after_due = false;
            self.play(Place::After, name());
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.prelude.poll_timeout()
    }

    /// Whether a chime sounds as soon as the last voice has ended.
    pub(super) fn waits_for_silence(&self) -> bool {
        self.is_after_due
    }

    /// Whether a chime sounds, or is about to.
    pub(super) fn is_busy(&self) -> bool {
        self.playing.is_some() || self.is_after_due || self.prelude.poll_timeout().is_some()
    }

    /// A card has given a voice back.
    pub(super) fn handle_retired(&mut self, voice: VoiceId) {
        let Some(playing) = self.playing.as_mut().filter(|playing| playing.voice == voice) else { return };
        playing.cards = playing.cards.saturating_sub(1);
        if playing.cards == 0 {
            self.playing = None;
        }
    }

    fn hush(&mut self) {
        if let Some(Playing { voice, .. }) = self.playing.take() {
            self.cards.release(voice);
        }
    }

    fn play(&mut self, place: Place, voice: VoiceId) {
        let made = match place {
            Place::Before => self.promised.take(),
            Place::After => self.after.made.clone(),
        };
        let Some(made) = made else { return };
        self.hush();
        self.cards.wake();
        if self.cards.attach_recital(voice, &made.recital(self.options.level)) {
            self.playing = Some(Playing { place, voice, cards: self.cards.open().1 });
        } else {
            log::warn!("a chime is left out: an audio thread is too busy");
        }
    }

    /// Makes what is built in. In place of a file stands what there is until it is read.
    fn make(&mut self, place: Place) {
        let made = match self.options.sound(place) {
            Sound::None => None,
            Sound::Gong => Some(self.built_in(Chime::Gong)),
            Sound::ThreeTone => Some(self.built_in(Chime::ThreeTone)),
            Sound::Attention => Some(self.built_in(Chime::Attention)),
            Sound::File(_) => self.slot(place).made.clone().or_else(|| Some(self.built_in(Chime::Gong))),
        };
        self.put(place, Slot { made, stamp: None, error: None });
    }

    fn built_in(&self, chime: Chime) -> Made {
        Made::built_in(chime, self.options.longest)
    }

    fn put(&mut self, place: Place, slot: Slot) {
        match place {
            Place::Before => self.before = slot,
            Place::After => self.after = slot,
        }
        self.prelude.set_length(self.before.made.as_ref().map_or(Duration::ZERO, Made::length));
    }

    fn set_times(&mut self, settings: &Settings) {
        self.prelude.set_padding(Padding::from_seconds(settings.audio.klaxon_padding));
    }

    fn job(&self, place: Place) -> Option<Job> {
        let Sound::File(path) = self.options.sound(place) else { return None };
        let known = self.slot(place).stamp;
        Some(Job { place, path: path.clone(), longest: self.options.longest, known })
    }

    fn on_outcome(&mut self, Outcome { place, path, read }: Outcome) {
        match read {
            Ok((made, stamp)) => {
                let (seconds, key) = (made.length().as_secs_f64(), place.key());
                log::info!("{key}: {seconds:.1} s of {}", path.display());
                self.put(place, Slot { made: Some(made), stamp, error: None });
            }
            Err(error) => {
                let told = self.slot(place).error.as_ref().map(ToString::to_string);
                if told.is_none_or(|told| told != error.to_string()) {
                    log::error!("{}: {}", place.key(), instead(&error));
                }
                let made = Some(self.built_in(Chime::Gong));
                self.put(place, Slot { made, stamp: None, error: Some(error) });
            }
        }
    }

    fn slot(&self, place: Place) -> &Slot {
        match place {
            Place::Before => &self.before,
            Place::After => &self.after,
        }
    }
}

impl Place {
    const BOTH: [Self; 2] = [Self::Before, Self::After];

    /// What says which sound it is.
    const fn key(self) -> &'static str {
        match self {
            Self::Before => "[audio] klaxon",
            Self::After => "[audio] klaxon-after",
        }
    }
}

impl Job {
    /// `None`: the file is as it was.
    fn read(self, is_wanted: impl Fn() -> bool) -> Option<Outcome> {
        let Self { place, path, longest, known } = self;
        let read = Made::read(&path, longest, known, is_wanted).transpose()?;
        Some(Outcome { place, path, read })
    }
}

impl Options {
    fn of(settings: &Settings) -> Self {
        let audio = &settings.audio;
        Self {
            before: audio.klaxon.clone(),
            after: audio.klaxon_after.clone(),
            longest: Duration::from_secs_f64(audio.klaxon_max_length.clamp(0.0, LONGEST_S)),
            level: audio.volume_klaxon.unwrap_or(Level::UNITY),
        }
    }

    const fn sound(&self, place: Place) -> &Sound {
        match place {
            Place::Before => &self.before,
            Place::After => &self.after,
        }
    }
}

/// What is wrong with a file, and what is heard in its place.
fn instead(error: &ClipError) -> String {
    format!("{error}; the gong stands in for it")
}

/// Seconds that a chime may last at most, whatever the configuration says: it is held in memory.
const LONGEST_S: f64 = 120.0;

#[cfg(test)]
mod tests;
