//! The hashes (RFC 7616 §3.2, §6.1).

use core::fmt;
use core::str::FromStr;
use md5::{Digest, Md5};
use sha2::Sha256;

/// How a proof is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// `MD5`, which is meant where a challenge names none.
    Md5,
    /// `MD5-sess`
    Md5Sess,
    /// `SHA-256`
    Sha256,
    /// `SHA-256-sess`
    Sha256Sess,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Md5, Self::Md5Sess, Self::Sha256, Self::Sha256Sess];

    /// The name in the IANA registry.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Md5Sess => "MD5-sess",
            Self::Sha256 => "SHA-256",
            Self::Sha256Sess => "SHA-256-sess",
        }
    }

    /// Whether the secret is bound to the first nonces of both ends.
    #[must_use]
    pub const fn is_session(self) -> bool {
        matches!(self, Self::Md5Sess | Self::Sha256Sess)
    }

    /// Bits of the hash: more is better.
    #[must_use]
    pub const fn strength(self) -> u16 {
        match self {
            Self::Md5 | Self::Md5Sess => 128,
            Self::Sha256 | Self::Sha256Sess => 256,
        }
    }

    /// The hash of `text`, in lower-case hexadecimal digits.
    pub(super) fn hash(self, text: &str) -> String {
        match self {
            Self::Md5 | Self::Md5Sess => format!("{:x}", Md5::digest(text.as_bytes())),
            Self::Sha256 | Self::Sha256Sess => format!("{:x}", Sha256::digest(text.as_bytes())),
        }
    }
}

/// The name is none of [`Algorithm::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        let is_it = |known: &Self| known.name().eq_ignore_ascii_case(name);
        Self::ALL.into_iter().find(is_it).ok_or(UnknownAlgorithm)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
