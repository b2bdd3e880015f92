//! The machine's wish that the program ends: SIGTERM and SIGINT.

use core::task::{Context, Poll};
use std::io::{self, Read};
use std::os::unix::net::UnixStream;

use signal_hook::SigId;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::{pipe, unregister};

use super::reactor::Watched;

/// Catches the signals as long as it lives.
#[derive(Debug)]
pub struct Signals {
    pipe: Watched<UnixStream>,
    ids: Vec<SigId>,
}

impl Signals {
    /// From now on the signals no longer end the program.
    ///
    /// # Errors
    ///
    /// When the process has no file descriptors left.
    pub fn new() -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut signals = Self { pipe: Watched::new(ours), ids: Vec::new() };
        for signal in [SIGTERM, SIGINT] {
            signals.ids.push(pipe::register(signal, theirs.try_clone()?)?);
        }
        Ok(signals)
    }

    /// The next signal. Two at once may count as one.
    ///
    /// # Errors
    ///
    /// When it cannot be waited for.
    pub fn poll_next(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.pipe.poll_readable(context) {
                Poll::Ready(Ok(())) => {}
                other => return other,
            }
            match self.pipe.io().read(&mut [0]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return Poll::Ready(outcome.map(|_| ())),
            }
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.ids.drain(..) {
            unregister(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use core::future::poll_fn;

    use smol::LocalExecutor;

    use super::*;
    use crate::net::run;

    #[test]
    fn a_signal_is_told_and_the_program_goes_on() {
        let signals = Signals::new().unwrap();
        for signal in [SIGTERM, SIGINT] {
            signal_hook::low_level::raise(signal).unwrap();
            let told = poll_fn(|context| signals.poll_next(context));
            run(&LocalExecutor::new(), told).unwrap().unwrap();
        }
    }
}
