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
//! | [`Limiter`], mono | | 71 frames at 48 kHz, 1.48 ms | none below the ceiling | 0.27 million below the ceiling |
//!
//! Instructions were counted on x86-64 with SSE2, in blocks of 5 ms, by `ci/bench/dsp.rs`.
//!
//! Files are brought to the rate of a bus beforehand, by [`convert`].
//!
//! Left out: following a card's clock, winning back delay, and listening for tones.

mod convert;
mod dtmf;
mod halfband;
mod interpolator;
mod kaiser;
mod limiter;
mod meter;
mod ramp;
mod tone;

#[cfg(test)]
mod probe;

pub use convert::{ConvertError, convert};
pub use dtmf::{Dtmf, HeardKey};
pub use halfband::Halfband;
pub use interpolator::Interpolator3;
pub use limiter::Limiter;
pub use meter::{Meter, Reading};
pub use ramp::Ramp;
pub use tone::Tone;
