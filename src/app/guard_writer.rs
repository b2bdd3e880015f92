//! The thread of `paging guard` that writes to the card. A card that wears out may take its time with a write, or for ever;
//! the hardware watchdog waits for nobody, and a box whose card is gone still takes calls.
//!
//! Bounds: [`JOBS`] jobs wait; what finds no room is not done, and is said to have failed.

use super::guard_card::{CardError, State, StatusFile};
use crate::guard::Outcome;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// What lies on the card. What is not there is not written.
#[derive(Debug)]
pub(super) struct Card {
    pub(super) status: Option<StatusFile>,
    pub(super) state: Option<State>,
    /// The file that is remembered.
    pub(super) configuration: Option<PathBuf>,
}

/// What is to be written.
#[derive(Debug)]
pub(super) enum Job {
    /// The text of the status file.
    Status(Vec<u8>),
    Configuration,
    Floor(Duration),
}

/// What has become of it.
#[derive(Debug)]
pub(super) enum Done {
    Status(Result<Outcome, CardError>),
    /// Whether it was another one than before.
    Configuration(Result<bool, CardError>),
    Floor(Result<(), CardError>),
}

/// The other end of the thread. Dropping it ends the thread, when it has done what it does.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: SyncSender<Job>,
    done: Receiver<Done>,
    bell: UnixStream,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// When there is no room for another thread.
    pub(super) fn start<'scope>(scope: &'scope thread::Scope<'scope, '_>, card: Card) -> io::Result<Self> {
        let (jobs, waiting) = sync_channel(JOBS);
        let (told, done) = channel();
        let (bell, rings) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        rings.set_nonblocking(true)?;
        let thread = thread::Builder::new().name("card".to_owned()).stack_size(STACK_BYTES);
        thread.spawn_scoped(scope, move || work(card, &waiting, &told, &rings))?;
        Ok(Self { jobs, done, bell })
    }

    /// Has something written; says whether there was room for it.
    pub(super) fn write(&self, job: Job) -> bool {
        self.jobs.try_send(job).is_ok()
    }

    /// What has been done, if anything has.
    pub(super) fn poll(&self) -> Option<Done> {
        // It is rung again for whatever comes later.
        let _ = (&self.bell).read(&mut [0; JOBS]);
        self.done.try_recv().ok()
    }
}

impl AsFd for Writer {
    /// It can be read when something has been done.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

fn work(mut card: Card, jobs: &Receiver<Job>, done: &Sender<Done>, mut bell: &UnixStream) {
    for job in jobs {
        if let Some(outcome) = card.write(&job)
            && done.send(outcome).is_ok()
        {
            // Where it is full it has been rung.
            let _ = bell.write(&[0]);
        }
    }
}

impl Card {
    /// `None` where there is nothing to write to.
    fn write(&mut self, job: &Job) -> Option<Done> {
        let state = self.state.as_ref();
        match job {
            Job::Status(text) => self.status.as_mut().map(|status| Done::Status(status.write(text))),
            Job::Configuration => {
                Some(Done::Configuration(state?.keep_configuration(self.configuration.as_ref()?)))
            }
            Job::Floor(floor) => Some(Done::Floor(state?.keep_floor(*floor))),
        }
    }
}

const JOBS: usize = 4;
const STACK_BYTES: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::wait;
    use std::fs;

    #[test]
    fn what_has_been_done_rings_the_bell() {
        let state = std::env::temp_dir().join(format!("pagingbox-{}-writer", std::process::id()));
        fs::write(&state, vec![0; 4 << 20]).unwrap();
        let card = Card { status: None, state: Some(State::new(state.clone())), configuration: None };
        thread::scope(|scope| {
            let writer = Writer::start(scope, card).unwrap();
            assert!(writer.write(Job::Configuration) && writer.write(Job::Floor(Duration::from_secs(5))));
            assert_eq!(wait([Some(writer.as_fd())], 10_000).unwrap(), [true]);
            assert!(
                matches!(writer.poll(), Some(Done::Floor(Ok(())))),
                "and nothing of what there is no file for"
            );
            assert!(writer.poll().is_none());
            assert_eq!(wait([Some(writer.as_fd())], 0).unwrap(), [false]);
        });
        assert_eq!(State::new(state.clone()).floor().unwrap(), Some(Duration::from_secs(5)));
        fs::remove_file(state).unwrap();
    }

    #[test]
    fn a_card_that_takes_its_time_holds_nobody_up() {
        let fifo = std::env::temp_dir().join(format!("pagingbox-{}-slow", std::process::id()));
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
        assert!(made.success());
        let card =
            Card { status: None, state: Some(State::new(fifo.clone())), configuration: Some(fifo.clone()) };
        thread::scope(|scope| {
            let writer = Writer::start(scope, card).unwrap();
            // The configuration is a pipe into which nobody writes.
            let taken = (0..100).filter(|_| writer.write(Job::Configuration)).count();
            assert!((JOBS..=JOBS + 1).contains(&taken), "{taken}");
            assert!(writer.poll().is_none());
            drop(writer.jobs);
            for _ in 0..taken {
                drop(fs::File::options().write(true).open(&fifo).unwrap());
                writer.done.recv().unwrap();
            }
        });
        fs::remove_file(fifo).unwrap();
    }
}
