//! Looking for a device that is missing, or for a better one, and going over to what was found.

use core::time::Duration;

use super::super::control::State;
use super::super::engine::Engine;
use super::super::found::DeviceNews;
use super::super::lookout::Lookout;
use super::super::rt;
use super::super::sink::{Sink, SinkError};
use super::{LAST_SILENCE, Player, sound_len};
use crate::clock;
use crate::config::Device;
use crate::time::Instant;

impl<E: Engine> Player<'_, E> {
    pub(super) fn on_lost(&mut self, error: &SinkError, now: Instant) {
        leave_realtime();
        log::warn!("{error}");
        self.control.set_card(None);
        self.control.tell(DeviceNews::Missing(error.to_string()));
        self.search = Some(Search::new(now + FIRST_RETRY));
        self.play_on(Sink::nothing(self.setup));
    }

    /// Tries to open the device if it is missing and a try is due.
    pub(super) fn search(&mut self, now: Instant) {
        let Some(search) = &mut self.search else { return };
        if now < search.next_at {
            return;
        }
        match Sink::open(self.setup) {
            Ok(sink) => self.on_found(sink),
            Err(error) => {
                if let Some(message) = search.on_failure(&error, clock::now()) {
                    self.control.tell(DeviceNews::Missing(message));
                }
            }
        }
    }

    /// Goes over to a better card, if one has come and nothing sounds but music.
    pub(super) fn look_out(&mut self, now: Instant) {
        if self.is_busy(now) || self.setup.device != Device::Auto || !self.lookout.is_due(now) {
            return;
        }
        if !self.sink.is_outdone(self.setup) {
            return;
        }
        let setup = self.setup;
        self.quieten(now);
        self.go_over(|| Sink::open(setup));
    }

    /// Whether there is something that must not be interrupted.
    pub(super) fn is_busy(&self, now: Instant) -> bool {
        self.search.is_some() || self.is_speaking(now) || now < self.control.awake_until()
    }

    /// Music falls silent, and rises again in what is rendered next.
    pub(super) fn quieten(&mut self, now: Instant) {
        if !self.is_sounding(now) {
            return;
        }
        self.rises = true;
        // A device that ran dry or is lost is silent already.
        let _ = self.fall_silent(now + LAST_SILENCE);
        self.timeline.forget();
    }

    /// Opening one may take long, and who waits for a sign of life is to know that; the silence of idle times lasts meanwhile.
    pub(super) fn go_over(&mut self, open: impl FnOnce() -> Result<Sink, SinkError>) {
        self.control.set_state(State::Opening);
        leave_realtime();
        if let Ok(better) = open() {
            log::info!("a better card has come than {}", self.sink);
            return self.on_found(better);
        }
        // Somebody else has it: what plays goes on, and is not cut off again and again.
        if self.is_sounding(clock::now()) {
            self.lookout.doubt();
        }
        enter_realtime();
    }

    fn on_found(&mut self, sink: Sink) {
        log::info!("{sink}");
        self.control.set_card(sink.card());
        if let Some(volume) = self.control.volume() {
            volume.apply();
        }
        self.control.tell(DeviceNews::Found(sink.found(self.setup)));
        self.search = None;
        self.play_on(sink);
        self.control.count_open();
        self.lookout = Lookout::new(clock::now());
        enter_realtime();
    }

    fn play_on(&mut self, sink: Sink) {
        self.cushion = 0;
        self.sound.resize(sound_len(&sink, self.setup), 0.0);
        self.sink = sink;
        self.timeline.forget();
        (self.is_silent, self.gives_back) = (false, None);
    }
}

fn enter_realtime() {
    if let Err(error) = rt::set_realtime(PRIORITY) {
        log::info!("no real-time priority: {error}");
    }
}

pub(super) fn leave_realtime() {
    // Giving a right away is never refused.
    let _ = rt::set_ordinary();
}

/// The search for a device that is missing.
#[derive(Debug)]
pub(super) struct Search {
    next_at: Instant,
    back_off: Duration,
    /// What was logged last; the same again would fill the log.
    logged: Option<String>,
}

impl Search {
    pub(super) const fn new(next_at: Instant) -> Self {
        Self { next_at, back_off: FIRST_RETRY, logged: None }
    }

    /// Gives the reason, if it is another than before.
    fn on_failure(&mut self, error: &SinkError, now: Instant) -> Option<String> {
        self.next_at = now + self.back_off;
        self.back_off = (self.back_off * 2).min(LAST_RETRY);
        let message = error.to_string();
        if self.logged.as_ref() == Some(&message) {
            return None;
        }
        log::warn!("{message}; it is looked for again");
        self.logged = Some(message.clone());
        Some(message)
    }
}

/// A device that is missing is looked for after this, and then ever more rarely up to [`LAST_RETRY`].
pub const FIRST_RETRY: Duration = Duration::from_millis(250);

/// See [`FIRST_RETRY`].
pub const LAST_RETRY: Duration = Duration::from_secs(5);

/// Above all ordinary threads, below the kernel's own at 50.
pub(super) const PRIORITY: u8 = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_device_is_looked_for_ever_more_rarely() {
        let mut search = Search::new(Instant::from_millis(0));
        let error = SinkError::NoSuchCard { device: Device::Auto };
        let waits = [0; 7].map(|_| {
            let now = search.next_at;
            search.on_failure(&error, now);
            search.next_at.since(now).as_millis()
        });
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 5000, 5000]);
    }
}
