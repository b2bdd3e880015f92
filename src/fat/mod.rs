//! Where the bytes of a file lie in a FAT16 or FAT32 volume, so that they can be overwritten in place (Microsoft, *FAT: General
//! Overview of On-Disk Format* 1.03).
//!
//! ```text
//! ┌────────────┬─────────────────────┬──────────────────────────────┬───────────────────────────────┐
//! │ boot       │ tables: which       │ root folder                  │ clusters, from number 2 on    │
//! │ (geometry) │ cluster comes next  │ (FAT32: a chain of clusters) │                               │
//! └────────────┴─────────────────────┴──────────────────────────────┴───────────────────────────────┘
//! ```
//! Decides what a volume's first sector means, finds a file of the root folder by its long or its short name, and follows
//! its chain. Leaves out folders, FAT12, writing, and everything a healthy volume does not have: what is odd is an error, not
//! something to make the best of, because somebody is going to write there. Bounds: a folder of [`ENTRIES_MAX`] entries, a
//! file of [`FILE_MAX`] bytes in [`EXTENTS_MAX`] pieces; chains are followed no further, so none can go round for ever.

mod entry;
mod geometry;
mod root;
#[cfg(test)]
mod tests;

use core::fmt;
use geometry::Geometry;

/// A volume that has a FAT file system.
#[derive(Clone, Debug)]
pub struct Volume<R> {
    read: R,
    geometry: Geometry,
}

impl<R: FnMut(u64, &mut [u8]) -> bool> Volume<R> {
    /// Reads the first sector. `read` fills the buffer with what lies at the offset from the start of the volume, or says
    /// that it could not.
    ///
    /// # Errors
    /// See [`FatError`].
    pub fn open(mut read: R) -> Result<Self, FatError> {
        let mut sector = [0; geometry::BOOT_BYTES];
        if !read(0, &mut sector) {
            return Err(FatError::Unreadable { offset: 0 });
        }
        Ok(Self { geometry: Geometry::parse(&sector)?, read })
    }

    /// The file of that name in the root folder, in any letter case.
    ///
    /// # Errors
    /// See [`FatError`].
    pub fn find(&mut self, name: &str) -> Result<File, FatError> {
        let entry = root::find(self, name)?;
        let extents = self.extents(entry.cluster, entry.size)?;
        Ok(File { size: entry.size, extents })
    }

    fn extents(&mut self, first: u32, size: u32) -> Result<Vec<Extent>, FatError> {
        if size > FILE_MAX {
            return Err(FatError::TooLong { size });
        }
        let cluster_bytes = self.geometry.cluster_bytes;
        let (mut extents, mut left, mut cluster): (Vec<Extent>, _, _) = (Vec::new(), size, first);
        while left > 0 {
            let offset = self.cluster_at(cluster)?;
            let len = left.min(cluster_bytes);
            match extents.last_mut() {
                Some(last) if last.end() == offset => last.len += len,
                _ => extents.push(Extent { offset, len }),
            }
            if extents.len() > EXTENTS_MAX {
                return Err(FatError::Scattered);
            }
            left -= len;
            cluster = if left > 0 { self.after(cluster)? } else { cluster };
        }
        Ok(extents)
    }

    /// Where a cluster lies.
    fn cluster_at(&self, cluster: u32) -> Result<u64, FatError> {
        self.geometry.cluster_at(cluster).ok_or(FatError::Chain { cluster })
    }

    /// The cluster that comes next in its chain, or a number that is none.
    fn after(&mut self, cluster: u32) -> Result<u32, FatError> {
        let width = self.geometry.width;
        let mut bytes = [0; 4];
        let entry = bytes.get_mut(..width.bytes()).unwrap_or_default();
        let offset = self.geometry.link_at(cluster);
        if !(self.read)(offset, entry) {
            return Err(FatError::Unreadable { offset });
        }
        // The upper four bits of an entry of 32 are not part of the number.
        Ok(u32::from_le_bytes(bytes) & 0x0fff_ffff)
    }

    fn read_sector(&mut self, offset: u64, sector: &mut [u8]) -> Result<(), FatError> {
        if (self.read)(offset, sector) { Ok(()) } else { Err(FatError::Unreadable { offset }) }
    }
}

/// A file, and where its bytes lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its length.
    pub size: u32,
    /// Its pieces, in order; together they are as long as the file.
    pub extents: Vec<Extent>,
}

impl File {
    /// Where it begins, if it lies in one piece.
    #[must_use]
    pub fn contiguous_at(&self) -> Option<u64> {
        match self.extents.as_slice() {
            [whole] => Some(whole.offset),
            _ => None,
        }
    }
}

/// A piece of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Bytes from the start of the volume.
    pub offset: u64,
    /// Bytes, never none.
    pub len: u32,
}

impl Extent {
    const fn end(&self) -> u64 {
        self.offset + self.len as u64
    }
}

/// Why a file is not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FatError {
    /// The volume does not give these bytes.
    Unreadable {
        /// From the start of the volume.
        offset: u64,
    },
    /// The first sector is not that of a FAT volume, or says what cannot be.
    NotFat {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No file of the root folder has the name.
    NoSuchFile,
    /// The name is that of a folder.
    Folder,
    /// A chain leads to a cluster that the volume does not have, or ends before its file.
    Chain {
        /// The cluster.
        cluster: u32,
    },
    /// The file lies in too many pieces.
    Scattered,
    /// The file is longer than this is made for.
    TooLong {
        /// Its length.
        size: u32,
    },
}

impl fmt::Display for FatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { offset } => write!(f, "it cannot be read at byte {offset}"),
            Self::NotFat { reason } => write!(f, "it has no FAT file system: {reason}"),
            Self::NoSuchFile => f.write_str("the file is not there"),
            Self::Folder => f.write_str("it is a folder"),
            Self::Chain { cluster } => write!(f, "the file's chain leads to cluster {cluster}"),
            Self::Scattered => write!(f, "the file lies in more than {EXTENTS_MAX} pieces"),
            Self::TooLong { size } => write!(f, "the file has {size} bytes, more than {FILE_MAX}"),
        }
    }
}

impl core::error::Error for FatError {}

/// Entries of a folder that are looked at: as many as FAT allows (2 MiB of 32 bytes).
pub const ENTRIES_MAX: u32 = 65_536;
/// The longest file whose place is looked up.
pub const FILE_MAX: u32 = 16 << 20;
/// Pieces of a file.
pub const EXTENTS_MAX: usize = 64;
