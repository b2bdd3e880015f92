//! Server transactions that have nothing left to send by themselves and are only remembered, to know what comes again.
//!
//! ```text
//!  last state   how long           the request again                        ACK
//!  Accepted     timer L, 64 T1     absorbed (RFC 6026 §7.1)                 passes, for the dialog
//!  Confirmed    timer I, T4        absorbed (RFC 3261 §17.2.1)              absorbed
//!  Completed    timer J, 64 T1     the same answer, made from it anew       (no INVITE)
//! ```
//!
//! They are by far the most: 1600 calls a second leave 102 400 of them behind. So each is its key in a table and a place
//! in a queue, which together cost some 80 bytes; no response is kept. Only an answer that follows from its request
//! alone can end here as Completed: the bytes of a repetition are the same, so are those of the answer. What needs a
//! response to be kept stays in [`Servers`](super::servers::Servers).
//!
//! The key is a digest of 64 bits under a secret ([`ServerKey`]). Among 131 072 keys a new request meets a foreign one by
//! chance once in 10^14, and who does not know the secret can do no better.

use super::key::{MergeKey, ServerKey};
use super::timing::{TIMER_I, TIMER_J, TIMER_L};
use crate::shrink::Shrink;
use crate::sip::wire::StatusCode;
use crate::time::Instant;
use core::time::Duration;
use std::collections::{HashMap, HashSet, VecDeque};

/// The transactions of an endpoint that are only remembered.
#[derive(Debug, Default)]
pub(super) struct Lingering {
    states: HashMap<ServerKey, LastState>,
    /// Those of timers J and L, which are as long as one another: they end in the order in which they came here.
    long: VecDeque<Place>,
    /// Those of timer I.
    short: VecDeque<Place>,
    /// When one was forgotten last.
    forgot_at: Option<Instant>,
}

/// What a transaction waits in until it is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastState {
    /// An INVITE answered by 2xx.
    Accepted,
    /// An INVITE refused, and its ACK has come.
    Confirmed,
    /// Another request, with this answer.
    Completed(StatusCode),
}

#[derive(Clone, Copy, Debug)]
struct Place {
    ends_at: Instant,
    key: ServerKey,
    merge: Option<MergeKey>,
}

impl Lingering {
    /// Remembers a transaction, which has not been here before.
    pub(super) fn add(&mut self, now: Instant, key: ServerKey, merge: Option<MergeKey>, state: LastState) {
        self.states.insert(key, state);
        let (queue, span) = match state {
            LastState::Accepted | LastState::Completed(_) => (&mut self.long, LONG),
            LastState::Confirmed => (&mut self.short, TIMER_I),
        };
        queue.push_back(Place { ends_at: now + span, key, merge });
    }

    /// Forgets the transactions that are over at `now`, and what their merged copies would have had.
    pub(super) fn forget(&mut self, now: Instant, merges: &mut HashSet<MergeKey>) {
        while let Some(place) = self.take_ended(now) {
            self.states.remove(&place.key);
            if let Some(merge) = place.merge {
                merges.remove(&merge);
            }
            self.forgot_at = Some(now);
        }
        self.states.shrink();
        self.long.shrink();
        self.short.shrink();
        merges.shrink();
    }

    fn take_ended(&mut self, now: Instant) -> Option<Place> {
        let queues = [&mut self.long, &mut self.short].into_iter();
        queues
            .filter(|queue| queue.front().is_some_and(|place| place.ends_at <= now))
            .find_map(VecDeque::pop_front)
    }

    /// The state of the transaction `key`.
    pub(super) fn state(&self, key: ServerKey) -> Option<LastState> {
        self.states.get(&key).copied()
    }

    /// When [`forget`](Self::forget) wants to be called: when the next one is over, but for this alone not more often
    /// than once a second. In a storm thousands end in that time.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let ends = [&self.long, &self.short].into_iter().filter_map(|queue| Some(queue.front()?.ends_at));
        let at_least = self.forgot_at.map_or(Instant::ZERO, |at| at + FORGET_EVERY);
        ends.min().map(|end| end.max(at_least))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.states.len()
    }

    /// The bytes that its tables hold.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let places = self.long.capacity() + self.short.capacity();
        super::servers::table_bytes::<(ServerKey, LastState)>(self.states.capacity())
            + places * size_of::<Place>()
    }
}

const FORGET_EVERY: Duration = Duration::from_secs(1);
/// Timers J and L.
const LONG: Duration = TIMER_L;
const _: () = assert!(TIMER_J.as_micros() == TIMER_L.as_micros(), "one queue holds both");
