//! What the first sector of a volume says.

use super::FatError;

/// Where things lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    pub(super) width: Width,
    pub(super) sector_bytes: u32,
    pub(super) cluster_bytes: u32,
    pub(super) root: Root,
    /// Where the table that counts begins.
    table_at: u64,
    /// Where cluster 2 begins.
    clusters_at: u64,
    clusters: u32,
}

/// How wide an entry of the table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Bits16,
    Bits32,
}

/// Where the root folder is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Root {
    /// At this offset, with so many entries.
    Fixed { offset: u64, entries: u32 },
    /// From this cluster on.
    Chain { cluster: u32 },
}

impl Width {
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Bits16 => 2,
            Self::Bits32 => 4,
        }
    }
}

impl Geometry {
    pub(super) fn parse(sector: &[u8; BOOT_BYTES]) -> Result<Self, FatError> {
        let boot = Boot::parse(sector)?;
        let sector_at = |sector: u64| sector * u64::from(boot.sector_bytes);
        let root_sectors = (boot.root_entries * ENTRY_BYTES).div_ceil(boot.sector_bytes);
        let root_at = u64::from(boot.reserved) + u64::from(boot.tables) * u64::from(boot.table_sectors);
        let clusters_at = root_at + u64::from(root_sectors);
        let room = u64::from(boot.sectors).saturating_sub(clusters_at) / u64::from(boot.cluster_sectors);
        let clusters = u32::try_from(room).map_err(|_| NO_SIZE)?;
        let width = boot.width(clusters)?;
        // A table that is too short has no more (fs/fat/inode.c, `calc_fat_clusters`).
        let entries = sector_at(u64::from(boot.table_sectors)) / width.bytes() as u64;
        let covered = u32::try_from(entries.saturating_sub(2)).unwrap_or(u32::MAX);
        Ok(Self {
            width,
            sector_bytes: boot.sector_bytes,
            cluster_bytes: boot.sector_bytes * boot.cluster_sectors,
            root: match boot.root_entries {
                0 => Root::Chain { cluster: boot.root_cluster },
                entries => Root::Fixed { offset: sector_at(root_at), entries },
            },
            table_at: sector_at(boot.table_in_use()?),
            clusters_at: sector_at(clusters_at),
            clusters: clusters.min(covered),
        })
    }

    /// Where a cluster lies, if there is one of that number.
    pub(super) fn cluster_at(&self, cluster: u32) -> Option<u64> {
        let index = cluster.checked_sub(2).filter(|&index| index < self.clusters)?;
        Some(self.clusters_at + u64::from(index) * u64::from(self.cluster_bytes))
    }

    /// Where the table says what follows a cluster.
    pub(super) fn link_at(&self, cluster: u32) -> u64 {
        self.table_at + u64::from(cluster) * self.width.bytes() as u64
    }
}

/// The fields of the first sector that matter here.
struct Boot {
    sector_bytes: u32,
    cluster_sectors: u32,
    reserved: u32,
    tables: u32,
    root_entries: u32,
    sectors: u32,
    /// None in FAT32.
    short_table_sectors: u32,
    table_sectors: u32,
    flags: u32,
    root_cluster: u32,
}

impl Boot {
    fn parse(sector: &[u8; BOOT_BYTES]) -> Result<Self, FatError> {
        let number = |at: usize, len: usize| {
            let bytes = sector.get(at..at + len).unwrap_or_default();
            bytes.iter().rev().fold(0_u32, |number, &byte| number << 8 | u32::from(byte))
        };
        if number(510, 2) != 0xaa55 {
            return Err(not("its first sector has no signature"));
        }
        let either = |short: u32, long: u32| if short == 0 { long } else { short };
        let boot = Self {
            sector_bytes: number(11, 2),
            cluster_sectors: number(13, 1),
            reserved: number(14, 2),
            tables: number(16, 1),
            root_entries: number(17, 2),
            sectors: either(number(19, 2), number(32, 4)),
            short_table_sectors: number(22, 2),
            table_sectors: either(number(22, 2), number(36, 4)),
            flags: number(40, 2),
            root_cluster: number(44, 4),
        };
        boot.check()
    }

    fn check(self) -> Result<Self, FatError> {
        let is_sector = (512..=SECTOR_BYTES_MAX).contains(&self.sector_bytes);
        if !is_sector || !self.sector_bytes.is_power_of_two() {
            return Err(not("its sectors have an impossible size"));
        }
        if !self.cluster_sectors.is_power_of_two() {
            return Err(not("its clusters have an impossible size"));
        }
        if self.reserved == 0 || self.tables == 0 || self.table_sectors == 0 {
            return Err(not("it has no table"));
        }
        Ok(self)
    }

    /// As Linux tells them apart (fs/fat/inode.c): FAT32 has no short table; of the others the number of clusters decides.
    fn width(&self, clusters: u32) -> Result<Width, FatError> {
        match (self.short_table_sectors, self.root_entries, clusters) {
            (_, _, 0) => Err(NO_SIZE),
            (0, 0, _) => Ok(Width::Bits32),
            (0, ..) | (_, 0, _) => Err(not("it is neither FAT16 nor FAT32")),
            (_, _, ..FAT16_MIN) => Err(not("it is FAT12")),
            (_, _, ..FAT32_MIN) => Ok(Width::Bits16),
            _ => Err(not("it has more clusters than FAT16 allows")),
        }
    }

    /// The sector at which the table begins that is kept up to date. FAT32 may keep one only.
    fn table_in_use(&self) -> Result<u64, FatError> {
        let is_fat32 = self.short_table_sectors == 0;
        let table = if is_fat32 && self.flags & 0x80 != 0 { self.flags & 0xf } else { 0 };
        if table >= self.tables {
            return Err(not("the table in use is none of its tables"));
        }
        Ok(u64::from(self.reserved) + u64::from(table) * u64::from(self.table_sectors))
    }
}

const fn not(reason: &'static str) -> FatError {
    FatError::NotFat { reason }
}

const NO_SIZE: FatError = not("it has no room for files");

/// What is read of the first sector.
pub(super) const BOOT_BYTES: usize = 512;
/// The largest sectors there are.
pub(super) const SECTOR_BYTES_MAX: u32 = 4096;
/// An entry of a folder.
pub(super) const ENTRY_BYTES: u32 = 32;
/// With fewer clusters it is FAT12.
const FAT16_MIN: u32 = 4085;
/// FAT16 has fewer.
const FAT32_MIN: u32 = 65_525;
