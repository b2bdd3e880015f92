//! `paging status`: asks the running box how it is, and says so.
//!
//! A visit ends with what a script can go by: 0 the box is well, 1 it has a fault, 69 no box answers. Who watches stays until
//! he interrupts it (0) or the box is gone; in a terminal he waits for it to come back.

use super::status_arguments::StatusQuery;
use super::terminal::Terminal;
use super::{EX_IOERR, EX_NOINPUT, EX_UNAVAILABLE, configuration};
use crate::clock;
use crate::net::{self, Crowd, Local, Signals, sleep_until};
use crate::status::{Page, Question, Status, StatusError};
use crate::time::Instant;
use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::Poll;
use core::time::Duration;
use serde::Deserialize;
use smol::LocalExecutor;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Asks, and prints what the box says.
pub(super) fn ask(query: &StatusQuery) -> Result<ExitCode, VisitError> {
    let path = socket(query)?;
    if query.watch {
        let visit = Visit::new(&path)?;
        return net::run(&LocalExecutor::new(), watch(visit, query.json)).map_err(VisitError::System)?;
    }
    let (line, status) = look(&path)?;
    View::Lines { json: query.json, is_first: true }.show(&line, &status).map_err(VisitError::Output)?;
    Ok(ExitCode::from(u8::from(!status.healthy)))
}

/// How the box is that is asked at `path`: its answer as it came, and read.
pub(super) fn look(path: &Path) -> Result<(String, Status), VisitError> {
    let mut visit = Visit::new(path)?;
    let line = net::run(&LocalExecutor::new(), visit.once()).map_err(VisitError::System)??;
    let status = Status::from_json(&line).map_err(|error| refusal(&line, error))?;
    Ok((line, status))
}

/// Where the box is asked.
fn socket(query: &StatusQuery) -> Result<PathBuf, VisitError> {
    if let Some(path) = &query.socket {
        return Ok(path.clone());
    }
    let read = configuration::read(&query.configuration).map_err(VisitError::Configuration)?;
    read.loaded.settings.status.socket.ok_or(VisitError::NoSocket)
}

/// Shows one answer after the other until whoever watches has seen enough.
async fn watch(first: Visit, json: bool) -> Result<ExitCode, VisitError> {
    let signals = Signals::to_end().map_err(VisitError::System)?;
    let mut view = View::new(json).map_err(VisitError::Output)?;
    let path = first.path.clone();
    let mut visit = Ok(first);
    loop {
        let error = match visit {
            Ok(mut visit) => match visit.watch(&signals, &mut view).await {
                Ok(()) => return Ok(ExitCode::SUCCESS),
                Err(error) => error,
            },
            Err(error) => error,
        };
        if !view.wait_for_a_box(&error).map_err(VisitError::Output)? {
            return Err(error);
        }
        if is_stopped_within(&signals, AGAIN_IN).await {
            return Ok(ExitCode::SUCCESS);
        }
        visit = Visit::new(&path);
    }
}

async fn is_stopped_within(signals: &Signals, span: Duration) -> bool {
    let mut over = pin!(sleep_until(clock::now() + span));
    poll_fn(|context| match signals.poll_next(context) {
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending => over.as_mut().poll(context).map(|()| false),
    })
    .await
}

/// A connection to a box.
struct Visit {
    path: PathBuf,
    io: Local,
    crowd: Crowd,
    /// What has come and is no whole line yet.
    text: Vec<u8>,
}

/// What a visit waits for.
enum Heard {
    Line(String),
    /// The box has closed the connection.
    End,
    /// Nothing, for too long.
    Silence,
    /// Whoever watches has seen enough.
    Stop,
}

impl Visit {
    fn new(path: &Path) -> Result<Self, VisitError> {
        let path = path.to_owned();
        let io = Local::connect(&path).map_err(|source| VisitError::Nobody { path: path.clone(), source })?;
        let crowd = Crowd::new().map_err(VisitError::System)?;
        crowd.add(&io, 0, false).map_err(VisitError::System)?;
        Ok(Self { path, io, crowd, text: Vec::new() })
    }

    async fn once(&mut self) -> Result<String, VisitError> {
        self.put(Question::Status)?;
        match self.next(clock::now() + PATIENCE, None).await {
            Heard::Line(line) => Ok(line),
            other => Err(self.failed(&other)),
        }
    }

    async fn watch(&mut self, signals: &Signals, view: &mut View) -> Result<(), VisitError> {
        self.put(Question::Watch(EVERY))?;
        loop {
            match self.next(clock::now() + EVERY + PATIENCE, Some(signals)).await {
                Heard::Line(line) => {
                    let status = Status::from_json(&line).map_err(|error| refusal(&line, error))?;
                    view.show(&line, &status).map_err(VisitError::Output)?;
                }
                Heard::Stop => return Ok(()),
                other => return Err(self.failed(&other)),
            }
        }
    }

    fn put(&self, question: Question) -> Result<(), VisitError> {
        let line = question.to_string();
        // An empty connection has room for it.
        let sent = self.io.write(line.as_bytes());
        sent.map(drop).map_err(|source| VisitError::Nobody { path: self.path.clone(), source })
    }

    async fn next(&mut self, deadline: Instant, signals: Option<&Signals>) -> Heard {
        let mut silence = pin!(sleep_until(deadline));
        let mut ready = Vec::new();
        poll_fn(|context| {
            if signals.is_some_and(|signals| signals.poll_next(context).is_ready()) {
                return Poll::Ready(Heard::Stop);
            }
            loop {
                if let Some(heard) = self.take_line() {
                    return Poll::Ready(heard);
                }
                match self.crowd.poll_ready(context, &mut ready) {
                    Poll::Ready(Ok(())) if self.read() => {}
                    Poll::Ready(_) => return Poll::Ready(Heard::End),
                    Poll::Pending => break,
                }
            }
            Pin::new(&mut silence).poll(context).map(|()| Heard::Silence)
        })
        .await
    }

    /// Reads what is there; false at its end.
    fn read(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.io.read(&mut buffer) {
            Ok(Some(0)) | Err(_) => false,
            Ok(Some(len)) => {
                self.text.extend_from_slice(&buffer[..len]);
                self.text.len() <= LONGEST
            }
            Ok(None) => true,
        }
    }

    fn take_line(&mut self) -> Option<Heard> {
        let end = self.text.iter().position(|&byte| byte == b'\n')?;
        let line: Vec<u8> = self.text.drain(..=end).collect();
        Some(Heard::Line(String::from_utf8_lossy(&line).trim_end().to_owned()))
    }

    fn failed(&self, heard: &Heard) -> VisitError {
        let path = self.path.clone();
        match heard {
            Heard::Silence => VisitError::Silent { path },
            _ => VisitError::Gone { path },
        }
    }
}

/// Where the answers are seen.
enum View {
    /// As lines, one after the other.
    Lines { json: bool, is_first: bool },
    /// As a page that changes.
    Terminal(Terminal),
}

impl View {
    /// For one who watches.
    fn new(json: bool) -> io::Result<Self> {
        let terminal = if json { None } else { Terminal::enter()? };
        Ok(terminal.map_or(Self::Lines { json, is_first: true }, Self::Terminal))
    }

    /// Says that the box is gone, where it is waited for; false where it is not.
    fn wait_for_a_box(&mut self, gone: &VisitError) -> io::Result<bool> {
        let (Self::Terminal(terminal), VisitError::Nobody { .. } | VisitError::Gone { .. }) = (self, gone)
        else {
            return Ok(false);
        };
        terminal.draw(Page::of_sentence(&gone.to_string(), terminal.size()).lines())?;
        Ok(true)
    }

    fn show(&mut self, line: &str, status: &Status) -> io::Result<()> {
        match self {
            Self::Terminal(terminal) => {
                let page = Page::new(status, terminal.size());
                terminal.draw(page.lines())
            }
            Self::Lines { json: true, .. } => print(&format!("{line}\n")),
            Self::Lines { is_first, .. } => {
                let space = if core::mem::take(is_first) { "" } else { "\n" };
                print(&format!("{space}{}", clean(&status.to_string())))
            }
        }
    }
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Text of the network shall not change what a terminal shows.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '?' } else { c }).collect()
}

/// What a box says instead of its status.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

fn refusal(line: &str, error: StatusError) -> VisitError {
    match serde_json::from_str(line) {
        Ok(Refusal { error }) => VisitError::Refused(clean(&error)),
        Err(_) => VisitError::NoStatus(error),
    }
}

/// Why nothing can be said of a box.
#[derive(Debug)]
pub(super) enum VisitError {
    /// The configuration cannot be read.
    Configuration(configuration::ReadError),
    /// The configuration says that the box cannot be asked.
    NoSocket,
    /// Nobody listens there, or it is not allowed to ask.
    Nobody { path: PathBuf, source: io::Error },
    /// It listens and says nothing.
    Silent { path: PathBuf },
    /// It was there.
    Gone { path: PathBuf },
    /// It does not want to.
    Refused(String),
    /// It is no box, or of another time.
    NoStatus(StatusError),
    /// What it said cannot be printed.
    Output(io::Error),
    /// The machine has no file descriptors left.
    System(io::Error),
}

impl VisitError {
    /// For scripts.
    pub(super) const fn exit_code(&self) -> u8 {
        match self {
            Self::Configuration(_) => EX_NOINPUT,
            Self::Output(_) => EX_IOERR,
            _ => EX_UNAVAILABLE,
        }
    }
}

impl fmt::Display for VisitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hint = |path: &Path| format!("no box answers at {}", path.display());
        match self {
            Self::Configuration(error) => error.fmt(f),
            Self::NoSocket => {
                f.write_str("[status] socket of this configuration is none: the box cannot be asked")
            }
            Self::Nobody { path, source } if source.kind() == io::ErrorKind::PermissionDenied => {
                write!(f, "{}: only its user and group may ask: try sudo", hint(path))
            }
            Self::Nobody { path, source } if source.kind() == io::ErrorKind::WouldBlock => {
                write!(f, "{}: others have waited there for too long; does it hang?", hint(path))
            }
            Self::Nobody { path, source } => {
                write!(f, "{}: ", hint(path))?;
                match source.kind() {
                    io::ErrorKind::NotFound => f.write_str("there is no such socket")?,
                    io::ErrorKind::ConnectionRefused => f.write_str("nobody listens there")?,
                    _ => write!(f, "{source}")?,
                }
                f.write_str("; is it running, with this [status] socket? --socket PATH asks elsewhere")
            }
            Self::Silent { path } => write!(f, "{}: somebody listens there and says nothing", hint(path)),
            Self::Gone { path } => write!(f, "{} any more: it has ended", hint(path)),
            Self::Refused(why) => write!(f, "the box does not answer: {why}"),
            Self::NoStatus(error) => error.fmt(f),
            Self::Output(error) => write!(f, "cannot print: {error}"),
            Self::System(error) => write!(f, "no connection: {error}"),
        }
    }
}

/// How often a watched box is asked.
const EVERY: Duration = Duration::from_millis(500);
/// When a box that is gone is looked for again.
const AGAIN_IN: Duration = Duration::from_secs(1);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of the longest answer: many times that of a box with all the calls it takes.
const LONGEST: usize = 4 * 1024 * 1024;
