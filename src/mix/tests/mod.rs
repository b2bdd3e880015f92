//! A sender, a network with faults, a receiver and a mixer, in virtual time.

mod bench;
mod conference;
mod dictaphone;
mod faults;
mod formats;
mod lifetime;
mod music;
mod pace;
mod recital;
mod sound;
mod timing;
mod zones;
