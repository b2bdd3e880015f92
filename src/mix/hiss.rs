//! What is heard of the far end while nobody speaks there (RFC 3389).

use crate::codec::ComfortNoise;
use crate::dsp::Noise;
use crate::units::{Level, SampleRate};

/// The comfort noise of one voice.
#[derive(Clone, Debug)]
pub(super) struct Hiss {
    noise: Noise,
    heard: Option<ComfortNoise>,
}

impl Hiss {
    pub(super) fn new(rate: SampleRate) -> Self {
        Self { noise: Noise::new(rate, SEED), heard: None }
    }

    /// Is as a payload of comfort noise says, little by little.
    pub(super) fn start(&mut self, payload: &[u8]) {
        let told = ComfortNoise::parse(payload);
        if told == self.heard {
            return;
        }
        self.heard = told;
        self.noise.set_level(told.map_or(Level::MUTE, |told| told.level()));
        if let Some(told) = told {
            self.noise.set_colour(told.reflections());
        }
    }

    /// Fades out.
    pub(super) fn stop(&mut self) {
        if self.heard.take().is_some() {
            self.noise.set_level(Level::MUTE);
        }
    }

    /// Adds what is heard of it, and says whether there is anything.
    pub(super) fn add(&mut self, samples: &mut [f32]) -> bool {
        if self.noise.is_silent() {
            return false;
        }
        for samples in samples.chunks_mut(CHUNK) {
            let mut noise = [0.0; CHUNK];
            self.noise.fill(&mut noise[..samples.len()]);
            for (sample, noise) in samples.iter_mut().zip(&noise) {
                *sample += noise;
            }
        }
        true
    }
}

/// The same for all: nobody hears which noise it is.
const SEED: u64 = 1;
const CHUNK: usize = 120;
