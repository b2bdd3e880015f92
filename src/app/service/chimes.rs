//! Chimes of a box at work.

use super::{Call, Klaxon, Service, Stage};
use crate::sip::CallKey;
use crate::time::Instant;

impl<'a> Service<'a> {
    /// The same box with chimes before pages and after them.
    pub(in super::super) fn chiming(self, klaxon: Klaxon<'a>) -> Self {
        Self { klaxon: Some(klaxon), ..self }
    }

    /// A caller rings; what is played would be heard whole from `open_at` on. When he may be answered.
    pub(super) fn chime(&mut self, now: Instant, open_at: Instant) -> Instant {
        let is_joining = self.is_called();
        let entry = self.pager.entry(now, open_at);
        match &mut self.klaxon {
            Some(klaxon) if !self.pager.is_full() => klaxon.handle_call(now, entry, is_joining),
            _ => open_at,
        }
    }

    /// Whether somebody pages, or is about to. Who has still to choose does not.
    fn is_called(&self) -> bool {
        let chooses = |call| self.phone.as_ref().is_some_and(|phone| phone.is_choosing(call));
        self.calls.iter().any(|(&call, state)| !matches!(state.stage, Stage::Leaving) && !chooses(call))
    }

    /// Has the chimes follow the pages.
    pub(super) fn follow(&mut self, now: Instant) {
        let is_called = self.is_called();
        let is_talking =
            |(call, state): (&CallKey, &Call<'_>)| matches!(state.stage, Stage::OnAir(_)) && !self.is_dialling(*call);
        let is_on_air = self.calls.iter().any(is_talking);
        if let Some(klaxon) = &mut self.klaxon {
            klaxon.handle_pages(now, is_called, is_on_air);
            klaxon.handle_timeout(now, || self.media.voice());
        }
    }
}
