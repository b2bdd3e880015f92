//! What the machine wishes: that the program ends (SIGTERM, SIGINT), or reads its configuration again (SIGHUP).

use core::task::{Context, Poll};
use std::io::{self, Read};
use std::os::unix::net::UnixStream;

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::{pipe, unregister};

use super::reactor::Watched;

/// Catches signals of one meaning as long as it lives.
#[derive(Debug)]
pub struct Signals {
    pipe: Watched<UnixStream>,
    ids: Vec<SigId>,
}

impl Signals {
    /// Those that ask the program to end: from now on they no longer end it.
    ///
    /// # Errors
    ///
    /// When the process has no file descriptors left.
    pub fn to_end() -> io::Result<Self> {
        Self::new(&[SIGTERM, SIGINT])
    }

    /// The one that asks to read the configuration again; it no longer ends the program either.
    ///
    /// # Errors
    ///
    /// As [`to_end`](Self::to_end).
    pub fn to_reload() -> io::Result<Self> {
        Self::new(&[SIGHUP])
    }

    fn new(which: &[i32]) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut signals = Self { pipe: Watched::new(ours), ids: Vec::new() };
        for &signal in which {
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
        let (end, reload) = (Signals::to_end().unwrap(), Signals::to_reload().unwrap());
        for (signal, signals) in [(SIGTERM, &end), (SIGINT, &end), (SIGHUP, &reload)] {
            signal_hook::low_level::raise(signal).unwrap();
            let told = poll_fn(|context| signals.poll_next(context));
            run(&LocalExecutor::new(), told).unwrap().unwrap();
        }
    }
}
