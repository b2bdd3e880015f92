//! What a caller does with his keys: he proves himself, chooses, or just talks.
//!
//! ```text
//!  answered ─┬─ a PIN ─> asked ── right ─┬─ no entries ───────────────────────> page
//!            │             └ three wrong: HangUp                                ^
//!            └─ none ────────────────────┴─> menu ── nothing for the patience ──┤
//!                                             ├── #, or an entry that pages ────┘
//!                                             ├── another entry: Do, and the menu again
//!                                             └── some key, then none for long: HangUp
//! ```
//! Digits are an entry as soon as no longer entry begins with them, else when `#` or no further key comes. `*` takes back what
//! was typed. What becomes no entry any more is listened to until it ends, so that the rest of a mistyped number is
//! not taken for another one. Who has pressed a key is never put on air for his silence: he may have lain the receiver on
//! the table; `#` alone is how he talks.
//!
//! Decides: when a PIN is right, which entry is meant, when silence is a page and when it is the end. However keys come, it comes
//! to its end: a page, or hanging up. Leaves out: what entries do, how the caller is told, who may not try any more
//! ([`Lockout`](super::Lockout)).

use super::Pin;
use crate::key::Key;
use crate::time::Instant;
use core::fmt;
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

/// The keys of one call.
#[derive(Debug)]
pub struct Keypad {
    plan: Plan,
    stage: Stage,
    /// What was typed and is not finished.
    typed: heapless::Vec<Key, { Pin::MOST }>,
    /// It is too long, or the beginning of nothing.
    is_spoilt: bool,
    /// An entry was recognised without `#`: one that comes before still belongs to it.
    ended_until: Instant,
    due_at: Instant,
    /// Nobody dials longer.
    until: Instant,
    cues: VecDeque<Cue>,
}

/// What keys mean.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is asked for first.
    pub pin: Option<Pin>,
    /// What can be dialled.
    pub entries: Arc<[Entry]>,
    /// A number ends when no further key comes for so long.
    pub patience: Duration,
}

/// Something that can be dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The keys, at least one.
    pub keys: Vec<Key>,
    /// Whether the caller talks then.
    pub pages: bool,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cue {
    /// Ask for the PIN.
    AskPin,
    /// Say that it was wrong.
    WrongPin,
    /// It was right.
    RightPin,
    /// Say that the menu is open.
    Ready,
    /// Say that there is no such entry.
    Unknown,
    /// Do what this entry says.
    Do(usize),
    /// The caller talks: as this entry says, or as everybody does. Nothing comes after it.
    Page(Option<usize>),
    /// The call ends. Nothing comes after it.
    HangUp(Why),
}

/// Why a call that has keys ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// No PIN was entered.
    NoPin,
    /// Three were wrong.
    WrongPin,
    /// Nothing more was dialled.
    Idle,
    /// It never came to an end.
    TooLong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The PIN is asked for, after so many tries.
    Pin {
        tries: u8,
    },
    /// Whether a key was pressed there.
    Menu {
        is_touched: bool,
    },
    Over,
}

/// What ends a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Pound,
    Silence,
}

impl Keypad {
    /// A call that is answered now.
    #[must_use]
    pub fn new(now: Instant, plan: Plan) -> Self {
        let mut keypad = Self {
            plan,
            stage: Stage::Over,
            typed: heapless::Vec::new(),
            is_spoilt: false,
            ended_until: now,
            due_at: now,
            until: now + DIALS_FOR,
            cues: VecDeque::new(),
        };
        if keypad.plan.pin.is_some() {
            keypad.ask(now, 0);
        } else {
            keypad.open(now);
        }
        keypad
    }

    /// A key was pressed.
    pub fn handle_key(&mut self, now: Instant, key: Key) {
        self.handle_timeout(now);
        if let Stage::Menu { is_touched } = &mut self.stage {
            *is_touched = true;
        }
        match key {
            _ if self.is_over() => {}
            Key::POUND => self.enter(now, End::Pound),
            Key::STAR => self.clear(now),
            key => self.add(now, key),
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_none_or(|due| due > now) {
            return;
        }
        if self.until <= now {
            return self.end(Cue::HangUp(Why::TooLong));
        }
        self.enter(now, End::Silence);
    }

    /// The next thing to do.
    pub fn poll_cue(&mut self) -> Option<Cue> {
        self.cues.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        (!self.is_over()).then_some(self.due_at.min(self.until))
    }

    /// Whether keys that come now are part of a secret.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self.stage, Stage::Pin { .. })
    }

    /// Whether keys mean nothing any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    fn ask(&mut self, now: Instant, tries: u8) {
        self.stage = Stage::Pin { tries };
        self.cues.push_back(Cue::AskPin);
        self.clear(now);
    }

    /// Opens the menu, if there is one.
    fn open(&mut self, now: Instant) {
        if self.plan.entries.is_empty() {
            return self.end(Cue::Page(None));
        }
        self.stage = Stage::Menu { is_touched: false };
        self.cues.push_back(Cue::Ready);
        self.clear(now);
    }

    fn end(&mut self, cue: Cue) {
        self.stage = Stage::Over;
        self.typed.clear();
        self.cues.push_back(cue);
    }

    /// Waits for the first key of a number.
    fn clear(&mut self, now: Instant) {
        self.typed.clear();
        (self.is_spoilt, self.ended_until) = (false, now);
        self.due_at = now
            + match self.stage {
                Stage::Menu { is_touched: false } => self.plan.patience,
                Stage::Menu { is_touched: true } => LEAVES_AFTER,
                _ => self.plan.patience.max(PIN_WITHIN),
            };
    }

    fn add(&mut self, now: Instant, key: Key) {
        self.ended_until = now;
        self.due_at = now + self.plan.patience;
        self.is_spoilt |= self.typed.push(key).is_err();
        if self.is_secret() || self.is_spoilt {
            return;
        }
        let found = self.find();
        let may_go_on = self.plan.entries.iter().any(|entry| self.is_begun(entry));
        match found {
            Some(index) if !may_go_on => {
                self.choose(now, index);
                self.ended_until = now + self.plan.patience;
            }
            None if !may_go_on => self.is_spoilt = true,
            _ => {}
        }
    }

    /// The number is finished.
    fn enter(&mut self, now: Instant, end: End) {
        match self.stage {
            Stage::Pin { tries } => self.enter_pin(now, tries + 1),
            Stage::Menu { is_touched } if self.typed.is_empty() => match end {
                End::Pound if self.ended_until > now => self.clear(now),
                End::Silence if is_touched => self.end(Cue::HangUp(Why::Idle)),
                End::Pound | End::Silence => self.end(Cue::Page(None)),
            },
            Stage::Menu { .. } => {
                if let Some(index) = self.find().filter(|_| !self.is_spoilt) {
                    self.choose(now, index);
                } else {
                    self.cues.push_back(Cue::Unknown);
                    self.clear(now);
                }
            }
            Stage::Over => {}
        }
    }

    fn enter_pin(&mut self, now: Instant, tries: u8) {
        let is_right =
            !self.is_spoilt && self.plan.pin.as_ref().is_some_and(|pin| pin.is_entered_by(&self.typed));
        let is_empty = self.typed.is_empty();
        if is_right {
            self.cues.push_back(Cue::RightPin);
            return self.open(now);
        }
        if !is_empty {
            self.cues.push_back(Cue::WrongPin);
        }
        if tries < TRIES {
            return self.ask(now, tries);
        }
        self.end(Cue::HangUp(if is_empty { Why::NoPin } else { Why::WrongPin }));
    }

    fn choose(&mut self, now: Instant, index: usize) {
        if self.plan.entries.get(index).is_some_and(|entry| entry.pages) {
            return self.end(Cue::Page(Some(index)));
        }
        self.cues.push_back(Cue::Do(index));
        self.clear(now);
    }

    /// The entry that was typed.
    fn find(&self) -> Option<usize> {
        self.plan.entries.iter().position(|entry| entry.keys == *self.typed)
    }

    /// Whether what was typed is the beginning of an entry, and not all of it.
    fn is_begun(&self, entry: &Entry) -> bool {
        entry.keys.len() > self.typed.len() && entry.keys.starts_with(&self.typed)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPin => "no PIN was entered",
            Self::WrongPin => "the PIN was wrong three times",
            Self::Idle => "nothing more was dialled",
            Self::TooLong => "its caller dialled for five minutes",
        })
    }
}

/// A PIN may be entered so often in one call.
const TRIES: u8 = 3;
/// Who is asked for a PIN may have to look for it.
const PIN_WITHIN: Duration = Duration::from_secs(10);
/// Whatever is pressed, a caller pages then or has gone.
const DIALS_FOR: Duration = Duration::from_mins(5);
/// Who has dialled something and now dials nothing has left.
const LEAVES_AFTER: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
