//! What timestamps and arrivals say about each other (RFC 3550 appendix A.8).

use super::packet::Header;
use crate::time::Instant;
use crate::units::SampleRate;
use core::time::Duration;
use std::net::SocketAddr;

/// Compares timestamps with time, by the newest packet.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    newest: Arrived,
    /// RFC 3550 appendix A.8, in microseconds.
    jitter: f64,
}

impl Clock {
    pub(super) fn new(packet: &Arrived) -> Self {
        Self { newest: *packet, jitter: 0.0 }
    }

    /// How `packet` lies after the newest.
    #[expect(clippy::cast_possible_wrap, reason = "timestamps wrap: their distance has a sign")]
    pub(super) fn slip(&self, packet: &Arrived, rate: SampleRate) -> Slip {
        let ticks = packet.header.timestamp.wrapping_sub(self.newest.header.timestamp) as i32;
        let sent_us = i64::from(ticks) * 1_000_000 / i64::from(rate.hz());
        let elapsed = packet.at.since(self.newest.at).as_micros();
        let elapsed_us = i64::try_from(elapsed).unwrap_or(i64::MAX);
        Slip { ticks, late_us: elapsed_us.saturating_sub(sent_us) }
    }

    pub(super) fn advance(&mut self, packet: &Arrived, slip: &Slip) {
        #[expect(clippy::cast_precision_loss, reason = "a jump would be a new run")]
        let distance = slip.late_us.unsigned_abs() as f64;
        self.jitter += (distance - self.jitter) / 16.0;
        self.newest = *packet;
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
