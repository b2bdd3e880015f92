//! `paging play`, `say`, `tone` and `stop`: be heard through the running box, or on a card where there is none.
//!
//! ```text
//! a file, a text, a tone ─> samples ─┬─ the box, by its socket
//! gong, announcement 3, emergency ───┴─ --device: this process plays it itself
//! ```
//! Files are read here, with the rights of who asks. A text goes to espeak-ng by its standard input, never by a shell.

use super::arguments::Configuration;
use super::play_arguments::{PlayVisit, Target, What};
use super::playback::sine;
use super::{EX_DATAERR, EX_NOINPUT, EX_UNAVAILABLE, complain, configuration, recite, say_status};
use crate::clock;
use crate::config;
use crate::control::{self, Order, Play, Reply, Sound};
use crate::dsp::{self, Chime, to_i16};
use crate::files::{self, ClipError};
use crate::mix::{Part, Recital};
use crate::net::{self, Crowd, Local, sleep_until};
use crate::process;
use crate::speech::{Script, Unsayable};
use crate::status::QuestionError;
use crate::time::Instant;
use crate::units::{Level, SampleRate};
use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use smol::LocalExecutor;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Plays it.
pub(super) fn play(visit: &PlayVisit) -> ExitCode {
    exit(if visit.device.is_some() { alone(visit) } else { by_the_box(visit) })
}

/// Ends everything that is heard.
pub(super) fn stop(target: &Target) -> ExitCode {
    exit(tell(target, &Order::Stop, &[]))
}

fn exit(outcome: Result<(), PlayError>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn by_the_box(visit: &PlayVisit) -> Result<(), PlayError> {
    let (sound, samples) = match &visit.what {
        What::Gong => (Sound::Gong, None),
        What::ThreeTone => (Sound::ThreeTone, None),
        What::Attention => (Sound::Attention, None),
        What::Announcement(number) => (Sound::Announcement(number.clone()), None),
        What::Emergency => (Sound::Emergency, None),
        brought => {
            let brought = Sample::of(brought)?;
            let frames = u32::try_from(brought.samples.len()).unwrap_or(u32::MAX);
            (Sound::Samples { rate_hz: brought.rate.hz(), frames }, Some(brought))
        }
    };
    let (zones, priority, wait) = (visit.zones.clone(), visit.priority, visit.wait);
    let name = visit.what.name();
    let bytes: Vec<u8> = samples
        .iter()
        .flat_map(|brought| brought.samples.iter())
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    drop(samples);
    tell(&visit.target, &Order::Play(Play { sound, name, zones, priority, wait }), &bytes)
}

/// On a card, without a box.
fn alone(visit: &PlayVisit) -> Result<(), PlayError> {
    let read = configuration::read(&visit.target.configuration).map_err(PlayError::Configuration)?;
    let mut settings = read.loaded.settings;
    let chime = |chime: Chime| Sample { rate: Chime::RATE, samples: chime.sound().into() };
    let sample = match &visit.what {
        What::Gong => chime(Chime::Gong),
        What::ThreeTone => chime(Chime::ThreeTone),
        What::Attention => chime(Chime::Attention),
        What::Announcement(number) => {
            let stored = settings.announcements.iter().find(|stored| stored.number == *number);
            match stored.map(|stored| &stored.play) {
                None => return Err(PlayError::NoAnnouncement(number.clone())),
                Some(config::Sound::File(path)) => Sample::of(&What::File(super::reading::found(path)))?,
                Some(config::Sound::ThreeTone) => chime(Chime::ThreeTone),
                Some(config::Sound::Attention) => chime(Chime::Attention),
                Some(config::Sound::Gong | config::Sound::None) => chime(Chime::Gong),
            }
        }
        What::Emergency => return Err(PlayError::EmergencyAlone),
        brought => Sample::of(brought)?,
    };
    if let Some(device) = &visit.device {
        settings.audio.device = device.clone();
        settings.zones.clear();
    }
    let level = settings.audio.volume_call.unwrap_or(Level::UNITY);
    let parts = vec![Part::Clip(sample.samples)];
    let recital = Recital { rate: sample.rate, parts, level, fade: FADE };
    say_status::play(&settings, &recital).map_err(PlayError::Unsaid)
}

/// One channel of 16 bits.
struct Sample {
    rate: SampleRate,
    samples: Arc<[i16]>,
}

impl Sample {
    fn of(what: &What) -> Result<Self, PlayError> {
        match what {
            &What::Tone { hz, length } => {
                let rate = SampleRate::HZ_48000;
                Ok(Self { rate, samples: sine(hz, length, rate) })
            }
            What::Words { text, voice } => Self::spoken(text, voice.as_deref()),
            What::File(path) => Self::read(path),
            _ => Err(PlayError::EmergencyAlone),
        }
    }

    /// What is short enough comes as fine as a card plays it.
    fn read(path: &Path) -> Result<Self, PlayError> {
        let clip = files::decode(path).map_err(PlayError::File)?;
        let is_short = clip.duration() <= FINE;
        let rate = if is_short { SampleRate::HZ_48000 } else { SampleRate::HZ_16000 };
        let too_odd = |_| {
            let reason = "its sample rate is out of reach";
            PlayError::File(ClipError::NotSound { path: path.to_owned(), reason })
        };
        let samples = dsp::converted(&clip.samples, clip.rate, rate).map_err(too_odd)?;
        Ok(Self { rate, samples: samples.map(to_i16).collect() })
    }

    fn spoken(text: &str, voice: Option<&str>) -> Result<Self, PlayError> {
        let mut arguments = vec!["--stdin", "--stdout"];
        arguments.extend(voice.iter().flat_map(|voice| ["-v", voice]));
        match process::convert(ESPEAK, &arguments, text.as_bytes(), SPEAKS_WITHIN_MS) {
            Ok(made) => Self::read(&made.path()).map_err(|_| PlayError::Speech(None)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::recited(text),
            Err(error) => Err(PlayError::Speech(Some(error))),
        }
    }

    /// By clips.
    fn recited(text: &str) -> Result<Self, PlayError> {
        let script = Script::of_text(text).map_err(PlayError::NoWord)?;
        let recital = recite::recital(&script, Level::UNITY);
        let samples = recital.parts.iter().flat_map(|part| match part {
            Part::Clip(samples) | Part::More(samples) => samples.to_vec(),
            Part::Pause(span) => vec![0; recital.rate.frames_in(*span)],
        });
        Ok(Self { rate: recital.rate, samples: samples.collect() })
    }
}

impl What {
    /// What the box calls it, and its log.
    fn name(&self) -> String {
        match self {
            Self::File(path) => {
                path.file_name().unwrap_or_default().to_string_lossy().chars().take(80).collect()
            }
            Self::Gong => "gong".to_owned(),
            Self::ThreeTone => "three-tone".to_owned(),
            Self::Attention => "attention".to_owned(),
            Self::Announcement(number) => format!("announcement {number}"),
            Self::Emergency => "emergency".to_owned(),
            Self::Tone { hz, .. } => format!("{hz} Hz"),
            Self::Words { text, .. } => text.chars().take(80).collect(),
        }
    }
}

/// Tells the box, and waits for what it says.
fn tell(target: &Target, order: &Order, sound: &[u8]) -> Result<(), PlayError> {
    let path = socket(target)?;
    let nobody = |source| PlayError::Nobody { path: path.clone(), source };
    let io = Local::connect(&path).map_err(nobody)?;
    let crowd = Crowd::new().map_err(PlayError::System)?;
    crowd.add(&io, 0, true).map_err(PlayError::System)?;
    let waits = matches!(order, Order::Play(Play { wait: true, .. }));
    let line = order.to_string();
    let mut visit = Visit { io, crowd, path, text: Vec::new() };
    net::run(&LocalExecutor::new(), async {
        visit.write(line.as_bytes()).await?;
        visit.write(sound).await?;
        visit.crowd.change(&visit.io, 0, false);
        match visit.reply(Some(clock::now() + PATIENCE)).await? {
            Reply::Playing if waits => match visit.reply(None).await? {
                Reply::Ended { whole: true } => Ok(()),
                Reply::Ended { whole: false } => Err(PlayError::Cut),
                other => Err(PlayError::refused(other, &visit.path)),
            },
            Reply::Playing | Reply::Stopped => Ok(()),
            other => Err(PlayError::refused(other, &visit.path)),
        }
    })
    .map_err(PlayError::System)?
}

/// Where the box is told.
fn socket(target: &Target) -> Result<PathBuf, PlayError> {
    if let Some(path) = &target.socket {
        return Ok(path.clone());
    }
    let read: &Configuration = &target.configuration;
    let read = configuration::read(read).map_err(PlayError::Configuration)?;
    let status = read.loaded.settings.status.socket.ok_or(PlayError::NoSocket)?;
    Ok(control::socket_beside(&status))
}

/// A connection to a box.
struct Visit {
    path: PathBuf,
    io: Local,
    crowd: Crowd,
    /// What has come and is no whole line yet.
    text: Vec<u8>,
}

impl Visit {
    async fn write(&mut self, mut bytes: &[u8]) -> Result<(), PlayError> {
        while !bytes.is_empty() {
            let piece = &bytes[..bytes.len().min(PIECE)];
            match self.io.write(piece) {
                Ok(0) => self.ready(Some(clock::now() + PATIENCE)).await?,
                Ok(len) => bytes = &bytes[len..],
                // It may have said why.
                Err(_) => {
                    return Err(self
                        .reply(Some(clock::now() + PATIENCE))
                        .await
                        .map_or_else(|error| error, |reply| PlayError::refused(reply, &self.path)));
                }
            }
            // What it says before all is written is why it takes no more; what it says then is for `reply`.
            if !bytes.is_empty()
                && let Some(reply) = self.take_reply()?
            {
                return Err(PlayError::refused(reply, &self.path));
            }
        }
        Ok(())
    }

    async fn reply(&mut self, deadline: Option<Instant>) -> Result<Reply, PlayError> {
        loop {
            if let Some(reply) = self.take_reply()? {
                return Ok(reply);
            }
            self.ready(deadline).await?;
        }
    }

    /// Reads what is there.
    fn take_reply(&mut self) -> Result<Option<Reply>, PlayError> {
        let mut buffer = [0; 4096];
        let is_over = match self.io.read(&mut buffer) {
            Ok(Some(0)) | Err(_) => true,
            Ok(Some(len)) => {
                self.text.extend_from_slice(&buffer[..len]);
                self.text.len() > LONGEST
            }
            Ok(None) => false,
        };
        match self.text.iter().position(|&byte| byte == b'\n') {
            Some(end) => {
                let line: Vec<u8> = self.text.drain(..=end).collect();
                let reply = serde_json::from_slice(&line);
                reply.map(Some).map_err(|_| PlayError::NoBox { path: self.path.clone() })
            }
            None if is_over => Err(PlayError::Gone { path: self.path.clone() }),
            None => Ok(None),
        }
    }

    /// Waits until something can be read, or written while that is wanted.
    async fn ready(&self, deadline: Option<Instant>) -> Result<(), PlayError> {
        let mut late = pin!(deadline.map(sleep_until));
        let mut ready = Vec::new();
        poll_fn(|context| {
            if let Poll::Ready(outcome) = self.crowd.poll_ready(context, &mut ready) {
                return Poll::Ready(outcome.map_err(PlayError::System));
            }
            match late.as_mut().as_pin_mut() {
                Some(late) => late.poll(context).map(|()| Err(PlayError::Silent { path: self.path.clone() })),
                None => Poll::Pending,
            }
        })
        .await
    }
}

/// Why nothing is heard.
#[derive(Debug)]
pub(super) enum PlayError {
    /// The configuration cannot be read.
    Configuration(configuration::ReadError),
    /// The configuration says that the box cannot be asked.
    NoSocket,
    /// The file cannot be read as sound.
    File(ClipError),
    /// There are no clips for a text, and no program that speaks.
    NoWord(Unsayable),
    /// The program that speaks does not.
    Speech(Option<io::Error>),
    /// The configuration has no such announcement.
    NoAnnouncement(String),
    /// There is nothing to cancel it by.
    EmergencyAlone,
    /// No card plays.
    Unsaid(say_status::Unsaid),
    /// Nobody listens there, or it is not allowed to ask.
    Nobody { path: PathBuf, source: io::Error },
    /// It says nothing.
    Silent { path: PathBuf },
    /// It went away.
    Gone { path: PathBuf },
    /// What it says is not understood.
    NoBox { path: PathBuf },
    /// It does not want to.
    Refused(String),
    /// The socket is for those who ask how it is.
    OnlyStatus { path: PathBuf },
    /// It was ended before its end.
    Cut,
    /// The machine has no file descriptors left.
    System(io::Error),
}

impl PlayError {
    fn refused(reply: Reply, path: &Path) -> Self {
        match reply {
            // That is what its other socket says.
            Reply::Error(why) if why == QuestionError.to_string() => {
                Self::OnlyStatus { path: path.to_owned() }
            }
            Reply::Error(why) => {
                Self::Refused(why.chars().map(|c| if c.is_control() { '?' } else { c }).collect())
            }
            _ => Self::Cut,
        }
    }

    /// For scripts.
    const fn exit_code(&self) -> u8 {
        match self {
            Self::NoWord(_) => EX_DATAERR,
            Self::Configuration(_) | Self::File(_) => EX_NOINPUT,
            _ => EX_UNAVAILABLE,
        }
    }
}

impl fmt::Display for PlayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration(error) => error.fmt(f),
            Self::NoSocket => {
                f.write_str("[status] socket of this configuration is none: the box cannot be told anything")
            }
            Self::File(error) => error.fmt(f),
            Self::NoWord(error) => write!(f, "{error}, and espeak-ng, which says any, is not installed"),
            Self::Speech(None) => write!(f, "{ESPEAK} has said nothing"),
            Self::Speech(Some(error)) => write!(f, "{ESPEAK}: {error}"),
            Self::NoAnnouncement(number) => {
                write!(f, "there is no [announcement {number}] in this configuration")
            }
            Self::EmergencyAlone => {
                f.write_str("the emergency is played by a running box, which can be told to stop")
            }
            Self::Unsaid(error) => error.fmt(f),
            Self::Nobody { path, source } if source.kind() == io::ErrorKind::PermissionDenied => {
                write!(
                    f,
                    "no box can be told at {}: only its user and group may page: try sudo",
                    path.display()
                )
            }
            Self::Nobody { path, source } => write!(
                f,
                "no box can be told at {}: {source}; is it running, with this [status] socket? --socket PATH tells one elsewhere",
                path.display()
            ),
            Self::Silent { path } => write!(f, "somebody listens at {} and says nothing", path.display()),
            Self::Gone { path } => write!(f, "the box at {} is gone", path.display()),
            Self::NoBox { path } => write!(f, "what listens at {} is no box of this version", path.display()),
            Self::Refused(why) => write!(f, "the box does not play it: {why}"),
            Self::OnlyStatus { path } => {
                let beside = control::socket_beside(path);
                write!(
                    f,
                    "{} only tells the status: what is to be played is told at {}",
                    path.display(),
                    beside.display()
                )
            }
            Self::Cut => f.write_str("it was cut off before its end, or no card plays"),
            Self::System(error) => write!(f, "no connection: {error}"),
        }
    }
}

/// What speaks any text.
const ESPEAK: &str = "espeak-ng";
/// Some minutes of speech take a small computer seconds.
const SPEAKS_WITHIN_MS: u16 = 30_000;
/// What is no longer comes at 48 kHz.
const FINE: Duration = Duration::from_mins(1);
const FADE: Duration = Duration::from_millis(50);
/// Written at once.
const PIECE: usize = 64 * 1024;
/// How long the box may take to answer, or to take some more.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of the longest answer.
const LONGEST: usize = 4096;
