//! What was heard in a zone, and what is measured of it. Times are milliseconds, levels dBFS: a full sine has 0 as a tone.
#![expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a test lasts minutes")]

use crate::dsp::probe::{amplitude, db};
use core::ops::Range;

/// A track from the beginning of the site on, at 48 kHz.
#[derive(Default)]
pub(in crate::tests) struct Sound(Vec<f32>);

impl Sound {
    pub(super) fn add(&mut self, samples: impl Iterator<Item = f32>) {
        self.0.extend(samples);
    }

    /// The samples of a time.
    pub(in crate::tests) fn samples(&self, span: Range<u64>) -> &[f32] {
        &self.0[(span.start * PER_MS) as usize..(span.end * PER_MS) as usize]
    }

    /// How loud a tone is; the span holds whole turns of it.
    pub(in crate::tests) fn tone(&self, hz: u32, span: Range<u64>) -> f64 {
        db(amplitude(self.samples(span), hz.into(), 48_000))
    }

    /// How loud a tone is where it is loudest, by tenths of a second.
    pub(in crate::tests) fn loudest(&self, hz: u32, span: Range<u64>) -> f64 {
        self.tenths(hz, span).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The same where it is softest.
    pub(in crate::tests) fn softest(&self, hz: u32, span: Range<u64>) -> f64 {
        self.tenths(hz, span).fold(f64::INFINITY, f64::min)
    }

    /// How loud all is.
    pub(in crate::tests) fn rms(&self, span: Range<u64>) -> f64 {
        let samples = self.samples(span);
        let power: f64 = samples.iter().map(|&sample| f64::from(sample).powi(2)).sum();
        db((power / samples.len() as f64).sqrt())
    }

    /// When a tone begins to be louder than -40 dBFS after `from`, to 5 ms; `None`: it does not.
    pub(in crate::tests) fn onset(&self, hz: u32, from: u64) -> Option<u64> {
        self.find(from, |span| self.tone(hz, span) > AUDIBLE)
    }

    /// The first 5 ms after `from` in which a tone is no louder than -40 dBFS.
    pub(in crate::tests) fn end(&self, hz: u32, from: u64) -> Option<u64> {
        self.find(from, |span| self.tone(hz, span) <= AUDIBLE)
    }

    /// The first 5 ms after `from` in which anything is heard.
    pub(in crate::tests) fn begin(&self, from: u64) -> Option<u64> {
        self.find(from, |span| self.rms(span) > SILENT)
    }

    /// How much of what is heard is this sound, begun at `from` or up to 10 ms later: 1 is all of it.
    pub(in crate::tests) fn likeness(&self, sound: &[i16], from: u64) -> f64 {
        let from = (from * PER_MS) as usize;
        // It is not heard by the millisecond: the limiter looks ahead.
        let begins = (from..from + LATE).map(|begin| (begin, self.like(&sound[..FIRST], begin)));
        let begin =
            begins.max_by(|(_, one), (_, other)| one.total_cmp(other)).map_or(from, |(begin, _)| begin);
        self.like(sound, begin)
    }

    fn like(&self, sound: &[i16], begin: usize) -> f64 {
        let heard = &self.0[begin..begin + sound.len()];
        let (mut both, mut own, mut other) = (0.0, 0.0, 0.0);
        for (&heard, &sound) in heard.iter().zip(sound) {
            let (heard, sound) = (f64::from(heard), f64::from(sound));
            both += heard * sound;
            own += heard * heard;
            other += sound * sound;
        }
        both / (own * other).sqrt().max(1e-12)
    }

    /// The largest change of the level of a tone from 5 ms to the next, in decibels, where it is louder than `least`.
    pub(in crate::tests) fn steepest(&self, hz: u32, span: Range<u64>, least: f64) -> f64 {
        let levels: Vec<f64> = span.step_by(STEP as usize).map(|at| self.tone(hz, at..at + STEP)).collect();
        let pairs = levels.array_windows().filter(|[one, other]| one.min(*other) > least);
        pairs.map(|[one, other]| (one - other).abs()).fold(0.0, f64::max)
    }

    fn tenths(&self, hz: u32, span: Range<u64>) -> impl Iterator<Item = f64> {
        let end = span.end;
        span.step_by(100).filter(move |at| at + 100 <= end).map(move |at| self.tone(hz, at..at + 100))
    }

    fn find(&self, from: u64, is_it: impl Fn(Range<u64>) -> bool) -> Option<u64> {
        let end = self.0.len() as u64 / PER_MS;
        (from.next_multiple_of(STEP)..end).step_by(STEP as usize).find(|&at| is_it(at..at + STEP))
    }
}

const PER_MS: u64 = 48;
/// Milliseconds.
const STEP: u64 = 5;
/// How much later than where it is looked for a sound may begin, and what is enough to find it, in frames.
const LATE: usize = 480;
const FIRST: usize = 4_800;
const AUDIBLE: f64 = -40.0;
const SILENT: f64 = -70.0;
