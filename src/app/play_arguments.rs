//! What follows `play`, `say`, `tone` and `stop` on the command line.

use super::arguments::{Command, Configuration, UsageError, device, text};
use crate::config::Device;
use core::time::Duration;
use std::path::PathBuf;

/// `paging play`, `paging say`, `paging tone`.
#[derive(Clone, Debug, PartialEq)]
pub struct PlayVisit {
    /// What is to be heard.
    pub what: What,
    /// Zones and groups by name; none: where it belongs, or everywhere.
    pub zones: Vec<String>,
    /// 0 to 100, higher wins.
    pub priority: Option<u8>,
    /// Whether to stay until it is over.
    pub wait: bool,
    /// Where it is played without a box.
    pub device: Option<Device>,
    /// Where and of which configuration the box is.
    pub target: Target,
}

/// A running box.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Where it is told; `None`: where its configuration says.
    pub socket: Option<PathBuf>,
    /// That of the box.
    pub configuration: Configuration,
}

/// What is to be heard.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A file.
    File(PathBuf),
    /// Built in.
    Gong,
    /// Built in.
    ThreeTone,
    /// Built in.
    Attention,
    /// A stored announcement.
    Announcement(String),
    /// The emergency.
    Emergency,
    /// A sine.
    Tone {
        /// Its frequency.
        hz: f64,
        /// How long it sounds.
        length: Duration,
    },
    /// A text.
    Words {
        /// What is said.
        text: String,
        /// By which voice of espeak-ng.
        voice: Option<String>,
    },
}

impl PlayVisit {
    /// Reads what follows `play`.
    pub(super) fn play(parser: &mut lexopt::Parser, sets: Vec<String>) -> Result<Command, UsageError> {
        Self::read(
            parser,
            sets,
            "what to play: a file, gong, three-tone, attention, announcement NUMBER or emergency",
            |first, parser| {
                Ok(match first.to_str() {
                    Some("gong") => What::Gong,
                    Some("three-tone") => What::ThreeTone,
                    Some("attention") => What::Attention,
                    Some("emergency") => What::Emergency,
                    Some("announcement") => {
                        What::Announcement(text(value(parser, "the number of an announcement")?)?)
                    }
                    _ => What::File(first.into()),
                })
            },
        )
    }

    /// Reads what follows `say`.
    pub(super) fn say(parser: &mut lexopt::Parser, sets: Vec<String>) -> Result<Command, UsageError> {
        Self::read(parser, sets, "a text to say", |first, _| {
            let found = text(first)?;
            let is_right = !found.trim().is_empty() && found.len() <= MOST_TEXT && !found.contains('\0');
            let form = "a text of up to 2000 bytes";
            if is_right {
                Ok(What::Words { text: found, voice: None })
            } else {
                Err(UsageError::Form { option: "say", form, found: found.chars().take(40).collect() })
            }
        })
    }

    /// Reads what follows `tone`.
    pub(super) fn tone(parser: &mut lexopt::Parser, sets: Vec<String>) -> Result<Command, UsageError> {
        Self::read(parser, sets, "a frequency, such as 440", |first, parser| {
            let hz = number("HZ", text(first)?, (20.0, 20_000.0))?;
            let seconds = number("SECONDS", text(value(parser, "how many seconds")?)?, (0.1, 60.0))?;
            Ok(What::Tone { hz, length: Duration::from_secs_f64(seconds) })
        })
    }

    fn read(
        parser: &mut lexopt::Parser,
        sets: Vec<String>,
        missing: &'static str,
        what: impl FnOnce(std::ffi::OsString, &mut lexopt::Parser) -> Result<What, UsageError>,
    ) -> Result<Command, UsageError> {
        let mut target = Target::new(sets);
        let (mut zones, mut priority, mut wait, mut own_device, mut voice) =
            (Vec::new(), None, false, None, None);
        let (mut what, mut heard) = (Some(what), None);
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => return Ok(Command::PlayHelp),
                lexopt::Arg::Long("zone") => zones.push(text(parser.value()?)?),
                lexopt::Arg::Long("priority") => priority = Some(read_priority(text(parser.value()?)?)?),
                lexopt::Arg::Long("wait") => wait = true,
                lexopt::Arg::Long("device") => own_device = Some(device(text(parser.value()?)?)?),
                lexopt::Arg::Long("voice") => voice = Some(read_voice(text(parser.value()?)?)?),
                lexopt::Arg::Value(word) if what.is_some() => {
                    heard = what.take().map(|what| what(word, parser)).transpose()?;
                }
                lexopt::Arg::Long("socket") => target.socket = Some(parser.value()?.into()),
                lexopt::Arg::Long("set") => target.configuration.sets.push(text(parser.value()?)?),
                lexopt::Arg::Value(file) => target.configuration.files.push(file.into()),
                other => return Err(other.unexpected().into()),
            }
        }
        let mut what = heard.ok_or(UsageError::Missing(missing))?;
        match (&mut what, voice) {
            (_, None) => {}
            (What::Words { voice, .. }, wanted) => *voice = wanted,
            _ => return Err(UsageError::With { option: "--voice", other: "say" }),
        }
        if own_device.is_some() && (priority.is_some() || !zones.is_empty()) {
            return Err(UsageError::Without { option: "--device", other: "--zone and --priority" });
        }
        Ok(Command::Play(Box::new(Self { what, zones, priority, wait, device: own_device, target })))
    }
}

impl Target {
    fn new(sets: Vec<String>) -> Self {
        Self { socket: None, configuration: Configuration { sets, ..Configuration::default() } }
    }

    /// Reads what follows `stop`.
    pub(super) fn stop(parser: &mut lexopt::Parser, sets: Vec<String>) -> Result<Command, UsageError> {
        let mut target = Self::new(sets);
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => return Ok(Command::PlayHelp),
                lexopt::Arg::Long("socket") => target.socket = Some(parser.value()?.into()),
                lexopt::Arg::Long("set") => target.configuration.sets.push(text(parser.value()?)?),
                lexopt::Arg::Value(file) => target.configuration.files.push(file.into()),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Command::Stop(target))
    }
}

/// The next word, whatever it is.
fn value(parser: &mut lexopt::Parser, missing: &'static str) -> Result<std::ffi::OsString, UsageError> {
    parser.value().map_err(|_| UsageError::Missing(missing))
}

fn number(option: &'static str, found: String, (low, high): (f64, f64)) -> Result<f64, UsageError> {
    let number = found.parse().ok().filter(|number| (low..=high).contains(number));
    number.ok_or(UsageError::Number { option, found, low, high })
}

fn read_priority(found: String) -> Result<u8, UsageError> {
    let named =
        PRIORITIES.iter().find(|(name, _)| found.eq_ignore_ascii_case(name)).map(|(_, number)| *number);
    let form = "0 to 100, emergency, page, multicast, bell or music";
    named.or_else(|| found.parse().ok().filter(|number| *number <= 100)).ok_or(UsageError::Form {
        option: "--priority",
        form,
        found,
    })
}

/// What espeak-ng calls its voices; it is an argument of that program.
fn read_voice(found: String) -> Result<String, UsageError> {
    let is_sign = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+');
    let is_right =
        !found.is_empty() && !found.starts_with('-') && found.len() <= 40 && found.chars().all(is_sign);
    let form = "a voice such as de or en-gb";
    if is_right { Ok(found) } else { Err(UsageError::Form { option: "--voice", form, found }) }
}

/// As in `paging.conf`.
const PRIORITIES: &[(&str, u8)] =
    &[("emergency", 90), ("page", 60), ("multicast", 50), ("bell", 40), ("music", 10)];
/// Bytes of a text: some minutes.
const MOST_TEXT: usize = 2000;

/// What `paging play --help` prints.
pub const PLAY_HELP: &str = "\
paging play, say, tone, stop: be heard through the running box

  paging play FILE | gong | three-tone | attention   a sound file (WAV, MP3, Ogg, FLAC), or a chime
  paging play announcement NUMBER | emergency        what the configuration of the box says
  paging say TEXT                                    by espeak-ng, or by clips where it is not installed
  paging tone HZ SECONDS                             a sine, of up to a minute
  paging stop                                        ends everything that is heard, calls too

      --zone NAME      there, a zone or a group; may be given again; without it where it belongs, or everywhere
      --priority WORD  0 to 100, or emergency, page, multicast, bell, music
      --wait           stays until it has been heard; Ctrl-C ends it
      --voice NAME     a voice of espeak-ng
      --device DEVICE  on that sound card, without a box
      --socket PATH    tells the box there; otherwise beside [status] socket of its configuration
      [CONF…] [--set section.key=value]…  that configuration

It ends with 0 when it is played, with 65 when there are no words for a text, with 66 when a file cannot be read,
with 69 when no box answers, or when it refuses.
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::arguments::parse;

    fn played(line: &str) -> PlayVisit {
        match parse(line) {
            Ok(Command::Play(visit)) => *visit,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_word_is_a_chime_or_an_announcement_and_all_else_is_a_file() {
        for (line, what) in [
            ("play gong", What::Gong),
            ("play three-tone", What::ThreeTone),
            ("play ./gong", What::File("./gong".into())),
            ("play announcement 3", What::Announcement("3".to_owned())),
            ("play emergency", What::Emergency),
            ("tone 440 2.5", What::Tone { hz: 440.0, length: Duration::from_millis(2500) }),
            (
                "say hello --voice en-gb",
                What::Words { text: "hello".to_owned(), voice: Some("en-gb".to_owned()) },
            ),
        ] {
            assert_eq!(played(line).what, what, "{line}");
        }
    }

    #[test]
    fn a_play_has_zones_a_priority_and_the_configuration_of_the_box() {
        let visit = played(
            "--set a.b=c play x.wav --zone hall --zone yard --priority bell --wait --socket /s box.conf",
        );
        assert_eq!((visit.zones.len(), visit.priority, visit.wait), (2, Some(40), true));
        assert_eq!(visit.target.socket.as_deref(), Some("/s".as_ref()));
        assert_eq!(visit.target.configuration.sets, ["a.b=c"]);
        assert_eq!(visit.target.configuration.files, [PathBuf::from("box.conf")]);
        assert!(matches!(parse("stop --socket /s"), Ok(Command::Stop(target)) if target.socket.is_some()));
    }

    #[test]
    fn mistakes_are_named() {
        for (line, sentence) in [
            (
                "play",
                "expected what to play: a file, gong, three-tone, attention, announcement NUMBER or emergency",
            ),
            ("play announcement", "expected the number of an announcement"),
            ("tone 10 1", "expected HZ with a number from 20 to 20000, found \"10\""),
            ("tone 440", "expected how many seconds"),
            ("tone 440 61", "expected SECONDS with a number from 0.1 to 60, found \"61\""),
            (
                "play gong --priority loud",
                "expected --priority with 0 to 100, emergency, page, multicast, bell or music, found \"loud\"",
            ),
            ("play gong --voice de", "expected --voice with say"),
            ("say x --voice --evil", "expected --voice with a voice such as de or en-gb, found \"--evil\""),
            ("play gong --device null --zone a", "expected --device without --zone and --priority"),
        ] {
            assert_eq!(parse(line), Err(sentence.to_owned()), "{line}");
        }
    }
}
