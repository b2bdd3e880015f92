//! Sockets for programs on the same machine (unix(7), streams).
//!
//! What it decides: the folder of a socket is made where it is missing; a socket file that nobody answers any more is
//! replaced, one that somebody answers is not, nor is anything that is no socket; nobody can connect before the file has its
//! rights. Nothing waits.

use core::fmt;
use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, connect, listen, socket};

/// A file that takes connections. It is removed with the listener.
#[derive(Debug)]
pub struct LocalListener {
    socket: UnixListener,
    path: PathBuf,
    /// Device and number of the file: another one there is another's.
    file: (u64, u64),
}

impl LocalListener {
    /// Listens at `path`, for those to whom the file's `mode` gives the right to write.
    ///
    /// # Errors
    ///
    /// See [`LocalError`].
    pub fn bind(path: &Path, mode: u32) -> Result<Self, LocalError> {
        let failed = |cause: Cause| LocalError { path: path.to_owned(), cause };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        folder.map_or(Ok(()), fs::create_dir_all).map_err(|error| failed(Cause::Folder(error)))?;
        let fd = match open(path) {
            Err(Errno::EADDRINUSE) => {
                make_room(path).map_err(failed)?;
                open(path)
            }
            other => other,
        };
        let fd = fd.map_err(|error| failed(Cause::System(error.into())))?;
        let socket = publish(fd, path, mode).map_err(|error| failed(Cause::System(error)))?;
        let file = identity(path).map_err(|error| failed(Cause::System(error)))?;
        Ok(Self { socket, path: path.to_owned(), file })
    }

    /// The next connection, if one is there.
    ///
    /// # Errors
    ///
    /// There are no file descriptors left: asking again at once will not help.
    pub fn accept(&self) -> io::Result<Option<Local>> {
        match self.socket.accept() {
            Ok((socket, _)) => {
                socket.set_nonblocking(true)?;
                Ok(Some(Local { socket }))
            }
            Err(error) if is_later(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Its file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for LocalListener {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|file| file == self.file) {
            // Gone already, it is not missed.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A connection. Dropping it closes it.
#[derive(Debug)]
pub struct Local {
    socket: UnixStream,
}

impl Local {
    /// Connects to who listens at `path`.
    ///
    /// # Errors
    ///
    /// Nobody does, or it is not allowed.
    pub fn connect(path: &Path) -> io::Result<Self> {
        // Where more wait than the kernel holds, one that waits might wait for ever.
        let fd = endpoint()?;
        connect(fd.as_raw_fd(), &UnixAddr::new(path)?)?;
        Ok(Self { socket: UnixStream::from(fd) })
    }

    /// What has come, if anything has: 0 bytes are its end.
    ///
    /// # Errors
    ///
    /// It is broken.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match (&self.socket).read(buffer) {
            Ok(len) => Ok(Some(len)),
            Err(error) if is_later(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes what the kernel takes: so many bytes.
    ///
    /// # Errors
    ///
    /// It is broken.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match (&self.socket).write(bytes) {
            Err(error) if is_later(&error) => Ok(0),
            outcome => outcome,
        }
    }
}

impl AsFd for LocalListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsFd for Local {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Why there is no socket.
#[derive(Debug)]
pub struct LocalError {
    path: PathBuf,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    /// Its folder cannot be made.
    Folder(io::Error),
    /// Another program answers there.
    Answered,
    /// There is something that is no socket.
    Occupied,
    /// What the kernel says.
    System(io::Error),
}

impl fmt::Display for LocalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.cause {
            Cause::Folder(error) => write!(f, "{path}: its folder cannot be made: {error}"),
            Cause::Answered => write!(f, "{path}: another program listens there"),
            Cause::Occupied => write!(f, "{path}: there is something else than a socket"),
            Cause::System(error) => write!(f, "{path}: {error}"),
        }
    }
}

impl std::error::Error for LocalError {}

/// Makes a socket file; nobody can connect to it yet.
fn open(path: &Path) -> Result<OwnedFd, Errno> {
    let fd = endpoint()?;
    bind(fd.as_raw_fd(), &UnixAddr::new(path)?)?;
    Ok(fd)
}

fn publish(fd: OwnedFd, path: &Path, mode: u32) -> io::Result<UnixListener> {
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    listen(&fd, Backlog::new(BACKLOG)?)?;
    Ok(UnixListener::from(fd))
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|about| (about.dev(), about.ino()))
}

/// Removes a socket file whose owner is gone.
fn make_room(path: &Path) -> Result<(), Cause> {
    let found = fs::symlink_metadata(path).map_err(Cause::System)?;
    if !found.file_type().is_socket() {
        return Err(Cause::Occupied);
    }
    match Local::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(Cause::System)
        }
        Ok(_) => Err(Cause::Answered),
        // A full queue of connections is somebody, too.
        Err(error) if is_later(&error) => Err(Cause::Answered),
        Err(error) => Err(Cause::System(error)),
    }
}

fn endpoint() -> Result<OwnedFd, Errno> {
    socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)
}

fn is_later(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// Connections that the kernel holds until they are accepted.
const BACKLOG: i32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("pagingbox-{}-local-{name}", std::process::id()))
    }

    #[test]
    fn the_folder_is_made_the_file_has_its_rights_and_goes_with_the_listener() {
        let folder = scratch("made");
        let path = folder.join("deep/status.sock");
        let listener = LocalListener::bind(&path, 0o660).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        let near = Local::connect(&path).unwrap();
        let far = listener.accept().unwrap().expect("a connection");
        assert!(listener.accept().unwrap().is_none());
        assert_eq!(near.write(b"status\n").unwrap(), 7);
        let mut buffer = [0; 64];
        assert_eq!(far.read(&mut buffer).unwrap(), Some(7));
        assert_eq!(far.read(&mut buffer).unwrap(), None, "nothing more has come");
        drop(near);
        assert_eq!(far.read(&mut buffer).unwrap(), Some(0), "its end");
        drop(listener);
        assert!(!path.exists());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_left_behind_is_replaced_and_one_that_is_answered_is_not() {
        let path = scratch("stale");
        // The listener of the standard library leaves its file behind, as a killed program does.
        drop(UnixListener::bind(&path).unwrap());
        let listener = LocalListener::bind(&path, 0o660).unwrap();
        let error = LocalListener::bind(&path, 0o660).unwrap_err().to_string();
        assert_eq!(error, format!("{}: another program listens there", path.display()));
        assert!(path.exists(), "{}", listener.path().display());
    }

    #[test]
    fn a_file_of_another_stays_when_the_listener_goes() {
        let path = scratch("swept");
        let first = LocalListener::bind(&path, 0o660).unwrap();
        fs::remove_file(&path).unwrap();
        let second = LocalListener::bind(&path, 0o660).unwrap();
        drop(first);
        assert!(path.exists());
        drop(second);
        assert!(!path.exists());
    }

    #[test]
    fn where_nobody_accepts_the_one_too_many_is_told_at_once() {
        let path = scratch("full");
        let _listener = LocalListener::bind(&path, 0o660).unwrap();
        let waiting: Vec<_> = (0..2 * BACKLOG).map(|_| Local::connect(&path)).collect();
        let last = waiting.last().unwrap().as_ref().unwrap_err();
        assert_eq!(last.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn what_is_no_socket_is_left_alone() {
        let path = scratch("file");
        fs::write(&path, "precious").unwrap();
        let error = LocalListener::bind(&path, 0o660).unwrap_err().to_string();
        assert_eq!(error, format!("{}: there is something else than a socket", path.display()));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
        let below = LocalListener::bind(&path.join("status.sock"), 0o660).unwrap_err().to_string();
        assert!(below.contains(": its folder cannot be made: "), "{below}");
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_path_too_long_for_the_kernel_is_told() {
        let path = std::env::temp_dir().join("x".repeat(120));
        assert!(LocalListener::bind(&path, 0o660).is_err());
    }
}
