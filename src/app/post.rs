//! Sends what the endpoint has to say, over the socket it should go by.

use crate::net::{self, Udp};
use crate::sip::{Path, Transmit};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

/// The SIP sockets of the box.
pub(super) struct Post {
    sockets: Vec<Rc<Udp>>,
}

impl Post {
    pub(super) fn new(sockets: Vec<Rc<Udp>>) -> Self {
        Self { sockets }
    }

    /// Sends a datagram once. What is lost on the way or for want of room is lost: SIP repeats what matters.
    ///
    /// # Errors
    /// When nothing leads there.
    pub(super) fn send(&self, transmit: &Transmit) -> io::Result<()> {
        let path = transmit.path;
        let socket = self.sockets.iter().find(|socket| {
            let bound = socket.local_addr();
            bound.port() == path.local.port()
                && bound.is_ipv4() == path.remote.is_ipv4()
                && (bound.ip().is_unspecified() || bound.ip() == path.local.ip())
        });
        let Some(socket) = socket else { return Ok(()) };
        match socket.send(&transmit.bytes, path.local, path.remote) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            outcome => outcome.inspect_err(|error| log::debug!("to {}: {error}", path.remote)),
        }
    }

    /// The way from one of the sockets to `remote`, if one leads there.
    pub(super) fn path_to(&self, remote: SocketAddr) -> Option<Path> {
        let same_family = |socket: &&Rc<Udp>| socket.local_addr().is_ipv4() == remote.is_ipv4();
        let bound = self.sockets.iter().find(same_family)?.local_addr();
        let ip = if bound.ip().is_unspecified() { net::source_for(remote).ok()? } else { bound.ip() };
        Some(Path::udp(SocketAddr::new(ip, bound.port()), remote))
    }
}
