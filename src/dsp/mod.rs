//! Signal processing: what happens to samples between a voice and the card.
//!
//! Everything works on blocks of `f32`, full scale ±1.0, and keeps its state between them, so that the same samples
//! come out however the signal is cut. Nothing allocates after construction, nothing panics whatever the numbers are,
//! and nothing feeds back small numbers, so denormals do not arise. A voice of 8 kHz goes
//!
//! ```text
//! 8 kHz -> Halfband -> 16 kHz -> Ramp (level) -> bus of 16 kHz -> Interpolator3 -> 48 kHz -> Limiter -> card
//! ```
//!
//! | stage | taps | delay | multiplications per second | instructions per second |
//! |---|---|---|---|---|
//! | [`Halfband`] | 59, of which 31 count | 29 frames at 16 kHz, 1.81 ms | 120 000 per voice | 0.32 million |
//! | [`Interpolator3`] | 107, of which 73 count | 53 frames at 48 kHz, 1.10 ms | 576 000 per bus | 1.24 million |
//! | [`Polyphase`], mono, to 44.1 kHz | 32 of 4704 at a time | 16 frames at 48 kHz, 0.33 ms | 1.4 million per channel | 7.8 million, none in silence |
//! | [`Limiter`], mono | | 71 frames at 48 kHz, 1.48 ms | none below the ceiling | 0.27 million below the ceiling |
//!
//! Instructions were counted on x86-64 with SSE2, in blocks of 5 ms, by `ci/bench/dsp.rs`.
//!
//! [`Noise`] makes what is heard where nothing is sent.
//! Files are brought to the rate of a bus beforehand, by [`convert`]; a card that only knows 44.1 kHz gets [`Polyphase`]
//! behind the limiter.
//!
//! Left out: following a card's clock, winning back delay, and listening for tones.

mod convert;
mod decimator;
mod fractional;
mod halfband;
mod interpolator;
mod kaiser;
mod limiter;
mod meter;
mod noise;
mod polyphase;
mod ramp;
mod timescale;
mod tone;

#[cfg(test)]
mod probe;

pub use convert::{ConvertError, convert};
pub use decimator::Decimator;
pub use fractional::Fractional;
pub use halfband::Halfband;
pub use interpolator::Interpolator3;
pub use limiter::Limiter;
pub use meter::{Meter, Reading};
pub use noise::Noise;
pub use polyphase::Polyphase;
pub use ramp::Ramp;
pub use timescale::TimeScale;
pub use tone::Tone;
