//! The socket of multicast DNS: port 5353 beside whoever else has it, on every link.
//!
//! It speaks over IPv4; addresses of IPv6 are told there as well. `SO_REUSEADDR` and `SO_REUSEPORT` let it stand beside Avahi or
//! systemd-resolved, which set them too: all of them hear what is sent to all, answers to one of them reach any.

use core::task::{Context, Poll};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::libc::{in_addr, in_pktinfo};
use nix::net::if_::{InterfaceFlags, if_nametoindex};
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, IpMembershipRequest, MsgFlags, RecvMsg, SockFlag,
    SockType, SockaddrIn, SockaddrStorage, bind, cmsg_space, recvmsg, sendmsg, setsockopt, socket, sockopt,
};

use super::interface::networks;
use super::reactor::Watched;
use crate::mdns::{Link, PORT};

/// Hears and speaks on all links that it has joined.
#[derive(Debug)]
pub struct MulticastDns {
    socket: Watched<OwnedFd>,
}

impl MulticastDns {
    /// A socket that has joined no link.
    ///
    /// # Errors
    ///
    /// When somebody has the port who does not share it.
    pub fn bind() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Inet, SockType::Datagram, flags, None)?;
        setsockopt(&fd, sockopt::ReuseAddr, &true)?;
        setsockopt(&fd, sockopt::ReusePort, &true)?;
        setsockopt(&fd, sockopt::Ipv4PacketInfo, &true)?;
        setsockopt(&fd, sockopt::IpMulticastTtl, &TTL)?;
        // Programs on this machine ask, too.
        setsockopt(&fd, sockopt::IpMulticastLoop, &true)?;
        bind(fd.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, PORT)))?;
        Ok(Self { socket: Watched::new(fd) })
    }

    /// Hears what is said on `link` from now on.
    ///
    /// # Errors
    ///
    /// When the kernel refuses; one that was joined before is none.
    pub fn join(&self, link: &Link) -> io::Result<()> {
        let v4 = |address: &IpAddr| if let IpAddr::V4(v4) = address { Some(*v4) } else { None };
        let Some(own) = link.addresses.iter().find_map(|(address, _)| v4(address)) else { return Ok(()) };
        let request = IpMembershipRequest::new(GROUP, Some(own));
        match setsockopt(self.socket.io(), sockopt::IpAddMembership, &request) {
            Err(Errno::EADDRINUSE) => Ok(()),
            outcome => Ok(outcome?),
        }
    }

    /// The next packet: its length, who sent it, and on which link.
    ///
    /// # Errors
    ///
    /// When the socket cannot be read.
    pub fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr, u32)>> {
        loop {
            match self.socket.poll_readable(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
            match self.receive(buffer) {
                Ok(Some(packet)) => return Poll::Ready(Ok(packet)),
                Ok(None) | Err(Errno::EAGAIN | Errno::EINTR) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }

    fn receive(&self, buffer: &mut [u8]) -> Result<Option<(usize, SocketAddr, u32)>, Errno> {
        let mut control = [0; cmsg_space::<in_pktinfo>()];
        let mut slices = [IoSliceMut::new(buffer)];
        let message: RecvMsg<'_, '_, SockaddrStorage> =
            recvmsg(self.socket.io().as_raw_fd(), &mut slices, Some(&mut control), MsgFlags::MSG_DONTWAIT)?;
        let from = message.address.as_ref().and_then(SockaddrStorage::as_sockaddr_in).copied();
        let link = message.cmsgs()?.find_map(|item| match item {
            ControlMessageOwned::Ipv4PacketInfo(info) => u32::try_from(info.ipi_ifindex).ok(),
            _ => None,
        });
        let is_whole = !message.flags.contains(MsgFlags::MSG_TRUNC);
        let packet = from.zip(link).filter(|_| is_whole);
        Ok(packet.map(|(from, link)| (message.bytes, SocketAddr::V4(from.into()), link)))
    }

    /// Sends on `link`, to `to` or to all. Never waits.
    ///
    /// # Errors
    ///
    /// When the link is gone, or its queue is full.
    pub fn send(&self, bytes: &[u8], link: u32, to: Option<SocketAddr>) -> io::Result<()> {
        let to = SockaddrStorage::from(to.unwrap_or(SocketAddr::V4(SocketAddrV4::new(GROUP, PORT))));
        let nobody = in_addr { s_addr: 0 };
        let ipi_ifindex = i32::try_from(link).unwrap_or(0);
        let source = [ControlMessage::Ipv4PacketInfo(&in_pktinfo {
            ipi_ifindex,
            ipi_spec_dst: nobody,
            ipi_addr: nobody,
        })];
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
        sendmsg(self.socket.io().as_fd().as_raw_fd(), &[IoSlice::new(bytes)], &source, flags, Some(&to))?;
        Ok(())
    }
}

/// The links on which others may be, with the addresses of this machine there; loopback only where there is nothing else.
///
/// # Errors
///
/// When the kernel does not tell: there are no file descriptors left.
pub fn multicast_links() -> io::Result<Vec<Link>> {
    let all = networks()?;
    let is_shared = |flags: InterfaceFlags| {
        !flags.contains(InterfaceFlags::IFF_LOOPBACK) && flags.contains(InterfaceFlags::IFF_MULTICAST)
    };
    let has_shared = all.iter().any(|(_, flags, ..)| is_shared(*flags));
    let mut links: Vec<Link> = Vec::new();
    for (name, _, address, network) in
        all.into_iter().filter(|(_, flags, ..)| is_shared(*flags) || !has_shared)
    {
        let Ok(index) = if_nametoindex(name.as_str()) else { continue };
        match links.iter_mut().find(|link| link.index == index) {
            Some(link) => link.addresses.push((address, network)),
            None => links.push(Link { index, addresses: vec![(address, network)] }),
        }
    }
    links.retain(|link| link.addresses.iter().any(|(address, _)| address.is_ipv4()));
    Ok(links)
}

/// RFC 6762 §3.
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
/// §11.
const TTL: u8 = 255;
