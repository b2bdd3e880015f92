//! The arguments of `paging boot`.

use super::arguments::{Command, Configuration, UsageError, text};
use super::configuration::BOX;
use std::path::PathBuf;

/// What the card image asks for once, when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// What the box will run with.
    pub configuration: Configuration,
    /// The folder that the files are written into.
    pub into: PathBuf,
    /// The partition in which the box remembers.
    pub state: Option<PathBuf>,
    /// The partition that the firmware has started from.
    pub slot: Option<PathBuf>,
}

impl Boot {
    pub(super) fn parse(
        configuration: Configuration,
        parser: &mut lexopt::Parser,
    ) -> Result<Command, UsageError> {
        let mut boot = Self { configuration, into: PathBuf::from(INTO), state: None, slot: None };
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => return Ok(Command::Help),
                lexopt::Arg::Long("set") => boot.configuration.sets.push(text(parser.value()?)?),
                lexopt::Arg::Long("last-good") => boot.configuration.last_good = Some(parser.value()?.into()),
                lexopt::Arg::Long("state") => boot.state = Some(parser.value()?.into()),
                lexopt::Arg::Long("slot") => boot.slot = Some(parser.value()?.into()),
                lexopt::Arg::Long("into") => boot.into = parser.value()?.into(),
                lexopt::Arg::Value(path) => boot.configuration.files.push(path.into()),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Command::Boot(boot))
    }
}

/// Where the scripts of the image look.
const INTO: &str = BOX;

#[cfg(test)]
mod tests {
    use super::super::arguments::parse;
    use super::*;
    use std::path::Path;

    #[test]
    fn files_are_written_where_the_image_looks_or_elsewhere() {
        let Ok(Command::Boot(boot)) = parse("boot") else { panic!("expected boot") };
        assert_eq!(
            (boot.into.as_path(), boot.configuration),
            (Path::new("/run/box"), Configuration::default())
        );
        let Ok(Command::Boot(boot)) = parse("--set a.b=c boot x --into y --last-good z") else {
            panic!("expected boot")
        };
        assert_eq!(boot.into, Path::new("y"));
        assert_eq!(boot.configuration.last_good.as_deref(), Some(Path::new("z")));
        assert_eq!((boot.configuration.files.len(), boot.configuration.sets.len()), (1, 1));
        let Ok(Command::Boot(boot)) = parse("boot --state s --slot t") else { panic!("expected boot") };
        assert_eq!(
            (boot.state.as_deref(), boot.slot.as_deref()),
            (Some(Path::new("s")), Some(Path::new("t")))
        );
        assert_eq!(parse("boot --onto y").unwrap_err(), "invalid option '--onto'");
    }

    #[test]
    fn the_box_itself_takes_the_last_good_configuration_too() {
        let Ok(Command::Run(configuration)) = parse("--last-good z x") else { panic!("expected a run") };
        assert_eq!(configuration.last_good.as_deref(), Some(Path::new("z")));
    }
}
