//! What a card can do, and what of it is taken.
//!
//! Channels come first: as many as the zones ask for, else the next more, else all there are. Then 48 kHz, or 44.1 where
//! the card knows no other rate. Then the format that keeps most of the sound. A PCM that converts (it takes even
//! µ-law, which no card does) is given 16 bits, as it hands them on to most cards as they are.

use alsa::ValueOr;
use alsa::pcm::{Access, Format, Frames, HwParams, PCM};

use super::geometry::{DeviceRate, Geometry, Request};
use super::samples::{Layout, SampleFormat};
use super::setup::Setup;

/// How a card is used.
pub(super) struct Choice<'a> {
    params: HwParams<'a>,
    pub(super) layout: Layout,
    pub(super) rate: DeviceRate,
    pub(super) geometry: Geometry,
    /// What the device holds, in its own frames.
    pub(super) buffer: usize,
}

/// Why there is no way to use a card.
#[derive(Debug)]
pub(super) enum Misfit {
    /// What ALSA says.
    Alsa(alsa::Error),
    /// It takes none of our formats.
    Format,
    /// It knows none of our rates.
    Rate,
}

impl From<alsa::Error> for Misfit {
    fn from(error: alsa::Error) -> Self {
        Self::Alsa(error)
    }
}

impl<'a> Choice<'a> {
    /// Finds the best way to play `setup` on `pcm`, and changes nothing yet.
    pub(super) fn new(pcm: &'a PCM, setup: &Setup, request: Request) -> Result<Self, Misfit> {
        let params = HwParams::any(pcm)?;
        params.set_access(Access::RWInterleaved)?;
        let device_channels = channels(&params, setup.wanted_channels())?;
        params.set_channels(device_channels)?;
        let rate = rates(&params).next().ok_or(Misfit::Rate)?;
        params.set_rate(rate.hz(), ValueOr::Nearest)?;
        let format = best_format(&params).ok_or(Misfit::Format)?;
        params.set_format(as_alsa_format(format))?;
        let period =
            params.set_period_size_near(as_alsa(rate.to_device(request.period)), ValueOr::Nearest)?;
        let wanted = as_alsa(rate.to_device(request.buffer)).max(2 * period);
        let buffer = as_frames(params.set_buffer_size_near(wanted)?);
        // Rounded up: the device does not wake its writer sooner.
        let period = rate.to_engine(as_frames(period) + 1).saturating_sub(1).max(1);
        let geometry = Geometry::new(period, rate.to_engine(buffer), request.periods);
        let geometry = geometry.filled_to_at_least(request.least_fill);
        let device_channels = usize::try_from(device_channels).unwrap_or(1);
        let (engine_channels, others) = (setup.channels, setup.others);
        let layout = Layout { format, engine_channels, device_channels, others };
        Ok(Self { params, layout, rate, geometry, buffer })
    }

    /// Sets the card up.
    pub(super) fn install(&self, pcm: &PCM) -> alsa::Result<()> {
        pcm.hw_params(&self.params)
    }
}

/// `wanted`, or the next more, or the most there are.
fn channels(params: &HwParams<'_>, wanted: usize) -> alsa::Result<u32> {
    let wanted = u32::try_from(wanted).unwrap_or(1);
    let (least, most) = (params.get_channels_min()?, params.get_channels_max()?.min(MAX_CHANNELS));
    let has = |channels: &u32| params.test_channels(*channels).is_ok();
    let more = (wanted.max(least)..=most).find(has);
    Ok(more.or_else(|| (least..wanted.min(most + 1)).rev().find(has)).unwrap_or(least))
}

pub(super) fn rates(params: &HwParams<'_>) -> impl Iterator<Item = DeviceRate> {
    DeviceRate::ALL.into_iter().filter(|rate| params.test_rate(rate.hz()).is_ok())
}

pub(super) fn formats(params: &HwParams<'_>) -> impl Iterator<Item = SampleFormat> {
    SampleFormat::ALL.into_iter().filter(|&format| params.test_format(as_alsa_format(format)).is_ok())
}

fn best_format(params: &HwParams<'_>) -> Option<SampleFormat> {
    let converts = params.test_format(Format::MuLaw).is_ok();
    let takes_16_bits = formats(params).any(|format| format == SampleFormat::S16);
    if converts && takes_16_bits { Some(SampleFormat::S16) } else { formats(params).next() }
}

const fn as_alsa_format(format: SampleFormat) -> Format {
    match format {
        SampleFormat::S32 => Format::S32LE,
        SampleFormat::Float => Format::FloatLE,
        SampleFormat::S24 => Format::S24LE,
        SampleFormat::S24In3 => Format::S243LE,
        SampleFormat::S16 => Format::S16LE,
    }
}

pub(super) fn as_alsa(frames: usize) -> Frames {
    Frames::try_from(frames).unwrap_or(Frames::MAX)
}

fn as_frames(frames: Frames) -> usize {
    usize::try_from(frames).unwrap_or(0)
}

/// More than any card has that we know.
const MAX_CHANNELS: u32 = 64;
