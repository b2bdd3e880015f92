//! Kinds of sound card: how to tell them apart, and how each is fed.
//!
//! | kind | period | filled to | why |
//! |---|---|---|---|
//! | usb | 5 ms | 10 ms | a packet every millisecond, and an interrupt for every period |
//! | i2s | 5 ms | 10 ms | DMA straight from memory, an interrupt for every period |
//! | other | 10 ms | 20 ms | nothing is known about it |
//! | headphones | 10 ms | 60 ms | fed by the firmware of a Raspberry Pi, which takes, and tells of, 10 ms at a time |
//! | hdmi | 10 ms | 20 ms | DMA like I2S, in frames of 192 samples, behind a screen that is late anyway |
//! | virtual | 5 ms | 10 ms | a program or a timer |
//!
//! Every buffer is 500 ms, so that an idle device can be left alone for long. The headphone jack of a Raspberry Pi has
//! gaps below some 50 ms; its driver says so too: "sees a jitter up to 10ms in the audio position" (Linux, commit
//! a105a3a72824). `docs/audio.md` has the table for people.

use core::fmt;
use core::time::Duration;

use super::geometry::FILTERS;

/// Where the sound comes out, the best for an amplifier first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// A card on USB.
    Usb,
    /// A HAT of a Raspberry Pi, or a converter soldered to the board.
    I2s,
    /// On the bus of a PC, or none of those we know.
    Other,
    /// The headphone jack of a Raspberry Pi: 11 bits and a hum.
    Headphones,
    /// A screen's loudspeakers, if there are any.
    Hdmi,
    /// A program that takes sound, or nothing.
    Virtual,
}

/// How a kind of card is fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Feeding {
    pub(super) period: Duration,
    /// It is kept this full, and never less than [`FILL_PERIODS`] of its periods.
    pub(super) fill: Duration,
    /// What it needs even where the owner wants shorter periods.
    pub(super) least_fill: Duration,
    pub(super) buffer: Duration,
}

impl Kind {
    /// Known by what the card, its driver and its device go by: `vc4-hdmi`, `bcm2835 Headphones`, `USB-Audio`,
    /// `HiFiBerry DAC+ HiFi pcm512x-hifi-0`.
    pub(super) fn from_names(is_usb: bool, names: &[&str]) -> Self {
        let says = |words: &[&str]| {
            let says = |name: &str| words.iter().any(|word| name.contains(word));
            names.iter().any(|name| says(&name.to_ascii_lowercase()))
        };
        match () {
            () if is_usb => Self::Usb,
            () if says(HDMI) => Self::Hdmi,
            // Before the jack: the I2S bus of a Raspberry Pi is called bcm2835-i2s.
            () if says(I2S) => Self::I2s,
            () if says(JACK) => Self::Headphones,
            () if says(VIRTUAL) => Self::Virtual,
            () => Self::Other,
        }
    }

    /// How late sound is heard at most, as long as the owner sets no sizes and the card takes ours; see [`Offer`] for
    /// what a card does take.
    ///
    /// [`Offer`]: super::devices::Offer
    #[must_use]
    pub fn latency(self) -> Duration {
        let Feeding { period, fill, .. } = self.feeding();
        period + fill + FILTERS
    }

    pub(super) const fn feeding(self) -> Feeding {
        let (period, fill, least_fill) = match self {
            Self::Usb | Self::I2s | Self::Virtual => (5, 10, 0),
            Self::Other | Self::Hdmi => (10, 20, 0),
            Self::Headphones => (10, 60, 50),
        };
        Feeding {
            period: Duration::from_millis(period),
            fill: Duration::from_millis(fill),
            least_fill: Duration::from_millis(least_fill),
            buffer: Duration::from_millis(500),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Usb => "usb",
            Self::I2s => "i2s",
            Self::Other => "other",
            Self::Headphones => "headphones",
            Self::Hdmi => "hdmi",
            Self::Virtual => "virtual",
        })
    }
}

const HDMI: &[&str] = &["hdmi", "displayport"];

/// Makers of HATs, the kernel's names for such cards, and the codecs on them: a stream of such a card is called after its codec,
/// which nearly always ends in `-hifi`.
const I2S: &[&str] = &[
    "i2s",
    "-hifi",
    "hifiberry",
    "iqaudio",
    "justboom",
    "audioinjector",
    "audiosense",
    "fe-pi",
    "voicehat",
    "voicecard",
    "digiamp",
    "snd_rpi",
    "sndrpi",
    "rpi-",
    "simple-card",
    "simple_card",
    "simplecar",
    "allo-",
    "pianodac",
    "multicodec",
    "i-sabre",
    "dionaudio",
    "pisound",
    "pcm51",
    "wm8960",
    "wm8804",
    "tas57",
    "ak4",
    "es90",
    "max98357",
];

/// `bcm2835_headphones`, and `bcm2835 ALSA` of old.
const JACK: &[&str] = &["bcm2835", "headphones"];

/// snd-aloop and snd-dummy.
const VIRTUAL: &[&str] = &["loopback", "dummy"];

/// One that plays, and one that is being filled.
pub(super) const FILL_PERIODS: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_by_their_names() {
        let cases = [
            (Kind::Usb, true, ["Device", "USB-Audio", "USB Audio"]),
            (Kind::Usb, true, ["Headphones", "USB-Audio", "HDMI Capture"]),
            (Kind::Hdmi, false, ["vc4hdmi0", "vc4-hdmi", "MAI PCM i2s-hifi-0"]),
            (Kind::Hdmi, false, ["b1", "bcm2835_hdmi", "bcm2835 HDMI 1"]),
            (Kind::Hdmi, false, ["PCH", "HDA-Intel", "HDMI 0"]),
            (Kind::Headphones, false, ["Headphones", "bcm2835_headpho", "bcm2835 Headphones"]),
            (Kind::Headphones, false, ["ALSA", "bcm2835_alsa", "bcm2835 ALSA"]),
            (Kind::I2s, false, ["sndrpihifiberry", "HifiberryDacp", "HiFiBerry DAC+ HiFi pcm512x-hifi-0"]),
            (Kind::I2s, false, ["IQaudIODAC", "IQaudIODAC", "IQaudIO DAC HiFi pcm512x-hifi-0"]),
            (
                Kind::I2s,
                false,
                ["seeed2micvoicec", "seeed-2mic-voic", "bcm2835-i2s-wm8960-hifi wm8960-hifi-0"],
            ),
            (
                Kind::I2s,
                false,
                ["sndrpisimplecar", "RPi-simple", "simple-card_codec_link snd-soc-dummy-dai-0"],
            ),
            (Kind::I2s, false, ["MAX98357A", "simple-card", "bcm2835-i2s-HiFi HiFi-0"]),
            // Allo Piano 2.1 and I-Sabre: no word of theirs ends in -hifi.
            (Kind::I2s, false, ["PianoDACPlus", "PianoDACPlus", "PianoDACPlus multicodec-0"]),
            (Kind::I2s, false, ["DAC", "I-Sabre Q2M DAC", "I-Sabre Q2M DAC i-sabre-codec-dai-0"]),
            (Kind::Virtual, false, ["Loopback", "Loopback", "Loopback PCM"]),
            (Kind::Virtual, false, ["Dummy", "Dummy", "Dummy PCM"]),
            (Kind::Other, false, ["PCH", "HDA-Intel", "ALC887-VD Analog"]),
            (Kind::Other, false, ["SoundCard", "virtio-snd", "VirtIO PCM 0"]),
        ];
        for (expected, is_usb, names) in cases {
            assert_eq!(Kind::from_names(is_usb, &names), expected, "{names:?}");
        }
    }

    #[test]
    fn every_kind_is_filled_with_its_periods_and_the_jack_with_what_its_firmware_needs() {
        for kind in [Kind::Usb, Kind::I2s, Kind::Other, Kind::Headphones, Kind::Hdmi, Kind::Virtual] {
            let Feeding { period, fill, least_fill, buffer } = kind.feeding();
            assert!(fill >= period * 2 && fill >= least_fill && buffer >= fill * 3, "{kind}");
        }
        assert!(Kind::Headphones.feeding().least_fill >= Duration::from_millis(50));
    }
}
