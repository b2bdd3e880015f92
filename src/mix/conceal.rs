//! What is heard while speech is missing, and how the seams around it are hidden.
//!
//! ```text
//!   speech ─┤ repetition ... fading ├ bridge ┤─ speech            what follows is known before it is due
//!   speech ─┤ repetition ... fading ┤─ joined over 5 ms ─ speech  it is not
//! ```
//!
//! A [`Concealer`] keeps what was heard last. When speech is missing it goes on by repetition (`repetition.rs`), in full
//! for 10 ms and fading out until 60 ms. Once the speech behind the gap has come, up to 20 ms before it is due, the rest
//! of the gap becomes a bridge: a repetition of what follows, turned round in time, takes over little by little, and the
//! first one is stretched or squeezed by up to 1 ms so that it arrives in phase. The bridge leads into what follows
//! without a seam.
//!
//! Where speech comes back unforeseen, the repetition goes on beneath it and is cross-faded out within 5 ms. A seam in
//! the speech (a cut, another stream) is treated the same way, and so is the beginning, where the fade is from silence
//! and half as long: no syllable is lost to it. Where nothing is missing and nobody speaks, what was heard fades out
//! within 6 ms.

use super::repetition::{Repetition, SHORTEST_PAST, ratio};
use crate::units::SampleRate;

/// Hides what is missing in one voice.
#[derive(Clone, Debug)]
pub(super) struct Concealer {
    /// Samples of 125 µs.
    unit: usize,
    /// What was heard last, made up or not: a ring, oldest at `oldest`.
    history: Box<[f32]>,
    oldest: usize,
    /// What is repeated: the history as it was when speech went missing.
    past: Box<[f32]>,
    repetition: Repetition,
    /// How far the fade has gone, and how fast it goes.
    age: usize,
    pace: usize,
    bridge: Bridge,
    /// Samples until speech has replaced the repetition, when it is coming back.
    joining: usize,
    /// How many that were in all.
    join: usize,
    active: bool,
}

impl Concealer {
    /// The longest stretch that may be bridged, and the most that is looked at of what follows, in units of 125 µs.
    pub(super) const BRIDGE: usize = 160;

    /// For speech of up to `rate`, and of that rate to begin with.
    pub(super) fn new(rate: SampleRate) -> Self {
        let unit = unit(rate);
        let reach = vec![0.0; Repetition::REACH * unit];
        Self {
            unit,
            repetition: Repetition::new(&reach, unit),
            history: reach.clone().into(),
            oldest: 0,
            past: reach.into(),
            age: FADED * unit,
            pace: 1,
            bridge: Bridge::new(unit),
            joining: 0,
            join: JOIN_FROM_SILENCE * unit,
            active: true,
        }
    }

    /// Begins anew with speech of `rate`, as from silence.
    pub(super) fn restart(&mut self, rate: SampleRate) {
        self.unit = unit(rate).min(self.history.len() / Repetition::REACH);
        self.history.fill(0.0);
        self.oldest = 0;
        (self.active, self.joining, self.age) = (true, 0, FADED * self.unit);
        self.bridge.clear();
    }

    /// Takes speech on its way out; `seam` when it does not follow the last.
    pub(super) fn speech(&mut self, samples: &mut [f32], seam: bool) {
        match self.bridge.end(samples.first()) {
            End::Arrived => self.active = false,
            End::Elsewhere => self.begin(),
            End::None if seam && (!self.active || self.joining > 0) => self.begin(),
            End::None => {}
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
        let led = self.bridge.give(samples);
        let (led, rest) = samples.split_at_mut(led);
        self.remember(led);
        if rest.is_empty() {
            return;
        }
        if !self.bridge.is_empty() {
            // It ends too early: what it led to is further away than was known.
            self.begin();
        }
        rest.fill_with(|| self.next());
        self.remember(rest);
    }

    /// Lets what was heard fade out.
    pub(super) fn fade(&mut self, samples: &mut [f32]) {
        if !self.active || self.joining > 0 {
            self.begin();
        }
        if self.pace == 1 {
            self.pace = FAST;
            self.age = self.age.max(FULL * self.unit);
        }
        self.lost(samples);
    }

    /// Whether it would help to know what follows.
    pub(super) fn wants_bridge(&self) -> bool {
        self.bridge.is_empty()
    }

    /// The next samples that will be asked for, `len` of them, are the last that are missing; `next` follows them.
    pub(super) fn bridge(&mut self, len: usize, next: &[f32]) {
        let len_is_right = (1..=Self::BRIDGE * self.unit).contains(&len);
        if !len_is_right || next.len() < SHORTEST_PAST * self.unit {
            return;
        }
        if !self.active || self.joining > 0 {
            self.begin();
        }
        let mut ahead = [0.0; AHEAD];
        let ahead = &mut ahead[..len + (ALIGNED + SHIFT) * self.unit];
        let past = &self.past[..Repetition::REACH * self.unit];
        let mut forward = self.repetition.clone();
        ahead.fill_with(|| forward.next(past));
        let gains = Gains { unit: self.unit, age: self.age, pace: self.pace };
        self.bridge.build(len, next, &Approach { ahead, likeness: forward.likeness(), gains });
    }

    /// Whether nothing is to be heard until speech comes.
    pub(super) fn is_quiet(&self) -> bool {
        self.active && self.joining == 0 && self.age >= FADED * self.unit && self.bridge.is_empty()
    }

    fn begin(&mut self) {
        let reach = Repetition::REACH * self.unit;
        let (newer, older) = self.history[..reach].split_at(self.oldest);
        let (first, second) = self.past[..reach].split_at_mut(older.len());
        first.copy_from_slice(older);
        second.copy_from_slice(newer);
        self.repetition = Repetition::new(&self.past[..reach], self.unit);
        (self.age, self.pace, self.joining) = (0, 1, 0);
        self.active = true;
        self.bridge.clear();
    }

    /// Lets speech replace the repetition.
    fn join(&mut self, samples: &mut [f32]) {
        if self.joining == 0 {
            // Held to the end: the repetition may fade to silence meanwhile.
            let join = if self.age >= FADED * self.unit { JOIN_FROM_SILENCE } else { JOIN };
            self.join = join * self.unit;
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
        let gains = Gains { unit: self.unit, age: self.age, pace: self.pace };
        if self.age >= FADED * self.unit {
            return 0.0;
        }
        self.age += self.pace;
        gains.forward(0) * self.repetition.next(&self.past[..Repetition::REACH * self.unit])
    }

    fn remember(&mut self, samples: &[f32]) {
        let history = &mut self.history[..Repetition::REACH * self.unit];
        let mut samples = samples;
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(history.len() - self.oldest));
            history[self.oldest..][..now.len()].copy_from_slice(now);
            self.oldest = (self.oldest + now.len()) % history.len();
            samples = later;
        }
    }
}

/// The end of a gap when it is known what follows.
#[derive(Clone, Debug)]
struct Bridge {
    samples: Box<[f32]>,
    at: usize,
    len: usize,
    /// The first sample of what follows.
    expected: f32,
}

enum End {
    /// There was no bridge.
    None,
    /// What follows is what the bridge leads to.
    Arrived,
    /// It is something else.
    Elsewhere,
}

impl Bridge {
    fn new(unit: usize) -> Self {
        Self { samples: vec![0.0; Concealer::BRIDGE * unit].into(), at: 0, len: 0, expected: 0.0 }
    }

    fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn clear(&mut self) {
        self.len = 0;
    }

    /// Writes the front of `samples` and says how much.
    fn give(&mut self, samples: &mut [f32]) -> usize {
        let given = samples.len().min(self.len.saturating_sub(self.at));
        samples[..given].copy_from_slice(&self.samples[self.at..][..given]);
        self.at += given;
        given
    }

    /// How the bridge ends when `first` follows.
    fn end(&mut self, first: Option<&f32>) -> End {
        if self.is_empty() {
            return End::None;
        }
        let arrived =
            self.at == self.len && first.is_some_and(|first| first.to_bits() == self.expected.to_bits());
        self.clear();
        if arrived { End::Arrived } else { End::Elsewhere }
    }

    /// From what is `approach`ing to what is `next`, in `len` samples.
    fn build(&mut self, len: usize, next: &[f32], approach: &Approach) {
        let unit = approach.gains.unit;
        let next = &next[..next.len().min(Concealer::BRIDGE * unit)];
        let mut mirrored = [0.0; MOST];
        for (mirrored, sample) in mirrored.iter_mut().zip(next.iter().rev()) {
            *mirrored = *sample;
        }
        let mirrored = &mirrored[..next.len()];
        let mut backward = Repetition::new(mirrored, unit);
        for sample in self.samples[..len].iter_mut().rev() {
            *sample = backward.next(mirrored);
        }
        let shift = if approach.likeness.min(backward.likeness()) > LIKE {
            approach.shift(&self.samples[..len], next)
        } else {
            0.0
        };
        for (index, sample) in self.samples[..len].iter_mut().enumerate() {
            let part = ratio(index + 1, len + 1);
            let forward = approach.gains.forward(index) * approach.at(index, shift * part);
            let backward = approach.gains.backward(len - 1 - index) * *sample;
            *sample = forward + part * (backward - forward);
        }
        (self.at, self.len, self.expected) = (0, len, next.first().copied().unwrap_or(0.0));
    }
}

/// What goes on towards the end of a gap, and beyond it.
struct Approach<'a> {
    ahead: &'a [f32],
    likeness: f32,
    gains: Gains,
}

impl Approach<'_> {
    /// By how many samples it is too early for what leads up to `next`, at the end of the gap.
    #[expect(clippy::cast_precision_loss, reason = "a few samples")]
    fn shift(&self, backward: &[f32], next: &[f32]) -> f32 {
        let unit = self.gains.unit;
        let most = SHIFT * unit;
        let Some(before) = backward.len().checked_sub(most) else { return 0.0 };
        let before = before.min(BEFORE * unit);
        let wanted = backward[backward.len() - before..].iter().chain(&next[..ALIGNED * unit]);
        let likeness = |from: usize| {
            let (mut product, mut power) = (0.0, 1e-9);
            for (one, other) in wanted.clone().zip(&self.ahead[from..]).step_by(unit) {
                product += one * other;
                power += other * other;
            }
            product / f32::sqrt(power)
        };
        let first = backward.len() - before - most;
        let rated = (0..=2 * most).step_by(unit).map(|shift| (shift, likeness(first + shift)));
        let start = (most, likeness(first + most) * 1.001);
        let best = rated.fold(start, |best, other| if other.1 > best.1 { other } else { best });
        if best.1 > 0.0 { best.0 as f32 - most as f32 } else { 0.0 }
    }

    /// The sample that lies `shift` behind `index`, between its neighbours on a cubic.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into a few milliseconds, not negative"
    )]
    fn at(&self, index: usize, shift: f32) -> f32 {
        let place = (index as f32 + shift).max(0.0);
        let (whole, x) = (place as usize, place.fract());
        let sample = |index: usize| self.ahead.get(index).copied().unwrap_or(0.0);
        if x == 0.0 {
            return sample(whole);
        }
        let (before, here) = (sample(whole.saturating_sub(1)), sample(whole));
        let (next, after) = (sample(whole + 1), sample(whole + 2));
        let (outer, inner) = (x * (x - 1.0), (x + 1.0) * (x - 2.0));
        (after * (x + 1.0) - before * (x - 2.0)) * outer / 6.0 + (here * (x - 1.0) - next * x) * inner / 2.0
    }
}

/// How loud what is made up is.
#[derive(Clone, Copy, Debug)]
struct Gains {
    unit: usize,
    age: usize,
    pace: usize,
}

impl Gains {
    /// `later` samples from now.
    fn forward(&self, later: usize) -> f32 {
        self.gain(self.age + self.pace * later)
    }

    /// `earlier` samples before what follows.
    fn backward(&self, earlier: usize) -> f32 {
        self.gain(earlier)
    }

    fn gain(&self, age: usize) -> f32 {
        ratio((FADED * self.unit).saturating_sub(age), (FADED - FULL) * self.unit).min(1.0)
    }
}

/// Samples of 125 µs.
fn unit(rate: SampleRate) -> usize {
    usize::try_from(rate.hz() / SampleRate::HZ_8000.hz()).unwrap_or(1).clamp(1, MAX_UNIT)
}

/// Samples of 125 µs at 48 kHz.
const MAX_UNIT: usize = 6;
const MOST: usize = Concealer::BRIDGE * MAX_UNIT;
const AHEAD: usize = MOST + (ALIGNED + SHIFT) * MAX_UNIT;
/// As like as periods of a voice are.
const LIKE: f32 = 0.4;
/// Eight times as fast.
const FAST: usize = 8;

// All times in units of 125 µs.
/// 10 ms in full.
const FULL: usize = 80;
/// 60 ms, and nothing is left.
const FADED: usize = 480;
/// 5 ms.
const JOIN: usize = 40;
/// 2.5 ms.
const JOIN_FROM_SILENCE: usize = 20;
/// 10 ms before what follows and 5 ms of it are looked at to meet it in phase.
const BEFORE: usize = 80;
const ALIGNED: usize = 40;
/// 1 ms.
const SHIFT: usize = 8;

#[cfg(test)]
mod tests;
