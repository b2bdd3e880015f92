//! Processes: ending one and noticing its end, having one turn something into something else, and what this one is told.
//!
//! A [`Process`] is held by a file descriptor (`pidfd_open(2)`), so its number cannot come to mean another one meanwhile.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, PidfdFlags, Signal, geteuid, kill_process, pidfd_open, pidfd_send_signal};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

/// A process that was running when it was [opened](Process::open).
#[derive(Debug)]
pub struct Process {
    number: u32,
    fd: OwnedFd,
}

impl Process {
    /// The process of that number.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn open(number: u32) -> io::Result<Self> {
        let pid = i32::try_from(number).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self { number, fd: pidfd_open(pid, PidfdFlags::empty())? })
    }

    /// Its number.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Ends it at once, whatever it does (SIGKILL).
    ///
    /// # Errors
    ///
    /// When it has ended, or that is not allowed.
    pub fn kill(&self) -> io::Result<()> {
        Ok(pidfd_send_signal(&self.fd, Signal::KILL)?)
    }
}

impl AsFd for Process {
    /// It can be read when the process has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Has busybox's init begin the machine anew: it ends all processes in order first (SIGTERM).
///
/// # Errors
///
/// When that is not allowed.
pub fn begin_anew() -> io::Result<()> {
    Ok(kill_process(Pid::INIT, Signal::TERM)?)
}

/// The user whose rights this process has.
#[must_use]
pub fn user() -> u32 {
    geteuid().as_raw()
}

/// Ends this process at once when a thread of it panics, unless that thread is `spared` then.
pub fn end_on_panics(spared: fn() -> bool) {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !spared() {
            tell(panic);
            std::process::abort();
        }
    }));
}

/// Something that can be read as soon as this process is told to end (SIGTERM, SIGINT); from now on that does not end it.
///
/// # Errors
///
/// When the process has no file descriptors left.
pub fn end_signals() -> io::Result<UnixStream> {
    let (ours, theirs) = UnixStream::pair()?;
    for signal in [SIGTERM, SIGINT] {
        pipe::register(signal, theirs.try_clone()?)?;
    }
    Ok(ours)
}

/// Whether writing to `fd` would not have to wait.
#[must_use]
pub fn takes_more(fd: BorrowedFd<'_>) -> bool {
    let mut polled = [PollFd::new(fd, PollFlags::POLLOUT)];
    poll(&mut polled, PollTimeout::ZERO).is_ok() && polled[0].any().unwrap_or(false)
}

/// Waits until one of `what` can be read, `for_ms` milliseconds at most; a signal ends it early. Says which can.
///
/// # Errors
///
/// When the kernel has no memory for it.
pub fn wait<const N: usize>(what: [Option<BorrowedFd<'_>>; N], for_ms: u16) -> io::Result<[bool; N]> {
    let fds = what.into_iter().flatten().map(|fd| PollFd::new(fd, PollFlags::POLLIN));
    let mut polled: heapless::Vec<PollFd<'_>, N> = fds.collect();
    match poll(&mut polled, PollTimeout::from(for_ms)) {
        Err(Errno::EINTR) => return Ok([false; N]),
        other => other?,
    };
    let mut ready = polled.iter().map(|fd| fd.any().unwrap_or(false));
    Ok(what.map(|fd| fd.is_some() && ready.next().unwrap_or(false)))
}

/// Has a program turn `input` into something else, `within` at most; then it is killed. It is found by `PATH`, is given no
/// terminal, and what it says by standard error is thrown away. What it wrote can be read at [`Made::path`].
///
/// # Errors
///
/// When there is no such program, it takes too long, or it fails.
pub fn convert(program: &str, arguments: &[&str], input: &[u8], within_ms: u16) -> io::Result<Made> {
    let (mut given, made) = (memory("given")?, memory("made")?);
    given.write_all(input)?;
    given.rewind()?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(given)
        .stdout(made.try_clone()?)
        .stderr(Stdio::null())
        .spawn()?;
    let has_ended = Process::open(child.id()).and_then(|process| wait([Some(process.as_fd())], within_ms));
    if has_ended.as_ref().is_ok_and(|[ended]| !ended) || has_ended.is_err() {
        // It may just have ended.
        let _ = child.kill();
    }
    let status = child.wait()?;
    match has_ended? {
        [true] if status.success() => Ok(Made(made)),
        [true] => Err(io::Error::other(status.to_string())),
        [false] => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// What a program made. It is gone with this.
#[derive(Debug)]
pub struct Made(File);

impl Made {
    /// Where it can be read.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.0.as_raw_fd()).into()
    }
}

/// A file that is nowhere.
fn memory(name: &str) -> io::Result<File> {
    Ok(memfd_create(name, MemfdFlags::CLOEXEC)?.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn a_program_is_given_its_input_and_cannot_hang() {
        let made = convert("tr", &["a-z", "A-Z"], b"abc; $(x)", 10_000).unwrap();
        assert_eq!(std::fs::read(made.path()).unwrap(), b"ABC; $(X)");
        let kind = |program, argument| convert(program, &[argument], b"", 50).unwrap_err().kind();
        assert_eq!(kind("sleep", "60"), io::ErrorKind::TimedOut);
        assert_eq!(kind("no-such-program", ""), io::ErrorKind::NotFound);
        assert!(convert("false", &[], b"", 10_000).is_err());
    }

    /// It does so in a process of its own: this very test, told so by its environment.
    #[test]
    fn a_panic_of_any_thread_ends_the_process_unless_that_thread_is_spared() {
        const WHO: &str = "PAGING_TEST_PANICS";
        let is_spared = || std::thread::current().name() == Some("spared");
        if let Ok(who) = std::env::var(WHO) {
            end_on_panics(is_spared);
            let panics = std::thread::Builder::new().name(who).spawn(|| panic!("a test that is to panic"));
            assert!(panics.unwrap().join().is_err());
            return;
        }
        let name = "process::tests::a_panic_of_any_thread_ends_the_process_unless_that_thread_is_spared";
        let run = |who| {
            let mut test = Command::new(std::env::current_exe().unwrap());
            test.args(["--exact", name])
                .env(WHO, who)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap()
        };
        assert!(run("spared").success());
        assert_eq!(run("another").signal(), Some(libc::SIGABRT));
    }

    #[test]
    fn a_process_is_killed_and_its_end_noticed() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process::open(child.id()).unwrap();
        assert_eq!(process.number(), child.id());
        assert_eq!(wait([None, Some(process.as_fd())], 0).unwrap(), [false, false]);
        process.kill().unwrap();
        assert_eq!(wait([None, Some(process.as_fd())], 10_000).unwrap(), [false, true]);
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        assert!(process.kill().is_err(), "nobody else is meant");
        assert!(Process::open(0).is_err() && Process::open(u32::MAX).is_err());
    }
}
