//! `scheme name=value, name="value"`: what challenges and credentials are made of (RFC 7235 §2.1).

use core::fmt;

use crate::sip::wire::SyntaxError;
use crate::sip::wire::scan::{Scan, is_visible, unquoted, write_quoted};

/// Named values, without quotes and escapes. None of them holds a control character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a list of named values to the end of the text, or up to the name of the next scheme.
    pub(super) fn scan(scan: &mut Scan<'_>) -> Result<Self, SyntaxError> {
        let mut fields = Self::default();
        while is_at_field(scan) {
            let name = scan.token("the name of a value")?.to_owned();
            scan.eat_spaced(b'=');
            let value = scan_value(scan)?;
            if fields.get(&name).is_some() {
                return Err(scan.expected("each value once"));
            }
            fields.0.push((name, value));
            skip_commas(scan)?;
        }
        Ok(fields)
    }

    /// The value called `name`. Case does not matter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The value called `name`, as a text of its own.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }
}

/// Moves behind the commas before the next element, of which a list may have too many (RFC 7230 §7).
pub(super) fn skip_commas(scan: &mut Scan<'_>) -> Result<(), SyntaxError> {
    scan.skip_space();
    if !scan.is_at_end() && scan.peek() != Some(b',') {
        return Err(scan.expected("a comma or the end"));
    }
    while scan.eat(b',') {
        scan.skip_space();
    }
    Ok(())
}

/// Writes `, name="value"`.
pub(super) fn write_text(f: &mut fmt::Formatter<'_>, name: &str, value: &str) -> fmt::Result {
    write!(f, ", {name}=")?;
    write_quoted(f, value)
}

/// As [`write_text`], if there is a value.
pub(super) fn write_optional(f: &mut fmt::Formatter<'_>, name: &str, value: Option<&str>) -> fmt::Result {
    value.map_or(Ok(()), |value| write_text(f, name, value))
}

/// Whether a name and `=` follow, rather than a scheme.
fn is_at_field(scan: &Scan<'_>) -> bool {
    let mut ahead = scan.clone();
    ahead.token("a name").is_ok() && ahead.eat_spaced(b'=')
}

/// More than a token is taken without quotes, as in `nonce=abc/def==`: whatever cannot end the value.
fn scan_value(scan: &mut Scan<'_>) -> Result<String, SyntaxError> {
    let error = scan.expected("a value without control characters");
    let value = match scan.peek() {
        Some(b'"') => unquoted(scan.quoted()?),
        _ => scan.take_while(|byte| is_visible(byte) && byte != b',' && byte != b'"').to_owned(),
    };
    if value.contains(char::is_control) { Err(error) } else { Ok(value) }
}
