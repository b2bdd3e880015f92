use super::*;

/// SR with a block, SDES of two sources, BYE with a reason, as a telephone system sends it.
const COMPOUND: &[u8] = &[
    0x81, 200, 0, 12, 0, 0, 0, 1, // SR of 1
    0xe8, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 50, 0, 0, 0x1f, 0x40, // its sender's part
    0, 0, 0, 2, 128, 0xff, 0xff, 0xfe, 0, 1, 0, 5, 0, 0, 0, 80, 1, 2, 3, 4, 0, 1, 0x80,
    0, // a block about 2
    0x82, 202, 0, 8, // SDES
    0, 0, 0, 1, 6, 3, b'P', b'B', b'X', 1, 3, b'a', b'@', b'b', 0, 0, // TOOL, CNAME
    0, 0, 0, 3, 1, 9, b'0', b'1', b'2', b'3', b'4', b'5', b'6', b'7', b'8', 0, // CNAME
    0x81, 203, 0, 2, 0, 0, 0, 1, 3, b'b', b'y', b'e', // BYE
];

fn packets(datagram: &[u8]) -> Vec<Packet<'_>> {
    Compound::parse(datagram).unwrap().packets().collect()
}

#[test]
fn a_compound_is_read_packet_by_packet() {
    let packets = packets(COMPOUND);
    let [
        Packet::SenderReport { ssrc: 1, info, reports },
        Packet::SourceDescription(names),
        Packet::Bye(sources),
    ] = packets[..]
    else {
        panic!("{packets:?}")
    };
    let ntp = NtpTime::from_bits(0xe800_0000_8000_0000);
    assert_eq!(info, SenderInfo { ntp, timestamp: 0x1000, packets: 50, octets: 8000 });
    let block = ReportBlock {
        ssrc: 2,
        fraction_lost: 128,
        lost: -2,
        highest_sequence: 0x1_0005,
        jitter: 80,
        last_report: 0x0102_0304,
        delay: 0x1_8000,
    };
    assert!(reports.iter().eq([block]));
    assert!(names.names().eq([(1, &b"a@b"[..]), (3, &b"012345678"[..])]));
    assert!(sources.iter().eq([1]));
}

#[test]
fn no_beginning_of_a_compound_is_one_unless_a_packet_ends_there() {
    let ends: Vec<usize> =
        (0..=COMPOUND.len()).filter(|&len| Compound::parse(&COMPOUND[..len]).is_ok()).collect();
    assert_eq!(ends, [52, 88, 100]);
}

#[test]
fn a_compound_may_begin_with_anything() {
    assert!(matches!(packets(&[0x81, 203, 0, 1, 0, 0, 0, 9])[..], [Packet::Bye(_)]), "RFC 5506");
    assert!(matches!(packets(&[0x80, 202, 0, 0])[..], [Packet::SourceDescription(_)]));
}

#[test]
fn feedback_and_extended_reports_are_stepped_over() {
    let datagram = [
        &[0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2][..], // PSFB, picture loss
        &[0x80, 207, 0, 1, 0, 0, 0, 1],                 // XR
        &[0x85, 204, 0, 3, 0, 0, 0, 1, b'q', b't', b's', b'i', 0, 0, 0, 1], // APP
        &[0x80, 192, 0, 0],
    ]
    .concat();
    let app = Packet::App { ssrc: 1, name: *b"qtsi", data: &[0, 0, 0, 1] };
    let [psfb, xr, fir] = [206, 207, 192].map(|packet_type| Packet::Other { packet_type });
    assert_eq!(packets(&datagram), [psfb, xr, app, fir]);
}

#[test]
fn padding_is_taken_off_the_last_packet() {
    let padded = [0xa0, 204, 0, 4, 0, 0, 0, 1, b'n', b'a', b'm', b'e', 9, 9, 9, 9, 0, 0, 0, 4];
    assert_eq!(packets(&padded), [Packet::App { ssrc: 1, name: *b"name", data: &[9; 4] }]);
    for padding in [0, 17, 255] {
        let mut padded = padded;
        padded[19] = padding;
        assert_eq!(Compound::parse(&padded), Err(ParseError::Padding { at: 0 }));
    }
    let not_last = [&padded[..], &[0x80, 202, 0, 0]].concat();
    assert_eq!(Compound::parse(&not_last), Err(ParseError::Padding { at: 0 }));
}

#[test]
fn what_lies_behind_the_blocks_belongs_to_a_profile() {
    let extended = [0x80, 201, 0, 3, 0, 0, 0, 1, 5, 5, 5, 5, 6, 6, 6, 6];
    let [Packet::ReceiverReport { ssrc: 1, reports }] = packets(&extended)[..] else { panic!() };
    assert_eq!(reports.iter().len(), 0);
}

#[test]
fn a_packet_that_counts_more_than_it_holds_is_refused() {
    let cases: [&[u8]; 5] = [
        &[0x81, 201, 0, 1, 0, 0, 0, 1], // RR
        &[0x80, 200, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], // SR
        &[0x80, 201, 0, 0],             // RR without SSRC
        &[0x82, 203, 0, 1, 0, 0, 0, 1], // BYE
        &[0x80, 204, 0, 1, 0, 0, 0, 1], // APP
    ];
    for packet in cases {
        let behind = [&[0x80, 202, 0, 0], packet].concat();
        assert_eq!(Compound::parse(&behind), Err(ParseError::Count { at: 4 }), "{packet:?}");
    }
}

#[test]
fn what_is_no_rtcp_is_refused() {
    assert_eq!(Compound::parse(&[]), Err(ParseError::TooShort { at: 0 }));
    assert_eq!(Compound::parse(&[0x40, 201, 0, 1, 0, 0, 0, 1]), Err(ParseError::Version { at: 0 }));
    assert_eq!(Compound::parse(&[0x80, 0, 0, 1, 0, 0, 0, 1]), Err(ParseError::PacketType { at: 0 }));
    assert_eq!(Compound::parse(&[0x80, 202, 0, 0, 0x80]), Err(ParseError::TooShort { at: 4 }));
}

#[test]
fn names_end_where_they_cannot_be_read() {
    let cases: [(&[u8], usize); 5] = [
        (&[0, 0, 0, 1, 1, 1, b'a', 0, 0, 0, 0, 2, 1, 200, b'b', 0], 1), // longer than the packet
        (&[0, 0, 0, 1, 1, 2, b'a', b'b'], 0),                           // no zero behind it
        (&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 1, 1, b'b', 0], 1),      // a source without items
        (&[0, 0, 0, 1], 0),
        (&[0, 0], 0),
    ];
    for (body, count) in cases {
        assert_eq!(SourceDescription(body).names().count(), count, "{body:?}");
    }
}

#[test]
fn rtcp_is_told_from_rtp_by_its_second_byte() {
    assert!(is_rtcp(COMPOUND));
    assert!(is_rtcp(&[0x80, 223]) && is_rtcp(&[0x80, 192]));
    assert!(!is_rtcp(&[0x80, 0]) && !is_rtcp(&[0x80, 0x80]) && !is_rtcp(&[0x80, 0xff]));
    assert!(!is_rtcp(&[0, 200]) && !is_rtcp(&[0x80]) && !is_rtcp(&[]), "STUN, and what is too short");
}
