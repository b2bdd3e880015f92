//! Tells when files are written, replaced or removed (inotify(7)).
//!
//! Folders are watched and not files: editors write a file of another name and give it the name of the old one, and a file
//! may not be there yet. A write counts when the writer closes the file.

use core::task::{Context, Poll};
use std::future::poll_fn;
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};

use super::reactor::Watched;

/// Watches files as long as it lives.
#[derive(Debug)]
pub struct Folders {
    inotify: Watched<Inotify>,
    files: Vec<(WatchDescriptor, PathBuf)>,
}

impl Folders {
    /// Watches the folders of `files`; one that is not there is left out. Of a file that is a link, the file that it leads to
    /// is watched too.
    ///
    /// # Errors
    ///
    /// When the kernel gives no inotify, or there is nothing to watch.
    pub fn new<'a>(files: impl IntoIterator<Item = &'a Path>) -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        let mut watched = Vec::new();
        for file in files {
            let target = file.canonicalize().ok().filter(|target| target != file);
            for path in [Some(file.to_owned()), target].into_iter().flatten() {
                // A folder is the same watch each time. `conf` alone lies where the program was started.
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                if let Ok(watch) = inotify.add_watch(folder.unwrap_or(Path::new(".")), events()) {
                    watched.push((watch, path));
                }
            }
        }
        if watched.is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Self { inotify: Watched::new(inotify), files: watched })
    }

    /// Waits until one of the files is not what it was.
    ///
    /// # Errors
    ///
    /// When it cannot be waited for, or a folder is no more.
    pub async fn changed(&self) -> io::Result<()> {
        poll_fn(|context| self.poll_changed(context)).await
    }

    fn poll_changed(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.inotify.poll_readable(context) {
                Poll::Ready(Ok(())) => {}
                other => return other,
            }
            // One buffer's worth; what is left is reported again.
            let events = match self.inotify.io().read_events() {
                Err(Errno::EAGAIN | Errno::EINTR) => continue,
                outcome => outcome?,
            };
            if events.iter().any(|event| event.mask.contains(AddWatchFlags::IN_IGNORED)) {
                return Poll::Ready(Err(io::ErrorKind::NotFound.into()));
            }
            if events.iter().any(|event| self.is_ours(event)) {
                return Poll::Ready(Ok(()));
            }
        }
    }

    fn is_ours(&self, event: &InotifyEvent) -> bool {
        if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
            return true;
        }
        let Some(name) = &event.name else { return false };
        self.files.iter().any(|(watch, file)| *watch == event.wd && file.file_name() == Some(name))
    }
}

/// A link or a second name is made whole; what is opened to be written is not.
const fn events() -> AddWatchFlags {
    AddWatchFlags::IN_CLOSE_WRITE
        .union(AddWatchFlags::IN_MOVE)
        .union(AddWatchFlags::IN_DELETE)
        .union(AddWatchFlags::IN_CREATE)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use smol::{LocalExecutor, future};

    use super::*;
    use crate::clock;
    use crate::net::{run, sleep_until};
    use core::time::Duration;

    /// An empty folder.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("pagingbox-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Whether something was told, or something of the same folder that comes after it.
    fn is_told(folders: &Folders) -> bool {
        let told = async { folders.changed().await.is_ok() };
        let late = async {
            sleep_until(clock::now() + Duration::from_millis(50)).await;
            false
        };
        run(&LocalExecutor::new(), future::or(told, late)).unwrap()
    }

    #[test]
    fn writing_replacing_and_removing_are_told_and_other_files_are_not() {
        let folder = folder("write");
        let (file, other) = (folder.join("paging.conf"), folder.join("other"));
        let folders = Folders::new([file.as_path(), Path::new("/no such folder/x")]).unwrap();
        assert!(!is_told(&folders));
        fs::write(&file, "a").unwrap();
        assert!(is_told(&folders), "written");
        fs::write(&other, "b").unwrap();
        assert!(!is_told(&folders), "another file");
        fs::rename(&other, &file).unwrap();
        assert!(is_told(&folders), "replaced");
        fs::remove_file(&file).unwrap();
        assert!(is_told(&folders), "removed");
        fs::remove_dir_all(&folder).unwrap();
        assert!(run(&LocalExecutor::new(), folders.changed()).unwrap().is_err(), "the folder is gone");
    }

    #[test]
    fn a_link_tells_of_the_file_it_leads_to() {
        let (folder, target) = (folder("link"), folder("target"));
        fs::write(target.join("real.conf"), "a").unwrap();
        std::os::unix::fs::symlink(target.join("real.conf"), folder.join("paging.conf")).unwrap();
        let folders = Folders::new([folder.join("paging.conf").as_path()]).unwrap();
        fs::write(target.join("real.conf"), "b").unwrap();
        assert!(is_told(&folders));
        fs::remove_dir_all(&folder).unwrap();
        fs::remove_dir_all(&target).unwrap();
    }

    #[test]
    fn where_there_is_no_folder_there_is_nothing_to_wait_for() {
        assert!(Folders::new([Path::new("/no such folder/x")]).is_err());
    }
}
