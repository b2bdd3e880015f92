//! What crosses from the thread that receives to the thread that plays.

use super::packet::Header;
use crate::time::Instant;
use crate::units::SampleRate;
use core::time::Duration;

/// A piece of a packet's payload, of a fixed size so that it fits a slot of a ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Counts the runs of a stream: within one, timestamps tell when a chunk is to be played; the next run begins anew.
    pub run: u32,
    /// When the first byte is to be played, in ticks.
    pub timestamp: u32,
    /// When the first byte would have arrived if its packet had not held others before it.
    pub arrival: Instant,
    /// What the payload is; 0 to 127.
    pub payload_type: u8,
    /// The first chunk after a silence.
    pub marker: bool,
    /// One byte per tick.
    pub payload: heapless::Vec<u8, { Chunk::CAPACITY }>,
}

impl Chunk {
    /// The most bytes a chunk holds: the usual packet, 20 ms at 8 kHz. Longer packets come in several chunks.
    pub const CAPACITY: usize = 160;

    /// Cuts the payload of a packet into chunks.
    pub(super) fn cut(
        run: u32,
        header: Header,
        arrival: Instant,
        rate: SampleRate,
        payload: &[u8],
    ) -> impl Iterator<Item = Self> {
        payload.chunks(Self::CAPACITY).zip(0_u32..).map(move |(piece, index)| {
            let ticks = index * u32::try_from(Self::CAPACITY).unwrap_or(0);
            Self {
                run,
                timestamp: header.timestamp.wrapping_add(ticks),
                arrival: arrival + duration(ticks, rate),
                payload_type: header.payload_type,
                marker: header.marker && index == 0,
                payload: heapless::Vec::from_slice(piece).unwrap_or_default(),
            }
        })
    }
}

fn duration(ticks: u32, rate: SampleRate) -> Duration {
    Duration::from_micros(u64::from(ticks) * 1_000_000 / u64::from(rate.hz()))
}
