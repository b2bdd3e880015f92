//! Where the configuration comes from: files, the environment, `--set`.

use super::arguments::Configuration;
use crate::config::{self, Loaded, Severity};
use core::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Reads everything that `configuration` names, over the files of [`STANDARD`] that exist, and the environment.
///
/// # Errors
/// When a file named on the command line cannot be read.
pub(super) fn read(configuration: &Configuration) -> Result<Read, ReadError> {
    let (mut texts, unread) = standard_files(&STANDARD);
    for path in &configuration.files {
        let text = std::fs::read(path).map_err(|source| ReadError { path: path.clone(), source })?;
        texts.push((path.display().to_string(), text));
    }
    let loaded = config::load(&borrowed(&texts), environment(), &configuration.sets);
    Ok(Read { loaded, texts, unread })
}

/// Reads all of it again. A file that cannot be read, or has become empty, says what it said `before`; a mistake leaves what
/// was right before.
pub(super) fn read_again(configuration: &Configuration, before: &Read) -> Read {
    let (mut texts, mut unread) = (Vec::new(), Vec::new());
    for path in files(configuration) {
        let name = path.display().to_string();
        let known = before.texts.iter().find(|(known, _)| *known == name);
        // What came out of a pipe is there no more.
        let is_pipe = std::fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir());
        if let Some(known) = known.filter(|_| is_pipe) {
            texts.push(known.clone());
            continue;
        }
        match (std::fs::read(path), known) {
            // A power cut, or an editor that was interrupted.
            (Ok(text), Some((_, known))) if text.is_empty() && !known.is_empty() => {
                let source = io::Error::new(io::ErrorKind::InvalidData, "it has become empty");
                unread.push(ReadError { path: path.to_owned(), source });
                texts.push((name, known.clone()));
            }
            (Ok(text), _) => texts.push((name, text)),
            (Err(error), None) if error.kind() == io::ErrorKind::NotFound => {}
            (Err(source), known) => {
                unread.push(ReadError { path: path.to_owned(), source });
                texts.extend(known.cloned());
            }
        }
    }
    let loaded = config::reload(&before.loaded, &borrowed(&texts), environment(), &configuration.sets);
    Read { loaded, texts, unread }
}

/// All files that are read, or looked for.
pub(super) fn files(configuration: &Configuration) -> impl Iterator<Item = &Path> {
    STANDARD.iter().map(Path::new).chain(configuration.files.iter().map(PathBuf::as_path))
}

/// The configuration. It has no `Debug`: texts hold secrets.
pub(super) struct Read {
    /// What came of all that could be read.
    pub(super) loaded: Loaded,
    /// The names and texts of files.
    texts: Vec<(String, Vec<u8>)>,
    /// Files that are there and cannot be read, or were there. A box never goes silent because of one.
    unread: Vec<ReadError>,
}

impl Read {
    /// Whether the same was read as `before`.
    pub(super) fn is_same(&self, before: &Self) -> bool {
        self.texts == before.texts && self.unread.len() == before.unread.len()
    }

    /// Logs what is wrong with the configuration.
    pub(super) fn report(&self) {
        for error in &self.unread {
            if self.texts.iter().any(|(name, _)| *name == error.path.display().to_string()) {
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

/// The files among `paths` that are there: names and texts, and those that cannot be read.
fn standard_files(paths: &[&str]) -> (Vec<(String, Vec<u8>)>, Vec<ReadError>) {
    let (mut texts, mut unread) = (Vec::new(), Vec::new());
    for &path in paths {
        match std::fs::read(path) {
            Ok(text) => texts.push((path.to_owned(), text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => unread.push(ReadError { path: path.into(), source }),
        }
    }
    (texts, unread)
}

fn borrowed(texts: &[(String, Vec<u8>)]) -> Vec<(&str, &[u8])> {
    texts.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect()
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
const STANDARD: [&str; 2] = ["/etc/paging.conf", "/boot/paging.conf"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standard_file_that_cannot_be_read_is_told_and_the_others_are_read() {
        let there = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        // A directory is there, and cannot be read as a file.
        let unreadable = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
        let missing = concat!(env!("CARGO_MANIFEST_DIR"), "/no such file");
        let (texts, unread) = standard_files(&[unreadable, missing, there]);
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
            let told: Vec<_> = read.unread.iter().map(ToString::to_string).collect();
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
