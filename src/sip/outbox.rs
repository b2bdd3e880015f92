//! Messages on their way out, in order and bounded.

use super::path::{Path, Transmit};
use std::collections::VecDeque;

/// The queue behind `poll_transmit`. When it is full a datagram is dropped and counted, as a network would.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    waiting: VecDeque<Transmit>,
    capacity: usize,
    dropped: u64,
}

impl Outbox {
    /// An empty queue for at most `capacity` datagrams.
    pub(crate) const fn new(capacity: usize) -> Self {
        Self { waiting: VecDeque::new(), capacity, dropped: 0 }
    }

    /// Queues a datagram; what could not be written is empty and goes nowhere.
    pub(crate) fn push(&mut self, path: Path, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if self.waiting.len() < self.capacity {
            self.waiting.push_back(Transmit { path, bytes: bytes.to_vec() });
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// Takes the oldest datagram.
    pub(crate) fn pop(&mut self) -> Option<Transmit> {
        self.waiting.pop_front()
    }

    /// How many were dropped.
    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_outbox_drops_and_counts() {
        let address = ([127, 0, 0, 1], 5060).into();
        let path = Path::udp(address, address);
        let mut outbox = Outbox::new(1);
        outbox.push(path, b"first");
        outbox.push(path, b"second");
        assert_eq!(outbox.pop().map(|transmit| transmit.bytes), Some(b"first".to_vec()));
        assert_eq!(outbox.pop(), None);
        assert_eq!(outbox.dropped(), 1);
    }
}
