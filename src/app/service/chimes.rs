//! Chimes of a box at work.

use super::{Call, Klaxon, Service, Stage};
use crate::app::floor::Hold;
use crate::time::Instant;
use std::rc::Rc;

impl<'a> Service<'a> {
    /// The same box with chimes before pages and after them.
    pub(in super::super) fn chiming(self, klaxon: Klaxon<'a>) -> Self {
        Self { klaxon: Some(klaxon), ..self }
    }

    /// A caller rings who claims what is held; what is played there would be heard whole from `open_at` on. When he may be
    /// answered.
    pub(super) fn chime(&mut self, now: Instant, open_at: Instant, hold: &Rc<Hold<'a>>) -> Instant {
        let is_there = |call: &Call<'_>| {
            let zones = call.hold.as_ref().map(|hold| hold.zones());
            zones.is_some_and(|zones| zones.intersects(hold.zones()))
        };
        let is_joining = self.calls.values().any(is_there);
        let entry = self.pager.entry(now, open_at);
        let (answer_at, sounds_at) = match &mut self.klaxon {
            Some(klaxon) if !self.pager.is_full() => {
                (klaxon.handle_call(now, entry, is_joining, hold), klaxon.sounds_at())
            }
            _ => (open_at, None),
        };
        let begins_at = sounds_at.unwrap_or(entry.answer_at.max(answer_at));
        self.cards.set_begin(now, hold, begins_at.max(open_at));
        answer_at
    }

    /// Has the chimes follow the pages.
    pub(super) fn follow(&mut self, now: Instant) {
        let is_called = self.calls.values().any(|call| !matches!(call.stage, Stage::Leaving));
        let is_on_air = self.calls.values().any(|call| matches!(call.stage, Stage::OnAir(_)));
        if let Some(klaxon) = &mut self.klaxon {
            klaxon.handle_pages(now, is_called, is_on_air);
            klaxon.handle_timeout(now, || self.media.voice());
        }
    }
}
