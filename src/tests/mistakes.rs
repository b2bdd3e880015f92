//! Typical mistakes of real people, and what `paging check` says to them: `ci/testdata/mistakes.txt`, in blocks of
//!
//! ```text
//! === what is wrong
//! the file, or with "(UTF-16)", "(UTF-8 with BOM)" or "(Latin-1)" in the line above that in this form
//! ---
//! the answer
//! ```
//! `ci/generate` makes the answers again.

use crate::config::{check, load};
use std::fs;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ci/testdata/mistakes.txt");

#[test]
fn typical_mistakes_get_the_answers_that_are_written_down() {
    let written = fs::read_to_string(FILE).unwrap();
    let blocks: Vec<_> = written.split("=== ").skip(1).map(Block::new).collect();
    assert!(blocks.len() >= 30, "only {} mistakes", blocks.len());
    let made: String = blocks.iter().map(Block::with_its_answer).collect();
    if std::env::var_os("PAGING_GENERATE").is_some() {
        fs::write(FILE, made).unwrap();
        return;
    }
    for (block, made) in blocks.iter().zip(made.split("=== ").skip(1)) {
        assert_eq!(block.whole, made, "\"{}\": ci/generate makes {FILE} again", block.title);
    }
}

#[test]
fn no_answer_shows_a_secret() {
    let written = fs::read_to_string(FILE).unwrap();
    for block in written.split("=== ").skip(1).map(Block::new) {
        assert!(!block.answer().contains("hunter2"), "{}", block.title);
    }
}

struct Block<'a> {
    whole: &'a str,
    title: &'a str,
    file: &'a str,
}

impl<'a> Block<'a> {
    fn new(whole: &'a str) -> Self {
        let (title, rest) = whole.split_once('\n').unwrap();
        let (file, _) = rest.split_once("---\n").unwrap_or_else(|| panic!("{title}: no --- line"));
        Self { whole, title, file }
    }

    fn with_its_answer(&self) -> String {
        format!("=== {}\n{}---\n{}\n", self.title, self.file, self.answer())
    }

    /// What is wrong, without what the box would do.
    fn answer(&self) -> String {
        let bytes = self.bytes();
        let texts = [("paging.conf", bytes.as_slice())];
        let answer = check(&texts, &load(&texts, [], &[]));
        answer.split("\nWith this the box").next().unwrap().to_owned()
    }

    fn bytes(&self) -> Vec<u8> {
        let windows = self.file.replace('\n', "\r\n");
        match self.title {
            title if title.contains("(UTF-16)") => {
                format!("\u{feff}{windows}").encode_utf16().flat_map(u16::to_le_bytes).collect()
            }
            title if title.contains("(UTF-8 with BOM)") => format!("\u{feff}{windows}").into_bytes(),
            title if title.contains("(Latin-1)") => {
                windows.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
            }
            _ => self.file.as_bytes().to_vec(),
        }
    }
}
