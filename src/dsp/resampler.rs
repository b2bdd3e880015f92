//! A stream at any rate, brought to another piece by piece: what [`convert`](super::convert) does to a clip, with the same
//! weights, so that the same samples come out however the stream is cut.
//!
//! Aliases and images lie below -80 dB, and 0.88 of the band that both rates have is kept within 0.01 dB. It looks ahead by 48
//! inputs of the lower rate. It is for threads that read ahead: what it is given is kept as long as it is needed, in memory
//! that grows to a piece and the width of the filter.

use super::convert::{Bank, ConvertError, check};
use crate::units::SampleRate;

/// Brings a stream to another rate.
#[derive(Debug)]
pub struct Resampler {
    /// `None`: both rates are the same.
    bank: Option<Bank>,
    from: u64,
    to: u64,
    /// The inputs that are still needed.
    span: Vec<f32>,
    /// The input in `span` at or before the next output, and how far that lies behind it, in parts of `to`.
    base: usize,
    part: u64,
}

impl Resampler {
    /// From one rate to another.
    ///
    /// # Errors
    ///
    /// A rate outside of 8 to 192 kHz is refused.
    pub fn new(from: SampleRate, to: SampleRate) -> Result<Self, ConvertError> {
        check([from, to])?;
        let bank = (from != to).then(|| Bank::new(from, to));
        let (from, to) = (u64::from(from.hz()), u64::from(to.hz()));
        Ok(Self { bank, from, to, span: Vec::new(), base: 0, part: 0 })
    }

    /// Appends to `output` what can be said with `input` known too.
    pub fn process(&mut self, input: &[f32], output: &mut Vec<f32>) {
        if self.bank.is_none() {
            return output.extend_from_slice(input);
        }
        self.span.extend_from_slice(input);
        self.advance(self.span.len(), output);
        self.forget();
    }

    /// Appends to `output` what is left when no more input comes. Then it begins anew.
    pub fn finish(&mut self, output: &mut Vec<f32>) {
        let half = self.bank.as_ref().map_or(0, Bank::half);
        self.advance(self.span.len() + half, output);
        self.span.clear();
        (self.base, self.part) = (0, 0);
    }

    /// The outputs for which `known` inputs are enough.
    fn advance(&mut self, known: usize, output: &mut Vec<f32>) {
        let Some(bank) = &self.bank else { return };
        while self.base + bank.half() < known {
            output.push(bank.sample(&self.span, self.base as u64, self.part));
            let behind = self.part + self.from;
            self.base += usize::try_from(behind / self.to).unwrap_or(usize::MAX);
            self.part = behind % self.to;
        }
    }

    /// Inputs that no later output needs.
    fn forget(&mut self) {
        let Some(bank) = &self.bank else { return };
        let spent = (self.base + 1).saturating_sub(bank.half()).min(self.span.len());
        self.span.drain(..spent);
        self.base -= spent;
    }
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "signals of a test are short")]
mod tests {
    use super::super::convert;
    use super::super::probe::{Noise, amplitude, db, in_pieces, sine};
    use super::*;

    fn rate(hz: u32) -> SampleRate {
        SampleRate::new(hz).unwrap()
    }

    fn resampled(input: &[f32], from: u32, to: u32, seed: u64) -> Vec<f32> {
        let mut resampler = Resampler::new(rate(from), rate(to)).unwrap();
        let mut output = Vec::new();
        in_pieces(input, seed, |piece| resampler.process(piece, &mut output));
        resampler.finish(&mut output);
        output
    }

    #[test]
    fn any_cut_of_a_stream_gives_what_the_whole_clip_gives() {
        let noise = Noise::new(5).samples(9_000);
        for (from, to) in
            [(44_100, 48_000), (8_000, 48_000), (192_000, 48_000), (48_000, 48_000), (22_050, 48_000)]
        {
            let clip = convert(&noise, rate(from), rate(to)).unwrap();
            for seed in 0..5 {
                let stream = resampled(&noise, from, to, seed);
                let most = clip.len().min(stream.len());
                assert!(stream[..most] == clip[..most], "{from} to {to}, seed {seed}");
                assert!(stream.len().abs_diff(clip.len()) <= 1, "{} and not {}", stream.len(), clip.len());
            }
        }
    }

    #[test]
    fn images_and_aliases_of_every_rate_lie_below_70_db() {
        for (from, hz) in [
            (8_000, 3_000.0),
            (11_025, 4_000.0),
            (32_000, 12_000.0),
            (44_100, 15_000.0),
            (96_000, 18_000.0),
            (192_000, 20_000.0),
        ] {
            let output = resampled(&sine(from as usize, hz, from), from, 48_000, 1);
            let output = &output[12_000..36_000];
            let tone = amplitude(output, hz, 48_000);
            assert!(db(tone).abs() < 0.02, "{hz} Hz of {from}: {} dB", db(tone));
            let power: f64 = output.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>() * 2.0;
            let rest = (power / output.len() as f64 - tone * tone).abs().sqrt();
            assert!(db(rest) < -70.0, "{hz} Hz of {from}: {} dB beside it", db(rest));
        }
    }

    #[test]
    fn it_keeps_no_more_than_its_filter_is_wide() {
        let mut resampler = Resampler::new(rate(192_000), rate(48_000)).unwrap();
        let mut output = Vec::new();
        for _ in 0..100 {
            output.clear();
            resampler.process(&[0.5; 4_096], &mut output);
            assert!(resampler.span.len() < 1_000, "{}", resampler.span.len());
        }
    }

    #[test]
    fn what_ends_can_begin_anew() {
        let mut resampler = Resampler::new(rate(44_100), rate(48_000)).unwrap();
        let noise = Noise::new(6).samples(1_000);
        let [first, second] = [(); 2].map(|()| {
            let mut output = Vec::new();
            resampler.process(&noise, &mut output);
            resampler.finish(&mut output);
            output
        });
        assert!(first == second && !first.is_empty());
    }

    #[test]
    fn rates_out_of_reach_are_refused() {
        assert!(Resampler::new(rate(7_999), rate(48_000)).is_err());
        assert!(Resampler::new(rate(192_001), rate(48_000)).is_err());
    }
}
