//! What sections say of one another: zones and announcements that are named but nowhere defined, keys that mean
//! nothing without another one.

use std::collections::{BTreeMap, BTreeSet};

use super::hint::nearest;
use super::layer::{Given, Slot};
use super::read::{Reader, shortened};
use super::section::normal;
use super::table::{self, Key};
use super::terms::KeyAction;
use super::value::yes_no;
use super::zone_names::ZoneNames;
use super::{Diagnostic, Kind, Place, Position, Press, Problem, SectionName, Severity};

/// Tells what is named and not there, and what lacks what it needs.
pub(super) fn settle(given: &BTreeMap<Slot, Given>, reader: &mut Reader) {
    let names = Names::of(reader);
    for value in given.values() {
        match key(value).map(|key| key.kind) {
            Some(Kind::Zones(_)) => zones(value, &names, reader),
            Some(Kind::Press(_)) => press(value, &names, reader),
            Some(Kind::Dialling(_)) => dialling(value, &names, reader),
            _ => {}
        }
    }
    sections(given, reader);
    keys(given, reader);
    idle(given, reader);
}

/// What is defined: ids of names, and their spelling.
struct Names {
    zones: BTreeMap<String, String>,
    groups: BTreeMap<String, String>,
    announcements: BTreeMap<String, String>,
}

impl Names {
    fn of(reader: &Reader) -> Self {
        let named = |kind: &str| {
            let sections = reader.zones.iter().chain(&reader.others).map(|(section, _)| section);
            let names =
                sections.filter(|section| section.kind == kind).filter_map(|section| section.name.clone());
            names.map(|name| (normal(&name), name)).collect()
        };
        Self { zones: named(table::ZONES), groups: named("group"), announcements: named("announcement") }
    }
}

/// Each zone or group that a value names; a group holds zones only.
fn zones(value: &Given, names: &Names, reader: &mut Reader) {
    zones_from(0, value, names, reader);
}

/// The same behind so many bytes of the value, which are so many letters.
fn zones_from(begin: usize, value: &Given, names: &Names, reader: &mut Reader) {
    let list = value.text.get(begin..).unwrap_or_default();
    let Ok(ZoneNames::Named(_)) = ZoneNames::from_text(list) else { return };
    let is_group = value.section.kind == "group";
    for (offset, name) in parts(list) {
        let offset = begin + offset;
        let id = normal(name);
        if names.zones.contains_key(&id) || (names.groups.contains_key(&id) && !is_group) {
            continue;
        }
        let hint = if reader.report.is_full() { None } else { near(&id, names, is_group) };
        tell(value, offset, Problem::NoSuchZone { name: name.to_owned() }, hint, reader);
    }
}

/// The zone or group whose name is nearest; where there is none at all, only `all` can be meant.
fn near(id: &str, names: &Names, is_group: bool) -> Option<String> {
    let groups = if is_group { None } else { Some(&names.groups) };
    let known = || groups.into_iter().chain([&names.zones]).flatten();
    if known().next().is_none() {
        return Some("all".to_owned());
    }
    let near = nearest(id, known().map(|(id, _)| id.as_str()))?;
    known().find(|(id, _)| *id == near).map(|(_, name)| shortened(name))
}

fn press(value: &Given, names: &Names, reader: &mut Reader) {
    let Ok(Press::Announcement(number)) = Press::from_text(&value.text) else { return };
    announcement(number, value, names, reader);
}

fn dialling(value: &Given, names: &Names, reader: &mut Reader) {
    match KeyAction::from_text(&value.text) {
        Ok(KeyAction::Announcement(number)) => announcement(number, value, names, reader),
        Ok(KeyAction::Zones(_)) => zones_from("zones".len(), value, names, reader),
        _ => {}
    }
}

fn announcement(number: String, value: &Given, names: &Names, reader: &mut Reader) {
    if !names.announcements.contains_key(&number) {
        tell(value, 0, Problem::NoSuchAnnouncement { number }, None, reader);
    }
}

/// Sections without the keys that make them something.
fn sections(given: &BTreeMap<Slot, Given>, reader: &mut Reader) {
    let has = |section: &SectionName, key: &'static str, wrong: &BTreeSet<Slot>| {
        let slot = (section.id(), key);
        given.get(&slot).is_some_and(|given| !given.text.is_empty()) || wrong.contains(&slot)
    };
    for (section, place) in reader.others.clone() {
        for &(kind, needs, so) in NEEDS {
            if kind == section.kind && !needs.iter().any(|key| has(&section, key, &reader.wrong)) {
                let problem = Problem::Lacks { others: needs, so };
                reader.report.error(&place, &section.to_string(), problem);
            }
        }
        if section.kind == "bell"
            && let (Some(cron), Some(_)) =
                (given.get(&(section.id(), "cron")), given.get(&(section.id(), "at")))
        {
            reader.report.error(&cron.place, &subject(cron), Problem::Beside { other: "at" });
        }
    }
}

/// Keys that mean nothing without another one.
fn keys(given: &BTreeMap<Slot, Given>, reader: &mut Reader) {
    for value in given.values().filter(|value| !value.text.is_empty()) {
        for &(kind, key, needs, so) in MEANS_NOTHING_WITHOUT {
            let slot = (value.section.id(), needs[0]);
            let is_there = given.get(&slot).is_some_and(|other| !other.text.eq_ignore_ascii_case("dhcp"));
            if (kind, key) == (value.section.kind, value.key) && !is_there && !reader.wrong.contains(&slot) {
                let problem = Problem::Lacks { others: needs, so };
                reader.report.error(&value.place, &subject(value), problem);
            }
        }
    }
}

/// Keys that do nothing for what another one says.
fn idle(given: &BTreeMap<Slot, Given>, reader: &mut Reader) {
    let says =
        |section: &str, key: &'static str| given.get(&(section.to_owned(), key)).map(|given| &given.text);
    let is_default = |value: &Given| key(value).is_some_and(|key| key.default == value.text);
    for value in given.values().filter(|value| !is_default(value)) {
        let problem = match (value.section.kind, value.key) {
            ("calls", "queue-max")
                if says("calls", "hold-concurrent").is_none_or(|text| yes_no(text) != Ok(true)) =>
            {
                Problem::Lacks {
                    others: &["hold-concurrent = yes"],
                    so: "callers are mixed, and nobody waits",
                }
            }
            (table::ACCOUNTS, "pin") if !value.text.is_empty() => {
                let own = says(&value.section.id(), "mode").or_else(|| says(table::ACCOUNTS, "mode"));
                if own.is_none_or(|mode| !mode.eq_ignore_ascii_case("ring")) {
                    continue;
                }
                Problem::Beside { other: "mode = ring" }
            }
            _ => continue,
        };
        reader.report.note(&value.place, &subject(value), problem);
    }
}

/// The parts of a list and where each begins, in letters.
fn parts(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut letters = 0;
    text.split(',').filter_map(move |part| {
        let blanks = part.chars().take_while(|c| c.is_whitespace()).count();
        let offset = letters + blanks;
        letters += part.chars().count() + 1;
        let part = part.trim();
        (!part.is_empty()).then_some((offset, part))
    })
}

fn tell(value: &Given, offset: usize, problem: Problem, hint: Option<String>, reader: &mut Reader) {
    let place = behind(&value.place, offset);
    let (severity, subject) = (Severity::Error, subject(value));
    reader.report.push(severity, || Diagnostic { severity, place, subject, problem, hint });
}

/// The place so many letters further on.
pub(super) fn behind(place: &Place, letters: usize) -> Place {
    let letters = u32::try_from(letters).unwrap_or(u32::MAX);
    let position = place
        .position
        .map(|Position { line, column }| Position { line, column: column.saturating_add(letters) });
    Place { source: place.source.clone(), position }
}

fn subject(value: &Given) -> String {
    format!("{} {}", value.section, value.key)
}

fn key(value: &Given) -> Option<&'static Key> {
    table::section(value.section.kind)?.key(value.key)
}

/// What one of these keys is needed for.
const NEEDS: &[(&str, &[&str], &str)] = &[
    ("group", &["zones"], "it is empty"),
    ("transmit", &["address"], "nothing is sent"),
    ("transmit", &["source"], "nothing is sent"),
    ("bell", &["at", "cron"], "it never rings"),
    ("announcement", &["play"], "nothing is played"),
    ("caller", &["from"], "it is nobody"),
    ("key", &["do"], "it does nothing"),
    ("button", &["line"], "it is no button"),
    ("button", &["do"], "it does nothing"),
];

/// Keys of a section that mean nothing without another one.
const MEANS_NOTHING_WITHOUT: &[(&str, &str, &[&str], &str)] = &[
    ("zone", "night-volume", &["night"], "it is never night"),
    ("zone", "night", &["night-volume"], "nights are as loud as days"),
    ("network", "gateway", &["address"], "DHCP names the gateway"),
    ("network", "dns", &["address"], "DHCP names the name servers"),
    ("network", "wifi-password", &["wifi-ssid"], "there is no wireless network"),
];

#[cfg(test)]
mod tests {
    use crate::config::load;

    fn told(text: &str) -> Vec<String> {
        let told = load(&[("a", text.as_bytes())], [], &[]).diagnostics;
        told.iter().map(ToString::to_string).filter(|line| line.contains("error")).collect()
    }

    #[test]
    fn a_zone_that_is_named_and_not_defined_is_told_at_its_name() {
        let zones = "[zone Hall]\ndevice = null\n[zone yard]\ndevice = x\n[group outside]\nzones = yard\n";
        assert_eq!(told(&format!("{zones}[bell a]\nat = 8:00\nzones = HALL, outside, all\n")), [""; 0]);
        assert_eq!(
            told(&format!("{zones}[sip]\nzones = hall,  yrad\n[group both]\nzones = outside\n")),
            [
                "a:10:9: error: [group both] zones: expected a zone or group that there is, found \"outside\"; it is left out",
                "a:8:16: error: [sip] zones: expected a zone or group that there is, found \"yrad\"; it is left out; \
                 did you mean yard?",
            ]
        );
        assert_eq!(
            told("[sip]\nzones = hall\n"),
            [
                "a:2:9: error: [sip] zones: expected a zone or group that there is, found \"hall\"; it is left out; did \
                 you mean all?"
            ]
        );
    }

    #[test]
    fn a_button_plays_only_what_there_is() {
        let button = "[button a]\nline = GPIO22\ndo = announcement 2\n";
        assert_eq!(
            told(button),
            [
                "a:3:6: error: [button a] do: expected an announcement that there is: no [announcement 2]; it does nothing"
            ]
        );
        assert_eq!(told(&format!("{button}[announcement 2]\nplay = a.wav\n")), [""; 0]);
    }

    #[test]
    fn a_section_that_lacks_what_makes_it_something_says_so() {
        assert_eq!(
            told(
                "[bell a]\nplay = gong\n[button b]\nline = GPIO2\n[group c]\n[transmit d]\n[announcement 1]\n"
            ),
            [
                "a:1:1: error: [bell a]: expected at or cron as well; it never rings",
                "a:3:1: error: [button b]: expected do as well; it does nothing",
                "a:5:1: error: [group c]: expected zones as well; it is empty",
                "a:6:1: error: [transmit d]: expected address as well; nothing is sent",
                "a:6:1: error: [transmit d]: expected source as well; nothing is sent",
                "a:7:1: error: [announcement 1]: expected play as well; nothing is played",
            ]
        );
        // What is there and wrong has been told.
        assert_eq!(told("[bell a]\nat = soon\n").len(), 1);
        assert_eq!(
            told("[bell a]\nat = 8:00\ncron = 0 8 * * *\n"),
            ["a:3:8: error: [bell a] cron: expected this or at, not both; at counts"]
        );
    }

    #[test]
    fn a_key_that_means_nothing_without_another_says_so() {
        assert_eq!(
            told("[network]\ngateway = 192.0.2.1\naddress = dhcp\n[zone a]\ndevice = x\nnight-volume = 20\n"),
            [
                "a:2:11: error: [network] gateway: expected address as well; DHCP names the gateway",
                "a:6:16: error: [zone a] night-volume: expected night as well; it is never night",
            ]
        );
        assert_eq!(told("[network]\ngateway = 192.0.2.1\naddress = 192.0.2.2/24\n"), [""; 0]);
    }
}
