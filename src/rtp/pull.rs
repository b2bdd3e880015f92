//! What a jitter buffer says.

/// What to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pull<'a> {
    /// Speech.
    Speech {
        /// Bytes of whole ticks.
        payload: &'a [u8],
        /// What the bytes are.
        payload_type: u8,
        /// For how long; at least one tick.
        ticks: usize,
        /// It does not follow what was played last.
        seam: bool,
    },
    /// Speech is missing.
    Lost {
        /// For how long; at least one tick.
        ticks: usize,
    },
    /// Nobody speaks, and the other end says what that sounds like.
    Noise {
        /// A payload of comfort noise (RFC 3389), up to [`NOISE_CAPACITY`](super::Chunk::NOISE_CAPACITY) bytes of it.
        payload: &'a [u8],
        /// For how long; at least one tick.
        ticks: usize,
    },
    /// Nobody speaks. Nothing is missing: what was heard before fades out and is not made up.
    Silence {
        /// For how long; at least one tick.
        ticks: usize,
    },
}

/// What a [`JitterBuffer`](super::JitterBuffer) counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JitterStats {
    /// Chunks that came.
    pub chunks: u64,
    /// Chunks that came after their time.
    pub late: u64,
    /// Chunks of which nothing was played: too late, or there already.
    pub discarded: u64,
    /// Ticks that had to be made up.
    pub concealed_ticks: u64,
    /// Ticks left out to win back delay.
    pub skipped_ticks: u64,
    /// Ticks thrown away because the sink did not pull.
    pub overflow_ticks: u64,
}
