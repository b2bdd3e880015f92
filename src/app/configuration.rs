//! Where the configuration comes from: files, the environment, `--set`.

use super::arguments::Configuration;
use crate::config::{self, Diagnostic, Loaded, LogLevel, Severity};
use crate::status::{self, Mistake};
use core::fmt;
use log::LevelFilter;
use std::io;
use std::path::PathBuf;

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
    let texts: Vec<_> = texts.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect();
    let loaded = config::load(&texts, std::env::vars_os().filter_map(as_text), &configuration.sets);
    Ok(Read { loaded, unread })
}

/// The configuration.
pub(super) struct Read {
    /// What came of all that could be read.
    pub(super) loaded: Loaded,
    /// Files that are there and cannot be read. A box never goes silent because of one.
    unread: Vec<ReadError>,
}

impl Read {
    /// How many files could not be read.
    pub(super) fn unread(&self) -> usize {
        self.unread.len()
    }

    /// Logs what is wrong with the configuration.
    pub(super) fn report(&self) {
        for error in &self.unread {
            log::error!("{error}; the rest of the configuration holds");
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
        let unread = self.unread.iter().map(|error| Mistake {
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

/// The level of the `log` crate.
pub(super) fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Off => LevelFilter::Off,
        LogLevel::Error => LevelFilter::Error,
        LogLevel::Warn => LevelFilter::Warn,
        LogLevel::Info => LevelFilter::Info,
        LogLevel::Debug => LevelFilter::Debug,
        LogLevel::Trace => LevelFilter::Trace,
    }
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
}
