//! How loud a voice is from frame to frame: its level, and whether it is hushed.

use super::{BLOCK, BUS_BLOCK};
use crate::dsp::Ramp;
use crate::units::{Level, SampleRate};
use core::time::Duration;

/// The gains of one voice.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    level: Ramp,
    hush: Ramp,
    /// Of the last frame.
    last: f32,
}

/// The gains of a block.
#[derive(Clone, Copy, Debug)]
pub(super) enum Gains {
    /// As it is.
    Unity,
    /// So much of it, all the time.
    Steady(f32),
    /// From the gain before the block, along these, which are of 16 kHz.
    Curve(f32, [f32; BUS_BLOCK]),
}

impl Envelope {
    /// At `level`; a change takes `fade`.
    pub(super) fn new(level: Level, fade: Duration) -> Self {
        Self {
            level: Ramp::new(SampleRate::HZ_16000, fade, level),
            hush: Ramp::new(SampleRate::HZ_16000, HUSH, Level::UNITY),
            last: level.gain(),
        }
    }

    pub(super) fn set_level(&mut self, level: Level) {
        self.level.set(level);
    }

    /// Is silent, or is heard again, within 2.5 ms.
    pub(super) fn set_hushed(&mut self, hushed: bool) {
        self.hush.set(if hushed { Level::MUTE } else { Level::UNITY });
    }

    pub(super) fn is_settled(&self) -> bool {
        self.level.is_settled() && self.hush.is_settled()
    }

    /// Whether the voice is faded out, for good.
    pub(super) fn is_mute(&self) -> bool {
        self.level.is_mute()
    }

    /// The gains of the next block.
    pub(super) fn next(&mut self) -> Gains {
        if self.level.is_unity() && self.hush.is_unity() {
            self.last = 1.0;
            return Gains::Unity;
        }
        let mut curve = [1.0; BUS_BLOCK];
        self.level.apply(&mut curve);
        self.hush.apply(&mut curve);
        let before = core::mem::replace(&mut self.last, curve[BUS_BLOCK - 1]);
        Gains::Curve(before, curve)
    }
}

impl Gains {
    /// Multiplies a block of the bus of 16 kHz or of that of 48 kHz.
    pub(super) fn apply(&self, block: &mut [f32]) {
        match self {
            Self::Unity => {}
            Self::Steady(gain) => block.iter_mut().for_each(|sample| *sample *= gain),
            Self::Curve(before, curve) if block.len() == BLOCK => {
                let mut before = *before;
                for (frames, &gain) in block.as_chunks_mut::<{ BLOCK / BUS_BLOCK }>().0.iter_mut().zip(curve)
                {
                    let step = (gain - before) / 3.0;
                    frames[0] *= before + step;
                    frames[1] *= gain - step;
                    frames[2] *= gain;
                    before = gain;
                }
            }
            Self::Curve(_, curve) => {
                for (sample, gain) in block.iter_mut().zip(curve) {
                    *sample *= gain;
                }
            }
        }
    }
}

/// Half of what a key must last to be heard as one is long gone by then.
const HUSH: Duration = Duration::from_micros(2_500);
