//! A sound of which every sample is known.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;

use pagingbox::clock;
use pagingbox::output::Engine;
use pagingbox::time::Instant;

/// Noise of a fixed length, on two channels of opposite sign, that begins when it is told to.
pub(crate) struct Signal<'a> {
    begin: &'a AtomicBool,
    frames: usize,
    next: usize,
    /// Where rendering hangs once, and how long.
    stall: Option<(usize, Duration)>,
    /// The number of the first frame of each rendering, and its time.
    renderings: Vec<(usize, Instant)>,
}

impl<'a> Signal<'a> {
    pub(crate) fn new(frames: usize, begin: &'a AtomicBool) -> Self {
        Self { begin, frames, next: 0, stall: None, renderings: Vec::with_capacity(frames / 120 + 1) }
    }

    pub(crate) fn stalling(self, at: usize, span: Duration) -> Self {
        Self { stall: Some((at, span)), ..self }
    }

    /// How many frames have been rendered.
    pub(crate) fn played(&self) -> usize {
        self.next
    }

    /// When the frame called `number` was due.
    pub(crate) fn due_at(&self, number: usize) -> Instant {
        let after = self.renderings.partition_point(|&(first, _)| first <= number);
        let (first, due) = self.renderings[after - 1];
        due + Duration::from_micros(u64::try_from(number - first).unwrap() * 125 / 6)
    }
}

impl Engine for &mut Signal<'_> {
    fn collect(&mut self, _now: Instant) {}

    fn is_idle(&self) -> bool {
        self.next >= self.frames || !self.begin.load(Ordering::Relaxed)
    }

    fn render(&mut self, now: Instant, sound: &mut [f32]) {
        if self.next < self.frames {
            self.renderings.push((self.next, now));
        }
        if let Some((_, span)) = self.stall.take_if(|stall| self.next >= stall.0) {
            clock::sleep_until(clock::now() + span);
        }
        for frame in sound.chunks_exact_mut(2) {
            let sample = if self.next < self.frames { f32::from(sample(self.next)) / 32_768.0 } else { 0.0 };
            frame.copy_from_slice(&[sample, -sample]);
            self.next = (self.next + 1).min(self.frames);
        }
    }
}

/// The sample called `number`: noise, and never 0, which is silence.
pub(crate) fn sample(number: usize) -> i16 {
    let hash = u64::try_from(number).unwrap().wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let sample = i16::try_from(hash >> 50).unwrap();
    if hash & 1 == 0 { sample + 1 } else { -1 - sample }
}
