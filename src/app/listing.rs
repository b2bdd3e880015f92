//! `paging devices`.

use super::print;
use crate::output::devices::{self, Playback};
use core::fmt::Write;
use std::process::ExitCode;

/// Lists the sound cards, what `[audio] device` calls each, and which one `auto` takes.
pub(super) fn devices() -> ExitCode {
    print(&table(&devices::list(), &devices::pcms()))
}

fn table(found: &[Playback], pcms: &[String]) -> String {
    let mut text = String::new();
    if found.is_empty() {
        text.push_str("No sound card found.\n");
    } else {
        text.push_str("Sound cards, as [audio] device names them (* is what \"auto\" takes):\n");
    }
    for playback in found {
        let mark = if devices::best(found) == Some(playback) { '*' } else { ' ' };
        let usb = playback.usb.map(|usb| format!(" usb:{usb}")).unwrap_or_default();
        let (name, kind) = (&playback.name, playback.kind);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{mark} {:<16} {kind}: {name}{usb}", device_name(playback));
    }
    if !pcms.is_empty() {
        text.push_str("Other ALSA names it takes:\n");
    }
    for pcm in pcms {
        let _ = writeln!(text, "  {pcm}");
    }
    text
}

/// The first device of a card goes by the card's id; the others by ALSA's name.
fn device_name(playback: &Playback) -> String {
    if playback.device == 0 { playback.card.clone() } else { playback.hardware() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::devices::{Kind, UsbId};

    fn playback(card: &str, device: u32, kind: Kind) -> Playback {
        Playback { card: card.to_owned(), device, name: "Maker, PCM".to_owned(), kind, usb: None }
    }

    #[test]
    fn the_best_card_is_marked_and_all_are_named_as_the_configuration_names_them() {
        let mut usb = playback("Device", 0, Kind::Usb);
        usb.usb = Some(UsbId { vendor: 0x0d8c, product: 0x14 });
        let found = [playback("vc4hdmi0", 0, Kind::Hdmi), usb, playback("PCH", 3, Kind::BuiltIn)];
        let text = table(&found, &["default".to_owned()]);
        let marked: Vec<_> = text.lines().filter(|line| line.starts_with("* ")).collect();
        assert_eq!(marked.len(), 1, "{text}");
        assert!(marked[0].contains("Device") && marked[0].contains("usb:0d8c:0014"), "{text}");
        assert!(text.contains("  vc4hdmi0 ") && text.contains("  hw:CARD=PCH,DEV=3 "), "{text}");
        assert!(text.ends_with("  default\n"), "{text}");
    }

    #[test]
    fn no_card_is_said() {
        assert_eq!(table(&[], &[]), "No sound card found.\n");
    }
}
