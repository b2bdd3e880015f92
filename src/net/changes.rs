//! Tells when the machine's network changes: a cable, an address, a route (rtnetlink).

use core::task::{Context, Poll};
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket,
};

use super::reactor::Watched;

/// Hears of changes as long as it lives. What has changed it does not say.
#[derive(Debug)]
pub struct Changes {
    socket: Watched<OwnedFd>,
}

impl Changes {
    /// Listens from now on.
    ///
    /// # Errors
    ///
    /// When the kernel does not tell.
    pub fn new() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)?;
        bind(fd.as_raw_fd(), &NetlinkAddr::new(0, GROUPS))?;
        Ok(Self { socket: Watched::new(fd) })
    }

    /// Waits for the next change; what has come in the meantime counts as one.
    ///
    /// # Errors
    ///
    /// When it cannot be waited for.
    pub async fn changed(&self) -> io::Result<()> {
        poll_fn(|context| self.poll_changed(context)).await
    }

    fn poll_changed(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.socket.poll_readable(context) {
                Poll::Ready(Ok(())) if self.drain()? => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) => {}
                other => return other,
            }
        }
    }

    /// Reads all that is there; whether there was anything.
    fn drain(&self) -> io::Result<bool> {
        let mut buffer = [0; 8192];
        let mut has_changed = false;
        for _ in 0..MAX_READS {
            match recv(self.socket.io().as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                // More than the kernel could keep: that is a change as well.
                Ok(_) | Err(Errno::ENOBUFS) => has_changed = true,
                Err(Errno::EAGAIN) => break,
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(has_changed)
    }
}

/// Links, addresses and routes of both families (rtnetlink(7), `RTMGRP_*`).
const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;
/// So many messages are read before others have their turn.
const MAX_READS: usize = 64;
