//! Reading texts, variables and `--set`s into layers, and telling what is wrong in them.

use std::collections::{BTreeMap, BTreeSet};

use super::advice;
use super::decode::decode;
use super::hint::{key_elsewhere, near_key, near_section, near_value};
use super::known::Known;
use super::layer::{Given, Layer, Slot};
use super::memory::{Memory, Suspects};
use super::references::behind;
use super::report::Report;
use super::scan::{Item, scan};
use super::section::{SectionFault, normal};
use super::table::{self, Key, Naming, Section};
use super::terms::MUSIC;
use super::{Applied, Diagnostic, Expected, Kind, Place, Position, Problem, SectionName, Settings, Severity};

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
    /// Other sections with a name, likewise.
    pub(super) others: Vec<(SectionName, Place)>,
    /// Keys of which something wrong was told.
    pub(super) wrong: BTreeSet<Slot>,
    /// The ids of sections with a name.
    seen: BTreeSet<String>,
    /// Kinds of sections of which it was told that they do nothing yet.
    told: BTreeSet<&'static str>,
    /// What was right when all this was read before.
    pub(super) before: &'a Memory,
    /// The texts that were read; of one that was cut off, what it was before.
    pub(super) texts: BTreeMap<String, Known>,
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
}

impl<'a> Reader<'a> {
    pub(super) fn new(before: &'a Memory) -> Self {
        let (layers, report) = (vec![Layer::defaults()], Report::default());
        Self {
            layers,
            report,
            zones: Vec::new(),
            accounts: Vec::new(),
            others: Vec::new(),
            wrong: BTreeSet::new(),
            seen: BTreeSet::new(),
            told: BTreeSet::new(),
            before,
            texts: BTreeMap::new(),
            suspects: Suspects::default(),
            scratch: Settings::default(),
        }
    }

    /// Reads one file's bytes as the next layer.
    pub(super) fn text(&mut self, name: &str, bytes: &[u8]) {
        if bytes.len() > MAX_TEXT_BYTES {
            let place = Place { source: name.to_owned(), position: None };
            self.report.error(&place, "", Problem::TextTooLong { read_bytes: MAX_TEXT_BYTES });
        }
        let bytes = self.whole(name, &bytes[..bytes.len().min(MAX_TEXT_BYTES)]);
        let text = decode(bytes);
        let mut layer = Layer::default();
        let mut lines: BTreeMap<Slot, u32> = BTreeMap::new();
        let mut target = Err(Skip::NoSectionYet);
        for (at, item) in scan(&text, is_secret) {
            let place = |position| Place { source: name.to_owned(), position: Some(position) };
            match item {
                Item::Header { text, closed } => target = self.header(text, closed, &place(at)),
                Item::Stray { word } => self.stray(target.as_ref().ok(), word, &place(at)),
                Item::Pair { key, value, value_at } => {
                    let (key_place, text_place) = (place(at), place(value_at));
                    let pair = Pair { key, text: value, key_place, text_place };
                    self.pair(&target, pair, &mut layer, &mut lines);
                }
            }
        }
        let suspects = core::mem::take(&mut self.suspects);
        self.keep_suspects(suspects, &mut layer);
        let before = self.before.text(name).filter(|known| known.is_longer_than(&text));
        if before.is_some() {
            self.keep_rest(&end(name, &text), &mut layer);
        }
        let good = self.before.text(name).filter(|known| known.is_good);
        let now = || Known { bytes: bytes.to_vec(), is_good: false };
        self.texts.insert(name.to_owned(), before.or(good).cloned().unwrap_or_else(now));
        self.layers.push(layer);
    }

    /// A text, or the good one that it is nothing but the beginning of.
    fn whole<'b>(&mut self, name: &str, bytes: &'b [u8]) -> &'b [u8]
    where
        'a: 'b,
    {
        let Some(good) = self.before.text(name).filter(|known| known.is_cut_to(bytes)) else { return bytes };
        self.report.error(&end(name, &decode(bytes)), "", Problem::Beginning);
        &good.bytes
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
            let (severity, place) = (Severity::Error, place.clone());
            let name = header_name(text);
            let (subject, hint) = (format!("[{name}"), Some(format!("[{name}]")));
            let problem = Problem::HeaderNotClosed;
            self.report.push(severity, || Diagnostic { severity, place, subject, problem, hint });
        }
        let target = SectionName::from_text(text).map_err(|fault| {
            self.suspects.unknown_section(text, place);
            self.section_fault(fault, text, place);
            Skip::SectionIsWrong
        })?;
        // Without a name it may hold nothing but defaults, which need no word.
        if target.1.naming == Naming::Always {
            self.tell_later(&target, place);
        }
        self.see(&target.0, place);
        Ok(target)
    }

    /// Says once that sections of a kind do nothing yet.
    fn tell_later(&mut self, target: &Target, place: &Place) {
        if !works(target) && self.told.insert(target.0.kind) {
            self.report.note(place, &target.0.to_string(), Problem::Later);
        }
    }

    /// A line that is no pair: perhaps a key without its equals sign.
    fn stray(&mut self, target: Option<&Target>, word: &str, place: &Place) {
        let key = target.and_then(|(_, keys)| keys.key(&normal(word)));
        let (severity, problem) = (Severity::Error, Problem::NoPair { found: shortened(word) });
        self.report.push(severity, || Diagnostic {
            severity,
            place: place.clone(),
            subject: String::new(),
            problem,
            hint: match key {
                Some(key) => Some(format!("{} = …", key.name)),
                None => word.starts_with("//").then(|| "; …".to_owned()),
            },
        });
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
        let pair = Pair { key, text, key_place: place.clone(), text_place: place };
        let Some(key) = self.known_key(target, &pair) else { return };
        // No file could say it.
        if text.contains(['\n', '\r']) {
            self.wrong_value(target, key, &pair, layer);
        } else {
            self.value(target, key, pair, layer);
        }
    }

    fn value(&mut self, target: &Target, key: &'static Key, pair: Pair<'_>, layer: &mut Layer) {
        let section = target.0.clone();
        // Nothing after the equals sign is as if the line were not there.
        if pair.text.is_empty() && !key.kind.takes_nothing() {
            // In PagingServer that is silence.
            if matches!(key.kind, Kind::Sound(_)) && section.kind == "audio" && key.default != "none" {
                let problem = Problem::NoChime { in_force: key.default };
                self.report.note(&pair.key_place, &subject(&section, key), problem);
            }
            return;
        }
        match key.kind.apply(pair.text, &mut self.scratch) {
            Ok(Applied::Replaced(instead)) => {
                let problem = Problem::Replaced { instead };
                return self.report.note(&pair.key_place, &subject(&section, key), problem);
            }
            Ok(applied) => self.remark(target, key, &applied, &pair),
            Err(_) => return self.wrong_value(target, key, &pair, layer),
        }
        self.see(&section, &pair.text_place);
        let (text, is_secret, place) = (pair.text.to_owned(), key.kind.is_secret(), pair.text_place);
        layer
            .given
            .insert((section.id(), key.name), Given { section, key: key.name, text, is_secret, place });
    }

    /// What is worth a word about a value that is right.
    fn remark(&mut self, target: &Target, key: &Key, applied: &Applied, pair: &Pair<'_>) {
        let subject = subject(&target.0, key);
        if let Some(problem) = advice::remark(&key.kind, pair.text) {
            self.report.note(&pair.text_place, &subject, problem);
        }
        let is_default = pair.text.eq_ignore_ascii_case(key.default);
        match applied {
            // It does what it says.
            _ if is_default => {}
            _ if !works(target) => self.tell_later(target, &pair.key_place),
            Applied::Works if counts(target, key) => {}
            Applied::Works => self.report.note(&pair.key_place, &subject, Problem::OfTheWholeBox),
            _ => self.report.note(&pair.key_place, &subject, Problem::Later),
        }
    }

    /// Tells a value that its key does not take; of a list, the part that is wrong. What was right before stays.
    fn wrong_value(&mut self, (section, _): &Target, key: &'static Key, pair: &Pair<'_>, layer: &mut Layer) {
        self.wrong.insert((section.id(), key.name));
        let before = self.before.of_key(&pair.text_place.source, &(section.id(), key.name));
        if let Some(given) = before {
            self.keep(given, layer);
        }
        let (kind, is_secret) = (&key.kind, key.kind.is_secret());
        let part = if is_secret { None } else { advice::culprit(kind, pair.text, &mut self.scratch) };
        let (offset, text) = part.unwrap_or((0, pair.text));
        let expected = kind.apply(text, &mut self.scratch).err().unwrap_or(Expected::Text);
        let found = if is_secret { "…".to_owned() } else { shortened(text) };
        let in_force = match before {
            Some(_) if is_secret => "the one before".to_owned(),
            None if is_secret => String::new(),
            _ => self.in_force(section, key, layer),
        };
        let hint = if is_secret || self.report.is_full() {
            None
        } else {
            advice::value(kind, text, &mut self.scratch).or_else(|| near_value(kind, text))
        };
        let (place, severity) = (behind(&pair.text_place, offset), Severity::Error);
        let (subject, problem) = (subject(section, key), Problem::Value { expected, found, in_force });
        self.report.push(severity, || Diagnostic { severity, place, subject, problem, hint });
    }

    /// Notes a section with a name.
    pub(super) fn see(&mut self, section: &SectionName, place: &Place) {
        let list = match section.kind {
            table::ZONES => &mut self.zones,
            table::ACCOUNTS if section.name.is_some() => &mut self.accounts,
            _ if section.name.is_some() => &mut self.others,
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
            SectionFault::NeedsNumber => (Problem::SectionNeedsNumber, None),
        };
        let (place, subject) = (place.clone(), format!("[{}]", header_name(text)));
        let severity = Severity::Error;
        self.report.push(severity, || Diagnostic { severity, place, subject, problem, hint });
    }
}

/// The last line of a text that says anything.
fn end(name: &str, text: &str) -> Place {
    let lines = text.trim_end().split('\n').count();
    let position = Position { line: u32::try_from(lines).unwrap_or(u32::MAX), column: 1 };
    Place { source: name.to_owned(), position: Some(position) }
}

/// Why pairs go nowhere.
enum Skip {
    NoSectionYet,
    /// It was told; its keys need no word each.
    SectionIsWrong,
}

/// Whether the value of a key takes the rest of its line.
pub(super) fn is_secret(header: &str, key: &str) -> bool {
    let kind = normal(header.split_whitespace().next().unwrap_or_default());
    let key = table::section(&kind).and_then(|section| section.key(&normal(key)));
    key.is_some_and(|key| key.kind.is_secret())
}

/// Whether keys of the section do anything yet.
fn works((name, section): &Target) -> bool {
    section.works
        && (name.name.is_none()
            || section.naming == Naming::Always
            || [table::ACCOUNTS, MUSIC].contains(&section.kind))
}

/// Whether the key does anything in this very section.
fn counts((name, section): &Target, key: &Key) -> bool {
    section.kind != table::ACCOUNTS || name.name.is_none() || table::OF_AN_ACCOUNT.contains(&key.name)
}

fn subject(section: &SectionName, key: &Key) -> String {
    format!("{section} {}", key.name)
}

/// What stands between brackets, without what rather belongs to a pair: it may be a secret.
fn header_name(text: &str) -> String {
    shortened(text.split(['=', ':']).next().unwrap_or_default().trim_end())
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
