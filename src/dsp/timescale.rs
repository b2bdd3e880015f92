//! Speech made shorter or longer, at the same pitch.
//!
//! ```text
//!  to cut:   ──a──[=== period ===]──b──     the wave at a is like that at b: cross-faded from a to b, the period is gone
//!  to add:   ──[=== period ===]a──────      the wave at a is like that a period ago: cross-faded back, it plays twice
//! ```
//!
//! [`TimeScale`] stands in a stream and lets it pass. Told that so many samples are too many or too few, it takes out or
//! repeats periods of the voice, one at a time with a pause between, wherever the wave resembles itself well enough
//! (W. Verhelst and M. Roelants, "An overlap-add technique based on waveform similarity", 1993). Where nobody speaks,
//! any place will do, and no pause is needed. Where nothing resembles for [`PATIENCE`], the best there is must do.
//!
//! To cut, it pulls what it takes out before its time: that much must have come, and more wishes are not granted.
//!
//! Left out: when there is too much or too little; that is for who knows the delay.

use crate::units::SampleRate;
use core::fmt;

/// Shortens and lengthens a stream on demand. It allocates nothing after construction.
#[derive(Clone)]
pub struct TimeScale {
    /// Samples of a millisecond.
    ms: usize,
    /// What was given last, then what was pulled and not given yet.
    span: Box<[f32]>,
    read: usize,
    end: usize,
    /// Samples to cut, or to add when negative.
    wish: i64,
    /// Samples until the next change may come.
    pause: usize,
    /// Samples for which no good place was found.
    waited: usize,
}

impl TimeScale {
    /// A stream of `rate`, at least 8 kHz, that has been silent so far.
    #[must_use]
    pub fn new(rate: SampleRate) -> Self {
        let ms = milliseconds(rate);
        let history = LONGEST * ms;
        Self {
            ms,
            span: vec![0.0; SPAN * ms].into(),
            read: history,
            end: history,
            wish: 0,
            pause: 0,
            waited: 0,
        }
    }

    /// How many samples are too many from now on, or too few when negative. It replaces what was wished before.
    pub fn want(&mut self, samples: i64) {
        self.wish = samples;
    }

    /// Samples that were pulled and not given yet.
    #[must_use]
    pub fn held(&self) -> usize {
        self.end - self.read
    }

    /// Fills `output`, at most 20 ms of it, pulling what it needs. Says how many samples were left out, or added when
    /// negative.
    pub fn process(&mut self, pull: &mut dyn FnMut(&mut [f32]), output: &mut [f32]) -> i64 {
        let mut changed = 0;
        for output in output.chunks_mut(STEP * self.ms) {
            changed += self.step(pull, output);
        }
        changed
    }

    /// Begins anew with a stream of `rate`, which is no higher than the one it was made for.
    pub fn restart(&mut self, rate: SampleRate) {
        self.ms = milliseconds(rate).min(self.span.len() / SPAN);
        self.reset();
    }

    /// Forgets what it holds and what was wished.
    pub fn reset(&mut self) {
        self.span.fill(0.0);
        self.read = LONGEST * self.ms;
        self.end = self.read;
        (self.wish, self.pause, self.waited) = (0, 0, 0);
    }

    fn step(&mut self, pull: &mut dyn FnMut(&mut [f32]), output: &mut [f32]) -> i64 {
        let changed = self.change(pull, output.len());
        self.fill(output.len(), pull);
        output.copy_from_slice(&self.span[self.read..][..output.len()]);
        self.read += output.len();
        self.pause = self.pause.saturating_sub(output.len());
        self.wish -= changed;
        changed
    }

    /// Cuts or adds a period, if that is wished and a place is found.
    fn change(&mut self, pull: &mut dyn FnMut(&mut [f32]), len: usize) -> i64 {
        let most = usize::try_from(self.wish.unsigned_abs()).unwrap_or(usize::MAX).min(LONGEST * self.ms);
        if most < SHORTEST * self.ms {
            self.waited = 0;
            return 0;
        }
        let cuts = self.wish > 0;
        // What was added has to be given first: it is not to pile up.
        if self.pause > 0 || (!cuts && self.held() > FADE * self.ms) {
            return 0;
        }
        self.fill(FADE * self.ms + if cuts { most } else { 0 }, pull);
        let Some(period) = self.place(most, cuts) else {
            self.waited += len;
            return 0;
        };
        self.waited = 0;
        if cuts {
            self.cut(period);
        } else {
            self.add(period);
        }
        let period = i64::try_from(period).unwrap_or(0);
        if cuts { period } else { -period }
    }

    /// How much to cut or to add here, at most `most`; `None` for a bad place.
    fn place(&mut self, most: usize, cuts: bool) -> Option<usize> {
        let from = if cuts { self.read } else { self.read - most };
        if level(&self.span[from..][..most + FADE * self.ms]) < NOISE {
            return Some(most);
        }
        let (period, likeness) = self.best_period(most, cuts);
        if likeness < LIKE && self.waited < PATIENCE * self.ms {
            return None;
        }
        self.pause = PAUSE * self.ms;
        Some(period)
    }

    /// The distance at which the wave resembles itself most, found coarsely and then to the sample.
    fn best_period(&self, most: usize, cuts: bool) -> (usize, f32) {
        let coarse = self.ms / COARSE_PER_MS;
        let (first, steps) = (SHORTEST * self.ms, (most - SHORTEST * self.ms) / coarse);
        let best = (0..=steps)
            .map(|step| first + step * coarse)
            .map(|period| (period, self.likeness(period, cuts, coarse)))
            .fold((first, f32::MIN), better);
        if coarse == 1 {
            return best;
        }
        let near = best.0.saturating_sub(coarse - 1).max(first)..=(best.0 + coarse - 1).min(most);
        near.map(|period| (period, self.likeness(period, cuts, 1))).fold((first, f32::MIN), better)
    }

    /// How like the wave here is to that a period later, or earlier: 1 for the same, 0 for nothing in common. Looks at
    /// every `stride`th sample.
    fn likeness(&self, period: usize, cuts: bool, stride: usize) -> f32 {
        let len = FADE * self.ms;
        let here = &self.span[self.read..][..len];
        let there = if cuts { self.read + period } else { self.read - period };
        let there = &self.span[there..][..len];
        let (mut product, mut power, mut other_power) = (0.0, 1e-9, 1e-9);
        for (one, other) in here.iter().zip(there).step_by(stride) {
            product += one * other;
            power += one * one;
            other_power += other * other;
        }
        product / f32::sqrt(power * other_power)
    }

    fn cut(&mut self, period: usize) {
        let fade = FADE * self.ms;
        for index in 0..fade {
            let (here, there) = (self.span[self.read + index], self.span[self.read + period + index]);
            self.span[self.read + period + index] = here + weight(index, fade) * (there - here);
        }
        self.span.copy_within(self.read + period..self.end, self.read);
        self.end -= period;
    }

    fn add(&mut self, period: usize) {
        self.make_room(period);
        let fade = FADE * self.ms;
        self.span.copy_within(self.read..self.end, self.read + period);
        self.end += period;
        for index in 0..period.max(fade) {
            // Those of the history stand before `read`, the others have been moved to where they are wanted.
            let again = if index < period { self.read + index - period } else { self.read + index };
            let again = self.span[again];
            self.span[self.read + index] = if index < fade {
                let on = self.span[self.read + period + index];
                on + weight(index, fade) * (again - on)
            } else {
                again
            };
        }
    }

    /// Pulls until `len` samples are there.
    fn fill(&mut self, len: usize, pull: &mut dyn FnMut(&mut [f32])) {
        let missing = len.saturating_sub(self.held());
        if missing > 0 {
            self.make_room(missing);
            pull(&mut self.span[self.end..][..missing]);
            self.end += missing;
        }
    }

    /// Forgets history that is too old, if what is to come needs the room.
    fn make_room(&mut self, len: usize) {
        if self.end + len > self.span.len() {
            let gone = self.read - LONGEST * self.ms;
            self.span.copy_within(gone..self.end, 0);
            self.read -= gone;
            self.end -= gone;
        }
    }
}

impl fmt::Debug for TimeScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeScale")
            .field("wish", &self.wish)
            .field("held", &self.held())
            .finish_non_exhaustive()
    }
}

/// Samples of a millisecond.
fn milliseconds(rate: SampleRate) -> usize {
    usize::try_from(rate.hz() / 1000).unwrap_or(8).max(8)
}

fn better(one: (usize, f32), other: (usize, f32)) -> (usize, f32) {
    if other.1 > one.1 { other } else { one }
}

#[expect(clippy::cast_precision_loss, reason = "counts of samples within a few milliseconds")]
fn weight(index: usize, len: usize) -> f32 {
    (index + 1) as f32 / (len + 1) as f32
}

/// The mean power, as a root.
#[expect(clippy::cast_precision_loss, reason = "a few milliseconds of samples")]
fn level(samples: &[f32]) -> f32 {
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32).sqrt()
}

// All times in milliseconds.
/// The shortest period: 400 Hz.
const SHORTEST: usize = 3;
/// The longest, and the most that is changed at once.
const LONGEST: usize = 15;
/// What is compared and cross-faded.
const FADE: usize = 7;
/// Between two changes in speech: 10 ms in 70 are 14 % faster, which nobody minds for a second or two.
const PAUSE: usize = 60;
/// For a good place.
const PATIENCE: usize = 80;
/// What is given at a time.
const STEP: usize = 3;
/// History, the longest change both ways, what is faded and what is given.
const SPAN: usize = 3 * LONGEST + FADE + 2 * STEP + LONGEST;
/// Places tried in a millisecond.
const COARSE_PER_MS: usize = 4;
/// As like as periods of a voice are.
const LIKE: f32 = 0.7;
/// -48 dB: nobody speaks.
const NOISE: f32 = 0.004;

#[cfg(test)]
mod tests;
