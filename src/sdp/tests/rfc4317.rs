//! The examples of RFC 4317 that concern audio, with us at one end. We have no video and one stream, so those parts come
//! out refused.

use core::time::Duration;

use super::{local, parse, version};
use crate::sdp::{Description, Direction, Format, Local, Session};

const AUDIO: &str =
    "m=audio 49170 RTP/AVP 0 8 97\na=rtpmap:0 PCMU/8000\na=rtpmap:8 PCMA/8000\na=rtpmap:97 iLBC/8000\n";
const VIDEO: &str = "m=video 51372 RTP/AVP 31 32\na=rtpmap:31 H261/90000\na=rtpmap:32 MPV/90000\n";

/// Alice's description.
fn alice(version: u64, media: &str) -> Description {
    let host = "IN IP4 host.atlanta.example.com";
    parse(&format!("o=alice 2890844526 {version} {host}\ns= \nc={host}\nt=0 0\n{media}"))
}

/// Bob's description.
fn bob(version: u64, media: &str) -> Description {
    let host = "IN IP4 host.biloxi.example.com";
    parse(&format!("o=bob 2808844564 {version} {host}\ns= \nc={host}\nt=0 0\n{media}"))
}

/// We at Alice's or Bob's end, with these codecs.
fn us(codecs: &[&str]) -> Session {
    let format = |name: &&str| match *name {
        "iLBC" => vec![Format::new(97, "iLBC", 8000)],
        name => Format::all_named(name),
    };
    Session::new(Local { formats: codecs.iter().flat_map(format).collect(), ..local() })
}

/// The m= lines of a description.
fn lines(description: &Description) -> Vec<String> {
    super::text(description).lines().filter(|line| line.starts_with("m=")).map(str::to_owned).collect()
}

#[test]
fn example_2_1_one_of_several_codecs_is_accepted() {
    let (answer, agreed) = us(&["PCMU", "PCMA", "iLBC"]).answer(&alice(1, &[AUDIO, VIDEO].concat())).unwrap();
    assert_eq!(lines(&answer), ["m=audio 4000 RTP/AVP 0", "m=video 0 RTP/AVP 31 32"]);
    assert_eq!(agreed.send, Format::new(0, "PCMU", 8000));
}

#[test]
fn example_2_2_two_codecs_are_accepted_then_one() {
    let mut session = us(&["PCMU", "PCMA", "iLBC"]);
    let (offer, _) = session.offer();
    assert_eq!(version(&offer), 1);
    let agreed =
        session.accept(&bob(1, "m=audio 49172 RTP/AVP 0 8\na=rtpmap:0 PCMU/8000\na=rtpmap:8 PCMA/8000\n"));
    assert_eq!(agreed.unwrap().formats.speech, [Format::new(0, "PCMU", 8000), Format::new(8, "PCMA", 8000)]);
    let mut session = us(&["PCMU", "PCMA", "iLBC"]);
    session.answer(&alice(2_890_844_526, &[AUDIO, VIDEO].concat())).unwrap();
    let second =
        "m=audio 51372 RTP/AVP 8\na=rtpmap:8 PCMA/8000\nm=video 0 RTP/AVP 31\na=rtpmap:31 H261/90000\n";
    let (answer, agreed) = session.answer(&alice(2_890_844_527, second)).unwrap();
    assert_eq!(lines(&answer), ["m=audio 4000 RTP/AVP 8", "m=video 0 RTP/AVP 31"]);
    assert_eq!((version(&answer), agreed.send), (2, Format::new(8, "PCMA", 8000)));
}

#[test]
fn example_2_3_the_answer_numbers_the_codec_anew() {
    let mut session = us(&["PCMU", "PCMA", "iLBC"]);
    session.offer();
    let agreed = session.accept(&bob(1, "m=audio 49172 RTP/AVP 99\na=rtpmap:99 iLBC/8000\n")).unwrap();
    assert_eq!(agreed.send, Format::new(99, "iLBC", 8000));
    assert_eq!(agreed.formats.speech, [Format::new(97, "iLBC", 8000), Format::new(99, "iLBC", 8000)]);
}

const TWO_STREAMS: &str = "m=audio 49170 RTP/AVP 0 97\na=rtpmap:0 PCMU/8000\na=rtpmap:97 iLBC/8000\n\
    m=audio 49172 RTP/AVP 98\na=rtpmap:98 telephone-event/8000\na=sendonly\n";

#[test]
fn example_2_4_events_in_a_stream_of_their_own_are_refused() {
    let (answer, agreed) = us(&["iLBC"]).answer(&alice(1, TWO_STREAMS)).unwrap();
    assert_eq!(lines(&answer), ["m=audio 4000 RTP/AVP 97", "m=audio 0 RTP/AVP 98"]);
    assert_eq!(agreed.formats.telephone_events, []);
}

#[test]
fn example_2_5_the_other_end_moves_and_our_description_stays() {
    let mut session = us(&["iLBC"]);
    let first =
        "m=audio 49174 RTP/AVP 97\na=rtpmap:97 iLBC/8000\nm=video 49170 RTP/AVP 31\na=rtpmap:31 H261/90000\n";
    let (before, _) = session.answer(&bob(2_808_844_564, first)).unwrap();
    let second = "m=audio 49178 RTP/AVP 97\nc=IN IP4 192.0.2.77\na=rtpmap:97 iLBC/8000\n\
        m=video 49188 RTP/AVP 31\na=rtpmap:31 H261/90000\n";
    let (after, agreed) = session.answer(&bob(2_808_844_565, second)).unwrap();
    assert_eq!(after, before);
    assert_eq!(agreed.remote, Some("192.0.2.77:49178".parse().unwrap()));
}

#[test]
fn example_2_6_the_second_of_two_audio_streams_is_taken() {
    let offer = "m=audio 49170 RTP/AVP 0\na=rtpmap:0 PCMU/8000\nm=audio 51372 RTP/AVP 97 101\na=rtpmap:97 iLBC/8000\n\
        a=rtpmap:101 telephone-event/8000\n";
    let (answer, agreed) = us(&["iLBC"]).answer(&alice(1, offer)).unwrap();
    assert_eq!(lines(&answer), ["m=audio 0 RTP/AVP 0", "m=audio 4000 RTP/AVP 97 101"]);
    assert_eq!(agreed.formats.telephone_events, [Format::telephone_event(101, 8000)]);
}

#[test]
fn example_3_1_an_answer_holds_and_a_second_offer_resumes() {
    let mut session = us(&["PCMU", "iLBC"]);
    session.offer();
    let held = "m=audio 49172 RTP/AVP 97\na=rtpmap:97 iLBC/8000\na=sendonly\n";
    assert_eq!(session.accept(&bob(2_808_844_564, held)).unwrap().direction, Direction::RecvOnly);
    let resumed = "m=audio 49170 RTP/AVP 97\na=rtpmap:97 iLBC/8000\n";
    let (answer, agreed) = session.answer(&bob(2_808_844_565, resumed)).unwrap();
    assert_eq!((version(&answer), agreed.direction), (2, Direction::SendRecv));
    assert_eq!((agreed.send, agreed.ptime), (Format::new(97, "iLBC", 8000), Duration::from_millis(20)));
}

#[test]
fn example_3_2_the_audio_is_held_and_the_refused_stream_stays_refused() {
    let mut session = us(&["iLBC"]);
    session.answer(&alice(2_890_844_526, TWO_STREAMS)).unwrap();
    let second = "m=audio 49172 RTP/AVP 97\na=rtpmap:97 iLBC/8000\na=sendonly\nm=audio 0 RTP/AVP 98\n";
    let (answer, agreed) = session.answer(&alice(2_890_844_527, second)).unwrap();
    assert_eq!(lines(&answer), ["m=audio 4000 RTP/AVP 97", "m=audio 0 RTP/AVP 98"]);
    assert_eq!((version(&answer), agreed.direction), (2, Direction::RecvOnly));
}

/// §4.1 and §4.2 add a stream, §4.3 takes one away.
#[test]
fn examples_4_streams_are_added_and_taken_away() {
    let mut session = us(&["PCMU"]);
    let audio = "m=audio 49170 RTP/AVP 0\na=rtpmap:0 PCMU/8000\n";
    let video = "m=video 49172 RTP/AVP 31\na=rtpmap:31 H261/90000\n";
    session.answer(&alice(1, audio)).unwrap();
    let (added, _) = session.answer(&alice(2, &[audio, video].concat())).unwrap();
    assert_eq!(lines(&added), ["m=audio 4000 RTP/AVP 0", "m=video 0 RTP/AVP 31"]);
    let (gone, _) = session.answer(&alice(3, &[audio, &video.replace("49172", "0")].concat())).unwrap();
    assert_eq!((version(&added), version(&gone)), (2, 2), "our answer is the same");
}
