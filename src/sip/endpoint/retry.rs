//! Requests of calls made that are to be sent again: with a proof (RFC 3261 §22), or elsewhere (§8.1.3.4).
//!
//! A 401 or 407 is answered once for each realm that asks, of INVITE, of BYE and of what keeps a call alive; the ACK repeats
//! what its INVITE proved (§22.1). A 301 or 302 is followed when its first contact is an address: names are the application's
//! business. At most [`MAX_TURNS`] times in a row; `refresh` keeps to the same.

use super::Endpoint;
use super::counters::count;
use crate::sip::call::CallKey;
use crate::sip::dialog::{address, as_target, transport};
use crate::sip::digest::{Authenticator, Identity, Verdict};
use crate::sip::path::Path;
use crate::sip::session::State;
use crate::sip::transaction::{ClientKey, NewRequest, Owner};
use crate::sip::wire::{CSeq, Request, Response, Uri};
use crate::time::Instant;

/// What a call proves to whoever asks.
#[derive(Debug)]
pub(crate) struct Proofs {
    authenticator: Authenticator,
    /// The headers that the newest INVITE had.
    shown: Vec<(&'static str, String)>,
    /// How often a BYE was sent again.
    byes: u8,
}

impl Proofs {
    pub(super) fn new(identity: Identity, seed: u64) -> Self {
        Self { authenticator: Authenticator::new(identity, seed), shown: Vec::new(), byes: 0 }
    }

    /// Adds the headers of the newest INVITE, to its ACK.
    pub(super) fn repeat(&self, ack: &mut Request) {
        for (name, value) in &self.shown {
            ack.headers.push(name, value);
        }
    }

    /// Whether a response asks for a proof that we have and have not given.
    pub(super) fn is_asked(&mut self, response: &Response) -> bool {
        self.authenticator.challenged(response) == Verdict::Retry
    }

    /// Adds what proves this very request.
    pub(super) fn prove(&mut self, request: &mut Request) {
        self.authenticator.authorize(request);
    }

    /// Takes a response that accepts them.
    pub(super) fn accept(&mut self, response: &Response) {
        self.authenticator.accepted(response);
    }

    /// The same of an INVITE, whose ACK will repeat it.
    pub(super) fn prove_invite(&mut self, invite: &mut Request) {
        self.authenticator.authorize(invite);
        let shown = |name: &'static str| {
            invite.headers.get_all(name).map(|value| (name, value.to_owned())).collect::<Vec<_>>()
        };
        self.shown = PROOFS.into_iter().flat_map(shown).collect();
    }
}

impl Endpoint {
    /// Sends a refused INVITE again, if there is a point in it; whether it did.
    pub(super) fn try_again(
        &mut self,
        now: Instant,
        call: CallKey,
        mut invite: Request,
        response: &Response,
    ) -> bool {
        let Some(session) = self.sessions.get_mut(&call) else { return false };
        let State::Calling(calling) = &mut session.state else { return false };
        calling.turns += 1;
        if calling.is_cancelled || calling.turns > MAX_TURNS {
            return false;
        }
        let headers = &mut invite.headers;
        headers.cseq = CSeq::new(headers.cseq.number.saturating_add(1), headers.cseq.method.clone());
        for name in PROOFS {
            headers.remove(name);
        }
        let is_worth_it = match response.status.code() {
            401 | 407 => session.proofs.as_mut().is_some_and(|proofs| proofs.is_asked(response)),
            301 | 302 => redirect(&mut invite, &mut session.path, response),
            _ => false,
        };
        if !is_worth_it {
            return false;
        }
        if let Some(proofs) = &mut session.proofs {
            proofs.prove_invite(&mut invite);
        }
        let (client, path) = (ClientKey::draw(&mut self.tokens), session.path);
        (calling.client, calling.is_proceeding) = (client, false);
        invite.headers.via = vec![client.via(path)];
        let new = NewRequest { request: invite, path, owner: Some(Owner::Call(call)) };
        let is_sent = self.clients.open(now, client, new, &mut self.outbox).is_ok();
        if !is_sent {
            count(&mut self.counters.unwritable);
        }
        is_sent
    }

    /// Sends our BYE again with a proof, if it was asked for; whether it did.
    pub(super) fn leave_again(&mut self, now: Instant, call: CallKey, response: &Response) -> bool {
        let Some(session) = self.sessions.get_mut(&call) else { return false };
        let is_asked = matches!(response.status.code(), 401 | 407)
            && session.proofs.as_mut().is_some_and(|proofs| {
                proofs.byes += 1;
                proofs.byes <= MAX_TURNS && proofs.is_asked(response)
            });
        if !is_asked {
            return false;
        }
        self.send_last_bye(now, call);
        true
    }
}

/// Points an INVITE to the first contact of `response`, if that is an address that the same socket reaches.
fn redirect(invite: &mut Request, path: &mut Path, response: &Response) -> bool {
    let Some(contact) = response.headers.contacts.first().map(|contact| as_target(&contact.uri)) else {
        return false;
    };
    let way = if let Uri::Sip(uri) = &contact { address(uri).zip(transport(uri, *path)) } else { None };
    let way = way.filter(|(remote, _)| remote.is_ipv4() == path.local.is_ipv4());
    let Some((remote, transport)) = way else { return false };
    invite.uri = contact;
    *path = Path { transport, remote, flow: None, ..*path };
    true
}

/// What proves who we are.
const PROOFS: [&str; 2] = ["Authorization", "Proxy-Authorization"];
/// How often one request may be sent again.
pub(super) const MAX_TURNS: u8 = 5;
