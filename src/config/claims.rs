//! Zones that claim the same channels, or more devices than there may be.
//!
//! A channel stays with the first zone that names it. A zone without channels has the whole device; where the device has
//! other zones too, it is left with those of the first two channels, or of as many as are named, that nobody names.

use std::collections::BTreeMap;

use super::layer::{Given, Slot};
use super::read::Reader;
use super::zone::MAX_OUTPUTS;
use super::{ChannelSet, Device, Place, Problem, SectionName, Settings, Zone};

/// Gives each channel to one zone at most, and tells those that claimed more.
pub(super) fn settle(settings: &mut Settings, given: &BTreeMap<Slot, Given>, reader: &mut Reader<'_>) {
    let audio = settings.audio.device.clone();
    let mut devices: Vec<Claimed> = Vec::new();
    for zone in &settings.zones {
        Claimed::count(zone, &audio, &mut devices);
    }
    let sections = reader.zones.clone();
    for (zone, section) in settings.zones.iter_mut().zip(&sections) {
        let told = grant(zone, &audio, &mut devices);
        if zone.device.is_none() {
            reader.report.note(&section.1, &section.0.to_string(), Problem::NoDevice);
        }
        if let Some((key, problem)) = told {
            let (place, subject) = place(section, key, given);
            reader.report.error(place, &subject, problem);
        }
    }
}

/// A device, and who claims what of it.
struct Claimed {
    device: Device,
    zones: usize,
    /// Channels that any zone names.
    named: ChannelSet,
    /// Channels that are given away, and to whom.
    granted: Vec<(ChannelSet, String)>,
}

impl Claimed {
    fn count(zone: &Zone, audio: &Device, devices: &mut Vec<Self>) {
        let device = zone.device_or(audio);
        let channels = zone.channels.unwrap_or_default();
        if let Some(claimed) = devices.iter_mut().find(|claimed| claimed.device.is_same(device)) {
            claimed.zones += 1;
            claimed.named = claimed.named.with(channels);
        } else if devices.len() < MAX_OUTPUTS {
            devices.push(Self { device: device.clone(), zones: 1, named: channels, granted: Vec::new() });
        }
    }

    fn taken(&self) -> ChannelSet {
        self.granted.iter().fold(ChannelSet::default(), |all, (channels, _)| all.with(*channels))
    }

    /// What a zone without channels gets beside others.
    fn left_over(&self) -> ChannelSet {
        ChannelSet::up_to(self.named.highest().max(2)).without(self.named).without(self.taken())
    }
}

/// Gives a zone what is free of what it claims; says what is wrong about the rest, and about which key.
fn grant(zone: &mut Zone, audio: &Device, devices: &mut [Claimed]) -> Option<(&'static str, Problem)> {
    let device = zone.device_or(audio);
    let Some(claimed) = devices.iter_mut().find(|claimed| claimed.device.is_same(device)) else {
        zone.channels = Some(ChannelSet::default());
        return Some(("device", Problem::TooManyDevices));
    };
    let (channels, problem) = match zone.channels {
        None if claimed.zones == 1 => return None,
        None => {
            let in_force = claimed.left_over();
            (in_force, Some(Problem::ChannelsShared { in_force }))
        }
        Some(channels) => (channels.without(claimed.taken()), taken(channels, &claimed.granted)),
    };
    zone.channels = Some(channels);
    // At most one zone for each channel, however many zones there are.
    if !channels.is_empty() {
        claimed.granted.push((channels, zone.name.clone()));
    }
    problem.map(|problem| ("channels", problem))
}

/// The first zone that has any of `channels`.
fn taken(channels: ChannelSet, granted: &[(ChannelSet, String)]) -> Option<Problem> {
    let mut owners = granted.iter().map(|(theirs, zone)| (channels.common(*theirs), zone));
    let (channels, zone) = owners.find(|(common, _)| !common.is_empty())?;
    Some(Problem::ChannelsTaken { channels, zone: zone.clone() })
}

/// Where a key of a zone is written, or else the zone, and what to call it.
fn place<'a>(
    (section, header): &'a (SectionName, Place),
    key: &'static str,
    given: &'a BTreeMap<Slot, Given>,
) -> (&'a Place, String) {
    match given.get(&(section.id(), key)) {
        Some(written) => (&written.place, format!("{section} {key}")),
        None => (header, section.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Device, MAX_OUTPUTS, Output, load};
    use crate::units::Level;

    /// The outputs, and what is told.
    fn read(text: &str) -> (Vec<Output>, Vec<String>) {
        let loaded = load(&[("paging.conf", text.as_bytes())], [], &[]);
        (loaded.settings.outputs(), loaded.diagnostics.iter().map(ToString::to_string).collect())
    }

    /// `hall on 1, 2; yard on 3` and the like, a line for each device.
    fn planned(outputs: &[Output]) -> Vec<String> {
        let line = |output: &Output| {
            let routes = output.routes.iter().map(|route| match route.channels {
                Some(channels) => format!("{} on {channels}", route.zone),
                None => format!("{} everywhere", route.zone),
            });
            routes.collect::<Vec<_>>().join("; ")
        };
        outputs.iter().map(line).collect()
    }

    #[test]
    fn without_zones_all_is_heard_on_every_channel_of_the_device() {
        let (outputs, told) = read("[audio]\ndevice = hall\n");
        assert_eq!(told, [""; 0]);
        assert_eq!(planned(&outputs), ["all everywhere"]);
        assert_eq!(outputs[0].device, Device::Card("hall".to_owned()));
        assert_eq!((outputs[0].gains(), outputs[0].is_everywhere()), (vec![Level::UNITY], true));
    }

    #[test]
    fn zones_of_one_card_come_together_and_each_card_once() {
        let (outputs, told) = read(
            "[zone yard]\ndevice = DAC\nchannels = 5\nvolume = 50\n[zone shed]\ndevice = usb:0d8c:0014\n\
             [zone Hall]\ndevice = dac\nchannels = \"1,2\"\n",
        );
        assert_eq!(told, [""; 0]);
        assert_eq!(planned(&outputs), ["yard on 5; Hall on 1, 2", "shed everywhere"]);
        let half = Level::from_gain(0.5);
        assert_eq!(outputs[0].gains(), [Level::UNITY, Level::UNITY, Level::MUTE, Level::MUTE, half]);
        assert!(!outputs[0].is_everywhere());
    }

    #[test]
    fn a_zone_on_one_side_leaves_the_other_silent() {
        let (outputs, _) = read("[zone hall]\ndevice = DAC\nchannels = 1\n");
        assert_eq!(outputs[0].gains(), [Level::UNITY, Level::MUTE]);
    }

    #[test]
    fn a_zone_without_device_takes_that_of_audio_and_says_so() {
        let (outputs, told) = read("[audio]\ndevice = DAC\n[zone hall]\n[zone yard]\nchannels = 2\n");
        let expected = [
            "paging.conf:3:1: note: [zone hall]: names no device; that of [audio] is taken",
            "paging.conf:3:1: error: [zone hall]: expected channels, for its device has other zones; 1 is in force",
            "paging.conf:4:1: note: [zone yard]: names no device; that of [audio] is taken",
        ];
        assert_eq!(told, expected);
        assert_eq!(planned(&outputs), ["hall on 1; yard on 2"]);
        assert_eq!(outputs[0].device, Device::Card("DAC".to_owned()));
    }

    #[test]
    fn a_channel_stays_with_the_first_zone_that_names_it() {
        let (outputs, told) = read(
            "[zone a]\ndevice = D\nchannels = 1,2\n[zone b]\ndevice = d\nchannels = 2,3\n[zone c]\ndevice = D\n\
             channels = 3\n[zone d]\ndevice = D\n",
        );
        let expected = [
            "paging.conf:6:12: error: [zone b] channels: expected channels of its own: [zone a] has 2",
            "paging.conf:9:12: error: [zone c] channels: expected channels of its own: [zone b] has 3",
            "paging.conf:10:1: error: [zone d]: expected channels, for its device has other zones; it is heard nowhere",
        ];
        assert_eq!(told, expected);
        assert_eq!(planned(&outputs), ["a on 1, 2; b on 3"]);
    }

    #[test]
    fn channels_that_no_card_has_are_told_and_the_zone_has_all() {
        let (outputs, told) = read("[zone hall]\ndevice = DAC\nchannels = 9\n");
        let expected = "paging.conf:3:12: error: [zone hall] channels: expected channels from 1 to 8 such as 2 or \
                        \"1,2\", found \"9\"; it is left out";
        assert_eq!(told, [expected]);
        assert_eq!(planned(&outputs), ["hall everywhere"]);
    }

    #[test]
    fn zones_come_from_variables_and_overrides_too() {
        let environment = [("PAGING_ZONE_HALL__DEVICE".to_owned(), "DAC".to_owned())];
        let overrides = ["zone hall.channels=2", "zone Yard.device=null"].map(str::to_owned);
        let loaded = load(&[], environment, &overrides);
        assert_eq!(loaded.diagnostics, []);
        assert_eq!(planned(&loaded.settings.outputs()), ["HALL on 2", "Yard everywhere"]);
    }

    #[test]
    fn there_are_only_so_many_devices() {
        let zone = |number| format!("[zone z{number}]\ndevice = card{number}\n");
        let (outputs, told) = read(&(0..=MAX_OUTPUTS).map(zone).collect::<String>());
        assert_eq!(outputs.len(), MAX_OUTPUTS);
        let expected = "paging.conf:18:10: error: [zone z8] device: expected at most 8 devices in all; it is heard nowhere";
        assert_eq!(told, [expected]);
    }
}
