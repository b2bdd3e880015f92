//! Stored sounds, decoded before they are asked for, so that nobody waits for a file.
//!
//! What lasts up to [`FINE`] is held at 48 kHz, what is longer at 16 kHz, which is speech with all that belongs to it: ten minutes,
//! the longest, are 19 MB, and nothing more is needed to read them. All files together may take [`MOST_BYTES`]; the first ones have their place.

use crate::app::bell::Bell;
use crate::app::reading::{Job, Outcome, Reading, Stamp};
use crate::config::Sound;
use crate::dsp::{Chime, Resampler, to_i16};
use crate::files::{ClipError, MAX_LENGTH, Track, TrackError};
use crate::status::Mistake;
use crate::units::SampleRate;
use core::fmt;
use core::time::Duration;
use smol::LocalExecutor;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// Sounds by what they are for.
pub(super) struct Store<'a> {
    slots: Vec<Slot>,
    reading: Reading<'a, Item, Held>,
    /// Bytes that all files together may take.
    most: usize,
}

/// What a sound is for. It prints as its section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Announcement(String),
    Emergency,
}

/// A sound in memory. It is shared, not copied.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Held {
    pub(super) rate: SampleRate,
    pub(super) samples: Arc<[i16]>,
}

struct Slot {
    item: Item,
    sound: Sound,
    held: Option<Held>,
    /// Of the file that it is of.
    stamp: Option<Stamp>,
    error: Option<StoreError>,
}

impl<'a> Store<'a> {
    /// Nothing yet; `bell` is rung when [`take`](Self::take) has something to take.
    pub(super) fn new(executor: Rc<LocalExecutor<'a>>, bell: Rc<Bell>) -> Self {
        Self { slots: Vec::new(), reading: Reading::new(executor, bell), most: MOST_BYTES }
    }

    /// These are wanted from now on. What was read stays where its file is the same.
    pub(super) fn set_items(&mut self, items: impl Iterator<Item = (Item, Sound)>) {
        let mut old = core::mem::take(&mut self.slots);
        for (item, sound) in items {
            let known = old.iter().position(|slot| slot.item == item && slot.sound == sound);
            let slot = known.map_or_else(|| Slot::new(item, sound), |index| old.swap_remove(index));
            self.slots.push(slot);
        }
    }

    /// Reads files that are others than they were, or were not there.
    pub(super) fn look_again(&mut self) {
        self.reading.begin(self.slots.iter().filter_map(Slot::job).collect(), Held::read);
    }

    /// Takes what has been read.
    pub(super) fn take(&mut self) {
        for outcome in self.reading.take() {
            self.on_outcome(outcome);
        }
    }

    /// The sound for something, if it is there.
    pub(super) fn held(&self, item: &Item) -> Option<&Held> {
        self.slots.iter().find(|slot| slot.item == *item)?.held.as_ref()
    }

    /// The sound of the emergency, or what stands in for it.
    pub(super) fn emergency(&self) -> Held {
        self.held(&Item::Emergency).cloned().unwrap_or_else(|| Held::built_in(Chime::Attention))
    }

    /// What is wrong with files that are named.
    pub(super) fn mistakes(&self) -> impl Iterator<Item = Mistake> {
        self.slots.iter().filter_map(|slot| {
            let text = slot.item.instead(slot.error.as_ref()?);
            let source = format!("{} play", slot.item);
            Some(Mistake::of(source, text))
        })
    }

    fn on_outcome(&mut self, Outcome { item, path, read }: Outcome<Item, Held>) {
        let others = self.slots.iter().filter(|slot| slot.item != item && slot.stamp.is_some());
        let others: usize = others.filter_map(|slot| slot.held.as_ref()).map(Held::bytes).sum();
        let most = self.most;
        let Some(slot) = self.slots.iter_mut().find(|slot| slot.item == item) else { return };
        let read = read.map_err(StoreError::Clip).and_then(|(held, stamp)| {
            let fits = others + held.bytes() <= most;
            if fits { Ok((held, stamp)) } else { Err(StoreError::Full { path: path.clone() }) }
        });
        match read {
            Ok((held, stamp)) => {
                log::info!("{item} play: {:.1} s of {}", held.length().as_secs_f64(), path.display());
                (slot.held, slot.stamp, slot.error) = (Some(held), stamp, None);
            }
            Err(error) => {
                let told = slot.error.as_ref().map(ToString::to_string);
                if told.is_none_or(|told| told != error.to_string()) {
                    log::error!("{item} play: {}", item.instead(&error));
                }
                (slot.held, slot.stamp, slot.error) = (None, None, Some(error));
            }
        }
    }
}

impl Slot {
    /// What is built in is there at once.
    fn new(item: Item, sound: Sound) -> Self {
        let chime = match sound {
            Sound::Gong => Some(Chime::Gong),
            Sound::ThreeTone => Some(Chime::ThreeTone),
            Sound::Attention => Some(Chime::Attention),
            Sound::None | Sound::File(_) => None,
        };
        Self { item, sound, held: chime.map(Held::built_in), stamp: None, error: None }
    }

    fn job(&self) -> Option<Job<Item>> {
        let Sound::File(path) = &self.sound else { return None };
        Some(Job { item: self.item.clone(), path: path.clone(), known: self.stamp })
    }
}

impl Held {
    pub(super) fn built_in(chime: Chime) -> Self {
        Self { rate: Chime::RATE, samples: chime.sound().into() }
    }

    /// All of a file, converted piece by piece: what it takes in memory is what is held of it.
    fn read(path: &Path, is_wanted: &dyn Fn() -> bool) -> Result<Self, ClipError> {
        let beginning = pieces(path, SampleRate::HZ_48000, FINE, is_wanted)?;
        let (rate, samples) = if let Some(samples) = beginning {
            (SampleRate::HZ_48000, samples)
        } else {
            let all = pieces(path, SampleRate::HZ_16000, MAX_LENGTH, is_wanted)?;
            let too_long = || ClipError::TooLong { path: path.to_owned(), limit: MAX_LENGTH };
            (SampleRate::HZ_16000, all.ok_or_else(too_long)?)
        };
        if samples.is_empty() {
            return Err(ClipError::Empty { path: path.to_owned() });
        }
        Ok(Self { rate, samples: samples.into() })
    }

    /// How long it is heard.
    pub(super) fn length(&self) -> Duration {
        self.rate.span_of(self.samples.len() as u64)
    }

    fn bytes(&self) -> usize {
        self.samples.len() * size_of::<i16>()
    }
}

/// A file at this rate, as long as it is wanted; `None`: it is longer than this.
fn pieces(
    path: &Path,
    rate: SampleRate,
    longest: Duration,
    is_wanted: &dyn Fn() -> bool,
) -> Result<Option<Vec<i16>>, ClipError> {
    let not_sound = |reason| ClipError::NotSound { path: path.to_owned(), reason };
    let no_track = |error| match error {
        TrackError::Unreadable(source) => ClipError::Unreadable { path: path.to_owned(), source },
        TrackError::NotSound(reason) => not_sound(reason),
    };
    let mut track = Track::open(path).map_err(no_track)?;
    let from = track.rate();
    let mut resampler = Resampler::new(from, rate).map_err(|_| not_sound(ODD))?;
    let most = rate.frames_in(longest);
    let (mut samples, mut read, mut converted) = (Vec::new(), Vec::new(), Vec::new());
    let mut goes_on = true;
    while goes_on && is_wanted() {
        goes_on = track.read(&mut read).map_err(no_track)?;
        if track.rate() != from {
            return Err(not_sound("its contents change on the way"));
        }
        resampler.process(&read, &mut converted);
        if !goes_on {
            resampler.finish(&mut converted);
        }
        samples.extend(converted.iter().copied().map(to_i16));
        if samples.len() > most {
            return Ok(None);
        }
        read.clear();
        converted.clear();
    }
    Ok(Some(samples))
}

impl Item {
    /// What is wrong with a file, and what that means.
    fn instead(&self, error: &StoreError) -> String {
        match self {
            Self::Announcement(_) => format!("{error}; it is not played"),
            Self::Emergency => format!("{error}; the built-in attention tone stands in for it"),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Announcement(number) => write!(f, "[announcement {number}]"),
            Self::Emergency => f.write_str("[emergency]"),
        }
    }
}

/// Why a sound is not held.
#[derive(Debug)]
enum StoreError {
    Clip(ClipError),
    /// Those before it take all the memory.
    Full {
        path: PathBuf,
    },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clip(error) => error.fmt(f),
            Self::Full { path } => {
                let most = MOST_BYTES / 1024 / 1024;
                write!(
                    f,
                    "{}: announcements may take {most} MB of memory, and others have it",
                    path.display()
                )
            }
        }
    }
}

/// What is no longer is held as it is heard on a sound card.
const FINE: Duration = Duration::from_mins(1);
/// What cannot be converted.
const ODD: &str = "its sample rate is out of reach";
/// All files together: ten minutes and a few short ones, or four minutes of the best.
const MOST_BYTES: usize = 24 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(name: &str, seconds: u32) -> PathBuf {
        wav_at(name, seconds, 8000)
    }

    /// Of 8 bits.
    fn wav_at(name: &str, seconds: u32, rate_hz: u32) -> PathBuf {
        let path = std::env::temp_dir().join(format!("pagingbox-{}-store-{name}.wav", std::process::id()));
        let bytes = seconds * rate_hz;
        let mut file = Vec::from(*b"RIFF");
        file.extend((36 + bytes).to_le_bytes());
        file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        file.extend([rate_hz.to_le_bytes(), rate_hz.to_le_bytes()].concat());
        file.extend(b"\x01\0\x08\0data");
        file.extend(bytes.to_le_bytes());
        file.extend((0..bytes).map(|at| if at % 8 < 4 { 0x90 } else { 0x70_u8 }));
        std::fs::write(&path, file).unwrap();
        path
    }

    fn store() -> (Rc<LocalExecutor<'static>>, Store<'static>) {
        let executor = Rc::new(LocalExecutor::new());
        (Rc::clone(&executor), Store::new(executor, Rc::default()))
    }

    /// Reads all that is to be read.
    fn settle(executor: &LocalExecutor<'_>, store: &mut Store<'_>) {
        store.look_again();
        smol::block_on(async {
            while !executor.is_empty() {
                executor.tick().await;
            }
        });
        store.take();
    }

    fn announcement(number: &str) -> Item {
        Item::Announcement(number.to_owned())
    }

    #[test]
    fn a_short_file_is_held_as_it_sounds_and_a_long_one_as_speech() {
        let (executor, mut store) = store();
        let (short, long) = (wav("short", 2), wav("long", 62));
        let items =
            [(announcement("1"), Sound::File(short.clone())), (announcement("2"), Sound::File(long.clone()))];
        store.set_items(items.into_iter());
        settle(&executor, &mut store);
        let held =
            |number| store.held(&announcement(number)).map(|held| (held.rate.hz(), held.length().as_secs()));
        assert_eq!((held("1"), held("2")), (Some((48_000, 2)), Some((16_000, 62))));
        assert_eq!(store.mistakes().count(), 0);
        for path in [short, long] {
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn a_file_at_the_highest_rate_is_held_whole_and_one_beyond_ten_minutes_is_refused() {
        let path = wav_at("fast", 31, 192_000);
        let held = Held::read(&path, &|| true).unwrap();
        assert_eq!((held.rate.hz(), held.length().as_secs()), (48_000, 31));
        std::fs::remove_file(path).unwrap();
        let path = wav_at("endless", 601, 16_000);
        assert!(matches!(Held::read(&path, &|| true), Err(ClipError::TooLong { .. })));
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn what_is_not_wanted_any_more_is_not_read() {
        let path = wav("unwanted", 30);
        let packets = core::cell::Cell::new(0);
        let held = Held::read(&path, &|| packets.replace(packets.get() + 1) < 3).unwrap();
        std::fs::remove_file(path).unwrap();
        assert!(held.length() < Duration::from_secs(10), "{:?}", held.length());
    }

    #[test]
    fn a_missing_file_is_a_mistake_until_it_is_there() {
        let (executor, mut store) = store();
        let path = wav("late", 1);
        std::fs::remove_file(&path).unwrap();
        let items =
            || [(announcement("3"), Sound::File(path.clone())), (Item::Emergency, Sound::File(path.clone()))];
        store.set_items(items().into_iter());
        settle(&executor, &mut store);
        let told: Vec<_> =
            store.mistakes().map(|mistake| format!("{}: {}", mistake.source, mistake.text)).collect();
        assert!(
            told[0].starts_with("[announcement 3] play: ") && told[0].ends_with("; it is not played"),
            "{told:?}"
        );
        assert!(told[1].ends_with("the built-in attention tone stands in for it"), "{told:?}");
        assert!(store.held(&announcement("3")).is_none() && store.emergency().length().as_secs() == 2);
        wav("late", 1);
        store.set_items(items().into_iter());
        settle(&executor, &mut store);
        assert_eq!((store.mistakes().count(), store.emergency().length().as_secs()), (0, 1));
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn what_is_beyond_the_memory_for_it_is_told_and_left_out() {
        let (executor, mut store) = store();
        let path = wav("huge", 1);
        store.most = 150_000;
        let items = ["1", "2"].map(|number| (announcement(number), Sound::File(path.clone())));
        store.set_items(items.into_iter());
        settle(&executor, &mut store);
        // 96 kB each.
        assert!(store.held(&announcement("1")).is_some() && store.held(&announcement("2")).is_none());
        assert!(store.mistakes().all(|mistake| mistake.text.contains("may take 24 MB of memory")));
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn what_is_built_in_is_there_at_once() {
        let (_, mut store) = store();
        store.set_items([(announcement("1"), Sound::Gong)].into_iter());
        assert!(store.held(&announcement("1")).is_some() && store.held(&announcement("2")).is_none());
    }
}
