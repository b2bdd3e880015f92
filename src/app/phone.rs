//! Control by telephone: whose keys mean something, and what.
//!
//! ```text
//! answered ─> Keypad ─> Wish ─> (the service: does it, and says so to the caller)
//!     keys ──────^        └ a wrong PIN ─> Lockout ─> refused before the next answer
//! ```
//! A call has keys where its account asks for a PIN, or where there is any `[key]`; but an emergency call has a PIN at most, and
//! a loud ringer none: those do not wait. All other calls are on air as soon as they are answered; their keys are hushed and do
//! nothing.

use crate::config::{KeyAction, Mode, Reception, Settings};
use crate::key::Key;
use crate::paging::{KeyCue, KeyEntry, KeyPlan, Keypad, Lockout, Pin, Why};
use crate::sip::CallKey;
use crate::time::Instant;
use core::time::Duration;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// The keys of all calls.
#[derive(Default)]
pub(super) struct Phone {
    entries: Arc<[KeyEntry]>,
    /// What each of them does.
    actions: Arc<[KeyAction]>,
    patience: Duration,
    lockout: Lockout,
    pads: HashMap<CallKey, Pad>,
}

/// The keys of a call.
struct Pad {
    keypad: Keypad,
    /// What its entries do, as it was when it was answered.
    actions: Arc<[KeyAction]>,
    caller: (IpAddr, String),
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

impl Phone {
    /// What `settings` say.
    pub(super) fn new(settings: &Settings) -> Self {
        let mut phone = Self::default();
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

    /// Whether keys of a call on these terms mean something.
    pub(super) fn is_for(&self, reception: &Reception) -> bool {
        reception.mode != Mode::Ring && (!reception.pin.is_empty() || self.has_menu(reception))
    }

    /// How long a caller on these terms has still to wait, if he is locked out.
    pub(super) fn waits(
        &self,
        now: Instant,
        reception: &Reception,
        (host, name): (IpAddr, &str),
    ) -> Option<Duration> {
        if reception.pin.is_empty() { None } else { self.lockout.waits(now, host, name) }
    }

    /// A call is answered.
    pub(super) fn handle_answer(
        &mut self,
        now: Instant,
        call: CallKey,
        reception: &Reception,
        caller: (IpAddr, String),
    ) {
        let pin = (!reception.pin.is_empty()).then(|| Pin::new(&reception.pin));
        let has_menu = self.has_menu(reception);
        let entries = if has_menu { Arc::clone(&self.entries) } else { Arc::default() };
        let keypad = Keypad::new(now, KeyPlan { pin, entries, patience: self.patience });
        self.pads.insert(call, Pad { keypad, actions: Arc::clone(&self.actions), caller });
    }

    /// Whether what a caller does with his keys is not over.
    pub(super) fn is_dialling(&self, call: CallKey) -> bool {
        self.pads.contains_key(&call)
    }

    /// Whether keys of a call may be told.
    pub(super) fn is_secret(&self, call: CallKey) -> bool {
        self.pads.get(&call).is_some_and(|pad| pad.keypad.is_secret())
    }

    /// A key was pressed.
    pub(super) fn handle_key(&mut self, now: Instant, call: CallKey, key: Key) {
        if let Some(pad) = self.pads.get_mut(&call) {
            pad.keypad.handle_key(now, key);
        }
    }

    /// A call is over.
    pub(super) fn handle_ended(&mut self, call: CallKey) {
        self.pads.remove(&call);
    }

    /// Does what is due at `now`.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.pads.values_mut().for_each(|pad| pad.keypad.handle_timeout(now));
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.pads.values().filter_map(|pad| pad.keypad.poll_timeout()).min()
    }

    /// The next thing to do, and for which call.
    pub(super) fn poll_wish(&mut self, now: Instant) -> Option<(CallKey, Wish)> {
        let (&call, pad, cue) =
            self.pads.iter_mut().find_map(|(call, pad)| pad.keypad.poll_cue().map(|cue| (call, pad, cue)))?;
        let (host, name) = &pad.caller;
        let action = |index: usize| pad.actions.get(index).cloned();
        let wish = match cue {
            KeyCue::AskPin => Wish::Pin,
            KeyCue::WrongPin => Wish::WrongPin(self.lockout.handle_wrong(now, *host, name)),
            KeyCue::RightPin => {
                self.lockout.handle_right(*host, name);
                Wish::RightPin
            }
            KeyCue::Ready => Wish::Menu,
            KeyCue::Unknown => Wish::Unknown,
            KeyCue::Do(index) => action(index).map_or(Wish::Unknown, Wish::Do),
            KeyCue::Page(entry) => Wish::Page(entry.and_then(action)),
            KeyCue::HangUp(why) => Wish::HangUp(why),
        };
        if matches!(wish, Wish::Page(_) | Wish::HangUp(_)) {
            self.pads.remove(&call);
        }
        Some((call, wish))
    }

    fn has_menu(&self, reception: &Reception) -> bool {
        reception.mode == Mode::Page && !self.entries.is_empty()
    }
}

/// The keys of an entry.
fn entry(digits: &str) -> Option<Vec<Key>> {
    digits.chars().map(Key::from_char).collect::<Option<Vec<_>>>().filter(|keys| !keys.is_empty())
}
