//! What the card image makes of its settings: the files of the tools that give it an address, a name and a time.
//!
//! ```text
//!                 ┌ hostname             hostname -F
//!                 ├ network              /usr/lib/paging/network, a shell: addresses and numbers only
//! Settings ──────>├ resolv.conf          whoever looks up names, where DHCP does not say who knows them
//!                 ├ wpa_supplicant.conf  wpa_supplicant (secret)
//!                 ├ chrony.conf          chronyd
//!                 └ console              whether the console has a shell
//! ```
//! Decides names, modes and contents. What a person or a telephone system has written never makes a line of its own: names
//! are checked letter by letter here once more, the name of a wireless network goes as hexadecimal digits, its password in
//! the one form in which no letter of it ends anything. Leaves out writing them (`app::boot`, which copies the rules of the time [`zone`], too), and setting anything: that is
//! done by the scripts of the image. [`hat_txt`] is for the firmware, and lies on the card. What goes wrong meanwhile is a
//! [`Finding`], in a file beside these.
//!
//! The log needs no file: the program speaks to a syslog collector itself.

mod chrony;
mod finding;
mod hat;
mod names;
mod network;
mod wifi;

use core::fmt;

use crate::config::Settings;

pub use finding::{Finding, findings};
pub use hat::{HAT_BYTES, hat_txt};
pub use names::zone;

/// A file below the folder of the box.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// Its name, one of [`NAMES`].
    pub name: &'static str,
    /// Who may read it: [`OPEN`] or [`SECRET`].
    pub mode: u32,
    /// What it holds.
    pub text: String,
}

impl File {
    const fn open(name: &'static str, text: String) -> Self {
        Self { name, mode: OPEN, text }
    }

    const fn secret(name: &'static str, text: String) -> Self {
        Self { name, mode: SECRET, text }
    }
}

impl fmt::Debug for File {
    /// Without what it holds: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:o})", self.name, self.mode)
    }
}

/// The files that these settings make. What of [`NAMES`] is not among them must not be there.
#[must_use]
pub fn files(settings: &Settings) -> Vec<File> {
    let network = &settings.network;
    let files = [
        Some(File::open(HOSTNAME, names::hostname(network))),
        Some(File::open(NETWORK, network::plan(network))),
        names::resolv_conf(network).map(|text| File::open(RESOLV_CONF, text)),
        wifi::wpa_supplicant_conf(&network.wifi).map(|text| File::secret(WPA_SUPPLICANT_CONF, text)),
        Some(File::open(CHRONY_CONF, chrony::conf(&settings.time.sources))),
        settings.debug.console.then(|| File::open(CONSOLE, String::new())),
    ];
    files.into_iter().flatten().collect()
}

/// Every name that a file may have.
pub const NAMES: [&str; 6] = [HOSTNAME, NETWORK, RESOLV_CONF, WPA_SUPPLICANT_CONF, CHRONY_CONF, CONSOLE];

/// The file of what was found wrong. Whoever finds something adds a line; it is none of [`NAMES`].
pub const FINDINGS: &str = "mistakes";

const HOSTNAME: &str = "hostname";
const NETWORK: &str = "network";
const RESOLV_CONF: &str = "resolv.conf";
const WPA_SUPPLICANT_CONF: &str = "wpa_supplicant.conf";
const CHRONY_CONF: &str = "chrony.conf";
const CONSOLE: &str = "console";

/// For everybody.
pub const OPEN: u32 = 0o644;
/// For root.
pub const SECRET: u32 = 0o600;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Host, TimeSource, load};
    use proptest::prelude::*;

    fn made(text: &str) -> Vec<File> {
        files(&load(&[("paging.conf", text.as_bytes())], [], &[]).settings)
    }

    fn names(text: &str) -> Vec<&'static str> {
        made(text).iter().map(|file| file.name).collect()
    }

    #[test]
    fn a_box_without_settings_gets_its_address_by_dhcp_and_its_time_from_whom_it_can() {
        assert_eq!(names(""), [HOSTNAME, NETWORK, CHRONY_CONF]);
        assert_eq!(made("")[0].text, "paging\n");
    }

    #[test]
    fn every_setting_has_its_file_and_secrets_are_for_root() {
        let all = "[network]\nhostname = Hall-2\naddress = 192.168.1.20/24\ndns = 9.9.9.9\nwifi-ssid = x\n\
                   wifi-password = correct horse\n[debug]\nconsole = yes\n";
        assert_eq!(names(all), NAMES);
        for file in made(all) {
            let is_secret = file.text.contains("correct horse");
            assert_eq!(file.mode, if is_secret { SECRET } else { OPEN }, "{file:?}");
            assert!(!format!("{file:?}").contains("horse"));
        }
    }

    /// The first word of every line.
    fn shape(settings: &Settings) -> Vec<(&'static str, Vec<String>)> {
        let first =
            |line: &str| line.split([' ', '=', '\t']).find(|word| !word.is_empty()).unwrap_or("").to_owned();
        files(settings).iter().map(|file| (file.name, file.text.lines().map(first).collect())).collect()
    }

    fn settings(hostname: &str, ssid: &str, password: &str, zone: &str) -> Settings {
        let mut settings = Settings::default();
        settings.network.hostname = hostname.to_owned();
        settings.network.wifi.ssid = ssid.to_owned();
        settings.network.wifi.password = password.to_owned();
        settings.network.wifi.country = zone.to_owned();
        settings.time.zone = zone.to_owned();
        settings
    }

    proptest! {
        /// Even if no letter of it had been checked before.
        #[test]
        fn no_name_and_no_password_makes_a_line(
            hostname in hostile(), ssid in hostile(), password in hostile(), zone in hostile(), server in hostile(),
        ) {
            let mut hostile = settings(&hostname, &ssid, &password, &zone);
            hostile.time.sources = vec![TimeSource::Server(Host { name: server.clone(), port: None })];
            let with_country = zone.len() == 2 && zone.bytes().all(|byte| byte.is_ascii_alphabetic());
            let mut tame = settings("hall", "x", "correct horse", if with_country { "DE" } else { "" });
            tame.time.sources = vec![TimeSource::Server(Host { name: "192.0.2.1".to_owned(), port: None })];
            let (hostile, tame) = (shape(&hostile), shape(&tame));
            for (name, lines) in &hostile {
                let (_, right) = tame.iter().find(|(known, _)| known == name).unwrap();
                let left_out = |word: &String| ["psk", "key_mgmt", "server"].contains(&word.as_str());
                if ["network", "hostname"].contains(name) {
                    prop_assert_eq!(lines.len(), right.len());
                } else {
                    let kept = |lines: &[String]| lines.iter().filter(|word| !left_out(word)).cloned().collect::<Vec<_>>();
                    prop_assert_eq!(kept(lines), kept(right));
                    prop_assert!(lines.len() <= right.len() + 1);
                }
            }
        }

        #[test]
        fn what_a_shell_reads_holds_no_letter_that_it_minds(text in hostile()) {
            for key in ["hostname", "address", "gateway", "dns", "vlan", "wifi-ssid", "wifi-password", "wifi-country"] {
                let text = format!("[network]\naddress = 10.0.0.2/8\nwifi-ssid = x\n{key} = {text}\n");
                for file in made(&text).iter().filter(|file| [NETWORK, HOSTNAME].contains(&file.name)) {
                    let lines = file.text.lines().filter(|line| !line.starts_with('#'));
                    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"=./:-\n".contains(&byte);
                    prop_assert!(lines.flat_map(str::bytes).all(is_plain), "{}", file.text);
                }
            }
        }
    }

    /// Texts with what begins and ends things.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[ -~]{0,12}",
            Just("\n".to_owned()),
            Just("\r".to_owned()),
            Just("\"".to_owned()),
            Just("}\nnetwork={".to_owned()),
            Just("$(reboot)".to_owned()),
            Just("`reboot`".to_owned()),
            Just("\npool evil".to_owned()),
            Just("../../etc".to_owned()),
            Just("\u{0}\u{85}\u{2028}".to_owned()),
            any::<String>(),
        ];
        proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
    }
}
