//! Brings the box up and takes it down: sockets, rings, the audio thread, the executor.

use super::accounts::Accounts;
use super::announcements::{self, Announcements};
use super::arguments::Configuration;
use super::cards::{Cards, ceiling};
use super::configuration::Read;
use super::connections::Connections;
use super::control_socket::ControlSocket;
use super::inbox::{Inbox, Wishes};
use super::klaxon::Klaxon;
use super::legs::Legs;
use super::lines::{Chips, Lines};
use super::mdns::Mdns;
use super::media::Media;
use super::music::Music;
use super::notify::Notifier;
use super::open_files;
use super::outlook::Outlook;
use super::phone::Phone;
use super::playback::{self, Playback};
use super::post::Post;
use super::reload::{Origin, Reload};
use super::service::{Desk, Service};
use super::sink::Sink;
use super::status_socket::StatusSocket;
use super::tidings::Tidings;
use crate::clock;
use crate::config::{MAX_PLAYERS, Output, Settings, meanwhile};
use crate::control;
use crate::entropy;
use crate::mix::{self, Command, Conference, Mixer, Report, Spread};
use crate::net::{self, BindError, Listener, TcpOptions, Udp, UdpOptions};
use crate::output::{self, Beat, Control, Order, RingedMixer, Setup, Word};
use crate::paging::{Pager, Policy, Rule};
use crate::sip::digest::Identity;
use crate::sip::{Demand, Endpoint, EndpointConfig, Outside};
use crate::status::Mistake;
use crate::time::Instant;
use crate::units::SampleRate;
use core::fmt;
use heapless::spsc::Queue;
use smol::LocalExecutor;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

/// Runs the box until it is told to stop. What cannot change while calls are on makes it come up anew; if it cannot come up
/// so, it does with the settings of before.
///
/// # Errors
/// When it cannot listen on any address, or the machine refuses a thread, signals or file descriptors.
pub(super) fn serve(configuration: &Configuration, read: Read) -> Result<(), ServeError> {
    let wishes = Rc::new(Wishes::new().map_err(ServeError::Signals)?);
    let since = clock::now();
    let mut settings = read.loaded.settings.clone();
    let (mut read, mut good, mut failure) = (Arc::new(read), None, None);
    loop {
        let (configuration, failure_told) = (configuration.clone(), failure.take());
        let origin = Origin { configuration, read: Arc::clone(&read), failure: failure_told };
        match run(&settings, origin, Rc::clone(&wishes), since) {
            Ok(None) => return Ok(()),
            Ok(Some(new)) => {
                good = Some(core::mem::replace(&mut settings, new.loaded.settings.clone()));
                read = new;
            }
            Err(error) => {
                let Some(before) = good.take() else { return Err(error) };
                log::error!("{error}; the settings of before stay in force");
                failure = Some(unlike_wanted(&error));
                settings = meanwhile(&before, &settings);
            }
        }
    }
}

/// What is wrong with a box that could not come up with what its configuration says.
fn unlike_wanted(error: &ServeError) -> Mistake {
    let text = format!("{error}; the settings of before stay in force");
    Mistake::of("reload".to_owned(), text)
}

/// Runs the box, which has begun at `since`, on `settings` until it is told to stop, or to come up with others.
fn run(
    settings: &Settings,
    origin: Origin,
    wishes: Rc<Wishes>,
    since: Instant,
) -> Result<Option<Arc<Read>>, ServeError> {
    let sockets = listen(settings, Udp::bind)?;
    output::rt::trim();
    if let Err(error) = output::rt::lock_memory() {
        log::info!("memory is not locked: {error}");
    }
    let cards: Vec<_> = settings.outputs().into_iter().map(|output| Card::new(output, settings)).collect();
    let mut rings: Vec<_> = cards.iter().map(|_| Rings::new()).collect();
    let mut back = Box::new((Queue::<Order, ORDERS>::new(), Queue::<Word, WORDS>::new()));
    let (orders, words) = (back.0.split(), back.1.split());
    let beat = Beat::default();
    thread::scope(|scope| {
        let outcome = (|| {
            let mut sinks = Vec::with_capacity(cards.len());
            for (card, rings) in cards.iter().zip(&mut rings) {
                let (commands, reports) = (rings.commands.split(), rings.reports.split());
                let engine = RingedMixer::new(card.mixer(settings), commands.1, reports.0);
                let run = || {
                    mix::prepare(SampleRate::HZ_8000);
                    output::run(&card.setup, &card.control, engine);
                };
                named("audio").spawn_scoped(scope, run).map_err(ServeError::Thread)?;
                sinks.push(Sink::new(commands.0, reports.1, (&card.control, &card.output)));
            }
            let start = || {
                let conference = Conference::new(Legs::MOST_TALKERS, MAX_CALLS);
                let run = || output::run_legs(&beat, conference, orders.1, words.0);
                named("legs").spawn_scoped(scope, run).map(drop)
            };
            let legs = Legs::new(orders.0, words.1, &beat, Box::new(start));
            let inputs = Inputs { sockets, wishes, origin, since };
            work(settings, inputs, Cards::new(sinks, settings), legs)
        })();
        for card in &cards {
            card.control.stop();
        }
        beat.stop();
        outcome
    })
}

/// A sound card, and what plays on it.
pub(super) struct Card {
    pub(super) output: Output,
    pub(super) setup: Setup,
    pub(super) control: Control,
}

impl Card {
    pub(super) fn new(output: Output, settings: &Settings) -> Self {
        let setup = Setup::new(&output, &settings.audio);
        let control = Control::new();
        let _ = control.set_volume(settings.audio.mixer_volume);
        Self { output, setup, control }
    }

    pub(super) fn mixer(&self, settings: &Settings) -> Mixer {
        let levels = self.output.gains();
        let zones = self.output.routes.iter().map(|route| {
            let has = |channel| route.channels.is_none_or(|channels| channels.contains(channel + 1));
            (Spread::of(&levels, has), route.delay)
        });
        Mixer::new(levels.len(), MAX_CALLS + OWN_VOICES).with_zones(zones).with_ceiling(ceiling(settings))
    }
}

/// The rings between the executor and an audio thread.
pub(super) struct Rings {
    pub(super) commands: Box<Queue<Command, COMMANDS>>,
    pub(super) reports: Box<Queue<Report, REPORTS>>,
}

impl Rings {
    pub(super) fn new() -> Self {
        Self { commands: Box::new(Queue::new()), reports: Box::new(Queue::new()) }
    }
}

/// A thread to be, with the stack of one that plays.
pub(super) fn named(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.to_owned()).stack_size(output::rt::THREAD_STACK_BYTES)
}

/// What the box hears.
struct Inputs {
    sockets: Vec<Rc<Udp>>,
    wishes: Rc<Wishes>,
    origin: Origin,
    /// When the box began.
    since: Instant,
}

/// The life of the box on the executor's thread.
fn work<'a>(
    settings: &Settings,
    Inputs { sockets, wishes, origin, since }: Inputs,
    cards: Cards<'a>,
    legs: Legs<'a>,
) -> Result<Option<Arc<Read>>, ServeError> {
    let executor = Rc::new(LocalExecutor::new());
    let media = Media::new(Rc::clone(&executor), Rc::new(cards), Rc::new(legs), settings, entropy::seed());
    let connections = Rc::new(connections(settings, &sockets).map_err(ServeError::Reactor)?);
    let inbox = Inbox::new(&sockets, Rc::clone(&connections), wishes, media.bell());
    let endpoint = Endpoint::new(identity(settings), entropy::seed());
    let accounts = Accounts::new(settings, Rc::clone(&executor), media.bell());
    let mistakes: Vec<_> = origin.read.mistakes().into_iter().chain(origin.failure.clone()).collect();
    let outlook = Outlook::new(since, mistakes.clone()).with(
        StatusSocket::open(settings.status.socket.as_deref(), &executor, media.bell()),
        Notifier::of_environment(clock::now()),
    );
    let outlook = outlook.guarded_by(Tidings::of_environment(clock::now(), settings));
    let (cards, bell, faults) = (media.cards(), media.bell(), announcements::mistakes(&mistakes));
    let announcements = Announcements::new(settings, faults, Rc::clone(&executor), cards, bell);
    let mdns = Mdns::new(settings, Rc::clone(&executor));
    let klaxon = Klaxon::new(settings, Rc::clone(&executor), media.cards(), media.bell());
    let control = settings.status.socket.as_deref().map(control::socket_beside);
    let control = ControlSocket::open(control.as_deref(), &executor, media.bell());
    let playback = Playback::new(settings, Rc::clone(&executor), media.cards(), media.bell());
    let desk = Desk::new(playback, control, settings.clone());
    let phone = Phone::new(settings, Rc::clone(&executor), media.bell());
    let music = Music::new(clock::now(), settings, media.cards());
    let lines = Lines::new(settings, Rc::new(Chips), Rc::clone(&executor), media.bell());
    let reload = Reload::new(origin, settings.clone(), Rc::clone(&executor), media.bell());
    let external = settings.sip.external.map(|external| (external.ip, external.port));
    let post = Post::new(sockets, connections).known_by(Outside::new(external));
    let (pager, media) = (Pager::new(policy(settings)), (media, settings));
    let mut service = Service::new(endpoint, pager, media, post, (accounts, reload));
    service = service.with_outlook(outlook).announcing(announcements);
    service = service.switching(lines).found_by(mdns).chiming(klaxon).with_music(music);
    service = service.playing(desk).dialled_by(phone);
    net::run(&executor, service.serve(&inbox)).map_err(ServeError::Reactor)
}

/// Opens every address of `sip.listen` that can be had by `bind`; one is enough to go on.
fn listen(
    settings: &Settings,
    bind: impl Fn(SocketAddr, UdpOptions) -> Result<Udp, BindError>,
) -> Result<Vec<Rc<Udp>>, ServeError> {
    let options = UdpOptions { dscp: Some(settings.sip.dscp_sip), receive_buffer: Some(SIP_BUFFER) };
    let (mut sockets, mut failure) = (Vec::new(), None);
    for &address in &settings.sip.listen {
        match bind(address, options) {
            Ok(socket) => {
                log::info!("listening for SIP on udp {}", socket.local_addr());
                sockets.push(Rc::new(socket));
            }
            Err(error @ BindError::NoIpv6 { .. }) => {
                log::info!("{error}");
                // Of several reasons this one tells least.
                failure = failure.or(Some(error));
            }
            Err(error) => {
                log::error!("cannot listen for SIP: {error}");
                failure = Some(error);
            }
        }
    }
    if sockets.is_empty() {
        return Err(failure.map_or(ServeError::NoAddress, ServeError::Listen));
    }
    Ok(sockets)
}

/// Takes connections at the addresses of `sockets` too, where that can be had.
fn connections(settings: &Settings, sockets: &[Rc<Udp>]) -> io::Result<Connections> {
    let options = TcpOptions { dscp: Some(settings.sip.dscp_sip), queue: UNREAD_BYTES };
    let mut listeners = Vec::new();
    for address in sockets.iter().map(|socket| socket.local_addr()) {
        match Listener::bind(address, options) {
            Ok(listener) => {
                log::info!("listening for SIP on tcp {address}");
                listeners.push(listener);
            }
            Err(error) => log::error!("cannot listen for SIP over TCP: tcp {address}: {error}"),
        }
    }
    let files = open_files::allow(FILES_OF_CALLS + MAX_CONNECTIONS);
    let capacity = files.saturating_sub(FILES_OF_CALLS).clamp(MIN_CONNECTIONS, MAX_CONNECTIONS);
    if capacity < MAX_CONNECTIONS {
        log::warn!("at most {capacity} SIP connections at once: this machine allows no more open files");
    }
    Connections::new(listeners, options, usize::try_from(capacity).unwrap_or(usize::MAX))
}

/// Who the box is.
pub(super) fn identity(settings: &Settings) -> EndpointConfig {
    EndpointConfig {
        display_name: settings.sip.account.name.clone(),
        user_agent: USER_AGENT.to_owned(),
        allow: settings.sip.allow.clone(),
        session_timer: settings.sip.session_timer,
        demand: demand(settings),
        ..EndpointConfig::new(user(settings))
    }
}

/// What callers have to prove.
fn demand(settings: &Settings) -> Option<Demand> {
    let account = &settings.sip.account;
    let identity = Identity::new(account.prover(), &account.pass).ok();
    let realm = account.domain.first().map_or_else(|| "paging".to_owned(), |host| host.name.clone());
    identity.filter(|_| settings.sip.require_auth).map(|identity| Demand { realm, identity })
}

/// The user part of the box's own address.
pub(super) fn user(settings: &Settings) -> &str {
    let own = &settings.sip.account.user;
    let of_account = settings.accounts.first().map(|account| &account.user);
    if own.is_empty() { of_account.unwrap_or(own) } else { own }
}

/// What becomes of calls.
pub(super) fn policy(settings: &Settings) -> Policy {
    Policy {
        answer_after: settings.sip.answer_after,
        hang_up_after: settings.calls.hang_up_after,
        rtp_timeout: settings.sip.rtp_timeout,
        max_calls: MAX_CALLS.min(settings.sip.rtp_ports.pairs().into()),
    }
}

/// What becomes of several callers at once.
pub(super) fn queue_rule(settings: &Settings) -> Rule {
    let one_by_one = Rule::OneByOne { most: settings.calls.queue_max };
    if settings.calls.hold_concurrent { one_by_one } else { Rule::Mix }
}

/// Why the box cannot work.
#[derive(Debug)]
#[non_exhaustive]
pub(super) enum ServeError {
    /// It has no address to listen on.
    NoAddress,
    /// None of its addresses can be listened on.
    Listen(BindError),
    /// The machine refused the audio thread.
    Thread(io::Error),
    /// The machine refused to deliver signals.
    Signals(io::Error),
    /// The machine does not say when sockets can be read.
    Reactor(io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("no address to listen for SIP on: expected one in [sip] listen"),
            Self::Listen(error) => write!(f, "no address to listen for SIP on: {error}"),
            Self::Thread(error) => write!(f, "no audio thread: {error}"),
            Self::Signals(error) => write!(f, "no signals: {error}"),
            Self::Reactor(error) => write!(f, "no reactor: {error}"),
        }
    }
}

impl std::error::Error for ServeError {}

/// What the box says it is.
pub(super) const USER_AGENT: &str = concat!("PagingBox/", env!("CARGO_PKG_VERSION"));
/// Calls at once.
const MAX_CALLS: usize = 250;
/// Voices of the box itself beside them: what it says, a chime, and one that is fading out; what it plays at a word, and the
/// emergency; and a player each, twice, for one may fade out while another begins.
const OWN_VOICES: usize = 3 + playback::MOST + 1 + 2 * MAX_PLAYERS;
/// SIP connections at once.
const MAX_CONNECTIONS: u64 = 1024;
/// So many are taken whatever the machine allows.
const MIN_CONNECTIONS: u64 = 64;
/// Sockets of 250 calls, RTP, RTCP and the way back, and what the box has open besides.
const FILES_OF_CALLS: u64 = 3 * 250 + 100;
/// What a peer may leave unread before its connection is closed.
const UNREAD_BYTES: usize = 64 * 1024;
/// Packets under way to the audio thread: 20 ms of 250 calls.
const COMMANDS: usize = 256;
/// Reports under way to the executor.
const REPORTS: usize = 64;
/// Orders under way to the pacer thread, packets of callers who hear one another among them.
const ORDERS: usize = 64;
/// What it tells.
const WORDS: usize = 64;
/// Room for a burst of calls while the executor is busy elsewhere.
const SIP_BUFFER: usize = 512 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_that_can_listen_nowhere_says_why() {
        let cases = [
            ("", "no address to listen for SIP on: expected one in [sip] listen"),
            (
                "[::]:5060 [::1]:5062",
                "no address to listen for SIP on: udp [::]:5060: this machine has no IPv6",
            ),
            (
                "0.0.0.0:5060 [::]:5060",
                "no address to listen for SIP on: udp 0.0.0.0:5060: the port is in use by another program",
            ),
        ];
        for (addresses, reason) in cases {
            let mut settings = Settings::default();
            settings.sip.listen = addresses.split_whitespace().map(|text| text.parse().unwrap()).collect();
            let error = listen(&settings, |address, _| match address {
                SocketAddr::V6(_) => Err(BindError::NoIpv6 { address }),
                SocketAddr::V4(_) => Err(BindError::Taken { address }),
            });
            assert_eq!(error.map(|_| ()).map_err(|error| error.to_string()), Err(reason.to_owned()));
        }
    }
}
