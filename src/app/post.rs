//! Sends what the endpoint has to say, over the socket it should go by.

use crate::net::Udp;
use crate::sip::Transmit;
use std::rc::Rc;

/// The SIP sockets of the box.
pub(super) struct Post {
    sockets: Vec<Rc<Udp>>,
}

impl Post {
    pub(super) fn new(sockets: Vec<Rc<Udp>>) -> Self {
        Self { sockets }
    }

    /// Sends a datagram once. What the machine refuses is lost, as it may be on the way: SIP repeats what matters.
    pub(super) fn send(&self, transmit: &Transmit) {
        let path = transmit.path;
        let socket = self.sockets.iter().find(|socket| {
            let bound = socket.local_addr();
            bound.port() == path.local.port()
                && bound.is_ipv4() == path.remote.is_ipv4()
                && (bound.ip().is_unspecified() || bound.ip() == path.local.ip())
        });
        let Some(socket) = socket else { return };
        if let Err(error) = socket.send(&transmit.bytes, path.local, path.remote) {
            log::debug!("to {}: {error}", path.remote);
        }
    }
}
