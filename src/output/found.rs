//! What became of the search for a device, for those who ask.

use core::time::Duration;

/// The latest word about the device of an output.
#[derive(Clone, Debug, PartialEq)]
pub enum DeviceNews {
    /// It plays.
    Found(Found),
    /// There is none; a sentence says why.
    Missing(String),
}

/// A device that plays.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// As ALSA names it: `hw:CARD=Device,DEV=0`.
    pub name: String,
    /// A [`Kind`](super::devices::Kind) of card; `wav` and `null` are none.
    pub kind: String,
    /// How it takes its samples, in ALSA's words, if it takes any.
    pub format: Option<&'static str>,
    /// Its channels.
    pub channels: usize,
    /// Frames per second.
    pub rate_hz: u32,
    /// How late sound is heard at most after it came, but for the network's jitter.
    pub latency: Duration,
}
