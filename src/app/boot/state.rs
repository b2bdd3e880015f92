//! The partition in which the box remembers.

use crate::app::guard_disk;
use crate::slots::{Slots, Write};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The partition, and what it holds.
pub(super) struct State {
    file: File,
    slots: Slots,
}

impl State {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let slots = read(&file);
        Ok(Self { file, slots })
    }

    pub(super) const fn slots(&self) -> &Slots {
        &self.slots
    }

    /// Writes a slot, and looks whether it is there.
    pub(super) fn write(&mut self, write: &Write) -> io::Result<()> {
        self.file.write_all_at(&write.bytes, write.offset)?;
        self.file.sync_data()?;
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
