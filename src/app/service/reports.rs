//! What the audio threads tell of voices at a box at work.

use super::Service;
use super::call::summary;
use crate::mix::{Report, VoiceId};

impl Service<'_> {
    /// Hands a report to those whom it concerns.
    pub(super) fn on_report(&mut self, report: &Report) {
        match report {
            &Report::Playing { voice } => self.log_voice(voice, "on air"),
            Report::Retired { voice, stats, .. } => {
                self.log_voice(*voice, &summary(stats));
                self.voices.remove(voice);
                if let Some(announcements) = &mut self.announcements {
                    announcements.handle_retired(*voice);
                }
                if let Some(klaxon) = &mut self.klaxon {
                    klaxon.handle_retired(*voice);
                }
                if let Some(desk) = &mut self.desk {
                    desk.playback.handle_retired(*voice);
                }
                if let Some(music) = &mut self.music {
                    music.handle_retired(*voice);
                }
                if let Some(dropped) = self.cards.take_dropped() {
                    log::warn!("{dropped} packets found the audio thread too busy");
                }
            }
            _ => {}
        }
    }

    fn log_voice(&self, voice: VoiceId, what: &str) {
        if let Some(name) = self.voices.get(&voice) {
            log::info!("{name}: {what}");
        }
    }
}
