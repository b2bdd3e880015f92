//! What the box shows of itself to the machine it runs on: to those who ask at its socket, to the service manager, and to the
//! guard of a card image.

use super::notify::{Notifier, Outline};
use super::status_socket::StatusSocket;
use super::tidings::Tidings;
use crate::clock;
use crate::status::{ClockKeeper, Mistake, Status};
use crate::time::Instant;
use core::time::Duration;

/// Who is told, and what the rest of the box does not know.
pub(super) struct Outlook {
    since: Instant,
    mistakes: Vec<Mistake>,
    socket: Option<StatusSocket>,
    notifier: Option<Notifier>,
    tidings: Option<Tidings>,
    /// What a server has said of the time, and when.
    dated: Option<(Instant, Duration)>,
}

impl Outlook {
    /// Of a box that has begun at `since`, with these mistakes in its configuration.
    pub(super) fn new(since: Instant, mistakes: Vec<Mistake>) -> Self {
        Self { since, mistakes, socket: None, notifier: None, tidings: None, dated: None }
    }

    /// The same with somebody who may ask, and somebody to tell.
    pub(super) fn with(self, socket: Option<StatusSocket>, notifier: Option<Notifier>) -> Self {
        Self { socket, notifier, ..self }
    }

    /// The same with a guard, if there is one.
    pub(super) fn guarded_by(self, tidings: Option<Tidings>) -> Self {
        Self { tidings, ..self }
    }

    /// When the box began.
    pub(super) const fn since(&self) -> Instant {
        self.since
    }

    /// What is wrong with the configuration.
    pub(super) fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// The configuration was read again.
    pub(super) fn set_mistakes(&mut self, mistakes: Vec<Mistake>) {
        self.mistakes = mistakes;
        if let Some(tidings) = &mut self.tidings {
            tidings.handle_configuration();
        }
    }

    /// When it wants to tell something.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let asked = self.socket.as_ref().and_then(StatusSocket::deadline);
        let told = self.notifier.as_ref().map(Notifier::deadline);
        let tidings = self.tidings.as_ref().map(Tidings::deadline);
        [asked, told, tidings].into_iter().flatten().min()
    }

    /// Answers those who ask, and drops those who do not read.
    pub(super) fn answer(&self, now: Instant, status: impl FnOnce() -> Status) {
        let Some(socket) = &self.socket else { return };
        socket.handle_timeout(now);
        if socket.is_asked(now) {
            socket.answer(now, &status());
        }
    }

    /// Tells the service manager what is new.
    pub(super) fn notify(&mut self, now: Instant, outline: impl FnOnce() -> Outline) {
        if let Some(notifier) = &mut self.notifier {
            notifier.tell(now, outline());
        }
    }

    /// Tells the guard how the box is, and what time a server says it is.
    pub(super) fn report(&mut self, now: Instant, date: Option<Duration>, status: &Status) {
        if let Some(date) = date {
            self.dated = Some((now, date));
        }
        let Some(tidings) = &mut self.tidings else { return };
        if let Some(date) = date {
            tidings.tell_time(date);
        }
        if tidings.deadline() <= now {
            tidings.tell(now, status);
        }
    }

    /// Who vouches for a clock that shows so much.
    pub(super) fn clock_keeper(&self, now: Instant, shows: Duration) -> Option<ClockKeeper> {
        let agrees = self.dated.is_some_and(|dated| agrees(dated, now, shows));
        if clock::is_synchronised() {
            Some(ClockKeeper::Ntp)
        } else {
            agrees.then_some(ClockKeeper::Registrar)
        }
    }

    /// Whether it is time for [`report`](Self::report).
    pub(super) fn wants_report(&self, now: Instant) -> bool {
        self.tidings.as_ref().is_some_and(|tidings| tidings.deadline() <= now)
    }

    /// Whether there is a guard, which can do what the box may not.
    pub(super) const fn is_guarded(&self) -> bool {
        self.tidings.is_some()
    }

    /// Asks the guard that the machine begins anew.
    pub(super) fn reboot(&self) {
        if !self.tidings.as_ref().is_some_and(Tidings::ask_for_reboot) {
            log::error!("the box is not restarted: its guard does not listen");
        }
    }

    /// Tells the service manager that the box ends.
    pub(super) fn stop(&mut self) {
        if let Some(notifier) = &mut self.notifier {
            notifier.stop();
        }
    }
}

/// Whether a clock shows what a server has said, as far as it has gone on since.
fn agrees((at, date): (Instant, Duration), now: Instant, shows: Duration) -> bool {
    (date + now.since(at)).abs_diff(shows) <= CLOSE_ENOUGH
}

/// A Date is in whole seconds, and takes its time (as for the guard).
const CLOSE_ENOUGH: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_agrees_with_a_date_that_has_gone_on() {
        let dated = (Instant::from_millis(5000), Duration::from_hours(500_000));
        for (shows, is_right) in [(0, false), (58, true), (60, true), (62, true), (63, false)] {
            let shows = Duration::from_hours(500_000) + Duration::from_secs(shows);
            assert_eq!(agrees(dated, Instant::from_millis(65_000), shows), is_right, "{shows:?}");
        }
    }
}
