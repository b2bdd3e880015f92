//! `"display name" <uri>;params`: From, To, Contact, Route, Record-Route (RFC 3261 §20.10).

use core::fmt;
use core::str::FromStr;

use super::error::SyntaxError;
use super::params::Params;
use super::scan::{Scan, is_token_byte, is_visible, unquoted, write_quoted};
use super::uri::Uri;

/// An address with a name and the header's parameters. It is always written with brackets around the URI.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NameAddr {
    /// The display name, without quotes and escapes.
    pub display: Option<String>,
    /// Where it points to.
    pub uri: Uri,
    /// The parameters of the header, not those of the URI.
    pub params: Params,
}

impl NameAddr {
    /// `<uri>`
    #[must_use]
    pub const fn new(uri: Uri) -> Self {
        Self { display: None, uri, params: Params::new() }
    }

    /// With a display name; without one if it is empty.
    #[must_use]
    pub fn with_display(mut self, display: &str) -> Self {
        self.display = if display.is_empty() { None } else { Some(display.to_owned()) };
        self
    }

    /// With `tag` as its tag.
    #[must_use]
    pub fn with_tag(mut self, tag: &str) -> Self {
        self.params.set("tag", Some(tag));
        self
    }

    /// The tag (RFC 3261 §19.3), as written.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.params.get("tag")
    }

    /// Reads a list of one or more, separated by commas.
    pub(in crate::sip) fn list(text: &str) -> Result<Vec<Self>, SyntaxError> {
        let mut list = Vec::new();
        Scan::new(text).list(&mut list, Self::scan)?;
        Ok(list)
    }

    /// Reads one address; after it a comma may follow.
    pub(super) fn scan(scan: &mut Scan<'_>) -> Result<Self, SyntaxError> {
        if scan.peek() == Some(b'"') {
            let display = Some(unquoted(scan.quoted()?));
            scan.skip_space();
            return Self::scan_bracketed(scan, display);
        }
        let mut named = scan.clone();
        let name = named.take_while(is_name_byte).trim_end_matches([' ', '\t']);
        if named.peek() == Some(b'<') {
            *scan = named;
            return Self::scan_bracketed(scan, (!name.is_empty()).then(|| name.to_owned()));
        }
        let uri = scan_bare(scan)?;
        Ok(Self { display: None, uri, params: Params::scan(scan)? })
    }

    /// Reads an address that stands alone, as in From and To. There an unquoted display name may hold what it should
    /// not, as in `From: Bell, Alexander <sip:a.g.bell@example.com>` (RFC 4475 §3.1.2.15 allows to infer the quotes).
    pub(super) fn scan_single(scan: &mut Scan<'_>) -> Result<Self, SyntaxError> {
        let mut named = scan.clone();
        let name = named.take_while(|byte| byte != b'<' && byte != b'"').trim_end_matches([' ', '\t']);
        if named.peek() == Some(b'<') && !name.is_empty() {
            *scan = named;
            return Self::scan_bracketed(scan, Some(name.to_owned()));
        }
        Self::scan(scan)
    }

    fn scan_bracketed(scan: &mut Scan<'_>, display: Option<String>) -> Result<Self, SyntaxError> {
        scan.need(b'<', "a URI in angle brackets")?;
        // Spaces within the brackets are ignored (RFC 4475 §3.1.2.14 allows it).
        scan.skip_space();
        let uri = scan_uri(&mut scan.enclosed(b'>', "an angle bracket after the URI")?)?;
        Ok(Self { display, uri, params: Params::scan(scan)? })
    }
}

impl FromStr for NameAddr {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Scan::all(text, Self::scan_single)
    }
}

impl From<Uri> for NameAddr {
    fn from(uri: Uri) -> Self {
        Self::new(uri)
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            write_quoted(f, display)?;
            f.write_str(" ")?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}

/// An `addr-spec` without brackets: `;`, `,` and `?` end it, for what follows belongs to the header (RFC 3261 §20).
fn scan_bare(scan: &mut Scan<'_>) -> Result<Uri, SyntaxError> {
    Uri::scan(&mut scan.while_bytes(|byte| is_visible(byte) && !b";,?<>\"".contains(&byte)))
}

fn scan_uri(scan: &mut Scan<'_>) -> Result<Uri, SyntaxError> {
    let uri = Uri::scan(&mut scan.while_bytes(is_visible))?;
    scan.skip_space();
    scan.end()?;
    Ok(uri)
}

fn is_name_byte(byte: u8) -> bool {
    is_token_byte(byte) || byte == b' ' || byte == b'\t' || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_commas_in_a_quoted_name_are_part_of_it() {
        let addr: NameAddr = r#""A <b>, \"c\"" <sip:a@b>;tag=1"#.parse().unwrap();
        assert_eq!(addr.display.as_deref(), Some(r#"A <b>, "c""#));
        assert_eq!(addr.tag(), Some("1"));
        assert_eq!(addr.to_string(), r#""A <b>, \"c\"" <sip:a@b>;tag=1"#);
    }

    #[test]
    fn without_brackets_params_belong_to_the_header() {
        let addr: NameAddr = "sip:+12125551212@server.phone2net.com;tag=887s".parse().unwrap();
        assert_eq!(addr.tag(), Some("887s"));
        assert_eq!(addr.uri.to_string(), "sip:+12125551212@server.phone2net.com");
        assert_eq!(addr.to_string(), "<sip:+12125551212@server.phone2net.com>;tag=887s");
    }

    #[test]
    fn within_brackets_params_belong_to_the_uri() {
        let addr: NameAddr = "<sip:a@b;tag=no?x=y> ; tag = yes".parse().unwrap();
        assert_eq!(addr.tag(), Some("yes"));
        assert_eq!(addr.to_string(), "<sip:a@b;tag=no?x=y>;tag=yes");
    }

    #[test]
    fn an_unquoted_name_of_several_words_is_read() {
        let addr: NameAddr = "Anonymous  Caller <sip:c8oqz84zk7z@privacy.org>;tag=hyh8".parse().unwrap();
        assert_eq!(addr.display.as_deref(), Some("Anonymous  Caller"));
        let addr: NameAddr = "Müller, Hans (Büro) <sip:17@pbx>".parse().unwrap();
        assert_eq!(addr.display.as_deref(), Some("Müller, Hans (Büro)"));
    }

    #[test]
    fn a_list_is_split_outside_of_quotes_and_brackets() {
        let mut list = Vec::new();
        let text = r#""Mr. Watson, T" <sip:w@b.com;a=1,2>;q=0.7 , sip:c@d.com;expires=3, Bob <sips:e@f>"#;
        Scan::new(text).list(&mut list, NameAddr::scan).unwrap();
        let printed: Vec<_> = list.iter().map(NameAddr::to_string).collect();
        let expected = [
            r#""Mr. Watson, T" <sip:w@b.com;a=1,2>;q=0.7"#,
            "<sip:c@d.com>;expires=3",
            r#""Bob" <sips:e@f>"#,
        ];
        assert_eq!(printed, expected);
    }

    #[test]
    fn a_name_that_needs_escapes_is_built_and_read_back() {
        let uri: Uri = "sip:a@b".parse().unwrap();
        let addr = NameAddr::new(uri).with_display("\" <sip:evil@x>, \\ \u{7f}\u{e9}").with_tag("t;x=1");
        assert_eq!(addr.to_string().parse(), Ok(addr));
    }

    #[test]
    fn what_two_readers_read_in_two_ways_is_refused() {
        for text in [
            "",
            "<sip:a@b",
            "\"Mr. J. User <sip:a@b>",
            "sip:user@example.com?Route=%3Csip:sip.example.com%3E",
            "<sip:a@b> x",
            "<sip:a@b>;",
            "<sip:a@b c>",
            "\"a\" sip:a@b",
            "<>",
        ] {
            assert!(text.parse::<NameAddr>().is_err(), "{text:?}");
        }
    }
}
