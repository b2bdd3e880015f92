//! What the box shows of itself to the machine it runs on: to those who ask at its socket, and to the service manager.

use super::notify::{Notifier, Outline};
use super::status_socket::StatusSocket;
use crate::status::{Mistake, Status};
use crate::time::Instant;

/// Who is told, and what the rest of the box does not know.
pub(super) struct Outlook {
    since: Instant,
    mistakes: Vec<Mistake>,
    socket: Option<StatusSocket>,
    notifier: Option<Notifier>,
}

impl Outlook {
    /// Of a box that has begun at `since`, with these mistakes in its configuration.
    pub(super) fn new(since: Instant, mistakes: Vec<Mistake>) -> Self {
        Self { since, mistakes, socket: None, notifier: None }
    }

    /// The same with somebody who may ask, and somebody to tell.
    pub(super) fn with(self, socket: Option<StatusSocket>, notifier: Option<Notifier>) -> Self {
        Self { socket, notifier, ..self }
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
    }

    /// When it wants to tell something.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let asked = self.socket.as_ref().and_then(StatusSocket::deadline);
        let told = self.notifier.as_ref().map(Notifier::deadline);
        [asked, told].into_iter().flatten().min()
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

    /// Tells the service manager that the box ends.
    pub(super) fn stop(&mut self) {
        if let Some(notifier) = &mut self.notifier {
            notifier.stop();
        }
    }
}
