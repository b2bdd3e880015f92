//! The first line: what is asked, or what is answered (RFC 3261 §7.1, §7.2).

use super::error::SyntaxError;
use super::frame::{Fault, Line};
use super::method::Method;
use super::scan::{Scan, is_visible};
use super::status::StatusCode;
use super::uri::Uri;

/// The first line of a message, which tells its kind.
pub(super) enum StartLine {
    /// `INVITE sip:bob@example.com SIP/2.0`
    Request { method: Method, uri: Uri },
    /// `SIP/2.0 200 OK`
    Status { status: StatusCode, reason: String },
}

impl StartLine {
    pub(super) fn read(line: &Line<'_>) -> Result<Self, Fault> {
        if is_status_line(line) {
            return line.read(Self::scan_status);
        }
        let (request, version) = line.read(Self::scan_request)?;
        version.check().map(|()| request).map_err(|error| {
            let status = StatusCode::VERSION_NOT_SUPPORTED;
            Fault { status, ..line.fault(error) }
        })
    }

    /// The method of a request.
    pub(super) const fn method(&self) -> Option<&Method> {
        match self {
            Self::Request { method, .. } => Some(method),
            Self::Status { .. } => None,
        }
    }

    /// Exactly one space stands between the parts: whoever writes more may mean something else (RFC 4475 §3.1.2.8 and
    /// §3.1.2.9). Spaces at the end mean nothing and are gone already (§3.1.2.10).
    fn scan_request<'a>(scan: &mut Scan<'a>) -> Result<(Self, Version<'a>), SyntaxError> {
        let method = Method::scan(scan)?;
        scan.need(b' ', "one space after the method")?;
        let uri_at = scan.clone();
        let uri = Uri::scan(&mut scan.while_bytes(is_visible))?;
        if uri.sip().is_some_and(|uri| uri.headers().is_some()) {
            return Err(uri_at.expected("a Request-URI without headers"));
        }
        scan.need(b' ', "one space after the Request-URI")?;
        Ok((Self::Request { method, uri }, Version::scan(scan)?))
    }

    fn scan_status(scan: &mut Scan<'_>) -> Result<Self, SyntaxError> {
        Version::scan(scan)?.check()?;
        scan.need(b' ', "one space after the version")?;
        let error = scan.expected("a status code from 100 to 699");
        let status = StatusCode::new(scan.number(error.expected)?).ok_or(error)?;
        // Without a reason phrase the space may be missing: RFC 4475 §3.1.1.13, "a liberal receiver would accept it anyway".
        if !scan.is_at_end() {
            scan.need(b' ', "one space after the status code")?;
        }
        Ok(Self::Status { status, reason: scan.take_while(|_| true).to_owned() })
    }
}

/// Whether `line` is that of a response, well-formed or not.
pub(super) fn is_status_line(line: &Line<'_>) -> bool {
    line.value().get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/"))
}

/// Whether `line` asks for an ACK, which is never answered.
pub(super) fn is_ack(line: &Line<'_>) -> bool {
    line.value().split(' ').next() == Some(Method::ACK.as_str())
}

/// `SIP/2.0`, or another.
struct Version<'a> {
    text: &'a str,
    at: Scan<'a>,
}

impl<'a> Version<'a> {
    fn scan(scan: &mut Scan<'a>) -> Result<Self, SyntaxError> {
        let at = scan.clone();
        let text = scan.take_while(is_visible);
        let is_sip = text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/"));
        if is_sip { Ok(Self { text, at }) } else { Err(at.expected("SIP/2.0")) }
    }

    fn check(&self) -> Result<(), SyntaxError> {
        if self.text.eq_ignore_ascii_case("SIP/2.0") { Ok(()) } else { Err(self.at.expected("SIP/2.0")) }
    }
}
