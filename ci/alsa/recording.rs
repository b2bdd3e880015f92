//! What left the card, and when.

use std::path::Path;

use pagingbox::time::Instant;

use crate::engine::sample;
use crate::record::{Hardware, Record, read};

/// All that one process has played on a card of 16 bits.
#[derive(Default)]
pub(crate) struct Recording {
    /// The frames that are not silence: the sample of the first channel, and when it left the card.
    pub(crate) sounding: Vec<(i16, Instant)>,
    /// How often the card ran dry.
    pub(crate) xruns: u64,
    segment: Segment,
}

impl Recording {
    /// The recordings in `dir`, one for each opening of the card.
    pub(crate) fn read(dir: &Path) -> Self {
        let mut recording = Self::default();
        read(dir, |_, record| recording.take(&record));
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

    fn take(&mut self, record: &Record<'_>) {
        match *record {
            Record::Hardware(hardware) => self.segment.hardware = hardware,
            Record::Start(start_ns) => self.segment.start_ns = start_ns,
            Record::Data(first, data) => {
                let frames = self.segment.frames(data, first);
                self.segment.pending.extend(frames);
            }
            Record::Xrun(end) => {
                self.xruns += 1;
                self.close(end);
            }
            Record::Stop(end) => self.close(end),
            Record::Prepare => self.segment.pending.clear(),
        }
    }

    /// Ends a segment: frames from `end` on were never played.
    fn close(&mut self, end: u64) {
        let segment = &mut self.segment;
        let played = segment.pending.iter().filter(|&&(position, heard)| position < end && heard != 0);
        self.sounding.extend(played.map(|&(position, heard)| (heard, segment.played_at(position))));
        segment.pending.clear();
    }
}

/// From one start of the card to its stop.
#[derive(Default)]
struct Segment {
    hardware: Hardware,
    start_ns: u64,
    /// Positions and samples.
    pending: Vec<(u64, i16)>,
}

impl Segment {
    fn frames(&self, data: &[u8], first: u64) -> Vec<(u64, i16)> {
        let frames = data.chunks_exact(self.hardware.frame_bytes());
        let left = frames.map(|frame| i16::from_le_bytes([frame[0], frame[1]]));
        (first..).zip(left).collect()
    }

    fn played_at(&self, position: u64) -> Instant {
        Instant::from_micros((self.start_ns + position * 1_000_000_000 / self.hardware.rate_hz) / 1000)
    }
}
