//! Recording what would be heard into a WAV file: 16 bits, paced like a card.
//!
//! The recording starts with the first sound, so an idle box writes nothing, and then goes on without a gap: frame n of
//! the file plays n / 48 000 s after the time that is logged at its start. Only after the program itself has stood still
//! for seconds is there a gap, and a new time in the log. The header is right within a second, so that
//! the file can be read while it grows, and after a crash.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::geometry::RATE_HZ;
use super::paced::{Missing, Paced};
use super::samples::{Layout, SampleFormat};
use super::setup::{Others, Setup};
use crate::time::Instant;

/// A card whose loudspeaker is a file.
#[derive(Debug)]
pub(super) struct WavSink {
    path: PathBuf,
    clock: Paced,
    layout: Layout,
    channels: u16,
    recording: Recording,
    /// Bytes of what is being written, to save allocations.
    bytes: Vec<u8>,
}

#[derive(Debug)]
enum Recording {
    /// Waits for the first sound.
    Empty(File),
    Running(Track),
    /// Full, or the disk is.
    Over,
}

impl WavSink {
    /// Makes the file, which replaces one of that name; `frames` is the most that will be written at once.
    pub(super) fn create(path: &Path, setup: &Setup, frames: usize) -> io::Result<Self> {
        let layout = layout(setup);
        let channels = u16::try_from(layout.device_channels).ok();
        let channels = channels.filter(|channels| (1..=MAX_CHANNELS).contains(channels));
        let channels = channels.ok_or(io::ErrorKind::InvalidInput)?;
        let mut file = File::create(path)?;
        file.write_all(&header(channels, 0))?;
        let bytes = Vec::with_capacity(frames * layout.frame_bytes());
        let (path, clock) = (path.to_owned(), Paced::default());
        Ok(Self { path, clock, layout, channels, recording: Recording::Empty(file), bytes })
    }

    /// How it takes its samples, in ALSA's words.
    pub(super) const fn format(&self) -> &'static str {
        self.layout.format.name()
    }

    pub(super) fn channels(&self) -> usize {
        self.channels.into()
    }

    pub(super) fn queued(&self, now: Instant) -> Result<usize, Missing> {
        self.clock.queued(now)
    }

    pub(super) fn write(&mut self, sound: &[f32], now: Instant) {
        if let Recording::Empty(file) = &self.recording {
            let start = self.clock.next_frame_at(now);
            log::info!("wav:{} starts at {start}", self.path.display());
            self.recording =
                file.try_clone().map_or(Recording::Over, |file| Recording::Running(Track::new(file)));
        }
        self.bytes.clear();
        self.layout.encode(sound, &mut self.bytes);
        self.append();
        self.clock.write(sound.len() / self.layout.engine_channels.max(1), now);
    }

    pub(super) fn write_silence(&mut self, frames: usize, now: Instant) {
        self.clock.write(frames, now);
        let mut rest = frames * self.layout.frame_bytes();
        while rest > 0 && matches!(self.recording, Recording::Running(_)) {
            let part = rest.min(self.bytes.capacity());
            self.bytes.clear();
            self.bytes.resize(part, 0);
            self.append();
            rest -= part;
        }
    }

    /// Leaves out what was missed: what is written next plays `now`.
    pub(super) fn restart(&mut self, missing: u64, now: Instant) {
        self.clock = Paced::default();
        if matches!(self.recording, Recording::Running(_)) {
            let (path, seconds) = (self.path.display(), missing / u64::from(RATE_HZ));
            log::warn!("wav:{path} goes on at {now}: {seconds} s were missed and are left out");
        }
    }

    fn append(&mut self) {
        let Recording::Running(track) = &mut self.recording else { return };
        match track.append(&self.bytes, self.channels) {
            Ok(true) => return,
            Ok(false) => log::warn!("wav:{} is full at 4 GiB: recording ends", self.path.display()),
            Err(error) => log::error!("wav:{}: {error}: recording ends", self.path.display()),
        }
        self.recording = Recording::Over;
    }
}

impl Drop for WavSink {
    fn drop(&mut self) {
        let Recording::Running(track) = &self.recording else { return };
        if let Err(error) = track.write_header(self.channels) {
            log::error!("wav:{}: {error}", self.path.display());
        }
    }
}

/// A zone that is everywhere is a pair in the file, as on a card.
fn layout(setup: &Setup) -> Layout {
    let (format, engine_channels, others) = (SampleFormat::S16, setup.channels, setup.others);
    let device_channels = if others == Others::Repeat { setup.wanted_channels() } else { setup.channels };
    Layout { format, engine_channels, device_channels, others }
}

/// A file being recorded.
#[derive(Debug)]
struct Track {
    file: File,
    data_bytes: u32,
    /// As the header has it.
    declared_bytes: u32,
}

impl Track {
    const fn new(file: File) -> Self {
        Self { file, data_bytes: 0, declared_bytes: 0 }
    }

    /// `false` when it does not fit in any more.
    fn append(&mut self, bytes: &[u8], channels: u16) -> io::Result<bool> {
        let grown = u32::try_from(bytes.len()).ok().and_then(|more| self.data_bytes.checked_add(more));
        let Some(grown) = grown.filter(|&grown| grown <= MAX_DATA_BYTES) else {
            self.write_header(channels)?;
            return Ok(false);
        };
        self.file.write_all(bytes)?;
        self.data_bytes = grown;
        if grown - self.declared_bytes >= byte_rate(channels) / 2 {
            self.write_header(channels)?;
            self.declared_bytes = grown;
        }
        Ok(true)
    }

    fn write_header(&self, channels: u16) -> io::Result<()> {
        self.file.write_all_at(&header(channels, self.data_bytes), 0)
    }
}

/// The RIFF header of PCM with 16 bits.
fn header(channels: u16, data_bytes: u32) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    let parts: [&[u8]; 13] = [
        b"RIFF",
        &(data_bytes.saturating_add(36)).to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &16_u32.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &channels.to_le_bytes(),
        &RATE_HZ.to_le_bytes(),
        &byte_rate(channels).to_le_bytes(),
        &(channels * 2).to_le_bytes(),
        &16_u16.to_le_bytes(),
        b"data",
        &data_bytes.to_le_bytes(),
    ];
    for (place, byte) in header.iter_mut().zip(parts.into_iter().flatten()) {
        *place = *byte;
    }
    header
}

fn byte_rate(channels: u16) -> u32 {
    RATE_HZ * u32::from(channels) * 2
}

const HEADER_BYTES: usize = 44;

/// What the header's 32 bits can tell, less than a frame of [`MAX_CHANNELS`] short of it.
const MAX_DATA_BYTES: u32 = u32::MAX - 99;

const MAX_CHANNELS: u16 = 32;

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::config::{Device, Span};

    fn scratch(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("pagingbox-{}-record-{name}.wav", std::process::id()))
    }

    fn create(path: &Path, channels: usize, others: Others) -> io::Result<WavSink> {
        let (device, period, buffer) = (Device::Null, Span::Auto, Span::Auto);
        WavSink::create(path, &Setup { device, channels, others, period, buffer }, 480)
    }

    fn read(path: &Path) -> (u32, Vec<i16>) {
        let bytes = std::fs::read(path).unwrap();
        let declared = u32::from_le_bytes(bytes[40..44].try_into().unwrap());
        (declared, bytes[44..].chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
    }

    #[test]
    fn starts_with_the_first_sound_and_keeps_silence_afterwards() {
        let path = scratch("start");
        let now = Instant::from_millis(1);
        let mut sink = create(&path, 2, Others::Silent).unwrap();
        sink.write_silence(4800, now);
        sink.write(&[0.5, -0.5], now);
        sink.write_silence(1000, now);
        sink.write(&[0.25, 0.25], now);
        assert_eq!(sink.queued(now), Ok(5802));
        drop(sink);
        let (declared, samples) = read(&path);
        assert_eq!(samples.len(), 2 * 1002);
        assert_eq!(usize::try_from(declared).unwrap(), 2 * samples.len());
        assert_eq!((&samples[..2], &samples[2002..]), (&[16384, -16384][..], &[8192, 8192][..]));
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_zone_that_is_everywhere_is_a_pair_in_the_file() {
        let path = scratch("pair");
        let mut sink = create(&path, 1, Others::Repeat).unwrap();
        sink.write(&[0.5, 0.25], Instant::ZERO);
        assert_eq!(sink.queued(Instant::ZERO), Ok(2));
        drop(sink);
        assert_eq!(read(&path).1, [16384, 16384, 8192, 8192]);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn the_header_is_right_within_a_second() {
        let path = scratch("header");
        let mut sink = create(&path, 1, Others::Silent).unwrap();
        let mut now = Instant::from_millis(1);
        for _ in 0..300 {
            sink.write(&[0.1; 480], now);
            now += Duration::from_millis(10);
            let (declared, samples) = read(&path);
            assert!(2 * samples.len() - usize::try_from(declared).unwrap() <= 96_000);
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_clip_reads_back_what_was_recorded() {
        let path = scratch("clip");
        let mut sink = create(&path, 2, Others::Silent).unwrap();
        sink.write(&[0.5; 960], Instant::ZERO);
        drop(sink);
        let clip = crate::files::decode(&path).unwrap();
        assert_eq!((clip.rate.hz(), clip.samples.len()), (48_000, 480));
        assert!(clip.samples.iter().all(|sample| (sample - 0.5).abs() < 1e-4));
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_recording_ends_before_its_header_overflows() {
        let path = scratch("full");
        let mut track = Track::new(File::create(&path).unwrap());
        track.data_bytes = MAX_DATA_BYTES - 100;
        assert!(track.append(&[0; 100], 2).unwrap());
        assert!(!track.append(&[0; 4], 2).unwrap());
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_path_that_cannot_be_written_is_an_error() {
        assert!(create(Path::new("/nowhere/out.wav"), 2, Others::Silent).is_err());
    }
}
