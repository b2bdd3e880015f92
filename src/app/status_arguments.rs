//! What follows `status` on the command line.

use super::arguments::{Configuration, UsageError, text};
use std::path::PathBuf;

/// `paging status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusQuery {
    /// As the box says it, and not in sentences.
    pub json: bool,
    /// Again and again.
    pub watch: bool,
    /// Where the box is asked; `None`: where its configuration says.
    pub socket: Option<PathBuf>,
    /// That of the box.
    pub configuration: Configuration,
}

impl StatusQuery {
    /// Reads what is left of the command line, after these `--set`s; `None` when help is asked for.
    pub(super) fn parse(parser: &mut lexopt::Parser, sets: Vec<String>) -> Result<Option<Self>, UsageError> {
        let mut query =
            Self { configuration: Configuration { sets, ..Configuration::default() }, ..Self::default() };
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => return Ok(None),
                lexopt::Arg::Long("json") => query.json = true,
                lexopt::Arg::Long("watch") => query.watch = true,
                lexopt::Arg::Long("socket") => query.socket = Some(parser.value()?.into()),
                lexopt::Arg::Long("set") => query.configuration.sets.push(text(parser.value()?)?),
                lexopt::Arg::Value(file) => query.configuration.files.push(file.into()),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(query))
    }
}

/// What `paging status --help` prints.
pub const STATUS_HELP: &str = "\
paging status: how the running box is

  paging status [CONF…] [--set section.key=value]…
                     asks at [status] socket of the same configuration as that of the box
      --socket PATH  asks there
      --json         prints JSON (docs/status.md), one line for each answer
      --watch        goes on, twice a second, until Ctrl-C; in a terminal as a live page

It ends with 0 when the box is well, with 1 when it has a fault, with 69 when no box answers.
";

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    fn parse(line: &str) -> Result<Option<StatusQuery>, String> {
        let mut parser = lexopt::Parser::from_args(line.split_whitespace().map(OsString::from));
        StatusQuery::parse(&mut parser, Vec::new()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_query_has_the_configuration_of_the_box() {
        let query = parse("a.conf --json --set status.socket=/tmp/s --watch --socket /tmp/t b.conf")
            .unwrap()
            .unwrap();
        assert!(query.json && query.watch);
        assert_eq!(query.socket.as_deref(), Some("/tmp/t".as_ref()));
        assert_eq!(query.configuration.files, ["a.conf", "b.conf"].map(PathBuf::from));
        assert_eq!(query.configuration.sets, ["status.socket=/tmp/s"]);
    }

    #[test]
    fn help_and_mistakes_are_told_apart() {
        assert_eq!(parse("--json --help"), Ok(None));
        assert_eq!(parse("--jsn"), Err("invalid option '--jsn'".to_owned()));
        assert!(parse("--socket").is_err());
    }
}
