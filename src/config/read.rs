//! Reading texts, variables and `--set`s into layers, and telling what is wrong in them.

use std::collections::{BTreeMap, BTreeSet};

use super::decode::decode;
use super::hint::{key_elsewhere, near_key, near_section, near_value};
use super::layer::{Given, Layer, Slot};
use super::memory::{Memory, Suspects};
use super::report::Report;
use super::scan::{Item, scan};
use super::section::{SectionFault, normal};
use super::table::{self, Key, Naming, Section};
use super::{Applied, Diagnostic, Place, Position, Problem, SectionName, Settings, Severity};

/// Makes layers, each seeing those before it.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    /// The defaults first.
    pub(super) layers: Vec<Layer>,
    pub(super) report: Report,
    /// Sections `[zone NAME]` in the order of their first appearance, and where that was.
    pub(super) zones: Vec<(SectionName, Place)>,
    /// Sections `[sip NAME]`, likewise.
    pub(super) accounts: Vec<(SectionName, Place)>,
    /// The ids of these.
    seen: BTreeSet<String>,
    /// What was right when all this was read before.
    pub(super) before: &'a Memory,
    /// Of the text that is being read.
    suspects: Suspects,
    /// What values are tried on.
    scratch: Settings,
}

/// A section that values go into.
type Target = (SectionName, &'static Section);

/// A key and a value as they were written.
struct Pair<'a> {
    key: &'a str,
    text: &'a str,
    key_place: Place,
    text_place: Place,
    /// Whether it was said already that nothing in the section does anything yet.
    is_told: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(before: &'a Memory) -> Self {
        let (layers, report) = (vec![Layer::defaults()], Report::default());
        let (zones, accounts) = (Vec::new(), Vec::new());
        let (seen, suspects) = (BTreeSet::new(), Suspects::default());
        Self { layers, report, zones, accounts, seen, before, suspects, scratch: Settings::default() }
    }

    /// Reads one file's bytes as the next layer.
    pub(super) fn text(&mut self, name: &str, bytes: &[u8]) {
        if bytes.len() > MAX_TEXT_BYTES {
            let place = Place { source: name.to_owned(), position: None };
            self.report.error(&place, "", Problem::TextTooLong { read_bytes: MAX_TEXT_BYTES });
        }
        let text = decode(&bytes[..bytes.len().min(MAX_TEXT_BYTES)]);
        let mut layer = Layer::default();
        let mut lines: BTreeMap<Slot, u32> = BTreeMap::new();
        let mut target = Err(Skip::NoSectionYet);
        for (at, item) in scan(&text, is_secret) {
            let place = |position| Place { source: name.to_owned(), position: Some(position) };
            match item {
                Item::Header { text, closed } => target = self.header(text, closed, &place(at)),
                Item::Stray { word } => {
                    self.report.error(&place(at), "", Problem::NoPair { found: shortened(word) });
                }
                Item::Pair { key, value, value_at } => {
                    let (key_place, text_place) = (place(at), place(value_at));
                    let pair = Pair { key, text: value, key_place, text_place, is_told: true };
                    self.pair(&target, pair, &mut layer, &mut lines);
                }
            }
        }
        let suspects = core::mem::take(&mut self.suspects);
        self.keep_suspects(suspects, &mut layer);
        self.layers.push(layer);
    }

    /// Reads the variables `PAGING_SECTION__KEY` among `pairs` as the next layer; others are none of ours.
    pub(super) fn environment(&mut self, pairs: impl Iterator<Item = (String, String)>) {
        let mut layer = Layer::default();
        for (variable, value) in pairs {
            let Some((section, key)) =
                variable.strip_prefix("PAGING_").and_then(|rest| rest.split_once("__"))
            else {
                continue;
            };
            let place = Place { source: variable.clone(), position: None };
            match SectionName::from_variable(section) {
                Ok(target) => self.loose(&target, (key, &value), place, &mut layer),
                Err(fault) => self.section_fault(fault, section, &place),
            }
        }
        self.layers.push(layer);
    }

    /// Reads a `section.key=value` as the next layer.
    pub(super) fn set(&mut self, argument: &str) {
        let split = argument.split_once('=').and_then(|(path, value)| {
            let (section, key) = path.rsplit_once('.')?;
            Some((section, key, value))
        });
        let Some((section, key, value)) = split else {
            let place = Place { source: "--set".to_owned(), position: None };
            return self.report.error(&place, "", Problem::NoOverride);
        };
        let place =
            Place { source: format!("--set {}.{}", shortened(section), shortened(key)), position: None };
        let mut layer = Layer::default();
        match SectionName::from_text(section) {
            Ok(target) => self.loose(&target, (key, value), place, &mut layer),
            Err(fault) => self.section_fault(fault, section, &place),
        }
        self.layers.push(layer);
    }

    fn header(&mut self, text: &str, closed: bool, place: &Place) -> Result<Target, Skip> {
        if !closed {
            self.report.error(place, &format!("[{}", shortened(text)), Problem::HeaderNotClosed);
        }
        let target = SectionName::from_text(text).map_err(|fault| {
            self.suspects.unknown_section(text, place);
            self.section_fault(fault, text, place);
            Skip::SectionIsWrong
        })?;
        if !works(&target) {
            self.report.note(place, &target.0.to_string(), Problem::Later);
        }
        self.see(&target.0, place);
        Ok(target)
    }

    fn pair(
        &mut self,
        target: &Result<Target, Skip>,
        pair: Pair<'_>,
        layer: &mut Layer,
        lines: &mut BTreeMap<Slot, u32>,
    ) {
        let target = match target {
            Ok(target) => target,
            Err(Skip::NoSectionYet) => return self.outside(&pair),
            Err(Skip::SectionIsWrong) => return,
        };
        let Some(key) = self.known_key(target, &pair) else { return };
        let line = pair.key_place.position.map_or(0, |Position { line, .. }| line);
        let first = *lines.entry((target.0.id(), key.name)).or_insert(line);
        if first == line {
            self.value(target, key, pair, layer);
        } else {
            let problem = Problem::Twice { first, second: line };
            self.report.error(&pair.key_place, &subject(&target.0, key), problem);
        }
    }

    /// A pair that stands in no text.
    fn loose(&mut self, target: &Target, (key, text): (&str, &str), place: Place, layer: &mut Layer) {
        let text = text.trim();
        let pair = Pair { key, text, key_place: place.clone(), text_place: place, is_told: false };
        if let Some(key) = self.known_key(target, &pair) {
            self.value(target, key, pair, layer);
        }
    }

    fn value(&mut self, target: &Target, key: &'static Key, pair: Pair<'_>, layer: &mut Layer) {
        let Pair { text, text_place, key_place, is_told, .. } = pair;
        let section = target.0.clone();
        // Nothing after the equals sign is as if the line were not there.
        if text.is_empty() && !key.kind.takes_nothing() {
            return;
        }
        match key.kind.apply(text, &mut self.scratch) {
            Ok(Applied::Replaced(instead)) => {
                return self.report.note(&key_place, &subject(&section, key), Problem::Replaced { instead });
            }
            Ok(Applied::Works) if works(target) && counts(target, key) => {}
            Ok(_) if is_told && !works(target) => {}
            Ok(_) => self.report.note(&key_place, &subject(&section, key), Problem::Later),
            Err(expected) => {
                let found = if key.kind.is_secret() { "…".to_owned() } else { shortened(text) };
                let before = self.before.of_key(&text_place.source, &(section.id(), key.name));
                if let Some(given) = before {
                    self.keep(given, layer);
                }
                let in_force = match before {
                    Some(given) if given.is_secret => "the one before".to_owned(),
                    None if key.kind.is_secret() => String::new(),
                    _ => self.in_force(&section, key, layer),
                };
                let problem = Problem::Value { expected, found, in_force };
                let (severity, hint) = (Severity::Error, near_value(&key.kind, text));
                let (place, subject) = (text_place, subject(&section, key));
                return self.report.push(severity, || Diagnostic { severity, place, subject, problem, hint });
            }
        }
        self.see(&section, &text_place);
        let (text, is_secret, place) = (text.to_owned(), key.kind.is_secret(), text_place);
        layer
            .given
            .insert((section.id(), key.name), Given { section, key: key.name, text, is_secret, place });
    }

    /// Notes a section that makes something of its own.
    pub(super) fn see(&mut self, section: &SectionName, place: &Place) {
        let list = match section.kind {
            table::ZONES => &mut self.zones,
            table::ACCOUNTS if section.name.is_some() => &mut self.accounts,
            _ => return,
        };
        if self.seen.insert(section.id()) {
            list.push((section.clone(), place.clone()));
        }
    }

    /// What this layer and those below say.
    fn in_force(&self, section: &SectionName, key: &Key, layer: &Layer) -> String {
        let find = |id: String| {
            let slot = (id, key.name);
            let layers = self.layers.iter().chain([layer]).rev();
            layers.into_iter().find_map(|layer| layer.given.get(&slot))
        };
        // What an account does not say is as in the section without a name.
        let common = || (section.kind == table::ACCOUNTS).then(|| find(section.kind.to_owned())).flatten();
        let below = find(section.id()).or_else(common);
        below.map_or_else(|| key.default.to_owned(), |given| shortened(&given.text))
    }

    fn known_key(&mut self, (section, keys): &Target, pair: &Pair<'_>) -> Option<&'static Key> {
        let name = normal(pair.key);
        let found = keys.key(&name);
        if found.is_none() {
            self.suspects.unknown_key(section, keys, &name, &pair.key_place);
            self.report.push(Severity::Error, || Diagnostic {
                severity: Severity::Error,
                place: pair.key_place.clone(),
                subject: format!("{section} {}", shortened(pair.key)),
                problem: Problem::UnknownKey,
                hint: near_key(section, keys, &name),
            });
        }
        found
    }

    fn outside(&mut self, pair: &Pair<'_>) {
        let name = normal(pair.key);
        self.report.push(Severity::Error, || Diagnostic {
            severity: Severity::Error,
            place: pair.key_place.clone(),
            subject: shortened(pair.key),
            problem: Problem::OutsideSection,
            hint: key_elsewhere(&name),
        });
    }

    fn section_fault(&mut self, fault: SectionFault, text: &str, place: &Place) {
        let (problem, hint) = match fault {
            SectionFault::Unknown => (Problem::UnknownSection, near_section(text)),
            SectionFault::NeedsName => (Problem::SectionNeedsName, None),
            SectionFault::TakesNoName => (Problem::SectionTakesNoName, None),
        };
        let (place, subject) = (place.clone(), format!("[{}]", shortened(text)));
        let severity = Severity::Error;
        self.report.push(severity, || Diagnostic { severity, place, subject, problem, hint });
    }
}

/// Why pairs go nowhere.
enum Skip {
    NoSectionYet,
    /// It was told; its keys need no word each.
    SectionIsWrong,
}

fn is_secret(header: &str, key: &str) -> bool {
    let kind = normal(header.split_whitespace().next().unwrap_or_default());
    let key = table::section(&kind).and_then(|section| section.key(&normal(key)));
    key.is_some_and(|key| key.kind.is_secret())
}

/// Whether keys of the section do anything yet.
fn works((name, section): &Target) -> bool {
    section.works
        && (name.name.is_none() || section.naming == Naming::Always || section.kind == table::ACCOUNTS)
}

/// Whether the key does anything in this very section.
fn counts((name, section): &Target, key: &Key) -> bool {
    section.kind != table::ACCOUNTS || name.name.is_none() || table::OF_AN_ACCOUNT.contains(&key.name)
}

fn subject(section: &SectionName, key: &Key) -> String {
    format!("{section} {}", key.name)
}

/// At most [`MAX_SHOWN`] letters of what was written, without control characters.
pub(super) fn shortened(text: &str) -> String {
    let clean = |c: char| if c.is_control() { '?' } else { c };
    let mut short: String = text.chars().take(MAX_SHOWN).map(clean).collect();
    if text.chars().nth(MAX_SHOWN).is_some() {
        short.push('…');
    }
    short
}

/// How much of a text is read: a file of 10 000 bells is smaller.
pub const MAX_TEXT_BYTES: usize = 1024 * 1024;
/// How many letters of what was written are shown.
const MAX_SHOWN: usize = 40;
