//! Whether the service lives.
//!
//! ```text
//!          init says which                     silent for too long
//! Awaited ────────────────> Started ── 60 s ───────────────────────> Killed ── 30 s ──> stubborn
//!  ↑ │ 60 s: unheard           │ READY=1, WATCHDOG=1     ↑             │
//!  │ └─────────────────────────┴───────> Heard ──────────┘             │
//!  └───────────────────────────┴───────────┴───── ended ───────────────┘
//! ```
//! A beat makes it Heard from wherever it was.

use super::{Limits, STUBBORN};
use crate::time::Instant;
use core::time::Duration;
use std::collections::VecDeque;

/// The service, as far as it is heard.
#[derive(Debug)]
pub(super) struct Service {
    limits: Limits,
    state: State,
    /// When it was looked at last.
    looked_at: Instant,
    /// It has done once what it should.
    pub(super) was_good: bool,
    was_heard: bool,
    /// It should have been heard, and nothing has been since.
    is_missed: bool,
    /// The last that has ended.
    ended: Option<u32>,
    /// When it was killed, or ended by itself, the last times.
    falls: VecDeque<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Awaited { since: Instant, is_told: bool },
    Started { pid: u32, at: Instant },
    Heard { pid: u32, since: Instant, at: Instant, is_stopping: bool },
    Killed { pid: u32, at: Instant, is_told: bool },
}

/// What is wrong with it; told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It hangs: nothing was heard of it for so long.
    Silent { pid: u32, span: Duration },
    /// It does not even end.
    Stubborn { pid: u32 },
    /// There is none.
    Unheard,
}

/// How it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It was killed because it hung.
    Killed,
    /// It has said so before.
    InOrder,
    /// By itself, or by somebody else.
    Unasked,
}

impl Service {
    pub(super) const fn new(now: Instant, limits: Limits) -> Self {
        let state = State::Awaited { since: now, is_told: false };
        Self {
            limits,
            state,
            looked_at: now,
            was_good: false,
            was_heard: false,
            is_missed: false,
            ended: None,
            falls: VecDeque::new(),
        }
    }

    /// Init says which process it is; of one that is heard, or was killed, more is known.
    pub(super) fn handle_start(&mut self, now: Instant, pid: u32) {
        if matches!(self.state, State::Awaited { .. }) && self.ended != Some(pid) {
            self.state = State::Started { pid, at: now };
        }
    }

    /// Whether it is another one than before.
    pub(super) fn handle_beat(&mut self, now: Instant, pid: u32) -> bool {
        let known = match self.state {
            State::Heard { pid: known, since, .. } if known == pid => Some(since),
            _ => None,
        };
        let since = known.unwrap_or(now);
        if now.since(since) >= PROVEN {
            self.falls.clear();
        }
        self.state = State::Heard { pid, since, at: now, is_stopping: false };
        (self.was_heard, self.is_missed) = (true, false);
        known.is_none()
    }

    /// It is going to end.
    pub(super) fn handle_stopping(&mut self) {
        if let State::Heard { is_stopping, .. } = &mut self.state {
            *is_stopping = true;
        }
    }

    /// How it has ended; `None` if it was another one.
    pub(super) fn handle_end(&mut self, now: Instant, ended: u32) -> Option<Ending> {
        let ending = match self.state {
            _ if self.pid() != Some(ended) => return None,
            State::Killed { .. } => Ending::Killed,
            State::Heard { is_stopping: true, .. } => Ending::InOrder,
            _ => Ending::Unasked,
        };
        if ending == Ending::Unasked {
            self.remember_fall(now);
        }
        self.state = State::Awaited { since: now, is_told: false };
        self.ended = Some(ended);
        Some(ending)
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) -> Option<Verdict> {
        self.forgive(now);
        match &mut self.state {
            State::Heard { pid, at, .. } if now.since(*at) >= self.limits.silence => {
                let (pid, span) = (*pid, self.limits.silence);
                Some(self.kill(now, pid, span))
            }
            State::Started { pid, at } if now.since(*at) >= self.limits.unheard => {
                let (pid, span) = (*pid, self.limits.unheard);
                self.is_missed = true;
                Some(self.kill(now, pid, span))
            }
            State::Killed { pid, at, is_told } if !*is_told && now.since(*at) >= STUBBORN => {
                (*is_told, self.is_missed) = (true, true);
                Some(Verdict::Stubborn { pid: *pid })
            }
            State::Awaited { since, is_told } if !*is_told && now.since(*since) >= self.limits.unheard => {
                (*is_told, self.is_missed) = (true, true);
                Some(Verdict::Unheard)
            }
            _ => None,
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Heard { at, .. } => Some((at + self.limits.silence).min(self.looked_at + LOOK_EVERY)),
            State::Started { at, .. } => Some((at + self.limits.unheard).min(self.looked_at + LOOK_EVERY)),
            State::Killed { at, is_told: false, .. } => Some(at + STUBBORN),
            State::Awaited { since, is_told: false } => {
                Some((since + self.limits.unheard).min(self.looked_at + LOOK_EVERY))
            }
            State::Killed { .. } | State::Awaited { .. } => None,
        }
    }

    /// Nothing is heard, for too long.
    pub(super) const fn is_unheard(&self) -> bool {
        self.is_missed
    }

    /// Not even killing helps.
    pub(super) const fn is_stubborn(&self) -> bool {
        matches!(self.state, State::Killed { is_told: true, .. })
    }

    /// Starting it again does not help; perhaps beginning the machine anew does. One that was never heard, and of which init
    /// says nothing, may be at work all the same; one that beats, or has just been started, has its chance.
    pub(super) fn is_hopeless(&self, now: Instant) -> bool {
        let recent = self.falls.iter().filter(|at| now.since(**at) < FALLS_WITHIN).count();
        match self.state {
            State::Started { .. } | State::Heard { .. } => false,
            State::Awaited { is_told, .. } | State::Killed { is_told, .. } => {
                (is_told && self.was_heard) || recent >= FALLS_MAX
            }
        }
    }

    /// A machine that stood still, or on which this program was held up, says nothing about the service.
    fn forgive(&mut self, now: Instant) {
        let late = now.since(self.looked_at).saturating_sub(LOOK_EVERY);
        self.looked_at = now;
        if let State::Heard { at, .. } | State::Started { at, .. } = &mut self.state
            && late >= STANDSTILL
        {
            *at += late.min(now.since(*at));
        }
    }

    fn kill(&mut self, now: Instant, pid: u32, span: Duration) -> Verdict {
        self.state = State::Killed { pid, at: now, is_told: false };
        self.remember_fall(now);
        Verdict::Silent { pid, span }
    }

    fn remember_fall(&mut self, now: Instant) {
        if self.falls.len() == FALLS_MAX {
            self.falls.pop_front();
        }
        self.falls.push_back(now);
    }

    pub(super) const fn pid(&self) -> Option<u32> {
        match self.state {
            State::Started { pid, .. } | State::Heard { pid, .. } | State::Killed { pid, .. } => Some(pid),
            State::Awaited { .. } => None,
        }
    }
}

/// So often within [`FALLS_WITHIN`] it falls before starting it again is no help.
const FALLS_MAX: usize = 5;
const FALLS_WITHIN: Duration = Duration::from_mins(10);
/// One that has beaten for so long is well, whatever was before.
const PROVEN: Duration = Duration::from_mins(2);
/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// So much later than it should be it is looked at only on a machine that stood still.
const STANDSTILL: Duration = Duration::from_secs(2);
