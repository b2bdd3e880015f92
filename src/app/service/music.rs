//! Music of a box at work.

use super::{Music, Service};
use crate::mix::Report;
use crate::time::Instant;

impl<'a> Service<'a> {
    /// The same box with players of music.
    pub(in super::super) fn with_music(self, music: Music<'a>) -> Self {
        Self { music: Some(music), ..self }
    }

    /// Has the players go on.
    pub(super) fn play_music(&mut self, now: Instant) {
        if let Some(music) = &mut self.music {
            music.handle_timeout(now, || self.media.voice());
        }
    }

    /// Boxes of music go back to who fills them.
    pub(super) fn take_back(&mut self, report: Report) {
        if let (Some(music), Report::Spent { voice, piece }) = (&mut self.music, report) {
            music.handle_spent(voice, piece);
        }
    }
}
