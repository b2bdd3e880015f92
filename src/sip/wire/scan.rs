//! A cursor over text that knows where it is, and the lexical rules all headers share (RFC 3261 §25.1).

use super::error::SyntaxError;

/// Reads a text from left to right. Line ends are gone before it is used: white space is SP and HTAB.
#[derive(Clone, Debug)]
pub(in crate::sip) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    pub(in crate::sip) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Reads all of `text` as one value.
    pub(in crate::sip) fn all<T>(
        text: &'a str,
        read: impl FnOnce(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        let mut scan = Self::new(text);
        let value = read(&mut scan)?;
        scan.end()?;
        Ok(value)
    }

    /// Reads a comma-separated list of one or more values to the end of the text.
    pub(in crate::sip) fn list<T>(
        &mut self,
        values: &mut Vec<T>,
        read: impl Fn(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<(), SyntaxError> {
        loop {
            self.skip_space();
            values.push(read(self)?);
            self.skip_space();
            if self.is_at_end() {
                return Ok(());
            }
            if !self.eat(b',') {
                return Err(self.expected("a comma or the end"));
            }
        }
    }

    pub(in crate::sip) fn expected(&self, expected: &'static str) -> SyntaxError {
        SyntaxError { position: self.at, expected }
    }

    pub(in crate::sip) fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    pub(in crate::sip) fn end(&self) -> Result<(), SyntaxError> {
        if self.is_at_end() { Ok(()) } else { Err(self.expected("the end")) }
    }

    pub(in crate::sip) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(in crate::sip) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(in crate::sip) fn eat(&mut self, byte: u8) -> bool {
        debug_assert!(byte.is_ascii(), "the cursor stays on character boundaries");
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(in crate::sip) fn need(&mut self, byte: u8, expected: &'static str) -> Result<(), SyntaxError> {
        if self.eat(byte) { Ok(()) } else { Err(self.expected(expected)) }
    }

    /// Eats `byte` with white space around it; without it, nothing moves.
    pub(in crate::sip) fn eat_spaced(&mut self, byte: u8) -> bool {
        let before = self.at;
        self.skip_space();
        let found = self.eat(byte);
        if found {
            self.skip_space();
        } else {
            self.at = before;
        }
        found
    }

    pub(in crate::sip) fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    pub(in crate::sip) fn need_space(&mut self, expected: &'static str) -> Result<(), SyntaxError> {
        let before = self.at;
        self.skip_space();
        if self.at == before { Err(self.expected(expected)) } else { Ok(()) }
    }

    /// The bytes up to the first that `is_part` denies. It must treat all bytes from 0x80 alike.
    pub(in crate::sip) fn take_while(&mut self, is_part: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let len = rest.bytes().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    pub(in crate::sip) fn token(&mut self, expected: &'static str) -> Result<&'a str, SyntaxError> {
        let token = self.take_while(is_token_byte);
        if token.is_empty() { Err(self.expected(expected)) } else { Ok(token) }
    }

    /// A run of decimal digits that fits `T`.
    pub(in crate::sip) fn number<T: core::str::FromStr>(
        &mut self,
        expected: &'static str,
    ) -> Result<T, SyntaxError> {
        let error = self.expected(expected);
        self.take_while(|byte| byte.is_ascii_digit()).parse().map_err(|_| error)
    }

    /// A quoted string, with its quotes and escapes.
    pub(in crate::sip) fn quoted(&mut self) -> Result<&'a str, SyntaxError> {
        let start = self.at;
        self.need(b'"', "a quoted string")?;
        loop {
            self.take_while(|byte| byte != b'"' && byte != b'\\');
            if self.eat(b'"') {
                return Ok(&self.text[start..self.at]);
            }
            let unfinished = SyntaxError { position: start, expected: "a quoted string that ends" };
            if !self.eat(b'\\') {
                return Err(unfinished);
            }
            let escaped = self.rest().chars().next().ok_or(unfinished)?;
            self.at += escaped.len_utf8();
        }
    }

    /// A scan over the bytes up to the first that `is_part` denies; this one moves behind them.
    pub(in crate::sip) fn while_bytes(&mut self, is_part: impl Fn(u8) -> bool) -> Scan<'a> {
        let at = self.at;
        self.take_while(is_part);
        Scan { text: &self.text[..self.at], at }
    }

    /// A scan over what lies before the first `close`; this one moves behind it.
    pub(in crate::sip) fn enclosed(
        &mut self,
        close: u8,
        expected: &'static str,
    ) -> Result<Scan<'a>, SyntaxError> {
        let inner = self.while_bytes(|byte| byte != close);
        self.need(close, expected)?;
        Ok(inner)
    }
}

/// A set of bytes to be looked up: most of a message is runs of bytes of one set.
pub(in crate::sip) struct ByteSet([bool; 256]);

impl ByteSet {
    /// These.
    const fn of(mut members: &[u8]) -> Self {
        let mut set = [false; 256];
        while let [member, rest @ ..] = members {
            set[*member as usize] = true;
            members = rest;
        }
        Self(set)
    }

    /// All that are [visible](is_visible) but these.
    pub(in crate::sip) const fn visible_but(mut excluded: &[u8]) -> Self {
        let mut set = [true; 256];
        let mut control = 0;
        while control <= b' ' as usize {
            set[control] = false;
            control += 1;
        }
        set[DEL as usize] = false;
        while let [byte, rest @ ..] = excluded {
            set[*byte as usize] = false;
            excluded = rest;
        }
        Self(set)
    }

    pub(in crate::sip) const fn holds(&self, byte: u8) -> bool {
        self.0[byte as usize]
    }
}

/// RFC 3261 §25.1 `token`.
pub(in crate::sip) fn is_token_byte(byte: u8) -> bool {
    TOKEN.holds(byte)
}

/// `text` without the white space around it.
pub(in crate::sip) fn trim(mut text: &str) -> &str {
    while let Some(rest) = text.strip_prefix([' ', '\t']) {
        text = rest;
    }
    while let Some(rest) = text.strip_suffix([' ', '\t']) {
        text = rest;
    }
    text
}

/// Whether `text` is a token.
pub(in crate::sip) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// Printable, or part of a character beyond ASCII.
pub(in crate::sip) fn is_visible(byte: u8) -> bool {
    byte > b' ' && byte != DEL
}

/// Writes `text` as a quoted string (RFC 3261 §25.1 `quoted-string`).
pub(in crate::sip) fn write_quoted(f: &mut impl core::fmt::Write, text: &str) -> core::fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        if c == '"' || c == '\\' || (c.is_ascii_control() && c != '\t') {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    f.write_char('"')
}

/// What a quoted string says: without its quotes and escapes.
pub(in crate::sip) fn unquoted(quoted: &str) -> String {
    let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(quoted);
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            text.extend(chars.next());
        } else {
            text.push(c);
        }
    }
    text
}

static TOKEN: ByteSet =
    ByteSet::of(b"-.!%*_+`'~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
const DEL: u8 = 0x7f;
