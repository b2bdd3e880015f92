//! Where voices come together, and what becomes of them: one block after the other.

use super::rise::Bus;
use super::tail::Tail;
use super::{BLOCK, BUS_BLOCK};
use crate::dsp::{Interpolator3, Limiter, Meter, Reading};
use crate::units::{Level, SampleRate};

/// A block of what all voices say.
#[derive(Clone, Debug)]
pub(super) struct Buses {
    speech: [f32; BUS_BLOCK],
    full: [f32; BLOCK],
    speech_sounds: bool,
    full_sounds: bool,
    is_wide: bool,
}

impl Buses {
    /// Silence.
    pub(super) fn new() -> Self {
        Self {
            speech: [0.0; BUS_BLOCK],
            full: [0.0; BLOCK],
            speech_sounds: false,
            full_sounds: false,
            is_wide: false,
        }
    }

    /// The bus of telephone voices, if anything is on it.
    pub(super) fn speech(&self) -> Option<&[f32; BUS_BLOCK]> {
        self.speech_sounds.then_some(&self.speech)
    }

    /// The bus of 48 kHz, if anything is on it.
    pub(super) fn full(&self) -> Option<&[f32; BLOCK]> {
        self.full_sounds.then_some(&self.full)
    }

    /// Is silent again.
    pub(super) fn clear(&mut self) {
        if core::mem::take(&mut self.speech_sounds) {
            self.speech = [0.0; BUS_BLOCK];
            self.is_wide = false;
        }
        if core::mem::take(&mut self.full_sounds) {
            self.full = [0.0; BLOCK];
        }
    }
}

/// What the blocks of a voice are added to.
pub(super) trait Sums {
    /// Adds a block of `bus`.
    fn add(&mut self, bus: Bus, block: &[f32]);
}

impl Sums for Buses {
    fn add(&mut self, bus: Bus, block: &[f32]) {
        match bus {
            Bus::Narrow | Bus::Wide => {
                self.speech_sounds = true;
                self.is_wide |= bus == Bus::Wide;
                add(&mut self.speech, block);
            }
            Bus::Full => {
                self.full_sounds = true;
                add(&mut self.full, block);
            }
        }
    }
}

/// Adds a block, which is as long as its bus.
fn add<const FRAMES: usize>(sums: &mut [f32; FRAMES], block: &[f32]) {
    let Some(block) = block.first_chunk::<FRAMES>() else { return };
    for (sum, sample) in sums.iter_mut().zip(block) {
        *sum += sample;
    }
}

/// From the buses to the output, one channel.
#[derive(Debug)]
pub(super) struct Stage {
    interpolator: Interpolator3,
    delay: Delay,
    limiter: Limiter,
    meter: Meter,
    /// Of what was on the bus of speech, and of all.
    speech_tail: Tail,
    tail: Tail,
}

impl Stage {
    pub(super) fn new(ceiling: Level) -> Self {
        Self {
            interpolator: Interpolator3::new(),
            delay: Delay::new(),
            limiter: Limiter::new(1, SampleRate::HZ_48000, ceiling),
            meter: Meter::new(),
            speech_tail: Tail::default(),
            tail: Tail::default(),
        }
    }

    /// Writes what becomes of a block to `block`, which is silent; says whether there is anything.
    pub(super) fn render(&mut self, buses: &Buses, block: &mut [f32; BLOCK]) -> bool {
        if !self.tail.follow(buses.speech_sounds || buses.full_sounds, TAIL) {
            return false;
        }
        self.speech_tail.follow(buses.speech_sounds, TAIL);
        if !self.speech_tail.is_over() {
            if buses.is_wide {
                self.interpolator.process(&buses.speech, block);
            } else {
                self.interpolator.process_narrow(&buses.speech, block);
            }
        }
        self.delay.add(buses, block);
        self.limiter.process(block);
        self.meter.add(block);
        if self.tail.is_over() {
            self.limiter.reset();
        }
        true
    }

    pub(super) const fn set_ceiling(&mut self, ceiling: Level) {
        self.limiter.set_ceiling(ceiling);
    }

    pub(super) const fn is_quiet(&self) -> bool {
        self.tail.is_over()
    }

    /// How loud it was since this was asked last.
    pub(super) fn take_reading(&mut self) -> Reading {
        let reading = self.meter.reading();
        self.meter.reset();
        reading
    }
}

/// Holds back the bus of 48 kHz for as long as speech takes to reach that rate.
#[derive(Debug)]
struct Delay {
    /// What is held back, then the block at work.
    span: [f32; Self::FRAMES + BLOCK],
    holds: bool,
}

impl Delay {
    const FRAMES: usize = Interpolator3::LATENCY_FRAMES;

    fn new() -> Self {
        Self { span: [0.0; Self::FRAMES + BLOCK], holds: false }
    }

    fn add(&mut self, buses: &Buses, block: &mut [f32; BLOCK]) {
        if !buses.full_sounds && !self.holds {
            return;
        }
        self.span[Self::FRAMES..].copy_from_slice(&buses.full);
        for (sum, sample) in block.iter_mut().zip(&self.span) {
            *sum += sample;
        }
        self.span.copy_within(BLOCK.., 0);
        self.holds = buses.full_sounds;
    }
}

/// The interpolator remembers 36 frames of its bus and the limiter 71 of the output: two blocks; the rest is for its
/// release, so that it is at rest when it stops.
const TAIL: u32 = 8;
