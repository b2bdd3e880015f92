//! What was found wrong while the box started, one line each in a file of its folder: `paging boot` and the scripts write
//! it, the service tells it like a mistake of the configuration, for nobody sees a console.
//!
//! ```text
//! [time] timezone = Europe/Bonn: is not in this image; UTC counts     of a value
//! [network] wifi-ssid: this image has no wpa_supplicant               of a key, whatever it says
//! /boot could not be mounted                                          of the machine
//! ```
//! Decides which line of the configuration it is about, and when it is mended: what is said of a value ends with that value.

use crate::config::Given;
use core::fmt;

/// One of them. It prints as its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The key that it is about, such as `[time] timezone`; empty: none.
    key: String,
    /// The value of it.
    value: Option<String>,
    text: String,
}

impl Finding {
    /// Something is wrong with the value of a key.
    #[must_use]
    pub fn of_value(key: &str, value: &str, text: &str) -> Self {
        Self { key: key.to_owned(), value: Some(value.to_owned()), text: one_line(text) }
    }

    /// Something is wrong with the machine.
    #[must_use]
    pub fn of_machine(text: &str) -> Self {
        Self { key: String::new(), value: None, text: one_line(text) }
    }

    /// Reads a line.
    #[must_use]
    pub fn from_line(line: &str) -> Self {
        Self::of_key(line).unwrap_or_else(|| Self::of_machine(line))
    }

    /// What was found, without the key.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The key that it is about; `None`: it is about the machine.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        (!self.key.is_empty()).then_some(&self.key)
    }

    /// Where that is written in a configuration that gives `given`; `None`: it is not, or says something else now.
    #[must_use]
    pub fn cause<'a>(&self, given: &'a [Given]) -> Option<&'a Given> {
        let key = self.key()?;
        let is_said = |given: &Given| self.value.as_ref().is_none_or(|value| *value == given.text);
        given.iter().find(|given| given.is_of(key)).filter(|given| is_said(given))
    }

    fn of_key(line: &str) -> Option<Self> {
        let (subject, text) = line.split_once(": ").filter(|_| line.starts_with('['))?;
        let (key, value) = match subject.split_once(" = ") {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (subject, None),
        };
        let is_key = key.split_once("] ").is_some_and(|(_, key)| !key.is_empty());
        is_key.then(|| Self { key: key.to_owned(), value, text: one_line(text) })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.key(), &self.value) {
            (Some(key), Some(value)) => write!(f, "{key} = {value}: {}", self.text),
            (Some(key), None) => write!(f, "{key}: {}", self.text),
            (None, _) => f.write_str(&self.text),
        }
    }
}

/// Reads what the file holds; what was found twice is one.
#[must_use]
pub fn findings(text: &str) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for finding in text.lines().filter(|line| !line.trim().is_empty()).map(Finding::from_line) {
        if all.len() < MAX_FINDINGS && !all.contains(&finding) {
            all.push(finding);
        }
    }
    all
}

fn one_line(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// More would hide the first of them.
const MAX_FINDINGS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    const BONN: &str = "[time] timezone = Europe/Bonn: is not in this image; UTC counts";

    #[test]
    fn a_finding_is_its_line_and_the_line_is_it() {
        let made = [
            Finding::of_value("[time] timezone", "Europe/Bonn", "is not in this image; UTC counts"),
            Finding::of_machine("/boot could not be mounted:\ngoing on"),
        ];
        assert_eq!(made.each_ref().map(ToString::to_string), [BONN, "/boot could not be mounted: going on"]);
        for line in
            [BONN, "[network] wifi-ssid: no: none", "nothing is remembered: x: y", "[no key", "[a]: b"]
        {
            assert_eq!(Finding::from_line(line).to_string(), line);
        }
        assert_eq!(Finding::from_line(BONN), made[0]);
    }

    #[test]
    fn a_finding_ends_with_the_value_that_it_is_about() {
        let line_of = |line: &str, text: &str| {
            let given = load(&[("a", text.as_bytes())], [], &[]).given;
            Finding::from_line(line).cause(&given).map(|given| given.place.to_string())
        };
        assert_eq!(line_of(BONN, "[time]\ntimezone = Europe/Bonn\n"), Some("a:2:12".to_owned()));
        assert_eq!(line_of(BONN, "[time]\ntimezone = Europe/Berlin\n"), None);
        assert_eq!(line_of(BONN, ""), None);
        let wifi = "[network] wifi-ssid: this image has no wpa_supplicant";
        assert_eq!(line_of(wifi, "[network]\nwifi-ssid = anything\n"), Some("a:2:13".to_owned()));
        assert_eq!(line_of(wifi, "[network]\n"), None);
    }

    #[test]
    fn what_is_found_again_is_told_once_and_not_all_of_very_many() {
        assert_eq!(findings(&format!("{BONN}\n\n{BONN}\nx\n")).len(), 2);
        let many: Vec<_> = (0..100).map(|number| number.to_string()).collect();
        assert_eq!(findings(&many.join("\n")).len(), MAX_FINDINGS);
    }
}
