//! `paging call`: places pages, as telephones would; one, or thousands from one socket and one thread.
//!
//! ```text
//! locate ─> per call, when its schedule says: offer ─> INVITE ─> 200 ─> talker thread ─> BYE ─> score ─> summary
//! ```
//! A call speaks from its answer on and hangs up when all is said and played. A first interrupt hangs up early and places
//! no more calls, a second one ends it at once. No other end holds it for long: what it must still learn from there, it
//! waits for no longer than [`END_WITHIN`], after an interrupt [`INTERRUPTED_WITHIN`]. A callee may let it ring for ever.

use super::arguments::PageCall;
use super::call_console::{Console, say};
use super::call_error::CallError;
use super::call_media::{Answer, CallMedia, Started};
use super::call_progress::{Packets, Progress};
use super::call_schedule::{Load, Schedule};
use super::call_score::{Score, Span};
use super::connections::Connections;
use super::inbox::{Inbox, Input, Wishes};
use super::open_files;
use super::post::Post;
use super::serve::USER_AGENT;
use super::target::{Route, locate};
use crate::net::{self, Listener, TcpOptions, Udp, UdpOptions};
use crate::sdp::{Description, Session};
use crate::sip::digest::Identity;
use crate::sip::wire::{StatusCode, Uri};
use crate::sip::{CallKey, Endpoint, EndpointConfig, Event, Invite, Limits, Path, Transport};
use crate::time::Instant;
use crate::timers::Timers;
use crate::{clock, entropy};
use core::time::Duration;
use smol::LocalExecutor;
use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::rc::Rc;
use std::sync::Arc;

/// Calls, plays, hangs up; tells on standard output how it went.
///
/// # Errors
/// When not all could be played.
pub(super) fn place(page: PageCall) -> Result<(), CallError> {
    let target: Uri = page.target.parse().map_err(|_| CallError::Target(page.target.clone()))?;
    let executor = LocalExecutor::new();
    net::run(&executor, async {
        let (path, sockets, listeners) = open(locate(&target).await?)?;
        let connections = Rc::new(Connections::new(listeners, TCP, MAX_CONNECTIONS)?);
        let wishes = Rc::new(Wishes::to_end()?);
        let inbox = Inbox::new(&sockets, Rc::clone(&connections), wishes, Rc::default());
        let mut caller = Caller::new(page, (target, path), Post::new(sockets, connections))?;
        caller.attend(&inbox).await;
        caller.conclude()
    })?
}

/// Opens what carries our messages: a socket, or a port to which the other end may connect should it lose our connection.
fn open(route: Route) -> Result<Opened, CallError> {
    let (here, there) = (SocketAddr::new(route.local, 0), route.remote);
    match route.transport {
        Transport::Udp => {
            let options = UdpOptions { receive_buffer: Some(SIP_BUFFER), ..UdpOptions::default() };
            let socket = Udp::bind(here, options)?;
            Ok((Path::udp(socket.local_addr(), there), vec![Rc::new(socket)], Vec::new()))
        }
        Transport::Tcp => {
            let listener = Listener::bind(here, TCP)?;
            Ok((Path::tcp(listener.local_addr(), there), Vec::new(), vec![listener]))
        }
    }
}

/// The way to the callee, and what carries it.
type Opened = (Path, Vec<Rc<Udp>>, Vec<Listener>);

/// The calling end of all calls.
struct Caller {
    endpoint: Endpoint,
    /// Who is calling, for those who ask for a proof.
    prover: Option<Identity>,
    post: Post,
    target: Uri,
    path: Path,
    schedule: Schedule,
    media: CallMedia,
    /// How long a call without sound lasts.
    hold: Duration,
    calls: HashMap<CallKey, Call>,
    /// When a call without sound has lasted long enough, or the end of one is waited for no longer.
    timers: Timers<CallKey>,
    score: Score,
    console: Console,
    /// What a single call said.
    spoken: Option<Arc<Progress>>,
    is_interrupted: bool,
}

/// A call under way.
struct Call {
    /// Counts from 0.
    number: u64,
    dialled_at: Instant,
    /// Where it would receive, and sends from.
    port: Arc<UdpSocket>,
    /// What both ends have said of its media.
    session: Box<Session>,
    /// What it says, from the answer on.
    voice: Option<Arc<Progress>>,
    stage: Stage,
}

/// How far a call is.
enum Stage {
    Calling,
    Talking,
    /// We have hung up; the other end may not know yet.
    Leaving {
        outcome: Result<(), CallError>,
        bye_at: Option<Instant>,
    },
}

impl Caller {
    fn new(page: PageCall, (target, path): (Uri, Path), post: Post) -> Result<Self, CallError> {
        let PageCall { load, announcement, hold, seed, user, .. } = page;
        let (console, seed) = (Console::new(load.calls), seed.unwrap_or_else(|| entropy::seed() >> 32));
        if announcement.as_ref().is_some_and(|page| page.manner.faults.are_random()) {
            say(&format!("faults as of --seed {seed}"));
        }
        let load = if announcement.is_some() { within_limits(load) } else { load };
        let media = CallMedia::new(path.local.ip(), announcement, seed)?;
        // One more than it will have, so that strangers are told that it is busy, and not that it is full.
        let calls = usize::try_from(load.calls).unwrap_or(usize::MAX).saturating_add(1);
        let limits = Limits { calls, ..Limits::default() };
        let name = user.as_ref().map_or(USER, |user| &user.name);
        let prover = user.as_ref().filter(|user| !user.password.is_empty());
        let prover = prover.and_then(|user| Identity::new(&user.name, &user.password).ok());
        let identity = EndpointConfig {
            user_agent: USER_AGENT.to_owned(),
            session_timer: Some(SESSION_TIMER),
            limits,
            ..EndpointConfig::new(name)
        };
        let mut endpoint = Endpoint::new(identity, entropy::seed());
        // Nobody should call here.
        endpoint.set_closed(Some(StatusCode::BUSY_HERE));
        let (schedule, score) = (Schedule::new(load), Score::default());
        let (calls, timers) = (HashMap::new(), Timers::new());
        let (spoken, is_interrupted) = (None, false);
        Ok(Self {
            endpoint,
            prover,
            post,
            target,
            path,
            schedule,
            media,
            hold,
            calls,
            timers,
            score,
            console,
            spoken,
            is_interrupted,
        })
    }

    /// Follows all calls to their ends.
    async fn attend(&mut self, inbox: &Inbox) {
        loop {
            self.settle(clock::now());
            if self.calls.is_empty() && self.schedule.left() == 0 {
                return;
            }
            let mut input = Some(inbox.next(self.deadline(clock::now())).await);
            for _ in 0..INPUTS_A_TURN {
                let Some(input) = input.take().or_else(|| inbox.try_next()) else { break };
                self.handle(clock::now(), input);
            }
        }
    }

    /// Tells how it went.
    fn conclude(self) -> Result<(), CallError> {
        self.console.close();
        let mut score = self.score;
        score.on_silence(self.media.end());
        match (self.console.is_single(), self.spoken) {
            (true, Some(spoken)) => say(&spoken.to_string()),
            (true, None) => {}
            (false, _) => say(&score.to_string()),
        }
        let is_cut_short = self.is_interrupted && !self.console.is_single();
        if is_cut_short { Err(CallError::Interrupted) } else { score.outcome() }
    }

    fn deadline(&self, now: Instant) -> Option<Instant> {
        let speaks = self.media.speaks() && !self.calls.is_empty();
        let own = [
            self.endpoint.poll_timeout(),
            self.timers.next(),
            self.schedule.next_at(self.score.live()),
            self.console.next_at(),
            self.post.deadline(),
            speaks.then(|| now + LOOK_EVERY),
        ];
        own.into_iter().flatten().min()
    }

    fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Message { path, bytes } => {
                let reception = self.endpoint.handle_message(now, path, &bytes);
                self.post.hear(now, path, reception);
            }
            Input::Oversized { path, head } => {
                self.endpoint.handle_oversized(now, path, &head);
            }
            Input::Broken { far } => self.endpoint.handle_broken(now, far),
            Input::Timeout | Input::News | Input::Nothing | Input::Reload => {}
            Input::Stop => self.interrupt(now),
        }
        self.handle_events(now);
        self.send();
    }

    /// Does what is due.
    fn settle(&mut self, now: Instant) {
        self.endpoint.handle_timeout(now);
        self.handle_events(now);
        while let Some(call) = self.media.poll_finished() {
            self.on_finished(now, call);
        }
        while let Some(call) = self.timers.expire(now) {
            self.on_timer(now, call);
        }
        for _ in 0..DIALS_A_TURN {
            // Of a burst each call has its own time.
            let now = clock::now();
            let Some(late) = self.schedule.take(now, self.score.live()) else { break };
            self.dial(now, late);
            self.send();
        }
        self.send();
        self.show_progress(now);
    }

    fn send(&mut self) {
        while let Some(transmit) = self.endpoint.poll_transmit() {
            // What cannot be sent is given up by its transaction.
            let _ = self.post.send(&transmit);
        }
        self.post.tend(clock::now(), self.endpoint.flows());
    }

    fn dial(&mut self, now: Instant, late: Duration) {
        let number = self.score.placed();
        self.score.on_placed(now, late);
        let port = match self.media.open() {
            Ok(port) => port,
            Err(error) => return self.score.on_over(now, Err(error.into()), Packets::default()),
        };
        let mut session = Box::new(self.media.session(&port));
        let (target, body) = (self.target.clone(), session.offer().0.to_bytes());
        let call = self
            .endpoint
            .invite(now, Invite { identity: self.prover.clone(), ..Invite::new(target, self.path, body) });
        let stage = Stage::Calling;
        self.calls.insert(call, Call { number, dialled_at: now, port, session, voice: None, stage });
    }

    /// The first time, hangs up and places no more calls; the second time, does not wait any more.
    fn interrupt(&mut self, now: Instant) {
        let patience = if self.is_interrupted { Duration::ZERO } else { INTERRUPTED_WITHIN };
        self.is_interrupted = true;
        self.schedule.stop();
        let calls: Vec<_> = self.calls.keys().copied().collect();
        for call in calls {
            self.hang_up(now, call, Err(CallError::Interrupted));
            self.timers.set(call, now + patience);
            self.send();
        }
    }

    fn handle_events(&mut self, now: Instant) {
        while let Some(event) = self.endpoint.poll_event() {
            self.on_event(now, event);
        }
    }

    fn on_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Trying { call } => self.time(now, call, Span::Trying),
            Event::Ringing { call } => {
                self.console.step("it rings");
                self.time(now, call, Span::Ringing);
            }
            Event::Answered { call, body } => {
                self.time(now, call, Span::Answer);
                self.on_answered(now, call, &body);
            }
            Event::Failed { call, status, reason } => {
                self.on_over(now, call, Err(CallError::Refused { status, reason }));
            }
            Event::Reoffered { call, offer } => self.on_reoffered(now, call, &offer),
            Event::Ended { call, .. } => self.on_ended(now, call),
            // The rest is for those who are called.
            _ => {}
        }
    }

    /// Notes how long something took since the INVITE.
    fn time(&mut self, now: Instant, call: CallKey, span: Span) {
        if let Some(call) = self.calls.get(&call) {
            self.score.time(span, now.since(call.dialled_at));
        }
    }

    fn on_answered(&mut self, now: Instant, key: CallKey, body: &[u8]) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        call.stage = Stage::Talking;
        let after = now.since(call.dialled_at);
        let answer = Answer { session: &mut call.session, body, neighbour: self.path.remote };
        match self.media.start((key, call.number), &call.port, answer) {
            Ok(Some(Started { codec, remote, progress })) => {
                let name = codec.name();
                self.console.step(&format!("answered after {after:.1?} with {name}, media to {remote}"));
                call.voice = Some(progress);
            }
            Ok(None) => {
                self.console.step(&format!("answered after {after:.1?}"));
                self.timers.set(key, now + self.hold);
            }
            Err(error) => self.hang_up(now, key, Err(error)),
        }
    }

    /// The talker cannot be told anything new: what changes nothing for it is answered, all else refused.
    fn on_reoffered(&mut self, now: Instant, key: CallKey, offer: &[u8]) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        let mut session = call.session.clone();
        let answer = Description::parse(offer).ok().and_then(|offer| session.answer(&offer).ok());
        let way = |session: &Session| {
            session.agreed().map(|agreed| (agreed.remote, agreed.send.clone(), agreed.direction))
        };
        match answer {
            Some((answer, _)) if way(&session) == way(&call.session) => {
                call.session = session;
                self.endpoint.accept_reoffer(now, key, answer.to_bytes());
            }
            _ => self.endpoint.reject_reoffer(now, key, StatusCode::NOT_ACCEPTABLE_HERE, None),
        }
    }

    /// A call has said all that it could.
    fn on_finished(&mut self, now: Instant, key: CallKey) {
        let voice = self.calls.get(&key).and_then(|call| call.voice.as_ref());
        if let Some(outcome) = voice.map(|voice| voice.packets().outcome()) {
            self.hang_up(now, key, outcome);
        }
    }

    /// A call without sound has lasted long enough, or the other end does not answer our BYE.
    fn on_timer(&mut self, now: Instant, key: CallKey) {
        match self.calls.get_mut(&key).map(|call| &mut call.stage) {
            Some(Stage::Leaving { outcome, .. }) => {
                let outcome = core::mem::replace(outcome, Ok(()));
                self.console.step(&CallError::Unconfirmed.to_string());
                // Of a single page nothing is missing.
                let is_enough = self.console.is_single();
                self.on_over(
                    now,
                    key,
                    if is_enough { outcome } else { outcome.and(Err(CallError::Unconfirmed)) },
                );
            }
            Some(_) => self.hang_up(now, key, Ok(())),
            None => {}
        }
    }

    /// Begins to leave; the call will end with `outcome`.
    fn hang_up(&mut self, now: Instant, key: CallKey, outcome: Result<(), CallError>) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        let bye_at = match call.stage {
            Stage::Calling => None,
            Stage::Talking => Some(now),
            Stage::Leaving { .. } => return,
        };
        call.stage = Stage::Leaving { outcome, bye_at };
        self.media.hush(key);
        self.timers.set(key, now + END_WITHIN);
        self.endpoint.hang_up(now, key);
    }

    fn on_ended(&mut self, now: Instant, key: CallKey) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        let outcome = match core::mem::replace(&mut call.stage, Stage::Talking) {
            Stage::Leaving { outcome, bye_at } => {
                if let Some(bye_at) = bye_at {
                    self.score.time(Span::Bye, now.since(bye_at));
                }
                outcome
            }
            Stage::Calling | Stage::Talking => match &call.voice {
                Some(voice) if voice.packets().outcome().is_ok() => Ok(()),
                _ => Err(CallError::CutOff),
            },
        };
        self.on_over(now, key, outcome);
    }

    fn on_over(&mut self, now: Instant, key: CallKey, outcome: Result<(), CallError>) {
        let Some(call) = self.calls.remove(&key) else { return };
        self.media.hush(key);
        self.timers.stop(key);
        self.schedule.on_end(now, self.score.live());
        let packets = call.voice.as_ref().map(|voice| voice.packets()).unwrap_or_default();
        self.score.on_over(now, outcome, packets);
        self.spoken = call.voice.filter(|_| self.console.is_single());
    }

    fn show_progress(&mut self, now: Instant) {
        let voices = || self.calls.values().filter_map(|call| call.voice.as_ref());
        let (score, is_single) = (&self.score, self.console.is_single());
        self.console.show(now, || {
            let mut packets = Packets::default();
            voices().for_each(|voice| packets += voice.packets());
            if is_single {
                voices().next().map(|_| packets.progress())
            } else {
                Some(score.progress(now, packets.datagrams()))
            }
        });
    }
}

/// The load that the machine has open files for.
fn within_limits(load: Load) -> Load {
    let wanted = load.at_once.saturating_add(FILES_OF_OUR_OWN);
    let allowed = open_files::allow(wanted);
    let at_once = load.at_once.min(allowed.saturating_sub(FILES_OF_OUR_OWN).max(1));
    if at_once < load.at_once {
        say(&format!("at most {at_once} calls at once: this machine allows no more open files"));
    }
    Load { at_once, ..load }
}

/// The caller's name.
const USER: &str = "paging";
/// Files beside the ports of calls: SIP, signals, timers, standard streams.
const FILES_OF_OUR_OWN: u64 = 32;
/// How often a call is confirmed, if the other end leaves that to us.
const SESSION_TIMER: Duration = Duration::from_mins(30);
/// Room for the answers to a burst of calls.
const SIP_BUFFER: usize = 4 * 1024 * 1024;
/// Connections: requests of a burst may wait until ours is open.
const TCP: TcpOptions = TcpOptions { dscp: None, queue: 4 * 1024 * 1024 };
/// Ours, and those which the other end opens.
const MAX_CONNECTIONS: usize = 64;
/// Inputs handled before it looks at what is due.
const INPUTS_A_TURN: usize = 32;
/// Calls placed before it looks at what has come.
const DIALS_A_TURN: usize = 16;
/// How often the talker is looked after.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long a call may take to end: the BYE goes four times (RFC 3261 §17.1.2.2).
const END_WITHIN: Duration = Duration::from_secs(4);
/// How long it may take after an interrupt, so that the program is gone within two seconds.
const INTERRUPTED_WITHIN: Duration = Duration::from_millis(1500);
