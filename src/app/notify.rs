//! What the service manager is told (`sd_notify(3)`): that the box works, how it is in a line, that it still beats.
//!
//! ```text
//! every thread has begun ─> READY=1        another outline, once a second at most ─> STATUS=registered (1 of 1), 2 calls
//! half of WATCHDOG_USEC, and every thread beats ─> WATCHDOG=1          told to stop ─> STOPPING=1
//! ```
//! A thread that does not beat takes the beats of the box with it: the manager then starts it anew. The executor is the one
//! that tells, so when it hangs nothing is told. Without `NOTIFY_SOCKET` there is nobody to tell, and nothing to do.

use crate::net::NotifySocket;
use crate::time::Instant;
use core::fmt;
use core::time::Duration;

/// Tells the service manager.
pub(super) struct Notifier {
    socket: NotifySocket,
    notices: Notices,
}

impl Notifier {
    /// Where the environment says so.
    pub(super) fn of_environment(now: Instant) -> Option<Self> {
        let name = std::env::var_os("NOTIFY_SOCKET")?;
        let socket = NotifySocket::open(&name).inspect_err(|error| {
            log::warn!("the service manager cannot be told: {}: {error}", name.display());
        });
        let number = |name| std::env::var(name).ok()?.parse().ok();
        let is_for_us = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|_| is_for_us).map(Duration::from_micros);
        Some(Self { socket: socket.ok()?, notices: Notices::new(now, watchdog) })
    }

    /// When [`tell`](Self::tell) wants to be called.
    pub(super) fn deadline(&self) -> Instant {
        self.notices.deadline
    }

    /// Tells what is new or due.
    pub(super) fn tell(&mut self, now: Instant, outline: Outline) {
        let Some(text) = self.notices.next(now, outline) else { return };
        if self.socket.send(&text) {
            self.notices.refused = 0;
        } else {
            self.notices.on_refused(now);
        }
    }

    /// Tells that the box ends.
    pub(super) fn stop(&mut self) {
        let _ = self.socket.send("STOPPING=1");
        self.notices.is_stopping = true;
    }
}

/// The box in a few numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outline {
    /// Accounts that are registered, and that should be.
    pub(super) registered: (usize, usize),
    pub(super) calls: usize,
    /// Cards that play, and that should.
    pub(super) open: (usize, usize),
    pub(super) has_begun: bool,
    pub(super) beats: bool,
}

/// What is told when.
#[derive(Debug)]
struct Notices {
    since: Instant,
    /// Half of the time after which the manager gives the box up.
    beat_every: Option<Duration>,
    beat_at: Instant,
    is_ready: bool,
    is_stopping: bool,
    has_missed: bool,
    /// So often in a row it was not told.
    refused: u32,
    said: String,
    say_at: Instant,
    deadline: Instant,
}

impl Notices {
    fn new(now: Instant, watchdog: Option<Duration>) -> Self {
        let beat_every = watchdog.filter(|watchdog| !watchdog.is_zero()).map(|watchdog| watchdog / 2);
        Self {
            since: now,
            beat_every,
            beat_at: now,
            is_ready: false,
            is_stopping: false,
            has_missed: false,
            refused: 0,
            said: String::new(),
            say_at: now,
            deadline: now,
        }
    }

    fn next(&mut self, now: Instant, outline: Outline) -> Option<String> {
        if self.is_stopping {
            self.deadline = now + RARELY;
            return None;
        }
        let ready = self.ready(now, &outline);
        let notices = [ready, self.status(now, &outline), self.beat(now, &outline)];
        self.deadline = self.next_at(now);
        let text: Vec<_> = notices.into_iter().flatten().collect();
        (!text.is_empty()).then(|| text.join("\n"))
    }

    /// The manager has no room for what was last to be told, or is not there: all of it is told again soon.
    fn on_refused(&mut self, now: Instant) {
        (self.is_ready, self.beat_at, self.say_at) = (false, now, now);
        self.said.clear();
        if self.refused == 1 {
            log::warn!("the service manager does not listen; it is told again and again");
        }
        self.deadline = now + if self.refused == 0 { READY_EVERY } else { LOOK_AGAIN };
        self.refused = self.refused.saturating_add(1);
    }

    fn ready(&mut self, now: Instant, outline: &Outline) -> Option<String> {
        let is_ready = outline.has_begun || now.since(self.since) >= READY_WITHIN;
        let is_news = is_ready && !core::mem::replace(&mut self.is_ready, is_ready);
        is_news.then(|| "READY=1".to_owned())
    }

    fn status(&mut self, now: Instant, outline: &Outline) -> Option<String> {
        let text = outline.to_string();
        if now < self.say_at || text == self.said {
            return None;
        }
        self.say_at = now + SAY_EVERY;
        let status = format!("STATUS={text}");
        self.said = text;
        Some(status)
    }

    fn beat(&mut self, now: Instant, outline: &Outline) -> Option<String> {
        let every = self.beat_every.filter(|_| now >= self.beat_at)?;
        let missed = core::mem::replace(&mut self.has_missed, !outline.beats);
        if outline.beats {
            self.beat_at = now + every;
            return Some("WATCHDOG=1".to_owned());
        }
        if !missed {
            log::error!("an audio thread hangs; the service manager is not told that all is well");
        }
        self.beat_at = now + every.min(LOOK_AGAIN);
        None
    }

    fn next_at(&self, now: Instant) -> Instant {
        let ready = if self.is_ready { RARELY } else { READY_EVERY };
        let beat = self.beat_every.map(|_| self.beat_at);
        // What may not be said yet is said when it may.
        let say = Some(self.say_at).filter(|at| *at > now);
        [Some(now + ready), beat, say].into_iter().flatten().min().unwrap_or(now + ready)
    }
}

impl fmt::Display for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.registered {
            (_, 0) => f.write_str("direct calls only")?,
            (registered, all) => write!(f, "registered ({registered} of {all})")?,
        }
        let calls = if self.calls == 1 { "call" } else { "calls" };
        write!(f, ", {} {calls}", self.calls)?;
        match self.open {
            (open, all) if open == all => Ok(()),
            (open, all) => write!(f, ", sound card missing ({open} of {all})"),
        }
    }
}

/// How often it is looked whether all threads have begun.
const READY_EVERY: Duration = Duration::from_millis(20);
/// A thread that opens its card for so long is waited for no more: the box takes calls.
const READY_WITHIN: Duration = Duration::from_secs(5);
/// How often another line is told.
const SAY_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whether a thread beats again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// When nothing else is to be told.
const RARELY: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: Outline =
        Outline { registered: (1, 1), calls: 0, open: (1, 1), has_begun: true, beats: true };

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn the_box_is_ready_when_its_threads_have_begun_or_one_takes_too_long() {
        let begins = Outline { has_begun: false, ..WELL };
        let mut notices = Notices::new(at(0), None);
        assert_eq!(notices.next(at(0), begins).as_deref(), Some("STATUS=registered (1 of 1), 0 calls"));
        assert_eq!(notices.deadline, at(20));
        assert_eq!(notices.next(at(20), WELL).as_deref(), Some("READY=1"));
        assert_eq!(notices.next(at(40), WELL), None);
        let mut notices = Notices::new(at(0), None);
        notices.next(at(0), begins);
        assert_eq!(notices.next(at(4999), begins), None);
        assert_eq!(notices.next(at(5000), begins).as_deref(), Some("READY=1"));
    }

    #[test]
    fn what_changes_is_told_once_a_second_and_the_last_of_it_in_the_end() {
        let mut notices = Notices::new(at(0), None);
        notices.next(at(0), WELL);
        let calls = |calls| Outline { calls, ..WELL };
        assert_eq!(notices.next(at(300), calls(1)), None);
        assert_eq!(notices.next(at(600), calls(2)), None);
        assert_eq!(notices.deadline, at(1000));
        assert_eq!(notices.next(at(1000), calls(2)).as_deref(), Some("STATUS=registered (1 of 1), 2 calls"));
        assert_eq!(notices.next(at(9000), calls(2)), None);
    }

    #[test]
    fn the_watchdog_is_fed_at_half_of_its_time_while_every_thread_beats() {
        let mut notices = Notices::new(at(0), Some(Duration::from_secs(10)));
        assert!(notices.next(at(0), WELL).is_some_and(|text| text.ends_with("\nWATCHDOG=1")));
        assert_eq!(notices.deadline, at(1000));
        assert_eq!(notices.next(at(1000), WELL), None);
        assert_eq!(notices.deadline, at(5000));
        let hangs = Outline { beats: false, ..WELL };
        assert_eq!(notices.next(at(5000), hangs), None);
        assert_eq!(notices.deadline, at(6000), "it is looked at again before all is lost");
        assert_eq!(notices.next(at(6000), WELL).as_deref(), Some("WATCHDOG=1"));
        notices.is_stopping = true;
        assert_eq!(notices.next(at(20_000), WELL), None);
    }

    #[test]
    fn what_the_manager_has_no_room_for_is_told_again() {
        let mut notices = Notices::new(at(0), Some(Duration::from_secs(10)));
        let text = notices.next(at(0), WELL).unwrap();
        assert!(text.starts_with("READY=1\nSTATUS=") && text.ends_with("\nWATCHDOG=1"), "{text}");
        notices.on_refused(at(0));
        assert_eq!(notices.deadline, at(20));
        assert_eq!(notices.next(at(20), WELL), Some(text));
        assert_eq!(notices.next(at(40), WELL), None);
    }

    #[test]
    fn a_manager_that_is_not_there_is_looked_for_once_a_second() {
        let mut notices = Notices::new(at(0), None);
        for (now, then) in [(0, 20), (20, 1020), (1020, 2020)] {
            assert!(notices.next(at(now), WELL).is_some_and(|text| text.starts_with("READY=1")));
            notices.on_refused(at(now));
            assert_eq!(notices.deadline, at(then));
        }
    }

    #[test]
    fn the_line_says_what_matters() {
        let direct = Outline { registered: (0, 0), calls: 1, open: (0, 2), ..WELL };
        assert_eq!(direct.to_string(), "direct calls only, 1 call, sound card missing (0 of 2)");
    }
}
