//! What crosses from the thread that receives to the thread that plays.

use super::packet::Header;
use crate::time::Instant;
use crate::units::SampleRate;

/// A packet, or a piece of a long one, of a fixed size so that it fits a slot of a ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Counts the runs of a stream: within one, timestamps tell when a chunk is to be played; the next run begins anew.
    /// All of a run is by the same clock.
    pub run: u32,
    /// When the first byte is to be played, in ticks.
    pub timestamp: u32,
    /// The clock of timestamps.
    pub clock: SampleRate,
    /// When the first byte would have arrived if its packet had not held others before it.
    pub arrival: Instant,
    /// What the payload is; 0 to 127.
    pub payload_type: u8,
    /// The first chunk after a silence.
    pub marker: bool,
    /// What it carries.
    pub content: Content,
    /// The speech, in whole ticks; or the front of the packet, if it is no speech.
    pub payload: heapless::Vec<u8, { Chunk::CAPACITY }>,
}

/// What a chunk carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Speech.
    Speech {
        /// Bytes that last a tick.
        bytes_per_tick: u8,
    },
    /// What is heard from the timestamp on until there is speech (RFC 3389).
    ComfortNoise,
    /// From the timestamp on a key is held, and no speech is missing (RFC 4733 §2.3).
    TelephoneEvent,
}

impl Chunk {
    /// The most bytes a chunk holds: the usual packet, 20 ms of G.711. Longer packets come in several chunks.
    pub const CAPACITY: usize = 160;

    /// The most bytes of comfort noise that are kept: its level and 15 coefficients, more than anyone sends.
    pub const NOISE_CAPACITY: usize = 16;

    /// How many ticks of speech it holds.
    #[must_use]
    pub fn ticks(&self) -> usize {
        match self.content {
            Content::Speech { bytes_per_tick } => self.payload.len() / usize::from(bytes_per_tick.max(1)),
            Content::ComfortNoise | Content::TelephoneEvent => 0,
        }
    }

    /// Cuts a packet into chunks. A part of a tick at the end is left out; what is no speech stays in one piece.
    pub(super) fn cut<'a>(stamp: &'a Stamp, payload: &'a [u8]) -> impl Iterator<Item = Self> + 'a {
        let (step, payload) = match stamp.content {
            Content::Speech { bytes_per_tick } => {
                let width = usize::from(bytes_per_tick.max(1));
                (Self::CAPACITY / width * width, &payload[..payload.len() / width * width])
            }
            Content::ComfortNoise | Content::TelephoneEvent => {
                (Self::CAPACITY, &payload[..payload.len().min(Self::NOISE_CAPACITY)])
            }
        };
        payload.chunks(step.max(1)).scan(0, move |ticks, piece| {
            let chunk = stamp.chunk(*ticks, piece);
            *ticks += u32::try_from(chunk.ticks()).unwrap_or(0);
            Some(chunk)
        })
    }
}

/// What all chunks of a packet have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    pub(super) run: u32,
    pub(super) header: Header,
    pub(super) arrival: Instant,
    pub(super) clock: SampleRate,
    pub(super) content: Content,
}

impl Stamp {
    /// The piece of the packet that begins `ticks` after its timestamp.
    fn chunk(&self, ticks: u32, piece: &[u8]) -> Chunk {
        Chunk {
            run: self.run,
            timestamp: self.header.timestamp.wrapping_add(ticks),
            clock: self.clock,
            arrival: self.arrival + self.clock.span_of(ticks.into()),
            payload_type: self.header.payload_type,
            marker: self.header.marker && ticks == 0,
            content: self.content,
            payload: heapless::Vec::from_slice(piece).unwrap_or_default(),
        }
    }
}
