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

use core::time::Duration;

use super::control::{Control, State};
use super::engine::Engine;
use super::found::DeviceNews;
use super::geometry::time_of;
use super::lookout::Lookout;
use super::rt;
use super::setup::Setup;
use super::sink::{Fault, Sink, SinkError};
use super::steadiness::Steadiness;
use super::timeline::Timeline;
use crate::clock;
use crate::config::Device;
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

    fn on_lost(&mut self, error: &SinkError, now: Instant) {
        leave_realtime();
        log::warn!("{error}");
        self.control.set_card(None);
        self.control.tell(DeviceNews::Missing(error.to_string()));
        self.search = Some(Search::new(now + FIRST_RETRY));
        self.play_on(Sink::nothing(self.setup));
    }

    /// Tries to open the device if it is missing and a try is due.
    fn search(&mut self, now: Instant) {
        let Some(search) = &mut self.search else { return };
        if now < search.next_at {
            return;
        }
        match Sink::open(self.setup) {
            Ok(sink) => self.on_found(sink),
            Err(error) => {
                if let Some(message) = search.on_failure(&error, clock::now()) {
                    self.control.tell(DeviceNews::Missing(message));
                }
            }
        }
    }

    /// Goes over to a better card, if one has come and nothing sounds but music.
    fn look_out(&mut self, now: Instant) {
        if self.is_busy(now) || self.setup.device != Device::Auto || !self.lookout.is_due(now) {
            return;
        }
        if !self.sink.is_outdone(self.setup) {
            return;
        }
        let setup = self.setup;
        self.quieten(now);
        self.go_over(|| Sink::open(setup));
    }

    /// Whether there is something that must not be interrupted.
    fn is_busy(&self, now: Instant) -> bool {
        self.search.is_some() || self.is_speaking(now) || now < self.control.awake_until()
    }

    /// Music falls silent, and rises again in what is rendered next.
    fn quieten(&mut self, now: Instant) {
        if !self.is_sounding(now) {
            return;
        }
        self.rises = true;
        // A device that ran dry or is lost is silent already.
        let _ = self.fall_silent(now + LAST_SILENCE);
        self.timeline.forget();
    }

    /// Opening one may take long, and who waits for a sign of life is to know that; the silence of idle times lasts meanwhile.
    fn go_over(&mut self, open: impl FnOnce() -> Result<Sink, SinkError>) {
        self.control.set_state(State::Opening);
        leave_realtime();
        if let Ok(better) = open() {
            log::info!("a better card has come than {}", self.sink);
            return self.on_found(better);
        }
        // Somebody else has it: what plays goes on, and is not cut off again and again.
        if self.is_sounding(clock::now()) {
            self.lookout.doubt();
        }
        enter_realtime();
    }

    fn on_found(&mut self, sink: Sink) {
        log::info!("{sink}");
        self.control.set_card(sink.card());
        if let Some(volume) = self.control.volume() {
            volume.apply();
        }
        self.control.tell(DeviceNews::Found(sink.found(self.setup)));
        self.search = None;
        self.play_on(sink);
        self.control.count_open();
        self.lookout = Lookout::new(clock::now());
        enter_realtime();
    }

    fn play_on(&mut self, sink: Sink) {
        self.cushion = 0;
        self.sound.resize(sound_len(&sink, self.setup), 0.0);
        self.sink = sink;
        self.timeline.forget();
        (self.is_silent, self.gives_back) = (false, None);
    }
}

/// Samples of the most that is rendered at once.
fn sound_len(sink: &Sink, setup: &Setup) -> usize {
    let geometry = sink.geometry();
    geometry.steady(geometry.cushioned(MAX_CUSHION)) * setup.channels
}

fn enter_realtime() {
    if let Err(error) = rt::set_realtime(PRIORITY) {
        log::info!("no real-time priority: {error}");
    }
}

fn leave_realtime() {
    // Giving a right away is never refused.
    let _ = rt::set_ordinary();
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

    /// Gives the reason, if it is another than before.
    fn on_failure(&mut self, error: &SinkError, now: Instant) -> Option<String> {
        self.next_at = now + self.back_off;
        self.back_off = (self.back_off * 2).min(LAST_RETRY);
        let message = error.to_string();
        if self.logged.as_ref() == Some(&message) {
            return None;
        }
        log::warn!("{message}; it is looked for again");
        self.logged = Some(message.clone());
        Some(message)
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

/// A device that is missing is looked for after this, and then ever more rarely up to [`LAST_RETRY`].
pub const FIRST_RETRY: Duration = Duration::from_millis(250);

/// See [`FIRST_RETRY`].
pub const LAST_RETRY: Duration = Duration::from_secs(5);

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

/// Above all ordinary threads, below the kernel's own at 50.
const PRIORITY: u8 = 40;

#[cfg(test)]
mod tests {
    use assert_no_alloc::{assert_no_alloc, reset_violation_count, violation_count};
    use heapless::spsc::Queue;

    use super::*;
    use crate::codec::Codec;
    use crate::config::{Device, Span};
    use crate::mix::{Command, Format, Media, Mixer, Report, Route, Voice, VoiceConfig, VoiceId};
    use crate::output::Others;
    use crate::output::RingedMixer;
    use crate::rtp::{Chunk, Content, DelayRange};
    use crate::units::{Level, SampleRate};

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn a_missing_device_is_looked_for_ever_more_rarely() {
        let mut search = Search::new(at(0));
        let error = SinkError::NoSuchCard { device: Device::Auto };
        let waits = [0; 7].map(|_| {
            let now = search.next_at;
            search.on_failure(&error, now);
            search.next_at.since(now).as_millis()
        });
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 5000, 5000]);
    }

    /// Says what it is told to, and counts what is taken from it.
    struct Talker {
        is_idle: bool,
        is_music: bool,
        rendered: usize,
        longest: usize,
    }

    impl Talker {
        fn new(is_idle: bool) -> Self {
            Self { is_idle, is_music: false, rendered: 0, longest: 0 }
        }
    }

    impl Engine for &mut Talker {
        fn collect(&mut self, _now: Instant) {}

        fn is_idle(&self) -> bool {
            self.is_idle
        }

        fn plays_only_music(&self) -> bool {
            self.is_music
        }

        fn render(&mut self, _now: Instant, sound: &mut [f32]) {
            self.rendered += sound.len() / 2;
            self.longest = self.longest.max(sound.len() / 2);
        }
    }

    fn setup() -> Setup {
        let (device, others) = (Device::Null, Others::Silent);
        Setup { device, channels: 2, others, period: Span::Auto, buffer: Span::Auto }
    }

    #[test]
    fn the_queue_is_short_while_something_sounds_and_for_a_tail() {
        let (setup, control) = (setup(), Control::new());
        let mut talker = Talker::new(false);
        let mut player = Player::new(&setup, &control, &mut talker);
        assert_eq!(player.pace(at(1000)), Pace::Sounding);
        player.engine.is_idle = true;
        assert_eq!(player.pace(at(1499)), Pace::Sounding);
        assert_eq!(player.pace(at(1500)), Pace::Idle);
        assert!(player.target(Pace::Idle, at(1500)) >= 5 * player.target(Pace::Sounding, at(1500)));
    }

    #[test]
    fn a_call_announced_keeps_the_queue_short() {
        let (setup, control) = (setup(), Control::new());
        let mut talker = Talker::new(true);
        let mut player = Player::new(&setup, &control, &mut talker);
        assert_eq!(player.pace(at(1000)), Pace::Idle);
        control.wake(at(1000));
        assert_eq!(player.pace(at(3999)), Pace::Waiting);
        assert_eq!(player.pace(at(4000)), Pace::Idle);
    }

    #[test]
    fn a_device_that_gives_back_silence_is_ready_at_once_and_idle_for_long() {
        let (setup, control) = (setup(), Control::new());
        let mut talker = Talker::new(true);
        let mut player = Player::new(&setup, &control, &mut talker);
        player.search = None;
        let now = clock::now();
        player.play(now).unwrap();
        // Until it was tried, it is not relied on.
        assert_eq!(control.queue(), Duration::from_millis(50));
        player.play(now).unwrap();
        assert!(control.queue() > Duration::from_millis(150), "{:?}", control.queue());
        control.wake(now);
        player.play(now).unwrap();
        assert_eq!((control.state(), control.queue()), (State::Awake, Duration::from_millis(15)));
    }

    #[test]
    fn a_device_that_gives_nothing_back_is_ready_once_the_silence_of_idle_times_has_played() {
        let control = Control::new();
        let setup = Setup { device: Device::Wav(scratch("gives-nothing-back")), ..setup() };
        let mut talker = Talker::new(true);
        let mut player = Player::new(&setup, &control, &mut talker);
        let now = clock::now();
        player.search(now);
        player.play(now).unwrap();
        player.play(now).unwrap();
        assert_eq!((control.state(), control.is_ready()), (State::Idle, false));
        assert_eq!(control.queue(), Duration::from_millis(50));
        control.wake(now);
        player.play(now).unwrap();
        assert_eq!((control.state(), control.is_ready()), (State::Waking, false));
        player.play(now + Duration::from_millis(45)).unwrap();
        assert_eq!((control.state(), control.is_ready()), (State::Awake, true));
        player.finish();
        std::fs::remove_file(scratch("gives-nothing-back")).unwrap();
    }

    #[test]
    fn a_packet_fills_the_queue_until_the_next_one_and_its_lack_by_short_steps() {
        let (setup, control) = (setup(), Control::new());
        let mut talker = Talker::new(false);
        let mut player = Player::new(&setup, &control, &mut talker);
        player.is_fed = true;
        player.steadiness.on_wake(at(1000), true);
        assert_eq!(player.target(Pace::Sounding, at(1000)), 1440);
        player.is_fed = false;
        player.steadiness.on_wake(at(1025), false);
        assert_eq!(player.target(Pace::Sounding, at(1025)), 480);
        player.is_fed = true;
        assert_eq!(player.target(Pace::Sounding, at(1030)), 480);
    }

    #[test]
    fn many_voices_are_rendered_in_pieces_that_leave_the_device_something_to_play() {
        let (setup, control) = (setup(), Control::new());
        let mut talker = Talker::new(false);
        let mut player = Player::new(&setup, &control, &mut talker);
        player.render(960, 240, at(1000)).unwrap();
        drop(player);
        assert_eq!((talker.rendered, talker.longest), (960, 480));
    }

    #[test]
    fn what_ran_dry_gets_a_cushion_until_the_next_silence() {
        let (setup, control) = (setup(), Control::new());
        let mut talker = Talker::new(false);
        let mut player = Player::new(&setup, &control, &mut talker);
        let targets = [0; 6].map(|_| {
            player.on_underrun(0, at(0));
            player.target(Pace::Sounding, at(0))
        });
        assert_eq!(targets, [720, 960, 1200, 1440, 1440, 1440]);
        assert_eq!(control.xruns(), 6);
        player.engine.is_idle = true;
        assert_eq!(player.pace(at(1000)), Pace::Idle);
        assert_eq!(player.target(Pace::Sounding, at(1000)), 480);
    }

    #[test]
    fn what_ran_dry_under_music_needs_its_cushion_until_it_has_been_calm() {
        let (setup, control) = (setup(), Control::new());
        let mut talker = Talker::new(false);
        let mut player = Player::new(&setup, &control, &mut talker);
        (0..2).for_each(|_| player.on_underrun(0, at(0)));
        let minutes = |minutes: u64| at(minutes * 60_000);
        let cushions = [9, 10, 19, 20, 30].map(|after| {
            player.pace(minutes(after));
            player.cushion
        });
        assert_eq!(cushions, [2, 1, 1, 0, 0]);
    }

    #[test]
    fn music_is_silent_for_a_better_card_and_rises_on_it_and_a_page_is_not_interrupted() {
        let (setup, control) = (setup(), Control::new());
        let mut talker = Talker::new(false);
        let mut player = Player::new(&setup, &control, &mut talker);
        player.search = None;
        let now = clock::now();
        player.play(now).unwrap();
        assert!(player.is_busy(now), "a page");
        player.engine.is_music = true;
        let now = now + TAIL;
        player.pace(now);
        assert!(player.is_sounding(now) && !player.is_busy(now));
        player.quieten(clock::now());
        assert!(player.rises);
        player.go_over(|| Sink::open(&setup));
        player.play(clock::now()).unwrap();
        assert!(!player.rises && control.opened() == 1);
    }

    #[test]
    fn a_lost_device_is_opened_again() {
        let (setup, control) = (setup(), Control::new());
        let mut talker = Talker::new(true);
        let mut player = Player::new(&setup, &control, &mut talker);
        let now = clock::now();
        player.search(now);
        assert_eq!(control.opened(), 1);
        let Some(DeviceNews::Found(found)) = control.poll_news() else { panic!("it is told") };
        assert_eq!((found.name.as_str(), found.kind.as_str(), found.channels), ("null", "null", 2));
        player.on_lost(&SinkError::NoSuchCard { device: Device::Auto }, now);
        player.play(now).unwrap();
        assert_eq!(control.state(), State::Missing);
        assert_eq!(control.poll_news(), Some(DeviceNews::Missing("auto: no such sound card".to_owned())));
        player.search(now + Duration::from_millis(249));
        assert_eq!(control.opened(), 1);
        player.search(now + Duration::from_millis(250));
        player.play(now).unwrap();
        assert_eq!((control.opened(), control.state()), (2, State::Idle));
    }

    #[test]
    fn who_waits_for_a_sign_of_life_knows_while_a_better_card_is_opened() {
        let (setup, control) = (setup(), Control::new());
        let mut talker = Talker::new(true);
        let mut player = Player::new(&setup, &control, &mut talker);
        player.search(clock::now());
        player.play(clock::now()).unwrap();
        player.go_over(|| {
            assert_eq!((control.state(), control.is_ready()), (State::Opening, false));
            Err(SinkError::NoSuchCard { device: Device::Auto })
        });
        player.play(clock::now()).unwrap();
        assert_eq!((control.state(), control.opened()), (State::Idle, 1));
        player.go_over(|| Sink::open(&setup));
        player.play(clock::now()).unwrap();
        assert_eq!((control.state(), control.opened()), (State::Idle, 2));
    }

    #[test]
    fn only_a_thread_that_plays_is_real_time() {
        let (setup, control) = (setup(), Control::new());
        let mut talker = Talker::new(true);
        let is_allowed = rt::set_realtime(PRIORITY).is_ok();
        leave_realtime();
        let mut player = Player::new(&setup, &control, &mut talker);
        let now = clock::now();
        assert!(!rt::is_realtime());
        player.search(now);
        assert_eq!(rt::is_realtime(), is_allowed);
        player.on_lost(&SinkError::NoSuchCard { device: Device::Auto }, now);
        assert!(!rt::is_realtime());
        player.search(now + FIRST_RETRY);
        player.finish();
        assert!(!rt::is_realtime());
    }

    #[test]
    fn a_fade_goes_evenly_to_zero_on_all_channels() {
        let mut sound = [1.0; 8];
        fade_out(&mut sound, 2);
        let expected = [0.75_f32, 0.75, 0.5, 0.5, 0.25, 0.25, 0.0, 0.0];
        assert_eq!(sound.map(f32::to_bits), expected.map(f32::to_bits));
    }

    #[test]
    fn the_loop_of_a_sounding_mixer_allocates_nothing() {
        for device in [Device::Null, Device::Wav(scratch("no-allocation"))] {
            let (setup, control) = (Setup { device, ..setup() }, Control::new());
            let (mut commands, mut reports) = (Queue::<Command, 16>::new(), Queue::<Report, 16>::new());
            let ((mut down, commands), (reports, _up)) = (commands.split(), reports.split());
            let mut player =
                Player::new(&setup, &control, RingedMixer::new(Mixer::new(2, 4), commands, reports));
            player.search(clock::now());
            down.enqueue(attach()).unwrap();
            player.play(clock::now()).unwrap();
            reset_violation_count();
            for number in 0..10 {
                down.enqueue(media(number, clock::now())).unwrap();
                // A period each, so a packet of 20 ms in all.
                assert_no_alloc(|| (0..4).for_each(|_| player.play(clock::now()).unwrap()));
            }
            assert_eq!(violation_count(), 0, "{:?}", setup.device);
            assert!(player.sound.iter().any(|sample| sample.abs() > 0.1), "nothing sounded");
        }
        std::fs::remove_file(scratch("no-allocation")).unwrap();
    }

    const VOICE: VoiceId = VoiceId(1);

    fn attach() -> Command {
        let formats = heapless::Vec::from_iter([Format { payload_type: 8, codec: Codec::Pcma }]);
        let config = VoiceConfig { formats, delay: DelayRange::default(), level: Level::UNITY };
        Command::Attach { voice: VOICE, source: Box::new(Voice::telephone(config)), route: Route::EVERYWHERE }
    }

    /// A packet of 20 ms of a square wave.
    fn media(number: u32, arrival: Instant) -> Command {
        let payload = (0..160).map(|sample| if sample % 20 < 10 { 0x2a } else { 0xaa }).collect();
        let (run, timestamp, marker) = (0, number * 160, number == 0);
        let (clock, content) = (SampleRate::HZ_8000, Content::Speech { bytes_per_tick: 1 });
        let chunk = Chunk { run, timestamp, clock, arrival, payload_type: 8, marker, content, payload };
        Command::Media(Media { voice: VOICE, chunk })
    }

    fn scratch(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("pagingbox-{}-thread-{name}.wav", std::process::id()))
    }

    #[test]
    fn a_missing_device_does_not_hold_the_engine_up() {
        let setup = Setup { device: Device::Pcm("no-such-pcm".into()), ..setup() };
        let control = Control::new();
        let mut talker = Talker::new(false);
        let mut player = Player::new(&setup, &control, &mut talker);
        for _ in 0..5 {
            player.turn();
        }
        assert!(player.engine.rendered >= 5 * 240);
        assert_eq!((control.state(), control.opened()), (State::Missing, 0));
        assert!(control.heartbeat() > Instant::ZERO);
    }
}
