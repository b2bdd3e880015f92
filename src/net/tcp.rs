//! TCP on the executor: listeners and connections, and the crowd they stand in.
//!
//! What it decides: an IPv6 listener takes IPv6 only, as a UDP socket does; nothing waits, neither for a connection nor
//! for a write: what the kernel does not take is queued, up to [`TcpOptions::queue`]; small messages go at once, and a peer
//! that is gone without a word is noticed after [`UNANSWERED`].
//!
//! A [`Crowd`] is one epoll set within that of the reactor: whoever has hundreds of connections waits for one thing, and
//! is told which of them have something. It is level-triggered: what was not read is told again.

use core::task::{Context, Poll};
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use super::reactor::Watched;
use super::udp::mark;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, bind, connect, listen, setsockopt, socket,
    sockopt,
};

/// A port that takes connections.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    local: SocketAddr,
    options: TcpOptions,
}

/// How connections are set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpOptions {
    /// Differentiated services code point of what is sent, 0 to 63 (RFC 2474).
    pub dscp: Option<u8>,
    /// The most bytes that wait for the kernel to take them.
    pub queue: usize,
}

impl Listener {
    /// Listens at `address`, whose port may be 0 for any free one.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn bind(address: SocketAddr, options: TcpOptions) -> io::Result<Self> {
        let fd = open(address, options)?;
        // Or the port would stay taken for a minute after each restart of the box.
        setsockopt(&fd, sockopt::ReuseAddr, &true)?;
        bind(fd.as_raw_fd(), &SockaddrStorage::from(address))?;
        listen(&fd, Backlog::new(BACKLOG)?)?;
        let socket = TcpListener::from(fd);
        let local = socket.local_addr()?;
        Ok(Self { socket, local, options })
    }

    /// The address it listens at; the port is the real one, the address may stand for all.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Marks what connections taken from now on send with another code point, 0 to 63.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn set_dscp(&self, dscp: u8) -> io::Result<()> {
        Ok(mark(&self.socket, self.local, dscp)?)
    }

    /// The next connection, if one is there.
    ///
    /// # Errors
    ///
    /// There are no file descriptors left, or no memory: asking again at once will not help.
    pub fn accept(&self) -> io::Result<Option<Tcp>> {
        let socket = match self.socket.accept() {
            Ok((socket, _)) => socket,
            Err(error) if is_exhausted(&error) => return Err(error),
            // Of a connection that is gone already.
            Err(_) => return Ok(None),
        };
        socket.set_nonblocking(true)?;
        let (Ok(local), Ok(remote)) = (socket.local_addr(), socket.peer_addr()) else { return Ok(None) };
        Ok(Some(Tcp { local, remote, is_open: true, ..Tcp::new(socket, self.options) }))
    }
}

/// A connection. Dropping it closes it.
#[derive(Debug)]
pub struct Tcp {
    socket: TcpStream,
    local: SocketAddr,
    remote: SocketAddr,
    /// Whether it has been opened: for one of ours that takes a while.
    is_open: bool,
    /// What the kernel has not taken yet; the first `taken` bytes it has.
    queue: Vec<u8>,
    taken: usize,
    queue_max: usize,
}

impl Tcp {
    /// Begins to connect to `to`, from the address of `from` if that is a real one; its port does not matter. How that ends
    /// is told by [`on_writable`](Self::on_writable).
    ///
    /// # Errors
    ///
    /// There is no way there.
    pub fn connect(from: SocketAddr, to: SocketAddr, options: TcpOptions) -> io::Result<Self> {
        let fd = open(to, options)?;
        if !from.ip().is_unspecified() {
            let mut from = from;
            from.set_port(0);
            bind(fd.as_raw_fd(), &SockaddrStorage::from(from))?;
        }
        match connect(fd.as_raw_fd(), &SockaddrStorage::from(to)) {
            Ok(()) | Err(Errno::EINPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(Self { local: from, remote: to, ..Self::new(TcpStream::from(fd), options) })
    }

    /// Its end here: of one that was accepted, with the port of the listener.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Its end there.
    #[must_use]
    pub const fn remote_addr(&self) -> SocketAddr {
        self.remote
    }

    /// What has come, if anything has: 0 bytes are its end.
    ///
    /// # Errors
    ///
    /// It is broken.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match (&self.socket).read(buffer) {
            Ok(len) => Ok(Some(len)),
            Err(error) if is_later(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends `bytes`, after what is queued.
    ///
    /// # Errors
    ///
    /// It is broken, or too much would be queued: the peer does not read.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = if self.wants_write() { 0 } else { self.write(bytes)? };
        let rest = &bytes[sent..];
        if self.queue.len() - self.taken + rest.len() > self.queue_max {
            return Err(io::ErrorKind::StorageFull.into());
        }
        // Who always leaves something unread must not make it grow.
        if !rest.is_empty() {
            self.queue.drain(..self.taken);
            self.taken = 0;
        }
        self.queue.extend_from_slice(rest);
        Ok(())
    }

    /// Whether [`on_writable`](Self::on_writable) is to be called once there is room.
    #[must_use]
    pub const fn wants_write(&self) -> bool {
        !self.is_open || self.has_queued()
    }

    /// Whether it has been opened.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether something waits to be sent.
    #[must_use]
    pub const fn has_queued(&self) -> bool {
        self.taken < self.queue.len()
    }

    /// The kernel takes more: the connection is open, or there is room.
    ///
    /// # Errors
    ///
    /// It could not be opened, or takes no more of what is queued.
    pub fn on_writable(&mut self) -> io::Result<()> {
        // Of one that is open an error is told when it is read, after what came before it.
        if !self.is_open
            && let Some(error) = self.socket.take_error()?
        {
            return Err(error);
        }
        self.is_open = true;
        self.taken += self.write(&self.queue[self.taken..])?;
        if !self.has_queued() {
            self.queue = Vec::new();
            self.taken = 0;
        }
        Ok(())
    }

    /// Nothing more will be sent; what comes can still be read.
    pub fn finish(&self) {
        // It fails when the peer has gone already.
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    fn new(socket: TcpStream, options: TcpOptions) -> Self {
        let nowhere = SocketAddr::from(([0; 4], 0));
        let (queue, taken, queue_max) = (Vec::new(), 0, options.queue);
        Self { socket, local: nowhere, remote: nowhere, is_open: false, queue, taken, queue_max }
    }

    /// Writes what the kernel takes: so many bytes.
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut sent = 0;
        while sent < bytes.len() {
            match (&self.socket).write(&bytes[sent..]) {
                Ok(len) => sent += len,
                Err(error) if is_later(&error) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(sent)
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsFd for Tcp {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Listeners and connections that are waited for together. What is closed is no part of it any more.
#[derive(Debug)]
pub struct Crowd(Watched<Set>);

/// One of a crowd that has something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Which one.
    pub key: usize,
    /// Something can be read or accepted, or it is broken.
    pub readable: bool,
    /// It is open, or there is room, or it is broken.
    pub writable: bool,
}

impl Crowd {
    /// An empty one.
    ///
    /// # Errors
    ///
    /// There are no file descriptors left.
    pub fn new() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        Ok(Self(Watched::new(Set(epoll))))
    }

    /// Waits for `io` from now on, also for room to write if it `wants_write`.
    ///
    /// # Errors
    ///
    /// The kernel has no memory for it.
    pub fn add(&self, io: &impl AsFd, key: usize, wants_write: bool) -> io::Result<()> {
        Ok(self.epoll().add(io, interest(key, wants_write))?)
    }

    /// Waits for room to write, or does not any more.
    pub fn change(&self, io: &impl AsFd, key: usize, wants_write: bool) {
        // It is in there, and open.
        let _ = self.epoll().modify(io, &mut interest(key, wants_write));
    }

    /// Leaves `io` out.
    pub fn remove(&self, io: &impl AsFd) {
        // It is in there, and open.
        let _ = self.epoll().delete(io);
    }

    /// Adds those that have something to `ready`, once there is one.
    ///
    /// # Errors
    ///
    /// The reactor is broken.
    pub fn poll_ready(&self, context: &mut Context<'_>, ready: &mut Vec<Ready>) -> Poll<io::Result<()>> {
        loop {
            match self.0.poll_readable(context) {
                Poll::Ready(Ok(())) if self.try_ready(ready) == 0 => {}
                Poll::Ready(outcome) => return Poll::Ready(outcome),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Adds those that have something to `ready`: so many.
    pub fn try_ready(&self, ready: &mut Vec<Ready>) -> usize {
        let mut events = [EpollEvent::empty(); READY_MAX];
        // Only a signal can disturb it, and then it is asked again.
        let count = self.epoll().wait(&mut events, EpollTimeout::ZERO).unwrap_or(0);
        ready.extend(events.iter().take(count).map(|event| {
            let flags = event.events();
            let is_broken = flags.intersects(EpollFlags::EPOLLERR | EpollFlags::EPOLLHUP);
            Ready {
                key: usize::try_from(event.data()).unwrap_or(usize::MAX),
                readable: is_broken || flags.contains(EpollFlags::EPOLLIN),
                writable: is_broken || flags.contains(EpollFlags::EPOLLOUT),
            }
        }));
        count
    }

    fn epoll(&self) -> &Epoll {
        &self.0.io().0
    }
}

#[derive(Debug)]
struct Set(Epoll);

impl AsFd for Set {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.0.as_fd()
    }
}

fn interest(key: usize, wants_write: bool) -> EpollEvent {
    let write = if wants_write { EpollFlags::EPOLLOUT } else { EpollFlags::empty() };
    EpollEvent::new(EpollFlags::EPOLLIN | write, key as u64)
}

fn open(address: SocketAddr, options: TcpOptions) -> Result<OwnedFd, Errno> {
    let family = if address.is_ipv6() { AddressFamily::Inet6 } else { AddressFamily::Inet };
    let fd = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)?;
    if address.is_ipv6() {
        setsockopt(&fd, sockopt::Ipv6V6Only, &true)?;
    }
    // Connections have all of these from their listener (tcp(7)).
    setsockopt(&fd, sockopt::TcpNoDelay, &true)?;
    setsockopt(&fd, sockopt::KeepAlive, &true)?;
    setsockopt(&fd, sockopt::TcpKeepIdle, &KEEP_ALIVE_IDLE_S)?;
    setsockopt(&fd, sockopt::TcpKeepInterval, &KEEP_ALIVE_EVERY_S)?;
    setsockopt(&fd, sockopt::TcpUserTimeout, &u32::try_from(UNANSWERED.as_millis()).unwrap_or(u32::MAX))?;
    if let Some(dscp) = options.dscp {
        mark(&fd, address, dscp)?;
    }
    Ok(fd)
}

fn is_later(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// Whether nothing can be accepted at all, rather than this one connection (accept(2)).
fn is_exhausted(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM | Errno::EINVAL))
}

/// How long a peer may be silent until it is asked whether it is there, in seconds, and then how often.
const KEEP_ALIVE_IDLE_S: u32 = 60;
const KEEP_ALIVE_EVERY_S: u32 = 10;
/// A peer that has acknowledged nothing for so long is gone.
const UNANSWERED: Duration = Duration::from_secs(30);
/// Connections that the kernel holds until they are accepted; it cuts this down to `net.core.somaxconn`.
const BACKLOG: i32 = 512;
/// So many are told in one go. Those left over are told first the next time.
const READY_MAX: usize = 64;

#[cfg(test)]
mod tests;
