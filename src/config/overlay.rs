//! Device tree overlays of the Raspberry Pi's firmware that are a sound card: any other may take away what the machine needs
//! to start, the card's own controller among it, and then no configuration brings it back.
//!
//! The list is that of the firmware's own `overlays` folder, by families where makers have several. Leaves out what each
//! parameter means: their letters are held to those that parameters have.

/// Whether a text is the overlay of a sound card, with its parameters: `hifiberry-dacplus,24db_digital_gain`.
pub(super) fn is_of_a_sound_card(text: &str) -> bool {
    let mut parts = text.split(',');
    let name = parts.next().unwrap_or_default();
    is_known(name) && parts.all(is_parameter)
}

fn is_known(name: &str) -> bool {
    let is_of = |family: &str| name.strip_prefix(family).is_some_and(|rest| !rest.is_empty());
    name.bytes().all(is_letter) && (CARDS.contains(&name) || FAMILIES.iter().any(|family| is_of(family)))
}

/// `unmute_amp`, `alsaname=hall`, `gpio=22`.
fn is_parameter(text: &str) -> bool {
    let (key, value) = text.split_once('=').unwrap_or((text, "x"));
    let is_word = |word: &str, more: &[u8]| {
        !word.is_empty() && word.bytes().all(|byte| is_letter(byte) || more.contains(&byte))
    };
    is_word(key, b"_") && is_word(&value.to_ascii_lowercase(), b"_.:")
}

const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

/// What begins so is a sound card, all of it.
const FAMILIES: &[&str] = &[
    "allo-",
    "audioinjector-",
    "dionaudio-",
    "hifiberry-",
    "interludeaudio-",
    "iqaudio-",
    "justboom-",
    "pifi-",
    "pisound-",
    "rpi-dac",
];

/// The others.
const CARDS: &[&str] = &[
    "adau1977-adc",
    "adau7002-simple",
    "akkordion-iqdacplus",
    "applepi-dac",
    "audiosense-pi",
    "audremap",
    "audremap-pi5",
    "chipdip-dac",
    "cirrus-wm5102",
    "dacberry400",
    "ezsound-6x8iso",
    "fe-pi-audio",
    "ghost-amp",
    "googlevoicehat-soundcard",
    "i-sabre-q2m",
    "i2s-dac",
    "i2s-master-dac",
    "max98357a",
    "mbed-dac",
    "merus-amp",
    "pibell",
    "pisound",
    "proto-codec",
    "rpi-codeczero",
    "rpi-dac",
    "rpi-digiampplus",
    "rra-digidac1-wm8741-audio",
    "superaudioboard",
    "udrc",
    "ugreen-dabboard",
    "wm8960-soundcard",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_cards_of_every_maker_are_taken_with_their_parameters() {
        let taken = [
            "hifiberry-dacplus",
            "hifiberry-dacplus,24db_digital_gain",
            "iqaudio-dac,unmute_amp",
            "rpi-dacpro",
            "rpi-dac",
            "max98357a,sdmode-pin=16,no-sdmode",
            "merus-amp",
            "wm8960-soundcard,alsaname=Hall_1.0",
        ];
        assert_eq!(taken.map(is_of_a_sound_card), [true; 8]);
    }

    #[test]
    fn what_may_take_the_card_or_its_pins_away_is_refused() {
        let refused = [
            "disable-emmc2",
            "sdio",
            "sdhost",
            "mmc",
            "rpi-sense",
            "rpi-poe",
            "vc4-kms-v3d",
            "i2s-gpio28-31",
            "hifiberry-",
            "hifiberry-dac plus",
            "hifiberry-dac,gpio=",
            "hifiberry-dac,",
            "Hifiberry-dac",
            "hifiberry-dac\ndtoverlay=sdio",
        ];
        for text in refused {
            assert!(!is_of_a_sound_card(text), "{text}");
        }
    }
}
