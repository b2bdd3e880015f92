//! What the network throws at the box does not disturb a page.

use crate::caller::Caller;
use crate::paging_box::{PagingBox, until};
use crate::sipp::{Sipp, Way};
use crate::skip;
use crate::tone::{self, Recording};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

#[test]
fn garbage_on_every_port_does_not_disturb_a_page() {
    if skip::is_missing("sipp") {
        return;
    }
    let mut target = PagingBox::start(V4, &[]);
    let page = Sipp::start(&target, Way::Udp, "page", 1);
    let socket = UdpSocket::bind((V4, 0)).unwrap();
    let heard_before = recorded(&target);
    let mut garbage = Garbage(0x9e37_79b9_7f4a_7c15);
    for round in 1..=ROUNDS {
        for port in target.rtp_ports.clone().chain([target.address.port()]) {
            // A port where nobody listens refuses by ICMP, which the next call reports.
            let _ = socket.send_to(&garbage.datagram(), SocketAddr::new(V4, port));
        }
        // Spread over the page: the next round when 20 ms more were recorded.
        let due = heard_before + round * BYTES_PER_ROUND;
        until(Duration::from_secs(5), "the recording goes on", || recorded(&target) >= due);
    }
    page.finish();
    assert!(target.is_running());
    let mut caller = Caller::new(target.address);
    caller.call();
    caller.hang_up();
    target.terminate();
    let heard = Recording::read(&target.wav()).find(tone::HZ).expect("the tone");
    assert!((heard.seconds - tone::SECONDS).abs() < 0.1, "{heard:?}");
    assert_eq!(heard.gaps, 0, "{heard:?}");
    assert!(heard.rest < 0.002, "{heard:?}");
}

fn recorded(target: &PagingBox) -> u64 {
    fs::metadata(target.wav()).map_or(0, |file| file.len())
}

/// Seeded noise (xorshift64); some of it begins like something.
struct Garbage(u64);

impl Garbage {
    fn datagram(&mut self) -> Vec<u8> {
        let length = (self.next() % 300) as usize;
        let mut bytes: Vec<u8> = BEGINNINGS[(self.next() % BEGINNINGS.len() as u64) as usize].to_vec();
        bytes.extend((0..length).map(|_| self.next() as u8));
        bytes
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

const BEGINNINGS: &[&[u8]] = &[
    b"",
    b"\r\n\r\n",
    b"INVITE sip:page@127.0.0.1 SIP/2.0\r\n",
    b"INVITE sip:page@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK",
    b"SIP/2.0 200 OK\r\nVia: ",
    b"ACK sip:page@127.0.0.1 SIP/2.0\r\nContent-Length: 99999999999\r\n\r\n",
    // An RTP header cut short, one with 15 contributors, one with an extension longer than the packet.
    b"\x80\x00\x12",
    b"\x8f\x00\x00\x01",
    b"\x90\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\xbe\xde\xff\xff",
];

const ROUNDS: u64 = 60;

/// 20 ms of 48 kHz, two channels, 16 bits.
const BYTES_PER_ROUND: u64 = 960 * 4;

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
