//! A callee in plain text, and the `paging call` that calls it: every test plays the callee's part line by line.
//! It shares no code with the library, so that no mistake is made twice.

use crate::caller::{Received, host_port};
use crate::paging_box::until;
use std::io::{self, BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub(crate) struct Callee {
    socket: UdpSocket,
    /// Who calls; known from the first request on.
    peer: Option<SocketAddr>,
}

impl Callee {
    pub(crate) fn new() -> Self {
        Self { socket: UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(), peer: None }
    }

    /// Starts `paging call` with this callee as its target.
    pub(crate) fn page(&self, sound: &[&str]) -> PagingCall {
        PagingCall::start(&format!("sip:page@{}", self.address()), sound)
    }

    /// The next `method`; other messages before it are passed over.
    pub(crate) fn receive(&mut self, method: &str) -> Received {
        self.receive_first_line(&format!("{method} "))
    }

    /// The next response with `status`.
    pub(crate) fn receive_response(&mut self, status: &str) {
        self.receive_first_line(&format!("SIP/2.0 {status} "));
    }

    fn receive_first_line(&mut self, start: &str) -> Received {
        let limit = Instant::now() + PATIENCE;
        loop {
            let left = limit.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no {start}came");
            self.socket.set_read_timeout(Some(left)).unwrap();
            let mut buffer = vec![0; 65_536];
            let Ok((length, peer)) = self.socket.recv_from(&mut buffer) else { continue };
            let received = Received(String::from_utf8_lossy(&buffer[..length]).into_owned());
            if received.0.starts_with(start) {
                self.peer = Some(peer);
                return received;
            }
        }
    }

    /// A response such as `486 Busy Here`, with a session description unless `body` is empty.
    pub(crate) fn reply(&self, request: &Received, status: &str, body: &str) {
        let copied = ["via", "from", "call-id", "cseq"].map(|name| request.header_lines(name)).concat();
        let (here, to) = (host_port(self.address()), tagged(&request.header("to").unwrap()));
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        self.send(&format!(
            "SIP/2.0 {status}\r\n{copied}To: {to}\r\nContact: <sip:page@{here}>\r\n{kind}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ));
    }

    /// INVITE, 200 with `body`, ACK.
    pub(crate) fn answer(&mut self, body: &str) -> Received {
        let invite = self.receive("INVITE");
        self.reply(&invite, "200 OK", body);
        self.receive("ACK");
        invite
    }

    /// BYE, 200.
    pub(crate) fn confirm_the_end(&mut self) {
        let bye = self.receive("BYE");
        self.reply(&bye, "200 OK", "");
    }

    /// Sends the BYE of the call that `invite` began.
    pub(crate) fn hang_up(&self, invite: &Received) {
        let [from, to] = ["to", "from"].map(|name| invite.header(name).unwrap());
        self.send_request("BYE", &tagged(&from), &to, &invite.header("call-id").unwrap());
    }

    /// An INVITE that nobody expects.
    pub(crate) fn invite(&self) {
        self.send_request(
            "INVITE",
            "<sip:stranger@127.0.0.1>;tag=stranger",
            "<sip:you@127.0.0.1>",
            "stranger",
        );
    }

    fn send_request(&self, method: &str, from: &str, to: &str, call_id: &str) {
        let (here, there) = (host_port(self.address()), host_port(self.peer.unwrap()));
        self.send(&format!(
            "{method} sip:{there} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK-{method}-{call_id}\r\n\
             Max-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: 1 {method}\r\n\
             Contact: <sip:page@{here}>\r\nContent-Length: 0\r\n\r\n"
        ));
    }

    fn send(&self, text: &str) {
        self.socket.send_to(text.as_bytes(), self.peer.unwrap()).unwrap();
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }
}

fn tagged(to: &str) -> String {
    if to.contains(";tag=") { to.to_owned() } else { format!("{to};tag=callee") }
}

/// A session description that takes PCMU at `port`, as payload type `payload_type`.
pub(crate) fn sdp(port: u16, payload_type: u8) -> String {
    sdp_of(port, payload_type, "PCMU/8000")
}

/// The same of another encoding.
pub(crate) fn sdp_of(port: u16, payload_type: u8, encoding: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP {payload_type}\r\na=rtpmap:{payload_type} {encoding}\r\n"
    )
}

/// The callee's loudspeaker.
pub(crate) struct Ear {
    pub(crate) port: u16,
    /// To send from the same port.
    pub(crate) mouth: UdpSocket,
    reader: JoinHandle<Vec<RtpPacket>>,
}

/// What there is to an RTP packet (RFC 3550 §5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RtpPacket {
    pub(crate) payload_type: u8,
    pub(crate) marker: bool,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    pub(crate) payload: Vec<u8>,
}

impl RtpPacket {
    fn read(datagram: &[u8]) -> Self {
        let word = |at: usize| u32::from_be_bytes(datagram[at..at + 4].try_into().unwrap());
        Self {
            payload_type: datagram[1] & 0x7f,
            marker: datagram[1] & 0x80 != 0,
            sequence: word(0) as u16,
            timestamp: word(4),
            ssrc: word(8),
            payload: datagram[12..].to_vec(),
        }
    }
}

impl Ear {
    pub(crate) fn open() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = socket.local_addr().unwrap().port();
        let mouth = socket.try_clone().unwrap();
        let reader = std::thread::spawn(move || {
            let mut packets = Vec::new();
            let mut buffer = [0; 8192];
            loop {
                // An empty datagram closes the ear.
                match socket.recv(&mut buffer).unwrap() {
                    0 => return packets,
                    length => packets.push(RtpPacket::read(&buffer[..length])),
                }
            }
        });
        Self { port, mouth, reader }
    }

    /// The packets it has heard.
    pub(crate) fn close(self) -> Vec<RtpPacket> {
        let closer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        closer.send_to(&[], (Ipv4Addr::LOCALHOST, self.port)).unwrap();
        self.reader.join().unwrap()
    }
}

/// `paging call` at work; dropping it kills it.
pub(crate) struct PagingCall {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl PagingCall {
    /// Starts it.
    pub(crate) fn start(uri: &str, sound: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_paging"));
        command.args(["call", uri]).args(sound).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    /// Waits until it has said `line`.
    pub(crate) fn await_line(&mut self, line: &str) {
        let said = self.stdout.by_ref().lines().map(Result::unwrap).find(|said| said == line);
        assert!(said.is_some(), "it ended without saying \"{line}\"");
    }

    /// Sends `TERM` or `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits until it ends by itself.
    pub(crate) fn finish(mut self, limit: Duration) -> Outcome {
        let mut status: Option<ExitStatus> = None;
        until(limit, "paging call has ended", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let stdout = io::read_to_string(&mut self.stdout).unwrap();
        let stderr = io::read_to_string(self.child.stderr.take().unwrap()).unwrap();
        Outcome { code: status.unwrap().code(), stdout, stderr }
    }
}

impl Drop for PagingCall {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Longer than the first repetitions of the caller, shorter than its time-outs.
const PATIENCE: Duration = Duration::from_secs(5);
