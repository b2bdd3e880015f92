//! `paging call`: places a page, as a telephone would.
//!
//! ```text
//! locate ─> offer ─> INVITE ─> 200 ─> accept ─> talker thread ─> BYE ─> summary
//! ```
//! It speaks from the answer on and hangs up when all is said and played. A first interrupt hangs up early, a second
//! one ends it at once. No other end holds it for long: what it must still learn from there, it waits for no longer than
//! [`END_WITHIN`], after an interrupt [`INTERRUPTED_WITHIN`].

use super::arguments::PageCall;
use super::call_error::CallError;
use super::inbox::{Inbox, Input};
use super::post::Post;
use super::serve::USER_AGENT;
use super::sound;
use super::speech::Speech;
use super::talker::Talker;
use super::target::{Route, locate};
use crate::codec::Codec;
use crate::net::{self, Udp, UdpOptions};
use crate::rtp::Sender;
use crate::sdp::{self, Description, Format, Local};
use crate::sip::wire::{StatusCode, Uri};
use crate::sip::{CallKey, Endpoint, EndpointConfig, Event, Invite, Path};
use crate::time::Instant;
use crate::{clock, entropy};
use core::mem;
use core::time::Duration;
use smol::LocalExecutor;
use std::io::{self, IsTerminal, Write};
use std::net::{SocketAddr, UdpSocket};
use std::rc::Rc;

/// Calls, plays, hangs up; tells on standard output how it went.
///
/// # Errors
/// When not all could be played.
pub(super) fn place(page: &PageCall) -> Result<(), CallError> {
    let target: Uri = page.target.parse().map_err(|_| CallError::Target(page.target.clone()))?;
    let samples = sound::load(&page.sound, Codec::Pcmu.sample_rate())?;
    let executor = LocalExecutor::new();
    net::run(&executor, async {
        let Route { local, remote } = locate(&target).await?;
        let socket = Rc::new(Udp::bind(SocketAddr::new(local, 0), UdpOptions::default())?);
        let inbox = Inbox::new(std::slice::from_ref(&socket))?;
        let path = Path { local: socket.local_addr(), remote };
        let mut caller = Caller::new(path, Post::new(vec![socket]), samples)?;
        caller.dial(target);
        let outcome = caller.attend(&inbox).await;
        caller.sum_up();
        outcome
    })?
}

/// The calling end of one call.
struct Caller {
    endpoint: Endpoint,
    post: Post,
    path: Path,
    /// Where we would receive, and send from; what comes is not listened to.
    media: UdpSocket,
    offered: Local,
    samples: Vec<f32>,
    dialled_at: Instant,
    stage: Stage,
    speech: Option<Speech>,
    is_interrupted: bool,
}

/// How far the call is.
enum Stage {
    Calling(CallKey),
    Talking(CallKey),
    /// We have hung up; the other end may not know yet, and need not after `by`.
    Leaving {
        outcome: Result<(), CallError>,
        by: Instant,
    },
    Over(Result<(), CallError>),
}

impl Caller {
    fn new(path: Path, post: Post, samples: Vec<f32>) -> Result<Self, CallError> {
        let media = UdpSocket::bind(SocketAddr::new(path.local.ip(), 0))?;
        let formats = [(0, Codec::Pcmu), (8, Codec::Pcma)]
            .map(|(payload_type, codec)| Format::new(payload_type, codec.name(), codec.clock_rate().hz()));
        let seed = entropy::seed();
        let identity = EndpointConfig { user_agent: USER_AGENT.to_owned(), ..EndpointConfig::new(USER) };
        let offered = Local {
            address: path.local.ip(),
            port: media.local_addr()?.port(),
            formats: formats.to_vec(),
            ptime: PTIME,
            session_id: seed >> 33,
            version: 1,
        };
        let mut endpoint = Endpoint::new(identity, seed);
        // Nobody should call here.
        endpoint.set_closed(Some(StatusCode::BUSY_HERE));
        let (dialled_at, stage) = (clock::now(), Stage::Over(Ok(())));
        let (speech, is_interrupted) = (None, false);
        Ok(Self { endpoint, post, path, media, offered, samples, dialled_at, stage, speech, is_interrupted })
    }

    fn dial(&mut self, target: Uri) {
        let body = sdp::offer(&self.offered).to_bytes();
        self.dialled_at = clock::now();
        let call = self.endpoint.invite(self.dialled_at, Invite { target, path: self.path, body });
        self.stage = Stage::Calling(call);
    }

    /// Follows the call to its end.
    async fn attend(&mut self, inbox: &Inbox) -> Result<(), CallError> {
        loop {
            self.settle(clock::now());
            if let Stage::Over(outcome) = &mut self.stage {
                return mem::replace(outcome, Ok(()));
            }
            match inbox.next(self.deadline()).await {
                Input::Datagram { path, bytes } => self.endpoint.handle_datagram(clock::now(), path, &bytes),
                Input::Timeout => {}
                Input::Stop => self.interrupt(clock::now()),
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let own = match self.stage {
            Stage::Talking(_) => Some(clock::now() + PROGRESS_EVERY),
            Stage::Leaving { by, .. } => Some(by),
            Stage::Calling(_) | Stage::Over(_) => None,
        };
        [self.endpoint.poll_timeout(), own].into_iter().flatten().min()
    }

    /// The first time, hangs up; the second time, does not wait any more.
    fn interrupt(&mut self, now: Instant) {
        let patience = if self.is_interrupted { Duration::ZERO } else { INTERRUPTED_WITHIN };
        self.is_interrupted = true;
        self.hang_up(now, Err(CallError::Interrupted));
        if let Stage::Leaving { by, .. } = &mut self.stage {
            *by = (*by).min(now + patience);
        }
    }

    fn settle(&mut self, now: Instant) {
        self.endpoint.handle_timeout(now);
        while let Some(event) = self.endpoint.poll_event() {
            self.on_event(now, event);
        }
        if let Some(speech) = self.speech.as_ref().filter(|speech| speech.is_finished()) {
            self.hang_up(now, speech.outcome());
        }
        if matches!(self.stage, Stage::Leaving { by, .. } if by <= now) {
            say("the other end did not confirm the end");
            self.on_ended();
        }
        self.show_progress();
        while let Some(transmit) = self.endpoint.poll_transmit() {
            self.post.send(&transmit);
        }
    }

    fn on_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Ringing { .. } => say("it rings"),
            Event::Answered { call, body } => self.on_answered(now, call, &body),
            Event::Failed { status, reason, .. } => {
                self.stage = Stage::Over(Err(CallError::Refused { status, reason }));
            }
            Event::Ended { .. } => self.on_ended(),
            // The rest is for those who are called.
            _ => {}
        }
    }

    fn on_answered(&mut self, now: Instant, call: CallKey, body: &[u8]) {
        self.stage = Stage::Talking(call);
        match self.talk(now, body) {
            Ok(speech) => self.speech = Some(speech),
            Err(error) => self.hang_up(now, Err(error)),
        }
    }

    fn talk(&mut self, now: Instant, body: &[u8]) -> Result<Speech, CallError> {
        let answer = Description::parse(body).map_err(|error| CallError::Answer(error.to_string()))?;
        let agreed =
            sdp::accept(&answer, &self.offered).map_err(|error| CallError::Answer(error.to_string()))?;
        let format = agreed.formats.first().and_then(|format| {
            let codec = Codec::from_encoding(&format.name, format.clock_rate_hz, format.channels)?;
            Some((codec, format.payload_type))
        });
        let (Some(remote), Some((codec, payload_type)), true) =
            (agreed.remote, format, agreed.direction.sends())
        else {
            return Err(CallError::Answer("it names no place that listens".to_owned()));
        };
        let after = now.since(self.dialled_at);
        say(&format!("answered after {after:.1?} with {}, media to {remote}", codec.name()));
        let socket = self.media.try_clone()?;
        socket.connect(remote)?;
        let sender = Sender::new(entropy::seed(), payload_type);
        Ok(Speech::start(Talker::new(socket, sender, codec, agreed.ptime, &self.samples))?)
    }

    /// Begins to leave; the call will end with `outcome`.
    fn hang_up(&mut self, now: Instant, outcome: Result<(), CallError>) {
        if let Stage::Calling(call) | Stage::Talking(call) = self.stage {
            self.stop_talking();
            self.stage = Stage::Leaving { outcome, by: now + END_WITHIN };
            self.endpoint.hang_up(now, call);
        }
    }

    fn on_ended(&mut self) {
        let outcome = match mem::replace(&mut self.stage, Stage::Over(Ok(()))) {
            Stage::Leaving { outcome, .. } | Stage::Over(outcome) => outcome,
            Stage::Calling(_) | Stage::Talking(_) => match &self.speech {
                Some(speech) if speech.outcome().is_ok() => Ok(()),
                _ => Err(CallError::CutOff),
            },
        };
        self.stop_talking();
        self.stage = Stage::Over(outcome);
    }

    fn stop_talking(&self) {
        if let Some(speech) = &self.speech {
            speech.stop();
        }
    }

    fn show_progress(&self) {
        let mut terminal = io::stderr();
        if let (Some(speech), Stage::Talking(_), true) = (&self.speech, &self.stage, terminal.is_terminal()) {
            // A line that cannot be shown is not missed.
            let _ = write!(terminal, "\r{} ", speech.progress());
        }
    }

    fn sum_up(&self) {
        let Some(speech) = &self.speech else { return };
        if io::stderr().is_terminal() {
            let _ = writeln!(io::stderr());
        }
        say(&speech.to_string());
    }
}

fn say(line: &str) {
    // Nobody is left to tell when standard output is closed.
    let _ = writeln!(io::stdout(), "{line}");
}

/// The caller's name.
const USER: &str = "paging";
const PTIME: Duration = Duration::from_millis(20);
/// How often the progress line is drawn and the talker is looked after.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);
/// How long a call may take to end: the BYE goes four times (RFC 3261 §17.1.2.2).
const END_WITHIN: Duration = Duration::from_secs(4);
/// How long it may take after an interrupt, so that the program is gone within two seconds.
const INTERRUPTED_WITHIN: Duration = Duration::from_millis(1500);
