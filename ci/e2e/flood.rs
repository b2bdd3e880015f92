//! A page while strangers flood the box: no gap in it, and no memory that the flood costs.

use crate::callee::PagingCall;
use crate::paging_box::PagingBox;
use crate::real_time::in_real_time;
use crate::tone::Recording;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrStorage, bind, connect, socket};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::thread;
use std::time::{Duration, Instant};

/// What strangers do.
#[derive(Clone, Copy)]
struct Flood {
    /// INVITEs a second.
    rate: u32,
    lasts: Duration,
    /// Sends the INVITE with this number to the box.
    send: fn(&Strangers, SocketAddr, u32),
}

#[test]
fn strangers_by_udp_do_not_disturb_a_page() {
    withstand(Flood { rate: 2000, lasts: Duration::from_secs(4), send: Strangers::send_datagram });
}

#[test]
fn strangers_by_tcp_do_not_disturb_a_page() {
    withstand(Flood {
        rate: 100,
        lasts: Duration::from_secs(4),
        send: |_, target, number| send_by_connection(target, number),
    });
}

/// The figure that is promised; it takes a release build and a calm machine.
#[test]
#[ignore = "30 s at 10 000 a second, for release builds"]
fn ten_thousand_strangers_a_second_do_not_disturb_a_page() {
    withstand(Flood { rate: 10_000, lasts: Duration::from_secs(30), send: Strangers::send_datagram });
}

#[test]
#[ignore = "30 s at 500 connections a second, for release builds"]
fn five_hundred_connections_of_strangers_a_second_do_not_disturb_a_page() {
    withstand(Flood {
        rate: 500,
        lasts: Duration::from_secs(30),
        send: |_, target, number| send_by_connection(target, number),
    });
}

fn withstand(flood: Flood) {
    in_real_time(|| {
        let mut target = PagingBox::start(V4, &["sip.allow=127.0.0.1"]);
        // The first call and the first strangers cost what all of them cost.
        page(&target, &["--rtp", "no", "--seconds", "1"], Duration::from_secs(1));
        let strangers = Strangers::new();
        flood.run(&strangers, target.address, Duration::from_millis(300));
        let before = target.resident_kib();
        let sent = thread::scope(|scope| {
            let flooding = scope.spawn(|| flood.run(&strangers, target.address, flood.lasts));
            let seconds = flood.lasts.as_secs().to_string();
            page(&target, &["--tone", "440", "--seconds", &seconds], flood.lasts);
            flooding.join().unwrap()
        });
        let after = target.resident_kib();
        assert_eq!(target.terminate().code(), Some(0));
        let heard = Recording::read(&target.wav()).find(440.0).expect("the page");
        let seconds = flood.lasts.as_secs_f32();
        eprintln!(
            "beside {sent} INVITEs of strangers in {seconds} s: {before} KiB before, {after} after; {heard:?}"
        );
        assert!((heard.seconds - seconds).abs() < 0.1 && heard.gaps == 0, "{heard:?}");
        assert!(after <= before + 1024, "{before} KiB before, {after} after");
        assert!(f64::from(sent) >= 0.8 * f64::from(flood.rate) * flood.lasts.as_secs_f64(), "sent {sent}");
    });
}

fn page(target: &PagingBox, sound: &[&str], lasts: Duration) {
    let outcome = PagingCall::start(&target.uri(), sound);
    let outcome = outcome.finish(lasts + Duration::from_secs(10));
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
}

impl Flood {
    /// Keeps to its rate as far as the machine lets it; how many it has sent.
    fn run(self, strangers: &Strangers, target: SocketAddr, lasts: Duration) -> u32 {
        let (began, mut sent) = (Instant::now(), 0);
        while began.elapsed() < lasts {
            while f64::from(sent) < began.elapsed().as_secs_f64() * f64::from(self.rate) {
                (self.send)(strangers, target, sent);
                sent += 1;
            }
            thread::sleep(Duration::from_millis(1));
        }
        sent
    }
}

/// More of them than the box remembers.
struct Strangers(Vec<UdpSocket>);

impl Strangers {
    fn new() -> Self {
        Self((0..300).map(|number| UdpSocket::bind((Self::address(number), 0)).unwrap()).collect())
    }

    /// 127.1.0.1 and up.
    fn address(number: u32) -> Ipv4Addr {
        Ipv4Addr::from_bits(0x7f01_0001 + number)
    }

    fn send_datagram(&self, target: SocketAddr, number: u32) {
        let socket = &self.0[number as usize % self.0.len()];
        let text = invite("UDP", socket.local_addr().unwrap(), target, number);
        // What finds no room is lost, as in any flood.
        let _ = socket.send_to(text.as_bytes(), target);
    }
}

/// A connection, an INVITE, and whatever comes until the box closes it.
fn send_by_connection(target: SocketAddr, number: u32) {
    let mut stream = connect_from(Strangers::address(number % 300), target);
    let text = invite("TCP", stream.local_addr().unwrap(), target, number);
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    // It may be closed by a reset.
    let _ = stream.read_to_end(&mut Vec::new());
}

fn invite(transport: &str, from: SocketAddr, target: SocketAddr, number: u32) -> String {
    format!(
        "INVITE sip:100@{target} SIP/2.0\r\nVia: SIP/2.0/{transport} {from};branch=z9hG4bK-{number}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:100@{from}>;tag={number}\r\nTo: <sip:100@{target}>\r\n\
         Call-ID: stranger-{number}\r\nCSeq: 1 INVITE\r\nContact: <sip:100@{from}>\r\nContent-Length: 0\r\n\r\n"
    )
}

fn connect_from(from: Ipv4Addr, target: SocketAddr) -> TcpStream {
    let fd = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).unwrap();
    bind(fd.as_raw_fd(), &SockaddrStorage::from(SocketAddr::from((from, 0)))).unwrap();
    connect(fd.as_raw_fd(), &SockaddrStorage::from(target)).unwrap();
    TcpStream::from(fd)
}

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
