//! `hat.txt`: the device tree overlay of a sound card that is plugged onto a Raspberry Pi, for the firmware (config.txt includes
//! it). It is overwritten where it lies, so it is always one sector long: text, then line ends. Their number is what is left;
//! the firmware takes no more than 98 letters of a line.

/// The file of an overlay, or of none where the name is empty; `None`: it is too long for a line.
#[must_use]
pub fn hat_txt(overlay: &str) -> Option<[u8; HAT_BYTES]> {
    let is_plain = overlay.bytes().all(|byte| byte.is_ascii_graphic());
    let line = if overlay.is_empty() { String::new() } else { format!("{KEY}{overlay}\n") };
    if !is_plain || line.len() > LINE_MAX {
        return None;
    }
    let mut sector = [b'\n'; HAT_BYTES];
    for (place, byte) in sector.iter_mut().zip(HEADING.bytes().chain(line.bytes())) {
        *place = byte;
    }
    Some(sector)
}

/// The length of the file.
pub const HAT_BYTES: usize = 512;
const HEADING: &str = "# The overlay of a sound card: [audio] overlay of paging.conf. Written by the box.\n";
const KEY: &str = "dtoverlay=";
/// config.txt, "file format" (Raspberry Pi documentation).
const LINE_MAX: usize = 98;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    #[test]
    fn every_overlay_that_can_be_written_down_fits_or_is_refused() {
        for overlay in ["", "hifiberry-dacplus", "hifiberry-dacplus,24db_digital_gain"] {
            let text = String::from_utf8(hat_txt(overlay).unwrap().to_vec()).unwrap();
            assert!(text.lines().all(|line| line.len() <= LINE_MAX) && text.ends_with('\n'));
            let keys: Vec<_> =
                text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
            let expected = if overlay.is_empty() { vec![] } else { vec![format!("dtoverlay={overlay}")] };
            assert_eq!(keys, expected);
        }
        assert_eq!(hat_txt(&"x".repeat(90)), None);
        assert_eq!(hat_txt("a\ndtparam=x"), None);
    }

    #[test]
    fn the_card_comes_with_the_file_of_no_overlay() {
        let shipped = include_bytes!("../../board/rpi64/hat.txt");
        assert_eq!(Some(*shipped), hat_txt(&load(&[], [], &[]).settings.audio.overlay));
        let config = include_str!("../../board/rpi64/config.txt");
        assert!(config.lines().any(|line| line == "include hat.txt"));
    }
}
