//! Where the sound goes: one audio thread for each card, file or nothing.
//!
//! ```text
//! executor ── Control (wake, stop) ──>┌ run: per period ────────────────────────────┐
//!          <─ heartbeat, xruns, state ┤ Engine::collect -> render -> Sink::write    │
//!                                     │              ALSA card │ wav:PATH │ null     │
//!                                     └─────────────────────────────────────────────┘
//! ```
//!
//! [`run`] is the body of the thread, [`Control`] its switchboard, an [`Engine`] what it plays, which is a
//! [`RingedMixer`] outside of tests. [`devices`] finds the cards. [`pace`] is a beat for threads that have no
//! card; [`rt`] asks the kernel for punctuality.
//!
//! [`LineIn`] is the one input: what a sound card hears, for music. What it leaves out: mixing and levels (see [`crate::mix`]). The card's own volume is a [`CardVolume`].

pub mod devices;
pub mod rt;

mod control;
mod encoder;
mod engine;
mod found;
mod geometry;
mod kind;
mod legs;
mod line_in;
mod lookout;
mod mixer;
mod negotiate;
mod offer;
mod paced;
mod pacer;
mod pcm;
mod samples;
mod setup;
mod sink;
mod steadiness;
mod thread;
mod timeline;
mod wav;

pub use control::{AWAKE_FOR, Control, State};
pub use engine::{Engine, RingedMixer};
pub use found::{DeviceNews, Found};
pub use geometry::IDLE_QUEUE;
pub use legs::{Beat, Link, Order, Word, run as run_legs};
pub use line_in::{LineIn, LineInError};
pub use mixer::{CardVolume, MixerError};
pub use pacer::{MAX_LATE, pace};
pub use pcm::CardError;
pub use setup::{Others, Setup};
pub use sink::SinkError;
pub use thread::{FIRST_RETRY, LAST_RETRY, LAST_WORDS, TAIL, run};
