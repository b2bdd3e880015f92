//! The socket on which a guard hears from the service it watches over (`sd_notify(3)`, from the other end).
//!
//! The kernel says which process of which user has sent a datagram (`SCM_CREDENTIALS`, unix(7)); nobody can claim to be
//! another. The file gets the group of its folder, whose members may send. Who sends files along is nobody's service, and counts
//! as nobody; the files are not taken. Nothing waits, and nothing is queued but by the kernel.

use std::fs::{self, Permissions};
use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, RecvMsg, SockFlag, SockType, UnixAddr, bind, recvmsg,
    setsockopt, socket, sockopt,
};

/// A file that takes datagrams.
#[derive(Debug)]
pub struct NotifyListener {
    socket: UnixDatagram,
    control: Vec<u8>,
}

/// A datagram that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notification {
    /// So many bytes of the buffer.
    pub len: usize,
    /// It was longer than the buffer.
    pub is_cut: bool,
    /// The process that has sent it; 0: nobody that is known.
    pub pid: u32,
    /// Its user.
    pub uid: u32,
}

impl NotifyListener {
    /// Listens at `path`, in place of one who does so no more.
    ///
    /// # Errors
    ///
    /// Somebody listens there, something else is there, or the folder is missing or not ours.
    pub fn bind(path: &Path) -> io::Result<Self> {
        make_room(path)?;
        let kind = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = UnixDatagram::from(socket(AddressFamily::Unix, SockType::Datagram, kind, None)?);
        // Before the first datagram can come.
        setsockopt(&socket, sockopt::PassCred, &true)?;
        bind(socket.as_raw_fd(), &UnixAddr::new(path)?)?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            chown(path, None, Some(fs::metadata(folder)?.gid()))?;
        }
        fs::set_permissions(path, Permissions::from_mode(MODE))?;
        Ok(Self { socket, control: nix::cmsg_space!(nix::sys::socket::UnixCredentials) })
    }

    /// The next datagram, if one is there.
    ///
    /// # Errors
    ///
    /// When the kernel has no memory for it.
    pub fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<Notification>> {
        let mut parts = [IoSliceMut::new(buffer)];
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_CMSG_CLOEXEC;
        let received: RecvMsg<'_, '_, UnixAddr> =
            match recvmsg(self.socket.as_raw_fd(), &mut parts, Some(&mut self.control), flags) {
                Ok(received) => received,
                Err(Errno::EAGAIN | Errno::EINTR) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
        let is_cut = received.flags.contains(MsgFlags::MSG_TRUNC);
        // The kernel always says; a sender that it does not know counts as nobody.
        let (pid, uid) = sender(&received).unwrap_or((0, u32::MAX));
        Ok(Some(Notification { len: received.bytes, is_cut, pid, uid }))
    }
}

/// The process and the user; `None` where more came along than those (files): there is no room for it.
fn sender(received: &RecvMsg<'_, '_, UnixAddr>) -> Option<(u32, u32)> {
    received.cmsgs().ok()?.find_map(|message| match message {
        ControlMessageOwned::ScmCredentials(of) => Some((u32::try_from(of.pid()).unwrap_or(0), of.uid())),
        _ => None,
    })
}

impl AsFd for NotifyListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Removes the file of one who was killed.
fn make_room(path: &Path) -> io::Result<()> {
    let Ok(about) = fs::symlink_metadata(path) else { return Ok(()) };
    let is_answered = UnixDatagram::unbound()?.connect(path).is_ok();
    if !about.file_type().is_socket() || is_answered {
        return Err(io::ErrorKind::AddrInUse.into());
    }
    fs::remove_file(path)
}

/// For its user and its group.
const MODE: u32 = 0o660;

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::socket::{ControlMessage, sendmsg};

    fn scratch(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("pagingbox-{}-{name}", std::process::id()))
    }

    #[test]
    fn the_kernel_says_who_has_sent_a_datagram() {
        let path = scratch("listener");
        let mut listener = NotifyListener::bind(&path).unwrap();
        let mut buffer = [0; 16];
        assert_eq!(listener.receive(&mut buffer).unwrap(), None);
        let sender = UnixDatagram::unbound().unwrap();
        sender.send_to(b"WATCHDOG=1", &path).unwrap();
        sender.send_to(&[b'x'; 17], &path).unwrap();
        let (pid, uid) = (std::process::id(), crate::process::user());
        let first = Notification { len: 10, is_cut: false, pid, uid };
        assert_eq!(listener.receive(&mut buffer).unwrap(), Some(first));
        assert_eq!(&buffer[..10], b"WATCHDOG=1");
        let second = Notification { len: 16, is_cut: true, ..first };
        assert_eq!(listener.receive(&mut buffer).unwrap(), Some(second));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o660);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn who_sends_a_file_along_counts_as_nobody_and_the_next_one_is_heard() {
        let path = scratch("files");
        let mut listener = NotifyListener::bind(&path).unwrap();
        let sender = UnixDatagram::unbound().unwrap();
        sender.connect(&path).unwrap();
        let files = [sender.as_raw_fd(); 3];
        for _ in 0..2 {
            let parts = [io::IoSlice::new(b"WATCHDOG=1")];
            let along = [ControlMessage::ScmRights(&files)];
            sendmsg::<()>(sender.as_raw_fd(), &parts, &along, MsgFlags::empty(), None).unwrap();
            sender.send(b"READY=1").unwrap();
        }
        let mut buffer = [0; 16];
        let stranger = Notification { len: 10, is_cut: false, pid: 0, uid: u32::MAX };
        let ours = Notification { len: 7, pid: std::process::id(), uid: crate::process::user(), ..stranger };
        for expected in [stranger, ours, stranger, ours] {
            assert_eq!(listener.receive(&mut buffer).unwrap(), Some(expected));
        }
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn the_file_of_one_who_is_gone_is_replaced_and_that_of_another_is_not() {
        let path = scratch("taken");
        let first = NotifyListener::bind(&path).unwrap();
        assert_eq!(NotifyListener::bind(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(first);
        drop(NotifyListener::bind(&path).unwrap());
        fs::remove_file(&path).unwrap();
        fs::write(&path, "a file").unwrap();
        assert_eq!(NotifyListener::bind(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        fs::remove_file(path).unwrap();
    }
}
