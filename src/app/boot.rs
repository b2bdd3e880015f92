//! `paging boot`: once, when the card image starts, before anything else of it runs.
//!
//! ```text
//! state: last good, floor ──────────────┬───────────────────────────────> last-good.conf, floor ┐
//! /etc/paging.conf, /boot/paging.conf ─> Settings ─> appliance::files ─> hostname, network, …   ├ /run/box (memory)
//!                                          │    └─> [audio] overlay ────> reboot ───────────────┘
//!                                          │              └─> hat.txt of the slot, if it is another one
//!                                          └─> what is wrong ─> console, and a file for the service, which tells it on
//! ```
//! It sets nothing itself: the scripts of the image do, by what they find in the folder. Whatever is wrong, it ends well,
//! and the folder holds what is needed for plain DHCP; a script that finds no folder does the same.

mod hat;
mod state;

use super::arguments::Configuration;
use super::boot_arguments::Boot;
use super::{complain, configuration};
use crate::appliance::{self, FINDINGS, File, Finding, OPEN};
use crate::config::Settings;
use crate::slots::Slots;
use crate::status::Mistake;
use hat::Outcome;
use state::State;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Writes the files, and says what is wrong.
pub(super) fn boot(boot: &Boot) -> ExitCode {
    let Prepared { mistakes, mut found, is_changed } = prepare(boot, Path::new(ZONES));
    for mistake in mistakes {
        complain(&mistake);
    }
    if is_changed {
        complain(&"[audio] overlay begins to count: starting again");
        found.extend(
            write_bytes(&boot.into, REBOOT, OPEN, b"").err().map(|error| of_file(&boot.into, REBOOT, &error)),
        );
    }
    for finding in &found {
        complain(finding);
    }
    if let Err(error) = note(&boot.into, &found) {
        complain(&of_file(&boot.into, FINDINGS, &error));
    }
    ExitCode::SUCCESS
}

/// What has come of it.
#[derive(Debug, Default)]
struct Prepared {
    /// What is wrong with the configuration; the service finds that for itself.
    mistakes: Vec<Mistake>,
    /// What else is wrong.
    found: Vec<Finding>,
    /// The firmware has to be told by beginning anew.
    is_changed: bool,
}

/// Does all of it.
fn prepare(boot: &Boot, zones: &Path) -> Prepared {
    let mut found = Vec::new();
    let made = fs::DirBuilder::new().recursive(true).mode(FOLDER).create(&boot.into);
    found.extend(made.err().map(|error| of_file(&boot.into, "", &error)));
    let mut state = boot.state.as_deref().and_then(|path| {
        let nothing = |error| format!("nothing is remembered: {}: {error}", path.display());
        State::open(path).map_err(|error| found.push(Finding::of_machine(&nothing(error)))).ok()
    });
    let (last_good, outcome) = remember(&boot.into, state.as_ref());
    found.extend(outcome.err().map(|error| of_file(&boot.into, LAST_GOOD, &error)));
    let last_good = Some(boot.configuration.last_good.clone().unwrap_or(last_good));
    let configuration = Configuration { last_good, ..boot.configuration.clone() };
    let read = configuration::read_what_is_there(&configuration);
    let settings = &read.loaded.settings;
    found.extend(write_all(&boot.into, settings));
    found.extend(take_zone(zones, &boot.into, appliance::zone(&settings.time)).err());
    // A file that cannot be read is no wish for a box without a card.
    let is_wish = read.says_anything(&configuration);
    let outcome = is_wish.then(|| settle(&settings.audio.overlay, boot, state.as_mut())).transpose();
    let is_changed = outcome.as_ref().is_ok_and(|outcome| *outcome == Some(Outcome::Reboot));
    found.extend(outcome.err());
    Prepared { mistakes: read.mistakes(), found, is_changed }
}

/// Has the firmware know of an overlay.
fn settle(overlay: &str, boot: &Boot, state: Option<&mut State>) -> Result<Outcome, Finding> {
    hat::settle(overlay, boot.slot.as_deref(), state).map_err(|error| {
        if overlay.is_empty() {
            Finding::of_machine(&format!("no overlay of a sound card is wanted: {error}"))
        } else {
            Finding::of_value("[audio] overlay", overlay, &error.to_string())
        }
    })
}

/// Writes down what was found, for the service: behind what the scripts have found before.
fn note(folder: &Path, found: &[Finding]) -> io::Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = found.iter().map(ToString::to_string).collect();
    let mut file = OpenOptions::new().append(true).create(true).mode(OPEN).open(folder.join(FINDINGS))?;
    file.write_all((lines.join("\n") + "\n").as_bytes())?;
    // Whatever the mask of the process is.
    file.set_permissions(fs::Permissions::from_mode(OPEN))
}

fn of_file(folder: &Path, name: &str, error: &io::Error) -> Finding {
    Finding::of_machine(&format!("{}: {error}", folder.join(name).display()))
}

/// Writes down what the box remembers: what it came up with when it was well, for `paging` too, and a time that has passed.
fn remember(folder: &Path, state: Option<&State>) -> (PathBuf, io::Result<()>) {
    let slots = state.map(State::slots);
    let last_good = folder.join(LAST_GOOD);
    let kept = match slots.and_then(Slots::configuration) {
        Some(text) => write_bytes(folder, LAST_GOOD, OF_THE_SERVICE, text),
        None => remove(&last_good),
    };
    let floor = slots.and_then(Slots::floor).map(|floor| format!("{}\n", floor.as_secs()));
    let floor = floor.map_or(Ok(()), |floor| write_bytes(folder, FLOOR, OPEN, floor.as_bytes()));
    (last_good, kept.and(floor))
}

/// Writes what these settings make into a folder, and removes what others have made. What cannot be written is told, and
/// hinders nothing else.
fn write_all(folder: &Path, settings: &Settings) -> Vec<Finding> {
    let files = appliance::files(settings);
    let removed = appliance::NAMES
        .iter()
        .filter(|name| !files.iter().any(|file| file.name == **name))
        .map(|name| (*name, remove(&folder.join(name))));
    let written = files.iter().map(|file| (file.name, write(folder, file)));
    let failed = removed.chain(written).filter_map(|(name, outcome)| Some((name, outcome.err()?)));
    failed.map(|(name, error)| of_file(folder, name, &error)).collect()
}

fn write(folder: &Path, file: &File) -> io::Result<()> {
    write_bytes(folder, file.name, file.mode, file.text.as_bytes())
}

/// Writes a file, so that whoever reads it finds it whole or not at all. One for the service belongs to its group.
fn write_bytes(folder: &Path, name: &str, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let new = folder.join(format!(".{name}.new"));
    remove(&new)?;
    let mut opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
    opened.write_all(bytes)?;
    if mode == OF_THE_SERVICE {
        // Where there is no such group, or no right to, the service runs as somebody who may read it anyway.
        let _ = fchown(&opened, None, group(SERVICE));
    }
    // Whatever the mask of the process is.
    opened.set_permissions(fs::Permissions::from_mode(mode))?;
    fs::rename(&new, folder.join(name))
}

/// The number of a group.
fn group(name: &str) -> Option<u32> {
    let groups = fs::read_to_string("/etc/group").ok()?;
    let line = groups.lines().find(|line| line.split(':').next() == Some(name))?;
    line.split(':').nth(2)?.parse().ok()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Copies the rules of a time zone to where /etc/localtime leads. Without any the local time is UTC.
fn take_zone(zones: &Path, folder: &Path, zone: &str) -> Result<(), Finding> {
    let unknown = |error: io::Error| {
        let text = format!("it is not in this image ({error}); UTC counts");
        Finding::of_value("[time] timezone", zone, &text)
    };
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
const LAST_GOOD: &str = "last-good.conf";
/// Seconds since 1970.
const FLOOR: &str = "floor";
/// Where there is one, the machine is to begin anew.
const REBOOT: &str = "reboot";
/// The user that the service runs as has a group of the same name.
const SERVICE: &str = "paging";
const OF_THE_SERVICE: u32 = 0o640;
/// Everybody may look for what is there.
const FOLDER: u32 = 0o755;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use core::time::Duration;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("pagingbox-{}-boot-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn settings(text: &str) -> Settings {
        load(&[("paging.conf", text.as_bytes())], [], &[]).settings
    }

    fn of(folder: &Path) -> Boot {
        let configuration =
            Configuration { files: vec![folder.join("paging.conf")], ..Configuration::default() };
        Boot { configuration, into: folder.join("box"), state: None, slot: None }
    }

    #[test]
    fn what_the_box_remembers_stands_in_for_a_file_that_is_empty() {
        let folder = folder("remembered");
        let (state, mut area) =
            (folder.join("state"), vec![0; usize::try_from(crate::slots::AREA_BYTES).unwrap()]);
        let empty = Slots::of(&area);
        let good = empty.with_configuration(b"[network]\nhostname = hall\n").unwrap();
        for write in [good, empty.with_floor(Duration::from_hours(500_000)).unwrap()] {
            let offset = usize::try_from(write.offset).unwrap();
            area[offset..offset + write.bytes.len()].copy_from_slice(&write.bytes);
        }
        fs::write(&state, area).unwrap();
        fs::write(folder.join("paging.conf"), "").unwrap();
        let boot = Boot { state: Some(state), ..of(&folder) };
        let prepared = prepare(&boot, &folder);
        let [told] = prepared.mistakes.as_slice() else { panic!("{prepared:?}") };
        assert!(told.text.ends_with("the last good configuration, of before, is in force"), "{told}");
        assert_eq!(prepared.found, [], "the service finds that for itself");
        let read = |name| fs::read_to_string(boot.into.join(name)).unwrap();
        assert_eq!((read("hostname"), read("floor")), ("hall\n".to_owned(), "1800000000\n".to_owned()));
        let kept = fs::metadata(boot.into.join("last-good.conf")).unwrap();
        assert_eq!(kept.permissions().mode() & 0o777, 0o640);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_box_without_anything_gets_plain_dhcp() {
        let folder = folder("nothing");
        let boot =
            Boot { state: Some("/no such partition".into()), slot: Some("/nor this".into()), ..of(&folder) };
        let prepared = prepare(&boot, &folder);
        assert_eq!((prepared.mistakes.len(), prepared.found.len()), (1, 1), "{prepared:?}");
        assert_eq!(there(&boot.into), ["chrony.conf", "hostname", "network"]);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_found_wrong_is_written_down_behind_what_the_scripts_found() {
        let folder = folder("found");
        fs::create_dir_all(folder.join("box")).unwrap();
        fs::write(folder.join("box").join(FINDINGS), "/boot could not be mounted\n").unwrap();
        let text = "[time]\ntimezone = Europe/Bonn\n[audio]\noverlay = hifiberry-dacplus\n";
        fs::write(folder.join("paging.conf"), text).unwrap();
        assert_eq!(
            boot(&Boot { state: Some("/no such partition".into()), ..of(&folder) }),
            ExitCode::SUCCESS
        );
        let path = folder.join("box").join(FINDINGS);
        let written = fs::read_to_string(&path).unwrap();
        let expected = [
            "/boot could not be mounted",
            "nothing is remembered: /no such partition: ",
            "[time] timezone = Europe/Bonn: it is not in this image",
            "[audio] overlay = hifiberry-dacplus: needs a Raspberry Pi",
        ];
        let lines: Vec<_> = written.lines().collect();
        assert_eq!(lines.len(), expected.len(), "{written}");
        assert!(lines.iter().zip(expected).all(|(line, begins)| line.starts_with(begins)), "{written}");
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, OPEN);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_sound_card_is_left_alone_when_the_configuration_says_nothing() {
        let folder = folder("card");
        let boot = Boot { slot: Some("/no such slot".into()), ..of(&folder) };
        let asks = |text: Option<&str>| {
            let path = folder.join("paging.conf");
            let _ = remove(&path);
            text.map_or(Ok(()), |text| fs::write(path, text)).unwrap();
            !prepare(&boot, &folder).found.is_empty()
        };
        assert_eq!([None, Some(""), Some("\r\n"), Some("; none\n")].map(asks), [false, false, false, true]);
        fs::remove_dir_all(&folder).unwrap();
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
        assert_eq!(write_all(&folder, &settings(wifi)), []);
        let secret = fs::metadata(folder.join("wpa_supplicant.conf")).unwrap();
        assert_eq!(secret.permissions().mode() & 0o777, 0o600);
        assert_eq!(there(&folder), ["chrony.conf", "console", "hostname", "network", "wpa_supplicant.conf"]);
        assert_eq!(write_all(&folder, &settings("[network]\nhostname = hall\n")), []);
        assert_eq!(there(&folder), ["chrony.conf", "hostname", "network"]);
        assert_eq!(fs::read_to_string(folder.join("hostname")).unwrap(), "hall\n");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_cannot_be_written_is_told_and_the_rest_is_written() {
        let folder = folder("blocked");
        fs::create_dir_all(folder.join("hostname/x")).unwrap();
        let found = write_all(&folder, &settings(""));
        assert!(found.len() == 1 && found[0].text().contains("/hostname: "), "{found:?}");
        assert!(folder.join("network").is_file());
        fs::remove_dir_all(&folder).unwrap();
        let nowhere = Boot { into: "/proc/no such folder".into(), ..of(&folder) };
        assert!(!prepare(&nowhere, &folder).found.is_empty(), "and it ends all the same");
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
            let told = take(zone).unwrap_err().to_string();
            assert!(
                told.starts_with(&format!("[time] timezone = {zone}: it is not in this image")),
                "{told}"
            );
            assert!(!folder.join("localtime").exists(), "the one of before is gone");
        }
        assert_eq!(take("UTC"), Ok(()));
        fs::remove_dir_all(&folder).unwrap();
    }
}
