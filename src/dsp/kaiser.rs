//! Low-pass filters as windowed sincs.
//!
//! A filter is `sinc(x)` under a Kaiser window; `beta` trades the width of the transition for the depth of the stop
//! band. J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", 1974.

use core::f64::consts::PI;

/// The Kaiser window of shape `beta` at `x`, 1 in the middle and falling to either side; zero from ±1 on.
pub(super) fn window(x: f64, beta: f64) -> f64 {
    let inside = 1.0 - x * x;
    if inside <= 0.0 { 0.0 } else { bessel_i0(beta * inside.sqrt()) / bessel_i0(beta) }
}

/// sin(πx) / πx.
pub(super) fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The modified Bessel function of the first kind and order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let mut sum = 1.0;
    let mut term = 1.0;
    for k in 1..=SERIES_TERMS {
        let factor = x / (2.0 * f64::from(k));
        term *= factor * factor;
        sum += term;
    }
    sum
}

/// Enough for a relative error below 1e-12 up to x = 12.
const SERIES_TERMS: u32 = 32;

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact values are what is tested")]
mod tests {
    use super::*;

    /// Abramowitz and Stegun, table 9.8.
    #[test]
    fn the_bessel_function_has_its_known_values() {
        for (x, value) in
            [(0.0, 1.0), (1.0, 1.266_065_877_752), (5.0, 27.239_871_823_604), (10.0, 2_815.716_628_466)]
        {
            assert!((bessel_i0(x) / value - 1.0).abs() < 1e-10, "I0({x})");
        }
    }

    #[test]
    fn a_window_is_one_in_the_middle_and_nothing_at_its_ends() {
        assert!((window(0.0, 7.0) - 1.0).abs() < 1e-12);
        assert_eq!(window(1.0, 7.0), 0.0);
        assert_eq!(window(-2.0, 7.0), 0.0);
        assert!((window(0.3, 7.0) - window(-0.3, 7.0)).abs() < 1e-12);
    }
}
