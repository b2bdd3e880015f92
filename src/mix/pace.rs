//! How fast a voice is played, so that its speech waits as long as it should: the one place where this is decided.
//!
//! ```text
//!    excess (how much longer than its target speech waits)
//!   ──────────┬─ beyond 6 ms for 50 ms ──> periods of the voice are cut or added until it is within 4 ms
//!             ├─ held within 3 ms ──> proportional ─┬─> millionths by which it is played faster
//!             └─ within 3 ms ───────> integral ─────┘
//! ```
//!
//! The millionths follow the clock of the sender: the integral learns how fast it is, within some 20 s and without ever
//! being audible, since they change by no more than 50 a second. They stand still while there is nothing to measure, and
//! while periods are cut or added.

use core::time::Duration;

/// Watches the delay of one voice.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    /// How fast the sender's clock is taken to be, in millionths.
    drift_ppm: f32,
    ppm: f32,
    /// Blocks in a row with too much or too little delay.
    patience: u32,
    mode: Mode,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Steady,
    Cutting,
    Adding,
}

impl Pace {
    /// Takes notice of the excess before a block of 2.5 ms; `None` while nothing plays.
    pub(super) fn observe(&mut self, excess_us: Option<i64>) {
        let Some(excess_us) = excess_us else {
            (self.mode, self.patience) = (Mode::Steady, 0);
            self.ppm = self.drift_ppm;
            return;
        };
        match self.mode {
            Mode::Steady if excess_us.abs() > TOO_MUCH_US => self.wait(excess_us),
            Mode::Steady => {
                self.patience = 0;
                self.follow(excess_us);
            }
            Mode::Cutting if excess_us < ENOUGH_US => self.mode = Mode::Steady,
            Mode::Adding if excess_us > -ENOUGH_US => self.mode = Mode::Steady,
            Mode::Cutting | Mode::Adding => {}
        }
    }

    /// How many microseconds of speech are to be cut, or added when negative. A little more than the excess, so that a
    /// period of the voice fits in at the end.
    pub(super) fn wish_us(&self, excess_us: i64) -> i64 {
        match self.mode {
            Mode::Steady => 0,
            Mode::Cutting => excess_us + ENOUGH_US,
            Mode::Adding => excess_us - ENOUGH_US,
        }
    }

    /// How much faster than the sink's clock the voice is to be played, in millionths.
    pub(super) fn ppm(&self) -> f32 {
        self.ppm
    }

    /// Of an excess that is little beside the delay that is wanted, what the slow way can mend: who waits for long does
    /// not mind a little more.
    pub(super) fn beside(excess_us: i64, target: Duration) -> i64 {
        let little_us = i64::try_from(target.as_micros() / 4).unwrap_or(i64::MAX);
        if excess_us.abs() <= little_us { excess_us.clamp(-TOO_MUCH_US, TOO_MUCH_US) } else { excess_us }
    }

    fn wait(&mut self, excess_us: i64) {
        self.patience += 1;
        if self.patience > PATIENCE {
            self.patience = 0;
            self.mode = if excess_us > 0 { Mode::Cutting } else { Mode::Adding };
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    fn follow(&mut self, excess_us: i64) {
        let error_ms = excess_us.clamp(-STEADY_US, STEADY_US) as f32 / 1000.0;
        if excess_us.abs() <= STEADY_US {
            let drift_ppm = self.drift_ppm + INTEGRAL * error_ms;
            self.drift_ppm = drift_ppm.clamp(-MAX_PPM, MAX_PPM);
        }
        self.ppm = self.drift_ppm + PROPORTIONAL * error_ms;
    }
}

/// What is left to the slow way.
const TOO_MUCH_US: i64 = 6_000;
/// 50 ms of blocks.
const PATIENCE: u32 = 20;
const ENOUGH_US: i64 = 4_000;
/// What is more than this is of the network: it is won back, but tells nothing about clocks.
const STEADY_US: i64 = 3_000;
/// Millionths per millisecond of excess. An excess of 1 ms changes by 1 µs a second for each millionth, so this and the
/// integral make a loop that is well damped, of 13 s.
const PROPORTIONAL: f32 = 200.0;
/// Millionths per millisecond of excess and block: 6 a second.
const INTEGRAL: f32 = 6.0 / 400.0;
/// No clock is further off.
const MAX_PPM: f32 = 400.0;

#[cfg(test)]
mod tests {
    use super::*;

    /// What the excess becomes within `seconds`, when the sender's clock is `drift_ppm` fast and the ratio follows at 50
    /// millionths a second.
    fn settle(drift_ppm: f64, start_us: f64, seconds: u32) -> (Vec<f64>, Pace) {
        settle_beside(Duration::from_millis(10), drift_ppm, start_us, seconds)
    }

    /// The same beside a delay of `target`.
    fn settle_beside(target: Duration, drift_ppm: f64, start_us: f64, seconds: u32) -> (Vec<f64>, Pace) {
        let (mut pace, mut ppm, mut excess_us) = (Pace::default(), 0.0_f64, start_us);
        let mut way = Vec::new();
        for _ in 0..400 * seconds {
            #[expect(clippy::cast_possible_truncation, reason = "some thousands")]
            pace.observe(Some(Pace::beside(excess_us.round() as i64, target)));
            assert_eq!(pace.mode, Mode::Steady, "{excess_us} us");
            ppm += (f64::from(pace.ppm()) - ppm).clamp(-0.125, 0.125);
            excess_us += (drift_ppm - ppm) * 0.0025;
            way.push(excess_us);
        }
        (way, pace)
    }

    #[test]
    fn a_clock_that_is_off_is_followed_within_two_milliseconds() {
        for drift_ppm in [-350.0, -200.0, 20.0, 200.0] {
            let (way, pace) = settle(drift_ppm, 0.0, 300);
            let worst = way.iter().fold(0.0_f64, |worst, excess| excess.abs().max(worst));
            assert!(worst < 2_500.0, "{drift_ppm} ppm: {worst} us");
            let last = &way[way.len() - 400 * 60..];
            let rest = last.iter().fold(0.0_f64, |worst, excess| excess.abs().max(worst));
            assert!(rest < 100.0, "{drift_ppm} ppm: {rest} us");
            assert!((f64::from(pace.ppm()) - drift_ppm).abs() < 10.0);
        }
    }

    #[test]
    fn a_little_too_much_is_gone_after_a_minute_without_swinging() {
        let (way, _) = settle(0.0, 5_000.0, 90);
        assert!(way.iter().all(|&excess| excess > -2_500.0));
        assert!(way[400 * 60..].iter().all(|excess| excess.abs() < 500.0));
    }

    #[test]
    fn an_excess_that_is_little_beside_the_delay_is_won_back_within_a_minute_and_is_not_taken_for_a_clock() {
        for start_us in [24_000.0, -24_000.0] {
            let (way, pace) = settle_beside(Duration::from_millis(100), 0.0, start_us, 90);
            let rest = way[400 * 60..].iter().fold(0.0_f64, |rest, excess| excess.abs().max(rest));
            let swing = way.iter().map(|excess| -excess * start_us.signum()).fold(0.0, f64::max);
            assert!(rest < 1_000.0 && swing < 1_000.0, "{start_us}: {rest} left, {swing} too far");
            assert!(pace.drift_ppm.abs() < 50.0, "{}", pace.drift_ppm);
        }
    }

    #[test]
    fn much_too_much_is_cut_and_much_too_little_is_added() {
        let mut pace = Pace::default();
        for (excess_us, wish_us) in [(150_000, 154_000), (-20_000, -24_000)] {
            for _ in 0..=PATIENCE {
                assert_eq!(pace.wish_us(excess_us), 0);
                pace.observe(Some(excess_us));
            }
            assert_eq!(pace.wish_us(excess_us), wish_us);
            pace.observe(Some(0));
            assert_eq!(pace.wish_us(0), 0);
        }
    }

    #[test]
    fn where_nothing_plays_nothing_is_learned() {
        let mut pace = settle(200.0, 0.0, 120).1;
        let learned = pace.drift_ppm;
        for _ in 0..4_000 {
            pace.observe(None);
        }
        assert!((pace.ppm() - learned).abs() < 1e-6 && (learned - 200.0).abs() < 10.0);
    }
}
