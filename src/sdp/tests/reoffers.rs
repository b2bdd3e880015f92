//! Offers within a call (RFC 3264 §8).

use core::time::Duration;

use super::{local, parse, ports, text, version, with_codecs};
use crate::sdp::{Description, Direction, Format, Negotiated, Refusal, Session};

const OFFER: &str = "c=IN IP4 192.0.2.9\nm=audio 6000 RTP/AVP 8 0\n";

/// A call whose first offer was [`OFFER`].
fn talking() -> Session {
    let mut session = Session::new(local());
    session.answer(&parse(OFFER)).unwrap();
    session
}

fn reoffer(session: &mut Session, lines: &str) -> (Description, Negotiated) {
    session.answer(&parse(lines)).unwrap()
}

#[test]
fn the_version_grows_when_the_answer_changes_and_only_then() {
    let mut session = talking();
    let (same, _) = reoffer(&mut session, OFFER);
    let (moved, negotiated) = reoffer(&mut session, "c=IN IP4 192.0.2.10\nm=audio 7000 RTP/AVP 8\n");
    assert_eq!((version(&same), version(&moved)), (1, 1), "our end is where it was");
    assert_eq!(negotiated.remote, Some("192.0.2.10:7000".parse().unwrap()));
    let (held, _) = reoffer(&mut session, &format!("{OFFER}a=sendonly\n"));
    assert_eq!(version(&held), 2);
    assert_eq!((&held.origin.session_id, &held.origin.user), (&same.origin.session_id, &same.origin.user));
    let (resumed, _) = reoffer(&mut session, OFFER);
    assert_eq!(version(&resumed), 3);
    assert_eq!(resumed.media, same.media);
}

#[test]
fn a_call_is_held_and_resumed_in_every_way() {
    let ways = [
        ("c=IN IP4 192.0.2.9\nm=audio 6000 RTP/AVP 8\na=sendonly\n", Direction::RecvOnly, "192.0.2.9:6000"),
        ("c=IN IP4 192.0.2.9\nm=audio 6000 RTP/AVP 8\na=inactive\n", Direction::Inactive, "192.0.2.9:6000"),
        ("c=IN IP4 192.0.2.9\na=recvonly\nm=audio 6000 RTP/AVP 8\n", Direction::SendOnly, "192.0.2.9:6000"),
        ("c=IN IP4 0.0.0.0\nm=audio 6000 RTP/AVP 8\n", Direction::RecvOnly, ""),
        (
            "c=IN IP4 192.0.2.9\nm=audio 6000 RTP/AVP 8\nc=IN IP4 0.0.0.0\na=inactive\n",
            Direction::Inactive,
            "",
        ),
    ];
    for (lines, direction, remote) in ways {
        let mut session = talking();
        let (description, negotiated) = reoffer(&mut session, lines);
        assert_eq!((negotiated.direction, negotiated.remote), (direction, remote.parse().ok()), "{lines}");
        assert_eq!((description.media[0].direction, description.media[0].port), (Some(direction), 4000));
        let (_, resumed) = reoffer(&mut session, OFFER);
        assert_eq!(resumed.direction, Direction::SendRecv, "{lines}");
        assert_eq!(resumed.remote, Some("192.0.2.9:6000".parse().unwrap()), "{lines}");
    }
}

#[test]
fn codec_and_packet_time_change() {
    let mut session = talking();
    let (description, negotiated) =
        reoffer(&mut session, "c=IN IP4 192.0.2.9\nm=audio 6000 RTP/AVP 0\na=ptime:30\n");
    assert_eq!(negotiated.send, Format::new(0, "PCMU", 8000));
    assert_eq!((negotiated.ptime, version(&description)), (Duration::from_millis(30), 2));
}

/// What we said is said again, to keep the call alive (RFC 4028 §7.4).
#[test]
fn what_we_answered_is_an_offer_when_it_is_said_again() {
    let offer = "c=IN IP4 192.0.2.9\nm=audio 6000 RTP/AVP 8 0 101\na=rtpmap:101 telephone-event/8000\n";
    let mut session = Session::new(local());
    let (_, before) = reoffer(&mut session, offer);
    let same = "c=IN IP4 192.0.2.9\nm=audio 6000 RTP/AVP 8 101\na=rtpmap:101 telephone-event/8000\n";
    assert_eq!(session.accept(&parse(same)).as_ref(), Ok(&before), "the answer of before changes nothing");
    let moved = session.accept(&parse(&same.replace("192.0.2.9", "192.0.2.10"))).unwrap();
    assert_eq!(moved, Negotiated { remote: moved.remote, remote_rtcp: moved.remote_rtcp, ..before.clone() });
    assert_eq!(moved.remote, Some("192.0.2.10:6000".parse().unwrap()));
    let held = session.accept(&parse(&format!("{same}a=sendonly\n"))).unwrap();
    assert_eq!((held.direction, held.remote), (Direction::RecvOnly, before.remote));
    let other = session.accept(&parse("c=IN IP4 192.0.2.9\nm=audio 6000 RTP/AVP 0\n"));
    assert!(matches!(other, Err(Refusal::Codec { .. })), "{other:?}");
    assert_eq!(session.agreed(), Some(&held), "what is refused changes nothing");
}

#[test]
fn a_stream_that_is_added_is_refused_and_the_old_one_stays() {
    let mut session = talking();
    let added = format!("{OFFER}m=video 6002 RTP/AVP 31\nm=audio 6004 RTP/AVP 8\n");
    let (description, negotiated) = reoffer(&mut session, &added);
    assert_eq!((ports(&description), version(&description)), (vec![4000, 0, 0], 2));
    assert_eq!(negotiated.remote, Some("192.0.2.9:6000".parse().unwrap()));
}

/// RFC 3264 §10.1, the second offer: audio moves, and telephone-events come as a stream of their own.
#[test]
fn events_alone_are_no_codec() {
    let mut session = Session::new(local());
    let first =
        "c=IN IP4 192.0.2.9\nm=audio 49170 RTP/AVP 0\nm=video 51372 RTP/AVP 31\nm=video 53000 RTP/AVP 32\n";
    session.answer(&parse(first)).unwrap();
    let second = "o=bob 2890844730 2890844731 IN IP4 host.example.com\nc=IN IP4 192.0.2.9\n\
        m=audio 65422 RTP/AVP 0\na=rtpmap:0 PCMU/8000\nm=video 0 RTP/AVP 31\nm=video 53000 RTP/AVP 32\n\
        m=audio 51434 RTP/AVP 110\na=rtpmap:110 telephone-event/8000\na=recvonly\n";
    let (description, negotiated) = reoffer(&mut session, second);
    assert_eq!(ports(&description), [4000, 0, 0, 0]);
    assert_eq!(negotiated.remote, Some("192.0.2.9:65422".parse().unwrap()));
}

/// RFC 3264 §10.2: the first offer is inactive, the second locks the codec.
#[test]
fn one_of_n_codec_selection() {
    let maps = "a=rtpmap:0 PCMU/8000\na=rtpmap:4 G723/8000\na=rtpmap:18 G729/8000\n";
    let first = format!("c=IN IP4 192.0.2.9\nm=audio 62986 RTP/AVP 0 4 18\n{maps}a=inactive\n");
    let mut session = Session::new(local());
    let (description, negotiated) = reoffer(&mut session, &first);
    assert_eq!(description.media[0].formats, ["0"]);
    assert_eq!(negotiated.direction, Direction::Inactive);
    let second = "c=IN IP4 192.0.2.9\nm=audio 62986 RTP/AVP 0\na=rtpmap:0 PCMU/8000\na=sendrecv\n";
    let (description, negotiated) = reoffer(&mut session, second);
    assert_eq!((negotiated.direction, version(&description)), (Direction::SendRecv, 2));
}

#[test]
fn the_stream_that_was_taken_is_taken_again_though_an_earlier_one_would_do() {
    let mut session = Session::new(local());
    let secure = "c=IN IP4 192.0.2.9\nm=audio 6000 RTP/SAVP 8\nm=audio 6002 RTP/AVP 8\n";
    assert_eq!(ports(&reoffer(&mut session, secure).0), [0, 4000]);
    let plain = secure.replace("SAVP", "AVP");
    assert_eq!(ports(&reoffer(&mut session, &plain).0), [0, 4000]);
    let only_first = plain.replace("6002", "0");
    assert_eq!(ports(&reoffer(&mut session, &only_first).0), [4000, 0], "a refused stream may come back");
    assert_eq!(ports(&reoffer(&mut session, &plain).0), [4000, 0]);
}

#[test]
fn a_stream_that_is_switched_off_may_come_back() {
    let mut session = talking();
    let (description, negotiated) = reoffer(&mut session, "c=IN IP4 192.0.2.9\nm=audio 0 RTP/AVP 8\n");
    assert_eq!((ports(&description), version(&description)), (vec![0], 2));
    assert_eq!((negotiated.direction, negotiated.remote), (Direction::Inactive, None));
    assert_eq!(negotiated.formats.speech, [Format::new(8, "PCMA", 8000)]);
    let (description, negotiated) = reoffer(&mut session, OFFER);
    assert_eq!((ports(&description), version(&description)), (vec![4000], 3));
    assert_eq!(negotiated.remote, Some("192.0.2.9:6000".parse().unwrap()));
}

#[test]
fn what_is_refused_within_a_call_leaves_it_as_it_was() {
    let mut session = talking();
    let before = session.agreed().cloned();
    let fax = "c=IN IP4 192.0.2.9\nm=audio 0 RTP/AVP 8\nm=image 6002 udptl t38\n";
    for lines in [fax, "m=image 6000 udptl t38\n", "", "m=audio 6000 RTP/AVP 18\n"] {
        assert!(session.answer(&parse(lines)).is_err(), "{lines}");
    }
    assert_eq!(session.agreed().cloned(), before);
    assert_eq!(version(&reoffer(&mut session, OFFER).0), 1);
}

#[test]
fn an_offer_of_ours_within_a_call_keeps_every_place() {
    let mut session = Session::new(local());
    let first =
        "t=0 9\nc=IN IP4 192.0.2.9\nm=video 6000 RTP/AVP 31\nm=audio 6002 RTP/AVP 0\nm=image 5 udptl t38\n";
    session.answer(&parse(first)).unwrap();
    let (offer, _) = session.offer();
    let expected = "v=0\no=- 7 2 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 9\nm=video 0 RTP/AVP 31\n\
        m=audio 4000 RTP/AVP 8 0 13 101\n";
    assert!(text(&offer).starts_with(expected), "{}", text(&offer));
    assert!(text(&offer).ends_with("m=image 0 udptl t38\n"));
    let answer = "c=IN IP4 192.0.2.8\nm=video 0 RTP/AVP 31\nm=audio 8000 RTP/AVP 0\nm=image 0 udptl t38\n";
    let negotiated = session.accept(&parse(answer)).unwrap();
    assert_eq!(negotiated.remote, Some("192.0.2.8:8000".parse().unwrap()));
    assert_eq!(version(&session.offer().0), 2, "the same offer again is the same");
}

#[test]
fn a_number_never_changes_its_meaning_within_a_call() {
    let mut session = Session::new(with_codecs(&["L16"]));
    let theirs = "m=audio 6000 RTP/AVP 96 98 101 102\na=rtpmap:96 opus/48000/2\na=rtpmap:98 L16/16000\n\
        a=rtpmap:101 speex/8000\na=rtpmap:102 telephone-event/16000\n";
    session.answer(&parse(theirs)).unwrap();
    let (offer, _) = session.offer();
    let maps: Vec<_> = offer.media[0].rtpmaps.iter().map(ToString::to_string).collect();
    let expected = [
        "97 L16/48000",
        "98 L16/16000",
        "99 L16/8000",
        "13 CN/8000",
        "100 telephone-event/48000",
        "102 telephone-event/16000",
        "103 telephone-event/8000",
    ];
    assert_eq!(maps, expected);
}

#[test]
fn an_answer_to_our_offer_within_a_call_may_switch_off_what_there_was() {
    let mut session = talking();
    session.offer();
    let negotiated = session.accept(&parse("m=audio 0 RTP/AVP 8\n")).unwrap();
    assert_eq!((negotiated.direction, negotiated.remote), (Direction::Inactive, None));
    session.offer();
    assert_eq!(session.accept(&parse("")), Err(Refusal::NoAudio));
}
