//! Dialogs (RFC 3261 §12): what two user agents remember of each other between requests.
//!
//! A [`Dialog`] knows its three-part name, both sequence numbers, the route set and the remote target, and makes the
//! requests within it. It does not know what the dialog is for (that is the session's business), nor transactions.

use super::path::Path;
use super::tokens::{Domain, Tokens};
use super::wire::{CSeq, Headers, Method, NameAddr, Request, Response, SipUri, Uri, Via};
use core::net::SocketAddr;

/// One dialog, early or confirmed.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    call_id: String,
    local: NameAddr,
    remote: NameAddr,
    target: Uri,
    routes: Vec<NameAddr>,
    local_cseq: u32,
    remote_cseq: Option<u32>,
}

impl Dialog {
    /// The dialog that our answer to `request` with To tag `tag` creates (§12.1.1).
    ///
    /// Without a Contact, which RFC 3261 demands but RFC 2543 did not, the From URI is the remote target.
    pub(crate) fn as_callee(request: &Request, tag: &str) -> Self {
        let headers = &request.headers;
        Self {
            call_id: headers.call_id.clone(),
            local: headers.to.clone().with_tag(tag),
            remote: headers.from.clone(),
            target: contact(headers).unwrap_or(&headers.from.uri).clone(),
            routes: headers.record_routes.clone(),
            local_cseq: 0,
            remote_cseq: Some(headers.cseq.number),
        }
    }

    /// The dialog that `response` creates for our `request` (§12.1.2).
    pub(crate) fn as_caller(request: &Request, response: &Response) -> Self {
        let headers = &response.headers;
        Self {
            call_id: request.headers.call_id.clone(),
            local: request.headers.from.clone(),
            remote: headers.to.clone(),
            target: contact(headers).unwrap_or(&request.uri).clone(),
            routes: headers.record_routes.iter().rev().cloned().collect(),
            local_cseq: request.headers.cseq.number,
            remote_cseq: None,
        }
    }

    /// Its name.
    pub(crate) fn key(&self, tokens: &Tokens) -> DialogKey {
        DialogKey::new(&self.call_id, self.local.tag(), self.remote.tag(), tokens)
    }

    /// Takes the sequence number of a request; `Err` if it is lower than one before (§12.2.2).
    pub(crate) fn accept_cseq(&mut self, number: u32) -> Result<(), OutOfOrder> {
        if self.remote_cseq.is_some_and(|newest| number < newest) {
            return Err(OutOfOrder);
        }
        self.remote_cseq = Some(number);
        Ok(())
    }

    /// Takes the remote target of a target refresh request (§12.2.2).
    pub(crate) fn refresh_target(&mut self, request: &Request) {
        if let Some(target) = contact(&request.headers) {
            self.target = target.clone();
        }
    }

    /// A new request within the dialog (§12.2.1.1).
    pub(crate) fn request(&mut self, method: Method, via: Via) -> Request {
        self.local_cseq = self.local_cseq.saturating_add(1);
        self.with_cseq(CSeq::new(self.local_cseq, method), via)
    }

    /// The ACK of our INVITE (§13.2.2.4).
    pub(crate) fn ack(&self, via: Via) -> Request {
        self.with_cseq(CSeq::new(self.local_cseq, Method::ACK), via)
    }

    /// Where requests of the dialog go: the address of the first route, else of the remote target. What is a name
    /// goes the way of `path`, for this box resolves no names within a dialog; so does what `path.local` cannot reach.
    pub(crate) fn next_hop(&self, path: Path) -> Path {
        let next = self.routes.first().map_or(&self.target, |route| &route.uri);
        let Some(remote) = next.sip().and_then(address) else {
            return path;
        };
        if remote.is_ipv4() == path.local.is_ipv4() { Path { remote, ..path } } else { path }
    }

    fn with_cseq(&self, cseq: CSeq, via: Via) -> Request {
        let (uri, routes) = self.route();
        let mut headers = Headers::new(via, self.local.clone(), self.remote.clone(), &self.call_id, cseq);
        headers.routes = routes;
        Request::new(uri, headers)
    }

    /// The Request-URI and the Route headers; a first route without `lr` is a strict router (§12.2.1.1).
    fn route(&self) -> (Uri, Vec<NameAddr>) {
        let Some((first, rest)) = self.routes.split_first() else {
            return (self.target.clone(), Vec::new());
        };
        if first.uri.sip().is_some_and(SipUri::is_loose) {
            return (self.target.clone(), self.routes.clone());
        }
        let last = NameAddr::new(self.target.clone());
        (first.uri.clone(), rest.iter().cloned().chain([last]).collect())
    }
}

/// Names a dialog: a digest of Call-ID, local tag and remote tag. A missing tag is an empty one (§12.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct DialogKey(u64);

impl DialogKey {
    /// The name of the dialog with these three.
    pub(crate) fn new(call_id: &str, local: Option<&str>, remote: Option<&str>, tokens: &Tokens) -> Self {
        let name = (call_id, local.unwrap_or_default(), remote.unwrap_or_default());
        Self(tokens.digest(&(Domain::Dialog, name)))
    }

    /// The dialog that `request` says it belongs to; `None` if it says none.
    pub(crate) fn of(request: &Request, tokens: &Tokens) -> Option<Self> {
        let headers = &request.headers;
        let local = headers.to.tag()?;
        Some(Self::new(&headers.call_id, Some(local), headers.from.tag(), tokens))
    }
}

/// A request came with a lower sequence number than one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfOrder;

fn contact(headers: &Headers) -> Option<&Uri> {
    headers.contacts.first().map(|contact| &contact.uri)
}

/// The address a SIP URI names without being resolved.
fn address(uri: &SipUri) -> Option<SocketAddr> {
    let ip = uri.host().address().filter(|ip| !ip.is_unspecified() && !ip.is_multicast())?;
    let port = uri.port().unwrap_or(DEFAULT_PORT);
    (port != 0).then(|| SocketAddr::new(ip, port))
}

/// The port of SIP over UDP and TCP (§19.1.2).
pub(crate) const DEFAULT_PORT: u16 = 5060;
