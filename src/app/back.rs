//! The way back to one caller: whether there is one, by which codec and to where.
//!
//! It is opened when the caller's first packet comes, or after [`PATIENCE`]: a call that is over before that costs nothing.

use super::legs::Legs;
use crate::codec::Codec;
use crate::entropy;
use crate::mix::{Leg, LegConfig, VoiceId};
use crate::net::Udp;
use crate::output::Link;
use crate::rtp::Sender;
use crate::time::Instant;
use core::cell::Cell;
use core::time::Duration;
use std::net::SocketAddr;

/// What was agreed on, and what has become of it.
#[derive(Debug)]
pub(super) struct Back {
    wanted: Cell<Option<Manner>>,
    opened: Cell<Option<Manner>>,
    /// Where it goes; `None` while the caller does not listen.
    remote: Cell<Option<SocketAddr>>,
    /// Of the stream that is sent.
    seed: Cell<u64>,
    /// From then on it is opened without speech.
    due_at: Instant,
    is_due: Cell<bool>,
}

/// How a caller wants to be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manner {
    pub(super) codec: Codec,
    pub(super) payload_type: u8,
    pub(super) ptime: Duration,
}

impl Back {
    /// None yet, of a call that began at `now`.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            wanted: Cell::new(None),
            opened: Cell::new(None),
            remote: Cell::new(None),
            seed: Cell::new(entropy::seed()),
            due_at: now + PATIENCE,
            is_due: Cell::new(false),
        }
    }

    /// The SSRC of what is sent.
    pub(super) fn ssrc(&self) -> u32 {
        Sender::new(self.seed.get(), 0).next_header().ssrc
    }

    /// The caller wants to be sent to so, at `remote`, or not at all.
    pub(super) fn want(&self, wanted: Option<(Manner, SocketAddr)>) {
        self.wanted.set(wanted.map(|(manner, _)| manner));
        self.remote.set(wanted.map(|(_, remote)| remote));
    }

    /// When it is to be opened at the latest, until it is.
    pub(super) fn deadline(&self) -> Option<Instant> {
        (!self.is_due.get()).then_some(self.due_at)
    }

    /// Opens it if time has come.
    pub(super) fn handle_timeout(&self, now: Instant, legs: &Legs<'_>, (voice, socket): (VoiceId, &Udp)) {
        if now >= self.due_at {
            self.open_now(legs, (voice, socket));
        }
    }

    /// Opens it, if it is not.
    pub(super) fn open_now(&self, legs: &Legs<'_>, (voice, socket): (VoiceId, &Udp)) {
        if !self.is_due.replace(true) {
            self.settle(legs, (voice, socket));
        }
    }

    /// Speech comes from `remote`: there it goes back to (RFC 4961), for behind NAT that is not where the caller says.
    pub(super) fn handle_speech(
        &self,
        remote: SocketAddr,
        legs: &Legs<'_>,
        (voice, socket): (VoiceId, &Udp),
    ) {
        let has_moved = self.remote.get().is_some_and(|known| known != remote);
        if has_moved {
            self.remote.set(Some(remote));
        }
        if !self.is_due.replace(true) || has_moved {
            self.settle(legs, (voice, socket));
        }
    }

    /// Makes what is what is wanted. True when another stream is sent from now on.
    pub(super) fn settle(&self, legs: &Legs<'_>, (voice, socket): (VoiceId, &Udp)) -> bool {
        let (wanted, opened, remote) = (self.wanted.get(), self.opened.get(), self.remote.get());
        if !self.is_due.get() {
            return false;
        }
        let Some(manner) = wanted else {
            if opened.is_some() {
                legs.redirect(voice, None);
            }
            return false;
        };
        if opened == Some(manner) {
            legs.redirect(voice, remote);
            return false;
        }
        self.open(manner, legs, (voice, socket));
        opened.is_some()
    }

    /// The voice is another one from now on: what was opened for the old one is gone with it.
    pub(super) fn forget(&self) {
        self.opened.set(None);
        self.seed.set(entropy::seed());
    }

    fn open(&self, manner: Manner, legs: &Legs<'_>, (voice, socket): (VoiceId, &Udp)) {
        let Ok(socket) = socket.to_send() else {
            let remote = self.remote.get().map_or_else(String::new, |remote| format!(" at {remote}"));
            log::warn!("the caller{remote} hears nothing: no file descriptor left");
            return;
        };
        if self.opened.get().is_some() {
            legs.close(voice);
            // Another stream, with a name of its own (RFC 3550 §8).
            self.seed.set(entropy::seed());
        }
        let Manner { codec, payload_type, ptime } = manner;
        let leg = Leg::new(voice, LegConfig { codec, payload_type, ptime, seed: self.seed.get() });
        legs.open(leg, Link { socket, remote: self.remote.get() });
        self.opened.set(Some(manner));
    }
}

/// A caller who says nothing for so long is sent to all the same.
const PATIENCE: Duration = Duration::from_millis(200);
