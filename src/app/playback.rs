//! What the box plays at a word: stored announcements, the emergency, a tone to test with, what is brought to it.
//!
//! ```text
//! a key, a button, paging play ─> Programme ─> recital ─> a voice on every card ─> ended
//!                                                 └ the emergency: again, until it is cancelled ─┘
//! ```
//! Where others are before it, it is awaited, and begins when it is told to. An announcement that is on air or awaited where it
//! is asked for, and as important, is not begun once more: who presses twice wants it once. Bounds: [`MOST`] at once, and the
//! emergency beside them. Leaves out: who may ask for it, who is before it, and what of it is heard where others want to be heard
//! as well.

mod store;

use self::store::{Item, Store};
use super::bell::Bell;
use super::cards::{Cards, Said};
use super::floor::{Hold, level_of};
use crate::config::Settings;
use crate::dsp::Tone;
use crate::mix::{Part, Recital, VoiceId};
use crate::paging::{Claim, Class};
use crate::status::Mistake;
use crate::time::Instant;
use crate::units::{Level, SampleRate};
use crate::zones::ZoneSet;
use core::fmt;
use core::time::Duration;
use smol::LocalExecutor;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

/// What plays, and what could be played.
pub(super) struct Playback<'a> {
    store: Store<'a>,
    announcements: Vec<Stored>,
    emergency: Claim,
    level: Level,
    airs: Vec<Air<'a>>,
    /// What others are before, in the order it came.
    awaited: Vec<(AirNumber, Programme)>,
    next_air: u64,
    ended: VecDeque<Ended>,
    cards: Rc<Cards<'a>>,
}

/// A stored announcement, but for its sound.
struct Stored {
    number: String,
    claim: Claim,
    repeat: u8,
}

/// What is to be played.
pub(super) struct Programme {
    pub(super) what: What,
    pub(super) claim: Claim,
    pub(super) rate: SampleRate,
    pub(super) parts: Vec<Part>,
}

/// What somebody hears. It prints as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The stored announcement of this number.
    Announcement(String),
    /// The emergency.
    Emergency,
    /// A tone to test with.
    Test,
    /// What somebody has recorded, who is named.
    Recording(String),
    /// A sound that was brought, or named, by who asked for it.
    Brought(String),
}

/// One that is on air.
struct Air<'a> {
    number: AirNumber,
    what: What,
    hold: Rc<Hold<'a>>,
    since: Instant,
    /// `None`: it is to begin again.
    voice: Option<VoiceId>,
    /// It was cut short.
    is_cut: bool,
    /// What begins again and again.
    endless: Option<Recital>,
}

/// The name of something on air, never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AirNumber(u64);

/// Something that was asked for is on air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Aired {
    pub(super) number: AirNumber,
    /// It was not before.
    pub(super) is_new: bool,
}

/// Something is on air no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) number: AirNumber,
    /// Not all of it was played.
    pub(super) is_cut: bool,
    pub(super) zones: ZoneSet,
}

/// Something that plays, for those who ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Playing {
    pub(super) what: String,
    pub(super) claim: Claim,
    pub(super) since: Instant,
}

impl<'a> Playback<'a> {
    /// What `settings` name; `bell` is rung when [`take`](Self::take) has something to take.
    pub(super) fn new(
        settings: &Settings,
        executor: Rc<LocalExecutor<'a>>,
        cards: Rc<Cards<'a>>,
        bell: Rc<Bell>,
    ) -> Self {
        let mut playback = Self {
            store: Store::new(executor, bell),
            announcements: Vec::new(),
            emergency: Claim { class: Class::Emergency, priority: 0, zones: ZoneSet::ALL },
            level: Level::UNITY,
            airs: Vec::new(),
            awaited: Vec::new(),
            next_air: 0,
            ended: VecDeque::new(),
            cards,
        };
        playback.set_options(settings);
        playback.look_again();
        playback
    }

    /// Does as `settings` say from the next one on; what is on air goes on.
    pub(super) fn set_options(&mut self, settings: &Settings) {
        let claim = |class, zones, priority| Claim { class, priority, zones: settings.zone_set(zones) };
        self.announcements = settings
            .announcements
            .iter()
            .map(|one| Stored {
                number: one.number.clone(),
                claim: claim(Class::Page, &one.zones, one.priority),
                repeat: one.repeat,
            })
            .collect();
        let emergency = &settings.emergency;
        self.emergency = claim(Class::Emergency, &emergency.zones, emergency.priority);
        self.level = settings.audio.volume_call.unwrap_or(Level::UNITY);
        let announcements = settings.announcements.iter();
        let items = announcements.map(|one| (Item::Announcement(one.number.clone()), one.play.clone()));
        self.store.set_items(items.chain([(Item::Emergency, emergency.play.clone())]));
    }

    /// Reads files that are others than they were, or were not there.
    pub(super) fn look_again(&mut self) {
        self.store.look_again();
    }

    /// Takes what has been read.
    pub(super) fn take(&mut self) {
        self.store.take();
    }

    /// What is wrong with files that are named.
    pub(super) fn mistakes(&self) -> impl Iterator<Item = Mistake> {
        self.store.mistakes()
    }

    /// The announcement of this number.
    pub(super) fn announcement(&self, number: &str) -> Result<Programme, Unplayed> {
        let stored = self.announcements.iter().find(|stored| stored.number == number);
        let stored = stored.ok_or_else(|| Unplayed::NoSuch { number: number.to_owned() })?;
        let held = self.store.held(&Item::Announcement(number.to_owned()));
        let held = held.ok_or_else(|| Unplayed::NoSound { number: number.to_owned() })?;
        let what = What::Announcement(number.to_owned());
        let parts = repeated(&held.samples, usize::from(stored.repeat).max(1));
        Ok(Programme { what, claim: stored.claim, rate: held.rate, parts })
    }

    /// Begins what is asked for, to be heard from `open_at` on. An announcement that is on air there already goes on as it is.
    pub(super) fn play(
        &mut self,
        times: (Instant, Instant),
        programme: Programme,
        voice: VoiceId,
    ) -> Result<Aired, Unplayed> {
        let aired = self.admit(programme);
        if aired.is_new {
            self.begin(times, aired.number, voice)?;
        }
        Ok(aired)
    }

    /// Takes what is asked for, to be begun. An announcement that is on air or awaited there already is not taken once more.
    pub(super) fn admit(&mut self, programme: Programme) -> Aired {
        let (what, claim) = (&programme.what, &programme.claim);
        let is_stored = matches!(what, What::Announcement(_));
        let aired = self.airs.iter().find(|air| air.is_heard_as(what, claim)).map(|air| air.number);
        let awaited = self.awaited.iter().find(|(_, own)| own.what == *what && covers(&own.claim, claim));
        let known = aired.or_else(|| awaited.map(|(number, _)| *number)).filter(|_| is_stored);
        if let Some(number) = known {
            return Aired { number, is_new: false };
        }
        let number = self.name();
        self.awaited.push((number, programme));
        Aired { number, is_new: true }
    }

    /// What is awaited, if it still is.
    pub(super) fn awaited(&self, number: AirNumber) -> Option<&Programme> {
        self.awaited.iter().find(|(own, _)| *own == number).map(|(_, programme)| programme)
    }

    /// Begins what was taken, to be heard from `open_at` on. What cannot be played is over.
    pub(super) fn begin(
        &mut self,
        times: (Instant, Instant),
        number: AirNumber,
        voice: VoiceId,
    ) -> Result<(), Unplayed> {
        let Some(index) = self.awaited.iter().position(|(own, _)| *own == number) else { return Ok(()) };
        let (_, programme) = self.awaited.remove(index);
        let zones = programme.claim.zones;
        let begun = self.attach(times, (number, programme), voice);
        if begun.is_err() {
            self.tell_ended(Ended { number, is_cut: true, zones });
        }
        begun
    }

    fn attach(
        &mut self,
        (now, open_at): (Instant, Instant),
        (number, programme): (AirNumber, Programme),
        voice: VoiceId,
    ) -> Result<(), Unplayed> {
        let Programme { what, claim, rate, mut parts } = programme;
        if !self.has_room() {
            return Err(Unplayed::TooMany);
        }
        let (hold, begins_at) = self.claim(now, claim, open_at);
        parts.insert(0, Part::Pause(begins_at.since(now)));
        let recital = Recital { rate, parts, level: self.level, fade: FADE };
        match self.cards.attach_recital(voice, &recital, &hold) {
            Said::Begun => {}
            Said::Nowhere => return Err(Unplayed::Nowhere),
            Said::Busy => return Err(Unplayed::Busy),
        }
        log::info!("plays {what}");
        self.airs.push(Air {
            number,
            what,
            hold,
            since: now,
            voice: Some(voice),
            is_cut: false,
            endless: None,
        });
        Ok(())
    }

    /// Begins the emergency, or cancels it; whether it is on from now on.
    pub(super) fn toggle_emergency(&mut self, now: Instant) -> bool {
        if self.cancel_emergency() {
            return false;
        }
        let sound = self.store.emergency();
        let times = EMERGENCY_FOR.as_micros() / (sound.length() + PAUSE).as_micros().max(1);
        let parts = repeated(&sound.samples, usize::try_from(times).unwrap_or(1).clamp(1, MOST_TIMES));
        let level = level_of(Class::Emergency, self.level);
        let recital = Recital { rate: sound.rate, parts, level, fade: FADE };
        log::warn!("emergency: it is played until it is cancelled");
        // It begins by the next handle_timeout.
        let (hold, _) = self.claim(now, self.emergency, now);
        let (number, what) = (self.name(), What::Emergency);
        let (voice, endless) = (None, Some(recital));
        self.airs.push(Air { number, what, hold, since: now, voice, is_cut: false, endless });
        true
    }

    /// Ends everything; whether there was anything.
    pub(super) fn stop(&mut self) -> bool {
        let was_emergency = self.cancel_emergency();
        let aired = self.airs.iter().filter(|air| !air.is_cut).map(|air| air.number);
        let numbers: Vec<_> = aired.chain(self.awaited.iter().map(|(number, _)| *number)).collect();
        for &number in &numbers {
            self.end(number);
        }
        was_emergency || !numbers.is_empty()
    }

    /// Ends one that is on air or awaited, if it still is.
    pub(super) fn end(&mut self, number: AirNumber) {
        if let Some(index) = self.awaited.iter().position(|(own, _)| *own == number) {
            let (_, Programme { what, claim, .. }) = self.awaited.remove(index);
            log::info!("{what} is not played: it waits no longer");
            return self.tell_ended(Ended { number, is_cut: true, zones: claim.zones });
        }
        let Some(index) = self.airs.iter().position(|air| air.number == number) else { return };
        let air = &mut self.airs[index];
        (air.is_cut, air.endless) = (true, None);
        match air.voice {
            Some(voice) => self.cards.release(voice),
            None => self.remove(index),
        }
    }

    /// Begins anew what is endless, to be heard after so long; `name` names a voice. As which voice it is heard now.
    pub(super) fn handle_timeout(
        &mut self,
        until_open: Duration,
        name: impl FnOnce() -> VoiceId,
    ) -> Option<(AirNumber, VoiceId)> {
        let waits = |air: &Air<'_>| air.voice.is_none() && air.endless.is_some();
        let index = self.airs.iter().position(waits)?;
        let mut recital = self.airs[index].endless.clone()?;
        recital.parts.insert(0, Part::Pause(until_open));
        let voice = name();
        let hold = Rc::clone(&self.airs[index].hold);
        self.cards.wake(hold.zones());
        if self.cards.attach_recital(voice, &recital, &hold) != Said::Begun {
            return None;
        }
        let air = &mut self.airs[index];
        air.voice = Some(voice);
        Some((air.number, voice))
    }

    /// Whether [`handle_timeout`](Self::handle_timeout) has something to begin.
    pub(super) fn waits(&self) -> bool {
        self.airs.iter().any(|air| air.voice.is_none())
    }

    /// A card has given a voice back.
    pub(super) fn handle_retired(&mut self, voice: VoiceId) {
        let Some(index) = self.airs.iter().position(|air| air.voice == Some(voice)) else { return };
        if self.cards.is_heard(voice) {
            // On another card.
            return;
        }
        let air = &mut self.airs[index];
        air.voice = None;
        if air.endless.is_none() {
            self.remove(index);
        }
    }

    /// The next one that has ended.
    pub(super) fn poll_ended(&mut self) -> Option<Ended> {
        self.ended.pop_front()
    }

    /// Whether fewer are on air than may be.
    pub(super) fn has_room(&self) -> bool {
        self.airs.iter().filter(|air| air.endless.is_none()).count() < MOST
    }

    /// Whether something is on air, or about to be.
    pub(super) fn is_busy(&self) -> bool {
        !self.airs.is_empty() || !self.awaited.is_empty()
    }

    /// The emergency, if it is on.
    pub(super) fn emergency(&self) -> Option<AirNumber> {
        let is_it = |air: &&Air<'_>| air.what == What::Emergency && !air.is_cut;
        self.airs.iter().find(is_it).map(|air| air.number)
    }

    /// The same, with what it claims.
    pub(super) fn emergency_on_air(&self) -> Option<(AirNumber, Claim)> {
        let number = self.emergency()?;
        self.airs.iter().find(|air| air.number == number).map(|air| (number, air.hold.claim()))
    }

    /// Whether it is.
    pub(super) fn is_emergency(&self) -> bool {
        self.emergency().is_some()
    }

    /// Where that is heard.
    pub(super) const fn emergency_zones(&self) -> ZoneSet {
        self.emergency.zones
    }

    /// What is on air.
    pub(super) fn playing(&self) -> impl Iterator<Item = Playing> {
        let playing =
            |air: &Air<'_>| Playing { what: air.what.to_string(), claim: air.hold.claim(), since: air.since };
        self.airs.iter().filter(|air| !air.is_cut).map(playing)
    }

    fn cancel_emergency(&mut self) -> bool {
        let Some(number) = self.emergency() else { return false };
        log::warn!("emergency: cancelled");
        self.end(number);
        true
    }

    /// Claims the floor; from when on it is heard whole.
    fn claim(&self, now: Instant, claim: Claim, open_at: Instant) -> (Rc<Hold<'a>>, Instant) {
        let begins_at = open_at.max(self.cards.open_at(now, &claim));
        self.cards.wake(claim.zones);
        (self.cards.claim(now, claim, begins_at), begins_at)
    }

    fn name(&mut self) -> AirNumber {
        let number = AirNumber(self.next_air);
        self.next_air += 1;
        number
    }

    fn remove(&mut self, index: usize) {
        let Air { number, is_cut, what, hold, .. } = self.airs.swap_remove(index);
        let zones = hold.zones();
        log::info!("{what} {}", if is_cut { "is cut off" } else { "has been played" });
        self.tell_ended(Ended { number, is_cut, zones });
    }

    fn tell_ended(&mut self, ended: Ended) {
        // Who waits for it asks after each turn; nobody else does.
        if self.ended.len() >= 4 * MOST {
            self.ended.pop_front();
        }
        self.ended.push_back(ended);
    }
}

impl Air<'_> {
    /// Whether who asks for this, there and as important, hears it already.
    fn is_heard_as(&self, what: &What, claim: &Claim) -> bool {
        self.what == *what && !self.is_cut && covers(&self.hold.claim(), claim)
    }
}

/// Whether what is heard on these terms is there and as important as on those of `other`.
fn covers(own: &Claim, other: &Claim) -> bool {
    own.zones.union(other.zones) == own.zones && own.priority >= other.priority
}

impl What {
    /// A tone to test with.
    pub(super) fn test(claim: Claim) -> Programme {
        let (rate, length) = (SampleRate::HZ_16000, TEST_FOR);
        let samples = sine(TEST_HZ, length, rate);
        Programme { what: Self::Test, claim, rate, parts: vec![Part::Clip(samples)] }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Announcement(number) => write!(f, "announcement {number}"),
            Self::Emergency => f.write_str("emergency"),
            Self::Test => f.write_str("test tone"),
            Self::Recording(from) => write!(f, "the recording of {from}"),
            Self::Brought(name) => write!(f, "\"{name}\""),
        }
    }
}

/// Why something is not played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unplayed {
    /// There is no such announcement.
    NoSuch { number: String },
    /// Its file is missing, broken, or not read yet.
    NoSound { number: String },
    /// No zone of it has a channel.
    Nowhere,
    /// As many are on air as may be.
    TooMany,
    /// As many wait for others as may.
    TooManyWait,
    /// An audio thread takes no more voices.
    Busy,
}

impl Unplayed {
    /// Whether it may be played when something else is over.
    pub(super) const fn is_for_now(&self) -> bool {
        matches!(self, Self::TooMany | Self::Busy)
    }
}

impl fmt::Display for Unplayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuch { number } => write!(f, "there is no [announcement {number}]"),
            Self::NoSound { number } => {
                write!(f, "the file of [announcement {number}] is not there or not read yet")
            }
            Self::Nowhere => f.write_str("none of its zones has a channel"),
            Self::TooManyWait => {
                f.write_str("too many sounds wait already for what is on air there; try again later")
            }
            Self::TooMany => write!(f, "{MOST} sounds are played already"),
            Self::Busy => f.write_str("an audio thread takes no more voices"),
        }
    }
}

/// A clip so often, with a pause between two.
fn repeated(samples: &Arc<[i16]>, times: usize) -> Vec<Part> {
    let once = || [Part::Clip(Arc::clone(samples)), Part::Pause(PAUSE)];
    let mut parts: Vec<_> = (0..times).flat_map(|_| once()).collect();
    parts.pop();
    parts
}

/// A sine that begins and ends softly.
#[expect(clippy::cast_possible_truncation, reason = "a sine is within 16 bits")]
pub(super) fn sine(hz: f64, length: Duration, rate: SampleRate) -> Arc<[i16]> {
    let mut samples = vec![0.0; rate.frames_in(length)];
    let mut tone = Tone::new(rate, hz, Level::from_db(TONE_DB));
    tone.start();
    tone.fill(&mut samples);
    samples.into_iter().map(|sample: f32| (sample * 32_767.0) as i16).collect()
}

/// What is on air at once, beside the emergency.
pub(super) const MOST: usize = 8;
/// Between two times.
const PAUSE: Duration = Duration::from_secs(1);
/// What is cut off fades.
const FADE: Duration = Duration::from_millis(50);
/// A voice of the emergency lasts so long; then there is another one.
const EMERGENCY_FOR: Duration = Duration::from_mins(10);
/// Of however short a sound.
const MOST_TIMES: usize = 1200;
/// A tone that every loudspeaker carries, and nobody takes for speech.
const TEST_HZ: f64 = 1000.0;
const TEST_FOR: Duration = Duration::from_secs(2);
/// Loud, and far from clipping.
const TONE_DB: f32 = -16.0;

#[cfg(test)]
impl AirNumber {
    pub(super) const fn of(number: u64) -> Self {
        Self(number)
    }
}

#[cfg(test)]
mod tests;
