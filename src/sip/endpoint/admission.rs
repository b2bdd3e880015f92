//! Which requests an endpoint refuses by themselves, whatever it is doing (RFC 3261 §8.2.1 to §8.2.3).
//!
//! Max-Forwards is not looked at: an element that does not forward answers a request with zero hops left as any other
//! (RFC 4475 §3.3.11).

use crate::key::Key;
use crate::sip::info;
use crate::sip::wire::{Headers, Method, Request, StatusCode, Uri};

/// The methods an endpoint understands, as its Allow header.
pub(super) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, MESSAGE";

/// The bodies an endpoint understands, as its Accept header.
pub(super) const ACCEPT: &str = "application/sdp";

/// The texts an endpoint understands, as its Accept header.
const ACCEPT_TEXT: &str = "text/plain";

/// The most bytes of a text (RFC 3428 §8: a MESSAGE has to fit into one datagram).
const MAX_TEXT_BYTES: usize = 1300;

/// The Warning with a 406 (RFC 4475 §3.3.15); its agent is a pseudonym (RFC 3261 §20.43).
const NO_FORMAT_IN_COMMON: &str =
    "399 paging \"the answer would be application/sdp, which Accept leaves out\"";

/// A final response made from the request alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Refusal {
    pub(super) const fn new(status: StatusCode) -> Self {
        Self { status, headers: Vec::new() }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Looks at method, Request-URI, extensions and body, in the order of RFC 3261 §8.2; `supported` are the extensions that
/// may be required.
pub(super) fn check(request: &Request, supported: &[&str]) -> Result<(), Refusal> {
    check_method(&request.method)?;
    check_uri(&request.uri)?;
    check_extensions(request, supported)?;
    match request.method {
        Method::INVITE | Method::UPDATE => check_body(request),
        Method::MESSAGE => text(request).map(|_| ()),
        _ => Ok(()),
    }
}

fn check_method(method: &Method) -> Result<(), Refusal> {
    match *method {
        Method::INVITE | Method::BYE | Method::OPTIONS | Method::INFO | Method::UPDATE | Method::MESSAGE => {
            Ok(())
        }
        // RFC 3261 §21.5.2: 405 says that we know the method and do not allow it.
        _ if method.is_known() => Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED).with("Allow", ALLOW)),
        _ => Err(Refusal::new(StatusCode::NOT_IMPLEMENTED).with("Allow", ALLOW)),
    }
}

fn check_uri(uri: &Uri) -> Result<(), Refusal> {
    match uri {
        Uri::Sip(_) | Uri::Tel(_) => Ok(()),
        Uri::Absolute(_) => Err(Refusal::new(StatusCode::UNSUPPORTED_URI_SCHEME)),
    }
}

fn check_extensions(request: &Request, supported: &[&str]) -> Result<(), Refusal> {
    let is_unsupported = |tag: &&str| !supported.iter().any(|known| tag.eq_ignore_ascii_case(known));
    let unsupported: Vec<&str> = request.headers.tokens("Require").filter(is_unsupported).collect();
    if unsupported.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::BAD_EXTENSION).with("Unsupported", unsupported.join(", ")))
}

fn check_body(request: &Request) -> Result<(), Refusal> {
    let headers = &request.headers;
    let is_sdp = headers.content_type.as_ref().is_some_and(|content_type| content_type.is(ACCEPT));
    if !request.body.is_empty() && !is_sdp {
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE).with("Accept", ACCEPT));
    }
    if is_encoded(headers) {
        let refusal = Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE).with("Accept", ACCEPT);
        return Err(refusal.with("Accept-Encoding", "identity"));
    }
    let mut accepted = headers.tokens("Accept").peekable();
    if accepted.peek().is_some() && !accepted.any(accepts_sdp) {
        let refusal = Refusal::new(StatusCode::NOT_ACCEPTABLE).with("Accept", ACCEPT);
        return Err(refusal.with("Warning", NO_FORMAT_IN_COMMON));
    }
    Ok(())
}

/// The text of a MESSAGE (RFC 3428 §7). Of several parts, or of another kind, we take none; UTF-8 covers what else is
/// called plain today.
pub(super) fn text(request: &Request) -> Result<String, Refusal> {
    let Request { headers, body, .. } = request;
    let is_text = headers.content_type.as_ref().is_none_or(|content_type| content_type.is(ACCEPT_TEXT));
    if body.len() > MAX_TEXT_BYTES {
        return Err(Refusal::new(StatusCode::REQUEST_ENTITY_TOO_LARGE));
    }
    let text = str::from_utf8(body).ok().filter(|_| is_text && !is_encoded(headers));
    let text = text.filter(|text| text.is_empty() || headers.content_type.is_some());
    text.map(str::to_owned)
        .ok_or_else(|| Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE).with("Accept", ACCEPT_TEXT))
}

/// The key that an INFO tells; `None` if it tells nothing.
pub(super) fn check_info(request: &Request) -> Result<Option<Key>, Refusal> {
    let headers = &request.headers;
    match headers.content_type.as_ref().filter(|_| !request.body.is_empty()) {
        Some(content_type) if info::TYPES.iter().any(|known| content_type.is(known)) => {
            let key = info::key(&request.body);
            key.map(Some).ok_or(Refusal::new(StatusCode::BAD_REQUEST))
        }
        // RFC 6086 §4.2.2: a package that we do not want; we want none, which an empty Recv-Info says.
        _ if headers.get("Info-Package").is_some() => {
            Err(Refusal::new(StatusCode::BAD_INFO_PACKAGE).with("Recv-Info", ""))
        }
        None if request.body.is_empty() => Ok(None),
        _ => Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE).with("Accept", info::TYPES.join(", "))),
    }
}

/// Whether the body is not as it is written (RFC 3261 §20.12).
fn is_encoded(headers: &Headers) -> bool {
    headers.tokens("Content-Encoding").any(|encoding| !encoding.eq_ignore_ascii_case("identity"))
}

/// Whether an element of Accept covers a session description (RFC 3261 §20.1).
fn accepts_sdp(range: &str) -> bool {
    let media = range.split(';').next().unwrap_or_default();
    let media: String = media.chars().filter(|c| !c.is_whitespace()).collect();
    ["application/sdp", "application/*", "*/*"].iter().any(|known| media.eq_ignore_ascii_case(known))
}
