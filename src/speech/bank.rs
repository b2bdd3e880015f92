//! The clips of all words, in one file that is part of the program.
//!
//! ```text
//! paging speech 1 \n
//! text TAB bytes \n      one line for each clip, in the order of the clips
//! \n
//! G.722 of 64 kbit/s, each clip from a decoder that has heard nothing
//! ```
//! `ci/speech/make` writes it from the [`vocabulary`](super::vocabulary). What a broken file does not have is not said;
//! a test of this module sees to it that all of it is there.

use super::Word;

/// The clips of a language.
#[derive(Debug)]
pub struct Bank<'a> {
    clips: Vec<(&'a str, &'a [u8])>,
}

impl Bank<'static> {
    /// The clips that come with the program.
    #[must_use]
    pub fn english() -> Self {
        Self::new(include_bytes!("english.g722"))
    }
}

impl<'a> Bank<'a> {
    /// The clips of a file, as far as it is one.
    #[must_use]
    pub fn new(file: &'a [u8]) -> Self {
        let mut lines = file.split(|&byte| byte == b'\n');
        let mut head = 0;
        let mut next = || lines.next().map(|line| (head += line.len() + 1, line).1);
        let mut index = Vec::new();
        if next() == Some(MAGIC) {
            index.extend(core::iter::from_fn(|| next().and_then(read_line)));
        }
        let mut rest = file.get(head..).unwrap_or_default();
        let mut take = |bytes: usize| {
            let (clip, behind) = rest.split_at_checked(bytes)?;
            rest = behind;
            Some(clip)
        };
        Self { clips: index.into_iter().map_while(|(text, bytes)| Some((text, take(bytes)?))).collect() }
    }

    /// A file of these clips.
    #[must_use]
    pub fn write(clips: &[(&str, &[u8])]) -> Vec<u8> {
        let lines = clips.iter().map(|(text, clip)| format!("{text}\t{}\n", clip.len()));
        let head: String = lines.collect();
        let sounds: Vec<&[u8]> = clips.iter().map(|(_, clip)| *clip).collect();
        [MAGIC, b"\n", head.as_bytes(), b"\n", &sounds.concat()].concat()
    }

    /// A word as G.722; nothing if it is not there.
    #[must_use]
    pub fn clip(&self, word: Word) -> &'a [u8] {
        let text = word.text();
        self.clips.iter().find(|(named, _)| *named == text).map_or(&[], |(_, clip)| clip)
    }
}

fn read_line(line: &[u8]) -> Option<(&str, usize)> {
    let (text, bytes) = str::from_utf8(line).ok()?.split_once('\t')?;
    Some((text, bytes.parse().ok()?))
}

const MAGIC: &[u8] = b"paging speech 1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gives_back_what_was_written() {
        let file = Bank::write(&[("1", b"abc"), ("point", b""), ("is not registered", b"\n\n\tx")]);
        let bank = Bank::new(&file);
        let texts = ["1", "point", "is not registered", "2"];
        assert_eq!(texts.map(|text| bank.clip(Word::of(text))), [&b"abc"[..], b"", b"\n\n\tx", b""]);
    }

    #[test]
    fn a_file_cut_short_has_the_clips_before_the_cut_and_no_file_has_none() {
        let file = Bank::write(&[("1", b"abc"), ("2", b"defg")]);
        for length in 0..=file.len() {
            let bank = Bank::new(&file[..length]);
            let (one, two) = (bank.clip(Word::of("1")), bank.clip(Word::of("2")));
            assert!(one == b"abc" || one.is_empty() && two.is_empty());
            assert!(two == b"defg" && length == file.len() || two.is_empty());
        }
        assert!(Bank::new(b"RIFF\nabc\t3\n\nabc").clips.is_empty());
    }

    #[test]
    fn every_word_has_a_clip_and_every_clip_a_word() {
        let bank = Bank::english();
        let texts: Vec<_> = bank.clips.iter().map(|(text, _)| *text).collect();
        let words: Vec<_> = Word::all().map(Word::text).collect();
        assert_eq!(texts, words, "the vocabulary has changed: run ci/speech/make");
        // A tenth of a second to four.
        for word in Word::all() {
            let bytes = bank.clip(word).len();
            assert!((800..32_000).contains(&bytes), "{word}: {bytes} bytes");
        }
        assert!(include_bytes!("english.g722").len() < 350 * 1024);
    }
}
