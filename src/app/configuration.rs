//! Where the configuration comes from: files, the environment, `--set`.

use super::arguments::Configuration;
use crate::config::{self, Diagnostic, Loaded, LogLevel, Severity};
use core::fmt;
use log::LevelFilter;
use std::io;
use std::path::PathBuf;

/// Reads everything that `configuration` names, over the files of [`STANDARD`] that exist, and the environment.
///
/// # Errors
/// When a file named on the command line cannot be read.
pub(super) fn load(configuration: &Configuration) -> Result<Loaded, ReadError> {
    let mut texts = Vec::new();
    for path in STANDARD {
        if let Ok(text) = std::fs::read(path) {
            texts.push((path.to_owned(), text));
        }
    }
    for path in &configuration.files {
        let text = std::fs::read(path).map_err(|source| ReadError { path: path.clone(), source })?;
        texts.push((path.display().to_string(), text));
    }
    let texts: Vec<_> = texts.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect();
    Ok(config::load(&texts, std::env::vars_os().filter_map(as_text), &configuration.sets))
}

/// Logs what is wrong with the configuration.
pub(super) fn report(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        match diagnostic.severity {
            Severity::Error => log::error!("{diagnostic}"),
            Severity::Note => log::warn!("{diagnostic}"),
        }
    }
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
