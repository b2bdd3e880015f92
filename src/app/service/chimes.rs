//! Chimes of a box at work.

use super::{Call, Klaxon, Service, Stage};
use crate::app::floor::Hold;
use crate::app::klaxon::Promise;
use crate::config::Sound;
use crate::paging::{ClaimId, Entry};
use crate::sip::CallKey;
use crate::time::Instant;
use std::rc::Rc;

impl<'a> Service<'a> {
    /// The same box with chimes before pages and after them.
    pub(in super::super) fn chiming(self, klaxon: Klaxon<'a>) -> Self {
        Self { klaxon: Some(klaxon), ..self }
    }

    /// A caller does not have to wait for others, and claims what he holds; when he may be answered.
    pub(super) fn chime(&mut self, now: Instant, call: CallKey, entry: Entry) -> Instant {
        let state = self.calls.get(&call);
        let Some((state, hold)) = state.and_then(|state| Some((state, state.hold.clone()?))) else {
            return entry.answer_at;
        };
        let sound = self.directory.klaxon(&state.terms).clone();
        // One call too many is refused; who has been answered is none.
        if self.pager.is_full() && matches!(state.stage, Stage::Waiting(_)) {
            self.cards.set_begin(now, &hold, entry.answer_at.max(entry.open_at));
            return entry.answer_at;
        }
        self.chime_of(now, (&hold, &sound), entry)
    }

    /// The same of a page that may be nobody's call.
    pub(super) fn chime_of(
        &mut self,
        now: Instant,
        (hold, sound): (&Rc<Hold<'a>>, &Sound),
        entry: Entry,
    ) -> Instant {
        let pages = self.pages();
        let promise = self.klaxon.as_mut().map(|klaxon| {
            klaxon.handle_rounds(now, &pages);
            klaxon.handle_call(now, entry, (hold, sound))
        });
        let none = Promise { answer_at: entry.answer_at, sounds_at: None };
        let Promise { answer_at, sounds_at } = promise.unwrap_or(none);
        self.cards.set_begin(now, hold, sounds_at.unwrap_or(answer_at).max(entry.open_at));
        answer_at
    }

    /// Has the chimes follow the pages.
    pub(super) fn follow(&mut self, now: Instant) {
        let pages = self.pages();
        let Some(klaxon) = &mut self.klaxon else { return };
        klaxon.handle_pages(now, &pages);
        for begun in klaxon.handle_timeout(now, || self.media.voice()) {
            self.tell_chime(now, &begun);
        }
    }

    /// What waits or is on air, and whether it is on air.
    fn pages(&self) -> Vec<(ClaimId, bool)> {
        let page = |state: &Call<'_>| match &state.stage {
            Stage::Ringing | Stage::Leaving => None,
            stage => Some((state.hold.as_ref()?.id(), matches!(stage, Stage::OnAir(_)))),
        };
        self.calls.values().filter_map(page).chain(self.delays.pages()).collect()
    }
}
