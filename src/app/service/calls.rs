//! Calls of a box at work: what comes of signalling, and what the pager says of it.

use super::call::Told;
use super::{Call, Caller, KeyWay, Service, Stage, name, proof, sentence, short, tell, tell_reception};
use crate::app::media::Refused;
use crate::app::strangers::TurnedAway;
use crate::paging::Action;
use crate::sip::wire::StatusCode;
use crate::sip::{CallKey, EndReason, Event, Path};
use crate::status::Ended;
use crate::time::Instant;
use core::time::Duration;
use log::Level;

impl<'a> Service<'a> {
    /// Tells the pager which calls have been heard.
    pub(super) fn hear(&mut self, now: Instant) {
        if self.pager.poll_timeout().is_none_or(|due| due > now) {
            return;
        }
        for (&call, state) in &self.calls {
            let Some(stream) = state.stage.stream() else { continue };
            // Who waits is not expected to say anything.
            let is_waiting = matches!(state.stage, Stage::OffAir(..));
            if let Some(at) = if is_waiting { stream.seen_at() } else { stream.heard_at() } {
                self.pager.handle_media(at, call);
            }
            if stream.is_held() {
                self.pager.handle_held(now, call);
            }
        }
    }

    pub(super) fn on_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Incoming { call, from, to, path, call_id, offer } => {
                let name = self.may_tell(now, path).then(|| name(&from, path, &call_id));
                let terms = self.terms(&from, &to, path);
                if let Some(wait) = self.meet(now, call, &terms, (&from, path)) {
                    return self.lock_out(now, call, name.as_deref(), wait);
                }
                self.make_way(now);
                self.cards.wake(terms.claim.zones);
                match self.media.prepare(path, &offer) {
                    Ok(prepared) => {
                        let caller = Caller::new(&from, path, &call_id);
                        let stage = Stage::Waiting(Box::new(prepared));
                        let is_delayed = self.is_delayed(&from, &terms);
                        let (keys, key_way, hold) = (String::new(), None, None);
                        let (since, told) = (now, Told::default());
                        self.take(
                            now,
                            call,
                            Call { name, caller, since, terms, hold, keys, key_way, stage, is_delayed, told },
                        );
                    }
                    Err(refused) => self.refuse(now, call, name.as_deref(), &refused),
                }
            }
            Event::Confirmed { call, body } => self.on_confirmed(now, call, &body),
            Event::Reoffered { call, offer } => self.on_reoffered(now, call, &offer),
            Event::Refreshed { call, answer } => self.on_refreshed(now, call, &answer),
            Event::Info { call, key } => self.on_key(now, call, (key, KeyWay::Info)),
            Event::Message { from, path, call_id, text } if self.may_tell(now, path) => {
                let (from, call_id, text) = (short(&from.uri.to_string()), short(&call_id), short(&text));
                log::info!("text from {from} at {} ({call_id}): {text}", path.remote);
            }
            Event::TurnedAway { from, path, ref call_id, ref method, why, is_last } => {
                self.strangers.tell(now, &TurnedAway { from: &from, path, call_id, method, why, is_last });
            }
            Event::Registration { account, event } => {
                self.accounts.on_event(now, &mut self.endpoint, account, event);
            }
            Event::Ended { call, reason } => {
                self.make_way(now);
                self.on_ended(now, call, reason);
            }
            // The box places no calls, and it plays from the answer on, acknowledged or not.
            _ => {}
        }
    }

    /// Whether lines about this call of a peer may be logged; tells how many were not.
    fn may_tell(&mut self, now: Instant, path: Path) -> bool {
        let held_back = self.throttle.allow(now, path.remote.ip());
        if let Some(count @ 1..) = held_back {
            log::info!("{count} more calls, of {} or others, were not logged", path.remote.ip());
        }
        held_back.is_some()
    }

    fn take(&mut self, now: Instant, call: CallKey, state: Call<'a>) {
        if let Stage::Waiting(prepared) = &state.stage {
            tell(Level::Info, state.name.as_deref(), format_args!("rings, {}", prepared.codec()));
        }
        self.calls.insert(call, state);
        if self.expects_keys(call) {
            // He waits for nobody before he has chosen, and hears no chime.
            return self.pager.handle_incoming(now, call, now);
        }
        self.admit(now, call);
    }

    fn refuse(&mut self, now: Instant, call: CallKey, name: Option<&str>, refused: &Refused) {
        tell(Level::Warn, name, format_args!("refused: {refused}"));
        self.hang_up_keys(call);
        self.endpoint.reject(now, call, refused.status(), refused.warning().as_ref());
    }

    pub(super) fn on_action(&mut self, now: Instant, action: Action<CallKey>) {
        match action {
            Action::Ring(call) => self.ring(now, call),
            Action::Answer(call) if self.is_ready(call) => self.answer(now, call),
            Action::Answer(call) => {
                self.cards.wake(self.zones(call));
                self.answers.push((call, now + READY_FOR));
            }
            Action::Refuse(call) => self.give_up(now, call, StatusCode::BUSY_HERE, "too many calls at once"),
            Action::Hold(call) => self.hold(now, call),
            Action::Warn(call) => self.warn(call),
            Action::HangUp(call, reason) => {
                if let Some(state) = self.calls.get(&call) {
                    tell(Level::Info, state.name.as_deref(), format_args!("ended: {reason}"));
                }
                self.page_ends(now, call, proof::hung_up(reason));
                self.leave(now, call);
            }
        }
    }

    pub(super) fn answer(&mut self, now: Instant, call: CallKey) {
        if self.phone.as_mut().is_some_and(|phone| phone.handle_answer(now, call)) {
            return self.listen_for_keys(now, call);
        }
        if self.calls.get(&call).is_some_and(|state| state.is_delayed) {
            return self.dictate(now, call);
        }
        let Some(hold) = self.calls.get(&call).and_then(|call| call.hold.clone()) else { return };
        let Some((mut stream, ours)) = self.begin(call) else { return };
        if !stream.put_on_air(hold) {
            self.pager.handle_ended(call);
            return self.give_up(now, call, StatusCode::BUSY_HERE, "the audio thread takes no more voices");
        }
        if let Some(ours) = ours {
            self.endpoint.answer(now, call, ours);
        }
        let Some(state) = self.calls.get_mut(&call) else { return };
        state.open_ear(now);
        if let Some(name) = &state.name {
            self.voices.insert(stream.voice(), name.clone());
        }
        state.stage = Stage::OnAir(stream);
        self.pager.handle_talking(now, call);
        self.page_begins(now, call);
    }

    pub(super) fn give_up(&mut self, now: Instant, call: CallKey, status: StatusCode, why: &str) {
        self.hang_up_keys(call);
        if let Some(state) = self.calls.remove(&call) {
            tell(Level::Warn, state.name.as_deref(), format_args!("refused: {why}"));
        }
        self.forget(call);
        // Who has been answered already is not refused, but hung up.
        self.endpoint.reject(now, call, status, None);
        self.endpoint.hang_up(now, call);
    }

    /// Hangs up; the voice plays what has come.
    pub(super) fn leave(&mut self, now: Instant, call: CallKey) {
        self.page_ends(now, call, Ended::Stopped);
        self.dictation_ends(now, call);
        self.hang_up_keys(call);
        if let Some(state) = self.calls.get_mut(&call) {
            state.tell_keys();
            tell_reception(state);
            (state.stage, state.told) = (Stage::Leaving, Told::default());
            state.hold = None;
        }
        self.forget(call);
        self.endpoint.hang_up(now, call);
    }

    fn on_ended(&mut self, now: Instant, call: CallKey, reason: EndReason) {
        self.page_ends(now, call, proof::ended(reason));
        self.dictation_ends(now, call);
        self.pager.handle_ended(call);
        self.hang_up_keys(call);
        self.forget(call);
        if let Some(mut state) = self.calls.remove(&call) {
            state.tell_keys();
            tell_reception(&state);
            tell(Level::Info, state.name.as_deref(), format_args!("{}", sentence(reason)));
        }
    }
}

/// The longest that an answer waits for the sink: more than any queue of idle times.
const READY_FOR: Duration = Duration::from_millis(250);
