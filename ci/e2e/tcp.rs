//! SIP over TCP: connections in plain text that do what no good telephone does. What good ones do is in `calls`.

use crate::callee::PagingCall;
use crate::caller::{Received, host_port};
use crate::paging_box::{PagingBox, free_port, until};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// A caller who holds one connection.
struct Phone {
    stream: TcpStream,
    call_id: String,
    to_tag: String,
}

impl Phone {
    fn connect(target: SocketAddr) -> Self {
        Self::over(TcpStream::connect(target).unwrap())
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let call_id = format!("tcp-{}", stream.local_addr().unwrap().port());
        Self { stream, call_id, to_tag: String::new() }
    }

    fn message(&self, method: &str, cseq: u32) -> String {
        let (here, there) = (self.stream.local_addr().unwrap(), self.stream.peer_addr().unwrap());
        let (here, there, ip) = (host_port(here), host_port(there), here.ip());
        let (id, tag) = (&self.call_id, &self.to_tag);
        let body = match method {
            "INVITE" => format!(
                "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {MEDIA_PORT} RTP/AVP 0\r\n"
            ),
            _ => String::new(),
        };
        format!(
            "{method} sip:page@{there} SIP/2.0\r\nVia: SIP/2.0/TCP {here};branch=z9hG4bK-{method}-{cseq}-{id}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:caller@{here}>;tag=caller\r\nTo: <sip:page@{there}>{tag}\r\n\
             Call-ID: {id}\r\nCSeq: {cseq} {method}\r\nContact: <sip:caller@{here};transport=tcp>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    /// The next message; `None` at the end of the connection.
    fn hear(&mut self) -> Option<Received> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(self.hear_byte()?);
        }
        let head = Received(String::from_utf8(bytes).unwrap());
        let length: usize = head.header("content-length").unwrap().parse().unwrap();
        let body: Vec<u8> = (0..length).map(|_| self.hear_byte().unwrap()).collect();
        let received = Received(head.0 + &String::from_utf8(body).unwrap());
        let to = received.header("to").unwrap_or_default();
        if let (Some((_, tag)), 101..) = (to.split_once(";tag="), received.status()) {
            self.to_tag = format!(";tag={tag}");
        }
        Some(received)
    }

    fn hear_byte(&mut self) -> Option<u8> {
        let mut byte = [0];
        match self.stream.read(&mut byte) {
            Ok(0) => None,
            Ok(_) => Some(byte[0]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            Err(error) => panic!("the box says nothing: {error}"),
        }
    }

    fn hear_final(&mut self) -> Received {
        loop {
            let received = self.hear().expect("a final response");
            if received.status() >= 200 {
                return received;
            }
        }
    }

    /// INVITE, 200, ACK, BYE, 200: how long the 200 took.
    fn call(&mut self) -> Duration {
        self.to_tag.clear();
        let invite = self.message("INVITE", 1);
        let started = Instant::now();
        self.say(&invite);
        assert_eq!(self.hear_final().status(), 200);
        let took = started.elapsed();
        self.say(&self.message("ACK", 1));
        self.say(&self.message("BYE", 2));
        assert_eq!(self.hear_final().status(), 200);
        took
    }

    fn assert_closed(&mut self) {
        assert!(self.hear_byte().is_none(), "the connection is closed");
    }
}

#[test]
fn a_message_may_come_byte_by_byte_and_two_at_once() {
    let target = PagingBox::start(V4, &[]);
    let mut phone = Phone::connect(target.address);
    for byte in phone.message("OPTIONS", 1).bytes() {
        phone.stream.write_all(&[byte]).unwrap();
    }
    assert_eq!(phone.hear_final().status(), 200);
    let two = phone.message("OPTIONS", 2) + &phone.message("OPTIONS", 3);
    phone.say(&two);
    let answers = [(); 2].map(|()| phone.hear_final());
    assert_eq!(answers.map(|answer| answer.header("cseq").unwrap()), ["2 OPTIONS", "3 OPTIONS"]);
    phone.call();
}

#[test]
fn a_keep_alive_is_answered_and_a_line_end_is_not() {
    let target = PagingBox::start(V4, &[]);
    let mut phone = Phone::connect(target.address);
    phone.say("\r\n\r\n");
    assert_eq!([(); 2].map(|()| phone.hear_byte()), [Some(b'\r'), Some(b'\n')]);
    phone.say("\r\n");
    phone.say(&phone.message("OPTIONS", 1));
    assert_eq!(phone.hear_byte(), Some(b'S'), "of SIP/2.0");
}

#[test]
fn a_connection_cut_in_the_middle_of_a_message_disturbs_nobody() {
    let mut target = PagingBox::start(V4, &[]);
    let mut phone = Phone::connect(target.address);
    let invite = phone.message("INVITE", 1);
    phone.say(&invite[..invite.len() - 10]);
    drop(phone);
    Phone::connect(target.address).call();
    // A call outlives its connection; its end comes by a new one.
    let mut phone = Phone::connect(target.address);
    phone.say(&phone.message("INVITE", 1));
    assert_eq!(phone.hear_final().status(), 200);
    phone.say(&phone.message("ACK", 1));
    let bye = phone.message("BYE", 2);
    phone.stream.shutdown(Shutdown::Both).unwrap();
    let mut again = Phone::connect(target.address);
    again.say(&bye);
    assert_eq!(again.hear_final().status(), 200);
    assert!(target.is_running());
}

#[test]
fn what_is_too_large_gets_513_and_the_connection_goes_on() {
    let target = PagingBox::start(V4, &[]);
    let mut phone = Phone::connect(target.address);
    let options = phone.message("OPTIONS", 1);
    phone.say(&options.replace("Content-Length: 0\r\n\r\n", "Content-Length: 50000\r\n\r\n"));
    phone.say(&"x".repeat(50_000));
    assert_eq!(phone.hear_final().status(), 513);
    phone.call();
    let mut endless = Phone::connect(target.address);
    endless.say(&options.replace("\r\n\r\n", "\r\nX-Long: "));
    let _ = endless.stream.write_all("x".repeat(17_000).as_bytes());
    assert_eq!(endless.hear_final().status(), 513);
    endless.assert_closed();
}

#[test]
fn what_is_no_sip_ends_the_connection() {
    let target = PagingBox::start(V4, &[]);
    for garbage in ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\u{1}\u{2}"] {
        let mut other = Phone::connect(target.address);
        other.say(garbage);
        other.assert_closed();
    }
    let mut two_lengths = Phone::connect(target.address);
    two_lengths.say(&two_lengths.message("OPTIONS", 1).replace("\r\n\r\n", "\r\nl: 0\r\n\r\n"));
    assert_eq!(two_lengths.hear_final().status(), 400);
    two_lengths.assert_closed();
}

#[test]
fn a_stranger_gets_403_and_his_connection_is_closed() {
    let target = PagingBox::start_for_others(V4, &["sip.allow=192.0.2.0/24"]);
    let mut stranger = Phone::connect(target.address);
    let both = stranger.message("INVITE", 1) + &stranger.message("OPTIONS", 2);
    stranger.say(&both);
    let refusal = stranger.hear_final();
    assert_eq!((refusal.status(), refusal.header("cseq").as_deref()), (403, Some("1 INVITE")));
    stranger.assert_closed();
}

#[test]
fn a_thousand_connections_held_open_do_not_keep_a_call_waiting() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 4096.min(hard), hard).unwrap();
    let target = PagingBox::start(V4, &[]);
    let mut held: Vec<_> = (0..1000).map(|_| TcpStream::connect(target.address).unwrap()).collect();
    let took = Phone::connect(target.address).call();
    eprintln!("beside 1000 connections a call is answered after {took:.1?}");
    // More than there is room for: those that say nothing make room.
    held.extend((0..200).map(|_| TcpStream::connect(target.address).unwrap()));
    let mut phone = Phone::connect(target.address);
    let took = phone.call();
    eprintln!("beside 1200 connections a call is answered after {took:.1?}");
    let is_closed = |stream: &TcpStream| {
        stream.set_nonblocking(true).unwrap();
        stream.peek(&mut [0]).is_ok()
    };
    let closed = held.iter().filter(|stream| is_closed(stream)).count();
    assert!((100..300).contains(&closed), "{closed} were closed");
    phone.call_id.push_str("-again");
    phone.call();
}

#[test]
fn a_port_that_is_taken_for_tcp_is_told_and_udp_works() {
    let holder = TcpListener::bind((V4, free_port(V4))).unwrap();
    let target = PagingBox::start_at(holder.local_addr().unwrap());
    until(Duration::from_secs(2), "a line of the log", || {
        target.log().contains("cannot listen for SIP over TCP: tcp ")
    });
}

#[test]
fn paging_call_pages_over_tcp() {
    let target = PagingBox::start(V4, &[]);
    let page = PagingCall::start(&format!("sip:page@{};transport=tcp", target.address), SHORT);
    let outcome = page.finish(Duration::from_secs(10));
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let callee = TcpListener::bind((V4, 0)).unwrap();
    let address = callee.local_addr().unwrap();
    let page = PagingCall::start(&format!("sip:page@{address};transport=tcp"), SHORT);
    let mut callee = Phone::over(callee.accept().unwrap().0);
    let invite = callee.hear().unwrap();
    assert!(invite.header("via").unwrap().starts_with("SIP/2.0/TCP 127.0.0.1:"), "{}", invite.0);
    assert!(invite.header("contact").unwrap().ends_with(";transport=tcp>"), "{}", invite.0);
    let copied = ["via", "from", "to", "call-id", "cseq"].map(|name| invite.header_lines(name)).concat();
    callee.say(&format!("SIP/2.0 486 Busy Here\r\n{copied}Content-Length: 0\r\n\r\n"));
    assert!(callee.hear().unwrap().0.starts_with("ACK "));
    assert_eq!(page.finish(Duration::from_secs(10)).code, Some(69));
}

#[test]
fn paging_call_tells_at_once_that_nobody_listens() {
    let page = PagingCall::start(&format!("sip:page@127.0.0.1:{};transport=tcp", free_port(V4)), SHORT);
    let outcome = page.finish(Duration::from_secs(3));
    assert_eq!(outcome.code, Some(69), "{outcome:?}");
    assert!(outcome.stderr.contains("no connection"), "{outcome:?}");
}

const SHORT: &[&str] = &["--tone", "440", "--seconds", "0.2"];
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Nobody listens there.
const MEDIA_PORT: u16 = 16_000;
/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(6);
