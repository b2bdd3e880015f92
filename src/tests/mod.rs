//! Whole behaviours in virtual time.

mod audio_path;
mod layers;
