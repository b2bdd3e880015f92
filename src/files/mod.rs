//! Sound files, read whole into memory.
//!
//! [`decode`] takes WAV (PCM of 8, 16, 24 or 32 bits or float), MP3, Ogg Vorbis and FLAC, at any rate and with any number of
//! channels, and mixes them down to one channel. What it leaves out: the rate stays the file's own (see [`crate::dsp`]); files too long for the
//! memory, such as music, need a reader that reads ahead. Bounds: [`MAX_LENGTH`] of sound; [`decode_beginning`] takes what is wanted of it,
//! and [`MOST_FRAMES`] at most.

mod clip;
mod decode;

pub use clip::{Clip, ClipError};
pub use decode::{MAX_LENGTH, MOST_FRAMES, decode, decode_beginning};
