//! The loop of one output: wait, take commands, render, write.
//!
//! While something sounds, or is about to, the device is kept two periods full. Once nothing has sounded for
//! [`TAIL`], it is kept on silence some 80 ms ahead and the thread parks in between. The device itself never stops:
//! stopping and starting would be heard as a pop.
//!
//! A device that is lost is looked for again, ever more rarely; meanwhile the engine is rendered into nothing at the
//! same pace, so that calls go on and end as ever. A device that ran dry gets a cushion of one more period until the
//! next silence.
//!
//! The steady loop allocates nothing, frees nothing, takes no lock and writes no log.

use core::time::Duration;

use super::control::{Control, State};
use super::engine::Engine;
use super::geometry::time_of;
use super::rt;
use super::sink::{Fault, Setup, Sink, SinkError};
use crate::clock;
use crate::mix::BLOCK;
use crate::time::Instant;

/// Plays `engine` on the device of `setup` until `control` says stop. The calling thread becomes the audio thread.
pub fn run(setup: &Setup, control: &Control, engine: impl Engine) {
    control.enter();
    rt::prefault_stack();
    if let Err(error) = rt::set_realtime(PRIORITY) {
        log::info!("output: no real-time priority: {error}");
    }
    let mut player = Player::new(setup, control, engine);
    while !control.is_stopping() {
        player.turn();
    }
    drop(player);
    control.set_state(State::Stopped);
}

struct Player<'a, E> {
    setup: &'a Setup,
    control: &'a Control,
    engine: E,
    sink: Sink,
    /// Set while `sink` only stands in for a device that is missing.
    search: Option<Search>,
    /// Room for what is rendered at once.
    sound: Vec<f32>,
    /// When the engine last had something to say.
    sounded_at: Option<Instant>,
    /// Periods to keep queued beyond the target, for the times the device ran dry.
    cushion: usize,
}

/// How the device is to be fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// Sound, on short periods.
    Sounding,
    /// Silence on short periods: sound is expected.
    Waiting,
    /// Silence, far ahead.
    Idle,
}

impl<'a, E: Engine> Player<'a, E> {
    fn new(setup: &'a Setup, control: &'a Control, engine: E) -> Self {
        let sink = Sink::nothing(setup);
        let search = Some(Search::new(clock::now()));
        Self { setup, control, engine, sink, search, sound: Vec::new(), sounded_at: None, cushion: 0 }
    }

    fn turn(&mut self) {
        let now = clock::now();
        self.search(now);
        match self.play(now) {
            Ok(()) => {}
            Err(Fault::Underrun(missing)) => self.on_underrun(missing, now),
            Err(Fault::Gone(error)) => self.on_lost(&SinkError::Card(error), now),
        }
    }

    fn play(&mut self, now: Instant) -> Result<(), Fault> {
        self.engine.collect(now);
        let pace = self.pace(now);
        let queued = self.sink.queued(now)?;
        let frames = self.target(pace).saturating_sub(queued) / BLOCK * BLOCK;
        match pace {
            _ if frames == 0 => {}
            Pace::Sounding => self.render(frames, now)?,
            Pace::Waiting | Pace::Idle => self.sink.write_silence(frames, now)?,
        }
        self.control.beat(now, time_of(queued + frames));
        self.rest(pace, frames, queued + frames)
    }

    fn pace(&mut self, now: Instant) -> Pace {
        if !self.engine.is_idle() {
            self.sounded_at = Some(now);
        }
        let is_sounding = self.sounded_at.is_some_and(|at| now.since(at) < TAIL);
        let pace = match () {
            () if is_sounding => Pace::Sounding,
            () if now < self.control.awake_until() => Pace::Waiting,
            () => Pace::Idle,
        };
        if pace == Pace::Idle {
            self.cushion = 0;
        }
        self.control.set_state(match pace {
            _ if self.search.is_some() => State::Missing,
            Pace::Idle => State::Idle,
            Pace::Sounding | Pace::Waiting => State::Awake,
        });
        pace
    }

    fn target(&self, pace: Pace) -> usize {
        let geometry = self.sink.geometry();
        if pace == Pace::Idle { geometry.idle_target() } else { geometry.cushioned(self.cushion) }
    }

    fn render(&mut self, frames: usize, now: Instant) -> Result<(), Fault> {
        let samples = (frames * self.setup.channels).min(self.sound.len());
        let sound = &mut self.sound[..samples];
        self.engine.render(now, sound);
        self.sink.write(sound, frames, now)
    }

    /// Lets time pass until there is room for more.
    fn rest(&mut self, pace: Pace, written: usize, queued: usize) -> Result<(), Fault> {
        let geometry = self.sink.geometry();
        if pace == Pace::Idle {
            let surplus = queued.saturating_sub(geometry.idle_low_water());
            std::thread::park_timeout(time_of(surplus.max(BLOCK)));
            return Ok(());
        }
        let now = clock::now();
        if written == 0 {
            // The silence of idle times has to play first. Commands are collected meanwhile.
            let surplus = queued.saturating_sub(geometry.period).clamp(BLOCK, geometry.period.max(BLOCK));
            clock::sleep_until(now + time_of(surplus));
            return Ok(());
        }
        self.sink.wait(now)
    }

    fn on_underrun(&mut self, missing: u64, now: Instant) {
        self.control.count_xrun();
        self.cushion = (self.cushion + 1).min(MAX_CUSHION);
        if let Err(Fault::Gone(error)) = self.sink.recover(missing, now) {
            self.on_lost(&SinkError::Card(error), now);
        }
    }

    fn on_lost(&mut self, error: &SinkError, now: Instant) {
        log::warn!("output: {error}");
        self.sink = Sink::nothing(self.setup);
        self.search = Some(Search::new(now + FIRST_RETRY));
    }

    /// Tries to open the device if it is missing and a try is due.
    fn search(&mut self, now: Instant) {
        let Some(search) = &mut self.search else { return };
        if now < search.next_at {
            return;
        }
        match Sink::open(self.setup) {
            Ok(sink) => self.on_found(sink),
            Err(error) => search.on_failure(&error, clock::now()),
        }
        self.sound.resize(self.sink.geometry().cushioned(MAX_CUSHION) * self.setup.channels, 0.0);
    }

    fn on_found(&mut self, sink: Sink) {
        log::info!("output: {sink}");
        (self.sink, self.search, self.cushion) = (sink, None, 0);
        self.control.count_open();
    }
}

/// The search for a device that is missing.
#[derive(Debug)]
struct Search {
    next_at: Instant,
    back_off: Duration,
    /// What was logged last; the same again would fill the log.
    logged: Option<String>,
}

impl Search {
    const fn new(next_at: Instant) -> Self {
        Self { next_at, back_off: FIRST_RETRY, logged: None }
    }

    fn on_failure(&mut self, error: &SinkError, now: Instant) {
        let message = error.to_string();
        if self.logged.as_ref() != Some(&message) {
            log::warn!("output: {message}; it is looked for again");
            self.logged = Some(message);
        }
        self.next_at = now + self.back_off;
        self.back_off = (self.back_off * 2).min(LAST_RETRY);
    }
}

/// The engine is rendered so long after its last sound, for what rings on in its filters.
pub const TAIL: Duration = Duration::from_millis(500);

/// A device that is missing is looked for after this, and then ever more rarely up to [`LAST_RETRY`].
pub const FIRST_RETRY: Duration = Duration::from_millis(250);

/// See [`FIRST_RETRY`].
pub const LAST_RETRY: Duration = Duration::from_secs(5);

/// 20 ms on a USB card: a box that needs more has another problem.
const MAX_CUSHION: usize = 4;

/// Above all ordinary threads, below the kernel's own at 50.
const PRIORITY: u8 = 40;
