//! Speech of one telephone voice, in time: from chunks to samples at 8 kHz.

use super::NARROW_BLOCK;
use super::conceal::Concealer;
use super::trim::Trim;
use super::voice::Format;
use crate::codec::Codec;
use crate::rtp::{Chunk, DelayRange, JitterBuffer, Kind, Pull};
use crate::time::Instant;
use crate::units::SampleRate;
use core::time::Duration;

/// Jitter buffer, decoder and concealment of one voice.
#[derive(Clone, Debug)]
pub(super) struct Playout {
    jitter: JitterBuffer,
    formats: heapless::Vec<Format, 4>,
    concealer: Concealer,
    trim: Trim,
    /// Whether the last block was no more than noise.
    silent: bool,
    has_spoken: bool,
    undecoded: u64,
}

impl Playout {
    pub(super) fn new(formats: heapless::Vec<Format, 4>, delay: DelayRange) -> Self {
        Self {
            jitter: JitterBuffer::new([SPEECH], delay),
            formats,
            concealer: Concealer::new(),
            trim: Trim::default(),
            silent: true,
            has_spoken: false,
            undecoded: 0,
        }
    }

    pub(super) fn insert(&mut self, now: Instant, chunk: &Chunk) {
        if self.codec(chunk.payload_type).is_none() {
            self.undecoded += 1;
        }
        self.jitter.insert(now, chunk);
    }

    /// Writes what is heard from `now` on, and says whether there is anything.
    pub(super) fn render(&mut self, now: Instant, block: &mut [f32; NARROW_BLOCK]) -> bool {
        self.trim.mend(&mut self.jitter, self.silent);
        let mut sounds = false;
        let mut filled = 0;
        while filled < NARROW_BLOCK {
            let at = now + TICK * u32::try_from(filled).unwrap_or(0);
            let (count, sound) = self.fill(at, &mut block[filled..]);
            sounds |= sound;
            filled += count.max(1);
        }
        self.silent = block.iter().all(|sample| sample.abs() < NOISE);
        sounds
    }

    /// Whether all that came has been played.
    pub(super) fn is_drained(&self) -> bool {
        self.jitter.is_empty()
    }

    /// All that came has been played after this, even if it has to wait longer than it does now.
    pub(super) fn time_left(&self) -> Duration {
        self.jitter.delay().max(self.jitter.target()) + self.jitter.extent()
    }

    pub(super) fn has_spoken(&self) -> bool {
        self.has_spoken
    }

    pub(super) fn jitter(&self) -> &JitterBuffer {
        &self.jitter
    }

    pub(super) fn undecoded(&self) -> u64 {
        self.undecoded
    }

    /// Writes the front of `samples`; says how much of it, and whether it is more than zeros.
    fn fill(&mut self, at: Instant, samples: &mut [f32]) -> (usize, bool) {
        match self.jitter.pull(at, samples.len()) {
            Pull::Speech { payload, payload_type, seam, .. } => {
                let samples = &mut samples[..payload.len()];
                match find(&self.formats, payload_type) {
                    Some(codec) => _ = codec.decoder().decode(payload, samples),
                    None => samples.fill(0.0),
                }
                self.has_spoken = true;
                self.concealer.speech(samples, seam);
                (samples.len(), true)
            }
            Pull::Lost { ticks } | Pull::Noise { ticks, .. } | Pull::Silence { ticks } => {
                let samples = &mut samples[..ticks];
                if self.concealer.is_quiet() {
                    samples.fill(0.0);
                    return (ticks, false);
                }
                self.concealer.lost(samples);
                (ticks, true)
            }
        }
    }

    fn codec(&self, payload_type: u8) -> Option<Codec> {
        find(&self.formats, payload_type)
    }
}

fn find(formats: &[Format], payload_type: u8) -> Option<Codec> {
    formats.iter().find(|format| format.payload_type == payload_type).map(|format| format.codec)
}

/// G.711 is all there is.
const SPEECH: Kind = Kind::Speech { clock: SampleRate::HZ_8000, bytes_per_tick: 1 };
/// A sample at 8 kHz.
const TICK: Duration = Duration::from_micros(125);
/// -44 dB: the noise of a telephone line.
const NOISE: f32 = 0.006;
