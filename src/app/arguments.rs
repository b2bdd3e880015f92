//! The command line.
//!
//! ```text
//! paging [CONF…] [--set section.key=value]…      run the box
//! paging devices                                 list sound cards
//! paging call URI --play FILE | --tone HZ --seconds S
//! ```
//! Decides what a command line means; it opens nothing and prints nothing.

use core::fmt;
use core::time::Duration;
use std::ffi::OsString;
use std::path::PathBuf;

/// What `paging` was asked to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Run the box until it is told to stop.
    Run(Configuration),
    /// List the sound cards.
    Devices,
    /// Place a page.
    Call(PageCall),
    /// Print how to use it.
    Help,
    /// Print the version.
    Version,
}

impl Command {
    /// Reads the arguments that follow the program's name.
    ///
    /// # Errors
    /// A sentence on the first argument that has no meaning.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, UsageError> {
        let mut parser = lexopt::Parser::from_args(arguments);
        let mut configuration = Configuration::default();
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => return Ok(Self::Help),
                lexopt::Arg::Short('V') | lexopt::Arg::Long("version") => return Ok(Self::Version),
                lexopt::Arg::Long("set") => configuration.sets.push(text(parser.value()?)?),
                lexopt::Arg::Value(word) if configuration.files.is_empty() => match word.to_str() {
                    Some(command @ ("devices" | "call")) if !configuration.sets.is_empty() => {
                        return Err(UsageError::SetFor(command.to_owned()));
                    }
                    Some("devices") => return devices(&mut parser),
                    Some("call") => return PageCall::parse(&mut parser).map(Self::Call),
                    _ => configuration.files.push(word.into()),
                },
                lexopt::Arg::Value(word) => configuration.files.push(word.into()),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Self::Run(configuration))
    }
}

/// Where the settings of a run come from, beside the defaults and the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Files, in the order given; later ones win.
    pub files: Vec<PathBuf>,
    /// `section.key=value` of each `--set`; they win over files.
    pub sets: Vec<String>,
}

/// A page to place.
#[derive(Clone, Debug, PartialEq)]
pub struct PageCall {
    /// Whom to call, `sip:page@192.0.2.1`.
    pub target: String,
    /// What to say.
    pub sound: Sound,
}

/// What a placed page says.
#[derive(Clone, Debug, PartialEq)]
pub enum Sound {
    /// A sound file.
    File(PathBuf),
    /// A sine.
    Tone {
        /// Its frequency.
        hz: f32,
        /// How long it sounds.
        length: Duration,
    },
}

impl PageCall {
    fn parse(parser: &mut lexopt::Parser) -> Result<Self, UsageError> {
        let (mut target, mut file, mut hz, mut seconds) = (None, None, None, None);
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Long("play") => file = Some(PathBuf::from(parser.value()?)),
                lexopt::Arg::Long("tone") => hz = Some(number(parser, "--tone", HZ)?),
                lexopt::Arg::Long("seconds") => seconds = Some(number(parser, "--seconds", SECONDS)?),
                lexopt::Arg::Value(word) if target.is_none() => target = Some(text(word)?),
                lexopt::Arg::Long("set") => return Err(UsageError::SetFor("call".to_owned())),
                other => return Err(other.unexpected().into()),
            }
        }
        let target = target.ok_or(UsageError::Missing("whom to call, such as sip:page@192.0.2.1"))?;
        let sound = match (file, hz, seconds) {
            (Some(file), None, None) => Sound::File(file),
            (None, Some(hz), Some(seconds)) => Sound::Tone { hz, length: Duration::from_secs_f32(seconds) },
            _ => return Err(UsageError::Missing("either --play FILE or --tone HZ --seconds S")),
        };
        Ok(Self { target, sound })
    }
}

fn devices(parser: &mut lexopt::Parser) -> Result<Command, UsageError> {
    match parser.next()? {
        None => Ok(Command::Devices),
        Some(lexopt::Arg::Long("set")) => Err(UsageError::SetFor("devices".to_owned())),
        Some(other) => Err(other.unexpected().into()),
    }
}

fn number(
    parser: &mut lexopt::Parser,
    option: &'static str,
    (low, high): (f32, f32),
) -> Result<f32, UsageError> {
    let argument = text(parser.value()?)?;
    let value = argument.parse().ok().filter(|value| (low..=high).contains(value));
    value.ok_or(UsageError::Number { option, found: argument, low, high })
}

fn text(word: OsString) -> Result<String, UsageError> {
    word.into_string().map_err(UsageError::NotText)
}

/// What a telephone line carries, in Hz.
const HZ: (f32, f32) = (20.0, 3900.0);
/// Up to a day.
const SECONDS: (f32, f32) = (0.02, 86_400.0);

/// Why a command line has no meaning.
#[derive(Debug)]
#[non_exhaustive]
pub enum UsageError {
    /// An unknown option, a missing or a superfluous value.
    Option(lexopt::Error),
    /// `--set` for a command that takes no settings.
    SetFor(String),
    /// Something that must be there is not.
    Missing(&'static str),
    /// A number that is none, or out of range.
    Number {
        /// The option.
        option: &'static str,
        /// What stood there.
        found: String,
        /// The least value.
        low: f32,
        /// The greatest value.
        high: f32,
    },
    /// An argument that is not UTF-8 where only text makes sense.
    NotText(OsString),
}

impl From<lexopt::Error> for UsageError {
    fn from(error: lexopt::Error) -> Self {
        Self::Option(error)
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(error) => write!(f, "{error}"),
            Self::SetFor(command) => {
                write!(f, "expected \"{command}\" without --set: only the box itself has settings")
            }
            Self::Missing(what) => write!(f, "expected {what}"),
            Self::Number { option, found, low, high } => {
                write!(f, "expected {option} with a number from {low} to {high}, found \"{found}\"")
            }
            Self::NotText(word) => write!(f, "expected text in UTF-8, found {}", word.display()),
        }
    }
}

impl std::error::Error for UsageError {}

/// What `paging --help` prints.
pub const HELP: &str = "\
PagingBox: telephone calls come out of loudspeakers

  paging [CONF…] [--set section.key=value]…   run the box with these configuration files
  paging devices                              list the sound cards
  paging call URI --play FILE                 call URI and play a WAV file to it
  paging call URI --tone HZ --seconds S       call URI and play a tone to it
  paging --help | --version

Examples:
  paging paging.conf --set audio.device=null
  paging call sip:page@192.168.1.20 --tone 440 --seconds 3
";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        let words = line.split_whitespace().map(OsString::from);
        Command::parse(words).map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_command_the_box_runs_with_files_and_settings() {
        let Ok(Command::Run(configuration)) = parse("a.conf --set sip.listen=127.0.0.1:5070 b.conf") else {
            panic!("expected a run");
        };
        assert_eq!(configuration.files, [PathBuf::from("a.conf"), PathBuf::from("b.conf")]);
        assert_eq!(configuration.sets, ["sip.listen=127.0.0.1:5070"]);
    }

    #[test]
    fn after_a_file_every_word_is_a_file() {
        let Ok(Command::Run(configuration)) = parse("--set a.b=c ./call devices call") else {
            panic!("expected a run");
        };
        assert_eq!(configuration.files, ["./call", "devices", "call"].map(PathBuf::from));
    }

    #[test]
    fn a_page_plays_a_file_or_a_tone() {
        let file = Sound::File("x.wav".into());
        let target = "sip:p@h".to_owned();
        assert_eq!(
            parse("call sip:p@h --play x.wav"),
            Ok(Command::Call(PageCall { target: target.clone(), sound: file }))
        );
        let tone = Sound::Tone { hz: 440.0, length: Duration::from_secs(3) };
        assert_eq!(
            parse("call sip:p@h --tone 440 --seconds 3"),
            Ok(Command::Call(PageCall { target, sound: tone }))
        );
    }

    #[test]
    fn mistakes_are_named() {
        let mistakes = [
            ("--frob", "invalid option '--frob'"),
            ("call", "expected whom to call, such as sip:page@192.0.2.1"),
            ("call sip:p@h", "expected either --play FILE or --tone HZ --seconds S"),
            ("call sip:p@h --tone 440", "expected either --play FILE or --tone HZ --seconds S"),
            (
                "call sip:p@h --tone loud --seconds 1",
                "expected --tone with a number from 20 to 3900, found \"loud\"",
            ),
            ("devices now", "unexpected argument \"now\""),
            ("--set a.b=c devices", "expected \"devices\" without --set: only the box itself has settings"),
            ("devices --set a.b=c", "expected \"devices\" without --set: only the box itself has settings"),
            (
                "--set a.b=c call sip:p@h --play x.wav",
                "expected \"call\" without --set: only the box itself has settings",
            ),
            ("call sip:p@h --set a.b=c", "expected \"call\" without --set: only the box itself has settings"),
        ];
        for (line, sentence) in mistakes {
            assert_eq!(parse(line), Err(sentence.to_owned()), "{line}");
        }
    }
}
