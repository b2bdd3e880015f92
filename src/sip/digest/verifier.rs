//! Asks others who they are, and checks what they answer (RFC 7616 §3.3, §3.4.6; RFC 3261 §22.2).
//!
//! Nothing is remembered: a nonce tells when and for whom it was made, and a digest of both that nobody else can make. It
//! is good for [`GOOD_FOR`] and from one address, so who has overheard a proof can repeat it only from there and only for
//! so long.

use core::net::IpAddr;
use core::time::Duration;

use super::algorithm::Algorithm;
use super::authenticator::Identity;
use super::challenge::Challenge;
use super::credentials::{Credentials, Proof};
use crate::sip::tokens::{Domain, Tokens};
use crate::sip::wire::Request;
use crate::time::Instant;

/// Knows one user and his secret.
#[derive(Debug)]
pub struct Verifier {
    realm: String,
    identity: Identity,
    tokens: Tokens,
}

/// What a request proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proven {
    /// It is the user.
    Right,
    /// It would be, but the nonce is too old, or another's.
    Stale,
    /// The user or the secret is wrong.
    Wrong,
    /// Nothing: it says nothing of this realm.
    Nothing,
}

impl Verifier {
    /// Asks for `identity`. Its nonces follow from `seed`, which nobody should know.
    #[must_use]
    pub const fn new(realm: String, identity: Identity, seed: u64) -> Self {
        Self { realm, identity, tokens: Tokens::new(seed) }
    }

    /// The values of `WWW-Authenticate` for `peer`. MD5 comes first, for telephones that look at the first only; those that
    /// take the strongest take SHA-256 (RFC 8760 §2.4).
    #[must_use]
    pub fn challenges(&self, now: Instant, peer: IpAddr, is_stale: bool) -> [String; 2] {
        [Algorithm::Md5, Algorithm::Sha256].map(|algorithm| {
            let challenge = Challenge {
                realm: self.realm.clone(),
                nonce: self.nonce(now, peer),
                opaque: None,
                algorithm: Some(algorithm),
                is_qop: true,
                is_stale,
            };
            challenge.to_string()
        })
    }

    /// Looks at the `Authorization` of a request from `peer`. That the proof is of this Request-URI is not asked: proxies
    /// change it on the way.
    #[must_use]
    pub fn check(&self, now: Instant, peer: IpAddr, request: &Request) -> Proven {
        let given =
            request.headers.get_all("Authorization").filter_map(|value| value.parse::<Credentials>().ok());
        let Some(given) = given.into_iter().find(|given| given.realm == self.realm) else {
            return Proven::Nothing;
        };
        match (self.is_right(&given, request), self.is_fresh(now, peer, &given.nonce)) {
            (true, true) => Proven::Right,
            (true, false) => Proven::Stale,
            (false, _) => Proven::Wrong,
        }
    }

    fn is_right(&self, given: &Credentials, request: &Request) -> bool {
        let algorithm = given.algorithm.unwrap_or(Algorithm::Md5);
        let cnonce = given.cnonce.as_deref().unwrap_or_default();
        let user = [self.identity.user(), &self.realm, self.identity.secret()];
        let key = Proof::key(algorithm, user, [&given.nonce, cnonce]);
        let method = request.method.to_string();
        let proof = Proof {
            algorithm,
            key: &key,
            nonce: &given.nonce,
            qop: given.nonce_count.map(|count| (count, cnonce)),
            method: &method,
            uri: &given.uri,
        };
        given.username == self.identity.user() && is_same(&proof.response(), &given.response)
    }

    fn nonce(&self, made_at: Instant, peer: IpAddr) -> String {
        let (made_at, peer) = (made_at.since(Instant::ZERO).as_millis(), peer.to_canonical());
        format!("{made_at:x}-{:016x}", self.tokens.digest(&(Domain::Nonce, made_at, peer)))
    }

    fn is_fresh(&self, now: Instant, peer: IpAddr, nonce: &str) -> bool {
        let made_at = nonce.split_once('-').and_then(|(made_at, _)| u64::from_str_radix(made_at, 16).ok());
        made_at.map(Instant::from_millis).is_some_and(|made_at| {
            made_at <= now && now.since(made_at) < GOOD_FOR && self.nonce(made_at, peer) == nonce
        })
    }
}

/// Takes as long wherever they differ, so that nobody finds the digits one by one.
fn is_same(one: &str, other: &str) -> bool {
    let other = other.to_ascii_lowercase();
    let differing =
        one.bytes().zip(other.bytes()).fold(0, |differing, (one, other)| differing | (one ^ other));
    one.len() == other.len() && differing == 0
}

/// How long a nonce may be used.
const GOOD_FOR: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::super::authenticator::{Authenticator, Verdict};
    use super::*;
    use crate::sip::wire::{Message, Response, StatusCode};

    const NOW: Instant = Instant::from_millis(1_000_000);

    fn peer() -> IpAddr {
        "192.0.2.2".parse().unwrap()
    }

    fn identity(secret: &str) -> Identity {
        Identity::new("501", secret).unwrap()
    }

    fn verifier() -> Verifier {
        Verifier::new("paging".to_owned(), identity("secret"), 7)
    }

    fn invite() -> Request {
        let text = "INVITE sip:page@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1\r\n\
                    From: <sip:alice@192.0.2.2>;tag=a\r\nTo: <sip:page@192.0.2.1>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n";
        match Message::parse(text.as_bytes()).unwrap() {
            Message::Request(request) => request,
            Message::Response(_) => panic!("a request was written"),
        }
    }

    /// An INVITE with the answer of `caller` to what the verifier asks at `NOW`; of the challenges only the first `count`.
    fn proved(caller: &mut Authenticator, count: usize) -> Request {
        let mut refusal = Response::to_request(&invite(), StatusCode::UNAUTHORIZED);
        for challenge in verifier().challenges(NOW, peer(), false).into_iter().take(count) {
            refusal = refusal.with_header("WWW-Authenticate", &challenge);
        }
        assert_eq!(caller.challenged(&refusal), Verdict::Retry);
        let mut request = invite();
        caller.authorize(&mut request);
        request
    }

    #[test]
    fn who_knows_the_secret_proves_it_by_either_algorithm() {
        for (count, algorithm) in [(1, Algorithm::Md5), (2, Algorithm::Sha256)] {
            let request = proved(&mut Authenticator::new(identity("secret"), 3), count);
            let given: Credentials = request.headers.get("Authorization").unwrap().parse().unwrap();
            assert_eq!(given.algorithm, Some(algorithm));
            assert_eq!(verifier().check(NOW + Duration::from_secs(1), peer(), &request), Proven::Right);
        }
    }

    #[test]
    fn another_secret_or_user_is_wrong_and_no_proof_is_nothing() {
        let request = proved(&mut Authenticator::new(identity("Secret"), 3), 2);
        assert_eq!(verifier().check(NOW, peer(), &request), Proven::Wrong);
        let other = Identity::new("502", "secret").unwrap();
        let request = proved(&mut Authenticator::new(other, 3), 2);
        assert_eq!(verifier().check(NOW, peer(), &request), Proven::Wrong);
        assert_eq!(verifier().check(NOW, peer(), &invite()), Proven::Nothing);
        let elsewhere = Verifier::new("other".to_owned(), identity("secret"), 7);
        let request = proved(&mut Authenticator::new(identity("secret"), 3), 2);
        assert_eq!(elsewhere.check(NOW, peer(), &request), Proven::Nothing);
    }

    #[test]
    fn a_proof_is_good_for_a_minute_and_from_one_address() {
        let request = proved(&mut Authenticator::new(identity("secret"), 3), 2);
        let check = |now, peer: &str| verifier().check(now, peer.parse().unwrap(), &request);
        assert_eq!(check(NOW + GOOD_FOR - Duration::from_millis(1), "::ffff:192.0.2.2"), Proven::Right);
        assert_eq!(check(NOW + GOOD_FOR, "192.0.2.2"), Proven::Stale);
        assert_eq!(check(NOW, "192.0.2.3"), Proven::Stale);
        assert_eq!(check(Instant::from_millis(0), "192.0.2.2"), Proven::Stale);
    }

    #[test]
    fn a_nonce_of_somebody_elses_making_is_stale() {
        let made_up = format!("{:x}-0123456789abcdef", 1_000_000);
        for nonce in [made_up.as_str(), "", "-", "x-1", "ffffffffffffffff-1", "fffffffffffffffff-1"] {
            assert!(!verifier().is_fresh(NOW, peer(), nonce), "{nonce}");
        }
    }

    #[test]
    fn digits_are_the_same_in_either_letter_case() {
        assert!(is_same("ab12", "AB12") && !is_same("ab12", "ab13") && !is_same("ab12", "ab1"));
    }
}
