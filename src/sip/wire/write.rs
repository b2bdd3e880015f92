//! Messages become bytes. Whatever would end its line early is refused.

use core::fmt::{Display, Write as _};

use super::error::WriteError;
use super::header_name::{HeaderName, parts};
use super::headers::{Contacts, Headers};
use super::message::{MAX_HEADERS, MAX_MESSAGE_BYTES};
use super::request::Request;
use super::response::Response;
use super::scan::is_token;
use super::status::StatusCode;
use memchr::memchr3_iter;

/// A message on its way to bytes: one start line, then headers, then [`Writer::finish`].
pub(super) struct Writer {
    text: String,
    headers: usize,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self { text: String::with_capacity(TYPICAL_BYTES), headers: 0 }
    }

    pub(super) fn request(request: &Request) -> Result<Vec<u8>, WriteError> {
        let mut writer = Self::new();
        writer.line("start line", &format_args!("{} {} SIP/2.0", request.method, request.uri))?;
        writer.headers(&request.headers)?;
        writer.finish(&request.body)
    }

    pub(super) fn response(response: &Response) -> Result<Vec<u8>, WriteError> {
        let mut writer = Self::new();
        writer.status_line(response.status, &response.reason)?;
        writer.headers(&response.headers)?;
        writer.finish(&response.body)
    }

    pub(super) fn status_line(&mut self, status: StatusCode, reason: &str) -> Result<(), WriteError> {
        self.line("start line", &format_args!("SIP/2.0 {status} {reason}"))
    }

    /// Writes `name: value`.
    pub(super) fn header(&mut self, name: &str, value: &dyn Display) -> Result<(), WriteError> {
        self.headers += 1;
        self.line(name, &format_args!("{name}: {value}"))
    }

    /// Writes Content-Length, the empty line and the body.
    pub(super) fn finish(mut self, body: &[u8]) -> Result<Vec<u8>, WriteError> {
        self.header("Content-Length", &body.len())?;
        self.text.push_str("\r\n");
        let mut bytes = self.text.into_bytes();
        bytes.extend_from_slice(body);
        if bytes.len() > MAX_MESSAGE_BYTES || self.headers > MAX_HEADERS {
            return Err(WriteError::TooLarge);
        }
        Ok(bytes)
    }

    fn headers(&mut self, headers: &Headers) -> Result<(), WriteError> {
        if headers.via.is_empty() {
            return Err(WriteError::NoVia);
        }
        self.all("Via", &headers.via)?;
        if let Some(hops) = headers.max_forwards {
            self.header("Max-Forwards", &hops)?;
        }
        self.all("Route", &headers.routes)?;
        self.all("Record-Route", &headers.record_routes)?;
        self.header("From", &headers.from)?;
        self.header("To", &headers.to)?;
        self.header("Call-ID", &headers.call_id)?;
        self.header("CSeq", &headers.cseq)?;
        match &headers.contacts {
            Contacts::Star => self.header("Contact", &"*")?,
            Contacts::List(list) => self.all("Contact", list)?,
        }
        for (name, value) in headers.other.iter().map(parts) {
            self.other(name, value)?;
        }
        match &headers.content_type {
            Some(content_type) => self.header("Content-Type", content_type),
            None => Ok(()),
        }
    }

    fn all(&mut self, name: &str, values: &[impl Display]) -> Result<(), WriteError> {
        values.iter().try_for_each(|value| self.header(name, value))
    }

    fn other(&mut self, name: &str, value: &str) -> Result<(), WriteError> {
        if !is_token(name) {
            return Err(WriteError::HeaderName(name.to_owned()));
        }
        if HeaderName::of(name) != HeaderName::Other {
            return Err(WriteError::Misplaced(name.to_owned()));
        }
        self.header(name, &value)
    }

    fn line(&mut self, place: &str, content: &dyn Display) -> Result<(), WriteError> {
        let start = self.text.len();
        // Writing to a string does not fail.
        let _ = write!(self.text, "{content}");
        if ends_early(&self.text.as_bytes()[start..]) {
            return Err(WriteError::ControlCharacter { place: place.to_owned() });
        }
        self.text.push_str("\r\n");
        Ok(())
    }
}

/// NUL may be written as a quoted pair (RFC 3261 §25.1 `quoted-pair`), CR and LF never.
pub(super) fn ends_early(line: &[u8]) -> bool {
    memchr3_iter(b'\r', b'\n', 0, line).any(|at| line[at] != 0 || !line[..at].ends_with(b"\\"))
}

const TYPICAL_BYTES: usize = 1024;
