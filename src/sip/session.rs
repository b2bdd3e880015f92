//! A session: what an INVITE set up or is about to (RFC 3261 §13 to §15).
//!
//! ```text
//!  INVITE comes            INVITE goes
//!       v                       v
//!   Incoming                 Calling ── 3xx-6xx, no answer: failed
//!       │ 200 goes              │ 2xx comes, ACK goes
//!    Answered ─── ACK ───> Confirmed ── BYE comes: ended      (within it an INVITE or UPDATE may come: Reoffer)
//!                               │ BYE goes
//!                            Leaving ── its answer comes, or none: ended
//! ```
//!
//! A session is only state; [`Endpoint`](super::Endpoint) moves it.

use super::dialog::Dialog;
use super::endpoint::Proofs;
use super::path::{Path, Transmit};
use super::session_expires::{self, Agreed};
use super::transaction::{ClientKey, ServerKey};
use super::wire::{Headers, Method, Request};
use crate::time::Instant;
use core::time::Duration;

/// One call.
#[derive(Debug)]
pub(crate) struct Session {
    /// The way its newest INVITE or UPDATE came, or its INVITE went.
    pub(crate) path: Path,
    /// Where it stands.
    pub(crate) state: State,
    /// The dialog; a caller has none before the 2xx.
    pub(crate) dialog: Option<Dialog>,
    /// What keeps it alive.
    pub(crate) keeping: Keeping,
    /// What a caller proves to whoever asks.
    pub(crate) proofs: Option<Box<Proofs>>,
}

/// Where a session stands.
#[derive(Debug)]
pub(crate) enum State {
    /// An INVITE came and waits for our answer.
    Incoming {
        /// Its transaction.
        server: ServerKey,
        /// What the answer is made from.
        invite: Box<Request>,
        /// The session description that was said before the answer, if one was.
        early: Vec<u8>,
    },
    /// Our 200 went and waits for its ACK.
    Answered {
        /// What repeats.
        unacknowledged: Unacknowledged,
        /// Whether the application has hung up: BYE must wait for the ACK (§15).
        leave: bool,
    },
    /// Our INVITE went and waits for an answer.
    Calling(Calling),
    /// Both ends agree that there is a call.
    Confirmed {
        /// What the peer wants to change.
        reoffer: Option<Reoffer>,
    },
    /// Our BYE went and waits for its answer.
    Leaving,
}

/// What keeps a session alive (RFC 4028).
#[derive(Debug, Default)]
pub(crate) struct Keeping {
    /// The session timer, and when the session is over without a refresh; `None`: never.
    pub(crate) agreed: Option<(Agreed, Instant)>,
    /// Whether the peer takes UPDATE.
    pub(crate) takes_update: bool,
    /// Whether the Call-ID is ours, which tells two refreshes at the same time apart (RFC 3261 §14.1).
    pub(crate) owns_call_id: bool,
    /// The longest of the least intervals that the peer, or who stands between, has asked for.
    pub(crate) min_se: Option<Duration>,
    /// Our session description as last agreed, for a peer that takes no UPDATE.
    pub(crate) description: Vec<u8>,
    /// Our refresh that has no final response.
    pub(crate) pending: Option<Pending>,
    /// How often a refresh has followed a refusal at once.
    pub(crate) turns: u8,
}

/// A refresh of ours without a final response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    /// Its transaction.
    pub(crate) client: ClientKey,
    /// Whether it is an INVITE, within which nothing else may be offered.
    pub(crate) is_invite: bool,
}

/// An INVITE or UPDATE that came within a call.
#[derive(Debug)]
pub(crate) enum Reoffer {
    /// It waits for our answer.
    Asked(Box<Asked>),
    /// Our 200 to the INVITE waits for its ACK.
    Answered(Unacknowledged),
}

/// A request within a call that waits for our answer.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Its transaction.
    pub(crate) server: ServerKey,
    /// What the answer is made from.
    pub(crate) request: Request,
    /// The way it came.
    pub(crate) path: Path,
}

/// A 200 to INVITE without an ACK.
#[derive(Debug)]
pub(crate) struct Unacknowledged {
    /// The sequence number of the INVITE, which the ACK repeats.
    pub(crate) cseq: u32,
    /// The 200.
    pub(crate) ok: Transmit,
    /// How often it was repeated.
    pub(crate) repeated: u8,
}

/// An INVITE without a final response.
#[derive(Debug)]
pub(crate) struct Calling {
    /// Its transaction.
    pub(crate) client: ClientKey,
    /// Whether the application was told of a provisional response above 100; it is told once.
    pub(crate) is_ringing: bool,
    /// Whether the peer has sent anything: CANCEL must wait for it (§9.1).
    pub(crate) is_proceeding: bool,
    /// Whether the application has hung up.
    pub(crate) is_cancelled: bool,
    /// How often it was sent again after a refusal.
    pub(crate) turns: u8,
}

impl Session {
    /// A call that both ends have agreed on.
    pub(crate) const CONFIRMED: State = State::Confirmed { reoffer: None };

    /// The 200 that waits for its ACK.
    pub(crate) const fn unacknowledged_mut(&mut self) -> Option<&mut Unacknowledged> {
        match &mut self.state {
            State::Answered { unacknowledged, .. }
            | State::Confirmed { reoffer: Some(Reoffer::Answered(unacknowledged)) } => Some(unacknowledged),
            State::Incoming { .. } | State::Calling(_) | State::Confirmed { .. } | State::Leaving => None,
        }
    }

    /// The INVITE or UPDATE that waits for our answer.
    pub(crate) fn asked(&self) -> Option<&Asked> {
        match &self.state {
            State::Confirmed { reoffer: Some(Reoffer::Asked(asked)) } => Some(asked),
            _ => None,
        }
    }

    /// Takes what waits for our answer, which is then due.
    pub(crate) fn take_asked(&mut self) -> Option<Box<Asked>> {
        self.asked()?;
        match core::mem::replace(&mut self.state, Self::CONFIRMED) {
            State::Confirmed { reoffer: Some(Reoffer::Asked(asked)) } => Some(asked),
            _ => None,
        }
    }

    /// Takes the way and the remote target of a request that was accepted (§12.2.2; RFC 6141 §3.4).
    pub(crate) fn refresh(&mut self, asked: &Asked) {
        self.path = asked.path;
        if let Some(dialog) = &mut self.dialog {
            dialog.refresh(&asked.request.headers);
        }
    }
}

impl Keeping {
    /// Of a call that we make, with this session description.
    pub(crate) fn of_ours(description: Vec<u8>) -> Self {
        Self { owns_call_id: true, description, ..Self::default() }
    }

    /// Of a call that comes with these headers.
    pub(crate) fn of_theirs(headers: &Headers) -> Self {
        let mut keeping = Self::default();
        keeping.hear(headers);
        keeping
    }

    /// Takes what a message says of its sender.
    pub(crate) fn hear(&mut self, headers: &Headers) {
        self.takes_update = session_expires::allows_update(headers).unwrap_or(self.takes_update);
        if headers.get("Min-SE").is_some() {
            self.min_se = self.min_se.max(Some(session_expires::min_se(headers)));
        }
    }
}

impl Asked {
    /// Whether its answer will be acknowledged.
    pub(crate) fn is_invite(&self) -> bool {
        self.request.method == Method::INVITE
    }
}

/// The deadlines of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum SessionTimer {
    /// The 200 goes again (§13.3.1.4).
    Repeat,
    /// The ACK did not come (§13.3.1.4).
    NoAck,
    /// The 180 goes again, so that proxies do not give up (§13.3.1.1).
    Ring,
    /// A cancelled INVITE got no final response (§9.1).
    NoFinal,
    /// It is time to refresh the session (RFC 4028 §10).
    Refresh,
    /// Nobody has refreshed the session (RFC 4028 §10).
    Expire,
}

impl SessionTimer {
    /// All of them.
    pub(crate) const ALL: [Self; 6] =
        [Self::Repeat, Self::NoAck, Self::Ring, Self::NoFinal, Self::Refresh, Self::Expire];
}
