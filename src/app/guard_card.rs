//! What `paging guard` writes to the card: the status file where it lies, and slots of the state partition.
//!
//! Nothing is mounted for it. The status file's place is looked up before every write, and whatever is not as it was when
//! the card was made keeps the guard from writing: another length, pieces, another beginning. What a power cut makes of a
//! sector (blank, or unreadable) is no other beginning: that is overwritten, or the box could never mend it.

use super::guard_disk;
use crate::config::is_blank;
use crate::fat::{FatError, Volume};
use crate::guard::{FILE_BYTES, MARK, Outcome, is_same};
use crate::slots::{AREA_BYTES, CONFIGURATION_MAX, Slots, Write};
use core::fmt;
use core::time::Duration;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The status file.
#[derive(Debug)]
pub(super) struct StatusFile {
    boot: PathBuf,
    /// What was written last may be there, or not, whatever is read.
    is_in_doubt: bool,
}

impl StatusFile {
    /// Of the volume at `boot`.
    pub(super) const fn new(boot: PathBuf) -> Self {
        Self { boot, is_in_doubt: false }
    }

    /// Writes it, if it does not say the same already.
    ///
    /// # Errors
    /// See [`CardError`].
    pub(super) fn write(&mut self, text: &[u8]) -> Result<Outcome, CardError> {
        let device = open(&self.boot)?;
        let at = status_at(&device)?;
        let old = read(&device, at).map_err(CardError::Device)?;
        if !is_ours(&old) {
            return Err(CardError::NotOurs);
        }
        if is_same(&old, text) && !self.is_in_doubt {
            return Ok(Outcome::Same);
        }
        let written = device.write_all_at(text, at).and_then(|()| device.sync_data());
        self.is_in_doubt = written.is_err();
        written.map_err(CardError::Device)?;
        Ok(Outcome::Written)
    }
}

/// What the file says; nothing where the card does not give it out any more.
fn read(device: &File, at: u64) -> io::Result<Vec<u8>> {
    let mut old = vec![0; FILE_BYTES];
    match device.read_exact_at(&mut old, at) {
        Ok(()) => Ok(old),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(error),
        Err(_) => Ok(Vec::new()),
    }
}

/// It begins as it was made, or with what flash is when nothing is written to it.
fn is_ours(old: &[u8]) -> bool {
    let first = old.get(..SECTOR_BYTES).unwrap_or(old);
    let is_all = |blank: u8| first.iter().all(|&byte| byte == blank);
    old.starts_with(MARK) || is_all(0) || is_all(0xff)
}

/// Where the status file lies.
fn status_at(device: &File) -> Result<u64, CardError> {
    let read = |offset, buffer: &mut [u8]| device.read_exact_at(buffer, offset).is_ok();
    let file = Volume::open(read).and_then(|mut volume| volume.find(STATUS_FILE)).map_err(CardError::Fat)?;
    if usize::try_from(file.size) != Ok(FILE_BYTES) {
        return Err(CardError::Size { found: file.size });
    }
    file.contiguous_at().ok_or(CardError::Pieces)
}

/// The state partition.
#[derive(Debug)]
pub(super) struct State(PathBuf);

impl State {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Whether there is room for two of everything. With less, one would be written and none after it.
    pub(super) fn has_room(&self) -> bool {
        let end = File::open(&self.0).and_then(|mut device| device.seek(SeekFrom::End(0)));
        end.is_ok_and(|end| end >= AREA_BYTES)
    }

    /// The time that is remembered.
    pub(super) fn floor(&self) -> Result<Option<Duration>, CardError> {
        Ok(slots(&open(&self.0)?).floor())
    }

    /// Remembers a time.
    pub(super) fn keep_floor(&self, floor: Duration) -> Result<(), CardError> {
        self.put(slots(&open(&self.0)?).with_floor(floor))
    }

    /// Remembers the configuration file, and that it is good; says whether that was news.
    pub(super) fn keep_configuration(&self, file: &Path) -> Result<bool, CardError> {
        let mut text = Vec::new();
        let most = u64::try_from(CONFIGURATION_MAX).unwrap_or(u64::MAX) + 1;
        File::open(file)
            .and_then(|file| file.take(most).read_to_end(&mut text))
            .map_err(CardError::Configuration)?;
        // A power cut in an editor: what is remembered is worth more.
        if is_blank(&text) || text.len() > CONFIGURATION_MAX {
            return Err(CardError::NoConfiguration { bytes: text.len() });
        }
        let write = slots(&open(&self.0)?).with_configuration(&text);
        let is_news = write.is_some();
        self.put(write).map(|()| is_news)
    }

    fn put(&self, write: Option<Write>) -> Result<(), CardError> {
        let Some(Write { offset, bytes }) = write else { return Ok(()) };
        guard_disk::write_sectors(&self.0, offset, &bytes).map_err(CardError::Device)
    }
}

fn slots(device: &File) -> Slots {
    Slots::read(|offset, buffer| device.read_exact_at(buffer, offset).is_ok())
}

/// What is read is what the card holds.
fn open(path: &Path) -> Result<File, CardError> {
    let device = File::options().read(true).write(true).open(path).map_err(CardError::Device)?;
    guard_disk::forget(&device);
    Ok(device)
}

/// Why the card is left alone.
#[derive(Debug)]
#[non_exhaustive]
pub(super) enum CardError {
    /// The device is not to be had, or does not do what it is told.
    Device(io::Error),
    /// The status file is not found.
    Fat(FatError),
    /// It has another length than it was made with.
    Size {
        /// Bytes.
        found: u32,
    },
    /// It does not lie in one piece.
    Pieces,
    /// It begins with something else.
    NotOurs,
    /// The configuration cannot be read.
    Configuration(io::Error),
    /// It is empty, or too long.
    NoConfiguration {
        /// Bytes.
        bytes: usize,
    },
}

impl fmt::Display for CardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(error) => write!(f, "{error}"),
            Self::Fat(error) => write!(f, "{error}"),
            Self::Size { found } => {
                write!(f, "the file has {found} bytes, not the {FILE_BYTES} it was made with")
            }
            Self::Pieces => f.write_str("the file does not lie in one piece any more"),
            Self::NotOurs => f.write_str("the file does not begin as it was made"),
            Self::Configuration(error) => write!(f, "the configuration cannot be read: {error}"),
            Self::NoConfiguration { bytes } if *bytes > CONFIGURATION_MAX => {
                write!(f, "the configuration is longer than {CONFIGURATION_MAX} bytes")
            }
            Self::NoConfiguration { .. } => f.write_str("the configuration is empty"),
        }
    }
}

impl std::error::Error for CardError {}

/// On the partition that every computer shows.
pub(super) const STATUS_FILE: &str = "paging-status.txt";
const SECTOR_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("pagingbox-{}-{name}", std::process::id()))
    }

    /// A FAT16 volume of large clusters, nearly all of it a hole, with the status file in cluster 2; where that lies.
    fn volume(path: &Path) -> u64 {
        let root_at = 512 * (1 + 17);
        let mut bytes = vec![0; root_at + 512];
        for (at, value) in [(11, 512_u16), (14, 1), (17, 16), (22, 17), (510, 0xaa55)] {
            bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
        }
        let sectors = 1 + 17 + 1 + 4100 * 32_u32;
        bytes[32..36].copy_from_slice(&sectors.to_le_bytes());
        (bytes[13], bytes[16]) = (32, 1);
        bytes[512..518].copy_from_slice(&[0xf8, 0xff, 0xff, 0xff, 0xff, 0xff]);
        let short = b"PAGING~1TXT\x20";
        let sum = short[..11].iter().fold(0_u8, |sum, &byte| sum.rotate_right(1).wrapping_add(byte));
        let units: Vec<u16> = STATUS_FILE.encode_utf16().chain([0]).chain([0xffff; 8]).collect();
        for (entry, (number, units)) in
            bytes[root_at..].chunks_mut(32).zip([(0x42, &units[13..]), (1, &units[..13])])
        {
            (entry[0], entry[11], entry[13]) = (number, 0x0f, sum);
            let places = (1..11).step_by(2).chain((14..26).step_by(2)).chain((28..32).step_by(2));
            for (place, unit) in places.zip(units) {
                entry[place..place + 2].copy_from_slice(&unit.to_le_bytes());
            }
        }
        bytes[root_at + 64..root_at + 76].copy_from_slice(short);
        bytes[root_at + 90] = 2;
        bytes[root_at + 92..root_at + 96].copy_from_slice(&u32::try_from(FILE_BYTES).unwrap().to_le_bytes());
        let at = u64::try_from(bytes.len()).unwrap();
        std::fs::write(path, [bytes, crate::guard::blank()].concat()).unwrap();
        File::options().write(true).open(path).unwrap().set_len(u64::from(sectors) * 512).unwrap();
        at
    }

    #[test]
    fn a_file_that_a_power_cut_has_spoilt_is_mended_and_one_of_somebody_else_is_not() {
        let path = scratch("spoilt");
        let at = volume(&path);
        let device = File::options().write(true).open(&path).unwrap();
        let mut file = StatusFile::new(path.clone());
        let text = crate::guard::blank();
        for (first, outcome) in [
            (vec![0; 512], Some(Outcome::Written)),
            (vec![0xff; 512], Some(Outcome::Written)),
            ([vec![0; 511], vec![1]].concat(), None),
            (b"My own notes".to_vec(), None),
            (text[..512].to_vec(), Some(Outcome::Same)),
        ] {
            device.write_all_at(&text, at).unwrap();
            device.write_all_at(&first, at).unwrap();
            assert_eq!(file.write(&text).ok(), outcome, "{:?}", &first[..12]);
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn what_was_not_written_is_written_whatever_is_read() {
        let path = scratch("doubt");
        volume(&path);
        let mut file = StatusFile { boot: path.clone(), is_in_doubt: true };
        let text = crate::guard::blank();
        assert_eq!(file.write(&text).ok(), Some(Outcome::Written));
        assert_eq!(file.write(&text).ok(), Some(Outcome::Same));
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_configuration_is_kept_once_and_an_empty_one_not_at_all() {
        let (card, file) = (scratch("state"), scratch("paging.conf"));
        std::fs::write(&card, vec![0; 4 << 20]).unwrap();
        let state = State::new(card.clone());
        let keep = |text: &[u8]| {
            std::fs::write(&file, text).unwrap();
            state.keep_configuration(&file).map_err(|error| error.to_string())
        };
        assert_eq!([keep(b"[sip]\n"), keep(b"[sip]\n"), keep(b"; none\n")], [Ok(true), Ok(false), Ok(true)]);
        for empty in [&b""[..], b" \r\n", &[0; 512], b"\xef\xbb\xbf", b"\xff\xfe\n\0"] {
            assert_eq!(keep(empty), Err("the configuration is empty".to_owned()));
        }
        assert_eq!(
            keep(&vec![b'x'; 300_000]),
            Err("the configuration is longer than 262144 bytes".to_owned())
        );
        assert_eq!(slots(&open(&card).unwrap()).configuration(), Some(&b"; none\n"[..]));
        state.keep_floor(Duration::from_secs(5)).unwrap();
        assert_eq!(state.floor().unwrap(), Some(Duration::from_secs(5)));
        std::fs::remove_file(&file).unwrap();
        assert!(matches!(state.keep_configuration(&file), Err(CardError::Configuration(_))));
        assert!(state.has_room());
        File::options().write(true).open(&card).unwrap().set_len(AREA_BYTES - 1).unwrap();
        assert!(!state.has_room());
        std::fs::remove_file(card).unwrap();
        assert!(!state.has_room());
        assert!(matches!(state.floor(), Err(CardError::Device(_))));
    }
}
