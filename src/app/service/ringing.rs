//! Loud ringers: calls that somebody answers elsewhere, and what is heard of them.

use super::{Service, Stage, tell};
use crate::app::cards::Said;
use crate::app::floor::Hold;
use crate::config::Sound;
use crate::mix::{Recital, VoiceId};
use crate::paging::Ringing;
use crate::sip::CallKey;
use crate::sip::wire::StatusCode;
use crate::time::Instant;
use crate::zones::ZoneSet;
use core::time::Duration;
use log::Level;
use std::rc::Rc;

/// A stroke of a bell that is heard.
pub(super) struct Stroke<'a> {
    zones: ZoneSet,
    voice: VoiceId,
    /// The loudspeakers are its own until it ends.
    _hold: Rc<Hold<'a>>,
}

impl Service<'_> {
    /// A call rings over the loudspeakers, and is never answered.
    pub(super) fn ring_loudly(&mut self, now: Instant, call: CallKey) {
        if self.ringer.calls() >= MOST_RINGING {
            return self.give_up(now, call, StatusCode::BUSY_HERE, "too many ring already");
        }
        let Some(claim) = self.calls.get(&call).map(|state| state.terms.claim) else { return };
        let open_at = self.open(now).max(self.cards.open_at(now, &claim));
        let hold = self.cards.claim(now, claim, open_at);
        let length = self.sound_of(call).map_or(Duration::ZERO, |(_, length)| length);
        if let Some(state) = self.calls.get_mut(&call) {
            tell(Level::Info, state.name.as_deref(), format_args!("rings over the loudspeakers"));
            (state.stage, state.hold) = (Stage::Ringing, Some(hold));
        }
        self.endpoint.ring(now, call);
        self.ringer.handle_call(now, call, claim.zones, (open_at, length));
    }

    /// Does what a bell has to do.
    pub(super) fn on_ringing(&mut self, now: Instant, ringing: Ringing<CallKey>) {
        match ringing {
            Ringing::Strike(call) => self.strike(call),
            Ringing::Hush(zones) => self.hush_bell(zones),
            Ringing::GiveUp(call) => {
                self.give_up(now, call, StatusCode::TEMPORARILY_UNAVAILABLE, "nobody answers");
            }
        }
    }

    fn strike(&mut self, call: CallKey) {
        let hold = self.calls.get(&call).and_then(|state| state.hold.clone());
        let Some(((recital, _), hold)) = self.sound_of(call).zip(hold) else { return };
        let (zones, voice) = (hold.zones(), self.media.voice());
        self.hush_bell(zones);
        self.cards.wake(zones);
        if self.cards.attach_recital(voice, &recital, &hold) == Said::Begun {
            self.strokes.push(Stroke { zones, voice, _hold: hold });
        }
    }

    fn hush_bell(&mut self, zones: ZoneSet) {
        for stroke in self.strokes.extract_if(.., |stroke| stroke.zones == zones) {
            self.cards.release(stroke.voice);
        }
    }

    fn sound_of(&self, call: CallKey) -> Option<(Recital, Duration)> {
        let sound = match self.directory.klaxon(&self.calls.get(&call)?.terms) {
            // No chime before pages is no silent bell.
            Sound::None => &Sound::Gong,
            sound => sound,
        };
        self.klaxon.as_ref()?.recital(sound)
    }
}

/// Calls that ring at once.
const MOST_RINGING: usize = 16;
