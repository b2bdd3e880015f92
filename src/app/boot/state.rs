//! The partition in which the box remembers.

use crate::app::guard_disk;
use crate::slots::{Slots, Write};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The partition, and what it holds.
pub(super) struct State {
    path: PathBuf,
    file: File,
    slots: Slots,
}

impl State {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // A card that takes nothing any more can be read all the same.
        let file = File::open(path)?;
        let slots = read(&file);
        Ok(Self { path: path.to_owned(), file, slots })
    }

    pub(super) const fn slots(&self) -> &Slots {
        &self.slots
    }

    /// Writes a slot, and looks whether it is there.
    pub(super) fn write(&mut self, write: &Write) -> io::Result<()> {
        guard_disk::write_sectors(&self.path, write.offset, &write.bytes)?;
        guard_disk::forget(&self.file);
        let mut found = vec![0; write.bytes.len()];
        self.file.read_exact_at(&mut found, write.offset)?;
        self.slots = read(&self.file);
        if found == write.bytes { Ok(()) } else { Err(io::Error::other("what was written is not there")) }
    }
}

fn read(file: &File) -> Slots {
    Slots::read(|offset, bytes| file.read_exact_at(bytes, offset).is_ok())
}
