//! Who waits for whom when several want to page the same zones.
//!
//! ```text
//!                      its zones are free              handle_ended
//!  handle_incoming ──────────────────────> entered ───────────────────> (gone)
//!        │ │                                  ^                            ^
//!        │ └ they are not ──> waiting ────────┘ Turn::Enter                │
//!        │                       │  ^ Turn::Place: another place           │
//!        │                       └──┴──────────────────────────────────────┘ handle_ended: whoever gives up
//!        └ too many wait: Refuse
//! ```
//! A call waits while one that has entered, or one before it in the queue, shares a zone with it. Before it is what has a
//! higher priority, or the same and came earlier. So nobody is passed by those who came later, and calls for other zones do
//! not wait. Who has entered with a lower priority is not waited for: it is for the loudspeakers to let the higher one
//! through, and an emergency, which waits for nobody. Where callers are mixed they do not wait for one another, but recordings
//! are heard by themselves all the same, and of two programmes of the same priority the second after the first. Leaves out: what
//! a caller is told of it, and when he is heard.

use super::{Claim, Class};
use crate::zones::ZoneSet;
use std::collections::VecDeque;

/// The calls of a box, in the order they came. `C` names a call; whoever owns the queue chooses the names.
#[derive(Debug)]
pub struct Queue<C> {
    rule: Rule,
    calls: Vec<Call<C>>,
    turns: VecDeque<Turn<C>>,
}

/// What becomes of several callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Callers do not wait for one another, nor they and programmes: they are heard together.
    Mix,
    /// One after the other; so many callers wait at most.
    OneByOne {
        /// How many.
        most: usize,
    },
}

/// What somebody wants to be heard with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// His voice.
    Call,
    /// What he has recorded. It is never refused: whoever recorded it may have gone.
    Recording,
    /// A sound that is there already: an announcement.
    Programme,
}

/// Where a call wants to be heard, and how much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// What it is.
    pub kind: Kind,
    /// Its zones.
    pub zones: ZoneSet,
    /// 0 to 100, higher wins.
    pub priority: u8,
    /// It is an emergency: it waits for nobody, and everybody for it.
    pub is_emergency: bool,
}

/// What becomes of a call that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It need not wait.
    Enter,
    /// It waits; a [`Turn::Place`] tells its place.
    Wait,
    /// Too many wait already.
    Refuse,
}

/// What has changed for a call that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn<C> {
    /// It waits no longer.
    Enter(C),
    /// It has this place among those who wait for the same zones, from 1.
    Place(C, usize),
}

#[derive(Clone, Copy, Debug)]
struct Call<C> {
    name: C,
    want: Want,
    /// `None` once it has entered; 0 until it was told its place.
    place: Option<usize>,
}

impl<C: Copy + PartialEq> Queue<C> {
    /// A queue without calls.
    #[must_use]
    pub fn new(rule: Rule) -> Self {
        Self { rule, calls: Vec::new(), turns: VecDeque::new() }
    }

    /// Does so from now on. Who waits already goes on waiting, unless nobody has to any more.
    pub fn set_rule(&mut self, rule: Rule) {
        self.rule = rule;
        self.settle();
    }

    /// A call has come.
    pub fn handle_incoming(&mut self, call: C, want: Want) -> Admission {
        let waits = self.is_held_up(want, self.calls.len());
        if waits && self.is_full(want.kind) {
            return Admission::Refuse;
        }
        self.calls.push(Call { name: call, want, place: waits.then_some(0) });
        self.settle();
        if waits { Admission::Wait } else { Admission::Enter }
    }

    /// A call is over, on air or not.
    pub fn handle_ended(&mut self, call: C) {
        self.calls.retain(|known| known.name != call);
        self.turns.retain(|turn| turn.call() != call);
        self.settle();
    }

    /// What has changed for those who wait.
    pub fn poll_turn(&mut self) -> Option<Turn<C>> {
        self.turns.pop_front()
    }

    /// Whether something has changed for somebody who does not know yet.
    #[must_use]
    pub fn has_turn(&self) -> bool {
        !self.turns.is_empty()
    }

    fn is_full(&self, kind: Kind) -> bool {
        let most = match (kind, self.rule) {
            (Kind::Call, Rule::OneByOne { most }) => most,
            (Kind::Programme, _) => MOST_PROGRAMMES,
            (Kind::Call, Rule::Mix) | (Kind::Recording, _) => return false,
        };
        self.calls.iter().filter(|call| call.place.is_some() && call.want.kind == kind).count() >= most
    }

    /// Lets those enter who can, and tells the others their places.
    fn settle(&mut self) {
        for index in self.in_order() {
            let Call { name, want, .. } = self.calls[index];
            if !self.is_held_up(want, index) {
                self.calls[index].place = None;
                self.turns.retain(|turn| turn.call() != name);
                self.turns.push_back(Turn::Enter(name));
                continue;
            }
            let place = Some(self.ahead(want, index) + 1);
            if self.calls[index].place != place {
                self.calls[index].place = place;
                self.turns.retain(|turn| turn.call() != name);
                self.turns.extend(place.map(|place| Turn::Place(name, place)));
            }
        }
    }

    /// Those who wait, the next one first.
    fn in_order(&self) -> Vec<usize> {
        let waits = |index: &usize| self.calls[*index].place.is_some();
        let mut order: Vec<_> = (0..self.calls.len()).filter(waits).collect();
        order.sort_by_key(|&index| core::cmp::Reverse(self.calls[index].want.rank()));
        order
    }

    /// Whether a call that came as number `index` has to wait.
    fn is_held_up(&self, want: Want, index: usize) -> bool {
        let holds = |call: &Call<C>| call.place.is_none() && want.yields_to(&call.want, self.rule);
        !want.is_emergency && (self.calls.iter().any(holds) || self.ahead(want, index) > 0)
    }

    /// How many wait before it for one of its zones.
    fn ahead(&self, want: Want, index: usize) -> usize {
        let is_ahead = |(other, call): &(usize, &Call<C>)| {
            let is_earlier = call.want.rank() > want.rank() || *other < index;
            call.place.is_some() && *other != index && is_earlier && want.yields_to(&call.want, self.rule)
        };
        self.calls.iter().enumerate().filter(is_ahead).count()
    }
}

impl Want {
    /// What comes of a claim.
    #[must_use]
    pub fn new(kind: Kind, claim: &Claim) -> Self {
        let Claim { class, zones, priority } = *claim;
        Self { kind, zones, priority, is_emergency: class == Class::Emergency }
    }

    /// Whether it is not heard together with `other` but after it, if that was there before.
    fn yields_to(&self, other: &Self, rule: Rule) -> bool {
        let is_apart = match (self.kind, other.kind) {
            (Kind::Recording, _) | (_, Kind::Recording) => true,
            (Kind::Programme, Kind::Programme) => rule != Rule::Mix || self.rank() == other.rank(),
            _ => rule != Rule::Mix,
        };
        is_apart && self.zones.intersects(other.zones) && other.rank() >= self.rank()
    }

    const fn rank(&self) -> (bool, u8) {
        (self.is_emergency, self.priority)
    }
}

impl<C: Copy> Turn<C> {
    fn call(&self) -> C {
        match *self {
            Self::Enter(call) | Self::Place(call, _) => call,
        }
    }
}

/// Programmes that wait.
const MOST_PROGRAMMES: usize = 8;

#[cfg(test)]
mod tests;
