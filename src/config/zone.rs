//! Zones, and the cards that play them.
//!
//! ```text
//!  [zone hall] device = Device, channels = 1 ─┐
//!  [zone yard] device = Device, channels = 2 ─┼─> Output Device: hall on 1, yard on 2
//!  [zone shed] device = usb:0d8c:0014        ─┴─> Output usb:0d8c:0014: shed on every channel
//!  (no zone at all)                          ───> Output of [audio] device: "all" on every channel
//! ```
//!
//! Decides: what each channel of each device plays, and what becomes of mistakes: a channel belongs to the first zone
//! that names it. Leaves out: which card a name means, so that `auto` and the id of the same card are two devices here.

use super::{ChannelSet, Device, Night, Settings, Sound};
use crate::units::Level;
use core::time::Duration;

/// `[zone NAME]`: a set of channels of one card.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// The name, as the owner spelt it first.
    pub name: String,
    /// What it is played on; `None`: `[audio] device`.
    pub device: Option<Device>,
    /// Its channels of that device; `None`: every one. Empty where other zones have them all.
    pub channels: Option<ChannelSet>,
    /// How loud it is.
    pub volume: Level,
    /// And pages there; `None`: as everything.
    pub volume_page: Option<Level>,
    /// And bells.
    pub volume_bell: Option<Level>,
    /// And music.
    pub volume_music: Option<Level>,
    /// And multicast pages.
    pub volume_multicast: Option<Level>,
    /// How loud everything is at night; `None`: as by day.
    pub night_volume: Option<Level>,
    /// When that is.
    pub night: Option<Night>,
    /// Everything is heard so much later.
    pub delay: Duration,
    /// What becomes of what loses to a higher claim.
    pub duck: Level,
    /// What is heard before a page; `None`: as `[audio]` says.
    pub klaxon: Option<Sound>,
}

/// A device that plays, and what is heard from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The device.
    pub device: Device,
    /// Its zones: never none, and no channel is in two.
    pub routes: Vec<Route>,
}

/// A zone on a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The zone's name.
    pub zone: String,
    /// Its channels; `None`: every one, and no other zone is on this device.
    pub channels: Option<ChannelSet>,
    /// How loud it is.
    pub gain: Level,
    /// Everything is heard so much later.
    pub delay: Duration,
}

impl Settings {
    /// The devices to play on, in the order of the zones that name them; never none, and none twice.
    #[must_use]
    pub fn outputs(&self) -> Vec<Output> {
        let mut outputs: Vec<Output> = Vec::new();
        for zone in self.zones.iter().filter(|zone| zone.is_heard()) {
            let device = zone.device_or(&self.audio.device);
            let (name, delay) = (zone.name.clone(), zone.delay);
            let route = Route { zone: name, channels: zone.channels, gain: zone.volume, delay };
            match outputs.iter_mut().find(|output| output.device.is_same(device)) {
                Some(output) => output.routes.push(route),
                None => outputs.push(Output { device: device.clone(), routes: vec![route] }),
            }
        }
        if outputs.is_empty() {
            outputs.push(Output { device: self.audio.device.clone(), routes: vec![Route::everywhere()] });
        }
        outputs
    }

    /// Tells the zone that is being read.
    pub(super) fn in_zone(&mut self, tell: impl FnOnce(&mut Zone)) {
        if let Some(zone) = self.zones.last_mut() {
            tell(zone);
        }
    }
}

impl Output {
    /// How loud each channel is to be rendered, channel 1 first: one level where every channel plays the same, else as
    /// many as the highest channel asks for, at least two: a zone on channel 1 is one side of a pair.
    #[must_use]
    pub fn gains(&self) -> Vec<Level> {
        if let [Route { channels: None, gain, .. }] = self.routes.as_slice() {
            return vec![*gain];
        }
        let highest = self.routes.iter().filter_map(|route| route.channels).map(ChannelSet::highest).max();
        let gain = |channel| {
            let has = |route: &&Route| route.channels.is_some_and(|channels| channels.contains(channel));
            self.routes.iter().find(has).map_or(Level::MUTE, |route| route.gain)
        };
        (1..=highest.unwrap_or(0).max(2)).map(gain).collect()
    }

    /// Whether one zone has every channel.
    #[must_use]
    pub fn is_everywhere(&self) -> bool {
        self.routes.iter().any(|route| route.channels.is_none())
    }
}

impl Route {
    /// The only zone of a box that has none.
    fn everywhere() -> Self {
        let (zone, gain, delay) = (Zone::EVERYWHERE.to_owned(), Level::UNITY, Duration::ZERO);
        Self { zone, channels: None, gain, delay }
    }
}

impl Zone {
    /// The name of the one zone there is when none is configured.
    pub const EVERYWHERE: &str = "all";

    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            device: None,
            channels: None,
            volume: Level::UNITY,
            volume_page: None,
            volume_bell: None,
            volume_music: None,
            volume_multicast: None,
            night_volume: None,
            night: None,
            delay: Duration::ZERO,
            duck: Level::MUTE,
            klaxon: None,
        }
    }

    pub(super) fn device_or<'a>(&'a self, audio: &'a Device) -> &'a Device {
        self.device.as_ref().unwrap_or(audio)
    }

    fn is_heard(&self) -> bool {
        self.channels.is_none_or(|channels| !channels.is_empty())
    }
}

/// A thread and a ring each: more cards than this are a mistake.
pub const MAX_OUTPUTS: usize = 8;
