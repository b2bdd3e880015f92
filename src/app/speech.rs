//! What a placed page says, under way: the talker on its thread, and what became of it.

use super::call_error::CallError;
use super::talker::{Progress, Talker};
use core::fmt;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// A talker at work.
pub(super) struct Speech {
    progress: Arc<Progress>,
    packets: u64,
    thread: JoinHandle<()>,
}

impl Speech {
    /// Lets `talker` talk.
    ///
    /// # Errors
    /// When the machine has no thread for it.
    pub(super) fn start(talker: Talker) -> io::Result<Self> {
        let (progress, packets) = (Arc::new(Progress::default()), talker.len());
        let theirs = Arc::clone(&progress);
        let thread = thread::Builder::new().name("talker".to_owned()).spawn(move || talker.talk(&theirs))?;
        Ok(Self { progress, packets: u64::try_from(packets).unwrap_or(u64::MAX), thread })
    }

    /// Ends it soon.
    pub(super) fn stop(&self) {
        self.progress.stop();
    }

    /// Whether all is said and the far end has had the time to play it, or it was stopped.
    pub(super) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Whether all has been sent so far.
    ///
    /// # Errors
    /// When some of it has not.
    pub(super) fn outcome(&self) -> Result<(), CallError> {
        let sent = self.progress.sent();
        if sent > 0 && sent == self.packets {
            return Ok(());
        }
        Err(CallError::Unsent { sent, packets: self.packets })
    }

    /// How far it is, in a few words.
    pub(super) fn progress(&self) -> String {
        format!("{} of {} packets sent", self.progress.sent(), self.packets)
    }
}

/// How it went: when it began, and what was sent.
impl fmt::Display for Speech {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let progress = &self.progress;
        if let Some(first_at) = progress.first_at() {
            writeln!(f, "first packet at {first_at}")?;
        }
        let (sent, packets, refused, late) =
            (progress.sent(), self.packets, progress.refused(), progress.worst_late());
        write!(f, "sent {sent} of {packets} packets, {refused} refused, the latest {late:.1?} after its time")
    }
}
