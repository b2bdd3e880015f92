//! A caller in plain text, for what sipp cannot do: a lost ACK, garbage, a call that the box ends by itself.
//! It shares no code with the library, so that no mistake is made twice.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

pub(crate) struct Caller {
    socket: UdpSocket,
    to_tag: String,
    call_id: String,
    cseq: u32,
}

impl Caller {
    pub(crate) fn new(target: SocketAddr) -> Self {
        let socket = UdpSocket::bind((target.ip(), 0)).unwrap();
        socket.connect(target).unwrap();
        let port = socket.local_addr().unwrap().port();
        Self { socket, to_tag: String::new(), call_id: format!("caller-{port}"), cseq: 1 }
    }

    /// INVITE with an offer of PCMU.
    pub(crate) fn invite(&mut self) {
        let ip = self.socket.local_addr().unwrap().ip();
        let family = if ip.is_ipv6() { "IP6" } else { "IP4" };
        let offer = format!(
            "v=0\r\no=- 1 1 IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n\
             m=audio {MEDIA_PORT} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
        );
        self.send("INVITE", "Content-Type: application/sdp\r\n", &offer);
    }

    /// INVITE, 200, ACK.
    pub(crate) fn call(&mut self) {
        self.invite();
        self.receive_final(200);
        self.send("ACK", "", "");
    }

    /// A key, by an INFO request.
    pub(crate) fn press(&mut self, key: char) {
        self.cseq += 1;
        let kind = "Content-Type: application/dtmf-relay\r\n";
        self.send("INFO", kind, &format!("Signal={key}\r\nDuration=160\r\n"));
        self.receive_final(200);
    }

    pub(crate) fn hang_up(&mut self) {
        self.cseq += 1;
        self.send("BYE", "", "");
        self.receive_final(200);
    }

    /// One request. Its branch is its method and number, so the same request twice is a retransmission.
    pub(crate) fn send(&mut self, method: &str, headers: &str, body: &str) {
        let here = host_port(self.socket.local_addr().unwrap());
        let there = host_port(self.socket.peer_addr().unwrap());
        let (id, cseq, tag) = (&self.call_id, self.cseq, &self.to_tag);
        let text = format!(
            "{method} sip:page@{there} SIP/2.0\r\nVia: SIP/2.0/UDP {here};rport;branch=z9hG4bK-{method}-{cseq}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:caller@{here}>;tag=caller\r\nTo: <sip:page@{there}>{tag}\r\n\
             Call-ID: {id}\r\nCSeq: {cseq} {method}\r\nContact: <sip:caller@{here}>\r\n{headers}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.socket.send(text.as_bytes()).unwrap();
    }

    /// 200 to a request of the box.
    pub(crate) fn confirm(&self, request: &Received) {
        self.answer(request, "");
    }

    /// The same with a session description.
    pub(crate) fn answer(&self, request: &Received, body: &str) {
        let copied = ["via", "from", "to", "call-id", "cseq"].map(|name| request.header_lines(name)).concat();
        let (here, length) = (host_port(self.socket.local_addr().unwrap()), body.len());
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let text = format!(
            "SIP/2.0 200 OK\r\n{copied}Contact: <sip:caller@{here}>\r\n{kind}Content-Length: {length}\r\n\r\n{body}"
        );
        self.socket.send(text.as_bytes()).unwrap();
    }

    pub(crate) fn receive_within(&mut self, limit: Duration) -> Option<Received> {
        self.socket.set_read_timeout(Some(limit)).unwrap();
        let mut buffer = vec![0; 65_536];
        // A refused port (ICMP) and a time-out both mean: nothing yet.
        let length = self.socket.recv(&mut buffer).ok()?;
        let received = Received(String::from_utf8_lossy(&buffer[..length]).into_owned());
        let to = received.header("to").unwrap_or_default();
        if let (Some((_, tag)), 101..) = (to.split_once(";tag="), received.status()) {
            self.to_tag = format!(";tag={tag}");
        }
        Some(received)
    }

    /// Passes over provisional responses; the final one must have `status`.
    pub(crate) fn receive_final(&mut self, status: u16) -> Received {
        loop {
            let received = self.receive_within(PATIENCE).expect("a final response");
            if received.status() >= 200 {
                assert_eq!(received.status(), status, "{}", received.0);
                return received;
            }
        }
    }

    /// The next request of the box, repeated responses passed over.
    pub(crate) fn receive_request(&mut self, method: &str, limit: Duration) -> Received {
        loop {
            let received = self.receive_within(limit).expect("a request of the box");
            if received.status() == 0 {
                assert!(received.0.starts_with(method), "{}", received.0);
                return received;
            }
        }
    }
}

/// A message of the box, or of its caller.
pub(crate) struct Received(pub(crate) String);

impl Received {
    /// 0 for a request.
    pub(crate) fn status(&self) -> u16 {
        self.0.strip_prefix("SIP/2.0 ").map_or(0, |rest| rest[..3].parse().unwrap())
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let lines = self.header_lines(name);
        lines.lines().next().and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
    }

    /// All lines of the header `name`, whole.
    pub(crate) fn header_lines(&self, name: &str) -> String {
        let head = self.0.split("\r\n\r\n").next().unwrap_or_default();
        let named =
            |line: &&str| line.split(':').next().is_some_and(|is| is.trim().eq_ignore_ascii_case(name));
        head.split("\r\n").skip(1).filter(named).flat_map(|line| [line, "\r\n"]).collect()
    }
}

pub(crate) fn host_port(address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) => format!("{ip}:{}", address.port()),
        IpAddr::V6(ip) => format!("[{ip}]:{}", address.port()),
    }
}

/// Longer than the first retransmissions of the box, shorter than its time-outs.
const PATIENCE: Duration = Duration::from_secs(4);

/// Nobody listens there: the box is heard, not listened to.
const MEDIA_PORT: u16 = 16_000;
