//! Comfort noise: what a telephone sends in place of the silence it leaves out (RFC 3389).
//!
//! ```text
//! 0 1 2 3 4 5 6 7
//! +-+-------------+---------------+-----+---------------+
//! |0|   -dBov     |      N1       | ... |      NM       |   what byte N stands for: 258 (N - 127) / 32 768
//! +-+-------------+---------------+-----+---------------+
//! ```
//! A payload says how loud the noise at the far end is, and may say of what colour. This reads it; the noise itself, and
//! whether to let it be heard, is for others. Coefficients beyond [`ComfortNoise::MAX_ORDER`] are left out, which is the
//! same colour less exactly (§3).

use crate::units::Level;

/// Noise as a peer describes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ComfortNoise {
    below_overload_db: u8,
    reflections: [f32; Self::MAX_ORDER],
    order: usize,
}

impl ComfortNoise {
    /// The encoding name, as in `a=rtpmap`.
    pub const NAME: &str = "CN";
    /// The static payload type, of an 8 kHz clock (§6).
    pub const PAYLOAD_TYPE: u8 = 13;
    /// The most reflection coefficients that are read.
    pub const MAX_ORDER: usize = 12;

    /// Reads a payload; an empty one is none.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (&level, colour) = payload.split_first()?;
        let mut reflections = [0.0; Self::MAX_ORDER];
        for (reflection, &index) in reflections.iter_mut().zip(colour) {
            *reflection = dequantized(index);
        }
        let order = colour.len().min(Self::MAX_ORDER);
        // The highest bit is always 0.
        Some(Self { below_overload_db: level & 0x7f, reflections, order })
    }

    /// The root mean square of the noise, full scale ±1.0 (§3.1: 0 dBov is a square wave of full scale).
    #[must_use]
    pub fn level(&self) -> Level {
        Level::from_db(-f32::from(self.below_overload_db))
    }

    /// Reflection coefficients of an all-pole model, the first one first; each between -1 and 1, and negative where
    /// low notes are the louder ones. Empty for white noise.
    #[must_use]
    pub fn reflections(&self) -> &[f32] {
        &self.reflections[..self.order]
    }
}

/// §3.2; 255 is reserved and counts as none.
fn dequantized(index: u8) -> f32 {
    if index == u8::MAX { 0.0 } else { 258.0 * (f32::from(index) - 127.0) / 32_768.0 }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact values are what is tested")]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    #[test]
    fn the_first_byte_is_the_level_below_overload() {
        let level = |payload: &[u8]| ComfortNoise::parse(payload).unwrap().level().gain();
        assert_eq!(level(&[0]), 1.0);
        assert!((level(&[40]) - 0.01).abs() < 1e-6);
        assert!(level(&[127]) > 0.0 && level(&[127]) < 1e-6);
        assert_eq!(level(&[148]), level(&[20]));
    }

    #[test]
    fn the_other_bytes_are_reflection_coefficients() {
        let noise = ComfortNoise::parse(&[50, 0, 127, 254, 255, 191]).unwrap();
        let edge = 258.0 * 127.0 / 32_768.0;
        assert_eq!(noise.reflections(), [-edge, 0.0, edge, 0.0, 258.0 * 64.0 / 32_768.0]);
        assert!(ComfortNoise::parse(&[50]).unwrap().reflections().is_empty());
    }

    #[test]
    fn no_payload_is_no_noise() {
        assert_eq!(ComfortNoise::parse(&[]), None);
    }

    proptest! {
        #[test]
        fn any_payload_has_a_level_and_coefficients_of_a_stable_filter(payload in vec(any::<u8>(), 1..100)) {
            let noise = ComfortNoise::parse(&payload).unwrap();
            prop_assert!((0.0..=1.0).contains(&noise.level().gain()));
            prop_assert_eq!(noise.reflections().len(), (payload.len() - 1).min(ComfortNoise::MAX_ORDER));
            prop_assert!(noise.reflections().iter().all(|reflection| reflection.abs() < 1.0));
        }
    }
}
