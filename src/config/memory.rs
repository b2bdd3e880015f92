//! What was right before: a reload with mistakes keeps it.
//!
//! ```text
//!  before                     now                          in force
//!  ptime = 30       ->        ptime = 3x                   30, of the same file
//!  ptime = 30       ->        ptmie = 40                   30: what was meant is known, and not what it should be
//!  [sip] pass = x   ->        [spi] pass = x               x
//!  ptime = 30       ->        (no line)                    as the layer below says
//!  ptime = 30       ->        (the text is cut off)        30
//! ```
//! Values are remembered by the text, the variable or the `--set` that they stood in, so that a mistake in one of them
//! brings back no value that another one overrules.

use std::collections::BTreeMap;

use super::hint::{near_section_kind, near_table_key};
use super::known::Known;
use super::layer::{Given, Layer, Slot};
use super::read::Reader;
use super::section::normal;
use super::table::Section;
use super::{Place, Problem, SectionName};

/// The good values of all layers but the defaults, and the texts that they were in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Memory {
    values: BTreeMap<(String, Slot), Given>,
    texts: BTreeMap<String, Known>,
}

/// What one text has probably meant to say.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    keys: Vec<(Slot, Place)>,
    sections: Vec<(String, Place)>,
}

impl Memory {
    /// What `layers` hold, the defaults first, and these texts.
    pub(super) fn of(layers: &[Layer], texts: BTreeMap<String, Known>) -> Self {
        let given = layers.iter().skip(1).flat_map(|layer| &layer.given);
        let value =
            |(slot, given): (&Slot, &Given)| ((given.place.source.clone(), slot.clone()), given.clone());
        Self { values: given.map(value).collect(), texts }
    }

    /// The box was well with all of this.
    pub(super) fn is_good(&mut self) {
        self.texts.values_mut().for_each(|text| text.is_good = true);
    }

    /// What this text was.
    pub(super) fn text(&self, source: &str) -> Option<&Known> {
        self.texts.get(source)
    }

    /// What the same source said of this key.
    pub(super) fn of_key(&self, source: &str, slot: &Slot) -> Option<&Given> {
        self.values.get(&(source.to_owned(), slot.clone()))
    }

    /// All that the same source said.
    fn of_source(&self, source: &str) -> impl Iterator<Item = (&Slot, &Given)> {
        let values = self.values.iter().filter(move |((known, _), _)| known == source);
        values.map(|((_, slot), given)| (slot, given))
    }

    /// What the same source said in this section.
    fn of_section(&self, source: &str, id: &str) -> impl Iterator<Item = (&Slot, &Given)> {
        let values = self.values.iter().filter(move |((known, slot), _)| known == source && slot.0 == id);
        values.map(|((_, slot), given)| (slot, given))
    }
}

impl Suspects {
    /// There is no such key in this section.
    pub(super) fn unknown_key(
        &mut self,
        section: &SectionName,
        keys: &'static Section,
        name: &str,
        place: &Place,
    ) {
        if let Some(key) = near_table_key(keys, name) {
            self.keys.push(((section.id(), key.name), place.clone()));
        }
    }

    /// There is no such section as `[text]`.
    pub(super) fn unknown_section(&mut self, text: &str, place: &Place) {
        let Some(kind) = near_section_kind(text) else { return };
        let name = text.split_whitespace().skip(1).collect::<Vec<_>>().join(" ");
        let id = if name.is_empty() { kind.to_owned() } else { format!("{kind} {}", normal(&name)) };
        self.sections.push((id, place.clone()));
    }
}

impl Reader<'_> {
    /// Keeps what a text said before and has meant to say again, as far as it does not say it all the same.
    pub(super) fn keep_suspects(&mut self, suspects: Suspects, layer: &mut Layer) {
        let memory = self.before;
        for (slot, place) in suspects.keys {
            if !layer.given.contains_key(&slot)
                && let Some(given) = memory.of_key(&place.source, &slot)
            {
                let problem = Problem::Kept { in_force: given.shown() };
                self.report.note(&place, &format!("{} {}", given.section, given.key), problem);
                self.keep(given, layer);
            }
        }
        for (id, place) in suspects.sections {
            let missing =
                memory.of_section(&place.source, &id).filter(|(slot, _)| !layer.given.contains_key(*slot));
            let missing: Vec<_> = missing.map(|(_, given)| given).collect();
            if let Some(first) = missing.first() {
                self.report.note(&place, &first.section.to_string(), Problem::SectionKept);
            }
            for given in missing {
                self.keep(given, layer);
            }
        }
    }

    /// Keeps what a text said before and says no more, because it was cut off in its last line.
    pub(super) fn keep_rest(&mut self, end: &Place, layer: &mut Layer) {
        let line = |place: &Place| place.position.map(|position| position.line);
        let is_whole = |given: &Given| given.place.source != end.source || line(&given.place) != line(end);
        let missing = self.before.of_source(&end.source).filter(|(slot, before)| {
            let given = layer.given.get(*slot);
            given.is_none_or(|given| !is_whole(given) && given.text != before.text)
        });
        let missing: Vec<_> = missing.map(|(_, given)| given).collect();
        self.report.error(end, "", Problem::CutOff { kept: missing.len() });
        for given in missing {
            self.keep(given, layer);
        }
    }

    /// Takes a value of before for one of `layer`.
    pub(super) fn keep(&mut self, given: &Given, layer: &mut Layer) {
        self.see(&given.section, &given.place);
        layer.given.insert((given.section.id(), given.key), given.clone());
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use crate::config::{Loaded, load, reload};

    fn first(text: &str) -> Loaded {
        load(&[("paging.conf", text.as_bytes())], [], &[])
    }

    fn again(before: &Loaded, text: &str) -> Loaded {
        reload(before, &[("paging.conf", text.as_bytes())], [], &[])
    }

    fn told(loaded: &Loaded) -> Vec<String> {
        loaded.diagnostics.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_mistake_keeps_the_last_good_value_however_often_it_is_read() {
        let mut loaded = first("[sip]\nptime = 30\ndscp-rtp = 0\n");
        for _ in 0..3 {
            loaded = again(&loaded, "[sip]\n\nptime = soon\n");
            assert_eq!(
                (loaded.settings.sip.ptime, loaded.settings.sip.dscp_rtp),
                (Duration::from_millis(30), 46)
            );
            let error = "paging.conf:3:9: error: [sip] ptime: expected a time such as 250ms, 5s, 5m or 2h, found \"soon\"; \
                         30 stays in force";
            assert_eq!(told(&loaded), [error]);
        }
        let mended = again(&loaded, "[sip]\nptime = 40\n");
        assert_eq!((mended.settings.sip.ptime, told(&mended)), (Duration::from_millis(40), vec![]));
        assert_eq!(
            again(&mended, "").settings.sip.ptime,
            Duration::from_millis(20),
            "a line that is gone is gone"
        );
    }

    #[test]
    fn a_value_of_another_file_is_no_last_good_one() {
        let texts = |a: &'static [u8], b: &'static [u8]| [("a", a), ("b", b)];
        let before = load(&texts(b"[sip]\nptime = 30\n", b"[sip]\nptime = 40\n"), [], &[]);
        let after = reload(&before, &texts(b"[sip]\nptime = x\n", b""), [], &[]);
        assert_eq!(after.settings.sip.ptime, Duration::from_millis(30));
        let after = reload(&before, &texts(b"[sip]\nptime = 50\n", b"[sip]\nptime = x\n"), [], &[]);
        assert_eq!(after.settings.sip.ptime, Duration::from_millis(40));
    }

    #[test]
    fn a_misspelt_key_and_a_misspelt_section_keep_what_was_meant() {
        let before =
            first("[sip]\ndomain = pbx\nuser = 501\npass = one\n[zone hall]\ndevice = null\nvolume = 50\n");
        let after = again(&before, "[sip]\ndomain = pbx\nusr = 502\npas = two\n[zoen Hall]\nvolume = 60\n");
        let [account] = after.settings.accounts.as_slice() else { panic!("{after:?}") };
        assert_eq!((account.user.as_str(), account.pass.as_str()), ("501", "one"));
        assert_eq!(after.settings.zones, before.settings.zones);
        let notes: Vec<_> = told(&after).into_iter().filter(|line| line.contains("note")).collect();
        let expected = [
            "paging.conf:3:1: note: [sip] user: is not given any more but for the mistake above; 501 stays in force",
            "paging.conf:4:1: note: [sip] pass: is not given any more but for the mistake above; it stays in force",
            "paging.conf:5:1: note: [zone hall]: is not given any more but for the mistake above; what it said stays in force",
        ];
        assert_eq!(notes, expected);
        let right = again(&before, "[sip]\ndomain = pbx\nuser = 503\nusr = 502\n");
        assert_eq!(right.settings.accounts[0].user, "503");
        assert_eq!(right.settings.accounts[0].pass, "");
    }

    #[test]
    fn a_secret_that_is_wrong_stays_what_it_was_and_unseen() {
        let before = first("[sip]\ndomain = pbx\nuser = 501\npass = Geheim\n");
        let after = again(&before, "[sip]\ndomain = pbx\nuser = 501\npass = Neu\u{7}\n");
        assert_eq!(after.settings.accounts[0].pass, "Geheim");
        let error = "paging.conf:4:8: error: [sip] pass: expected text without control characters, at most 1024 letters, \
                     found \"…\"; the one before stays in force";
        assert_eq!(told(&after), [error]);
        assert!(!format!("{after:?}").contains("Geheim"));
    }

    #[test]
    fn reading_the_same_again_changes_nothing() {
        let text = "[sip]\nuser = 7\nptime = x\n[sip b]\ndomain = d\nuser = 1\n[zone z]\n[zone y]\nvolume = 5\nq = 1\n";
        let before = first(text);
        assert_eq!(again(&before, text), before);
    }
}
