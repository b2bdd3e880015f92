//! How an offer is answered.

use super::{Description, Format, Local, Media, Negotiated, Refusal};

/// Answers `offer` with our end (RFC 3264 §6).
///
/// The first audio stream we can take is taken; every other m-line comes back with port 0, in the same order. The answer
/// holds one codec: the first of *our* formats that is offered, under the offer's payload type. RFC 3264 §6.1 would like
/// the offerer's order; ours decides because a box on a loudspeaker knows best what it sounds good with, and the owner
/// sets the order (`codecs`). The direction is the widest that the offer allows, so `sendrecv` is answered `sendrecv`
/// though we may send nothing but silence: telephones take `recvonly` for hold.
///
/// # Errors
/// When no stream can be taken; of several reasons the one that came nearest is given.
pub fn answer(offer: &Description, local: &Local) -> Result<(Description, Negotiated), Refusal> {
    let mut refusal = Refusal::NoAudio;
    let mut taken: Option<Negotiated> = None;
    let mut media = Vec::with_capacity(offer.media.len());
    for stream in &offer.media {
        let ours = match local.take(offer, stream, first_of_ours) {
            Ok(negotiated) if taken.is_none() => taken.insert(negotiated).media(local),
            Ok(_) => stream.refused(),
            Err(reason) => {
                refusal = nearer(refusal, reason);
                stream.refused()
            }
        };
        media.push(ours);
    }
    let negotiated = taken.ok_or(refusal)?;
    Ok((local.description(media, offer.time), negotiated))
}

impl Negotiated {
    fn media(&self, local: &Local) -> Media {
        local.media(self.formats.clone(), self.ptime, self.direction)
    }
}

fn first_of_ours(theirs: &[Format], ours: &[Format]) -> Vec<Format> {
    let common = ours.iter().find_map(|our| theirs.iter().find(|their| our.is_same_encoding(their)));
    common.cloned().into_iter().collect()
}

fn nearer(one: Refusal, other: Refusal) -> Refusal {
    if other.nearness() > one.nearness() { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::Direction;
    use core::time::Duration;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    /// RFC 3264 §10.1, but that we have no video.
    #[test]
    fn basic_exchange_of_the_rfc() {
        let offer = "o=alice 2890844526 2890844526 IN IP4 host.anywhere.com\ns=\nc=IN IP4 host.anywhere.com\nt=0 0\n\
            m=audio 49170 RTP/AVP 0\na=rtpmap:0 PCMU/8000\n\
            m=video 51372 RTP/AVP 31\na=rtpmap:31 H261/90000\n\
            m=video 53000 RTP/AVP 32\na=rtpmap:32 MPV/90000\n";
        let (description, negotiated) = answered(offer).unwrap();
        let expected = "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
            m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=sendrecv\r\n\
            m=video 0 RTP/AVP 31\r\nm=video 0 RTP/AVP 32\r\n";
        assert_eq!(String::from_utf8(description.to_bytes()).unwrap(), expected);
        assert_eq!(negotiated.remote, None, "a host name is not resolved");
    }

    /// RFC 3264 §10.1, the second offer: audio moves, and telephone-events come as a stream of their own.
    #[test]
    fn events_alone_are_no_codec() {
        let offer = "o=bob 2890844730 2890844731 IN IP4 host.example.com\nc=IN IP4 192.0.2.9\n\
            m=audio 65422 RTP/AVP 0\na=rtpmap:0 PCMU/8000\nm=video 0 RTP/AVP 31\nm=video 53000 RTP/AVP 32\n\
            m=audio 51434 RTP/AVP 110\na=rtpmap:110 telephone-event/8000\na=recvonly\n";
        let (description, negotiated) = answered(offer).unwrap();
        assert_eq!(ports(&description), [4000, 0, 0, 0]);
        assert_eq!(negotiated.remote, Some("192.0.2.9:65422".parse().unwrap()));
    }

    /// RFC 3264 §10.2: the first offer is inactive, the second locks the codec.
    #[test]
    fn one_of_n_codec_selection() {
        let maps = "a=rtpmap:0 PCMU/8000\na=rtpmap:4 G723/8000\na=rtpmap:18 G729/8000\n";
        let first = format!("c=IN IP4 192.0.2.9\nm=audio 62986 RTP/AVP 0 4 18\n{maps}a=inactive\n");
        let (description, negotiated) = answered(&first).unwrap();
        assert_eq!(description.media[0].formats, ["0"]);
        assert_eq!(negotiated.direction, Direction::Inactive);
        let second = "c=IN IP4 192.0.2.9\nm=audio 62986 RTP/AVP 0\na=rtpmap:0 PCMU/8000\na=sendrecv\n";
        assert_eq!(answered(second).unwrap().1.direction, Direction::SendRecv);
    }

    #[test]
    fn our_order_decides_and_their_payload_type_stays() {
        let offer = "c=IN IP4 192.0.2.9\nm=audio 6000 RTP/AVP 0 101\na=rtpmap:101 pcma/8000\n";
        let (description, negotiated) = answered(offer).unwrap();
        assert_eq!(description.media[0].formats, ["101"]);
        assert_eq!(negotiated.formats, [Format::new(101, "pcma", 8000)]);
    }

    #[test]
    fn the_first_acceptable_stream_is_taken() {
        let offer = "c=IN IP4 192.0.2.9\nm=audio 5000 RTP/SAVP 8\nm=audio 5002 RTP/AVPF 8\nm=audio 0 RTP/AVP 8\n\
            m=audio 5006 RTP/AVP 18\nm=AUDIO 5008 rtp/avp 8\nm=audio 5010 RTP/AVP 0\n";
        let (description, negotiated) = answered(offer).unwrap();
        assert_eq!(ports(&description), [0, 0, 0, 0, 4000, 0]);
        assert_eq!(negotiated.remote, Some("192.0.2.9:5008".parse().unwrap()));
    }

    #[test]
    fn direction_is_mirrored() {
        let mirrored = [
            ("a=sendrecv", Direction::SendRecv),
            ("", Direction::SendRecv),
            ("a=sendonly", Direction::RecvOnly),
            ("a=recvonly", Direction::SendOnly),
            ("a=inactive", Direction::Inactive),
        ];
        for (line, direction) in mirrored {
            let in_media =
                answered(&format!("c=IN IP4 192.0.2.9\nm=audio 6000 RTP/AVP 8\n{line}\n")).unwrap();
            let in_session =
                answered(&format!("c=IN IP4 192.0.2.9\n{line}\nm=audio 6000 RTP/AVP 8\n")).unwrap();
            for (description, negotiated) in [in_media, in_session] {
                assert_eq!(negotiated.direction, direction, "{line}");
                assert_eq!(description.media[0].direction, Some(direction), "{line}");
            }
        }
    }

    #[test]
    fn the_old_hold_receives_nothing_and_is_sent_nothing() {
        for (line, direction) in [("a=sendrecv", Direction::RecvOnly), ("a=recvonly", Direction::Inactive)] {
            let (_, negotiated) =
                answered(&format!("c=IN IP4 0.0.0.0\nm=audio 6000 RTP/AVP 8\n{line}\n")).unwrap();
            assert_eq!((negotiated.direction, negotiated.remote), (direction, None));
        }
    }

    #[test]
    fn packets_are_as_long_as_asked_if_that_is_sensible() {
        let cases = [
            ("", 20),
            ("a=ptime:30\n", 30),
            ("a=ptime:1\n", 20),
            ("a=ptime:200\n", 20),
            ("a=ptime:40\na=maxptime:30\n", 30),
            ("a=maxptime:10\n", 10),
            ("a=maxptime:1\n", 20),
        ];
        for (lines, millis) in cases {
            let (description, negotiated) = answered(&format!("m=audio 6000 RTP/AVP 8\n{lines}")).unwrap();
            assert_eq!(negotiated.ptime, Duration::from_millis(millis), "{lines}");
            assert_eq!(description.media[0].ptime, Some(negotiated.ptime), "{lines}");
        }
    }

    #[test]
    fn an_answer_repeats_the_time_of_the_offer() {
        assert_eq!(answered("t=5 9\nm=audio 6000 RTP/AVP 8\n").unwrap().0.time, (5, 9));
    }

    #[test]
    fn a_broken_stream_keeps_its_place() {
        let offer = "c=IN IP4 192.0.2.9\nm=\nm=audio 6000 RTP/AVP 8\nm=video x RTP/AVP 31\nm=image 5 udptl\n";
        let (description, negotiated) = answered(offer).unwrap();
        assert_eq!(ports(&description), [0, 4000, 0, 0]);
        assert_eq!(description.media[2].kind, "video");
        assert_eq!(negotiated.remote, Some("192.0.2.9:6000".parse().unwrap()));
    }

    #[test]
    fn refusals_say_what_was_expected() {
        let cases = [
            ("", 304, "no audio stream to take: expected m=audio with a port"),
            ("m=video 5 RTP/AVP 31\n", 304, "no audio stream to take: expected m=audio with a port"),
            ("m=audio x RTP/AVP 8\n", 304, "no audio stream to take: expected m=audio with a port"),
            ("m=audio 5 RTP/\"S\"AVP 8\n", 302, "audio over RTP/SAVP is not supported: expected RTP/AVP"),
            ("c=IN IP6 ::1\nm=audio 5 RTP/AVP 8\n", 301, "media address ::1 is IPv6, this call is IPv4"),
            (
                "c=IN IP4 224.2.1.1/9\nm=audio 5 RTP/AVP 8\n",
                330,
                "a media address of a multicast group cannot be answered",
            ),
            (
                "m=audio 5 RTP/AVP 18 96\na=rtpmap:96 opus/48000/2\nm=audio 5 RTP/SAVP 8\n",
                305,
                "no common codec: offered G729 opus, supported PCMA PCMU",
            ),
            (
                "m=audio 5 RTP/AVP 101\na=rtpmap:101 telephone-event/8000\n",
                305,
                "no common codec: offered telephone-event, supported PCMA PCMU",
            ),
            ("m=audio 5 RTP/AVP 99\n", 305, "no common codec: offered none by name, supported PCMA PCMU"),
        ];
        for (offer, code, text) in cases {
            let refusal = answered(offer).unwrap_err();
            assert_eq!((refusal.warning_code(), refusal.to_string().as_str()), (code, text));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(3264),
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn an_answer_has_as_many_lines_as_its_offer(
            streams in proptest::collection::vec((stream(), "(a=[a-z]{0,8}\n|[a-z= ]{0,8}\n)?"), 0..8),
        ) {
            let offer: String = streams.into_iter().map(|(stream, line)| stream + "\n" + &line).collect();
            let offer = parse(&offer);
            if let Ok((description, negotiated)) = answer(&offer, &local()) {
                prop_assert_eq!(description.media.len(), offer.media.len());
                prop_assert_eq!(ports(&description).iter().filter(|&&port| port != 0).count(), 1);
                prop_assert_eq!(negotiated.formats.len(), 1);
                prop_assert_eq!(Description::parse(&description.to_bytes()), Ok(description));
            }
        }
    }

    fn stream() -> impl Strategy<Value = String> {
        "m=(audio|video)? (0|[1-9][0-9]{0,5}|x) RTP/(AVP|SAVP|AVPF)( 0| 8| 18| 101){0,3}"
    }

    fn answered(lines: &str) -> Result<(Description, Negotiated), Refusal> {
        answer(&parse(lines), &local())
    }

    fn parse(lines: &str) -> Description {
        Description::parse(format!("v=0\n{lines}").as_bytes()).unwrap()
    }

    fn ports(description: &Description) -> Vec<u16> {
        description.media.iter().map(|media| media.port).collect()
    }

    fn local() -> Local {
        Local {
            address: "192.0.2.1".parse().unwrap(),
            port: 4000,
            formats: vec![Format::new(8, "PCMA", 8000), Format::new(0, "PCMU", 8000)],
            ptime: Duration::from_millis(20),
            session_id: 7,
            version: 1,
        }
    }
}
