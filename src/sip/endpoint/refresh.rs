//! What keeps calls alive: session timers (RFC 4028), both for who refreshes a call and for who waits for it.
//!
//! ```text
//!  2xx ──> who refreshes: at half of the interval UPDATE, or INVITE with our newest description
//!      │        ├─ 2xx: all begins anew                      ├─ 422: once more with a longer interval
//!      │        ├─ 401, 407: again with a proof              ├─ 405, 501 to UPDATE: again as INVITE
//!      │        ├─ 491: again after a moment                 │
//!      │        └─ 408, 481, nobody answers: BYE             └─ else: again after half of what is left
//!      └───> who waits: BYE a third of the interval, at most 32 s, before its end
//! ```
//!
//! A call is kept from its 2xx on, by whoever sent it; each 2xx to an INVITE or UPDATE within it begins anew. Callers who
//! cannot count are asked all the same, and whatever they answer shows that they are there. A call of ours has a timer only
//! if the other end wants one. Our INVITE offers nothing new, but its answer may be another than before (RFC 3264 §8): the
//! application is told.

use super::Endpoint;
use super::admission::{ALLOW, Refusal};
use super::counters::count;
use super::event::{EndReason, Event};
use super::retry::MAX_TURNS;
use crate::sip::call::CallKey;
use crate::sip::dialog::Dialog;
use crate::sip::session::{Keeping, Pending, Session, SessionTimer, State};
use crate::sip::session_expires::{self, Agreed, SessionExpires, TIMER};
use crate::sip::transaction::{Class, ClientKey, NewRequest, Owner, TIMER_H};
use crate::sip::wire::{ContentType, Headers, Method, Request, Response, StatusCode};
use crate::time::Instant;
use core::time::Duration;

impl Endpoint {
    /// The extensions that we support.
    pub(super) const fn extensions(&self) -> &'static [&'static str] {
        if self.config.session_timer.is_some() { &[TIMER] } else { &[] }
    }

    /// Whether an INVITE or UPDATE asks for no shorter interval than we take (§9). Who cannot count cannot be told.
    pub(super) fn check_interval(&self, request: &Request) -> Result<(), Refusal> {
        let Request { method, headers, .. } = request;
        let is_counted = matches!(*method, Method::INVITE | Method::UPDATE)
            && self.config.session_timer.is_some()
            && session_expires::supports_timer(headers);
        match SessionExpires::of(headers) {
            Some(asked) if is_counted && asked.interval < session_expires::LEAST => {
                let least = session_expires::LEAST.as_secs().to_string();
                Err(Refusal::new(StatusCode::SESSION_INTERVAL_TOO_SMALL).with("Min-SE", least))
            }
            _ => Ok(()),
        }
    }

    /// What a 2xx to this INVITE or UPDATE will say of the session timer.
    pub(super) fn agreed(&self, call: CallKey, request: &Request) -> Option<Agreed> {
        let own = self.config.session_timer?;
        let Session { state, keeping, .. } = self.sessions.get(&call)?;
        let begins = match state {
            // Until then there is no session that could last.
            State::Incoming { .. } => request.method == Method::INVITE,
            State::Answered { .. } | State::Confirmed { .. } => true,
            State::Calling(_) | State::Leaving => false,
        };
        begins.then(|| Agreed::as_uas(&request.headers, own, keeping.agreed.map(|(before, _)| before)))
    }

    /// Our 2xx with this `description` has gone to a request with these `headers`.
    pub(super) fn keep_as_callee(
        &mut self,
        now: Instant,
        call: CallKey,
        agreed: Agreed,
        (headers, description): (&Headers, Vec<u8>),
    ) {
        if let Some(Session { keeping, .. }) = self.sessions.get_mut(&call) {
            keeping.hear(headers);
            if !description.is_empty() {
                keeping.description = description;
            }
        }
        self.keep(now, call, agreed);
    }

    /// A 2xx with these `headers` has come to our INVITE.
    pub(super) fn keep_as_caller(&mut self, now: Instant, call: CallKey, headers: &Headers) {
        let Some(Session { keeping, .. }) = self.sessions.get_mut(&call) else { return };
        keeping.hear(headers);
        if let Some(agreed) = Agreed::as_uac(headers).filter(|_| self.config.session_timer.is_some()) {
            self.keep(now, call, agreed);
        }
    }

    /// Whether an INVITE of ours is under way within a call.
    pub(super) fn is_inviting(&self, call: CallKey) -> bool {
        let pending = self.sessions.get(&call).and_then(|session| session.keeping.pending);
        pending.is_some_and(|pending| pending.is_invite)
    }

    /// Refreshes a call, unless that is under way.
    pub(super) fn refresh(&mut self, now: Instant, call: CallKey) {
        let Some(Session {
            path,
            state: State::Confirmed { reoffer },
            dialog: Some(dialog),
            keeping,
            proofs,
        }) = self.sessions.get_mut(&call)
        else {
            return;
        };
        let (Some((agreed, _)), None) = (keeping.agreed, keeping.pending) else { return };
        let is_invite = !keeping.takes_update && !keeping.description.is_empty();
        if is_invite && reoffer.is_some() {
            // RFC 3261 §14.1: not while the other end's is under way.
            return self.timers.set((call, SessionTimer::Refresh), now + AFTER_THEIRS);
        }
        let client = ClientKey::draw(&mut self.tokens);
        let (path, next) = (*path, dialog.next_hop(*path));
        let method = if is_invite { Method::INVITE } else { Method::UPDATE };
        let mut request = timed_request(dialog.request(method, client.via(next)), agreed, keeping);
        match proofs {
            Some(proofs) if is_invite => proofs.prove_invite(&mut request),
            Some(proofs) => proofs.prove(&mut request),
            None => {}
        }
        keeping.pending = Some(Pending { client, is_invite });
        let request = request.with_contact(self.contact(path));
        let new = NewRequest { request, path: next, owner: Some(Owner::Refresh(call)) };
        if self.clients.open(now, client, new, &mut self.outbox).is_err() {
            count(&mut self.counters.unwritable);
            self.on_refresh_unsent(now, call);
        }
    }

    /// A response to our refresh.
    pub(super) fn on_refresh_response(
        &mut self,
        now: Instant,
        client: ClientKey,
        call: CallKey,
        response: &Response,
    ) {
        let is_invite = response.headers.cseq.method == Method::INVITE;
        match Class::of(response.status.code()) {
            Class::Provisional if is_invite => self.clients.bound(client, now + TIMER_H),
            Class::Provisional => {}
            Class::Success => {
                let before = self.take_refreshed(client, call, response);
                if is_invite {
                    self.acknowledge_refresh(client, call, response);
                }
                let Some(before) = before else { return count(&mut self.counters.repeated) };
                if is_invite && !response.body.is_empty() {
                    self.events.push_back(Event::Refreshed { call, answer: response.body.clone() });
                }
                let alone = Agreed { is_ours: true, is_mutual: false, ..before };
                self.keep(now, call, Agreed::as_uac(&response.headers).unwrap_or(alone));
            }
            Class::Failure => {
                let Some(Session { state: State::Confirmed { .. }, keeping, proofs, .. }) =
                    self.sessions.get_mut(&call)
                else {
                    return;
                };
                keeping.hear(&response.headers);
                let is_asked = matches!(response.status.code(), 401 | 407)
                    && keeping.may_turn()
                    && proofs.as_mut().is_some_and(|proofs| proofs.is_asked(response));
                if is_asked {
                    keeping.pending = None;
                    return self.refresh(now, call);
                }
                self.on_refresh_refused(now, call, response.status);
            }
        }
    }

    /// Our refresh got this final response, or none (408).
    pub(super) fn on_refresh_refused(&mut self, now: Instant, call: CallKey, status: StatusCode) {
        let Some(Session { state, keeping, .. }) = self.sessions.get_mut(&call) else { return };
        let (Some(pending), State::Confirmed { .. }) = (keeping.pending.take(), state) else { return };
        let Some((agreed, over_at)) = keeping.agreed else { return };
        let due = |span| now + span;
        let again_at = match status {
            StatusCode::REQUEST_TIMEOUT | StatusCode::CALL_DOES_NOT_EXIST => {
                return self.on_expired(now, call);
            }
            StatusCode::SESSION_INTERVAL_TOO_SMALL if keeping.may_turn() && keeping.raise() => now,
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED if !pending.is_invite => {
                keeping.takes_update = false;
                // Without a description there is no INVITE to try.
                if keeping.description.is_empty() { due(half_of(over_at.since(now))) } else { now }
            }
            StatusCode::REQUEST_PENDING => due(after_glare(keeping.owns_call_id, self.tokens.draw())),
            _ if agreed.is_mutual => {
                keeping.turns = 0;
                due(half_of(over_at.since(now)))
            }
            // Who does not count, and answers, is there.
            _ => return self.keep(now, call, agreed),
        };
        self.timers.set((call, SessionTimer::Refresh), again_at);
    }

    /// Our refresh did not get away, which says nothing about the peer.
    pub(super) fn on_refresh_unsent(&mut self, now: Instant, call: CallKey) {
        let Some(Session { state: State::Confirmed { .. }, keeping, .. }) = self.sessions.get_mut(&call)
        else {
            return;
        };
        if let (Some(_), Some((_, over_at))) = (keeping.pending.take(), keeping.agreed) {
            self.timers.set((call, SessionTimer::Refresh), now + half_of(over_at.since(now)));
        }
    }

    /// Nobody has refreshed a call.
    pub(super) fn on_expired(&mut self, now: Instant, call: CallKey) {
        self.reject_reoffer(now, call, StatusCode::REQUEST_TERMINATED, None);
        self.abandon(now, call);
        self.end(call, EndReason::Expired);
    }

    /// From now on a call lasts as `agreed`.
    fn keep(&mut self, now: Instant, call: CallKey, agreed: Agreed) {
        let Some(Session {
            state: State::Incoming { .. } | State::Answered { .. } | State::Confirmed { .. },
            ..
        }) = self.sessions.get(&call)
        else {
            return;
        };
        let over_at = now + agreed.over_after();
        if let Some(Session { keeping, .. }) = self.sessions.get_mut(&call) {
            keeping.agreed = Some((agreed, over_at));
        }
        self.timers.set((call, SessionTimer::Expire), over_at);
        if agreed.is_ours {
            self.timers.set((call, SessionTimer::Refresh), now + agreed.refreshed_after());
        } else {
            self.timers.stop((call, SessionTimer::Refresh));
        }
    }

    /// Takes what a 2xx to our refresh says of the peer; `None` if it is a repetition.
    fn take_refreshed(&mut self, client: ClientKey, call: CallKey, response: &Response) -> Option<Agreed> {
        let Session { dialog, keeping, proofs, .. } = self.sessions.get_mut(&call)?;
        keeping.pending.take_if(|pending| pending.client == client)?;
        if let Some(dialog) = dialog {
            dialog.refresh_target(&response.headers);
        }
        if let Some(proofs) = proofs {
            proofs.accept(response);
        }
        keeping.hear(&response.headers);
        keeping.turns = 0;
        keeping.agreed.map(|(before, _)| before)
    }

    /// Each 2xx to an INVITE gets an ACK (RFC 3261 §13.2.2.4), also when its call is over.
    fn acknowledge_refresh(&mut self, client: ClientKey, call: CallKey, response: &Response) {
        let Some(path) = self.clients.path(client) else { return };
        let session = self.sessions.get(&call);
        let dialog = session.and_then(|session| session.dialog.clone());
        let dialog = dialog.unwrap_or_else(|| Dialog::of_response(response));
        let next = dialog.next_hop(path);
        let mut ack = dialog.ack(ClientKey::draw(&mut self.tokens).via(next));
        ack.headers.cseq.number = response.headers.cseq.number;
        if let Some(proofs) = session.and_then(|session| session.proofs.as_ref()) {
            proofs.repeat(&mut ack);
        }
        match ack.to_bytes() {
            Ok(bytes) => self.outbox.push(next, &bytes),
            Err(_) => count(&mut self.counters.unwritable),
        }
    }
}

impl Keeping {
    /// Whether one more refresh may follow a refusal at once.
    const fn may_turn(&mut self) -> bool {
        self.turns = self.turns.saturating_add(1);
        self.turns <= MAX_TURNS
    }

    /// Takes the least interval that was told for the next refresh; whether that is longer.
    fn raise(&mut self) -> bool {
        let (Some((agreed, _)), Some(least)) = (&mut self.agreed, self.min_se) else { return false };
        let is_worth_it = least > agreed.interval;
        if is_worth_it {
            agreed.interval = least;
        }
        is_worth_it
    }
}

/// Our 2xx, with what it says of the session timer (§9).
pub(super) fn timed(response: Response, agreed: Option<Agreed>) -> Response {
    let Some(agreed) = agreed else { return response };
    let response = response.with_header("Session-Expires", &agreed.told_as_uas().to_string());
    if agreed.is_ours { response } else { response.with_header("Require", TIMER) }
}

/// Our refresh (§7.4).
fn timed_request(mut request: Request, agreed: Agreed, keeping: &Keeping) -> Request {
    if request.method == Method::INVITE {
        request = request.with_body(ContentType::sdp(), keeping.description.clone());
    }
    let request = request.with_header("Allow", ALLOW).with_header("Supported", TIMER);
    // Our interval is no shorter than what we say is the least (RFC 4028 §7.1).
    let interval = agreed.interval.max(keeping.min_se.unwrap_or_default());
    let asked = Agreed { interval, ..agreed }.told_as_uac();
    let request = request.with_header("Session-Expires", &asked.to_string());
    match keeping.min_se {
        Some(least) => request.with_header("Min-SE", &least.as_secs().to_string()),
        None => request,
    }
}

/// When a refresh that met one of the other end goes again (RFC 3261 §14.1): in steps of 10 ms, those with the Call-ID after
/// 2.1 to 4 s, the others within 2 s.
fn after_glare(owns_call_id: bool, draw: u64) -> Duration {
    let steps = if owns_call_id { 210 + draw % 191 } else { draw % 201 };
    Duration::from_millis(10 * steps)
}

/// When a refresh that was refused goes again.
fn half_of(left: Duration) -> Duration {
    (left / 2).max(Duration::from_secs(5))
}

/// When it is tried again to refresh a call that the other end is changing.
const AFTER_THEIRS: Duration = Duration::from_secs(2);
