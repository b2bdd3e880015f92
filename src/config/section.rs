//! Sections by kind and name.

use core::fmt;

use super::table::{self, Naming, Section};
use super::terms::KEYS;
use super::wanted::is_number;

/// What stands between brackets: `[sip]`, `[bell Morning]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionName {
    /// The kind as the table spells it.
    pub kind: &'static str,
    /// The name as the owner spelt it first.
    pub name: Option<String>,
}

/// Why a header leads to no section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SectionFault {
    Unknown,
    NeedsName,
    TakesNoName,
    NeedsNumber,
}

impl SectionName {
    /// Reads what stands between brackets. Letter case and `_` for `-` do not matter in the kind; a name is any text.
    pub(super) fn from_text(text: &str) -> Result<(Self, &'static Section), SectionFault> {
        let mut words = text.split_whitespace();
        let kind = normal(words.next().unwrap_or_default());
        let section = table::section(&kind).ok_or(SectionFault::Unknown)?;
        let name = words.collect::<Vec<_>>().join(" ");
        let name = name.trim_matches(|c: char| c == '"' || c.is_whitespace()).to_owned();
        let name = if name.is_empty() { None } else { Some(name) };
        match (section.naming, &name) {
            (Naming::Never, Some(_)) => Err(SectionFault::TakesNoName),
            (Naming::Always, None) => Err(SectionFault::NeedsName),
            (_, Some(number)) if ["announcement", KEYS].contains(&section.kind) && !is_number(number) => {
                Err(SectionFault::NeedsNumber)
            }
            _ => Ok((Self { kind: section.kind, name }, section)),
        }
    }

    /// The section of an environment variable: `sip`, or `bell_morning` for `[bell morning]`.
    pub(super) fn from_variable(text: &str) -> Result<(Self, &'static Section), SectionFault> {
        match text.split_once('_') {
            Some((kind, name)) if table::section(&normal(kind)).is_some() => {
                Self::from_text(&format!("{kind} {name}"))
            }
            _ => Self::from_text(text),
        }
    }

    /// The same for every spelling of the same section.
    pub(super) fn id(&self) -> String {
        match &self.name {
            Some(name) => format!("{} {}", self.kind, normal(name)),
            None => self.kind.to_owned(),
        }
    }
}

impl fmt::Display for SectionName {
    /// With brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "[{} {}]", self.kind, name.escape_debug()),
            None => write!(f, "[{}]", self.kind),
        }
    }
}

/// Keys and kinds of sections are the same in any letter case, and with `_` for `-`.
pub(super) fn normal(word: &str) -> String {
    word.trim().to_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_spelling_and_is_the_same_in_any() {
        let (morning, _) = SectionName::from_text(" Bell  Morning Break ").unwrap();
        assert_eq!(morning.to_string(), "[bell Morning Break]");
        let (again, _) = SectionName::from_text("BELL \"morning  break\"").unwrap();
        assert_eq!(again.id(), morning.id());
    }

    #[test]
    fn names_are_demanded_allowed_or_refused() {
        assert_eq!(SectionName::from_text("bell").unwrap_err(), SectionFault::NeedsName);
        assert_eq!(SectionName::from_text("audio hall").unwrap_err(), SectionFault::TakesNoName);
        assert_eq!(SectionName::from_text("announcement hall").unwrap_err(), SectionFault::NeedsNumber);
        assert_eq!(SectionName::from_text("").unwrap_err(), SectionFault::Unknown);
        assert!(SectionName::from_text("sip").is_ok() && SectionName::from_text("sip hall").is_ok());
    }

    #[test]
    fn a_variable_names_a_section_by_underscores() {
        assert_eq!(SectionName::from_variable("bell_morning").unwrap().0.id(), "bell morning");
        assert_eq!(SectionName::from_variable("sip").unwrap().0.id(), "sip");
    }
}
