//! The render engine: voices in, blocks of sound for a sink out.
//!
//! ```text
//! Command::Media ─> Voice: JitterBuffer -> Codec -> Concealer -> Halfband -> level ─┐ 16 kHz bus
//! Command::Media ─> Voice: …                                                       ─┴─> Interpolator3 -> Limiter -> channels
//!                   8 kHz, 20 frames ──────────────> 16 kHz, 40 frames ───────────────> 48 kHz, 120 frames
//! ```
//!
//! A [`Mixer`] belongs to one sink and is driven by the sink's clock: every [`BLOCK`] of 2.5 ms each voice is asked for
//! what it has to say. Nothing here allocates, frees, locks or logs once a voice is made: a [`Voice`] is made by who
//! sends [`Command::Attach`], and comes back in [`Report::Retired`] to be dropped there. Nothing feeds back small numbers,
//! so denormals do not arise.
//!
//! Delay from the arrival of a packet to its first frame: the target of its jitter buffer (10 ms on a good network) and
//! 4.4 ms of filters.
//!
//! Left out: priorities, zones and fades, voices other than telephone ones, drift correction by resampling, and delay
//! won back other than by cutting.

mod conceal;
mod conference;
mod leg;
mod message;
mod mixer;
mod playout;
mod spread;
mod trim;
mod voice;

pub use conference::Conference;
pub use leg::{KEEP_ALIVE, Leg, LegConfig, LegStats};
pub use message::{Command, Media, OutputStats, Report, VoiceId, VoiceStats};
pub use mixer::Mixer;
pub use spread::Spread;
pub use voice::{Format, Voice, VoiceConfig};

use core::time::Duration;

/// Frames of a block at 48 kHz: what a sink asks for is a multiple of it.
pub const BLOCK: usize = 120;

/// How long a block lasts.
pub const BLOCK_TIME: Duration = Duration::from_micros(2500);

/// Frames of a block on the bus of telephone voices, at 16 kHz.
const BUS_BLOCK: usize = 40;

/// Frames of a block at 8 kHz.
const NARROW_BLOCK: usize = 20;

#[cfg(test)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "signals are made from small numbers, and silence is exact zeros"
)]
mod tests;
