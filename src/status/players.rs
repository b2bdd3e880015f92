//! The players of background music.

use super::fault::Fault;
use core::fmt;
use serde::{Deserialize, Serialize};

/// A player.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Player {
    /// The name of its section `[music NAME]`; empty for `[music]`.
    pub name: String,
    /// Where it is heard; `all` for every zone.
    pub zones: Vec<String>,
    /// What it does.
    pub state: PlayerState,
    /// The source that plays.
    pub source: Option<String>,
    /// What of it plays, where that is something else: a file.
    pub track: Option<String>,
    /// What is wrong with sources that were tried, in the order in which they are wanted.
    pub failures: Vec<SourceFailure>,
    /// What is read ahead.
    pub ahead_ms: f64,
    /// How often it ran out.
    pub dry: u64,
}

/// What a player does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlayerState {
    /// It looks for a source that works.
    Starting,
    /// It plays.
    Playing,
    /// It waits where it is until it can be heard again.
    Paused,
    /// None of its sources works; they are tried again.
    Silent,
}

/// A source that does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFailure {
    /// Which.
    pub source: String,
    /// Why.
    pub text: String,
}

impl Player {
    pub(super) fn as_fault(&self) -> Option<Fault> {
        if self.state != PlayerState::Silent {
            return None;
        }
        let text: Vec<_> = self.failures.iter().map(ToString::to_string).collect();
        Some(Fault::NoMusic { player: self.called(), text: text.join("; ") })
    }

    /// `music`, `music lobby`.
    fn called(&self) -> String {
        let name = self.name.escape_debug();
        if self.name.is_empty() { "music".to_owned() } else { format!("music {name}") }
    }
}

impl fmt::Display for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.called())?;
        let source = self.source.as_deref().unwrap_or_default();
        match (self.state, &self.track) {
            (PlayerState::Starting, _) => f.write_str(" begins")?,
            (PlayerState::Silent, _) => f.write_str(" is silent")?,
            (PlayerState::Playing, None) => write!(f, " plays {source}")?,
            (PlayerState::Playing, Some(track)) => write!(f, " plays {track} of {source}")?,
            (PlayerState::Paused, None) => write!(f, " waits with {source}")?,
            (PlayerState::Paused, Some(track)) => write!(f, " waits with {track} of {source}")?,
        }
        if self.dry > 0 {
            write!(f, ", ran out {} times", self.dry)?;
        }
        for failure in &self.failures {
            write!(f, "; {failure}")?;
        }
        let is_everywhere = matches!(self.zones.as_slice(), [zone] if zone == "all");
        if is_everywhere { Ok(()) } else { write!(f, "; zones {}", self.zones.join(", ")) }
    }
}

impl fmt::Display for SourceFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} does not work: {}", self.source, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn player(state: PlayerState) -> Player {
        Player {
            name: "lobby".to_owned(),
            zones: vec!["hall".to_owned(), "yard".to_owned()],
            state,
            source: Some("/music".to_owned()),
            track: Some("/music/a.mp3".to_owned()),
            failures: vec![SourceFailure {
                source: "http://r/".to_owned(),
                text: "no such server".to_owned(),
            }],
            ahead_ms: 1_900.0,
            dry: 0,
        }
    }

    #[test]
    fn it_says_what_plays_and_what_does_not_work() {
        assert_eq!(
            player(PlayerState::Playing).to_string(),
            "music lobby plays /music/a.mp3 of /music; http://r/ does not work: no such server; zones hall, yard"
        );
    }

    #[test]
    fn one_that_is_silent_is_a_fault_and_one_that_falls_back_is_none() {
        assert_eq!(player(PlayerState::Playing).as_fault(), None);
        let fault = player(PlayerState::Silent).as_fault().unwrap();
        assert_eq!(fault.to_string(), "music lobby is silent: http://r/ does not work: no such server");
    }
}
