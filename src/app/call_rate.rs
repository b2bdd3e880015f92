//! How often something happened: in all, and in the busiest and the idlest second.

use crate::time::Instant;
use core::fmt;
use core::time::Duration;

/// Events, counted by the second since the first.
#[derive(Clone, Debug, Default)]
pub(super) struct Rate {
    total: u64,
    first_at: Instant,
    last_at: Instant,
    /// The second that is being counted, and what it has so far.
    second: u64,
    count: u64,
    /// Least and most of the seconds before it.
    range: Option<(u64, u64)>,
}

impl Rate {
    /// One more.
    pub(super) fn count(&mut self, now: Instant) {
        if self.total == 0 {
            self.first_at = now;
        }
        let second = now.since(self.first_at).as_secs();
        if second != self.second {
            self.close();
            if second > self.second + 1 {
                self.include(0);
            }
            (self.second, self.count) = (second, 0);
        }
        self.last_at = now;
        self.total += 1;
        self.count += 1;
    }

    /// How many there were.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// When the first happened.
    pub(super) fn first_at(&self) -> Option<Instant> {
        (self.total > 0).then_some(self.first_at)
    }

    fn close(&mut self) {
        self.include(self.count);
    }

    fn include(&mut self, count: u64) {
        let (least, most) = self.range.unwrap_or((count, count));
        self.range = Some((least.min(count), most.max(count)));
    }
}

/// The mean rate from the first to the last, and the range of whole seconds.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.last_at.since(self.first_at);
        if self.total < 2 || length < Duration::from_millis(1) {
            return f.write_str("all at once");
        }
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let mean = (self.total - 1) as f64 / length.as_secs_f64();
        write!(f, "{mean:.1} a second")?;
        match self.range {
            Some((least, most)) => write!(f, ", {least} to {most} in each"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(millis: impl IntoIterator<Item = u64>) -> String {
        let mut rate = Rate::default();
        for at in millis {
            rate.count(Instant::from_millis(5000 + at));
        }
        rate.to_string()
    }

    #[test]
    fn the_mean_counts_intervals_and_the_range_whole_seconds() {
        assert_eq!(rate((0..=30).map(|n| n * 100)), "10.0 a second, 10 to 10 in each");
        assert_eq!(rate([0, 10, 20, 1500, 2000]), "2.0 a second, 1 to 3 in each");
    }

    #[test]
    fn a_second_without_any_counts_as_one() {
        assert_eq!(rate([0, 10, 4000]), "0.5 a second, 0 to 2 in each");
    }

    #[test]
    fn a_single_one_has_no_rate() {
        assert_eq!(rate([0]), "all at once");
        assert_eq!(rate([0, 500]), "2.0 a second");
    }
}
