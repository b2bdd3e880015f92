//! What we offer, and what an answer to it means.

use core::time::Duration;
use std::net::{IpAddr, SocketAddr};

use super::{Address, Description, Direction, Format, Media, Origin, Refusal};

/// Our end of a stream to be agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Where we want to receive.
    pub address: IpAddr,
    /// The RTP port there.
    pub port: u16,
    /// What we can decode and encode, the best first.
    pub formats: Vec<Format>,
    /// How long the packets we want to receive are.
    pub ptime: Duration,
    /// Ours for the whole call.
    pub session_id: u64,
    /// Grows by one with every description that differs from the last.
    pub version: u64,
}

/// What both ends agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// Where to send. `None` when there is nowhere: the other end holds (c=0.0.0.0), or gave a host name.
    /// A link-local IPv6 address comes without its scope.
    pub remote: Option<SocketAddr>,
    /// What may arrive; the first is what is sent. Never empty.
    pub formats: Vec<Format>,
    /// Which way media flows, seen from here.
    pub direction: Direction,
    /// How long the packets we send are.
    pub ptime: Duration,
}

/// The description that offers our end: one audio stream, both ways.
#[must_use]
pub fn offer(local: &Local) -> Description {
    let media = local.media(local.formats.clone(), local.ptime, Direction::SendRecv);
    local.description(vec![media], (0, 0))
}

/// What `answer` makes of the stream that [`offer()`] offered.
///
/// # Errors
/// When the answer takes no stream that we could play.
pub fn accept(answer: &Description, offered: &Local) -> Result<Negotiated, Refusal> {
    let stream = answer.media.first().ok_or(Refusal::NoAudio)?;
    offered.take(answer, stream, |theirs, ours| {
        // The answerer's order decides what we send (RFC 3264 §7).
        theirs.iter().filter(|their| ours.iter().any(|our| our.is_same_encoding(their))).cloned().collect()
    })
}

impl Local {
    /// Agrees on `stream` of their `description`; `choose` picks from their formats and ours.
    pub(super) fn take(
        &self,
        description: &Description,
        stream: &Media,
        choose: impl FnOnce(&[Format], &[Format]) -> Vec<Format>,
    ) -> Result<Negotiated, Refusal> {
        if !stream.is_audio() || stream.port == 0 {
            return Err(Refusal::NoAudio);
        }
        if !stream.is_plain_rtp() {
            return Err(Refusal::transport(stream));
        }
        let (remote, held) = self.remote(description, stream)?;
        let theirs: Vec<_> = stream.payload_formats().filter(|format| !format.is_telephone_event()).collect();
        let formats = choose(&theirs, &self.formats);
        if formats.is_empty() {
            return Err(Refusal::codec(stream, &self.formats));
        }
        let said = description.direction_of(stream);
        let direction = if held { said.without_receiving() } else { said }.reversed();
        Ok(Negotiated { remote, formats, direction, ptime: self.packet_time(stream) })
    }

    /// Where `stream` is to be sent, and whether it is held by c=0.0.0.0 (RFC 2543; RFC 3264 §8.4).
    fn remote(
        &self,
        description: &Description,
        stream: &Media,
    ) -> Result<(Option<SocketAddr>, bool), Refusal> {
        match description.address_of(stream).and_then(Address::ip) {
            None => Ok((None, false)),
            Some(ip) if ip.is_unspecified() => Ok((None, true)),
            Some(ip) if ip.is_multicast() => Err(Refusal::Multicast),
            Some(ip) if ip.is_ipv4() != self.address.is_ipv4() => Err(Refusal::AddressFamily { offered: ip }),
            Some(ip) => Ok((Some(SocketAddr::new(ip, stream.port)), false)),
        }
    }

    /// What they ask for, if it is sensible, within what they bear; what we like otherwise.
    fn packet_time(&self, stream: &Media) -> Duration {
        let asked = stream.ptime.filter(|ptime| SENSIBLE_PTIME.contains(ptime)).unwrap_or(self.ptime);
        let most = stream.maxptime.filter(|maxptime| SENSIBLE_PTIME.contains(maxptime));
        most.map_or(asked, |most| asked.min(most))
    }

    pub(super) fn media(&self, formats: Vec<Format>, ptime: Duration, direction: Direction) -> Media {
        Media {
            kind: "audio".to_owned(),
            port: self.port,
            protocol: "RTP/AVP".to_owned(),
            formats: formats.iter().map(|format| format.payload_type.to_string()).collect(),
            // Static payload types get theirs too: some telephone systems want it.
            rtpmaps: formats,
            address: None,
            ptime: Some(ptime),
            maxptime: None,
            direction: Some(direction),
        }
    }

    pub(super) fn description(&self, media: Vec<Media>, time: (u64, u64)) -> Description {
        let address = Address::Ip(self.address);
        let origin = Origin {
            user: "-".to_owned(),
            session_id: self.session_id.to_string(),
            version: self.version,
            address: address.clone(),
        };
        Description { origin, address: Some(address), time, direction: None, media }
    }
}

/// Packets that telephones send: shorter ones cost, longer ones are never meant.
const SENSIBLE_PTIME: core::ops::RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_millis(60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::answer;

    #[test]
    fn an_offer_lists_all_formats_in_order() {
        let text = String::from_utf8(offer(&local("192.0.2.1", 4000)).to_bytes()).unwrap();
        let expected = "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 0\r\n\
            a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=sendrecv\r\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn two_of_our_own_ends_agree() {
        for (ours, theirs) in [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")] {
            let (alice, bob) = (local(ours, 4000), local(theirs, 6000));
            let (description, called) = answer(&offer(&alice), &bob).unwrap();
            let calling = accept(&Description::parse(&description.to_bytes()).unwrap(), &alice).unwrap();
            assert_eq!(called.remote, Some(SocketAddr::new(alice.address, 4000)));
            assert_eq!(calling.remote, Some(SocketAddr::new(bob.address, 6000)));
            assert_eq!(called.formats, [Format::new(8, "PCMA", 8000)]);
            assert_eq!(calling.formats, called.formats);
            assert_eq!((calling.direction, calling.ptime), (Direction::SendRecv, Duration::from_millis(20)));
        }
    }

    #[test]
    fn the_answerers_first_format_is_what_is_sent() {
        let answer =
            parse("c=IN IP4 192.0.2.2\nm=audio 6000 RTP/AVP 0 8 101\na=rtpmap:101 telephone-event/8000\n");
        let negotiated = accept(&answer, &local("192.0.2.1", 4000)).unwrap();
        assert_eq!(negotiated.formats, [Format::new(0, "PCMU", 8000), Format::new(8, "PCMA", 8000)]);
    }

    #[test]
    fn an_answer_that_takes_nothing_is_refused() {
        let cases = [
            ("", Refusal::NoAudio),
            ("m=audio 0 RTP/AVP 8\n", Refusal::NoAudio),
            ("m=audio 4 RTP/SAVP 8\n", Refusal::Transport { offered: "RTP/SAVP".to_owned() }),
        ];
        for (text, refusal) in cases {
            assert_eq!(accept(&parse(text), &local("192.0.2.1", 4000)), Err(refusal), "{text}");
        }
        let foreign = accept(&parse("m=audio 4 RTP/AVP 18\n"), &local("192.0.2.1", 4000));
        let text = "no common codec: offered G729, supported PCMA PCMU";
        assert_eq!(foreign.map_err(|refusal| refusal.to_string()), Err(text.to_owned()));
    }

    fn parse(lines: &str) -> Description {
        Description::parse(format!("v=0\n{lines}").as_bytes()).unwrap()
    }

    fn local(address: &str, port: u16) -> Local {
        Local {
            address: address.parse().unwrap(),
            port,
            formats: vec![Format::new(8, "PCMA", 8000), Format::new(0, "PCMU", 8000)],
            ptime: Duration::from_millis(20),
            session_id: 7,
            version: 1,
        }
    }
}
