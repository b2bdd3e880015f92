//! Reading what comes from the network.

use super::Stage;
use pagingbox::rtp::Packet;
use pagingbox::sdp::Description;
use pagingbox::sip::wire::Message;
use std::hint::black_box;

pub(crate) fn stages() -> Vec<Stage> {
    vec![
        Stage::sound("RTP packet: read", || || _ = black_box(Packet::parse(black_box(&RTP)))),
        Stage::message("INVITE: read", || {
            let body = SDP.replace('\n', "\r\n");
            let head = INVITE.replace('\n', "\r\n");
            let datagram = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes();
            assert!(Message::parse(&datagram).is_ok());
            move || _ = black_box(Message::parse(black_box(&datagram)))
        }),
        Stage::message("SDP: read", || {
            let body = SDP.replace('\n', "\r\n").into_bytes();
            assert!(Description::parse(&body).is_ok());
            move || _ = black_box(Description::parse(black_box(&body)))
        }),
    ]
}

/// 20 ms of PCMU.
const RTP: [u8; 172] = {
    let mut packet = [0xff; 172];
    packet[0] = 0x80;
    packet[1] = 0;
    packet
};

/// As a telephone system sends it.
const INVITE: &str = "\
INVITE sip:paging@192.0.2.10:5060 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.20:5060;rport;branch=z9hG4bKPj1f2d6f3c-7f5b-4b8e-9d4e-2f6f6c0a7c11
Max-Forwards: 70
From: \"Reception\" <sip:100@192.0.2.20>;tag=6a2d2f0e-93c5-4b6e-8a44-0c8b1f5de9a7
To: <sip:paging@192.0.2.10>
Contact: <sip:100@192.0.2.20:5060>
Call-ID: 9f5c1f8a-1d2b-4d0a-9f55-8a8f4c6f0b1d
CSeq: 21937 INVITE
Allow: OPTIONS, REGISTER, SUBSCRIBE, NOTIFY, PUBLISH, INVITE, ACK, BYE, CANCEL, UPDATE, PRACK, REFER, INFO
Supported: 100rel, timer, replaces, norefersub
Session-Expires: 1800
Min-SE: 90
P-Asserted-Identity: \"Reception\" <sip:100@192.0.2.20>
User-Agent: Telephone System 20.5
Content-Type: application/sdp
";

const SDP: &str = "\
v=0
o=- 1290386122 1290386122 IN IP4 192.0.2.20
s=Telephone System
c=IN IP4 192.0.2.20
t=0 0
m=audio 17432 RTP/AVP 9 8 0 13 101
a=rtpmap:9 G722/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:13 CN/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=maxptime:150
a=sendrecv
";
