//! Requests (RFC 3261 §7.1).

use super::cseq::CSeq;
use super::headers::Headers;
use super::method::Method;
use super::response::Response;
use super::uri::Uri;

/// What one side asks of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked. It is also that of [`Headers::cseq`].
    pub method: Method,
    /// Of whom it is asked.
    pub uri: Uri,
    /// The headers.
    pub headers: Headers,
    /// The body. Its Content-Length is written by itself.
    pub body: Vec<u8>,
}

impl Request {
    /// The request of the method that [`Headers::cseq`] names, to `uri`; it may pass [`Request::MAX_FORWARDS`] hops.
    #[must_use]
    pub fn new(uri: Uri, mut headers: Headers) -> Self {
        headers.max_forwards.get_or_insert(Self::MAX_FORWARDS);
        Self { method: headers.cseq.method.clone(), uri, headers, body: Vec::new() }
    }

    /// The CANCEL of this request (RFC 3261 §9.1): it has the same way, so the same top Via and Routes.
    #[must_use]
    pub fn cancel(&self) -> Self {
        self.follow_up(Method::CANCEL)
    }

    /// The ACK that ends the transaction of this INVITE after `response`, which is no 2xx (RFC 3261 §17.1.1.3).
    #[must_use]
    pub fn ack(&self, response: &Response) -> Self {
        let mut ack = self.follow_up(Method::ACK);
        ack.headers.to = response.headers.to.clone();
        ack
    }

    /// How many hops a request of ours may pass (RFC 3261 §8.1.1.6).
    pub const MAX_FORWARDS: u8 = 70;

    fn follow_up(&self, method: Method) -> Self {
        let mut headers = Headers::from_essentials(
            self.headers.via.iter().take(1).cloned().collect(),
            self.headers.from.clone(),
            self.headers.to.clone(),
            self.headers.call_id.clone(),
            CSeq::new(self.headers.cseq.number, method),
        );
        headers.routes.clone_from(&self.headers.routes);
        Self::new(self.uri.clone(), headers)
    }
}
