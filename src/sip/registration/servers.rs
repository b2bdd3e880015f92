//! Which server is next (RFC 3263 §4.3 for the order, which is given).
//!
//! A round goes through all servers, each once. What a redirection names comes first, and only for this round.

use super::account::Server;

#[derive(Debug, Default)]
pub(super) struct Servers {
    own: Vec<Server>,
    detour: Vec<Server>,
    /// Into `detour`, then `own`.
    at: usize,
    /// How many have failed in this round.
    failed: usize,
}

/// What another list means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing is there that was not there before.
    Nothing,
    /// There is a new one.
    Grown,
    /// The one in use is not there any more.
    Moved,
}

impl Servers {
    /// Takes the place of those that were. The one in use stays in use, if it is among them, or if a redirection named it.
    pub(super) fn replace(&mut self, mut servers: Vec<Server>) -> Change {
        servers.truncate(MAX_SERVERS);
        let current = self.current().cloned();
        let has_new = servers.iter().any(|server| !self.own.contains(server));
        self.own = servers;
        if self.at < self.detour.len() {
            return if has_new { Change::Grown } else { Change::Nothing };
        }
        self.rewind();
        let known = current.and_then(|current| self.own.iter().position(|server| *server == current));
        self.at = known.unwrap_or(0);
        match known {
            None => Change::Moved,
            Some(_) if has_new => Change::Grown,
            Some(_) => Change::Nothing,
        }
    }

    /// The one in use.
    pub(super) fn current(&self) -> Option<&Server> {
        self.detour.iter().chain(&self.own).nth(self.at)
    }

    pub(super) const fn is_single(&self) -> bool {
        self.detour.len() + self.own.len() == 1
    }

    pub(super) const fn is_first(&self) -> bool {
        self.at == 0 && self.detour.is_empty()
    }

    /// To the next; `false` if the round is over, and the first is next.
    pub(super) fn advance(&mut self) -> bool {
        let len = self.detour.len() + self.own.len();
        self.failed += 1;
        if self.failed >= len {
            self.rewind();
            return false;
        }
        self.at = (self.at + 1) % len;
        true
    }

    /// To the first, in a new round.
    pub(super) fn rewind(&mut self) {
        self.detour.clear();
        (self.at, self.failed) = (0, 0);
    }

    /// To the first of `servers`; after them come the usual ones.
    pub(super) fn follow(&mut self, mut servers: Vec<Server>) {
        servers.truncate(MAX_SERVERS);
        self.detour = servers;
        (self.at, self.failed) = (0, 0);
    }

    /// The one in use has answered: the next failure begins a new round.
    pub(super) const fn settle(&mut self) {
        self.failed = 0;
    }
}

/// How many servers one round may have: more than any telephone system has.
const MAX_SERVERS: usize = 16;
