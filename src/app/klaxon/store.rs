//! Chimes by what the configuration calls them: each is made once, ahead of time, however often it is wanted.
//!
//! Memory, at most: [`BUDGET`] of files; what is built in is short.

use super::made::Made;
use crate::app::bell::Bell;
use crate::app::reading::{Job, Outcome, Reading, Stamp};
use crate::config::{Settings, Sound};
use crate::dsp::Chime;
use crate::files::ClipError;
use crate::status::Mistake;
use core::cell::OnceCell;
use core::fmt;
use core::time::Duration;
use smol::LocalExecutor;
use std::rc::Rc;

/// The chimes that a configuration names.
pub(super) struct Store<'a> {
    longest: Duration,
    chimes: Vec<Entry>,
    /// What stands in for others, once it was needed.
    gong: OnceCell<Made>,
    reading: Reading<'a, Sound, Made>,
}

/// A chime, and how it stands with its file.
#[derive(Debug)]
struct Entry {
    sound: Sound,
    /// What in the configuration names it.
    keys: Vec<String>,
    made: Made,
    /// Of the file that it is of.
    stamp: Option<Stamp>,
    /// Why it is not of the file.
    error: Option<Fault>,
}

/// Why the gong stands in for a file.
#[derive(Debug)]
enum Fault {
    Clip(ClipError),
    /// All chimes together would be too long.
    TooMuch,
}

impl<'a> Store<'a> {
    /// An empty one; `bell` is rung when [`take`](Self::take) has something to take.
    pub(super) fn new(executor: Rc<LocalExecutor<'a>>, bell: Rc<Bell>) -> Self {
        Self {
            longest: Duration::ZERO,
            chimes: Vec::new(),
            gong: OnceCell::new(),
            reading: Reading::new(executor, bell),
        }
    }

    /// Has the chimes that `settings` name, as long as they say at most. In place of a file stands what its key named before
    /// until it is read, or the gong.
    pub(super) fn set_wanted(&mut self, settings: &Settings, longest: Duration) {
        let old = core::mem::take(&mut self.chimes);
        self.gong.take();
        let is_as_long = core::mem::replace(&mut self.longest, longest) == longest;
        for (key, sound) in wanted(settings) {
            match self.chimes.iter_mut().find(|entry| entry.sound == sound) {
                Some(entry) => entry.keys.push(key),
                None => self.chimes.push(Entry::new(key, sound, &old, (longest, is_as_long))),
            }
        }
    }

    /// A chime; `None` is none at all.
    pub(super) fn get(&self, sound: &Sound) -> Option<Made> {
        if *sound == Sound::None {
            return None;
        }
        let entry = self.chimes.iter().find(|entry| entry.sound == *sound);
        Some(entry.map_or_else(|| self.gong(), |entry| entry.made.clone()))
    }

    /// Reads files that are others than they were, or were not there.
    pub(super) fn look_again(&mut self) {
        let (jobs, longest) = (self.chimes.iter().filter_map(Entry::job).collect(), self.longest);
        self.reading.begin(jobs, move |path, is_wanted| Made::read(path, longest, is_wanted));
    }

    /// Takes what has been read.
    pub(super) fn take(&mut self) {
        for Outcome { item: sound, read, .. } in self.reading.take() {
            let others = self.chimes.iter().filter(|entry| entry.sound != sound && entry.stamp.is_some());
            let held: Duration = others.map(|entry| entry.made.length()).sum();
            let read = match read {
                Ok((made, _)) if held + made.length() > BUDGET => Err((Fault::TooMuch, self.gong())),
                Ok(read) => Ok(read),
                Err(error) => Err((Fault::Clip(error), self.gong())),
            };
            if let Some(entry) = self.chimes.iter_mut().find(|entry| entry.sound == sound) {
                entry.on_read(read);
            }
        }
    }

    fn gong(&self) -> Made {
        self.gong.get_or_init(|| Made::built_in(Chime::Gong, self.longest)).clone()
    }

    /// What is wrong with files that were wanted.
    pub(super) fn mistakes(&self) -> impl Iterator<Item = Mistake> {
        self.chimes.iter().filter_map(|entry| {
            let text = instead(entry.error.as_ref()?, &entry.sound);
            let source = entry.keys.join(", ");
            Some(Mistake::of(source, text))
        })
    }

    #[cfg(test)]
    pub(super) fn stamp(&self, sound: &Sound) -> Option<Stamp> {
        self.chimes.iter().find(|entry| entry.sound == *sound)?.stamp
    }
}

impl Entry {
    fn new(key: String, sound: Sound, old: &[Self], (longest, is_as_long): (Duration, bool)) -> Self {
        let made = |chime| Made::built_in(chime, longest);
        let before = old.iter().find(|entry| entry.sound == sound);
        let named = || old.iter().find(|entry| entry.keys.contains(&key));
        let (made, stamp) = match (&sound, before) {
            (Sound::ThreeTone, _) => (made(Chime::ThreeTone), None),
            (Sound::Attention, _) => (made(Chime::Attention), None),
            (Sound::File(_), Some(before)) => (before.made.clone(), before.stamp.filter(|_| is_as_long)),
            (Sound::File(_), None) => {
                (named().map_or_else(|| made(Chime::Gong), |entry| entry.made.clone()), None)
            }
            (Sound::Gong | Sound::None, _) => (made(Chime::Gong), None),
        };
        Self { sound, keys: vec![key], made, stamp, error: None }
    }

    fn job(&self) -> Option<Job<Sound>> {
        let Sound::File(path) = &self.sound else { return None };
        Some(Job { item: self.sound.clone(), path: path.clone(), known: self.stamp })
    }

    /// A file has been read, or the gong stands in for it.
    fn on_read(&mut self, read: Result<(Made, Option<Stamp>), (Fault, Made)>) {
        let key = self.keys.join(", ");
        match read {
            Ok((made, stamp)) => {
                let seconds = made.length().as_secs_f64();
                log::info!("{key}: {seconds:.1} s of {}", file(&self.sound));
                (self.made, self.stamp, self.error) = (made, stamp, None);
            }
            Err((error, gong)) => {
                let told = self.error.as_ref().map(ToString::to_string);
                if told.is_none_or(|told| told != error.to_string()) {
                    log::error!("{key}: {}", instead(&error, &self.sound));
                }
                (self.made, self.stamp, self.error) = (gong, None, Some(error));
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clip(error) => write!(f, "{error}"),
            Self::TooMuch => write!(f, "all chimes together last longer than {} s", BUDGET.as_secs()),
        }
    }
}

/// What sections name as a chime, and where.
fn wanted(settings: &Settings) -> impl Iterator<Item = (String, Sound)> {
    let (audio, sip) = (&settings.audio, &settings.sip.account.reception.klaxon);
    let general =
        [("[audio] klaxon", Some(&audio.klaxon)), ("[audio] klaxon-after", Some(&audio.klaxon_after))];
    let general = general.into_iter().chain([("[sip] klaxon", sip.as_ref())]);
    let general = general.map(|(key, sound)| (key.to_owned(), sound));
    // What an account has from [sip] is named there.
    let accounts = settings.accounts.iter().filter(move |account| account.reception.klaxon != *sip);
    let accounts =
        accounts.map(|own| (format!("[sip {}] klaxon", own.section), own.reception.klaxon.as_ref()));
    let callers = settings.callers.iter();
    let callers = callers.map(|rule| (format!("[caller {}] klaxon", rule.name), rule.klaxon.as_ref()));
    let zones = settings.zones.iter();
    let zones = zones.map(|zone| (format!("[zone {}] klaxon", zone.name), zone.klaxon.as_ref()));
    let all = general.chain(accounts).chain(callers).chain(zones);
    all.filter_map(|(key, sound)| Some((key, sound.filter(|sound| **sound != Sound::None)?.clone())))
}

/// What is wrong with a file, and what is heard in its place.
fn instead(error: &Fault, sound: &Sound) -> String {
    match error {
        Fault::Clip(error) => format!("{error}; the gong stands in for it"),
        Fault::TooMuch => format!("{}: {error}; the gong stands in for it", file(sound)),
    }
}

fn file(sound: &Sound) -> String {
    if let Sound::File(path) = sound { path.display().to_string() } else { String::new() }
}

/// What all files together may last: 23 MB of sound in memory, and two chimes of two minutes.
const BUDGET: Duration = Duration::from_mins(4);
