//! Lines of the log at a syslog collector, which may be slow, away, or deaf.

use crate::caller::Caller;
use crate::paging_box::{PagingBox, until};
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

#[test]
fn over_udp_each_line_is_a_datagram_with_peer_and_call_id() {
    let collector = UdpSocket::bind((V4, 0)).unwrap();
    collector.set_read_timeout(Some(PATIENCE)).unwrap();
    let syslog = format!("log.syslog=udp:{}", collector.local_addr().unwrap());
    let target = PagingBox::start(V4, &[&syslog]);
    let mut caller = Caller::new(target.address);
    caller.call();
    caller.hang_up();
    let line = loop {
        let message = datagram(&collector);
        assert!(message.starts_with("<30>1 20") || message.starts_with("<28>1 20"), "{message}");
        if message.contains(": rings, ") {
            break message;
        }
    };
    // PRI and version, time, host, program, process, part, no structured data, what happened.
    let words: Vec<_> = line.splitn(8, ' ').collect();
    assert!(words[1].ends_with('Z') && words[1].len() == 27, "{line}");
    assert_eq!((words[3], words[5], words[6]), ("paging", "calls", "-"), "{line}");
    assert!(words[4].parse::<u32>().is_ok(), "{line}");
    assert!(words[7].starts_with("call from sip:") && words[7].contains(" at 127.0.0.1:"), "{line}");
    // Another thread writes it there.
    until(PATIENCE, "the log has it too", || target.log().lines().any(|logged| logged.ends_with(words[7])));
}

#[test]
fn over_tcp_lines_are_counted_frames_and_go_on_when_the_collector_is_back() {
    let listener = TcpListener::bind((V4, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let target = PagingBox::start(V4, &[&format!("log.syslog=tcp:{address}")]);
    let mut taken = accept(&listener);
    assert!(frame(&mut taken).contains(" - "), "a frame");
    drop((taken, listener));
    // The first line after the end finds nobody.
    let mut callers = Vec::new();
    until(PATIENCE, "the log says that it is away", || {
        callers.push(call(target.address));
        target.log().contains(&format!("syslog tcp:{address}: "))
    });
    assert!(target.log().contains("lost until it is back"), "{}", target.log());
    call(target.address);
    let listener = TcpListener::bind(address).unwrap();
    let mut taken = accept(&listener);
    let mut lines = Vec::new();
    until(PATIENCE, "the collector is told that it was away", || {
        lines.push(frame(&mut taken));
        lines.last().unwrap().contains("it is back; ")
    });
    until(PATIENCE, "the log says that it is back", || target.log().contains("it is back; "));
    assert!(lines.len() > 2, "what was kept comes first: {lines:#?}");
}

#[test]
fn a_collector_that_takes_the_connection_and_never_reads_holds_up_neither_calls_nor_the_end() {
    let listener = TcpListener::bind((V4, 0)).unwrap();
    let syslog = format!("log.syslog=tcp:{}", listener.local_addr().unwrap());
    let mut target = PagingBox::start(V4, &[&syslog, "log.level=trace"]);
    let _deaf = accept(&listener);
    let callers: Vec<_> = (0..100).map(|_| call(target.address)).collect();
    assert_eq!(callers.len(), 100);
    let stopped_at = Instant::now();
    target.send_sigterm();
    assert_eq!(target.wait_for_exit(Duration::from_secs(2)).code(), Some(0));
    assert!(stopped_at.elapsed() < Duration::from_secs(2), "{:?}", stopped_at.elapsed());
}

#[test]
fn a_collector_whose_name_has_no_address_is_told_once_and_costs_nothing_else() {
    let target = PagingBox::start(V4, &["log.syslog=udp:no-such-name.invalid"]);
    call(target.address);
    until(PATIENCE, "the log says that it is away", || {
        target.log().contains("WARN log: syslog udp:no-such-name.invalid:514: ")
    });
}

#[test]
fn each_part_of_the_program_tells_as_much_as_it_is_told_to() {
    let target = PagingBox::start(V4, &["log.level=error", "log.levels=calls=info"]);
    call(target.address);
    until(PATIENCE, "the call is told", || target.log().contains("INFO calls: call from "));
    assert!(target.log().lines().all(|line| line.contains(" calls: ")), "{}", target.log());
}

/// A whole call. Another one may not have its port while this caller lives, and so not its Call-ID.
fn call(address: SocketAddr) -> Caller {
    let mut caller = Caller::new(address);
    caller.call();
    caller.hang_up();
    caller
}

fn datagram(collector: &UdpSocket) -> String {
    let mut buffer = [0; 2048];
    let len = collector.recv(&mut buffer).unwrap();
    String::from_utf8(buffer[..len].to_vec()).unwrap()
}

fn accept(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    let mut taken = None;
    until(Duration::from_secs(20), "the box connects", || {
        taken = listener.accept().ok();
        taken.is_some()
    });
    let (stream, _) = taken.unwrap();
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// MSG-LEN SP SYSLOG-MSG (RFC 6587 §3.4.1).
fn frame(stream: &mut TcpStream) -> String {
    let mut length = String::new();
    loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        if byte == *b" " {
            break;
        }
        length.push(char::from(byte[0]));
    }
    let mut message = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut message).unwrap();
    String::from_utf8(message).unwrap()
}

const PATIENCE: Duration = Duration::from_secs(10);
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
