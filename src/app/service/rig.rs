//! A box at work on a test rig: the whole [`Service`] in virtual time, its cards and its telephone lines in the hands of a
//! test.
//!
//! ```text
//! receive ─> Service::handle ─> poll_sent        SIP messages, as bytes
//! hear ─> the stream of a call                   RTP packets, as bytes
//! render ─> what each card plays, and what is sent back to each caller
//! pass ─> the clocks go on; the service is woken whenever it wants to be
//! ```
//! Everything that decides is what decides in the field: the service with all of its parts, the rings, the mixers, the
//! conference. Played by the rig are those that wait or are waited for: the threads of the cards, the pacer thread, the readers
//! of music. Left out: SIP sockets, registration, files and what is made of words (both are made by tasks, which never run
//! here), relay and buttons, what the box says by itself, mDNS, the status socket. Ports for RTP are bound at a loopback
//! address, as [`Media`] does it; nothing comes by them, and nothing leaves by them.

use super::super::arguments::Configuration;
use super::super::configuration;
use super::super::connections::Connections;
use super::super::legs::Legs;
use super::super::music::Orchestra;
use super::super::playback::Playback;
use super::super::reload::Origin;
use super::super::serve::{Card, Rings, identity, policy};
use super::super::sink::Sink;
use super::{Accounts, Call, Cards, Desk, Input, Klaxon, Media, Music, Pager, Phone, Post, Reload, Service};
use crate::clock::{
    self,
    still::{self, Still},
};
use crate::config::{self, Diagnostic, Loaded, Press, Settings, Severity};
use crate::mix::{BLOCK, BLOCK_TIME, Conference, VoiceId};
use crate::net::TcpOptions;
use crate::output::{Beat, Engine, Order, RingedMixer, Word};
use crate::sip::{Endpoint, Path, Transmit};
use crate::status::Status;
use crate::time::Instant;
use core::net::SocketAddr;
use core::task::{Context, Waker};
use core::time::Duration;
use heapless::spsc::{Consumer, Producer, Queue};
use smol::LocalExecutor;
use std::rc::Rc;
use std::sync::Arc;

/// The box, and all that is outside of it but for the callers. One at a time in a thread: its clocks are those of the thread.
pub(crate) struct Rig {
    service: Service<'static>,
    settings: Settings,
    loudspeakers: Vec<Loudspeaker>,
    pacer: Pacer,
    orchestra: Orchestra,
    now: Instant,
    /// What the wall clock shows at [`Instant::ZERO`].
    wall: Duration,
    /// When the service wants to be woken.
    due: Option<Instant>,
}

/// The thread of a card.
struct Loudspeaker {
    card: &'static Card,
    engine: RingedMixer<'static>,
    channels: usize,
}

/// The pacer thread.
struct Pacer {
    conference: Conference,
    orders: Consumer<'static, Order>,
    words: Producer<'static, Word>,
}

/// What is heard in one period.
pub(crate) struct Heard {
    /// By each card: frames of interleaved samples at 48 kHz.
    pub(crate) cards: Vec<Vec<f32>>,
    /// By callers: RTP packets with the Call-ID.
    pub(crate) callers: Vec<(String, Vec<u8>)>,
}

impl Rig {
    /// What the sources of music play, by their place.
    pub(crate) const MUSIC_HZ: [u32; 2] = Orchestra::HZ;

    /// A period of the cards.
    pub(crate) const PERIOD: Duration = Duration::from_millis(5);

    /// A box that comes up with what `text` says, at a time of the local day.
    pub(crate) fn new(text: &str, time_of_day: Duration) -> Self {
        let now = Instant::from_millis(1_000);
        let wall = MIDNIGHT + time_of_day;
        let offset = i64::from(clock::local_offset_s(wall));
        let wall = Duration::from_secs(wall.as_secs().saturating_add_signed(-offset));
        still::set(Some(Still { now, wall }));
        let loaded = loaded(text);
        let settings = loaded.settings.clone();
        let (loudspeakers, sinks) = loudspeakers(now, &settings);
        let (pacer, legs) = Pacer::new();
        let executor = Rc::new(LocalExecutor::new());
        let cards = Rc::new(Cards::new(sinks, &settings));
        let media = Media::new(Rc::clone(&executor), cards, Rc::new(legs), &settings, SEED);
        let (service, orchestra) = service(now, &settings, &executor, media, loaded);
        let mut rig = Self { service, settings, loudspeakers, pacer, orchestra, now, wall, due: None };
        rig.turn(now, Input::Nothing);
        rig
    }

    pub(crate) const fn now(&self) -> Instant {
        self.now
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Time goes on until `until`, and what is due by then is done.
    pub(crate) fn pass(&mut self, until: Instant) {
        while let Some(due) = self.due.filter(|&due| due <= until) {
            self.turn(due.max(self.now), Input::Timeout);
        }
        self.set_clock(until);
        self.orchestra.play(until);
        for call in self.service.calls.values() {
            if let Some(stream) = call.stage.stream() {
                stream.handle_timeout(until);
            }
        }
        self.answer_the_bell();
    }

    /// A SIP message comes.
    pub(crate) fn receive(&mut self, path: Path, bytes: Vec<u8>) {
        self.turn(self.now, Input::Message { path, bytes });
    }

    /// The next SIP message that the box has sent.
    pub(crate) fn poll_sent(&self) -> Option<Transmit> {
        self.service.post.poll_kept()
    }

    /// An RTP packet comes, of the call with this Call-ID.
    pub(crate) fn hear(&mut self, call_id: &str, remote: SocketAddr, packet: &[u8]) {
        let call = self.service.calls.values().find(|call| call.caller.call_id == call_id);
        if let Some(stream) = call.and_then(|call| call.stage.stream()) {
            stream.handle_packet(self.now, remote, packet);
        }
        self.answer_the_bell();
    }

    /// What is heard from now on for a period.
    pub(crate) fn render(&mut self) -> Heard {
        let now = self.now;
        let cards = self.loudspeakers.iter_mut().map(|loudspeaker| loudspeaker.render(now)).collect();
        let (calls, mut callers) = (&self.service.calls, Vec::new());
        self.pacer.render(now, |voice, packet| {
            let is_its = |call: &&Call<'_>| call.stage.stream().is_some_and(|stream| stream.voice() == voice);
            if let Some(call) = calls.values().find(is_its) {
                callers.push((call.caller.call_id.clone(), packet.to_vec()));
            }
        });
        Heard { cards, callers }
    }

    /// A source of music, by its name, gives nothing from now on, or again.
    pub(crate) fn set_dead(&self, source: &str, is_dead: bool) {
        self.orchestra.set_dead(source, is_dead);
    }

    /// A button of this name is pressed.
    pub(crate) fn press(&mut self, button: &str, press: &Press) {
        self.service.handle_press(self.now, button, press);
        self.due = Some(self.now + LEAST);
    }

    /// The box is told to stop: it does what it does for as long as callers may take to answer.
    pub(crate) fn stop(&mut self) {
        self.service.begin_to_leave(self.now);
        self.due = Some(self.now + LEAST);
    }

    /// How the box is.
    pub(crate) fn status(&self) -> Status {
        self.service.status(self.now)
    }

    fn turn(&mut self, now: Instant, input: Input) {
        self.set_clock(now);
        self.service.handle(input);
        self.due = self.service.deadline().map(|due| due.max(now + LEAST));
    }

    fn answer_the_bell(&mut self) {
        let bell = self.service.media.bell();
        if bell.poll_rung(&mut Context::from_waker(Waker::noop())).is_ready() {
            self.turn(self.now, Input::News);
        }
    }

    fn set_clock(&mut self, now: Instant) {
        self.now = now;
        let wall = self.wall + now.since(Instant::ZERO);
        still::set(Some(Still { now, wall }));
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        still::set(None);
    }
}

impl Loudspeaker {
    fn render(&mut self, now: Instant) -> Vec<f32> {
        let mut sound = vec![0.0; BLOCK * BLOCKS * self.channels];
        self.card.control.play(now);
        self.engine.collect(now);
        self.engine.render(now, &mut sound);
        sound
    }
}

impl Pacer {
    fn new() -> (Self, Legs<'static>) {
        let rings = Box::leak(Box::new((Queue::<Order, 64>::new(), Queue::<Word, 64>::new())));
        let (orders, words) = (rings.0.split(), rings.1.split());
        let legs = Legs::new(orders.0, words.1, Box::leak(Box::new(Beat::default())), Box::new(|| Ok(())));
        let conference = Conference::new(Legs::MOST_TALKERS, MOST_LEGS);
        (Self { conference, orders: orders.1, words: words.0 }, legs)
    }

    fn render(&mut self, now: Instant, send: impl FnMut(VoiceId, &[u8])) {
        while let Some(order) = self.orders.dequeue() {
            self.obey(now, order);
        }
        self.conference.render(now, BLOCKS, send);
        while let Some((voice, aside)) = self.conference.poll_told() {
            let _ = self.words.enqueue(Word::Told(voice, aside));
        }
        while self.conference.poll_report().is_some() {}
    }

    fn obey(&mut self, now: Instant, order: Order) {
        match order {
            Order::Mix(command) => self.conference.handle_command(now, command),
            Order::Open(leg, _) => drop(self.conference.open(leg)),
            Order::Redirect(voice, remote) => self.conference.set_muted(voice, remote.is_none()),
            Order::Close(voice) => drop(self.conference.close(voice)),
            Order::Admit(voice) => self.conference.admit(voice),
            Order::Place(voice, zones) => self.conference.place(voice, zones),
            Order::Tell(voice, aside) => drop(self.conference.tell(voice, aside)),
            Order::Hush(voice) => self.conference.hush(now, voice),
        }
    }
}

fn loaded(text: &str) -> Loaded {
    let loaded = config::load(&[("paging.conf", text.as_bytes())], [], &SETS.map(str::to_owned));
    let is_mistake = |found: &&Diagnostic| found.severity == Severity::Error;
    let mistakes: Vec<_> = loaded.diagnostics.iter().filter(is_mistake).map(ToString::to_string).collect();
    assert!(mistakes.is_empty(), "{mistakes:#?}");
    loaded
}

fn loudspeakers(now: Instant, settings: &Settings) -> (Vec<Loudspeaker>, Vec<Sink<'static>>) {
    let (mut loudspeakers, mut sinks) = (Vec::new(), Vec::new());
    for output in settings.outputs() {
        let rings = Box::leak(Box::new(Rings::new()));
        let card: &Card = Box::leak(Box::new(Card::new(output, settings)));
        let (commands, reports) = (rings.commands.split(), rings.reports.split());
        let engine = RingedMixer::new(card.mixer(settings), commands.1, reports.0);
        card.control.play(now);
        sinks.push(Sink::new(commands.0, reports.1, (&card.control, &card.output)));
        loudspeakers.push(Loudspeaker { card, engine, channels: card.output.gains().len() });
    }
    (loudspeakers, sinks)
}

/// As `serve` joins it.
fn service(
    now: Instant,
    settings: &Settings,
    executor: &Rc<LocalExecutor<'static>>,
    media: Media<'static>,
    loaded: Loaded,
) -> (Service<'static>, Orchestra) {
    let (cards, bell) = (|| media.cards(), || media.bell());
    let klaxon = Klaxon::new(settings, Rc::clone(executor), cards(), bell());
    let playback = Playback::new(settings, Rc::clone(executor), cards(), bell());
    let desk = Desk::new(playback, None, settings.clone());
    let phone = Phone::new(settings, Rc::clone(executor), bell());
    let (music, orchestra) = Music::made_up(now, settings, cards());
    let accounts = Accounts::new(settings, Rc::clone(executor), bell());
    let origin = Origin {
        configuration: Configuration::default(),
        read: Arc::new(configuration::Read::of(loaded)),
        failure: None,
    };
    let reload = Reload::new(origin, settings.clone(), Rc::clone(executor), bell());
    let connections = Connections::new(Vec::new(), TcpOptions { dscp: None, queue: 0 }, 0).unwrap();
    let post = Post::new(Vec::new(), Rc::new(connections));
    let endpoint = Endpoint::new(identity(settings), SEED);
    let pager = Pager::new(policy(settings));
    let service = Service::new(endpoint, pager, (media, settings), post, (accounts, reload));
    (service.chiming(klaxon).with_music(music).playing(desk).dialled_by(phone), orchestra)
}

/// What the machine of a test has not, or has not to itself.
const SETS: [&str; 2] = ["sip.allow=192.0.2.0/24", "audio.device=null"];
/// Blocks of a period.
const BLOCKS: usize = 2;
const _: () = assert!(Rig::PERIOD.as_micros() == BLOCK_TIME.as_micros() * BLOCKS as u128);
const SEED: u64 = 1;
/// Callers who hear something.
const MOST_LEGS: usize = 16;
/// What wants to be woken at once is woken so soon.
const LEAST: Duration = Duration::from_millis(1);
/// Of a day of 2026, UTC.
const MIDNIGHT: Duration = Duration::from_hours(20_601 * 24);
