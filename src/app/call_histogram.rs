//! Many durations in little memory: how they are spread.
//!
//! ```text
//! 0 … 999 µs: one counter each │ 1.00 … 9.99 ms: 900 counters │ 10.0 … 99.9 ms: 900 │ …
//! ```
//! So three digits are kept of each duration, and every percentile is within 1 %. Least and greatest are exact. It reads
//! no clock.

use core::fmt::{self, Write};
use core::time::Duration;

/// Durations, counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    /// By [`place`]; as long as the greatest needs.
    counts: Vec<u64>,
    total: u64,
    least: Duration,
    greatest: Duration,
}

impl Histogram {
    /// Counts `span`.
    pub(super) fn record(&mut self, span: Duration) {
        let place = place(span);
        if self.counts.len() <= place {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] += 1;
        self.least = if self.total == 0 { span } else { self.least.min(span) };
        self.greatest = self.greatest.max(span);
        self.total += 1;
    }

    /// How many were counted.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// The least duration that `percent` of all do not exceed, to three digits; `None` when nothing was counted.
    pub(super) fn percentile(&self, percent: u64) -> Option<Duration> {
        let rank = self.total.saturating_mul(percent).div_ceil(100).max(1);
        let mut seen = 0;
        let place = self.counts.iter().position(|&count| {
            seen += count;
            seen >= rank
        })?;
        Some(least_of(place).clamp(self.least, self.greatest))
    }

    /// Count, least, median, 95th and 99th percentile, greatest, as the columns of [`HEADING`].
    pub(super) fn columns(&self) -> String {
        let mut line = format!("{:>9}", self.total);
        let spread = [0, 50, 95, 99].map(|percent| self.percentile(percent));
        for span in spread.into_iter().chain([Some(self.greatest)]).flatten().filter(|_| self.total > 0) {
            // A `String` takes everything.
            let _ = write!(line, "{:>10.3}", span.as_secs_f64() * 1000.0);
        }
        line
    }

    /// One line for each step of 1-2-5 from the least to the greatest, with a bar that grows with its count.
    pub(super) fn bars(&self) -> Bars<'_> {
        Bars(self)
    }

    /// How many lie in each step; the first step that counts is `.0`.
    fn steps(&self) -> (usize, Vec<u64>) {
        let (first, last) = (step(self.least), step(self.greatest));
        let mut steps = vec![0; last - first + 1];
        for (place, count) in self.counts.iter().enumerate() {
            // A counter stands for three digits and lies in one step as a whole.
            if *count > 0 {
                steps[step(least_of(place)).clamp(first, last) - first] += count;
            }
        }
        (first, steps)
    }
}

/// What stands above [`Histogram::columns`].
pub(super) const HEADING: &str = "    count       min    median       p95       p99       max";

/// The spread as a picture.
pub(super) struct Bars<'a>(&'a Histogram);

impl fmt::Display for Bars<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.total == 0 {
            return Ok(());
        }
        let (first, steps) = self.0.steps();
        let most = steps.iter().copied().max().unwrap_or(1).max(1);
        for (at, &count) in (first..).zip(&steps) {
            let width = (count * BAR).div_ceil(most);
            let bar = "#".repeat(usize::try_from(width).unwrap_or_default());
            let line = format!("{:>10} .. {:<6}{count:>9} {bar}", millis(at), millis(at + 1));
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Which counter counts `span`.
fn place(span: Duration) -> usize {
    let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX).min(MOST_US);
    let (mut digits, mut decade) = (micros, 0);
    while digits > 999 {
        digits /= 10;
        decade += 1;
    }
    // The first thousand are exact; each decade after it begins with 100 of its own tens.
    usize::try_from(digits + decade * PER_DECADE).unwrap_or_default()
}

/// The least duration that `place` counts.
fn least_of(place: usize) -> Duration {
    let place = u64::try_from(place).unwrap_or_default();
    let decade = place.saturating_sub(100) / PER_DECADE;
    let digits = place - decade * PER_DECADE;
    Duration::from_micros(digits.saturating_mul(10_u64.saturating_pow(u32::try_from(decade).unwrap_or(0))))
}

/// The last step that begins at or before `span`.
fn step(span: Duration) -> usize {
    (1..STEPS).take_while(|&at| begin_us(at) <= span.as_micros()).last().unwrap_or(0)
}

/// Where a step begins: 0, 10, 20, 50, 100 µs and so on.
fn begin_us(step: usize) -> u128 {
    let Some(after) = step.checked_sub(1) else { return 0 };
    let decade = u32::try_from(after / 3).unwrap_or(u32::MAX);
    [10, 20, 50][after % 3] * 10_u128.saturating_pow(decade)
}

/// As milliseconds, without zeros that say nothing.
fn millis(step: usize) -> String {
    let micros = begin_us(step);
    match (micros / 1000, micros % 1000) {
        (whole, 0) => whole.to_string(),
        (whole, rest) => format!("{whole}.{rest:03}").trim_end_matches('0').to_owned(),
    }
}

const PER_DECADE: u64 = 900;
/// Nearly three hours; longer ones count as this.
const MOST_US: u64 = 9_999_999_999;
/// More steps than there are durations for.
const STEPS: usize = 100;
/// Characters of the longest bar.
const BAR: u64 = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(micros: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        for span in micros {
            histogram.record(Duration::from_micros(span));
        }
        histogram
    }

    #[test]
    fn percentiles_are_ranks() {
        let hundred = histogram((1..=100).rev());
        let found = [0, 1, 50, 95, 99, 100].map(|percent| hundred.percentile(percent).unwrap().as_micros());
        assert_eq!(found, [1, 1, 50, 95, 99, 100]);
        assert_eq!(histogram([]).percentile(50), None);
    }

    #[test]
    fn every_duration_keeps_three_digits() {
        for micros in [0, 7, 999, 1000, 1234, 9999, 10_000, 98_765, 123_456, 59_999_999, MOST_US] {
            let one = histogram([micros]);
            let place = place(Duration::from_micros(micros));
            let least = u64::try_from(least_of(place).as_micros()).unwrap();
            assert!(least <= micros && (micros - least) * 100 <= micros, "{micros} became {least}");
            // Alone, it is the least and the greatest, which are exact.
            assert_eq!(one.percentile(50), Some(Duration::from_micros(micros)));
        }
    }

    #[test]
    fn counters_are_in_order_and_none_is_left_out() {
        let places: Vec<_> = (0..2_000_000).map(|micros| place(Duration::from_micros(micros))).collect();
        assert!(places.windows(2).all(|pair| pair[1] == pair[0] || pair[1] == pair[0] + 1));
        assert!((0..7000).all(|counter| place(least_of(counter)) == counter));
    }

    #[test]
    fn memory_is_bounded_whatever_comes() {
        let histogram = histogram([u64::MAX, 0]);
        assert!(histogram.counts.len() <= 8000, "{}", histogram.counts.len());
        assert_eq!(histogram.percentile(100), Some(Duration::from_secs(9990)));
        assert_eq!(histogram.greatest, Duration::from_micros(u64::MAX));
    }

    #[test]
    fn bars_are_steps_of_one_two_five() {
        let picture = histogram([9, 150, 150, 199, 200, 4_999]).bars().to_string();
        let expected = [
            "         0 .. 0.01          1 ##############",
            "      0.01 .. 0.02          0",
            "      0.02 .. 0.05          0",
            "      0.05 .. 0.1           0",
            "       0.1 .. 0.2           3 ########################################",
            "       0.2 .. 0.5           1 ##############",
            "       0.5 .. 1             0",
            "         1 .. 2             0",
            "         2 .. 5             1 ##############",
        ];
        assert_eq!(picture.lines().collect::<Vec<_>>(), expected);
        assert_eq!(histogram([]).bars().to_string(), "");
    }

    #[test]
    fn columns_stand_below_their_heading() {
        let columns = histogram([1_000, 2_000, 3_500]).columns();
        assert_eq!(columns, "        3     1.000     2.000     3.500     3.500     3.500");
        assert_eq!(columns.len(), HEADING.len());
        assert_eq!(histogram([]).columns(), "        0");
    }
}
