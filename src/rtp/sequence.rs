//! Sequence numbers: 16 bits that wrap, packets that come out of order or twice (RFC 3550 appendix A.1, A.3).
//!
//! In the spirit of A.1, but nothing is thrown away at the start: the first packet is taken at its word.

/// Follows the sequence numbers of one run of packets.
#[derive(Clone, Debug)]
pub struct SequenceTracker {
    /// The highest number so far, extended to 64 bits.
    highest: u64,
    /// The lowest number so far.
    lowest: u64,
    /// Which of the 64 numbers up to `highest` have come; bit 0 is `highest`.
    seen: u64,
    received: u64,
}

impl SequenceTracker {
    /// A run that begins with the packet `first`.
    #[must_use]
    pub fn new(first: u16) -> Self {
        let highest = START + u64::from(first);
        Self { highest, lowest: highest, seen: 1, received: 1 }
    }

    /// Takes the number of a packet. [`Order::Jump`] and [`Order::Duplicate`] leave everything as it was.
    pub fn offer(&mut self, sequence: u16) -> Order {
        let order = self.place(sequence);
        match order {
            Order::Ahead { missing } => self.advance(u64::from(missing) + 1),
            Order::Behind { by } => {
                self.seen |= 1 << by;
                self.lowest = self.lowest.min(self.highest - u64::from(by));
            }
            Order::Duplicate | Order::Jump => return order,
        }
        self.received += 1;
        order
    }

    /// Packets that should have come and did not, so far.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// The highest number so far, and in its upper half how often numbers have wrapped (RFC 3550 appendix A.1).
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a report has 32 bits of it")]
    pub fn highest(&self) -> u32 {
        self.highest.wrapping_sub(START) as u32
    }

    /// Packets from the first to the one of the highest number.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.highest - self.lowest + 1
    }

    /// Packets that came, each once.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    fn place(&self, sequence: u16) -> Order {
        #[expect(clippy::cast_possible_truncation, reason = "the sequence number is the low half")]
        let ahead = sequence.wrapping_sub(self.highest as u16);
        let behind = 0_u16.wrapping_sub(ahead);
        match ahead {
            1..=MAX_DROPOUT => Order::Ahead { missing: ahead - 1 },
            _ if behind >= WINDOW => Order::Jump,
            _ if self.seen >> behind & 1 == 1 => Order::Duplicate,
            _ => Order::Behind { by: behind },
        }
    }

    fn advance(&mut self, by: u64) {
        self.highest += by;
        self.seen = if by < u64::from(WINDOW) { self.seen << by | 1 } else { 1 };
    }
}

/// Where a packet belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// It is the newest.
    Ahead {
        /// Packets between it and the newest before it that have not come yet.
        missing: u16,
    },
    /// It comes late.
    Behind {
        /// Packets it should have come before.
        by: u16,
    },
    /// It has come before.
    Duplicate,
    /// It is of no order known here.
    Jump,
}

/// Room below the first number for those that should have come before it.
const START: u64 = 1 << 16;
/// RFC 3550 appendix A.1.
const MAX_DROPOUT: u16 = 3000;
/// How far back numbers are remembered; more is a jump (A.1 has 100).
const WINDOW: u16 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap_without_loss() {
        let mut tracker = SequenceTracker::new(65_530);
        for step in 1..20_u16 {
            assert_eq!(tracker.offer(65_530_u16.wrapping_add(step)), Order::Ahead { missing: 0 });
        }
        assert_eq!(tracker.lost(), 0);
    }

    #[test]
    fn what_is_missing_is_lost_until_it_comes() {
        let mut tracker = SequenceTracker::new(10);
        assert_eq!(tracker.offer(14), Order::Ahead { missing: 3 });
        assert_eq!(tracker.lost(), 3);
        assert_eq!(tracker.offer(12), Order::Behind { by: 2 });
        assert_eq!(tracker.lost(), 2);
    }

    #[test]
    fn a_packet_comes_once() {
        let mut tracker = SequenceTracker::new(10);
        assert_eq!(tracker.offer(10), Order::Duplicate);
        assert_eq!(tracker.offer(12), Order::Ahead { missing: 1 });
        assert_eq!(tracker.offer(11), Order::Behind { by: 1 });
        assert_eq!(tracker.offer(11), Order::Duplicate);
        assert_eq!(tracker.offer(12), Order::Duplicate);
        assert_eq!(tracker.lost(), 0);
    }

    #[test]
    fn packets_from_before_the_first_are_welcome() {
        let mut tracker = SequenceTracker::new(0);
        assert_eq!(tracker.offer(65_534), Order::Behind { by: 2 });
        assert_eq!(tracker.lost(), 1);
        assert_eq!(tracker.offer(65_535), Order::Behind { by: 1 });
        assert_eq!(tracker.lost(), 0);
    }

    #[test]
    fn far_away_is_a_jump() {
        let mut tracker = SequenceTracker::new(1000);
        assert_eq!(tracker.offer(1000 - 64), Order::Jump);
        assert_eq!(tracker.offer(1000 - 63), Order::Behind { by: 63 });
        assert_eq!(tracker.offer(4001), Order::Jump);
        assert_eq!(tracker.offer(4000), Order::Ahead { missing: 2999 });
        assert_eq!(tracker.offer(3990), Order::Behind { by: 10 });
    }
}
