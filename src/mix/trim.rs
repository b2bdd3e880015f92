//! When delay is won back, and how much: the one place where this is decided.
//!
//! A first version, which cuts. It cuts where nobody speaks, if it can; in speech only when there is much too much for
//! long; and at once when the delay is out of its range, as after a stall of the sink. Where there is too little, a
//! silence is made longer.

use crate::rtp::JitterBuffer;
use core::time::Duration;

/// Watches the delay of one voice.
#[derive(Clone, Debug, Default)]
pub(super) struct Trim {
    /// Blocks in a row with too much delay.
    long: u32,
    /// Blocks in a row with too little.
    short: u32,
    /// Blocks until the delay may be mended again.
    pause: u32,
}

impl Trim {
    /// Mends the delay before a block is pulled; `silent` when the block before it was.
    pub(super) fn mend(&mut self, jitter: &mut JitterBuffer, silent: bool) {
        let excess = jitter.excess_ticks();
        self.count(excess);
        if jitter.delay() > jitter.range().max + OVERSHOOT {
            jitter.skip(whole(excess));
        } else if self.pause > 0 {
            self.pause -= 1;
        } else if silent && self.long > PATIENCE_IN_SILENCE {
            jitter.skip(whole(excess).min(BLOCK));
            self.pause = PAUSE_IN_SILENCE;
        } else if silent && self.short > PATIENCE_IN_SILENCE {
            jitter.hold(whole(-excess).min(BLOCK));
            self.pause = PAUSE_IN_SILENCE;
        } else if excess > MUCH && self.long > PATIENCE_IN_SPEECH {
            jitter.skip(CUT_IN_SPEECH);
            self.pause = PAUSE_IN_SPEECH;
        }
    }

    fn count(&mut self, excess: i64) {
        self.long = if excess > SLACK { self.long.saturating_add(1) } else { 0 };
        self.short = if excess < -SLACK { self.short.saturating_add(1) } else { 0 };
    }
}

fn whole(ticks: i64) -> usize {
    usize::try_from(ticks).unwrap_or(0)
}

/// A block at 8 kHz.
const BLOCK: usize = 20;
/// 4 ms: as closely as a sink's clock is read, and a bit.
const SLACK: i64 = 32;
/// 20 ms.
const MUCH: i64 = 160;
/// 10 ms.
const CUT_IN_SPEECH: usize = 80;
/// Half a second of blocks.
const PATIENCE_IN_SILENCE: u32 = 200;
/// Two seconds of blocks.
const PATIENCE_IN_SPEECH: u32 = 800;
/// Every second block of a silence stays.
const PAUSE_IN_SILENCE: u32 = 1;
/// Half a second of blocks.
const PAUSE_IN_SPEECH: u32 = 200;
/// How far out of its range the delay may be for a while.
const OVERSHOOT: Duration = Duration::from_millis(20);
