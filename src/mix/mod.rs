//! The render engine: voices in, blocks of sound for a sink out.
//!
//! ```text
//! Command::Media ─> Voice: JitterBuffer -> Decoder -> Concealer -> TimeScale -> Halfband (8 kHz) -> Fractional -> level ─┐
//!                          └ stream.rs ────────────────────────┘  playout.rs   └ rise.rs ─────────────────┘             │
//!     16 kHz bus, 40 frames: PCMU, PCMA, G.722, L16 of 8 and 16 kHz ─> Interpolator3 ─┐ 48 kHz, 120 frames <────────────┤
//!     48 kHz bus, 120 frames: L16 of 48 kHz ─────────────────────────> 1.1 ms ────────┴─> Limiter ─> channels <─────────┘
//! ```
//! Each zone of the sink has both buses, and all that is behind them, for itself (`zone.rs`): a voice renders once, and what
//! it says is added where its [`Route`] has it heard, as loud as it is there.
//!
//! A voice may also say what is in memory ([`Recital`]): clips of 8, 16 or 48 kHz, one after the other, on the same buses.
//!
//! A [`Mixer`] belongs to one sink and is driven by the sink's clock: every [`BLOCK`] of 2.5 ms each voice is asked for
//! what it has to say. Nothing here allocates, frees, locks or logs once a voice is made: a [`Voice`] is made by who
//! sends [`Command::Attach`], and comes back in [`Report::Retired`] to be dropped there. Nothing feeds back small numbers,
//! so denormals do not arise.
//!
//! Two things keep speech from waiting longer or shorter than it should (`pace.rs`): the ratio of the fractional filter
//! follows the sender's clock, and where the network has held something up, the time scale takes out periods of the voice
//! or repeats them.
//!
//! Delay from the arrival of a packet to its first frame: the target of its jitter buffer (10 ms on a good network) and
//! 4.7 ms of filters; 3.7 ms for G.722, 3.0 ms for L16 of 48 kHz.
//!
//! Music is read on the way: it comes in pieces ([`Piece`]), the boxes of which go back to be filled again.
//!
//! Left out: who is heard where and when, which is for `paging`.

mod aside;
mod bus;
mod conceal;
mod conference;
mod dictaphone;
mod envelope;
mod hiss;
mod leg;
mod message;
mod mixer;
mod pace;
mod playout;
mod recital;
mod reel;
mod repetition;
mod rise;
mod route;
mod spread;
mod stream;
mod tail;
mod voice;
mod zone;

pub use aside::Aside;
pub use conference::Conference;
pub use dictaphone::Dictaphone;
pub use leg::{KEEP_ALIVE, Leg, LegConfig, LegStats};
pub use message::{
    Command, MAX_CHANNELS, MAX_ZONES, Media, OutputLevels, OutputStats, Report, VoiceId, VoiceStats,
};
pub use mixer::Mixer;
pub use recital::{Part, Recital};
pub use reel::Piece;
pub use route::Route;
pub use spread::Spread;
pub use voice::{Format, Voice, VoiceConfig, prepare};

use core::time::Duration;

/// Frames of a block at 48 kHz: what a sink asks for is a multiple of it.
pub const BLOCK: usize = 120;

/// How long a block lasts.
pub const BLOCK_TIME: Duration = Duration::from_micros(2500);

/// Frames of a block on the bus of speech, at 16 kHz.
const BUS_BLOCK: usize = 40;

#[cfg(test)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "signals are made from small numbers, and silence is exact zeros"
)]
mod tests;
