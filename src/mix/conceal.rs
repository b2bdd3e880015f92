//! What is heard while speech is missing, and how the seams around it are hidden.
//!
//! A [`Concealer`] keeps the last 30 ms. When speech is missing it repeats the last period of the voice, in full for
//! 10 ms and fading out until 60 ms. Where the repetition begins, and at each turn of it, what is missing to the last
//! sample is added and fades within 2.5 ms: so the wave has no step. When speech comes back, the repetition goes on
//! beneath it and is cross-faded out within 5 ms. A seam in the speech (a cut, another stream) is treated the same way,
//! and so is the beginning, where the fade is from silence and half as long: no syllable is lost to it.
//!
//! All times are for 8 kHz.

/// Hides what is missing in one voice.
#[derive(Clone, Debug)]
pub(super) struct Concealer {
    /// What was played last, newest at the end.
    history: [f32; HISTORY],
    /// The period that is repeated.
    template: [f32; MAX_PERIOD],
    period: usize,
    /// What is missing to the last sample before the template.
    step: f32,
    /// Where in the period the repetition is, and how far it has gone in all.
    turn: usize,
    age: usize,
    /// Samples until speech has replaced the repetition, when it is coming back.
    joining: usize,
    /// How many that were in all.
    join: usize,
    active: bool,
}

impl Concealer {
    pub(super) fn new() -> Self {
        Self {
            history: [0.0; HISTORY],
            template: [0.0; MAX_PERIOD],
            period: MIN_PERIOD,
            step: 0.0,
            turn: 0,
            age: FADED,
            joining: 0,
            join: JOIN_FROM_SILENCE,
            active: true,
        }
    }

    /// Takes speech on its way out; `seam` when it does not follow the last.
    pub(super) fn speech(&mut self, samples: &mut [f32], seam: bool) {
        if seam && (!self.active || self.joining > 0) {
            self.begin();
        }
        if self.active {
            self.join(samples);
        }
        self.remember(samples);
    }

    /// Makes up what is missing.
    pub(super) fn lost(&mut self, samples: &mut [f32]) {
        if !self.active || self.joining > 0 {
            self.begin();
        }
        for sample in samples {
            *sample = self.next();
        }
    }

    /// Whether nothing is to be heard until speech comes.
    pub(super) fn is_quiet(&self) -> bool {
        self.active && self.joining == 0 && self.age >= FADED
    }

    fn begin(&mut self) {
        self.period = period(&self.history);
        let last = HISTORY - self.period;
        self.template[..self.period].copy_from_slice(&self.history[last..]);
        self.step = self.history[HISTORY - 1] - self.history[last - 1];
        (self.turn, self.age, self.joining) = (0, 0, 0);
        self.active = true;
    }

    /// Lets speech replace the repetition.
    fn join(&mut self, samples: &mut [f32]) {
        if self.joining == 0 {
            // Held to the end: the repetition may fade to silence meanwhile.
            self.join = if self.age >= FADED { JOIN_FROM_SILENCE } else { JOIN };
            self.joining = self.join;
        }
        for sample in samples {
            if self.joining == 0 {
                break;
            }
            self.joining -= 1;
            let fade = ratio(self.joining, self.join);
            *sample += fade * (self.next() - *sample);
        }
        self.active = self.joining > 0;
    }

    fn next(&mut self) -> f32 {
        if self.age >= FADED {
            return 0.0;
        }
        let mend = self.step * ratio(MEND.saturating_sub(self.turn), MEND);
        let gain = ratio(FADED - self.age, FADED - FULL).min(1.0);
        let sample = self.template[self.turn] + mend;
        self.turn = if self.turn + 1 == self.period { 0 } else { self.turn + 1 };
        self.age += 1;
        gain * sample
    }

    fn remember(&mut self, samples: &[f32]) {
        let samples = &samples[samples.len().saturating_sub(HISTORY)..];
        self.history.copy_within(samples.len().., 0);
        self.history[HISTORY - samples.len()..].copy_from_slice(samples);
    }
}

/// The distance at which the end of the history resembles itself most.
fn period(history: &[f32; HISTORY]) -> usize {
    let recent = &history[HISTORY - COMPARED..];
    let likeness = |period: usize| {
        let before = &history[HISTORY - COMPARED - period..][..COMPARED];
        let (mut product, mut power) = (0.0, 1e-9);
        for (one, other) in recent.iter().zip(before) {
            product += one * other;
            power += other * other;
        }
        product / power.sqrt()
    };
    let mut best = (f32::NEG_INFINITY, MAX_PERIOD);
    for period in MIN_PERIOD..=MAX_PERIOD {
        let like = likeness(period);
        if like > best.0 {
            best = (like, period);
        }
    }
    best.1
}

#[expect(clippy::cast_precision_loss, reason = "counts of samples within a few milliseconds")]
fn ratio(part: usize, whole: usize) -> f32 {
    part as f32 / whole as f32
}

/// 2.5 ms: 400 Hz, the highest voice.
const MIN_PERIOD: usize = 20;
/// 17.5 ms: 57 Hz, the lowest.
const MAX_PERIOD: usize = 140;
/// 10 ms are compared to find the period.
const COMPARED: usize = 80;
/// 30 ms.
const HISTORY: usize = 240;
/// 2.5 ms.
const MEND: usize = 20;
/// 10 ms in full.
const FULL: usize = 80;
/// 60 ms, and nothing is left.
const FADED: usize = 480;
/// 5 ms.
const JOIN: usize = 40;
/// 2.5 ms.
const JOIN_FROM_SILENCE: usize = 20;

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "silence is exact zeros")]
mod tests {
    use super::*;
    use core::f32::consts::TAU;

    fn tone(hz: f32, from: u16, len: u16) -> Vec<f32> {
        (from..from + len).map(|sample| (TAU * hz * f32::from(sample) / 8000.0).sin()).collect()
    }

    /// A concealer that has heard a tone for 100 ms.
    fn after_tone(hz: f32) -> Concealer {
        let mut concealer = Concealer::new();
        concealer.speech(&mut tone(hz, 0, 800), true);
        concealer
    }

    fn lost(concealer: &mut Concealer, len: usize) -> Vec<f32> {
        let mut samples = vec![f32::NAN; len];
        concealer.lost(&mut samples);
        samples
    }

    #[test]
    fn a_tone_goes_on_in_phase() {
        for hz in [80.0, 100.0, 200.0, 320.0] {
            let made_up = lost(&mut after_tone(hz), FULL);
            for (one, other) in made_up.iter().zip(tone(hz, 800, 80)) {
                assert!((one - other).abs() < 0.01, "{hz} Hz: {one} and not {other}");
            }
        }
    }

    #[test]
    fn what_is_made_up_begins_where_speech_ended_whatever_it_was() {
        let mut concealer = Concealer::new();
        // A step in the middle of the history: nothing that could be repeated.
        let mut speech = [vec![0.0; 400], vec![0.7; 30]].concat();
        concealer.speech(&mut speech, true);
        let made_up = lost(&mut concealer, FULL);
        assert!((made_up[0] - 0.7).abs() < 0.1, "{}", made_up[0]);
    }

    #[test]
    fn what_is_made_up_is_gone_after_sixty_milliseconds() {
        let mut concealer = after_tone(200.0);
        let made_up = lost(&mut concealer, 600);
        assert!(made_up[FADED - 60..FADED].iter().any(|&sample| sample.abs() > 0.02));
        assert!(made_up[FADED..].iter().all(|&sample| sample == 0.0));
        assert!(concealer.is_quiet());
    }

    #[test]
    fn speech_after_a_loss_is_itself_after_five_milliseconds() {
        let mut concealer = after_tone(200.0);
        lost(&mut concealer, 160);
        let mut speech = vec![0.25; 20];
        concealer.speech(&mut speech, false);
        assert!(speech.iter().any(|&sample| sample != 0.25));
        let mut speech = vec![0.25; 60];
        concealer.speech(&mut speech, false);
        assert_eq!(speech[20..], [0.25; 40]);
    }

    #[test]
    fn speech_that_returns_while_the_repetition_fades_to_silence_only_rises() {
        let mut concealer = after_tone(200.0);
        lost(&mut concealer, FADED - 20);
        let mut speech = [1.0; 40];
        for block in speech.chunks_mut(20) {
            concealer.speech(block, false);
        }
        assert!(speech.windows(2).all(|pair| pair[1] > pair[0] && pair[1] - pair[0] < 0.05), "{speech:?}");
    }

    #[test]
    fn speech_after_silence_is_itself_after_two_and_a_half_milliseconds() {
        let mut speech = vec![0.25; 40];
        Concealer::new().speech(&mut speech, true);
        assert!(speech[0] > 0.01 && speech[0] < 0.02, "{}", speech[0]);
        assert_eq!(speech[JOIN_FROM_SILENCE - 1..], [0.25; 21]);
    }

    #[test]
    fn speech_without_a_seam_is_left_alone() {
        let mut concealer = after_tone(200.0);
        let mut speech = tone(200.0, 800, 80);
        concealer.speech(&mut speech, false);
        assert_eq!(speech, tone(200.0, 800, 80));
    }
}
