//! Volumes made byte by byte, one that was made by mkfs.fat, and what becomes of them when bytes change.

use super::entry::checksum;
use super::*;
use proptest::prelude::*;

/// A volume of clusters of one sector, with one table.
#[derive(Clone)]
struct Image {
    bytes: Vec<u8>,
    width: usize,
    /// Where the table, the root folder and cluster 2 begin.
    table_at: usize,
    root_at: usize,
    clusters_at: usize,
    entries: usize,
}

const SECTOR: usize = 512;
const NAME: &str = "paging-status.txt";
const SHORT: &[u8; 11] = b"PAGING~1TXT";

impl Image {
    /// Folder in cluster 2, so files may have 3 and more.
    fn fat32(clusters: usize) -> Self {
        let table = ((clusters + 2) * 4).div_ceil(SECTOR);
        let mut image = Self::new(4, 2, table, clusters);
        image.put(36, table, 4);
        image.put(44, 2, 4);
        image.root_at = image.clusters_at;
        image.link(2, 0x0fff_fff8);
        image
    }

    fn fat16(clusters: usize) -> Self {
        let table = ((clusters + 2) * 2).div_ceil(SECTOR);
        let mut image = Self::new(2, 1, table, clusters + 2);
        image.put(17, 2 * SECTOR / 32, 2);
        image.put(22, table, 2);
        image.clusters_at += 2 * SECTOR;
        image
    }

    fn new(width: usize, reserved: usize, table: usize, clusters: usize) -> Self {
        let root_at = (reserved + table) * SECTOR;
        let sectors = reserved + table + clusters;
        let bytes = vec![0; sectors * SECTOR];
        let mut image =
            Self { bytes, width, table_at: reserved * SECTOR, root_at, clusters_at: root_at, entries: 0 };
        for (at, value, len) in
            [(11, SECTOR, 2), (13, 1, 1), (14, reserved, 2), (16, 1, 1), (32, sectors, 4), (510, 0xaa55, 2)]
        {
            image.put(at, value, len);
        }
        image
    }

    fn put(&mut self, at: usize, value: usize, len: usize) {
        self.bytes[at..at + len].copy_from_slice(&value.to_le_bytes()[..len]);
    }

    fn link(&mut self, cluster: usize, next: usize) {
        self.put(self.table_at + cluster * self.width, next, self.width);
    }

    fn entry(&mut self, entry: &[u8; 32]) -> usize {
        let at = self.root_at + self.entries * 32;
        self.bytes[at..at + 32].copy_from_slice(entry);
        self.entries += 1;
        at
    }

    /// A file in those clusters.
    fn file(mut self, long: &str, short: &[u8; 11], size: u32, clusters: &[u16]) -> Self {
        for piece in pieces(long, checksum(&short_entry(short, 0, 0))) {
            self.entry(&piece);
        }
        let first = clusters.first().copied().unwrap_or(0);
        self.entry(&short_entry(short, size, first));
        for (at, &cluster) in clusters.iter().enumerate() {
            let next = clusters.get(at + 1).map_or(0x0fff_ffff, |&next| usize::from(next));
            self.link(cluster.into(), next);
        }
        self
    }

    fn find(&self, name: &str) -> Result<File, FatError> {
        Volume::open(reader(&self.bytes))?.find(name)
    }

    /// Where a cluster has to lie.
    fn cluster(&self, number: usize) -> u64 {
        u64::try_from(self.clusters_at + (number - 2) * SECTOR).unwrap()
    }
}

fn short_entry(short: &[u8; 11], size: u32, cluster: u16) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..11].copy_from_slice(short);
    bytes[11] = 0x20;
    bytes[26..28].copy_from_slice(&cluster.to_le_bytes());
    bytes[28..].copy_from_slice(&size.to_le_bytes());
    bytes
}

/// The pieces of a long name, the last one first.
fn pieces(long: &str, checksum: u8) -> Vec<[u8; 32]> {
    let mut units: Vec<_> = long.encode_utf16().collect();
    if !units.is_empty() && units.len() % 13 != 0 {
        units.push(0);
        units.resize(units.len().next_multiple_of(13), 0xffff);
    }
    let count = units.len() / 13;
    let piece = |(at, units): (usize, &[u16])| {
        let mut bytes = [0; 32];
        let last = if at + 1 == count { 0x40 } else { 0 };
        (bytes[0], bytes[11], bytes[13]) = (u8::try_from(at + 1).unwrap() | last, 0x0f, checksum);
        let places = (1..11).chain(14..26).chain(28..32);
        for (place, byte) in places.zip(units.iter().flat_map(|unit| unit.to_le_bytes())) {
            bytes[place] = byte;
        }
        bytes
    };
    units.chunks(13).enumerate().map(piece).rev().collect()
}

fn reader(bytes: &[u8]) -> impl FnMut(u64, &mut [u8]) -> bool {
    move |offset, buffer| {
        let start = usize::try_from(offset).unwrap();
        let found = bytes.get(start..start + buffer.len());
        found.is_some_and(|found| {
            buffer.copy_from_slice(found);
            true
        })
    }
}

/// One of each kind.
fn both() -> [Image; 2] {
    [Image::fat32(120), Image::fat16(4085)]
}

#[test]
fn a_contiguous_file_is_one_piece_of_its_length() {
    for image in both() {
        let image = image.file(NAME, SHORT, 1500, &[5, 6, 7]);
        let file = image.find(NAME).unwrap();
        assert_eq!(file.extents, [Extent { offset: image.cluster(5), len: 1500 }]);
        assert_eq!((file.size, file.contiguous_at()), (1500, Some(image.cluster(5))));
    }
}

#[test]
fn a_file_in_pieces_is_not_contiguous() {
    for image in both() {
        let image = image.file(NAME, SHORT, 1500, &[5, 9, 10]);
        let file = image.find(NAME).unwrap();
        let pieces = [(5, 512), (9, 988)];
        assert_eq!(file.extents, pieces.map(|(at, len)| Extent { offset: image.cluster(at), len }));
        assert_eq!(file.contiguous_at(), None);
    }
}

#[test]
fn a_file_is_found_by_its_long_and_its_short_name_in_any_case() {
    let image = Image::fat32(120).file("A.TXT", b"A       TXT", 1, &[4]).file(NAME, SHORT, 2, &[5]);
    let image = image.file("", b"README  TXT", 3, &[6]).file("", b"NOEND      ", 4, &[7]);
    let size = |name| image.find(name).map(|file| file.size);
    for name in [NAME, "Paging-Status.TXT", "paging~1.txt", "PAGING~1.TXT"] {
        assert_eq!(size(name), Ok(2), "{name}");
    }
    assert_eq!((size("a.txt"), size("readme.txt"), size("noend")), (Ok(1), Ok(3), Ok(4)));
    for name in ["", "paging-status.tx", "paging-status.txtx", "readme", "noend.", "readme.txt.txt"] {
        assert_eq!(size(name), Err(FatError::NoSuchFile), "{name}");
    }
}

#[test]
fn names_of_every_length_are_put_together_from_their_pieces() {
    for len in [1, 12, 13, 14, 25, 26, 27, 255] {
        let name = "x".repeat(len);
        let image = Image::fat16(4085).file(&name, SHORT, 1, &[5]);
        assert!(image.find(&name).is_ok(), "{len}");
        assert_eq!(image.find(&name[1..]), Err(FatError::NoSuchFile), "{len}");
    }
}

#[test]
fn a_long_name_that_belongs_to_another_short_one_does_not_count() {
    let mut image = Image::fat32(120);
    for piece in pieces(NAME, checksum(&short_entry(SHORT, 0, 0)).wrapping_add(1)) {
        image.entry(&piece);
    }
    image.entry(&short_entry(SHORT, 1, 5));
    assert_eq!(image.find(NAME), Err(FatError::NoSuchFile));
    assert!(image.find("paging~1.txt").is_ok());
}

#[test]
fn pieces_out_of_order_or_with_something_between_are_no_name() {
    let sum = checksum(&short_entry(SHORT, 0, 0));
    let [last, first] = pieces(NAME, sum)[..].try_into().unwrap();
    let mut deleted = first;
    deleted[0] = 0xe5;
    let other = short_entry(b"OTHER   TXT", 0, 0);
    let wrong: [&[[u8; 32]]; 6] =
        [&[first, last], &[last], &[first], &[last, last], &[last, deleted, first], &[last, other, first]];
    for pieces in wrong {
        let mut image = Image::fat32(120);
        for piece in pieces {
            image.entry(piece);
        }
        image.entry(&short_entry(SHORT, 1, 5));
        assert_eq!(image.find(NAME), Err(FatError::NoSuchFile), "{pieces:?}");
    }
}

#[test]
fn what_is_deleted_a_label_or_behind_the_end_is_not_found() {
    for (first, attributes) in [(0xe5, 0x20), (b'P', 0x08), (b'P', 0x28)] {
        let mut image = Image::fat32(120);
        let mut entry = short_entry(SHORT, 1, 5);
        (entry[0], entry[11]) = (first, attributes);
        image.entry(&entry);
        assert_eq!(image.find("paging~1.txt"), Err(FatError::NoSuchFile));
    }
    let mut image = Image::fat32(120);
    image.entries = 1;
    assert_eq!(image.file(NAME, SHORT, 1, &[5]).find(NAME), Err(FatError::NoSuchFile));
}

#[test]
fn a_folder_of_the_name_is_told_from_a_file() {
    let mut image = Image::fat32(120);
    let mut entry = short_entry(SHORT, 0, 5);
    entry[11] = 0x10;
    image.entry(&entry);
    assert_eq!(image.find("paging~1.txt"), Err(FatError::Folder));
}

#[test]
fn the_root_folder_of_fat32_goes_on_in_other_clusters() {
    let mut image = Image::fat32(120);
    for _ in 0..16 {
        image.entry(&short_entry(b"OTHER   TXT", 0, 0));
    }
    image.link(2, 9);
    image.link(9, 0x0fff_ffff);
    (image.entries, image.root_at) = (0, image.clusters_at + 7 * SECTOR);
    let image = image.file(NAME, SHORT, 1, &[5]);
    assert_eq!(image.find(NAME).unwrap().contiguous_at(), Some(image.cluster(5)));
}

#[test]
fn a_folder_or_a_file_that_goes_round_has_an_end() {
    let mut image = Image::fat32(120);
    for _ in 0..16 {
        image.entry(&short_entry(b"OTHER   TXT", 0, 0));
    }
    image.link(2, 2);
    assert_eq!(image.find(NAME), Err(FatError::NoSuchFile));
    let mut image = Image::fat32(120).file(NAME, SHORT, 1 << 20, &[5, 7]);
    image.link(7, 5);
    assert_eq!(image.find(NAME), Err(FatError::Scattered));
    let mut image = Image::fat32(120).file(NAME, SHORT, FILE_MAX + 1, &[5]);
    image.link(5, 5);
    assert_eq!(image.find(NAME), Err(FatError::TooLong { size: FILE_MAX + 1 }));
}

#[test]
fn a_chain_that_ends_early_or_leads_out_of_the_volume_is_named() {
    for image in both() {
        let image = image.file(NAME, SHORT, 1500, &[5, 6]);
        assert!(matches!(image.find(NAME), Err(FatError::Chain { .. })), "{:?}", image.find(NAME));
    }
    for cluster in [0, 1, 122, 60_000] {
        let mut image = Image::fat32(120);
        image.entry(&short_entry(SHORT, 1, cluster));
        let error = image.find("paging~1.txt");
        assert_eq!(error, Err(FatError::Chain { cluster: u32::from(cluster) }));
    }
}

#[test]
fn an_empty_file_has_no_pieces() {
    let file = Image::fat32(120).file(NAME, SHORT, 0, &[]).find(NAME).unwrap();
    assert_eq!((file.size, file.contiguous_at()), (0, None));
}

#[test]
fn fat32_may_keep_only_its_second_table_up_to_date() {
    let mut image = Image::fat32(100).file(NAME, SHORT, 1000, &[5, 6]);
    let table = image.bytes[image.table_at..image.root_at].to_vec();
    image.bytes.splice(image.table_at..image.table_at, vec![0; table.len()]);
    image.put(16, 2, 1);
    image.put(32, image.bytes.len() / SECTOR, 4);
    assert!(matches!(image.find(NAME), Err(FatError::Chain { cluster: 0 })));
    image.put(40, 0x81, 2);
    assert!(image.find(NAME).is_ok());
    image.put(40, 0x82, 2);
    assert!(matches!(image.find(NAME), Err(FatError::NotFat { .. })));
}

#[test]
fn a_volume_with_a_table_that_is_too_short_has_the_clusters_that_it_covers() {
    // The table is one sector: 128 entries, two of which stand for no cluster.
    for (cluster, is_there) in [(127, true), (128, false)] {
        let mut image = Image::fat32(120).file(NAME, SHORT, 500, &[5]);
        image.bytes.resize(image.bytes.len() + 1000 * SECTOR, 0);
        image.put(32, image.bytes.len() / SECTOR, 4);
        let entry = (0..image.bytes.len() - 11).find(|&at| image.bytes[at..].starts_with(SHORT)).unwrap();
        image.put(entry + 26, cluster, 2);
        if is_there {
            image.link(cluster, 0x0fff_ffff);
        }
        assert_eq!(image.find(NAME).is_ok(), is_there, "{cluster}");
    }
}

#[test]
fn what_is_no_fat_volume_is_refused_with_a_reason() {
    let patches: [(usize, usize, usize, &str); 9] = [
        (510, 0, 2, "its first sector has no signature"),
        (11, 0, 2, "its sectors have an impossible size"),
        (11, 513, 2, "its sectors have an impossible size"),
        (11, 8192, 2, "its sectors have an impossible size"),
        (13, 3, 1, "its clusters have an impossible size"),
        (14, 0, 2, "it has no table"),
        (16, 0, 1, "it has no table"),
        (32, 0, 4, "it has no room for files"),
        (17, 512, 2, "it is neither FAT16 nor FAT32"),
    ];
    for (at, value, len, reason) in patches {
        let mut image = Image::fat32(120);
        image.put(at, value, len);
        assert_eq!(image.find(NAME), Err(FatError::NotFat { reason }), "{at}");
    }
    let error = |image: Image| image.find(NAME).unwrap_err().to_string();
    assert_eq!(error(Image::fat16(4000)), "it has no FAT file system: it is FAT12");
    assert!(matches!(Volume::open(|_, _: &mut [u8]| false).err(), Some(FatError::Unreadable { offset: 0 })));
}

#[test]
fn a_volume_of_mkfs_fat_is_read_as_linux_reads_it() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/ci/testdata/fat/fat32.img");
    let bytes = std::fs::read(path).unwrap();
    let mut volume = Volume::open(reader(&bytes)).unwrap();
    let file = volume.find(NAME).unwrap();
    let start = usize::try_from(file.contiguous_at().unwrap()).unwrap();
    assert_eq!(file.size, 3000);
    assert_eq!(bytes[start..start + 3000], b"PagingBox status\n".repeat(200)[..3000]);
    assert_eq!(volume.find("readme.txt").unwrap().size, 7);
    assert_eq!(volume.find("sounds"), Err(FatError::Folder));
    assert_eq!(volume.find("paging.conf"), Err(FatError::NoSuchFile));
}

/// Where the clusters of a volume lie, by its first sector.
fn clusters(bytes: &[u8]) -> core::ops::Range<u64> {
    let number = |at: usize, len: usize| {
        bytes[at..at + len].iter().rev().fold(0_u64, |number, &byte| number << 8 | u64::from(byte))
    };
    let either = |short: u64, long: u64| if short == 0 { long } else { short };
    let tables = number(16, 1) * either(number(22, 2), number(36, 4));
    let root = (number(17, 2) * 32).div_ceil(number(11, 2));
    let start = number(14, 2) + tables + root;
    start * number(11, 2)..either(number(19, 2), number(32, 4)) * number(11, 2)
}

proptest! {
    #[test]
    fn whatever_bytes_change_nothing_outside_the_clusters_is_said_to_be_the_files(
        changes in proptest::collection::vec((0_usize..3000, any::<u8>()), 1..6),
    ) {
        let mut image = Image::fat32(120).file(NAME, SHORT, 1500, &[5, 6, 9]);
        let len = image.bytes.len();
        for (at, byte) in changes {
            image.bytes[at % len] = byte;
        }
        if let Ok(file) = image.find(NAME) {
            let lengths: u64 = file.extents.iter().map(|extent| u64::from(extent.len)).sum();
            prop_assert_eq!(lengths, u64::from(file.size));
            prop_assert!(file.extents.len() <= EXTENTS_MAX);
            let clusters = clusters(&image.bytes);
            for extent in &file.extents {
                let end = extent.offset + u64::from(extent.len);
                prop_assert!(extent.len > 0 && clusters.start <= extent.offset && end <= clusters.end, "{extent:?}");
            }
        }
    }

    #[test]
    fn any_first_sector_is_survived(sector in proptest::collection::vec(any::<u8>(), 510), short in any::<bool>()) {
        let mut bytes = [sector, vec![0x55, 0xaa], vec![0x20; 8192]].concat();
        if short {
            (bytes[11], bytes[12], bytes[13]) = (0, 2, 1);
        }
        if let Ok(mut volume) = Volume::open(reader(&bytes)) {
            let _ = volume.find(NAME);
        }
    }
}
