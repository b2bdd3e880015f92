//! What callers do with their keys, at a box at work.
//!
//! ```text
//! answered ─> keys ─> done, and told ─> keys …
//!               ├─> a page: the chime, then on air
//!               └─> told no, and hung up on
//! ```

use super::{Service, Stage, short, tell};
use crate::app::phone::{Phone, Wish};
use crate::app::prompt::Prompt;
use crate::app::{announcements, recite};
use crate::config::{KeyAction, Switch};
use crate::mix::Recital;
use crate::paging::Why;
use crate::sip::wire::{NameAddr, StatusCode, Uri};
use crate::sip::{CallKey, Path};
use crate::speech::Script;
use crate::time::Instant;
use crate::units::Level as Loudness;
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
        (from, to): (&NameAddr, &Uri),
        path: Path,
    ) -> Option<Duration> {
        let reception = self.desk.as_ref()?.reception(to).clone();
        let (host, name) = (path.remote.ip(), short(&from.uri.to_string()));
        let phone = self.phone.as_mut()?;
        let wait = phone.waits(now, &reception, host, &name);
        if wait.is_none() {
            phone.handle_incoming(call, &reception, (host, name));
        }
        wait
    }

    /// Refuses a caller who has to wait.
    pub(super) fn lock_out(&mut self, now: Instant, call: CallKey, name: Option<&str>, wait: Duration) {
        tell(Level::Warn, name, format_args!("refused: locked out for {} s more, for wrong PINs", wait.as_secs() + 1));
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

    /// Whether a call is answered and not on air, for its caller dials, or waits for his chime.
    pub(super) fn is_dialling(&self, call: CallKey) -> bool {
        self.phone.as_ref().is_some_and(|phone| phone.is_off_air(call))
    }

    /// Does what keys, or their absence, ask for.
    pub(super) fn follow_phone(&mut self, now: Instant) {
        let Some(phone) = &mut self.phone else { return };
        phone.handle_timeout(now);
        let said = phone.take_said();
        for (call, recital) in said {
            self.say_to(call, &recital);
        }
        while let Some((call, wish)) = self.phone.as_mut().and_then(|phone| phone.poll_wish(now)) {
            self.grant(now, call, wish);
        }
        while let Some(call) = self.phone.as_mut().and_then(|phone| phone.poll_boarding(now)) {
            self.put_on_air(now, call);
        }
        while let Some(call) = self.phone.as_mut().and_then(|phone| phone.poll_leaving(now)) {
            self.pager.handle_ended(call);
            self.leave(now, call);
        }
    }

    fn grant(&mut self, now: Instant, call: CallKey, wish: Wish) {
        match wish {
            Wish::Pin => self.prompt(call, Prompt::Pin),
            Wish::Menu => self.prompt(call, Prompt::Menu),
            Wish::Unknown => self.prompt(call, Prompt::No),
            Wish::RightPin => self.tell_of(call, Level::Info, "the PIN is right"),
            Wish::WrongPin(wait) => {
                self.tell_of(call, Level::Warn, "a wrong PIN");
                self.prompt(call, Prompt::No);
                if let Some(wait) = wait {
                    self.tell_of(call, Level::Warn, &format!("locked out for {} s", wait.as_secs()));
                    self.dismiss(now, call, Why::WrongPin);
                }
            }
            Wish::HangUp(why) => {
                self.prompt(call, Prompt::No);
                self.dismiss(now, call, why);
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
                self.toggle_emergency(now);
                Ok(())
            }
            KeyAction::Stop => {
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
        if let Some(Stage::OnAir(stream)) = self.calls.get(&call).map(|call| &call.stage) {
            stream.say(recital);
        }
    }

    fn prompt(&self, call: CallKey, prompt: Prompt) {
        if let Some(Stage::OnAir(stream)) = self.calls.get(&call).map(|call| &call.stage) {
            // What is said is over with the next key, or the next word.
            stream.hush();
            stream.say(&prompt.recital());
        }
    }

    /// The caller talks as soon as his chime is over: where a key says, or where his account says.
    fn board(&mut self, now: Instant, call: CallKey, _action: Option<&KeyAction>) {
        self.make_way(now);
        self.cards.wake();
        let open_at = self.open(now);
        let at = self.chime(now, open_at);
        if let Some(phone) = &mut self.phone {
            phone.board(call, at);
        }
    }

    fn put_on_air(&mut self, now: Instant, call: CallKey) {
        let Some(state) = self.calls.get(&call) else { return };
        let Stage::OnAir(stream) = &state.stage else { return };
        stream.hush();
        if !stream.put_on_air() {
            self.tell_of(call, Level::Warn, "ended: the audio thread takes no more voices");
            self.pager.handle_ended(call);
            return self.leave(now, call);
        }
        if let Some(name) = &state.name {
            self.voices.insert(stream.voice(), name.clone());
        }
    }

    fn set_volume(&mut self, _now: Instant, call: CallKey, how: impl Fn(Loudness) -> Loudness) {
        let level = how(Loudness::UNITY);
        match Script::of_text(&percent(level).to_string()) {
            Ok(script) => self.recite(call, script),
            Err(_) => self.prompt(call, Prompt::Done),
        }
    }

    fn set_night(&mut self, _now: Instant, _call: CallKey, _night: Switch) {}

    /// Hangs up as soon as the caller has heard that it is no.
    fn dismiss(&mut self, now: Instant, call: CallKey, why: Why) {
        self.tell_of(call, Level::Info, &format!("ended: {why}"));
        if let Some(phone) = &mut self.phone {
            phone.dismiss(call, now + SAYS_NO_FOR);
        }
    }

    pub(super) fn tell_of(&self, call: CallKey, level: Level, what: &str) {
        let name = self.calls.get(&call).and_then(|call| call.name.as_deref());
        tell(level, name, format_args!("{what}"));
    }
}

fn louder(level: Loudness) -> Loudness {
    Loudness::from_gain((level.gain() * STEP).min(Loudness::UNITY.gain()))
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
/// The tones that say no, and the way to the caller.
const SAYS_NO_FOR: Duration = Duration::from_millis(900);
