//! Chimes of a box at work.

use super::{Call, Klaxon, Service, Stage};
use crate::app::floor::Hold;
use crate::config::Sound;
use crate::paging::Entry;
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
        self.chime_of(now, (&hold, &sound), Some(call), entry)
    }

    /// The same of a page that may be nobody's call.
    pub(super) fn chime_of(
        &mut self,
        now: Instant,
        (hold, sound): (&Rc<Hold<'a>>, &Sound),
        call: Option<CallKey>,
        entry: Entry,
    ) -> Instant {
        let is_joined = |(&other, state): (&CallKey, &Call<'_>)| {
            let zones = state.hold.as_ref().map(|hold| hold.zones());
            let is_page = !matches!(state.stage, Stage::Ringing);
            Some(other) != call && is_page && zones.is_some_and(|zones| zones.intersects(hold.zones()))
        };
        let recording = self.delays.page().is_some_and(|(zones, _)| zones.intersects(hold.zones()));
        let is_joining = recording || self.calls.iter().any(is_joined);
        let (answer_at, sounds_at) = match &mut self.klaxon {
            Some(klaxon) => {
                let answer_at = klaxon.handle_call(now, entry, is_joining, (hold, sound));
                (answer_at, klaxon.sounds_at(hold.zones()))
            }
            _ => (entry.answer_at, None),
        };
        let begins_at = sounds_at.unwrap_or(entry.answer_at.max(answer_at));
        self.cards.set_begin(now, hold, begins_at.max(entry.open_at));
        answer_at
    }

    /// Has the chimes follow the pages.
    pub(super) fn follow(&mut self, now: Instant) {
        let page = |state: &Call<'_>| match &state.stage {
            Stage::Ringing | Stage::Leaving => None,
            stage => Some((state.hold.as_ref()?.zones(), matches!(stage, Stage::OnAir(_)))),
        };
        let pages: Vec<_> = self.calls.values().filter_map(page).chain(self.delays.page()).collect();
        let Some(klaxon) = &mut self.klaxon else { return };
        klaxon.handle_pages(now, &pages);
        for begun in klaxon.handle_timeout(now, || self.media.voice()) {
            self.tell_chime(&begun);
        }
    }
}
