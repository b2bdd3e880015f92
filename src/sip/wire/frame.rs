//! A datagram as lines: what is a line, where the headers end, how a folded header is one line (RFC 3261 §7.3.1, §7.5).

use std::borrow::Cow;

use super::error::{ParseError, SyntaxError};
use super::scan::{Scan, trim};
use super::status::StatusCode;
use super::write::ends_early;
use memchr::memchr;

/// The lines of a datagram up to the empty one. Lines end with CRLF, or LF alone; empty lines before the first are
/// skipped.
pub(super) struct Lines<'a> {
    datagram: &'a [u8],
    /// The same, if all of it is UTF-8, as nearly always; so this is seen once and not line by line.
    text: Option<&'a str>,
    at: usize,
    is_complete: bool,
}

/// One unfolded line.
pub(super) struct Line<'a> {
    at: usize,
    text: Cow<'a, str>,
    /// Where the value begins: behind the colon, or at the start of a start line.
    value_at: usize,
}

/// What is wrong with a datagram, where, and how it is answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) position: usize,
    pub(super) expected: &'static str,
    pub(super) status: StatusCode,
}

impl<'a> Lines<'a> {
    pub(super) fn new(datagram: &'a [u8]) -> Self {
        let at = datagram.iter().position(|byte| !b"\r\n".contains(byte)).unwrap_or(datagram.len());
        Self { datagram, text: core::str::from_utf8(datagram).ok(), at, is_complete: false }
    }

    /// The next line; `None` after the last.
    pub(super) fn next(&mut self) -> Option<Result<Line<'a>, Fault>> {
        let at = self.at;
        let first = self.next_unfolded().filter(|line| !line.is_empty())?;
        let text = if self.is_folded() { self.unfold(first).into() } else { self.text_of(at, first) };
        if ends_early(text.as_bytes()) {
            return Some(Err(Fault::new(at, "a line with no CR or NUL in it")));
        }
        Some(Ok(Line { at, text, value_at: 0 }))
    }

    /// Whether the empty line behind the headers has been seen.
    pub(super) const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Bytes from the start of the datagram.
    pub(super) const fn position(&self) -> usize {
        self.at
    }

    /// What is left: the body, once the lines are complete.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.datagram[self.at..]
    }

    /// The bytes up to the next line end; `None` if there is none.
    fn next_unfolded(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest();
        let len = memchr(b'\n', rest)?;
        self.at += len + 1;
        let line = rest[..len].strip_suffix(b"\r").unwrap_or(&rest[..len]);
        self.is_complete |= line.is_empty();
        Some(line)
    }

    fn is_folded(&self) -> bool {
        matches!(self.rest().first(), Some(b' ' | b'\t'))
    }

    /// `line`, which is at `at`, as text.
    fn text_of(&self, at: usize, line: &'a [u8]) -> Cow<'a, str> {
        let text = self.text.and_then(|text| text.get(at..at + line.len()));
        text.map_or_else(|| utf8_or_latin_1(line), Cow::Borrowed)
    }

    /// `first` and the lines that continue it, with one space in place of each fold.
    fn unfold(&mut self, first: &[u8]) -> String {
        let mut whole = first.trim_ascii_end().to_vec();
        while self.is_folded()
            && let Some(more) = self.next_unfolded()
        {
            whole.push(b' ');
            whole.extend_from_slice(more.trim_ascii());
        }
        utf8_or_latin_1(&whole).into_owned()
    }
}

impl Line<'_> {
    /// The line as `name: value`, with its name.
    pub(super) fn into_header(mut self) -> Result<(Self, usize), Fault> {
        let Some(colon) = self.text.bytes().position(|byte| byte == b':') else {
            return Err(Fault::new(self.at, "the name of a header and a colon"));
        };
        self.value_at = colon + 1;
        Ok((self, colon))
    }

    /// What stands before the colon at `colon`.
    pub(super) fn name(&self, colon: usize) -> &str {
        trim(&self.text[..colon])
    }

    /// The value without the white space around it.
    pub(super) fn value(&self) -> &str {
        trim(&self.text[self.value_at..])
    }

    /// Reads the value.
    pub(super) fn read<'s, T>(
        &'s self,
        read: impl FnOnce(&mut Scan<'s>) -> Result<T, SyntaxError>,
    ) -> Result<T, Fault> {
        Scan::all(self.value(), read).map_err(|error| self.fault(error))
    }

    /// A fault of the line as a whole.
    pub(super) const fn fault_at_start(&self, expected: &'static str) -> Fault {
        Fault::new(self.at, expected)
    }

    /// `error`, which is in the value of this line, as seen from the start of the datagram.
    pub(super) fn fault(&self, error: SyntaxError) -> Fault {
        let value = &self.text[self.value_at..];
        let space = value.len() - value.trim_start_matches([' ', '\t']).len();
        let is_exact = matches!(self.text, Cow::Borrowed(_));
        let within = if is_exact { space + error.position } else { 0 };
        Fault::new(self.at + self.value_at + within, error.expected)
    }
}

impl Fault {
    /// A fault that is answered with 400.
    pub(super) const fn new(position: usize, expected: &'static str) -> Self {
        Self { position, expected, status: StatusCode::BAD_REQUEST }
    }

    pub(super) const fn without_reply(self) -> ParseError {
        ParseError { position: self.position, expected: self.expected, reply: None }
    }
}

/// What is not UTF-8 is Latin-1: a name must not cost a call.
fn utf8_or_latin_1(bytes: &[u8]) -> Cow<'_, str> {
    core::str::from_utf8(bytes)
        .map_or_else(|_| bytes.iter().copied().map(char::from).collect(), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(datagram: &[u8]) -> (Vec<String>, Option<&[u8]>) {
        let mut lines = Lines::new(datagram);
        let mut texts = Vec::new();
        while let Some(Ok(line)) = lines.next() {
            texts.push(line.value().to_owned());
        }
        (texts, lines.is_complete().then(|| lines.rest()))
    }

    #[test]
    fn lines_end_with_lf_and_headers_with_an_empty_line() {
        let (texts, body) = lines(b"\r\n\r\na\nb\r\n\nbody\r\n\r\n");
        assert_eq!(texts, ["a", "b"]);
        assert_eq!(body, Some(b"body\r\n\r\n".as_slice()));
    }

    #[test]
    fn folds_become_one_space() {
        let (texts, body) = lines(b"a \r\n\t b\n  \r\n c\r\nd\r\n\r\n");
        assert_eq!(texts, ["a b  c", "d"]);
        assert_eq!(body, Some(b"".as_slice()));
    }

    #[test]
    fn without_the_empty_line_headers_do_not_end() {
        for datagram in [b"".as_slice(), b"\r\n", b"a", b"a\r\n", b"a\r\nb"] {
            assert_eq!(lines(datagram).1, None, "{datagram:?}");
        }
    }

    #[test]
    fn what_is_no_utf_8_is_latin_1() {
        let (texts, _) = lines(b"M\xfcller\r\nM\xc3\xbcller\r\n\r\n");
        assert_eq!(texts, ["M\u{fc}ller", "M\u{fc}ller"]);
    }

    #[test]
    fn a_line_holds_no_cr_and_no_bare_nul() {
        for datagram in [b"a\rb\r\n\r\n".as_slice(), b"a\0\r\n\r\n", b"a\r\r\n\r\n"] {
            assert!(matches!(Lines::new(datagram).next(), Some(Err(_))), "{datagram:?}");
        }
        assert!(matches!(Lines::new(b"\"\\\0\"\r\n\r\n").next(), Some(Ok(_))));
    }
}
