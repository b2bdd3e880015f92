//! Responses (RFC 3261 §7.2, §8.2.6).

use super::headers::Headers;
use super::method::Method;
use super::request::Request;
use super::status::StatusCode;

/// What one side answers to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The answer.
    pub status: StatusCode,
    /// The answer for humans; it may be empty.
    pub reason: String,
    /// The headers; [`Headers::cseq`] names the request.
    pub headers: Headers,
    /// The body. Its Content-Length is written by itself.
    pub body: Vec<u8>,
}

impl Response {
    /// The answer `status` to `request`, with its Via, From, To, Call-ID and `CSeq` (RFC 3261 §8.2.6.2), its Timestamp
    /// if it is a 100 (§8.2.6.1), and its Record-Route if it can form a dialog (§12.1.1).
    ///
    /// A To tag is missing unless the request had one: see [`Response::with_to_tag`].
    #[must_use]
    pub fn to_request(request: &Request, status: StatusCode) -> Self {
        let asked = &request.headers;
        let mut headers = Headers::from_essentials(
            asked.via.clone(),
            asked.from.clone(),
            asked.to.clone(),
            asked.call_id.clone(),
            asked.cseq.clone(),
        );
        if can_form_dialog(&request.method, status) {
            headers.record_routes.clone_from(&asked.record_routes);
        }
        if status == StatusCode::TRYING
            && let Some(timestamp) = asked.get("Timestamp")
        {
            headers.push("Timestamp", timestamp);
        }
        Self { status, reason: status.reason().to_owned(), headers, body: Vec::new() }
    }

    /// With `tag` in To, unless the request had one there.
    #[must_use]
    pub fn with_to_tag(mut self, tag: &str) -> Self {
        if self.headers.to.tag().is_none() {
            self.headers.to.params.set("tag", Some(tag));
        }
        self
    }
}

fn can_form_dialog(method: &Method, status: StatusCode) -> bool {
    let forms = matches!(*method, Method::INVITE | Method::SUBSCRIBE | Method::REFER | Method::NOTIFY);
    forms && (status.is_success() || status.is_provisional() && status != StatusCode::TRYING)
}
