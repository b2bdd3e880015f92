//! How long a server may send without giving sound: bytes by themselves are none.
//!
//! A stream has [`BEGUN_WITHIN`] until something of it is heard, what leads to it included, and [`MOST_BYTES`]. From then on it
//! gives as much sound as time goes by while it is waited for, but for [`DRY_FOR`]: one that gives less is given up then. A
//! thread that waits for it ends too when nobody wants it any more.

use super::reader::Word;
use crate::clock;
use crate::time::Instant;
use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use smol::channel::Sender;
use std::io::{self, Read};
use std::sync::Arc;

/// What is left of the time of a stream.
pub(super) struct Patience {
    limit: Arc<Limit>,
    left: Duration,
    has_begun: bool,
}

/// What whoever reads the stream has to keep to.
struct Limit {
    until_us: AtomicU64,
    bytes_left: AtomicU64,
    words: Sender<Word>,
}

impl Patience {
    /// From now on; whoever reads `words` is the one who wants it.
    pub(super) fn new(now: Instant, words: &Sender<Word>) -> Self {
        let until_us = (now + BEGUN_WITHIN).as_micros().into();
        let limit = Limit { until_us, bytes_left: MOST_BYTES.into(), words: words.clone() };
        Self { limit: Arc::new(limit), left: BEGUN_WITHIN, has_begun: false }
    }

    /// `stream`, as long as there is patience.
    pub(super) fn watched<S>(&self, stream: S) -> Watched<S> {
        Watched { stream, limit: Arc::clone(&self.limit) }
    }

    /// Whether there is none left at `now`.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        now.as_micros() > self.limit.until_us.load(Ordering::Relaxed)
    }

    /// Sound is asked for.
    pub(super) fn begin(&self, now: Instant) {
        self.limit.until_us.store((now + self.left).as_micros(), Ordering::Relaxed);
    }

    /// So much sound has come, after so long. True: there is patience left.
    pub(super) fn end(&mut self, waited: Duration, sound: Duration) -> bool {
        self.left = self.left.saturating_sub(waited);
        if self.left.is_zero() {
            return false;
        }
        if !sound.is_zero() {
            self.left = if self.has_begun { self.left + sound.mul_f32(SLOW) } else { DRY_FOR }.min(DRY_FOR);
            self.has_begun = true;
            self.limit.bytes_left.store(MOST_BYTES, Ordering::Relaxed);
        }
        true
    }
}

/// A stream that is read for as long as there is patience.
pub(super) struct Watched<S> {
    stream: S,
    limit: Arc<Limit>,
}

impl<S: Read> Read for Watched<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.limit.bytes_left.load(Ordering::Relaxed);
        let is_late = clock::now().as_micros() > self.limit.until_us.load(Ordering::Relaxed);
        if is_late || left == 0 || self.limit.words.is_closed() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, NoSound));
        }
        let got = self.stream.read(buffer)?;
        self.limit.bytes_left.store(left.saturating_sub(got as u64), Ordering::Relaxed);
        Ok(got)
    }
}

/// Something comes, and it is no sound.
#[derive(Debug)]
pub(super) struct NoSound;

impl fmt::Display for NoSound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it gives no sound, or too little of it")
    }
}

impl std::error::Error for NoSound {}

/// How long it may take until something is heard.
const BEGUN_WITHIN: Duration = Duration::from_secs(10);
/// How much less than time goes by.
const DRY_FOR: Duration = Duration::from_secs(5);
/// A clock may be slower than ours.
const SLOW: f32 = 1.02;
/// Bytes before any sound, and between sounds: pictures of covers.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn patience() -> (Patience, smol::channel::Receiver<Word>) {
        let (words, listener) = smol::channel::bounded(1);
        (Patience::new(clock::now(), &words), listener)
    }

    #[test]
    fn a_stream_has_ten_seconds_until_it_sounds_and_may_be_five_behind_then() {
        let (mut patience, _listener) = patience();
        assert!(patience.end(MS(9_900), Duration::ZERO));
        assert!(patience.end(MS(50), MS(26)));
        assert!(patience.end(MS(4_900), Duration::ZERO));
        assert!(!patience.end(MS(200), Duration::ZERO));
    }

    #[test]
    fn one_that_keeps_up_lasts_for_ever_and_one_that_does_not_fails_however_often_it_sounds() {
        let seconds = |sound: Duration| {
            let (mut patience, _listener) = patience();
            (0..100_000).find(|_| !patience.end(MS(1_000), sound))
        };
        assert_eq!(seconds(MS(1_000)), None);
        assert_eq!(seconds(MS(999)), None, "a clock is slow");
        assert_eq!(seconds(MS(500)), Some(10));
    }

    #[test]
    fn bytes_without_sound_are_read_up_to_a_bound() {
        let (mut patience, _listener) = patience();
        let mut stream = patience.watched(io::repeat(0));
        let mut all = Vec::new();
        assert!(stream.read_to_end(&mut all).is_err());
        assert_eq!(all.len() as u64, MOST_BYTES);
        patience.end(MS(1), MS(26));
        assert!(stream.read(&mut [0; 16]).is_ok());
    }

    #[test]
    fn a_stream_that_nobody_wants_any_more_ends() {
        let (patience, listener) = patience();
        let mut stream = patience.watched(io::repeat(0));
        assert!(stream.read(&mut [0; 16]).is_ok());
        drop(listener);
        assert!(stream.read(&mut [0; 16]).is_err());
    }
}
