//! The arguments of `paging check` and `paging config`, and those of PagingServer.

use super::arguments::{Command, Configuration, UsageError, text};

/// What `paging config` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// What is in force.
    Effective,
    /// The defaults.
    Defaults,
    /// An example of everything, explained.
    Annotated,
    /// The reference as Markdown.
    Markdown,
    /// The reference as a manual page.
    Man,
}

/// Reads what follows `check`.
pub(super) fn check(
    parser: &mut lexopt::Parser,
    mut configuration: Configuration,
) -> Result<Command, UsageError> {
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => return Ok(Command::ConfigHelp),
            lexopt::Arg::Long("set") => configuration.sets.push(text(parser.value()?)?),
            lexopt::Arg::Value(word) => configuration.files.push(word.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Check(configuration))
}

/// Reads what follows `config`.
pub(super) fn config(
    parser: &mut lexopt::Parser,
    mut configuration: Configuration,
) -> Result<Command, UsageError> {
    let mut shown = None;
    while let Some(argument) = parser.next()? {
        let chosen = match argument {
            lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => return Ok(Command::ConfigHelp),
            lexopt::Arg::Long("set") => {
                configuration.sets.push(text(parser.value()?)?);
                continue;
            }
            lexopt::Arg::Value(word) => {
                configuration.files.push(word.into());
                continue;
            }
            lexopt::Arg::Long("defaults") => ("--defaults", Shown::Defaults),
            lexopt::Arg::Long("annotated") => ("--annotated", Shown::Annotated),
            lexopt::Arg::Long("markdown") => ("--markdown", Shown::Markdown),
            lexopt::Arg::Long("man") => ("--man", Shown::Man),
            other => return Err(other.unexpected().into()),
        };
        if let Some((other, _)) = shown.replace(chosen) {
            return Err(UsageError::Without { option: chosen.0, other });
        }
    }
    match shown {
        // These are the same whatever is given.
        Some((option, _)) if !configuration.files.is_empty() => {
            Err(UsageError::Without { option, other: "files" })
        }
        Some((option, _)) if !configuration.sets.is_empty() => {
            Err(UsageError::Without { option, other: "--set" })
        }
        _ => Ok(Command::Config(shown.map_or(Shown::Effective, |(_, shown)| shown), configuration)),
    }
}

/// What an option of PagingServer's does here.
pub(super) enum Old {
    /// Prints a configuration and ends.
    Print(Shown),
    /// Is as good as this `--set`.
    Set(&'static str),
    /// Is always so.
    Nothing,
    /// Something else does it.
    Instead(&'static str),
}

/// Reads an option of PagingServer's.
pub(super) fn old(option: &str) -> Option<Old> {
    match option {
        "dump-conf" => Some(Old::Print(Shown::Effective)),
        "dump-conf-defaults" => Some(Old::Print(Shown::Defaults)),
        "debug" => Some(Old::Set("log.level=debug")),
        "systemd" => Some(Old::Nothing),
        _ => INSTEAD.iter().find(|(old, _)| *old == option).map(|(_, instead)| Old::Instead(instead)),
    }
}

/// PagingServer's other options, and what does the same here.
const INSTEAD: &[(&str, &str)] = &[
    ("dump-pjsua-devices", "\"paging devices\" lists the sound cards"),
    ("dump-pjsua-conf-ports", "\"paging devices\" lists the sound cards; there are no conference ports"),
    ("dump-jack-ports", "\"paging devices\" lists the sound cards; there is no JACK"),
    ("test-audio-file", "\"paging call sip:page@ADDRESS --play FILE\" plays one through the running box"),
    ("pjsua-log-level", "\"--set log.level=debug\" tells more"),
    ("sentry-dsn", "[log] syslog reports to others, paging status to a monitor"),
];

/// What `paging check --help` and `paging config --help` print.
pub const CONFIG_HELP: &str = "\
paging check [FILE…] [--set section.key=value]…
  finds every mistake in these files, or without any in what the box reads: /etc/paging.conf,
  /boot/paging.conf and PAGING_SECTION__KEY in the environment. Says what the box would do.
  Ends with 0 when all is right, 65 when something is wrong, 66 when a file cannot be read.

paging config [CONF…] [--set section.key=value]…
  prints what is in force, and where each value that was given stands; secrets are left out
paging config --defaults     prints every setting with its default
paging config --annotated    prints an example of every setting, with what each means
paging config --markdown     prints the reference, as in docs/paging.conf.md
paging config --man          prints the manual page paging.conf(5)
";

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use std::path::PathBuf;

    fn parse(line: &str) -> Result<Command, String> {
        let words = line.split_whitespace().map(OsString::from);
        Command::parse(words).map_err(|error| error.to_string())
    }

    fn given(files: &[&str], sets: &[&str]) -> Configuration {
        let sets = sets.iter().map(|set| (*set).to_owned()).collect();
        Configuration { files: files.iter().map(PathBuf::from).collect(), sets, last_good: None }
    }

    #[test]
    fn files_are_checked_or_what_the_box_reads() {
        assert_eq!(parse("check"), Ok(Command::Check(given(&[], &[]))));
        assert_eq!(
            parse("--set a.b=c check x y --set d.e=f"),
            Ok(Command::Check(given(&["x", "y"], &["a.b=c", "d.e=f"])))
        );
        assert_eq!(parse("check --help"), Ok(Command::ConfigHelp));
    }

    #[test]
    fn the_configuration_is_printed_in_one_of_several_ways() {
        assert_eq!(parse("config"), Ok(Command::Config(Shown::Effective, given(&[], &[]))));
        assert_eq!(
            parse("config x --set a.b=c"),
            Ok(Command::Config(Shown::Effective, given(&["x"], &["a.b=c"])))
        );
        for (option, shown) in [
            ("--defaults", Shown::Defaults),
            ("--annotated", Shown::Annotated),
            ("--markdown", Shown::Markdown),
            ("--man", Shown::Man),
        ] {
            assert_eq!(parse(&format!("config {option}")), Ok(Command::Config(shown, given(&[], &[]))));
            assert_eq!(parse(&format!("config x {option}")), Err(format!("expected {option} without files")));
        }
        assert_eq!(parse("config --defaults --man"), Err("expected --man without --defaults".to_owned()));
    }

    #[test]
    fn what_paging_server_understood_is_understood() {
        assert_eq!(parse("--dump-conf x"), Ok(Command::Config(Shown::Effective, given(&["x"], &[]))));
        assert_eq!(parse("--dump-conf-defaults"), Ok(Command::Config(Shown::Defaults, given(&[], &[]))));
        assert_eq!(parse("--systemd --debug x"), Ok(Command::Run(given(&["x"], &["log.level=debug"]))));
        assert_eq!(parse("--version"), Ok(Command::Version));
    }

    #[test]
    fn what_paging_server_had_besides_is_answered_with_what_does_it_here() {
        for (option, instead) in INSTEAD {
            let error = parse(&format!("--{option} x")).unwrap_err();
            assert_eq!(error, format!("--{option} is an option of PagingServer: {instead}"));
        }
    }
}
