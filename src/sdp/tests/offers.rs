//! Our offers, and what answers make of them (RFC 3264 §5, §7).

use core::time::Duration;
use std::net::SocketAddr;

use super::{local, parse, text, with_codecs};
use crate::sdp::{Description, Direction, Format, Local, Refusal, Session};

#[test]
fn an_offer_lists_all_formats_in_order() {
    let (offer, formats) = Session::new(local()).offer();
    let expected = "v=0\no=- 7 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 8 0 13 101\n\
        a=rtpmap:8 PCMA/8000\na=rtpmap:0 PCMU/8000\na=rtpmap:13 CN/8000\na=rtpmap:101 telephone-event/8000\n\
        a=fmtp:101 0-15\na=ptime:20\na=sendrecv\na=rtcp-mux\n";
    assert_eq!(text(&offer), expected);
    assert_eq!(formats.iter().map(|format| format.payload_type).collect::<Vec<_>>(), [8, 0, 13, 101]);
}

#[test]
fn an_offer_has_keys_for_each_clock_rate() {
    let (offer, _) = Session::new(with_codecs(&["G722", "PCMA", "PCMU", "L16"])).offer();
    assert_eq!(offer.media[0].formats.join(" "), "9 8 0 96 97 98 13 101 102 103");
    let maps = "a=rtpmap:9 G722/8000\na=rtpmap:8 PCMA/8000\na=rtpmap:0 PCMU/8000\na=rtpmap:96 L16/48000\n\
        a=rtpmap:97 L16/16000\na=rtpmap:98 L16/8000\na=rtpmap:13 CN/8000\na=rtpmap:101 telephone-event/8000\n\
        a=rtpmap:102 telephone-event/48000\na=rtpmap:103 telephone-event/16000\n\
        a=fmtp:101 0-15\na=fmtp:102 0-15\na=fmtp:103 0-15\n";
    assert!(text(&offer).contains(maps), "{}", text(&offer));
}

#[test]
fn comfort_noise_is_offered_only_where_it_has_a_number() {
    let ours = Local { formats: vec![Format::new(97, "L16", 16_000)], ..local() };
    assert_eq!(Session::new(ours).offer().0.media[0].formats, ["97", "101"]);
}

#[test]
fn two_of_our_own_ends_agree() {
    for (ours, theirs) in [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")] {
        let at = |address: &str, port| Local { address: address.parse().unwrap(), port, ..local() };
        let (alice, bob) = (at(ours, 4000), at(theirs, 6000));
        let (mut calling, mut called) = (Session::new(alice.clone()), Session::new(bob.clone()));
        let (answer, to_alice) = called.answer(&calling.offer().0).unwrap();
        let to_bob = calling.accept(&Description::parse(&answer.to_bytes()).unwrap()).unwrap();
        assert_eq!(to_alice.remote, Some(SocketAddr::new(alice.address, 4000)));
        assert_eq!(to_bob.remote, Some(SocketAddr::new(bob.address, 6000)));
        assert_eq!(to_alice.formats.speech, [Format::new(8, "PCMA", 8000)]);
        assert_eq!((&to_bob.formats, &to_bob.send), (&to_alice.formats, &to_alice.send));
        assert!(to_bob.rtcp_mux && to_bob.remote_rtcp == to_bob.remote);
        assert_eq!((to_bob.direction, to_bob.ptime), (Direction::SendRecv, Duration::from_millis(20)));
    }
}

#[test]
fn an_answer_may_hold_several_codecs_and_its_first_is_what_is_sent() {
    let negotiated =
        accepted("c=IN IP4 192.0.2.2\nm=audio 6000 RTP/AVP 0 8 18 101\na=rtpmap:101 telephone-event/8000\n")
            .unwrap();
    assert_eq!(negotiated.formats.speech, [Format::new(0, "PCMU", 8000), Format::new(8, "PCMA", 8000)]);
    assert_eq!(negotiated.send, Format::new(0, "PCMU", 8000));
    assert_eq!(negotiated.formats.telephone_events, [Format::telephone_event(101, 8000)]);
    assert_eq!(negotiated.formats.comfort_noise, []);
    assert_eq!(negotiated.remote_rtcp, Some("192.0.2.2:6001".parse().unwrap()));
}

/// RFC 3264 §6.1 says SHOULD of the offer's numbers; what the offerer receives has its own, what it sends the answer's.
#[test]
fn an_answer_with_numbers_of_its_own_is_received_under_both() {
    let mut session = Session::new(with_codecs(&["L16"]));
    session.offer();
    let answer = parse(
        "m=audio 6000 RTP/AVP 112 96 100\na=rtpmap:112 L16/16000\na=rtpmap:96 L16/8000\n\
         a=rtpmap:100 telephone-event/16000\n",
    );
    let negotiated = session.accept(&answer).unwrap();
    let l16 = |payload_type, rate| Format::new(payload_type, "L16", rate);
    assert_eq!(negotiated.send, l16(112, 16_000));
    let both = [l16(97, 16_000), l16(112, 16_000), l16(98, 8_000)];
    assert_eq!(negotiated.formats.speech, both, "96 stays what we said it is");
    let events: Vec<_> = negotiated.formats.telephone_events.iter().map(|event| event.payload_type).collect();
    assert_eq!(events, [102, 100]);
}

#[test]
fn an_answer_that_takes_nothing_is_refused() {
    let cases = [
        ("", Refusal::NoAudio),
        ("m=audio 0 RTP/AVP 8\n", Refusal::NoAudio),
        ("m=audio 4 RTP/SAVP 8\n", Refusal::Transport { offered: "RTP/SAVP".to_owned() }),
    ];
    for (text, refusal) in cases {
        assert_eq!(accepted(text), Err(refusal), "{text}");
    }
    let foreign = accepted("m=audio 4 RTP/AVP 18\n").map_err(|refusal| refusal.to_string());
    assert_eq!(foreign, Err("no common codec: offered G729, supported PCMA PCMU".to_owned()));
}

#[test]
fn an_answer_to_nothing_is_refused() {
    let refusal = Session::new(local()).accept(&parse("m=audio 4 RTP/AVP 8\n")).unwrap_err();
    assert_eq!(refusal.warning_code(), 305);
}

fn accepted(answer: &str) -> Result<crate::sdp::Negotiated, Refusal> {
    let mut session = Session::new(local());
    session.offer();
    session.accept(&parse(answer))
}
