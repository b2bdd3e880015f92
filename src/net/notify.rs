//! The socket on which a service manager hears from its service (`sd_notify(3)`).
//!
//! Written here and not taken from a crate: those at hand open a blocking socket for each message, and the thread that
//! tells is the one that carries the calls.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Where a service manager listens, or will: it may begin later, or anew.
#[derive(Debug)]
pub struct NotifySocket {
    socket: UnixDatagram,
    manager: SocketAddr,
}

impl NotifySocket {
    /// Of the value of `NOTIFY_SOCKET`: a path, or with an `@` in front a name without a file.
    ///
    /// # Errors
    ///
    /// When that is no such name, or the process has no file descriptors left.
    pub fn open(name: &OsStr) -> io::Result<Self> {
        let manager = match name.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(name)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, manager })
    }

    /// Tells `text`, lines of `NAME=value`, if it can be told now; says whether it was.
    #[must_use]
    pub fn send(&self, text: &str) -> bool {
        self.socket.send_to_addr(text.as_bytes(), &self.manager).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_names_lead_to_the_manager() {
        let path = std::env::temp_dir().join(format!("pagingbox-{}-notify", std::process::id()));
        let name = format!("pagingbox-{}", std::process::id());
        let hidden = SocketAddr::from_abstract_name(&name).unwrap();
        let cases = [
            (UnixDatagram::bind(&path).unwrap(), path.clone().into_os_string()),
            (UnixDatagram::bind_addr(&hidden).unwrap(), format!("@{name}").into()),
        ];
        for (manager, name) in cases {
            assert!(NotifySocket::open(&name).unwrap().send("READY=1"));
            let mut buffer = [0; 16];
            let len = manager.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..len], b"READY=1");
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_manager_that_does_not_listen_holds_nobody_up() {
        let name = format!("pagingbox-{}-deaf", std::process::id());
        let manager = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let socket = NotifySocket::open(format!("@{name}").as_ref()).unwrap();
        let told = (0..10_000).take_while(|_| socket.send("WATCHDOG=1")).count();
        assert!((1..10_000).contains(&told), "{told}");
        drop(manager);
        assert!(!socket.send("STOPPING=1"));
    }

    #[test]
    fn a_manager_that_begins_later_or_anew_is_told() {
        let name = format!("pagingbox-{}-later", std::process::id());
        let socket = NotifySocket::open(format!("@{name}").as_ref()).unwrap();
        assert!(!socket.send("READY=1"));
        for _ in 0..2 {
            let manager = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
            assert!(socket.send("WATCHDOG=1"));
            assert_eq!(manager.recv(&mut [0; 16]).unwrap(), 10);
        }
    }
}
