//! One sub-band of G.722: the scale of its quantizer and the predictor, both of which follow what was quantized.
//!
//! Encoder and decoder run the same code on the same differences, so that they stay in step. Names in capitals are
//! those of the blocks in ITU-T G.722 §6.2.1 and §6.2.2; all quantities have 16 bits and saturate, as there.

/// What a sub-band remembers.
#[derive(Clone, Debug)]
pub(super) struct Band {
    scale: Scale,
    /// The predicted sample (S), of which [`Band::zeros`] is a part.
    pub(super) estimate: i16,
    /// What the zero section predicts (SZ).
    zeros: i16,
    /// Coefficients of the pole section (A).
    a: [i16; 2],
    /// Coefficients of the zero section (B).
    b: [i16; 6],
    /// Quantized differences (D), newest first.
    d: [i16; 6],
    /// Reconstructed samples (R), newest first.
    r: [i16; 2],
    /// Partly reconstructed samples (P), newest first.
    p: [i16; 2],
}

impl Band {
    /// The lower band, 0 to 4 kHz, after a reset.
    pub(super) const fn low() -> Self {
        Self::new(Scale { log: 0, linear: 32, log_max: 18_432, shift: 8 })
    }

    /// The upper band, 4 to 8 kHz, after a reset.
    pub(super) const fn high() -> Self {
        Self::new(Scale { log: 0, linear: 8, log_max: 22_528, shift: 10 })
    }

    const fn new(scale: Scale) -> Self {
        Self { scale, estimate: 0, zeros: 0, a: [0; 2], b: [0; 6], d: [0; 6], r: [0; 2], p: [0; 2] }
    }

    /// What an output of the quantizer stands for: `value` of the tables, times the scale (INVQ).
    pub(super) fn scaled(&self, value: i16) -> i16 {
        product(self.scale.linear, value)
    }

    /// Whether `difference` lies as far from zero as `level` of the tables, times the scale, or farther (QUANT).
    pub(super) fn reaches(&self, difference: i16, level: i16) -> bool {
        let magnitude = if difference < 0 { !difference } else { difference };
        i32::from(magnitude) >= (i32::from(level) * i32::from(self.scale.linear)) >> 12
    }

    /// Learns from the quantized `difference` and predicts the next sample; the scale grows or shrinks by `step`.
    pub(super) fn adapt(&mut self, difference: i16, step: i16) {
        self.scale.adapt(step);
        // RECONS, PARREC
        let r = self.estimate.saturating_add(difference);
        let p = self.zeros.saturating_add(difference);
        self.adapt_poles(p);
        self.adapt_zeros(difference);
        // DELAYA
        self.d.copy_within(..5, 1);
        self.d[0] = difference;
        self.r = [r, self.r[0]];
        self.p = [p, self.p[0]];
        // FILTEZ, FILTEP, PREDIC
        self.zeros = filtered(&self.b, &self.d);
        self.estimate = filtered(&self.a, &self.r).saturating_add(self.zeros);
    }

    /// UPPOL2, UPPOL1
    fn adapt_poles(&mut self, p: i16) {
        let [a1, a2] = self.a;
        let quadruple = a1.saturating_mul(4);
        let pull = if same_sign(p, self.p[0]) { quadruple.saturating_neg() } else { quadruple };
        let step = if same_sign(p, self.p[1]) { 128 } else { -128 };
        let a2 = ((pull >> 7) + step).saturating_add(product(a2, 32_512)).clamp(-12_288, 12_288);
        let step = if same_sign(p, self.p[0]) { 192 } else { -192 };
        let stable = 15_360 - a2;
        let a1 = product(a1, 32_640).saturating_add(step).clamp(-stable, stable);
        self.a = [a1, a2];
    }

    /// UPZERO
    fn adapt_zeros(&mut self, difference: i16) {
        let step = if difference == 0 { 0 } else { 128 };
        for (b, &d) in self.b.iter_mut().zip(&self.d) {
            let step = if same_sign(difference, d) { step } else { -step };
            *b = product(*b, 32_640).saturating_add(step);
        }
    }
}

/// The scale of a quantizer.
#[derive(Clone, Debug)]
struct Scale {
    /// Its logarithm to the base of 2, in 2048ths (NB).
    log: i16,
    /// Itself (DET).
    linear: i16,
    log_max: i16,
    /// By how many bits the smallest scale is below [`EXP2`], before it counts fourfold.
    shift: i16,
}

impl Scale {
    /// LOGSC, SCALE
    fn adapt(&mut self, step: i16) {
        self.log = (product(self.log, 32_512) + step).clamp(0, self.log_max);
        let mantissa = EXP2[usize::from(self.log.unsigned_abs() >> 6 & 31)];
        let shift = self.shift - (self.log >> 11);
        // The logarithm goes one power of two beyond the shift at most.
        self.linear = if shift < 0 { mantissa << 3 } else { mantissa >> shift << 2 };
    }
}

fn filtered(coefficients: &[i16], samples: &[i16]) -> i16 {
    // The oldest first: it matters where a sum saturates on the way.
    let products = coefficients.iter().zip(samples).rev().map(|(&c, &x)| product(c, x.saturating_mul(2)));
    products.fold(0, i16::saturating_add)
}

/// The product of two fractions of 15 bits.
fn product(a: i16, b: i16) -> i16 {
    saturated((i32::from(a) * i32::from(b)) >> 15)
}

/// The nearest of 16 bits.
pub(super) fn saturated(value: i32) -> i16 {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to what fits")]
    let nearest = value.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
    nearest
}

/// Zero counts as positive.
fn same_sign(a: i16, b: i16) -> bool {
    (a ^ b) >= 0
}

/// 2048 times the powers of two from 1 to 2, in steps of a 32nd (ILB).
const EXP2: [i16; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896,
    2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];
