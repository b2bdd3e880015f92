//! The socket of `paging play`: who asks the box to be heard, and the sound that he brings.
//!
//! ```text
//!  connects ── 5 s ──> dropped     an order ─> its sound, if it brings any ─> told ─> waits for its end, or goes
//!      └ the fifth: refused                       └ nothing for 5 s: dropped
//! ```
//! Who may open the socket may page: it is the box's user and group, and root. A file is read by who brings it, with his
//! own rights, and the box gets samples: it opens no path and starts no program for anybody. Bounds: [`GUESTS`] who ask and some
//! [`WAITERS`] who wait for an end, a line of [`Order::LONGEST`] bytes each, one sound at a time under way, and [`MOST_HELD`] bytes of sounds in memory until they have
//! been played.

use super::bell::Bell;
use super::entrance::{self, Attend, Entrance, EntranceError};
use super::playback::{AirNumber, Aired, MOST};
use crate::control::{Order, Play, Reply};
use crate::net::{Local, Ready};
use crate::time::Instant;
use crate::units::SampleRate;
use core::cell::RefCell;
use core::time::Duration;
use smol::LocalExecutor;
use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Weak};

/// A socket, and those who ask at it.
pub(super) struct ControlSocket(Rc<RefCell<Door>>);

/// Who asks; never the same twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Guest {
    seat: usize,
    number: u64,
}

/// What is asked for.
#[derive(Debug)]
pub(super) enum Asked {
    /// This is to be played; with the sound that came with it.
    Play(Guest, Play, Option<Brought>),
    /// Everything is to end.
    Stop(Guest),
    /// Who waited for the end of this has gone.
    Left(AirNumber),
}

/// A sound that was brought, one channel.
#[derive(Clone, Debug)]
pub(super) struct Brought {
    pub(super) rate: SampleRate,
    pub(super) samples: Arc<[i16]>,
}

impl ControlSocket {
    /// Listens at `path`; `bell` is rung when something is asked for. Where that cannot be, the log is told, and the box goes on.
    pub(super) fn open(path: Option<&Path>, executor: &LocalExecutor<'_>, bell: Rc<Bell>) -> Option<Self> {
        let door = Door::open(path?)
            .inspect_err(|error| log::warn!("paging play has nobody to ask: {error}"))
            .ok()?;
        Some(Self(entrance::attended(door, executor, bell)))
    }

    /// The next thing that is asked for.
    pub(super) fn poll_asked(&self) -> Option<Asked> {
        self.0.borrow_mut().asked.pop_front()
    }

    /// Answers; who is told of an error goes.
    pub(super) fn reply(&self, guest: Guest, reply: &Reply) {
        self.0.borrow_mut().reply(guest, reply);
    }

    /// A guest waits for the end of this, which ends with him if it began with him.
    pub(super) fn await_end(&self, guest: Guest, aired: Aired) {
        self.0.borrow_mut().await_end(guest, aired);
    }

    /// This is over: who waits for it is told.
    pub(super) fn handle_ended(&self, air: AirNumber, is_cut: bool) {
        self.0.borrow_mut().handle_ended(air, is_cut);
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.0.borrow().poll_timeout()
    }

    /// Drops those who have nothing to say.
    pub(super) fn handle_timeout(&self, now: Instant) {
        self.0.borrow_mut().handle_timeout(now);
    }
}

struct Door {
    entrance: Entrance,
    seats: [Option<Seat>; SEATS],
    next_number: u64,
    asked: VecDeque<Asked>,
    /// What was brought and is still played.
    held: Vec<Weak<[i16]>>,
}

struct Seat {
    io: Local,
    number: u64,
    stage: Stage,
    /// He has to do something until then.
    patience: Instant,
}

enum Stage {
    /// He writes his line.
    Asks(Vec<u8>),
    /// And his sound.
    Brings { play: Play, rate: SampleRate, samples: Vec<i16>, odd: Option<u8>, left: usize },
    /// The box has to answer.
    Told,
    /// Until this is over; whether it ends with him.
    Waits { air: AirNumber, is_his: bool },
}

/// A guest is done, or not worth having.
struct Leaves;

impl Attend for Door {
    fn entrance(&self) -> &Entrance {
        &self.entrance
    }

    fn handle_ready(&mut self, now: Instant, ready: Ready) {
        if ready.key == Entrance::LISTENER {
            return self.let_in(now);
        }
        if ready.readable && self.read(now, ready.key).is_err() {
            self.leave(ready.key);
        }
    }
}

impl Door {
    fn open(path: &Path) -> Result<Self, EntranceError> {
        Ok(Self {
            entrance: Entrance::open("control socket", path)?,
            seats: Default::default(),
            next_number: 0,
            asked: VecDeque::new(),
            held: Vec::new(),
        })
    }

    fn handle_timeout(&mut self, now: Instant) {
        for seat in 0..SEATS {
            if self.seats[seat].as_ref().and_then(Seat::leave_at).is_some_and(|at| at <= now) {
                self.leave(seat);
            }
        }
        self.entrance.handle_timeout(now);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.seats.iter().flatten().filter_map(Seat::leave_at).chain(self.entrance.poll_timeout()).min()
    }

    fn let_in(&mut self, now: Instant) {
        for _ in 0..GUESTS {
            let Some(io) = self.entrance.accept(now) else { return };
            self.seat(now, io);
        }
    }

    fn seat(&mut self, now: Instant, io: Local) {
        let asking = self.seats.iter().flatten().count() - self.waiting();
        let Some(seat) = self.seats.iter().position(Option::is_none).filter(|_| asking < GUESTS) else {
            // Who does not read even that is not missed.
            let refusal = Reply::Error(format!("at most {GUESTS} may ask at once"));
            let _ = io.write(refusal.to_string().as_bytes());
            return;
        };
        if self.entrance.crowd.add(&io, seat, false).is_ok() {
            let (number, stage) = (self.next_number, Stage::Asks(Vec::new()));
            self.next_number += 1;
            self.seats[seat] = Some(Seat { io, number, stage, patience: now + PATIENCE });
        }
    }

    /// Lets a guest go; what ends with him ends.
    fn leave(&mut self, seat: usize) {
        // Closed, he is no part of the crowd any more.
        let Some(Seat { stage: Stage::Waits { air, is_his: true }, .. }) = self.seats[seat].take() else {
            return;
        };
        // Who else waits for it would not understand its end.
        let heir = self.seats.iter_mut().flatten().find_map(|seat| match &mut seat.stage {
            Stage::Waits { air: other, is_his } if *other == air => Some(is_his),
            _ => None,
        });
        match heir {
            Some(is_his) => *is_his = true,
            None => self.asked.push_back(Asked::Left(air)),
        }
    }

    /// How many wait for the end of something.
    fn waiting(&self) -> usize {
        self.seats.iter().flatten().filter(|seat| seat.waits()).count()
    }

    fn read(&mut self, now: Instant, seat: usize) -> Result<(), Leaves> {
        let Some(guest) = self.seats.get_mut(seat).and_then(Option::as_mut) else { return Ok(()) };
        let mut bytes = [0; 16 * 1024];
        let bytes = match guest.io.read(&mut bytes) {
            Ok(None) => return Ok(()),
            Ok(Some(0)) | Err(_) => return Err(Leaves),
            Ok(Some(len)) => &bytes[..len],
        };
        guest.patience = now + PATIENCE;
        match &mut guest.stage {
            Stage::Asks(line) => {
                line.extend_from_slice(bytes);
                let Some(end) = line.iter().position(|&byte| byte == b'\n') else {
                    return if line.len() < Order::LONGEST { Ok(()) } else { Err(Leaves) };
                };
                let rest = line.split_off(end + 1);
                let line = core::mem::take(line);
                self.take_order(seat, &line, &rest)
            }
            Stage::Brings { .. } => self.take_sound(seat, bytes),
            // Nothing is said by who waits.
            Stage::Told | Stage::Waits { .. } => Err(Leaves),
        }
    }

    fn take_order(&mut self, seat: usize, line: &[u8], rest: &[u8]) -> Result<(), Leaves> {
        let Some(guest) = self.guest(seat) else { return Err(Leaves) };
        let order = match Order::from_json(line) {
            Ok(order) => order,
            Err(error) => {
                self.refuse(guest, error.to_string());
                return Ok(());
            }
        };
        let brings = match &order {
            Order::Play(play) => play.brings(),
            Order::Stop => None,
        };
        let is_bringing =
            || self.seats.iter().flatten().any(|seat| matches!(seat.stage, Stage::Brings { .. }));
        match (order, brings) {
            (Order::Play(play), _) if play.wait && self.waiting() >= WAITERS => {
                self.refuse(guest, format!("{WAITERS} wait already for something to end"));
            }
            (Order::Play(_), Some(_)) if is_bringing() => {
                self.refuse(guest, "another sound is being brought; try again".to_owned());
            }
            (Order::Play(_), Some((_, bytes))) if self.held() + bytes > MOST_HELD => {
                let why = "the box holds as much sound as it may until some has been played";
                self.refuse(guest, why.to_owned());
            }
            (Order::Play(play), Some((rate, left))) => {
                let samples = Vec::with_capacity(left / size_of::<i16>());
                self.set(seat, Stage::Brings { play, rate, samples, odd: None, left });
                return self.take_sound(seat, rest);
            }
            (Order::Play(play), None) => self.tell(seat, Asked::Play(guest, play, None)),
            (Order::Stop, _) => self.tell(seat, Asked::Stop(guest)),
        }
        Ok(())
    }

    fn take_sound(&mut self, seat: usize, bytes: &[u8]) -> Result<(), Leaves> {
        let Some(guest) = self.guest(seat) else { return Err(Leaves) };
        let Some(Seat { stage, .. }) = self.seats[seat].as_mut() else { return Err(Leaves) };
        let Stage::Brings { samples, odd, left, .. } = stage else { return Err(Leaves) };
        *left = left.checked_sub(bytes.len()).ok_or(Leaves)?;
        for &byte in bytes {
            match odd.take() {
                None => *odd = Some(byte),
                Some(low) => samples.push(i16::from_le_bytes([low, byte])),
            }
        }
        if *left > 0 {
            return Ok(());
        }
        let Stage::Brings { play, rate, samples, .. } = core::mem::replace(stage, Stage::Told) else {
            return Err(Leaves);
        };
        let samples: Arc<[i16]> = samples.into();
        self.held.push(Arc::downgrade(&samples));
        self.tell(seat, Asked::Play(guest, play, Some(Brought { rate, samples })));
        Ok(())
    }

    /// Bytes of what was brought and is still there.
    fn held(&mut self) -> usize {
        self.held.retain(|sound| sound.strong_count() > 0);
        self.held.iter().filter_map(Weak::upgrade).map(|sound| size_of_val(&*sound)).sum()
    }

    fn tell(&mut self, seat: usize, asked: Asked) {
        self.set(seat, Stage::Told);
        self.asked.push_back(asked);
    }

    fn refuse(&mut self, guest: Guest, why: String) {
        self.reply(guest, &Reply::Error(why));
    }

    fn reply(&mut self, guest: Guest, reply: &Reply) {
        let Some(seat) = self.find(guest) else { return };
        let text = reply.to_string();
        let is_taken = seat.io.write(text.as_bytes()).is_ok_and(|len| len == text.len());
        if !is_taken || *reply != Reply::Playing {
            // He is told all that he is told: nothing ends with him.
            seat.stage = Stage::Told;
            self.leave(guest.seat);
        }
    }

    fn await_end(&mut self, guest: Guest, Aired { number: air, is_new: is_his }: Aired) {
        match self.find(guest) {
            Some(seat) => seat.stage = Stage::Waits { air, is_his },
            // He has gone meanwhile.
            None if is_his => self.asked.push_back(Asked::Left(air)),
            None => {}
        }
    }

    fn handle_ended(&mut self, air: AirNumber, is_cut: bool) {
        // A weak one keeps the memory of what has been played.
        self.held.retain(|sound| sound.strong_count() > 0);
        for seat in 0..SEATS {
            let waits =
                |seat: &Seat| matches!(seat.stage, Stage::Waits { air: awaited, .. } if awaited == air);
            if self.seats[seat].as_ref().is_some_and(waits)
                && let Some(guest) = self.guest(seat)
            {
                self.reply(guest, &Reply::Ended { whole: !is_cut });
            }
        }
    }

    fn set(&mut self, seat: usize, stage: Stage) {
        if let Some(seat) = self.seats[seat].as_mut() {
            seat.stage = stage;
        }
    }

    fn guest(&self, seat: usize) -> Option<Guest> {
        self.seats[seat].as_ref().map(|guest| Guest { seat, number: guest.number })
    }

    fn find(&mut self, guest: Guest) -> Option<&mut Seat> {
        self.seats[guest.seat].as_mut().filter(|seat| seat.number == guest.number)
    }
}

impl Seat {
    fn leave_at(&self) -> Option<Instant> {
        (!self.waits()).then_some(self.patience)
    }

    fn waits(&self) -> bool {
        matches!(self.stage, Stage::Waits { .. })
    }
}

/// Who ask at once.
const GUESTS: usize = 4;
/// Who wait for the end of something: for each that is on air at once. Those who ask meanwhile may become some more.
const WAITERS: usize = MOST;
/// So there is always one to ask.
const SEATS: usize = GUESTS + WAITERS;
/// How long a guest may take to go on.
const PATIENCE: Duration = Duration::from_secs(5);
/// Sounds that were brought, all together: the longest, and some short ones.
const MOST_HELD: usize = 24 * 1024 * 1024;

#[cfg(test)]
mod tests;
