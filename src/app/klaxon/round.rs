//! Pages whose zones overlap, one after the other or at once, and the chime after the last of them.

use super::made::Made;
use super::sound;
use crate::app::cards::Cards;
use crate::app::floor::Hold;
use crate::mix::VoiceId;
use crate::paging::{Claim, ClaimId};
use crate::time::Instant;
use crate::units::Level;
use crate::zones::ZoneSet;
use std::rc::Rc;

/// Calls that are heard together, or after one another without a pause.
pub(super) struct Round<'a> {
    /// Those that wait or are on air.
    calls: Vec<(ClaimId, Claim)>,
    /// What the last of them that came claims.
    last: Claim,
    /// Where some of them have been on air.
    heard: ZoneSet,
    after: After<'a>,
}

/// The chime after it.
enum After<'a> {
    /// None yet, and none any more.
    No,
    /// It is heard when the last voice there has gone.
    Due(Rc<Hold<'a>>),
    Sounds(VoiceId, Rc<Hold<'a>>),
}

impl<'a> Round<'a> {
    /// That of a caller who rings.
    pub(super) fn new(call: ClaimId, claim: Claim) -> Self {
        Self { calls: vec![(call, claim)], last: claim, heard: ZoneSet::NONE, after: After::No }
    }

    /// What was another round goes on as this one.
    pub(super) fn take_over(&mut self, other: Self) {
        self.calls.extend(other.calls);
        self.heard = self.heard.union(other.heard);
    }

    /// Only these calls are still there, on air or not; whether it is over by that.
    pub(super) fn handle_calls(&mut self, there: &[(ClaimId, bool)]) -> bool {
        let was_called = self.is_called();
        let find = |call: ClaimId| there.iter().find(|(other, _)| *other == call);
        self.calls.retain(|(call, _)| find(*call).is_some());
        for (call, claim) in &self.calls {
            if find(*call).is_some_and(|(_, is_on_air)| *is_on_air) {
                self.heard = self.heard.union(claim.zones);
            }
        }
        was_called && !self.is_called()
    }

    /// It is over: its chime is due in `zones`, which others do not use.
    pub(super) fn end(&mut self, now: Instant, zones: ZoneSet, cards: &Rc<Cards<'a>>) {
        if !zones.is_empty() {
            // Before the claim of the page is over, so that no music comes in between.
            self.after = After::Due(cards.claim(now, Claim { zones, ..self.last }, now));
        }
    }

    /// In these zones the chime after another one stands for its own.
    pub(super) fn leave_out(&mut self, zones: ZoneSet) {
        self.heard = self.heard.without(zones.without(self.zones()));
    }

    /// Has the chime begin that is due.
    pub(super) fn handle_timeout(
        &mut self,
        name: impl FnOnce() -> VoiceId,
        made: impl FnOnce() -> Option<Made>,
        (cards, level): (&Cards<'a>, Level),
    ) {
        let After::Due(hold) = &self.after else { return };
        // What it silences is not waited for: that may be long.
        if cards.speaks_beside(&hold.claim()) {
            return;
        }
        let recital = made().map(|made| made.recital(level));
        let voice = recital.and_then(|recital| sound(cards, name(), &recital, hold));
        self.after = voice.map_or(After::No, |voice| After::Sounds(voice, Rc::clone(hold)));
    }

    /// A card has given its voice back.
    pub(super) fn handle_retired(&mut self, voice: VoiceId) {
        if matches!(self.after, After::Sounds(own, _) if own == voice) {
            self.after = After::No;
        }
    }

    /// Nothing is heard after it.
    pub(super) fn hush(&mut self, cards: &Cards<'a>) {
        if let After::Sounds(voice, _) = core::mem::replace(&mut self.after, After::No) {
            cards.release(voice);
        }
    }

    /// Whether who comes with this claim is heard together with it.
    pub(super) fn is_joined_by(&self, claim: &Claim) -> bool {
        let is_with = |own: &Claim| own.zones.intersects(claim.zones) && !claim.silences(own);
        self.calls.iter().any(|(_, own)| is_with(own))
    }

    /// Where its calls are heard, or will be.
    pub(super) fn zones(&self) -> ZoneSet {
        self.calls.iter().fold(ZoneSet::NONE, |zones, (_, claim)| zones.union(claim.zones))
    }

    /// Where some of them have been on air.
    pub(super) const fn heard(&self) -> ZoneSet {
        self.heard
    }

    /// Where the chime after it sounds, or is due.
    pub(super) fn after(&self) -> ZoneSet {
        match &self.after {
            After::No => ZoneSet::NONE,
            After::Due(hold) | After::Sounds(_, hold) => hold.zones(),
        }
    }

    pub(super) const fn is_called(&self) -> bool {
        !self.calls.is_empty()
    }

    pub(super) const fn is_due(&self) -> bool {
        matches!(self.after, After::Due(_))
    }

    /// Whether its chime sounds, or is about to.
    pub(super) const fn is_busy(&self) -> bool {
        !matches!(self.after, After::No)
    }
}
