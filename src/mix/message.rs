//! What a mixer is told, and what it tells.

use super::reel::Piece;
use super::route::Route;
use super::voice::Voice;
use crate::dsp::Reading;
use crate::rtp::{Chunk, JitterStats};
use crate::units::Level;
use core::time::Duration;

/// The name of a voice. It is given out by who makes voices, and never twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VoiceId(pub u64);

/// What a mixer is told.
#[derive(Debug)]
pub enum Command {
    /// Adds a voice. One that hears RTP is silent until it gets media; one that says what is in memory begins.
    Attach {
        /// Its name.
        voice: VoiceId,
        /// The voice; it comes back in [`Report::Retired`].
        source: Box<Voice>,
        /// Where it is heard.
        route: Route,
    },
    /// Changes how loud a voice is in a zone. It goes on where it is mute, and nobody hears it.
    Route {
        /// Which.
        voice: VoiceId,
        /// Where; zones count from 0.
        zone: usize,
        /// How loud.
        level: Level,
        /// How long the change takes.
        fade: Duration,
    },
    /// Speech for a voice.
    Media(Media),
    /// Music for a voice. The box comes back in [`Report::Spent`], or with its voice.
    Piece {
        /// Which.
        voice: VoiceId,
        /// What is to be heard after the pieces that were sent before.
        piece: Box<Piece>,
    },
    /// How fast the pieces of a voice are to be read.
    SetPace {
        /// Which.
        voice: VoiceId,
        /// How much faster than the sink's clock, in millionths; reached within seconds.
        ppm: f32,
        /// Whether it is to stand still, after 5 ms, and to hold what it has.
        paused: bool,
    },
    /// Changes how loud a voice is, within 5 ms; one that says what is in memory, within its own fade.
    SetLevel {
        /// Which.
        voice: VoiceId,
        /// How loud.
        level: Level,
    },
    /// Mutes a voice, or lets it be heard again, within 2.5 ms: for a key that is pressed, and must not be heard.
    Hush {
        /// Which.
        voice: VoiceId,
        /// Whether it is to be mute.
        hushed: bool,
    },
    /// Plays what the voice has left, then retires it. One that says what is in memory fades out, as music does.
    Release {
        /// Which.
        voice: VoiceId,
    },
    /// Changes how loud the output is; channels within 5 ms.
    SetOutput(OutputLevels),
}

/// How loud an output is.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputLevels {
    /// Of each channel; one that is not there stays as it is.
    pub channels: heapless::Vec<Level, MAX_CHANNELS>,
    /// The loudest sample.
    pub ceiling: Level,
}

/// Speech for a voice, of a fixed size.
#[derive(Clone, Debug)]
pub struct Media {
    /// Whose it is.
    pub voice: VoiceId,
    /// The speech.
    pub chunk: Chunk,
}

/// What a mixer tells.
#[derive(Debug)]
pub enum Report {
    /// The first speech of a voice has left.
    Playing {
        /// Which.
        voice: VoiceId,
    },
    /// How a voice fares, once a second. Not polled in time, it gives way to the next.
    Voice {
        /// Which.
        voice: VoiceId,
        /// How.
        stats: VoiceStats,
    },
    /// A piece of music was played; its box is to be filled again. This is never lost.
    Spent {
        /// Whose it was.
        voice: VoiceId,
        /// The box.
        piece: Box<Piece>,
    },
    /// How loud the output is, once a second while it is not idle.
    Output(OutputStats),
    /// A voice is no longer needed, or has said all that it had in memory, and is given back. This is never lost.
    Retired {
        /// Which.
        voice: VoiceId,
        /// The voice itself, to be dropped where dropping is allowed.
        source: Box<Voice>,
        /// How it fared; the level is that of its last second.
        stats: VoiceStats,
    },
}

/// How a voice fares.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VoiceStats {
    /// What its jitter buffer counted so far.
    pub jitter: JitterStats,
    /// How long speech waits in it now, filters not included.
    pub delay: Duration,
    /// How long it should wait.
    pub target: Duration,
    /// How much faster than the sink's clock it is played, in millionths: how fast the sender's clock is.
    pub drift_ppm: f32,
    /// How loud it was since the last report, its pauses included, after its level.
    pub level: Reading,
    /// How long that was.
    pub span: Duration,
    /// How loud it is now in the zone of the sink where it is loudest, behind the volume of the zone, as a factor.
    pub gain: f32,
    /// Chunks of a payload type that the voice cannot decode, played as silence.
    pub undecoded: u64,
    /// How often music ran out.
    pub dry: u64,
}

/// The most channels whose levels can be told.
pub const MAX_CHANNELS: usize = 8;

/// The most zones of a sink: each has a channel of its own.
pub const MAX_ZONES: usize = MAX_CHANNELS;

/// How loud the output was since the last report.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OutputStats {
    /// After the limiter and the volume of the zone where it is loudest.
    pub level: Reading,
    /// Voices attached.
    pub voices: usize,
    /// Media for voices that were not there.
    pub stray_media: u64,
}
