//! What each kind of section is for, in a sentence, and what is lacking where it is not complete.

use super::table::{Naming, Section};
use super::terms::KEYS;

/// What a kind of section is for.
pub(super) fn sentence(section: &Section) -> &'static str {
    let found = SENTENCES.iter().find(|(kind, _)| *kind == section.kind);
    found.map_or("", |(_, sentence)| sentence)
}

/// The header of a section as an example: `[sip]`, `[zone NAME]`.
pub(super) fn header(section: &Section) -> String {
    match section.naming {
        Naming::Always => named_header(section),
        Naming::Never | Naming::Maybe => format!("[{}]", section.kind),
    }
}

/// The same with a name.
pub(super) fn named_header(section: &Section) -> String {
    let name = match section.kind {
        "announcement" => "NUMBER",
        KEYS => "DIGITS",
        _ => "NAME",
    };
    format!("[{} {name}]", section.kind)
}

/// A header that could stand in a file.
pub(super) fn example_header(section: &Section) -> String {
    header(section).replace("NUMBER", "1").replace("DIGITS", "1")
}

/// What further sections of a kind are that needs no name.
pub(super) const FURTHER: &[(&str, &str)] = &[
    ("sip", "further accounts, same keys; what is not given comes from [sip]"),
    ("music", "further players, same keys"),
    ("handler", "further programs, same keys"),
];

const SENTENCES: &[(&str, &str)] = &[
    (
        "sip",
        "The account at the telephone system, and how calls are taken. Without a domain the box takes direct calls only.",
    ),
    ("audio", "The sound card, and how everything sounds."),
    ("calls", "How long calls last, and what becomes of several at once."),
    (
        "zone",
        "Loudspeakers that are heard together: channels of a card. Without any there is one zone, all, on every channel of [audio] device.",
    ),
    ("group", "Several zones under one name."),
    ("music", "Background music."),
    ("multicast", "Pages that others send by IP multicast."),
    ("transmit", "What this box sends to others by IP multicast."),
    ("bell", "Sounds at fixed times."),
    (
        "announcement",
        "Recordings that are played by keys of a telephone ([key DIGITS]), by a button or by a command.",
    ),
    ("emergency", "What is played again and again when a key, a button or a command calls for help."),
    ("caller", "Callers whose pages differ from what the account says."),
    (
        "key",
        "What keys of a telephone do while it is connected with the box; after the PIN, where there is one.",
    ),
    ("gpio", "Lines of the Raspberry Pi that the box switches."),
    ("button", "A push button at a line of the Raspberry Pi."),
    ("network", "The network of the card image."),
    ("time", "The clock of the card image."),
    ("log", "What is told, and to whom."),
    ("status", "How the box tells how it is."),
    ("handler", "A program of your own that takes calls."),
    ("audiosocket", "Calls that Asterisk sends by AudioSocket."),
    ("update", "Updates of the card image."),
    ("debug", "Ways into the card image for whoever looks for a fault."),
    ("server", "What PagingServer has here. Each key is answered with what replaces it."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::table::SECTIONS;

    #[test]
    fn every_section_has_its_sentence() {
        for section in SECTIONS {
            assert!(sentence(section).ends_with('.'), "[{}]", section.kind);
        }
        assert_eq!(SENTENCES.len(), SECTIONS.len());
    }

    #[test]
    fn every_section_that_may_have_a_name_says_what_for() {
        let may = SECTIONS.iter().filter(|section| section.naming == Naming::Maybe);
        let kinds: Vec<_> = may.map(|section| section.kind).collect();
        assert_eq!(FURTHER.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), kinds);
    }
}
