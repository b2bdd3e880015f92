//! What an output is to be: its device, its channels, its sizes.

use super::geometry::{Request, frames_for};
use super::kind::{FILL_PERIODS, Kind};
use crate::config::{Audio, Device, Output, Span};

/// What an output plays on, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The device.
    pub device: Device,
    /// Channels that the engine renders; the card may have others.
    pub channels: usize,
    /// What the other channels of the card play.
    pub others: Others,
    /// Period of the device.
    pub period: Span,
    /// Buffer of the device.
    pub buffer: Span,
}

/// What the channels play that a card has beyond those that are rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// The rendered ones over again, so that every socket at its back sounds.
    Repeat,
    /// Nothing: they belong to no zone.
    Silent,
}

impl Setup {
    /// For one of the devices of [`Settings::outputs`](crate::config::Settings::outputs). Its engine renders as many
    /// channels as [`Output::gains`] has levels.
    #[must_use]
    pub fn new(output: &Output, audio: &Audio) -> Self {
        Self {
            device: output.device.clone(),
            channels: output.gains().len(),
            others: if output.is_everywhere() { Others::Repeat } else { Others::Silent },
            period: audio.period,
            buffer: audio.buffer,
        }
    }

    /// Channels that the device should have: a pair, at least.
    pub(super) fn wanted_channels(&self) -> usize {
        self.channels.max(2)
    }

    /// What to ask a card of this kind for. Where the owner has set the period, the fill follows it.
    pub(super) fn request(&self, kind: Kind) -> Request {
        let feeding = kind.feeding();
        let fill = if self.period == Span::Auto { feeding.fill } else { feeding.least_fill };
        Request {
            period: frames_of(self.period, frames_for(feeding.period)),
            buffer: frames_of(self.buffer, frames_for(feeding.buffer)),
            periods: FILL_PERIODS,
            least_fill: frames_for(fill),
        }
    }
}

fn frames_of(span: Span, auto: usize) -> usize {
    match span {
        Span::Auto => auto,
        Span::Frames(frames) => usize::try_from(frames).unwrap_or(auto),
        Span::Time(time) => frames_for(time),
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::config::load;

    fn setups(text: &str) -> Vec<Setup> {
        let settings = load(&[("paging.conf", text.as_bytes())], [], &[]).settings;
        settings.outputs().iter().map(|output| Setup::new(output, &settings.audio)).collect()
    }

    #[test]
    fn without_zones_one_channel_is_rendered_for_all_of_the_card() {
        let [setup] = setups("[audio]\nperiod = 20ms\n").try_into().unwrap();
        assert_eq!((setup.channels, setup.wanted_channels(), setup.others), (1, 2, Others::Repeat));
        assert_eq!((setup.device, setup.period), (Device::Auto, Span::Time(Duration::from_millis(20))));
    }

    #[test]
    fn zones_have_their_channels_and_the_others_are_silent() {
        let text = "[zone a]\ndevice = x\nchannels = 1\n[zone b]\ndevice = y\nchannels = 6\n[zone c]\ndevice = null\n";
        let [a, b, c] = setups(text).try_into().unwrap();
        assert_eq!((a.channels, a.wanted_channels(), a.others), (2, 2, Others::Silent));
        assert_eq!((b.channels, b.wanted_channels(), b.others), (6, 6, Others::Silent));
        assert_eq!((c.channels, c.wanted_channels(), c.others), (1, 2, Others::Repeat));
    }

    #[test]
    fn the_owner_decides_but_the_jack_gets_what_it_needs() {
        let [setup] = setups("[audio]\nperiod = 5ms\nbuffer = 100ms\n").try_into().unwrap();
        let request = setup.request(Kind::Headphones);
        assert_eq!((request.period, request.buffer, request.least_fill), (240, 4800, 2400));
        assert_eq!(setup.request(Kind::Usb).least_fill, 0);
        let [setup] = setups("").try_into().unwrap();
        let request = setup.request(Kind::Headphones);
        assert_eq!((request.period, request.buffer, request.least_fill), (480, 9600, 2880));
    }
}
