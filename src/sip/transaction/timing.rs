//! The timer values of RFC 3261 §17 (its Table 4) and RFC 6026.
//!
//! Over a reliable transport nothing is sent twice, so the timers that only absorb repetitions are zero.

use crate::sip::path::{self, Path};
use core::time::Duration;

/// The estimate of a round trip (§17.1.1.1).
pub(crate) const T1: Duration = Duration::from_millis(500);
/// The longest interval between repetitions of a non-INVITE request or of an INVITE response (§17.1.2.2).
pub(crate) const T2: Duration = Duration::from_secs(4);
/// How long a message may stay in the network (§17.1.2.2).
pub(crate) const T4: Duration = Duration::from_secs(5);

/// Timer A: the first interval of an INVITE request; it doubles without a cap (§17.1.1.2).
pub(crate) const TIMER_A: Duration = T1;
/// Timer B: an INVITE without any response is given up (§17.1.1.2).
pub(crate) const TIMER_B: Duration = T1.saturating_mul(64);
/// Timer D: how long repeated non-2xx responses are acknowledged, at least 32 s (§17.1.1.2).
pub(crate) const TIMER_D: Duration = Duration::from_secs(32);
/// Timer E: the first interval of a non-INVITE request; it doubles up to T2 (§17.1.2.2).
pub(crate) const TIMER_E: Duration = T1;
/// Timer F: a non-INVITE request without a final response is given up (§17.1.2.2).
pub(crate) const TIMER_F: Duration = T1.saturating_mul(64);
/// Timer G: the first interval of a non-2xx response to INVITE; it doubles up to T2 (§17.2.1).
pub(crate) const TIMER_G: Duration = T1;
/// Timer H: how long the ACK is waited for (§17.2.1).
pub(crate) const TIMER_H: Duration = T1.saturating_mul(64);
/// Timer I: how long repeated ACKs are absorbed (§17.2.1).
pub(crate) const TIMER_I: Duration = T4;
/// Timer J: how long repeated non-INVITE requests are answered (§17.2.2).
pub(crate) const TIMER_J: Duration = T1.saturating_mul(64);
/// Timer K: how long repeated responses are absorbed (§17.1.2.2).
pub(crate) const TIMER_K: Duration = T4;
/// Timer L: how long repetitions of an INVITE answered by 2xx are absorbed (RFC 6026 §8.7).
pub(crate) const TIMER_L: Duration = T1.saturating_mul(64);
/// Timer M: how long repeated 2xx responses reach the user of the transaction (RFC 6026 §8.4).
pub(crate) const TIMER_M: Duration = T1.saturating_mul(64);

/// An INVITE that the user has not answered by then gets a 100 (§17.2.1).
pub(crate) const TRYING_AFTER: Duration = Duration::from_millis(200);

/// Whether the transport repeats what gets lost, so that the transactions need not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// UDP.
    Unreliable,
    /// TCP and what runs over it.
    Reliable,
}

impl Transport {
    /// What carries messages over `path`.
    pub(crate) const fn of(path: Path) -> Self {
        match path.transport {
            path::Transport::Udp => Self::Unreliable,
            path::Transport::Tcp => Self::Reliable,
        }
    }

    /// `span` where repetitions may come in, else zero.
    pub(crate) const fn linger(self, span: Duration) -> Duration {
        match self {
            Self::Unreliable => span,
            Self::Reliable => Duration::ZERO,
        }
    }
}

/// The interval after `sent` transmissions that began with `first` and doubled each time.
pub(crate) const fn doubled(first: Duration, sent: u8) -> Duration {
    first.saturating_mul(1 << if sent > 16 { 16 } else { sent })
}

/// [`doubled`], but not over T2.
pub(crate) fn doubled_to_t2(first: Duration, sent: u8) -> Duration {
    doubled(first, sent).min(T2)
}
