//! Signal processing: what happens to samples between a voice and the card.
//!
//! Everything works on blocks of `f32`, full scale ±1.0, and keeps its state between them, so that the same samples
//! come out however the signal is cut. Nothing allocates after construction, nothing panics whatever the numbers are,
//! and nothing feeds back small numbers, so denormals do not arise. A voice of 8 kHz goes
//!
//! ```text
//! 8 kHz -> TimeScale -> Halfband -> 16 kHz -> Fractional -> Ramp (level) -> bus of 16 kHz -> Interpolator3 -> 48 kHz -> Limiter -> card
//! ```
//!
//! | stage | taps | delay | multiplications per second | instructions per second |
//! |---|---|---|---|---|
//! | [`Halfband`] | 59, of which 31 count | 29 frames at 16 kHz, 1.81 ms | 120 000 per voice | 0.30 million |
//! | [`Fractional`], narrow | 10, twice | 5 frames at 16 kHz, 0.31 ms | 320 000 per voice | 0.46 million |
//! | [`Interpolator3`] | 107, of which 73 count | 53 frames at 48 kHz, 1.10 ms | 576 000 per bus | 0.92 million |
//! | the same for a narrow band | 35, of which 25 count | the same | 192 000 per bus | 0.42 million |
//! | [`Polyphase`], mono, to 44.1 kHz | 32 of 4704 at a time | 16 frames at 48 kHz, 0.33 ms | 1.4 million per channel | 6.6 million, none in silence |
//! | [`Limiter`], mono | | 71 frames at 48 kHz, 1.48 ms | none below the ceiling | 0.27 million below the ceiling, 2.0 far above it |
//! | [`Dtmf`], 8 kHz | 8 bins of 80, each 5 ms | 30 ms to a key, 10 ms to a suspicion | 210 000 | 0.8 million in speech, 1.2 in tones |
//!
//! Instructions were counted on x86-64 with SSE2, in blocks of 2.5 ms, by `ci/bench/run`.
//!
//! [`Noise`] makes what is heard where nothing is sent, [`Chime`] what is heard before a page. [`Dtmf`] listens beside all this, for keys.
//! Files are brought to the rate of a bus beforehand, by [`convert`], music on its way to the audio thread, by [`Resampler`]; a card that only knows 44.1 kHz gets [`Polyphase`]
//! behind the limiter.
//!
//! A [`Ramp`] changes a gain at once and without a click; a [`Fade`] takes its time.
//!
//! Left out: how fast a voice is to be played, and how much of it is to be left out; that is for who knows its delay.

mod chime;
mod convert;
mod decimator;
mod dtmf;
mod fade;
mod fractional;
mod halfband;
mod interpolator;
mod kaiser;
mod limiter;
mod meter;
mod noise;
mod polyphase;
mod ramp;
mod resampler;
mod timescale;
mod tone;
mod upsampler;

#[cfg(test)]
pub(crate) mod probe;

pub use chime::Chime;
pub use convert::{ConvertError, convert, converted, to_i16};
pub use decimator::Decimator;
pub use dtmf::{Dtmf, HeardKey};
pub use fade::Fade;
pub use fractional::Fractional;
pub use halfband::Halfband;
pub use interpolator::Interpolator3;
pub use limiter::Limiter;
pub use meter::{Meter, Reading};
pub use noise::Noise;
pub use polyphase::Polyphase;
pub use ramp::Ramp;
pub use resampler::Resampler;
pub use timescale::TimeScale;
pub use tone::Tone;
