//! A voice by formants: pulses of a pitch that moves, through four resonators that move from vowel to vowel, hisses
//! between them, and pauses. It says nothing, in the manner of speech.
#![expect(clippy::cast_precision_loss, reason = "signals of a test are short")]

use super::super::super::probe::Noise;
use core::f32::consts::PI;

/// Who speaks.
#[derive(Clone, Copy)]
pub(super) struct Voice {
    pub(super) pitch_hz: f32,
    /// By how much its formants lie above those of a man.
    pub(super) size: f32,
}

pub(super) const MAN: Voice = Voice { pitch_hz: 115.0, size: 1.0 };
pub(super) const WOMAN: Voice = Voice { pitch_hz: 215.0, size: 1.17 };

impl Voice {
    /// So many syllables at 8 kHz, about 4 in a second.
    pub(super) fn speak(self, syllables: usize, seed: u64) -> Vec<f32> {
        let mut mouth = Mouth::new(self, seed);
        for _ in 0..syllables {
            mouth.syllable();
        }
        let peak = mouth.said.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        mouth.said.iter().map(|sample| sample * 0.5 / peak).collect()
    }
}

struct Mouth {
    voice: Voice,
    chance: Noise,
    formants: [f32; 4],
    resonators: [Resonator; 4],
    pitch: f32,
    phase: f32,
    /// Air through the glottis: less and less of it from the pitch upwards.
    air: f32,
    said: Vec<f32>,
}

impl Mouth {
    fn new(voice: Voice, seed: u64) -> Self {
        let resonators = core::array::from_fn(|_| Resonator::default());
        let (formants, pitch) = (VOWELS[0], voice.pitch_hz);
        Self {
            voice,
            chance: Noise::new(seed),
            formants,
            resonators,
            pitch,
            phase: 0.0,
            air: 0.0,
            said: Vec::new(),
        }
    }

    /// A hiss or none, a vowel, a pause or none.
    fn syllable(&mut self) {
        if self.chance.below(3) == 0 {
            self.sound(40, 0.0, 0.05);
        }
        let vowel = VOWELS[self.chance.below(8)];
        let pitch = self.voice.pitch_hz * (1.0 + 0.25 * self.chance.sample());
        let ms = 80 + self.chance.below(220);
        self.vowel(vowel, pitch, ms);
        if self.chance.below(4) == 0 {
            self.sound(60, 0.0, 0.0);
        }
    }

    /// Glides to a vowel and a pitch within a third of the time, and stays there.
    fn vowel(&mut self, vowel: [f32; 4], pitch: f32, ms: usize) {
        for _ in 0..ms / 5 {
            let step = 15.0 / ms as f32;
            for (formant, target) in self.formants.iter_mut().zip(vowel) {
                *formant += (target * self.voice.size - *formant) * step;
            }
            self.pitch += (pitch - self.pitch) * step;
            self.sound(5, 1.0, 0.001);
        }
    }

    fn sound(&mut self, ms: usize, voiced: f32, hiss: f32) {
        for (resonator, (hz, width)) in self.resonators.iter_mut().zip(self.formants.iter().zip(WIDTHS_HZ)) {
            resonator.tune(*hz, width);
        }
        for _ in 0..ms * 8 {
            self.phase += self.pitch / 8000.0;
            let pulse = if self.phase >= 1.0 { voiced } else { 0.0 };
            self.phase -= self.phase.floor();
            self.air += 0.15 * (pulse - self.air);
            let source = self.air + hiss * self.chance.sample();
            self.said
                .push(self.resonators.iter_mut().fold(source, |sample, resonator| resonator.next(sample)));
        }
    }
}

/// Two poles, without gain at zero (Klatt 1980).
#[derive(Default)]
struct Resonator {
    gain: f32,
    poles: [f32; 2],
    last: [f32; 2],
}

impl Resonator {
    fn tune(&mut self, hz: f32, width_hz: f32) {
        let radius = (-PI * width_hz / 8000.0).exp();
        self.poles = [2.0 * radius * (2.0 * PI * hz.min(3900.0) / 8000.0).cos(), -radius * radius];
        self.gain = 1.0 - self.poles[0] - self.poles[1];
    }

    fn next(&mut self, sample: f32) -> f32 {
        let output = self.gain * sample + self.poles[0] * self.last[0] + self.poles[1] * self.last[1];
        self.last = [output, self.last[0]];
        output
    }
}

/// Formants of a man (Peterson and Barney 1952), in Hz; the fourth is made up.
const VOWELS: [[f32; 4]; 8] = [
    [270.0, 2290.0, 3010.0, 3500.0],
    [390.0, 1990.0, 2550.0, 3500.0],
    [530.0, 1840.0, 2480.0, 3500.0],
    [660.0, 1720.0, 2410.0, 3500.0],
    [730.0, 1090.0, 2440.0, 3500.0],
    [570.0, 840.0, 2410.0, 3500.0],
    [640.0, 1190.0, 2390.0, 3500.0],
    [490.0, 1350.0, 1690.0, 3300.0],
];
const WIDTHS_HZ: [f32; 4] = [80.0, 100.0, 150.0, 250.0];
