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
//! - what the target is: what packets differ in (`transit.rs`), held within the range it was given, and a little more
//!   than its least where packets get lost (`losses.rs`);
//! - to play in full what comes late into a gap, as long as the delay stays in its range: the delay grows by it;
//! - to begin anew when speech comes after a silence, and with each run;
//! - that nothing is missing where the other end sends comfort noise or a key (`background.rs`);
//! - to leave out the oldest where speech would wait for much longer than the range allows.
//!
//! Else it never lets the delay shrink by itself: [`JitterBuffer::excess_us`] says how much there is too much and
//! [`JitterBuffer::skip`] takes it out, so that the caller, who knows what the speech sounds like, chooses where.

mod ahead;

pub use ahead::Ahead;

use super::background::{Background, Ground};
use super::chunk::{Chunk, Content};
use super::delay::{DelayRange, duration_us, micros};
use super::format::Kind;
use super::losses::Losses;
use super::pull::{JitterStats, Pull};
use super::segments::{Origin, Segments, ticks};
use super::timeline::Timeline;
use super::transit::Transit;
use crate::time::Instant;
use crate::units::SampleRate;
use core::time::Duration;

/// Speech of one stream on its way to be played. Its memory is allocated when it is made.
#[derive(Clone, Debug)]
pub struct JitterBuffer {
    range: DelayRange,
    store: Segments,
    background: Background,
    state: State,
    epoch: Option<Epoch>,
    timeline: Timeline,
    /// What is played next, in ticks of the stream.
    position: i64,
    /// When it is played, as far as is known.
    due: Instant,
    /// The sink has not pulled when it should have.
    stalled: bool,
    /// Up to where speech was played since it began, and of which origin it was.
    heard: i64,
    heard_origin: Option<Origin>,
    /// Ticks to play nothing before going on.
    hold: usize,
    /// How long the present gap has been made longer.
    stretched: Duration,
    /// When all that has come is to be played at the latest.
    out_by: Instant,
    transit: Transit,
    /// Something was made up since speech was played last.
    missing: bool,
    losses: Losses,
    stats: JitterStats,
}

impl JitterBuffer {
    /// An empty buffer for a stream of these kinds of packets. It adds no more than [`DelayRange::LONGEST`], whatever
    /// the range. It has room for the longest delay of the largest of them: 2.3 kB for G.711 and 200 ms.
    #[must_use]
    pub fn new(kinds: impl IntoIterator<Item = Kind>, range: DelayRange) -> Self {
        let range = range.bounded();
        let mut clocks = (SampleRate::HZ_8000, None);
        let mut width = 1;
        for kind in kinds {
            let Kind::Speech { clock, bytes_per_tick } = kind else { continue };
            clocks = (clock.max(clocks.0), clocks.1.or(Some(clock)));
            width = bytes_per_tick.max(width);
        }
        let (fastest, first) = clocks;
        let timeline = Timeline::new(fastest);
        let capacity = usize::try_from(timeline.ticks(0, duration_us(range.max + ROOM))).unwrap_or(0);
        Self {
            range,
            store: Segments::new(capacity, width),
            background: Background::default(),
            state: State::Idle,
            epoch: None,
            timeline: Timeline::new(first.unwrap_or(fastest)),
            position: 0,
            due: Instant::ZERO,
            stalled: false,
            heard: 0,
            heard_origin: None,
            hold: 0,
            stretched: Duration::ZERO,
            out_by: Instant::ZERO,
            transit: Transit::new(),
            missing: false,
            losses: Losses::default(),
            stats: JitterStats::default(),
        }
    }

    /// Takes a chunk that can be played from `now` on.
    pub fn insert(&mut self, now: Instant, chunk: &Chunk) {
        self.stats.chunks += 1;
        self.stalled |= now.since(self.due) > STALL;
        self.due = self.due.max(now);
        let tick = self.locate(chunk);
        match chunk.content {
            Content::Speech { bytes_per_tick } => self.insert_speech(now, tick, bytes_per_tick, chunk),
            Content::ComfortNoise if tick >= self.heard || self.state == State::Idle => {
                self.background.set_noise(tick, chunk);
            }
            Content::ComfortNoise => {}
            Content::TelephoneEvent => {
                let patience = self.ticks_of(duration_us(KEY_PATIENCE));
                self.background.set_key(tick, chunk, patience);
            }
        }
    }

    /// What to play next, at `now`: `most` ticks of it by [`Self::clock`], or fewer. What it says counts as played.
    pub fn pull(&mut self, now: Instant, most: usize) -> Pull<'_> {
        self.due = now;
        self.stalled = false;
        if let Some(silence) = self.silence(now, most) {
            self.due += self.timeline.span(self.position, self.position + ticks(silence));
            return self.quiet(silence);
        }
        self.store.discard_before(self.position);
        match self.store.first() {
            Some(segment) if segment.start <= self.position => {
                let left = usize::try_from(segment.end - self.position).unwrap_or(0);
                self.speech(segment.origin, most.min(left))
            }
            next => {
                let end = next.map_or(i64::MAX, |next| next.start);
                self.gap(end.min(self.timeline.change_after(self.position).unwrap_or(i64::MAX)), most)
            }
        }
    }

    /// The clock of what is pulled next. It changes with the stream (RFC 7160), between two pulls.
    #[must_use]
    pub fn clock(&self) -> SampleRate {
        self.timeline.clock(self.position)
    }

    /// How much longer speech waits than it should; negative if it is less. `held` is what was pulled and is not played
    /// yet. Zero while nothing plays.
    #[must_use]
    pub fn excess_us(&self, held: Duration) -> i64 {
        if self.state != State::Playing {
            return 0;
        }
        self.delay_us(self.position) + duration_us(held) - duration_us(self.target())
    }

    /// Leaves out the next `count` ticks, or what there is.
    pub fn skip(&mut self, count: usize) {
        let end = self.store.end().unwrap_or(self.position);
        let end = self.timeline.change_after(self.position).map_or(end, |change| change.min(end));
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

    /// How long the speech there is takes to play, its gaps included.
    #[must_use]
    pub fn extent(&self) -> Duration {
        self.store.end().map_or(Duration::ZERO, |end| self.timeline.span(self.position, end))
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
        let least = self.range.min + self.losses.foresight(self.due);
        self.range.hold(if spread > self.range.min { spread + MARGIN } else { spread }.max(least))
    }

    /// The bounds of the delay.
    #[must_use]
    pub fn range(&self) -> DelayRange {
        self.range
    }

    /// By how many millionths the sender's clock is faster than the clock that arrivals are read from; `None` until that
    /// is known to a few of them, which takes eight seconds of a good network and half a minute of a bad one.
    #[must_use]
    pub fn clock_ppm(&self) -> Option<f32> {
        self.transit.clock_ppm()
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
            && self.timeline.last_clock() == chunk.clock
        {
            return epoch.tick_of(chunk);
        }
        let tick = self.first_tick(chunk);
        self.epoch = Some(Epoch { run: chunk.run, timestamp: chunk.timestamp, tick });
        tick
    }

    /// Where a new run begins. While the one before it plays, that is where the stream will be when the first chunk has
    /// waited for its time; what the old one has beyond is not played. While the old one still waits, the new one follows
    /// it.
    fn first_tick(&mut self, chunk: &Chunk) -> i64 {
        self.transit.forget_clock();
        if let Some(change) = self.timeline.change_after(self.position) {
            // Two clocks are enough.
            self.position = change;
            self.store.discard_before(change);
        }
        let tick =
            self.tick_after_waiting(chunk.arrival).unwrap_or_else(|| self.tick_when_due(chunk.arrival));
        self.background.restart(if self.state == State::Idle { i64::MAX } else { self.position });
        if chunk.clock != self.timeline.last_clock() {
            self.timeline.change(tick, chunk.clock, tick > self.position);
        }
        tick
    }

    fn tick_when_due(&mut self, arrival: Instant) -> i64 {
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
        let old = self.timeline.span(self.position, end);
        let is_bearable = micros(at + old) - micros(arrival) <= duration_us(self.range.max);
        let later_us = micros(arrival + self.target()) - micros(at);
        let planned = self.position + self.ticks_of(later_us.min(duration_us(self.range.max)));
        is_bearable.then_some(end.max(planned))
    }

    fn insert_speech(&mut self, now: Instant, tick: i64, width: u8, chunk: &Chunk) {
        let end = tick + ticks(chunk.ticks());
        // What was sent before the clock changed, and comes after, has no place any more.
        let has_place = self.timeline.clock(tick) == chunk.clock && self.store.takes(width);
        if !has_place || (self.state == State::Idle && self.was_heard(end)) {
            self.stats.discarded += 1;
            return;
        }
        let sent_us = self.timeline.micros(tick);
        if self.state == State::Idle {
            self.transit.resume(now, chunk.arrival, sent_us);
        }
        let usable = if self.stalled { chunk.arrival } else { now };
        self.transit.observe(usable, chunk.arrival, sent_us, self.range.max);
        match self.state {
            State::Idle => self.begin(tick),
            State::Waiting(at) if tick < self.position => self.begin_earlier(tick, at),
            State::Playing if tick < self.position => self.welcome_late(tick, end),
            _ => {}
        }
        self.make_room(tick, end);
        self.out_by = now + self.range.max + ROOM;
        self.store(tick, Origin { run: chunk.run, payload_type: chunk.payload_type, width }, &chunk.payload);
    }

    /// The first chunk after a silence. It leaves when it would have left without one, if its packet was in time.
    fn begin(&mut self, tick: i64) {
        let wait_us = duration_us(self.target()) - self.delay_us(tick);
        let wait = Duration::from_micros(u64::try_from(wait_us).unwrap_or(0));
        self.wait(tick, self.due + wait.min(self.range.max));
    }

    /// What came first was not sent first. All of it leaves as planned, if there is still time.
    fn begin_earlier(&mut self, tick: i64, at: Instant) {
        if !self.has_room_from(tick) {
            return;
        }
        self.wait(tick, at - self.timeline.span(tick, self.position));
    }

    fn wait(&mut self, tick: i64, at: Instant) {
        self.position = tick;
        self.heard = tick;
        self.heard_origin = None;
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

    /// Leaves out the oldest where the speech from `tick` to `end` would have to wait for too long.
    fn make_room(&mut self, tick: i64, end: i64) {
        let wait_us = match self.state {
            State::Waiting(at) => duration_us(at.since(self.due)),
            State::Idle | State::Playing => 0,
        };
        let after_us = |tick: i64| self.timeline.micros(tick) - self.timeline.micros(self.position) + wait_us;
        let max_us = duration_us(self.range.max);
        let start_over_us = after_us(tick) - max_us - duration_us(LONGEST_PACKET);
        let over_us = start_over_us.max(after_us(end) - max_us - duration_us(ROOM));
        let overflow = self.ticks_of(over_us).max(end - self.position - ticks(self.store.capacity()));
        if overflow > 0 {
            self.position += overflow;
            self.stats.overflow_ticks += overflow.unsigned_abs();
            self.store.discard_before(self.position);
        }
    }

    fn store(&mut self, tick: i64, origin: Origin, payload: &[u8]) {
        let gone = usize::try_from(self.position - tick).unwrap_or(0) * usize::from(origin.width);
        let Some(payload) = payload.get(gone..).filter(|payload| !payload.is_empty()) else { return };
        if !self.store.insert(tick.max(self.position), origin, payload) {
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
        if silence > 0 || most == 0 {
            return Some(silence.min(most));
        }
        self.state = State::Playing;
        None
    }

    fn speech(&mut self, origin: Origin, most: usize) -> Pull<'_> {
        let from = self.position;
        let seam = self.heard != from || self.heard_origin != Some(origin);
        if core::mem::take(&mut self.missing) && from > self.heard && self.heard_origin == Some(origin) {
            self.losses.observe(self.due);
        }
        let ticks = self.store.readable(from, most, origin.width);
        self.background.on_speech(from);
        self.advance(ticks);
        self.heard = self.position;
        self.heard_origin = Some(origin);
        self.stretched = Duration::ZERO;
        let payload = self.store.read(from, ticks, origin.width);
        Pull::Speech { payload, payload_type: origin.payload_type, ticks, seam }
    }

    /// Up to `most` ticks of no speech, which ends at `end`.
    fn gap(&mut self, end: i64, most: usize) -> Pull<'_> {
        let (ground, extent) = self.background.at(self.position);
        if ground != Ground::Bare && self.is_empty() {
            self.rest();
            return self.quiet(most);
        }
        if ground == Ground::Bare
            && let Some(count) = self.stretch(most)
        {
            return Pull::Lost { ticks: count };
        }
        let gap = end.saturating_sub(self.position).min(extent);
        let count = usize::try_from(gap).unwrap_or(0).clamp(1, most);
        self.advance(count);
        if ground != Ground::Bare {
            return self.quiet(count);
        }
        self.missing = true;
        self.stats.concealed_ticks += ticks(count).unsigned_abs();
        if self.is_empty() && self.timeline.span(self.heard, self.position) >= REST {
            self.rest();
        }
        Pull::Lost { ticks: count }
    }

    /// Says how many ticks are to be made up beside those that are missing, at most `most` of them.
    fn stretch(&mut self, most: usize) -> Option<usize> {
        let count = self.stretch_ahead().min(ticks(most));
        if count <= 0 {
            return None;
        }
        let span = self.timeline.span(self.position, self.position + count);
        self.stretched += span;
        self.due += span;
        self.stats.concealed_ticks += count.unsigned_abs();
        usize::try_from(count).ok()
    }

    /// While the delay is less than it should be, a gap before speech is an occasion to mend that: what is missing may
    /// come yet. Says for how many ticks the present one is to go on beside those that are missing.
    fn stretch_ahead(&self) -> i64 {
        let short_us = -self.excess_us(Duration::ZERO);
        let bearable_us = if self.stretched.is_zero() { duration_us(MARGIN) } else { 0 };
        if self.is_empty() || self.extent() >= self.range.max || short_us <= bearable_us {
            return 0;
        }
        // Of a sender that is ahead of its time, each gap would be an occasion.
        let bearable = self.out_by.since(self.due + self.extent());
        let left = STRETCH.saturating_sub(self.stretched).min(bearable);
        self.ticks_of(short_us.min(duration_us(left)))
    }

    /// Ticks in which nothing is missing.
    fn quiet(&self, ticks: usize) -> Pull<'_> {
        let is_noisy = self.state == State::Idle || self.background.at(self.position - 1).0 == Ground::Noise;
        match self.background.noise().filter(|_| is_noisy) {
            Some(payload) => Pull::Noise { payload, ticks },
            None => Pull::Silence { ticks },
        }
    }

    fn advance(&mut self, count: usize) {
        let from = self.position;
        self.position += ticks(count);
        self.due += self.timeline.span(from, self.position);
    }

    /// A stream that has fallen silent begins anew when it speaks again.
    fn rest(&mut self) {
        self.state = State::Idle;
        self.hold = 0;
    }

    /// Whether what ends at `end` was played not long ago.
    fn was_heard(&self, end: i64) -> bool {
        (0..ticks(self.store.capacity())).contains(&(self.heard - end)) && self.heard_origin.is_some()
    }

    fn has_room_from(&self, tick: i64) -> bool {
        let room = |end: i64| {
            self.timeline.span(tick, end) <= self.range.max + ROOM
                && end - tick <= ticks(self.store.capacity())
        };
        self.store.end().is_none_or(room)
    }

    /// How long speech of the fastest packets waits if what is due now is `position`.
    fn delay_us(&self, position: i64) -> i64 {
        let transit_us = micros(self.due) - self.timeline.micros(position);
        self.transit.fastest_us(self.due).map_or(0, |fastest_us| transit_us - fastest_us)
    }

    /// By the clock of what plays now.
    fn ticks_of(&self, micros: i64) -> i64 {
        self.timeline.ticks(self.position, micros)
    }
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
    /// The tick of a chunk of the run. It is near that of the one before, so timestamps may wrap; a key that is held for
    /// long keeps its first.
    #[expect(clippy::cast_possible_wrap, reason = "timestamps wrap: their distance has a sign")]
    fn tick_of(&mut self, chunk: &Chunk) -> i64 {
        let tick = self.tick + i64::from(chunk.timestamp.wrapping_sub(self.timestamp) as i32);
        if chunk.content != Content::TelephoneEvent {
            self.tick = tick;
            self.timestamp = chunk.timestamp;
        }
        tick
    }
}

/// More than what packets differ in, for what is not known yet.
const MARGIN: Duration = Duration::from_millis(2);
/// A sink that is so late has stalled: how long chunks had to wait for it says nothing about the next.
const STALL: Duration = Duration::from_millis(25);
/// A stream that had nothing to play for so long, what was made up having faded out, has fallen silent.
const REST: Duration = Duration::from_millis(60);
/// A gap is made longer by no more than this.
const STRETCH: Duration = Duration::from_millis(40);
/// As long as packets are.
const LONGEST_PACKET: Duration = Duration::from_millis(60);
/// What there is room for beside the longest delay: a packet, and a sink that is a little late.
const ROOM: Duration = Duration::from_millis(80);
/// A key is taken to be held for so long after a packet that says so. They come every 20 to 50 ms (RFC 4733 §2.5.1.2).
const KEY_PATIENCE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
