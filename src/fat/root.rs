//! Looking for a name in the root folder.

use super::entry::{Entry, Next, Seeker};
use super::geometry::SECTOR_BYTES_MAX;
use super::geometry::{ENTRY_BYTES, Root};
use super::{ENTRIES_MAX, FatError, Volume};

/// The entry of that name.
pub(super) fn find<R: FnMut(u64, &mut [u8]) -> bool>(
    volume: &mut Volume<R>,
    name: &str,
) -> Result<Entry, FatError> {
    let mut search = Search { volume, seeker: Seeker::new(name), left: ENTRIES_MAX };
    let found = match search.volume.geometry.root {
        Root::Fixed { offset, entries } => {
            search.left = entries;
            search.look(offset, entries.saturating_mul(ENTRY_BYTES))?
        }
        Root::Chain { cluster } => search.follow(cluster)?,
    };
    match found {
        Some(entry) if entry.is_folder => Err(FatError::Folder),
        Some(entry) => Ok(entry),
        None => Err(FatError::NoSuchFile),
    }
}

struct Search<'a, 'b, R> {
    volume: &'a mut Volume<R>,
    seeker: Seeker<'b>,
    /// Entries that are looked at yet.
    left: u32,
}

impl<R: FnMut(u64, &mut [u8]) -> bool> Search<'_, '_, R> {
    /// Looks at the clusters of a chain; a chain that goes round ends where a folder has to.
    fn follow(&mut self, first: u32) -> Result<Option<Entry>, FatError> {
        let mut cluster = first;
        while self.left > 0 {
            let offset = self.volume.cluster_at(cluster)?;
            if let Some(entry) = self.look(offset, self.volume.geometry.cluster_bytes)? {
                return Ok(Some(entry));
            }
            cluster = if self.left > 0 { self.volume.after(cluster)? } else { cluster };
            if cluster >= END {
                break;
            }
        }
        Ok(None)
    }

    /// Looks at `len` bytes of entries.
    fn look(&mut self, offset: u64, len: u32) -> Result<Option<Entry>, FatError> {
        let sector_bytes = self.volume.geometry.sector_bytes;
        let mut sector = [0; SECTOR_BYTES_MAX as usize];
        let sector = sector.get_mut(..sector_bytes as usize).unwrap_or_default();
        for at in (0..u64::from(len)).step_by(sector.len()) {
            self.volume.read_sector(offset + at, sector)?;
            for bytes in sector.as_chunks().0 {
                let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
                self.left = left;
                match self.seeker.handle(bytes) {
                    Next::Nothing => {}
                    Next::Found(entry) => return Ok(Some(entry)),
                    Next::End => self.left = 0,
                }
            }
        }
        Ok(None)
    }
}

/// From here on a number ends a chain of FAT32, the only one in which the root folder is a chain.
const END: u32 = 0x0fff_fff8;
