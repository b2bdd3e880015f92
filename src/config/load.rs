//! Putting layers together.

use core::time::Duration;
use std::collections::BTreeMap;

use config::{Config, Value, ValueKind};

use super::layer::{Given, Layer, Slot};
use super::memory::Memory;
use super::read::Reader;
use super::table::{self, Key, Section};
use super::{
    Account, Button, Diagnostic, Problem, SectionName, Settings, Zone, account, claims, gpio, machine,
    references, terms,
};

/// What came of loading.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// Always complete: what was wrong is as the layer below had it.
    pub settings: Settings,
    /// What was given and is right, whether it does something yet or not; by section and key.
    pub given: Vec<Given>,
    /// What is wrong or worth a word, in the order it was found.
    pub diagnostics: Vec<Diagnostic>,
    /// What is right, for when all is read again.
    memory: Memory,
}

/// Loads layers, later wins: the defaults, `texts` (name and bytes) in order, the variables `PAGING_SECTION__KEY` among
/// `environment`, and `overrides` (`section.key=value`) in order. `PAGING_BELL_MORNING__AT` is `at` of `[bell morning]`;
/// the section of an override ends at the last dot before its first `=`.
///
/// Never fails; time and memory are in proportion to what is given.
pub fn load(
    texts: &[(&str, &[u8])],
    environment: impl IntoIterator<Item = (String, String)>,
    overrides: &[String],
) -> Loaded {
    over(&Memory::default(), texts, environment, overrides)
}

/// Loads again what was loaded `before`: a mistake leaves what the same text, variable or override said then.
pub fn reload(
    before: &Loaded,
    texts: &[(&str, &[u8])],
    environment: impl IntoIterator<Item = (String, String)>,
    overrides: &[String],
) -> Loaded {
    over(&before.memory, texts, environment, overrides)
}

/// Loads what one text said when the box was well: [`reload`] then takes no text that is only the beginning of it for a wish.
#[must_use]
pub fn last_good(name: &str, text: &[u8]) -> Loaded {
    let mut loaded = load(&[(name, text)], [], &[]);
    loaded.memory.is_good();
    loaded
}

fn over(
    before: &Memory,
    texts: &[(&str, &[u8])],
    environment: impl IntoIterator<Item = (String, String)>,
    overrides: &[String],
) -> Loaded {
    let mut reader = Reader::new(before);
    for (name, bytes) in texts {
        reader.text(name, bytes);
    }
    reader.environment(environment.into_iter());
    for argument in overrides {
        reader.set(argument);
    }
    let mut settings = merged(&reader);
    let given = given(&reader.layers);
    settle(&mut settings, &given, &mut reader);
    account::settle(&mut settings, &given, &mut reader);
    claims::settle(&mut settings, &given, &mut reader);
    gpio::settle(&mut settings, &given, &mut reader);
    terms::settle(&mut settings, &mut reader);
    machine::settle(&mut settings, &given, &mut reader);
    references::settle(&given, &mut reader);
    let (given, memory) = (given.into_values().collect(), Memory::of(&reader.layers, reader.texts));
    Loaded { settings, given, diagnostics: reader.report.finish(), memory }
}

/// The settings of all layers together.
fn merged(Reader { layers, zones, accounts, others, .. }: &Reader<'_>) -> Settings {
    let mut builder = Config::builder();
    for layer in layers {
        builder = builder.add_source(layer.clone());
    }
    // A layer is in memory and does not fail.
    let tree = builder.build().unwrap_or_default().cache;
    let mut settings = Settings::default();
    let ValueKind::Table(sections) = tree.kind else { return settings };
    for section in table::SECTIONS {
        apply(section, sections.get(section.kind), &mut settings);
    }
    let keys = table::section(table::ZONES);
    for (section, keys) in zones.iter().filter_map(|(section, _)| Some((section, keys?))) {
        settings.zones.push(Zone::new(section.name.as_deref().unwrap_or_default()));
        apply(keys, sections.get(&section.id()), &mut settings);
    }
    let buttons = others.iter().filter(|(section, _)| section.kind == gpio::BUTTONS);
    for (section, keys) in buttons.filter_map(|(section, _)| Some((section, table::section(section.kind)?))) {
        settings.buttons.push(Button::new(section.name.as_deref().unwrap_or_default()));
        apply(keys, sections.get(&section.id()), &mut settings);
    }
    settings.begin(&SectionName { kind: terms::MUSIC, name: None });
    if let Some(section) = table::section(terms::MUSIC) {
        apply(section, sections.get(section.kind), &mut settings);
    }
    for (section, keys) in
        others.iter().filter_map(|(section, _)| Some((section, table::section(section.kind)?)))
    {
        if section.kind != gpio::BUTTONS {
            settings.begin(section);
            apply(keys, sections.get(&section.id()), &mut settings);
        }
    }
    settings.accounts = vec![settings.sip.account.clone()];
    let common = Settings { sip: settings.sip.clone(), ..Settings::blank() };
    for (section, _) in accounts {
        settings.accounts.push(account(section, sections.get(&section.id()), &common));
    }
    settings
}

/// The account of a section with a name: what it does not say is as in `[sip]`.
fn account(section: &SectionName, values: Option<&Value>, common: &Settings) -> Account {
    let mut own = common.clone();
    let keys = table::section(table::ACCOUNTS).map_or(&[][..], |section| section.keys);
    for key in keys.iter().filter(|key| table::OF_AN_ACCOUNT.contains(&key.name)) {
        if let Some(text) = written(values, key) {
            // It was right when its layer was made.
            let _ = key.kind.apply(text, &mut own);
        }
    }
    let is_given = |name: &str| keys.iter().any(|key| key.name == name && written(values, key).is_some());
    let mut account = Account { section: section.name.clone().unwrap_or_default(), ..own.sip.account };
    // What proves one account proves no other, and is shown to no other server.
    if (is_given("user") || is_given("domain")) && !is_given("auth-user") {
        account.auth_user.clear();
    }
    if is_given("domain") && !is_given("pass") {
        account.pass.clear();
    }
    account
}

/// Puts the values of one section, or the defaults where it has none, into the settings.
fn apply(section: &Section, values: Option<&Value>, settings: &mut Settings) {
    for key in section.keys {
        let given = written(values, key);
        if given.is_some() || !key.default.is_empty() {
            // It was right when its layer was made; so are the defaults.
            let _ = key.kind.apply(given.unwrap_or(key.default), settings);
        }
    }
}

/// What one section says of a key.
fn written<'a>(values: Option<&'a Value>, key: &Key) -> Option<&'a str> {
    let ValueKind::Table(keys) = &values?.kind else { return None };
    match &keys.get(key.name)?.kind {
        ValueKind::String(text) => Some(text),
        _ => None,
    }
}

/// What was given, without the defaults.
fn given(layers: &[Layer]) -> BTreeMap<Slot, Given> {
    let mut all: BTreeMap<Slot, Given> = BTreeMap::new();
    let mut sections: BTreeMap<String, SectionName> = BTreeMap::new();
    for layer in layers.iter().skip(1) {
        for (slot, value) in &layer.given {
            // The first spelling of a section's name stays.
            let section = sections.entry(slot.0.clone()).or_insert_with(|| value.section.clone()).clone();
            all.insert(slot.clone(), Given { section, ..value.clone() });
        }
    }
    all
}

/// Holds jitter-min <= jitter-max <= latency-max; says so where the owner wrote otherwise.
fn settle(settings: &mut Settings, given: &BTreeMap<Slot, Given>, reader: &mut Reader<'_>) {
    let audio = &mut settings.audio;
    let mut hold = |value: &mut Duration, most: Duration, key: &'static str, other: &'static str| {
        if *value <= most {
            return;
        }
        *value = most;
        if let Some(written) = given.get(&("audio".to_owned(), key)) {
            let section = SectionName { kind: "audio", name: None };
            let problem = Problem::Contradiction { other, most };
            reader.report.error(&written.place, &format!("{section} {key}"), problem);
        }
    };
    hold(&mut audio.jitter_max, audio.latency_max, "jitter-max", "latency-max");
    hold(&mut audio.jitter_min, audio.jitter_max, "jitter-min", "jitter-max");
}
