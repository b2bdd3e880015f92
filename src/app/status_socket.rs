//! The socket of `paging status`: who asks, and what he has not read yet.
//!
//! ```text
//!  connects ── 5 s ──> dropped        asks ─> waits ─> is answered ─> may ask again
//!      └ the fifth: refused                              └ reads nothing for 5 s: dropped
//! ```
//! Answers are made by the service when its other work is done, [`FRESH_FOR`] apart at least, and only when somebody asks:
//! else all this costs nothing. One text serves all who ask at once. Bounds: [`GUESTS`] connections, a line of
//! [`Question::LONGEST`] bytes and one answer of each.

use super::bell::Bell;
use super::entrance::{self, Attend, Entrance, EntranceError};
use crate::net::{Local, Ready};
use crate::status::{Question, QuestionError, Status};
use crate::time::Instant;
use core::cell::RefCell;
use core::fmt;
use core::time::Duration;
use smol::LocalExecutor;
use std::path::Path;
use std::rc::Rc;

/// A socket, and those who ask at it.
pub(super) struct StatusSocket(Rc<RefCell<Door>>);

impl StatusSocket {
    /// Listens at `path`; `bell` is rung when somebody asks. Where that cannot be, the log is told, and the box goes on.
    pub(super) fn open(path: Option<&Path>, executor: &LocalExecutor<'_>, bell: Rc<Bell>) -> Option<Self> {
        let door = Door::open(path?)
            .inspect_err(|error| log::warn!("paging status has nobody to ask: {error}"))
            .ok()?;
        Some(Self(entrance::attended(door, executor, bell)))
    }

    /// When [`handle_timeout`](Self::handle_timeout) or [`answer`](Self::answer) wants to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.0.borrow().deadline()
    }

    /// Drops those who do not read.
    pub(super) fn handle_timeout(&self, now: Instant) {
        self.0.borrow_mut().handle_timeout(now);
    }

    /// Whether somebody is to be answered now.
    pub(super) fn is_asked(&self, now: Instant) -> bool {
        self.0.borrow().answer_at().is_some_and(|at| at <= now)
    }

    /// Answers all who wait for it.
    pub(super) fn answer(&self, now: Instant, status: &Status) {
        self.0.borrow_mut().answer(now, &status.to_json());
    }
}

struct Door {
    entrance: Entrance,
    guests: [Option<Guest>; GUESTS],
    /// When those who ask were answered last.
    answered_at: Option<Instant>,
}

impl Attend for Door {
    fn entrance(&self) -> &Entrance {
        &self.entrance
    }

    fn handle_ready(&mut self, now: Instant, ready: Ready) {
        if ready.key == Entrance::LISTENER {
            return self.let_in(now);
        }
        let Some(guest) = self.guests.get_mut(ready.key).and_then(Option::as_mut) else { return };
        let read = if ready.readable { guest.read(now) } else { Ok(()) };
        let outcome = read.and_then(|()| if ready.writable { guest.write() } else { Ok(()) });
        self.settle(ready.key, outcome);
    }
}

impl Door {
    fn open(path: &Path) -> Result<Self, EntranceError> {
        let entrance = Entrance::open("status socket", path)?;
        Ok(Self { entrance, guests: Default::default(), answered_at: None })
    }

    fn handle_timeout(&mut self, now: Instant) {
        for key in 0..GUESTS {
            if self.guests[key].as_ref().is_some_and(|guest| guest.leave_at() <= now) {
                self.settle(key, Err(Leaves));
            }
        }
        self.entrance.handle_timeout(now);
    }

    fn deadline(&self) -> Option<Instant> {
        let leaves = self.guests.iter().flatten().map(Guest::leave_at);
        leaves.chain(self.answer_at()).chain(self.entrance.poll_timeout()).min()
    }

    /// When the next answer is due.
    fn answer_at(&self) -> Option<Instant> {
        let asked = self.guests.iter().flatten().filter_map(Guest::answer_at).min()?;
        Some(self.answered_at.map_or(asked, |last| asked.max(last + FRESH_FOR)))
    }

    fn answer(&mut self, now: Instant, text: &str) {
        self.answered_at = Some(now);
        let text: Rc<str> = format!("{text}\n").into();
        for key in 0..GUESTS {
            let Some(guest) = &mut self.guests[key] else { continue };
            if guest.answer_at().is_some_and(|at| at <= now) {
                let outcome = guest.answer(now, &text);
                self.settle(key, outcome);
            }
        }
    }

    fn let_in(&mut self, now: Instant) {
        for _ in 0..GUESTS {
            let Some(io) = self.entrance.accept(now) else { return };
            self.seat(now, io);
        }
    }

    fn seat(&mut self, now: Instant, io: Local) {
        let Some(key) = self.guests.iter().position(Option::is_none) else {
            // Who does not read even that is not missed.
            let _ = io.write(refusal(&format_args!("at most {GUESTS} may ask at once")).as_bytes());
            return;
        };
        if self.entrance.crowd.add(&io, key, false).is_ok() {
            self.guests[key] = Some(Guest::new(now, io));
        }
    }

    /// Lets a guest go, or waits for what he does next.
    fn settle(&mut self, key: usize, outcome: Result<(), Leaves>) {
        let Some(guest) = self.guests.get_mut(key).and_then(Option::as_mut) else { return };
        match outcome {
            Ok(()) if guest.has_closed => self.entrance.crowd.remove(&guest.io),
            Ok(()) => self.entrance.crowd.change(&guest.io, key, guest.has_unread()),
            // Closed, it is no part of the crowd any more.
            Err(Leaves) => self.guests[key] = None,
        }
    }
}

/// One who asks.
struct Guest {
    io: Local,
    /// What he has written of a line.
    line: heapless::Vec<u8, { Question::LONGEST }>,
    asks: Asks,
    /// What he has not read yet, from there on.
    unread: Option<(Rc<str>, usize)>,
    /// He goes when he has read it.
    is_last: bool,
    /// He says nothing more.
    has_closed: bool,
    /// He has to do something until then.
    patience: Instant,
}

/// What he wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    Nothing,
    /// One answer, since then.
    Once(Instant),
    /// An answer then, and so long after each.
    Again(Instant, Duration),
}

/// A guest is done, or not worth having.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Leaves;

impl Guest {
    fn new(now: Instant, io: Local) -> Self {
        let (line, patience) = (heapless::Vec::new(), now + PATIENCE);
        Self { io, line, asks: Asks::Nothing, unread: None, is_last: false, has_closed: false, patience }
    }

    /// When he has to be answered.
    fn answer_at(&self) -> Option<Instant> {
        match self.asks {
            // Who reads slowly gets fewer answers.
            Asks::Once(at) | Asks::Again(at, _) if !self.has_unread() => Some(at),
            _ => None,
        }
    }

    /// When he is dropped if nothing happens.
    fn leave_at(&self) -> Instant {
        let is_waiting = !self.has_unread() && self.asks != Asks::Nothing;
        if is_waiting { Instant::from_micros(u64::MAX) } else { self.patience }
    }

    fn has_unread(&self) -> bool {
        self.unread.is_some()
    }

    fn read(&mut self, now: Instant) -> Result<(), Leaves> {
        let mut bytes = [0; Question::LONGEST];
        let len = match self.io.read(&mut bytes) {
            Ok(None) => return Ok(()),
            // Some close their end when they have asked (`nc -N`), and wait.
            Ok(Some(0)) if matches!(self.asks, Asks::Once(_)) => {
                self.has_closed = true;
                return Ok(());
            }
            Ok(Some(0)) | Err(_) => return Err(Leaves),
            Ok(Some(len)) => len,
        };
        // One question at a time; and nothing is said by who is told to go.
        if self.asks != Asks::Nothing || self.is_last {
            return Err(Leaves);
        }
        if self.line.extend_from_slice(&bytes[..len]).is_err() {
            return self.refuse(now);
        }
        match self.line.iter().position(|&byte| byte == b'\n') {
            Some(end) => self.ask(now, end),
            None if self.line.is_full() => self.refuse(now),
            None => Ok(()),
        }
    }

    fn ask(&mut self, now: Instant, end: usize) -> Result<(), Leaves> {
        let question = core::str::from_utf8(&self.line[..end]).ok().and_then(|line| line.parse().ok());
        self.line.clear();
        self.asks = match question {
            Some(Question::Status) => Asks::Once(now),
            Some(Question::Watch(every)) => Asks::Again(now, every),
            None => return self.refuse(now),
        };
        Ok(())
    }

    fn refuse(&mut self, now: Instant) -> Result<(), Leaves> {
        self.is_last = true;
        self.say(now, &refusal(&QuestionError).into())
    }

    fn answer(&mut self, now: Instant, text: &Rc<str>) -> Result<(), Leaves> {
        self.asks = match self.asks {
            Asks::Again(_, every) => Asks::Again(now + every, every),
            _ => Asks::Nothing,
        };
        self.say(now, text)
    }

    fn say(&mut self, now: Instant, text: &Rc<str>) -> Result<(), Leaves> {
        self.patience = now + PATIENCE;
        self.unread = Some((Rc::clone(text), 0));
        self.write()
    }

    fn write(&mut self) -> Result<(), Leaves> {
        let Some((text, from)) = &mut self.unread else { return Ok(()) };
        *from += self.io.write(&text.as_bytes()[*from..]).map_err(|_| Leaves)?;
        let is_read = *from == text.len();
        if is_read {
            self.unread = None;
        }
        // Of one who has closed it is not told when there is room again.
        if self.has_closed || (is_read && self.is_last) { Err(Leaves) } else { Ok(()) }
    }
}

/// A line for who asks something that is not answered.
fn refusal(why: &dyn fmt::Display) -> String {
    format!("{}\n", serde_json::json!({ "error": why.to_string() }))
}

/// Connections at once.
const GUESTS: usize = 4;
/// How long a guest may take to ask, and to read.
const PATIENCE: Duration = Duration::from_secs(5);
/// Answers are no closer than this.
const FRESH_FOR: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
