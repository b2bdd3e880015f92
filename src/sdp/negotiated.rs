//! What both ends agreed on.

use core::time::Duration;
use std::net::SocketAddr;

use super::{Description, Direction, Format, Formats, Local, Media, Refusal};

/// What both ends agreed on, until they agree on something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// Where to send. `None` when there is nowhere: the other end holds (c=0.0.0.0), or gave a host name.
    /// A link-local IPv6 address comes without its scope, which is that of the signalling peer.
    pub remote: Option<SocketAddr>,
    /// Where to send RTCP; with [`Negotiated::rtcp_mux`] the same.
    pub remote_rtcp: Option<SocketAddr>,
    /// Whether RTCP comes and goes on the ports of RTP (RFC 5761).
    pub rtcp_mux: bool,
    /// What may arrive, and may change from packet to packet.
    pub formats: Formats,
    /// What speech is sent as, under the number that the other end wants.
    pub send: Format,
    /// Which way media flows, seen from here.
    pub direction: Direction,
    /// How long the packets we send are.
    pub ptime: Duration,
}

impl Negotiated {
    /// Agrees on `stream` of their `description`; `choose` picks what may arrive, and what is sent, from what they have.
    pub(super) fn on(
        local: &Local,
        (description, stream): (&Description, &Media),
        choose: impl FnOnce(&Formats) -> Option<(Formats, Format)>,
    ) -> Result<Self, Refusal> {
        if !stream.is_audio() || stream.port == 0 {
            return Err(Refusal::NoAudio);
        }
        if !stream.is_plain_rtp() {
            return Err(Refusal::transport(stream));
        }
        let remote = local.remote(description, stream)?;
        let (formats, send) =
            choose(&Formats::of(stream)).ok_or_else(|| Refusal::codec(stream, &local.formats))?;
        let said = description.direction_of(stream);
        let said = if remote.is_held { said.without_receiving() } else { said };
        let rtcp_mux =
            stream.rtcp_mux && formats.iter().all(|format| !CONFUSING.contains(&format.payload_type));
        Ok(Self {
            remote: remote.rtp,
            remote_rtcp: if rtcp_mux { remote.rtp } else { remote.rtcp },
            rtcp_mux,
            ptime: local.packet_time(stream, &send),
            formats,
            send,
            direction: said.reversed(),
        })
    }

    /// The same, but the other end has switched the stream off (RFC 3264 §8.2).
    pub(super) fn switched_off(&self) -> Self {
        Self { remote: None, remote_rtcp: None, direction: Direction::Inactive, ..self.clone() }
    }
}

/// Payload types that look like RTCP once the marker bit is set (RFC 5761 §4).
const CONFUSING: core::ops::RangeInclusive<u8> = 64..=95;
