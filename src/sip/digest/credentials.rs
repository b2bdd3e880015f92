//! `Authorization` and `Proxy-Authorization` (RFC 7616 §3.4, RFC 3261 §20.7, §20.28).

use core::fmt;
use core::str::FromStr;

use super::algorithm::Algorithm;
use super::fields::{Fields, write_optional, write_text};
use crate::sip::wire::SyntaxError;
use crate::sip::wire::scan::{Scan, write_quoted};

/// The answer to a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Who we are.
    pub username: String,
    /// As in the challenge.
    pub realm: String,
    /// As in the challenge, or the next one that the server named.
    pub nonce: String,
    /// The Request-URI.
    pub uri: String,
    /// The proof, in hexadecimal digits.
    pub response: String,
    /// As in the challenge.
    pub algorithm: Option<Algorithm>,
    /// As in the challenge.
    pub opaque: Option<String>,
    /// Our half of what makes each proof another one; with `qop` or a session.
    pub cnonce: Option<String>,
    /// How often this nonce was used, this time included; `Some` means `qop=auth`.
    pub nonce_count: Option<u32>,
}

/// What a proof is computed from (RFC 7616 §3.4.1).
#[derive(Clone, Copy, Debug)]
pub struct Proof<'a> {
    /// How.
    pub algorithm: Algorithm,
    /// The hash of user, realm and secret: [`Proof::key`].
    pub key: &'a str,
    /// The server's nonce.
    pub nonce: &'a str,
    /// The count of the nonce and our own one, if `qop=auth` was offered.
    pub qop: Option<(u32, &'a str)>,
    /// The method of the request.
    pub method: &'a str,
    /// Its Request-URI.
    pub uri: &'a str,
}

impl Proof<'_> {
    /// `H(A1)` (RFC 7616 §3.4.2). `nonces` are the server's and ours, for the algorithms that have a session.
    #[must_use]
    pub fn key(algorithm: Algorithm, user: [&str; 3], nonces: [&str; 2]) -> String {
        let key = algorithm.hash(&user.join(":"));
        if !algorithm.is_session() {
            return key;
        }
        algorithm.hash(&[key.as_str(), nonces[0], nonces[1]].join(":"))
    }

    /// The `response`.
    #[must_use]
    pub fn response(&self) -> String {
        let request = self.algorithm.hash(&format!("{}:{}", self.method, self.uri));
        let Self { key, nonce, .. } = self;
        self.algorithm.hash(&match self.qop {
            Some((count, cnonce)) => format!("{key}:{nonce}:{count:08x}:{cnonce}:auth:{request}"),
            None => format!("{key}:{nonce}:{request}"),
        })
    }
}

impl FromStr for Credentials {
    type Err = SyntaxError;

    fn from_str(value: &str) -> Result<Self, SyntaxError> {
        let scan = &mut Scan::new(value);
        scan.skip_space();
        let error = scan.expected("the credentials of a digest");
        let scheme = scan.token("the name of a scheme")?;
        scan.need_space("a space behind the scheme")?;
        let fields = Fields::scan(scan)?;
        scan.end()?;
        let is_digest = scheme.eq_ignore_ascii_case("Digest");
        is_digest.then(|| Self::of(&fields)).flatten().ok_or(error)
    }
}

impl Credentials {
    fn of(fields: &Fields) -> Option<Self> {
        let is_count = |text: &str| text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let count = |text: &str| u32::from_str_radix(text, 16).ok().filter(|_| is_count(text));
        let nonce_count = match fields.get("qop") {
            Some(qop) if qop.eq_ignore_ascii_case("auth") => Some(fields.get("nc").and_then(count)?),
            Some(_) => return None,
            None => None,
        };
        Some(Self {
            username: fields.text("username")?,
            realm: fields.text("realm")?,
            nonce: fields.text("nonce")?,
            uri: fields.text("uri")?,
            response: fields.text("response")?,
            algorithm: fields.get("algorithm").map(str::parse).transpose().ok()?,
            opaque: fields.text("opaque"),
            cnonce: fields.text("cnonce"),
            nonce_count,
        })
    }
}

impl fmt::Display for Credentials {
    /// The names whose values have no quotes are those of RFC 7616 §3.4.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest username=")?;
        write_quoted(f, &self.username)?;
        write_text(f, "realm", &self.realm)?;
        write_text(f, "nonce", &self.nonce)?;
        write_text(f, "uri", &self.uri)?;
        write_text(f, "response", &self.response)?;
        if let Some(algorithm) = self.algorithm {
            write!(f, ", algorithm={algorithm}")?;
        }
        write_optional(f, "opaque", self.opaque.as_deref())?;
        write_optional(f, "cnonce", self.cnonce.as_deref())?;
        match self.nonce_count {
            Some(count) => write!(f, ", qop=auth, nc={count:08x}"),
            None => Ok(()),
        }
    }
}
