//! Lists of zones and groups by name.

use super::Expected;

/// Where something is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ZoneNames {
    /// In every zone.
    All,
    /// In these zones and groups, as they are written; never none.
    Named(Vec<String>),
}

impl ZoneNames {
    /// Reads `all`, or a list of names. Whether there are such zones is known when everything has been read.
    pub(super) fn from_text(text: &str) -> Result<Self, Expected> {
        let names: Vec<_> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        if names.iter().any(|name| name.eq_ignore_ascii_case(ALL)) {
            return Ok(Self::All);
        }
        let is_name = |name: &&str| name.len() <= 64 && !name.chars().any(char::is_control);
        if names.is_empty() || names.len() > MAX_NAMES || !names.iter().all(is_name) {
            return Err(Expected::Zones);
        }
        Ok(Self::Named(names.into_iter().map(str::to_owned).collect()))
    }
}

/// Every zone.
const ALL: &str = "all";
/// Each zone has a channel of its own, and eight cards have 64.
const MAX_NAMES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_all_or_named() {
        assert_eq!(ZoneNames::from_text("hall, All"), Ok(ZoneNames::All));
        let named = ZoneNames::Named(vec!["hall".to_owned(), "Yard 2".to_owned()]);
        assert_eq!(ZoneNames::from_text("hall,Yard 2,"), Ok(named));
        for text in ["", " , ", "a\u{7}", &"x,".repeat(65)] {
            assert_eq!(ZoneNames::from_text(text), Err(Expected::Zones), "{text}");
        }
    }
}
