//! `paging devices`.

use super::print;
use crate::output::CardError;
use crate::output::devices::{self, Offer, Playback};
use core::fmt::Write;
use core::time::Duration;
use std::process::ExitCode;

/// Lists the sound cards, what `[audio] device` calls each, what it can do, and which one `auto` takes.
pub(super) fn devices() -> ExitCode {
    print(&table(&devices::list(), Offer::of, &devices::pcms()))
}

fn table(found: &[Playback], ask: impl Fn(&Playback) -> Result<Offer, CardError>, pcms: &[String]) -> String {
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
        let _ = match ask(playback) {
            Ok(offer) => writeln!(text, "{INDENT}{}", offered(&offer)),
            Err(error) => {
                writeln!(text, "{INDENT}{error}; latency {} ms if it plays", millis(kind.latency()))
            }
        };
    }
    if !found.is_empty() {
        let _ = writeln!(text, "{}", why(devices::best(found)));
    }
    if !pcms.is_empty() {
        text.push_str("Other ALSA names it takes:\n");
    }
    for pcm in pcms {
        let _ = writeln!(text, "  {pcm}");
    }
    text
}

/// What `auto` takes, and for what reason.
fn why(best: Option<&Playback>) -> String {
    let order = "USB goes before I2S (a HAT), that before other cards, and they before a headphone jack";
    match best {
        None => "\"auto\" takes none of them: HDMI is taken only when it is asked for.".to_owned(),
        Some(best) => {
            let name = device_name(best);
            format!(
                "\"auto\" takes {name} ({}): {order}; HDMI is taken only when it is asked for.",
                best.kind
            )
        }
    }
}

/// `2 channels; S16_LE; 48000, 44100 Hz; latency 19.7 ms: period 5, filled to 10 ms`
fn offered(offer: &Offer) -> String {
    let channels = match offer.channels {
        (1, 1) => "1 channel".to_owned(),
        (least, most) if least == most => format!("{least} channels"),
        (least, most) => format!("{least} to {most} channels"),
    };
    let rates: Vec<_> = offer.rates_hz.iter().map(ToString::to_string).collect();
    let [latency, period, fill] = [offer.latency, offer.period, offer.fill].map(millis);
    format!(
        "{channels}; {}; {} Hz; latency {latency} ms: period {period}, filled to {fill} ms",
        offer.formats.join(", "),
        rates.join(", "),
    )
}

/// The first device of a card goes by the card's id; the others by ALSA's name.
fn device_name(playback: &Playback) -> String {
    if playback.device == 0 { playback.card.clone() } else { playback.hardware() }
}

/// With one digit behind the point, where it is not zero.
fn millis(span: Duration) -> f64 {
    (span.as_secs_f64() * 1e4).round() / 10.0
}

/// As wide as the names.
const INDENT: &str = "                   ";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::devices::{Kind, UsbId};

    fn playback(card: &str, device: u32, kind: Kind) -> Playback {
        Playback { card: card.to_owned(), device, name: "Maker, PCM".to_owned(), kind, usb: None }
    }

    fn offer(channels: (u32, u32), rates_hz: &[u32]) -> Offer {
        Offer {
            formats: vec!["S24_3LE", "S16_LE"],
            channels,
            rates_hz: rates_hz.to_vec(),
            period: Duration::from_millis(5),
            fill: Duration::from_millis(10),
            latency: Duration::from_micros(19_708),
        }
    }

    #[test]
    fn the_best_card_is_marked_and_all_are_named_as_the_configuration_names_them() {
        let mut usb = playback("Device", 0, Kind::Usb);
        usb.usb = Some(UsbId { vendor: 0x0d8c, product: 0x14 });
        let found = [playback("vc4hdmi0", 0, Kind::Hdmi), usb, playback("PCH", 3, Kind::Other)];
        let text = table(&found, |_| Ok(offer((2, 2), &[48_000])), &["default".to_owned()]);
        let marked: Vec<_> = text.lines().filter(|line| line.starts_with("* ")).collect();
        assert_eq!(marked.len(), 1, "{text}");
        assert!(marked[0].contains("Device") && marked[0].contains("usb:0d8c:0014"), "{text}");
        assert!(text.contains("  vc4hdmi0 ") && text.contains("  hw:CARD=PCH,DEV=3 "), "{text}");
        assert!(text.ends_with("  default\n"), "{text}");
    }

    #[test]
    fn a_card_tells_what_it_can_do_and_how_late_it_is() {
        let text = table(&[playback("DAC", 0, Kind::I2s)], |_| Ok(offer((1, 8), &[48_000, 44_100])), &[]);
        let expected = "* DAC              i2s: Maker, PCM\n                   1 to 8 channels; S24_3LE, S16_LE; \
                        48000, 44100 Hz; latency 19.7 ms: period 5, filled to 10 ms\n\"auto\" takes DAC (i2s): USB goes";
        assert!(text.contains(expected), "{text}");
        assert!(offered(&offer((1, 1), &[44_100])).starts_with("1 channel; S24_3LE, S16_LE; 44100 Hz; "));
        assert!(offered(&offer((2, 2), &[44_100])).starts_with("2 channels; "));
    }

    #[test]
    fn a_card_that_cannot_be_asked_says_why_and_what_its_kind_is_like() {
        let ask = |playback: &Playback| Offer::of(playback);
        let text = table(&[playback("none", 0, Kind::Headphones)], ask, &[]);
        assert!(
            text.contains("hw:CARD=none,DEV=0: ") && text.contains("latency 74.7 ms if it plays\n"),
            "{text}"
        );
    }

    #[test]
    fn a_screen_alone_is_not_taken_and_that_is_said() {
        let text = table(&[playback("vc4hdmi0", 0, Kind::Hdmi)], |_| Ok(offer((2, 2), &[48_000])), &[]);
        assert!(!text.contains("\n* ") && text.contains("\"auto\" takes none of them: HDMI"), "{text}");
    }

    #[test]
    fn no_card_is_said() {
        assert_eq!(table(&[], |_| Ok(offer((2, 2), &[])), &[]), "No sound card found.\n");
    }
}
