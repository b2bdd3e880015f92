//! What was probably meant.

use super::section::normal;
use super::table::{self, Key, Section};
use super::{Kind, LogPart, SectionName, logging, value};

/// The nearest key of the section, or the same key of another one.
pub(super) fn near_key(section: &SectionName, keys: &Section, name: &str) -> Option<String> {
    let near = nearest(name, keys.keys.iter().map(|key| key.name));
    near.map(|near| format!("{section} {near}")).or_else(|| key_elsewhere(name))
}

/// The nearest key of the section.
pub(super) fn near_table_key(keys: &'static Section, name: &str) -> Option<&'static Key> {
    keys.key(nearest(name, keys.keys.iter().map(|key| key.name))?)
}

/// The same key where it is known.
pub(super) fn key_elsewhere(name: &str) -> Option<String> {
    let section = table::SECTIONS.iter().find(|section| section.key(name).is_some())?;
    Some(format!("[{}] {name}", section.kind))
}

/// The nearest section.
pub(super) fn near_section(text: &str) -> Option<String> {
    near_section_kind(text).map(|kind| format!("[{kind}]"))
}

/// Its kind.
pub(super) fn near_section_kind(text: &str) -> Option<&'static str> {
    let kind = normal(text.split_whitespace().next().unwrap_or_default());
    nearest(&kind, table::SECTIONS.iter().map(|section| section.kind))
}

/// The part or the level that a list of levels means.
pub(super) fn near_value(kind: &Kind, text: &str) -> Option<String> {
    let Kind::LogLevels(_) = kind else { return None };
    let word = logging::strange_word(text)?.to_lowercase();
    let parts = LogPart::ALL.map(LogPart::as_str);
    nearest(&word, parts.into_iter().chain(value::LOG_LEVELS.iter().copied())).map(str::to_owned)
}

/// The word at most a third of its letters away.
fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > MAX_WORD_BYTES {
        return None;
    }
    let far = |candidate: &str| strsim::damerau_levenshtein(word, candidate);
    let (distance, candidate) = candidates.map(|candidate| (far(candidate), candidate)).min()?;
    if distance <= (candidate.len() / 3).max(1) { Some(candidate) } else { None }
}

/// Longer words are no slips of the pen.
const MAX_WORD_BYTES: usize = 40;
