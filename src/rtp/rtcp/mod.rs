//! RTCP: what both ends of a stream tell each other about it (RFC 3550 §6).
//!
//! ```text
//! datagram -> Compound -> Reporter -> compound every 5 s or so: SR or RR, SDES with the CNAME, BYE at the end
//!             (bytes)     (when, what)
//! ```
//!
//! [`Compound`] reads what came; [`Outgoing`] is what goes; [`Reporter`] decides when, and computes loss and round trip.
//!
//! Read: SR, RR, SDES, BYE, APP; others (RTPFB, PSFB, XR) are stepped over. A compound may lack the report that RFC 3550
//! puts first (RFC 5506). On a port shared with RTP, [`is_rtcp`] tells them apart (RFC 5761).
//!
//! Left out: sessions of more than two members, feedback (RFC 4585), extended reports (RFC 3611), encryption.

mod cname;
mod ntp;
mod read;
mod reception;
mod reporter;
mod schedule;
mod write;

pub use cname::Cname;
pub use ntp::NtpTime;
pub use read::{
    Compound, Packet, ParseError, ReportBlock, Reports, SenderInfo, SourceDescription, Sources, is_rtcp,
};
pub use reception::Reception;
pub use reporter::{Event, Local, PeerClock, PeerView, Reporter, ReporterConfig, ReporterStats, Sent};
pub use write::{Datagram, Outgoing};
