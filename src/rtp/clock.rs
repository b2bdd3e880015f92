//! What timestamps and arrivals say about each other (RFC 3550 appendix A.8).

use super::packet::Header;
use crate::time::Instant;
use crate::units::SampleRate;
use core::time::Duration;
use std::net::SocketAddr;

/// Compares timestamps with time, by the newest packet of a run.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    rate: SampleRate,
    /// The one that was sent last.
    newest: Arrived,
    /// The one that came last.
    last: Arrived,
    /// RFC 3550 appendix A.8, in microseconds.
    jitter: f64,
}

impl Clock {
    pub(super) fn new(packet: &Arrived, rate: SampleRate) -> Self {
        Self { rate, newest: *packet, last: *packet, jitter: 0.0 }
    }

    /// Begins anew with a packet that fits none before it. The jitter goes on.
    pub(super) fn restart(&mut self, packet: &Arrived, rate: SampleRate) {
        *self = Self { jitter: self.jitter, ..Self::new(packet, rate) };
    }

    pub(super) fn rate(&self) -> SampleRate {
        self.rate
    }

    /// How `packet` lies after the newest.
    pub(super) fn slip(&self, packet: &Arrived) -> Slip {
        Slip::between(&self.newest, packet, self.rate)
    }

    /// Takes notice of a packet of the run, `is_newest` if it was sent after all others.
    pub(super) fn advance(&mut self, packet: &Arrived, is_newest: bool) {
        let slip = Slip::between(&self.last, packet, self.rate);
        #[expect(clippy::cast_precision_loss, reason = "a jump would be a new run")]
        let distance = slip.late_us.unsigned_abs() as f64;
        self.jitter += (distance - self.jitter) / 16.0;
        self.last = *packet;
        if is_newest {
            self.newest = *packet;
        }
    }

    pub(super) fn jitter(&self) -> Duration {
        Duration::from_secs_f64(self.jitter / 1e6)
    }
}

/// How one packet lies after another.
pub(super) struct Slip {
    /// By its timestamp.
    pub(super) ticks: i32,
    /// How much later than by its timestamp the packet came.
    late_us: i64,
}

impl Slip {
    #[expect(clippy::cast_possible_wrap, reason = "timestamps wrap: their distance has a sign")]
    fn between(one: &Arrived, other: &Arrived, rate: SampleRate) -> Self {
        let ticks = other.header.timestamp.wrapping_sub(one.header.timestamp) as i32;
        let sent_us = i64::from(ticks) * 1_000_000 / i64::from(rate.hz());
        let elapsed = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        let elapsed_us = elapsed(other.at.since(one.at)) - elapsed(one.at.since(other.at));
        Self { ticks, late_us: elapsed_us.saturating_sub(sent_us) }
    }

    pub(super) fn is_jump(&self) -> bool {
        self.late_us.unsigned_abs() > JUMP_US
    }
}

/// A packet, when and from where it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrived {
    pub(super) at: Instant,
    pub(super) remote: SocketAddr,
    pub(super) header: Header,
}

/// Timestamps that are further from time than this begin a new run.
const JUMP_US: u64 = 300_000;
