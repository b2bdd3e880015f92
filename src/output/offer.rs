//! What a card has to offer, without playing on it.

use core::time::Duration;

use alsa::Output;
use alsa::pcm::HwParams;

use super::devices::Playback;
use super::encoder::Encoder;
use super::geometry::{DeviceRate, FILTERS, time_of};
use super::negotiate::{Choice, Misfit, formats, rates};
use super::pcm::{CardError, playback};
use super::samples::SampleFormat;
use super::setup::Setup;
use crate::config::Settings;

/// What of a card could be used, and how it would be fed if the owner set no sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The formats, as ALSA calls them, the best first.
    pub formats: Vec<&'static str>,
    /// The least and the most channels.
    pub channels: (u32, u32),
    /// Frames per second, the best first.
    pub rates_hz: Vec<u32>,
    /// The card wakes its writer so often.
    pub period: Duration,
    /// It is kept this full.
    pub fill: Duration,
    /// How late sound is heard at most after it came, but for the network's jitter.
    pub latency: Duration,
}

impl Offer {
    /// Asks a device, by the first of its names that can be used.
    ///
    /// # Errors
    ///
    /// What is wrong with the device itself, if it can be used by no name.
    pub fn of(device: &Playback) -> Result<Self, CardError> {
        // ALSA prints to the standard error; here it prints into a buffer that is thrown away at the next opening.
        let _silence = Output::local_error_handler();
        let settings = Settings::default();
        let setup = Setup::new(&settings.outputs()[0], &settings.audio);
        let mut refusal = None;
        for name in device.names() {
            match Self::by_name(&name, device, &setup) {
                Ok(offer) => return Ok(offer),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal.unwrap_or_else(|| CardError::new(&device.hardware(), Misfit::Format)))
    }

    fn by_name(name: &str, device: &Playback, setup: &Setup) -> Result<Self, CardError> {
        let refused = |misfit: Misfit| CardError::new(name, misfit);
        let pcm = playback(name)?;
        let params = HwParams::any(&pcm).map_err(|error| refused(error.into()))?;
        let channels = params.get_channels_min().and_then(|least| Ok((least, params.get_channels_max()?)));
        let choice = Choice::new(&pcm, setup, setup.request(device.kind)).map_err(refused)?;
        let delay = Encoder::new(choice.layout, choice.rate).delay();
        Ok(Self {
            formats: formats(&params).map(SampleFormat::name).collect(),
            channels: channels.map_err(|error| refused(error.into()))?,
            rates_hz: rates(&params).map(DeviceRate::hz).collect(),
            period: time_of(choice.geometry.period),
            fill: time_of(choice.geometry.target),
            latency: choice.geometry.latency(FILTERS + delay),
        })
    }
}
