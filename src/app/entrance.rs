//! The way in to a socket for programs on this machine: who may come, and when nobody is let in.
//!
//! Leaves out what those who come say, how many of them there may be, and how long they may take.

use super::bell::Bell;
use crate::clock;
use crate::net::{Crowd, Local, LocalError, LocalListener, Ready};
use crate::time::Instant;
use core::cell::RefCell;
use core::fmt;
use core::future::poll_fn;
use core::time::Duration;
use smol::LocalExecutor;
use std::io;
use std::path::Path;
use std::rc::Rc;

/// Where programs come in.
pub(super) struct Entrance {
    /// As the log knows it.
    name: &'static str,
    listener: LocalListener,
    /// All who are in; keys are those of their seats.
    pub(super) crowd: Rc<Crowd>,
    /// Nobody is let in before: there were no file descriptors left.
    closed_until: Option<Instant>,
}

/// Who attends to those who come in.
pub(super) trait Attend {
    fn entrance(&self) -> &Entrance;

    /// A guest has something, or with the key [`Entrance::LISTENER`] somebody comes.
    fn handle_ready(&mut self, now: Instant, ready: Ready);
}

impl Entrance {
    /// The key of who is not in yet.
    pub(super) const LISTENER: usize = usize::MAX;

    /// One at `path`.
    pub(super) fn open(name: &'static str, path: &Path) -> Result<Self, EntranceError> {
        let listener = LocalListener::bind(path, MODE).map_err(EntranceError::Socket)?;
        let crowd = Crowd::new().map_err(EntranceError::Crowd)?;
        crowd.add(&listener, Self::LISTENER, false).map_err(EntranceError::Crowd)?;
        Ok(Self { name, listener, crowd: Rc::new(crowd), closed_until: None })
    }

    /// The next who comes.
    pub(super) fn accept(&mut self, now: Instant) -> Option<Local> {
        let come = self.listener.accept();
        come.unwrap_or_else(|error| {
            log::error!("{}: {error}", self.name);
            self.crowd.remove(&self.listener);
            self.closed_until = Some(now + PAUSE);
            None
        })
    }

    /// Lets others in again.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.closed_until.take_if(|until| *until <= now).is_some() {
            // It is in there no more, so it can be added.
            let _ = self.crowd.add(&self.listener, Self::LISTENER, false);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub(super) const fn poll_timeout(&self) -> Option<Instant> {
        self.closed_until
    }
}

/// Has a task attend to whoever is there, and ring `bell` then, as long as there is this door.
pub(super) fn attended<D: Attend + 'static>(
    door: D,
    executor: &LocalExecutor<'_>,
    bell: Rc<Bell>,
) -> Rc<RefCell<D>> {
    let (crowd, door) = (Rc::clone(&door.entrance().crowd), Rc::new(RefCell::new(door)));
    let visited = Rc::downgrade(&door);
    let attend = async move {
        let mut ready = Vec::new();
        while poll_fn(|context| crowd.poll_ready(context, &mut ready)).await.is_ok() {
            let Some(door) = visited.upgrade() else { return };
            let now = clock::now();
            ready.drain(..).for_each(|ready| door.borrow_mut().handle_ready(now, ready));
            bell.ring();
            // What is brought may be much; calls are heard in between.
            smol::future::yield_now().await;
        }
    };
    executor.spawn(attend).detach();
    door
}

/// Why nobody can come in.
#[derive(Debug)]
pub(super) enum EntranceError {
    Socket(LocalError),
    /// The machine has no file descriptors left.
    Crowd(io::Error),
}

impl fmt::Display for EntranceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(error) => error.fmt(f),
            Self::Crowd(error) => error.fmt(f),
        }
    }
}

/// The owner and his group may come.
const MODE: u32 = 0o660;
/// How long nobody is let in when there are no file descriptors left.
const PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
pub(super) mod tests;
