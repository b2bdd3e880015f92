//! Collects diagnostics, within bounds.

use super::{Diagnostic, Place, Problem, Severity};

/// Diagnostics in order, at most [`MAX_DIAGNOSTICS`] and a last one that counts the rest.
#[derive(Debug, Default)]
pub(super) struct Report {
    list: Vec<Diagnostic>,
    notes: usize,
    untold: usize,
    /// The worst of them.
    untold_severity: Option<Severity>,
}

impl Report {
    /// Adds what `make` makes, or counts it when there is no room. Notes leave room for errors.
    pub(super) fn push(&mut self, severity: Severity, make: impl FnOnce() -> Diagnostic) {
        let is_note = severity == Severity::Note;
        let is_full = self.is_full() || (is_note && self.notes >= MAX_NOTES);
        if is_full {
            self.untold += 1;
            self.untold_severity = self.untold_severity.max(Some(severity));
            return;
        }
        self.notes += usize::from(is_note);
        self.list.push(make());
    }

    /// Whether nothing more is told.
    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= MAX_DIAGNOSTICS
    }

    /// An error without a hint.
    pub(super) fn error(&mut self, place: &Place, subject: &str, problem: Problem) {
        self.plain(Severity::Error, place, subject, problem);
    }

    /// A note.
    pub(super) fn note(&mut self, place: &Place, subject: &str, problem: Problem) {
        self.plain(Severity::Note, place, subject, problem);
    }

    /// All of them.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        if let (Some(last), Some(severity)) = (self.list.last(), self.untold_severity) {
            let place = Place { source: last.place.source.clone(), position: None };
            let problem = Problem::More { count: self.untold };
            self.list.push(Diagnostic { severity, place, subject: String::new(), problem, hint: None });
        }
        self.list
    }

    fn plain(&mut self, severity: Severity, place: &Place, subject: &str, problem: Problem) {
        let (place, subject) = (place.clone(), subject.to_owned());
        self.push(severity, || Diagnostic { severity, place, subject, problem, hint: None });
    }
}

/// The most diagnostics that are told; one more counts the others.
pub const MAX_DIAGNOSTICS: usize = 100;
/// The most notes among them.
const MAX_NOTES: usize = 50;
