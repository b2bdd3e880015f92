//! Which message belongs to which transaction (RFC 3261 §17.1.3, §17.2.3).

use crate::sip::path::{Path, Transport};
use crate::sip::tokens::{Domain, Tokens};
use crate::sip::wire::{Method, Request, Response, Via};
use core::num::NonZeroU64;

/// Names a server transaction: a digest of what §17.2.3 compares.
///
/// With the magic cookie these are branch, sent-by and method; without it (RFC 2543) the Request-URI, From tag,
/// Call-ID, `CSeq` and top Via. The To tag of RFC 2543 is left out, for the ACK has one where the INVITE had none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ServerKey(NonZeroU64);

impl ServerKey {
    /// The transaction that `request` opens or repeats; for an ACK, that of its INVITE.
    pub(crate) fn of(request: &Request, tokens: &Tokens) -> Self {
        match &request.method {
            &Method::ACK => Self::of_invite(request, tokens),
            method => Self::with_method(request, method, tokens),
        }
    }

    /// The INVITE transaction that `request`, an ACK or CANCEL, is about.
    pub(crate) fn of_invite(request: &Request, tokens: &Tokens) -> Self {
        Self::with_method(request, &Method::INVITE, tokens)
    }

    fn with_method(request: &Request, method: &Method, tokens: &Tokens) -> Self {
        let Some(via) = request.headers.via.first() else {
            return Self(nonzero(tokens.digest(&Domain::Transaction)));
        };
        let sent_by = via.sent_by();
        let sent_by = (sent_by.host.to_string().to_ascii_lowercase(), sent_by.port);
        let branch = via.branch().filter(|branch| branch.len() > MAGIC_COOKIE.len());
        Self(nonzero(match branch.filter(|branch| branch.starts_with(MAGIC_COOKIE)) {
            Some(branch) => tokens.digest(&(Domain::Transaction, branch, sent_by, method)),
            None => tokens.digest(&(
                Domain::Transaction,
                (via.branch(), sent_by, method),
                request.uri.to_string(),
                request.headers.from.tag(),
                (&request.headers.call_id, request.headers.cseq.number),
            )),
        }))
    }
}

/// Names what a request and its merged copies have in common (RFC 3261 §8.2.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MergeKey(NonZeroU64);

impl MergeKey {
    /// What the copies of `request` share; `None` within a dialog, where requests are not merged.
    pub(crate) fn of(request: &Request, tokens: &Tokens) -> Option<Self> {
        let headers = &request.headers;
        if headers.to.tag().is_some() {
            return None;
        }
        let origin = (headers.from.tag(), &headers.call_id, headers.cseq.number, &request.method);
        Some(Self(nonzero(tokens.digest(&(Domain::Merge, origin)))))
    }
}

/// Names a client transaction: it is the branch of our Via. A CANCEL has the branch of its INVITE, so the lowest bit,
/// which is never sent, tells the two apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClientKey(u64);

impl ClientKey {
    /// The key of a new transaction.
    pub(crate) fn draw(tokens: &mut Tokens) -> Self {
        Self(tokens.draw() & !CANCEL_BIT)
    }

    /// The key of the CANCEL of this INVITE.
    pub(crate) const fn cancel(self) -> Self {
        Self(self.0 | CANCEL_BIT)
    }

    /// The transaction that `response` answers; `None` if it is none of ours.
    pub(crate) fn of(response: &Response) -> Option<Self> {
        let [via] = response.headers.via.as_slice() else {
            return None;
        };
        let digits = via.branch()?.strip_prefix(MAGIC_COOKIE)?;
        let key = Self(u64::from_str_radix(digits, 16).ok()?);
        match response.headers.cseq.method {
            _ if key.branch() != via.branch()? => None,
            Method::CANCEL => Some(key.cancel()),
            _ => Some(key),
        }
    }

    /// Our Via.
    pub(crate) fn via(self, path: Path) -> Via {
        match path.transport {
            Transport::Udp => Via::udp(path.known_as, &self.branch()),
            Transport::Tcp => Via::tcp(path.known_as, &self.branch()),
        }
    }

    fn branch(self) -> String {
        format!("{MAGIC_COOKIE}{:016x}", self.0 & !CANCEL_BIT)
    }
}

fn nonzero(digest: u64) -> NonZeroU64 {
    NonZeroU64::new(digest).unwrap_or(NonZeroU64::MIN)
}

const MAGIC_COOKIE: &str = Via::MAGIC_COOKIE;

const CANCEL_BIT: u64 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::wire::Message;

    fn request(method: &str, via: &str) -> Request {
        let text = format!(
            "{method} sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP {via}\r\nFrom: <sip:c@d>;tag=1\r\nTo: <sip:a@b>\r\n\
             Call-ID: 1\r\nCSeq: 1 {method}\r\n\r\n"
        );
        match Message::parse(text.as_bytes()).unwrap() {
            Message::Request(request) => request,
            Message::Response(_) => panic!("a request was written"),
        }
    }

    fn key(method: &str, via: &str) -> ServerKey {
        ServerKey::of(&request(method, via), &Tokens::new(1))
    }

    #[test]
    fn branch_sent_by_and_method_name_a_server_transaction() {
        let invite = key("INVITE", "Host;branch=z9hG4bK1");
        assert_eq!(invite, key("INVITE", "host;branch=z9hG4bK1;rport"));
        assert_ne!(invite, key("INVITE", "host;branch=z9hG4bK2"));
        assert_ne!(invite, key("INVITE", "host:5070;branch=z9hG4bK1"));
        assert_ne!(invite, key("OPTIONS", "host;branch=z9hG4bK1"));
    }

    #[test]
    fn ack_and_cancel_find_their_invite() {
        let via = "host;branch=z9hG4bK1";
        assert_eq!(key("ACK", via), key("INVITE", via));
        assert_ne!(key("CANCEL", via), key("INVITE", via));
        let cancel = request("CANCEL", via);
        assert_eq!(ServerKey::of_invite(&cancel, &Tokens::new(1)), key("INVITE", via));
    }

    #[test]
    fn without_a_branch_of_rfc_3261_the_whole_request_counts() {
        for via in ["host", "host;branch=1", "host;branch=z9hG4bK"] {
            let invite = request("INVITE", via);
            let mut other = invite.clone();
            other.headers.call_id = "2".to_owned();
            let tokens = Tokens::new(1);
            assert_eq!(ServerKey::of(&invite, &tokens), ServerKey::of(&invite.clone(), &tokens));
            assert_ne!(ServerKey::of(&invite, &tokens), ServerKey::of(&other, &tokens), "{via}");
        }
    }

    #[test]
    fn a_cancel_has_the_branch_of_its_invite_and_a_key_of_its_own() {
        let invite = ClientKey::draw(&mut Tokens::new(1));
        assert_ne!(invite, invite.cancel());
        assert_eq!(invite.branch(), invite.cancel().branch());
    }
}
