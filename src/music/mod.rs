//! What a player of background music plays next.
//!
//! ```text
//! sources, the most wanted first ─> Program ─> list this ─> play that ─> it ended, broke, was never heard ─┐
//!                                      ^                                                                 │
//!                                      └─────────────────────────────────────────────────────────────────┘
//! ```
//! [`Program`] decides which source is played, which track of it, when one that failed is tried again, and when a better one
//! is looked at while another plays. [`Order`] is the way through a list, [`entries`] reads playlists, and [`Kind`] tells by
//! its first bytes what came from a server, for what servers say of it is not to be relied on.
//!
//! [`Pace`] is how cards that play the same music keep in step.
//!
//! Left out: opening, connecting, decoding, which threads of the box do; how loud it is, and whether anybody hears it.

mod kind;
mod order;
mod pace;
mod playlist;
mod program;

pub use kind::Kind;
pub use order::Order;
pub use pace::Pace;
pub use playlist::{Base, PlaylistError, entries};
pub use program::{End, Program, Scouted, Standing, Step};

use core::fmt;
use std::path::PathBuf;

/// What can be played, or holds what can be played.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// A sound file; as a source also a folder or a playlist.
    File(PathBuf),
    /// A stream by HTTP; as a source also a playlist.
    Url(String),
    /// An input of a sound card, by the name of its PCM.
    Pcm(String),
}

impl Item {
    /// Whether it is played as it comes, and goes on while nobody listens.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Url(_) | Self::Pcm(_))
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Url(url) => f.write_str(shown(url).as_str()),
            Self::Pcm(name) => write!(f, "alsa:{name}"),
        }
    }
}

/// A URL without what nobody else is to read: user and password, and what follows a question mark.
fn shown(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

/// The most tracks of a source: a quarter of a year by day, and less than a megabyte of names.
pub const MOST_TRACKS: usize = 5_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_told_without_its_secrets() {
        for (url, shown) in [
            ("http://user:pass@radio.example:8000/live?key=1", "http://radio.example:8000/live"),
            ("https://radio.example", "https://radio.example"),
            ("http://radio.example?a@b/c", "http://radio.example"),
        ] {
            assert_eq!(Item::Url(url.to_owned()).to_string(), shown);
        }
        assert_eq!(Item::Pcm("hw:1".to_owned()).to_string(), "alsa:hw:1");
    }
}
