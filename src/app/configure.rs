//! `paging check` and `paging config`.

use super::arguments::Configuration;
use super::config_arguments::Shown;
use super::configuration::{self, Texts};
use super::reading::found;
use super::{EX_DATAERR, EX_NOINPUT, complain, print};
use crate::config::{self, Diagnostic, Loaded, NamedFile, Secrets};
use std::path::Path;
use std::process::ExitCode;

/// Finds every mistake in the files that are named, each judged without what else this machine has, or in what the
/// box would read.
pub(super) fn check(configuration: &Configuration) -> ExitCode {
    let is_named = !configuration.files.is_empty();
    let texts = if is_named { Texts::named(&configuration.files) } else { Texts::standard() };
    for error in &texts.unread {
        complain(error);
    }
    if is_named && texts.found.is_empty() {
        return ExitCode::from(EX_NOINPUT);
    }
    if !is_named && texts.found.is_empty() && texts.unread.is_empty() {
        complain(&format_args!(
            "neither {} is there: the defaults hold",
            configuration::STANDARD.join(" nor ")
        ));
    }
    let mut loaded = texts.load(!is_named, &configuration.sets);
    loaded.diagnostics.extend(missing(&loaded));
    let written = print(&config::check(&texts.borrowed(), &loaded));
    if written != ExitCode::SUCCESS {
        written
    } else if !texts.unread.is_empty() {
        ExitCode::from(EX_NOINPUT)
    } else if config::mistakes(&loaded) > 0 {
        ExitCode::from(EX_DATAERR)
    } else {
        ExitCode::SUCCESS
    }
}

/// The files that are named and not there. It is no mistake: the configuration may be for another machine.
fn missing(loaded: &Loaded) -> Vec<Diagnostic> {
    let files = config::files(loaded).into_iter().filter(|file| !is_there(file));
    files.take(MAX_MISSING).map(NamedFile::not_there).collect()
}

/// Where the box would look, and beside the file that names it, as they lie on a card in a computer.
fn is_there(file: &NamedFile) -> bool {
    let beside = Path::new(&file.place.source).parent().map(|folder| folder.join(&file.path));
    [Some(found(&file.path)), beside].into_iter().flatten().any(|path| path.try_exists().unwrap_or(true))
}

/// Prints a configuration.
pub(super) fn show(shown: Shown, configuration: &Configuration) -> ExitCode {
    match shown {
        Shown::Effective => effective(configuration),
        Shown::Defaults => print(&config::defaults()),
        Shown::Annotated => print(&config::annotated()),
        Shown::Markdown => print(&config::markdown()),
        Shown::Man => print(&config::man()),
    }
}

fn effective(configuration: &Configuration) -> ExitCode {
    let loaded = match configuration::read(configuration) {
        Ok(read) => read.loaded,
        Err(error) => {
            complain(&error);
            return ExitCode::from(EX_NOINPUT);
        }
    };
    match config::mistakes(&loaded) {
        0 => {}
        mistakes => complain(&format_args!("{mistakes} mistakes: \"paging check\" shows them")),
    }
    print(&config::effective(&loaded, Secrets::Hidden))
}

/// So many files that are missing are told one by one.
const MAX_MISSING: usize = 50;
