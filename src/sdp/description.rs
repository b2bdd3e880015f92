//! What a session description says, as far as audio needs it.

use core::fmt;
use core::time::Duration;
use std::net::{IpAddr, Ipv4Addr};

use super::{Direction, Format, Parameters, Rtcp};

/// A session description (RFC 8866 §5), reduced to what offer and answer need.
///
/// Printing one that was parsed, and parsing that, gives the same value (if it still fits [`super::MAX_BYTES`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Who made it, and which version it is.
    pub origin: Origin,
    /// Where media goes unless a stream says otherwise.
    pub address: Option<Address>,
    /// Start and stop; an answer repeats the offer's (RFC 3264 §6).
    pub time: (u64, u64),
    /// Which way media flows unless a stream says otherwise.
    pub direction: Option<Direction>,
    /// The streams, in the order that ties an answer to its offer.
    pub media: Vec<Media>,
}

impl Description {
    /// Where the media of `media`, a stream of this description, goes.
    #[must_use]
    pub fn address_of<'a>(&'a self, media: &'a Media) -> Option<&'a Address> {
        media.address.as_ref().or(self.address.as_ref())
    }

    /// Which way the media of `media`, a stream of this description, flows.
    #[must_use]
    pub fn direction_of(&self, media: &Media) -> Direction {
        media.direction.or(self.direction).unwrap_or_default()
    }
}

/// The o= line (RFC 8866 §5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// A user's name, `-` for none.
    pub user: String,
    /// Numeric by the RFC, but longer than any integer from some.
    pub session_id: String,
    /// Grows by one with every change.
    pub version: u64,
    /// The machine it was made on.
    pub address: Address,
}

impl Default for Origin {
    /// What stands for an o= line that is missing.
    fn default() -> Self {
        Self { user: "-".to_owned(), session_id: "0".to_owned(), version: 0, address: Address::default() }
    }
}

/// An address as SDP writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An IP address; the time to live of multicast and an IPv6 zone are dropped.
    Ip(IpAddr),
    /// Anything else, mostly a host name.
    Name(String),
}

impl Address {
    /// Reads the last field of a c= or o= line.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let bare = text.split(['/', '%']).next().unwrap_or(text);
        bare.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Ip)
    }

    /// The address, unless it is a name.
    #[must_use]
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(ip) => Some(*ip),
            Self::Name(_) => None,
        }
    }
}

impl Default for Address {
    fn default() -> Self {
        Self::Ip(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

impl fmt::Display for Address {
    /// With its network and family: `IN IP4 192.0.2.1`. A name is said to be of IPv4.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => write!(f, "IN {} {ip}", if ip.is_ipv4() { "IP4" } else { "IP6" }),
            Self::Name(name) => write!(f, "IN IP4 {name}"),
        }
    }
}

/// An m= line and the lines that follow it (RFC 8866 §5.14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// `audio`, `video`, `image`, …
    pub kind: String,
    /// The UDP port, 0 when the stream is refused or gone.
    pub port: u16,
    /// `RTP/AVP`, …
    pub protocol: String,
    /// The formats as they stand in the m= line: payload types, or words of another protocol. Never empty.
    pub formats: Vec<String>,
    /// The a=rtpmap lines.
    pub rtpmaps: Vec<Format>,
    /// The a=fmtp lines that belong to a payload type.
    pub parameters: Vec<Parameters>,
    /// Where this stream's media goes.
    pub address: Option<Address>,
    /// How long the packets it wants to receive are.
    pub ptime: Option<Duration>,
    /// How long the packets it receives may be.
    pub maxptime: Option<Duration>,
    /// Which way it flows.
    pub direction: Option<Direction>,
    /// Where its RTCP goes; `None`: to the port after that of RTP.
    pub rtcp: Option<Rtcp>,
    /// Whether RTCP may share the port of RTP (RFC 5761).
    pub rtcp_mux: bool,
}

impl Media {
    /// An m= line that nothing follows. `formats` may not be empty.
    #[must_use]
    pub fn new(kind: &str, port: u16, protocol: &str, formats: Vec<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            port,
            protocol: protocol.to_owned(),
            formats,
            rtpmaps: Vec::new(),
            parameters: Vec::new(),
            address: None,
            ptime: None,
            maxptime: None,
            direction: None,
            rtcp: None,
            rtcp_mux: false,
        }
    }

    /// The refusal of this stream: the same line with port 0 (RFC 3264 §6).
    #[must_use]
    pub fn refused(&self) -> Self {
        Self::new(&self.kind, 0, &self.protocol, self.formats.clone())
    }

    /// The payload formats, in order, by their rtpmap or their static meaning; unexplained numbers are skipped.
    pub fn payload_formats(&self) -> impl Iterator<Item = Format> + '_ {
        self.formats.iter().filter_map(|number| {
            let number: u8 = number.parse().ok()?;
            let mapped = self.rtpmaps.iter().find(|map| map.payload_type == number).cloned();
            mapped.or_else(|| Format::of_static(number))
        })
    }

    /// Whether this is audio.
    #[must_use]
    pub fn is_audio(&self) -> bool {
        self.kind.eq_ignore_ascii_case("audio")
    }

    /// Whether this is plain RTP.
    #[must_use]
    pub fn is_plain_rtp(&self) -> bool {
        self.protocol.eq_ignore_ascii_case("RTP/AVP")
    }
}
