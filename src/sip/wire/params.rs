//! Parameters: `;name=value` after a header's value or within a URI (RFC 3261 §7.3.1, §19.1.1).

use core::fmt;

use super::error::SyntaxError;
use super::scan::{ByteSet, Scan, is_token, is_token_byte, unquoted, write_quoted};

/// Parameters in the order they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Params(Vec<Param>);

/// One parameter, as written: a value may be quoted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Param {
    name: String,
    value: Option<String>,
}

impl Params {
    /// No parameters.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Sets `name` to `value`, in its old place if it had one. A value that is no token or host is quoted.
    ///
    /// Bytes of `name` that a token cannot hold are left out; if none is left, nothing is set.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.set_as_written(name, value.map(token_or_quoted));
    }

    /// As [`Params::set`], for a value that needs no quotes.
    pub(super) fn set_as_written(&mut self, name: &str, value: Option<String>) {
        let name = token_of(name);
        if name.is_empty() {
            return;
        }
        match self.0.iter_mut().find(|param| param.is(&name)) {
            Some(param) => param.value = value,
            None => self.0.push(Param { name, value }),
        }
    }

    /// Removes `name`.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|param| !param.is(name));
    }

    /// Whether `name` is there, with or without a value. Case does not matter.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The value of `name` as written, quotes and all; `None` also if it has no value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name)?.value()
    }

    /// The parameter called `name`. Case does not matter.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Param> {
        self.0.iter().find(|param| param.is(name))
    }

    /// All of them, in order.
    pub fn iter(&self) -> core::slice::Iter<'_, Param> {
        self.0.iter()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the parameters of a header's value: white space may stand around `;` and `=`.
    pub(super) fn scan(scan: &mut Scan<'_>) -> Result<Self, SyntaxError> {
        let mut params = Vec::new();
        while scan.eat_spaced(b';') {
            params.push(Param::scan(scan)?);
        }
        Ok(Self(params))
    }

    /// Reads those parameters that can be read.
    pub(super) fn salvage(scan: &mut Scan<'_>) -> Self {
        let mut params = Vec::new();
        while scan.eat_spaced(b';') {
            match Param::scan(scan) {
                Ok(param) => params.push(param),
                Err(_) => _ = scan.take_while(|byte| VALUE.holds(byte)),
            }
        }
        Self(params)
    }

    /// Reads the parameters of a URI: no white space, no quotes, but escapes.
    pub(super) fn scan_uri(scan: &mut Scan<'_>) -> Result<Self, SyntaxError> {
        let mut params = Vec::new();
        while scan.eat(b';') {
            let name = scan.take_while(|byte| byte != b'=' && is_uri_param_byte(byte));
            if name.is_empty() {
                return Err(scan.expected("the name of a URI parameter"));
            }
            let value = scan.eat(b'=').then(|| scan.take_while(is_uri_param_byte).to_owned());
            params.push(Param { name: name.to_owned(), value });
        }
        Ok(Self(params))
    }
}

impl<'a> IntoIterator for &'a Params {
    type Item = &'a Param;
    type IntoIter = core::slice::Iter<'a, Param>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Param { name, value } in &self.0 {
            f.write_str(";")?;
            f.write_str(name)?;
            if let Some(value) = value {
                f.write_str("=")?;
                f.write_str(value)?;
            }
        }
        Ok(())
    }
}

impl Param {
    /// The name as written.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value as written, quotes and all.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// The value without quotes and escapes.
    #[must_use]
    pub fn unquoted(&self) -> Option<String> {
        self.value().map(unquoted)
    }

    /// Reads a parameter of a header's value.
    fn scan(scan: &mut Scan<'_>) -> Result<Self, SyntaxError> {
        let name = scan.token("the name of a parameter")?.to_owned();
        let value = if scan.eat_spaced(b'=') { Some(header_value(scan)?.to_owned()) } else { None };
        Ok(Self { name, value })
    }

    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// `gen-value` (RFC 3261 §25.1). More is accepted than a token or a host, as in `branch=z9hG4bK=x==` or
/// `received=::1`: whatever cannot end the value. It may be empty.
fn header_value<'a>(scan: &mut Scan<'a>) -> Result<&'a str, SyntaxError> {
    if scan.peek() == Some(b'"') {
        return scan.quoted();
    }
    Ok(scan.take_while(|byte| VALUE.holds(byte)))
}

fn is_uri_param_byte(byte: u8) -> bool {
    URI_PARAM.holds(byte)
}

fn token_or_quoted(value: &str) -> String {
    let is_host =
        !value.is_empty() && value.bytes().all(|byte| is_token_byte(byte) || b"[]:".contains(&byte));
    if is_token(value) || is_host {
        return value.to_owned();
    }
    let mut quoted = String::with_capacity(value.len() + 2);
    // Writing to a string does not fail.
    let _ = write_quoted(&mut quoted, value);
    quoted
}

fn token_of(name: &str) -> String {
    name.chars().filter(|&c| c.is_ascii() && is_token_byte(c as u8)).collect()
}

static VALUE: ByteSet = ByteSet::visible_but(b";,\"<>");
static URI_PARAM: ByteSet = ByteSet::visible_but(b";?\"<>");

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Params, SyntaxError> {
        Scan::all(text, Params::scan)
    }

    #[test]
    fn white_space_around_separators_is_no_part_of_them() {
        let params = read(" ; newparam =\t newvalue ;secondparam ; q = 0.33").unwrap();
        assert_eq!(params.to_string(), ";newparam=newvalue;secondparam;q=0.33");
        assert_eq!(params.get("NewParam"), Some("newvalue"));
        assert!(params.contains("secondparam"));
        assert_eq!(params.get("secondparam"), None);
    }

    #[test]
    fn a_quoted_value_may_hold_separators() {
        let params = read(";a=\"x;y=\\\"z\\\"\";b").unwrap();
        assert_eq!(params.find("a").and_then(Param::unquoted).as_deref(), Some("x;y=\"z\""));
        assert!(params.contains("b"));
    }

    #[test]
    fn separators_without_a_parameter_are_refused() {
        for text in [";", ";;a", ";a;", ";=x"] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_set_is_read_back() {
        let mut params = Params::new();
        params.set("received", Some("2001:db8::1"));
        params.set("note", Some("a \"b\"; c"));
        params.set("rport", None);
        params.set(";=", Some("x"));
        params.set("RPort", Some("5060"));
        assert_eq!(params.to_string(), ";received=2001:db8::1;note=\"a \\\"b\\\"; c\";rport=5060");
        assert_eq!(read(&params.to_string()), Ok(params));
    }
}
