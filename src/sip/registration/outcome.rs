//! What a final response to REGISTER means (RFC 3261 §10.2.7, §10.2.8, §21).

use core::time::Duration;

use crate::sip::wire::{NameAddr, Response, SipUri, StatusCode};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// 2xx
    Granted,
    /// 401, 407
    Challenged,
    /// 423, with the shortest time that would do, in seconds.
    TooBrief(u32),
    /// 3xx, most wanted first.
    Redirected(Vec<SipUri>),
    /// The server cannot now: another may, and this one later.
    Unavailable,
    /// The server will not, and another would say the same.
    Refused,
}

impl Outcome {
    pub(super) fn of(response: &Response) -> Self {
        match response.status.code() {
            ..=299 => Self::Granted,
            300..=399 => match contacts(response) {
                list if list.is_empty() => Self::Unavailable,
                list => Self::Redirected(list),
            },
            401 | 407 => Self::Challenged,
            423 => seconds(response.headers.get("Min-Expires")).map_or(Self::Refused, Self::TooBrief),
            // 430: its flow is gone (RFC 5626); 480, 491: later.
            408 | 430 | 480 | 491 | 500..=599 => Self::Unavailable,
            _ => Self::Refused,
        }
    }
}

/// For how long the binding of `contact` is kept, in seconds; as `asked` if nothing is said (RFC 3261 §10.2.4).
/// Servers that mend the addresses of others behind a NAT may give another address back: if it is the only one, it is
/// ours.
pub(super) fn granted_s(response: &Response, contact: &SipUri, asked: u32) -> u32 {
    let list = response.headers.contacts.list();
    let ours = list.iter().find(|known| is_same(known, contact));
    let ours = ours.or(if let [only] = list { Some(only) } else { None });
    let of_contact = ours.and_then(|ours| seconds(ours.params.get("expires")));
    of_contact.or_else(|| seconds(response.headers.get("Expires"))).unwrap_or(asked)
}

/// Retry-After (RFC 3261 §20.33), without its comment and parameters.
pub(super) fn retry_after(response: &Response) -> Duration {
    Duration::from_secs(seconds(response.headers.get("Retry-After")).unwrap_or(0).into())
}

/// Whether the status says that a proof, or none, was not enough.
pub(super) fn is_forbidden(response: &Response) -> bool {
    response.status == StatusCode::FORBIDDEN
}

/// The digits at the start; a number too large is the largest.
fn seconds(value: Option<&str>) -> Option<u32> {
    let value = value?.trim_start();
    let digits = value.split(|c: char| !c.is_ascii_digit()).next().filter(|digits| !digits.is_empty())?;
    Some(digits.parse().unwrap_or(u32::MAX))
}

fn contacts(response: &Response) -> Vec<SipUri> {
    let mut list: Vec<_> = response.headers.contacts.list().iter().collect();
    list.truncate(MAX_CONTACTS);
    list.sort_by(|one, other| preference(other).total_cmp(&preference(one)));
    list.into_iter().filter_map(|contact| contact.uri.sip().cloned()).map(SipUri::without_headers).collect()
}

/// `q` (RFC 3261 §20.10), from 0 to 1; 1 if it is missing or cannot be read.
fn preference(contact: &NameAddr) -> f32 {
    let q = contact.params.get("q").and_then(|q| q.parse().ok());
    q.filter(|q| (0.0..=1.0).contains(q)).unwrap_or(1.0)
}

fn is_same(known: &NameAddr, contact: &SipUri) -> bool {
    known.uri.sip().is_some_and(|uri| uri.user() == contact.user() && uri.host_port() == contact.host_port())
}

/// How many contacts of a redirection are looked at.
const MAX_CONTACTS: usize = 16;
