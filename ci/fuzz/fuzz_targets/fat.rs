//! Any bytes as a FAT volume; what lies behind them reads as zeros. A file that is found lies in pieces as long as itself, none
//! of them in the first sector, and looking for it takes a bounded number of reads.
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
        assert!(file.extents.iter().all(|extent| extent.len > 0 && extent.offset >= 512));
    }
    // A folder is read by sectors of 16 entries and more, a file by clusters of 512 bytes and more.
    assert!(reads <= ENTRIES_MAX / 8 + FILE_MAX / 512 + 2);
});
