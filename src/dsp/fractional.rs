//! A ratio near one: how a stream follows the clock of the sink that plays it.
//!
//! [`Fractional`] reads its input a few millionths faster or slower than it writes its output. Each output is a weighted
//! sum of the inputs around it, under a sinc with a Kaiser window; the weights of places between two inputs stand in a
//! table and are blended. From one output to the next the place moves by less than a thousandth of an input, so the
//! weights are worked out once for every [`CHUNK`](Fractional::CHUNK) outputs and blended in between.
//!
//! | | taps | delay | flat within 0.01 dB | images below -70 dB |
//! |---|---|---|---|---|
//! | [`narrow`](Fractional::narrow) | 10 | 5 frames, 0.31 ms at 16 kHz | to 0.25 of the rate | from 0.79 of the rate |
//! | [`wide`](Fractional::wide) | 36 | 18 frames, 1.13 ms at 16 kHz, 0.38 ms at 48 kHz | to 0.43 | from 0.57 |
//!
//! An image of a ratio so near to one lies beside the tone that it belongs to, and makes it waver by less than 0.01 dB.
//! The ratio moves by no more than [`SLEW_PPM`](Fractional::SLEW_PPM) a second, so no pitch is heard to change.

use super::kaiser::{sinc, window};
use crate::units::SampleRate;
use std::sync::LazyLock;
use wide::f32x4;

/// Reads a stream a little faster or slower than it is written.
#[derive(Clone, Debug)]
pub struct Fractional {
    bank: &'static Bank,
    /// The weights of the next output.
    weights: [f32; MAX_TAPS],
    /// How far behind an input the next output lies; a part of a frame.
    phase: f64,
    ppm: f32,
    target_ppm: f32,
    /// How far the ratio may move in a frame.
    slew_ppm: f32,
    /// One input more than the taps, what was not needed yet, then the chunk at work.
    span: [f32; SPAN],
    filled: usize,
}

impl Fractional {
    /// Outputs that are worked out together: only a multiple of it is written.
    pub const CHUNK: usize = 40;

    /// The furthest from one that the ratio goes, in millionths.
    pub const MAX_PPM: f32 = 500.0;

    /// How far the ratio moves in a second, in millionths.
    pub const SLEW_PPM: f32 = 50.0;

    /// For a stream of `rate` with nothing above a quarter of it: telephone speech at 16 kHz.
    #[must_use]
    pub fn narrow(rate: SampleRate) -> Self {
        Self::new(&NARROW, rate)
    }

    /// For a stream that fills its band.
    #[must_use]
    pub fn wide(rate: SampleRate) -> Self {
        Self::new(&WIDE, rate)
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate of sound, to a few digits")]
    fn new(bank: &'static Bank, rate: SampleRate) -> Self {
        let mut new = Self {
            bank,
            weights: [0.0; MAX_TAPS],
            phase: 0.0,
            ppm: 0.0,
            target_ppm: 0.0,
            slew_ppm: Self::SLEW_PPM / rate.hz() as f32,
            span: [0.0; SPAN],
            filled: bank.taps,
        };
        new.reset();
        new
    }

    /// Sets out for a ratio of `ppm` millionths above one (the input is read faster) or below it.
    pub fn set_ppm(&mut self, ppm: f32) {
        if !ppm.is_nan() {
            self.target_ppm = ppm.clamp(-Self::MAX_PPM, Self::MAX_PPM);
        }
    }

    /// How far from one the ratio is, in millionths.
    #[must_use]
    pub fn ppm(&self) -> f32 {
        self.ppm
    }

    /// Is at the ratio that it was on the way to, before anything is heard.
    pub fn settle(&mut self) {
        self.ppm = self.target_ppm;
    }

    /// Inputs without which the next `frames` outputs cannot be written.
    #[must_use]
    pub fn frames_needed(&self, frames: usize) -> usize {
        let chunks = frames / Self::CHUNK;
        let Some(before_last) = chunks.checked_sub(1) else { return 0 };
        let last_phase = self.phase + self.drift() * count(before_last * Self::CHUNK);
        let last = GUARD + chunks * Self::CHUNK - 1 + self.bank.taps;
        let last = if last_phase >= 1.0 { last + 1 } else { last - usize::from(last_phase < 0.0) };
        last.saturating_sub(self.filled)
    }

    /// Takes `input` and writes `output`, as much of it as there is input for, in whole chunks; says how much. Input is
    /// kept for later as far as there is room, which there is for [`ROOM`](Self::ROOM) frames more than were needed.
    pub fn process(&mut self, input: &[f32], output: &mut [f32]) -> usize {
        let mut rest = input;
        let mut written = 0;
        for output in output.as_chunks_mut::<{ Self::CHUNK }>().0 {
            rest = self.take(rest);
            if !self.fill(output) {
                break;
            }
            written += Self::CHUNK;
        }
        self.take(rest);
        self.approach(written);
        written
    }

    /// Inputs that may come before they are needed.
    pub const ROOM: usize = 8;

    /// The delay in frames of the input.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        self.bank.taps / 2
    }

    /// Forgets what was heard, but not the ratio.
    pub fn reset(&mut self) {
        self.span.fill(0.0);
        self.filled = self.bank.taps;
        self.phase = 0.0;
        self.weights = self.bank.weights(0.0);
    }

    /// Puts as much as there is room for into the span; gives back the rest.
    fn take<'a>(&mut self, input: &'a [f32]) -> &'a [f32] {
        let (taken, rest) = input.split_at(input.len().min(SPAN - self.filled));
        self.span[self.filled..][..taken.len()].copy_from_slice(taken);
        self.filled += taken.len();
        rest
    }

    /// Writes the next chunk, if there is enough input for it.
    fn fill(&mut self, output: &mut [f32; Self::CHUNK]) -> bool {
        let (base, phase) = match self.phase {
            phase if phase >= 1.0 => (GUARD + 1, phase - 1.0),
            phase if phase < 0.0 => (GUARD - 1, phase + 1.0),
            phase => (GUARD, phase),
        };
        let width = Self::CHUNK - 1 + self.bank.taps;
        if self.filled < base + width {
            return false;
        }
        if base != GUARD {
            self.weights = self.bank.weights(phase);
        }
        self.phase = phase + self.drift() * count(Self::CHUNK);
        let next = self.bank.weights(self.phase);
        self.weigh(&self.span[base..][..width], &next, output);
        self.weights = next;
        let done = base + Self::CHUNK - GUARD;
        self.span.copy_within(done..self.filled, 0);
        self.filled -= done;
        true
    }

    /// Weighs the inputs for a chunk, on the way from one set of weights to the `next`.
    fn weigh(&self, span: &[f32], next: &[f32; MAX_TAPS], output: &mut [f32; Self::CHUNK]) {
        let halves = output.as_chunks_mut::<HALF>().0.iter_mut().zip(PARTS.as_chunks::<HALF>().0);
        for (number, (output, parts)) in halves.enumerate() {
            self.weigh_half(&span[number * HALF..], next, output, parts);
        }
    }

    /// The same for outputs that are those `parts` of the way.
    fn weigh_half(
        &self,
        span: &[f32],
        next: &[f32; MAX_TAPS],
        output: &mut [f32; HALF],
        parts: &[f32; HALF],
    ) {
        let (mut sums, mut changes) = ([f32x4::ZERO; QUADS], [f32x4::ZERO; QUADS]);
        let taps = self.weights[..self.bank.taps].iter().zip(next);
        for ((&weight, &next), inputs) in taps.zip(span.array_windows::<HALF>()) {
            let (weight, step) = (f32x4::splat(weight), f32x4::splat(next - weight));
            for ((sum, change), &input) in sums.iter_mut().zip(&mut changes).zip(inputs.as_chunks().0) {
                let input = f32x4::new(input);
                *sum += weight * input;
                *change += step * input;
            }
        }
        let quads = output.as_chunks_mut().0.iter_mut().zip(parts.as_chunks().0);
        for ((output, &part), (sum, change)) in quads.zip(sums.iter().zip(&changes)) {
            *output = (*sum + f32x4::new(part) * *change).to_array();
        }
    }

    fn approach(&mut self, frames: usize) {
        #[expect(clippy::cast_precision_loss, reason = "frames of a block")]
        let most = self.slew_ppm * frames as f32;
        self.ppm += (self.target_ppm - self.ppm).clamp(-most, most);
    }

    /// By how much of an input the place moves in a frame, beyond one.
    fn drift(&self) -> f64 {
        f64::from(self.ppm) * 1e-6
    }
}

/// The weights of all places from one input to the next, and of two more on either side: within a chunk an output may
/// lie a little beyond the inputs that it began between.
#[derive(Debug)]
struct Bank {
    taps: usize,
    places: usize,
    rows: Box<[[f32; MAX_TAPS]]>,
}

impl Bank {
    fn new(taps: usize, places: usize, beta: f64) -> Self {
        let row = |index: usize| row(taps, (count(index) - count(MARGIN)) / count(places), beta);
        Self { taps, places, rows: (0..=places + 2 * MARGIN).map(row).collect() }
    }

    /// The weights for an output `phase` behind an input.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rows are few, a phase is never before the first, and weights are f32"
    )]
    fn weights(&self, phase: f64) -> [f32; MAX_TAPS] {
        let last = self.rows.len() - 2;
        let place = (phase * count(self.places) + count(MARGIN)).clamp(0.0, count(last));
        let row = place as usize;
        let part = (place - count(row)) as f32;
        let mut weights = [0.0; MAX_TAPS];
        let rows = self.rows[row].iter().zip(&self.rows[row + 1]);
        for (weight, (one, other)) in weights[..self.taps].iter_mut().zip(rows) {
            *weight = one + part * (other - one);
        }
        weights
    }
}

/// The weights of the inputs around an output that lies `phase` behind the one in the middle. They make one, so that a
/// constant stays as it is.
#[expect(clippy::cast_possible_truncation, reason = "weights are f32")]
fn row(taps: usize, phase: f64, beta: f64) -> [f32; MAX_TAPS] {
    let weight = |index: usize| {
        let distance = count(index) - count(taps / 2 - 1) - phase;
        sinc(distance) * window(distance / count(taps / 2), beta)
    };
    let sum: f64 = (0..taps).map(weight).sum();
    core::array::from_fn(|index| if index < taps { (weight(index) / sum) as f32 } else { 0.0 })
}

#[expect(clippy::cast_precision_loss, reason = "small whole numbers")]
fn count(frames: usize) -> f64 {
    frames as f64
}

/// Outputs worked out side by side: their sums have room in the registers of any processor.
const HALF: usize = Fractional::CHUNK / 2;
const QUADS: usize = HALF / 4;

/// How far along the way from one chunk to the next each output is.
const PARTS: [f32; Fractional::CHUNK] = {
    let mut parts = [0.0; Fractional::CHUNK];
    let mut index: usize = 0;
    while index < parts.len() {
        #[expect(clippy::cast_precision_loss, reason = "small whole numbers")]
        let part = index as f32 / Fractional::CHUNK as f32;
        parts[index] = part;
        index += 1;
    }
    parts
};

static NARROW: LazyLock<Bank> = LazyLock::new(|| Bank::new(10, 64, 7.25));
static WIDE: LazyLock<Bank> = LazyLock::new(|| Bank::new(36, 128, 6.9));

const MAX_TAPS: usize = 36;
/// Places before the first and behind the last.
const MARGIN: usize = 2;
/// The place may step back: one older input is kept.
const GUARD: usize = 1;
/// The inputs of a chunk and those that came too early.
const SPAN: usize = GUARD + 1 + MAX_TAPS + Fractional::CHUNK + Fractional::ROOM;

#[cfg(test)]
mod tests;
