//! Sound files: whole in memory, or read as they are played.
//!
//! [`decode`] takes WAV (PCM of 8, 16, 24 or 32 bits or float), MP3, Ogg Vorbis and FLAC, at any rate and with any number of
//! channels, and mixes them down to one channel. Bounds: [`MAX_LENGTH`] of sound; [`decode_beginning`] takes what is wanted of it,
//! and [`MOST_FRAMES`] at most. A [`Track`] is the same for what is too long for the memory, files and streams, packet by
//! packet, in the thread of who reads it. What makes a decoder panic is broken, and no more. [`sound_files`] finds files in folders. What is left out: the rate stays the file's own
//! (see [`crate::dsp`]).

mod clip;
mod contained;
mod decode;
mod folder;
mod track;

pub use clip::{Clip, ClipError};
pub use contained::is_contained;
pub use decode::{MAX_LENGTH, MOST_FRAMES, decode, decode_beginning};
pub use folder::sound_files;
pub use track::{Track, TrackError};
