//! Speech of one voice, in time: as much of the stream as the sink's clock asks for, no later than it must be.

use super::pace::Pace;
use super::stream::{Stream, highest_rate};
use super::voice::Format;
use crate::dsp::TimeScale;
use crate::rtp::{Chunk, DelayRange};
use crate::time::Instant;
use crate::units::SampleRate;
use core::time::Duration;

/// A stream and what keeps its delay.
#[derive(Clone, Debug)]
pub(super) struct Playout {
    stream: Stream,
    scale: TimeScale,
    pace: Pace,
    /// How much sooner what is pulled next is heard than it was to be when the stream was pulled last.
    sooner_us: i64,
    sounds: bool,
}

impl Playout {
    pub(super) fn new(formats: heapless::Vec<Format, 8>, delay: DelayRange) -> Self {
        let mut scale = TimeScale::new(highest_rate(&formats));
        let stream = Stream::new(formats, delay);
        scale.restart(stream.rate());
        Self { stream, scale, pace: Pace::default(), sooner_us: 0, sounds: false }
    }

    pub(super) fn insert(&mut self, now: Instant, chunk: &Chunk) {
        self.stream.insert(now, chunk);
    }

    /// Writes what is heard from `now` on, and says whether there is anything.
    pub(super) fn render(&mut self, now: Instant, block: &mut [f32]) -> bool {
        self.mend();
        let rate = self.stream.rate();
        let mut at = now + self.held();
        let stream = &mut self.stream;
        let mut has_pulled = false;
        let mut pull = |samples: &mut [f32]| {
            stream.pull(at, samples);
            at += rate.span_of(samples.len() as u64);
            has_pulled = true;
        };
        let cut = self.scale.process(&mut pull, block);
        self.sooner_us = micros(cut, rate) + if has_pulled { 0 } else { self.sooner_us };
        let sounds = self.stream.take_sounds() || self.scale.held() > 0;
        if self.sounds && !sounds {
            self.scale.reset();
        }
        self.sounds = sounds;
        sounds
    }

    /// Writes what is heard when no more is to come.
    pub(super) fn render_end(&mut self, block: &mut [f32]) {
        self.stream.conceal_end(block);
    }

    /// Whether speech of another rate waits, and all before it was given.
    pub(super) fn is_turning(&self) -> bool {
        self.stream.is_turning() && self.scale.held() == 0
    }

    /// Goes on with it.
    pub(super) fn turn(&mut self) {
        self.stream.turn();
        self.scale.restart(self.stream.rate());
        self.sooner_us = 0;
    }

    /// Samples per second of what is given.
    pub(super) fn rate(&self) -> SampleRate {
        self.stream.rate()
    }

    /// How much faster than the sink's clock it is to be played, in millionths.
    pub(super) fn ppm(&self) -> f32 {
        self.pace.ppm()
    }

    /// Whether all that came has been played.
    pub(super) fn is_drained(&self) -> bool {
        self.stream.is_drained() && self.scale.held() == 0
    }

    /// All that came has been played after this, even if it has to wait longer than it does now.
    pub(super) fn time_left(&self) -> Duration {
        let jitter = self.stream.jitter();
        jitter.delay().max(jitter.target()) + jitter.extent() + self.held()
    }

    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// How long speech waits now.
    pub(super) fn delay(&self) -> Duration {
        self.stream.jitter().delay() + self.held()
    }

    /// Sees to it that the delay becomes what it should be.
    fn mend(&mut self) {
        let jitter = self.stream.jitter();
        let excess_us =
            jitter.excess_us(Duration::ZERO).saturating_sub(self.sooner_us).clamp(-MOST_US, MOST_US);
        let is_steady = jitter.is_playing() && !self.stream.is_turning();
        if is_steady && jitter.delay() > jitter.range().max + OVERSHOOT {
            self.stream.skip(Duration::from_micros(excess_us.max(0).unsigned_abs()));
            return;
        }
        self.pace.observe(is_steady.then(|| Pace::beside(excess_us, jitter.target())));
        let rate = self.stream.rate();
        let wish = samples(self.pace.wish_us(excess_us), rate);
        self.scale.want(if wish > 0 { wish.min(samples(self.ready_us(), rate)) } else { wish });
    }

    /// How much may be cut without waiting for what has not come.
    fn ready_us(&self) -> i64 {
        let ready = self.stream.jitter().ready() + self.held();
        i64::try_from(ready.saturating_sub(CUT_NEEDS).as_micros()).unwrap_or(0)
    }

    fn held(&self) -> Duration {
        self.stream.rate().span_of(self.scale.held() as u64)
    }
}

fn micros(samples: i64, rate: SampleRate) -> i64 {
    samples * 1_000_000 / i64::from(rate.hz())
}

fn samples(micros: i64, rate: SampleRate) -> i64 {
    micros * i64::from(rate.hz()) / 1_000_000
}

/// Ten seconds: beyond it, clocks are not to be believed.
const MOST_US: i64 = 10_000_000;
/// How far out of its range the delay may be for a while.
const OVERSHOOT: Duration = Duration::from_millis(20);
/// What must have come beside that which is cut: a cross-fade, and two blocks.
const CUT_NEEDS: Duration = Duration::from_millis(12);
