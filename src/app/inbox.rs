//! What the signalling waits for: messages of all SIP sockets and connections, news of streams, a deadline, the signal to stop.
//!
//! Sockets are read when something is asked for and not before; what the kernel's buffers do not hold is lost, as UDP
//! may. So a flood costs no memory.

use super::bell::Bell;
use super::connections::Connections;
use crate::clock;
use crate::net::{Datagram, Signals, Sleep, Udp, sleep_until};
use crate::sip::Path;
use crate::time::Instant;
use core::cell::{Cell, RefCell};
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

/// The inputs of the signalling.
pub(super) struct Inbox {
    wishes: Rc<Wishes>,
    bell: Rc<Bell>,
    sockets: Vec<Listener>,
    connections: Rc<Connections>,
    /// The socket that has its turn, so that none is read before the others all the time; behind them, the connections.
    turn: Cell<usize>,
    /// Room for one datagram.
    buffer: RefCell<Vec<u8>>,
}

/// What the machine wishes of the program.
pub(super) struct Wishes {
    end: Signals,
    /// `None`: nobody would know what to do.
    reload: Option<Signals>,
}

impl Wishes {
    /// Catches all signals from now on.
    ///
    /// # Errors
    /// When the process cannot.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { reload: Some(Signals::to_reload()?), ..Self::to_end()? })
    }

    /// Catches those that ask for the end.
    ///
    /// # Errors
    /// When the process cannot.
    pub(super) fn to_end() -> io::Result<Self> {
        Ok(Self { end: Signals::to_end()?, reload: None })
    }
}

/// One input.
pub(super) enum Input {
    /// A SIP socket or connection received this.
    Message {
        /// From where to where.
        path: Path,
        /// All of it.
        bytes: Vec<u8>,
    },
    /// A connection received what is too large.
    Oversized {
        /// From where to where.
        path: Path,
        /// Its headers.
        head: Vec<u8>,
    },
    /// A connection is no more, or could not be opened.
    Broken {
        /// Its other end.
        far: SocketAddr,
    },
    /// Something that counts and means nothing: a new connection, a keep-alive.
    Nothing,
    /// The deadline has come.
    Timeout,
    /// A stream has something to tell.
    News,
    /// The process is asked to read its configuration again.
    Reload,
    /// The process is asked to end.
    Stop,
}

impl Inbox {
    /// Reads `sockets` and `connections`, heeds `wishes` and hears `bell`.
    pub(super) fn new(
        sockets: &[Rc<Udp>],
        connections: Rc<Connections>,
        wishes: Rc<Wishes>,
        bell: Rc<Bell>,
    ) -> Self {
        let sockets = sockets.iter().map(|socket| Listener::new(Rc::clone(socket)));
        Self {
            wishes,
            bell,
            sockets: sockets.collect(),
            connections,
            turn: Cell::new(0),
            buffer: RefCell::new(vec![0; MAX_DATAGRAM]),
        }
    }

    /// The next input, [`Input::Timeout`] when none came until `deadline`.
    pub(super) async fn next(&self, deadline: Option<Instant>) -> Input {
        let mut deadline = deadline.map(sleep_until);
        poll_fn(|context| self.poll(context, deadline.as_mut())).await
    }

    /// A message that is there already.
    pub(super) fn try_next(&self) -> Option<Input> {
        let mut buffer = self.buffer.borrow_mut();
        self.in_turn().find_map(|socket| match socket {
            Some(socket) => socket.try_read(&mut buffer),
            None => self.connections.try_next(),
        })
    }

    fn poll(&self, context: &mut Context<'_>, deadline: Option<&mut Sleep>) -> Poll<Input> {
        // A signal that cannot be waited for is no reason to go on for ever.
        if self.wishes.end.poll_next(context).is_ready() {
            return Poll::Ready(Input::Stop);
        }
        let reload = self.wishes.reload.as_ref();
        if reload.is_some_and(|reload| matches!(reload.poll_next(context), Poll::Ready(Ok(())))) {
            return Poll::Ready(Input::Reload);
        }
        if self.bell.poll_rung(context).is_ready() {
            return Poll::Ready(Input::News);
        }
        let mut buffer = self.buffer.borrow_mut();
        for socket in self.in_turn() {
            let input = match socket {
                Some(socket) => socket.poll_read(context, &mut buffer),
                None => self.connections.poll_next(context),
            };
            if input.is_ready() {
                return input;
            }
        }
        match deadline {
            Some(deadline) => Pin::new(deadline).poll(context).map(|()| Input::Timeout),
            None => Poll::Pending,
        }
    }

    /// All sockets and, as `None`, the connections; each time beginning with another one.
    fn in_turn(&self) -> impl Iterator<Item = Option<&Listener>> {
        let (first, count) = (self.turn.get(), self.sockets.len() + 1);
        self.turn.set((first + 1) % count);
        (first..first + count).map(move |turn| self.sockets.get(turn % count))
    }
}

/// A SIP socket, and how long it is left alone.
struct Listener {
    socket: Rc<Udp>,
    pause: RefCell<Option<Sleep>>,
}

impl Listener {
    fn new(socket: Rc<Udp>) -> Self {
        Self { socket, pause: RefCell::default() }
    }

    fn poll_read(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Input> {
        let mut pause = self.pause.borrow_mut();
        loop {
            if let Some(pause) = &mut *pause
                && Pin::new(pause).poll(context).is_pending()
            {
                return Poll::Pending;
            }
            *pause = None;
            match self.socket.poll_recv(context, buffer) {
                Poll::Ready(Ok(datagram)) => return Poll::Ready(input(datagram, buffer)),
                Poll::Ready(Err(error)) => *pause = Some(self.complain(&error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn try_read(&self, buffer: &mut [u8]) -> Option<Input> {
        if self.pause.borrow().is_some() {
            return None;
        }
        match self.socket.try_recv(buffer) {
            Ok(datagram) => Some(input(datagram?, buffer)),
            Err(error) => {
                *self.pause.borrow_mut() = Some(self.complain(&error));
                None
            }
        }
    }

    fn complain(&self, error: &io::Error) -> Sleep {
        log::error!("SIP socket {}: {error}", self.socket.local_addr());
        sleep_until(clock::now() + PAUSE_AFTER_ERROR)
    }
}

fn input(datagram: Datagram, buffer: &[u8]) -> Input {
    let path = Path::udp(datagram.local, datagram.remote);
    Input::Message { path, bytes: buffer[..datagram.len].to_vec() }
}

/// The most that UDP carries.
const MAX_DATAGRAM: usize = 65_535;
/// A broken socket is not asked more often than this.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);
