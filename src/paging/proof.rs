//! What can be proved of a page when it is over: how loud it was, and for how long nothing was heard.
//!
//! ```text
//! card 0: ─ reading ─ reading ─ … ─┐  each the loudness of a second at most,
//! card 1: ─ reading ─ reading ─ … ─┴> heard(): of the card on which it sounded longest
//! ```
//! Decides: what counts as silence, and which page was a silent one. A second is silent when its mean power is below
//! [`SILENCE_DBFS`]: the noise of a telephone line lies below that, speech of any level that is worth paging above. What
//! is measured is the voice as it is heard, after its own level: a page that was muted is a silent one.
//!
//! Leaves out: who paged and where readings come from.

use core::time::Duration;

/// The readings of a page so far, summed up.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    /// As many as cards have told something.
    cards: Vec<Tally>,
}

/// How loud a voice was for a while, as a part of full scale.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Loudness {
    /// The largest magnitude.
    pub peak: f32,
    /// The root of the mean square.
    pub rms: f32,
    /// How long it was listened to.
    pub span: Duration,
}

/// What was heard of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sounding {
    /// The largest magnitude, as a part of full scale.
    pub peak: f32,
    /// The root of the mean square of the seconds that were not silent; of all where there are no others.
    pub rms: f32,
    /// How long something was heard.
    pub sounding: Duration,
    /// How long nothing was.
    pub silent: Duration,
}

impl Proof {
    /// Nothing has been heard yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A card has played the page so loud; cards count from 0. Those from 64 on count for nothing.
    pub fn handle_reading(&mut self, card: usize, reading: Loudness) {
        if card >= MOST_CARDS {
            return;
        }
        if self.cards.len() <= card {
            self.cards.resize(card + 1, Tally::default());
        }
        self.cards[card].add(reading);
    }

    /// What was heard, on the card on which it sounded longest; of several the one on which it was loudest.
    #[must_use]
    pub fn heard(&self) -> Sounding {
        let all = self.cards.iter().map(Tally::heard);
        let rank = |heard: &Sounding| (heard.sounding, heard.rms, heard.silent);
        all.reduce(|one, other| if rank(&other) > rank(&one) { other } else { one }).unwrap_or_default()
    }
}

impl Sounding {
    /// Whether a page that was on air for so long was a silent one. What is shorter than two seconds is somebody
    /// who dialled wrongly.
    #[must_use]
    pub fn is_of_silent_page(&self, on_air: Duration) -> bool {
        on_air >= WORTH_A_WARNING && self.sounding.is_zero()
    }
}

/// What one card has played.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    peak: f32,
    sounding: Power,
    silent: Power,
}

impl Tally {
    fn add(&mut self, reading: Loudness) {
        // What is no number is no sound.
        let power = f64::from(reading.rms).powi(2);
        let power = if power.is_finite() { power } else { 0.0 };
        self.peak = self.peak.max(reading.peak);
        let sums = if power >= SILENCE_POWER { &mut self.sounding } else { &mut self.silent };
        sums.span += reading.span;
        sums.energy += power * reading.span.as_secs_f64();
    }

    fn heard(&self) -> Sounding {
        let loud = if self.sounding.span.is_zero() { &self.silent } else { &self.sounding };
        let (sounding, silent) = (self.sounding.span, self.silent.span);
        Sounding { peak: self.peak, rms: loud.rms(), sounding, silent }
    }
}

/// Power over a time.
#[derive(Clone, Copy, Debug, Default)]
struct Power {
    span: Duration,
    energy: f64,
}

impl Power {
    #[expect(clippy::cast_possible_truncation, reason = "a level needs no more")]
    fn rms(&self) -> f32 {
        if self.span.is_zero() { 0.0 } else { (self.energy / self.span.as_secs_f64()).sqrt() as f32 }
    }
}

/// A second whose mean power is below it is silent.
pub const SILENCE_DBFS: f64 = -50.0;
/// The same as a power: 10^(-50/10).
pub(super) const SILENCE_POWER: f64 = 1e-5;
/// A page that is on air for so long without any sound is worth a warning.
const WORTH_A_WARNING: Duration = Duration::from_secs(2);
/// Cards that are kept apart.
const MOST_CARDS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(rms: f32, millis: u64) -> Loudness {
        Loudness { peak: rms * 2.0, rms, span: Duration::from_millis(millis) }
    }

    /// A page of one card.
    fn page(readings: &[(f32, u64)]) -> Sounding {
        let mut proof = Proof::new();
        for &(rms, millis) in readings {
            proof.handle_reading(0, reading(rms, millis));
        }
        proof.heard()
    }

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn silent_seconds_are_counted_and_do_not_make_the_others_less_loud() {
        let heard = page(&[(0.0, 400), (0.1, 1000), (0.2, 1000), (0.0, 1000), (0.001, 500)]);
        assert_eq!((heard.sounding, heard.silent), (seconds(2.0), seconds(1.9)));
        assert!((heard.rms - 0.025_f32.sqrt()).abs() < 1e-6, "{heard:?}");
        assert!((heard.peak - 0.4).abs() < 1e-6, "{heard:?}");
    }

    #[test]
    fn a_second_is_silent_below_50_decibels_under_full_scale() {
        let level = |dbfs: f32| 10.0_f32.powf(dbfs / 20.0);
        assert_eq!(page(&[(level(-50.1), 1000)]).sounding, seconds(0.0));
        assert_eq!(page(&[(level(-49.9), 1000)]).sounding, seconds(1.0));
    }

    #[test]
    fn a_page_of_two_seconds_in_which_nothing_was_heard_is_a_silent_one() {
        let noise = page(&[(0.001, 1000), (0.002, 1000)]);
        assert!(noise.is_of_silent_page(seconds(2.0)));
        assert!(!noise.is_of_silent_page(seconds(1.9)), "somebody dialled wrongly");
        assert!((noise.rms - 0.0025_f32.sqrt() * 0.0316).abs() < 1e-4, "its noise is told: {noise:?}");
        let word = page(&[(0.0, 1000), (0.02, 300), (0.0, 1000)]);
        assert!(!word.is_of_silent_page(seconds(2.3)));
    }

    #[test]
    fn a_page_that_no_card_has_played_is_a_silent_one() {
        let nothing = Proof::new().heard();
        assert_eq!(nothing, Sounding::default());
        assert!(nothing.is_of_silent_page(seconds(3.0)));
    }

    #[test]
    fn of_several_cards_that_counts_on_which_it_was_heard_longest() {
        let mut proof = Proof::new();
        for _ in 0..3 {
            proof.handle_reading(0, reading(0.0, 1000));
            proof.handle_reading(2, reading(0.1, 1000));
            proof.handle_reading(3, reading(0.05, 1000));
        }
        let heard = proof.heard();
        assert_eq!((heard.sounding, heard.silent), (seconds(3.0), seconds(0.0)));
        assert!((heard.rms - 0.1).abs() < 1e-6, "{heard:?}");
    }

    #[test]
    fn what_is_no_number_and_a_card_that_cannot_be_count_for_nothing() {
        let mut proof = Proof::new();
        proof.handle_reading(0, Loudness { peak: f32::NAN, rms: f32::NAN, span: seconds(1.0) });
        proof.handle_reading(usize::MAX, reading(0.5, 1000));
        assert_eq!(proof.heard(), Sounding { silent: seconds(1.0), ..Sounding::default() });
    }
}
