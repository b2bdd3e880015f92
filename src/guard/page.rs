//! The text of `paging-status.txt`, always of the same length: the file is overwritten where it lies.
//!
//! ```text
//! PagingBox status                                                  UTF-8 with its mark, lines end in CR LF
//! Written 2026-11-29 20:15 UTC.                                     changes with every write; not compared
//!
//! FAULT: …                                                          what the guard has to say
//!
//! …                                                                 what the service has said of itself
//!
//! (End of the report.)
//! blanks, blanks, …
//! ```
//! Notepad of Windows XP takes UTF-8 only by its mark and knows no other line ends; that of Windows 10 takes both.

use crate::time::{CivilTime, Instant};
use core::time::Duration;

/// The text of the file, which says when it was `written`: what the guard has to say, and what the service has said.
pub(super) fn lay_out(written: &str, report: Option<&str>, own: &[String]) -> Vec<u8> {
    let mut page = Sheet::new();
    page.line(written);
    page.line("");
    for line in own {
        page.line(line);
    }
    if !own.is_empty() {
        page.line("");
    }
    let mut lines = report.unwrap_or_default().lines();
    let is_whole = lines.all(|line| page.try_line(line));
    page.line("");
    page.line(if is_whole {
        "(End of the report.)"
    } else {
        "(There is more, for which the file has no room.)"
    });
    page.padded()
}

/// The text of a file that no box has written to.
#[must_use]
pub fn blank() -> Vec<u8> {
    lay_out(NEVER, Some(BLANK_TEXT), &[])
}

/// Whether both say the same, whenever they were written.
#[must_use]
pub fn is_same(a: &[u8], b: &[u8]) -> bool {
    let undated = |text: &[u8]| {
        let second = text.iter().position(|&byte| byte == b'\n').map_or(text.len(), |at| at + 1);
        let rest = text.get(second..).unwrap_or_default();
        let third = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |at| at + 1);
        (second, rest.get(third..).unwrap_or_default().trim_ascii_end().to_vec())
    };
    undated(a) == undated(b)
}

/// What somebody has sent, as lines that no editor chokes on.
pub(super) fn cleaned(bytes: &[u8]) -> String {
    let bytes = bytes.get(..bytes.len().min(FILE_BYTES)).unwrap_or_default();
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n");
    let clean = |c: char| if c == '\n' || is_harmless(c) { c } else { ' ' };
    text.trim_end().chars().map(clean).collect()
}

/// When something happened, for people.
pub(super) fn moment(now: Instant, shows: Duration, is_trusted: bool) -> String {
    if is_trusted {
        return date(shows);
    }
    let minutes = now.as_micros() / 60_000_000;
    format!("{minutes} min after power-on (the clock is not set)")
}

pub(super) fn date(shows: Duration) -> String {
    let CivilTime { year, month, day, hour, minute, .. } = CivilTime::of(shows);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}

/// No control character, and none that turns the direction of a line or ends it otherwise.
fn is_harmless(c: char) -> bool {
    let turns =
        matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    !c.is_control() && !turns
}

/// The file as it grows.
struct Sheet(Vec<u8>);

impl Sheet {
    fn new() -> Self {
        let mut bytes = Vec::with_capacity(FILE_BYTES);
        bytes.extend(MARK);
        bytes.extend(END);
        Self(bytes)
    }

    fn line(&mut self, line: &str) {
        if self.0.len() + line.len() + END.len() <= FILE_BYTES {
            self.0.extend(line.as_bytes());
            self.0.extend(END);
        }
    }

    /// Leaves room for the end.
    fn try_line(&mut self, line: &str) -> bool {
        let has_room = self.0.len() + line.len() + END.len() <= FILE_BYTES - END_BYTES;
        if has_room {
            self.line(line);
        }
        has_room
    }

    fn padded(mut self) -> Vec<u8> {
        while let left @ 1.. = FILE_BYTES.saturating_sub(self.0.len()) {
            let blanks = left.min(BLANKS + END.len()).saturating_sub(END.len()).max(1);
            self.0.resize(self.0.len() + blanks, b' ');
            if left >= blanks + END.len() {
                self.0.extend(END);
            }
        }
        self.0
    }
}

/// How the file begins, on every card.
pub const MARK: &[u8] = b"\xef\xbb\xbfPagingBox status";
/// How long the file is, on every card.
pub const FILE_BYTES: usize = 16 * 1024;
/// What stands in a file that no box has written to.
pub const BLANK_TEXT: &str = "\
Put the card into the box, give it power, and look here again after a minute:
this file then says how the box is and what is wrong with paging.conf.

If this text stays, the box did not start, or did not get as far as writing to
the card: attach a screen to it and read what that says.";

const NEVER: &str = "The box has not written here yet.";
const END: &[u8] = b"\r\n";
/// A line of the padding.
const BLANKS: usize = 62;
/// Room for what follows the report.
const END_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> &str {
        str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_text_has_a_mark_windows_line_ends_and_always_the_same_length() {
        let own = ["FAULT: x".to_owned()];
        let long = "line\n".repeat(10_000);
        for report in [None, Some(""), Some("a\nb"), Some(&*long)] {
            for own in [&[][..], &own] {
                let bytes = lay_out("Written now.", report, own);
                assert_eq!(bytes.len(), FILE_BYTES);
                assert!(bytes.starts_with(b"\xef\xbb\xbfPagingBox status\r\nWritten now.\r\n\r\n"));
                assert!(!text(&bytes).replace("\r\n", "").contains(['\r', '\n']));
            }
        }
        let bytes = lay_out("Written now.", Some("a\nb"), &own);
        let start = "\u{feff}PagingBox status\r\nWritten now.\r\n\r\nFAULT: x\r\n\r\na\r\nb\r\n\r\n(End of the report.)\r\n   ";
        assert!(text(&bytes).starts_with(start), "{:?}", &text(&bytes)[..200]);
    }

    #[test]
    fn what_does_not_fit_is_left_out_by_lines_and_that_is_said() {
        for width in 1..200 {
            let long = format!("{}\n", "ä".repeat(width)).repeat(20_000 / width);
            let bytes = lay_out("Written now.", Some(&long), &[]);
            let lines: Vec<_> = text(&bytes).trim_end().split("\r\n").collect();
            assert_eq!(lines.last(), Some(&"(There is more, for which the file has no room.)"));
            assert!(lines[3..lines.len() - 2].iter().all(|line| line.chars().count() == width));
            assert_eq!(bytes.len(), FILE_BYTES);
        }
    }

    #[test]
    fn padding_fills_what_is_left_to_the_byte() {
        for len in FILE_BYTES - 200..=FILE_BYTES {
            assert_eq!(Sheet(vec![b'x'; len]).padded().len(), FILE_BYTES, "{len}");
        }
    }

    #[test]
    fn two_texts_are_the_same_whenever_they_were_written() {
        let page = |written, report| lay_out(written, Some(report), &[]);
        assert!(is_same(&page("Written today.", "a"), &page("Written some other day.", "a")));
        assert!(!is_same(&page("Written today.", "a"), &page("Written today.", "b")));
        assert!(!is_same(&page("Written today.", "a"), &blank()));
        let mut torn = page("Written today.", "a");
        torn[..512].copy_from_slice(&blank()[..512]);
        assert!(!is_same(&page("Written today.", "a"), &torn));
        assert!(!is_same(b"", &blank()));
    }

    #[test]
    fn what_was_sent_cannot_spoil_the_file() {
        assert_eq!(cleaned(b"a\r\nb\rc\n\n"), "a\nb\nc");
        assert_eq!(cleaned(b"a\x00\x1b[2Jb\xffc\t"), "a  [2Jb\u{fffd}c");
        assert_eq!(cleaned("a\u{202e}b\u{2028}c\u{feff}d".as_bytes()), "a b c d");
        assert!(cleaned(&vec![b'x'; 1 << 20]).len() <= FILE_BYTES);
    }

    #[test]
    fn a_moment_is_a_date_only_where_the_clock_is_trusted() {
        let (now, shows) = (Instant::from_millis(190_000), Duration::from_secs(1_795_970_823));
        assert_eq!(moment(now, shows, true), "2026-11-29 16:47 UTC");
        assert_eq!(moment(now, shows, false), "3 min after power-on (the clock is not set)");
    }
}
