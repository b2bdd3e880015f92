//! The floor: all that wants to be heard now or soon, and how loud each of them is in each zone.
//!
//! ```text
//!  open_at ──> when a claim could begin (music is down by then)
//!  claim   ──> ClaimId ─┐
//!  release ─────────────┼─> arbiter, zone by zone ─┬─ calls, bells … : cut within 5 ms ─┬─> Change: claim, zone, level, fade
//!  handle_timeout ──────┘                          └─ music: Swell ────────────────────┘
//! ```
//! A claim holds from when it is made until it is released; it counts against others from when it begins. Music gives way
//! beforehand, so that it is down by then. How loud something is in a zone is what the zone says of its class, times what
//! becomes of its claim. Leaves out: how loud a source is by itself, how loud the whole zone is, and where that is.

use super::arbiter::{Claim, Class, Verdict, arbitrate};
use super::swell::{Loss, MusicFades, Step, Swell};
use crate::time::Instant;
use crate::units::Level;
use core::time::Duration;
use std::collections::VecDeque;

/// Who is heard in which zone. Zones count as in a [`ZoneSet`](crate::zones::ZoneSet).
#[derive(Debug)]
pub struct Floor {
    manners: Vec<Manner>,
    fades: MusicFades,
    /// In the order of their arrival.
    held: Vec<Held>,
    last: u64,
    changes: VecDeque<Change>,
    /// When something is due; at once, if a claim has come or gone.
    next: Option<Instant>,
}

/// The name of a claim; none is given out twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimId(u64);

/// How things are heard in a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Manner {
    /// How loud what loses to a higher claim is.
    pub duck: Level,
    /// How loud emergencies are.
    pub emergency: Level,
    /// And pages, and what the box says.
    pub page: Level,
    /// And pages that come by multicast.
    pub multicast: Level,
    /// And bells.
    pub bell: Level,
    /// And music.
    pub music: Level,
}

/// What is to be done now: the voices of a claim become so loud in a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Whose.
    pub claim: ClaimId,
    /// Where.
    pub zone: usize,
    /// How loud.
    pub level: Level,
    /// How long the change takes.
    pub fade: Duration,
}

/// How loud the voices of a claim are in a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// Where.
    pub zone: usize,
    /// How loud now.
    pub level: Level,
    /// Where that leads, if it is on its way.
    pub next: Option<Step>,
}

#[derive(Debug)]
struct Held {
    id: ClaimId,
    claim: Claim,
    begins_at: Instant,
    cells: Vec<Cell>,
}

/// A claim in a zone.
#[derive(Clone, Copy, Debug)]
struct Cell {
    zone: usize,
    gain: Gain,
}

#[derive(Clone, Copy, Debug)]
enum Gain {
    Live(Level),
    Music(Swell),
}

impl Floor {
    /// A floor of so many zones as there are `manners`, on which nobody is heard.
    #[must_use]
    pub fn new(manners: Vec<Manner>, fades: MusicFades) -> Self {
        Self { manners, fades, held: Vec::new(), last: 0, changes: VecDeque::new(), next: None }
    }

    /// Things are heard like this from now on; `manners` are of as many zones as before.
    pub fn set_manners(&mut self, now: Instant, manners: Vec<Manner>, fades: MusicFades) {
        (self.manners, self.fades) = (manners, fades);
        self.settle_all(now);
        for place in 0..self.held.len() {
            for cell in self.held[place].cells.clone() {
                let (_, Step { level, fade }) = cell.gain.at(now);
                self.change(place, cell.zone, Step { level, fade: fade.max(Swell::CUT) });
            }
        }
    }

    /// When `claim` could begin, if it were made now. Only music is waited for, and not by an emergency.
    #[must_use]
    pub fn open_at(&self, now: Instant, claim: &Claim) -> Instant {
        if matches!(claim.class, Class::Emergency | Class::Music) {
            return now;
        }
        let of_zone = |held: &Held, cell: &Cell| {
            let Gain::Music(swell) = &cell.gain else { return None };
            let manner = self.manners.get(cell.zone)?;
            let is_heard = claim.beats(&held.claim, cell.zone) && manner.music != Level::MUTE;
            is_heard.then(|| swell.open_at(now, manner.duck, &self.fades))
        };
        let cells = self.held.iter().flat_map(|held| held.cells.iter().map(move |cell| (held, cell)));
        cells.filter_map(|(held, cell)| of_zone(held, cell)).fold(now, Instant::max)
    }

    /// Somebody wants to be heard, from `begins_at` on.
    pub fn claim(&mut self, now: Instant, claim: Claim, begins_at: Instant) -> ClaimId {
        self.last += 1;
        let id = ClaimId(self.last);
        self.held.push(Held { id, claim, begins_at, cells: Vec::new() });
        let place = self.held.len() - 1;
        let zones = claim.zones.iter().take_while(|&zone| zone < self.manners.len());
        let cells = zones.map(|zone| Cell { zone, gain: self.first_gain(now, place, zone) }).collect();
        self.held[place].cells = cells;
        self.settle_all(now);
        id
    }

    /// It begins then and not when it was said to.
    pub fn set_begin(&mut self, now: Instant, id: ClaimId, begins_at: Instant) {
        if let Some(held) = self.held.iter_mut().find(|held| held.id == id) {
            held.begins_at = begins_at;
            self.settle_all(now);
        }
    }

    /// It is over. Its voices say what they have left as loud as they are.
    pub fn release(&mut self, now: Instant, id: ClaimId) {
        self.held.retain(|held| held.id != id);
        self.settle_all(now);
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|due| due <= now) {
            self.settle_all(now);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Instant> {
        self.next
    }

    fn settle_all(&mut self, now: Instant) {
        for zone in 0..self.manners.len() {
            self.settle(now, zone);
        }
        self.next = self.due(now);
    }

    fn due(&self, now: Instant) -> Option<Instant> {
        let begins = self.held.iter().map(|held| held.begins_at).filter(|&begins_at| begins_at > now);
        let music = self.held.iter().enumerate().flat_map(|(place, held)| {
            held.cells.iter().filter_map(move |cell| {
                let Gain::Music(swell) = &cell.gain else { return None };
                swell.poll_timeout(now, self.loss(now, place, cell.zone), &self.fades)
            })
        });
        begins.chain(music).min()
    }

    /// The next thing to do.
    pub fn poll_change(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// How loud a voice of this claim is that begins at `now`: in its zones, and nowhere else.
    pub fn heard(&self, now: Instant, id: ClaimId) -> impl Iterator<Item = Heard> {
        let held = self.held.iter().find(|held| held.id == id);
        held.into_iter().flat_map(move |held| {
            held.cells.iter().map(move |&Cell { zone, gain }| {
                let ((level, next), own) = (gain.at(now), self.own_level(held.claim.class, zone));
                let next = (!next.fade.is_zero()).then(|| Step { level: times(next.level, own), ..next });
                Heard { zone, level: times(level, own), next }
            })
        })
    }

    /// Whether it loses in each of its zones to something that mutes it there, however loud the zone has it.
    #[must_use]
    pub fn is_beaten(&self, now: Instant, id: ClaimId) -> bool {
        let mut cells = self.held.iter().filter(|held| held.id == id).flat_map(|held| &held.cells).peekable();
        cells.peek().is_some() && cells.all(|cell| cell.gain.at(now).0 == Level::MUTE)
    }

    /// Whether it is still there.
    #[must_use]
    pub fn holds(&self, id: ClaimId) -> bool {
        self.held.iter().any(|held| held.id == id)
    }

    fn first_gain(&self, now: Instant, place: usize, zone: usize) -> Gain {
        match self.held[place].claim.class {
            Class::Music => Gain::Music(Swell::new(now, self.loss(now, place, zone))),
            _ => Gain::Live(self.verdict(now, place, zone)),
        }
    }

    fn settle(&mut self, now: Instant, zone: usize) {
        let (begun, claims) = self.begun(|held| held.begins_at <= now);
        let verdicts = arbitrate(&claims, zone, self.duck(zone));
        let verdict_of = |place: usize| {
            let at = begun.binary_search(&place).ok()?;
            verdicts.get(at).copied().flatten().map(Verdict::level)
        };
        for place in 0..self.held.len() {
            let Some(at) = self.held[place].cells.iter().position(|cell| cell.zone == zone) else { continue };
            match self.held[place].cells[at].gain {
                Gain::Live(old) => {
                    let level = verdict_of(place).unwrap_or_else(|| self.verdict(now, place, zone));
                    if level != old {
                        self.held[place].cells[at].gain = Gain::Live(level);
                        self.change(place, zone, Step { level, fade: Swell::CUT });
                    }
                }
                Gain::Music(mut swell) => {
                    let step = swell.handle(now, self.loss(now, place, zone), &self.fades);
                    self.held[place].cells[at].gain = Gain::Music(swell);
                    if let Some(step) = step {
                        self.change(place, zone, step);
                    }
                }
            }
        }
    }

    /// What becomes of what is not music, among all that has begun.
    fn verdict(&self, now: Instant, place: usize, zone: usize) -> Level {
        let own = self.held[place].id;
        let (places, claims) = self.begun(|held| held.id == own || held.begins_at <= now);
        let verdicts = arbitrate(&claims, zone, self.duck(zone));
        let own = places.binary_search(&place).ok();
        let verdict = own.and_then(|own| verdicts.get(own).copied().flatten());
        verdict.map_or(Level::MUTE, Verdict::level)
    }

    /// Those that count, by their place and by what they claim.
    fn begun(&self, counts: impl Fn(&Held) -> bool) -> (Vec<usize>, Vec<Claim>) {
        let held = self.held.iter().enumerate().filter(|(_, held)| counts(held));
        held.map(|(place, held)| (place, held.claim)).unzip()
    }

    /// What beats music in a zone, or will: an emergency at once, else whatever begins first.
    fn loss(&self, now: Instant, place: usize, zone: usize) -> Option<Loss> {
        let own = &self.held[place].claim;
        let beats = |(other, held): (usize, &Held)| {
            let keeps_out = other < place && held.claim.keeps_out(own, zone);
            let rest = if keeps_out { Level::MUTE } else { self.duck(zone) };
            let is_sudden = held.claim.class == Class::Emergency;
            (keeps_out || held.claim.beats(own, zone)).then_some(Loss { at: held.begins_at, rest, is_sudden })
        };
        let losses = || self.held.iter().enumerate().filter_map(beats);
        let first = losses().min_by_key(|loss| (!(loss.is_sudden && loss.at <= now), loss.at))?;
        let begun = losses().filter(|loss| loss.at <= now).map(|loss| loss.rest);
        Some(Loss { rest: begun.fold(first.rest, softer), ..first })
    }

    fn change(&mut self, place: usize, zone: usize, Step { level, fade }: Step) {
        let Held { id: claim, claim: Claim { class, .. }, .. } = self.held[place];
        let level = times(level, self.own_level(class, zone));
        self.changes.push_back(Change { claim, zone, level, fade });
    }

    fn own_level(&self, class: Class, zone: usize) -> Level {
        self.manners.get(zone).map_or(Level::MUTE, |manner| manner.level(class))
    }

    fn duck(&self, zone: usize) -> Level {
        self.manners.get(zone).map_or(Level::MUTE, |manner| manner.duck)
    }
}

impl Gain {
    /// How loud it is, and where that leads.
    fn at(&self, now: Instant) -> (Level, Step) {
        match *self {
            Self::Live(level) => (level, Step { level, fade: Duration::ZERO }),
            Self::Music(swell) => swell.at(now),
        }
    }
}

impl Manner {
    /// A zone in which all is as loud as it is, and what loses is not heard.
    pub const PLAIN: Self = Self {
        duck: Level::MUTE,
        emergency: Level::UNITY,
        page: Level::UNITY,
        multicast: Level::UNITY,
        bell: Level::UNITY,
        music: Level::UNITY,
    };

    const fn level(&self, class: Class) -> Level {
        match class {
            Class::Emergency => self.emergency,
            Class::Page | Class::Notice => self.page,
            Class::Multicast => self.multicast,
            Class::Bell => self.bell,
            Class::Music => self.music,
        }
    }
}

fn times(one: Level, other: Level) -> Level {
    Level::from_gain(one.gain() * other.gain())
}

fn softer(one: Level, other: Level) -> Level {
    if other < one { other } else { one }
}

#[cfg(test)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "times and levels of a listener are small numbers, and silence is exact zeros"
)]
mod tests;
