//! Which files a configuration names: sounds, folders and lists of music. Whether they are there is for those who can look.

use super::references::behind;
use super::table;
use super::{Diagnostic, Kind, Loaded, Place, Problem, Severity, Sound, Source};
use std::path::PathBuf;

/// A file or folder, and where it is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// As it is written; it may be relative.
    pub path: PathBuf,
    /// Where.
    pub place: Place,
    /// By which key, such as `[audio] klaxon`.
    subject: String,
}

impl NamedFile {
    /// That it is not there.
    #[must_use]
    pub fn not_there(self) -> Diagnostic {
        let problem = Problem::NotThere { path: self.path.display().to_string() };
        Diagnostic { severity: Severity::Note, place: self.place, subject: self.subject, problem, hint: None }
    }
}

/// The files that are named by what counts, in the order of sections.
#[must_use]
pub fn files(loaded: &Loaded) -> Vec<NamedFile> {
    let mut files = Vec::new();
    for given in &loaded.given {
        let key = table::section(given.section.kind).and_then(|section| section.key(given.key));
        let mut name = |path, letters| {
            let subject = format!("{} {}", given.section, given.key);
            files.push(NamedFile { path, place: behind(&given.place, letters), subject });
        };
        match key.map(|key| key.kind) {
            Some(Kind::Sound(_)) => {
                if let Ok(Sound::File(path)) = Sound::from_text(&given.text) {
                    name(path, 0);
                }
            }
            Some(Kind::Sources(_)) => {
                let mut letters = 0;
                for part in given.text.split(',') {
                    let blanks = part.chars().take_while(|c| c.is_whitespace()).count();
                    if let Ok([Source::File(path)]) = Source::list(part).as_deref() {
                        name(path.clone(), letters + blanks);
                    }
                    letters += part.chars().count() + 1;
                }
            }
            _ => {}
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    #[test]
    fn every_file_that_is_named_has_its_place_and_streams_and_words_are_none() {
        let text = "[audio]\nklaxon = sounds/a.wav\nklaxon-after = gong\n[music]\nsource = http://x/, /srv/music, alsa:y, b.m3u\n";
        let files = files(&load(&[("a", text.as_bytes())], [], &[]));
        let told: Vec<_> = files.into_iter().map(|file| file.not_there().to_string()).collect();
        assert_eq!(
            told,
            [
                "a:2:10: note: [audio] klaxon: \"sounds/a.wav\" is not there, as far as this machine sees",
                "a:5:21: note: [music] source: \"/srv/music\" is not there, as far as this machine sees",
                "a:5:41: note: [music] source: \"b.m3u\" is not there, as far as this machine sees",
            ]
        );
    }
}
