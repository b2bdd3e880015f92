//! Control by telephone: whose keys mean something, and what.
//!
//! ```text
//! answered ─> Keypad ─> Wish ─> (the service: does it, and says so to the caller)
//!     keys ──────^        └ a wrong PIN ─> Lockout ─> refused before the next answer
//! ```
//! A call has keys where its account asks for a PIN, or where there is any `[key]`; but an emergency call has a PIN at most, and
//! a loud ringer none: those do not wait. All other calls are on air as soon as they are answered; their keys are hushed and do
//! nothing.

use super::bell::Bell;
use crate::config::{KeyAction, Mode, Settings};
use crate::key::Key;
use crate::mix::Recital;
use crate::paging::{KeyCue, KeyEntry, KeyPlan, Keypad, Lockout, Pin, Suspect, Why};
use crate::sip::CallKey;
use crate::time::Instant;
use crate::timers::Timers;
use core::cell::RefCell;
use core::time::Duration;
use smol::{LocalExecutor, Task};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// The keys of all calls.
pub(super) struct Phone<'a> {
    entries: Arc<[KeyEntry]>,
    /// What each of them does.
    actions: Arc<[KeyAction]>,
    patience: Duration,
    lockout: Lockout,
    /// Calls that ring, and will have keys.
    expected: HashMap<CallKey, Expected>,
    pads: HashMap<CallKey, Pad>,
    /// Calls that are done with their keys, and when they are hung up on.
    leaving: Timers<CallKey>,
    executor: Rc<LocalExecutor<'a>>,
    bell: Rc<Bell>,
    /// What tasks have made to be said.
    said: Rc<RefCell<Vec<(CallKey, Recital)>>>,
    /// Makes something to be said; dropped, it stops.
    making: HashMap<CallKey, Task<()>>,
}

/// On which terms a call will have keys.
struct Expected {
    pin: Option<Pin>,
    has_menu: bool,
    caller: Suspect,
}

/// The keys of a call.
struct Pad {
    keypad: Keypad,
    /// What its entries do, as it was when it was answered.
    actions: Arc<[KeyAction]>,
    caller: Suspect,
}

/// What is to be done for a caller.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wish {
    /// Ask him for his PIN.
    Pin,
    /// It was wrong; how long he is locked out, if he is.
    WrongPin(Option<Duration>),
    /// It was right.
    RightPin,
    /// Tell him that he may dial, or wait.
    Menu,
    /// Tell him that there is no such number.
    Unknown,
    /// Do this.
    Do(KeyAction),
    /// He talks, where this says, or where his account says.
    Page(Option<KeyAction>),
    /// The call ends.
    HangUp(Why),
}

impl<'a> Phone<'a> {
    /// What `settings` say; `bell` is rung when [`take_said`](Self::take_said) has something.
    pub(super) fn new(settings: &Settings, executor: Rc<LocalExecutor<'a>>, bell: Rc<Bell>) -> Self {
        let mut phone = Self {
            entries: Arc::default(),
            actions: Arc::default(),
            patience: Duration::ZERO,
            lockout: Lockout::default(),
            expected: HashMap::new(),
            pads: HashMap::new(),
            leaving: Timers::new(),
            executor,
            bell,
            said: Rc::default(),
            making: HashMap::new(),
        };
        phone.set_options(settings);
        phone
    }

    /// Does as `settings` say with calls that are answered from now on.
    pub(super) fn set_options(&mut self, settings: &Settings) {
        let keys = settings.keys.iter().filter_map(|key| Some((entry(&key.digits)?, key.does.clone()?)));
        let (entries, actions): (Vec<_>, Vec<_>) = keys.unzip();
        let pages = |action: &KeyAction| matches!(action, KeyAction::Zones(_));
        let entries = entries.into_iter().zip(&actions);
        self.entries = entries.map(|(keys, action)| KeyEntry { keys, pages: pages(action) }).collect();
        self.actions = actions.into();
        self.patience = settings.calls.dtmf_timeout;
    }

    /// A caller rings, of an account with this mode and this PIN, which may be none. How long he has still to wait, if he is
    /// locked out.
    pub(super) fn handle_incoming(
        &mut self,
        now: Instant,
        call: CallKey,
        (mode, pin): (Mode, &str),
        caller: Suspect,
    ) -> Option<Duration> {
        let pin = (!pin.is_empty() && mode != Mode::Ring).then(|| Pin::new(pin));
        let has_menu = mode == Mode::Page && !self.entries.is_empty();
        if pin.is_none() && !has_menu {
            return None;
        }
        let wait = self.lockout.waits(now, &caller).filter(|_| pin.is_some());
        if wait.is_none() {
            self.expected.insert(call, Expected { pin, has_menu, caller });
        }
        wait
    }

    /// Whether a call that rings will have keys.
    pub(super) fn is_expected(&self, call: CallKey) -> bool {
        self.expected.contains_key(&call)
    }

    /// A call is answered; whether it has keys.
    pub(super) fn handle_answer(&mut self, now: Instant, call: CallKey) -> bool {
        let Some(Expected { pin, has_menu, caller }) = self.expected.remove(&call) else { return false };
        let entries = if has_menu { Arc::clone(&self.entries) } else { Arc::default() };
        let keypad = Keypad::new(now, KeyPlan { pin, entries, patience: self.patience });
        self.pads.insert(call, Pad { keypad, actions: Arc::clone(&self.actions), caller });
        true
    }

    /// Whether a call is nobody's page yet: it has still to be answered, or to choose, or is refused.
    pub(super) fn is_choosing(&self, call: CallKey) -> bool {
        self.is_expected(call) || self.pads.contains_key(&call) || self.leaving.is_set(call)
    }

    /// A call is hung up on then.
    pub(super) fn dismiss(&mut self, call: CallKey, at: Instant) {
        self.leaving.set(call, at);
    }

    /// The next call to be hung up on.
    pub(super) fn poll_leaving(&mut self, now: Instant) -> Option<CallKey> {
        self.leaving.expire(now)
    }

    /// Has something made that a caller is told; what was made for him before is not said.
    pub(super) fn recite(&mut self, call: CallKey, make: impl FnOnce() -> Recital + Send + 'static) {
        let (said, bell) = (Rc::clone(&self.said), Rc::clone(&self.bell));
        let task = self.executor.spawn(async move {
            let recital = smol::unblock(make).await;
            said.borrow_mut().push((call, recital));
            bell.ring();
        });
        self.making.insert(call, task);
    }

    /// What is made for a caller, or has been, is not said to him.
    pub(super) fn hush(&mut self, call: CallKey) {
        self.making.remove(&call);
        self.said.borrow_mut().retain(|(other, _)| *other != call);
    }

    /// What has been made to be said, and to whom.
    pub(super) fn take_said(&mut self) -> Vec<(CallKey, Recital)> {
        let said = self.said.take();
        for (call, _) in &said {
            self.making.remove(call);
        }
        said
    }

    /// A key was pressed.
    pub(super) fn handle_key(&mut self, now: Instant, call: CallKey, key: Key) {
        if let Some(pad) = self.pads.get_mut(&call) {
            pad.keypad.handle_key(now, key);
        }
    }

    /// A call is over.
    pub(super) fn handle_ended(&mut self, call: CallKey) {
        self.expected.remove(&call);
        self.pads.remove(&call);
        self.hush(call);
        self.leaving.stop(call);
    }

    /// Does what is due at `now`.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.pads.values_mut().for_each(|pad| pad.keypad.handle_timeout(now));
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.pads.values().filter_map(|pad| pad.keypad.poll_timeout()).chain(self.leaving.next()).min()
    }

    /// The next thing to do, and for which call.
    pub(super) fn poll_wish(&mut self, now: Instant) -> Option<(CallKey, Wish)> {
        let (&call, pad, cue) =
            self.pads.iter_mut().find_map(|(call, pad)| pad.keypad.poll_cue().map(|cue| (call, pad, cue)))?;
        let action = |index: usize| pad.actions.get(index).cloned();
        let wish = match cue {
            KeyCue::AskPin => Wish::Pin,
            KeyCue::WrongPin => Wish::WrongPin(self.lockout.handle_wrong(now, &pad.caller)),
            // It may have come too late: his other calls have tried as well.
            KeyCue::RightPin => {
                let wait = self.lockout.waits(now, &pad.caller);
                if wait.is_none() {
                    self.lockout.handle_right(&pad.caller);
                }
                wait.map_or(Wish::RightPin, |wait| Wish::WrongPin(Some(wait)))
            }
            KeyCue::Ready => Wish::Menu,
            KeyCue::Unknown => Wish::Unknown,
            KeyCue::Do(index) => action(index).map_or(Wish::Unknown, Wish::Do),
            KeyCue::Page(entry) => Wish::Page(entry.and_then(action)),
            KeyCue::HangUp(why) => Wish::HangUp(why),
        };
        if matches!(wish, Wish::Page(_) | Wish::HangUp(_) | Wish::WrongPin(Some(_))) {
            self.pads.remove(&call);
        }
        Some((call, wish))
    }
}

/// The keys of an entry.
fn entry(digits: &str) -> Option<Vec<Key>> {
    digits.chars().map(Key::from_char).collect::<Option<Vec<_>>>().filter(|keys| !keys.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use std::net::Ipv4Addr;

    const CALL: CallKey = CallKey::FIRST;
    const KEYS: &str = "[calls]\ndtmf-timeout = 2s\n[key 1]\ndo = zones all\n[key 2]\ndo = stop\n";

    fn phone(text: &str) -> Phone<'static> {
        let settings = load(&[("paging.conf", text.as_bytes())], [], &[]).settings;
        Phone::new(&settings, Rc::new(LocalExecutor::new()), Rc::default())
    }

    fn caller(name: &str) -> Suspect {
        Suspect { host: Ipv4Addr::LOCALHOST.into(), name: name.to_owned(), account: String::new() }
    }

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn press(phone: &mut Phone<'_>, call: CallKey, keys: &str) {
        keys.chars().for_each(|key| phone.handle_key(at(0), call, Key::from_char(key).unwrap()));
    }

    fn wishes(phone: &mut Phone<'_>, millis: u64) -> Vec<Wish> {
        core::iter::from_fn(|| phone.poll_wish(at(millis))).map(|(_, wish)| wish).collect()
    }

    #[test]
    fn a_call_has_keys_where_they_mean_something_and_not_where_it_must_not_wait() {
        for (text, mode, pin, has_keys) in [
            ("", Mode::Page, "", false),
            ("", Mode::Page, "12", true),
            (KEYS, Mode::Page, "", true),
            (KEYS, Mode::Emergency, "", false),
            (KEYS, Mode::Emergency, "12", true),
            (KEYS, Mode::Ring, "12", false),
        ] {
            let mut phone = phone(text);
            assert_eq!(phone.handle_incoming(at(0), CALL, (mode, pin), caller("a")), None);
            assert_eq!(phone.is_expected(CALL), has_keys, "{text:?} {mode:?} {pin:?}");
            assert_eq!(phone.handle_answer(at(0), CALL), has_keys);
            assert_eq!(phone.is_choosing(CALL), has_keys);
            phone.handle_ended(CALL);
            assert!(!phone.is_choosing(CALL) && phone.poll_timeout().is_none());
        }
    }

    #[test]
    fn an_emergency_has_no_menu_behind_its_pin() {
        let mut phone = phone(KEYS);
        phone.handle_incoming(at(0), CALL, (Mode::Emergency, "12"), caller("a"));
        phone.handle_answer(at(0), CALL);
        press(&mut phone, CALL, "12#");
        assert_eq!(wishes(&mut phone, 0), [Wish::Pin, Wish::RightPin, Wish::Page(None)]);
    }

    #[test]
    fn keys_do_what_they_did_when_the_call_was_answered() {
        let mut phone = phone(KEYS);
        phone.handle_incoming(at(0), CALL, (Mode::Page, ""), caller("a"));
        phone.handle_answer(at(0), CALL);
        let without = load(&[("paging.conf", b"")], [], &[]).settings;
        phone.set_options(&without);
        press(&mut phone, CALL, "2");
        assert_eq!(wishes(&mut phone, 0), [Wish::Menu, Wish::Do(KeyAction::Stop)]);
        phone.handle_timeout(at(30_000));
        assert_eq!(wishes(&mut phone, 30_000), [Wish::HangUp(Why::Idle)]);
    }

    #[test]
    fn a_right_pin_does_not_help_who_is_locked_out_by_his_other_calls() {
        let (mut phone, other) = (phone(""), CALL.next());
        for call in [CALL, other] {
            phone.handle_incoming(at(0), call, (Mode::Page, "12"), caller("a"));
            phone.handle_answer(at(0), call);
        }
        press(&mut phone, CALL, "1#2#3#");
        let told = wishes(&mut phone, 0);
        assert!(told.contains(&Wish::WrongPin(Some(Duration::from_mins(1)))), "{told:?}");
        press(&mut phone, other, "12#");
        assert_eq!(wishes(&mut phone, 0), [Wish::WrongPin(Some(Duration::from_mins(1)))]);
        let late = CALL.next().next();
        let wait = phone.handle_incoming(at(0), late, (Mode::Page, "12"), caller("a"));
        assert_eq!((wait, phone.is_expected(late)), (Some(Duration::from_mins(1)), false));
        assert_eq!(
            phone.handle_incoming(at(0), late, (Mode::Page, ""), caller("a")),
            None,
            "no PIN, no lock"
        );
    }

    #[test]
    fn what_is_still_made_to_be_said_is_not_said_after_the_next_key() {
        let mut phone = phone(KEYS);
        let recital = || Recital {
            rate: crate::units::SampleRate::HZ_16000,
            parts: vec![],
            level: crate::units::Level::UNITY,
            fade: Duration::ZERO,
        };
        phone.recite(CALL, recital);
        phone.hush(CALL);
        assert!(phone.making.is_empty(), "dropped, its task stops");
        phone.said.borrow_mut().push((CALL, recital()));
        phone.hush(CALL);
        assert!(phone.take_said().is_empty());
    }
}
