//! The chime before a page and the one after it: which sound, made ready before the first call.
//!
//! ```text
//! [audio] klaxon ─> built in: by arithmetic, at once      ┐
//!                 > a file: decoded by a task, to 48 kHz  ├─> recital ─> a voice on every card
//!                   (until then, and without it: the gong)┘
//! ```
//! Leaves out when it sounds: [`Prelude`] says that.

use super::bell::Bell;
use super::cards::Cards;
use crate::config::{Settings, Sound};
use crate::dsp::{self, Chime};
use crate::files;
use crate::mix::{Part, Recital, VoiceId};
use crate::paging::{Cue, Entry, Padding, Prelude};
use crate::time::Instant;
use crate::units::Level;
use core::cell::RefCell;
use core::time::Duration;
use smol::{LocalExecutor, Task};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// The chimes of a box.
pub(super) struct Klaxon<'a> {
    options: Options,
    prelude: Prelude,
    before: Option<Made>,
    after: Option<Made>,
    playing: Option<VoiceId>,
    /// Somebody waits or is on air.
    is_called: bool,
    /// Somebody of those has been on air.
    was_on_air: bool,
    /// A page was on air, and the chime after it is due when the last voice has gone.
    is_after_due: bool,
    cards: Rc<Cards<'a>>,
    executor: Rc<LocalExecutor<'a>>,
    bell: Rc<Bell>,
    /// What tasks have decoded.
    ready: Rc<RefCell<Vec<(Place, Made)>>>,
    making: Vec<Task<()>>,
}

/// A chime as the mixer takes it.
#[derive(Clone)]
struct Made {
    recital: Recital,
    length: Duration,
}

/// Where in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Before,
    After,
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
            before: None,
            after: None,
            playing: None,
            is_called: false,
            was_on_air: false,
            is_after_due: false,
            cards,
            executor,
            bell,
            ready: Rc::default(),
            making: Vec::new(),
        };
        klaxon.make(settings);
        klaxon
    }

    /// Does as `settings` say from the next page on.
    pub(super) fn set_options(&mut self, settings: &Settings) {
        let options = Options::of(settings);
        if options != self.options {
            self.options = options;
            self.make(settings);
        }
        self.set_times(settings);
    }

    /// Takes what has been decoded.
    pub(super) fn take(&mut self) {
        for (place, made) in self.ready.take() {
            self.put(place, Some(made));
        }
        self.making.retain(|task| !task.is_finished());
    }

    /// A caller rings, who joins others that wait or are on air, or does not. When he may be answered.
    pub(super) fn handle_call(&mut self, now: Instant, entry: Entry, is_joining: bool) -> Instant {
        self.is_after_due = false;
        self.prelude.handle_call(now, entry, is_joining)
    }

    /// Whether somebody waits or is on air, and whether somebody is on air.
    pub(super) fn handle_pages(&mut self, now: Instant, is_called: bool, is_on_air: bool) {
        if self.is_called && !is_called {
            self.prelude.handle_nobody(now);
            self.is_after_due = self.was_on_air && self.after.is_some();
        }
        self.was_on_air = is_on_air || (is_called && self.was_on_air);
        self.is_called = is_called;
    }

    /// Every page is ended from here: nothing is heard after it.
    pub(super) fn handle_stop(&mut self, now: Instant) {
        self.prelude.handle_nobody(now);
        (self.is_called, self.was_on_air) = (false, false);
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

    fn hush(&mut self) {
        self.is_after_due = false;
        if let Some(voice) = self.playing.take() {
            self.cards.release(voice);
        }
    }

    /// A voice came back.
    pub(super) fn handle_retired(&mut self, voice: VoiceId) {
        if self.playing == Some(voice) {
            self.playing = None;
        }
    }

    fn play(&mut self, place: Place, voice: VoiceId) {
        let made = if place == Place::Before { &self.before } else { &self.after };
        let Some(made) = made else { return };
        self.cards.wake();
        if self.cards.attach_recital(voice, &made.recital) {
            self.playing = Some(voice);
        } else {
            log::warn!("a chime is left out: an audio thread is too busy");
        }
    }

    fn make(&mut self, settings: &Settings) {
        // What an older configuration wanted is not waited for.
        self.making.clear();
        self.ready.take();
        for (place, sound) in
            [(Place::Before, self.options.before.clone()), (Place::After, self.options.after.clone())]
        {
            let chime = match sound {
                Sound::None => None,
                Sound::ThreeTone => Some(Chime::ThreeTone),
                Sound::Attention => Some(Chime::Attention),
                Sound::Gong | Sound::File(_) => Some(Chime::Gong),
            };
            let made = chime.map(|chime| Made::new(chime.sound(), &self.options));
            self.put(place, made);
            if let Sound::File(path) = sound {
                self.decode(place, path);
            }
        }
        self.set_times(settings);
    }

    fn put(&mut self, place: Place, made: Option<Made>) {
        match place {
            Place::Before => self.before = made,
            Place::After => self.after = made,
        }
        let length = self.before.as_ref().map_or(Duration::ZERO, |made| made.length);
        self.prelude.set_length(length);
    }

    fn set_times(&mut self, settings: &Settings) {
        self.prelude.set_padding(Padding::from_seconds(settings.audio.klaxon_padding));
    }

    fn decode(&mut self, place: Place, path: PathBuf) {
        let (ready, bell, options) = (Rc::clone(&self.ready), Rc::clone(&self.bell), self.options.clone());
        let name = path.clone();
        self.making.push(self.executor.spawn(async move {
            match smol::unblock(move || read(&path, options)).await {
                Ok(made) => {
                    log::info!("klaxon: {:.1} s of {}", made.length.as_secs_f64(), name.display());
                    ready.borrow_mut().push((place, made));
                    bell.ring();
                }
                Err(error) => log::error!("[audio] klaxon: {error}; the gong stands in for it"),
            }
        }));
    }
}

/// A file as a chime.
fn read(path: &Path, options: Options) -> Result<Made, files::ClipError> {
    let clip = files::decode(&found(path))?;
    let too_odd =
        |_| files::ClipError::NotSound { path: path.to_owned(), reason: "its sample rate is out of reach" };
    let samples = dsp::convert(&clip.samples, clip.rate, Chime::RATE).map_err(too_odd)?;
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a number too large gives the largest")]
    let sample = |sample: &f32| (sample * 32_768.0).round() as i16;
    Ok(Made::new(samples.iter().map(sample).collect(), &options))
}

/// A path that is not whole is one below the folder of the configuration, or else where the program was started.
fn found(path: &Path) -> PathBuf {
    let on_the_card = Path::new(CARD).join(path);
    if path.is_relative() && on_the_card.exists() { on_the_card } else { path.to_owned() }
}

impl Made {
    /// What is longer than it may be fades out before that.
    fn new(mut samples: Vec<i16>, options: &Options) -> Self {
        let limit = frames(options.longest);
        if samples.len() > limit {
            samples.truncate(limit);
            fade_out(&mut samples);
        }
        let length = Duration::from_micros(samples.len() as u64 * 1_000_000 / u64::from(Chime::RATE.hz()));
        let parts = vec![Part::Clip(Arc::from(samples))];
        Self { recital: Recital { rate: Chime::RATE, parts, level: options.level, fade: FADE }, length }
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
}

fn frames(span: Duration) -> usize {
    usize::try_from(span.as_micros() * u128::from(Chime::RATE.hz()) / 1_000_000).unwrap_or(usize::MAX)
}

/// The end of what was cut, so that nobody hears that it was.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "some thousand frames of 16 bits"
)]
fn fade_out(samples: &mut [i16]) {
    let count = samples.len().min(frames(CUT_FADE));
    let begin = samples.len() - count;
    for (number, sample) in samples[begin..].iter_mut().enumerate() {
        *sample = (f32::from(*sample) * (1.0 - number as f32 / count as f32)) as i16;
    }
}

/// Where a card of the appliance has its configuration, and sounds beside it.
const CARD: &str = "/boot";
/// A chime that nobody waits for is gone so soon.
const FADE: Duration = Duration::from_millis(50);
/// The end of one that was cut.
const CUT_FADE: Duration = Duration::from_millis(100);
/// Seconds that a chime may last at most, whatever the configuration says: it is held in memory.
const LONGEST_S: f64 = 120.0;
