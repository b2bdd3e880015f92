//! Where the configuration comes from: files, the environment, `--set`.

use super::arguments::Configuration;
use crate::config::{self, Diagnostic, Loaded, Severity};
use crate::status::{self, Mistake};
use core::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Reads everything that `configuration` names, over the files of [`STANDARD`] that exist, and the environment.
///
/// # Errors
/// When a file named on the command line cannot be read.
pub(super) fn read(configuration: &Configuration) -> Result<Read, ReadError> {
    let mut texts = Texts::standard();
    let Texts { texts: named, unread } = Texts::named(&configuration.files);
    if let Some(error) = unread.into_iter().next() {
        return Err(error);
    }
    texts.texts.extend(named);
    Ok(Read { loaded: texts.load(true, &configuration.sets), texts })
}

/// Reads all of it again. A file that cannot be read, or has become empty, says what it said `before`; a mistake leaves what
/// was right before.
pub(super) fn read_again(configuration: &Configuration, before: &Read) -> Read {
    let mut all = Texts::default();
    for path in files(configuration) {
        let name = path.display().to_string();
        let known = before.texts.texts.iter().find(|(known, _)| *known == name);
        // What came out of a pipe is there no more.
        let is_pipe = std::fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir());
        if let Some(known) = known.filter(|_| is_pipe) {
            all.texts.push(known.clone());
            continue;
        }
        match (std::fs::read(path), known) {
            // A power cut, or an editor that was interrupted.
            (Ok(text), Some((_, known))) if text.is_empty() && !known.is_empty() => {
                let source = io::Error::new(io::ErrorKind::InvalidData, "it has become empty");
                all.unread.push(ReadError { path: path.to_owned(), source });
                all.texts.push((name, known.clone()));
            }
            (Ok(text), _) => all.texts.push((name, text)),
            (Err(error), None) if error.kind() == io::ErrorKind::NotFound => {}
            (Err(source), known) => {
                all.unread.push(ReadError { path: path.to_owned(), source });
                all.texts.extend(known.cloned());
            }
        }
    }
    let loaded = config::reload(&before.loaded, &all.borrowed(), environment(), &configuration.sets);
    Read { loaded, texts: all }
}

/// All files that are read, or looked for.
pub(super) fn files(configuration: &Configuration) -> impl Iterator<Item = &Path> {
    STANDARD.iter().map(Path::new).chain(configuration.files.iter().map(PathBuf::as_path))
}

/// Files: names and texts, and those that cannot be read, or could before. A box never goes silent because of one. They have
/// no `Debug`: texts hold secrets.
#[derive(Default)]
pub(super) struct Texts {
    pub(super) texts: Vec<(String, Vec<u8>)>,
    pub(super) unread: Vec<ReadError>,
}

impl Texts {
    /// Those of [`STANDARD`] that are there.
    pub(super) fn standard() -> Self {
        Self::existing(&STANDARD)
    }

    /// Files that have to be there.
    pub(super) fn named(paths: &[PathBuf]) -> Self {
        let mut all = Self::default();
        for path in paths {
            match std::fs::read(path) {
                Ok(text) => all.texts.push((path.display().to_string(), text)),
                Err(source) => all.unread.push(ReadError { path: path.clone(), source }),
            }
        }
        all
    }

    /// What they say, with or without the environment.
    pub(super) fn load(&self, with_environment: bool, sets: &[String]) -> Loaded {
        config::load(&self.borrowed(), with_environment.then(environment).into_iter().flatten(), sets)
    }

    pub(super) fn borrowed(&self) -> Vec<(&str, &[u8])> {
        self.texts.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect()
    }

    fn existing(paths: &[&str]) -> Self {
        let mut all = Self::named(&paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        all.unread.retain(|error| error.source.kind() != io::ErrorKind::NotFound);
        all
    }
}

/// The configuration.
pub(super) struct Read {
    /// What came of all that could be read.
    pub(super) loaded: Loaded,
    texts: Texts,
}

impl Read {
    /// Whether the same was read as `before`.
    pub(super) fn is_same(&self, before: &Self) -> bool {
        self.texts.texts == before.texts.texts && self.texts.unread.len() == before.texts.unread.len()
    }

    /// Logs what is wrong with the configuration.
    pub(super) fn report(&self) {
        for error in &self.texts.unread {
            if self.texts.texts.iter().any(|(name, _)| *name == error.path.display().to_string()) {
                log::error!("{error}; what it said before stays in force");
            } else {
                log::error!("{error}; the rest of the configuration holds");
            }
        }
        for diagnostic in &self.loaded.diagnostics {
            match diagnostic.severity {
                Severity::Error => log::error!("{diagnostic}"),
                Severity::Note => log::warn!("{diagnostic}"),
            }
        }
    }
}

impl Read {
    /// The same, for those who ask later.
    pub(super) fn mistakes(&self) -> Vec<Mistake> {
        let unread = self.texts.unread.iter().map(|error| Mistake {
            severity: status::Severity::Error,
            source: error.path.display().to_string(),
            line: None,
            column: None,
            text: format!("cannot be read: {}", error.source),
        });
        unread.chain(self.loaded.diagnostics.iter().map(mistake)).collect()
    }
}

fn mistake(diagnostic: &Diagnostic) -> Mistake {
    let (place, hint) = (&diagnostic.place, &diagnostic.hint);
    let hint = hint.as_ref().map(|hint| format!("; did you mean {hint}?")).unwrap_or_default();
    Mistake {
        severity: match diagnostic.severity {
            Severity::Error => status::Severity::Error,
            Severity::Note => status::Severity::Note,
        },
        source: place.source.clone(),
        line: place.position.map(|position| position.line),
        column: place.position.map(|position| position.column),
        text: diagnostic.message() + &hint,
    }
}

fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(as_text)
}

fn as_text((name, value): (std::ffi::OsString, std::ffi::OsString)) -> Option<(String, String)> {
    Some((name.into_string().ok()?, value.into_string().ok()?))
}

/// A file that was named and cannot be read.
#[derive(Debug)]
pub(super) struct ReadError {
    path: PathBuf,
    source: io::Error,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read {}: {}", self.path.display(), self.source)
    }
}

/// Read first, where they exist; later ones win.
pub(super) const STANDARD: [&str; 2] = ["/etc/paging.conf", "/boot/paging.conf"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standard_file_that_cannot_be_read_is_told_and_the_others_are_read() {
        let there = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        // A directory is there, and cannot be read as a file.
        let unreadable = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
        let missing = concat!(env!("CARGO_MANIFEST_DIR"), "/no such file");
        let Texts { texts, unread } = Texts::existing(&[unreadable, missing, there]);
        let names: Vec<_> = texts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, [there]);
        let [error] = unread.as_slice() else { panic!("{unread:?}") };
        assert!(error.to_string().starts_with(&format!("cannot read {unreadable}: ")), "{error}");
    }

    #[test]
    fn a_file_that_vanishes_or_becomes_empty_says_what_it_said() {
        let folder = std::env::temp_dir().join(format!("pagingbox-{}-again", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("paging.conf");
        let configuration = Configuration { files: vec![path.clone()], sets: Vec::new() };
        std::fs::write(&path, "[sip]\nuser = 7\nptime = 30\n").unwrap();
        let mut read = super::read(&configuration).unwrap();
        let mut again = |text: Option<&str>| {
            match text {
                Some(text) => std::fs::write(&path, text).unwrap(),
                None => std::fs::remove_file(&path).unwrap(),
            }
            read = read_again(&configuration, &read);
            let told: Vec<_> = read.texts.unread.iter().map(ToString::to_string).collect();
            (read.loaded.settings.sip.account.user.clone(), read.loaded.settings.sip.ptime.as_millis(), told)
        };
        let name = folder.join("paging.conf").display().to_string();
        assert_eq!(again(Some("[sip]\nuser = 7\nptime = x\n")), ("7".to_owned(), 30, vec![]));
        assert_eq!(
            again(Some("")),
            ("7".to_owned(), 30, vec![format!("cannot read {name}: it has become empty")])
        );
        let (user, ptime, told) = again(None);
        assert_eq!((user.as_str(), ptime, told.len()), ("7", 30, 1));
        assert_eq!(again(Some("[sip]\nuser = 8\n")), ("8".to_owned(), 20, vec![]));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
