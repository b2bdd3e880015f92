//! The arguments of `paging call`.
//!
//! Decides what they mean and which go together; what is asked for and would have no effect is refused.

use super::arguments::{UsageError, text};
use super::call_faults::Stall;
use super::call_media::DEFAULT_CODECS;
use super::call_schedule::Load;
use super::call_stream::Manner;
use crate::codec::Codec;
use core::fmt;
use core::ops::RangeInclusive;
use core::time::Duration;
use std::path::PathBuf;

/// Pages to place.
#[derive(Clone, Debug, PartialEq)]
pub struct PageCall {
    /// Whom to call, `sip:page@192.0.2.1`.
    pub target: String,
    /// Who calls, and proves it with the password, for those who ask.
    pub user: Option<User>,
    /// How many calls, and how fast.
    pub load: Load,
    /// What to say; without it calls are signalling and nothing else.
    pub announcement: Option<Announcement>,
    /// How long a call without sound lasts.
    pub hold: Duration,
    /// What chance follows from; drawn where there is none.
    pub seed: Option<u64>,
}

/// A caller with a name.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The user part of the address it calls from.
    pub name: String,
    /// May be empty.
    pub password: String,
}

impl fmt::Debug for User {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a page says, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    /// What.
    pub sound: Sound,
    /// By which codecs, the best first; never empty.
    pub codecs: Vec<Codec>,
    /// In which packets, whatever the callee asks for.
    pub ptime: Option<Duration>,
    /// How well.
    pub manner: Manner,
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
    /// Reads what follows `call`; `None` asks for help.
    pub(super) fn parse(parser: &mut lexopt::Parser) -> Result<Option<Self>, UsageError> {
        let mut draft = Draft::default();
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => return Ok(None),
                lexopt::Arg::Long("set") => return Err(UsageError::SetFor("call".to_owned())),
                lexopt::Arg::Long("dtx") => draft.set_dtx(),
                lexopt::Arg::Long(name) => match (find(&OF_CALL, name), find(&OF_SOUND, name)) {
                    (Some(option), _) => draft.take_of_call(Value::next(option, parser)?)?,
                    (None, Some(option)) => draft.take_of_sound(Value::next(option, parser)?)?,
                    (None, None) => return Err(argument.unexpected().into()),
                },
                lexopt::Arg::Value(word) if draft.target.is_none() => draft.target = Some(text(word)?),
                other => return Err(other.unexpected().into()),
            }
        }
        draft.finish().map(Some)
    }
}

/// Arguments as they come.
#[derive(Default)]
struct Draft {
    target: Option<String>,
    user: Option<String>,
    password: Option<String>,
    seconds: Option<Duration>,
    calls: Option<u64>,
    rate: Option<f64>,
    at_once: Option<u64>,
    seed: Option<u64>,
    is_silent: bool,
    /// The first option that is about sound.
    of_sound: Option<&'static str>,
    file: Option<PathBuf>,
    hz: Option<Value>,
    codecs: Option<Vec<Codec>>,
    ptime: Option<Duration>,
    burst: Option<u32>,
    manner: Manner,
}

impl Draft {
    fn take_of_call(&mut self, value: Value) -> Result<(), UsageError> {
        match value.option {
            "--seconds" => self.seconds = Some(value.seconds()?),
            "--calls" if value.word == "forever" => self.calls = Some(Load::FOREVER),
            "--calls" => self.calls = Some(value.whole(1..=100_000_000)?),
            "--rate" => self.rate = Some(value.number(0.01, 100_000.0)?),
            "--at-once" => self.at_once = Some(value.whole(1..=MOST_AT_ONCE)?),
            "--user" => self.user = Some(value.word),
            "--pass" => self.password = Some(value.word),
            "--seed" => self.seed = Some(value.whole(0..=u64::MAX)?),
            // "--rtp"
            _ => self.is_silent = !value.yes_or_no()?,
        }
        Ok(())
    }

    fn take_of_sound(&mut self, value: Value) -> Result<(), UsageError> {
        self.of_sound.get_or_insert(value.option);
        let faults = &mut self.manner.faults;
        match value.option {
            "--play" => self.file = Some(value.word.into()),
            "--tone" => self.hz = Some(value),
            "--codec" => self.codecs = Some(value.codecs()?),
            "--ptime" => self.ptime = Some(Duration::from_millis(value.whole(10..=60)?)),
            "--ssrc-change" => self.manner.ssrc_change = Some(value.seconds()?),
            "--loss" => faults.loss = value.share()?,
            "--burst" => self.burst = u32::try_from(value.whole(1..=1000)?).ok(),
            "--jitter" => faults.jitter = value.millis()?,
            "--reorder" => faults.reorder = value.share()?,
            "--duplicate" => faults.duplicate = value.share()?,
            "--ppm" => faults.ppm = value.ppm()?,
            // "--stall"
            _ => faults.stall = Some(value.stall()?),
        }
        Ok(())
    }

    fn set_dtx(&mut self) {
        self.of_sound.get_or_insert("--dtx");
        self.manner.dtx = true;
    }

    fn finish(mut self) -> Result<PageCall, UsageError> {
        let target = self.target.take();
        let target = target.ok_or(UsageError::Missing("whom to call, such as sip:page@192.0.2.1"))?;
        let load = self.load()?;
        let user = self.user()?;
        let (hold, seed) = (self.seconds.unwrap_or_default(), self.seed);
        let announcement = match (self.is_silent, self.of_sound) {
            (true, Some(option)) => return Err(UsageError::Without { option, other: "--rtp no" }),
            (true, None) => None,
            (false, _) => Some(self.announcement()?),
        };
        Ok(PageCall { target, user, load, announcement, hold, seed })
    }

    fn user(&mut self) -> Result<Option<User>, UsageError> {
        match (self.user.take(), self.password.take()) {
            (Some(name), password) => Ok(Some(User { name, password: password.unwrap_or_default() })),
            (None, Some(_)) => Err(UsageError::With { option: "--pass", other: "--user" }),
            (None, None) => Ok(None),
        }
    }

    fn load(&self) -> Result<Load, UsageError> {
        let run = self.rate.map(|_| "--rate").or(self.at_once.map(|_| "--at-once"));
        if let (None, Some(option)) = (self.calls, run) {
            return Err(UsageError::With { option, other: "--calls N" });
        }
        let calls = self.calls.unwrap_or(1);
        if calls == Load::FOREVER && run.is_none() {
            return Err(UsageError::With { option: "--calls forever", other: "--at-once M or --rate R" });
        }
        Ok(Load { calls, rate: self.rate, at_once: self.at_once.unwrap_or(calls.min(MOST_AT_ONCE)) })
    }

    fn announcement(mut self) -> Result<Announcement, UsageError> {
        let codecs = self.codecs.take().unwrap_or_else(|| DEFAULT_CODECS.to_vec());
        let sound = match (self.file.take(), self.hz.take(), self.seconds) {
            (Some(file), None, None) => Sound::File(file),
            (None, Some(hz), Some(length)) => Sound::Tone { hz: hz.tone(&codecs)?, length },
            _ => return Err(UsageError::Missing("either --play FILE or --tone HZ --seconds S")),
        };
        if self.manner.dtx && matches!(sound, Sound::Tone { .. }) {
            return Err(UsageError::With { option: "--dtx", other: "--play: a tone has no silence" });
        }
        if let Some(burst) = self.burst {
            if self.manner.faults.loss <= 0.0 {
                return Err(UsageError::With { option: "--burst", other: "--loss" });
            }
            self.manner.faults.burst = burst;
        }
        Ok(Announcement { sound, codecs, ptime: self.ptime, manner: self.manner })
    }
}

/// What stands after an option.
struct Value {
    option: &'static str,
    word: String,
}

impl Value {
    fn next(option: &'static str, parser: &mut lexopt::Parser) -> Result<Self, UsageError> {
        Ok(Self { option, word: text(parser.value()?)? })
    }

    fn number(self, low: f64, high: f64) -> Result<f64, UsageError> {
        match self.word.parse() {
            Ok(number) if (low..=high).contains(&number) => Ok(number),
            _ => Err(UsageError::Number { option: self.option, found: self.word, low, high }),
        }
    }

    fn whole(self, range: RangeInclusive<u64>) -> Result<u64, UsageError> {
        match self.word.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(UsageError::Whole { option: self.option, found: self.word, range }),
        }
    }

    fn seconds(self) -> Result<Duration, UsageError> {
        self.number(SECONDS.0, SECONDS.1).map(Duration::from_secs_f64)
    }

    fn millis(self) -> Result<Duration, UsageError> {
        self.number(0.0, 10_000.0).map(|millis| Duration::from_secs_f64(millis / 1000.0))
    }

    /// A percentage as a share of one.
    fn share(self) -> Result<f64, UsageError> {
        self.number(0.0, 100.0).map(|percent| percent / 100.0)
    }

    fn ppm(self) -> Result<i32, UsageError> {
        match self.word.parse() {
            Ok(ppm) if (-MOST_PPM..=MOST_PPM).contains(&ppm) => Ok(ppm),
            _ => Err(self.other_than("a whole number from -10000 to 10000")),
        }
    }

    /// A frequency that all of `codecs` can carry.
    fn tone(self, codecs: &[Codec]) -> Result<f32, UsageError> {
        let rate = codecs.iter().map(|codec| codec.sample_rate().hz()).min().unwrap_or_default();
        // What a telephone line carries, and as much of other ones.
        let high = f64::from(rate) * 3900.0 / 8000.0;
        #[expect(clippy::cast_possible_truncation, reason = "a frequency in hertz")]
        self.number(20.0, high).map(|hz| hz as f32)
    }

    fn stall(self) -> Result<Stall, UsageError> {
        let parts = self
            .word
            .split_once('@')
            .and_then(|(millis, seconds)| Some((positive(millis)?, positive(seconds)?)));
        match parts {
            Some((millis, seconds)) if millis <= 60_000.0 && seconds <= SECONDS.1 => Ok(Stall {
                at: Duration::from_secs_f64(seconds),
                length: Duration::from_secs_f64(millis / 1000.0),
            }),
            _ => Err(self.other_than("MS@S, such as 500@3: for 500 ms at second 3")),
        }
    }

    fn codecs(self) -> Result<Vec<Codec>, UsageError> {
        let codecs: Option<Vec<_>> = self.word.split(',').map(codec).collect();
        codecs.ok_or_else(|| self.other_than("some of PCMU, PCMA, G722, L16/8000, L16/16000, L16/48000"))
    }

    fn yes_or_no(self) -> Result<bool, UsageError> {
        match self.word.as_str() {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(self.other_than("yes or no")),
        }
    }

    fn other_than(self, form: &'static str) -> UsageError {
        UsageError::Form { option: self.option, form, found: self.word }
    }
}

fn find(options: &[&'static str], name: &str) -> Option<&'static str> {
    options.iter().copied().find(|option| option.strip_prefix("--") == Some(name))
}

fn positive(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number| (0.0..=f64::MAX).contains(number))
}

/// A name as in a=rtpmap; without a clock rate it is 8000.
fn codec(text: &str) -> Option<Codec> {
    let (name, rate) = text.trim().split_once('/').unwrap_or((text.trim(), "8000"));
    Codec::from_encoding(name, rate.parse().ok()?, 1)
}

/// Options about calls as such.
const OF_CALL: [&str; 8] =
    ["--seconds", "--calls", "--rate", "--at-once", "--seed", "--rtp", "--user", "--pass"];
/// Options about their sound.
const OF_SOUND: [&str; 12] = [
    "--play",
    "--tone",
    "--codec",
    "--ptime",
    "--ssrc-change",
    "--loss",
    "--burst",
    "--jitter",
    "--reorder",
    "--duplicate",
    "--ppm",
    "--stall",
];
/// Up to a day.
const SECONDS: (f64, f64) = (0.02, 86_400.0);
const MOST_PPM: i32 = 10_000;
/// Calls at the same time.
const MOST_AT_ONCE: u64 = 100_000;

/// What `paging call --help` prints.
pub const CALL_HELP: &str = "\
paging call: place pages, as telephones would

  paging call URI --play FILE                 call URI and play a sound file to it
  paging call URI --tone HZ --seconds S       call URI and play a tone to it
  paging call URI --rtp no [--seconds S]      call URI, say nothing, and hang up at once or after S seconds

  --user NAME         call as NAME
  --pass SECRET       and prove it, if asked (digest by MD5 or SHA-256); other users of this machine can see it

Many calls:
  --calls N           so many in all; forever: until Ctrl-C, with --at-once or --rate
  --rate R            so many new ones in a second; without it as fast as possible
  --at-once M         never more than M at the same time

Sound:
  --codec NAME,…      what to offer, the best first: PCMU, PCMA, G722, L16/8000, L16/16000, L16/48000 [PCMU,PCMA]
  --ptime MS          packets of 10 to 60 ms, whatever the other end asks for
  --dtx               send no packets in silence; the timestamp jumps
  --ssrc-change S     after S seconds of each call go on under another SSRC

Network faults, made here, in each call:
  --loss PCT          so many packets are lost, at random
  --burst N           losses come in runs of N
  --jitter MS         each packet is delayed by 0 to MS, and may be overtaken
  --reorder PCT       so many packets leave after their successor
  --duplicate PCT     so many packets leave twice
  --ppm N             the sender's clock is fast by N millionths; slow if N is negative
  --stall MS@S        for MS milliseconds from second S nothing gets through; then it all comes at once
  --seed N            what chance follows from; a run tells its own

One call tells what it does. Many end with a summary: how calls ended, their rate, times from INVITE to 100, 18x and
200 and from BYE to its answer, and how late this program was itself. The exit code is 0 only if all calls went well.
Ctrl-C hangs up all calls; a second one does not wait for them.

Examples:
  paging call sip:page@192.168.1.20 --tone 440 --seconds 10 --loss 2 --jitter 30
  paging call sip:page@192.168.1.20 --play notice.wav --codec G722 --calls 100 --rate 10
  paging call sip:page@192.168.1.20 --rtp no --calls 10000 --rate 200
  paging call sip:page@192.168.1.20 --rtp no --calls forever --at-once 1
";

#[cfg(test)]
mod tests {
    use super::super::call_faults::Faults;
    use super::*;
    use crate::units::SampleRate;
    use std::ffi::OsString;

    fn parse(line: &str) -> Result<PageCall, String> {
        let mut parser = lexopt::Parser::from_args(line.split_whitespace().map(OsString::from));
        let call = PageCall::parse(&mut parser).map_err(|error| error.to_string())?;
        Ok(call.expect("no help was asked for"))
    }

    fn announcement(options: &str) -> Announcement {
        parse(&format!("sip:p@h --play x.wav {options}")).unwrap().announcement.unwrap()
    }

    #[test]
    fn one_page_is_one_call_without_faults() {
        let call = parse("sip:p@h --tone 440 --seconds 3").unwrap();
        let sound = Sound::Tone { hz: 440.0, length: Duration::from_secs(3) };
        let announcement =
            Announcement { sound, codecs: DEFAULT_CODECS.to_vec(), ptime: None, manner: Manner::default() };
        assert_eq!((call.target.as_str(), call.load), ("sip:p@h", Load { calls: 1, rate: None, at_once: 1 }));
        assert_eq!((call.announcement, call.seed), (Some(announcement), None));
    }

    #[test]
    fn a_run_has_calls_a_rate_and_a_limit() {
        let load = |options: &str| parse(&format!("sip:p@h --rtp no {options}")).map(|call| call.load);
        assert_eq!(load("--calls 100"), Ok(Load { calls: 100, rate: None, at_once: 100 }));
        let forever = Load { calls: Load::FOREVER, rate: None, at_once: 1 };
        assert_eq!(load("--calls forever --at-once 1"), Ok(forever));
        assert_eq!(
            load("--calls 9 --rate 2.5 --at-once 3"),
            Ok(Load { calls: 9, rate: Some(2.5), at_once: 3 })
        );
    }

    #[test]
    fn a_call_without_sound_lasts_as_long_as_asked() {
        let hold = |options: &str| parse(&format!("sip:p@h --rtp no {options}")).map(|call| call.hold);
        assert_eq!(hold(""), Ok(Duration::ZERO));
        assert_eq!(hold("--seconds 2"), Ok(Duration::from_secs(2)));
        assert!(parse("sip:p@h --rtp yes --play x.wav").unwrap().announcement.is_some());
    }

    #[test]
    fn every_fault_is_read() {
        let options = "--loss 2.5 --burst 3 --jitter 30 --reorder 5 --duplicate 1 --ppm -200 --stall 500@3 \
                       --ssrc-change 4 --dtx";
        let stall = Stall { at: Duration::from_secs(3), length: Duration::from_millis(500) };
        let faults = Faults {
            loss: 0.025,
            burst: 3,
            jitter: Duration::from_millis(30),
            reorder: 0.05,
            duplicate: 0.01,
            ppm: -200,
            stall: Some(stall),
        };
        let manner = Manner { faults, ssrc_change: Some(Duration::from_secs(4)), dtx: true };
        assert_eq!(announcement(options).manner, manner);
    }

    #[test]
    fn codecs_are_named_as_in_an_offer() {
        let codecs = announcement("--codec g722,L16/16000,L16 --ptime 30");
        let l16 = |rate| Codec::L16(SampleRate::new(rate).unwrap());
        assert_eq!(codecs.codecs, [Codec::G722, l16(16_000), l16(8_000)]);
        assert_eq!(codecs.ptime, Some(Duration::from_millis(30)));
    }

    #[test]
    fn a_tone_may_be_as_high_as_its_codec_carries() {
        assert!(parse("sip:p@h --tone 7000 --seconds 1 --codec G722").is_ok());
        let error = "expected --tone with a number from 20 to 3900, found \"7000\"";
        assert_eq!(parse("sip:p@h --tone 7000 --seconds 1 --codec G722,PCMU"), Err(error.to_owned()));
    }

    #[test]
    fn mistakes_are_named() {
        let mistakes = [
            ("--calls 0", "expected --calls with a whole number from 1 to 100000000, found \"0\""),
            ("--calls 2 --rate 0", "expected --rate with a number from 0.01 to 100000, found \"0\""),
            ("--loss nan", "expected --loss with a number from 0 to 100, found \"nan\""),
            ("--ptime 5", "expected --ptime with a whole number from 10 to 60, found \"5\""),
            ("--ppm 0.5", "expected --ppm with a whole number from -10000 to 10000, found \"0.5\""),
            (
                "--codec G729",
                "expected --codec with some of PCMU, PCMA, G722, L16/8000, L16/16000, L16/48000, found \"G729\"",
            ),
            (
                "--stall 500",
                "expected --stall with MS@S, such as 500@3: for 500 ms at second 3, found \"500\"",
            ),
            (
                "--stall -1@3",
                "expected --stall with MS@S, such as 500@3: for 500 ms at second 3, found \"-1@3\"",
            ),
            ("--calls forever", "expected --calls forever with --at-once M or --rate R"),
            ("--rtp maybe", "expected --rtp with yes or no, found \"maybe\""),
            ("--rtp no", "expected --play without --rtp no"),
            ("--rate 5", "expected --rate with --calls N"),
            ("--at-once 5", "expected --at-once with --calls N"),
            ("--burst 3", "expected --burst with --loss"),
            ("--frob", "invalid option '--frob'"),
            ("another", "unexpected argument \"another\""),
        ];
        for (options, sentence) in mistakes {
            assert_eq!(
                parse(&format!("sip:p@h --play x.wav {options}")),
                Err(sentence.to_owned()),
                "{options}"
            );
        }
        let sentence = "expected --dtx with --play: a tone has no silence";
        assert_eq!(parse("sip:p@h --tone 400 --seconds 1 --dtx"), Err(sentence.to_owned()));
    }

    #[test]
    fn the_help_tells_every_option() {
        for option in OF_CALL.iter().chain(&OF_SOUND).chain(&["--dtx"]) {
            assert!(CALL_HELP.contains(option), "{option}");
        }
    }
}
