//! `paging call`: places a page, as a telephone would.
//!
//! ```text
//! resolve ─> offer ─> INVITE ─> 200 ─> accept ─> talker thread ─> BYE ─> summary
//! ```
//! It speaks from the answer on and hangs up when all is said. A first interrupt hangs up early, a second one at once.

use super::arguments::PageCall;
use super::call_error::CallError;
use super::inbox::{Inbox, Input};
use super::post::Post;
use super::serve::USER_AGENT;
use super::sound;
use super::talker::{Progress, Talker};
use crate::codec::Codec;
use crate::net::{self, Udp, UdpOptions};
use crate::sdp::{self, Description, Format, Local};
use crate::sip::wire::Uri;
use crate::sip::{CallKey, Endpoint, EndpointConfig, Event, Invite, Path};
use crate::time::Instant;
use crate::{clock, entropy};
use core::time::Duration;
use smol::LocalExecutor;
use std::io::{self, IsTerminal, Write};
use std::net::{SocketAddr, UdpSocket};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// Calls, plays, hangs up; tells on standard output how it went.
///
/// # Errors
/// When not all could be played.
pub(super) fn place(page: &PageCall) -> Result<(), CallError> {
    let target: Uri = page.target.parse().map_err(|_| CallError::Target(page.target.clone()))?;
    let samples = sound::load(&page.sound, Codec::Pcmu.rate())?;
    let executor = LocalExecutor::new();
    smol::block_on(executor.run(async {
        let remote = resolve(&target).await?;
        let local = net::source_for(remote).map_err(|source| CallError::NoRoute { remote, source })?;
        let socket = Rc::new(Udp::bind(SocketAddr::new(local, 0), UdpOptions::default())?);
        let inbox = Inbox::new(&executor, std::slice::from_ref(&socket))?;
        let path = Path { local: socket.local_addr(), remote };
        let mut caller = Caller::new(path, Post::new(vec![socket]), samples)?;
        caller.dial(target);
        caller.attend(&inbox).await
    }))
}

/// The address to send to. Names go through the machine's resolver only: no SRV.
async fn resolve(target: &Uri) -> Result<SocketAddr, CallError> {
    let Some(host) = target.host().filter(|_| target.scheme() == "sip") else {
        return Err(CallError::Target(target.to_string()));
    };
    let host = host.to_string();
    let found = net::resolve(&host, target.port().unwrap_or(SIP_PORT)).await;
    let found = found.map_err(|source| CallError::Unknown { host: host.clone(), source })?;
    found.first().copied().ok_or(CallError::Target(host))
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
    talk: Option<Talk>,
}

/// How far the call is.
enum Stage {
    Calling(CallKey),
    Talking(CallKey),
    /// We have hung up; the other end does not know yet.
    Leaving,
    Over(Result<(), CallError>),
}

/// The talker at work.
struct Talk {
    progress: Arc<Progress>,
    packets: usize,
    thread: JoinHandle<()>,
}

impl Caller {
    fn new(path: Path, post: Post, samples: Vec<f32>) -> Result<Self, CallError> {
        let media = UdpSocket::bind(SocketAddr::new(path.local.ip(), 0))?;
        let formats =
            Codec::ALL.map(|codec| Format::new(codec.payload_type(), codec.name(), codec.rate().hz()));
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
        let endpoint = Endpoint::new(identity, seed);
        let (dialled_at, stage) = (clock::now(), Stage::Over(Ok(())));
        Ok(Self { endpoint, post, path, media, offered, samples, dialled_at, stage, talk: None })
    }

    fn dial(&mut self, target: Uri) {
        let body = sdp::offer(&self.offered).to_bytes();
        self.dialled_at = clock::now();
        let call = self.endpoint.invite(self.dialled_at, Invite { target, path: self.path, body });
        self.stage = Stage::Calling(call);
        self.settle(self.dialled_at);
    }

    /// Follows the call to its end.
    async fn attend(&mut self, inbox: &Inbox) -> Result<(), CallError> {
        let mut is_stopped = false;
        loop {
            if let Stage::Over(outcome) = &mut self.stage {
                let outcome = std::mem::replace(outcome, Ok(()));
                self.sum_up();
                return if is_stopped { Err(CallError::Interrupted) } else { outcome };
            }
            let input = inbox.next(self.deadline()).await;
            let now = clock::now();
            match input {
                Input::Datagram { path, bytes } => self.endpoint.handle_datagram(now, path, &bytes),
                Input::Timeout => {}
                Input::Stop if is_stopped => self.stage = Stage::Over(Err(CallError::Interrupted)),
                Input::Stop => {
                    is_stopped = true;
                    self.hang_up(now);
                }
            }
            self.settle(now);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let look = matches!(self.stage, Stage::Talking(_)).then(|| clock::now() + PROGRESS_EVERY);
        [self.endpoint.poll_timeout(), look].into_iter().flatten().min()
    }

    fn settle(&mut self, now: Instant) {
        self.endpoint.handle_timeout(now);
        while let Some(event) = self.endpoint.poll_event() {
            self.on_event(now, event);
        }
        if self.talk.as_ref().is_some_and(|talk| talk.thread.is_finished()) {
            self.hang_up(now);
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
            Event::Ended { .. } => {
                let outcome =
                    if matches!(self.stage, Stage::Leaving) { Ok(()) } else { Err(CallError::CutOff) };
                self.stop_talking();
                self.stage = Stage::Over(outcome);
            }
            // Nobody calls here; a stranger's INVITE goes unanswered.
            _ => {}
        }
    }

    fn on_answered(&mut self, now: Instant, call: CallKey, body: &[u8]) {
        self.stage = Stage::Talking(call);
        match self.talk(now, body) {
            Ok(talk) => self.talk = Some(talk),
            Err(error) => {
                say(&error.to_string());
                self.hang_up(now);
            }
        }
    }

    fn talk(&mut self, now: Instant, body: &[u8]) -> Result<Talk, CallError> {
        let answer = Description::parse(body).map_err(|error| CallError::Answer(error.to_string()))?;
        let agreed =
            sdp::accept(&answer, &self.offered).map_err(|error| CallError::Answer(error.to_string()))?;
        let codec = agreed.formats.first().and_then(|format| Codec::from_name(&format.name));
        let (Some(remote), Some(codec)) = (agreed.remote, codec) else {
            return Err(CallError::Answer("it names no address to send to".to_owned()));
        };
        say(&format!(
            "answered after {:.1?} with {}, media to {remote}",
            now.since(self.dialled_at),
            codec.name()
        ));
        let socket = self.media.try_clone()?;
        socket.connect(remote)?;
        let talker = Talker::new(socket, codec, &self.samples, agreed.ptime, entropy::seed());
        let (progress, packets) = (Arc::new(Progress::default()), talker.len());
        let theirs = Arc::clone(&progress);
        let thread = thread::Builder::new().name("talker".to_owned()).spawn(move || talker.talk(&theirs))?;
        Ok(Talk { progress, packets, thread })
    }

    fn hang_up(&mut self, now: Instant) {
        if let Stage::Calling(call) | Stage::Talking(call) = self.stage {
            self.stop_talking();
            self.stage = Stage::Leaving;
            self.endpoint.hang_up(now, call);
        }
    }

    fn stop_talking(&self) {
        if let Some(talk) = &self.talk {
            talk.progress.stop();
        }
    }

    fn show_progress(&self) {
        let mut terminal = io::stderr();
        if let (Some(talk), Stage::Talking(_), true) = (&self.talk, &self.stage, terminal.is_terminal()) {
            // A line that cannot be shown is not missed.
            let _ = write!(terminal, "\r{} of {} packets sent ", talk.progress.sent(), talk.packets);
        }
    }

    fn sum_up(&self) {
        let Some(Talk { progress, packets, .. }) = &self.talk else { return };
        if io::stderr().is_terminal() {
            let _ = writeln!(io::stderr());
        }
        say(&format!("first packet at {}", progress.first_at()));
        let (sent, refused, late) = (progress.sent(), progress.refused(), progress.worst_late());
        say(&format!(
            "sent {sent} of {packets} packets, {refused} refused, the latest {late:.1?} after its time"
        ));
    }
}

fn say(line: &str) {
    // Nobody is left to tell when standard output is closed.
    let _ = writeln!(io::stdout(), "{line}");
}

/// The caller's name.
const USER: &str = "paging";
/// RFC 3261 §19.1.2.
const SIP_PORT: u16 = 5060;
const PTIME: Duration = Duration::from_millis(20);
/// How often the progress line is drawn and the talker is looked after.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);
