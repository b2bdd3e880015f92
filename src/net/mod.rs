//! Sockets, for the executor, and the loop that wakes it.
//!
//! [`run`] is the loop: it runs the tasks of an executor and waits for sockets, deadlines ([`sleep_until`]) and
//! [`Signals`] in between.
//! [`Udp`] tells with every datagram when it arrived (the kernel's stamp, not the time of reading) and which of the
//! machine's addresses it was sent to, and answers from that same address. [`MediaPorts`] hands out pairs of ports for
//! RTP and RTCP (RFC 3550 §11). [`source_for`] says which address the machine would use towards a peer, [`resolve`] what
//! addresses a name has and [`srv`] which servers a domain, [`attached`] which networks it is in and by which [`addresses`],
//! [`links`] what is plugged in, and [`Changes`] when to look again. [`Folders`] tells when files were written: it is here
//! because the loop has to wait for it.
//!
//! [`Tcp`] is a connection, taken by a [`Listener`] or opened; a [`Crowd`] waits for hundreds of them. [`Local`] and
//! [`LocalListener`] are the same for programs on the machine, and [`NotifySocket`] leads to its service manager, [`NotifyListener`] to those whom it manages.
//!
//! [`MulticastDns`] is the socket by which the box is found in its networks, [`multicast_links`].
//!
//! A [`TransportSender`] waits, within limits, and is for a thread of its own.
//!
//! Nothing here looks into a datagram or a stream. Bounds: of a datagram nothing is queued, what the kernel's socket buffer
//! does not hold is lost; of a connection as much as [`TcpOptions`] say.

mod changes;
mod folders;
mod http;
mod interface;
mod local;
mod multicast_dns;
mod notify;
mod notify_listener;
mod ports;
mod reactor;
mod resolve;
mod route;
mod signals;
mod srv;
mod tcp;
mod transport_sender;
mod udp;

pub use changes::Changes;
pub use folders::Folders;
pub use http::{HttpError, HttpStream, STALLED};
pub use interface::{addresses, attached, links};
pub use local::{Local, LocalError, LocalListener};
pub use multicast_dns::{MulticastDns, multicast_links};
pub use notify::NotifySocket;
pub use notify_listener::{Notification, NotifyListener};
pub use ports::MediaPorts;
pub(crate) use reactor::Watched;
pub use reactor::{Sleep, run, sleep_until};
pub use resolve::resolve;
pub use route::source_for;
pub use signals::Signals;
pub use srv::{PATIENCE, srv};
pub use tcp::{Crowd, Listener, Ready, Tcp, TcpOptions};
pub use transport_sender::TransportSender;
pub use udp::{BindError, Datagram, Udp, UdpOptions};
