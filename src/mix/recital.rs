//! Sound in memory, clip after clip: what the box says, chimes and plays by itself.
//!
//! ```text
//! parts: clip, pause, clip … ─ samples ─┬─  8 kHz ── Halfband ─┬─ 16 kHz bus
//!                                       ├─ 16 kHz ─────────────┘
//!                                       └─ 48 kHz ─────────────── 48 kHz bus
//! ```
//! Parts follow one another to the sample. Every clip rises from silence and falls back to it along half a cosine of
//! [`EDGE`], so that nothing clicks wherever it was cut; what must not dip in the middle is one clip. The sink's clock is
//! the only one, so nothing is to be followed and no fractional filter is in the way.
//!
//! Left out: other rates, which [`convert`](crate::dsp::convert) turns into one of these beforehand; sound too long for the
//! memory; saying something again, for which a clip stands in the list as often as it is to be heard.

use super::BLOCK;
use super::rise::Bus;
use crate::dsp::{Halfband, Ramp};
use crate::units::{Level, SampleRate};
use core::time::Duration;
use std::sync::Arc;

/// What a voice says from memory.
#[derive(Clone, Debug)]
pub struct Recital {
    /// Samples per second of its clips: 8, 16 or 48 kHz.
    pub rate: SampleRate,
    /// What is heard, in this order.
    pub parts: Vec<Part>,
    /// How loud it begins.
    pub level: Level,
    /// How long a change of its level takes, and its end when it is released before its own; up to five seconds.
    pub fade: Duration,
}

impl Recital {
    /// How long it is heard.
    #[must_use]
    pub fn length(&self) -> Duration {
        let length = |part: &Part| match part {
            Part::Clip(samples) => span(samples.len(), self.rate),
            Part::Pause(span) => *span,
        };
        self.parts.iter().map(length).sum()
    }
}

/// A part of a [`Recital`].
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// A clip: one channel, full scale ±32768. It is shared, not copied.
    Clip(Arc<[i16]>),
    /// Silence, to the nearest sample.
    Pause(Duration),
}

/// A recital on its way to its bus. It allocates nothing after it is made.
#[derive(Clone, Debug)]
pub(super) struct Reciter {
    /// None of them is empty.
    runs: Box<[Run]>,
    /// The run at work, and how much of it was read.
    run: usize,
    read: usize,
    /// How a clip rises.
    edge: Box<[f32]>,
    halfband: Option<Halfband>,
    bus: Bus,
    /// Blocks until the filter has nothing left to say.
    tail: u32,
    has_spoken: bool,
}

impl Reciter {
    pub(super) fn new(recital: &Recital) -> Self {
        let bus = match recital.rate {
            SampleRate::HZ_48000 => Bus::Full,
            SampleRate::HZ_16000 => Bus::Wide,
            _ => Bus::Narrow,
        };
        let runs = recital.parts.iter().map(|part| Run::new(part, recital.rate));
        Self {
            runs: runs.filter(|run| run.frames() > 0).collect(),
            run: 0,
            read: 0,
            edge: edge(recital.rate),
            halfband: (bus == Bus::Narrow).then(Halfband::new),
            bus,
            tail: 0,
            has_spoken: false,
        }
    }

    pub(super) fn bus(&self) -> Bus {
        self.bus
    }

    /// Whether any of it was heard.
    pub(super) fn has_spoken(&self) -> bool {
        self.has_spoken
    }

    /// Whether all of it was heard.
    pub(super) fn is_over(&self) -> bool {
        self.run >= self.runs.len() && self.tail == 0
    }

    /// Writes the next block of its bus to `block`, which is silent; says whether there is anything.
    pub(super) fn render(&mut self, block: &mut [f32]) -> bool {
        let mut input = [0.0; BLOCK];
        let frames = if self.halfband.is_some() { block.len() / Halfband::FACTOR } else { block.len() };
        let input = &mut input[..frames.min(BLOCK)];
        if self.read(input) {
            self.tail = if self.halfband.is_some() { TAIL } else { 0 };
            self.has_spoken = true;
        } else if self.tail == 0 {
            return false;
        } else {
            self.tail -= 1;
        }
        match &mut self.halfband {
            Some(halfband) => {
                halfband.process(input, block);
            }
            None => block[..input.len()].copy_from_slice(input),
        }
        true
    }

    /// Fills `input`, which is silent; says whether there is anything but pauses.
    fn read(&mut self, input: &mut [f32]) -> bool {
        let (mut filled, mut sounds) = (0, false);
        while filled < input.len() {
            let Some(run) = self.runs.get(self.run) else { break };
            let frames = (run.frames() - self.read).min(input.len() - filled);
            if let Run::Clip(samples) = run {
                copy(samples, self.read, &self.edge, &mut input[filled..filled + frames]);
                sounds = true;
            }
            filled += frames;
            self.read += frames;
            if self.read == run.frames() {
                (self.run, self.read) = (self.run + 1, 0);
            }
        }
        sounds
    }
}

/// A part, counted in frames.
#[derive(Clone, Debug)]
enum Run {
    Clip(Arc<[i16]>),
    Pause(usize),
}

impl Run {
    fn new(part: &Part, rate: SampleRate) -> Self {
        match part {
            Part::Clip(samples) => Self::Clip(Arc::clone(samples)),
            Part::Pause(span) => Self::Pause(frames(*span, rate)),
        }
    }

    fn frames(&self) -> usize {
        match self {
            Self::Clip(samples) => samples.len(),
            Self::Pause(frames) => *frames,
        }
    }
}

/// Copies the samples from `from` on, those near an end of the clip softened.
fn copy(samples: &[i16], from: usize, edge: &[f32], input: &mut [f32]) {
    let gain = |distance: usize| edge.get(distance).copied().unwrap_or(1.0);
    for (number, (input, &sample)) in (from..).zip(input.iter_mut().zip(&samples[from..])) {
        let (before, behind) = (number, samples.len() - 1 - number);
        *input = f32::from(sample) / 32_768.0 * gain(before) * gain(behind);
    }
}

/// The gains from silence on.
fn edge(rate: SampleRate) -> Box<[f32]> {
    let mut ramp = Ramp::new(rate, EDGE, Level::MUTE);
    ramp.set(Level::UNITY);
    let mut gains = vec![1.0; frames(EDGE, rate)];
    ramp.apply(&mut gains);
    gains.into()
}

fn frames(span: Duration, rate: SampleRate) -> usize {
    let frames = (span.as_micros() * u128::from(rate.hz()) + 500_000) / 1_000_000;
    usize::try_from(frames).unwrap_or(usize::MAX)
}

fn span(frames: usize, rate: SampleRate) -> Duration {
    let frames = u64::try_from(frames).unwrap_or(u64::MAX);
    Duration::from_micros(frames.saturating_mul(1_000_000) / u64::from(rate.hz()))
}

/// How long a clip takes to rise and to fall: not heard as a change of its sound, and without a click.
const EDGE: Duration = Duration::from_micros(2_500);
/// The half-band filter remembers 30 frames of 8 kHz.
const TAIL: u32 = 2;
