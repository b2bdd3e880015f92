//! A caller who is recorded instead of being heard: what comes of him, as samples.
//!
//! ```text
//! chunks ─> Voice: jitter buffer, decoder, concealment, time scale ─> 16 kHz ─────────────┐
//!                                                          └───────> 48 kHz ─ Decimator ──┴─> i16, 16 kHz
//! ```
//! It is the voice of a loudspeaker, rendered by whoever receives: so what is recorded is what would have been heard, lost
//! packets made up, codecs changed and all. Its clock is that of the machine, and it is asked now and then.
//!
//! Left out: where the samples are kept.

use super::bus::Buses;
use super::message::VoiceStats;
use super::voice::{Voice, VoiceConfig};
use super::{BLOCK, BLOCK_TIME, BUS_BLOCK};
use crate::dsp::{Decimator, to_i16};
use crate::rtp::Chunk;
use crate::time::Instant;
use core::time::Duration;

/// Makes samples of what comes of one caller.
#[derive(Clone, Debug)]
pub struct Dictaphone {
    voice: Voice,
    filter: Decimator,
    /// From when on nothing has been rendered yet.
    at: Option<Instant>,
}

impl Dictaphone {
    /// Samples per second of what it gives.
    pub const RATE: crate::units::SampleRate = crate::units::SampleRate::HZ_16000;

    /// Of a caller whose voice would be made of `config`.
    #[must_use]
    pub fn new(config: VoiceConfig) -> Self {
        Self { voice: Voice::telephone(config), filter: Decimator::new(BLOCK / BUS_BLOCK), at: None }
    }

    /// A piece of what he says has come.
    pub fn handle_media(&mut self, now: Instant, chunk: &Chunk) {
        self.at.get_or_insert(now);
        self.voice.handle_media(now, chunk);
    }

    /// Leaves out what he says, or no more: for a key that sounds.
    pub fn set_hushed(&mut self, hushed: bool) {
        self.voice.set_hushed(hushed);
    }

    /// Gives what is heard up to `now`, in pieces of 2.5 ms. Who is asked after more than [`Self::LONGEST`] leaves the rest
    /// out: it was silence.
    pub fn listen(&mut self, now: Instant, mut write: impl FnMut(&[i16])) {
        let Some(mut at) = self.at else { return };
        at = at.max(now - Self::LONGEST);
        while at + BLOCK_TIME <= now {
            write(&self.render(at));
            at += BLOCK_TIME;
        }
        self.at = Some(at);
    }

    /// Gives what has come and was not heard yet: no more will come.
    pub fn finish(&mut self, now: Instant, mut write: impl FnMut(&[i16])) {
        self.listen(now, &mut write);
        let Some(mut at) = self.at.take() else { return };
        self.voice.release(at);
        let until = at + Self::LONGEST;
        while !self.voice.is_done() && at < until {
            write(&self.render(at));
            at += BLOCK_TIME;
        }
    }

    /// How he fares.
    #[must_use]
    pub fn stats(&self) -> VoiceStats {
        self.voice.stats()
    }

    fn render(&mut self, at: Instant) -> [i16; BUS_BLOCK] {
        let mut buses = Buses::new();
        self.voice.render(at, &mut buses);
        let mut block = buses.speech().copied().unwrap_or([0.0; BUS_BLOCK]);
        if let Some(full) = buses.full() {
            let mut down = [0.0; BUS_BLOCK];
            self.filter.process(full, &mut down);
            block.iter_mut().zip(&down).for_each(|(sum, sample)| *sum += sample);
        }
        block.map(to_i16)
    }

    /// The longest that it need not be asked.
    pub const LONGEST: Duration = Duration::from_secs(2);
}
