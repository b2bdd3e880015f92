//! What `paging check` says: each mistake under the line it is in, then notes, then what the box would do.
//!
//! Decides how mistakes are shown and that no secret is. Leaves out files and exit codes.

use core::fmt::Write;

use super::decode::decode;
use super::hint::is_harmless;
use super::outlook::outlook;
use super::scan::{Item, scan};
use super::{Diagnostic, Loaded, MAX_TEXT_BYTES, Position, Problem, Severity};

/// What is wrong with `loaded`, which came of `texts` (name and bytes), and what it makes the box do.
#[must_use]
pub fn check(texts: &[(&str, &[u8])], loaded: &Loaded) -> String {
    let sources: Vec<_> = texts.iter().map(|(name, bytes)| Listing::new(name, bytes)).collect();
    let mut diagnostics: Vec<_> = loaded.diagnostics.iter().collect();
    diagnostics.sort_by_key(|diagnostic| {
        let place = &diagnostic.place;
        let source = sources.iter().position(|source| source.name == place.source).unwrap_or(sources.len());
        // What counts the others comes last.
        (
            diagnostic.severity == Severity::Note,
            matches!(diagnostic.problem, Problem::More { .. }),
            source,
            place.position,
        )
    });
    let mut text = String::new();
    let mut was_error = false;
    for diagnostic in diagnostics {
        let is_error = diagnostic.severity == Severity::Error;
        if was_error && !is_error {
            text.push('\n');
        }
        was_error = is_error;
        let listing = sources.iter().find(|source| source.name == diagnostic.place.source);
        match (is_error, listing) {
            (true, Some(listing)) => listing.show(diagnostic, &mut text),
            _ => line(&mut text, &diagnostic.to_string()),
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    line(&mut text, &summary(loaded));
    line(&mut text, "\nWith this the box");
    for sentence in outlook(loaded) {
        line(&mut text, &format!("  - {sentence}"));
    }
    text
}

/// How many mistakes are among the diagnostics, with those that are not told one by one.
#[must_use]
pub fn mistakes(loaded: &Loaded) -> usize {
    count(loaded, Severity::Error)
}

fn summary(loaded: &Loaded) -> String {
    let plural = |count: usize, word: &str| match count {
        0 => format!("no {word}s"),
        1 => format!("1 {word}"),
        _ => format!("{count} {word}s"),
    };
    let (mistakes, notes) = (mistakes(loaded), count(loaded, Severity::Note));
    let all_right = if mistakes == 0 { ": all right" } else { "; what is wrong is as if it were not there" };
    format!("{}, {}{all_right}", plural(mistakes, "mistake"), plural(notes, "note"))
}

fn count(loaded: &Loaded, severity: Severity) -> usize {
    let of = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity);
    of.map(|diagnostic| match diagnostic.problem {
        Problem::More { count } => count,
        _ => 1,
    })
    .sum()
}

/// A text by lines, without its secrets.
struct Listing<'a> {
    name: &'a str,
    text: String,
}

impl<'a> Listing<'a> {
    fn new(name: &'a str, bytes: &[u8]) -> Self {
        Self { name, text: decode(&bytes[..bytes.len().min(MAX_TEXT_BYTES)]) }
    }

    /// The diagnostic, its line, and a caret under its place.
    fn show(&self, diagnostic: &Diagnostic, text: &mut String) {
        let Diagnostic { place, severity, hint, .. } = diagnostic;
        line(text, &format!("{place}: {severity}: {}", diagnostic.message()));
        let Some(Position { line: number, column }) = place.position else { return };
        let Some(written) =
            (number as usize).checked_sub(1).and_then(|index| self.text.split('\n').nth(index))
        else {
            return;
        };
        let at = column as usize - 1;
        let shown = without_secret(written);
        let length = found(&diagnostic.problem).unwrap_or_else(|| underlined(written, at));
        let length = length.clamp(1, shown.chars().count().saturating_sub(at).max(1));
        let (shown, at, length) = window(&shown, at, length);
        let margin = number.to_string().len().max(4);
        line(text, &format!("{number:>margin$} | {shown}"));
        let hint = hint.as_ref().map(|hint| format!(" did you mean {hint}?")).unwrap_or_default();
        line(text, &format!("{:margin$} | {:at$}{}{hint}", "", "", "^".repeat(length)));
    }
}

/// The line with every letter one column wide. What stands behind anything that may be meant for a secret is left out.
fn without_secret(written: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let content = written.trim_start();
    let is_end = |c: char| c == '=' || c == ':';
    let end = content.find(is_end).or_else(|| content.find(char::is_whitespace)).unwrap_or(content.len());
    let key = content[..end].trim_end();
    let key_end = written.len() - content.len() + end;
    if content.starts_with('[') {
        let end = content.find(']').map_or(end, |end| end + 1);
        return written[..written.len() - content.len() + end].chars().map(clean).collect();
    }
    if is_harmless(key) {
        return written.trim_end().chars().map(clean).collect();
    }
    let rest = &written[key_end..];
    let value = rest.find(|c: char| !(c == '=' || c == ':' || c.is_whitespace())).unwrap_or(rest.len());
    let kept = written[..key_end + value].chars().map(clean).collect::<String>();
    if value == rest.len() { kept } else { format!("{kept}\u{2026}") }
}

/// How many letters were found in place of what was expected, where it is known.
fn found(problem: &Problem) -> Option<usize> {
    match problem {
        Problem::Value { found, .. } if !found.ends_with('\u{2026}') => Some(found.chars().count()),
        Problem::NoSuchZone { name } => Some(name.chars().count()),
        _ => None,
    }
}

/// How many letters at `at` belong to what is wrong: a key, a value, a header.
fn underlined(written: &str, at: usize) -> usize {
    let rest: String = written.chars().skip(at).collect();
    let item = scan(written, |_, _| false).next();
    let end = match item {
        Some((_, Item::Header { .. })) => rest.find(']').map(|end| end + 1),
        Some((start, Item::Pair { key, .. })) if start.column as usize == at + 1 => Some(key.len()),
        Some((_, Item::Pair { value, value_at, .. })) => {
            let before = (at + 1).saturating_sub(value_at.column as usize);
            Some(value.chars().skip(before).map(char::len_utf8).sum())
        }
        _ => rest.find(char::is_whitespace),
    };
    let end = end.unwrap_or(rest.len()).min(rest.len());
    rest.get(..end).map_or(1, |part| part.trim_end().chars().count())
}

/// What fits on a screen of a long line.
fn window(shown: &str, at: usize, length: usize) -> (String, usize, usize) {
    let letters = shown.chars().count();
    if letters <= WIDTH {
        return (shown.to_owned(), at, length);
    }
    let first = at.saturating_sub(WIDTH / 3).min(letters - WIDTH);
    let part: String = shown.chars().skip(first).take(WIDTH).collect();
    (part, at - first, length.min(WIDTH - (at - first).min(WIDTH - 1)))
}

fn line(text: &mut String, line: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{line}");
}

/// Letters of a line that are shown.
const WIDTH: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    fn told(text: &str) -> String {
        let texts = [("a.conf", text.as_bytes())];
        check(&texts, &load(&texts, [], &[]))
    }

    #[test]
    fn a_mistake_stands_above_its_line_and_a_caret_below_it() {
        let told = told("[sip]\nptime = 25 ; ms\ncodecs = G722, opus, PCMA\n[bell x]\n\tat = 8.00 Mon\n");
        let expected = "\
a.conf:2:9: error: [sip] ptime: expected a multiple of 10ms, found \"25\"; 20ms stays in force
   2 | ptime = 25 ; ms
     |         ^^ did you mean 20ms?
a.conf:3:16: error: [sip] codecs: expected a list of G722, PCMA, PCMU, L16, found \"opus\"; G722, PCMA, PCMU, L16 stays in force
   3 | codecs = G722, opus, PCMA
     |                ^^^^
a.conf:5:7: error: [bell x] at: expected times and then days such as 08:00 Mon-Fri or 08:00, 09:45 Sat, found \"8.00 Mon\"; it is left out
   5 |  at = 8.00 Mon
     |       ^^^^^^^^ did you mean 8:00 Mon?

a.conf:4:1: note: [bell x]: is known but does nothing yet

3 mistakes, 1 note; what is wrong is as if it were not there
";
        assert!(told.starts_with(expected), "{told}");
    }

    #[test]
    fn no_secret_is_ever_shown() {
        let lines = [
            "[sip]\npass = a\nPass = hunter2\n",
            "[sip]\npass hunter2\n",
            "[sip]\npasswd: hunter2\n",
            "[sip]\npasswort=hunter2\n",
            "pass = hunter2\n",
            "[spi]\npass = hunter2\nfoo\n",
            "[sip\npass = hunter2\npass = hunter2\n",
            "[sip]\npin = hunter2\n",
            "[network]\nwifi-password = hunter2\u{7}\nwifi_pasword = hunter2\npsk = hunter2",
            "[sip]\nsecret hunter2\n",
            "[spi] pass = hunter2\n[sip pass = hunter2\n",
            "[sip]\npasword = hunter2\npas = hunter2\npaswort: hunter2\nword = hunter2\n",
            "[sip]\n// the password is hunter2\nmy password = hunter2\n",
        ];
        for text in lines {
            let told = told(text);
            assert!(told.contains("error") && !told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn a_long_line_is_shown_around_its_mistake() {
        let text =
            format!("[sip]\ncodecs = {}, opus, {}\n", ["PCMA"; 50].join(", "), ["PCMA"; 50].join(", "));
        let told = told(&text);
        let lines: Vec<_> = told.lines().collect();
        assert!(lines[1].contains("opus") && lines[1].chars().count() <= WIDTH + 7, "{told}");
        let column = lines[2].find('^').unwrap();
        assert_eq!(&lines[1][column..column + 4], "opus", "{told}");
    }

    #[test]
    fn notes_come_behind_mistakes_and_all_in_the_order_of_the_file() {
        let told = told("[audio]\nagc = yes\nrate = 1\n[sip]\nptime = x\n[update]\nkey = x\n");
        let places: Vec<_> =
            told.lines().filter(|line| line.starts_with("a.conf")).map(|line| &line[..9]).collect();
        assert_eq!(places, ["a.conf:3:", "a.conf:5:", "a.conf:2:", "a.conf:7:"]);
    }
}
