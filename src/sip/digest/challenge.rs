//! `WWW-Authenticate` and `Proxy-Authenticate` (RFC 7616 §3.3, RFC 3261 §20.27, §20.44).

use core::fmt;

use super::algorithm::Algorithm;
use super::fields::{Fields, skip_commas, write_optional};
use crate::sip::wire::SyntaxError;
use crate::sip::wire::scan::{Scan, write_quoted};

/// What a server wants to be proved, if it is something that we can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// What the user and the secret belong to.
    pub realm: String,
    /// The server's half of what makes each proof another one.
    pub nonce: String,
    /// To be given back as it is.
    pub opaque: Option<String>,
    /// How to compute; MD5 where none is named.
    pub algorithm: Option<Algorithm>,
    /// Whether `qop=auth` is offered; without it the proof is that of RFC 2069.
    pub is_qop: bool,
    /// Whether the last proof was right, and only its nonce too old.
    pub is_stale: bool,
}

impl Challenge {
    /// All challenges in one header's value that we can answer; those of other schemes and algorithms are passed over.
    ///
    /// # Errors
    /// If the value is no list of challenges, or one for a digest has no realm or nonce.
    pub fn read_all(value: &str) -> Result<Vec<Self>, SyntaxError> {
        let scan = &mut Scan::new(value);
        let mut challenges = Vec::new();
        scan.skip_space();
        while !scan.is_at_end() {
            let scheme = scan.token("the name of a scheme")?;
            scan.skip_space();
            let is_digest = scheme.eq_ignore_ascii_case("Digest");
            let start = scan.expected("a realm and a nonce");
            let fields = Fields::scan(scan)?;
            if !is_digest {
                skip_token68(scan);
                continue;
            }
            let (realm, nonce) = fields.text("realm").zip(fields.text("nonce")).ok_or(start)?;
            challenges.extend(Self::of(&fields, realm, nonce));
        }
        Ok(challenges)
    }

    /// The algorithm that is meant.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm.unwrap_or(Algorithm::Md5)
    }

    /// `None` if it is beyond us.
    fn of(fields: &Fields, realm: String, nonce: String) -> Option<Self> {
        let algorithm = fields.get("algorithm").map(str::parse).transpose().ok()?;
        let qop = fields.get("qop").filter(|qop| !qop.trim().is_empty());
        let offers_auth = |qop: &str| qop.split(',').any(|qop| qop.trim().eq_ignore_ascii_case("auth"));
        if qop.is_some_and(|qop| !offers_auth(qop)) {
            return None;
        }
        let is_stale = fields.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"));
        let opaque = fields.text("opaque");
        Some(Self { realm, nonce, opaque, algorithm, is_qop: qop.is_some(), is_stale })
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest realm=")?;
        write_quoted(f, &self.realm)?;
        write_optional(f, "nonce", Some(&self.nonce))?;
        write_optional(f, "opaque", self.opaque.as_deref())?;
        if let Some(algorithm) = self.algorithm {
            write!(f, ", algorithm={algorithm}")?;
        }
        f.write_str(if self.is_qop { ", qop=\"auth\"" } else { "" })?;
        f.write_str(if self.is_stale { ", stale=true" } else { "" })
    }
}

/// What `Negotiate` and `Bearer` may have in place of named values (RFC 7235 §2.1 `token68`).
fn skip_token68(scan: &mut Scan<'_>) {
    let mut ahead = scan.clone();
    ahead.take_while(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte));
    if skip_commas(&mut ahead).is_ok() {
        *scan = ahead;
    }
}
