//! Tones sent, and tones found in a recording: an ear that shares no code with the library.

use std::f32::consts::TAU;
use std::fs;
use std::ops::Range;
use std::path::Path;

/// What `page.xml` sends: 1 kHz for two seconds at a quarter of full scale (-12 dB).
pub(crate) const HZ: f32 = 1000.0;
pub(crate) const SECONDS: f32 = 2.0;
pub(crate) const AMPLITUDE: f32 = 0.25;

/// The tone as PCMU.
pub(crate) fn write_ulaw(path: &Path) {
    fs::write(path, sine(8000.0, SECONDS).map(ulaw).collect::<Vec<u8>>()).unwrap();
}

/// The tone as a WAV file of 16 bits, one channel.
pub(crate) fn write_wav(path: &Path, rate: u32) {
    write_samples(path, rate, sine(rate as f32, SECONDS));
}

/// Another tone, as long as wanted.
pub(crate) fn write_tone(path: &Path, rate: u32, hz: f32, seconds: f32) {
    let samples =
        (0..(rate as f32 * seconds) as u32).map(|n| AMPLITUDE * (TAU * hz / rate as f32 * n as f32).sin());
    write_samples(path, rate, samples);
}

/// A quarter of a second of the tone, a second of silence, another quarter.
pub(crate) fn write_wav_with_pause(path: &Path, rate: u32) {
    let tone = || sine(rate as f32, 0.25);
    write_samples(path, rate, tone().chain((0..rate).map(|_| 0.0)).chain(tone()));
}

fn write_samples(path: &Path, rate: u32, samples: impl Iterator<Item = f32>) {
    let samples: Vec<u8> = samples.flat_map(|value| to_i16(value).to_le_bytes()).collect();
    let length = u32::try_from(samples.len()).unwrap();
    let mut file = Vec::new();
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + length).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&rate.to_le_bytes());
    file.extend_from_slice(&(rate * 2).to_le_bytes());
    file.extend_from_slice(b"\x02\0\x10\0data");
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(&samples);
    fs::write(path, file).unwrap();
}

/// A recording of 16 bits; the first channel of it.
pub(crate) struct Recording {
    rate: u32,
    samples: Vec<f32>,
}

/// The stretch of a recording in which a tone sounds.
#[derive(Debug)]
pub(crate) struct Heard {
    /// From the first block with the tone to the last.
    pub(crate) seconds: f32,
    /// Blocks in between without it.
    pub(crate) gaps: usize,
    /// Amplitude of the tone, in the middle half.
    pub(crate) amplitude: f32,
    /// Part of the power that is not the tone, in the worst 50 ms of the middle half but two: where the jitter buffer
    /// wins back delay, there is a seam.
    pub(crate) rest: f32,
}

impl Recording {
    pub(crate) fn of(rate: u32, samples: Vec<f32>) -> Self {
        Self { rate, samples }
    }

    pub(crate) fn read(path: &Path) -> Self {
        Self::read_channel(path, 0)
    }

    /// Another channel than the first.
    pub(crate) fn read_channel(path: &Path, channel: usize) -> Self {
        let file = fs::read(path).unwrap();
        assert_eq!((&file[..4], &file[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
        let format = chunk(&file, *b"fmt ");
        let field = |at: usize| usize::from(u16::from_le_bytes([format[at], format[at + 1]]));
        let (kind, channels, bits) = (field(0), field(2), field(14));
        assert_eq!((kind, bits), (1, 16), "the test reads linear samples of 16 bits");
        let rate = u32::from_le_bytes([format[4], format[5], format[6], format[7]]);
        let frames = chunk(&file, *b"data").chunks_exact(2 * channels);
        let at = 2 * channel;
        let samples =
            frames.map(|frame| f32::from(i16::from_le_bytes([frame[at], frame[at + 1]])) / 32_768.0);
        Self { rate, samples: samples.collect() }
    }

    /// Looks for `hz` in blocks of 10 ms.
    pub(crate) fn find(&self, hz: f32) -> Option<Heard> {
        let block = self.rate as usize / 100;
        let sounds: Vec<bool> =
            self.samples.chunks_exact(block).map(|block| self.amplitude(block, hz) > AUDIBLE).collect();
        let first = sounds.iter().position(|sounds| *sounds)?;
        let last = sounds.iter().rposition(|sounds| *sounds)?;
        let blocks = last + 1 - first;
        let middle = &self.samples[(first + blocks / 4) * block..=(first + blocks * 3 / 4) * block];
        let mut parts: Vec<(f32, f32)> =
            middle.chunks_exact(5 * block).map(|part| self.amplitude_and_rest(part, hz)).collect();
        parts.sort_by(|one, other| one.1.total_cmp(&other.1));
        Some(Heard {
            seconds: blocks as f32 / 100.0,
            gaps: sounds[first..=last].iter().filter(|sounds| !**sounds).count(),
            amplitude: parts.get(parts.len() / 2)?.0,
            rest: parts.iter().rev().nth(2)?.1,
        })
    }

    /// The amplitude of `hz` in every 100 ms in which it sounds from the first to the last sample.
    pub(crate) fn amplitudes(&self, hz: f32) -> Vec<f32> {
        let blocks: Vec<_> = self.samples.chunks_exact(self.rate as usize / 10).collect();
        let sounds = |block: &[f32]| {
            block.chunks_exact(block.len() / 10).all(|part| self.amplitude(part, hz) > AUDIBLE)
        };
        blocks.into_iter().filter(|block| sounds(block)).map(|block| self.amplitude(block, hz)).collect()
    }

    /// The same in the last `seconds` of the recording.
    pub(crate) fn find_last(&self, hz: f32, seconds: f32) -> Option<Heard> {
        let from = self.samples.len().saturating_sub((seconds * self.rate as f32) as usize);
        Self::of(self.rate, self.samples[from..].to_vec()).find(hz)
    }

    /// How long something sounds, from the first to the last block of 20 ms, and how loud its louder blocks are on average, in
    /// decibels of full scale.
    pub(crate) fn speech(&self) -> (f32, f32) {
        let block = self.rate as usize / 50;
        let power = |block: &[f32]| block.iter().map(|value| value * value).sum::<f32>() / block.len() as f32;
        let powers: Vec<f32> = self.samples.chunks_exact(block).map(power).collect();
        let loudest = powers.iter().copied().fold(0.0, f32::max);
        let sounds = |power: &f32| *power > loudest * 0.025;
        let first = powers.iter().position(sounds).unwrap_or(0);
        let last = powers.iter().rposition(sounds).unwrap_or(0);
        let loud: Vec<f32> = powers.iter().copied().filter(sounds).collect();
        let mean = loud.iter().sum::<f32>() / loud.len().max(1) as f32;
        ((last - first) as f32 / 50.0, 10.0 * mean.max(1e-12).log10())
    }

    /// Where `hz` sounds beside other tones, in seconds from the first block of 50 ms to the last.
    pub(crate) fn place(&self, hz: f32) -> Option<Range<f32>> {
        let block = self.rate as usize / 20;
        let sounds: Vec<bool> =
            self.samples.chunks_exact(block).map(|block| self.amplitude(block, hz) > CLEAR).collect();
        let first = sounds.iter().position(|sounds| *sounds)?;
        let last = sounds.iter().rposition(|sounds| *sounds)?;
        Some(first as f32 / 20.0..(last + 1) as f32 / 20.0)
    }

    /// The amplitude of `hz` from one second to another.
    pub(crate) fn level(&self, hz: f32, seconds: Range<f32>) -> f32 {
        let place = |second: f32| ((second * self.rate as f32) as usize).min(self.samples.len());
        self.amplitude(&self.samples[place(seconds.start)..place(seconds.end)], hz)
    }

    /// How often `hz` begins.
    pub(crate) fn beginnings(&self, hz: f32) -> usize {
        let blocks = (self.seconds() * 50.0) as usize;
        let sounds = |block: usize| self.level(hz, block as f32 / 50.0..(block + 1) as f32 / 50.0) > 0.03;
        (0..blocks).filter(|&block| sounds(block) && (block == 0 || !sounds(block - 1))).count()
    }

    /// The second of the first sample that is heard.
    pub(crate) fn first(&self) -> Option<f32> {
        let first = self.samples.iter().position(|value| value.abs() > 0.001)?;
        Some(first as f32 / self.rate as f32)
    }

    /// The amplitude of `hz` in most tenths of a second from one second to another, whatever a seam does to its phase.
    pub(crate) fn typical_level(&self, hz: f32, seconds: Range<f32>) -> f32 {
        let tenths = ((seconds.end - seconds.start) * 10.0) as u16;
        let start = |tenth: u16| seconds.start + f32::from(tenth) / 10.0;
        let mut levels: Vec<_> =
            (0..tenths).map(|tenth| self.level(hz, start(tenth)..start(tenth) + 0.1)).collect();
        levels.sort_by(f32::total_cmp);
        levels[levels.len() / 2]
    }

    pub(crate) fn seconds(&self) -> f32 {
        self.samples.len() as f32 / self.rate as f32
    }

    /// The largest sample of the last `seconds`.
    pub(crate) fn peak_of_last(&self, seconds: f32) -> f32 {
        let from = self.samples.len().saturating_sub((seconds * self.rate as f32) as usize);
        self.samples[from..].iter().fold(0.0, |peak, value| peak.max(value.abs()))
    }

    /// The largest sample.
    pub(crate) fn peak(&self) -> f32 {
        self.samples.iter().fold(0.0, |peak, value| peak.max(value.abs()))
    }

    fn amplitude_and_rest(&self, samples: &[f32], hz: f32) -> (f32, f32) {
        let amplitude = self.amplitude(samples, hz);
        let power = samples.iter().map(|value| value * value).sum::<f32>() / samples.len() as f32;
        (amplitude, (1.0 - amplitude * amplitude / 2.0 / power).max(0.0))
    }

    /// Goertzel: the amplitude of one frequency.
    fn amplitude(&self, samples: &[f32], hz: f32) -> f32 {
        let step = f64::from(TAU * hz / self.rate as f32);
        let (mut last, mut before) = (0.0_f64, 0.0_f64);
        for sample in samples {
            (last, before) = (f64::from(*sample) + 2.0 * step.cos() * last - before, last);
        }
        let power = last * last + before * before - 2.0 * step.cos() * last * before;
        (2.0 * power.max(0.0).sqrt() / samples.len() as f64) as f32
    }
}

/// The body of a RIFF chunk. A recorder that was cut short has not filled in the length: then it reaches to the end.
fn chunk(file: &[u8], name: [u8; 4]) -> &[u8] {
    let mut at = 12;
    while at + 8 <= file.len() {
        let length = u32::from_le_bytes([file[at + 4], file[at + 5], file[at + 6], file[at + 7]]) as usize;
        let rest = &file[at + 8..];
        let body = if length == 0 || length > rest.len() { rest } else { &rest[..length] };
        if file[at..at + 4] == name {
            return body;
        }
        at += 8 + body.len() + body.len() % 2;
    }
    panic!("no chunk {}", String::from_utf8_lossy(&name));
}

fn sine(rate: f32, seconds: f32) -> impl Iterator<Item = f32> {
    (0..(rate * seconds) as u32).map(move |n| AMPLITUDE * (TAU * HZ / rate * n as f32).sin())
}

/// ITU-T G.711, from its definition by segments.
pub(crate) fn ulaw(value: f32) -> u8 {
    let linear = i32::from(to_i16(value));
    let sign = if linear < 0 { 0x80 } else { 0 };
    let biased = linear.abs().min(32_635) + 132;
    let segment = 24 - biased.leading_zeros();
    let step = (biased >> (segment + 3)) & 15;
    !(sign | (segment << 4) as u8 | step as u8)
}

fn to_i16(value: f32) -> i16 {
    (value * 32_768.0).round() as i16
}

/// -46 dB: well under the tone, well over the noise of the codec.
const AUDIBLE: f32 = 0.005;
/// More than another tone leaves in a block of 50 ms beside its own place.
const CLEAR: f32 = 0.06;

#[test]
fn the_ear_hears_a_tone_its_length_its_level_and_its_gaps() {
    let path = std::env::temp_dir().join(format!("paging-ear-{}.wav", std::process::id()));
    write_wav(&path, 48_000);
    let mut recording = Recording::read(&path);
    fs::remove_file(&path).unwrap();
    let heard = recording.find(HZ).unwrap();
    assert!((heard.seconds - SECONDS).abs() < 0.011 && heard.gaps == 0, "{heard:?}");
    assert!((heard.amplitude - AMPLITUDE).abs() < 0.001 && heard.rest < 0.0001, "{heard:?}");
    assert!(recording.find(440.0).is_none_or(|heard| heard.amplitude < 0.001));
    recording.samples[48_000..49_920].fill(0.0);
    assert_eq!(recording.find(HZ).unwrap().gaps, 4);
}

#[test]
fn the_ulaw_of_the_tests_is_that_of_the_tables() {
    let linear = |value: i16| ulaw(f32::from(value) / 32_768.0);
    assert_eq!(
        [0, 8, -8, 1000, -1000, 32_767, -32_768].map(linear),
        [0xff, 0xfe, 0x7e, 0xce, 0x4e, 0x80, 0x00]
    );
}
