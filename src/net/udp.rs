//! One UDP socket on the executor.
//!
//! What it decides: an IPv6 socket takes IPv6 only, so that `0.0.0.0:5060` and `[::]:5060` stand side by side; errors
//! that an earlier packet of ours caused at some peer (ICMP) never reach the reader.

use core::fmt;
use core::future::poll_fn;
use core::task::{Context, Poll};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use super::reactor::Watched;
use crate::clock;
use crate::time::Instant;
use nix::errno::Errno;
use nix::libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo, timespec};
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, RecvMsg, SockFlag, SockType,
    SockaddrStorage, bind, cmsg_space, recvmsg, sendmsg, setsockopt, socket, sockopt,
};

/// A bound UDP socket.
#[derive(Debug)]
pub struct Udp {
    io: Watched<UdpSocket>,
    local: SocketAddr,
}

/// How a socket is set up. The default leaves everything to the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UdpOptions {
    /// Differentiated services code point of what is sent, 0 to 63 (RFC 2474).
    pub dscp: Option<u8>,
    /// Bytes the kernel may hold until they are read; it cuts this down to `net.core.rmem_max`.
    pub receive_buffer: Option<usize>,
}

/// One datagram that has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// How many bytes of the buffer it fills.
    pub len: usize,
    /// Whether it was longer than the buffer, and has lost its end.
    pub truncated: bool,
    /// Who sent it.
    pub remote: SocketAddr,
    /// The address it was sent to: a real one even if the socket is bound to all.
    pub local: SocketAddr,
    /// When it reached the machine.
    pub arrival: Instant,
}

impl Udp {
    /// A socket bound to `address`, whose port may be 0 for any free one.
    ///
    /// # Errors
    ///
    /// See [`BindError`].
    pub fn bind(address: SocketAddr, options: UdpOptions) -> Result<Self, BindError> {
        Self::try_bind(address, options).map_err(|source| BindError::new(address, source))
    }

    fn try_bind(address: SocketAddr, options: UdpOptions) -> io::Result<Self> {
        let fd = open(address, options)?;
        bind(fd.as_raw_fd(), &SockaddrStorage::from(address))?;
        let socket = UdpSocket::from(fd);
        let local = socket.local_addr()?;
        Ok(Self { io: Watched::new(socket), local })
    }

    /// The address it is bound to; the port is the real one, the address may stand for all.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The next datagram, waited for.
    ///
    /// # Errors
    ///
    /// Only when the socket itself is broken: reading again will not help.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<Datagram> {
        poll_fn(|context| self.poll_recv(context, buffer)).await
    }

    /// The next datagram, for whoever waits for several things.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn poll_recv(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<Datagram>> {
        loop {
            match self.io.poll_readable(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
            match self.receive(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    /// The next datagram if one is there, to drain a burst.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<Option<Datagram>> {
        match self.receive(buffer) {
            Ok(datagram) => Ok(Some(datagram)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends `bytes` to `to`, from the address of `from` if that is a real one; its port does not matter.
    ///
    /// Never waits: a full send buffer is `WouldBlock`, and the datagram is lost like any other.
    ///
    /// # Errors
    ///
    /// This datagram could not be sent (no route, too long, not allowed); the next one may.
    pub fn send(&self, bytes: &[u8], from: SocketAddr, to: SocketAddr) -> io::Result<()> {
        let fd = self.io.io().as_raw_fd();
        let (slices, to) = ([IoSlice::new(bytes)], SockaddrStorage::from(to));
        let send = |source: &[ControlMessage<'_>]| {
            sendmsg(fd, &slices, source, MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL, Some(&to))
        };
        match from {
            _ if from.ip().is_unspecified() => send(&[]),
            SocketAddr::V4(from) => send(&[ControlMessage::Ipv4PacketInfo(&packet_info_v4(*from.ip()))]),
            SocketAddr::V6(from) => send(&[ControlMessage::Ipv6PacketInfo(&packet_info_v6(from))]),
        }?;
        Ok(())
    }

    /// Marks what is sent from now on with another code point, 0 to 63.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn set_dscp(&self, dscp: u8) -> io::Result<()> {
        Ok(mark(self.io.io(), self.local, dscp)?)
    }

    /// The same socket for a thread that only sends. It never waits.
    ///
    /// # Errors
    ///
    /// The process has no file descriptor left.
    pub fn to_send(&self) -> io::Result<UdpSocket> {
        self.io.io().try_clone()
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<Datagram> {
        for _ in 0..MAX_STALE_ERRORS {
            match self.receive_once(buffer) {
                Err(error) if is_echo_of_a_send(error) => {}
                outcome => return Ok(outcome?),
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn receive_once(&self, buffer: &mut [u8]) -> Result<Datagram, Errno> {
        let mut control = [0; CONTROL_BYTES];
        let mut slices = [IoSliceMut::new(buffer)];
        let message: RecvMsg<'_, '_, SockaddrStorage> =
            recvmsg(self.io.io().as_raw_fd(), &mut slices, Some(&mut control), MsgFlags::MSG_DONTWAIT)?;
        let remote = message.address.as_ref().and_then(socket_addr).ok_or(Errno::EAGAIN)?;
        let mut datagram = Datagram {
            len: message.bytes,
            truncated: message.flags.contains(MsgFlags::MSG_TRUNC),
            remote,
            local: self.local,
            arrival: Instant::ZERO,
        };
        for item in message.cmsgs()? {
            match item {
                ControlMessageOwned::ScmTimestampns(stamp) => datagram.arrival = clock::from_wall(stamp),
                ControlMessageOwned::Ipv4PacketInfo(info) => datagram.local.set_ip(address_v4(info).into()),
                ControlMessageOwned::Ipv6PacketInfo(info) => {
                    datagram.local = address_v6(info, self.local.port()).into();
                }
                _ => {}
            }
        }
        if datagram.arrival == Instant::ZERO {
            datagram.arrival = clock::now();
        }
        Ok(datagram)
    }
}

/// Why there is no socket on `address`.
#[derive(Debug)]
#[non_exhaustive]
pub enum BindError {
    /// The kernel has no IPv6: go on with IPv4.
    NoIpv6 {
        /// What was asked for.
        address: SocketAddr,
    },
    /// Another program, or another socket of this one, is there already.
    Taken {
        /// What was asked for.
        address: SocketAddr,
    },
    /// Anything else: not our address, a port below 1024 without the right to it, no file descriptors left.
    Failed {
        /// What was asked for.
        address: SocketAddr,
        /// What the kernel says.
        source: io::Error,
    },
}

impl BindError {
    fn new(address: SocketAddr, source: io::Error) -> Self {
        match source.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EAFNOSUPPORT) if address.is_ipv6() => Self::NoIpv6 { address },
            // With net.ipv6.conf.all.disable_ipv6 even loopback has no address.
            Some(Errno::EADDRNOTAVAIL) if address.ip() == Ipv6Addr::LOCALHOST => Self::NoIpv6 { address },
            Some(Errno::EADDRINUSE) => Self::Taken { address },
            _ => Self::Failed { address, source },
        }
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoIpv6 { address } => write!(f, "udp {address}: this machine has no IPv6"),
            Self::Taken { address } => write!(f, "udp {address}: the port is in use by another program"),
            Self::Failed { address, source } => write!(f, "udp {address}: {source}"),
        }
    }
}

impl std::error::Error for BindError {}

fn open(address: SocketAddr, options: UdpOptions) -> Result<OwnedFd, Errno> {
    let family = if address.is_ipv6() { AddressFamily::Inet6 } else { AddressFamily::Inet };
    let fd = socket(family, SockType::Datagram, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)?;
    setsockopt(&fd, sockopt::ReceiveTimestampns, &true)?;
    if address.is_ipv6() {
        setsockopt(&fd, sockopt::Ipv6V6Only, &true)?;
        setsockopt(&fd, sockopt::Ipv6RecvPacketInfo, &true)?;
    } else {
        setsockopt(&fd, sockopt::Ipv4PacketInfo, &true)?;
    }
    if let Some(dscp) = options.dscp {
        mark(&fd, address, dscp)?;
    }
    if let Some(bytes) = options.receive_buffer {
        setsockopt(&fd, sockopt::RcvBuf, &bytes)?;
    }
    Ok(fd)
}

/// Sets the code point, the upper six bits of the byte that IPv4 calls type of service and IPv6 traffic class.
pub(super) fn mark(fd: &impl AsFd, address: SocketAddr, dscp: u8) -> Result<(), Errno> {
    let byte = i32::from(dscp.min(63) << 2);
    if address.is_ipv6() {
        setsockopt(fd, sockopt::Ipv6TClass, &byte)
    } else {
        setsockopt(fd, sockopt::Ipv4Tos, &byte)
    }
}

/// Whether `error` tells of a packet sent earlier (ICMP), not of the one being read.
fn is_echo_of_a_send(error: Errno) -> bool {
    use Errno::{ECONNREFUSED, ECONNRESET, EHOSTDOWN, EHOSTUNREACH, EINTR, EMSGSIZE, ENETDOWN, ENETUNREACH};
    [ECONNREFUSED, ECONNRESET, EHOSTDOWN, EHOSTUNREACH, ENETDOWN, ENETUNREACH, EMSGSIZE, EINTR]
        .contains(&error)
}

fn socket_addr(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::from((v4.ip(), v4.port())));
    v4.or_else(|| {
        let v6 = address.as_sockaddr_in6()?;
        Some(SocketAddrV6::new(v6.ip(), v6.port(), v6.flowinfo(), v6.scope_id()).into())
    })
}

/// The address to answer from: of a multicast it is the interface's, not the group's.
fn address_v4(info: in_pktinfo) -> Ipv4Addr {
    Ipv4Addr::from(u32::from_be(info.ipi_spec_dst.s_addr))
}

/// A link-local address means something only together with its interface.
fn address_v6(info: in6_pktinfo, port: u16) -> SocketAddrV6 {
    let address = Ipv6Addr::from(info.ipi6_addr.s6_addr);
    let scope = if address.is_unicast_link_local() { info.ipi6_ifindex } else { 0 };
    SocketAddrV6::new(address, port, 0, scope)
}

fn packet_info_v4(from: Ipv4Addr) -> in_pktinfo {
    let spec_dst = in_addr { s_addr: u32::from(from).to_be() };
    in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: spec_dst, ipi_addr: in_addr { s_addr: 0 } }
}

fn packet_info_v6(from: SocketAddrV6) -> in6_pktinfo {
    in6_pktinfo { ipi6_addr: in6_addr { s6_addr: from.ip().octets() }, ipi6_ifindex: from.scope_id() }
}

/// Room for the time stamp and the local address of either family.
const CONTROL_BYTES: usize =
    cmsg_space::<timespec>() + cmsg_space::<in_pktinfo>() + cmsg_space::<in6_pktinfo>();

/// So many errors of earlier packets are passed over before the reader waits again.
const MAX_STALE_ERRORS: usize = 16;

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use smol::LocalExecutor;
    use smol::future::FutureExt;

    use super::*;
    use crate::net::{run, sleep_until};

    fn udp(address: &str) -> Udp {
        Udp::bind(address.parse().unwrap(), UdpOptions::default()).unwrap()
    }

    /// The next datagram and its bytes; fails the test after five seconds.
    fn recv(socket: &Udp) -> (Datagram, Vec<u8>) {
        let mut buffer = vec![0; 2048];
        let late = async {
            sleep_until(clock::now() + Duration::from_secs(5)).await;
            Err(io::ErrorKind::TimedOut.into())
        };
        let datagram = run(&LocalExecutor::new(), socket.recv(&mut buffer).or(late)).unwrap().unwrap();
        buffer.truncate(datagram.len);
        (datagram, buffer)
    }

    #[test]
    fn a_datagram_arrives_with_its_addresses_and_time() {
        let (a, b) = (udp("127.0.0.1:0"), udp("127.0.0.1:0"));
        let before = clock::now();
        a.send(b"hello", a.local_addr(), b.local_addr()).unwrap();
        let (datagram, bytes) = recv(&b);
        assert_eq!(bytes, b"hello");
        assert_eq!((datagram.remote, datagram.local), (a.local_addr(), b.local_addr()));
        assert!(!datagram.truncated);
        // The two clocks are read one after the other: allow for the moment in between.
        let slack = Duration::from_millis(2);
        assert!(datagram.arrival + slack >= before && datagram.arrival <= clock::now() + slack);
    }

    #[test]
    fn a_late_reader_still_sees_the_time_of_arrival() {
        let (a, b) = (udp("127.0.0.1:0"), udp("127.0.0.1:0"));
        // The kernel begins to stamp a moment after the first socket has asked for it.
        let is_stamped = (0..20).any(|_| {
            a.send(b"x", a.local_addr(), b.local_addr()).unwrap();
            let sent = clock::now();
            clock::sleep_until(sent + Duration::from_millis(30));
            recv(&b).0.arrival < sent + Duration::from_millis(15)
        });
        assert!(is_stamped);
    }

    #[test]
    fn a_socket_on_all_addresses_knows_the_one_that_was_called_and_answers_from_it() {
        let (phone, all) = (udp("127.0.0.1:0"), udp("0.0.0.0:0"));
        let called: SocketAddr = (Ipv4Addr::new(127, 0, 0, 7), all.local_addr().port()).into();
        phone.send(b"ping", phone.local_addr(), called).unwrap();
        let (datagram, _) = recv(&all);
        assert_eq!(datagram.local, called);
        all.send(b"pong", datagram.local, datagram.remote).unwrap();
        assert_eq!(recv(&phone).0.remote, called);
    }

    #[test]
    fn both_families_stand_on_one_port() {
        let v4 = udp("0.0.0.0:0");
        let address = SocketAddr::from((Ipv6Addr::UNSPECIFIED, v4.local_addr().port()));
        let v6 = match Udp::bind(address, UdpOptions::default()) {
            Err(BindError::NoIpv6 { .. }) => return,
            outcome => outcome.unwrap(),
        };
        let Ok(phone) = Udp::bind("[::1]:0".parse().unwrap(), UdpOptions::default()) else { return };
        let called = SocketAddr::from((Ipv6Addr::LOCALHOST, address.port()));
        phone.send(b"six", phone.local_addr(), called).unwrap();
        let (datagram, _) = recv(&v6);
        assert_eq!(datagram.local, called);
        v6.send(b"back", datagram.local, datagram.remote).unwrap();
        assert_eq!(recv(&phone).0.remote, called);
        assert_eq!(v4.try_recv(&mut [0; 8]).unwrap(), None);
    }

    #[test]
    fn a_dead_peer_does_not_disturb_the_reader() {
        let (a, b) = (udp("127.0.0.1:0"), udp("127.0.0.1:0"));
        let dead = udp("127.0.0.1:0").local_addr();
        for _ in 0..3 {
            a.send(b"anyone?", a.local_addr(), dead).unwrap();
        }
        assert_eq!(a.try_recv(&mut [0; 64]).unwrap(), None);
        b.send(b"here", b.local_addr(), a.local_addr()).unwrap();
        assert_eq!(recv(&a).1, b"here");
    }

    #[test]
    fn a_burst_is_drained_in_order() {
        let (a, b) = (udp("127.0.0.1:0"), udp("127.0.0.1:0"));
        for number in 0..20_u8 {
            a.send(&[number], a.local_addr(), b.local_addr()).unwrap();
        }
        let mut buffer = [0; 64];
        let mut heard = Vec::new();
        while let Some(datagram) = b.try_recv(&mut buffer).unwrap() {
            heard.extend_from_slice(&buffer[..datagram.len]);
        }
        assert_eq!(heard, (0..20).collect::<Vec<u8>>());
    }

    #[test]
    fn a_datagram_longer_than_the_buffer_says_so() {
        let (a, b) = (udp("127.0.0.1:0"), udp("127.0.0.1:0"));
        a.send(&[7; 100], a.local_addr(), b.local_addr()).unwrap();
        let mut short = [0; 10];
        let datagram = run(&LocalExecutor::new(), b.recv(&mut short)).unwrap().unwrap();
        assert_eq!((datagram.len, datagram.truncated), (10, true));
    }

    #[test]
    fn a_second_socket_on_a_port_is_refused_as_taken() {
        let first = udp("127.0.0.1:0");
        let refusal = Udp::bind(first.local_addr(), UdpOptions::default()).unwrap_err();
        assert!(matches!(refusal, BindError::Taken { .. }));
        assert!(refusal.to_string().contains("in use"), "{refusal}");
    }

    #[test]
    fn a_foreign_address_is_refused_with_the_reason() {
        let refusal = Udp::bind("192.0.2.1:0".parse().unwrap(), UdpOptions::default()).unwrap_err();
        assert!(matches!(refusal, BindError::Failed { .. }), "{refusal}");
    }

    #[test]
    fn a_host_without_ipv6_is_recognised() {
        let address = "[::]:5060".parse().unwrap();
        let refusal = BindError::new(address, Errno::EAFNOSUPPORT.into());
        assert!(matches!(refusal, BindError::NoIpv6 { .. }));
    }

    #[test]
    fn options_reach_the_socket() {
        let options = UdpOptions { dscp: Some(46), receive_buffer: Some(32_768) };
        let socket = Udp::bind("127.0.0.1:0".parse().unwrap(), options).unwrap();
        let fd = socket.io.io();
        assert_eq!(nix::sys::socket::getsockopt(fd, sockopt::Ipv4Tos).unwrap(), 46 << 2);
        assert!(nix::sys::socket::getsockopt(fd, sockopt::RcvBuf).unwrap() >= 32_768);
    }
}
