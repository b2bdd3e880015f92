//! Sound in memory, clip after clip: what the box says, chimes and plays by itself.
//!
//! ```text
//! parts: clip, pause, clip … ─ samples ─┬─  8 kHz ── Halfband ─┬─ 16 kHz bus
//!                                       ├─ 16 kHz ─────────────┘
//!                                       └─ 48 kHz ─────────────── 48 kHz bus
//! ```
//! Parts follow one another to the sample. Every clip rises from silence and falls back to it along half a cosine of
//! [`EDGE`], so that nothing clicks wherever it was cut; what must not dip in the middle is one clip, or goes on as
//! [`Part::More`]. The sink's clock is the only one, so nothing is to be followed and no fractional filter is in the way.
//!
//! Left out: other rates, which [`convert`](crate::dsp::convert) turns into one of these beforehand; sound too long for the
//! memory; saying something again, for which a clip stands in the list as often as it is to be heard.

use super::BLOCK;
use super::rise::Bus;
use super::tail::Tail;
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
            Part::Clip(samples) | Part::More(samples) => self.rate.span_of(samples.len() as u64),
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
    /// The same, as the rest of the clip before it: there is no seam.
    More(Arc<[i16]>),
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
    tail: Tail,
    has_spoken: bool,
}

impl Reciter {
    pub(super) fn new(recital: &Recital) -> Self {
        let bus = match recital.rate {
            SampleRate::HZ_48000 => Bus::Full,
            SampleRate::HZ_16000 => Bus::Wide,
            _ => Bus::Narrow,
        };
        Self {
            runs: runs(recital),
            run: 0,
            read: 0,
            edge: edge(recital.rate),
            halfband: (bus == Bus::Narrow).then(Halfband::new),
            bus,
            tail: Tail::default(),
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
        self.run >= self.runs.len() && self.tail.is_over()
    }

    /// Writes the next block of its bus to `block`, which is silent; says whether there is anything.
    pub(super) fn render(&mut self, block: &mut [f32]) -> bool {
        let mut input = [0.0; BLOCK];
        let frames = if self.halfband.is_some() { block.len() / Halfband::FACTOR } else { block.len() };
        let input = &mut input[..frames.min(BLOCK)];
        let sounds = self.read(input);
        self.has_spoken |= sounds;
        if !self.tail.follow(sounds, if self.halfband.is_some() { TAIL } else { 0 }) {
            return false;
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
            if let Run::Clip(clip) = run {
                clip.copy(self.read, &self.edge, &mut input[filled..filled + frames]);
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
    Clip(Clip),
    Pause(usize),
}

/// Samples, and whether they have a beginning and an end of their own.
#[derive(Clone, Debug)]
struct Clip {
    samples: Arc<[i16]>,
    rises: bool,
    falls: bool,
}

/// What is heard, without what is empty.
fn runs(recital: &Recital) -> Box<[Run]> {
    let mut runs: Vec<Run> = Vec::with_capacity(recital.parts.len());
    for part in &recital.parts {
        let run = match part {
            Part::Clip(samples) => Run::Clip(Clip::new(samples)),
            Part::Pause(span) => Run::Pause(frames(*span, recital.rate)),
            Part::More(samples) if samples.is_empty() => continue,
            Part::More(samples) => {
                let before = match runs.last_mut() {
                    Some(Run::Clip(before)) => Some(&mut before.falls),
                    _ => None,
                };
                let rises = before.is_none();
                if let Some(falls) = before {
                    *falls = false;
                }
                Run::Clip(Clip { rises, ..Clip::new(samples) })
            }
        };
        runs.extend(Some(run).filter(|run| run.frames() > 0));
    }
    runs.into()
}

impl Run {
    fn frames(&self) -> usize {
        match self {
            Self::Clip(clip) => clip.samples.len(),
            Self::Pause(frames) => *frames,
        }
    }
}

impl Clip {
    fn new(samples: &Arc<[i16]>) -> Self {
        Self { samples: Arc::clone(samples), rises: true, falls: true }
    }

    /// Copies the samples from `from` on, those near a beginning or an end softened.
    fn copy(&self, from: usize, edge: &[f32], input: &mut [f32]) {
        let gain = |softens: bool, distance: usize| match edge.get(distance) {
            Some(gain) if softens => *gain,
            _ => 1.0,
        };
        for (number, (input, &sample)) in (from..).zip(input.iter_mut().zip(&self.samples[from..])) {
            let (before, behind) = (number, self.samples.len() - 1 - number);
            *input = f32::from(sample) / 32_768.0 * gain(self.rises, before) * gain(self.falls, behind);
        }
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

/// How long a clip takes to rise and to fall: not heard as a change of its sound, and without a click.
const EDGE: Duration = Duration::from_micros(2_500);
/// The half-band filter remembers 30 frames of 8 kHz.
const TAIL: u32 = 2;
