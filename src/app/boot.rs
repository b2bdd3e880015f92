//! `paging boot`: once, when the card image starts, before anything else of it runs.
//!
//! ```text
//! /etc/paging.conf, /boot/paging.conf ─> Settings ─> appliance::files ─> /run/box/*   (memory)
//!                                           └─> what is wrong ─> console
//! ```
//! It sets nothing itself: the scripts of the image do, by what they find in the folder. Whatever is wrong, it ends well,
//! and the folder holds what is needed for plain DHCP; a script that finds no folder does the same.

use super::boot_arguments::Boot;
use super::{complain, configuration};
use crate::appliance::{self, File, OPEN};
use crate::config::Settings;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::ExitCode;

/// Writes the files, and says what is wrong.
pub(super) fn boot(boot: &Boot) -> ExitCode {
    let read = configuration::read_what_is_there(&boot.configuration);
    for mistake in read.mistakes() {
        complain(&mistake);
    }
    let settings = &read.loaded.settings;
    for error in write_all(&boot.into, settings) {
        complain(&error);
    }
    if let Err(error) = take_zone(Path::new(ZONES), &boot.into, appliance::zone(&settings.time)) {
        complain(&error);
    }
    ExitCode::SUCCESS
}

/// Writes what these settings make into a folder, and removes what others have made. What cannot be written is told, and
/// hinders nothing else.
fn write_all(folder: &Path, settings: &Settings) -> Vec<String> {
    let made = fs::DirBuilder::new().recursive(true).mode(FOLDER).create(folder);
    let files = appliance::files(settings);
    let removed = appliance::NAMES
        .iter()
        .filter(|name| !files.iter().any(|file| file.name == **name))
        .map(|name| (*name, remove(&folder.join(name))));
    let written = files.iter().map(|file| (file.name, write(folder, file)));
    let outcomes = [("", made)].into_iter().chain(removed).chain(written);
    let told = outcomes.filter_map(|(name, outcome)| Some((name, outcome.err()?)));
    told.map(|(name, error)| format!("{}: {error}", folder.join(name).display())).collect()
}

/// Writes a file, so that whoever reads it finds it whole or not at all.
fn write(folder: &Path, file: &File) -> io::Result<()> {
    let new = folder.join(format!(".{}.new", file.name));
    remove(&new)?;
    let mut options = OpenOptions::new();
    let mut opened = options.write(true).create_new(true).mode(file.mode).open(&new)?;
    opened.write_all(file.text.as_bytes())?;
    // Whatever the mask of the process is.
    opened.set_permissions(fs::Permissions::from_mode(file.mode))?;
    fs::rename(&new, folder.join(file.name))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Copies the rules of a time zone to where /etc/localtime leads. Without any the local time is UTC.
fn take_zone(zones: &Path, folder: &Path, zone: &str) -> Result<(), String> {
    let unknown =
        |error: io::Error| format!("[time] timezone: {zone} is not in this image ({error}); UTC counts");
    let local = folder.join("localtime");
    let _ = remove(&local);
    match fs::read(zones.join(zone)) {
        Ok(rules) if rules.starts_with(b"TZif") => fs::write(&local, rules)
            .and_then(|()| fs::set_permissions(&local, fs::Permissions::from_mode(OPEN))),
        Ok(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "no rules of a zone")),
        // It needs no rules.
        Err(_) if zone == "UTC" => Ok(()),
        Err(error) => Err(error),
    }
    .map_err(unknown)
}

/// The compiled rules of all time zones (tzfile(5)).
const ZONES: &str = "/usr/share/zoneinfo";
/// Everybody may look for what is there.
const FOLDER: u32 = 0o755;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use std::path::PathBuf;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("pagingbox-{}-boot-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    fn settings(text: &str) -> Settings {
        load(&[("paging.conf", text.as_bytes())], [], &[]).settings
    }

    fn there(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_are_written_whole_with_their_modes_and_those_of_before_are_gone() {
        let folder = folder("files");
        let wifi = "[network]\nwifi-ssid = x\nwifi-password = correct horse\n[debug]\nconsole = yes\n";
        assert_eq!(write_all(&folder, &settings(wifi)), [""; 0]);
        let secret = fs::metadata(folder.join("wpa_supplicant.conf")).unwrap();
        assert_eq!(secret.permissions().mode() & 0o777, 0o600);
        assert_eq!(
            there(&folder),
            ["chrony.conf", "console", "hostname", "network", "timezone", "wpa_supplicant.conf"]
        );
        assert_eq!(write_all(&folder, &settings("[network]\nhostname = hall\n")), [""; 0]);
        assert_eq!(there(&folder), ["chrony.conf", "hostname", "network", "timezone"]);
        assert_eq!(fs::read_to_string(folder.join("hostname")).unwrap(), "hall\n");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_cannot_be_written_is_told_and_the_rest_is_written() {
        let folder = folder("blocked");
        fs::create_dir_all(folder.join("hostname/x")).unwrap();
        let told = write_all(&folder, &settings(""));
        assert!(told.len() == 1 && told[0].contains("/hostname: "), "{told:?}");
        assert!(folder.join("network").is_file());
        fs::remove_dir_all(&folder).unwrap();
        assert!(!write_all(Path::new("/proc/no such folder"), &settings("")).is_empty());
    }

    #[test]
    fn the_rules_of_a_time_zone_are_copied_and_one_that_is_not_there_is_told() {
        let folder = folder("zone");
        fs::create_dir_all(folder.join("zones/Europe")).unwrap();
        fs::write(folder.join("zones/Europe/Berlin"), b"TZif2 rules").unwrap();
        fs::write(folder.join("zones/Europe/Nowhere"), b"text").unwrap();
        let take = |zone| take_zone(&folder.join("zones"), &folder, zone);
        assert_eq!(take("Europe/Berlin"), Ok(()));
        assert_eq!(fs::read(folder.join("localtime")).unwrap(), b"TZif2 rules");
        for zone in ["Europe/Nowhere", "Europe/Bonn"] {
            let told = take(zone).unwrap_err();
            assert!(told.starts_with(&format!("[time] timezone: {zone} is not in this image")), "{told}");
            assert!(!folder.join("localtime").exists(), "the one of before is gone");
        }
        assert_eq!(take("UTC"), Ok(()));
        fs::remove_dir_all(&folder).unwrap();
    }
}
