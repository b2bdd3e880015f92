//! Texts of a certain form: what can be judged without knowing what it names.

use super::{Expected, overlay};

/// The form of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A sound card's device tree overlay of the Raspberry Pi's firmware, with parameters: `hifiberry-dacplus,24db_digital_gain`.
    Overlay,
    /// The name of the box in its network (RFC 1123 §2.1).
    Hostname,
    /// A country by two letters (ISO 3166-1).
    Country,
    /// A network interface (`IFNAMSIZ` is 16 with the final zero).
    Interface,
    /// The name of a wireless network, 1 to 32 bytes (IEEE 802.11).
    Ssid,
    /// The password of one: 8 to 63 letters, or the key itself (IEEE 802.11, annex J).
    WifiPassword,
    /// What callers enter by keys.
    Pin,
    /// A time zone of the IANA database; whether there is one is known only where the database is.
    TimeZone,
    /// What can be fetched by HTTP.
    Url,
    /// What callers dial; `?` and `*` as in `allow`.
    Dialled,
    /// A program and its arguments.
    Program,
}

impl Form {
    pub(super) fn read(self, text: &str) -> Result<String, Expected> {
        let is_printable = !text.chars().any(char::is_control) && text.len() <= MAX_BYTES;
        if is_printable && self.fits(text) { Ok(text.to_owned()) } else { Err(Expected::Form(self)) }
    }

    /// What was expected, with an example.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Overlay => {
                "expected the overlay of a sound card, as the Raspberry Pi's firmware calls it, such as hifiberry-dacplus"
            }
            Self::Hostname => "expected a name of letters, digits and -, at most 63, such as paging",
            Self::Country => "expected a country by two letters such as DE",
            Self::Interface => "expected a network interface such as eth0",
            Self::Ssid => "expected the name of a wireless network, at most 32 bytes",
            Self::WifiPassword => {
                "expected a password of 8 to 63 letters (no # in it behind a lone \"), or a key of 64 hexadecimal digits"
            }
            Self::Pin => "expected a PIN of 1 to 16 digits",
            Self::TimeZone => "expected a time zone such as Europe/Berlin or UTC",
            Self::Url => "expected an address such as http://example.com/ping",
            Self::Dialled => "expected what is dialled such as 700 or 7??",
            Self::Program => "expected a program by its whole path such as /usr/bin/logger",
        }
    }

    fn fits(self, text: &str) -> bool {
        let bytes = text.bytes();
        let has = |least: usize, most: usize| (least..=most).contains(&text.len());
        match self {
            Self::Overlay => overlay::is_of_a_sound_card(text),
            Self::Hostname => {
                let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
                has(1, 63) && bytes.clone().all(is_letter) && !text.starts_with('-') && !text.ends_with('-')
            }
            Self::Country => has(2, 2) && bytes.clone().all(|byte| byte.is_ascii_alphabetic()),
            Self::Interface => {
                has(1, 15) && bytes.clone().all(|byte| byte.is_ascii_graphic() && byte != b'/')
            }
            Self::Ssid => has(1, 32),
            Self::WifiPassword => {
                (has(8, 63) && !has_remark(text))
                    || (has(64, 64) && bytes.clone().all(|byte| byte.is_ascii_hexdigit()))
            }
            Self::Pin => has(1, 16) && bytes.clone().all(|byte| byte.is_ascii_digit()),
            Self::TimeZone => is_time_zone(text),
            Self::Url => is_url(text),
            Self::Dialled => {
                let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+*#?_.-".contains(&byte);
                has(1, 64) && bytes.clone().all(is_letter)
            }
            Self::Program => text.starts_with('/') && text.len() > 1,
        }
    }
}

/// Whether `wpa_supplicant` takes the end of this password for a remark: a `#` that stands, by its count, behind a closing
/// quotation mark. The one that opens is not part of it.
#[must_use]
pub fn has_remark(password: &str) -> bool {
    let mut is_closed = false;
    password.bytes().any(|byte| {
        is_closed ^= byte == b'"';
        is_closed && byte == b'#'
    })
}

/// `Europe/Berlin`, `America/Argentina/Buenos_Aires`, `UTC`, `Etc/GMT+3`; not `CET-1CEST`, and not "Berlin time".
fn is_time_zone(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || b"_-+".contains(&byte) || byte.is_ascii_digit();
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.len() <= 14 && part.bytes().all(is_letter)
    };
    let is_short = || ["UTC", "GMT", "CET", "MET", "EET", "WET", "EST", "MST", "HST"].contains(&text);
    text.split('/').all(is_part) && (text.contains('/') || is_short())
}

fn is_url(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let rest = lower.strip_prefix("http://").or_else(|| lower.strip_prefix("https://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    host.is_some_and(|host| !host.is_empty()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Longer than anything of these.
const MAX_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_takes_its_own_and_refuses_others() {
        let cases: [(Form, &[&str], &[&str]); 11] = [
            (
                Form::Overlay,
                &["hifiberry-dacplus", "iqaudio-dac,unmute_amp"],
                &["", "my card", ",x", "disable-emmc2", "sdio"],
            ),
            (Form::Hostname, &["paging", "hall-2"], &["", "-a", "a-", "a.b", "a_b", "B\u{fc}ro"]),
            (Form::Country, &["DE", "us"], &["", "D", "GER", "12"]),
            (Form::Interface, &["eth0", "wlan0", "eth0.100"], &["", "a/b", "a b", "sixteenletters16"]),
            (Form::Ssid, &["My Net", "B\u{fc}ro"], &["", "123456789012345678901234567890123"]),
            (
                Form::WifiPassword,
                &["correct horse", "12345678", "a \"b\" #c\\", "#\"\"#####"],
                &["", "1234567", "x\u{7}xxxxxxx", "correct \" horse #1", "\"1\" \"2#\""],
            ),
            (Form::Pin, &["1234"], &["", "12a4", "12345678901234567"]),
            (
                Form::TimeZone,
                &["UTC", "Europe/Berlin", "Etc/GMT+3", "America/Argentina/Buenos_Aires"],
                &["", "Berlin", "UTC+1", "CET-1CEST", "Europe/", "Europe/New York"],
            ),
            (
                Form::Url,
                &["http://a/b", "HTTPS://a:8080/?x=1"],
                &["", "a.example", "ftp://a", "http://", "http://a b"],
            ),
            (Form::Dialled, &["700", "*7??"], &["", "sip:700@x"]),
            (Form::Program, &["/usr/bin/x -y"], &["", "x", "/"]),
        ];
        for (form, good, bad) in cases {
            for text in good {
                assert_eq!(form.read(text), Ok((*text).to_owned()), "{form:?} {text}");
            }
            for text in bad {
                assert_eq!(form.read(text), Err(Expected::Form(form)), "{form:?} {text}");
            }
        }
    }
}
