//! The lines of GPIO chips that the box switches or reads: relay, lamp, buttons.

use super::fault::Fault;
use core::fmt;
use serde::{Deserialize, Serialize};

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What it is for.
    pub role: Role,
    /// The name of the button; empty for the others.
    pub name: String,
    /// The line as configured: `GPIO17`.
    pub line: String,
    /// How it is.
    pub state: LineState,
    /// Why it is missing.
    pub fault: Option<String>,
    /// How often the button was pressed since the box last came up.
    pub presses: u64,
}

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// `[gpio] relay`
    Relay,
    /// `[gpio] healthy`
    Healthy,
    /// `[button NAME]`
    Button,
}

/// How a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineState {
    /// The box has switched it on.
    On,
    /// The box has switched it off.
    Off,
    /// A button that may be pressed.
    Ready,
    /// It cannot be had; it is looked for.
    Missing,
}

impl Line {
    /// What it is called in a sentence: `relay`, `button desk`.
    fn called(&self) -> String {
        match self.role {
            Role::Relay => "relay".to_owned(),
            Role::Healthy => "healthy".to_owned(),
            Role::Button => format!("button {}", self.name.escape_debug()),
        }
    }

    pub(super) fn as_fault(&self) -> Option<Fault> {
        let text = self.fault.clone().unwrap_or_default();
        (self.state == LineState::Missing).then(|| Fault::NoLine { line: self.called(), text })
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.called(), self.line.escape_debug())?;
        match self.state {
            LineState::On => f.write_str(" is on"),
            LineState::Off => f.write_str(" is off"),
            LineState::Ready if self.presses == 1 => f.write_str(", pressed once"),
            LineState::Ready => write!(f, ", pressed {} times", self.presses),
            LineState::Missing => f.write_str(" is missing"),
        }
    }
}
