//! Why an offer or an answer leads to no sound.

use core::fmt;
use std::net::IpAddr;

use super::{Format, Media};

/// Why no stream came about: a sentence for people, and a Warning code for machines (RFC 3261 §20.43).
///
/// An offer so refused is answered 488 with [`Refusal::warning_code`] and the text as Warning.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no audio stream, or only ones with port 0.
    NoAudio,
    /// Audio comes only over something else than RTP/AVP.
    Transport {
        /// What it would come over.
        offered: String,
    },
    /// The other end's address is of the other family.
    AddressFamily {
        /// The other end's address.
        offered: IpAddr,
    },
    /// The stream is addressed to a group.
    Multicast,
    /// No format is known to both ends.
    Codec {
        /// Theirs.
        offered: Vec<String>,
        /// Ours.
        supported: Vec<String>,
    },
}

impl Refusal {
    /// The warn-code of RFC 3261 §20.43.
    #[must_use]
    pub const fn warning_code(&self) -> u16 {
        match self {
            Self::AddressFamily { .. } => 301,
            Self::Transport { .. } => 302,
            Self::NoAudio => 304,
            Self::Codec { .. } => 305,
            Self::Multicast => 330,
        }
    }

    /// Of two refusals, the one of the stream that came nearest to being taken tells most.
    pub(super) fn or_nearer(self, other: Self) -> Self {
        if other.nearness() > self.nearness() { other } else { self }
    }

    const fn nearness(&self) -> u8 {
        match self {
            Self::NoAudio => 0,
            Self::Transport { .. } => 1,
            Self::Multicast => 2,
            Self::AddressFamily { .. } => 3,
            Self::Codec { .. } => 4,
        }
    }

    pub(super) fn transport(media: &Media) -> Self {
        Self::Transport { offered: quotable(&media.protocol) }
    }

    pub(super) fn codec(media: &Media, supported: &[Format]) -> Self {
        Self::Codec { offered: names(media.payload_formats()), supported: names(supported.iter().cloned()) }
    }
}

impl fmt::Display for Refusal {
    /// A sentence that fits between the quotes of a Warning.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAudio => f.write_str("no audio stream to take: expected m=audio with a port"),
            Self::Transport { offered } => {
                write!(f, "audio over {offered} is not supported: expected RTP/AVP")
            }
            Self::AddressFamily { offered } => {
                let (theirs, ours) = if offered.is_ipv4() { ("IPv4", "IPv6") } else { ("IPv6", "IPv4") };
                write!(f, "media address {offered} is {theirs}, this call is {ours}")
            }
            Self::Multicast => f.write_str("a media address of a multicast group cannot be answered"),
            Self::Codec { offered, supported } => {
                write!(f, "no common codec: offered {}, supported {}", list(offered), list(supported))
            }
        }
    }
}

impl std::error::Error for Refusal {}

fn names(formats: impl Iterator<Item = Format>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for format in formats.take(MAX_NAMES) {
        let name = quotable(&format.name);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none by name".to_owned() } else { names.join(" ") }
}

/// A word of the network, made fit for a quoted string.
fn quotable(word: &str) -> String {
    word.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\')).take(MAX_NAME_CHARS).collect()
}

/// How many names a sentence may hold.
const MAX_NAMES: usize = 8;
/// How long each may be.
const MAX_NAME_CHARS: usize = 20;
