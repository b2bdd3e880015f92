//! Chimes of a box at work.

use super::{Call, Klaxon, Service, Stage};
use crate::time::Instant;

impl<'a> Service<'a> {
    /// The same box with chimes before pages and after them.
    pub(in super::super) fn chiming(self, klaxon: Klaxon<'a>) -> Self {
        Self { klaxon: Some(klaxon), ..self }
    }

    /// A caller rings; what is played would be heard whole from `open_at` on. When he may be answered.
    pub(super) fn chime(&mut self, now: Instant, open_at: Instant) -> Instant {
        let is_joining = self.calls.values().any(Call::is_page);
        let entry = self.pager.entry(now, open_at);
        match &mut self.klaxon {
            Some(klaxon) if !self.pager.is_full() => klaxon.handle_call(now, entry, is_joining),
            _ => open_at,
        }
    }

    /// Has the chimes follow the pages.
    pub(super) fn follow(&mut self, now: Instant) {
        let is_called = self.calls.values().any(Call::is_page) || self.delays.is_airing();
        let is_heard = |call: &Call<'_>| call.is_page() && matches!(call.stage, Stage::OnAir(_));
        let is_on_air = self.calls.values().any(is_heard) || self.delays.is_on_air();
        if let Some(klaxon) = &mut self.klaxon {
            klaxon.handle_pages(now, is_called, is_on_air);
            klaxon.handle_timeout(now, || self.media.voice());
        }
    }
}
