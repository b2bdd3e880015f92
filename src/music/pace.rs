//! How fast the cards read that play the same music: each has a clock of its own, and none may fall behind or run dry.
//!
//! Every card gets the same pieces at the same time, and says of each how much it still had when it came. The first card reads
//! at its own speed. What another had more or less than the first is how far it has fallen behind or run ahead: it reads faster
//! or slower until both are in step, by a ratio that nobody hears ([`MOST_PPM`]).
//!
//! All of them read slower while a source with a clock of its own gives too little, and faster while it gives too much.

/// How cards that play the same keep in step.
#[derive(Clone, Debug)]
pub struct Pace {
    /// What the first had, smoothed; `None`: nothing yet.
    level: Option<f64>,
    others: Vec<Lag>,
}

/// How far a card is behind the first.
#[derive(Clone, Copy, Debug, Default)]
struct Lag {
    /// In frames, smoothed; `None`: nothing yet.
    frames: Option<f64>,
    /// What has been needed so far to keep it in step, in millionths.
    learnt_ppm: f64,
}

impl Pace {
    /// Of so many cards.
    #[must_use]
    pub fn new(cards: usize) -> Self {
        Self { level: None, others: vec![Lag::default(); cards.saturating_sub(1)] }
    }

    /// The frames that each card had when the same piece came to it.
    pub fn handle_piece(&mut self, had: &[u32]) {
        let Some((&first, others)) = had.split_first() else { return };
        smooth(&mut self.level, first.into());
        for (lag, &other) in self.others.iter_mut().zip(others) {
            let frames = smooth(&mut lag.frames, f64::from(other) - f64::from(first));
            // While it cannot be any faster it learns nothing: what stood still for a moment has no other clock than before.
            if (frames * AT_ONCE + lag.learnt_ppm).abs() < MOST_PPM {
                lag.learnt_ppm += frames * LEARNT;
            }
        }
    }

    /// How much faster than by its own clock a card, from 0 on, is to read, in millionths.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "some hundred")]
    pub fn ppm(&self, card: usize) -> f32 {
        let lag = card.checked_sub(1).and_then(|other| self.others.get(other));
        let own = lag.map_or(0.0, |lag| lag.frames.unwrap_or(0.0) * AT_ONCE + lag.learnt_ppm);
        (self.of_source() + own).clamp(-MOST_PPM, MOST_PPM) as f32
    }

    /// What all are to read faster or slower for the sake of the source.
    fn of_source(&self) -> f64 {
        match self.level {
            Some(level) if level < LOW => -MOST_PPM * (LOW - level) / LOW,
            Some(level) if level > HIGH => MOST_PPM * ((level - HIGH) / (HIGHEST - HIGH)).min(1.0),
            _ => 0.0,
        }
    }
}

fn smooth(held: &mut Option<f64>, new: f64) -> f64 {
    let smoothed = held.map_or(new, |held| held + (new - held) / SMOOTH);
    *held = Some(smoothed);
    smoothed
}

/// What no card is faster or slower than by itself: less than what a pitch is heard to change by, and more than any two clocks
/// differ.
const MOST_PPM: f64 = 400.0;
/// Millionths for each frame of a lag.
const AT_ONCE: f64 = 0.2;
/// What is learnt of each frame of a lag, ten times a second.
const LEARNT: f64 = 0.000_05;
/// Pieces over which is smoothed: cards take what comes when their period is over.
const SMOOTH: f64 = 64.0;
/// What a source keeps the first card supplied with, in frames: a second.
const LOW: f64 = 48_000.0;
/// And what it should not be more than.
const HIGH: f64 = 110_000.0;
const HIGHEST: f64 = 130_000.0;

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "frames of some pieces")]
mod tests {
    use super::*;

    /// Cards whose clocks are so many millionths fast, for so many pieces; how far each is behind the first at every piece, in
    /// milliseconds.
    fn lags(clocks: &[f64], pieces: u32) -> Vec<Vec<f64>> {
        lags_from(vec![90_000.0; clocks.len()], clocks, pieces)
    }

    /// The same of cards that have so many frames to begin with.
    fn lags_from(mut had: Vec<f64>, clocks: &[f64], pieces: u32) -> Vec<Vec<f64>> {
        let mut pace = Pace::new(clocks.len());
        let mut dice = 1_u32;
        (0..pieces)
            .map(|_| {
                let heard: Vec<u32> = had
                    .iter()
                    .map(|frames| {
                        // It is looked at once a period of 10 ms.
                        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        (frames + f64::from((dice >> 16) % 480)) as u32
                    })
                    .collect();
                pace.handle_piece(&heard);
                let read = |card: usize| 4_800.0 * (1.0 + (clocks[card] + f64::from(pace.ppm(card))) / 1e6);
                // The next comes when the first card has read one.
                let rate = |card: usize| 4_800.0 * read(card) / read(0);
                had = had.iter().enumerate().map(|(card, had)| had + 4_800.0 - rate(card)).collect();
                had.iter().map(|other| (other - had[0]) / 48.0).collect()
            })
            .collect()
    }

    #[test]
    fn cards_of_different_clocks_keep_in_step_for_a_day() {
        let lags = lags(&[150.0, -150.0, 30.0], 864_000);
        let worst =
            |from: usize| lags[from..].iter().flatten().fold(0.0_f64, |most, lag| most.max(lag.abs()));
        assert!(worst(0) < 40.0, "{} ms on the way", worst(0));
        assert!(worst(18_000) < 3.0, "{} ms after half an hour", worst(18_000));
    }

    #[test]
    fn a_card_that_stood_still_for_a_moment_gets_into_step_and_not_beyond() {
        for clock in [-100.0, 0.0, 100.0] {
            let lags = lags_from(vec![75_600.0, 90_000.0], &[0.0, clock], 36_000);
            let lags: Vec<_> = lags.iter().map(|lags| lags[1]).collect();
            assert!((lags[0] - 300.0).abs() < 1.0);
            let ahead = lags.iter().fold(0.0_f64, |most, lag| most.max(-lag));
            assert!(ahead < 20.0, "{ahead} ms");
            assert!(
                lags[18_000..].iter().all(|lag| lag.abs() < 20.0),
                "after half an hour: {}",
                lags[18_000]
            );
        }
    }

    #[test]
    fn the_first_card_and_an_only_one_read_as_they_do_by_themselves() {
        let mut pace = Pace::new(1);
        assert!(pace.ppm(0).abs() < 1e-6);
        for had in [91_200, 88_000, 60_000] {
            pace.handle_piece(&[had]);
            assert!(pace.ppm(0).abs() < 1e-6);
        }
        pace.handle_piece(&[]);
    }

    #[test]
    fn a_source_that_gives_too_little_is_read_slower_and_one_that_gives_too_much_faster() {
        let settled = |had| {
            let mut pace = Pace::new(2);
            (0..1_000).for_each(|_| pace.handle_piece(&[had, had]));
            (pace.ppm(0), pace.ppm(1))
        };
        let (slow, fast) = (settled(24_000), settled(140_000));
        assert!((slow.0 + 200.0).abs() < 1.0 && (slow.1 + 200.0).abs() < 1.0, "{slow:?}");
        assert!((fast.0 - 400.0).abs() < 1.0, "{fast:?}");
    }

    #[test]
    fn a_card_that_stood_still_is_never_made_to_run() {
        let mut pace = Pace::new(2);
        for _ in 0..100_000 {
            pace.handle_piece(&[90_000, 150_000]);
            assert!(pace.ppm(1) <= 400.0);
        }
    }
}
