//! Takes dial tone, hum and the pitch of a voice away from the tones of keys.
//!
//! Two sections of second order, each with a zero on the unit circle: at 350 and 440 Hz, so that the dial tones between
//! (350 and 440 Hz, 425 Hz, 400 Hz) are 32 dB down and more. From 680 Hz on it is flat within 0.05 dB. The corners were
//! found by a search for the flattest; the bilinear transform keeps them for any rate.

use core::f64::consts::PI;

/// A high-pass filter.
#[derive(Clone, Debug)]
pub(super) struct HighPass {
    sections: [Section; 2],
}

impl HighPass {
    pub(super) fn new(rate_hz: u32) -> Self {
        Self { sections: CORNERS.map(|corner| Section::new(&corner, rate_hz)) }
    }

    /// Writes the next samples to `output`: as many as both have.
    pub(super) fn process(&mut self, input: &[f32], output: &mut [f32]) {
        // On the stack, they stay in registers.
        let [mut first, mut second] = self.sections.clone();
        for (output, &sample) in output.iter_mut().zip(input) {
            *output = second.next(first.next(sample));
        }
        self.sections = [first, second];
    }

    /// Forgets what was heard.
    pub(super) fn reset(&mut self) {
        for section in &mut self.sections {
            section.state = [0.0; 2];
        }
    }
}

/// Transposed direct form II.
#[derive(Clone, Debug)]
struct Section {
    /// Of `z^0` and `z^-2`, which are the same, and of `z^-1`.
    zeros: [f32; 2],
    /// Of `z^-1` and `z^-2`.
    poles: [f32; 2],
    state: [f32; 2],
}

impl Section {
    #[expect(clippy::cast_possible_truncation, reason = "samples have 32 bits")]
    fn new(corner: &Corner, rate_hz: u32) -> Self {
        let warped = |hz: f64| (PI * hz / f64::from(rate_hz)).tan();
        let (zero, pole) = (warped(corner.zero_hz).powi(2), warped(corner.pole_hz));
        let (damping, pole) = (pole / corner.q, pole.powi(2));
        let scale = 1.0 / (1.0 + damping + pole);
        Self {
            zeros: [(scale * (1.0 + zero)) as f32, (scale * 2.0 * (zero - 1.0)) as f32],
            poles: [(scale * 2.0 * (pole - 1.0)) as f32, (scale * (1.0 - damping + pole)) as f32],
            state: [0.0; 2],
        }
    }

    fn next(&mut self, sample: f32) -> f32 {
        let ([outer, middle], [first, second]) = (self.zeros, self.poles);
        let output = outer * sample + self.state[0];
        self.state[0] = middle * sample - first * output + self.state[1];
        self.state[1] = outer * sample - second * output;
        output
    }
}

struct Corner {
    zero_hz: f64,
    pole_hz: f64,
    q: f64,
}

const CORNERS: [Corner; 2] =
    [Corner { zero_hz: 350.0, pole_hz: 620.8, q: 0.741 }, Corner { zero_hz: 440.0, pole_hz: 590.5, q: 3.72 }];
