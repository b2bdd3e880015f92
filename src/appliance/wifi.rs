//! `wpa_supplicant.conf`, for one wireless network.
//!
//! The name goes as hexadecimal digits. A password goes between quotes: `wpa_supplicant` takes all letters up to the last
//! quote of the line, so that none has to be escaped, and none can be. It stands alone in its line and holds no control
//! character, and nothing that would be taken for a remark. `ci/interop/wifi` has `wpa_supplicant` read it.

use core::fmt::Write;

use crate::config::{Wifi, has_remark};

/// What makes `wpa_supplicant` join; `None` where there is no network to join.
pub(super) fn wpa_supplicant_conf(wifi: &Wifi) -> Option<String> {
    if wifi.ssid.is_empty() || wifi.ssid.len() > MAX_SSID_BYTES {
        return None;
    }
    let key = key(&wifi.password)?;
    let ssid = wifi.ssid.bytes().fold(String::new(), |mut digits, byte| {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    });
    let is_country = wifi.country.len() == 2 && wifi.country.bytes().all(|byte| byte.is_ascii_alphabetic());
    let country =
        if is_country { format!("country={}\n", wifi.country.to_ascii_uppercase()) } else { String::new() };
    Some(format!("update_config=0\n{country}network={{\n\tssid={ssid}\n\tscan_ssid=1\n{key}}}\n"))
}

/// What is proved to the network; `None`: it cannot be a password.
fn key(password: &str) -> Option<String> {
    if password.is_empty() {
        return Some("\tkey_mgmt=NONE\n".to_owned());
    }
    let is_key = password.len() == KEY_DIGITS && password.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_letters = !password.chars().any(char::is_control) && !has_remark(password);
    let is_password = PASSWORD_BYTES.contains(&password.len()) && is_letters;
    match (is_key, is_password) {
        (true, _) => Some(format!("\tkey_mgmt=WPA-PSK\n\tpsk={password}\n")),
        (_, true) => Some(format!("\tkey_mgmt=WPA-PSK\n\tpsk=\"{password}\"\n")),
        _ => None,
    }
}

/// IEEE 802.11 §9.4.2.2.
const MAX_SSID_BYTES: usize = 32;
/// IEEE 802.11, annex J.4.
const PASSWORD_BYTES: core::ops::RangeInclusive<usize> = 8..=63;
const KEY_DIGITS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn conf(ssid: &str, password: &str, country: &str) -> Option<String> {
        wpa_supplicant_conf(&Wifi {
            ssid: ssid.to_owned(),
            password: password.to_owned(),
            country: country.to_owned(),
        })
    }

    #[test]
    fn a_password_is_quoted_and_a_name_is_not() {
        assert_eq!(
            conf("Büro", "a \"b\" #c\\", "de").unwrap(),
            "update_config=0\ncountry=DE\nnetwork={\n\tssid=42c3bc726f\n\tscan_ssid=1\n\tkey_mgmt=WPA-PSK\n\
             \tpsk=\"a \"b\" #c\\\"\n}\n"
        );
    }

    #[test]
    fn a_key_of_64_digits_is_a_key() {
        let key = "0123456789abcdefABCDEF0123456789abcdefABCDEF0123456789abcdefABCD";
        assert!(conf("x", key, "").unwrap().contains(&format!("\tpsk={key}\n")));
        assert!(conf("x", &key[..63], "").unwrap().contains(&format!("\tpsk=\"{}\"\n", &key[..63])));
    }

    #[test]
    fn a_network_without_a_password_is_joined_without_one() {
        assert!(conf("x", "", "").unwrap().contains("\tkey_mgmt=NONE\n}"));
    }

    #[test]
    fn what_cannot_be_a_network_is_none() {
        assert_eq!(conf("", "correct horse", "DE"), None);
        assert_eq!(conf(&"x".repeat(33), "", ""), None);
        for password in ["short", "with a\nline", "with a \" #remark", &"x".repeat(64)] {
            assert_eq!(conf("x", password, ""), None, "{password:?}");
        }
    }
}
