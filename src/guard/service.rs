//! Whether the service lives.
//!
//! ```text
//!            READY=1, WATCHDOG=1            silent for too long
//! Awaited ────────────────────────> Heard ───────────────────────> Killed ── 30 s ──> stubborn
//!    ↑ 60 s: unheard                  │ ended                        │ ended
//!    └────────────────────────────────┴──────────────────────────────┘
//! ```

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
    /// The last of them.
    kills: VecDeque<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Awaited { since: Instant, is_told: bool },
    Heard { pid: u32, at: Instant },
    Killed { pid: u32, at: Instant, is_told: bool },
}

/// What is wrong with it; told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It hangs.
    Silent { pid: u32 },
    /// It does not even end.
    Stubborn { pid: u32 },
    /// There is none.
    Unheard,
}

impl Service {
    pub(super) const fn new(now: Instant, limits: Limits) -> Self {
        let state = State::Awaited { since: now, is_told: false };
        Self { limits, state, looked_at: now, was_good: false, was_heard: false, kills: VecDeque::new() }
    }

    /// Whether it is another one than before.
    pub(super) fn handle_beat(&mut self, now: Instant, pid: u32) -> bool {
        let is_same = matches!(self.state, State::Heard { pid: known, .. } if known == pid);
        self.state = State::Heard { pid, at: now };
        self.was_heard = true;
        !is_same
    }

    /// Whether it was this one.
    pub(super) fn handle_end(&mut self, now: Instant, ended: u32) -> bool {
        let is_this = self.pid() == Some(ended);
        if is_this {
            self.state = State::Awaited { since: now, is_told: false };
        }
        is_this
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) -> Option<Verdict> {
        self.forgive(now);
        match &mut self.state {
            State::Heard { pid, at } if now.since(*at) >= self.limits.silence => {
                let pid = *pid;
                self.state = State::Killed { pid, at: now, is_told: false };
                self.remember_kill(now);
                Some(Verdict::Silent { pid })
            }
            State::Killed { pid, at, is_told } if !*is_told && now.since(*at) >= STUBBORN => {
                *is_told = true;
                Some(Verdict::Stubborn { pid: *pid })
            }
            State::Awaited { since, is_told } if !*is_told && now.since(*since) >= self.limits.unheard => {
                *is_told = true;
                Some(Verdict::Unheard)
            }
            _ => None,
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Heard { at, .. } => Some((at + self.limits.silence).min(self.looked_at + LOOK_EVERY)),
            State::Killed { at, is_told: false, .. } => Some(at + STUBBORN),
            State::Awaited { since, is_told: false } => Some(since + self.limits.unheard),
            State::Killed { .. } | State::Awaited { .. } => None,
        }
    }

    /// Nothing is heard, for too long.
    pub(super) const fn is_unheard(&self) -> bool {
        matches!(self.state, State::Awaited { is_told: true, .. } | State::Killed { is_told: true, .. })
    }

    /// Not even killing helps.
    pub(super) const fn is_stubborn(&self) -> bool {
        matches!(self.state, State::Killed { is_told: true, .. })
    }

    /// Starting it again does not help; perhaps beginning the machine anew does. One that was never heard may be at work all
    /// the same.
    pub(super) fn is_hopeless(&self, now: Instant) -> bool {
        let recent = self.kills.iter().filter(|at| now.since(**at) < KILLS_WITHIN).count();
        (self.is_unheard() && self.was_heard) || recent >= KILLS_MAX
    }

    /// A machine that stood still, or on which this program was held up, says nothing about the service.
    fn forgive(&mut self, now: Instant) {
        let late = now.since(self.looked_at).saturating_sub(LOOK_EVERY);
        self.looked_at = now;
        if let State::Heard { at, .. } = &mut self.state
            && late >= STANDSTILL
        {
            *at += late.min(now.since(*at));
        }
    }

    fn remember_kill(&mut self, now: Instant) {
        if self.kills.len() == KILLS_MAX {
            self.kills.pop_front();
        }
        self.kills.push_back(now);
    }

    pub(super) const fn pid(&self) -> Option<u32> {
        match self.state {
            State::Heard { pid, .. } | State::Killed { pid, .. } => Some(pid),
            State::Awaited { .. } => None,
        }
    }
}

/// So often within [`KILLS_WITHIN`] it is killed before that is no help.
const KILLS_MAX: usize = 5;
const KILLS_WITHIN: Duration = Duration::from_mins(10);
/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// So much later than it should be it is looked at only on a machine that stood still.
const STANDSTILL: Duration = Duration::from_secs(2);
