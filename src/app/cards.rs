//! All that sounds at once: the sinks of every card, and who is heard on which.
//!
//! A voice belongs to a claim on the floor, and is heard on the cards of the claim's zones: the others do not know of it.

use super::floor::{Begin, Floor, Hold, Told};
use super::sink::Sink;
use crate::clock;
use crate::config::{ChannelSet, Settings, Switch};
use crate::mix::{MAX_CHANNELS, Media, Piece, Recital, Report, Voice, VoiceConfig, VoiceId, VoiceStats};
use crate::output::CardVolume;
use crate::paging::{Claim, ClaimId};
use crate::status;
use crate::time::Instant;
use crate::units::Level;
use crate::zones::ZoneSet;
use core::cell::{Cell, RefCell};
use core::time::Duration;
use std::rc::Rc;

/// The sinks of a box; at least one.
pub(super) struct Cards<'a> {
    sinks: Vec<Sink<'a>>,
    floor: RefCell<Floor>,
    /// The loudest sample.
    ceiling: Cell<Level>,
}

/// What became of something that was to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It is heard, and its voice comes back.
    Begun,
    /// No zone of it has a channel: there is no voice.
    Nowhere,
    /// A card takes no more: none says it.
    Busy,
}

impl<'a> Cards<'a> {
    /// These sinks, which are for the outputs of `settings`.
    pub(super) fn new(sinks: Vec<Sink<'a>>, settings: &Settings) -> Self {
        let floor = RefCell::new(Floor::new(settings));
        Self { sinks, floor, ceiling: Cell::new(ceiling(settings)) }
    }

    /// When `claim` could begin, if it were made now: as soon as music has made way for it.
    pub(super) fn open_at(&self, now: Instant, claim: &Claim) -> Instant {
        self.floor.borrow().open_at(now, claim)
    }

    /// Claims the floor from `begins_at` on, until the last one drops the hold.
    pub(super) fn claim(self: &Rc<Self>, now: Instant, claim: Claim, begins_at: Instant) -> Rc<Hold<'a>> {
        let id = self.floor.borrow_mut().claim(now, claim, begins_at);
        Rc::new(Hold::new(Rc::clone(self), claim, id))
    }

    /// What is held begins then and not when it was said to.
    pub(super) fn set_begin(&self, now: Instant, hold: &Hold<'_>, begins_at: Instant) {
        self.floor.borrow_mut().set_begin(now, hold.id(), begins_at);
    }

    /// Nobody has this claim any more.
    pub(super) fn give_up(&self, claim: ClaimId) {
        self.floor.borrow_mut().give_up(claim);
    }

    /// Tells the audio threads what has changed since they were told last: at the end of every turn, and when it is due.
    pub(super) fn tend(&self, now: Instant) {
        let told = self.floor.borrow_mut().tend(now);
        self.tell(&told);
    }

    /// When [`tend`](Self::tend) wants to be called.
    pub(super) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        self.floor.borrow().poll_timeout(now)
    }

    /// Somebody vouches for the clock.
    pub(super) fn handle_time(&self, now: Instant) {
        self.floor.borrow_mut().handle_time(now);
    }

    /// Whether a zone goes by a clock for which nobody has vouched yet.
    pub(super) fn wants_time(&self) -> bool {
        self.floor.borrow().wants_time()
    }

    /// Whether it is night, whatever the clock says.
    pub(super) fn set_night(&self, now: Instant, night: Switch) {
        self.floor.borrow_mut().set_night(now, night);
    }

    /// These zones are so loud until the configuration has another volume for them.
    pub(super) fn set_zone_volume(&self, now: Instant, zones: ZoneSet, level: Level) {
        self.floor.borrow_mut().set_volume(now, zones, level);
        self.set_levels();
    }

    /// How loud a zone is at present.
    pub(super) fn zone_volume(&self, zone: usize) -> Level {
        self.floor.borrow().volume(zone)
    }

    /// Makes the audio threads of `zones` ready for sound that is about to come.
    pub(super) fn wake(&self, zones: ZoneSet) {
        self.of(zones).for_each(Sink::wake);
    }

    /// Whether what is played now in `zones` would be heard without the delay of waking.
    pub(super) fn is_ready(&self, zones: ZoneSet) -> bool {
        self.of(zones).all(Sink::is_ready)
    }

    /// Whether what is played now comes out of one of them.
    pub(super) fn is_audible(&self) -> bool {
        self.sinks.iter().any(Sink::is_audible)
    }

    /// Whether what is played now in one of `zones` comes out of one of them.
    pub(super) fn is_audible_in(&self, zones: ZoneSet) -> bool {
        self.of(zones).any(Sink::is_audible)
    }

    /// Whether what this one plays comes out.
    pub(super) fn plays(&self, card: usize) -> bool {
        self.sinks.get(card).is_some_and(Sink::is_audible)
    }

    /// Whether one of them was never there yet.
    pub(super) fn is_one_missing(&self) -> bool {
        self.sinks.iter().any(Sink::was_never_there)
    }

    /// Gives the cards of the zones that are held a voice made of `config`; false when one of them takes no more, and then
    /// none has it.
    pub(super) fn attach(&self, voice: VoiceId, config: &VoiceConfig, hold: &Hold<'_>) -> bool {
        self.attach_with(voice, hold, || Voice::telephone(config.clone()))
    }

    /// Has the cards of the zones that are held say `recital`.
    pub(super) fn attach_recital(&self, voice: VoiceId, recital: &Recital, hold: &Hold<'_>) -> Said {
        if !self.attach_with(voice, hold, || Voice::recital(recital)) {
            return Said::Busy;
        }
        if self.is_heard(voice) {
            return Said::Begun;
        }
        self.floor.borrow_mut().forget(voice);
        Said::Nowhere
    }

    /// The same with a voice of any kind: one that `source` makes for each card.
    pub(super) fn attach_with(&self, voice: VoiceId, hold: &Hold<'_>, source: impl Fn() -> Voice) -> bool {
        let begins = self.floor.borrow_mut().attach(clock::now(), voice, hold);
        for (index, Begin { sink, route, told }) in begins.iter().enumerate() {
            let is_taken =
                self.sinks.get(*sink).is_some_and(|sink| sink.attach(voice, Box::new(source()), *route));
            if !is_taken {
                let before = begins[..index].iter().filter_map(|begin| self.sinks.get(begin.sink));
                before.for_each(|sink| sink.release(voice));
                self.floor.borrow_mut().forget(voice);
                return false;
            }
            self.tell(told);
        }
        true
    }

    /// Which cards have `voice`.
    pub(super) fn cards_of(&self, voice: VoiceId) -> Vec<usize> {
        (0..self.sinks.len()).filter(|&card| self.floor.borrow().has(voice, card)).collect()
    }

    /// Gives one of the cards of `voice` a piece of music; false when it is too busy, and the piece is gone.
    pub(super) fn play_piece(&self, card: usize, voice: VoiceId, piece: Box<Piece>) -> bool {
        self.sinks.get(card).is_some_and(|sink| sink.play_piece(voice, piece))
    }

    /// Says how fast one of the cards of `voice` reads its music; false when it is too busy.
    pub(super) fn set_pace(&self, card: usize, voice: VoiceId, ppm: f32, paused: bool) -> bool {
        self.sinks.get(card).is_some_and(|sink| sink.set_pace(voice, ppm, paused))
    }

    /// Whether nothing of what is held can be heard, and nothing of it is coming back.
    pub(super) fn is_mute(&self, now: Instant, hold: &Hold<'_>) -> bool {
        self.floor.borrow().is_mute(now, hold.id())
    }

    /// Where what is held can be heard.
    pub(super) fn audible(&self, now: Instant, hold: &Hold<'_>) -> ZoneSet {
        self.floor.borrow().audible(now, hold.id())
    }

    /// Whether what is held is heard nowhere, for something higher is on.
    pub(super) fn is_beaten(&self, now: Instant, hold: &Hold<'_>) -> bool {
        self.floor.borrow().is_beaten(now, hold.id())
    }

    /// Plays a piece of received media.
    pub(super) fn play(&self, media: Media) {
        let mut sinks = self.with(media.voice).peekable();
        while let Some(sink) = sinks.next() {
            if sinks.peek().is_none() {
                return sink.play(media);
            }
            sink.play(media.clone());
        }
    }

    /// Mutes `voice` while a key sounds, or lets it be heard again.
    pub(super) fn hush(&self, voice: VoiceId, hushed: bool) {
        self.with(voice).for_each(|sink| sink.hush(voice, hushed));
    }

    /// Changes how loud `voice` is.
    pub(super) fn set_level(&self, voice: VoiceId, level: Level) {
        self.with(voice).for_each(|sink| sink.set_level(voice, level));
    }

    /// Makes everything as loud as `settings` say, which name the same devices and zones as those that these sinks are for.
    pub(super) fn set_output(&self, now: Instant, settings: &Settings) {
        self.ceiling.set(ceiling(settings));
        self.floor.borrow_mut().set_settings(now, settings);
        self.set_levels();
    }

    /// How loud the cards themselves shall be from now on; what is to be done about that at once.
    pub(super) fn set_volume(&self, settings: &Settings) -> Vec<CardVolume> {
        self.sinks.iter().filter_map(|sink| sink.set_volume(settings.audio.mixer_volume)).collect()
    }

    /// Lets `voice` play what it still holds and end.
    pub(super) fn release(&self, voice: VoiceId) {
        self.with(voice).for_each(|sink| sink.release(voice));
        if !self.is_heard(voice) {
            // No card had it.
            self.floor.borrow_mut().forget(voice);
        }
    }

    /// The next report of an audio thread.
    pub(super) fn poll(&self) -> Option<Report> {
        self.poll_numbered().map(|(_, report)| report)
    }

    /// The same with the number of the card, from 0.
    pub(super) fn poll_numbered(&self) -> Option<(usize, Report)> {
        let (sink, report) =
            self.sinks.iter().enumerate().find_map(|(place, sink)| Some((place, sink.poll()?)))?;
        if let Report::Retired { voice, .. } = report {
            self.floor.borrow_mut().handle_retired(voice, sink);
        }
        Some((sink, report))
    }

    /// Whether a card has not given `voice` back yet.
    pub(super) fn is_heard(&self, voice: VoiceId) -> bool {
        self.floor.borrow().is_heard(voice)
    }

    /// Whether an audio thread was too busy for something that it has still to be told.
    pub(super) fn is_one_behind(&self) -> bool {
        self.sinks.iter().any(Sink::is_behind)
    }

    /// Voices that have not come back yet.
    pub(super) fn voices(&self) -> usize {
        self.sinks.iter().map(Sink::voices).sum()
    }

    /// Whether a voice in a zone of `claim` has not come back yet that is no music, and that it does not silence.
    pub(super) fn speaks_beside(&self, claim: &Claim) -> bool {
        self.floor.borrow().speaks_beside(claim)
    }

    /// Packets that found a ring full since this was last asked, if any.
    pub(super) fn take_dropped(&self) -> Option<u64> {
        let dropped = self.sinks.iter().filter_map(Sink::take_dropped).sum();
        Some(dropped).filter(|&dropped: &u64| dropped > 0)
    }

    /// The same since the box began.
    pub(super) fn dropped_in_all(&self) -> u64 {
        self.sinks.iter().map(Sink::dropped_in_all).sum()
    }

    /// How a voice fares where it is heard last, and how late that is.
    pub(super) fn voice(&self, voice: VoiceId) -> Option<(VoiceStats, Duration)> {
        self.sinks.iter().filter_map(|sink| sink.voice(voice)).max_by_key(|(_, latency)| *latency)
    }

    /// How they are.
    pub(super) fn status(&self, now: Instant) -> Vec<status::Sink> {
        self.sinks.iter().map(|sink| sink.status(now)).collect()
    }

    /// How many have a device that plays, and how many there are.
    pub(super) fn open(&self) -> (usize, usize) {
        (self.sinks.iter().filter(|sink| sink.state().is_open()).count(), self.sinks.len())
    }

    /// Whether every audio thread has begun.
    pub(super) fn have_begun(&self) -> bool {
        self.sinks.iter().all(Sink::has_begun)
    }

    /// Whether every audio thread goes on.
    pub(super) fn beat(&self, now: Instant) -> bool {
        self.sinks.iter().all(|sink| !sink.state().hangs(sink.silent(now)))
    }

    fn set_levels(&self) {
        let levels = self.floor.borrow().output_levels(self.ceiling.get());
        for (sink, levels) in self.sinks.iter().zip(levels) {
            sink.set_output(levels);
        }
    }

    fn tell(&self, told: &[Told]) {
        for &Told { sink, voice, zone, change } in told {
            if let Some(sink) = self.sinks.get(sink) {
                sink.route(voice, zone, change);
            }
        }
    }

    /// The sinks that have a voice.
    fn with(&self, voice: VoiceId) -> impl Iterator<Item = &Sink<'a>> {
        let has = move |&(place, _): &(usize, &Sink<'_>)| self.floor.borrow().has(voice, place);
        self.sinks.iter().enumerate().filter(has).map(|(_, sink)| sink)
    }

    /// The sinks of zones.
    fn of(&self, zones: ZoneSet) -> impl Iterator<Item = &Sink<'a>> {
        let is_on = move |&(place, _): &(usize, &Sink<'_>)| self.floor.borrow().is_on(zones, place);
        self.sinks.iter().enumerate().filter(is_on).map(|(_, sink)| sink)
    }
}

/// Or levels of channels would have no room.
const _: () = assert!(ChannelSet::MOST <= MAX_CHANNELS);

/// The loudest sample. Without a limit of its own a sum of voices still ends at full scale: softly here, harshly in the
/// card.
pub(super) fn ceiling(settings: &Settings) -> Level {
    settings.audio.limiter.unwrap_or(Level::UNITY)
}

#[cfg(test)]
pub(super) mod tests;
