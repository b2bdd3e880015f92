//! The executor's end of the rings to an audio thread.
//!
//! Commands are handed over without waiting: where the ring is full a packet is dropped and counted, and the sound goes
//! on with a concealed gap. A voice is never freed on the audio thread; it comes back through [`Sink::poll`].

use crate::clock;
use crate::config::Output;
use crate::mix::{
    Command, Media, OutputLevels, OutputStats, Piece, Report, Route, Voice, VoiceId, VoiceStats,
};
use crate::output::{CardVolume, Control, DeviceNews, Found, State};
use crate::status;
use crate::time::Instant;
use crate::units::Level;
use core::time::Duration;
use heapless::spsc::{Consumer, Producer};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// A sound card, a recording or nothing at all, as seen by those who play to it.
pub(super) struct Sink<'a> {
    commands: RefCell<Producer<'a, Command>>,
    reports: RefCell<Consumer<'a, Report>>,
    control: &'a Control,
    /// What it is to play, and on what.
    output: &'a Output,
    /// What became of that.
    news: RefCell<Option<DeviceNews>>,
    /// What the audio thread reported last.
    stats: RefCell<HashMap<VoiceId, VoiceStats>>,
    sound: Cell<Option<OutputStats>>,
    since: Instant,
    /// Releases that found the ring full. One voice has one, so there are no more than voices.
    overdue: RefCell<VecDeque<VoiceId>>,
    /// Changes of routes that found the ring full, the last of each voice and zone.
    routes: RefCell<BTreeMap<(VoiceId, usize), (Level, Duration)>>,
    /// Levels that found the ring full.
    levels: RefCell<Option<OutputLevels>>,
    voices: Cell<usize>,
    dropped: Cell<u64>,
    dropped_in_all: Cell<u64>,
}

impl<'a> Sink<'a> {
    /// The ends of both rings, and what the two threads share beside them.
    pub(super) fn new(
        commands: Producer<'a, Command>,
        reports: Consumer<'a, Report>,
        (control, output): (&'a Control, &'a Output),
    ) -> Self {
        Self {
            commands: RefCell::new(commands),
            reports: RefCell::new(reports),
            control,
            output,
            news: RefCell::default(),
            stats: RefCell::default(),
            sound: Cell::new(None),
            since: clock::now(),
            overdue: RefCell::default(),
            routes: RefCell::default(),
            levels: RefCell::default(),
            voices: Cell::new(0),
            dropped: Cell::new(0),
            dropped_in_all: Cell::new(0),
        }
    }

    /// Makes the audio thread ready for sound that is about to come.
    pub(super) fn wake(&self) {
        self.control.wake(clock::now());
    }

    /// Whether what is played now would be heard without the delay of waking.
    pub(super) fn is_ready(&self) -> bool {
        self.control.is_ready()
    }

    /// Whether what is played now comes out somewhere.
    pub(super) fn is_audible(&self) -> bool {
        matches!(self.control.state(), State::Idle | State::Opening | State::Waking | State::Awake)
    }

    /// Whether its device was never there yet.
    pub(super) fn was_never_there(&self) -> bool {
        self.control.opened() == 0
    }

    /// Gives `source` to the audio thread, heard where `route` says; false when the ring is full, and the voice is gone.
    pub(super) fn attach(&self, voice: VoiceId, source: Box<Voice>, route: Route) -> bool {
        let is_taken = self.send(Command::Attach { voice, source, route });
        if is_taken {
            self.voices.set(self.voices.get() + 1);
        }
        is_taken
    }

    /// Gives `voice` a piece of music; false when the ring is full, and the piece is gone.
    pub(super) fn play_piece(&self, voice: VoiceId, piece: Box<Piece>) -> bool {
        self.send(Command::Piece { voice, piece })
    }

    /// Says how fast the music of `voice` is read, in millionths; false when the ring is full.
    pub(super) fn set_pace(&self, voice: VoiceId, ppm: f32, paused: bool) -> bool {
        self.send(Command::SetPace { voice, ppm, paused })
    }

    /// Plays a piece of received media.
    pub(super) fn play(&self, media: Media) {
        let arrival = media.chunk.arrival;
        if !self.send(Command::Media(media)) {
            self.dropped.set(self.dropped.get() + 1);
            self.dropped_in_all.set(self.dropped_in_all.get() + 1);
        }
        let commands = self.commands.borrow();
        self.control.feed(arrival, commands.len() > commands.capacity() / 2);
    }

    /// Mutes `voice`, or lets it be heard again. Where the ring is full it stays as it is.
    pub(super) fn hush(&self, voice: VoiceId, hushed: bool) {
        self.send(Command::Hush { voice, hushed });
    }

    /// Changes how loud `voice` is. Where the ring is full it stays as it is.
    pub(super) fn set_level(&self, voice: VoiceId, level: Level) {
        self.send(Command::SetLevel { voice, level });
    }

    /// Changes how loud `voice` is in one of the zones, within `fade`.
    pub(super) fn route(&self, voice: VoiceId, zone: usize, (level, fade): (Level, Duration)) {
        let is_sent = self.send(Command::Route { voice, zone, level, fade });
        if is_sent {
            self.routes.borrow_mut().remove(&(voice, zone));
        } else {
            self.routes.borrow_mut().insert((voice, zone), (level, fade));
        }
    }

    /// Changes how loud all that sounds is.
    pub(super) fn set_output(&self, levels: OutputLevels) {
        let is_sent = self.send(Command::SetOutput(levels.clone()));
        *self.levels.borrow_mut() = Some(levels).filter(|_| !is_sent);
    }

    /// How loud the card itself shall be; what is to be done about that at once.
    pub(super) fn set_volume(&self, percent: Option<u8>) -> Option<CardVolume> {
        self.control.set_volume(percent)
    }

    /// Lets `voice` play what it still holds and end.
    pub(super) fn release(&self, voice: VoiceId) {
        if !self.send(Command::Release { voice }) {
            self.overdue.borrow_mut().push_back(voice);
        }
    }

    /// The next report of the audio thread.
    pub(super) fn poll(&self) -> Option<Report> {
        self.catch_up();
        let report = self.reports.borrow_mut().dequeue()?;
        self.note(&report);
        Some(report)
    }

    /// Tells the audio thread all that found the ring full before, as far as there is room now: what is to be muted first.
    fn catch_up(&self) {
        if !self.commands.borrow().ready() {
            return;
        }
        let mut routes = self.routes.take();
        let by_level =
            |level: Level| move |_: &(VoiceId, usize), change: &mut (Level, Duration)| change.0 == level;
        let muted: BTreeMap<_, _> = routes.extract_if(.., by_level(Level::MUTE)).collect();
        for ((voice, zone), change) in muted.into_iter().chain(routes) {
            self.route(voice, zone, change);
        }
        for voice in self.overdue.take() {
            self.release(voice);
        }
        if let Some(levels) = self.levels.take() {
            self.set_output(levels);
        }
    }

    /// Keeps what it may be asked for.
    fn note(&self, report: &Report) {
        match *report {
            Report::Voice { voice, stats } => {
                self.stats.borrow_mut().insert(voice, stats);
            }
            Report::Output(sound) => self.sound.set(Some(sound)),
            Report::Retired { voice, .. } => {
                self.stats.borrow_mut().remove(&voice);
                self.routes.borrow_mut().retain(|&(other, _), _| other != voice);
                self.voices.set(self.voices.get().saturating_sub(1));
            }
            Report::Playing { .. } | Report::Spent { .. } => {}
        }
    }

    /// Whether something found the ring full that the audio thread has still to be told.
    pub(super) fn is_behind(&self) -> bool {
        !self.routes.borrow().is_empty()
            || !self.overdue.borrow().is_empty()
            || self.levels.borrow().is_some()
    }

    /// Voices that have not come back yet.
    pub(super) fn voices(&self) -> usize {
        self.voices.get()
    }

    /// Packets that found the ring full since this was last asked, if any.
    pub(super) fn take_dropped(&self) -> Option<u64> {
        Some(self.dropped.take()).filter(|&dropped| dropped > 0)
    }

    /// Packets that found the ring full, since the box began.
    pub(super) fn dropped_in_all(&self) -> u64 {
        self.dropped_in_all.get()
    }

    /// Since its thread last wrote, or should have begun to.
    pub(super) fn silent(&self, now: Instant) -> Duration {
        now.since(self.control.heartbeat().max(self.since))
    }

    /// Whether its thread has written anything yet.
    pub(super) fn has_begun(&self) -> bool {
        self.control.heartbeat() > Instant::ZERO
    }

    /// What it does.
    pub(super) fn state(&self) -> status::SinkState {
        match self.control.state() {
            State::Missing => status::SinkState::Missing,
            State::Idle => status::SinkState::Idle,
            State::Opening => status::SinkState::Changing,
            State::Waking => status::SinkState::Waking,
            State::Awake => status::SinkState::Awake,
            State::Stopped => status::SinkState::Stopped,
            _ => status::SinkState::Starting,
        }
    }

    /// How a voice fares, and how late it is heard.
    pub(super) fn voice(&self, voice: VoiceId) -> Option<(VoiceStats, Duration)> {
        let stats = *self.stats.borrow().get(&voice)?;
        self.take_news();
        match &*self.news.borrow() {
            Some(DeviceNews::Found(found)) => Some((stats, stats.delay + found.latency)),
            _ => None,
        }
    }

    /// How it is.
    pub(super) fn status(&self, now: Instant) -> status::Sink {
        self.take_news();
        let (card, fault) = match &*self.news.borrow() {
            Some(DeviceNews::Found(found)) => (Some(card(found)), None),
            Some(DeviceNews::Missing(why)) => (None, Some(why.clone())),
            None => (None, None),
        };
        let sound = self.sound.get().filter(|_| self.voices.get() > 0);
        status::Sink {
            device: self.output.device.to_string(),
            zones: self.output.routes.iter().map(|route| route.zone.clone()).collect(),
            state: self.state(),
            card,
            fault,
            xruns: self.control.xruns(),
            opened: self.control.opened(),
            queue_ms: status::millis(self.control.queue()),
            level_dbfs: sound.map(|sound| status::dbfs(sound.level.rms)),
            silent_ms: u64::try_from(self.silent(now).as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn take_news(&self) {
        if let Some(news) = self.control.poll_news() {
            *self.news.borrow_mut() = Some(news);
        }
    }

    fn send(&self, command: Command) -> bool {
        self.commands.borrow_mut().enqueue(command).is_ok()
    }
}

fn card(found: &Found) -> status::Card {
    status::Card {
        name: found.name.clone(),
        kind: found.kind.clone(),
        format: found.format.map(str::to_owned),
        channels: found.channels,
        rate_hz: found.rate_hz,
        latency_ms: status::millis(found.latency),
    }
}
