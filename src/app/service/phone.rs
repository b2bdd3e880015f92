//! What callers do with their keys, at a box at work.
//!
//! ```text
//! answered ─> keys ─> done, and told ─> keys …
//!               ├─> a page: the chime, then on air
//!               └─> told no, and hung up on
//! ```

use super::call::KeyWay;
use super::callers::Speaker;
use super::playing::Asker;
use super::{Service, short, tell};
use crate::app::phone::{Phone, Wish};
use crate::app::prompt::Prompt;
use crate::app::terms::Terms;
use crate::app::{announcements, recite};
use crate::clock;
use crate::config::{KeyAction, Switch};
use crate::key::Key;
use crate::mix::Recital;
use crate::paging::{Admission, Suspect};
use crate::sip::wire::{NameAddr, StatusCode};
use crate::sip::{self, CallKey, Path};
use crate::speech::Script;
use crate::time::Instant;
use crate::units::Level as Loudness;
use crate::zones::ZoneSet;
use core::time::Duration;
use log::Level;

impl<'a> Service<'a> {
    /// The same box with keys that mean something.
    pub(in crate::app) fn dialled_by(self, phone: Phone<'a>) -> Self {
        Self { phone: Some(phone), ..self }
    }

    /// A caller rings who will have keys, or not; how long he has still to wait, if he is locked out.
    pub(super) fn meet(
        &mut self,
        now: Instant,
        call: CallKey,
        terms: &Terms,
        (from, path): (&NameAddr, Path),
    ) -> Option<Duration> {
        let (user, host) = sip::identity(&from.uri);
        let (host, name) = (path.remote.ip(), short(&format!("{user}@{host}")));
        let caller = Suspect { host, name, account: terms.section.clone() };
        self.phone.as_mut()?.handle_incoming(now, call, (terms.mode, &terms.pin), caller)
    }

    /// Refuses a caller who has to wait.
    pub(super) fn lock_out(&mut self, now: Instant, call: CallKey, name: Option<&str>, wait: Duration) {
        tell(
            Level::Warn,
            name,
            format_args!("refused: locked out for {} s more, for wrong PINs", wait.as_secs() + 1),
        );
        self.endpoint.reject(now, call, StatusCode::FORBIDDEN, None);
    }

    /// A call is over, and its keys.
    pub(super) fn hang_up_keys(&mut self, call: CallKey) {
        if let Some(phone) = &mut self.phone {
            phone.handle_ended(call);
        }
    }

    /// A caller rings; whether he is to prove himself, or to choose, before he is heard.
    pub(super) fn expects_keys(&self, call: CallKey) -> bool {
        self.phone.as_ref().is_some_and(|phone| phone.is_expected(call))
    }

    /// Whether a call is nobody's page yet, for its caller has still to choose.
    pub(super) fn is_choosing(&self, call: CallKey) -> bool {
        self.phone.as_ref().is_some_and(|phone| phone.is_choosing(call))
    }

    /// Answers a caller who has keys.
    pub(super) fn listen_for_keys(&mut self, now: Instant, call: CallKey) {
        self.hold(now, call);
        if let Some(stream) = self.calls.get(&call).and_then(|state| state.stage.stream()) {
            // Or he hears nothing before he speaks.
            stream.open_back();
        }
    }

    /// Keys that came with the media.
    pub(super) fn take_keys(&mut self, now: Instant) {
        let mut pressed = Vec::new();
        for (&call, state) in &self.calls {
            let Some(stream) = state.stage.stream() else { continue };
            pressed.extend(core::iter::from_fn(|| stream.poll_key()).map(|key| (call, key)));
        }
        for (call, key) in pressed {
            self.on_key(now, call, (key, KeyWay::Media));
        }
    }

    /// Keys stand in the log, those of one second in one line, but for those of calls that have a PIN. Some telephones send
    /// each of them by two ways; the way of the first one is that of the call.
    pub(super) fn on_key(&mut self, now: Instant, call: CallKey, (key, way): (Key, KeyWay)) {
        if self.calls.get_mut(&call).is_some_and(|state| !state.takes_keys_by(way)) {
            return;
        }
        if self.dictation_key(now, call, key) {
            return;
        }
        if self.is_choosing(call) {
            self.hush_for(call);
        }
        if let Some(phone) = &mut self.phone {
            phone.handle_key(now, call, key);
        }
        // Where there is a PIN, any key may be one of it: a late one, one of a try too many.
        let Some(state) = self.calls.get_mut(&call).filter(|state| state.terms.pin.is_empty()) else {
            return;
        };
        state.press(key);
        if self.chatter.allow(now, state.caller.peer.ip()).is_some() {
            state.tell_keys();
        }
    }

    /// Does what is due, and says what has been made to be said.
    pub(super) fn follow_keys(&mut self, now: Instant) {
        let Some(phone) = &mut self.phone else { return };
        phone.handle_timeout(now);
        for (call, recital) in phone.take_said() {
            self.say_to(call, &recital);
        }
        while let Some(call) = self.phone.as_mut().and_then(|phone| phone.poll_leaving(now)) {
            self.pager.handle_ended(call);
            self.leave(now, call);
        }
    }

    /// The next thing that keys, or their absence, ask for.
    pub(super) fn poll_wish(&mut self, now: Instant) -> Option<(CallKey, Wish)> {
        self.phone.as_mut()?.poll_wish(now)
    }

    /// Does it.
    pub(super) fn grant(&mut self, now: Instant, call: CallKey, wish: Wish) {
        match wish {
            // After that the one before was wrong, or right.
            Wish::Pin => self.say_to(call, &Prompt::Pin.recital()),
            Wish::Menu => self.say_to(call, &Prompt::Menu.recital()),
            Wish::Unknown => self.prompt(call, Prompt::No),
            Wish::RightPin => self.tell_of(call, Level::Info, "the PIN is right"),
            Wish::WrongPin(wait) => {
                self.tell_of(call, Level::Warn, "a wrong PIN");
                self.prompt(call, Prompt::No);
                if let Some(wait) = wait {
                    self.tell_of(call, Level::Warn, &format!("locked out for {} s", wait.as_secs()));
                    self.dismiss(now, call);
                }
            }
            Wish::HangUp(why) => {
                self.tell_of(call, Level::Info, &format!("ended: {why}"));
                self.prompt(call, Prompt::No);
                self.dismiss(now, call);
            }
            Wish::Do(action) => self.act(now, call, &action),
            Wish::Page(action) => self.board(now, call, action.as_ref()),
        }
    }

    fn act(&mut self, now: Instant, call: CallKey, action: &KeyAction) {
        let outcome = match action {
            KeyAction::Announcement(number) => self.play_announcement(now, number),
            KeyAction::Test => self.play_test(now),
            KeyAction::Emergency => {
                let is_on = self.toggle_emergency(now, Asker::Caller(call));
                return self.prompt(call, if is_on { Prompt::Done } else { Prompt::Cancelled });
            }
            KeyAction::Stop => {
                self.tell_of(call, Level::Info, "ends everything else that is heard");
                self.end_pages_but(now, Some(call));
                Ok(())
            }
            KeyAction::Night(night) => {
                self.set_night(now, call, *night);
                Ok(())
            }
            KeyAction::Volume(level) => return self.set_volume(now, call, |_| *level),
            KeyAction::VolumeUp => return self.set_volume(now, call, louder),
            KeyAction::VolumeDown => return self.set_volume(now, call, softer),
            KeyAction::Reboot => return self.take_reboot(now, call),
            KeyAction::Address => return self.recite(call, Script::of_address(announcements::own_address())),
            KeyAction::Zones(_) => return self.board(now, call, Some(action)),
        };
        match outcome {
            Ok(()) => self.prompt(call, Prompt::Done),
            Err(error) => {
                self.tell_of(call, Level::Warn, &error.to_string());
                self.prompt(call, Prompt::No);
            }
        }
    }

    /// Tells the caller something that is made ready elsewhere.
    fn recite(&mut self, call: CallKey, script: Script) {
        if let Some(phone) = &mut self.phone {
            phone.recite(call, move || recite::recital(&script, Loudness::UNITY));
        }
    }

    fn say_to(&self, call: CallKey, recital: &Recital) {
        if let Some(state) = self.calls.get(&call) {
            state.say(clock::now(), recital);
        }
    }

    pub(super) fn prompt(&mut self, call: CallKey, prompt: Prompt) {
        self.hush_for(call);
        self.say_to(call, &prompt.recital());
    }

    /// What is said to a caller is over with his next key.
    fn hush_for(&mut self, call: CallKey) {
        if let Some(phone) = &mut self.phone {
            phone.hush(call);
        }
        if let Some(stream) = self.calls.get(&call).and_then(|state| state.stage.stream()) {
            stream.hush();
        }
    }

    /// The caller pages: where a key says, or where he would be heard without keys.
    fn board(&mut self, now: Instant, call: CallKey, action: Option<&KeyAction>) {
        let zones = match (action, &self.desk) {
            (Some(KeyAction::Zones(names)), Some(desk)) => {
                let zones = desk.settings.zone_set(names);
                self.tell_of(call, Level::Info, &format!("pages {}", desk.zone_names(zones).join(", ")));
                Some(zones)
            }
            _ => None,
        };
        self.hush_for(call);
        let Some(state) = self.calls.get_mut(&call) else { return };
        state.terms.claim.zones = zones.unwrap_or(state.terms.claim.zones);
        let (want, is_delayed) = (state.terms.want(), state.is_delayed);
        if is_delayed {
            return self.board_words(now, call);
        }
        self.make_way(now);
        match self.queue.handle_incoming(Speaker::Call(call), want) {
            Admission::Enter => {
                self.cards.wake(want.zones);
                self.enter(now, call);
            }
            // He is told his place.
            Admission::Wait => self.pager.handle_waiting(now, call),
            Admission::Refuse => {
                self.prompt(call, Prompt::No);
                self.tell_of(call, Level::Warn, "ended: too many wait already");
                self.dismiss(now, call);
            }
        }
    }

    /// The same of one who is recorded.
    fn board_words(&mut self, now: Instant, call: CallKey) {
        if self.has_room_for_words() {
            return self.dictate(now, call);
        }
        self.prompt(call, Prompt::No);
        self.tell_of(call, Level::Warn, "ended: there is no room for another recording");
        self.dismiss(now, call);
    }

    /// Makes the zones of the caller louder or softer, and says how loud the first of them is now.
    fn set_volume(&mut self, now: Instant, call: CallKey, how: impl Fn(Loudness) -> Loudness) {
        let Some(zones) = self.calls.get(&call).map(|state| state.terms.claim.zones) else { return };
        let mut said = None;
        for zone in zones.iter() {
            let level = how(self.cards.zone_volume(zone));
            self.cards.set_zone_volume(now, ZoneSet::one(zone), level);
            said = said.or(Some(level));
        }
        let percent = percent(said.unwrap_or(Loudness::UNITY));
        self.tell_of(call, Level::Info, &format!("volume {percent} % in {} zones", zones.iter().count()));
        match Script::of_text(&percent.to_string()) {
            Ok(script) => self.recite(call, script),
            Err(_) => self.prompt(call, Prompt::Done),
        }
    }

    fn set_night(&mut self, now: Instant, call: CallKey, night: Switch) {
        self.tell_of(
            call,
            Level::Info,
            match night {
                Switch::On => "it is night until it is told otherwise",
                Switch::Off => "it is day until it is told otherwise",
                Switch::Auto => "the night goes by the clock",
            },
        );
        self.cards.set_night(now, night);
    }

    /// Hangs up as soon as the caller has heard what he was told by tones.
    pub(super) fn dismiss(&mut self, now: Instant, call: CallKey) {
        if let Some(phone) = &mut self.phone {
            phone.dismiss(call, now + TOLD_IN);
        }
    }

    pub(super) fn tell_of(&self, call: CallKey, level: Level, what: &str) {
        let name = self.calls.get(&call).and_then(|call| call.name.as_deref());
        tell(level, name, format_args!("{what}"));
    }
}

fn louder(level: Loudness) -> Loudness {
    Loudness::from_gain(
        (level.gain() * STEP).clamp(Loudness::from_db(QUIET_DB).gain(), Loudness::UNITY.gain()),
    )
}

fn softer(level: Loudness) -> Loudness {
    Loudness::from_gain(level.gain() / STEP)
}

/// As it is said.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
fn percent(level: Loudness) -> u32 {
    (level.gain() * 100.0).round() as u32
}

/// Up and down, by 3 dB.
const STEP: f32 = 1.413;
/// The first step up from silence.
const QUIET_DB: f32 = -30.0;
/// The longest tones, those that say no, and the way to the caller.
const TOLD_IN: Duration = Duration::from_millis(900);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_mute_becomes_audible_by_one_step_up_and_nothing_louder_than_whole() {
        assert!((percent(louder(Loudness::MUTE)), percent(louder(Loudness::UNITY))) == (3, 100));
        let mut level = Loudness::from_gain(0.5);
        level = softer(louder(level));
        assert_eq!(percent(level), 50);
    }
}
