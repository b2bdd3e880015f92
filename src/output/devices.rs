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

pub use super::kind::Kind;
pub use super::offer::Offer;

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

impl Playback {
    /// ALSA's name of the device itself, without any conversion.
    #[must_use]
    pub fn hardware(&self) -> String {
        format!("hw:CARD={},DEV={}", self.card, self.device)
    }

    /// ALSA's names of the device, the best first: itself; for the HDMI of a Raspberry Pi, which takes only IEC 958
    /// frames, behind what makes such frames; and behind ALSA's converter of rates and formats, for cards that know
    /// none of ours.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let (card, device) = (&self.card, self.device);
        let framed = self.is_vc4_hdmi().then(|| format!("hdmi:CARD={card},DEV={device}"));
        let converted = format!("plughw:CARD={card},DEV={device}");
        [Some(self.hardware()), framed, Some(converted)].into_iter().flatten().collect()
    }

    fn is_vc4_hdmi(&self) -> bool {
        self.kind == Kind::Hdmi && self.card.to_ascii_lowercase().starts_with("vc4")
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

/// The best device for an amplifier. A screen's loudspeakers are nobody's, unless they are asked for: there may be none, and
/// whoever turns the screen off turns the pages off.
#[must_use]
pub fn best(devices: &[Playback]) -> Option<&Playback> {
    let candidates = devices.iter().filter(|device| device.kind != Kind::Hdmi);
    candidates.min_by_key(|device| (device.kind, device.device))
}

/// Whether there is a better one than a device of this `kind`.
pub(super) fn is_outdone(kind: Kind, devices: &[Playback]) -> bool {
    best(devices).is_some_and(|best| best.kind < kind)
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

/// The kind of a device by the number of its card, which is negative for what is none.
pub(super) fn kind_of(card: i32, device: u32) -> Option<Kind> {
    let card = Card::new(card);
    let playbacks = if card.get_index() < 0 { None } else { playbacks(card).ok() };
    let found = playbacks?.into_iter().find(|playback| playback.device == device);
    found.map(|playback| playback.kind)
}

fn playbacks(card: Card) -> alsa::Result<Vec<Playback>> {
    let ctl = Ctl::from_card(&card, true)?;
    let info = ctl.card_info()?;
    let (id, driver, long_name) =
        (info.get_id()?, info.get_driver()?, info.get_longname().unwrap_or_default());
    let usb = usb_id(card.get_index());
    let playback = |device: u32| {
        // A microphone, or a camera, has none.
        let pcm = ctl.pcm_info(device, 0, Direction::Playback).ok()?;
        let pcm = pcm.get_name().unwrap_or_default();
        let kind = Kind::from_names(usb.is_some(), &[id, driver, long_name, pcm]);
        let name = format!("{}, {pcm}", info.get_name().unwrap_or_default());
        Some(Playback { card: id.to_owned(), device, name, kind, usb })
    };
    Ok(DeviceIter::new(&ctl).filter_map(|device| playback(u32::try_from(device).ok()?)).collect())
}

/// The kernel's word on what is plugged in: `0d8c:0014`.
fn usb_id(index: i32) -> Option<UsbId> {
    fs::read_to_string(format!("/proc/asound/card{index}/usbid")).ok()?.parse().ok()
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
    fn usb_is_preferred_and_hdmi_is_not_taken_unasked() {
        let mut devices = pi_with_usb_card();
        assert_eq!(best(&devices).unwrap().card, "Device");
        devices.pop();
        assert_eq!(best(&devices).unwrap().card, "Headphones");
        devices.pop();
        assert_eq!(best(&devices), None);
        assert_eq!(of_card(&devices, "vc4hdmi0").unwrap().kind, Kind::Hdmi, "it can be asked for");
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

    /// What is listed of a machine whose `/proc/asound/cards` is `text`. A card plays if it has a stream in `pcms`.
    fn listed(text: &str, pcms: &[(&str, &str)]) -> Vec<Playback> {
        let cards = text.lines().filter_map(|line| {
            let (id, rest) = line.split_once('[')?.1.split_once(']')?;
            let (driver, name) = rest.trim_start_matches(':').split_once(" - ")?;
            Some((id.trim(), driver.trim(), name.trim()))
        });
        let playback = |(id, driver, name): (&str, &str, &str)| {
            let (_, pcm) = pcms.iter().find(|(card, _)| *card == id)?;
            let is_usb = driver == "USB-Audio";
            let usb = is_usb.then_some(UsbId { vendor: 0x0d8c, product: 0x14 });
            let kind = Kind::from_names(is_usb, &[id, driver, name, pcm]);
            Some(Playback { card: id.to_owned(), device: 0, name: name.to_owned(), kind, usb })
        };
        cards.filter_map(playback).collect()
    }

    #[test]
    fn of_the_cards_of_real_machines_the_right_one_is_taken() {
        const MAI: &str = "MAI PCM i2s-hifi-0";
        // Pi 3, kernel 6.12, a camera with a microphone and a USB card that plays:
        // http://www.alsa-project.org/db/?f=a4f3fd39d7d619119aec910385a9593a67431072
        let pi3 = " 0 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones\n\
                   \x20                     bcm2835 Headphones\n\
                   \x201 [Webcam         ]: USB-Audio - Dynex 1.3MP Webcam\n\
                   \x20                     Dynex Dynex 1.3MP Webcam at usb-3f980000.usb-1.2.1, high speed\n\
                   \x202 [CODEC          ]: USB-Audio - USB Audio CODEC\n\
                   \x20                     Burr-Brown from TI USB Audio CODEC at usb-3f980000.usb-1.2.2, full speed\n\
                   \x203 [vc4hdmi        ]: vc4-hdmi - vc4-hdmi\n";
        let of_pi3 = [("Headphones", "bcm2835 Headphones"), ("CODEC", "USB Audio"), ("vc4hdmi", MAI)];
        // Pi 4: https://github.com/RPi-Distro/raspi-config/issues/197
        let pi4 = " 0 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones\n\
                   \x201 [vc4hdmi0       ]: vc4-hdmi - vc4-hdmi-0\n\
                   \x202 [vc4hdmi1       ]: vc4-hdmi - vc4-hdmi-1\n";
        let of_pi4 = [("Headphones", "bcm2835 Headphones"), ("vc4hdmi0", MAI), ("vc4hdmi1", MAI)];
        // Pi 5 with a HAT, where HDMI comes first: the audio HAL of PawletOS for it
        // (android_device_brcm_rpi5, audio/include/core-impl).
        let pi5 = " 0 [vc4hdmi0       ]: vc4-hdmi - vc4-hdmi-0\n\
                   \x201 [vc4hdmi1       ]: vc4-hdmi - vc4-hdmi-1\n\
                   \x202 [sndrpihifiberry]: HifiberryDacp - snd_rpi_hifiberry_dacplus\n";
        let dac = ("sndrpihifiberry", "HiFiBerry DAC+ HiFi pcm512x-hifi-0");
        let of_pi5 = [("vc4hdmi0", MAI), ("vc4hdmi1", MAI), dac];
        // Allo Piano 2.1: https://github.com/raspberrypi/linux/issues/6548
        let piano = " 0 [vc4hdmi0       ]: vc4-hdmi - vc4-hdmi-0\n 1 [PianoDACPlus   ]: PianoDACPlus - PianoDACPlus\n";
        let of_piano = [("vc4hdmi0", MAI), ("PianoDACPlus", "PianoDACPlus multicodec-0")];
        // Zero W, and so Zero 2 W, has HDMI alone: https://github.com/agherzan/meta-raspberrypi/issues/828
        let zero = " 0 [vc4hdmi        ]: vc4-hdmi - vc4-hdmi\n";
        let of_zero = [("vc4hdmi", "MAI PCM vc4-hdmi-hifi-0")];
        for (text, pcms, expected) in [
            (pi3, &of_pi3[..], Some(("CODEC", Kind::Usb))),
            (pi3, &[of_pi3[0], of_pi3[2]], Some(("Headphones", Kind::Headphones))),
            (pi4, &of_pi4, Some(("Headphones", Kind::Headphones))),
            (pi5, &of_pi5, Some(("sndrpihifiberry", Kind::I2s))),
            (piano, &of_piano, Some(("PianoDACPlus", Kind::I2s))),
            (zero, &of_zero, None),
        ] {
            let devices = listed(text, pcms);
            assert_eq!(devices.len(), pcms.len(), "{text}");
            let taken = best(&devices).map(|best| (best.card.as_str(), best.kind));
            assert_eq!(taken, expected, "{text}");
        }
    }

    #[test]
    fn a_usb_card_outdoes_the_jack_and_a_screen_outdoes_nothing() {
        let devices = pi_with_usb_card();
        assert!(is_outdone(Kind::Headphones, &devices) && !is_outdone(Kind::Usb, &devices));
        assert!(!is_outdone(Kind::Headphones, &devices[..1]) && !is_outdone(Kind::I2s, &devices[..2]));
    }

    #[test]
    fn i2s_comes_right_after_usb_and_a_program_last() {
        let mut devices = pi_with_usb_card();
        let other = |card: &str, kind| Playback { card: card.into(), kind, ..devices[0].clone() };
        let (program, hat, pci) = (
            other("Loopback", Kind::Virtual),
            other("sndrpihifiberry", Kind::I2s),
            other("PCH", Kind::Other),
        );
        devices.extend([program, pci, hat]);
        let mut order = Vec::new();
        while let Some(card) = best(&devices).map(|best| best.card.clone()) {
            devices.retain(|device| device.card != card);
            order.push(card);
        }
        assert_eq!(order, ["Device", "sndrpihifiberry", "PCH", "Headphones", "Loopback"]);
    }

    #[test]
    fn a_device_is_opened_itself_before_anything_converts_for_it() {
        let devices = pi_with_usb_card();
        let names = ["hw:CARD=vc4hdmi0,DEV=0", "hdmi:CARD=vc4hdmi0,DEV=0", "plughw:CARD=vc4hdmi0,DEV=0"];
        assert_eq!(devices[0].names(), names);
        assert_eq!(devices[2].names(), ["hw:CARD=Device,DEV=0", "plughw:CARD=Device,DEV=0"]);
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
        assert_eq!(kind_of(-1, 0), None);
    }
}
