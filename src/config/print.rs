//! The configuration as text: the defaults, the annotated example, what is in force.
//!
//! Decides how a value is written so that it is read again as it was. What `paging config` prints is a `paging.conf`.

use core::fmt::Write;
use std::collections::{BTreeMap, BTreeSet};

use super::about::{self, FURTHER};
use super::gpio::BUTTONS;
use super::layer::Given;
use super::scan::{Item, scan};
use super::table::{self, Key, Naming, SECTIONS, Section};
use super::{Loaded, SectionName};

/// Whether secrets are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// Only that they are given.
    Hidden,
    /// As they are, for a file that nobody else reads.
    Shown,
}

/// All keys of all sections without a name, with their defaults.
#[must_use]
pub fn defaults() -> String {
    let mut text = String::new();
    for section in SECTIONS.iter().filter(|section| section.naming != Naming::Always) {
        let keys = own_keys(section).map(|key| pair(key.name, key.default));
        block(&mut text, &about::header(section), keys);
    }
    text
}

/// An example of every section and key, with what each means; each setting in it is a comment.
#[must_use]
pub fn annotated() -> String {
    let mut text = INTRODUCTION.to_owned();
    for section in SECTIONS.iter().filter(|section| own_keys(section).next().is_some()) {
        text.push('\n');
        for line in wrapped(about::sentence(section)) {
            line_of(&mut text, &format!("; {line}"));
        }
        if !section.works {
            line_of(&mut text, "; It is known but does nothing yet.");
        }
        let off = if section.naming == Naming::Always { "# " } else { "" };
        line_of(&mut text, &format!("{off}{}", about::example_header(section)));
        for key in own_keys(section) {
            explained(&mut text, section, key);
        }
        if let Some((_, what)) = FURTHER.iter().find(|(kind, _)| *kind == section.kind) {
            line_of(
                &mut text,
                &format!("\n{:COLUMN$} ; {what}", format!("# {}", about::named_header(section))),
            );
        }
    }
    text
}

/// What is in force, and where each value that was given stands.
#[must_use]
pub fn effective(loaded: &Loaded, secrets: Secrets) -> String {
    let mut text = String::new();
    let index: BTreeMap<_, _> =
        loaded.given.iter().map(|given| ((given.section.id(), given.key), given)).collect();
    for section in SECTIONS {
        if section.naming != Naming::Always {
            let name = SectionName { kind: section.kind, name: None };
            let keys = own_keys(section).map(|key| match index.get(&(name.id(), key.name)) {
                Some(given) => stated(given, secrets),
                None => pair(key.name, key.default),
            });
            block(&mut text, &name.to_string(), keys);
        }
        for name in named(loaded, section) {
            let given = section.keys.iter().filter_map(|key| index.get(&(name.id(), key.name)));
            if reads_as(&name) {
                block(&mut text, &header(&name), given.map(|given| stated(given, secrets)));
            } else {
                let lines = given.map(|given| format!("; {}", stated(given, Secrets::Hidden)));
                block(&mut text, &format!("; no file can say {name}"), lines);
            }
        }
    }
    text
}

/// The sections of a kind that have a name, in the order that counts.
fn named(loaded: &Loaded, section: &Section) -> Vec<SectionName> {
    let settings = &loaded.settings;
    let names: Vec<&str> = match section.kind {
        table::ZONES => settings.zones.iter().map(|zone| zone.name.as_str()).collect(),
        table::ACCOUNTS => settings.accounts.iter().map(|account| account.section.as_str()).collect(),
        BUTTONS => settings.buttons.iter().map(|button| button.name.as_str()).collect(),
        _ => Vec::new(),
    };
    let first = names.into_iter().filter(|name| !name.is_empty());
    let first = first.map(|name| SectionName { kind: section.kind, name: Some(name.to_owned()) });
    let others = loaded.given.iter().map(|given| &given.section);
    let others = others.filter(|name| name.kind == section.kind && name.name.is_some()).cloned();
    let mut seen = BTreeSet::new();
    first.chain(others).filter(|name| seen.insert(name.id())).collect()
}

/// A given value and where it stands.
fn stated(given: &Given, secrets: Secrets) -> String {
    let (key, place) = (given.key, &given.place);
    if given.is_secret {
        // A comment behind a secret would be a part of it.
        return match secrets {
            _ if given.text.is_empty() => pair(key, ""),
            Secrets::Shown => pair_if_read(key, &given.text, true),
            Secrets::Hidden => beside(&format!("; {key} = …"), &place.to_string()),
        };
    }
    beside(&pair_if_read(key, &given.text, false), &place.to_string())
}

/// `key = value`, or as a comment what no file can say.
fn pair_if_read(key: &str, text: &str, is_secret: bool) -> String {
    let line = if is_secret { pair(key, text) } else { pair(key, &quoted(text)) };
    let behind = if is_secret { "" } else { "  ; x" };
    let same = |line: &str| {
        let read = format!("{line}{behind}");
        let mut items = scan(&read, |_, _| is_secret).map(|(_, item)| item);
        matches!(items.next(), Some(Item::Pair { key: k, value, .. }) if (k, value) == (key, text))
            && items.next().is_none()
    };
    if same(&line) { line } else { format!("; no file can say {key} = {}", text.escape_debug()) }
}

/// With quotes where there is what would begin a comment, or quotes that would vanish.
fn quoted(text: &str) -> String {
    let begins_comment = text.starts_with([';', '#'])
        || text
            .chars()
            .zip(text.chars().skip(1))
            .any(|(one, next)| one.is_whitespace() && matches!(next, ';' | '#'));
    let is_quoted = text.starts_with('"') && text.len() > 1 && text.ends_with('"');
    if begins_comment || is_quoted || text.trim() != text { format!("\"{text}\"") } else { text.to_owned() }
}

fn pair(key: &str, value: &str) -> String {
    if value.is_empty() { format!("{key} =") } else { format!("{key} = {value}") }
}

/// A line and a comment behind it.
fn beside(line: &str, comment: &str) -> String {
    let comment = comment.replace(char::is_control, "?");
    format!("{line:COLUMN$} ; {comment}")
}

/// The header as it is written; a name keeps its letters.
fn header(name: &SectionName) -> String {
    match &name.name {
        Some(own) => format!("[{} {own}]", name.kind),
        None => format!("[{}]", name.kind),
    }
}

/// Whether a header leads back to its section.
fn reads_as(name: &SectionName) -> bool {
    let line = header(name);
    let items: Vec<_> = scan(&line, |_, _| false).collect();
    let [(_, Item::Header { text, closed: true })] = items.as_slice() else { return false };
    SectionName::from_text(text).is_ok_and(|(read, _)| read.id() == name.id())
}

fn block(text: &mut String, header: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() && !header.contains(' ') {
        return;
    }
    if !text.is_empty() {
        text.push('\n');
    }
    line_of(text, header);
    for line in lines {
        line_of(text, &line);
    }
}

/// One key of the example: its default or an example value, and its meaning.
fn explained(text: &mut String, section: &Section, key: &Key) {
    let note = if section.works && !key.works() { " (does nothing yet)" } else { "" };
    let value =
        if section.naming == Naming::Always && key.default.is_empty() { key.example } else { key.default };
    let example = if value.is_empty() && !key.example.is_empty() && !key.kind.is_secret() {
        format!(", such as {}", key.example)
    } else {
        String::new()
    };
    let (line, doc) = (format!("# {}", pair(key.name, value)), format!("{}{example}{note}", key.doc));
    if key.kind.is_secret() {
        // A comment behind a secret would be a part of it.
        line_of(text, &format!("; {doc}:"));
        line_of(text, &line);
    } else {
        line_of(text, &beside(&line, &doc));
    }
}

/// The keys that are not another program's.
pub(super) fn own_keys(section: &Section) -> impl Iterator<Item = &Key> {
    section.keys.iter().filter(|key| !key.kind.is_foreign())
}

fn line_of(text: &mut String, line: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}", line.trim_end());
}

/// Lines of at most [`WIDTH`] letters.
pub(super) fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last + word.chars().count() >= WIDTH {
            lines.push(String::new());
        }
        let Some(line) = lines.last_mut() else { continue };
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines
}

/// Where comments begin.
const COLUMN: usize = 40;
/// How wide prose is.
const WIDTH: usize = 100;

/// What stands above the example, and tells the syntax.
pub(super) const INTRODUCTION: &str = "\
; PagingBox: every setting there is, with its default. Made by `paging config --annotated`.
; Take what you need into paging.conf; remove the # in front of a setting to make it count.
;
; A comment begins with ; or # at the start of a line or after a blank. Sections and keys may be written in any letter
; case, with - or _. Lists are separated by commas. A key given twice is a mistake. What a comment would cut off stands
; in quotes: name = \"Hall; east\". Passwords and PINs take the rest of the line as it is, without quotes or comments.
; Times: 250ms, 5s, 5m, 2h; a bare number has the unit of the default. Levels: percent (100 = as it is, 0 = mute) or
; -6 dB. Priorities: 0 to 100, higher wins, or emergency 90, page 60, multicast 50, bell 40, music 10.
; Later wins: defaults, /etc/paging.conf, /boot/paging.conf, files on the command line, the environment
; (PAGING_SECTION__KEY), --set section.key=value. `paging check FILE` finds every mistake.
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Settings, load};

    fn read(text: &str) -> Loaded {
        load(&[("paging.conf", text.as_bytes())], [], &[])
    }

    fn told(loaded: &Loaded) -> Vec<String> {
        loaded.diagnostics.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_defaults_read_as_the_defaults() {
        let loaded = read(&defaults());
        assert_eq!(told(&loaded), [""; 0]);
        assert_eq!(loaded.settings, Settings::default());
    }

    #[test]
    fn the_example_changes_nothing_as_it_is() {
        let loaded = read(&annotated());
        assert_eq!((told(&loaded), loaded.given.len()), (vec![], 0));
        assert_eq!(loaded.settings, Settings::default());
    }

    #[test]
    fn the_example_uncommented_is_the_defaults() {
        let named = |kind: &str| table::section(kind).unwrap().naming == Naming::Always;
        let text = uncommented(&annotated(), |kind| !named(kind));
        let loaded = read(&text);
        assert_eq!(told(&loaded), [""; 0], "{text}");
        assert_eq!(loaded.settings, Settings::default());
        let keys: usize = SECTIONS
            .iter()
            .filter(|section| !named(section.kind))
            .map(|section| own_keys(section).count())
            .sum();
        let valued = loaded.given.len();
        assert!(valued > keys / 2, "only {valued} of {keys} keys are in the example");
    }

    #[test]
    fn every_section_of_the_example_is_right_when_it_is_uncommented() {
        let text = uncommented(&annotated(), |_| true);
        let loaded = read(&text);
        let errors: Vec<_> = told(&loaded).into_iter().filter(|line| line.contains(" error: ")).collect();
        assert_eq!(errors, [""; 0], "{text}");
        for section in SECTIONS.iter().filter(|section| section.naming == Naming::Always) {
            let keys = loaded.given.iter().filter(|given| given.section.kind == section.kind).count();
            assert!(keys >= 1, "[{}]", section.kind);
        }
    }

    #[test]
    fn every_key_is_in_the_example_once() {
        let text = annotated();
        for section in SECTIONS {
            let start = text.find(&format!("{}\n", about::example_header(section)));
            assert!(start.is_some() || own_keys(section).next().is_none(), "[{}]", section.kind);
            for key in own_keys(section) {
                let rest = &text[start.unwrap()..];
                let own = rest.split("\n\n").next().unwrap();
                let lines = own.lines().filter(|line| line.starts_with(&format!("# {} =", key.name)));
                assert_eq!(lines.count(), 1, "[{}] {}", section.kind, key.name);
            }
        }
    }

    #[test]
    fn what_is_in_force_says_where_it_stands_and_hides_secrets() {
        let text = "[sip]\nuser = 501\ndomain=pbx.example\npass = hunter2\n[zone Yard]\ndevice = \"a ; b\"\n\
                    [sip Hall]\nuser = 502\n[bell x]\nat = 8:00\n";
        let loaded = load(&[("a.conf", text.as_bytes())], [], &["sip.name=B\u{fc}ro".to_owned()]);
        let printed = effective(&loaded, Secrets::Hidden);
        let words: Vec<_> = printed.split_whitespace().collect();
        let printed_once = words.join(" ");
        for part in [
            "user = 501 ; a.conf:2:8",
            "; pass = \u{2026} ; a.conf:4:8",
            "name = B\u{fc}ro ; --set sip.name",
            "ptime = 20ms dscp-sip",
            "[zone Yard] device = \"a ; b\" ; a.conf:6:11",
            "[sip Hall] user = 502 ; a.conf:8:8",
            "[bell x] at = 8:00 ; a.conf:10:6",
        ] {
            assert!(printed_once.contains(part), "{part}\n{printed}");
        }
        assert!(!printed.contains("hunter2"));
        assert!(told(&read(&printed)).iter().all(|line| !line.contains("error")), "{printed}");
        assert_eq!(read(&effective(&loaded, Secrets::Shown)).settings, loaded.settings);
    }

    #[test]
    fn what_no_file_can_say_is_a_comment() {
        let overrides = ["sip.name=a\" ; b", "zone a]b.device=null", "sip.pass=\u{2028}x"].map(str::to_owned);
        let printed = effective(&load(&[], [], &overrides), Secrets::Shown);
        assert!(printed.contains("\n; no file can say name = a\\\" ; b "), "{printed}");
        assert!(printed.contains("; no file can say [zone a]b]\n; device = null"), "{printed}");
    }

    /// With the settings of the sections that `which` picks.
    fn uncommented(text: &str, which: impl Fn(&str) -> bool) -> String {
        let mut is_picked = false;
        let lines = text.lines().map(|line| {
            let setting = line.strip_prefix("# ").unwrap_or(line);
            if let Some(header) = setting.strip_prefix('[') {
                let kind = header.split([' ', ']']).next().unwrap();
                // Further sections of a kind have no keys of their own.
                is_picked = which(kind) && (line == setting || !header.contains("further"));
                return if is_picked && !setting.contains("further") { setting } else { line };
            }
            if is_picked { setting } else { line }
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}
