//! What sound comes out of.

use core::fmt;
use std::path::PathBuf;

use super::Expected;

/// A sink, as `device` names it.
///
/// | written | means |
/// |---|---|
/// | `auto` | the best card there is |
/// | `usb:0d8c:0014` | the USB card of that vendor and product |
/// | `wav:/tmp/out.wav` | a file, written in real time |
/// | `null` | nowhere, in real time |
/// | `pcm:hall`, `card:hall` | the ALSA PCM, or the card, of that name |
/// | `hw:1,0`, `plughw:CARD=Device` | with a colon or comma: an ALSA PCM |
/// | `default`, `sysdefault`, `pulse`, `pipewire`, `jack` | the ALSA PCM that is called so everywhere |
/// | `Device`, `sndrpihifiberry` | letters, digits and `_`, at most 15: a card id (`/proc/asound/cards`) |
/// | `my-speakers` | anything else: an ALSA PCM |
///
/// A bare number is refused: cards change their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Device {
    /// The best card there is.
    Auto,
    /// The card of this id.
    Card(String),
    /// The USB card of this vendor and product.
    Usb {
        /// The vendor's id.
        vendor: u16,
        /// The product's id.
        product: u16,
    },
    /// The ALSA PCM of this name, taken as it is.
    Pcm(String),
    /// A WAV file.
    Wav(PathBuf),
    /// Nowhere.
    Null,
}

impl Device {
    /// Whether both are written for the same thing. `auto` may be a card that another name means too: that is known
    /// only where the cards are.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Card(one), Self::Card(other)) => one.eq_ignore_ascii_case(other),
            _ => self == other,
        }
    }

    /// The sink that `device` names so.
    ///
    /// # Errors
    /// When it is no name of one.
    pub fn from_text(text: &str) -> Result<Self, Expected> {
        if text.is_empty() || text.len() > 1024 || text.chars().any(char::is_control) {
            return Err(Expected::Device);
        }
        match text.split_once(':') {
            Some((scheme, rest)) => Self::with_scheme(&scheme.to_ascii_lowercase(), rest, text),
            None => Self::word(text),
        }
    }

    fn with_scheme(scheme: &str, rest: &str, whole: &str) -> Result<Self, Expected> {
        let name = rest.trim();
        match scheme {
            "wav" if name.is_empty() => Err(Expected::WavPath),
            "wav" => Ok(Self::Wav(PathBuf::from(name))),
            "usb" => usb(name).ok_or(Expected::Usb),
            "pcm" | "card" if name.is_empty() => Err(Expected::Device),
            "pcm" => Ok(Self::Pcm(name.to_owned())),
            "card" => Ok(Self::Card(name.to_owned())),
            _ => Ok(Self::Pcm(whole.to_owned())),
        }
    }

    fn word(text: &str) -> Result<Self, Expected> {
        match text.to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "null" => Ok(Self::Null),
            name if PCMS.contains(&name) => Ok(Self::Pcm(text.to_owned())),
            name if name.bytes().all(|byte| byte.is_ascii_digit()) => Err(Expected::CardId),
            name if is_card_id(name) => Ok(Self::Card(text.to_owned())),
            _ => Ok(Self::Pcm(text.to_owned())),
        }
    }
}

/// As it is written in `paging.conf`.
impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Card(name) | Self::Pcm(name) => f.write_str(name),
            Self::Usb { vendor, product } => write!(f, "usb:{vendor:04x}:{product:04x}"),
            Self::Wav(path) => write!(f, "wav:{}", path.display()),
            Self::Null => f.write_str("null"),
        }
    }
}

fn usb(text: &str) -> Option<Device> {
    let (vendor, product) = text.split_once(':')?;
    let id = |text: &str| {
        let is_hex = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hex { u16::from_str_radix(text, 16).ok() } else { None }
    };
    Some(Device::Usb { vendor: id(vendor)?, product: id(product)? })
}

/// The kernel makes card ids of letters, digits and `_`, at most 15 (`snd_card_set_id`, `sound/core/init.c`).
fn is_card_id(text: &str) -> bool {
    text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// PCMs that alsa-lib or its usual plug-ins define, and no card is called.
const PCMS: [&str; 5] = ["default", "sysdefault", "pulse", "pipewire", "jack"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_told_apart() {
        let cases = [
            ("AUTO", Device::Auto),
            ("null", Device::Null),
            ("usb:0d8c:0014", Device::Usb { vendor: 0x0d8c, product: 0x0014 }),
            ("wav:/tmp/a b.wav", Device::Wav(PathBuf::from("/tmp/a b.wav"))),
            ("WAV: x:y", Device::Wav(PathBuf::from("x:y"))),
            ("Device", Device::Card("Device".to_owned())),
            ("card:my-card", Device::Card("my-card".to_owned())),
            ("default", Device::Pcm("default".to_owned())),
            ("hw:1,0", Device::Pcm("hw:1,0".to_owned())),
            ("plughw:CARD=Device", Device::Pcm("plughw:CARD=Device".to_owned())),
            ("dmix,0", Device::Pcm("dmix,0".to_owned())),
            ("pcm:hall", Device::Pcm("hall".to_owned())),
            ("a_name_too_long_for_a_card", Device::Pcm("a_name_too_long_for_a_card".to_owned())),
        ];
        for (text, device) in cases {
            assert_eq!(Device::from_text(text), Ok(device), "{text}");
        }
    }

    #[test]
    fn what_is_no_device_is_refused() {
        let cases = [
            ("", Expected::Device),
            ("pcm:", Expected::Device),
            ("x\u{7}", Expected::Device),
            ("1", Expected::CardId),
            ("wav:", Expected::WavPath),
            ("usb:0d8c", Expected::Usb),
            ("usb:0d8c:+014", Expected::Usb),
            ("usb:0d8c:014", Expected::Usb),
        ];
        for (text, expected) in cases {
            assert_eq!(Device::from_text(text), Err(expected), "{text}");
        }
    }
}
