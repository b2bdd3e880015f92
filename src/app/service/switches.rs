//! Relay, lamp and buttons of a box at work.

use super::playing::Asker;
use super::{Announcements, Klaxon, Lines, Service};
use crate::config::Press;
use crate::sip::CallKey;
use crate::time::Instant;
use core::time::Duration;

/// Says which presses are worth a line: one a second, for a wire in the wind is hundreds.
#[derive(Debug, Default)]
pub(super) struct Presses {
    told_at: Option<Instant>,
    held_back: u64,
}

impl Presses {
    /// Whether one may be logged, and how many before it were not.
    fn tell(&mut self, now: Instant) -> Option<u64> {
        if self.told_at.is_some_and(|told_at| now.since(told_at) < TELL_EVERY) {
            self.held_back = self.held_back.saturating_add(1);
            return None;
        }
        self.told_at = Some(now);
        Some(core::mem::take(&mut self.held_back))
    }
}

impl Service<'_> {
    /// A call is about to be heard; says from when on it is heard whole.
    pub(super) fn open(&mut self, now: Instant) -> Instant {
        self.lines.as_mut().map_or(now, |lines| lines.open(now))
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
            self.handle_press(now, &button, &press);
        }
    }

    /// A button is pressed.
    pub(super) fn handle_press(&mut self, now: Instant, button: &str, press: &Press) {
        let calls = self.calls.len();
        let what = match press {
            Press::Stop => {
                self.end_pages(now);
                format!("ends {calls} calls, and what is played or said")
            }
            Press::Announcement(number) => match self.play_announcement(now, number) {
                Ok(()) => format!("announcement {number}"),
                Err(error) => format!("nothing is played: {error}"),
            },
            Press::Emergency if self.toggle_emergency(now, Asker::Button(button.to_owned())) => {
                "emergency".to_owned()
            }
            Press::Emergency => "the emergency is cancelled".to_owned(),
        };
        if let Some(held_back) = self.presses.tell(now) {
            let before = (held_back > 0).then(|| format!("; {held_back} presses before were not logged"));
            log::info!("[button {}]: {what}{}", button.escape_debug(), before.unwrap_or_default());
        }
    }

    /// Ends every page, on air or not yet, and what the box itself says.
    pub(super) fn end_pages(&mut self, now: Instant) {
        self.end_pages_but(now, None);
    }

    /// The same but for the call of who asks for it.
    pub(super) fn end_pages_but(&mut self, now: Instant, spared: Option<CallKey>) {
        let calls: Vec<CallKey> = self.calls.keys().copied().filter(|call| Some(*call) != spared).collect();
        for call in calls {
            self.pager.handle_ended(call);
            self.leave(now, call);
        }
        self.stop_delayed();
        if let Some(announcements) = &mut self.announcements {
            announcements.hush("a word from somebody");
        }
        if let Some(desk) = &mut self.desk {
            desk.playback.stop();
        }
        if let Some(klaxon) = &mut self.klaxon {
            klaxon.handle_stop();
        }
    }

    /// Whether there is something to hear, or about to be.
    fn sounds(&self) -> bool {
        let chimes = self.klaxon.as_ref().is_some_and(Klaxon::is_busy);
        let is_said = self.announcements.as_ref().is_some_and(Announcements::is_busy);
        let is_called = || self.is_anybody_paging() || self.delays.is_airing();
        chimes || is_said || self.is_playing() || self.cards.voices() > 0 || is_called()
    }

    fn is_healthy(&self, now: Instant) -> bool {
        self.condition(now).judged().healthy
    }
}

const TELL_EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_without_rest_is_one_line_a_second() {
        let mut presses = Presses::default();
        let told = [0, 1, 500, 999, 1000, 2500].map(|millis| presses.tell(Instant::from_millis(millis)));
        assert_eq!(told, [Some(0), None, None, None, Some(3), Some(0)]);
    }
}
