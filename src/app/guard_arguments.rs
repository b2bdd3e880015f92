//! The arguments of `paging guard`.

use super::arguments::{Command, UsageError, text};
use core::time::Duration;
use std::path::PathBuf;

/// Where the guard finds what it works with. What is not named is looked for on the card of the box, and not at all on
/// another machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardPost {
    /// Where it listens to the service.
    pub socket: PathBuf,
    /// The partition with `paging-status.txt`.
    pub boot: Option<PathBuf>,
    /// The partition with what is remembered.
    pub state: Option<PathBuf>,
    /// The hardware watchdog.
    pub watchdog: Option<PathBuf>,
    /// The configuration that is remembered when it is good.
    pub configuration: Option<PathBuf>,
    /// For how long a service may be silent.
    pub silence: Duration,
}

impl GuardPost {
    pub(super) fn parse(parser: &mut lexopt::Parser) -> Result<Command, UsageError> {
        let mut post = Self::default();
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => return Ok(Command::Help),
                lexopt::Arg::Long("socket") => post.socket = parser.value()?.into(),
                lexopt::Arg::Long("boot") => post.boot = Some(parser.value()?.into()),
                lexopt::Arg::Long("state") => post.state = Some(parser.value()?.into()),
                lexopt::Arg::Long("watchdog") => post.watchdog = Some(parser.value()?.into()),
                lexopt::Arg::Long("configuration") => post.configuration = Some(parser.value()?.into()),
                lexopt::Arg::Long("silence") => post.silence = seconds(text(parser.value()?)?)?,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Command::Guard(post))
    }
}

impl Default for GuardPost {
    fn default() -> Self {
        let socket = PathBuf::from(SOCKET);
        let (boot, state, watchdog, configuration) = (None, None, None, None);
        Self { socket, boot, state, watchdog, configuration, silence: SILENCE }
    }
}

fn seconds(found: String) -> Result<Duration, UsageError> {
    let range = 1..=3600;
    match found.parse() {
        Ok(seconds) if range.contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err(UsageError::Whole { option: "--silence", found, range }),
    }
}

/// Where the service of the card image talks to.
pub(super) const SOCKET: &str = "/run/guard/socket";
/// Twice as long as the service waits between two beats (overlay/usr/lib/paging/run). A thread that hangs is noticed by the
/// service after two seconds, and is to be back after fifteen; one that opens a card may take fifteen alone (status/fault.rs).
const SILENCE: Duration = Duration::from_secs(8);

#[cfg(test)]
mod tests {
    use super::super::arguments::parse;
    use super::*;

    #[test]
    fn what_is_not_named_is_looked_for() {
        let Ok(Command::Guard(post)) = parse("guard") else { panic!("expected a guard") };
        assert_eq!(post, GuardPost::default());
        let line = "guard --socket a --boot b --state c --watchdog d --configuration e --silence 2";
        let Ok(Command::Guard(post)) = parse(line) else { panic!("expected a guard") };
        let named = [post.boot, post.state, post.watchdog, post.configuration];
        assert_eq!(named, ["b", "c", "d", "e"].map(|name| Some(PathBuf::from(name))));
        assert_eq!((post.socket, post.silence), (PathBuf::from("a"), Duration::from_secs(2)));
    }

    #[test]
    fn mistakes_are_named() {
        let mistakes = [
            ("guard me", "unexpected argument \"me\""),
            ("guard --silence 0", "expected --silence with a whole number from 1 to 3600, found \"0\""),
            ("--set a.b=c guard", "expected \"guard\" without --set: only the box itself has settings"),
        ];
        for (line, sentence) in mistakes {
            assert_eq!(parse(line), Err(sentence.to_owned()), "{line}");
        }
    }
}
