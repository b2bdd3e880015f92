//! What the card in user space writes down: the records of `ci/vclock/pcm_vclock.c`.

use std::path::Path;

/// One record.
pub(crate) enum Record<'a> {
    /// How the card is used from here on.
    Hardware(Hardware),
    /// Frame 0 plays at this time of the monotonic clock.
    Start(u64),
    /// Frames from this one on.
    Data(u64, &'a [u8]),
    /// It ran dry at this frame.
    Xrun(u64),
    /// It was stopped at this frame.
    Stop(u64),
    Prepare,
}

/// How a card is used.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Hardware {
    pub(crate) rate_hz: u64,
    pub(crate) channels: usize,
    /// An index into [`FORMATS`].
    pub(crate) format: usize,
}

impl Hardware {
    pub(crate) const fn frame_bytes(self) -> usize {
        [2, 3, 4, 4, 4][self.format] * self.channels
    }

    /// A sample of its format, full scale ±1.0.
    pub(crate) fn decode(self, sample: &[u8]) -> f64 {
        let mut bytes = [0; 4];
        // The most significant byte is the last.
        bytes[4 - sample.len()..].copy_from_slice(sample);
        match FORMATS[self.format] {
            "S24_LE" => f64::from(i32::from_le_bytes(bytes) << 8) / FULL_SCALE,
            "FLOAT_LE" => f64::from(f32::from_le_bytes(bytes)),
            _ => f64::from(i32::from_le_bytes(bytes)) / FULL_SCALE,
        }
    }
}

/// Does with each record of each opening of the card, in order.
pub(crate) fn read(dir: &Path, mut each: impl FnMut(usize, Record<'_>)) {
    let mut paths: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "vc"));
    paths.sort_by_key(|path| {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let (process, opening) = stem.split_once('-').unwrap();
        [process, opening].map(|number| number.parse::<u64>().unwrap())
    });
    for (opening, path) in paths.iter().enumerate() {
        let bytes = std::fs::read(path).unwrap();
        let (mut hardware, mut rest) = (Hardware::default(), bytes.as_slice());
        while let Some((record, tail)) = next(hardware, rest) {
            if let Record::Hardware(new) = record {
                hardware = new;
            }
            each(opening, record);
            rest = tail;
        }
    }
}

fn next(hardware: Hardware, bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let (head, tail) = bytes.split_at_checked(24)?;
    let word = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap());
    let long = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().unwrap());
    let record = match word(0) {
        1 => {
            let [channels, format] =
                [long(8) & 0xffff_ffff, long(8) >> 32].map(|part| part.try_into().unwrap());
            Record::Hardware(Hardware { rate_hz: word(4).into(), channels, format })
        }
        2 => Record::Start(long(8)),
        3 => {
            let (data, tail) = tail.split_at(usize::try_from(word(4)).unwrap() * hardware.frame_bytes());
            return Some((Record::Data(long(8), data), tail));
        }
        4 => Record::Xrun(long(16)),
        5 => Record::Stop(long(16)),
        6 => Record::Prepare,
        other => panic!("unknown record {other}"),
    };
    Some((record, tail))
}

/// By the numbers they are recorded with.
pub(crate) const FORMATS: [&str; 5] = ["S16_LE", "S24_3LE", "S24_LE", "S32_LE", "FLOAT_LE"];

const FULL_SCALE: f64 = 2_147_483_648.0;
