//! Other settings for a box at work.

use super::super::announcements;
use super::super::log as lines;
use super::super::serve::{identity, policy, queue_rule};
use super::{Directory, Klaxon, Manners, Service, Stage};
use crate::config::Settings;
use crate::time::Instant;

impl Service<'_> {
    /// Does as the configuration says that was read again, if one was.
    pub(super) fn take_settings(&mut self, now: Instant) {
        let Some(new) = self.reload.handle_news(now).filter(|_| !self.is_leaving) else { return };
        if let Some(settings) = &new.settings {
            self.apply(now, settings);
        }
        new.tell();
        // Files of sounds may have changed with it, or without it.
        if let Some(klaxon) = &mut self.klaxon {
            klaxon.look_again();
        }
        if let Some(desk) = &mut self.desk {
            desk.playback.look_again();
        }
        self.outlook.set_mistakes(new.mistakes());
        self.tell_mistakes(now);
        self.waiting = new.waiting;
    }

    /// Takes sounds that were read.
    pub(super) fn take_sounds(&mut self, now: Instant) {
        if let Some(klaxon) = &mut self.klaxon {
            klaxon.take();
        }
        if let Some(desk) = &mut self.desk {
            desk.playback.take();
        }
        self.tell_mistakes(now);
    }

    /// Has what is wrong said aloud.
    fn tell_mistakes(&mut self, now: Instant) {
        let mistakes = announcements::mistakes(&self.mistakes());
        if let Some(announcements) = &mut self.announcements {
            announcements.set_mistakes(now, mistakes);
        }
    }

    /// Whether what waits for the end of all calls, and of what is heard after them, need not wait any longer.
    pub(super) fn may_begin_anew(&self) -> bool {
        self.waiting.is_some() && self.is_idle()
    }

    /// Whether no call is on, and nothing is heard but music.
    pub(super) fn is_idle(&self) -> bool {
        let chimes = self.klaxon.as_ref().is_some_and(Klaxon::is_busy);
        self.calls.is_empty() && !chimes && !self.delays.is_busy() && !self.is_playing()
    }

    /// Each part finds out for itself what is new to it; calls go on.
    fn apply(&mut self, now: Instant, settings: &Settings) {
        if let Err(error) = lines::configure(&settings.log) {
            log::error!("the log is not whole: {error}");
        }
        if let Err(error) = self.post.set_dscp(settings.sip.dscp_sip) {
            log::error!("[sip] dscp-sip: {error}");
        }
        self.endpoint.reconfigure(identity(settings));
        self.pager.set_policy(policy(settings));
        self.queue.set_rule(queue_rule(settings));
        (self.directory, self.manners) = (Directory::new(settings), Manners::of(settings));
        self.media.set_options(settings);
        self.cards.set_output(now, settings);
        for volume in self.cards.set_volume(settings) {
            // A card may take its time.
            smol::unblock(move || volume.apply()).detach();
        }
        for call in self.calls.values_mut() {
            if let Stage::OnAir(stream) = &mut call.stage {
                stream.set_level(settings);
            }
        }
        if let Some(mdns) = &mut self.mdns {
            mdns.set_options(settings);
        }
        if let Some(klaxon) = &mut self.klaxon {
            klaxon.set_options(settings);
        }
        if let Some(desk) = &mut self.desk {
            desk.set_options(settings);
        }
        if let Some(phone) = &mut self.phone {
            phone.set_options(settings);
        }
        if let Some(music) = &mut self.music {
            music.set_options(now, settings);
        }
        if let Some(lines) = &mut self.lines {
            lines.set_options(now, settings);
        }
        self.accounts.reload(now, &mut self.endpoint, settings);
        if let Some(announcements) = &mut self.announcements {
            announcements.set_options(now, settings);
        }
    }
}
