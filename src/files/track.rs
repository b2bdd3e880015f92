//! Sound that is read as it is played: files too long for the memory, and streams that never end.

use core::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use symphonia::core::io::ReadOnlySource;

use super::contained::contained;
use super::decode::{Failure, Next, Reader};
use crate::units::SampleRate;

/// A file or a stream, decoded and mixed down to one channel packet by packet.
pub struct Track {
    reader: Reader,
    interleaved: Vec<f32>,
    /// Packets in a row that could not be decoded.
    undecoded: u32,
}

impl Track {
    /// Begins to read the file at `path`.
    ///
    /// # Errors
    ///
    /// See [`TrackError`].
    pub fn open(path: &Path) -> Result<Self, TrackError> {
        let file = File::open(path).map_err(TrackError::Unreadable)?;
        if file.metadata().map_err(TrackError::Unreadable)?.is_dir() {
            return Err(TrackError::Unreadable(io::ErrorKind::IsADirectory.into()));
        }
        Ok(Self::new(contained(|| Reader::open(Box::new(file)))?))
    }

    /// Begins to read what `stream` gives, wherever in its sound it begins.
    ///
    /// # Errors
    ///
    /// See [`TrackError`].
    pub fn stream(stream: impl Read + Send + Sync + 'static) -> Result<Self, TrackError> {
        Ok(Self::new(contained(|| Reader::open(Box::new(ReadOnlySource::new(stream))))?))
    }

    fn new(reader: Reader) -> Self {
        Self { reader, interleaved: Vec::new(), undecoded: 0 }
    }

    /// Frames per second of what was read last, or is read first. A stream may change it on the way.
    #[must_use]
    pub const fn rate(&self) -> SampleRate {
        self.reader.rate()
    }

    /// Appends the samples of the next packet, which may be none, full scale ±1.0; false at the end.
    ///
    /// # Errors
    ///
    /// See [`TrackError`]. Packets that cannot be decoded are left out, up to 200 in a row.
    pub fn read(&mut self, samples: &mut Vec<f32>) -> Result<bool, TrackError> {
        match contained(|| self.reader.read_packet(&mut self.interleaved, samples))? {
            Next::Sound => self.undecoded = 0,
            Next::Nothing if self.undecoded >= MOST_UNDECODED => {
                return Err(TrackError::NotSound("too much of it in a row cannot be decoded"));
            }
            Next::Nothing => self.undecoded += 1,
            Next::End => return Ok(false),
        }
        Ok(true)
    }
}

/// Why there is no sound, or no more. Which file or stream it is of is for who opened it to say.
#[derive(Debug)]
#[non_exhaustive]
pub enum TrackError {
    /// It cannot be opened or read.
    Unreadable(io::Error),
    /// It is of a kind that this program does not know, or broken.
    NotSound(&'static str),
}

impl From<Failure> for TrackError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Io(error) => Self::Unreadable(error),
            Failure::NotSound(reason) => Self::NotSound(reason),
            Failure::Changed | Failure::TooLong => Self::NotSound("its contents change on the way"),
        }
    }
}

impl fmt::Display for TrackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::NotSound(reason) => write!(f, "expected WAV, MP3, Ogg Vorbis or FLAC: {reason}"),
        }
    }
}

impl std::error::Error for TrackError {}

/// Packets in a row that may be no sound: some seconds of it.
const MOST_UNDECODED: u32 = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn sound(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("ci/testdata/sounds").join(name)
    }

    fn read_all(mut track: Track) -> (u32, Vec<f32>) {
        let mut samples = Vec::new();
        while track.read(&mut samples).unwrap() {}
        (track.rate().hz(), samples)
    }

    #[test]
    fn read_on_the_way_a_file_is_what_it_is_read_at_once() {
        for name in ["tone.flac", "tone.ogg", "tone.mp3"] {
            let clip = super::super::decode(&sound(name)).unwrap();
            let (rate, samples) = read_all(Track::open(&sound(name)).unwrap());
            assert_eq!((rate, samples.len()), (clip.rate.hz(), clip.samples.len()), "{name}");
            assert!(samples == clip.samples, "{name}");
        }
    }

    #[test]
    fn a_stream_is_played_from_where_it_begins() {
        let bytes = std::fs::read(sound("tone.mp3")).unwrap();
        // Somewhere in the middle of a frame.
        let track = Track::stream(io::Cursor::new(bytes[2_501..].to_vec())).unwrap();
        let (rate, samples) = read_all(track);
        assert_eq!(rate, 44_100);
        assert!((8_000..25_000).contains(&samples.len()), "{}", samples.len());
        let peak = samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        assert!((0.2..0.4).contains(&peak), "{peak}");
    }

    #[test]
    fn one_ogg_stream_after_another_is_one_sound() {
        let bytes = std::fs::read(sound("tone.ogg")).unwrap();
        let (_, once) = read_all(Track::stream(io::Cursor::new(bytes.clone())).unwrap());
        let (_, twice) = read_all(Track::stream(io::Cursor::new([bytes.clone(), bytes].concat())).unwrap());
        assert!(twice.len() > once.len() * 3 / 2, "{} and {}", twice.len(), once.len());
    }

    /// Frames of MP3 without sound, of MPEG-1 layer III, 128 kbit/s, one channel.
    fn mp3(frames: usize, rate: u8) -> Vec<u8> {
        let bytes = match rate {
            0 => 417,
            1 => 384,
            _ => panic!("44.1 or 48 kHz"),
        };
        let mut frame = vec![0; bytes];
        frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90 | rate << 2, 0xc0]);
        frame.repeat(frames)
    }

    /// A frame before the others that says that these are so many.
    fn info(frames: u32) -> Vec<u8> {
        let mut frame = mp3(1, 0);
        // Behind the header and 17 bytes of side information.
        frame[21..33].copy_from_slice(&[b"Info".as_slice(), &[0, 0, 0, 1], &frames.to_be_bytes()].concat());
        frame
    }

    #[test]
    fn a_stream_goes_on_behind_the_end_that_its_first_file_had() {
        let bytes = [info(10), mp3(10, 0), info(100), mp3(100, 0)].concat();
        let (_, samples) = read_all(Track::stream(io::Cursor::new(bytes)).unwrap());
        assert!(samples.len() >= 110 * 1_152, "{}", samples.len());
    }

    #[test]
    fn a_stream_that_changes_its_rate_goes_on() {
        let bytes = [mp3(50, 0), mp3(50, 1)].concat();
        let mut track = Track::stream(io::Cursor::new(bytes)).unwrap();
        let mut heard = [0, 0];
        let mut samples = Vec::new();
        while track.read(&mut samples).unwrap() {
            heard[usize::from(track.rate().hz() == 48_000)] += samples.len();
            samples.clear();
        }
        assert!(heard.iter().all(|samples| *samples >= 48 * 1_152), "{heard:?}");
    }

    #[test]
    fn titles_of_a_stream_are_not_kept() {
        let bytes = std::fs::read(sound("tone.ogg")).unwrap();
        let mut track = Track::stream(io::Cursor::new(bytes.repeat(20))).unwrap();
        while track.read(&mut Vec::new()).unwrap() {}
        assert!(track.reader.titles() <= 1);
    }

    /// A header that says so many channels that the decoder's own sum of them does not fit; a build without overflow checks goes on
    /// to the next check.
    #[test]
    fn a_decoder_that_stumbles_is_an_error() {
        let mut wav = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\xff\xff".to_vec();
        wav.extend(48_000_u32.to_le_bytes());
        wav.extend([0, 0, 0, 0, 4, 0, 32, 0]);
        wav.extend(b"data\0\0\0\0");
        let error = Track::stream(io::Cursor::new(wav)).map(|_| ()).unwrap_err();
        let stumbled = "expected WAV, MP3, Ogg Vorbis or FLAC: its decoder stumbles over it";
        assert_eq!(error.to_string() == stumbled, cfg!(debug_assertions), "{error}");
    }

    #[test]
    fn what_is_no_sound_says_what_was_expected() {
        let letter = b"this is a letter, not a song; it goes on and on and on".repeat(100);
        let error = Track::stream(io::Cursor::new(letter)).map(|_| ()).unwrap_err();
        assert!(error.to_string().starts_with("expected WAV, MP3, Ogg Vorbis or FLAC: "), "{error}");
        assert!(matches!(Track::open(Path::new("/nowhere/x.mp3")), Err(TrackError::Unreadable(_))));
        assert!(matches!(Track::open(Path::new("/")), Err(TrackError::Unreadable(_))));
    }
}
