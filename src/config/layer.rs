//! What one text, the environment or a `--set` gives, as a source of the `config` crate.

use core::fmt;
use std::collections::BTreeMap;

use config::{ConfigError, Map, Source, Value};

use super::read::shortened;
use super::table::{self, Naming};
use super::{Place, SectionName};

/// A value that was given, was right, and is not overruled by a later layer.
#[derive(Clone, PartialEq, Eq)]
pub struct Given {
    /// Its section.
    pub section: SectionName,
    /// Its key as the table spells it.
    pub key: &'static str,
    /// The value as it was written.
    pub text: String,
    /// Whether it must not be shown.
    pub is_secret: bool,
    /// Where it was written.
    pub place: Place,
}

impl Given {
    /// Whether it is that of a key with its section, such as `[time] timezone`.
    #[must_use]
    pub fn is_of(&self, key: &str) -> bool {
        format!("{} {}", self.section, self.key).eq_ignore_ascii_case(key)
    }

    /// The value as a person may see it.
    pub(super) fn shown(&self) -> String {
        if self.is_secret { "it".to_owned() } else { shortened(&self.text) }
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = if self.is_secret { "…" } else { &self.text };
        write!(f, "{}: {} {} = {shown:?}", self.place, self.section, self.key)
    }
}

/// The id of a section, and a key.
pub(super) type Slot = (String, &'static str);

/// The good values of one source.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    pub(super) given: BTreeMap<Slot, Given>,
}

impl Layer {
    /// The defaults of the table.
    pub(super) fn defaults() -> Self {
        let place = Place { source: "default".to_owned(), position: None };
        let plain = table::SECTIONS.iter().filter(|section| section.naming != Naming::Always);
        let given = plain.flat_map(|section| {
            let name = SectionName { kind: section.kind, name: None };
            let place = place.clone();
            let valued =
                section.keys.iter().filter(|key| !key.default.is_empty() || key.kind.takes_nothing());
            valued.map(move |key| {
                let (section, place) = (name.clone(), place.clone());
                let (key, text, is_secret) = (key.name, key.default.to_owned(), key.kind.is_secret());
                ((section.id(), key), Given { section, key, text, is_secret, place })
            })
        });
        Self { given: given.collect() }
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    /// A table of sections, each a table of keys. Every value keeps its place as its origin. An id with a name in it has
    /// a blank, so that `config` does not take the dots and brackets of a name for a path.
    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let mut sections: Map<String, Map<String, Value>> = Map::new();
        for ((section, key), given) in &self.given {
            let value = Value::new(Some(&given.place.to_string()), given.text.clone());
            sections.entry(section.clone()).or_default().insert((*key).to_owned(), value);
        }
        Ok(sections.into_iter().map(|(id, keys)| (id, Value::new(None, keys))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::{Config, ValueKind};

    #[test]
    fn layers_merge_by_key_and_keep_their_origins() {
        let (below, above) = (layer("bell a.b[0]", "at", "1"), layer("bell a.b[0]", "play", "2"));
        let tree = Config::builder().add_source(below).add_source(above).build().unwrap().cache;
        let ValueKind::Table(sections) = tree.kind else { panic!("{tree:?}") };
        assert_eq!(sections.keys().collect::<Vec<_>>(), ["bell a.b[0]"]);
        let ValueKind::Table(keys) = &sections["bell a.b[0]"].kind else { panic!("{sections:?}") };
        assert_eq!(keys["at"], Value::new(Some(&"file 1".to_owned()), "1"));
        assert_eq!(keys["play"].origin(), Some("file 2"));
    }

    fn layer(section: &str, key: &'static str, text: &str) -> Layer {
        let (name, _) = SectionName::from_text(section).unwrap_or_else(|fault| panic!("{fault:?}"));
        let (place, slot) = (Place { source: format!("file {text}"), position: None }, (name.id(), key));
        let given = Given { section: name, key, text: text.to_owned(), is_secret: false, place };
        Layer { given: BTreeMap::from([(slot, given)]) }
    }
}
