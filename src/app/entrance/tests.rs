//! Those who come in, for the tests of what they find there.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// One who comes to the socket at `path`.
pub(in crate::app) fn come(path: &Path) -> UnixStream {
    let visitor = UnixStream::connect(path).unwrap();
    visitor.set_nonblocking(true).unwrap();
    visitor
}

/// What has come so far, and whether that was all.
pub(in crate::app) fn heard(visitor: &mut UnixStream) -> (String, bool) {
    let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match visitor.read(&mut buffer) {
            Ok(0) => return (String::from_utf8(text).unwrap(), true),
            Ok(len) => text.extend_from_slice(&buffer[..len]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return (String::from_utf8(text).unwrap(), false);
            }
            Err(error) => panic!("{error}"),
        }
    }
}
