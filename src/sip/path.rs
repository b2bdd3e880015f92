//! Where a datagram came from and where one goes.

use std::net::SocketAddr;

/// The two ends of a flow of datagrams, as seen from this box. UDP; other transports join later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    /// The address of this box: where the datagram arrived, or from which one is sent.
    pub local: SocketAddr,
    /// The address of the peer.
    pub remote: SocketAddr,
}

/// A datagram to be sent from `path.local` to `path.remote`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Which way it goes.
    pub path: Path,
    /// What is sent.
    pub bytes: Vec<u8>,
}
