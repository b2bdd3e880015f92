//! The loop of one output: take commands, render, write, sleep.
//!
//! While something sounds, or is about to, the device is kept two periods full. The thread sleeps until that has sunk to
//! one, or until a packet comes: then it fills up so far that it can sleep until the next one ([`Steadiness`]). Once
//! nothing has sounded for [`TAIL`], the device is kept on silence far ahead; a call takes back what it does not need of
//! it. A device that gives nothing back has some 50 ms of it. The device itself never stops: stopping and starting would
//! be heard as a pop.
//!
//! A device that is lost is looked for again, ever more rarely; meanwhile the engine is rendered into nothing at the
//! same pace, so that calls go on and end as ever. A device that ran dry gets a cushion of one more period until the
//! next silence, or until it has not run dry for [`CALM`].
//!
//! Where `auto` is asked for, a better card that comes later is taken as soon as nothing sounds, or nothing but music: that
//! is silent for as long as the opening takes.
//!
//! Told to stop, it lets what sounds come to its end, or fades it out after [`LAST_WORDS`], and plays silence after it.
//!
//! The thread is real-time only while a device plays: opening one may keep it busy for long, and then it must not stand
//! in the way of others.
//!
//! The steady loop allocates nothing, frees nothing, takes no lock and writes no log.

mod search;

pub use self::search::{FIRST_RETRY, LAST_RETRY};

use core::time::Duration;

use self::search::{Search, leave_realtime};
use super::control::{Control, State};
use super::engine::Engine;
use super::geometry::time_of;
use super::lookout::Lookout;
use super::rt;
use super::setup::Setup;
use super::sink::{Fault, Sink, SinkError};
use super::steadiness::Steadiness;
use super::timeline::Timeline;
use crate::clock;
use crate::mix::BLOCK;
use crate::time::Instant;

/// Plays `engine` on the device of `setup` until `control` says stop. The calling thread becomes the audio thread.
pub fn run(setup: &Setup, control: &Control, engine: impl Engine) {
    control.enter();
    rt::prefault_stack();
    let mut player = Player::new(setup, control, engine);
    while !control.is_stopping() {
        player.turn();
    }
    player.finish();
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
    /// When it last had something to say that was not music.
    spoke_at: Option<Instant>,
    /// Whether what is rendered next is to rise from silence.
    rises: bool,
    /// When the device last ran dry, or the cushion last became smaller.
    calm_since: Instant,
    /// Periods to keep queued beyond the target, for the times the device ran dry.
    cushion: usize,
    timeline: Timeline,
    steadiness: Steadiness,
    /// Whether a packet woke the thread.
    is_fed: bool,
    /// Whether all that is queued is the silence of idle times.
    is_silent: bool,
    /// Whether the device gives back what is queued; `None` until it was tried.
    gives_back: Option<bool>,
    lookout: Lookout,
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
        let sound = vec![0.0; sound_len(&sink, setup)];
        let search = Some(Search::new(clock::now()));
        Self {
            setup,
            control,
            engine,
            sink,
            search,
            sound,
            sounded_at: None,
            spoke_at: None,
            rises: false,
            calm_since: clock::now(),
            cushion: 0,
            timeline: Timeline::default(),
            steadiness: Steadiness::new(),
            is_fed: false,
            is_silent: false,
            gives_back: None,
            lookout: Lookout::new(clock::now()),
        }
    }

    fn turn(&mut self) {
        let now = clock::now();
        self.search(now);
        self.look_out(now);
        match self.play(now) {
            Ok(()) => {}
            Err(Fault::Underrun(missing)) => self.on_underrun(missing, now),
            Err(Fault::Gone(error)) => self.on_lost(&SinkError::Card(error), now),
        }
    }

    fn play(&mut self, now: Instant) -> Result<(), Fault> {
        let queued = self.sink.queued(now)?;
        let at = self.timeline.due(now, self.to_play_first(queued), self.sink.geometry().target);
        self.engine.collect(at);
        let pace = self.pace(now);
        let queued = if pace == Pace::Idle { queued } else { queued - self.take_back(queued) };
        self.steadiness.on_wake(now, self.is_fed);
        let target = self.target(pace, now);
        self.tell(pace, queued > self.most());
        let frames = target.saturating_sub(queued) / BLOCK * BLOCK;
        match pace {
            Pace::Sounding => self.render(frames, queued, at)?,
            Pace::Waiting | Pace::Idle => self.write_silence(frames, now)?,
        }
        self.is_silent = pace == Pace::Idle || (self.is_silent && frames == 0);
        if pace == Pace::Idle {
            self.timeline.forget();
            self.try_to_take_back(queued + frames, now)?;
        }
        self.control.beat(now, time_of(queued + frames));
        self.rest(pace, queued + frames, now);
        Ok(())
    }

    /// How much of what is queued plays before what comes now.
    fn to_play_first(&self, queued: usize) -> usize {
        if self.is_silent && self.gives_back == Some(true) { queued.min(self.kept()) } else { queued }
    }

    /// What is left of the silence of idle times when a call comes. Nearer to the loudspeaker nothing is taken back: the
    /// device may be on its way there.
    fn kept(&self) -> usize {
        let geometry = self.sink.geometry();
        geometry.cushioned(self.cushion) + geometry.period
    }

    fn take_back(&mut self, queued: usize) -> usize {
        let wanted = queued.saturating_sub(self.kept());
        if !self.is_silent || self.gives_back != Some(true) || wanted == 0 {
            return 0;
        }
        self.is_silent = false;
        let taken = self.sink.take_back(wanted).min(queued);
        self.gives_back = Some(taken + ROUNDING >= wanted);
        taken
    }

    /// Finds out whether a device that is idle gives anything back, by a block of silence.
    fn try_to_take_back(&mut self, queued: usize, now: Instant) -> Result<(), Fault> {
        if self.gives_back.is_none() && queued > self.kept() + BLOCK {
            let taken = self.sink.take_back(BLOCK);
            self.gives_back = Some(taken + ROUNDING >= BLOCK);
            self.sink.write_silence(taken.min(BLOCK), now)?;
        }
        Ok(())
    }

    fn pace(&mut self, now: Instant) -> Pace {
        if !self.engine.is_idle() {
            self.sounded_at = Some(now);
            if !self.engine.plays_only_music() {
                self.spoke_at = Some(now);
            }
        }
        if now.since(self.calm_since) >= CALM {
            self.cushion = self.cushion.saturating_sub(1);
            self.calm_since = now;
        }
        let pace = match () {
            () if self.is_sounding(now) => Pace::Sounding,
            () if now < self.control.awake_until() => Pace::Waiting,
            () => Pace::Idle,
        };
        if pace == Pace::Idle {
            self.cushion = 0;
        }
        pace
    }

    fn is_sounding(&self, now: Instant) -> bool {
        self.sounded_at.is_some_and(|at| now.since(at) < TAIL)
    }

    /// The same, music left out.
    fn is_speaking(&self, now: Instant) -> bool {
        self.spoke_at.is_some_and(|at| now.since(at) < TAIL)
    }

    fn tell(&self, pace: Pace, is_ahead: bool) {
        self.control.set_state(match pace {
            _ if self.search.is_some() => State::Missing,
            Pace::Idle => State::Idle,
            Pace::Sounding | Pace::Waiting if is_ahead => State::Waking,
            Pace::Sounding | Pace::Waiting => State::Awake,
        });
    }

    fn target(&self, pace: Pace, now: Instant) -> usize {
        let geometry = self.sink.geometry();
        let target = geometry.cushioned(self.cushion);
        match pace {
            Pace::Idle => geometry.idle_target(self.gives_back == Some(true)),
            Pace::Sounding if self.is_fed && self.steadiness.is_steady(now) => geometry.steady(target),
            Pace::Sounding | Pace::Waiting => target,
        }
    }

    /// As full as it ever is while something sounds.
    fn most(&self) -> usize {
        let geometry = self.sink.geometry();
        geometry.steady(geometry.cushioned(self.cushion))
    }

    /// In pieces no longer than what is queued, so that many voices do not let the device run dry meanwhile.
    fn render(&mut self, frames: usize, queued: usize, at: Instant) -> Result<(), Fault> {
        let (mut rendered, mut queued, channels) = (0, queued, self.setup.channels);
        while rendered < frames {
            let piece = (queued / BLOCK * BLOCK).max(BLOCK).min(frames - rendered);
            let samples = (piece * channels).min(self.sound.len());
            let sound = &mut self.sound[..samples];
            let due = at + time_of(rendered);
            self.engine.render(due, sound);
            if core::mem::take(&mut self.rises) {
                fade_in(sound, channels);
            }
            self.sink.write(sound, piece, clock::now())?;
            (rendered, queued) = (rendered + piece, queued + piece);
        }
        self.timeline.advance(frames);
        Ok(())
    }

    fn write_silence(&mut self, frames: usize, now: Instant) -> Result<(), Fault> {
        let mut rest = frames;
        while rest > 0 {
            let piece = rest.min(LONGEST_WRITE);
            self.sink.write_silence(piece, now)?;
            rest -= piece;
        }
        self.timeline.advance(frames);
        Ok(())
    }

    /// Lets time pass until there is room for more, or packets have come to fill it.
    fn rest(&mut self, pace: Pace, queued: usize, now: Instant) {
        let geometry = self.sink.geometry();
        let target = geometry.cushioned(self.cushion);
        let low_water = match pace {
            Pace::Idle => geometry.idle_low_water(self.gives_back == Some(true)),
            // The silence of idle times has to play first; that it has is to be told.
            Pace::Sounding | Pace::Waiting if queued > self.most() => self.most(),
            Pace::Sounding | Pace::Waiting => geometry.low_water(target),
        };
        let is_hungry = pace != Pace::Idle && self.steadiness.is_steady(now);
        if is_hungry {
            let room_for_less = self.most().saturating_sub(APPETITE);
            self.control.set_appetite(now + time_of(queued.saturating_sub(room_for_less)));
        }
        let wake_at = now + time_of(queued.saturating_sub(low_water)) + OVERSLEEP;
        std::thread::park_timeout(wake_at.since(clock::now()));
        self.is_fed = is_hungry && self.control.end_appetite();
    }

    /// Ends without a click, if a device plays, and closes it.
    fn finish(mut self) {
        let now = clock::now();
        if self.search.is_none() && self.is_sounding(now) {
            // A device that ran dry or is lost is silent already.
            let _ = self
                .let_end(now + LAST_WORDS)
                .and_then(|()| self.fall_silent(now + LAST_WORDS + LAST_SILENCE));
        }
        leave_realtime();
    }

    /// Plays on until nothing sounds.
    fn let_end(&mut self, until: Instant) -> Result<(), Fault> {
        loop {
            let now = clock::now();
            self.engine.collect(now);
            if self.engine.is_idle() || now >= until {
                return Ok(());
            }
            self.play(now)?;
        }
    }

    /// Fades out, and waits until silence has reached the loudspeaker.
    fn fall_silent(&mut self, until: Instant) -> Result<(), Fault> {
        let mut now = clock::now();
        let frames = FADE_FRAMES.min(self.sound.len() / self.setup.channels.max(1));
        let sound = &mut self.sound[..frames * self.setup.channels];
        self.engine.render(now, sound);
        fade_out(sound, self.setup.channels);
        self.sink.write(sound, frames, now)?;
        let geometry = self.sink.geometry();
        self.sink.write_silence(geometry.target, now)?;
        while now < until {
            let surplus = self.sink.queued(now)?.saturating_sub(geometry.period);
            if surplus == 0 {
                break;
            }
            clock::sleep_until(now + time_of(surplus.min(geometry.period)));
            now = clock::now();
        }
        Ok(())
    }

    fn on_underrun(&mut self, missing: u64, now: Instant) {
        self.control.count_xrun();
        self.cushion = (self.cushion + 1).min(MAX_CUSHION);
        self.calm_since = now;
        if let Err(Fault::Gone(error)) = self.sink.recover(missing, now) {
            self.on_lost(&SinkError::Card(error), now);
        }
    }
}

/// Samples of the most that is rendered at once.
fn sound_len(sink: &Sink, setup: &Setup) -> usize {
    let geometry = sink.geometry();
    geometry.steady(geometry.cushioned(MAX_CUSHION)) * setup.channels
}

/// Lets the interleaved `sound` sink to zero.
#[expect(clippy::cast_precision_loss, reason = "a few milliseconds of frames")]
fn fade_out(sound: &mut [f32], channels: usize) {
    let frames = sound.len() / channels.max(1);
    for (number, frame) in sound.chunks_exact_mut(channels.max(1)).enumerate() {
        let gain = (frames - 1 - number) as f32 / frames as f32;
        for sample in frame {
            *sample *= gain;
        }
    }
}

/// Lets the interleaved `sound` rise from zero.
#[expect(clippy::cast_precision_loss, reason = "a few milliseconds of frames")]
fn fade_in(sound: &mut [f32], channels: usize) {
    let frames = sound.len() / channels.max(1);
    for (number, frame) in sound.chunks_exact_mut(channels.max(1)).enumerate() {
        let gain = number as f32 / frames as f32;
        for sample in frame {
            *sample *= gain;
        }
    }
}

/// What a card of another rate may give back less than was asked for, in frames.
const ROUNDING: usize = 2;

/// The engine is rendered so long after its last sound, for what rings on in its filters.
pub const TAIL: Duration = Duration::from_millis(500);

/// When it is to stop, what sounds has so long to end by itself.
pub const LAST_WORDS: Duration = Duration::from_millis(150);

/// A device gets no longer than this to play the silence after it: more than any keeps queued.
const LAST_SILENCE: Duration = Duration::from_millis(200);

/// 5 ms.
const FADE_FRAMES: usize = 2 * BLOCK;

/// A device that did not run dry for so long needs less of a cushion.
const CALM: Duration = Duration::from_mins(10);

/// 20 ms on a USB card: a box that needs more has another problem.
const MAX_CUSHION: usize = 4;

/// A packet that comes sooner after the last filling, 7.5 ms, is not worth waking for.
const APPETITE: usize = 3 * BLOCK;

/// Silence is written in pieces of 50 ms: what it takes to encode them stays in memory.
const LONGEST_WRITE: usize = 20 * BLOCK;

/// Waking a little late, the thread finds room for all of the blocks that it woke for.
const OVERSLEEP: Duration = Duration::from_micros(250);

#[cfg(test)]
mod tests;
