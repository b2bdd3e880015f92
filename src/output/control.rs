//! What the executor and the audio thread tell each other without waiting: a handful of atomics.
//!
//! Sound and commands go through the rings; these are only states and counters, each read on its own, so no order
//! between them is promised.

use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use std::sync::OnceLock;
use std::thread::Thread;

use concurrent_queue::ConcurrentQueue;

use super::found::DeviceNews;
use super::mixer::CardVolume;
use crate::time::Instant;

/// One output's switchboard. The executor keeps it beside the rings; it outlives the thread.
#[derive(Debug)]
pub struct Control {
    stop: AtomicBool,
    state: AtomicU8,
    awake_until_us: AtomicU64,
    /// From when on media wake the thread; [`NEVER`] if they do not, or have done so.
    appetite_us: AtomicU64,
    heartbeat_us: AtomicU64,
    queue_us: AtomicU32,
    xruns: AtomicU64,
    opened: AtomicU32,
    /// Percent of the card's own volume; [`ALONE`] leaves it alone.
    volume: AtomicU8,
    /// The number of the card that plays, if one does.
    card: AtomicI32,
    /// The latest, until somebody takes it.
    news: ConcurrentQueue<DeviceNews>,
    thread: OnceLock<Thread>,
}

/// What the audio thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It has not opened its device yet.
    Starting,
    /// There is no device; what should sound is thrown away, and the device is looked for.
    Missing,
    /// The device runs on silence, on long periods.
    Idle,
    /// The device runs on silence, as long as what is queued lasts, while a better one is opened.
    Opening,
    /// Short periods are wanted; the silence of idle times has to play first.
    Waking,
    /// The device runs on short periods.
    Awake,
    /// The thread has ended.
    Stopped,
}

impl Control {
    /// For a thread yet to be started.
    #[must_use]
    pub fn new() -> Self {
        Self {
            stop: AtomicBool::default(),
            state: AtomicU8::default(),
            awake_until_us: AtomicU64::default(),
            appetite_us: AtomicU64::new(NEVER),
            heartbeat_us: AtomicU64::default(),
            queue_us: AtomicU32::default(),
            xruns: AtomicU64::default(),
            opened: AtomicU32::default(),
            volume: AtomicU8::new(ALONE),
            card: AtomicI32::new(NO_CARD),
            news: ConcurrentQueue::bounded(1),
            thread: OnceLock::new(),
        }
    }

    /// Asks the thread to end. What sounds may come to its end before, or is faded out after
    /// [`LAST_WORDS`](super::LAST_WORDS); silent, the thread ends within a period.
    pub fn stop(&self) {
        self.stop.store(true, Relaxed);
        self.unpark();
    }

    /// Something is going to sound soon: get onto short periods, and stay there for [`AWAKE_FOR`].
    ///
    /// The sooner before the sound the better: what is queued by then (see [`queue`](Self::queue)) has to play first.
    pub fn wake(&self, now: Instant) {
        self.awake_until_us.store((now + AWAKE_FOR).as_micros(), Relaxed);
        self.unpark();
    }

    /// Media that came at `now` have been handed over: wakes the thread if it waits for them, or at once if they are
    /// `urgent`.
    ///
    /// A thread that has had its fill waits for a packet to take the next one, for a packet's time and no longer. So it
    /// wakes once per packet, right after the thread that brought it, and what came does not have to wait.
    pub fn feed(&self, now: Instant, urgent: bool) {
        let is_hungry = self.appetite_us.load(Relaxed) <= now.as_micros();
        if (is_hungry || urgent) && self.appetite_us.swap(NEVER, Relaxed) != NEVER {
            self.unpark();
        }
    }

    /// What the thread is doing.
    #[must_use]
    pub fn state(&self) -> State {
        STATES.get(usize::from(self.state.load(Relaxed))).copied().unwrap_or(State::Starting)
    }

    /// When the thread last finished a period; [`Instant::ZERO`] if it never did. Older than a second: it hangs.
    #[must_use]
    pub fn heartbeat(&self) -> Instant {
        Instant::from_micros(self.heartbeat_us.load(Relaxed))
    }

    /// Whether sound handed over now is heard as soon as it ever will be. Only idle times stand in the way, or their end;
    /// for a device that is missing there is no use in waiting.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !matches!(self.state(), State::Idle | State::Opening | State::Waking)
    }

    /// How much sound lay between the renderer and the loudspeaker at the last heartbeat.
    #[must_use]
    pub fn queue(&self) -> Duration {
        Duration::from_micros(self.queue_us.load(Relaxed).into())
    }

    /// How often the device ran dry.
    #[must_use]
    pub fn xruns(&self) -> u64 {
        self.xruns.load(Relaxed)
    }

    /// How often the device has been opened: once, unless it was lost.
    #[must_use]
    pub fn opened(&self) -> u32 {
        self.opened.load(Relaxed)
    }

    /// What became of its device, if that has changed since this was last asked.
    #[must_use]
    pub fn poll_news(&self) -> Option<DeviceNews> {
        self.news.pop().ok()
    }

    /// How loud the card itself shall be, in percent, whenever it is opened; `None` leaves it alone. A card that plays is
    /// for the one to set that is returned.
    pub fn set_volume(&self, percent: Option<u8>) -> Option<CardVolume> {
        let volume = percent.unwrap_or(ALONE);
        let before = self.volume.swap(volume, Relaxed);
        let card = self.card.load(Relaxed);
        let is_news = before != volume && card >= 0;
        percent.filter(|_| is_news).map(|percent| CardVolume { card, percent })
    }

    fn unpark(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

/// The audio thread's side.
impl Control {
    pub(super) fn enter(&self) {
        // A second run on the same switchboard would be woken through the first one's thread: it just wakes late.
        let _ = self.thread.set(std::thread::current());
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stop.load(Relaxed)
    }

    /// From `at` on, media wake the thread, once.
    pub(super) fn set_appetite(&self, at: Instant) {
        self.appetite_us.store(at.as_micros(), Relaxed);
    }

    /// Media do not wake the thread any more; says whether they have.
    pub(super) fn end_appetite(&self) -> bool {
        self.appetite_us.swap(NEVER, Relaxed) == NEVER
    }

    pub(super) fn awake_until(&self) -> Instant {
        Instant::from_micros(self.awake_until_us.load(Relaxed))
    }

    pub(super) fn beat(&self, now: Instant, queue: Duration) {
        self.heartbeat_us.store(now.as_micros(), Relaxed);
        self.queue_us.store(u32::try_from(queue.as_micros()).unwrap_or(u32::MAX), Relaxed);
    }

    /// Somebody plays the thread, whose device is open and ready.
    #[cfg(test)]
    pub(crate) fn play(&self, now: Instant) {
        self.set_state(State::Awake);
        self.count_open();
        self.beat(now, Duration::ZERO);
    }

    pub(super) fn set_state(&self, state: State) {
        self.state.store(state.code(), Relaxed);
    }

    pub(super) fn count_xrun(&self) {
        self.xruns.fetch_add(1, Relaxed);
    }

    /// Not for the steady loop: what nobody has taken is freed here.
    pub(super) fn tell(&self, news: DeviceNews) {
        // Refused only by a queue that is closed, which this one never is.
        let _ = self.news.force_push(news);
    }

    /// The card that plays from now on has this number.
    pub(super) fn set_card(&self, card: Option<i32>) {
        self.card.store(card.unwrap_or(NO_CARD), Relaxed);
    }

    /// How loud it shall be.
    pub(super) fn volume(&self) -> Option<CardVolume> {
        let (card, percent) = (self.card.load(Relaxed), self.volume.load(Relaxed));
        (card >= 0 && percent != ALONE).then_some(CardVolume { card, percent })
    }

    pub(super) fn count_open(&self) {
        self.opened.fetch_add(1, Relaxed);
    }
}

impl Default for Control {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    const fn code(self) -> u8 {
        match self {
            Self::Starting => 0,
            Self::Missing => 1,
            Self::Idle => 2,
            Self::Waking => 3,
            Self::Awake => 4,
            Self::Stopped => 5,
            Self::Opening => 6,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::Missing => "missing",
            Self::Idle => "idle",
            Self::Opening => "opening",
            Self::Waking => "waking",
            Self::Awake => "awake",
            Self::Stopped => "stopped",
        })
    }
}

/// Long enough for a phone to send its first packet after the answer, and for one that rings first.
pub const AWAKE_FOR: Duration = Duration::from_secs(3);

const NEVER: u64 = u64::MAX;

const ALONE: u8 = u8::MAX;

const NO_CARD: i32 = -1;

const STATES: [State; 7] = [
    State::Starting,
    State::Missing,
    State::Idle,
    State::Waking,
    State::Awake,
    State::Stopped,
    State::Opening,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_comes_back() {
        let control = Control::new();
        assert_eq!(control.state(), State::Starting);
        for state in STATES {
            control.set_state(state);
            assert_eq!(control.state(), state);
        }
    }

    #[test]
    fn media_wake_a_hungry_thread_once() {
        let control = Control::new();
        control.set_appetite(Instant::from_millis(10));
        control.feed(Instant::from_millis(9), false);
        assert!(!control.end_appetite());
        control.set_appetite(Instant::from_millis(10));
        control.feed(Instant::from_millis(10), false);
        assert!(control.end_appetite());
        control.set_appetite(Instant::from_millis(10));
        control.feed(Instant::from_millis(1), true);
        assert!(control.end_appetite());
    }

    #[test]
    fn only_the_latest_news_of_a_device_is_told_and_once() {
        let control = Control::new();
        assert_eq!(control.poll_news(), None);
        for why in ["unplugged", "no such sound card"] {
            control.tell(DeviceNews::Missing(why.to_owned()));
        }
        assert_eq!(control.poll_news(), Some(DeviceNews::Missing("no such sound card".to_owned())));
        assert_eq!(control.poll_news(), None);
    }

    #[test]
    fn a_card_is_as_loud_as_was_said_last_whenever_it_is_opened() {
        let control = Control::new();
        assert_eq!(control.set_volume(Some(80)), None, "no card plays");
        control.set_card(Some(2));
        assert_eq!(control.volume(), Some(CardVolume { card: 2, percent: 80 }));
        assert_eq!(control.set_volume(Some(80)), None, "it is so already");
        assert_eq!(control.set_volume(Some(60)), Some(CardVolume { card: 2, percent: 60 }));
        assert_eq!((control.set_volume(None), control.volume()), (None, None));
        control.set_volume(Some(60));
        control.set_card(None);
        assert_eq!(control.volume(), None);
    }

    #[test]
    fn waking_lasts() {
        let control = Control::new();
        control.wake(Instant::from_millis(1000));
        assert_eq!(control.awake_until(), Instant::from_millis(1000) + AWAKE_FOR);
    }
}
