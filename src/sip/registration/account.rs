//! What a registration is told: who it is, and which servers there are.

use core::time::Duration;

use crate::sip::digest::Identity;
use crate::sip::path::Path;
use crate::sip::wire::{NameAddr, SipUri};

/// An account at a telephone system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The address of record: `sip:user@domain`. Its domain is the Request-URI (RFC 3261 §10.2).
    pub address: SipUri,
    /// The name that others see; may be empty.
    pub display_name: String,
    /// What is proved to those who ask.
    pub identity: Identity,
    /// The user part of the Contact.
    pub contact_user: String,
    /// What it says of itself; may be empty.
    pub user_agent: String,
    /// For how long it asks to be registered, in seconds.
    pub expires_s: u32,
    /// The longest wait between two rounds through all servers.
    pub longest_wait: Duration,
}

/// One of the servers that may answer, most wanted first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its name or address, for humans.
    pub host: String,
    /// The way to go: from which address of ours, which becomes the Contact, to which of the server.
    pub path: Path,
    /// The proxy that it is, if it is one: each REGISTER shall pass it.
    pub route: Option<NameAddr>,
    /// The Request-URI, if it is not the account's: that of a redirection (RFC 3261 §8.1.3.4).
    pub target: Option<SipUri>,
}

impl Account {
    /// The account of `address`, asking for an hour.
    #[must_use]
    pub fn new(address: SipUri, identity: Identity) -> Self {
        Self {
            contact_user: address.user_unescaped().unwrap_or_default(),
            address,
            display_name: String::new(),
            identity,
            user_agent: String::new(),
            expires_s: 3600,
            longest_wait: LONGEST_WAIT,
        }
    }

    /// `sip:domain`
    pub(super) fn registrar(&self) -> SipUri {
        let domain = self.address.host_port();
        SipUri::new(domain.host.clone()).with_port(domain.port)
    }

    /// Without the control characters that a header cannot hold.
    pub(super) fn cleaned(mut self) -> Self {
        for text in [&mut self.display_name, &mut self.user_agent] {
            text.retain(|c| !c.is_control());
        }
        self
    }
}

/// So a server that returns finds us within 10 s, whatever was waited for: an unanswered request is repeated every 4 s.
const LONGEST_WAIT: Duration = Duration::from_secs(8);
