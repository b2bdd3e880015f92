//! Relay, lamp and buttons of a box at work.

use super::{Announcements, Klaxon, Lines, Service, Stage};
use crate::config::Press;
use crate::sip::CallKey;
use crate::time::Instant;

impl Service<'_> {
    /// A call is about to be heard; says from when on it is heard whole.
    pub(super) fn open(&mut self, now: Instant) -> Instant {
        // One that is refused switches nothing.
        match &mut self.lines {
            Some(lines) if !self.pager.is_full() => lines.open(now),
            _ => now,
        }
    }

    /// Has the lines follow the sound, and how the box is.
    pub(super) fn switch(&mut self, now: Instant) {
        let sounds = self.sounds();
        let Some(lines) = &mut self.lines else { return };
        lines.handle_sound(now, sounds);
        if lines.asks_health(now) {
            let is_healthy = self.is_healthy(now);
            if let Some(lines) = &mut self.lines {
                lines.set_healthy(now, is_healthy);
            }
        }
    }

    /// Everything off: the box ends.
    pub(super) fn switch_off(&mut self, now: Instant) {
        if let Some(lines) = &mut self.lines {
            lines.stop(now);
        }
    }

    /// Does what buttons that were pressed are for.
    pub(super) fn take_presses(&mut self, now: Instant) {
        while let Some((button, press)) = self.lines.as_ref().and_then(Lines::poll_press) {
            let button = button.escape_debug();
            match press {
                Press::Stop => {
                    log::info!("[button {button}]: ends {} calls, and what is said", self.calls.len());
                    self.end_pages(now);
                }
                Press::Announcement(number) => {
                    log::warn!("[button {button}]: pressed, but announcements ({number}) do nothing yet");
                }
                Press::Emergency => log::warn!("[button {button}]: pressed, but emergency does nothing yet"),
            }
        }
    }

    /// Ends every page, on air or not yet, and what the box itself says.
    fn end_pages(&mut self, now: Instant) {
        let calls: Vec<CallKey> = self.calls.keys().copied().collect();
        for call in calls {
            self.pager.handle_ended(call);
            self.leave(now, call);
        }
        if let Some(announcements) = &mut self.announcements {
            announcements.hush("a button");
        }
        if let Some(klaxon) = &mut self.klaxon {
            klaxon.handle_stop(now);
        }
    }

    /// Whether there is something to hear, or about to be.
    fn sounds(&self) -> bool {
        let chimes = self.klaxon.as_ref().is_some_and(Klaxon::is_busy);
        let is_said = self.announcements.as_ref().is_some_and(Announcements::is_busy);
        let is_called = || self.calls.values().any(|call| !matches!(call.stage, Stage::Leaving));
        chimes || is_said || self.cards.voices() > 0 || is_called()
    }

    fn is_healthy(&self, now: Instant) -> bool {
        self.condition(now).judged().healthy
    }
}
