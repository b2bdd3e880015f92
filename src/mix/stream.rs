//! What comes over the network, as samples: jitter buffer, decoder, concealment and comfort noise of one voice.
//!
//! The samples are of the rate of the codec at work. A payload type may change in the middle of a stream: another codec
//! of the same rate takes over at once. For one of another rate the stream only says that it [`is_turning`]: what it
//! decoded of it waits, and what was heard goes on and fades, until the sink is ready and says [`Stream::turn`].
//!
//! [`is_turning`]: Stream::is_turning

use super::conceal::Concealer;
use super::hiss::Hiss;
use super::voice::Format;
use crate::codec::{Codec, Decoder};
use crate::rtp::{Chunk, Content, DelayRange, JitterBuffer, Kind, Pull};
use crate::time::Instant;
use crate::units::SampleRate;
use core::time::Duration;

/// Speech of one voice, pulled sample by sample.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    jitter: JitterBuffer,
    formats: heapless::Vec<Format, 8>,
    codec: Codec,
    decoder: Decoder,
    /// Of the samples that are given.
    rate: SampleRate,
    concealer: Concealer,
    hiss: Hiss,
    spare: Spare,
    turning: bool,
    sounds: bool,
    has_spoken: bool,
    undecoded: u64,
}

impl Stream {
    pub(super) fn new(formats: heapless::Vec<Format, 8>, delay: DelayRange) -> Self {
        let codec = formats.first().map_or(Codec::Pcmu, |format| format.codec);
        let kind = |format: &Format| Kind::Speech {
            clock: format.codec.clock_rate(),
            bytes_per_tick: u8::try_from(format.codec.bytes_per_tick()).unwrap_or(1),
        };
        let rate = codec.sample_rate();
        let mut concealer = Concealer::new(highest_rate(&formats));
        concealer.restart(rate);
        Self {
            jitter: JitterBuffer::new(formats.iter().map(kind), delay),
            formats,
            codec,
            decoder: codec.decoder(),
            rate,
            concealer,
            hiss: Hiss::new(rate),
            spare: Spare::default(),
            turning: false,
            sounds: false,
            has_spoken: false,
            undecoded: 0,
        }
    }

    pub(super) fn insert(&mut self, now: Instant, chunk: &Chunk) {
        let is_speech = matches!(chunk.content, Content::Speech { .. });
        if is_speech && find(&self.formats, chunk.payload_type).is_none() {
            self.undecoded += 1;
        }
        self.jitter.insert(now, chunk);
    }

    /// Writes what is heard from `at` on.
    pub(super) fn pull(&mut self, at: Instant, samples: &mut [f32]) {
        let mut filled = 0;
        while filled < samples.len() {
            if self.turning {
                self.conceal_end(&mut samples[filled..]);
                break;
            }
            let rest = &mut samples[filled..];
            let given = self.spare.give(rest);
            filled += if given > 0 { given } else { self.fill(at + self.rate.span_of(filled as u64), rest) };
        }
        self.sounds |= self.hiss.add(samples);
    }

    /// Goes on with what was heard, fading, when no more of it is to come.
    pub(super) fn conceal_end(&mut self, samples: &mut [f32]) {
        if self.concealer.is_quiet() {
            samples.fill(0.0);
            return;
        }
        self.concealer.lost(samples);
        self.sounds = true;
    }

    /// Whether speech of another rate waits.
    pub(super) fn is_turning(&self) -> bool {
        self.turning
    }

    /// Goes on with the speech that waits, at its rate.
    pub(super) fn turn(&mut self) {
        self.turning = false;
        self.rate = self.codec.sample_rate();
        self.concealer.restart(self.rate);
        self.concealer.speech(self.spare.waiting(), true);
    }

    /// Samples per second of what is given.
    pub(super) fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Whether anything was given since this was asked last, other than zeros.
    pub(super) fn take_sounds(&mut self) -> bool {
        core::mem::take(&mut self.sounds)
    }

    /// Whether all that came has been given.
    pub(super) fn is_drained(&self) -> bool {
        self.jitter.is_empty() && self.spare.is_empty()
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

    /// Leaves out so much of what comes next.
    pub(super) fn skip(&mut self, span: Duration) {
        self.jitter.skip(self.jitter.clock().frames_in(span));
    }

    /// Writes the front of `samples`, of what is heard at `at`; says how much, which may be nothing in a turn.
    fn fill(&mut self, at: Instant, samples: &mut [f32]) -> usize {
        let clock = self.jitter.clock();
        let mut block = [0.0; Spare::ROOM];
        let len = match self.jitter.pull(at, most_ticks(samples.len(), self.rate, clock)) {
            Pull::Speech { payload, payload_type, ticks, seam } => {
                self.hiss.stop();
                self.has_spoken = true;
                self.sounds = true;
                match find(&self.formats, payload_type) {
                    Some(codec) if codec.sample_rate() != self.rate => {
                        (self.codec, self.decoder, self.turning) = (codec, codec.decoder(), true);
                        self.decoder.decode(payload, &mut block)
                    }
                    Some(codec) => {
                        if codec != self.codec {
                            (self.codec, self.decoder) = (codec, codec.decoder());
                        }
                        let len = self.decoder.decode(payload, &mut block);
                        self.concealer.speech(&mut block[..len], seam);
                        len
                    }
                    None => {
                        let len = samples_of(ticks, clock, self.rate);
                        self.concealer.speech(&mut block[..len], seam);
                        len
                    }
                }
            }
            Pull::Lost { ticks } => {
                let len = samples_of(ticks, clock, self.rate);
                self.look_ahead(len);
                self.sounds |= !self.concealer.is_quiet();
                if !self.concealer.is_quiet() {
                    self.concealer.lost(&mut block[..len]);
                }
                len
            }
            Pull::Noise { ticks, payload } => {
                self.hiss.start(payload);
                self.fade(samples_of(ticks, clock, self.rate), &mut block)
            }
            Pull::Silence { ticks } => {
                self.hiss.stop();
                self.fade(samples_of(ticks, clock, self.rate), &mut block)
            }
        };
        let block = &block[..len];
        if self.turning {
            self.spare.keep(block);
            return 0;
        }
        let given = len.min(samples.len());
        samples[..given].copy_from_slice(&block[..given]);
        self.spare.keep(&block[given..]);
        given
    }

    /// Lets what was heard fade out in the first `len` samples of `block`, which are zeros.
    fn fade(&mut self, len: usize, block: &mut [f32; Spare::ROOM]) -> usize {
        if !self.concealer.is_quiet() {
            self.concealer.fade(&mut block[..len]);
            self.sounds = true;
        }
        len
    }

    /// Tells the concealer what follows the gap whose next `len` samples are to be made up, if it is known.
    fn look_ahead(&mut self, len: usize) {
        if !self.concealer.wants_bridge() {
            return;
        }
        let clock = self.jitter.clock();
        let mut payload = [0; MOST_BYTES_AHEAD];
        let bytes = (to_usize(clock) / AHEAD_PER_SECOND * self.codec.bytes_per_tick()).min(MOST_BYTES_AHEAD);
        let Some(ahead) = self.jitter.peek(&mut payload[..bytes]) else { return };
        let after = len + ahead.after.saturating_mul(to_usize(self.rate)) / to_usize(clock);
        let is_near = after <= to_usize(self.rate) / AHEAD_PER_SECOND;
        if is_near && find(&self.formats, ahead.payload_type) == Some(self.codec) {
            let mut next = [0.0; MOST_AHEAD];
            let count = self.decoder.clone().decode(&payload[..ahead.len], &mut next);
            self.concealer.bridge(after, &next[..count]);
        }
    }
}

/// Samples that were decoded and not asked for yet.
#[derive(Clone, Debug)]
struct Spare {
    samples: [f32; Self::ROOM],
    from: usize,
    to: usize,
}

impl Spare {
    /// A block at 48 kHz: the most that is decoded at once.
    const ROOM: usize = 120;

    fn is_empty(&self) -> bool {
        self.from == self.to
    }

    fn keep(&mut self, samples: &[f32]) {
        self.samples[..samples.len()].copy_from_slice(samples);
        (self.from, self.to) = (0, samples.len());
    }

    fn give(&mut self, samples: &mut [f32]) -> usize {
        let given = samples.len().min(self.to - self.from);
        samples[..given].copy_from_slice(&self.samples[self.from..][..given]);
        self.from += given;
        given
    }

    fn waiting(&mut self) -> &mut [f32] {
        &mut self.samples[self.from..self.to]
    }
}

impl Default for Spare {
    fn default() -> Self {
        Self { samples: [0.0; Self::ROOM], from: 0, to: 0 }
    }
}

/// The highest rate that any of `formats` has.
pub(super) fn highest_rate(formats: &[Format]) -> SampleRate {
    let rates = formats.iter().map(|format| format.codec.sample_rate());
    rates.max().unwrap_or(SampleRate::HZ_8000)
}

fn find(formats: &[Format], payload_type: u8) -> Option<Codec> {
    formats.iter().find(|format| format.payload_type == payload_type).map(|format| format.codec)
}

/// The ticks of `samples`, at least one and at most 2.5 ms of them.
fn most_ticks(samples: usize, rate: SampleRate, clock: SampleRate) -> usize {
    let ticks = (samples * to_usize(clock)).div_ceil(to_usize(rate));
    ticks.min(to_usize(clock) / BLOCKS_PER_SECOND).max(1)
}

fn samples_of(ticks: usize, clock: SampleRate, rate: SampleRate) -> usize {
    (ticks.saturating_mul(to_usize(rate)) / to_usize(clock)).clamp(1, Spare::ROOM)
}

fn to_usize(rate: SampleRate) -> usize {
    usize::try_from(rate.hz()).unwrap_or(usize::MAX)
}

const BLOCKS_PER_SECOND: usize = 400;
/// 20 ms are looked at of what follows a gap.
const AHEAD_PER_SECOND: usize = 50;
/// At 48 kHz.
const MOST_AHEAD: usize = 48_000 / AHEAD_PER_SECOND;
const MOST_BYTES_AHEAD: usize = 2 * MOST_AHEAD;
