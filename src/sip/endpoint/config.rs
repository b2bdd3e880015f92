//! What an endpoint is told once.

use crate::allow::Allow;
use crate::sip::digest::Identity;
use crate::sip::session_expires;
use core::time::Duration;

/// Who an endpoint is and how much it may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointConfig {
    /// The user part of its own URI; may be empty.
    pub user: String,
    /// The name shown to the people it calls; may be empty.
    pub display_name: String,
    /// What it says of itself in User-Agent and Server; may be empty.
    pub user_agent: String,
    /// Who may call it.
    pub allow: Allow,
    /// For how long a call lasts that nobody refreshes (RFC 4028), at least 90 s; `None`: for ever.
    pub session_timer: Option<Duration>,
    /// What callers have to prove, if anything.
    pub demand: Option<Demand>,
    /// How much it may hold.
    pub limits: Limits,
}

/// What callers have to prove (RFC 3261 §22.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// What the identity belongs to, as their owners read it.
    pub realm: String,
    /// Who they have to be.
    pub identity: Identity,
}

/// How much an endpoint may hold. What comes when it is full is refused or dropped, as said here, and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls, both ways and in any state. When full, a new INVITE gets 503 with Retry-After, and so does OPTIONS.
    pub calls: usize,
    /// Server transactions, most of which linger for 32 s after their end. When full, a new INVITE gets 503, and other
    /// requests are answered without being remembered.
    pub transactions: usize,
    /// Bytes that those may hold among them which keep a response to repeat it: an INVITE until it is accepted or its
    /// refusal acknowledged, and UPDATE. When full, as above.
    pub open_bytes: usize,
    /// Datagrams waiting for [`Endpoint::poll_transmit`](super::Endpoint::poll_transmit). When full, they are dropped.
    pub datagrams: usize,
    /// Events waiting for [`Endpoint::poll_event`](super::Endpoint::poll_event). When full, a new INVITE gets 503.
    pub events: usize,
}

impl EndpointConfig {
    /// The endpoint of `user`, whom everybody may call, with the default limits.
    #[must_use]
    pub fn new(user: &str) -> Self {
        Self {
            user: user.to_owned(),
            display_name: String::new(),
            user_agent: String::new(),
            allow: Allow::ANYBODY,
            session_timer: None,
            demand: None,
            limits: Limits::default(),
        }
    }

    /// Without the control characters that a header cannot hold, and with no shorter time than may be agreed.
    pub(super) fn cleaned(mut self) -> Self {
        for text in [&mut self.user, &mut self.display_name, &mut self.user_agent] {
            text.retain(|c| !c.is_control());
        }
        self.session_timer = self.session_timer.map(|interval| interval.max(session_expires::LEAST));
        self
    }
}

impl Default for Limits {
    /// For a box that answers 1600 calls per second, or refuses 600 whose callers never acknowledge it.
    fn default() -> Self {
        Self {
            calls: 4096,
            transactions: 131_072,
            open_bytes: 16 * 1024 * 1024,
            datagrams: 8192,
            events: 8192,
        }
    }
}
