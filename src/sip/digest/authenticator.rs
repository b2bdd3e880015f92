//! Proves to each realm that asks who we are, request after request.

use core::fmt;

use super::challenge::Challenge;
use super::credentials::{Credentials, Proof};
use super::fields::Fields;
use crate::sip::tokens::Tokens;
use crate::sip::wire::scan::Scan;
use crate::sip::wire::{Request, Response, WriteError};

/// Who we are, and the secret that proves it.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    user: String,
    secret: String,
}

/// Answers the challenges of all realms on the way to a server.
#[derive(Clone)]
pub struct Authenticator {
    identity: Identity,
    tokens: Tokens,
    realms: Vec<Realm>,
}

/// What a challenge means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The request shall be sent again: it will carry an answer.
    Retry,
    /// What we answered is wrong: user or secret.
    Refused,
    /// There is no challenge that we can answer.
    Unknown,
}

impl Identity {
    /// `user` with `secret`.
    ///
    /// # Errors
    /// If one of them holds a control character, such as CR or LF.
    pub fn new(user: &str, secret: &str) -> Result<Self, WriteError> {
        if user.contains(char::is_control) || secret.contains(char::is_control) {
            return Err(WriteError::ControlCharacter { place: "credentials".to_owned() });
        }
        Ok(Self { user: user.to_owned(), secret: secret.to_owned() })
    }

    pub(super) fn user(&self) -> &str {
        &self.user
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }
}

impl fmt::Debug for Identity {
    /// Without the secret, which no log shall hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("user", &self.user).finish_non_exhaustive()
    }
}

impl fmt::Debug for Authenticator {
    /// Without what is as good as the secret: the keys of the realms, and where our nonces come from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let challenges: Vec<_> = self.realms.iter().map(|realm| &realm.challenge).collect();
        let mut shown = f.debug_struct("Authenticator");
        shown.field("identity", &self.identity).field("challenges", &challenges).finish_non_exhaustive()
    }
}

impl Authenticator {
    /// Nobody has asked yet. All its nonces follow from `seed`, which nobody should know.
    #[must_use]
    pub const fn new(identity: Identity, seed: u64) -> Self {
        Self { identity, tokens: Tokens::new(seed), realms: Vec::new() }
    }

    /// Takes the challenges of a response, whatever its status.
    pub fn challenged(&mut self, response: &Response) -> Verdict {
        let mut verdict = Verdict::Unknown;
        for (asker, challenge) in Asker::ALL.into_iter().flat_map(|asker| asker.challenges(response)) {
            match self.take(asker, challenge) {
                Verdict::Refused => return Verdict::Refused,
                Verdict::Retry => verdict = Verdict::Retry,
                Verdict::Unknown => {}
            }
        }
        verdict
    }

    /// Takes a response that accepts what we answered, with the nonce to be used next (RFC 7616 §3.5).
    pub fn accepted(&mut self, response: &Response) {
        for realm in &mut self.realms {
            realm.is_accepted = true;
            if let Some(nonce) = next_nonce(response, realm.asker) {
                (realm.challenge.nonce, realm.nonce_count) = (nonce, 0);
            }
        }
    }

    /// Adds an answer for each realm that has asked.
    pub fn authorize(&mut self, request: &mut Request) {
        let (method, uri) = (request.method.to_string(), request.uri.to_string());
        for realm in &mut self.realms {
            let credentials = realm.answer(&self.identity.user, &method, &uri);
            request.headers.push(realm.asker.answer_header(), &credentials.to_string());
        }
    }

    /// Forgets what was asked, so that the next challenge is the first one again.
    pub fn forget(&mut self) {
        self.realms.clear();
    }

    /// A challenge is answered once, and again if it is only the nonce that was too old, or if the realm has accepted
    /// us since: not all servers say `stale` when they have forgotten a nonce.
    fn take(&mut self, asker: Asker, challenge: Challenge) -> Verdict {
        let key = |known: &Realm| known.asker == asker && known.challenge.realm == challenge.realm;
        let known = self.realms.iter().position(key);
        if let Some(known) = known {
            if !self.realms[known].is_accepted && !challenge.is_stale {
                return Verdict::Refused;
            }
            self.realms.remove(known);
        }
        if self.realms.len() >= MAX_REALMS {
            return Verdict::Unknown;
        }
        let cnonce = format!("{:016x}", self.tokens.draw());
        self.realms.push(Realm::new(asker, challenge, cnonce, &self.identity));
        Verdict::Retry
    }
}

/// A realm that has asked.
#[derive(Clone)]
struct Realm {
    asker: Asker,
    challenge: Challenge,
    /// [`Proof::key`]; that of a session stays when the nonce changes (RFC 7616 §3.4.2).
    key: String,
    cnonce: String,
    nonce_count: u32,
    is_accepted: bool,
}

impl Realm {
    fn new(asker: Asker, challenge: Challenge, cnonce: String, identity: &Identity) -> Self {
        let user = [identity.user.as_str(), &challenge.realm, &identity.secret];
        let key = Proof::key(challenge.algorithm(), user, [&challenge.nonce, &cnonce]);
        Self { asker, challenge, key, cnonce, nonce_count: 0, is_accepted: false }
    }

    fn answer(&mut self, user: &str, method: &str, uri: &str) -> Credentials {
        self.nonce_count = self.nonce_count.saturating_add(1);
        let Self { challenge, key, cnonce, .. } = self;
        let algorithm = challenge.algorithm();
        let qop = challenge.is_qop.then_some((self.nonce_count, cnonce.as_str()));
        let proof = Proof { algorithm, key, nonce: &challenge.nonce, qop, method, uri };
        Credentials {
            username: user.to_owned(),
            realm: challenge.realm.clone(),
            nonce: challenge.nonce.clone(),
            uri: uri.to_owned(),
            response: proof.response(),
            algorithm: challenge.algorithm,
            opaque: challenge.opaque.clone(),
            cnonce: (challenge.is_qop || algorithm.is_session()).then(|| cnonce.clone()),
            nonce_count: qop.map(|(count, _)| count),
        }
    }
}

/// Who asks (RFC 3261 §22.2, §22.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    Server,
    Proxy,
}

impl Asker {
    const ALL: [Self; 2] = [Self::Server, Self::Proxy];

    const fn answer_header(self) -> &'static str {
        match self {
            Self::Server => "Authorization",
            Self::Proxy => "Proxy-Authorization",
        }
    }

    const fn info_header(self) -> &'static str {
        match self {
            Self::Server => "Authentication-Info",
            Self::Proxy => "Proxy-Authentication-Info",
        }
    }

    const fn challenge_header(self) -> &'static str {
        match self {
            Self::Server => "WWW-Authenticate",
            Self::Proxy => "Proxy-Authenticate",
        }
    }

    /// For each realm the strongest challenge, and of equals the first. Headers that cannot be read are passed over.
    fn challenges(self, response: &Response) -> impl Iterator<Item = (Self, Challenge)> {
        let values = response.headers.get_all(self.challenge_header());
        let mut best: Vec<Challenge> = Vec::new();
        for challenge in values.flat_map(|value| Challenge::read_all(value).unwrap_or_default()) {
            let strength = |challenge: &Challenge| challenge.algorithm().strength();
            match best.iter_mut().find(|known| known.realm == challenge.realm) {
                Some(known) if strength(known) < strength(&challenge) => *known = challenge,
                Some(_) => {}
                None => best.push(challenge),
            }
        }
        best.into_iter().map(move |challenge| (self, challenge))
    }
}

/// `nextnonce` (RFC 7616 §3.5), of a value without a scheme.
fn next_nonce(response: &Response, asker: Asker) -> Option<String> {
    let value = response.headers.get(asker.info_header())?;
    let fields = Scan::all(value, Fields::scan).ok()?;
    fields.text("nextnonce").filter(|nonce| !nonce.is_empty())
}

/// How many realms may ask on the way of one request: a server and the proxies before it.
const MAX_REALMS: usize = 4;
