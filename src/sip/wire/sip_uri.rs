//! `sip:` and `sips:` URIs (RFC 3261 §19.1).

use core::fmt;
use core::net::SocketAddr;

use super::error::SyntaxError;
use super::host::{Host, HostPort};
use super::params::Params;
use super::scan::{ByteSet, Scan, is_visible};

/// `sip:user:password@host:port;params?headers`
///
/// User, password and headers are kept as written, escapes and all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SipUri {
    secure: bool,
    user: Option<Box<str>>,
    password: Option<Box<str>>,
    host_port: HostPort,
    params: Params,
    headers: Option<Box<str>>,
}

impl SipUri {
    /// `sip:host`
    #[must_use]
    pub const fn new(host: Host) -> Self {
        Self {
            secure: false,
            user: None,
            password: None,
            host_port: HostPort { host, port: None },
            params: Params::new(),
            headers: None,
        }
    }

    /// `sip:address:port`
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self::new(address.ip().into()).with_port(Some(address.port()))
    }

    /// With `user`, escaped where it must be; without one if it is empty.
    #[must_use]
    pub fn with_user(mut self, user: &str) -> Self {
        self.user = if user.is_empty() { None } else { Some(escaped(user, is_user_unreserved).into()) };
        self
    }

    /// With another port, or none.
    #[must_use]
    pub const fn with_port(mut self, port: Option<u16>) -> Self {
        self.host_port.port = port;
        self
    }

    /// With the parameter `name`, whose bytes are escaped where they must be.
    #[must_use]
    pub fn with_param(mut self, name: &str, value: Option<&str>) -> Self {
        self.params.set_as_written(name, value.map(|value| escaped(value, is_unreserved)));
        self
    }

    /// Without what follows `?`, which a Request-URI must not have (RFC 3261 §19.1.1).
    #[must_use]
    pub fn without_headers(mut self) -> Self {
        self.headers = None;
        self
    }

    /// Whether this is a `sips:` URI.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// The user as written.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The user without escapes; what is no UTF-8 is replaced by U+FFFD.
    #[must_use]
    pub fn user_unescaped(&self) -> Option<String> {
        self.user().map(unescaped)
    }

    /// The password as written.
    #[must_use]
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// Where it leads.
    #[must_use]
    pub const fn host_port(&self) -> &HostPort {
        &self.host_port
    }

    /// The parameters.
    #[must_use]
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// What follows `?`, as written.
    #[must_use]
    pub fn headers(&self) -> Option<&str> {
        self.headers.as_deref()
    }

    /// Whether this route is a loose router's (RFC 3261 §19.1.1 `lr`).
    #[must_use]
    pub fn is_loose(&self) -> bool {
        self.params.contains("lr")
    }

    /// Reads what follows `sip:` or `sips:`.
    pub(super) fn scan(scan: &mut Scan<'_>, secure: bool) -> Result<Self, SyntaxError> {
        let (user, password) = scan_user(scan)?;
        let host_port = HostPort::scan(scan, |scan| scan.eat(b':'))?;
        let params = Params::scan_uri(scan)?;
        let headers = scan.eat(b'?').then(|| scan.take_while(is_header_byte).into());
        Ok(Self { secure, user, password, host_port, params, headers })
    }
}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secure { "sips:" } else { "sip:" })?;
        if let Some(user) = &self.user {
            f.write_str(user)?;
            if let Some(password) = &self.password {
                write!(f, ":{password}")?;
            }
            f.write_str("@")?;
        }
        write!(f, "{}{}", self.host_port, self.params)?;
        match &self.headers {
            Some(headers) => write!(f, "?{headers}"),
            None => Ok(()),
        }
    }
}

type UserInfo = (Option<Box<str>>, Option<Box<str>>);

/// A user may hold `;`, `?`, `/` and more, so only an `@` tells that there is one.
fn scan_user(scan: &mut Scan<'_>) -> Result<UserInfo, SyntaxError> {
    if !scan.rest().bytes().any(|byte| byte == b'@') {
        return Ok((None, None));
    }
    let user = scan.take_while(|byte| byte != b':' && is_user_byte(byte));
    if user.is_empty() {
        return Err(scan.expected("a user before the @"));
    }
    let password = scan.eat(b':').then(|| scan.take_while(is_user_byte).into());
    scan.need(b'@', "a user with no bytes that must be escaped, then @")?;
    Ok((Some(user.into()), password))
}

/// More than RFC 3261 §25.1 allows: `sip:*98#@host`, and letters beyond ASCII without escapes.
fn is_user_byte(byte: u8) -> bool {
    USER.holds(byte)
}

fn is_header_byte(byte: u8) -> bool {
    is_visible(byte) && !b"\"<>".contains(&byte)
}

/// `unreserved` and `user-unreserved` but for `;` and `?`, which careless readers stumble over.
fn is_user_unreserved(byte: u8) -> bool {
    is_unreserved(byte) || b"&=+$,/".contains(&byte)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte)
}

fn escaped(text: &str, is_plain: fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_plain(byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            escaped.push(char::from(HEX_DIGITS[usize::from(byte >> 4)]));
            escaped.push(char::from(HEX_DIGITS[usize::from(byte & 0x0f)]));
        }
    }
    escaped
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        if let ([high, low, tail @ ..], b'%') = (tail, byte)
            && let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low))
        {
            bytes.push(high << 4 | low);
            rest = tail;
        } else {
            bytes.push(byte);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

static USER: ByteSet = ByteSet::visible_but(b"@\"<>[]");
const HEX_DIGITS: &[u8; 16] = b"0123456789ABCDEF";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::wire::Uri;

    #[test]
    fn what_is_built_is_escaped_and_read_back() {
        let uri = SipUri::at("[2001:db8::1]:5070".parse().unwrap())
            .with_user("door @ <1>")
            .with_param("transport", Some("udp"))
            .with_param("x", Some("a/\";b"))
            .with_param("lr", None);
        assert_eq!(
            uri.to_string(),
            "sip:door%20%40%20%3C1%3E@[2001:db8::1]:5070;transport=udp;x=a%2F%22%3Bb;lr"
        );
        assert_eq!(uri.to_string().parse(), Ok(Uri::Sip(uri.clone())));
        assert_eq!(uri.user_unescaped().as_deref(), Some("door @ <1>"));
        assert!(uri.is_loose());
    }

    #[test]
    fn half_an_escape_is_kept() {
        assert_eq!(unescaped("a%4"), "a%4");
        assert_eq!(unescaped("%zz%41"), "%zzA");
    }
}
