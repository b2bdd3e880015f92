//! What is to be done: when a button is pressed, and with calls that are played later.

use super::Expected;
use crate::allow::Pattern;

/// What a button does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Press {
    /// Plays the announcement of this number.
    Announcement(String),
    /// Plays the emergency announcement.
    Emergency,
    /// Ends what is played.
    Stop,
}

impl Press {
    /// The words it may begin with.
    pub(super) const WORDS: &[&str] = &["announcement", "emergency", "stop"];

    /// Reads `announcement 1`, `emergency` or `stop`.
    pub(super) fn from_text(text: &str) -> Result<Self, Expected> {
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        match (word.to_ascii_lowercase().as_str(), rest.trim()) {
            ("announcement", number) if is_number(number) => Ok(Self::Announcement(number.to_owned())),
            ("emergency", "") => Ok(Self::Emergency),
            ("stop", "") => Ok(Self::Stop),
            _ => Err(Expected::Press),
        }
    }
}

/// Whose calls are recorded and played when they have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delayed {
    /// Nobody's.
    No,
    /// Everybody's.
    Yes,
    /// Those of callers that match one of these; never none.
    Callers(Vec<Pattern>),
}

impl Delayed {
    pub(super) fn from_text(text: &str) -> Result<Self, Expected> {
        match super::value::yes_no(text) {
            Ok(true) => return Ok(Self::Yes),
            Ok(false) => return Ok(Self::No),
            Err(_) => {}
        }
        callers(text).map(Self::Callers).ok_or(Expected::Delayed)
    }
}

/// Reads a list of patterns.
pub(super) fn callers(text: &str) -> Option<Vec<Pattern>> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let callers: Vec<_> = parts.map(caller).collect::<Option<_>>()?;
    (1..=MAX_CALLERS).contains(&callers.len()).then_some(callers)
}

/// A pattern with an `@`, a digit or a wildcard in it: a bare word is rather a misspelt yes or no.
fn caller(text: &str) -> Option<Pattern> {
    let is_word = text.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_word { None } else { Pattern::from_text(text) }
}

/// The number of an announcement, as it is dialled.
pub(super) fn is_number(text: &str) -> bool {
    (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// As many as `allow` takes.
const MAX_CALLERS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_plays_an_announcement_calls_for_help_or_stops() {
        assert_eq!(Press::from_text("Announcement  12"), Ok(Press::Announcement("12".to_owned())));
        assert_eq!(Press::from_text("emergency"), Ok(Press::Emergency));
        assert_eq!(Press::from_text("STOP"), Ok(Press::Stop));
        for text in ["", "announcement", "announcement x", "stop 1", "play", "announcement 123456789"] {
            assert_eq!(Press::from_text(text), Err(Expected::Press), "{text}");
        }
    }

    #[test]
    fn calls_are_delayed_for_everybody_nobody_or_some() {
        assert_eq!(Delayed::from_text("No"), Ok(Delayed::No));
        assert_eq!(Delayed::from_text("yes"), Ok(Delayed::Yes));
        assert!(matches!(Delayed::from_text("2??@*, 100"), Ok(Delayed::Callers(list)) if list.len() == 2));
        for text in ["", "maybe", "10.0.0.0/8", ","] {
            assert_eq!(Delayed::from_text(text), Err(Expected::Delayed), "{text}");
        }
    }
}
