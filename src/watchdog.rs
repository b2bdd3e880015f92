//! The hardware watchdog: the machine begins anew when it is not fed for a while (Linux, `watchdog-api.rst`).

use core::time::Duration;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::Path;

use crate::output::rt;

/// A watchdog that waits for food from now on. Nothing stops it: a feeder that has ended is what it is for,
/// and one that ends in order is followed by another, or by the end of the machine, at which the kernel stops it.
#[derive(Debug)]
pub struct Watchdog(File);

impl Watchdog {
    /// Starts the watchdog at `path`.
    ///
    /// # Errors
    ///
    /// There is none, or somebody else feeds it.
    pub fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().write(true).open(path).map(Self)
    }

    /// How long it waits from now on; says how long it really does.
    ///
    /// # Errors
    ///
    /// It cannot wait so long, or cannot be told.
    pub fn wait_for(&self, span: Duration) -> io::Result<Duration> {
        let seconds = i32::try_from(span.as_secs()).unwrap_or(i32::MAX);
        let seconds = rt::set_watchdog(self.0.as_fd(), seconds)?;
        Ok(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    }

    /// Feeds it.
    ///
    /// # Errors
    ///
    /// It does not eat.
    pub fn feed(&mut self) -> io::Result<()> {
        self.0.write_all(b"\0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_fed_by_what_is_written_and_never_stopped() {
        let path = std::env::temp_dir().join(format!("pagingbox-{}-watchdog", std::process::id()));
        std::fs::write(&path, "").unwrap();
        let mut watchdog = Watchdog::open(&path).unwrap();
        watchdog.feed().unwrap();
        watchdog.feed().unwrap();
        assert!(watchdog.wait_for(Duration::from_secs(10)).is_err(), "a file is no watchdog");
        drop(watchdog);
        assert_eq!(std::fs::read(&path).unwrap(), b"\0\0", "no V: magic close");
        std::fs::remove_file(path).unwrap();
    }
}
