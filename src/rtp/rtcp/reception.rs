//! What came of a stream, as a block of a report tells it (RFC 3550 §6.4.1, appendix A.3).

use super::ReportBlock;
use super::write::{MAX_LOST, MIN_LOST};

/// What has come of a stream so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reception {
    /// Which stream.
    pub ssrc: u32,
    /// The highest sequence number that came, and how often it has wrapped.
    pub highest_sequence: u32,
    /// Packets from the first to the one of the highest number.
    pub expected: u64,
    /// Packets that came.
    pub received: u64,
    /// Interarrival jitter in ticks of the stream.
    pub jitter: u32,
}

/// Makes blocks of what came, each of what came since the one before.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// What was reported last.
    reported: Option<Reception>,
}

impl Progress {
    /// The next block, without what it says of the sender's reports; `None` when nothing has come since the last.
    pub(super) fn block(&mut self, reception: Reception) -> Option<ReportBlock> {
        let since = self.reported.filter(|last| last.goes_on_in(&reception));
        let (expected, received) = since.map_or((0, 0), |last| (last.expected, last.received));
        if received == reception.received {
            return None;
        }
        self.reported = Some(reception);
        Some(ReportBlock {
            ssrc: reception.ssrc,
            fraction_lost: fraction_lost(reception.expected - expected, reception.received - received),
            lost: lost(reception.expected, reception.received),
            highest_sequence: reception.highest_sequence,
            jitter: reception.jitter,
            last_report: 0,
            delay: 0,
        })
    }
}

impl Reception {
    /// Whether `later` is the same stream, which has not begun anew.
    fn goes_on_in(&self, later: &Self) -> bool {
        self.ssrc == later.ssrc && self.expected <= later.expected && self.received <= later.received
    }
}

/// How many of 256 packets got lost; none when duplicates make up for it.
fn fraction_lost(expected: u64, received: u64) -> u8 {
    let lost = expected.saturating_sub(received);
    let fraction = lost.saturating_mul(256) / expected.max(1);
    u8::try_from(fraction).unwrap_or(u8::MAX)
}

fn lost(expected: u64, received: u64) -> i32 {
    let lost = i128::from(expected) - i128::from(received);
    let lost = lost.clamp(MIN_LOST.into(), MAX_LOST.into());
    i32::try_from(lost).unwrap_or(MAX_LOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reception(expected: u64, received: u64) -> Reception {
        Reception { ssrc: 7, highest_sequence: 0x1_0005, expected, received, jitter: 80 }
    }

    /// Fraction and sum of what got lost.
    fn loss(progress: &mut Progress, reception: Reception) -> Option<(u8, i32)> {
        progress.block(reception).map(|block| (block.fraction_lost, block.lost))
    }

    #[test]
    fn the_fraction_is_that_of_the_packets_since_the_last_report() {
        let mut progress = Progress::default();
        assert_eq!(loss(&mut progress, reception(100, 75)), Some((64, 25)));
        assert_eq!(loss(&mut progress, reception(200, 175)), Some((0, 25)));
        assert_eq!(loss(&mut progress, reception(300, 225)), Some((128, 75)));
    }

    #[test]
    fn nothing_is_told_of_a_stream_that_has_stopped() {
        let mut progress = Progress::default();
        assert_eq!(loss(&mut progress, reception(0, 0)), None);
        assert!(loss(&mut progress, reception(100, 100)).is_some());
        assert_eq!(loss(&mut progress, reception(100, 100)), None);
        assert_eq!(loss(&mut progress, reception(110, 105)), Some((128, 5)), "it counts from the last block");
    }

    #[test]
    fn more_than_was_sent_is_no_loss_and_makes_the_sum_negative() {
        let mut progress = Progress::default();
        assert_eq!(loss(&mut progress, reception(100, 110)), Some((0, -10)));
    }

    #[test]
    fn all_lost_but_one_is_nearly_all_and_numbers_stop_at_their_limits() {
        let mut progress = Progress::default();
        assert_eq!(loss(&mut progress, reception(1000, 1)), Some((255, 999)));
        assert_eq!(loss(&mut progress, reception(1 << 40, 2)), Some((255, 0x7f_ffff)));
        assert_eq!(loss(&mut progress, reception(1 << 40, 1 << 50)), Some((0, -0x80_0000)));
    }

    #[test]
    fn another_stream_counts_from_its_own_beginning() {
        let mut progress = Progress::default();
        loss(&mut progress, reception(1000, 1000));
        assert_eq!(loss(&mut progress, Reception { ssrc: 8, ..reception(2000, 1000) }), Some((128, 1000)));
        assert_eq!(
            loss(&mut progress, Reception { ssrc: 8, ..reception(4, 3) }),
            Some((64, 1)),
            "begun anew"
        );
    }
}
