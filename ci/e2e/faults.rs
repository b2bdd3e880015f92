//! The packets of `paging call`: codecs, lengths and the faults asked for, seen at the other end and in the box's log.

use crate::callee::{Callee, Ear, Outcome, PagingCall, RtpPacket, sdp_of};
use crate::paging_box::PagingBox;
use crate::tone;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

#[test]
fn each_codec_is_offered_and_spoken_in_packets_of_the_length_asked_for() {
    let cases = [
        ("PCMA", 8, "PCMA/8000", "20", 160, 160),
        ("G722", 9, "G722/8000", "30", 240, 240),
        ("L16/16000", 96, "L16/16000", "10", 160, 320),
        ("L16/48000", 96, "L16/48000", "20", 960, 1920),
    ];
    for (codec, payload_type, encoding, ptime, ticks, bytes) in cases {
        let options = ["--tone", "440", "--seconds", "0.3", "--codec", codec, "--ptime", ptime];
        let (packets, outcome) = said(&options, payload_type, encoding);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert_eq!(packets.len(), 300 / ptime.parse::<usize>().unwrap(), "{codec}");
        for pair in packets.windows(2) {
            assert_eq!((pair[0].payload_type, pair[0].payload.len()), (payload_type, bytes), "{codec}");
            assert_eq!(pair[1].timestamp.wrapping_sub(pair[0].timestamp), ticks, "{codec}");
        }
    }
}

#[test]
fn the_same_seed_loses_the_same_packets_and_no_others() {
    let [one, again, other] = ["5", "5", "6"].map(|seed| {
        let options = ["--tone", "440", "--seconds", "1", "--loss", "20", "--burst", "2", "--seed", seed];
        let (packets, outcome) = said(&options, 0, "PCMU/8000");
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert!(outcome.stdout.contains(&format!("{} lost on purpose", 50 - packets.len())), "{outcome:?}");
        let first = packets[0].timestamp;
        packets.iter().map(|packet| packet.timestamp.wrapping_sub(first)).collect::<Vec<_>>()
    });
    assert!(one.len() < 50 && one == again && one != other, "{one:?} {again:?} {other:?}");
}

#[test]
fn packets_are_doubled_and_overtaken() {
    let (packets, _) = said(
        &["--tone", "440", "--seconds", "1", "--duplicate", "20", "--reorder", "10", "--seed", "2"],
        0,
        "PCMU/8000",
    );
    let mut numbers = sequence(&packets);
    assert!(packets.len() > 52 && !numbers.is_sorted(), "{numbers:?}");
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, (0..50).collect::<Vec<_>>());
}

#[test]
fn a_stall_holds_packets_up_and_loses_none() {
    let called_at = Instant::now();
    let options = ["--tone", "440", "--seconds", "0.2", "--stall", "800@0.1"];
    let (packets, outcome) = said(&options, 0, "PCMU/8000");
    assert_eq!(sequence(&packets), (0..10).collect::<Vec<_>>());
    assert!(called_at.elapsed() > Duration::from_millis(900), "{outcome:?}");
    assert!(outcome.stdout.contains("sent 10 of 10 packets"), "{outcome:?}");
}

#[test]
fn a_new_ssrc_goes_on_with_the_same_sound() {
    let options = ["--tone", "440", "--seconds", "0.4", "--ssrc-change", "0.2"];
    let (packets, _) = said(&options, 0, "PCMU/8000");
    let changes: Vec<_> = (1..packets.len()).filter(|&at| packets[at].ssrc != packets[at - 1].ssrc).collect();
    assert_eq!((packets.len(), changes.as_slice()), (20, &[10][..]));
    assert!(packets[10].marker);
}

#[test]
fn silence_is_left_out_and_the_timestamp_jumps() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(format!("pause-{}.wav", std::process::id()));
    tone::write_wav_with_pause(&file, 8000);
    let (packets, outcome) = said(&["--play", file.to_str().unwrap(), "--dtx"], 0, "PCMU/8000");
    fs::remove_file(&file).unwrap();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let jump = (1..packets.len()).find(|&at| {
        let step = packets[at].timestamp.wrapping_sub(packets[at - 1].timestamp);
        assert_eq!(packets[at].sequence, packets[at - 1].sequence.wrapping_add(1));
        step > 160
    });
    assert!(packets[jump.expect("a jump")].marker);
    assert!(outcome.stdout.contains("not sent in silence"), "{outcome:?}");
}

#[test]
fn the_box_misses_what_was_lost_on_purpose() {
    let mut target = PagingBox::start(IpAddr::V4(Ipv4Addr::LOCALHOST), &[]);
    let uri = target.uri();
    let page = PagingCall::start(&uri, &["--tone", "440", "--seconds", "2", "--loss", "10", "--seed", "3"]);
    let outcome = page.finish(SOON);
    target.terminate();
    let lost = number_before(&outcome.stdout, " lost on purpose");
    assert!(lost > 3, "{outcome:?}");
    let log = target.log();
    assert!(log.contains(&format!("received {} packets, {lost} lost", 100 - lost)), "{outcome:?}\n{log}");
}

/// What a callee hears that takes `encoding` as `payload_type`.
fn said(options: &[&str], payload_type: u8, encoding: &str) -> (Vec<RtpPacket>, Outcome) {
    let (mut callee, ear) = (Callee::new(), Ear::open());
    let page = callee.page(options);
    let invite = callee.answer(&sdp_of(ear.port, payload_type, encoding));
    assert!(invite.0.contains(&format!("a=rtpmap:{payload_type} {encoding}\r\n")), "{}", invite.0);
    callee.confirm_the_end();
    let outcome = page.finish(SOON);
    (ear.close(), outcome)
}

/// Sequence numbers, counted from the first.
fn sequence(packets: &[RtpPacket]) -> Vec<u16> {
    packets.iter().map(|packet| packet.sequence.wrapping_sub(packets[0].sequence)).collect()
}

fn number_before(text: &str, what: &str) -> usize {
    let (before, _) = text.split_once(what).unwrap_or_else(|| panic!("no \"{what}\" in {text}"));
    before.rsplit(' ').next().unwrap().parse().unwrap()
}

const SOON: Duration = Duration::from_secs(5);
