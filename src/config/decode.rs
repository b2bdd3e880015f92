//! Bytes of a file become text, whatever editor wrote them.

/// Reads UTF-16 with a byte-order mark (the "Unicode" of Windows' Notepad), else UTF-8 with or without one; a line that
/// is no UTF-8 is taken for Latin-1. Line ends become `\n`.
pub(super) fn decode(bytes: &[u8]) -> String {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => lines(rest),
        _ => lines(bytes),
    };
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Whether a file says nothing at all, not even in remarks: an editor was interrupted, or a disk has lost what was in it. One
/// that has remarks only means the defaults.
#[must_use]
pub fn is_blank(bytes: &[u8]) -> bool {
    decode(bytes).chars().all(|c| c == '\0' || c.is_whitespace())
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn lines(bytes: &[u8]) -> String {
    bytes.split_inclusive(|&byte| byte == b'\n').map(line).collect()
}

fn line(bytes: &[u8]) -> String {
    match core::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_editors_file_reads_the_same() {
        let text = "[sip]\nname = B\u{fc}ro\n";
        let windows = text.replace('\n', "\r\n");
        let utf16 = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}".encode_utf16().chain(windows.encode_utf16()).flat_map(unit).collect()
        };
        let latin_1: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let files = [
            text.as_bytes().to_vec(),
            format!("\u{feff}{windows}").into_bytes(),
            text.replace('\n', "\r").into_bytes(),
            utf16(u16::to_le_bytes),
            utf16(u16::to_be_bytes),
            latin_1,
        ];
        for file in files {
            assert_eq!(decode(&file), text, "{}", file.escape_ascii());
        }
    }

    #[test]
    fn one_line_of_latin_1_spoils_no_other() {
        assert_eq!(decode(b"a=\xc3\xbc\nb=\xfc\n"), "a=\u{fc}\nb=\u{fc}\n");
    }

    #[test]
    fn broken_utf_16_still_reads() {
        assert_eq!(decode(b"\xff\xfea\0\x00\xd8b"), "a\u{fffd}");
    }
}
