//! What a sound card hears: music from a line input.

use core::fmt;

use alsa::pcm::{Access, Format, HwParams, PCM, State};
use alsa::{Direction, ValueOr};

use crate::units::SampleRate;

/// An open input. Reading waits for what comes.
#[derive(Debug)]
pub struct LineIn {
    pcm: PCM,
    channels: usize,
    rate: SampleRate,
    frames: Vec<i16>,
}

impl LineIn {
    /// Opens the PCM of this name, at 48 kHz or the nearest it has, with two channels or as many as it has.
    ///
    /// # Errors
    ///
    /// There is no such input, or it is in use.
    pub fn open(name: &str) -> Result<Self, LineInError> {
        let pcm = PCM::new(name, Direction::Capture, true)?;
        let (channels, rate_hz) = {
            let params = HwParams::any(&pcm)?;
            params.set_access(Access::RWInterleaved)?;
            params.set_format(Format::s16())?;
            let channels = params.set_channels_near(2)?;
            let rate_hz = params.set_rate_near(48_000, ValueOr::Nearest)?;
            params.set_period_time_near(PERIOD_US, ValueOr::Nearest)?;
            params.set_buffer_time_near(BUFFER_US, ValueOr::Nearest)?;
            pcm.hw_params(&params)?;
            (channels, rate_hz)
        };
        let channels = usize::try_from(channels).unwrap_or(1).max(1);
        let rate = SampleRate::new(rate_hz).ok_or(LineInError::Silent)?;
        let frames = vec![0; channels * rate_hz as usize / 20];
        Ok(Self { pcm, channels, rate, frames })
    }

    /// Frames per second.
    #[must_use]
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Appends what has come, the mean of the channels, full scale ±1.0. It waits for some of it. After a gap, which is nothing,
    /// it goes on.
    ///
    /// # Errors
    ///
    /// The input is gone, or gives nothing for five seconds.
    pub fn read(&mut self, samples: &mut Vec<f32>) -> Result<(), LineInError> {
        let got = self.pcm.io_i16()?.readi(&mut self.frames);
        let frames = match got {
            Ok(frames) => frames,
            Err(error) if error.errno() == libc::EAGAIN => 0,
            Err(error) => {
                // It stands still until it is started again; nothing is to be waited for before.
                self.pcm.try_recover(error, true)?;
                if self.pcm.state() == State::Prepared {
                    self.pcm.start()?;
                }
                return Ok(());
            }
        };
        if frames == 0 && !self.pcm.wait(Some(SILENT_MS))? {
            return Err(LineInError::Silent);
        }
        #[expect(clippy::cast_precision_loss, reason = "a number of channels is small")]
        let share = 1.0 / (self.channels as f32 * 32_768.0);
        let mean = |frame: &[i16]| frame.iter().map(|&sample| f32::from(sample)).sum::<f32>() * share;
        samples.extend(self.frames[..frames * self.channels].chunks_exact(self.channels).map(mean));
        Ok(())
    }
}

/// Why nothing is heard of an input.
#[derive(Debug)]
#[non_exhaustive]
pub enum LineInError {
    /// What ALSA says.
    Alsa(alsa::Error),
    /// It is there, and nothing comes.
    Silent,
}

impl From<alsa::Error> for LineInError {
    fn from(error: alsa::Error) -> Self {
        Self::Alsa(error)
    }
}

impl fmt::Display for LineInError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alsa(error) => error.fmt(f),
            Self::Silent => f.write_str("the input gives nothing"),
        }
    }
}

impl std::error::Error for LineInError {}

/// What is read at a time, 50 ms.
const PERIOD_US: u32 = 50_000;
/// What the card holds while nobody reads.
const BUFFER_US: u32 = 500_000;
/// How long nothing may come.
const SILENT_MS: u32 = 5_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_gives_samples_of_one_channel() {
        let mut input = LineIn::open("null").unwrap();
        let mut samples = Vec::new();
        while samples.len() < 4_800 {
            input.read(&mut samples).unwrap();
        }
        assert_eq!(input.rate().hz(), 48_000);
        assert!(samples.iter().all(|sample| sample.abs() < 1e-6));
    }

    #[test]
    fn an_input_that_is_not_there_says_so() {
        let error = LineIn::open("no such input").map(|_| ()).unwrap_err();
        assert!(!error.to_string().is_empty());
    }
}
