//! Answers to first offers (RFC 3264 §6).

use core::time::Duration;

use super::{answered, local, parse, ports, text, with_codecs};
use crate::sdp::{Direction, Format, Formats, Local, Negotiated, Session};

/// RFC 3264 §10.1, but that we have no video.
#[test]
fn basic_exchange_of_the_rfc() {
    let offer = "o=alice 2890844526 2890844526 IN IP4 host.anywhere.com\ns=\nc=IN IP4 host.anywhere.com\nt=0 0\n\
        m=audio 49170 RTP/AVP 0\na=rtpmap:0 PCMU/8000\n\
        m=video 51372 RTP/AVP 31\na=rtpmap:31 H261/90000\n\
        m=video 53000 RTP/AVP 32\na=rtpmap:32 MPV/90000\n";
    let (description, negotiated) = answered(offer).unwrap();
    let expected = "v=0\no=- 7 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n\
        m=audio 4000 RTP/AVP 0\na=rtpmap:0 PCMU/8000\na=ptime:20\na=sendrecv\n\
        m=video 0 RTP/AVP 31\nm=video 0 RTP/AVP 32\n";
    assert_eq!(text(&description), expected);
    assert_eq!(negotiated.remote, None, "a host name is not resolved");
}

#[test]
fn our_order_decides_and_their_payload_type_stays() {
    let offer = "c=IN IP4 192.0.2.9\nm=audio 6000 RTP/AVP 0 101\na=rtpmap:101 pcma/8000\n";
    let (description, negotiated) = answered(offer).unwrap();
    assert_eq!(description.media[0].formats, ["101"]);
    assert_eq!(negotiated.formats.speech, [Format::new(101, "pcma", 8000)]);
    assert_eq!(negotiated.send, Format::new(101, "pcma", 8000));
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
fn fax_and_video_are_refused_in_their_places() {
    let offer = "c=IN IP4 192.0.2.9\nm=video 5000 RTP/AVP 99\na=rtpmap:99 H264/90000\n\
        m=image 5002 udptl t38\na=T38FaxVersion:0\nm=audio 5004 RTP/AVP 8\nm=application 9 TCP/BFCP *\n";
    let (description, _) = answered(offer).unwrap();
    assert!(
        text(&description).contains("m=video 0 RTP/AVP 99\nm=image 0 udptl t38\nm=audio 4000 RTP/AVP 8\n")
    );
    assert!(text(&description).ends_with("m=application 0 TCP/BFCP *\n"));
}

#[test]
fn keys_and_comfort_noise_are_taken_when_offered() {
    let offer = "c=IN IP4 192.0.2.9\nm=audio 6000 RTP/AVP 0 8 13 96\na=rtpmap:13 CN/8000\n\
        a=rtpmap:96 Telephone-Event/8000\na=fmtp:96 0-16,32\n";
    let (description, negotiated) = answered(offer).unwrap();
    let expected = "m=audio 4000 RTP/AVP 8 13 96\na=rtpmap:8 PCMA/8000\na=rtpmap:13 CN/8000\n\
        a=rtpmap:96 Telephone-Event/8000\na=fmtp:96 0-15\na=ptime:20\na=sendrecv\n";
    assert!(text(&description).ends_with(expected), "{}", text(&description));
    let formats = Formats {
        speech: vec![Format::new(8, "PCMA", 8000)],
        comfort_noise: vec![Format::new(13, "CN", 8000)],
        telephone_events: vec![Format::new(96, "Telephone-Event", 8000)],
    };
    assert_eq!(negotiated.formats, formats);
}

#[test]
fn keys_have_the_clock_of_the_codec_that_was_taken() {
    let lines = "c=IN IP4 192.0.2.9\nm=audio 6000 RTP/AVP 97 9 100 101 13 99\na=rtpmap:97 L16/16000\n\
        a=rtpmap:100 telephone-event/16000\na=rtpmap:101 telephone-event/8000\na=rtpmap:99 CN/16000\n";
    let taken = |codec| {
        let (description, _) = Session::new(with_codecs(&[codec])).answer(&parse(lines)).unwrap();
        description.media[0].formats.join(" ")
    };
    assert_eq!((taken("L16").as_str(), taken("G722").as_str()), ("97 99 100", "9 13 101"));
}

/// Asterisk before 22 has only events of 8000 Hz, whatever the speech.
#[test]
fn asterisk_offers_events_of_another_clock_and_they_are_taken() {
    let lines =
        "m=audio 6000 RTP/AVP 118 101 13\na=rtpmap:118 L16/16000\na=rtpmap:101 telephone-event/8000\n";
    let (description, _) = Session::new(with_codecs(&["L16"])).answer(&parse(lines)).unwrap();
    assert_eq!(description.media[0].formats, ["118", "101"], "but noise of another clock means nothing");
}

#[test]
fn each_rate_of_l16_is_a_format_and_the_highest_wins() {
    let lines = "m=audio 6000 RTP/AVP 11 96 97 98 99\na=rtpmap:96 L16/8000\na=rtpmap:97 L16/16000/1\n\
        a=rtpmap:98 L16/48000/2\na=rtpmap:99 L16/48000\n";
    let (_, negotiated) = Session::new(with_codecs(&["L16", "PCMU"])).answer(&parse(lines)).unwrap();
    assert_eq!(negotiated.send, Format::new(99, "L16", 48_000));
    assert_eq!(negotiated.ptime, Duration::from_millis(10), "20 ms are more than a packet can carry whole");
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
        let in_media = answered(&format!("c=IN IP4 192.0.2.9\nm=audio 6000 RTP/AVP 8\n{line}\n")).unwrap();
        let in_session = answered(&format!("c=IN IP4 192.0.2.9\n{line}\nm=audio 6000 RTP/AVP 8\n")).unwrap();
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
        assert_eq!(negotiated.remote_rtcp, None);
    }
}

#[test]
fn packets_are_as_long_as_asked_if_that_is_sensible() {
    let cases = [
        ("", 20),
        ("a=ptime:30\n", 30),
        ("a=ptime:60\n", 60),
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
fn rtcp_goes_to_the_next_port_unless_they_say_where() {
    let cases = [
        ("", Some("192.0.2.9:6001")),
        ("a=rtcp:53020\n", Some("192.0.2.9:53020")),
        ("a=rtcp:53020 IN IP4 192.0.2.10\n", Some("192.0.2.10:53020")),
        ("a=rtcp:0\n", Some("192.0.2.9:6001")),
        ("a=rtcp:53020 IN IP6 ::1\n", None),
        ("a=rtcp:53020 IN IP4 host.example.com\n", None),
        ("a=rtcp:53020 IN IP4 0.0.0.0\n", None),
        ("a=rtcp:53020 IN IP4 239.0.0.1\n", None),
    ];
    for (line, rtcp) in cases {
        let (_, negotiated) =
            answered(&format!("c=IN IP4 192.0.2.9\nm=audio 6000 RTP/AVP 8\n{line}")).unwrap();
        assert_eq!(negotiated.remote_rtcp, rtcp.map(|rtcp| rtcp.parse().unwrap()), "{line}");
        assert!(!negotiated.rtcp_mux);
    }
    let (_, negotiated) = answered("c=IN IP4 192.0.2.9\nm=audio 65535 RTP/AVP 8\n").unwrap();
    assert_eq!(negotiated.remote_rtcp, None, "there is no port 65536");
}

#[test]
fn rtcp_shares_the_port_of_rtp_when_they_want_that() {
    let offer = "c=IN IP4 192.0.2.9\nm=audio 6000 RTP/AVP 8\na=rtcp:6005\na=rtcp-mux\n";
    let (description, negotiated) = answered(offer).unwrap();
    assert!(negotiated.rtcp_mux && negotiated.remote_rtcp == negotiated.remote);
    assert!(text(&description).ends_with("a=sendrecv\na=rtcp-mux\n"));
}

/// RFC 5761 §4.
#[test]
fn rtcp_keeps_its_port_where_a_payload_type_would_look_like_it() {
    let offer = "c=IN IP4 192.0.2.9\nm=audio 6000 RTP/AVP 72\na=rtpmap:72 PCMA/8000\na=rtcp-mux\n";
    let (description, negotiated) = answered(offer).unwrap();
    assert!(!negotiated.rtcp_mux && !description.media[0].rtcp_mux);
    assert_eq!(negotiated.remote_rtcp, Some("192.0.2.9:6001".parse().unwrap()));
}

#[test]
fn a_stream_of_ipv6_is_answered_in_ipv6() {
    let ours = Local { address: "2001:db8::1".parse().unwrap(), ..local() };
    let offer = "c=IN IP4 192.0.2.9\nm=audio 6000 RTP/AVP 8\nc=IN IP6 2001:db8::9\na=rtcp:6009\n";
    let (description, negotiated) = Session::new(ours).answer(&parse(offer)).unwrap();
    assert!(text(&description).contains("\nc=IN IP6 2001:db8::1\n"));
    assert_eq!(negotiated.remote, Some("[2001:db8::9]:6000".parse().unwrap()));
    assert_eq!(negotiated.remote_rtcp, Some("[2001:db8::9]:6009".parse().unwrap()));
}

#[test]
fn bandwidth_and_unknown_attributes_are_passed_over() {
    let offer = "b=CT:1000\na=group:BUNDLE 0\na=msid-semantic: WMS\nm=audio 6000 RTP/AVP 8\ni=title\nb=AS:64\n\
        b=TIAS:64000\nk=prompt\na=mid:0\na=ssrc:1 cname:x\na=\na=silenceSupp:off - - - -\na=candidate:1 1 UDP\n";
    assert_eq!(answered(offer), answered("m=audio 6000 RTP/AVP 8\n"));
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
        ("m=audio 0 RTP/AVP 8\n", 304, "no audio stream to take: expected m=audio with a port"),
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
            "m=audio 5 RTP/AVP 13 101\na=rtpmap:101 telephone-event/8000\n",
            305,
            "no common codec: offered CN telephone-event, supported PCMA PCMU",
        ),
        ("m=audio 5 RTP/AVP 99\n", 305, "no common codec: offered none by name, supported PCMA PCMU"),
    ];
    for (offer, code, text) in cases {
        let refusal = answered(offer).unwrap_err();
        assert_eq!((refusal.warning_code(), refusal.to_string().as_str()), (code, text));
    }
}

#[test]
fn what_is_agreed_can_be_asked_for_later() {
    let mut session = Session::new(local());
    assert_eq!(session.agreed(), None);
    let (_, negotiated): (_, Negotiated) = session.answer(&parse("m=audio 6000 RTP/AVP 8\n")).unwrap();
    assert_eq!(session.agreed(), Some(&negotiated));
}
