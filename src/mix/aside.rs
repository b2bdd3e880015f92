//! What is said to one caller alone: a tone, a word, a chime, on his way back and nowhere else.

use super::bus::Buses;
use super::recital::Recital;
use super::voice::Voice;
use super::{BLOCK, BUS_BLOCK};
use crate::dsp::Decimator;
use crate::time::Instant;

/// A [`Recital`] for one caller. Everything it needs is allocated when it is made.
#[derive(Clone, Debug)]
pub struct Aside {
    number: u64,
    source: Box<Voice>,
    /// Brings what is on the bus of 48 kHz to that of telephone voices.
    filter: Decimator,
}

impl Aside {
    /// One that is told from others by `number`.
    #[must_use]
    pub fn new(number: u64, recital: &Recital) -> Self {
        let source = Box::new(Voice::recital(recital));
        Self { number, source, filter: Decimator::new(BLOCK / BUS_BLOCK) }
    }

    /// Which it is.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Fades out.
    pub(super) fn release(&mut self, now: Instant) {
        self.source.release(now);
    }

    /// Whether it has nothing to say any more.
    pub(super) fn is_done(&self) -> bool {
        self.source.is_done()
    }

    /// What is heard from `now` on, if anything is.
    pub(super) fn render(&mut self, now: Instant) -> Option<[f32; BUS_BLOCK]> {
        let mut buses = Buses::new();
        self.source.render(now, &mut buses);
        if let Some(full) = buses.full() {
            let mut block = [0.0; BUS_BLOCK];
            self.filter.process(full, &mut block);
            return Some(block);
        }
        buses.speech().copied()
    }
}
