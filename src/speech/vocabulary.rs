//! The words of the box.

use core::fmt;

/// A word, or a few that are said in one piece.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(u8);

/// How a word is written and said.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// As the log and the index of the clips have it.
    pub text: &'static str,
    /// As flite is to read it.
    pub say: &'static str,
}

impl Word {
    /// All there are.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..).take(ENGLISH.len()).map(Self)
    }

    /// A digit from 0 to 9, or a letter from a to z in either case; `None` for all others.
    #[must_use]
    pub const fn of_char(c: char) -> Option<Self> {
        match c {
            '0'..='9' => Some(Self(c as u8 - b'0')),
            'a'..='z' => Some(Self(c as u8 - b'a' + FIRST_LETTER)),
            'A'..='Z' => Some(Self(c as u8 - b'A' + FIRST_LETTER)),
            _ => None,
        }
    }

    /// The word of this text. Evaluated by the compiler, so that a word that is not in the table does not compile.
    pub(super) const fn of(text: &str) -> Self {
        let mut index = 0;
        while index < ENGLISH.len() {
            if is_same(ENGLISH[index].text.as_bytes(), text.as_bytes()) {
                #[expect(clippy::cast_possible_truncation, reason = "a test counts them")]
                return Self(index as u8);
            }
            index += 1;
        }
        panic!("not in the vocabulary")
    }

    /// The word of this text, if there is one.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        Self::all().find(|word| word.text() == text)
    }

    /// How it is written.
    #[must_use]
    pub fn text(self) -> &'static str {
        ENGLISH.get(usize::from(self.0)).map_or("", |entry| entry.text)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Word({})", self.text())
    }
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}

const fn entry(text: &'static str, say: &'static str) -> Entry {
    Entry { text, say }
}

/// Where the letters begin.
const FIRST_LETTER: u8 = 10;

/// The vocabulary: digits, letters, and the rest. After a change run `ci/speech/make`.
#[rustfmt::skip]
pub const ENGLISH: &[Entry] = &[
    entry("0", "zero"), entry("1", "one"), entry("2", "two"), entry("3", "three"), entry("4", "four"),
    entry("5", "five"), entry("6", "six"), entry("7", "seven"), entry("8", "eight"), entry("9", "nine"),
    entry("a", "A"), entry("b", "B"), entry("c", "C"), entry("d", "D"), entry("e", "E"), entry("f", "F"),
    entry("g", "G"), entry("h", "H"), entry("i", "I"), entry("j", "J"), entry("k", "K"), entry("l", "L"),
    entry("m", "M"), entry("n", "N"), entry("o", "O"), entry("p", "P"), entry("q", "Q"), entry("r", "R"),
    entry("s", "S"), entry("t", "T"), entry("u", "U"), entry("v", "V"), entry("w", "W"), entry("x", "X"),
    entry("y", "Y"), entry("z", "zed"),
    entry("point", "point"),
    entry("colon", "colon"),
    entry("dash", "dash"),
    entry("this is the paging box", "This is the paging box."),
    entry("the address is", "The address is."),
    entry("there is no network", "There is no network."),
    entry("a sound card is missing", "A sound card is missing."),
    entry("no mistakes in the configuration", "No mistakes in the configuration."),
    entry("there is a mistake in the configuration", "There is a mistake in the configuration."),
    entry("there are mistakes in the configuration", "There are mistakes in the configuration."),
    entry("line number", "line number"),
    entry("and more", "and more"),
    entry("extension", "Extension"),
    entry("account", "Account"),
    entry("is not registered", "is not registered."),
    entry("the password is wrong", "The password is wrong."),
    entry("the server does not accept it", "The server does not accept it."),
    entry("the server is not found", "The server is not found."),
    entry("the server does not answer", "The server does not answer."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn digits_and_letters_are_where_they_are_looked_for() {
        for c in ('0'..='9').chain('a'..='z') {
            assert_eq!(Word::of_char(c).unwrap().text(), c.to_string());
            assert_eq!(Word::of_char(c.to_ascii_uppercase()), Word::of_char(c));
        }
        assert_eq!(['.', 'ä', '-', ' '].map(Word::of_char), [None; 4]);
    }

    #[test]
    fn no_word_is_there_twice_and_all_of_them_can_be_counted() {
        let texts: BTreeSet<_> = ENGLISH.iter().map(|entry| entry.text).collect();
        assert_eq!((texts.len(), Word::all().count()), (ENGLISH.len(), ENGLISH.len()));
        assert!(ENGLISH.len() < usize::from(u8::MAX));
        assert!(ENGLISH.iter().all(|entry| !entry.text.contains(['\t', '\n']) && !entry.say.is_empty()));
    }

    #[test]
    fn a_word_is_found_by_its_text() {
        for entry in ENGLISH {
            assert_eq!(Word::of(entry.text).text(), entry.text);
        }
    }
}
