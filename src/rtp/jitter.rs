//! When speech is played: the buffer that makes a steady stream of packets that come unsteadily.
//!
//! ```text
//!                 heard        position                      end
//!   stream ────────┤ concealed   ├───────── speech ─── gap ───┤──> ticks
//!                                ^ leaves at `due`; then `delay` is due - position - transit of the fastest packet
//! ```
//!
//! A [`JitterBuffer`] is filled as chunks come and pulled by the sink's clock. It decides
//! - to play the first chunk of a run when it has waited for the target delay, not a tick later;
//! - what the target is: what packets differ in (`delay.rs`), held within the range it was given;
//! - to play in full what comes late into a gap, as long as the delay stays in its range: the delay grows by it;
//! - to begin anew when speech comes after a silence, and with each run.
//!
//! It never lets the delay shrink by itself: [`JitterBuffer::excess_ticks`] says how much there is too much and
//! [`JitterBuffer::skip`] takes it out, so that the caller, who knows what the speech sounds like, chooses where.

use super::chunk::Chunk;
use super::delay::{DelayRange, Transit, duration_us, micros};
use super::segments::{Kind, Segments, ticks};
use crate::time::Instant;
use crate::units::SampleRate;
use core::time::Duration;

/// Speech of one stream on its way to be played. Fixed memory; nothing allocates.
#[derive(Clone, Debug)]
pub struct JitterBuffer {
    rate: SampleRate,
    range: DelayRange,
    store: Segments,
    state: State,
    epoch: Option<Epoch>,
    /// What is played next, in ticks of the stream.
    position: i64,
    /// When it is played, as far as is known.
    due: Instant,
    /// The sink has not pulled when it should have.
    stalled: bool,
    /// Up to where speech was played since it began, and of which kind it was.
    heard: i64,
    heard_kind: Option<Kind>,
    /// Ticks to play nothing before going on.
    hold: usize,
    transit: Transit,
    stats: JitterStats,
}

impl JitterBuffer {
    /// An empty buffer for a stream whose bytes each last a tick of `rate`. It adds no more than
    /// [`DelayRange::LONGEST`], whatever the range.
    #[must_use]
    pub fn new(rate: SampleRate, range: DelayRange) -> Self {
        Self {
            rate,
            range: range.bounded(),
            store: Segments::new(),
            state: State::Idle,
            epoch: None,
            position: 0,
            due: Instant::ZERO,
            stalled: false,
            heard: 0,
            heard_kind: None,
            hold: 0,
            transit: Transit::new(),
            stats: JitterStats::default(),
        }
    }

    /// Takes a chunk that can be played from `now` on.
    pub fn insert(&mut self, now: Instant, chunk: &Chunk) {
        self.stats.chunks += 1;
        self.stalled |= now.since(self.due) > STALL;
        self.due = self.due.max(now);
        let tick = self.locate(chunk);
        let end = tick + ticks(chunk.payload.len());
        if self.state == State::Idle {
            if self.was_heard(end) {
                self.stats.discarded += 1;
                return;
            }
            self.transit.forget_clock();
        }
        let usable = if self.stalled { chunk.arrival } else { now };
        self.transit.observe(usable, chunk.arrival, self.micros_of(tick), self.range.max);
        match self.state {
            State::Idle => self.begin(tick, chunk.arrival),
            State::Waiting(at) if tick < self.position => self.begin_earlier(tick, at),
            State::Playing if tick < self.position => self.welcome_late(tick, end),
            _ => {}
        }
        self.store(tick, end, chunk);
    }

    /// What to play next, at `now`: `most` ticks of it, or fewer. What it says counts as played.
    pub fn pull(&mut self, now: Instant, most: usize) -> Pull<'_> {
        self.due = now;
        self.stalled = false;
        if let Some(silence) = self.silence(now, most) {
            self.due += self.duration(ticks(silence));
            return Pull::Silence { ticks: silence };
        }
        self.store.discard_before(self.position);
        let from = self.position;
        match self.store.first() {
            Some(segment) if segment.start <= from => {
                let most = most.min(usize::try_from(segment.end - from).unwrap_or(0));
                let seam = self.heard != from || self.heard_kind != Some(segment.kind);
                let len = self.store.bytes(from, most).len();
                self.advance(len);
                self.heard = self.position;
                self.heard_kind = Some(segment.kind);
                let payload = self.store.bytes(from, len);
                Pull::Speech { payload, payload_type: segment.kind.payload_type, seam }
            }
            next => {
                let gap = next.map_or(most, |next| usize::try_from(next.start - from).unwrap_or(0));
                let lost = gap.min(most);
                self.advance(lost);
                self.stats.concealed_ticks += ticks(lost).unsigned_abs();
                self.rest_when_dry();
                Pull::Lost { ticks: lost }
            }
        }
    }

    /// How many ticks the delay is above its target, or below it when negative. Zero while nothing plays.
    #[must_use]
    pub fn excess_ticks(&self) -> i64 {
        if self.state != State::Playing {
            return 0;
        }
        let excess_us = self.delay_us(self.position) - duration_us(self.target());
        self.ticks_of(excess_us)
    }

    /// Leaves out the next `count` ticks, or what there is.
    pub fn skip(&mut self, count: usize) {
        let end = self.store.end().unwrap_or(self.position);
        let skipped = ticks(count).min(end - self.position).max(0);
        self.position += skipped;
        self.stats.skipped_ticks += skipped.unsigned_abs();
        self.store.discard_before(self.position);
    }

    /// Plays nothing for the next `count` ticks, then goes on where it was.
    pub fn hold(&mut self, count: usize) {
        self.hold = count;
    }

    /// Whether there is nothing left to play.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.store.first().is_none()
    }

    /// How much speech there is.
    #[must_use]
    pub fn buffered(&self) -> Duration {
        self.duration(ticks(self.store.len()))
    }

    /// How long the speech there is takes to play, its gaps included.
    #[must_use]
    pub fn extent(&self) -> Duration {
        self.duration(self.store.end().map_or(0, |end| end - self.position))
    }

    /// How long speech of the fastest packets waits here.
    #[must_use]
    pub fn delay(&self) -> Duration {
        match self.state {
            State::Playing => Duration::from_micros(self.delay_us(self.position).max(0).unsigned_abs()),
            State::Idle | State::Waiting(_) => self.target(),
        }
    }

    /// How long it should wait.
    #[must_use]
    pub fn target(&self) -> Duration {
        let spread = self.transit.spread();
        self.range.hold(if spread > self.range.min { spread + MARGIN } else { spread })
    }

    /// The bounds of the delay.
    #[must_use]
    pub fn range(&self) -> DelayRange {
        self.range
    }

    /// What has happened so far.
    #[must_use]
    pub fn stats(&self) -> JitterStats {
        self.stats
    }

    /// Where in the stream a chunk belongs.
    fn locate(&mut self, chunk: &Chunk) -> i64 {
        if let Some(epoch) = &mut self.epoch
            && epoch.run == chunk.run
        {
            return epoch.tick_of(chunk.timestamp);
        }
        let tick = self.first_tick(chunk.arrival);
        self.epoch = Some(Epoch { run: chunk.run, timestamp: chunk.timestamp, tick });
        tick
    }

    /// Where a new run begins. While the one before it plays, that is where the stream will be when the first chunk has
    /// waited for its time; what the old one has beyond is not played. While the old one still waits, the new one follows
    /// it.
    fn first_tick(&mut self, arrival: Instant) -> i64 {
        self.transit.forget_clock();
        if let Some(tick) = self.tick_after_waiting(arrival) {
            return tick;
        }
        if self.state != State::Playing {
            self.store.discard_before(i64::MAX);
            self.state = State::Idle;
            return self.position;
        }
        let wait_us = micros(arrival + self.target()) - micros(self.due);
        let tick = self.position + self.ticks_of(wait_us.clamp(0, duration_us(self.range.max)));
        self.store.discard_from(tick);
        tick
    }

    /// Where a new run begins behind one that waits, unless it would have to wait too long.
    fn tick_after_waiting(&self, arrival: Instant) -> Option<i64> {
        let (State::Waiting(at), Some(end)) = (self.state, self.store.end()) else { return None };
        let is_bearable =
            micros(at + self.duration(end - self.position)) - micros(arrival) <= duration_us(self.range.max);
        let planned = self.position + self.ticks_of(micros(arrival + self.target()) - micros(at));
        is_bearable.then_some(end.max(planned))
    }

    /// The first chunk after a silence.
    fn begin(&mut self, tick: i64, arrival: Instant) {
        let planned = arrival + self.target();
        self.wait(tick, planned.min(self.due + self.range.max));
    }

    /// What came first was not sent first. All of it leaves as planned, if there is still time.
    fn begin_earlier(&mut self, tick: i64, at: Instant) {
        if !self.has_room_from(tick) {
            return;
        }
        self.wait(tick, at - self.duration(self.position - tick));
    }

    fn wait(&mut self, tick: i64, at: Instant) {
        self.position = tick;
        self.heard = tick;
        self.heard_kind = None;
        self.state = State::Waiting(at.max(self.due));
    }

    /// Something came after its time. If nothing was played since but what was made up, it is played now.
    fn welcome_late(&mut self, tick: i64, end: i64) {
        self.stats.late += 1;
        let bearable = self.delay_us(tick) <= duration_us(self.range.max);
        if self.heard <= tick && bearable && self.has_room_from(tick) {
            self.position = tick;
        } else if end <= self.position {
            self.stats.discarded += 1;
        }
    }

    fn store(&mut self, tick: i64, end: i64, chunk: &Chunk) {
        let overflow = end - self.position - ticks(Segments::CAPACITY);
        if overflow > 0 {
            self.position += overflow;
            self.stats.overflow_ticks += overflow.unsigned_abs();
            self.store.discard_before(self.position);
        }
        let gone = usize::try_from(self.position - tick).unwrap_or(0);
        let Some(payload) = chunk.payload.get(gone..).filter(|payload| !payload.is_empty()) else { return };
        let kind = Kind { run: chunk.run, payload_type: chunk.payload_type };
        if !self.store.insert(tick.max(self.position), kind, payload) {
            self.stats.discarded += 1;
        }
    }

    /// The ticks of silence before anything is to be played.
    fn silence(&mut self, now: Instant, most: usize) -> Option<usize> {
        let silence = match self.state {
            State::Idle => most,
            State::Waiting(at) => usize::try_from(self.ticks_of(duration_us(at.since(now)))).unwrap_or(0),
            State::Playing => core::mem::take(&mut self.hold),
        };
        if silence > most && self.state == State::Playing {
            self.hold = silence - most;
        }
        if silence > 0 {
            return Some(silence.min(most));
        }
        self.state = State::Playing;
        None
    }

    fn advance(&mut self, count: usize) {
        self.position += ticks(count);
        self.due += self.duration(ticks(count));
    }

    /// A stream that has fallen silent begins anew when it speaks again.
    fn rest_when_dry(&mut self) {
        if self.is_empty() && self.duration(self.position - self.heard) >= REST {
            self.state = State::Idle;
            self.hold = 0;
        }
    }

    /// Whether what ends at `end` was played not long ago.
    fn was_heard(&self, end: i64) -> bool {
        (0..ticks(Segments::CAPACITY)).contains(&(self.heard - end)) && self.heard_kind.is_some()
    }

    fn has_room_from(&self, tick: i64) -> bool {
        self.store.end().is_none_or(|end| end - tick <= ticks(Segments::CAPACITY))
    }

    /// How long speech of the fastest packets waits if what is due now is `position`.
    fn delay_us(&self, position: i64) -> i64 {
        let transit_us = micros(self.due) - self.micros_of(position);
        self.transit.fastest_us().map_or(0, |fastest_us| transit_us - fastest_us)
    }

    fn micros_of(&self, tick: i64) -> i64 {
        tick.saturating_mul(1_000_000) / i64::from(self.rate.hz())
    }

    fn ticks_of(&self, micros: i64) -> i64 {
        micros.saturating_mul(i64::from(self.rate.hz())) / 1_000_000
    }

    fn duration(&self, ticks: i64) -> Duration {
        Duration::from_micros(self.micros_of(ticks.max(0)).unsigned_abs())
    }
}

/// What to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pull<'a> {
    /// Speech.
    Speech {
        /// One byte per tick.
        payload: &'a [u8],
        /// What the bytes are.
        payload_type: u8,
        /// It does not follow what was played last.
        seam: bool,
    },
    /// Speech is missing.
    Lost {
        /// For how long; at least one tick.
        ticks: usize,
    },
    /// Nobody speaks.
    Silence {
        /// For how long; at least one tick.
        ticks: usize,
    },
}

/// What a [`JitterBuffer`] counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JitterStats {
    /// Chunks that came.
    pub chunks: u64,
    /// Chunks that came after their time.
    pub late: u64,
    /// Chunks of which nothing was played: too late, or there already.
    pub discarded: u64,
    /// Ticks that had to be made up.
    pub concealed_ticks: u64,
    /// Ticks left out to win back delay.
    pub skipped_ticks: u64,
    /// Ticks thrown away because the sink did not pull.
    pub overflow_ticks: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing to play.
    Idle,
    /// The first chunk waits for its time.
    Waiting(Instant),
    Playing,
}

/// How timestamps become ticks.
#[derive(Clone, Copy, Debug)]
struct Epoch {
    run: u32,
    timestamp: u32,
    tick: i64,
}

impl Epoch {
    /// The tick of a timestamp, which is near the last that was asked for: so timestamps may wrap.
    #[expect(clippy::cast_possible_wrap, reason = "timestamps wrap: their distance has a sign")]
    fn tick_of(&mut self, timestamp: u32) -> i64 {
        self.tick += i64::from(timestamp.wrapping_sub(self.timestamp) as i32);
        self.timestamp = timestamp;
        self.tick
    }
}

/// More than what packets differ in, for what is not known yet.
const MARGIN: Duration = Duration::from_millis(2);
/// A sink that is so late has stalled: how long chunks had to wait for it says nothing about the next.
const STALL: Duration = Duration::from_millis(25);
/// A stream that had nothing to play for so long, what was made up having faded out, has fallen silent.
const REST: Duration = Duration::from_millis(60);

#[cfg(test)]
mod tests;
