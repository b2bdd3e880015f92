//! One endpoint and a peer made of text, in virtual time: what the tests of an endpoint are written in.

use crate::sip::wire::{Message, Request, Response};
use crate::sip::{CallKey, Endpoint, EndpointConfig, Event, Path, Transmit, Usage};
use crate::time::Instant;
use core::time::Duration;

/// An endpoint at 192.0.2.1 whose peer is at 192.0.2.2.
pub(super) struct Trace {
    pub(super) endpoint: Endpoint,
    pub(super) now: Instant,
    pub(super) path: Path,
}

impl Trace {
    pub(super) fn new() -> Self {
        Self::with(EndpointConfig { user_agent: "PagingBox/1".to_owned(), ..EndpointConfig::new("box") })
    }

    pub(super) fn with(config: EndpointConfig) -> Self {
        let path = Path::udp("192.0.2.1:5060".parse().unwrap(), "192.0.2.2:5060".parse().unwrap());
        Self { endpoint: Endpoint::new(config, 1), now: Instant::from_millis(1000), path }
    }

    /// The same over TCP: the peer has connected from port 40000.
    pub(super) fn over_tcp() -> Self {
        let path = Path::tcp("192.0.2.1:5060".parse().unwrap(), "192.0.2.2:40000".parse().unwrap());
        Self { path, ..Self::new() }
    }

    /// The peer sends a message.
    pub(super) fn receive(&mut self, text: impl AsRef<str>) {
        let bytes = text.as_ref().replace('\n', "\r\n");
        self.endpoint.handle_message(self.now, self.path, bytes.as_bytes());
    }

    /// Lets time pass, deadline by deadline.
    pub(super) fn pass(&mut self, span: Duration) {
        let until = self.now + span;
        while let Some(at) = self.endpoint.poll_timeout().filter(|&at| at <= until) {
            assert!(at >= self.now, "a deadline in the past");
            self.now = at;
            self.endpoint.handle_timeout(at);
        }
        self.now = until;
    }

    /// Lets time pass, and gives the moments at which something was sent, in milliseconds from now.
    pub(super) fn moments(&mut self, span: Duration) -> Vec<u128> {
        let (start, until) = (self.now, self.now + span);
        let mut moments = Vec::new();
        while let Some(at) = self.endpoint.poll_timeout().filter(|&at| at <= until) {
            self.now = at;
            self.endpoint.handle_timeout(at);
            while self.endpoint.poll_transmit().is_some() {
                moments.push(at.since(start).as_millis());
            }
        }
        self.now = until;
        moments
    }

    /// The next datagram sent.
    pub(super) fn transmit(&mut self) -> Transmit {
        self.endpoint.poll_transmit().expect("a datagram")
    }

    /// The next response sent.
    pub(super) fn response(&mut self) -> Response {
        match Message::parse(&self.transmit().bytes).unwrap() {
            Message::Response(response) => response,
            Message::Request(request) => panic!("expected a response, not {}", request.method),
        }
    }

    /// The next request sent.
    pub(super) fn request(&mut self) -> Request {
        match Message::parse(&self.transmit().bytes).unwrap() {
            Message::Request(request) => request,
            Message::Response(response) => panic!("expected a request, not {}", response.status),
        }
    }

    /// The status codes of all responses and the methods of all requests sent.
    pub(super) fn sent(&mut self) -> Vec<String> {
        core::iter::from_fn(|| self.endpoint.poll_transmit())
            .map(|transmit| match Message::parse(&transmit.bytes).unwrap() {
                Message::Response(response) => response.status.to_string(),
                Message::Request(request) => request.method.to_string(),
            })
            .collect()
    }

    /// The next event.
    pub(super) fn event(&mut self) -> Event {
        self.endpoint.poll_event().expect("an event")
    }

    pub(super) fn no_event(&mut self) {
        assert_eq!(self.endpoint.poll_event(), None);
    }

    /// The call that the next event says has come in.
    pub(super) fn incoming(&mut self) -> CallKey {
        match self.event() {
            Event::Incoming { call, .. } => call,
            other => panic!("expected a call, not {other:?}"),
        }
    }

    /// A call that has come in and been answered, with the To tag we gave it, and its ACK.
    pub(super) fn confirmed(&mut self) -> (CallKey, String) {
        self.receive(invite());
        let call = self.incoming();
        self.endpoint.answer(self.now, call, ANSWER.as_bytes().to_vec());
        let tag = self.response().headers.to.tag().unwrap().to_owned();
        self.receive(within("ACK", 1, &tag));
        assert!(matches!(self.event(), Event::Confirmed { .. }));
        (call, tag)
    }

    /// Waits until all transactions are over, and sees that nothing is left.
    pub(super) fn assert_clean(&mut self) {
        self.pass(Duration::from_secs(70));
        assert_eq!(self.endpoint.usage(), Usage::default());
        assert_eq!(self.endpoint.poll_timeout(), None);
    }
}

/// A request of the peer outside of a dialog.
pub(super) fn request(method: &str, cseq: u32) -> String {
    format!(
        "{method} sip:box@192.0.2.1 SIP/2.0\n\
         Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK-{method}-{cseq}\n\
         Max-Forwards: 70\n\
         From: \"Alice\" <sip:alice@192.0.2.2>;tag=alice\n\
         To: <sip:box@192.0.2.1>\n\
         Call-ID: call-1@192.0.2.2\n\
         CSeq: {cseq} {method}\n\
         Contact: <sip:alice@192.0.2.2:5060>\n\
         Content-Length: 0\n\n"
    )
}

/// An INVITE without a body.
pub(super) fn invite() -> String {
    request("INVITE", 1)
}

/// A CANCEL of [`invite`].
pub(super) fn cancel() -> String {
    request("CANCEL", 1).replace("z9hG4bK-CANCEL-1", "z9hG4bK-INVITE-1")
}

/// The ACK of a refusal of [`invite`].
pub(super) fn ack_of_refusal(tag: &str) -> String {
    within("ACK", 1, tag).replace("z9hG4bK-ACK-1", "z9hG4bK-INVITE-1")
}

/// A request of the peer within the dialog in which we have this tag.
pub(super) fn within(method: &str, cseq: u32, tag: &str) -> String {
    request(method, cseq).replace("To: <sip:box@192.0.2.1>", &format!("To: <sip:box@192.0.2.1>;tag={tag}"))
}

/// `message` with another header line.
pub(super) fn with_header(message: &str, line: &str) -> String {
    message.replacen("Max-Forwards", &format!("{line}\nMax-Forwards"), 1)
}

/// `message` with a body of this type; lines of `body` end as they stand.
pub(super) fn with_body(message: &str, content_type: &str, body: &str) -> String {
    let length = body.replace('\n', "\r\n").len();
    let headers = format!("Content-Type: {content_type}\nContent-Length: {length}\n\n{body}");
    message.replace("Content-Length: 0\n\n", &headers)
}

/// The peer's response to a request of ours.
pub(super) fn reply(request: &Request, status: u16, tag: &str) -> String {
    let headers = &request.headers;
    let mut to = headers.to.clone();
    if !tag.is_empty() {
        to = to.with_tag(tag);
    }
    format!(
        "SIP/2.0 {status} Reason\n\
         Via: {}\nFrom: {}\nTo: {to}\nCall-ID: {}\nCSeq: {}\n\
         Contact: <sip:bob@192.0.2.2:5070>\nContent-Length: 0\n\n",
        headers.via[0], headers.from, headers.call_id, headers.cseq
    )
}

/// What the peer asks within the call that `invite` made, whose remote tag is `tag`.
pub(super) fn ask(invite: &Request, method: &str, tag: &str) -> String {
    let headers = &invite.headers;
    format!(
        "{method} sip:box@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK-{method}\n\
         From: <sip:bob@192.0.2.2>;tag={tag}\nTo: {}\nCall-ID: {}\nCSeq: 1 {method}\nContact: <sip:bob@192.0.2.2:5070>\nMax-Forwards: 70\nContent-Length: 0\n\n",
        headers.from, headers.call_id
    )
}

/// The value of a header that has no type of its own.
pub(super) fn header(response: &Response, name: &str) -> String {
    response.headers.get(name).unwrap_or("(none)").to_owned()
}

pub(super) const OFFER: &str = "v=0\no=- 1 1 IN IP4 192.0.2.2\ns=-\n";
pub(super) const ANSWER: &str = "v=0\r\no=- 2 1 IN IP4 192.0.2.1\r\ns=-\r\n";
