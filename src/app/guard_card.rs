//! What `paging guard` writes to the card: the status file where it lies, and slots of the state partition.
//!
//! Nothing is mounted for it. The status file's place is looked up before every write, and whatever is not as it was when
//! the card was made keeps the guard from writing: another length, pieces, another beginning.

use crate::config::is_blank;
use crate::fat::{FatError, Volume};
use crate::guard::{FILE_BYTES, MARK, Outcome, is_same};
use crate::slots::{CONFIGURATION_MAX, Counters, Slots, Write};
use core::fmt;
use core::time::Duration;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Writes the status file of the volume at `boot`, if it does not say the same already.
///
/// # Errors
/// See [`CardError`].
pub(super) fn write_status(boot: &Path, text: &[u8]) -> Result<Outcome, CardError> {
    let device = open(boot)?;
    let at = status_at(&device)?;
    let mut old = vec![0; FILE_BYTES];
    device.read_exact_at(&mut old, at).map_err(CardError::Device)?;
    if !old.starts_with(MARK) {
        return Err(CardError::NotOurs);
    }
    if is_same(&old, text) {
        return Ok(Outcome::Same);
    }
    device.write_all_at(text, at).and_then(|()| device.sync_data()).map_err(CardError::Device)?;
    Ok(Outcome::Written)
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

    /// The time that is remembered.
    pub(super) fn floor(&self) -> Result<Option<Duration>, CardError> {
        Ok(slots(&open(&self.0)?).floor())
    }

    /// Remembers a time.
    pub(super) fn keep_floor(&self, floor: Duration) -> Result<(), CardError> {
        let device = open(&self.0)?;
        put(&device, slots(&device).with_floor(floor))
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
        let device = open(&self.0)?;
        let slots = slots(&device);
        put(&device, slots.with_counters(Counters { boots: 0, ..slots.counters() }))?;
        let write = slots.with_configuration(&text);
        let is_news = write.is_some();
        put(&device, write).map(|()| is_news)
    }
}

fn slots(device: &File) -> Slots {
    Slots::read(|offset, buffer| device.read_exact_at(buffer, offset).is_ok())
}

fn put(device: &File, write: Option<Write>) -> Result<(), CardError> {
    let Some(Write { offset, bytes }) = write else { return Ok(()) };
    device.write_all_at(&bytes, offset).and_then(|()| device.sync_data()).map_err(CardError::Device)
}

fn open(path: &Path) -> Result<File, CardError> {
    File::options().read(true).write(true).open(path).map_err(CardError::Device)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("pagingbox-{}-{name}", std::process::id()))
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
        std::fs::remove_file(card).unwrap();
        assert!(matches!(state.floor(), Err(CardError::Device(_))));
    }

    #[test]
    fn boots_are_counted_anew_when_the_configuration_is_good() {
        let (card, file) = (scratch("boots"), scratch("good.conf"));
        let mut area = vec![0; 4 << 20];
        let counters = Counters { boots: 3, overlay_reboots: 1 };
        let write = Slots::of(&area).with_counters(counters).unwrap();
        let start = usize::try_from(write.offset).unwrap();
        area[start..start + write.bytes.len()].copy_from_slice(&write.bytes);
        std::fs::write(&card, area).unwrap();
        std::fs::write(&file, "x").unwrap();
        State::new(card.clone()).keep_configuration(&file).unwrap();
        assert_eq!(slots(&open(&card).unwrap()).counters(), Counters { boots: 0, ..counters });
        for path in [card, file] {
            std::fs::remove_file(path).unwrap();
        }
    }
}
