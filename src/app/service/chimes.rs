//! Chimes of a box at work.

use super::{Call, Klaxon, Service, Stage};
use crate::paging::Entry;
use crate::sip::CallKey;
use crate::time::Instant;

impl<'a> Service<'a> {
    /// The same box with chimes before pages and after them.
    pub(in super::super) fn chiming(self, klaxon: Klaxon<'a>) -> Self {
        Self { klaxon: Some(klaxon), ..self }
    }

    /// A caller does not have to wait for others; when he may be answered.
    pub(super) fn chime(&mut self, now: Instant, call: CallKey, entry: Entry) -> Instant {
        let is_other =
            |(&other, state): (&CallKey, &Call<'_>)| other != call && self.has_entered(other, state);
        let is_joining = self.calls.iter().any(is_other);
        match &mut self.klaxon {
            Some(klaxon) => klaxon.handle_call(now, entry, is_joining),
            None => entry.open_at,
        }
    }

    /// Has the chimes follow the pages.
    pub(super) fn follow(&mut self, now: Instant) {
        let is_called = self.calls.iter().any(|(&call, state)| self.has_entered(call, state));
        let is_on_air = self.calls.values().any(|call| matches!(call.stage, Stage::OnAir(_)));
        if let Some(klaxon) = &mut self.klaxon {
            klaxon.handle_pages(now, is_called, is_on_air);
            klaxon.handle_timeout(now, || self.media.voice());
        }
    }

    /// Whether a call waits for nothing but its chime, or is on air. Who has still to choose does not.
    fn has_entered(&self, call: CallKey, state: &Call<'_>) -> bool {
        state.is_there() && !self.queue.is_waiting(call) && !self.is_choosing(call)
    }
}
