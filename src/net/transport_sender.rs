//! Carries messages of the syslog protocol to a collector, by UDP or TCP (RFC 5424 §3: a transport sender).
//!
//! Every call may wait, for a time that is bounded but for that of the resolver, so it belongs into a thread of its own.

use core::time::Duration;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv, setsockopt, sockopt};

/// The way to one collector.
#[derive(Debug)]
pub struct TransportSender {
    host: String,
    port: u16,
    is_tcp: bool,
    way: Option<Way>,
}

#[derive(Debug)]
enum Way {
    Datagrams(UdpSocket),
    Connection(TcpStream),
}

impl TransportSender {
    /// For the collector `host`, a name or an address without brackets. Nothing is opened yet.
    #[must_use]
    pub const fn new(host: String, port: u16, is_tcp: bool) -> Self {
        Self { host, port, is_tcp, way: None }
    }

    /// Looks the name up and opens the way; the first address that can be had is taken.
    ///
    /// # Errors
    /// When the name has no address, or nothing leads to any, or nobody listens there (TCP).
    pub fn open(&mut self) -> io::Result<()> {
        self.way = None;
        let mut failure = io::ErrorKind::NotFound.into();
        for address in (self.host.as_str(), self.port).to_socket_addrs()? {
            let way = if self.is_tcp { connect(address) } else { aim(address) };
            match way {
                Ok(way) => {
                    self.way = Some(way);
                    return Ok(());
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// Sends `bytes`: all of them in one datagram, or as the next of the connection.
    ///
    /// # Errors
    /// When they could not be sent, or not within 2 s for each piece, or when one before them found nobody.
    /// The way is closed then: of a connection, nobody knows what has arrived.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = match &mut self.way {
            Some(Way::Datagrams(socket)) => socket.send(bytes).map(drop),
            Some(Way::Connection(stream)) => look(stream).and_then(|()| stream.write_all(bytes)),
            None => Err(io::ErrorKind::NotConnected.into()),
        };
        if sent.is_err() {
            self.way = None;
        }
        sent.map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => io::Error::new(io::ErrorKind::TimedOut, "it does not read"),
            _ => error,
        })
    }
}

fn connect(address: SocketAddr) -> io::Result<Way> {
    let stream = TcpStream::connect_timeout(&address, CONNECT_WITHIN)?;
    stream.set_write_timeout(Some(WRITE_WITHIN))?;
    setsockopt(&stream, sockopt::TcpUserTimeout, &UNACKNOWLEDGED_MS)?;
    setsockopt(&stream, sockopt::SndBuf, &UNREAD_BYTES)?;
    Ok(Way::Connection(stream))
}

fn aim(address: SocketAddr) -> io::Result<Way> {
    let any = match address {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.set_write_timeout(Some(WRITE_WITHIN))?;
    socket.connect(address)?;
    Ok(Way::Datagrams(socket))
}

/// Whether the other end has closed: what is written after that is lost without a word. What it says is not listened to.
fn look(stream: &TcpStream) -> io::Result<()> {
    let mut said = [0; 256];
    match recv(stream.as_raw_fd(), &mut said, MsgFlags::MSG_DONTWAIT) {
        Ok(0) => Err(io::ErrorKind::ConnectionAborted.into()),
        Ok(_) | Err(Errno::EAGAIN | Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// How long a connection may take to open.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long a collector may take nothing.
const WRITE_WITHIN: Duration = Duration::from_secs(2);
/// How long what was sent may stay without an acknowledgement (`TCP_USER_TIMEOUT`, RFC 5482): a collector without power
/// says nothing, and the kernel would go on for a quarter of an hour.
const UNACKNOWLEDGED_MS: u32 = 20_000;
/// What a collector may leave unread before it counts as one that does not read: some hundred lines.
const UNREAD_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpListener;

    use super::*;

    fn sender(address: SocketAddr, is_tcp: bool) -> TransportSender {
        TransportSender::new(address.ip().to_string(), address.port(), is_tcp)
    }

    #[test]
    fn a_message_is_a_datagram() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(collector) = UdpSocket::bind(any) else { continue };
            let mut sender = sender(collector.local_addr().unwrap(), false);
            assert_eq!(sender.send(b"x").unwrap_err().kind(), io::ErrorKind::NotConnected);
            sender.open().unwrap();
            sender.send(b"one").unwrap();
            sender.send(b"").unwrap();
            let mut buffer = [0; 9];
            assert_eq!([(); 2].map(|()| collector.recv(&mut buffer).unwrap()), [3, 0]);
        }
    }

    #[test]
    fn a_connection_that_the_collector_has_closed_is_seen_before_anything_is_lost() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut sender = sender(listener.local_addr().unwrap(), true);
        sender.open().unwrap();
        let (mut taken, _) = listener.accept().unwrap();
        taken.write_all(b"what it says is passed over").unwrap();
        sender.send(b"one").unwrap();
        let mut buffer = [0; 3];
        taken.read_exact(&mut buffer).unwrap();
        drop(taken);
        let failure = (0..1000).find_map(|_| sender.send(b"").err()).expect("the end is seen");
        assert_ne!(failure.kind(), io::ErrorKind::TimedOut);
        assert_eq!(
            sender.send(b"x").unwrap_err().kind(),
            io::ErrorKind::NotConnected,
            "it has to be opened anew"
        );
    }

    #[test]
    fn a_collector_that_does_not_read_is_left_in_time() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        setsockopt(&listener, sockopt::RcvBuf, &4096).unwrap();
        let mut sender = sender(listener.local_addr().unwrap(), true);
        sender.open().unwrap();
        let _taken = listener.accept().unwrap();
        let failure =
            (0..1000).find_map(|_| sender.send(&[b'x'; 1000]).err()).expect("no more than so much is kept");
        assert_eq!(failure.to_string(), "it does not read");
    }

    #[test]
    fn nobody_there_and_no_such_name_are_errors() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(sender(address, true).open().unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert!(TransportSender::new("no-such-name.invalid".to_owned(), 1, false).open().is_err());
    }
}
