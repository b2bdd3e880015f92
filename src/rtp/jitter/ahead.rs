//! What has come and is not due yet: for who conceals a gap, or plays faster for a while.

use super::{JitterBuffer, State};
use core::time::Duration;

/// Speech behind a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// Ticks until it is due.
    pub after: usize,
    /// What it is.
    pub payload_type: u8,
    /// How many bytes of it were copied.
    pub len: usize,
}

impl JitterBuffer {
    /// Whether speech is under way: not silent, and not waiting to begin.
    #[must_use]
    pub fn is_playing(&self) -> bool {
        self.state == State::Playing
    }

    /// How much speech there is without a gap from what is pulled next.
    #[must_use]
    pub fn ready(&self) -> Duration {
        let first = self.store.first().filter(|first| self.is_playing() && first.start <= self.position);
        first.map_or(Duration::ZERO, |first| self.timeline.span(self.position, first.end))
    }

    /// The speech that comes next, if it is by the same clock: copies the front of it to `payload`.
    pub fn peek(&mut self, payload: &mut [u8]) -> Option<Ahead> {
        let first = self.store.first().filter(|_| self.is_playing())?;
        let start = first.start.max(self.position);
        if self.timeline.change_after(self.position).is_some_and(|change| change <= start) {
            return None;
        }
        let width = first.origin.width;
        let most = usize::try_from(first.end - start).unwrap_or(0).min(payload.len() / usize::from(width));
        let mut ticks = 0;
        let mut len = 0;
        while ticks < most {
            let from = start + i64::try_from(ticks).unwrap_or(0);
            let count = self.store.readable(from, most - ticks, width);
            let bytes = self.store.read(from, count, width);
            payload[len..len + bytes.len()].copy_from_slice(bytes);
            len += bytes.len();
            ticks += count.max(1);
        }
        let after = usize::try_from(start - self.position + self.stretch_ahead()).unwrap_or(0);
        Some(Ahead { after, payload_type: first.origin.payload_type, len })
    }
}
