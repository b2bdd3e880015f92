//! Digest authentication: a secret that both ends know is proved without being sent (RFC 7616, RFC 8760, RFC 3261 §22).
//!
//! ```text
//! 401 WWW-Authenticate,   ┐                 ┌ Retry:   a challenge that we have not answered yet
//! 407 Proxy-Authenticate  ├-> Authenticator ┼ Refused: it was answered, and the answer is wrong
//! 2xx Authentication-Info ┘        │        └ Unknown: nothing in it that we can do
//!                                  └-> Authorization, Proxy-Authorization of each request from then on
//! ```
//!
//! It decides which challenge is answered (for each realm the strongest algorithm, and of equals the first), and what
//! the answer is: MD5 or SHA-256, plain or `-sess`, with `qop=auth` or none. The other way round, [`Verifier`] asks others.
//! It leaves out `auth-int` and `userhash`. Challenges of other schemes or algorithms are passed over. SHA-512-256 is one of them: no
//! telephone system is known to ask for it.
//!
//! Hashes are of values without quotes and escapes. RFC 7616 §3.4.1 speaks of taking off the quotes only; realms and
//! users with a quote or a backslash in them are the only ones for which it matters.

mod algorithm;
mod authenticator;
mod challenge;
mod credentials;
mod fields;
mod verifier;

#[cfg(test)]
mod tests;

pub use algorithm::Algorithm;
pub use authenticator::{Authenticator, Identity, Verdict};
pub use challenge::Challenge;
pub use credentials::{Credentials, Proof};
pub use verifier::{Proven, Verifier};
