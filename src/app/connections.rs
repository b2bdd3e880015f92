//! The SIP connections of the box: which are taken, read, used and closed.
//!
//! ```text
//! crowd: ready ─> queue: one message, or one new connection, in each turn ─> Input
//! Transmit ─> the connection it names, one to the same peer, or a new one
//! ```
//!
//! Each connection has its turn with one message, however many it has delivered, so that none is heard at the cost of
//! others. What has been read and not been handled yet is at most [`READ_BYTES`] and a part of a message.
//!
//! At most `capacity` connections stand at once. Then a new one takes the place of the one that [`gives_way`]; when calls
//! go by all of them, it is closed. So strangers lock nobody out, and hold no more than a place each until somebody wants
//! it. When the process has no file descriptors left, nothing is accepted for [`PAUSE`].

use super::connection::{After, Connection, gives_way};
use super::inbox::Input;
use crate::clock;
use crate::net::{Crowd, Listener, Ready, Sleep, Tcp, TcpOptions, sleep_until};
use crate::sip::{Path, Reception, Transmit};
use crate::time::Instant;
use core::cell::RefCell;
use core::future::Future;
use core::net::SocketAddr;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::collections::{HashMap, HashSet, VecDeque};
use std::io;

/// All SIP connections. See the [module](self).
pub(super) struct Connections(RefCell<Table>);

struct Table {
    crowd: Crowd,
    listeners: Vec<Listener>,
    /// While nothing is accepted.
    pause: Option<Sleep>,
    /// The key of a connection in the crowd is its place here, behind the listeners.
    places: Vec<Option<Connection>>,
    free: Vec<usize>,
    by_far_end: HashMap<SocketAddr, usize>,
    /// Those that have something, in turn.
    queue: VecDeque<Work>,
    /// How many turns are left until the crowd is asked again.
    left_of_round: usize,
    ready: Vec<Ready>,
    /// The far ends of connections that broke, or could not be opened, to be told.
    broken: VecDeque<SocketAddr>,
    /// To be finished, once what has come of it is answered.
    spoilt: Option<usize>,
    buffer: Vec<u8>,
    options: TcpOptions,
    capacity: usize,
    tend_at: Option<Instant>,
}

#[derive(Clone, Copy)]
enum Work {
    Accept(usize),
    Read(usize),
}

impl Connections {
    /// Marks what connections made from now on send.
    ///
    /// # Errors
    /// What the kernel says.
    pub(super) fn set_dscp(&self, dscp: u8) -> io::Result<()> {
        let mut table = self.0.borrow_mut();
        table.options.dscp = Some(dscp);
        table.listeners.iter().try_for_each(|listener| listener.set_dscp(dscp))
    }

    /// None yet, and those that `listeners` will take; at most `capacity`.
    ///
    /// # Errors
    /// When there are no file descriptors left.
    pub(super) fn new(listeners: Vec<Listener>, options: TcpOptions, capacity: usize) -> io::Result<Self> {
        let crowd = Crowd::new()?;
        for (key, listener) in listeners.iter().enumerate() {
            crowd.add(listener, key, false)?;
        }
        Ok(Self(RefCell::new(Table {
            crowd,
            listeners,
            pause: None,
            places: Vec::new(),
            free: Vec::new(),
            by_far_end: HashMap::new(),
            queue: VecDeque::new(),
            left_of_round: 0,
            ready: Vec::new(),
            broken: VecDeque::new(),
            spoilt: None,
            buffer: vec![0; READ_BYTES],
            options,
            capacity,
            tend_at: None,
        })))
    }

    /// The next input, waited for.
    pub(super) fn poll_next(&self, context: &mut Context<'_>) -> Poll<Input> {
        let table = &mut *self.0.borrow_mut();
        loop {
            table.poll_pause(context);
            if let Some(input) = table.next() {
                return Poll::Ready(input);
            }
            match table.crowd.poll_ready(context, &mut table.ready) {
                Poll::Ready(Ok(())) => table.sort_ready(),
                // Without a reactor nothing can be waiting.
                Poll::Ready(Err(_)) | Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// The next input, if there is one.
    pub(super) fn try_next(&self) -> Option<Input> {
        self.0.borrow_mut().next()
    }

    /// Sends a message that goes over TCP.
    pub(super) fn send(&self, transmit: &Transmit) {
        self.0.borrow_mut().send(clock::now(), transmit);
    }

    /// What the last message of `path` was taken for.
    pub(super) fn hear(&self, now: Instant, path: Path, reception: Reception) {
        self.0.borrow_mut().hear(now, path.remote, reception);
    }

    /// Closes what has been idle for too long, if it is time to look; calls go by the connections to `far_ends`.
    pub(super) fn tend(&self, now: Instant, far_ends: impl Iterator<Item = SocketAddr>) {
        let table = &mut *self.0.borrow_mut();
        if table.tend_at.is_some_and(|at| at <= now) {
            table.tend(now, &far_ends.collect());
        }
    }

    /// When [`tend`](Self::tend) wants to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.0.borrow().tend_at
    }
}

impl Table {
    fn next(&mut self) -> Option<Input> {
        let now = clock::now();
        if let Some(at) = self.spoilt.take()
            && self.connection(at).is_some_and(|connection| connection.is_spoilt)
        {
            self.finish(now, at);
        }
        loop {
            if self.left_of_round == 0 {
                self.crowd.try_ready(&mut self.ready);
                self.sort_ready();
                self.left_of_round = self.queue.len();
            }
            if let Some(far) = self.broken.pop_front() {
                return Some(Input::Broken { far });
            }
            self.left_of_round = self.left_of_round.saturating_sub(1);
            let input = match self.queue.pop_front()? {
                Work::Accept(listener) => self.accept(now, listener),
                Work::Read(at) => self.read(now, at),
            };
            if input.is_some() {
                return input;
            }
        }
    }

    /// Puts those that can be read into the queue, and writes where there is room.
    fn sort_ready(&mut self) {
        let mut ready = core::mem::take(&mut self.ready);
        for Ready { key, readable, writable } in ready.drain(..) {
            let Some(at) = key.checked_sub(self.listeners.len()) else {
                self.queue.push_back(Work::Accept(key));
                continue;
            };
            if writable {
                self.on_writable(at);
            }
            let Some(connection) = self.connection(at).filter(|_| readable) else { continue };
            if !core::mem::replace(&mut connection.is_queued, true) {
                self.queue.push_back(Work::Read(at));
            }
        }
        self.ready = ready;
    }

    fn accept(&mut self, now: Instant, listener: usize) -> Option<Input> {
        match self.listeners.get(listener)?.accept() {
            Ok(io) => {
                self.admit(now, Connection::accepted(now, io?));
                Some(Input::Nothing)
            }
            Err(error) => {
                log::error!("no SIP connection is taken for {PAUSE:?}: {error}");
                for listener in &self.listeners {
                    self.crowd.remove(listener);
                }
                self.pause = Some(sleep_until(now + PAUSE));
                None
            }
        }
    }

    /// Accepts again when it is time.
    fn poll_pause(&mut self, context: &mut Context<'_>) {
        let is_over = |pause: &mut Sleep| Pin::new(pause).poll(context).is_ready();
        if self.pause.take_if(is_over).is_some() {
            for (key, listener) in self.listeners.iter().enumerate() {
                let added = self.crowd.add(listener, key, false);
                // Of several, those before one that failed are in already.
                if added.is_err_and(|error| error.kind() != io::ErrorKind::AlreadyExists) {
                    self.pause = Some(sleep_until(clock::now() + PAUSE));
                }
            }
        }
    }

    /// Takes a connection in, if need be in place of another: where it stands then.
    fn admit(&mut self, now: Instant, connection: Connection) -> Option<usize> {
        if self.len() >= self.capacity {
            let all = self.places.iter().enumerate();
            let victim = gives_way(all.filter_map(|(at, one)| Some((at, one.as_ref()?.standing()))))?;
            self.lose(victim);
        }
        let at = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        if self.crowd.add(&connection.io, self.listeners.len() + at, connection.io.wants_write()).is_err() {
            self.free.push(at);
            return None;
        }
        let is_crowded = self.len() * 2 > self.capacity;
        let look_at = if is_crowded { Some(now + TEND_EVERY) } else { connection.deadline() };
        self.tend_at = [self.tend_at, look_at].into_iter().flatten().min();
        self.by_far_end.insert(connection.path.remote, at);
        *self.places.get_mut(at)? = Some(connection);
        Some(at)
    }

    /// What a connection has: a piece that has been read, or else what can be read now.
    fn read(&mut self, now: Instant, at: usize) -> Option<Input> {
        let connection = self.places.get_mut(at)?.as_mut()?;
        connection.is_queued = false;
        if let Some((input, after)) = connection.next_piece() {
            return Some(self.on_piece(at, input, after));
        }
        match connection.io.read(&mut self.buffer) {
            Ok(None) => None,
            Ok(Some(0)) | Err(_) => {
                self.lose(at);
                None
            }
            Ok(Some(len)) => {
                connection.push(now, &self.buffer[..len]);
                match connection.next_piece() {
                    Some((input, after)) => Some(self.on_piece(at, input, after)),
                    // It counts as one all the same: who sends without end has one turn like all others.
                    None => Some(Input::Nothing),
                }
            }
        }
    }

    /// The connection waits for its next turn.
    fn on_piece(&mut self, at: usize, input: Input, after: After) -> Input {
        if let Some(connection) = self.connection(at) {
            connection.is_queued = true;
            connection.is_spoilt = after == After::Finish;
            self.queue.push_back(Work::Read(at));
        }
        match after {
            After::Continue => {}
            After::Pong => self.send_by(at, b"\r\n"),
            After::Finish => self.spoilt = Some(at),
        }
        input
    }

    fn send(&mut self, now: Instant, transmit: &Transmit) {
        let path = transmit.path;
        let known = [path.flow, Some(path.remote)].into_iter().flatten();
        let mut known = known.filter_map(|far| self.by_far_end.get(&far)).copied();
        match known.next().or_else(|| self.open(now, path)) {
            Some(at) => self.send_by(at, &transmit.bytes),
            None => self.broken.push_back(path.remote),
        }
    }

    fn open(&mut self, now: Instant, path: Path) -> Option<usize> {
        match Tcp::connect(path.local, path.remote, self.options) {
            Ok(io) => self.admit(now, Connection::opened(now, io, path)),
            Err(error) => {
                log::debug!("to {} over TCP: {error}", path.remote);
                None
            }
        }
    }

    fn send_by(&mut self, at: usize, bytes: &[u8]) {
        let Some(connection) = self.connection(at) else { return };
        let is_waiting = connection.io.wants_write();
        match connection.io.send(bytes) {
            Ok(()) if is_waiting => {}
            Ok(()) => self.update(at),
            Err(error) => {
                log::debug!("to {} over TCP: {error}", connection.path.remote);
                self.lose(at);
            }
        }
    }

    fn on_writable(&mut self, at: usize) {
        let Some(connection) = self.connection(at) else { return };
        match connection.io.on_writable() {
            Ok(()) if connection.is_finishing() && !connection.io.has_queued() => {
                connection.io.finish();
                self.update(at);
            }
            Ok(()) => self.update(at),
            Err(error) => {
                log::debug!("to {} over TCP: {error}", connection.path.remote);
                self.lose(at);
            }
        }
    }

    /// Waits for room to write as long as something is to be written.
    fn update(&self, at: usize) {
        if let Some(Some(connection)) = self.places.get(at) {
            self.crowd.change(&connection.io, self.listeners.len() + at, connection.io.wants_write());
        }
    }

    fn hear(&mut self, now: Instant, far: SocketAddr, reception: Reception) {
        let Some(&at) = self.by_far_end.get(&far) else { return };
        let Some(connection) = self.connection(at) else { return };
        match reception {
            Reception::TurnedAway if connection.is_silent() => self.finish(now, at),
            _ => connection.on_reception(reception),
        }
    }

    /// Says goodbye, without waiting for what the peer still says.
    fn finish(&mut self, now: Instant, at: usize) {
        let Some(connection) = self.connection(at) else { return };
        connection.finish(now);
        let (far, deadline) = (connection.path.remote, connection.deadline());
        if self.forget_far_end(far, at) {
            self.broken.push_back(far);
        }
        self.tend_at = [self.tend_at, deadline].into_iter().flatten().min();
    }

    /// Closes a connection, and tells.
    fn lose(&mut self, at: usize) {
        if let Some(connection) = self.places.get_mut(at).and_then(Option::take) {
            self.free.push(at);
            // Its turn is not that of whoever has its place next.
            self.queue.retain(|work| !matches!(work, Work::Read(other) if *other == at));
            if self.forget_far_end(connection.path.remote, at) {
                self.broken.push_back(connection.path.remote);
            }
        }
    }

    /// Whether it was known by its far end.
    fn forget_far_end(&mut self, far: SocketAddr, at: usize) -> bool {
        let is_known = self.by_far_end.get(&far) == Some(&at);
        if is_known {
            self.by_far_end.remove(&far);
        }
        is_known
    }

    fn tend(&mut self, now: Instant, in_use: &HashSet<SocketAddr>) {
        let mut next: Option<Instant> = None;
        for at in 0..self.places.len() {
            let Some(connection) = self.connection(at) else { continue };
            connection.mark(now, in_use.contains(&connection.path.remote));
            match connection.deadline() {
                Some(deadline) if deadline <= now => self.lose(at),
                deadline => {
                    let look_at = deadline.unwrap_or(now + LOOK_AFTER_CALLS_EVERY);
                    next = Some(next.map_or(look_at, |next| next.min(look_at)));
                }
            }
        }
        if self.len() == 0 {
            (self.places, self.free) = (Vec::new(), Vec::new());
        }
        self.tend_at = next.map(|next| next.max(now + TEND_EVERY));
    }

    fn connection(&mut self, at: usize) -> Option<&mut Connection> {
        self.places.get_mut(at)?.as_mut()
    }

    fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }
}

/// The most that one connection delivers in one turn.
const READ_BYTES: usize = 8 * 1024;
/// How long nothing is accepted when there are no file descriptors left.
const PAUSE: Duration = Duration::from_secs(1);
/// Connections are looked after no more often.
const TEND_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whether calls still go by connections.
const LOOK_AFTER_CALLS_EVERY: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests;
