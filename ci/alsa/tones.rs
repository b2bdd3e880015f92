//! A tone for each channel of a card, and what became of it.

use core::f64::consts::TAU;
use std::path::Path;

use pagingbox::output::Engine;
use pagingbox::time::Instant;

use crate::record::{Hardware, Record, read};

/// As many tones as there are channels, side by side, for a second.
pub(crate) struct Tones {
    channels: usize,
    next: usize,
}

impl Tones {
    pub(crate) const fn new(channels: usize) -> Self {
        Self { channels, next: 0 }
    }

    /// Tones that are over.
    pub(crate) const fn silent(channels: usize) -> Self {
        Self { channels, next: FRAMES }
    }
}

impl Engine for &mut Tones {
    fn collect(&mut self, _now: Instant) {}

    fn is_idle(&self) -> bool {
        self.next >= FRAMES
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "samples are f32")]
    fn render(&mut self, _now: Instant, sound: &mut [f32]) {
        for frame in sound.chunks_exact_mut(self.channels) {
            for (channel, sample) in frame.iter_mut().enumerate() {
                let turn = TAU * hz(channel) / 48_000.0 * self.next as f64;
                *sample = if self.next < FRAMES { (level(channel) * turn.sin()) as f32 } else { 0.0 };
            }
            self.next += 1;
        }
    }
}

/// What one opening of a card played.
#[derive(Default)]
pub(crate) struct Take {
    pub(crate) hardware: Hardware,
    pub(crate) xruns: usize,
    /// Interleaved.
    samples: Vec<f64>,
}

/// A tone as it was heard.
#[derive(Debug)]
pub(crate) struct Heard {
    /// Against what it should be.
    pub(crate) level_db: f64,
    /// Against what it should be by the card's clock.
    pub(crate) ppm: f64,
    /// Everything else in its channel, against full scale.
    pub(crate) rest_db: f64,
}

/// What each opening of a card in `dir` played.
pub(crate) fn takes(dir: &Path) -> Vec<Take> {
    let mut takes: Vec<Take> = Vec::new();
    read(dir, |opening, record| {
        takes.resize_with(takes.len().max(opening + 1), Take::default);
        takes[opening].take(&record);
    });
    takes
}

impl Take {
    /// Frames from the first that sounds to the last.
    pub(crate) fn sounding_frames(&self) -> usize {
        let mut sounding =
            self.samples.chunks(self.hardware.channels).map(|frame| frame.iter().any(|s| *s != 0.0));
        let first = sounding.position(|sounds| sounds).unwrap();
        self.samples
            .chunks(self.hardware.channels)
            .rposition(|frame| frame.iter().any(|s| *s != 0.0))
            .unwrap()
            - first
            + 1
    }

    /// What was heard of the tone of `tone` on `channel`, in the middle of it.
    pub(crate) fn heard(&self, channel: usize, tone: usize) -> Heard {
        let channels = self.hardware.channels;
        let samples: Vec<f64> = self.samples.iter().skip(channel).step_by(channels).copied().collect();
        let first = samples.iter().position(|sample| *sample != 0.0).unwrap();
        let tenth = usize::try_from(self.hardware.rate_hz / 10).unwrap();
        let middle = &samples[first + 2 * tenth..][..6 * tenth];
        let turn = TAU * hz(tone) / f64::from(u32::try_from(self.hardware.rate_hz).unwrap());
        let (early, late) = (fit(&middle[..tenth], turn), fit(&middle[5 * tenth..], turn));
        let whole = fit(middle, turn);
        // The phase has had half a second to run away.
        let apart = 5.0 * f64::from(u32::try_from(tenth).unwrap());
        let drift = (late.1 - early.1 - turn * apart + TAU / 2.0).rem_euclid(TAU) - TAU / 2.0;
        Heard {
            level_db: db(whole.0 / level(tone)),
            ppm: drift / (turn * apart) * 1e6,
            rest_db: db(rest(middle, turn, whole)),
        }
    }

    /// The loudest sample of a channel.
    pub(crate) fn peak(&self, channel: usize) -> f64 {
        let samples = self.samples.iter().skip(channel).step_by(self.hardware.channels);
        samples.fold(0.0, |peak, sample| sample.abs().max(peak))
    }

    fn take(&mut self, record: &Record<'_>) {
        match *record {
            Record::Hardware(hardware) => self.hardware = hardware,
            Record::Data(_, data) => {
                let hardware = self.hardware;
                let samples = data.chunks_exact(hardware.frame_bytes() / hardware.channels);
                self.samples.extend(samples.map(|sample| hardware.decode(sample)));
            }
            Record::Xrun(_) => self.xruns += 1,
            Record::Start(_) | Record::Stop(_) | Record::Prepare => {}
        }
    }
}

/// Amplitude and phase of the sine of so many radians per frame that fits best.
fn fit(samples: &[f64], turn: f64) -> (f64, f64) {
    let mut sums = [0.0; 5];
    for (sample, angle) in angles(samples, turn) {
        let (sin, cos) = angle.sin_cos();
        let terms = [sin * sin, sin * cos, cos * cos, sin * sample, cos * sample];
        sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
    }
    let [ss, sc, cc, sx, cx] = sums;
    let determinant = ss * cc - sc * sc;
    let (a, b) = ((sx * cc - cx * sc) / determinant, (cx * ss - sx * sc) / determinant);
    (a.hypot(b), b.atan2(a))
}

/// The effective value of what is not that sine.
fn rest(samples: &[f64], turn: f64, (amplitude, phase): (f64, f64)) -> f64 {
    let errors =
        angles(samples, turn).map(|(sample, angle)| (sample - amplitude * (angle + phase).sin()).powi(2));
    (errors.sum::<f64>() / f64::from(u32::try_from(samples.len()).unwrap())).sqrt()
}

fn angles(samples: &[f64], turn: f64) -> impl Iterator<Item = (f64, f64)> {
    samples.iter().zip(0_u32..).map(move |(&sample, frame)| (sample, turn * f64::from(frame)))
}

fn hz(channel: usize) -> f64 {
    [1_000.0, 700.0, 1_300.0, 450.0, 2_100.0, 3_300.0, 5_100.0, 6_900.0][channel]
}

/// No two alike, and together less than full scale.
fn level(channel: usize) -> f64 {
    0.8 / 1.2_f64.powi(i32::try_from(channel).unwrap())
}

fn db(factor: f64) -> f64 {
    20.0 * factor.max(1e-12).log10()
}

/// A second at 48 kHz.
pub(crate) const FRAMES: usize = 48_000;
