//! Speech that goes on as it was: its last periods, again and again.
//!
//! The period is the distance at which the last 5 ms resemble what was before them most. For 20 ms the last one is
//! repeated, then the last two, then the last three, so that the ear finds no tone in it (the idea is that of ITU-T G.711
//! Appendix I). Where a turn begins, what is missing to the last sample is added and fades within 2.5 ms: so the wave has
//! no step. Turned round in time, the same serves to lead up to speech that is known already.

/// Where a repetition is. The past that it repeats is given each time, and must stay as it is.
#[derive(Clone, Debug)]
pub(super) struct Repetition {
    /// Samples of 125 µs.
    unit: usize,
    period: usize,
    likeness: f32,
    /// The samples of this turn, and how many of them were given.
    length: usize,
    turn: usize,
    /// What is missing to the last sample before this turn.
    step: f32,
    last: f32,
    age: usize,
}

impl Repetition {
    /// The most that is looked at, in units of 125 µs: three of the longest periods, and a sample before them.
    pub(super) const REACH: usize = 3 * LONGEST + 1;

    /// Goes on where `past` ends, which is of `unit` samples per 125 µs and at least [`SHORTEST_PAST`] units long.
    pub(super) fn new(past: &[f32], unit: usize) -> Self {
        let (period, likeness) = period(past, unit);
        let last = past.last().copied().unwrap_or(0.0);
        Self { unit, period, likeness, length: 0, turn: 0, step: 0.0, last, age: 0 }
    }

    /// How like the last period is to the one before it: 1 for the same.
    pub(super) fn likeness(&self) -> f32 {
        self.likeness
    }

    /// The next sample.
    pub(super) fn next(&mut self, past: &[f32]) -> f32 {
        if self.turn == self.length {
            self.begin_turn(past);
        }
        let mend = MEND * self.unit;
        let mended = if self.turn < mend { self.step * ratio(mend - self.turn, mend) } else { 0.0 };
        self.last = past[past.len() - self.length + self.turn] + mended;
        self.turn += 1;
        self.age += 1;
        self.last
    }

    fn begin_turn(&mut self, past: &[f32]) {
        let periods = 1 + usize::from(self.age >= ONE * self.unit) + usize::from(self.age >= TWO * self.unit);
        self.length = self.period * periods.min((past.len() - 1) / self.period).max(1);
        self.turn = 0;
        self.step = self.last - past[past.len() - self.length - 1];
    }
}

/// The distance at which the end of `past` resembles itself most, and how much.
fn period(past: &[f32], unit: usize) -> (usize, f32) {
    let compared = (COMPARED * unit).min(past.len() / 2);
    let longest = (LONGEST * unit).min(past.len() - compared - 1);
    let shortest = (SHORTEST * unit).min(longest);
    let best = |periods: &mut dyn Iterator<Item = usize>, stride: usize| {
        let rated = periods.map(|period| (period, likeness(past, compared, period, stride)));
        rated.fold((longest, f32::MIN), |best, other| if other.1 > best.1 { other } else { best })
    };
    let coarse = best(&mut (shortest..=longest).step_by(unit), unit);
    if unit == 1 {
        return coarse;
    }
    let near = (coarse.0 + 1).saturating_sub(unit).max(shortest)..=(coarse.0 + unit - 1).min(longest);
    best(&mut { near }, 1)
}

/// How like the last `compared` samples are to those a period before; every `stride`th is looked at.
fn likeness(past: &[f32], compared: usize, period: usize, stride: usize) -> f32 {
    let recent = &past[past.len() - compared..];
    let before = &past[past.len() - compared - period..][..compared];
    let (mut product, mut power, mut power_before) = (0.0, 1e-9, 1e-9);
    for (one, other) in recent.iter().zip(before).step_by(stride) {
        product += one * other;
        power += one * one;
        power_before += other * other;
    }
    product / f32::sqrt(power * power_before)
}

#[expect(clippy::cast_precision_loss, reason = "counts of samples within a few milliseconds")]
pub(super) fn ratio(part: usize, whole: usize) -> f32 {
    part as f32 / whole as f32
}

// All times in units of 125 µs.
/// What a repetition can be made of: 7.5 ms.
pub(super) const SHORTEST_PAST: usize = 60;
/// 2.5 ms: 400 Hz, the highest voice.
const SHORTEST: usize = 20;
/// 17.5 ms: 57 Hz, the lowest.
const LONGEST: usize = 140;
/// 5 ms are compared to find the period. Voices glide: of more, the oldest misleads.
const COMPARED: usize = 40;
/// 2.5 ms.
const MEND: usize = 20;
/// 20 ms of the last period, 20 ms of the last two.
const ONE: usize = 160;
const TWO: usize = 320;

#[cfg(test)]
mod tests {
    use super::*;
    use core::f32::consts::TAU;

    /// A voice of `hz` with three overtones, at 8 kHz times `unit`.
    fn voice(hz: f32, unit: u16, frames: u16) -> Vec<f32> {
        let rate = 8_000.0 * f32::from(unit);
        let sample =
            |frame: u16, overtone: f32| (TAU * hz * overtone * f32::from(frame) / rate).sin() / overtone;
        (0..frames)
            .map(|frame| [1.0, 2.0, 3.0].iter().map(|&overtone| sample(frame, overtone)).sum())
            .collect()
    }

    #[test]
    fn the_period_of_a_voice_is_found_at_any_rate() {
        for (unit, frames) in [(1, 421), (2, 842), (6, 2_526)] {
            for hz in [80.0, 125.0, 250.0, 320.0] {
                let found = Repetition::new(&voice(hz, unit, frames), usize::from(unit));
                let period = f32::from(u16::try_from(found.period).unwrap());
                let turns = period * hz / (8_000.0 * f32::from(unit));
                assert!((turns - turns.round()).abs() < 0.02 * turns.round(), "{hz} Hz: {turns} periods");
                assert!(found.likeness() > 0.98, "{hz} Hz: {}", found.likeness());
            }
        }
    }

    #[test]
    fn a_voice_goes_on_in_phase_through_all_turns() {
        let whole = voice(100.0, 1, 421 + 640);
        let (past, expected) = whole.split_at(421);
        let mut repetition = Repetition::new(past, 1);
        for (frame, expected) in expected.iter().enumerate() {
            let sample = repetition.next(past);
            assert!((sample - expected).abs() < 0.01, "{sample} and not {expected} at {frame}");
        }
    }

    #[test]
    fn a_short_past_is_repeated_as_well() {
        for len in SHORTEST_PAST..200 {
            let past = voice(300.0, 1, u16::try_from(len).unwrap());
            let mut repetition = Repetition::new(&past, 1);
            assert!((0..800).all(|_| repetition.next(&past).is_finite()));
        }
    }

    #[test]
    fn silence_goes_on_as_silence() {
        let mut repetition = Repetition::new(&[0.0; Repetition::REACH], 1);
        assert!((0..800).all(|_| repetition.next(&[0.0; Repetition::REACH]).abs() < 1e-9));
    }
}
