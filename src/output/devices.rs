//! The sound cards of the machine, and which one to take.
//!
//! Cards are named by id or by the vendor and product of their USB plug, never by index: an index changes when HDMI is
//! found first. Left out: volume and mixer controls.

use core::fmt;
use std::fs;

use alsa::card;
use alsa::ctl::{Ctl, DeviceIter};
use alsa::device_name::HintIter;
use alsa::{Card, Direction};

/// One thing of a card that plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playback {
    /// The card's id, such as `Device` or `vc4hdmi0`.
    pub card: String,
    /// The number of the device on its card.
    pub device: u32,
    /// What its maker calls it.
    pub name: String,
    /// Where the sound comes out.
    pub kind: Kind,
    /// Vendor and product, of a USB card.
    pub usb: Option<UsbId>,
}

/// The numbers that say what is plugged in, as `lsusb` shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsbId {
    /// Vendor.
    pub vendor: u16,
    /// Product of that vendor.
    pub product: u16,
}

/// Where the sound comes out, the best for an amplifier first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// A card on USB.
    Usb,
    /// Soldered on, or a Raspberry Pi HAT (I2S).
    BuiltIn,
    /// The headphone jack of a Raspberry Pi: 11 bits and a hum.
    Headphones,
    /// A screen's loudspeakers, if there are any.
    Hdmi,
}

impl Playback {
    /// ALSA's name of the device itself, without any conversion.
    #[must_use]
    pub fn hardware(&self) -> String {
        format!("hw:CARD={},DEV={}", self.card, self.device)
    }

    /// ALSA's name of the device behind its converter of rates and formats.
    #[must_use]
    pub fn converted(&self) -> String {
        format!("plug{}", self.hardware())
    }
}

/// Everything that plays, in ALSA's order.
#[must_use]
pub fn list() -> Vec<Playback> {
    card::Iter::new().filter_map(Result::ok).flat_map(|card| playbacks(card).unwrap_or_default()).collect()
}

/// The names of further PCMs, from ALSA's configuration.
#[must_use]
pub fn pcms() -> Vec<String> {
    let Ok(hints) = HintIter::new(None, c"pcm") else { return Vec::new() };
    let plays = |direction| direction != Some(Direction::Capture);
    hints.filter(|hint| plays(hint.direction)).filter_map(|hint| hint.name).collect()
}

/// The best device for an amplifier.
#[must_use]
pub fn best(devices: &[Playback]) -> Option<&Playback> {
    devices.iter().min_by_key(|device| (device.kind, device.device))
}

/// The first device of the card with the id `card`, in any letter case.
#[must_use]
pub fn of_card<'a>(devices: &'a [Playback], card: &str) -> Option<&'a Playback> {
    devices.iter().find(|device| device.card.eq_ignore_ascii_case(card))
}

/// The first device of a USB card.
#[must_use]
pub fn of_usb(devices: &[Playback], usb: UsbId) -> Option<&Playback> {
    devices.iter().find(|device| device.usb == Some(usb))
}

fn playbacks(card: Card) -> alsa::Result<Vec<Playback>> {
    let ctl = Ctl::from_card(&card, true)?;
    let info = ctl.card_info()?;
    let (id, driver) = (info.get_id()?, info.get_driver()?);
    let usb = usb_id(card.get_index());
    let playback = |device: u32| {
        let pcm = ctl.pcm_info(device, 0, Direction::Playback).ok()?;
        let pcm = pcm.get_name().unwrap_or_default();
        let kind = kind(usb.is_some(), &[id, driver, pcm]);
        let name = format!("{}, {pcm}", info.get_name().unwrap_or_default());
        Some(Playback { card: id.to_owned(), device, name, kind, usb })
    };
    Ok(DeviceIter::new(&ctl).filter_map(|device| playback(u32::try_from(device).ok()?)).collect())
}

/// The kernel's word on what is plugged in: `0d8c:0014`.
fn usb_id(index: i32) -> Option<UsbId> {
    fs::read_to_string(format!("/proc/asound/card{index}/usbid")).ok()?.parse().ok()
}

/// Known by what names it goes: `vc4-hdmi`, `bcm2835 Headphones`, `HDA Intel PCH, HDMI 0`.
fn kind(is_usb: bool, names: &[&str]) -> Kind {
    let says = |word: &str| names.iter().any(|name| name.to_ascii_lowercase().contains(word));
    if is_usb {
        Kind::Usb
    } else if says("hdmi") || says("displayport") {
        Kind::Hdmi
    } else if says("bcm2835") || says("headphones") {
        Kind::Headphones
    } else {
        Kind::BuiltIn
    }
}

impl core::str::FromStr for UsbId {
    type Err = UsbIdError;

    fn from_str(text: &str) -> Result<Self, UsbIdError> {
        let (vendor, product) = text.trim().split_once(':').ok_or(UsbIdError)?;
        let number = |digits| u16::from_str_radix(digits, 16).map_err(|_| UsbIdError);
        Ok(Self { vendor: number(vendor)?, product: number(product)? })
    }
}

/// A text is no [`UsbId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsbIdError;

impl fmt::Display for UsbIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected vendor:product in hexadecimal, such as 0d8c:0014")
    }
}

impl std::error::Error for UsbIdError {}

impl fmt::Display for UsbId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:04x}", self.vendor, self.product)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Usb => "usb",
            Self::BuiltIn => "built-in",
            Self::Headphones => "headphones",
            Self::Hdmi => "hdmi",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pi_with_usb_card() -> Vec<Playback> {
        let device = |card: &str, kind, usb: Option<&str>| Playback {
            card: card.into(),
            device: 0,
            name: card.into(),
            kind,
            usb: usb.map(|usb| usb.parse().unwrap()),
        };
        vec![
            device("vc4hdmi0", Kind::Hdmi, None),
            device("Headphones", Kind::Headphones, None),
            device("Device", Kind::Usb, Some("0d8c:0014")),
        ]
    }

    #[test]
    fn usb_is_preferred_and_hdmi_comes_last() {
        let mut devices = pi_with_usb_card();
        assert_eq!(best(&devices).unwrap().card, "Device");
        devices.pop();
        assert_eq!(best(&devices).unwrap().card, "Headphones");
        devices.pop();
        assert_eq!(best(&devices).unwrap().card, "vc4hdmi0");
        assert_eq!(best(&[]), None);
    }

    #[test]
    fn a_card_is_found_by_its_id_and_by_its_plug() {
        let devices = pi_with_usb_card();
        assert_eq!(of_card(&devices, "headphones").unwrap().card, "Headphones");
        assert_eq!(of_card(&devices, "2"), None);
        let usb = UsbId { vendor: 0x0d8c, product: 0x14 };
        assert_eq!(of_usb(&devices, usb).unwrap().hardware(), "hw:CARD=Device,DEV=0");
        assert_eq!(of_usb(&devices, UsbId { vendor: 1, product: 2 }), None);
    }

    #[test]
    fn kinds_are_known_by_their_names() {
        let cases = [
            (Kind::Hdmi, false, ["vc4hdmi0", "vc4-hdmi", "MAI PCM i2s-hifi-0"]),
            (Kind::Headphones, false, ["Headphones", "bcm2835_headpho", "bcm2835 Headphones"]),
            (Kind::Hdmi, false, ["b1", "bcm2835_hdmi", "bcm2835 HDMI 1"]),
            (
                Kind::BuiltIn,
                false,
                ["sndrpihifiberry", "HifiberryDacp", "HiFiBerry DAC+ HiFi pcm512x-hifi-0"],
            ),
            (Kind::Hdmi, false, ["PCH", "HDA-Intel", "HDMI 0"]),
            (Kind::Usb, true, ["Device", "USB-Audio", "USB Audio"]),
        ];
        for (expected, is_usb, names) in cases {
            assert_eq!(kind(is_usb, &names), expected, "{names:?}");
        }
    }

    #[test]
    fn a_usb_id_reads_as_the_kernel_writes_it() {
        let id: UsbId = "0d8c:0014\n".parse().unwrap();
        assert_eq!(id.to_string(), "0d8c:0014");
        for text in ["", "0d8c", "0d8c:", "wxyz:0014", "10d8c:0014"] {
            assert_eq!(text.parse::<UsbId>(), Err(UsbIdError), "{text:?}");
        }
    }

    #[test]
    fn a_machine_without_cards_lists_none() {
        // On one with cards, each has a name to open it by.
        assert!(list().iter().all(|device| device.hardware().starts_with("hw:CARD=")));
    }
}
