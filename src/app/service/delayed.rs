//! Delayed pages of a box at work: recorded first, then heard.
//!
//! ```text
//! answered ─> Dictation ─ Send ─> due: in the queue ─ its turn ─> relay, chime ─> Playback ─ ended ─> the next
//!                 └ Drop: forgotten
//! ```
//! A recording has its place in the queue from when it is sent, or from when a card plays where it is to be heard. It is heard by
//! itself: it waits for who came before, and who comes later for it. Its chime sounds when there is room on air; what finds none
//! after it is tried again for [`WAITS_FOR_ROOM`]. Up to [`MOST_AIRING`] are heard at once, in other zones. All of them share
//! [`ROOM_BYTES`]; without room a caller is told that the box is busy.

use super::call::tell;
use super::call_log::Page;
use super::callers::{NOT_YET, Speaker};
use super::playing::AGAIN_IN;
use super::{Service, Stage};
use crate::app::floor::Hold;
use crate::app::playback::{AirNumber, Aired, Ended, Programme, What};
use crate::app::terms::Terms;
use crate::config::{Delayed, Mode, Settings};
use crate::mix::{Dictaphone, Part, Recital};
use crate::paging::{
    Admission, ClaimId, Dictated as Step, Dictation, Entry, Kind, Shelf, Signal, Tape, Want,
};
use crate::sip::wire::{NameAddr, StatusCode};
use crate::sip::{self, CallKey};
use crate::status::{Record, RecordKind};
use crate::time::Instant;
use crate::units::Level;
use crate::zones::ZoneSet;
use core::time::Duration;
use log::Level as LogLevel;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// Who is being recorded, and what was.
pub(super) struct Delays<'a> {
    shelf: Shelf,
    calls: HashMap<CallKey, Delay>,
    due: VecDeque<Recording>,
    airing: Vec<Airing<'a>>,
    /// Those that the queue does not know yet to be over.
    over: Vec<u64>,
    next_number: u64,
}

/// One who is being recorded.
struct Delay {
    dictation: Dictation,
    tape: Option<Tape>,
    /// He hears his own words.
    hears: bool,
}

/// A page that is to be heard.
struct Recording {
    number: u64,
    standing: Standing,
    tape: Tape,
    terms: Terms,
    /// What is known of who spoke it.
    record: Record,
    /// It has waited for a card as long as it does.
    is_late: bool,
}

/// Where a recording is on its way to be heard.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// No card plays there; it waits for one until then.
    Outside { until: Instant },
    /// Others are before it.
    Waits,
    /// It is its turn.
    Next,
}

/// One that is.
struct Airing<'a> {
    recording: Recording,
    /// Where it is heard, from its chime on.
    hold: Rc<Hold<'a>>,
    /// Without room until then it is not heard.
    room_until: Instant,
    stage: Air,
}

#[derive(Clone, Copy)]
enum Air {
    /// Its chime sounds until then, or it has found no room and is tried again.
    Chime {
        until: Instant,
    },
    On(AirNumber),
}

impl<'a> Delays<'a> {
    /// Nobody has been recorded.
    pub(super) fn new() -> Self {
        let (calls, due, airing, over) = (HashMap::new(), VecDeque::new(), Vec::new(), Vec::new());
        Self { shelf: Shelf::new(ROOM_BYTES), calls, due, airing, over, next_number: 0 }
    }

    /// Whether somebody is recorded, or waits to be heard, or is.
    pub(super) fn is_busy(&self) -> bool {
        self.is_airing() || !self.due.is_empty() || !self.calls.is_empty()
    }

    /// Whether a recording is heard, or its chime is.
    pub(super) const fn is_airing(&self) -> bool {
        !self.airing.is_empty()
    }

    /// Those that are heard, or whose chimes are, and whether it is the recording.
    pub(super) fn pages(&self) -> impl Iterator<Item = (ClaimId, bool)> {
        self.airing.iter().map(|Airing { hold, stage, .. }| (hold.id(), matches!(stage, Air::On(_))))
    }

    /// It is the turn of this one.
    pub(super) fn handle_turn(&mut self, number: u64) {
        if let Some(recording) = self.due.iter_mut().find(|recording| recording.number == number) {
            recording.standing = Standing::Next;
        }
    }

    /// Something that was played is over.
    pub(super) fn handle_ended(&mut self, ended: &Ended) {
        // Its memory goes back to the shelf.
        self.end_those(|stage| matches!(stage, Air::On(number) if number == ended.number));
    }

    /// When [`Service::follow_delayed`] wants to be called.
    pub(super) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let dictations = self.calls.values().filter_map(|delay| delay.dictation.poll_timeout());
        let chimes = self.airing.iter().filter_map(|airing| match airing.stage {
            Air::Chime { until } => Some(until),
            Air::On(_) => None,
        });
        let waits = !self.due.is_empty() || !self.calls.is_empty();
        let is_over = (!self.over.is_empty()).then_some(now);
        dictations.chain(chimes).chain(waits.then(|| now + LOOK_EVERY)).chain(is_over).min()
    }

    /// What has not been heard is forgotten. What is on air is ended by who plays it.
    fn clear(&mut self) {
        self.over.extend(self.due.drain(..).map(|recording| recording.number));
        self.end_those(|stage| matches!(stage, Air::Chime { .. }));
    }

    fn end_those(&mut self, is_over: impl Fn(Air) -> bool) {
        let ended = self.airing.extract_if(.., |airing| is_over(airing.stage));
        self.over.extend(ended.map(|airing| airing.recording.number));
    }

    /// The next one whose turn it is.
    fn take_next(&mut self) -> Option<Recording> {
        if self.airing.len() >= MOST_AIRING {
            return None;
        }
        let index = self.due.iter().position(|recording| recording.standing == Standing::Next)?;
        self.due.remove(index)
    }

    /// The next one whose chime is over.
    fn take_chimed(&mut self, now: Instant) -> Option<Airing<'a>> {
        let is_it = |airing: &Airing<'_>| matches!(airing.stage, Air::Chime { until } if until <= now);
        let index = self.airing.iter().position(is_it)?;
        Some(self.airing.remove(index))
    }
}

impl<'a> Service<'a> {
    /// Whether calls of `from` are recorded.
    pub(super) fn is_delayed(&self, from: &NameAddr, terms: &Terms) -> bool {
        let fits = |settings: &Settings| match &settings.calls.delayed {
            Delayed::No => false,
            Delayed::Yes => true,
            Delayed::Callers(patterns) => {
                let (user, host) = sip::identity(&from.uri);
                patterns.iter().any(|pattern| pattern.matches(&user, &host))
            }
        };
        // An emergency does not wait, and what rings says nothing.
        terms.mode == Mode::Page && self.desk.as_ref().is_some_and(|desk| fits(&desk.settings))
    }

    /// A caller comes who is recorded: he waits for nobody, and hears no chime.
    pub(super) fn admit_words(&mut self, now: Instant, call: CallKey) {
        if self.has_room_for_words() {
            self.pager.handle_incoming(now, call, now);
        } else {
            self.give_up(now, call, StatusCode::BUSY_HERE, "there is no room for another recording");
        }
    }

    /// Whether there is room for another recording.
    pub(super) fn has_room_for_words(&self) -> bool {
        self.delays.shelf.has_room_for(LEAST)
    }

    /// Whether a caller is being recorded.
    pub(super) fn is_dictating(&self, call: CallKey) -> bool {
        self.delays.calls.contains_key(&call)
    }

    /// Answers a caller, if he has not been, and asks him to speak.
    pub(super) fn dictate(&mut self, now: Instant, call: CallKey) {
        if self.calls.get(&call).is_some_and(|state| matches!(state.stage, Stage::Waiting(_))) {
            self.hold(now, call);
        }
        let Some(state) = self.calls.get(&call) else { return };
        let Some(stream) = state.stage.stream() else { return };
        stream.open_back();
        let hears_at = now + state.lead_in(now);
        let limit = self.desk.as_ref().and_then(|desk| desk.settings.calls.hang_up_after);
        let mut dictation = Dictation::new(limit.unwrap_or(LONGEST).min(LONGEST));
        dictation.handle_answered(hears_at);
        self.delays.calls.insert(call, Delay { dictation, tape: None, hears: false });
        self.pager.handle_dictating(now, call);
        self.take_steps(now, call);
    }

    /// A key of one who is being recorded; false: he is not.
    pub(super) fn dictation_key(&mut self, now: Instant, call: CallKey, key: crate::key::Key) -> bool {
        let Some(delay) = self.delays.calls.get_mut(&call) else { return false };
        delay.dictation.handle_key(now, key);
        self.take_steps(now, call);
        true
    }

    /// The call ends; to be told while its stream is still there.
    pub(super) fn dictation_ends(&mut self, now: Instant, call: CallKey) {
        let Some(mut delay) = self.delays.calls.remove(&call) else { return };
        if let Some(stream) = self.calls.get(&call).and_then(|state| state.stage.stream()) {
            delay.tape = stream.stop_recording().or(delay.tape);
        }
        let sounds = delay.tape.as_ref().is_some_and(Tape::sounds);
        delay.dictation.handle_ended(sounds);
        while let Some(step) = delay.dictation.poll_step() {
            match step {
                Step::Send => self.send(now, call, delay.tape.take()),
                Step::Drop => self.tell_forgotten(call),
                _ => {}
            }
        }
    }

    /// Follows those who are recorded, and begins what is due.
    pub(super) fn follow_delayed(&mut self, now: Instant) {
        let calls: Vec<CallKey> = self.delays.calls.keys().copied().collect();
        for call in calls {
            self.follow_dictation(now, call);
        }
        self.line_up(now);
        while let Some(airing) = self.delays.take_chimed(now) {
            self.air_recording(now, airing);
        }
        while !self.is_leaving
            && self.has_room_on_air()
            && let Some(recording) = self.delays.take_next()
        {
            self.begin_recording(now, recording);
        }
    }

    /// Recordings take their places in the queue, in the order they were sent; where no card plays, when one does.
    fn line_up(&mut self, now: Instant) {
        for recording in &mut self.delays.due {
            let is_audible = self.cards.is_audible_in(recording.terms.claim.zones);
            let speaker = Speaker::Recording(recording.number);
            match recording.standing {
                Standing::Outside { until } if is_audible || until <= now => {
                    recording.is_late = !is_audible;
                    let want = Want::new(Kind::Recording, &recording.terms.claim);
                    let enters = self.queue.handle_incoming(speaker, want) == Admission::Enter;
                    recording.standing = if enters { Standing::Next } else { Standing::Waits };
                }
                // Nobody has to wait for what is not heard.
                Standing::Next if !is_audible && !recording.is_late => {
                    self.queue.handle_ended(speaker);
                    recording.standing = Standing::Outside { until: now + WAITS_FOR_CARD };
                }
                _ => {}
            }
        }
    }

    /// What was recorded and not heard is forgotten; whether there was anything.
    pub(super) fn stop_delayed(&mut self) {
        self.delays.clear();
    }

    fn follow_dictation(&mut self, now: Instant, call: CallKey) {
        let Some(delay) = self.delays.calls.get_mut(&call) else { return };
        let Some(stream) = self.calls.get(&call).and_then(|state| state.stage.stream()) else { return };
        delay.dictation.handle_timeout(now);
        if stream.is_tape_full() {
            delay.dictation.handle_full();
        }
        if delay.hears && !stream.is_saying() {
            delay.hears = false;
            delay.dictation.handle_played(now);
        }
        self.take_steps(now, call);
    }

    /// Does what is to be done for one who is recorded.
    fn take_steps(&mut self, now: Instant, call: CallKey) {
        while let Some(step) = self.delays.calls.get_mut(&call).and_then(|delay| delay.dictation.poll_step())
        {
            match step {
                Step::Send => {
                    let tape = self.delays.calls.get_mut(&call).and_then(|delay| delay.tape.take());
                    self.send(now, call, tape);
                }
                Step::Drop => {
                    self.tell_forgotten(call);
                    if let Some(delay) = self.delays.calls.get_mut(&call) {
                        delay.tape = None;
                    }
                }
                Step::HangUp => {
                    self.pager.handle_ended(call);
                    self.leave(now, call);
                }
                other => self.take_step(now, call, other),
            }
        }
    }

    /// Does what concerns his stream only.
    fn take_step(&mut self, now: Instant, call: CallKey, step: Step) {
        let Some(delay) = self.delays.calls.get_mut(&call) else { return };
        let Some(state) = self.calls.get(&call) else { return };
        let Some(stream) = state.stage.stream() else { return };
        match step {
            Step::Say(signal) => {
                delay.hears = false;
                state.say_at_once(now, &recital(signal));
            }
            Step::Record => {
                delay.tape = None;
                stream.record(&self.delays.shelf);
            }
            Step::Stop => {
                delay.tape = stream.stop_recording();
                let sounds = delay.tape.as_ref().is_some_and(Tape::sounds);
                delay.dictation.handle_recorded(now, sounds);
            }
            Step::Play => {
                stream.hush();
                if let Some(tape) = &mut delay.tape {
                    stream.say(&words(tape));
                }
                delay.hears = true;
            }
            Step::Send | Step::Drop | Step::HangUp => {}
        }
    }

    /// It is heard as soon as it may be.
    fn send(&mut self, now: Instant, call: CallKey, tape: Option<Tape>) {
        let (Some(tape), Some(state)) = (tape, self.calls.get(&call)) else { return };
        let what = format_args!("has recorded {:.1} s, to be heard", tape.length().as_secs_f64());
        tell(LogLevel::Info, state.name.as_deref(), what);
        let record = self.record_of(now, state);
        let terms = state.terms.clone();
        let standing = Standing::Outside { until: now + WAITS_FOR_CARD };
        let (number, is_late) = (self.delays.next_number, false);
        self.delays.next_number += 1;
        self.delays.due.push_back(Recording { number, standing, tape, terms, record, is_late });
        self.line_up(now);
    }

    fn tell_forgotten(&self, call: CallKey) {
        if let Some(state) = self.calls.get(&call) {
            tell(LogLevel::Info, state.name.as_deref(), format_args!("has recorded nothing to be heard"));
        }
    }

    /// Who waited for a recording waits no longer, when that is over.
    pub(super) fn pass_turn(&mut self) {
        for number in self.delays.over.drain(..) {
            self.queue.handle_ended(Speaker::Recording(number));
        }
    }

    /// Whether somebody is on air, or about to be.
    pub(super) fn is_anybody_paging(&self) -> bool {
        self.calls.iter().any(|(&call, state)| state.is_page() && !self.is_choosing(call))
    }

    /// It is the turn of a recording: its chime begins.
    fn begin_recording(&mut self, now: Instant, recording: Recording) {
        self.make_way(now);
        let claim = recording.terms.claim;
        self.cards.wake(claim.zones);
        let open_at = self.open(now).max(self.cards.open_at(now, &claim));
        // When it begins is known when its chime is.
        let hold = self.cards.claim(now, claim, now + NOT_YET);
        let sound = self.directory.klaxon(&recording.terms).clone();
        let until = self.chime_of(now, (&hold, &sound), Entry { open_at, answer_at: open_at });
        let (room_until, stage) = (until + WAITS_FOR_ROOM, Air::Chime { until });
        self.delays.airing.push(Airing { recording, hold, room_until, stage });
    }

    /// Whether a recording that begins now finds room when its chime is over, as far as that can be known.
    fn has_room_on_air(&self) -> bool {
        self.desk.as_ref().is_some_and(|desk| desk.playback.has_room())
    }

    /// What is known of it when it goes on air.
    fn aired(&self, now: Instant, of_caller: &Record, zones: ZoneSet) -> Record {
        let of_air = self.record_of_programme(now, RecordKind::Delayed, (of_caller.from.clone(), zones));
        let (peer, call_id, account) =
            (of_caller.peer.clone(), of_caller.call_id.clone(), of_caller.account.clone());
        Record { peer, call_id, account, ..of_air }
    }

    /// Its chime is over.
    fn air_recording(&mut self, now: Instant, mut airing: Airing<'a>) {
        let Some(desk) = &mut self.desk else { return };
        let Airing { recording, hold, room_until, stage } = &mut airing;
        let Recital { rate, parts, .. } = words(&mut recording.tape);
        let (what, claim) = (What::Recording(recording.record.from.clone()), hold.claim());
        let voice = self.media.voice();
        match desk.playback.play((now, now), Programme { what, claim, rate, parts }, voice) {
            Ok(Aired { number, .. }) => {
                let record = self.aired(now, &recording.record, claim.zones);
                self.pages.begin(now, (Page::Programme(number), None), voice, record);
                *stage = Air::On(number);
                self.delays.airing.push(airing);
            }
            // Its chime has sounded, and its zones are kept for it.
            Err(error) if error.is_for_now() && now < *room_until => {
                *stage = Air::Chime { until: now + AGAIN_IN };
                self.delays.airing.push(airing);
            }
            Err(error) => {
                log::warn!("a recording of {} is not heard: {error}", recording.record.from);
                self.delays.over.push(recording.number);
            }
        }
    }
}

/// What was said, without a seam.
fn words(tape: &mut Tape) -> Recital {
    let parts = tape.pieces().into_iter().map(Part::More).collect();
    Recital { rate: Dictaphone::RATE, parts, level: Level::UNITY, fade: FADE }
}

/// What a caller is told, as he hears it.
fn recital(signal: Signal) -> Recital {
    let part = |&(hz, length): &(f32, Duration)| match hz {
        hz if hz > 0.0 => Part::Clip(sine(f64::from(hz), length)),
        _ => Part::Pause(length),
    };
    let parts = signal.tones().iter().map(part).collect();
    Recital { rate: Dictaphone::RATE, parts, level: Level::UNITY, fade: FADE }
}

fn sine(hz: f64, length: Duration) -> Arc<[i16]> {
    crate::app::playback::sine(hz, length, Dictaphone::RATE)
}

/// What all recordings may take: eight and a half minutes.
const ROOM_BYTES: usize = 16 * 1024 * 1024;
/// The longest recording.
const LONGEST: Duration = Duration::from_mins(5);
/// Without room for so much nobody is asked to speak.
const LEAST: Duration = Duration::from_secs(10);
/// What is cut off fades.
const FADE: Duration = Duration::from_millis(20);
/// How long a recording waits for a card to be heard on; then it is played, for the call log to tell that nobody heard it.
const WAITS_FOR_CARD: Duration = Duration::from_mins(10);
/// What is heard at once.
const MOST_AIRING: usize = 4;
/// How long after its chime a recording waits for room on air.
const WAITS_FOR_ROOM: Duration = Duration::from_mins(10);
/// How often it is looked whether somebody has heard his words, or has no room left, or a card plays.
const LOOK_EVERY: Duration = Duration::from_millis(100);
