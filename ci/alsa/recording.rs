//! What left the card, and when: the format is described in `ci/vclock/pcm_vclock.c`.

use std::path::Path;

use pagingbox::time::Instant;

use crate::engine::sample;

/// All that one process has played.
#[derive(Default)]
pub(crate) struct Recording {
    /// The frames that are not silence: the sample of the first channel, and when it left the card.
    pub(crate) sounding: Vec<(i16, Instant)>,
    /// How often the card ran dry.
    pub(crate) xruns: u64,
}

impl Recording {
    /// The recordings in `dir`, one for each opening of the card.
    pub(crate) fn read(dir: &Path) -> Self {
        let mut paths: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "vc"));
        paths.sort();
        let mut recording = Self::default();
        for path in paths {
            recording.append(&std::fs::read(path).unwrap());
        }
        recording
    }

    /// Exactly the first `frames` samples of the signal, in order, none twice.
    pub(crate) fn assert_is_signal(&self, frames: usize) {
        let wrong = self.sounding.iter().enumerate().find(|(number, (heard, _))| *heard != sample(*number));
        assert!(wrong.is_none(), "first wrong sample: {wrong:?}");
        assert_eq!(self.sounding.len(), frames);
    }

    /// From the first sounding frame to the last, in microseconds.
    pub(crate) fn length_us(&self) -> u64 {
        let [first, last] = [self.sounding.first(), self.sounding.last()].map(|frame| frame.unwrap().1);
        last.as_micros() - first.as_micros()
    }

    fn append(&mut self, bytes: &[u8]) {
        let mut segment = Segment::default();
        let mut rest = bytes;
        while let Some((head, tail)) = rest.split_at_checked(24) {
            let word = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap());
            let long = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().unwrap());
            rest = tail;
            match word(0) {
                HW => (segment.rate, segment.channels) = (word(4).into(), usize::try_from(long(8)).unwrap()),
                START => segment.start_ns = long(8),
                DATA => {
                    let len = usize::try_from(word(4)).unwrap() * segment.channels * 2;
                    segment.pending.extend(segment.frames(&tail[..len], long(8)));
                    rest = &tail[len..];
                }
                XRUN => {
                    self.xruns += 1;
                    self.close(&mut segment, long(16));
                }
                STOP => self.close(&mut segment, long(16)),
                PREP => segment.pending.clear(),
                other => panic!("unknown record {other}"),
            }
        }
    }

    /// Ends a segment: frames from `end` on were never played.
    fn close(&mut self, segment: &mut Segment, end: u64) {
        let played = segment.pending.iter().filter(|&&(position, heard)| position < end && heard != 0);
        self.sounding.extend(played.map(|&(position, heard)| (heard, segment.played_at(position))));
        segment.pending.clear();
    }
}

/// From one start of the card to its stop.
#[derive(Default)]
struct Segment {
    rate: u64,
    channels: usize,
    start_ns: u64,
    /// Positions and samples.
    pending: Vec<(u64, i16)>,
}

impl Segment {
    fn frames(&self, data: &[u8], first: u64) -> Vec<(u64, i16)> {
        let frames = data.chunks_exact(self.channels * 2);
        let left = frames.map(|frame| i16::from_le_bytes([frame[0], frame[1]]));
        (first..).zip(left).collect()
    }

    fn played_at(&self, position: u64) -> Instant {
        Instant::from_micros((self.start_ns + position * 1_000_000_000 / self.rate) / 1000)
    }
}

/// The kinds of records.
const HW: u32 = 1;
const START: u32 = 2;
const DATA: u32 = 3;
const XRUN: u32 = 4;
const STOP: u32 = 5;
const PREP: u32 = 6;
