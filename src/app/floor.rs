//! Who is heard where, on cards that exist: zones by the names of the configuration, claims that end by themselves, the night.
//!
//! ```text
//!  Rc<Cards>::open_at(now, claim)            when it could begin: music has gone by then
//!            ::claim(now, claim, begins_at)  ──> Rc<Hold>, released when the last one who has it drops it
//!            ::attach(voice, …, &hold)       ──> a voice on the cards of the claim's zones, and on no other
//!            ::tend(now)                     ──> what has changed goes to the cards, at the end of each turn
//! ```
//! A call, its chime and what is said for it share one hold. [`paging::Floor`] decides; here stands
//! where a zone is, and how loud by day and by night. A zone's own volume lies behind its limiter; all the rest is the gain
//! of a voice in that zone. At night a zone is as loud as `night-volume` says, and by telephone it is made softer, but for
//! emergencies; made louder it is for them, too. Until somebody has said what time it is it is day.

use super::cards::Cards;
use crate::clock;
use crate::config::{Mode, Night, Output, Reception, Settings, Switch, Zone};
use crate::mix::{OutputLevels, Route, VoiceId};
use crate::paging::{self, Change, Claim, ClaimId, Class, Manner, MusicFade, MusicFades, Step};
use crate::time::Instant;
use crate::units::Level;
use crate::zones::ZoneSet;
use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A claim, as long as somebody has it.
pub(super) struct Hold<'a> {
    cards: Rc<Cards<'a>>,
    claim: Claim,
    id: ClaimId,
}

impl<'a> Hold<'a> {
    pub(super) const fn new(cards: Rc<Cards<'a>>, claim: Claim, id: ClaimId) -> Self {
        Self { cards, claim, id }
    }

    pub(super) const fn id(&self) -> ClaimId {
        self.id
    }

    /// What is claimed.
    pub(super) const fn claim(&self) -> Claim {
        self.claim
    }

    /// Where it is heard.
    pub(super) const fn zones(&self) -> ZoneSet {
        self.claim.zones
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.cards.give_up(self.id);
    }
}

impl fmt::Debug for Hold<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").field("claim", &self.claim).finish_non_exhaustive()
    }
}

/// The floor of a box.
pub(super) struct Floor {
    core: paging::Floor,
    settings: Settings,
    /// What was told by telephone, zone by zone.
    dialled: Vec<Dialled>,
    night: Switch,
    /// Whether somebody has said what time it is since the box began. A clock that was right then goes on well enough.
    has_time: bool,
    /// In which zones it is night.
    nights: ZoneSet,
    /// Where each zone is; `None`: it has no channel.
    places: Vec<Option<Place>>,
    voices: BTreeMap<VoiceId, Voice>,
    /// Claims that nobody has any more.
    given_up: Vec<ClaimId>,
}

/// Where a zone is: on which card, and which of the card's zones it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    sink: usize,
    zone: usize,
}

#[derive(Clone, Copy, Debug)]
struct Voice {
    claim: ClaimId,
    what: Claim,
    is_music: bool,
    /// Cards that have it: one bit each.
    sinks: u8,
    /// Cards that have not given it back yet.
    left: u8,
}

/// How loud a zone is to be, as somebody has told by telephone.
#[derive(Clone, Copy, Debug, Default)]
struct Dialled {
    day: Option<Level>,
    night: Option<Level>,
}

/// A voice of a sink becomes so loud in one of its zones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Told {
    pub(super) sink: usize,
    pub(super) voice: VoiceId,
    pub(super) zone: usize,
    pub(super) change: (Level, Duration),
}

/// Where a voice begins: on a sink, and what is to be told there at once.
#[derive(Clone, Debug)]
pub(super) struct Begin {
    pub(super) sink: usize,
    pub(super) route: Route,
    pub(super) told: Vec<Told>,
}

impl Floor {
    pub(super) fn new(settings: &Settings) -> Self {
        let mut floor = Self {
            core: paging::Floor::new(Vec::new(), fades(settings)),
            settings: settings.clone(),
            dialled: Vec::new(),
            night: Switch::Auto,
            has_time: false,
            nights: ZoneSet::NONE,
            places: places(settings),
            voices: BTreeMap::new(),
            given_up: Vec::new(),
        };
        floor.dialled = vec![Dialled::default(); floor.places.len()];
        floor.nights = floor.nights_now();
        floor.core = paging::Floor::new(floor.manners(), fades(settings));
        floor
    }

    /// Does as `settings` say, which name the same zones. Where they have another volume, and in a box without zones, what was told by
    /// telephone does not count any more; the night does.
    pub(super) fn set_settings(&mut self, now: Instant, settings: &Settings) {
        for (place, dialled) in self.dialled.iter_mut().enumerate() {
            let is_whole = settings.zones.is_empty();
            if is_whole || volumes(&self.settings, place) != volumes(settings, place) {
                *dialled = Dialled::default();
            }
        }
        self.settings = settings.clone();
        self.nights = self.nights_now();
        self.core.set_manners(now, self.manners(), fades(settings));
    }

    /// Somebody vouches for the clock.
    pub(super) fn handle_time(&mut self, now: Instant) {
        self.has_time = true;
        self.look_at_the_clock(now);
    }

    /// Whether nights begin by a clock for which nobody has vouched yet.
    pub(super) fn wants_time(&self) -> bool {
        !self.has_time && self.goes_by_the_clock()
    }

    /// Whether it is night, whatever the clock says.
    pub(super) fn set_night(&mut self, now: Instant, night: Switch) {
        self.night = night;
        self.look_at_the_clock(now);
    }

    /// These zones are so loud, by day or, where it is night, at night, until the configuration has another
    /// volume for them.
    pub(super) fn set_volume(&mut self, now: Instant, zones: ZoneSet, level: Level) {
        for (place, dialled) in
            self.dialled.iter_mut().enumerate().filter(|(place, _)| zones.contains(*place))
        {
            let time = if self.nights.contains(place) { &mut dialled.night } else { &mut dialled.day };
            *time = Some(level);
        }
        self.core.set_manners(now, self.manners(), fades(&self.settings));
    }

    /// How loud a zone is at present.
    pub(super) fn volume(&self, place: usize) -> Level {
        let Dialled { day, night } = self.dialled(place);
        let night = night.or_else(|| self.settings.zones.get(place)?.night_volume);
        let night = night.filter(|_| self.nights.contains(place));
        night.or(day).unwrap_or_else(|| self.configured(place))
    }

    /// How loud each channel of each card is: as the configuration says, or louder.
    pub(super) fn output_levels(&self, ceiling: Level) -> Vec<OutputLevels> {
        let mut settings = self.settings.clone();
        for (place, zone) in settings.zones.iter_mut().enumerate() {
            zone.volume = self.output_level(place);
        }
        let whole = if settings.zones.is_empty() { self.output_level(0) } else { Level::UNITY };
        let gain = |level: Level| Level::from_gain(level.gain() * whole.gain());
        let levels = |output: &Output| OutputLevels {
            channels: output.gains().into_iter().map(gain).collect(),
            ceiling,
        };
        settings.outputs().iter().map(levels).collect()
    }

    pub(super) fn open_at(&self, now: Instant, claim: &Claim) -> Instant {
        self.core.open_at(now, claim)
    }

    pub(super) fn claim(&mut self, now: Instant, claim: Claim, begins_at: Instant) -> ClaimId {
        self.core.claim(now, claim, begins_at)
    }

    pub(super) fn set_begin(&mut self, now: Instant, id: ClaimId, begins_at: Instant) {
        self.core.set_begin(now, id, begins_at);
    }

    /// Nobody has this claim any more. It is released when the floor is next tended.
    pub(super) fn give_up(&mut self, id: ClaimId) {
        self.given_up.push(id);
    }

    /// Does what is due at `now`; says what the cards are to be told.
    pub(super) fn tend(&mut self, now: Instant) -> Vec<Told> {
        for id in core::mem::take(&mut self.given_up) {
            self.core.release(now, id);
        }
        self.look_at_the_clock(now);
        self.core.handle_timeout(now);
        let mut told = Vec::new();
        while let Some(change) = self.core.poll_change() {
            self.tell(change, &mut told);
        }
        told
    }

    pub(super) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let minute = self.goes_by_the_clock().then(|| now + until_minute(clock::wall()));
        let given_up = (!self.given_up.is_empty()).then_some(now);
        [self.core.poll_timeout(), minute, given_up].into_iter().flatten().min()
    }

    /// Whether nothing of this claim can be heard, and nothing of it is coming back.
    pub(super) fn is_mute(&self, now: Instant, id: ClaimId) -> bool {
        let is_mute = |level: Level| level == Level::MUTE;
        self.core
            .heard(now, id)
            .all(|heard| is_mute(heard.level) && heard.next.is_none_or(|next| is_mute(next.level)))
    }

    /// Where something of this claim can be heard.
    pub(super) fn audible(&self, now: Instant, id: ClaimId) -> ZoneSet {
        let sounds = |zone: usize| self.output_level(zone) != Level::MUTE;
        let heard = self.core.heard(now, id).filter(|heard| heard.level != Level::MUTE && sounds(heard.zone));
        heard.map(|heard| heard.zone).collect()
    }

    /// Whether this claim loses wherever it is.
    pub(super) fn is_beaten(&self, now: Instant, id: ClaimId) -> bool {
        self.core.is_beaten(now, id)
    }

    /// Where `voice` begins of what is held, and notes that it does.
    pub(super) fn attach(&mut self, now: Instant, voice: VoiceId, hold: &Hold<'_>) -> Vec<Begin> {
        let (claim, what) = (hold.id(), hold.claim());
        let is_music = what.class == Class::Music;
        let mut begins: Vec<Begin> = Vec::new();
        for heard in self.core.heard(now, claim) {
            let Some(Place { sink, zone }) = self.places.get(heard.zone).copied().flatten() else { continue };
            let at = begins.iter().position(|begin| begin.sink == sink).unwrap_or_else(|| {
                begins.push(Begin { sink, route: Route::NOWHERE, told: Vec::new() });
                begins.len() - 1
            });
            begins[at].route = begins[at].route.with(zone, heard.level);
            let told = |Step { level, fade }| Told { sink, voice, zone, change: (level, fade) };
            begins[at].told.extend(heard.next.map(told));
        }
        let sinks = begins.iter().fold(0, |sinks, begin| sinks | bit(begin.sink));
        self.voices.insert(voice, Voice { claim, what, is_music, sinks, left: sinks });
        begins
    }

    /// No card has it any more, or none ever had.
    pub(super) fn forget(&mut self, voice: VoiceId) {
        self.voices.remove(&voice);
    }

    /// A card has given it back; whether it was the last.
    pub(super) fn handle_retired(&mut self, voice: VoiceId, sink: usize) -> bool {
        let Some(state) = self.voices.get_mut(&voice) else { return true };
        state.left &= !bit(sink);
        let is_last = state.left == 0;
        if is_last {
            self.voices.remove(&voice);
        }
        is_last
    }

    /// Whether `sink` has `voice`.
    pub(super) fn has(&self, voice: VoiceId, sink: usize) -> bool {
        self.voices.get(&voice).is_some_and(|voice| voice.sinks & bit(sink) != 0)
    }

    /// Whether a card has it still.
    pub(super) fn is_heard(&self, voice: VoiceId) -> bool {
        self.voices.get(&voice).is_some_and(|voice| voice.left != 0)
    }

    /// Whether a card has a voice in a zone of `claim` that is no music, and that it does not silence.
    pub(super) fn speaks_beside(&self, claim: &Claim) -> bool {
        let is_beaten = |voice: &Voice| {
            self.core.holds(voice.claim) && claim.zones.iter().any(|zone| claim.beats(&voice.what, zone))
        };
        let mut voices = self.voices.values().filter(|voice| voice.what.zones.intersects(claim.zones));
        voices.any(|voice| !voice.is_music && voice.left != 0 && !is_beaten(voice))
    }

    /// Whether one of the zones is on this card.
    pub(super) fn is_on(&self, zones: ZoneSet, sink: usize) -> bool {
        let places = self.places.iter().enumerate().filter(|(zone, _)| zones.contains(*zone));
        places.filter_map(|(_, place)| *place).any(|place| place.sink == sink)
    }

    fn tell(&self, Change { claim, zone, level, fade }: Change, told: &mut Vec<Told>) {
        let Some(Place { sink, zone }) = self.places.get(zone).copied().flatten() else { return };
        let voices =
            self.voices.iter().filter(|(_, voice)| voice.claim == claim && voice.left & bit(sink) != 0);
        told.extend(voices.map(|(&voice, _)| Told { sink, voice, zone, change: (level, fade) }));
    }

    fn look_at_the_clock(&mut self, now: Instant) {
        let nights = self.nights_now();
        if nights != self.nights {
            self.nights = nights;
            self.core.set_manners(now, self.manners(), fades(&self.settings));
        }
    }

    fn nights_now(&self) -> ZoneSet {
        let goes_by_the_clock = self.goes_by_the_clock();
        let minute = goes_by_the_clock.then(|| minute_of_day(clock::wall(), self.has_time)).flatten();
        let zones = self.settings.zones.iter().enumerate();
        zones.filter(|(_, zone)| is_night(zone.night, self.night, minute)).map(|(zone, _)| zone).collect()
    }

    fn goes_by_the_clock(&self) -> bool {
        self.night == Switch::Auto && self.settings.zones.iter().any(|zone| zone.night.is_some())
    }

    fn manners(&self) -> Vec<Manner> {
        (0..self.places.len()).map(|place| self.manner(place)).collect()
    }

    fn manner(&self, place: usize) -> Manner {
        let output = self.output_level(place);
        let factor = if output == Level::MUTE { 1.0 } else { self.volume(place).gain() / output.gain() };
        let zone = self.settings.zones.get(place);
        let level = |own: Option<Level>| Level::from_gain(own.unwrap_or(Level::UNITY).gain() * factor);
        Manner {
            duck: zone.map_or(Level::MUTE, |zone| zone.duck),
            emergency: Level::UNITY,
            page: level(zone.and_then(|zone| zone.volume_page)),
            multicast: level(zone.and_then(|zone| zone.volume_multicast)),
            bell: level(zone.and_then(|zone| zone.volume_bell)),
            music: level(zone.and_then(|zone| zone.volume_music)),
        }
    }

    /// How loud a zone is behind its limiter, emergencies too: no softer than the configuration says, whatever is told by
    /// telephone.
    fn output_level(&self, place: usize) -> Level {
        let Dialled { day, night } = self.dialled(place);
        [day, night].into_iter().flatten().fold(self.configured(place), louder)
    }

    /// How loud the configuration has a zone; a box without zones is one that is as loud as it can be.
    fn configured(&self, place: usize) -> Level {
        self.settings.zones.get(place).map_or(Level::UNITY, |zone| zone.volume)
    }

    fn dialled(&self, place: usize) -> Dialled {
        self.dialled.get(place).copied().unwrap_or_default()
    }
}

/// What a call, a bell, music or a notice with these terms claims.
pub(super) fn claim_of(settings: &Settings, reception: &Reception) -> Claim {
    let class = match reception.mode {
        Mode::Page => Class::Page,
        Mode::Ring => Class::Bell,
        Mode::Emergency => Class::Emergency,
    };
    let priority = match (class, reception.priority) {
        // Or a ringer of which nothing else is said would ring into the words of a page.
        (Class::Bell, PAGE) => BELL,
        (class, own) => priority_of(class, own),
    };
    Claim { class, priority, zones: settings.zone_set(&reception.zones) }
}

/// An emergency has at least the priority of its name.
pub(super) fn priority_of(class: Class, priority: u8) -> u8 {
    if class == Class::Emergency { priority.max(EMERGENCY) } else { priority }
}

/// How loud a zone is by day and at night.
fn volumes(settings: &Settings, place: usize) -> Option<(Level, Option<Level>)> {
    settings.zones.get(place).map(|zone| (zone.volume, zone.night_volume))
}

/// How loud a voice of this class is that is to be so loud by itself: no emergency is softer than it is.
pub(super) fn level_of(class: Class, level: Level) -> Level {
    if class == Class::Emergency { louder(level, Level::UNITY) } else { level }
}

fn louder(one: Level, other: Level) -> Level {
    if other > one { other } else { one }
}

fn fades(settings: &Settings) -> MusicFades {
    let fade = |fade: crate::config::MusicFade| MusicFade {
        duration: Duration::from_secs_f64(if fade.duration > 0.0 {
            fade.duration.min(LONGEST_S)
        } else {
            0.0
        }),
        offset: fade.offset,
        min: fade.min,
    };
    MusicFades { out: fade(settings.audio.fade_out), back: fade(settings.audio.fade_in) }
}

/// Where the zones of `settings` are; where there are none, the one that has all.
fn places(settings: &Settings) -> Vec<Option<Place>> {
    let outputs = settings.outputs();
    if settings.zones.is_empty() {
        return vec![Some(Place { sink: 0, zone: 0 })];
    }
    let find = |zone: &Zone| {
        outputs.iter().enumerate().find_map(|(sink, output)| {
            let zone = output.routes.iter().position(|route| route.zone == zone.name)?;
            Some(Place { sink, zone })
        })
    };
    settings.zones.iter().map(find).collect()
}

fn is_night(night: Option<Night>, switch: Switch, minute: Option<u16>) -> bool {
    match (switch, night, minute) {
        (Switch::On, ..) => true,
        (Switch::Off, ..) | (_, None, _) | (_, _, None) => false,
        (Switch::Auto, Some(night), Some(minute)) => {
            let [from, to] =
                [night.from, night.to].map(|time| u16::from(time.hour) * 60 + u16::from(time.minute));
            if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to }
        }
    }
}

/// The minute of the local day; `None` while nobody has said what time it is: a clock that shows a likely time may be that
/// of the last shutdown.
fn minute_of_day(wall: Duration, has_time: bool) -> Option<u16> {
    let local = i64::try_from(wall.as_secs()).ok()? + i64::from(clock::local_offset_s(wall));
    let minute = local.rem_euclid(86_400) / 60;
    u16::try_from(minute).ok().filter(|_| has_time)
}

fn until_minute(wall: Duration) -> Duration {
    let gone_ms = u64::try_from(wall.as_millis() % 60_000).unwrap_or(0);
    Duration::from_millis(60_000 - gone_ms)
}

/// Eight cards at most.
fn bit(sink: usize) -> u8 {
    u32::try_from(sink).ok().and_then(|sink| 1_u8.checked_shl(sink)).unwrap_or(0)
}

/// The priority of a page, and of what says nothing else.
const PAGE: u8 = 60;
/// That of a bell.
const BELL: u8 = 40;
/// An emergency is never less than its name says.
const EMERGENCY: u8 = 90;
/// No fade is longer.
const LONGEST_S: f64 = 600.0;

#[cfg(test)]
mod tests;
