//! Sounds one after the other, cut into pieces: wherever one was cut off and another begins, nothing clicks.
//!
//! The last 5 ms are held back until it is known whether they are the last: then they fall to silence, and what comes next
//! rises from it.
#![expect(clippy::cast_precision_loss, reason = "frames of a fade")]

use crate::dsp::to_i16;
use crate::mix::Piece;

/// Samples on their way into pieces.
#[derive(Debug, Default)]
pub(super) struct Splice {
    /// Full scale ±1.0; the end of it may still have to fade.
    samples: Vec<f32>,
    /// Samples of the rise that have come.
    risen: usize,
}

impl Splice {
    /// Appends what goes on.
    pub(super) fn add(&mut self, samples: &[f32]) {
        let rising = samples.len().min(FADE - self.risen);
        let gains = (self.risen..).map(|number| (number + 1) as f32 / FADE as f32);
        self.samples.extend(samples[..rising].iter().zip(gains).map(|(sample, gain)| sample * gain));
        self.samples.extend_from_slice(&samples[rising..]);
        self.risen += rising;
    }

    /// What came last is the last of it.
    pub(super) fn cut(&mut self) {
        let held = self.samples.len().min(FADE);
        let from = self.samples.len() - held;
        for (number, sample) in self.samples[from..].iter_mut().enumerate() {
            *sample *= (held - 1 - number) as f32 / held as f32;
        }
        self.risen = 0;
    }

    /// Nothing follows for a while: what is there is filled up with silence to a whole piece.
    pub(super) fn finish(&mut self) {
        self.cut();
        if !self.samples.is_empty() {
            let pieces = self.samples.len().div_ceil(Piece::FRAMES);
            self.samples.resize(pieces * Piece::FRAMES + FADE, 0.0);
        }
    }

    /// Fills `piece`, if there is enough; says whether there was.
    pub(super) fn fill(&mut self, piece: &mut Piece) -> bool {
        if !self.is_full() {
            return false;
        }
        for (place, sample) in piece.samples.iter_mut().zip(self.samples.drain(..Piece::FRAMES)) {
            *place = to_i16(sample);
        }
        true
    }

    /// Whether there is enough for a piece.
    pub(super) fn is_full(&self) -> bool {
        self.samples.len() >= Piece::FRAMES + FADE
    }

    /// What is left is the silence of [`finish`](Self::finish).
    pub(super) fn clear(&mut self) {
        self.samples.clear();
        self.risen = 0;
    }
}

/// 5 ms at 48 kHz.
const FADE: usize = 240;

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(splice: &mut Splice) -> Vec<f32> {
        let mut piece = Piece::blank();
        let mut heard = Vec::new();
        while splice.fill(&mut piece) {
            heard.extend(piece.samples.iter().map(|&sample| f32::from(sample) / 32_768.0));
        }
        heard
    }

    fn largest_step(samples: &[f32]) -> f32 {
        samples.windows(2).fold(0.0, |step, pair| step.max((pair[1] - pair[0]).abs()))
    }

    #[test]
    fn what_goes_on_is_not_touched() {
        let mut splice = Splice::default();
        for _ in 0..20 {
            splice.add(&[0.5; 1_152]);
        }
        let heard = pieces(&mut splice);
        assert_eq!(heard.len(), 4 * Piece::FRAMES);
        assert!(heard[FADE..].iter().all(|sample| (sample - 0.5).abs() < 1e-4));
    }

    #[test]
    fn a_cut_falls_and_what_follows_rises() {
        let mut splice = Splice::default();
        splice.add(&vec![0.5; 7_000]);
        splice.cut();
        splice.add(&vec![-0.5; 7_000]);
        splice.finish();
        let heard = pieces(&mut splice);
        assert_eq!(heard.len(), 3 * Piece::FRAMES);
        assert!(largest_step(&heard) < 0.003, "{}", largest_step(&heard));
        assert!(heard[14_000..].iter().all(|sample| sample.abs() < 1e-6));
    }

    #[test]
    fn what_is_shorter_than_a_fade_falls_as_well() {
        let mut splice = Splice::default();
        splice.add(&[0.5; 100]);
        splice.finish();
        let heard = pieces(&mut splice);
        assert!(largest_step(&heard) < 0.01 && heard.len() == Piece::FRAMES);
        splice.clear();
        splice.finish();
        assert!(pieces(&mut splice).is_empty());
    }
}
