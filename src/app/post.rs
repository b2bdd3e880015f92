//! Sends what the endpoint has to say, over the socket or the connection it should go by.

use super::connections::Connections;
use super::vicinity::Vicinity;
use crate::clock;
use crate::net::{self, Udp};
use crate::sip::{Outside, Path, Reception, Transmit, Transport};
use crate::time::Instant;
use core::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

/// The SIP sockets and connections of the box.
pub(super) struct Post {
    sockets: Vec<Rc<Udp>>,
    connections: Rc<Connections>,
    outside: RefCell<(Outside, Vicinity)>,
    /// What is sent by nobody else.
    #[cfg(test)]
    kept: RefCell<std::collections::VecDeque<Transmit>>,
}

impl Post {
    pub(super) fn new(sockets: Vec<Rc<Udp>>, connections: Rc<Connections>) -> Self {
        Self {
            sockets,
            connections,
            outside: RefCell::default(),
            #[cfg(test)]
            kept: RefCell::default(),
        }
    }

    /// The same of a box that is known by other addresses than its own.
    pub(super) fn known_by(self, outside: Outside) -> Self {
        Self { outside: RefCell::new((outside, Vicinity::default())), ..self }
    }

    /// `path` with what its peer knows this box as.
    pub(super) fn seen(&self, now: Instant, path: Path) -> Path {
        let (outside, vicinity) = &mut *self.outside.borrow_mut();
        if outside.is_there()
            && let Some(networks) = vicinity.look(now)
        {
            outside.set_attached(networks);
        }
        outside.seen(path)
    }

    /// Marks what is sent from now on, but for connections that are there.
    ///
    /// # Errors
    /// What the kernel says.
    pub(super) fn set_dscp(&self, dscp: u8) -> io::Result<()> {
        self.sockets.iter().try_for_each(|socket| socket.set_dscp(dscp))?;
        self.connections.set_dscp(dscp)
    }

    /// Sends a message once. Of a datagram, what is lost on the way or for want of room is lost: SIP repeats what matters.
    ///
    /// # Errors
    /// When nothing leads there. Of what goes over TCP that is told later, as [`Input::Broken`](super::inbox::Input).
    pub(super) fn send(&self, transmit: &Transmit) -> io::Result<()> {
        match transmit.path.transport {
            Transport::Udp => self.send_datagram(transmit),
            Transport::Tcp => {
                self.connections.send(transmit);
                Ok(())
            }
        }
    }

    /// What the last message of `path` was taken for: a stranger's connection is closed.
    pub(super) fn hear(&self, now: Instant, path: Path, reception: Reception) {
        if path.transport == Transport::Tcp {
            self.connections.hear(now, path, reception);
        }
    }

    /// See [`Connections::tend`].
    pub(super) fn tend(&self, now: Instant, far_ends: impl Iterator<Item = SocketAddr>) {
        self.connections.tend(now, far_ends);
    }

    /// When [`tend`](Self::tend) wants to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.connections.deadline()
    }

    /// The next datagram of a box that has no socket.
    #[cfg(test)]
    pub(super) fn poll_kept(&self) -> Option<Transmit> {
        self.kept.borrow_mut().pop_front()
    }

    fn send_datagram(&self, transmit: &Transmit) -> io::Result<()> {
        let path = transmit.path;
        let socket = self.sockets.iter().find(|socket| {
            let bound = socket.local_addr();
            bound.port() == path.local.port()
                && bound.is_ipv4() == path.remote.is_ipv4()
                && (bound.ip().is_unspecified() || bound.ip() == path.local.ip())
        });
        #[cfg(test)]
        if self.sockets.is_empty() {
            self.kept.borrow_mut().push_back(transmit.clone());
        }
        let Some(socket) = socket else { return Ok(()) };
        match socket.send(&transmit.bytes, path.local, path.remote) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            outcome => outcome.inspect_err(|error| log::debug!("to {}: {error}", path.remote)),
        }
    }

    /// The way by `transport` from one of the addresses at which the box listens to `remote`, if one leads there.
    pub(super) fn path_to(&self, remote: SocketAddr, transport: Transport) -> Option<Path> {
        let bound = || self.sockets.iter().map(|socket| socket.local_addr());
        let own = net::source_for(remote).ok()?;
        let port = bound().find(|bound| bound.ip() == own);
        let port = port.or_else(|| {
            bound().find(|bound| bound.ip().is_unspecified() && bound.is_ipv4() == remote.is_ipv4())
        });
        let local = match port {
            Some(bound) => SocketAddr::new(own, bound.port()),
            // The routes lead another way than the addresses at which the box listens.
            None => bound().find(|bound| bound.is_ipv4() == remote.is_ipv4())?,
        };
        let path = match transport {
            Transport::Udp => Path::udp(local, remote),
            Transport::Tcp => Path::tcp(local, remote),
        };
        Some(self.seen(clock::now(), path))
    }
}
