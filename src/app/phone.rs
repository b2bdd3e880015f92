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
use crate::config::{KeyAction, Mode, Reception, Settings};
use crate::key::Key;
use crate::mix::Recital;
use crate::paging::{KeyCue, KeyEntry, KeyPlan, Keypad, Lockout, Pin, Why};
use crate::sip::CallKey;
use crate::time::Instant;
use crate::timers::Timers;
use core::cell::RefCell;
use core::time::Duration;
use smol::{LocalExecutor, Task};
use std::collections::HashMap;
use std::net::IpAddr;
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
    /// Calls that are done with their keys, and when they are put on air, or hung up on.
    boarding: Timers<CallKey>,
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
    reception: Reception,
    caller: (IpAddr, String),
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
            boarding: Timers::new(),
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

    /// How long a caller on these terms has still to wait, if he is locked out.
    pub(super) fn waits(&self, now: Instant, reception: &Reception, host: IpAddr, name: &str) -> Option<Duration> {
        if reception.pin.is_empty() { None } else { self.lockout.waits(now, host, name) }
    }

    /// A caller rings on these terms.
    pub(super) fn handle_incoming(&mut self, call: CallKey, reception: &Reception, caller: (IpAddr, String)) {
        let has_keys = reception.mode != Mode::Ring && (!reception.pin.is_empty() || self.has_menu(reception));
        if has_keys {
            self.expected.insert(call, Expected { reception: reception.clone(), caller });
        }
    }

    /// Whether a call that rings will have keys.
    pub(super) fn is_expected(&self, call: CallKey) -> bool {
        self.expected.contains_key(&call)
    }

    /// A call is answered; whether it has keys.
    pub(super) fn handle_answer(&mut self, now: Instant, call: CallKey) -> bool {
        let Some(Expected { reception, caller }) = self.expected.remove(&call) else { return false };
        let pin = (!reception.pin.is_empty()).then(|| Pin::new(&reception.pin));
        let entries = if self.has_menu(&reception) { Arc::clone(&self.entries) } else { Arc::default() };
        let keypad = Keypad::new(now, KeyPlan { pin, entries, patience: self.patience });
        self.pads.insert(call, Pad { keypad, actions: Arc::clone(&self.actions), caller });
        true
    }

    /// Whether a call is nobody's page yet: it has still to be answered, or to choose, or is refused.
    pub(super) fn is_choosing(&self, call: CallKey) -> bool {
        self.is_expected(call) || self.pads.contains_key(&call) || self.leaving.is_set(call)
    }

    /// Whether a call that is answered is not on air.
    pub(super) fn is_off_air(&self, call: CallKey) -> bool {
        self.pads.contains_key(&call) || self.boarding.is_set(call) || self.leaving.is_set(call)
    }

    /// Whether keys of a call may not be told.
    pub(super) fn is_secret(&self, call: CallKey) -> bool {
        self.pads.get(&call).is_some_and(|pad| pad.keypad.is_secret())
    }

    /// A call is put on air then.
    pub(super) fn board(&mut self, call: CallKey, at: Instant) {
        self.boarding.set(call, at);
    }

    /// A call is hung up on then, whatever is dialled until then.
    pub(super) fn dismiss(&mut self, call: CallKey, at: Instant) {
        self.pads.remove(&call);
        self.leaving.set(call, at);
    }

    /// The next call to be put on air.
    pub(super) fn poll_boarding(&mut self, now: Instant) -> Option<CallKey> {
        self.boarding.expire(now)
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
        self.making.remove(&call);
        self.boarding.stop(call);
        self.leaving.stop(call);
    }

    /// Does what is due at `now`.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.pads.values_mut().for_each(|pad| pad.keypad.handle_timeout(now));
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.pads.values().filter_map(|pad| pad.keypad.poll_timeout())
            .chain([self.boarding.next(), self.leaving.next()].into_iter().flatten())
            .min()
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
