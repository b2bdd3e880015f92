//! Any bytes as a stream of music, as any server may send it, read to its end or until it has failed. What comes out of it is
//! numbers of a bounded size at a rate that is possible, and no more than such bytes can hold.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use pagingbox::files::Track;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut track) = Track::stream(Cursor::new(bytes.to_vec())) else { return };
    let mut samples = Vec::new();
    let mut packets = 0;
    while let Ok(true) = track.read(&mut samples) {
        assert!((1..=768_000).contains(&track.rate().hz()), "{} Hz", track.rate().hz());
        assert!(samples.iter().all(|sample| sample.abs() <= 8.0));
        samples.clear();
        packets += 1;
        // A packet takes a byte at least.
        assert!(packets <= bytes.len() + 300);
    }
});
