//! What a box at work says by itself.

use super::Service;
use crate::time::Instant;

impl Service<'_> {
    /// Says aloud what is wrong, when it is time to.
    pub(super) fn announce(&mut self, now: Instant) {
        let is_busy = !self.calls.is_empty() || self.is_playing();
        let Some(announcements) = &mut self.announcements else { return };
        announcements.handle_timeout(now, is_busy, self.accounts.faults());
        // The relay goes on while it is made ready, and it is not said before.
        let is_open =
            !announcements.is_busy() || self.lines.as_mut().is_none_or(|lines| lines.open(now) <= now);
        if is_open {
            announcements.play(|| self.media.voice());
        }
    }

    /// A call has come or gone: nothing is said aloud meanwhile.
    pub(super) fn make_way(&mut self, now: Instant) {
        if let Some(announcements) = &mut self.announcements {
            announcements.handle_call(now);
        }
    }
}
