//! Any bytes as a FAT volume; what lies behind them reads as zeros. A file that is found lies in pieces as long as itself, all
//! of them where the volume has its clusters, and looking for it takes a bounded number of reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pagingbox::fat::{ENTRIES_MAX, EXTENTS_MAX, FILE_MAX, Volume};

fuzz_target!(|bytes: &[u8]| {
    let mut reads = 0_u32;
    let read = |offset: u64, buffer: &mut [u8]| {
        reads += 1;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let found = &bytes[start..bytes.len().min(start.saturating_add(buffer.len()))];
        buffer.fill(0);
        buffer[..found.len()].copy_from_slice(found);
        true
    };
    if let Ok(mut volume) = Volume::open(read)
        && let Ok(file) = volume.find("paging-status.txt")
    {
        let lengths: u64 = file.extents.iter().map(|extent| u64::from(extent.len)).sum();
        assert_eq!(lengths, u64::from(file.size));
        assert!(file.extents.len() <= EXTENTS_MAX);
        let clusters = clusters(bytes);
        for extent in &file.extents {
            let end = extent.offset + u64::from(extent.len);
            assert!(extent.len > 0 && clusters.start <= extent.offset && end <= clusters.end, "{extent:?}");
        }
    }
    // A folder is read by sectors of 16 entries and more, a file by clusters of 512 bytes and more.
    assert!(reads <= ENTRIES_MAX / 8 + FILE_MAX / 512 + 2);
});

/// By the first sector.
fn clusters(bytes: &[u8]) -> core::ops::Range<u64> {
    let number = |at: usize, len: usize| {
        let byte = |at: usize| u64::from(bytes.get(at).copied().unwrap_or(0));
        (at..at + len).rev().fold(0_u64, |number, at| number << 8 | byte(at))
    };
    let either = |short: u64, long: u64| if short == 0 { long } else { short };
    let tables = number(16, 1) * either(number(22, 2), number(36, 4));
    let root = (number(17, 2) * 32).div_ceil(number(11, 2));
    let start = number(14, 2) + tables + root;
    start * number(11, 2)..either(number(19, 2), number(32, 4)) * number(11, 2)
}
