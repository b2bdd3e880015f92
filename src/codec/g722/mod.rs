//! G.722 at 64 kbit/s: 16 kHz speech as a byte for every two samples.
//!
//! ```text
//!          ┌─> lower band, 8 kHz ─> 6 bits ─┐
//! 16 kHz ─QMF                               ├─> byte: hhllllll
//!          └─> upper band, 8 kHz ─> 2 bits ─┘
//! ```
//! Fixed point, as ITU-T G.722 §6 has it, and bit exact to it. The modes of 56 and 48 kbit/s are left out: RTP does not
//! know them (RFC 3551 §4.5.2).

mod band;
#[cfg(test)]
mod tests;

use band::{Band, saturated};

/// From bytes to samples.
#[derive(Clone, Debug)]
pub(super) struct Decoder {
    low: Band,
    high: Band,
    sums: History,
    differences: History,
}

impl Decoder {
    pub(super) const fn new() -> Self {
        Self { low: Band::low(), high: Band::high(), sums: [0; 12], differences: [0; 12] }
    }

    /// The next two samples.
    pub(super) fn decode(&mut self, code: u8) -> [i16; 2] {
        let low = i32::from(self.decode_low(code & 0x3f));
        let high = i32::from(self.decode_high(code >> 6));
        push(&mut self.differences, saturated(low - high));
        push(&mut self.sums, saturated(low + high));
        let first = filtered(&self.differences, &QMF_REVERSED) >> 11;
        let second = filtered(&self.sums, &QMF) >> 11;
        [saturated(first), saturated(second)]
    }

    fn decode_low(&mut self, code: u8) -> i16 {
        let sample = self.low.estimate.saturating_add(self.low.scaled(LOW_64[usize::from(code)]));
        adapt_low(&mut self.low, code);
        limited(sample)
    }

    fn decode_high(&mut self, code: u8) -> i16 {
        let sample = self.high.estimate.saturating_add(self.high.scaled(HIGH[usize::from(code & 3)]));
        adapt_high(&mut self.high, code);
        limited(sample)
    }
}

/// From samples to bytes.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    low: Band,
    high: Band,
    first: History,
    second: History,
}

impl Encoder {
    pub(super) const fn new() -> Self {
        Self { low: Band::low(), high: Band::high(), first: [0; 12], second: [0; 12] }
    }

    /// The next byte.
    pub(super) fn encode(&mut self, [first, second]: [i16; 2]) -> u8 {
        push(&mut self.first, first);
        push(&mut self.second, second);
        let first = filtered(&self.first, &QMF);
        let second = filtered(&self.second, &QMF_REVERSED);
        let low = self.encode_low(saturated((second + first) >> 14));
        let high = self.encode_high(saturated((second - first) >> 14));
        high << 6 | low
    }

    fn encode_low(&mut self, sample: i16) -> u8 {
        let difference = sample.saturating_sub(self.low.estimate);
        let reached = LEVELS.iter().take_while(|&&level| self.low.reaches(difference, level)).count();
        let code = if difference < 0 { LOW_NEGATIVE[reached] } else { LOW_POSITIVE[reached] };
        adapt_low(&mut self.low, code);
        code
    }

    fn encode_high(&mut self, sample: i16) -> u8 {
        let difference = sample.saturating_sub(self.high.estimate);
        let code = match (difference < 0, self.high.reaches(difference, HIGH_LEVEL)) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            (false, false) => 3,
        };
        adapt_high(&mut self.high, code);
        code
    }
}

/// What a decoder and an encoder do alike with six bits of the lower band: only four of them steer it (block 2L, 3L).
fn adapt_low(band: &mut Band, code: u8) {
    let code = usize::from(code >> 2 & 15);
    band.adapt(band.scaled(LOW_48[code]), LOW_STEPS[code]);
}

/// The two bits of the upper band (blocks 2H, 3H).
fn adapt_high(band: &mut Band, code: u8) {
    let code = usize::from(code & 3);
    band.adapt(band.scaled(HIGH[code]), HIGH_STEPS[code]);
}

/// LIMIT
fn limited(sample: i16) -> i16 {
    sample.clamp(-16_384, 16_383)
}

/// Samples of one phase of the filter bank, the oldest first.
type History = [i16; 12];

fn push(history: &mut History, sample: i16) {
    history.copy_within(1.., 0);
    history[11] = sample;
}

fn filtered(history: &History, coefficients: &History) -> i32 {
    history.iter().zip(coefficients).map(|(&x, &c)| i32::from(x) * i32::from(c)).sum()
}

/// One phase of the quadrature mirror filter (table 4), the coefficient of the oldest sample first.
const QMF: History = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];
/// The other phase is the mirror image.
const QMF_REVERSED: History = [-11, 53, -156, 362, -805, 3876, 951, -210, 32, 12, -11, 3];

/// What the six bits of the lower band stand for (QM6). The first four are never sent.
const LOW_64: [i16; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360,
    -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688,
    -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856,
    7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136,
    -432, -136,
];
/// What the upper four of them stand for (QM4).
const LOW_48: [i16; 16] =
    [0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0];
/// How those move the logarithm of the scale (WL of RL42).
const LOW_STEPS: [i16; 16] =
    [-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60];
/// What the two bits of the upper band stand for (QM2), and how they move the logarithm of its scale (WH of RH2).
const HIGH: [i16; 4] = [-7408, -1616, 7408, 1616];
const HIGH_STEPS: [i16; 4] = [798, -214, 798, -214];

/// Where the quantizer of the lower band turns from one code to the next (Q6), and the codes (ILP, ILN).
const LEVELS: [i16; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121, 1219,
    1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
];
const LOW_POSITIVE: [u8; 30] = [
    61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36,
    35, 34, 33, 32,
];
const LOW_NEGATIVE: [u8; 30] = [
    63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7,
    6, 5, 4,
];
/// The same of the upper band (Q2).
const HIGH_LEVEL: i16 = 564;
