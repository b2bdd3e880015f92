//! From a file to a [`Clip`], by symphonia.

use core::time::Duration;
use std::fs::File;
use std::io;
use std::path::Path;

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::well_known::CODEC_ID_MP3;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

use super::clip::{Clip, ClipError};
use super::contained::contained;
use crate::units::SampleRate;

/// Reads the file at `path` and mixes it down to one channel.
///
/// A file that ends early gives what there is: half an announcement is better than none.
///
/// # Errors
///
/// See [`ClipError`].
pub fn decode(path: &Path) -> Result<Clip, ClipError> {
    clip(path, Reader::read_all)
}

/// The beginning of the file at `path`, in the same way: `longest` of it, or less of a file whose rate is so high that it
/// would take more memory than [`MOST_FRAMES`]. The rest is not read. It ends early too when `goes_on` says no.
///
/// # Errors
///
/// See [`ClipError`].
pub fn decode_beginning(
    path: &Path,
    longest: Duration,
    goes_on: impl Fn() -> bool,
) -> Result<Clip, ClipError> {
    clip(path, |reader| {
        let frames = reader.rate.frames_in(longest).min(MOST_FRAMES);
        let mut clip = reader.read(|samples| goes_on() && samples < frames)?;
        clip.samples.truncate(frames);
        clip.samples.shrink_to_fit();
        Ok(clip)
    })
}

fn clip(path: &Path, read: impl FnOnce(&mut Reader) -> Result<Clip, Failure>) -> Result<Clip, ClipError> {
    let unreadable = |source| ClipError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    let read = || Reader::open(Box::new(file)).and_then(|mut reader| read(&mut reader));
    let clip = contained(read).map_err(|failure| failure.at(path))?;
    if clip.samples.is_empty() {
        return Err(ClipError::Empty { path: path.to_owned() });
    }
    Ok(clip)
}

/// A file or a stream being read.
pub(super) struct Reader {
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    rate: SampleRate,
    /// Whether what is played ends where its header says.
    has_end: bool,
}

impl Reader {
    pub(super) fn open(source: Box<dyn MediaSource>) -> Result<Self, Failure> {
        let has_end = source.is_seekable();
        let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
        let (options, metadata) = (FormatOptions::default(), MetadataOptions::default());
        let format = symphonia::default::get_probe().probe(&Hint::new(), stream, options, metadata)?;
        let (track, rate, decoder) = begin(format.as_ref(), has_end)?;
        Ok(Self { format, decoder, track, rate, has_end })
    }

    /// Frames per second of what is read next.
    pub(super) const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// How many titles are held.
    #[cfg(test)]
    pub(super) fn titles(&mut self) -> usize {
        core::iter::from_fn(|| self.format.metadata().pop()).count() + 1
    }

    /// Goes on with what has taken the place of the track: the next programme of a stream.
    fn begin_anew(&mut self) -> Result<(), Failure> {
        (self.track, self.rate, self.decoder) = begin(self.format.as_ref(), self.has_end)?;
        Ok(())
    }

    /// Appends what the next packet holds.
    pub(super) fn read_packet(
        &mut self,
        interleaved: &mut Vec<f32>,
        samples: &mut Vec<f32>,
    ) -> Result<Next, Failure> {
        let packet = match self.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => return Ok(Next::End),
            Err(Failure::Changed) => {
                self.begin_anew()?;
                return Ok(Next::Nothing);
            }
            Err(failure) => return Err(failure),
        };
        // Titles, and pictures of covers: a stream may send them for as long as it lasts.
        self.format.metadata().skip_to_latest();
        if packet.track_id != self.track {
            return Ok(Next::Nothing);
        }
        let before = samples.len();
        self.decode(&packet, interleaved, samples)?;
        Ok(if samples.len() > before { Next::Sound } else { Next::Nothing })
    }

    /// Appends what a packet holds, if it can be decoded.
    fn decode(
        &mut self,
        packet: &Packet,
        interleaved: &mut Vec<f32>,
        samples: &mut Vec<f32>,
    ) -> Result<(), Failure> {
        if let Err(error) = self.decoder.decode(packet) {
            let Error::DecodeError(_) = error else { return Err(error.into()) };
            if self.decoder.codec_params().codec != CODEC_ID_MP3 {
                return Ok(());
            }
            // MP3 of another rate, or of other channels, is for another decoder.
            self.decoder = begin(self.format.as_ref(), self.has_end)?.2;
            match self.decoder.decode(packet) {
                Ok(_) => {}
                Err(Error::DecodeError(_)) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        let decoded = self.decoder.last_decoded();
        if decoded.frames() > 0 {
            let rate = SampleRate::new(decoded.spec().rate());
            self.rate = rate.ok_or(Failure::NotSound("its sample rate is impossible"))?;
        }
        mix_down(&decoded, interleaved, samples);
        Ok(())
    }

    fn read_all(&mut self) -> Result<Clip, Failure> {
        let limit = usize::try_from(u64::from(self.rate.hz()) * MAX_LENGTH.as_secs()).unwrap_or(usize::MAX);
        let mut clip = self.read(|samples| samples <= limit)?;
        if clip.samples.len() > limit {
            return Err(Failure::TooLong);
        }
        clip.samples.shrink_to_fit();
        Ok(clip)
    }

    /// Reads packet after packet until `wants_more` says no to so many samples, or the file ends.
    fn read(&mut self, wants_more: impl Fn(usize) -> bool) -> Result<Clip, Failure> {
        let (mut samples, mut interleaved) = (Vec::new(), Vec::new());
        while wants_more(samples.len()) {
            let Some(packet) = self.next_packet()? else { break };
            if packet.track_id != self.track {
                continue;
            }
            match self.decoder.decode(&packet) {
                Ok(decoded) => mix_down(&decoded, &mut interleaved, &mut samples),
                // The rest of the file may be sound.
                Err(Error::DecodeError(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Clip { rate: self.rate, samples })
    }

    fn next_packet(&mut self) -> Result<Option<Packet>, Failure> {
        match self.format.next_packet() {
            Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            outcome => Ok(outcome?),
        }
    }
}

/// The track of a file or a stream, its rate, and what decodes it.
fn begin(
    format: &dyn FormatReader,
    has_end: bool,
) -> Result<(u32, SampleRate, Box<dyn AudioDecoder>), Failure> {
    let track = format.default_track(TrackType::Audio).ok_or(Failure::NotSound("it has no sound track"))?;
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
    let parameters = parameters.ok_or(Failure::NotSound("its kind of samples is unknown"))?;
    let rate = parameters.sample_rate.and_then(SampleRate::new);
    let rate = rate.ok_or(Failure::NotSound("its sample rate is impossible"))?;
    // How long an MP3 is, is a guess unless its encoder says what it has filled up at the end. A stream goes on behind what
    // its header calls the end, where servers send one file after the other.
    let is_guessed = parameters.codec == CODEC_ID_MP3 && track.padding.is_none();
    let options = AudioDecoderOptions::default().gapless(has_end && !is_guessed);
    let decoder = symphonia::default::get_codecs().make_audio_decoder(parameters, &options)?;
    Ok((track.id, rate, decoder))
}

/// What a packet held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Sound.
    Sound,
    /// Nothing that could be decoded; what follows may.
    Nothing,
    /// There is no more.
    End,
}

/// Appends the mean of the channels: the sum could clip.
fn mix_down(decoded: &GenericAudioBufferRef<'_>, interleaved: &mut Vec<f32>, samples: &mut Vec<f32>) {
    decoded.copy_to_vec_interleaved(interleaved);
    let channels = decoded.num_planes().max(1);
    #[expect(clippy::cast_precision_loss, reason = "a number of channels is small")]
    let share = 1.0 / channels as f32;
    let mean = |frame: &[f32]| frame.iter().map(|&sample| finite(sample)).sum::<f32>() * share;
    samples.extend(interleaved.chunks_exact(channels).map(mean));
}

/// A file of floats may hold anything; one such number would silence every filter after it.
fn finite(sample: f32) -> f32 {
    if sample.is_finite() { sample.clamp(-8.0, 8.0) } else { 0.0 }
}

/// What went wrong, before the path is known.
pub(super) enum Failure {
    Io(io::Error),
    NotSound(&'static str),
    /// Something else begins here.
    Changed,
    TooLong,
}

impl Failure {
    fn at(self, path: &Path) -> ClipError {
        let path = path.to_owned();
        match self {
            Self::Io(source) => ClipError::Unreadable { path, source },
            Self::NotSound(reason) => ClipError::NotSound { path, reason },
            Self::Changed => ClipError::NotSound { path, reason: CHANGED },
            Self::TooLong => ClipError::TooLong { path, limit: MAX_LENGTH },
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Self::NotSound("it ends within its header")
            }
            Error::IoError(error) => Self::Io(error),
            Error::DecodeError(reason) | Error::Unsupported(reason) | Error::LimitError(reason) => {
                Self::NotSound(reason)
            }
            Error::ResetRequired => Self::Changed,
            _ => Self::NotSound(CHANGED),
        }
    }
}

const CHANGED: &str = "its contents change on the way";
/// The longest clip. At 48 kHz it takes 115 MB, a quarter of the memory of the smallest Raspberry Pi.
pub const MAX_LENGTH: Duration = Duration::from_mins(10);
/// The longest beginning: two minutes at 48 kHz, 23 MB.
pub const MOST_FRAMES: usize = 2 * 60 * 48_000;

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// The kinds of samples in a WAV file (`WAVE_FORMAT_PCM` and `WAVE_FORMAT_IEEE_FLOAT`).
    const PCM: u16 = 1;
    const FLOAT: u16 = 3;

    struct Wav {
        kind: u16,
        channels: u16,
        rate_hz: u32,
        bits: u16,
        data: Vec<u8>,
    }

    impl Wav {
        fn bytes(&self) -> Vec<u8> {
            let frame_bytes = self.channels * self.bits / 8;
            let mut bytes = Vec::from(*b"RIFF");
            let data_len = u32::try_from(self.data.len()).unwrap();
            bytes.extend((36 + data_len).to_le_bytes());
            bytes.extend(b"WAVEfmt \x10\0\0\0");
            bytes.extend(self.kind.to_le_bytes());
            bytes.extend(self.channels.to_le_bytes());
            bytes.extend(self.rate_hz.to_le_bytes());
            bytes.extend((self.rate_hz * u32::from(frame_bytes)).to_le_bytes());
            bytes.extend(frame_bytes.to_le_bytes());
            bytes.extend(self.bits.to_le_bytes());
            bytes.extend(b"data");
            bytes.extend(data_len.to_le_bytes());
            bytes.extend(&self.data);
            bytes
        }
    }

    fn mono16(data: Vec<u8>) -> Wav {
        Wav { kind: PCM, channels: 1, rate_hz: 8000, bits: 16, data }
    }

    fn decoded(name: &str, bytes: &[u8]) -> Result<Clip, ClipError> {
        let path = scratch(name);
        std::fs::write(&path, bytes).unwrap();
        let clip = decode(&path);
        std::fs::remove_file(&path).unwrap();
        clip
    }

    fn scratch(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("pagingbox-{}-{name}.wav", std::process::id()))
    }

    fn assert_near(clip: &Clip, expected: &[f32]) {
        assert_eq!(clip.samples.len(), expected.len());
        for (sample, expected) in clip.samples.iter().zip(expected) {
            assert!((sample - expected).abs() < 0.01, "{:?}", clip.samples);
        }
    }

    #[test]
    fn every_width_of_pcm_gives_the_same_sound() {
        let half = [0_f32, 0.5, -0.5];
        // The upper bytes of 32-bit samples; those of 8 bits alone have no sign.
        let int = |bytes: usize| -> Vec<u8> {
            [0_i32, 1 << 30, -(1 << 30)].iter().flat_map(|x| x.to_le_bytes()[4 - bytes..].to_vec()).collect()
        };
        let cases = [
            (PCM, 8, int(1).iter().map(|x| x ^ 0x80).collect()),
            (PCM, 16, int(2)),
            (PCM, 24, int(3)),
            (PCM, 32, int(4)),
            (FLOAT, 32, half.iter().flat_map(|x| x.to_le_bytes()).collect()),
        ];
        for (kind, bits, data) in cases {
            let wav = Wav { kind, channels: 1, rate_hz: 11_025, bits, data };
            let clip = decoded(&format!("width-{kind}-{bits}"), &wav.bytes()).unwrap();
            assert_eq!(clip.rate.hz(), 11_025);
            assert_near(&clip, &half);
        }
    }

    #[test]
    fn channels_are_mixed_down_to_their_mean() {
        let data = [8192_i16, 0, 16384, -16384].iter().flat_map(|x| x.to_le_bytes()).collect();
        let wav = Wav { kind: PCM, channels: 2, rate_hz: 44_100, bits: 16, data };
        let clip = decoded("stereo", &wav.bytes()).unwrap();
        assert_near(&clip, &[0.125, 0.0]);
        assert_eq!(clip.duration(), Duration::from_micros(45));
    }

    #[test]
    fn packed_files_are_the_tone_that_they_were_made_of() {
        for kind in ["flac", "ogg", "mp3"] {
            let path =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("ci/testdata/sounds/tone").with_extension(kind);
            let clip = decode(&path).unwrap();
            assert_eq!(clip.rate.hz(), 44_100, "{kind}");
            // MP3 begins and ends with some silence of its own.
            let length = clip.duration().as_secs_f64();
            assert!((0.49..0.57).contains(&length), "{kind}: {length} s");
            let middle = &clip.samples[8820..13_230];
            let crossings = middle.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
            assert!((99..=101).contains(&crossings), "{kind}: {crossings} turns in 100 ms of 1 kHz");
            let peak = middle.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
            assert!((0.23..0.27).contains(&peak), "{kind}: {peak}");
        }
    }

    #[test]
    fn a_file_cut_short_gives_what_there_is() {
        let mut bytes = mono16(vec![0; 16_000]).bytes();
        bytes.truncate(44 + 8000);
        let clip = decoded("short", &bytes).unwrap();
        assert!(clip.samples.len() > 3000, "{}", clip.samples.len());
    }

    #[test]
    fn numbers_that_are_none_become_silence() {
        let data = [f32::NAN, f32::INFINITY, 0.25].iter().flat_map(|x| x.to_le_bytes()).collect();
        let wav = Wav { kind: FLOAT, channels: 1, rate_hz: 8000, bits: 32, data };
        assert_near(&decoded("nan", &wav.bytes()).unwrap(), &[0.0, 0.0, 0.25]);
    }

    #[test]
    fn what_is_no_sound_is_refused_with_its_path() {
        let cases: [(&str, Vec<u8>); 4] = [
            ("text", b"this is a letter, not a song; it goes on and on and on".to_vec()),
            ("nothing", Vec::new()),
            ("header", mono16(vec![0; 100]).bytes()[..30].to_vec()),
            ("rate", Wav { rate_hz: 0, ..mono16(vec![0; 100]) }.bytes()),
        ];
        for (name, bytes) in cases {
            let message = decoded(name, &bytes).unwrap_err().to_string();
            assert!(
                message.contains(name) && message.contains("expected a WAV, MP3, Ogg Vorbis or FLAC file"),
                "{name}: {message}"
            );
        }
    }

    #[test]
    fn silence_of_no_length_is_refused() {
        assert!(matches!(decoded("empty", &mono16(Vec::new()).bytes()), Err(ClipError::Empty { .. })));
    }

    #[test]
    fn a_missing_file_and_a_directory_are_unreadable() {
        for path in [PathBuf::from("/nowhere/gong.wav"), std::env::temp_dir()] {
            let error = decode(&path).unwrap_err();
            assert!(matches!(error, ClipError::Unreadable { .. }), "{error}");
            assert!(error.to_string().starts_with(path.to_str().unwrap()), "{error}");
        }
    }

    #[test]
    fn more_than_the_longest_clip_is_too_long() {
        let data = vec![128; 11 * 60 * 100];
        let wav = Wav { kind: PCM, channels: 1, rate_hz: 100, bits: 8, data };
        let error = decoded("long", &wav.bytes()).unwrap_err();
        assert!(error.to_string().ends_with("expected at most 10 minutes of sound"), "{error}");
    }

    #[test]
    fn of_a_long_file_only_the_beginning_is_read() {
        let path = scratch("beginning");
        let long = Wav { kind: PCM, channels: 1, rate_hz: 100, bits: 8, data: vec![192; 11 * 60 * 100] };
        std::fs::write(&path, long.bytes()).unwrap();
        let packets = core::cell::Cell::new(0);
        let clip = decode_beginning(&path, Duration::from_secs(1), || {
            packets.set(packets.get() + 1);
            true
        });
        let stopped = decode_beginning(&path, Duration::from_mins(9), || packets.replace(0) > 0);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(clip.unwrap().samples, vec![0.5; 100]);
        let read = stopped.unwrap().samples.len();
        assert!((1..10 * 60 * 100).contains(&read), "{read} samples of 66000");
    }

    #[test]
    fn a_beginning_at_a_high_rate_takes_no_more_memory_than_one_at_48_khz() {
        let path = scratch("high");
        let data = vec![128; MOST_FRAMES + 50_000];
        std::fs::write(&path, Wav { kind: PCM, channels: 1, rate_hz: 96_000, bits: 8, data }.bytes())
            .unwrap();
        let clip = decode_beginning(&path, Duration::from_mins(2), || true);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(clip.unwrap().duration(), Duration::from_mins(1));
    }
}
