//! Sound files, read before they are needed by a task that takes one after the other: nobody waits for a file.
//!
//! What it decides: where a file is looked for, and when it is read again, which is when it is another than it was. Leaves out
//! what is made of a file, how much of all of them is held, and what stands in for one that cannot be read.

use super::bell::Bell;
use crate::files::ClipError;
use core::cell::RefCell;
use smol::{LocalExecutor, Task};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Weak};

/// Makes a `T` of each file; `K` is what a file is for.
pub(super) struct Reading<'a, K, T> {
    executor: Rc<LocalExecutor<'a>>,
    bell: Rc<Bell>,
    /// What the task has made.
    ready: Rc<RefCell<Vec<Outcome<K, T>>>>,
    making: Option<Making>,
}

/// A file that is wanted.
pub(super) struct Job<K> {
    pub(super) item: K,
    pub(super) path: PathBuf,
    /// Of what is held of it.
    pub(super) known: Option<Stamp>,
}

/// What became of it.
pub(super) struct Outcome<K, T> {
    pub(super) item: K,
    pub(super) path: PathBuf,
    pub(super) read: Result<(T, Option<Stamp>), ClipError>,
}

/// What tells that a file is another than it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

/// The task. Dropped, it stops, and what it has begun elsewhere does too.
struct Making {
    _wanted: Arc<()>,
    _task: Task<()>,
}

impl<'a, K: Send + 'static, T: Send + 'static> Reading<'a, K, T> {
    /// Nothing yet; `bell` is rung when [`take`](Self::take) has something to take.
    pub(super) fn new(executor: Rc<LocalExecutor<'a>>, bell: Rc<Bell>) -> Self {
        Self { executor, bell, ready: Rc::default(), making: None }
    }

    /// Reads those files that are others than they were, or were not there. `make` ends early when nobody wants it any more,
    /// which it is told by the function that it is given.
    pub(super) fn begin(
        &mut self,
        jobs: Vec<Job<K>>,
        make: impl Fn(&Path, &dyn Fn() -> bool) -> Result<T, ClipError> + Copy + Send + 'static,
    ) {
        // What was wanted before is not waited for.
        self.making = None;
        self.ready.take();
        if jobs.is_empty() {
            return;
        }
        let wanted = Arc::new(());
        let (ready, bell, is_wanted) =
            (Rc::clone(&self.ready), Rc::clone(&self.bell), Arc::downgrade(&wanted));
        let task = self.executor.spawn(async move {
            for job in jobs {
                let is_wanted = Weak::clone(&is_wanted);
                let read = move || job.read(|path| make(path, &|| is_wanted.strong_count() > 0));
                let outcome = smol::unblock(read).await;
                ready.borrow_mut().extend(outcome);
                bell.ring();
            }
        });
        self.making = Some(Making { _wanted: wanted, _task: task });
    }

    /// What has been read.
    pub(super) fn take(&mut self) -> Vec<Outcome<K, T>> {
        self.ready.take()
    }
}

impl<K> Job<K> {
    /// `None`: the file is as it was.
    fn read<T>(self, make: impl FnOnce(&Path) -> Result<T, ClipError>) -> Option<Outcome<K, T>> {
        let Self { item, path, known } = self;
        let place = found(&path);
        let stamp = Stamp::of(&place);
        if stamp.is_some() && stamp == known {
            return None;
        }
        let read = make(&place).map(|made| (made, stamp));
        Some(Outcome { item, path, read })
    }
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok()?;
        Some(Self { inode: file.ino(), bytes: file.size(), changed: (file.mtime(), file.mtime_nsec()) })
    }
}

/// A path that is not whole is one below the folder of the configuration, or else where the program was started.
pub(super) fn found(path: &Path) -> PathBuf {
    let on_the_card = Path::new(CARD).join(path);
    if path.is_relative() && on_the_card.exists() { on_the_card } else { path.to_owned() }
}

/// Where a card of the appliance has its configuration, and sounds beside it.
const CARD: &str = "/boot";

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes a file has.
    type Lengths = Reading<'static, u8, usize>;

    fn lengths() -> (Rc<LocalExecutor<'static>>, Lengths) {
        let executor = Rc::new(LocalExecutor::new());
        (Rc::clone(&executor), Reading::new(executor, Rc::default()))
    }

    fn begin(reading: &mut Lengths, item: u8, (path, known): (&Path, Option<Stamp>)) {
        let jobs = vec![Job { item, path: path.to_owned(), known }];
        let length = |path: &Path| fs::read(path).map(|bytes| bytes.len());
        reading.begin(jobs, move |path, _| {
            length(path).map_err(|source| ClipError::Unreadable { path: path.to_owned(), source })
        });
    }

    /// What there is when all has been read.
    fn read(executor: &LocalExecutor<'_>, reading: &mut Lengths) -> Vec<(u8, usize, Option<Stamp>)> {
        smol::block_on(async {
            while !executor.is_empty() {
                executor.tick().await;
            }
        });
        let made = |outcome: Outcome<u8, usize>| {
            let (length, stamp) = outcome.read.unwrap();
            (outcome.item, length, stamp)
        };
        reading.take().into_iter().map(made).collect()
    }

    #[test]
    fn a_file_is_read_again_when_it_is_another_and_only_then() {
        let path = std::env::temp_dir().join(format!("pagingbox-{}-reading-again", std::process::id()));
        let (executor, mut reading) = lengths();
        fs::write(&path, "one").unwrap();
        begin(&mut reading, 1, (&path, None));
        let first = read(&executor, &mut reading);
        let stamp = first[0].2;
        assert!(matches!(first[..], [(1, 3, Some(_))]), "{first:?}");
        begin(&mut reading, 1, (&path, stamp));
        assert_eq!(read(&executor, &mut reading), []);
        fs::write(&path, "three").unwrap();
        begin(&mut reading, 1, (&path, stamp));
        assert!(matches!(read(&executor, &mut reading)[..], [(1, 5, _)]));
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn what_was_wanted_before_is_not_told_any_more() {
        let (executor, mut reading) = lengths();
        let path = Path::new("/proc/self/comm");
        begin(&mut reading, 1, (path, None));
        begin(&mut reading, 2, (path, None));
        let told: Vec<_> = read(&executor, &mut reading).iter().map(|&(item, ..)| item).collect();
        assert_eq!(told, [2]);
    }
}
