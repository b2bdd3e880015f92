//! How fast the sender's clock runs, and the fastest way packets take: a line under their transits.
//!
//! ```text
//!  transit │ ·  :   .     :  ·   .
//!          │   .  · :  ·  .   :  _.--   a minimum per second, and the line through them
//!          └──────────────────────────> arrival
//! ```
//!
//! The transit of a packet is its arrival less its timestamp. The clocks at both ends differ, so transits rise or fall
//! all the time: by up to 0.5 ms in a second. The minimum of a second is free of jitter but for a little; least squares
//! over half a minute of minima tell the slope, which is believed once its standard error is small. What the slope
//! accounts for is taken out before minima are compared, so they can be compared over longer.

/// The line, and what it was drawn by.
#[derive(Clone, Debug)]
pub(super) struct Drift {
    /// The fastest packet of each of the last seconds.
    minima: [Option<Point>; SECONDS],
    second: i64,
    /// Microseconds of transit per microsecond of arrival.
    slope: f64,
    is_known: bool,
    line: Option<Point>,
}

impl Drift {
    pub(super) fn new() -> Self {
        Self { minima: [None; SECONDS], second: 0, slope: 0.0, is_known: false, line: None }
    }

    /// The clocks have moved against each other. The slope is kept as a guess.
    pub(super) fn forget(&mut self) {
        *self = Self { slope: self.slope, second: self.second, ..Self::new() };
    }

    /// Makes `at_us` the present. The line may rise by it.
    pub(super) fn turn_to(&mut self, at_us: i64) {
        let second = at_us.div_euclid(SECOND_US);
        if second <= self.second {
            return;
        }
        let first = (self.second + 1).max(second.saturating_sub(SECONDS_I64 - 1));
        for stale in first..=second {
            self.minima[index(stale)] = None;
        }
        self.second = second;
        self.fit();
        self.draw(at_us);
    }

    /// Takes notice of a packet; the line falls to it if it is below.
    pub(super) fn observe(&mut self, packet: Point) {
        self.turn_to(packet.at_us);
        let above = |point: Point| packet.us.saturating_sub(self.along(point, packet.at_us));
        let (minimum, line) = (self.minima[index(self.second)], self.line);
        let [is_minimum, is_lowest] = [minimum, line].map(|low| low.is_none_or(|low| above(low) < 0));
        if is_minimum {
            self.minima[index(self.second)] = Some(packet);
        }
        if is_lowest {
            self.line = Some(packet);
        }
    }

    /// The transit of the fastest packets that arrive at `at_us`.
    pub(super) fn fastest_us(&self, at_us: i64) -> Option<i64> {
        self.line.map(|line| self.along(line, at_us))
    }

    /// The transit of the fastest packets so far.
    pub(super) fn line_us(&self) -> Option<i64> {
        self.line.map(|line| line.us)
    }

    /// By how many millionths the sender's clock is faster than the one arrivals are read from, once that is known.
    #[expect(clippy::cast_possible_truncation, reason = "no more than a thousand")]
    pub(super) fn clock_ppm(&self) -> Option<f32> {
        self.is_known.then_some((-self.slope * 1e6) as f32)
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a slope of thousandths"
    )]
    fn along(&self, point: Point, at_us: i64) -> i64 {
        point.us.saturating_add((self.slope * (at_us - point.at_us) as f64) as i64)
    }

    /// The line runs through the lowest of the last points. While the slope is not known they must be young.
    fn draw(&mut self, at_us: i64) {
        let window = if self.is_known { WINDOW } else { WINDOW_AT_FIRST };
        let lowest = |window: i64| {
            let seconds = (self.second - window + 1)..=self.second;
            let points = seconds.filter_map(|second| self.minima[index(second)]);
            points.min_by_key(|&point| self.along(point, at_us))
        };
        self.line = lowest(window).or_else(|| lowest(WINDOW));
    }

    /// Least squares over the minima of full seconds.
    fn fit(&mut self) {
        let points = || self.minima.iter().flatten();
        let Some(origin) = points().next().copied() else { return };
        let mut sums = Sums::default();
        for point in points() {
            sums.add(seconds(point.at_us - origin.at_us), seconds(point.us.saturating_sub(origin.us)));
        }
        let Some((slope, error)) = sums.slope() else { return };
        if sums.count >= LEAST_POINTS && error < MOST_ERROR && slope.abs() < MOST_SLOPE {
            self.slope = slope;
            self.is_known = true;
        }
    }
}

/// A packet: its arrival and its transit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) at_us: i64,
    pub(super) us: i64,
}

/// What least squares need.
#[derive(Default)]
struct Sums {
    count: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
}

impl Sums {
    fn add(&mut self, x: f64, y: f64) {
        self.count += 1.0;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
        self.yy += y * y;
    }

    /// The slope and its standard error.
    fn slope(&self) -> Option<(f64, f64)> {
        let xx = self.xx - self.x * self.x / self.count;
        let xy = self.xy - self.x * self.y / self.count;
        let yy = self.yy - self.y * self.y / self.count;
        if self.count < 3.0 || xx < 1.0 {
            return None;
        }
        let slope = xy / xx;
        let residual = (yy - slope * xy).max(0.0) / (self.count - 2.0);
        Some((slope, (residual / xx).sqrt()))
    }
}

fn index(second: i64) -> usize {
    usize::try_from(second.rem_euclid(SECONDS_I64)).unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "within a minute")]
fn seconds(us: i64) -> f64 {
    us as f64 / 1e6
}

const SECOND_US: i64 = 1_000_000;
/// Seconds that the slope is drawn by.
const SECONDS: usize = 30;
const SECONDS_I64: i64 = 30;
/// Seconds over which the fastest packet counts.
const WINDOW: i64 = 10;
/// The same while the slope is not known: clocks move by no more than 1 ms.
const WINDOW_AT_FIRST: i64 = 2;
const LEAST_POINTS: f64 = 8.0;
/// 40 ppm: within [`WINDOW`] 0.4 ms.
const MOST_ERROR: f64 = 40e-6;
/// 1000 ppm. No sender's clock is so wrong.
const MOST_SLOPE: f64 = 1000e-6;

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets of 20 ms for `millis`, from a clock that is `ppm` fast, each up to `jitter_us` late; says how far the
    /// line is from the truth at each, from the tenth second on.
    fn errors(ppm: f64, jitter_us: u64, millis: i64) -> (Drift, Vec<f64>) {
        let mut drift = Drift::new();
        let mut dice = 88_172_645_463_325_252_u64;
        let mut errors = Vec::new();
        for number in 0..millis / 20 {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            let late = i64::try_from(dice % (jitter_us + 1)).unwrap();
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
            let true_us = 5_000 - (number as f64 * 20_000.0 * ppm / 1e6) as i64;
            let at_us = number * 20_000 + true_us + late;
            drift.observe(Point { at_us, us: true_us + late });
            if number > 500 {
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                errors.push((drift.fastest_us(at_us).unwrap() - true_us) as f64);
            }
        }
        (drift, errors)
    }

    #[test]
    fn a_clock_that_is_off_is_known_to_a_few_millionths() {
        for ppm in [-500.0, -200.0, 0.0, 30.0, 500.0] {
            let (drift, _) = errors(ppm, 0, 12_000);
            let found = f64::from(drift.clock_ppm().unwrap());
            assert!((found - ppm).abs() < 2.0, "{found} and not {ppm}");
            let (drift, _) = errors(ppm, 20_000, 40_000);
            let found = f64::from(drift.clock_ppm().unwrap());
            assert!((found - ppm).abs() < 25.0, "{found} and not {ppm}, with jitter");
        }
    }

    #[test]
    fn the_line_is_smooth_under_jitter_whatever_the_clock() {
        for ppm in [-500.0, 0.0, 500.0] {
            let (_, errors) = errors(ppm, 20_000, 120_000);
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let count = errors.len() as f64;
            let mean = errors.iter().sum::<f64>() / count;
            let rms = (errors.iter().map(|error| (error - mean).powi(2)).sum::<f64>() / count).sqrt();
            assert!(mean.abs() < 500.0 && rms < 300.0, "{ppm} ppm: {mean} µs and {rms} µs");
        }
    }

    #[test]
    fn a_way_that_becomes_longer_tells_nothing_of_the_clock() {
        let mut drift = Drift::new();
        for number in 0..2_000 {
            let us = if number < 1_000 { 5_000 } else { 45_000 };
            drift.observe(Point { at_us: number * 20_000 + us, us });
            let ppm = drift.clock_ppm().unwrap_or(0.0);
            assert!(ppm.abs() < 1.0, "packet {number}: {ppm}");
        }
        assert_eq!(drift.fastest_us(40_000_000), Some(45_000));
    }

    #[test]
    fn after_a_silence_the_line_is_where_it_was_and_after_a_long_one_it_is_unknown() {
        let mut drift = Drift::new();
        drift.observe(Point { at_us: 1_000_000, us: 5_000 });
        drift.turn_to(9_000_000);
        assert_eq!(drift.fastest_us(9_000_000), Some(5_000));
        drift.turn_to(30_000_000);
        assert_eq!(drift.fastest_us(30_000_000), None);
    }
}
