//! What a box is told by programs on its machine: a line of JSON, and sound behind it where it is brought along.
//!
//! ```text
//! > {"play":{"sound":"gong","zones":["hall"]}}                  > "stop"
//! < "playing"                                                   < "stopped"
//!
//! > {"play":{"sound":{"samples":{"rate_hz":16000,"frames":32000}},"name":"news.mp3","priority":70,"wait":true}}
//! > 64000 bytes: samples of 16 bits, little-endian
//! < "playing"
//! < {"ended":{"whole":true}}
//! ```
//! Decides: what can be asked for, and how much sound may be brought. Leaves out: the socket, and who may use it.

use crate::units::SampleRate;
use core::fmt;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Plays something.
    Play(Play),
    /// Ends everything that is heard.
    Stop,
}

/// What is to be played, where, and against what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Play {
    /// What.
    pub sound: Sound,
    /// What the box calls it.
    #[serde(default)]
    pub name: String,
    /// Zones and groups by name; none: where the sound belongs, or everywhere.
    #[serde(default)]
    pub zones: Vec<String>,
    /// 0 to 100, higher wins; `None`: that of the sound, or of a page.
    #[serde(default)]
    pub priority: Option<u8>,
    /// Whether who asks is told when it is over. If he leaves before, it ends.
    #[serde(default)]
    pub wait: bool,
}

/// A sound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sound {
    /// Built in.
    Gong,
    /// Built in.
    ThreeTone,
    /// Built in.
    Attention,
    /// The stored announcement of this number.
    Announcement(String),
    /// The emergency; it is played until it is stopped.
    Emergency,
    /// What follows the line, one channel.
    #[serde(rename_all = "snake_case")]
    Samples {
        /// 16000 or 48000.
        rate_hz: u32,
        /// How many samples.
        frames: u32,
    },
}

/// What the box says to that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It begins, or is on air already.
    Playing,
    /// Everything has ended.
    Stopped,
    /// What was waited for is over.
    Ended {
        /// Whether all of it was heard.
        whole: bool,
    },
    /// It cannot be done; the connection ends.
    Error(String),
}

impl Order {
    /// Bytes of the longest line, its end included.
    pub const LONGEST: usize = 4096;

    /// Reads a line.
    ///
    /// # Errors
    /// When it is no order, or brings more than may be brought.
    pub fn from_json(line: &[u8]) -> Result<Self, OrderError> {
        let order: Self =
            serde_json::from_slice(line).map_err(|error| OrderError::Unreadable(error.to_string()))?;
        if let Self::Play(play) = &order {
            play.check()?;
        }
        Ok(order)
    }
}

impl Play {
    /// A sound that is heard where it belongs.
    #[must_use]
    pub fn new(sound: Sound, name: &str) -> Self {
        Self { sound, name: name.to_owned(), zones: Vec::new(), priority: None, wait: false }
    }

    /// The samples that follow: their rate, and how many bytes they are.
    #[must_use]
    pub fn brings(&self) -> Option<(SampleRate, usize)> {
        let Sound::Samples { rate_hz, frames } = self.sound else { return None };
        Some((SampleRate::new(rate_hz)?, usize::try_from(frames).ok()?.checked_mul(size_of::<i16>())?))
    }

    fn check(&self) -> Result<(), OrderError> {
        if let Sound::Samples { rate_hz, .. } = self.sound {
            let is_right = rate_hz == SampleRate::HZ_16000.hz() || rate_hz == SampleRate::HZ_48000.hz();
            match self.brings() {
                Some((_, bytes)) if is_right && (2..=MOST_BYTES).contains(&bytes) => {}
                _ => return Err(OrderError::Sound),
            }
        }
        let is_right = self.priority.is_none_or(|priority| priority <= 100) && self.zones.len() <= MOST_ZONES;
        if is_right { Ok(()) } else { Err(OrderError::Terms) }
    }
}

/// As one line, with its end.
impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_line(f, self)
    }
}

/// As one line, with its end.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_line(f, self)
    }
}

fn write_line(f: &mut fmt::Formatter<'_>, value: &impl Serialize) -> fmt::Result {
    writeln!(f, "{}", serde_json::to_string(value).map_err(|_| fmt::Error)?)
}

/// Where a box is told, that is asked how it is at `status`: `control.sock` beside `status.sock`.
#[must_use]
pub fn socket_beside(status: &Path) -> PathBuf {
    let name = status.file_name().unwrap_or_default().to_string_lossy();
    let name = match name.strip_prefix("status") {
        Some(rest) => format!("control{rest}"),
        None => format!("control-{name}"),
    };
    status.with_file_name(name)
}

/// A line is no [`Order`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderError {
    /// It is no JSON, or other JSON.
    Unreadable(String),
    /// Sound that is brought is of no rate that is taken, or too long.
    Sound,
    /// Priority or zones are beyond measure.
    Terms,
}

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "expected an order: {why}"),
            Self::Sound => write!(f, "expected samples of 16000 or 48000 Hz, up to {MOST_BYTES} bytes"),
            Self::Terms => write!(f, "expected a priority of 0 to 100, and up to {MOST_ZONES} zones"),
        }
    }
}

impl std::error::Error for OrderError {}

/// The most sound that is brought at once: ten minutes at 16 kHz.
pub const MOST_BYTES: usize = 10 * 60 * 16_000 * size_of::<i16>();
/// As many as there may be.
const MOST_ZONES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> Result<Order, OrderError> {
        Order::from_json(line.as_bytes())
    }

    #[test]
    fn an_order_is_read_as_it_was_written() {
        let samples = Sound::Samples { rate_hz: 16_000, frames: 10 * 60 * 16_000 };
        for sound in [Sound::Gong, Sound::Announcement("3".to_owned()), Sound::Emergency, samples] {
            let zones = vec!["Große Halle".to_owned()];
            let play = Play { sound, name: "a \"b\"\n".to_owned(), zones, priority: Some(100), wait: true };
            let order = Order::Play(play);
            let line = order.to_string();
            assert!(line.ends_with('\n') && line.matches('\n').count() == 1 && line.len() <= Order::LONGEST);
            assert_eq!(read(&line), Ok(order));
        }
        assert_eq!(read("\"stop\"\n"), Ok(Order::Stop));
    }

    #[test]
    fn what_is_not_said_is_left_to_the_box() {
        let Ok(Order::Play(play)) = read(r#"{"play":{"sound":"three-tone"}}"#) else { panic!() };
        assert_eq!(play, Play::new(Sound::ThreeTone, ""));
    }

    #[test]
    fn more_than_may_be_brought_is_refused_before_it_comes() {
        let samples = |rate_hz: u32, frames: u64| {
            read(&format!(
                r#"{{"play":{{"sound":{{"samples":{{"rate_hz":{rate_hz},"frames":{frames}}}}}}}}}"#
            ))
        };
        assert!(samples(48_000, 1).is_ok() && samples(16_000, 9_600_000).is_ok());
        for (rate_hz, frames) in
            [(44_100, 10), (16_000, 0), (16_000, 9_600_001), (48_000, u64::from(u32::MAX))]
        {
            assert_eq!(samples(rate_hz, frames), Err(OrderError::Sound), "{rate_hz} {frames}");
        }
        assert!(matches!(samples(16_000, 1 << 40), Err(OrderError::Unreadable(_))));
        assert_eq!(read(r#"{"play":{"sound":"gong","priority":101}}"#), Err(OrderError::Terms));
        assert!(matches!(read(r#"{"play":{"sound":"gong","prio":1}}"#), Err(OrderError::Unreadable(_))));
    }

    #[test]
    fn the_socket_lies_beside_that_of_the_status() {
        for (status, control) in [
            ("/run/paging/status.sock", "/run/paging/control.sock"),
            ("/tmp/box.sock", "/tmp/control-box.sock"),
            ("status", "control"),
        ] {
            assert_eq!(socket_beside(Path::new(status)), Path::new(control));
        }
    }

    proptest! {
        #[test]
        fn no_line_is_too_much(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Order::from_json(&line);
        }
    }
}
