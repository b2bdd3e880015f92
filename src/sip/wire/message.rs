//! A whole message, read from a datagram (RFC 3261 §7, §18.3).

use super::content_type::ContentType;
use super::error::{ParseError, WriteError};
use super::frame::{Fault, Line, Lines};
use super::head::Head;
use super::headers::{Contacts, Headers};
use super::name_addr::NameAddr;
use super::request::Request;
use super::response::Response;
use super::start_line::{StartLine, is_ack, is_status_line};
use super::write::Writer;

/// A request or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

/// The most bytes a message can have: those of a datagram.
pub const MAX_MESSAGE_BYTES: usize = 65_535;

/// The most header lines a message can have.
pub const MAX_HEADERS: usize = 200;

impl Message {
    /// Reads the message of a datagram. Bytes behind its Content-Length are ignored (RFC 3261 §18.3).
    ///
    /// # Errors
    /// If it is none: see [`ParseError`], which may hold the answer to send.
    pub fn parse(datagram: &[u8]) -> Result<Self, ParseError> {
        if datagram.len() > MAX_MESSAGE_BYTES {
            return Err(Fault::new(MAX_MESSAGE_BYTES, "the end of the message").without_reply());
        }
        let mut lines = Lines::new(datagram);
        let start = match lines.next() {
            Some(Ok(line)) => line,
            Some(Err(fault)) => return Err(fault.without_reply()),
            None => return Err(Fault::new(lines.position(), "a line").without_reply()),
        };
        let mut head = Head::read(&mut lines);
        assemble(&start, &mut head, lines.rest()).map_err(|fault| {
            let is_answered = !is_status_line(&start) && !is_ack(&start);
            let reply = if is_answered { head.reply(fault.status) } else { None };
            ParseError { reply, ..fault.without_reply() }
        })
    }

    /// The message as bytes, with its Content-Length.
    ///
    /// # Errors
    /// If a value would end its line, or the message is too large or has no Via: see [`WriteError`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, WriteError> {
        match self {
            Self::Request(request) => request.to_bytes(),
            Self::Response(response) => response.to_bytes(),
        }
    }

    /// The headers.
    #[must_use]
    pub const fn headers(&self) -> &Headers {
        match self {
            Self::Request(request) => &request.headers,
            Self::Response(response) => &response.headers,
        }
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        match self {
            Self::Request(request) => &request.body,
            Self::Response(response) => &response.body,
        }
    }
}

fn assemble(start: &Line<'_>, head: &mut Head<'_>, rest: &[u8]) -> Result<Message, Fault> {
    let start = StartLine::read(start)?;
    head.check()?;
    let body = head.body(rest)?.to_vec();
    let headers = head.take_headers(start.method())?;
    Ok(match start {
        StartLine::Request { method, uri } => Request { method, uri, headers, body }.into(),
        StartLine::Status { status, reason } => Response { status, reason, headers, body }.into(),
    })
}

/// What requests and responses have in common.
macro_rules! messages {
    ($($kind:ident $write:ident;)*) => {$(
        impl $kind {
            /// With `contact` as the only Contact.
            #[must_use]
            pub fn with_contact(mut self, contact: NameAddr) -> Self {
                self.headers.contacts = Contacts::one(contact);
                self
            }

            /// With a header more among [`Headers::other`].
            #[must_use]
            pub fn with_header(mut self, name: &str, value: &str) -> Self {
                self.headers.push(name, value);
                self
            }

            /// With a body.
            #[must_use]
            pub fn with_body(mut self, content_type: ContentType, body: Vec<u8>) -> Self {
                self.headers.content_type = Some(content_type);
                self.body = body;
                self
            }

            /// The message as bytes, with its Content-Length.
            ///
            /// # Errors
            /// As [`Message::to_bytes`].
            pub fn to_bytes(&self) -> Result<Vec<u8>, WriteError> {
                Writer::$write(self)
            }
        }

        impl From<$kind> for Message {
            fn from(message: $kind) -> Self {
                Self::$kind(message)
            }
        }
    )*};
}

messages! {
    Request request;
    Response response;
}
