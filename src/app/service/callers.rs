//! What a caller meets: whose turn it is, and what he is told of it.
//!
//! ```text
//!  admit ── his zones are free ──> enter: relay, chime ──> answer: on air, the talk-beep ──> warn: the end is near
//!     │                                                    on air ── something higher ──> told that he is mute ──> talk-beep
//!     ├──── others are before him ──> hold: answered, told his place, not heard ── on_turn ──> enter
//!     └──── too many wait: 486
//! ```

use super::{Call, Service, Stage, tell};
use crate::app::beeps;
use crate::app::klaxon::Begun;
use crate::app::media::Stream;
use crate::app::playback::AirNumber;
use crate::app::terms::{Inquiry, Terms};
use crate::config::{Mode, Settings};
use crate::paging::{Admission, Entry, Turn};
use crate::sip::wire::{NameAddr, StatusCode, Uri};
use crate::sip::{self, CallKey, Path};
use crate::time::Instant;
use core::time::Duration;
use log::Level;

/// What the configuration says of how callers are met.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manners {
    talk_beep: bool,
}

impl Manners {
    pub(super) fn of(settings: &Settings) -> Self {
        Self { talk_beep: settings.audio.talk_beep }
    }
}

/// Who may have to wait for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    Call(CallKey),
    /// A delayed page, by its number.
    Recording(u64),
    /// What is played at a word.
    Programme(AirNumber),
}

/// How often who waits is told his place.
const PLACE_EVERY: Duration = Duration::from_secs(15);
/// Longer than any call rings.
pub(super) const NOT_YET: Duration = Duration::from_hours(1);

impl<'a> Service<'a> {
    /// On which terms a call is taken.
    pub(super) fn terms(&self, from: &NameAddr, to: &Uri, path: Path) -> Terms {
        let (user, host) = sip::identity(&from.uri);
        let of_server = self.accounts.user_of_server(path.remote.ip());
        self.directory.terms(&Inquiry { caller: (&user, &host), called: to.user(), of_server })
    }

    /// A call has come: either nobody is before it, or it waits for its turn.
    pub(super) fn admit(&mut self, now: Instant, call: CallKey) {
        let Some(state) = self.calls.get(&call) else { return };
        if state.terms.mode == Mode::Ring {
            return self.ring_loudly(now, call);
        }
        if state.is_delayed {
            return self.admit_words(now, call);
        }
        match self.queue.handle_incoming(Speaker::Call(call), state.terms.want()) {
            Admission::Enter => self.enter(now, call),
            Admission::Wait => self.pager.handle_queued(now, call),
            Admission::Refuse => self.give_up(now, call, StatusCode::BUSY_HERE, "too many wait already"),
        }
    }

    /// It is the turn of a call, or it has another place. Who waits while the box stops is hung up on already.
    pub(super) fn on_turn(&mut self, now: Instant, turn: Turn<Speaker>) {
        if self.is_leaving {
            return;
        }
        let (Turn::Enter(Speaker::Call(call)) | Turn::Place(Speaker::Call(call), _)) = turn else {
            return self.on_turn_of_sound(now, turn);
        };
        let Some(state) = self.calls.get_mut(&call) else { return };
        let Call { name, stage: Stage::OffAir(stream, None), told, .. } = &mut *state else { return };
        match turn {
            Turn::Place(_, place) => {
                tell(Level::Info, name.as_deref(), format_args!("waits for others, number {place}"));
                state.tell_place(now, place);
            }
            Turn::Enter(_) => {
                tell(Level::Info, name.as_deref(), format_args!("waits no longer"));
                stream.hush();
                told.place = None;
                self.cards.wake(state.terms.claim.zones);
                self.enter(now, call);
            }
        }
    }

    /// It is the turn of something that is there already.
    fn on_turn_of_sound(&mut self, now: Instant, turn: Turn<Speaker>) {
        match turn {
            Turn::Enter(Speaker::Recording(number)) => self.delays.handle_turn(number),
            Turn::Enter(Speaker::Programme(number)) => self.play_awaited(now, number),
            // Nobody is there to be told a place.
            _ => {}
        }
    }

    /// Callers who wait are told their places again and again.
    pub(super) fn remind(&mut self, now: Instant) {
        for state in self.calls.values_mut() {
            if let Some((place, _)) = state.told.place.filter(|&(_, told_at)| told_at + PLACE_EVERY <= now) {
                state.tell_place(now, place);
            }
        }
    }

    /// When the next one is due.
    pub(super) fn reminder_at(&self) -> Option<Instant> {
        let told_at = self.calls.values().filter_map(|state| state.told.place.map(|(_, told_at)| told_at));
        told_at.min().map(|told_at| told_at + PLACE_EVERY)
    }

    /// Nothing is before a caller but the relay, the chime and `answer-after`; the last only, if he has not been answered.
    pub(super) fn enter(&mut self, now: Instant, call: CallKey) {
        let Some(state) = self.calls.get(&call) else { return };
        let (claim, is_answered) = (state.terms.claim, matches!(state.stage, Stage::OffAir(_, None)));
        // One call too many is refused, and switches nothing.
        let is_refused = self.pager.is_full() && !is_answered;
        let way = if is_refused { now } else { self.open(now) };
        let open_at = way.max(self.cards.open_at(now, &claim));
        // When it begins is known when its chime is.
        let hold = self.cards.claim(now, claim, now + NOT_YET);
        if let Some(state) = self.calls.get_mut(&call) {
            state.hold = Some(hold);
        }
        if is_answered {
            let answer_at = self.chime(now, call, Entry { open_at, answer_at: open_at });
            return self.pager.handle_turn(now, call, answer_at);
        }
        let entry = self.pager.entry(now, open_at);
        let answer_at = self.chime(now, call, entry);
        if answer_at > now && self.hears_chime(now, call) {
            // Before he is told that it rings.
            self.let_hear(now, call);
        }
        self.pager.handle_incoming(now, call, answer_at);
    }

    /// Answers a caller who has to wait, so that he can be told so.
    pub(super) fn hold(&mut self, now: Instant, call: CallKey) {
        let Some((stream, Some(ours))) = self.begin(call) else { return };
        if let Some(state) = self.calls.get_mut(&call) {
            state.stage = Stage::OffAir(stream, None);
            state.open_ear(now);
        }
        self.endpoint.answer(now, call, ours);
    }

    /// Whether a caller is to hear a chime that begins now; one that sounds already he would hear from its middle on, and until
    /// it begins his telephone rings.
    fn hears_chime(&self, now: Instant, call: CallKey) -> bool {
        let Some(state) = self.calls.get(&call).filter(|state| state.terms.early_media) else { return false };
        let id = state.hold.as_ref().map(|hold| hold.id());
        let sounds_at = id.and_then(|id| self.klaxon.as_ref()?.sounds_at(id));
        !self.pager.is_full() && sounds_at == Some(now)
    }

    /// Has a caller hear something before he is answered, if both ends have said what they want: an offer of ours would have
    /// to be sent reliably (RFC 3261 §13.2.1).
    fn let_hear(&mut self, now: Instant, call: CallKey) {
        let Some(Call { stage: Stage::Waiting(prepared), .. }) = self.calls.get(&call) else { return };
        if !prepared.is_agreed() {
            return;
        }
        let Some((stream, Some(ours))) = self.begin(call) else { return };
        stream.open_back();
        if let Some(state) = self.calls.get_mut(&call) {
            state.stage = Stage::OffAir(stream, Some(ours.clone()));
            state.open_ear(now);
        }
        self.endpoint.progress(now, call, ours);
    }

    /// Those who wait for the chime that begins hear it, if they are to.
    pub(super) fn tell_chime(&mut self, now: Instant, begun: &Begun) {
        let waits =
            |state: &Call<'_>| state.hold.as_ref().is_some_and(|hold| begun.calls.contains(&hold.id()));
        let hears = |(_, state): &(&CallKey, &Call<'_>)| state.terms.early_media && waits(state);
        let calls: Vec<_> = self.calls.iter().filter(hears).map(|(&call, _)| call).collect();
        for call in calls {
            self.let_hear(now, call);
            if let Some(Call { stage: Stage::OffAir(stream, _), .. }) = self.calls.get(&call) {
                stream.say(&begun.recital);
            }
        }
    }

    /// A call is over, whatever it waited for.
    pub(super) fn forget(&mut self, call: CallKey) {
        self.queue.handle_ended(Speaker::Call(call));
        self.ringer.handle_ended(call);
    }

    /// Takes what comes from a caller out of his call, which begins to be received if it was not; with what he is to be
    /// answered, if he has not been.
    pub(super) fn begin(&mut self, call: CallKey) -> Option<(Box<Stream<'a>>, Option<Vec<u8>>)> {
        let state = self.calls.get_mut(&call)?;
        match core::mem::replace(&mut state.stage, Stage::Leaving) {
            Stage::Waiting(prepared) => {
                let ours = prepared.ours.clone();
                Some((Box::new(self.media.start(*prepared)), Some(ours)))
            }
            Stage::OffAir(stream, ours) => Some((stream, ours)),
            other => {
                state.stage = other;
                None
            }
        }
    }

    /// The caller is told that it rings, unless he hears the chime.
    pub(super) fn ring(&mut self, now: Instant, call: CallKey) {
        if self.calls.get(&call).is_some_and(|state| matches!(state.stage, Stage::Waiting(_))) {
            self.endpoint.ring(now, call);
        }
    }

    /// Callers hear one another by telephone where they are heard together by the loudspeakers.
    pub(super) fn place_callers(&self, now: Instant) {
        for state in self.calls.values() {
            if let (Stage::OnAir(stream), Some(hold)) = (&state.stage, &state.hold) {
                self.legs.place(stream.voice(), self.cards.audible(now, hold));
            }
        }
    }

    /// Callers hear whether they are heard, when they begin and whenever that changes. The time of who is not, for something
    /// higher is on, does not run.
    pub(super) fn tell_callers(&mut self, now: Instant) {
        for (&call, state) in &mut self.calls {
            let (Stage::OnAir(_), Some(hold)) = (&state.stage, &state.hold) else { continue };
            let (is_heard, is_beaten) =
                (!self.cards.audible(now, hold).is_empty(), self.cards.is_beaten(now, hold));
            if is_beaten {
                self.pager.handle_muted(now, call);
            } else {
                self.pager.handle_heard(now, call);
            }
            match (state.told.is_heard.replace(is_heard), is_heard) {
                (Some(before), after) if before == after => {}
                (_, false) => {
                    tell(Level::Info, state.name.as_deref(), format_args!("is not heard at present"));
                    state.say_at_once(now, &beeps::muted());
                }
                (None, true) if !self.manners.talk_beep => {}
                (_, true) => state.say_at_once(now, &beeps::talk()),
            }
        }
    }

    /// The caller hears that his call ends soon.
    pub(super) fn warn(&self, call: CallKey) {
        if let Some(Call { name, stage: Stage::OnAir(stream), .. }) = self.calls.get(&call) {
            stream.say(&beeps::ending());
            tell(Level::Info, name.as_deref(), format_args!("ends in 10 s: hang-up-after-minutes"));
        }
    }
}
