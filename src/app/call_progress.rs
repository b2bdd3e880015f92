//! What became of the packets of a call: counted by the talker, read by whoever wants to know.

use super::call_error::CallError;
use crate::time::Instant;
use core::fmt;
use core::ops::AddAssign;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::time::Duration;

/// The packets of one call, as they go.
#[derive(Debug, Default)]
pub(super) struct Progress {
    planned: u64,
    /// By [`Fate`].
    counts: [AtomicU64; FATES],
    worst_late_us: AtomicU64,
    first_us: AtomicU64,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// The machine took it.
    Sent,
    /// The machine or the peer refused it.
    Refused,
    /// Lost on purpose.
    Lost,
    /// Not sent, for it is silence.
    Silent,
    /// Not sent, for this program was too late for it.
    LeftOut,
    /// Sent once more on purpose.
    Doubled,
}

impl Progress {
    /// Of so many packets, each of which will be sent, refused, lost, silent or left out.
    pub(super) fn new(planned: usize) -> Self {
        Self { planned: u64::try_from(planned).unwrap_or(u64::MAX), ..Self::default() }
    }

    /// One more.
    pub(super) fn count(&self, fate: Fate) {
        self.counts[fate as usize].fetch_add(1, Relaxed);
    }

    /// A packet that was sent has come back as refused.
    pub(super) fn take_back(&self) {
        let sent = &self.counts[Fate::Sent as usize];
        if sent.fetch_update(Relaxed, Relaxed, |sent| sent.checked_sub(1)).is_ok() {
            self.count(Fate::Refused);
        }
    }

    /// A packet that was due at `due` has left so late.
    pub(super) fn left(&self, due: Instant, late: Duration) {
        // Only the first is kept; no packet is due at the origin of time.
        let _ = self.first_us.compare_exchange(0, due.as_micros(), Relaxed, Relaxed);
        let late_us = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
        self.worst_late_us.fetch_max(late_us, Relaxed);
    }

    /// When the first packet was due, once it is sent.
    pub(super) fn first_at(&self) -> Option<Instant> {
        Some(self.first_us.load(Relaxed)).filter(|&at| at > 0).map(Instant::from_micros)
    }

    /// How late the latest packet was sent.
    pub(super) fn worst_late(&self) -> Duration {
        Duration::from_micros(self.worst_late_us.load(Relaxed))
    }

    /// The counts as they are.
    pub(super) fn packets(&self) -> Packets {
        let counts = core::array::from_fn(|fate| self.counts[fate].load(Relaxed));
        Packets { planned: self.planned, counts }
    }
}

/// How it went: when it began, and what was sent.
impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(first_at) = self.first_at() {
            writeln!(f, "first packet at {first_at}")?;
        }
        write!(f, "{}, the latest {:.1?} after its time", self.packets(), self.worst_late())
    }
}

/// The packets of some calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Packets {
    planned: u64,
    counts: [u64; FATES],
}

impl Packets {
    /// How many had this fate.
    pub(super) const fn of(&self, fate: Fate) -> u64 {
        self.counts[fate as usize]
    }

    /// How far they are, in a few words.
    pub(super) fn progress(&self) -> String {
        format!("{} of {} packets sent", self.of(Fate::Sent), self.planned)
    }

    /// How many datagrams were sent.
    pub(super) const fn datagrams(&self) -> u64 {
        self.of(Fate::Sent) + self.of(Fate::Doubled)
    }

    /// How many there are.
    pub(super) const fn planned(&self) -> u64 {
        self.planned
    }

    /// Whether all that was meant to be sent was.
    ///
    /// # Errors
    /// When it was not.
    pub(super) const fn outcome(&self) -> Result<(), CallError> {
        let (sent, meant) = (self.of(Fate::Sent), self.meant());
        if self.planned > 0 && sent == meant {
            Ok(())
        } else {
            Err(CallError::Unsent { sent, packets: meant })
        }
    }

    /// How many are not withheld on purpose.
    const fn meant(&self) -> u64 {
        self.planned.saturating_sub(self.of(Fate::Lost) + self.of(Fate::Silent))
    }
}

impl AddAssign for Packets {
    fn add_assign(&mut self, other: Self) {
        self.planned += other.planned;
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
    }
}

impl fmt::Display for Packets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "sent {} of {} packets, {} refused",
            self.of(Fate::Sent),
            self.meant(),
            self.of(Fate::Refused)
        )?;
        let rest = [
            (Fate::LeftOut, "left out as too late"),
            (Fate::Lost, "lost on purpose"),
            (Fate::Doubled, "doubled"),
            (Fate::Silent, "not sent in silence"),
        ];
        for (fate, what) in rest {
            if self.of(fate) > 0 {
                write!(f, ", {} {what}", self.of(fate))?;
            }
        }
        Ok(())
    }
}

const FATES: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(fates: &[Fate]) -> Progress {
        let progress = Progress::new(4);
        for &fate in fates {
            progress.count(fate);
        }
        progress
    }

    #[test]
    fn all_said_means_sent_or_withheld_on_purpose() {
        use Fate::{Doubled, LeftOut, Lost, Refused, Sent, Silent};
        let is_ok = |fates: &[Fate]| progress(fates).packets().outcome().is_ok();
        assert!(is_ok(&[Sent; 4]) && is_ok(&[Sent, Lost, Silent, Sent, Doubled]) && is_ok(&[Lost; 4]));
        assert!(
            !is_ok(&[Sent; 3])
                && !is_ok(&[Sent, Sent, Sent, Refused])
                && !is_ok(&[LeftOut, Sent, Sent, Sent])
        );
        assert!(!is_ok(&[Sent, Sent, Sent, Doubled]) && Packets::default().outcome().is_err());
    }

    #[test]
    fn a_packet_that_comes_back_was_refused() {
        let progress = progress(&[Fate::Sent; 4]);
        progress.take_back();
        let packets = progress.packets();
        assert_eq!((packets.of(Fate::Sent), packets.of(Fate::Refused)), (3, 1));
        assert_eq!(packets.to_string(), "sent 3 of 4 packets, 1 refused");
    }

    #[test]
    fn sums_are_told_without_what_did_not_happen() {
        let mut sum = progress(&[Fate::Sent, Fate::Sent, Fate::Lost, Fate::Sent]).packets();
        sum += progress(&[Fate::Sent, Fate::Silent, Fate::Doubled, Fate::LeftOut, Fate::Sent]).packets();
        let said = "sent 5 of 6 packets, 0 refused, 1 left out as too late, 1 lost on purpose, 1 doubled, \
                    1 not sent in silence";
        assert_eq!(sum.to_string(), said);
        assert_eq!((sum.planned(), sum.datagrams()), (8, 6));
    }

    #[test]
    fn the_first_packet_and_the_latest_are_remembered() {
        let progress = Progress::new(2);
        assert_eq!(progress.first_at(), None);
        for (due, late) in [(20, 3), (40, 9), (60, 1)] {
            progress.left(Instant::from_millis(due), Duration::from_millis(late));
        }
        assert_eq!(progress.first_at(), Some(Instant::from_millis(20)));
        assert_eq!(progress.worst_late(), Duration::from_millis(9));
    }
}
