//! What a registration tells the application.

use core::fmt;
use core::time::Duration;

use crate::sip::path::Path;
use crate::sip::wire::{Request, SipUri, StatusCode};

/// A REGISTER to be sent. It has no Via yet: that belongs to the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// Which way it goes.
    pub path: Path,
    /// The request; its `CSeq` names it in what becomes of it.
    pub request: Request,
}

/// Something has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A server knows where we are. Comes with each refresh.
    Registered {
        /// Which one.
        server: String,
        /// For how long.
        expires: Duration,
        /// What time the server says it is, since 1970.
        date: Option<Duration>,
    },
    /// A try has failed. The last registration may still hold: see `is_registered`.
    Failed {
        /// At which server.
        server: String,
        /// Why.
        reason: Failure,
        /// When the next try comes.
        retry_in: Duration,
    },
    /// The server sends us elsewhere. The application resolves these, most wanted first, and calls `follow`.
    Redirected {
        /// Where to.
        contacts: Vec<SipUri>,
    },
    /// No server knows where we are: we said so, or the time was over.
    Unregistered,
}

/// Why a try has failed. Each prints as a part of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// There is no server to ask: no name was resolved.
    NoServer,
    /// The server did not answer.
    NoAnswer,
    /// The network does not lead to the server, or nobody listens there.
    Unreachable,
    /// What we proved is wrong.
    WrongPassword,
    /// The server asks for a proof that we cannot give.
    UnknownProof,
    /// The account is not allowed to; some servers say so of a wrong password as well.
    Forbidden,
    /// The server is ill or busy.
    Unavailable(StatusCode),
    /// The server does not want us.
    Refused(StatusCode),
    /// The server sends us elsewhere.
    Redirected,
    /// The server accepts, but for no time at all.
    NotKept,
    /// Challenges, redirections and the like did not come to an end.
    Endless,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoServer => "no server is known",
            Self::NoAnswer => "the server does not answer",
            Self::Unreachable => "the server cannot be reached",
            Self::WrongPassword => "the user or the password is wrong",
            Self::UnknownProof => "the server asks for a kind of proof that is not known",
            Self::Forbidden => "the server forbids it (403): the account, or the password",
            Self::Unavailable(status) => return write!(f, "the server is not available ({status})"),
            Self::Refused(status) => return write!(f, "the server refuses ({status} {})", status.reason()),
            Self::Redirected => "the server names another",
            Self::NotKept => "the server accepts, but for no time",
            Self::Endless => "the server asks again and again",
        })
    }
}
