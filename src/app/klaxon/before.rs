//! A chime before pages: who waits for it, and what is heard of it.

use super::made::Made;
use super::{Begun, sound};
use crate::app::cards::Cards;
use crate::app::floor::Hold;
use crate::mix::VoiceId;
use crate::paging::{Claim, ClaimId, Cue, Entry, Padding, Prelude};
use crate::time::Instant;
use crate::units::Level;
use std::rc::Rc;

/// One that is waited for, or sounds.
pub(super) struct Before<'a> {
    /// Those who wait for it, and those of them who were answered before its end.
    calls: Vec<ClaimId>,
    /// What the first of them claims.
    hold: Rc<Hold<'a>>,
    prelude: Prelude,
    /// What they shall hear; it is as long as they wait for it.
    promised: Option<Made>,
    voice: Option<VoiceId>,
}

impl<'a> Before<'a> {
    /// That of a caller who rings; when he may be answered.
    pub(super) fn new(
        now: Instant,
        entry: Entry,
        hold: &Rc<Hold<'a>>,
        (made, padding): (Made, Padding),
    ) -> (Self, Instant) {
        let mut prelude = Prelude::default();
        prelude.set_padding(padding);
        prelude.set_length(made.length());
        let answer_at = prelude.handle_call(now, entry);
        let (calls, hold, promised) = (vec![hold.id()], Rc::clone(hold), Some(made));
        (Self { calls, hold, prelude, promised, voice: None }, answer_at)
    }

    /// Another caller waits for it, too; when he may be answered.
    pub(super) fn join(&mut self, now: Instant, call: ClaimId, entry: Entry) -> Instant {
        self.calls.push(call);
        self.prelude.join(now, entry)
    }

    /// Only these calls are still there; where nobody waits for it any more, it ends.
    pub(super) fn handle_calls(&mut self, now: Instant, is_there: impl Fn(ClaimId) -> bool) {
        if self.calls.is_empty() {
            return;
        }
        self.calls.retain(|&call| is_there(call));
        if self.calls.is_empty() {
            self.prelude.handle_nobody(now);
        }
    }

    /// Acts on what is due. Tells when it begins.
    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        name: impl FnOnce() -> VoiceId,
        (cards, level): (&Cards<'a>, Level),
    ) -> Option<Begun> {
        self.prelude.handle_timeout(now);
        match self.prelude.poll_cue()? {
            Cue::Hush => {
                self.hush(cards);
                None
            }
            Cue::Sound => {
                let made = self.promised.take()?;
                self.voice = sound(cards, name(), &made.recital(level), &self.hold);
                let recital = made.recital(Level::from_gain(TO_CALLER));
                Some(Begun { calls: self.calls.clone(), recital })
            }
        }
    }

    /// A card has given its voice back.
    pub(super) fn handle_retired(&mut self, voice: VoiceId) {
        self.voice.take_if(|own| *own == voice);
    }

    pub(super) fn hush(&mut self, cards: &Cards<'a>) {
        if let Some(voice) = self.voice.take() {
            cards.release(voice);
        }
    }

    /// Whether who rings now with this claim waits for it, and does not talk over it.
    pub(super) fn is_awaited_by(&self, now: Instant, claim: &Claim) -> bool {
        let own = self.hold.claim();
        self.prelude.is_awaited(now) && own.zones.intersects(claim.zones) && !claim.silences(&own)
    }

    pub(super) fn is_of(&self, call: ClaimId) -> bool {
        self.calls.contains(&call)
    }

    /// When it begins, or began.
    pub(super) fn sounds_at(&self) -> Option<Instant> {
        self.prelude.sounds_at()
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.prelude.poll_timeout()
    }

    /// Whether it sounds, or is about to.
    pub(super) fn is_busy(&self) -> bool {
        self.voice.is_some() || self.prelude.poll_timeout().is_some()
    }

    #[cfg(test)]
    pub(super) const fn sounds(&self) -> bool {
        self.voice.is_some()
    }

    #[cfg(test)]
    pub(super) const fn promised(&self) -> Option<&Made> {
        self.promised.as_ref()
    }
}

/// How loud a chime is in a telephone, which is held to the ear: -12 dB.
const TO_CALLER: f32 = 0.25;
