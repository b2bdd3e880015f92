//! The command line.
//!
//! ```text
//! paging [CONF…] [--set section.key=value]…      run the box
//! paging check [FILE…]                           find mistakes
//! paging config [CONF…]                          print what is in force
//! paging devices                                 list sound cards
//! paging say-status [--device D] [CONF…]         say aloud how this box is
//! paging call URI --play FILE | --tone HZ --seconds S | --rtp no
//! paging status [CONF…] [--json] [--watch]      how the running box is
//! paging play SOUND | say TEXT | tone HZ S       be heard through the running box; paging stop ends it
//! paging boot [--into FOLDER] [CONF…]            make the files of the card image's tools
//! paging guard [--socket PATH] …                 watch over the box of a card image
//! ```
//! Decides what a command line means; it opens nothing and prints nothing. What follows `call` is read by `call_arguments`,
//! what follows `check` and `config` by `config_arguments`, with the options of PagingServer, what follows `status` by
//! `status_arguments`, what follows `play`, `say`, `tone` and `stop` by `play_arguments`, what follows `boot` by
//! `boot_arguments`, what follows `guard` by `guard_arguments`.

pub use super::call_arguments::{Announcement, CALL_HELP, PageCall, Sound};
pub use super::config_arguments::{CONFIG_HELP, Shown};
pub use super::guard_arguments::GuardPost;
pub use super::play_arguments::{PLAY_HELP, PlayVisit, Target};
use super::status_arguments::StatusQuery;

use super::boot_arguments::Boot;
use super::config_arguments::{self, Old};
use crate::config::Device;
use core::fmt;
use core::ops::RangeInclusive;
use std::ffi::OsString;
use std::path::PathBuf;

/// What `paging` was asked to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Run the box until it is told to stop.
    Run(Configuration),
    /// List the sound cards.
    Devices,
    /// Place pages.
    Call(Box<PageCall>),
    /// Find the mistakes in a configuration.
    Check(Configuration),
    /// Print a configuration.
    Config(Shown, Configuration),
    /// Say aloud how this box is.
    SayStatus(SayStatus),
    /// Ask the running box how it is.
    Status(StatusQuery),
    /// Be heard through the running box.
    Play(Box<PlayVisit>),
    /// End everything that is heard there.
    Stop(Target),
    /// Prepare the machine of a card image.
    Boot(Boot),
    /// Watch over the box that runs on a card.
    Guard(GuardPost),
    /// Print how to use it.
    Help,
    /// Print how to place pages.
    CallHelp,
    /// Print how to check and print configurations.
    ConfigHelp,
    /// Print how to ask the running box.
    StatusHelp,
    /// Print how to be heard through it.
    PlayHelp,
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
        let mut shown = None;
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => return Ok(Self::Help),
                lexopt::Arg::Short('V') | lexopt::Arg::Long("version") => return Ok(Self::Version),
                lexopt::Arg::Long("set") => configuration.sets.push(text(parser.value()?)?),
                lexopt::Arg::Long("last-good") => configuration.last_good = Some(parser.value()?.into()),
                lexopt::Arg::Long(option) => match config_arguments::old(option) {
                    Some(Old::Print(what)) => shown = Some(what),
                    Some(Old::Set(set)) => configuration.sets.push(set.to_owned()),
                    Some(Old::Nothing) => {}
                    Some(Old::Instead(instead)) => {
                        return Err(UsageError::Foreign { option: option.to_owned(), instead });
                    }
                    None => return Err(argument.unexpected().into()),
                },
                lexopt::Arg::Value(word) if configuration.files.is_empty() => match word.to_str() {
                    Some("check") => return config_arguments::check(&mut parser, configuration),
                    Some("config") => return config_arguments::config(&mut parser, configuration),
                    Some(command @ ("devices" | "call" | "guard")) if !configuration.sets.is_empty() => {
                        return Err(UsageError::SetFor(command.to_owned()));
                    }
                    Some("devices") => return devices(&mut parser),
                    Some("guard") => return GuardPost::parse(&mut parser),
                    Some("say-status") => return SayStatus::parse(configuration, &mut parser),
                    Some("status") => {
                        return Ok(StatusQuery::parse(&mut parser, configuration.sets)?
                            .map_or(Self::StatusHelp, Self::Status));
                    }
                    Some("play") => return PlayVisit::play(&mut parser, configuration.sets),
                    Some("say") => return PlayVisit::say(&mut parser, configuration.sets),
                    Some("tone") => return PlayVisit::tone(&mut parser, configuration.sets),
                    Some("stop") => return Target::stop(&mut parser, configuration.sets),
                    Some("boot") => return Boot::parse(configuration, &mut parser),
                    Some("call") => {
                        return Ok(PageCall::parse(&mut parser)?
                            .map_or(Self::CallHelp, |page| Self::Call(Box::new(page))));
                    }
                    _ => configuration.files.push(word.into()),
                },
                lexopt::Arg::Value(word) => configuration.files.push(word.into()),
                other @ lexopt::Arg::Short(_) => return Err(other.unexpected().into()),
            }
        }
        Ok(match shown {
            Some(shown) => Self::Config(shown, configuration),
            None => Self::Run(configuration),
        })
    }
}

/// Where the settings of a run come from, beside the defaults and the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Files, in the order given; later ones win.
    pub files: Vec<PathBuf>,
    /// `section.key=value` of each `--set`; they win over files.
    pub sets: Vec<String>,
    /// What the last of the files said when the box was well; where none is named, /boot/paging.conf.
    pub last_good: Option<PathBuf>,
}

/// What is to be said, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SayStatus {
    /// What the box would run with.
    pub configuration: Configuration,
    /// Where it is played instead of where the box plays.
    pub device: Option<Device>,
}

impl SayStatus {
    fn parse(configuration: Configuration, parser: &mut lexopt::Parser) -> Result<Command, UsageError> {
        let mut ask = Self { configuration, device: None };
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => return Ok(Command::Help),
                lexopt::Arg::Long("set") => ask.configuration.sets.push(text(parser.value()?)?),
                lexopt::Arg::Long("device") => ask.device = Some(device(text(parser.value()?)?)?),
                lexopt::Arg::Value(path) => ask.configuration.files.push(path.into()),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Command::SayStatus(ask))
    }
}

pub(super) fn device(found: String) -> Result<Device, UsageError> {
    let form = "a device such as auto, a card of \"paging devices\" or wav:PATH";
    Device::from_text(&found).map_err(|_| UsageError::Form { option: "--device", form, found })
}

fn devices(parser: &mut lexopt::Parser) -> Result<Command, UsageError> {
    match parser.next()? {
        None => Ok(Command::Devices),
        Some(lexopt::Arg::Long("set")) => Err(UsageError::SetFor("devices".to_owned())),
        Some(other) => Err(other.unexpected().into()),
    }
}

/// An argument that only makes sense as text.
pub(super) fn text(word: OsString) -> Result<String, UsageError> {
    word.into_string().map_err(UsageError::NotText)
}

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
        low: f64,
        /// The greatest value.
        high: f64,
    },
    /// A whole number that is none, or out of range.
    Whole {
        /// The option.
        option: &'static str,
        /// What stood there.
        found: String,
        /// What could stand there.
        range: RangeInclusive<u64>,
    },
    /// A value of the wrong form.
    Form {
        /// The option.
        option: &'static str,
        /// What should stand there.
        form: &'static str,
        /// What stood there.
        found: String,
    },
    /// An option that has no effect without another one.
    With {
        /// The option.
        option: &'static str,
        /// The other one.
        other: &'static str,
    },
    /// An option that has no effect beside another one.
    Without {
        /// The option.
        option: &'static str,
        /// The other one.
        other: &'static str,
    },
    /// An option of PagingServer's.
    Foreign {
        /// The option.
        option: String,
        /// What does the same here.
        instead: &'static str,
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
            Self::Whole { option, found, range } => {
                let (low, high) = (range.start(), range.end());
                write!(f, "expected {option} with a whole number from {low} to {high}, found \"{found}\"")
            }
            Self::Form { option, form, found } => {
                write!(f, "expected {option} with {form}, found \"{found}\"")
            }
            Self::With { option, other } => write!(f, "expected {option} with {other}"),
            Self::Without { option, other } => write!(f, "expected {option} without {other}"),
            Self::Foreign { option, instead } => {
                write!(f, "--{option} is an option of PagingServer: {instead}")
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
  paging check [FILE…]                        find every mistake in configuration files
  paging config [CONF…]                       print what is in force, and where it stands
  paging config --defaults | --annotated      print every setting, without or with what it means
  paging devices                              list the sound cards
  paging say-status [--device DEVICE] [CONF…] say aloud how this box is
  paging call URI --play FILE                 call URI and play a sound file to it
  paging call URI --tone HZ --seconds S       call URI and play a tone to it
  paging call --help                          many calls at once, codecs, network faults
  paging status [CONF…]                       how the running box is; --watch, --json, --help
  paging play FILE | gong | announcement N    be heard through the running box; --zone, --wait, --help
  paging say TEXT                             say a text there
  paging tone HZ SECONDS                      sound a tone there
  paging stop                                 end everything that is heard there
  paging boot [--into FOLDER] [CONF…]         on the card image: settings become files of its tools
  paging guard                                on the card image: watch over the box, write to the card
  paging --help | --version

Examples:
  paging paging.conf --set audio.device=null
  paging call sip:page@192.168.1.20 --tone 440 --seconds 3
";

/// A command line as a test writes it.
#[cfg(test)]
pub(super) fn parse(line: &str) -> Result<Command, String> {
    let words = line.split_whitespace().map(OsString::from);
    Command::parse(words).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

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
        for (line, expected) in [
            ("call sip:p@h --play x.wav", Sound::File("x.wav".into())),
            (
                "call sip:p@h --tone 440 --seconds 3",
                Sound::Tone { hz: 440.0, length: Duration::from_secs(3) },
            ),
        ] {
            let Ok(Command::Call(call)) = parse(line) else { panic!("{line}") };
            assert_eq!(call.announcement.map(|announcement| announcement.sound), Some(expected));
        }
    }

    #[test]
    fn help_is_for_all_or_for_calls() {
        assert_eq!(parse("--help"), Ok(Command::Help));
        assert_eq!(parse("call sip:p@h --help"), Ok(Command::CallHelp));
        assert_eq!(parse("status --help"), Ok(Command::StatusHelp));
        for command in ["play", "say", "tone", "stop"] {
            assert_eq!(parse(&format!("{command} --help")), Ok(Command::PlayHelp), "{command}");
        }
    }

    #[test]
    fn the_state_of_a_box_is_said_on_a_device_of_its_own_or_on_any() {
        let words = "--set a.b=c say-status x.conf --device wav:x.wav --set d.e=f";
        let Ok(Command::SayStatus(ask)) = parse(words) else { panic!("expected to say something") };
        assert_eq!(ask.device, Some(Device::Wav("x.wav".into())));
        assert_eq!(ask.configuration.files, [PathBuf::from("x.conf")]);
        assert_eq!(ask.configuration.sets, ["a.b=c", "d.e=f"]);
        assert_eq!(parse("say-status"), Ok(Command::SayStatus(SayStatus::default())));
        let error = parse("say-status --device wav:").unwrap_err();
        assert!(error.starts_with("expected --device with a device such as auto"), "{error}");
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
