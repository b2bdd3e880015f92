//! Our end of a stream, and how it is written down.

use core::time::Duration;
use std::net::{IpAddr, SocketAddr};

use super::{Address, Description, Direction, Format, Formats, Media, Origin, Parameters, Refusal};

/// Our end of the one stream a call has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Where we want to receive.
    pub address: IpAddr,
    /// The RTP port there; RTCP is received on the next one, and on this one too where both ends say so (RFC 5761).
    pub port: u16,
    /// The speech we can decode and encode, the best first. What goes beside it is added here.
    pub formats: Vec<Format>,
    /// How long the packets we want to receive are.
    pub ptime: Duration,
    /// Ours for the whole call.
    pub session_id: u64,
}

impl Local {
    /// Our end as an m= line with what follows it.
    pub(super) fn media(&self, formats: &Formats, ptime: Duration, direction: Direction) -> Media {
        let numbers = formats.iter().map(|format| format.payload_type.to_string()).collect();
        let events = formats.telephone_events.iter();
        Media {
            // Static payload types get theirs too: some telephone systems want it.
            rtpmaps: formats.iter().cloned().collect(),
            parameters: events.map(|event| Parameters::of_keys(event.payload_type)).collect(),
            ptime: Some(ptime),
            direction: Some(direction),
            ..Media::new("audio", self.port, "RTP/AVP", numbers)
        }
    }

    /// A description of ours; its version is to be set.
    pub(super) fn description(&self, media: Vec<Media>, time: (u64, u64)) -> Description {
        let address = Address::Ip(self.address);
        let origin = Origin {
            user: "-".to_owned(),
            session_id: self.session_id.to_string(),
            version: 0,
            address: address.clone(),
        };
        Description { origin, address: Some(address), time, direction: None, media }
    }

    /// Where `stream` of their `description` is to be sent.
    pub(super) fn remote(&self, description: &Description, stream: &Media) -> Result<Remote, Refusal> {
        match description.address_of(stream).and_then(Address::ip) {
            None => Ok(Remote::default()),
            Some(ip) if ip.is_unspecified() => Ok(Remote { is_held: true, ..Remote::default() }),
            Some(ip) if ip.is_multicast() => Err(Refusal::Multicast),
            Some(ip) if !self.reaches(ip) => Err(Refusal::AddressFamily { offered: ip }),
            Some(ip) => {
                let rtp = SocketAddr::new(ip, stream.port);
                Ok(Remote { rtp: Some(rtp), rtcp: self.remote_rtcp(stream, rtp), is_held: false })
            }
        }
    }

    /// Where RTCP goes when it does not share the port of RTP (RFC 3605; RFC 3550 §11).
    fn remote_rtcp(&self, stream: &Media, rtp: SocketAddr) -> Option<SocketAddr> {
        let Some(named) = &stream.rtcp else {
            return rtp.port().checked_add(1).map(|port| SocketAddr::new(rtp.ip(), port));
        };
        let ip = named.address.as_ref().map_or(Some(rtp.ip()), Address::ip);
        let ip = ip.filter(|&ip| self.reaches(ip) && !ip.is_unspecified() && !ip.is_multicast());
        ip.map(|ip| SocketAddr::new(ip, named.port))
    }

    fn reaches(&self, ip: IpAddr) -> bool {
        ip.is_ipv4() == self.address.is_ipv4()
    }

    /// What they ask for, if it is sensible, within what they bear and what travels whole; what we like otherwise.
    pub(super) fn packet_time(&self, stream: &Media, format: &Format) -> Duration {
        let asked = stream.ptime.filter(|ptime| SENSIBLE_PTIME.contains(ptime)).unwrap_or(self.ptime);
        let most = stream.maxptime.filter(|maxptime| SENSIBLE_PTIME.contains(maxptime));
        most.map_or(asked, |most| asked.min(most)).min(format.longest_packet())
    }
}

/// Where a stream is to be sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Remote {
    pub(super) rtp: Option<SocketAddr>,
    pub(super) rtcp: Option<SocketAddr>,
    /// Whether the other end holds by c=0.0.0.0 (RFC 2543; RFC 3264 §8.4).
    pub(super) is_held: bool,
}

/// Packets that telephones send: shorter ones cost, longer ones are never meant.
const SENSIBLE_PTIME: core::ops::RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_millis(60);
