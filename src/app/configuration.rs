//! Where the configuration comes from: files, the environment, `--set`.
//!
//! A file that says nothing is no reason to be silent. While the box runs, what it said before stands in for it; at a start
//! the last good configuration does, where there is one (`--last-good`): the whole of it for a file that is missing, empty or
//! cannot be read, single values of it for those that are wrong, and for those that a file which ends too early has lost.

use super::arguments::Configuration;
use super::confine::is_appliance;
use crate::appliance::{FINDINGS, Finding, findings};
use crate::config::{self, Diagnostic, Loaded, Place, Settings, Severity, Timing, is_blank};
use crate::status::{self, Mistake};
use core::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Reads everything that `configuration` names, over the files of [`STANDARD`] that exist, and the environment.
///
/// # Errors
/// When a file named on the command line cannot be read, and nothing stands in for it.
pub(super) fn read(configuration: &Configuration) -> Result<Read, ReadError> {
    let mut read = read_what_is_there(configuration);
    let texts = &mut read.texts;
    let is_lacking =
        |error: &ReadError| configuration.files.contains(&error.path) && !texts.stands_in(&error.path);
    match texts.unread.iter().position(is_lacking) {
        Some(index) => Err(texts.unread.swap_remove(index)),
        None => Ok(read),
    }
}

/// The same; what cannot be read is left out.
pub(super) fn read_what_is_there(configuration: &Configuration) -> Read {
    let last_good = LastGood::of(configuration);
    let mut texts = Texts::default();
    for path in STANDARD.iter().map(Path::new) {
        texts.take(path, last_good.as_ref());
    }
    let Texts { unread, stand_ins, .. } = &mut texts;
    unread.retain(|error| error.source.kind() != io::ErrorKind::NotFound || stand_ins.contains(&error.path));
    for path in &configuration.files {
        texts.take(path, last_good.as_ref());
    }
    let (texts_of_all, sets) = (texts.borrowed(), &configuration.sets);
    let mut loaded = match &last_good {
        Some(good) => config::reload(&good.loaded(), &texts_of_all, environment(), sets),
        None => config::load(&texts_of_all, environment(), sets),
    };
    texts.pass_over_stand_ins(&mut loaded);
    Read { loaded, texts, findings: found_at_the_start() }
}

/// Reads all of it again. A file that cannot be read, or has become empty, says what it said `before`; a mistake leaves what
/// was right before.
pub(super) fn read_again(configuration: &Configuration, before: &Read) -> Read {
    let mut all = Texts::default();
    for path in files(configuration) {
        let name = path.display().to_string();
        let known = before.texts.found.iter().find(|(known, _)| *known == name);
        // What came out of a pipe is there no more.
        let is_pipe = std::fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir());
        if let Some(known) = known.filter(|_| is_pipe) {
            all.found.push(known.clone());
            continue;
        }
        if before.texts.stands_in(path) {
            all.stand_ins.push(path.to_owned());
        }
        match (bytes_of(path), known) {
            // A power cut, or an editor that was interrupted.
            (Ok(text), Some((_, known))) if is_blank(&text) && !is_blank(known) => {
                let source = io::Error::new(io::ErrorKind::InvalidData, "it has become empty");
                all.unread.push(ReadError { path: path.to_owned(), source });
                all.found.push((name, known.clone()));
            }
            (Ok(text), _) => {
                all.stand_ins.retain(|known| known != path);
                all.found.push((name, text));
            }
            (Err(error), None) if error.kind() == io::ErrorKind::NotFound => {}
            (Err(source), known) => {
                all.unread.push(ReadError { path: path.to_owned(), source });
                all.found.extend(known.cloned());
            }
        }
    }
    let mut loaded = config::reload(&before.loaded, &all.borrowed(), environment(), &configuration.sets);
    all.pass_over_stand_ins(&mut loaded);
    Read { loaded, texts: all, findings: found_at_the_start() }
}

/// All files that are read, or looked for.
pub(super) fn files(configuration: &Configuration) -> impl Iterator<Item = &Path> {
    STANDARD.iter().map(Path::new).chain(configuration.files.iter().map(PathBuf::as_path))
}

/// The file that a person edits.
fn edited(configuration: &Configuration) -> &Path {
    configuration.files.last().map_or(Path::new(STANDARD[1]), PathBuf::as_path)
}

/// Files: names and texts, and those that cannot be read, or could before. A box never goes silent because of one. They have
/// no `Debug`: texts hold secrets.
#[derive(Default)]
pub(super) struct Texts {
    pub(super) found: Vec<(String, Vec<u8>)>,
    pub(super) unread: Vec<ReadError>,
    /// Files in whose place the last good configuration stands.
    stand_ins: Vec<PathBuf>,
}

/// What a box came up with before and was well: what one file said then.
struct LastGood {
    /// The file.
    path: PathBuf,
    text: Vec<u8>,
}

impl LastGood {
    /// That of the file that a person edits. There is none before the first good start.
    fn of(configuration: &Configuration) -> Option<Self> {
        let text = bytes_of(configuration.last_good.as_ref()?).ok().filter(|text| !is_blank(text))?;
        Some(Self { path: edited(configuration).to_owned(), text })
    }

    fn loaded(&self) -> Loaded {
        config::last_good(&self.path.display().to_string(), &self.text)
    }
}

/// What is in a file, as far as it is looked at: what was put on the card by mistake may be longer than memory is.
fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    let most = u64::try_from(config::MAX_TEXT_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes).map(|_| bytes)
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
            match bytes_of(path) {
                Ok(text) => all.found.push((path.display().to_string(), text)),
                Err(source) => all.unread.push(ReadError { path: path.clone(), source }),
            }
        }
        all
    }

    /// Reads a file; where it says nothing, what it said when the box was well stands in for it.
    fn take(&mut self, path: &Path, last_good: Option<&LastGood>) {
        let (name, good) = (path.display().to_string(), last_good.filter(|good| good.path == path));
        let source = match (bytes_of(path), good) {
            (Ok(text), Some(_)) if is_blank(&text) => {
                io::Error::new(io::ErrorKind::InvalidData, "it is empty")
            }
            (Ok(text), _) => return self.found.push((name, text)),
            (Err(error), _) => error,
        };
        self.unread.push(ReadError { path: path.to_owned(), source });
        if let Some(good) = good {
            self.stand_ins.push(path.to_owned());
            self.found.push((name, good.text.clone()));
        }
    }

    fn stands_in(&self, path: &Path) -> bool {
        self.stand_ins.iter().any(|known| known == path)
    }

    /// What was to be said of the last good configuration was said in its time, and of lines that nobody sees now.
    fn pass_over_stand_ins(&self, loaded: &mut Loaded) {
        let is_of_one = |source: &str| self.stands_in(Path::new(source));
        loaded.diagnostics.retain(|diagnostic| !is_of_one(&diagnostic.place.source));
    }

    /// What counts in place of a file that says nothing.
    fn instead(&self, error: &ReadError) -> &'static str {
        if self.stands_in(&error.path) {
            "the last good configuration, of before, is in force"
        } else if self.found.iter().any(|(name, _)| *name == error.path.display().to_string()) {
            "what it said before stays in force"
        } else {
            "the rest of the configuration holds"
        }
    }

    /// What they say, with or without the environment.
    pub(super) fn load(&self, with_environment: bool, sets: &[String]) -> Loaded {
        config::load(&self.borrowed(), with_environment.then(environment).into_iter().flatten(), sets)
    }

    pub(super) fn borrowed(&self) -> Vec<(&str, &[u8])> {
        self.found.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect()
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
    /// What was wrong when the card image started.
    findings: Vec<Finding>,
}

impl Read {
    /// What was loaded from no file.
    #[cfg(test)]
    pub(super) const fn of(loaded: Loaded) -> Self {
        let texts = Texts { found: Vec::new(), unread: Vec::new(), stand_ins: Vec::new() };
        Self { loaded, texts, findings: Vec::new() }
    }

    /// Whether the same was read as `before`.
    pub(super) fn is_same(&self, before: &Self) -> bool {
        self.texts.found == before.texts.found
            && self.texts.unread.len() == before.texts.unread.len()
            && self.findings == before.findings
    }

    /// Whether the file that a person edits says anything, or the last good one in its place. The defaults are nobody's wish.
    pub(super) fn says_anything(&self, configuration: &Configuration) -> bool {
        let path = edited(configuration).display().to_string();
        self.texts.found.iter().any(|(name, text)| *name == path && !is_blank(text))
    }

    /// Logs what is wrong with the configuration.
    pub(super) fn report(&self) {
        for error in &self.texts.unread {
            log::error!("{error}; {}", self.texts.instead(error));
        }
        for diagnostic in &self.loaded.diagnostics {
            match diagnostic.severity {
                Severity::Error => log::error!("{diagnostic}"),
                Severity::Note => log::warn!("{diagnostic}"),
            }
        }
        for mistake in self.mistakes_of_the_start() {
            log::error!("{mistake}");
        }
    }
}

impl Read {
    /// Logs what only the card image reads, on a machine that is none.
    pub(super) fn tell_of_the_card(&self) {
        let changes = config::changes(&Settings::default(), &self.loaded.settings);
        let of_the_card: Vec<_> =
            changes.iter().filter(|change| change.timing == Timing::Start).map(ToString::to_string).collect();
        if !of_the_card.is_empty() && !Path::new(CARD).exists() {
            log::warn!("{}: for the card image only; this machine has its own", of_the_card.join(", "));
        }
    }

    /// What is wrong, for those who ask later.
    pub(super) fn mistakes(&self) -> Vec<Mistake> {
        let unread = self.texts.unread.iter().map(|error| {
            let text = format!("cannot be read: {}; {}", error.source, self.texts.instead(error));
            Mistake::of(error.path.display().to_string(), text)
        });
        let diagnostics = self.loaded.diagnostics.iter().map(mistake);
        unread.chain(diagnostics).chain(self.mistakes_of_the_start()).collect()
    }

    /// A mistake that names a key, with the line of it where that is written in a file.
    pub(super) fn placed(&self, mistake: Mistake) -> Mistake {
        // Several keys may name one file: the first of them.
        let is_first = |key: &str| {
            mistake.source.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with(", "))
        };
        let named =
            self.loaded.given.iter().find(|given| is_first(&format!("{} {}", given.section, given.key)));
        match named.filter(|given| given.place.position.is_some()) {
            Some(given) => at(&given.place, format!("{}: {}", mistake.source, mistake.text)),
            None => mistake,
        }
    }

    /// What was wrong when the machine started, and is not mended: what its values were, it was with.
    fn mistakes_of_the_start(&self) -> impl Iterator<Item = Mistake> {
        self.findings.iter().filter_map(|finding| match finding.cause(&self.loaded.given) {
            Some(cause) => Some(at(&cause.place, finding.to_string())),
            None if finding.key().is_some() => None,
            None => Some(Mistake::of(START.to_owned(), finding.text().to_owned())),
        })
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

/// A mistake at a place.
fn at(place: &Place, text: String) -> Mistake {
    let (line, column) = place.position.map(|position| (position.line, position.column)).unzip();
    Mistake { line, column, ..Mistake::of(place.source.clone(), text) }
}

/// What `paging boot` and the scripts of the card image have written down.
fn found_at_the_start() -> Vec<Finding> {
    let path = Path::new(BOX).join(FINDINGS);
    let bytes = if is_appliance() { bytes_of(&path).unwrap_or_default() } else { Vec::new() };
    findings(&String::from_utf8_lossy(&bytes))
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

/// Where what was wrong with the machine has its place.
const START: &str = "start";
/// The folder of `paging boot` on the card image.
pub(super) const BOX: &str = "/run/box";
/// What the card image knows of itself (image/stamp).
const CARD: &str = "/usr/lib/paging/meta";
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
        let Texts { found: texts, unread, .. } = Texts::existing(&[unreadable, missing, there]);
        let names: Vec<_> = texts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, [there]);
        let [error] = unread.as_slice() else { panic!("{unread:?}") };
        assert!(error.to_string().starts_with(&format!("cannot read {unreadable}: ")), "{error}");
    }

    #[test]
    fn what_was_wrong_at_the_start_is_a_mistake_until_its_value_is_mended() {
        let lines = "/boot could not be mounted\n[time] timezone = Europe/Bonn: it is not in this image\n";
        let of = |text: &str| {
            let loaded = config::load(&[("paging.conf", text.as_bytes())], [], &[]);
            let read = Read { findings: findings(lines), ..Read::of(loaded) };
            read.mistakes().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let card = "start: error: /boot could not be mounted";
        let zone = "paging.conf:2:12: error: [time] timezone = Europe/Bonn: it is not in this image";
        assert_eq!(of("[time]\ntimezone = Europe/Bonn\n"), [card, zone]);
        assert_eq!(of("[time]\ntimezone = Europe/Berlin\n"), [card]);
    }

    #[test]
    fn a_mistake_of_a_file_has_the_line_of_the_first_key_that_names_it() {
        let text = "[caller a]\nfrom = 1\nklaxon = x.wav\n[announcement 3]\nplay = y.wav\n";
        let sets = ["audio.klaxon=z.wav".to_owned()];
        let read = Read::of(config::load(&[("paging.conf", text.as_bytes())], [], &sets));
        let placed =
            |source: &str| read.placed(Mistake::of(source.to_owned(), "gone".to_owned())).to_string();
        let several = "[caller a] klaxon, [zone hall] klaxon";
        assert_eq!(placed(several), format!("paging.conf:3:10: error: {several}: gone"));
        assert_eq!(placed("[announcement 3] play"), "paging.conf:5:8: error: [announcement 3] play: gone");
        assert_eq!(placed("[audio] klaxon"), "[audio] klaxon: error: gone", "it stands in no file");
    }

    /// What the box runs with, and what it says, when `now` is what it finds in place of `good`.
    fn after(name: &str, good: &[u8], now: Option<&[u8]>) -> (String, u128, Vec<String>) {
        let folder = std::env::temp_dir().join(format!("pagingbox-{}-good-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let (path, last_good) = (folder.join("paging.conf"), folder.join("last-good.conf"));
        std::fs::write(&last_good, good).unwrap();
        match now {
            Some(b"a folder") => std::fs::create_dir(&path).unwrap(),
            Some(text) => std::fs::write(&path, text).unwrap(),
            None => {}
        }
        let (files, last_good) = (vec![path], Some(last_good));
        let read = super::read(&Configuration { files, last_good, ..Configuration::default() }).unwrap();
        let prefix = format!("{}/", folder.display());
        let told = read.mistakes().iter().map(|mistake| mistake.to_string().replace(&prefix, "")).collect();
        std::fs::remove_dir_all(&folder).unwrap();
        (read.loaded.settings.sip.account.user.clone(), read.loaded.settings.sip.ptime.as_millis(), told)
    }

    const GOOD: &str = "[sip]\nuser = 501\nptime = 30\nearly-media = yes\n";

    #[test]
    fn the_last_good_configuration_stands_in_for_a_file_that_says_nothing() {
        let nothing: [(&str, Option<&[u8]>, &str); 9] = [
            ("missing", None, "No such file or directory (os error 2)"),
            ("folder", Some(b"a folder"), "Is a directory (os error 21)"),
            ("empty", Some(b""), "it is empty"),
            ("blank", Some(b" \r\n\t\n"), "it is empty"),
            ("nul", Some(&[0; 4096]), "it is empty"),
            ("mark", Some(b"\xef\xbb\xbf"), "it is empty"),
            ("mark-16", Some(b"\xff\xfe\r\0\n\0"), "it is empty"),
            ("mark-16-be", Some(b"\xfe\xff\0\r\0\n"), "it is empty"),
            ("lines", Some(b"\n\n"), "it is empty"),
        ];
        for (name, now, why) in nothing {
            let told = format!(
                "paging.conf: error: cannot be read: {why}; the last good configuration, of before, is in force"
            );
            assert_eq!(after(name, GOOD.as_bytes(), now), ("501".to_owned(), 30, vec![told]), "{name}");
        }
    }

    #[test]
    fn a_file_of_remarks_means_the_defaults() {
        for (name, remarks) in [("remarks", "; nothing\n"), ("header", "[audio]\n")] {
            assert_eq!(after(name, GOOD.as_bytes(), Some(remarks.as_bytes())), (String::new(), 20, vec![]));
        }
    }

    #[test]
    fn a_wrong_value_takes_the_last_good_one_whatever_editor_wrote_it() {
        let now = "[sip]\r\nuser = B\u{fc}ro\r\nptime = x\r\n";
        let utf16 = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}".encode_utf16().chain(now.encode_utf16()).flat_map(unit).collect()
        };
        let latin_1: Vec<u8> = now.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let files = [now.as_bytes().to_vec(), utf16(u16::to_le_bytes), utf16(u16::to_be_bytes), latin_1];
        for (name, file) in ["utf-8", "utf-16", "utf-16-be", "latin-1"].iter().zip(files) {
            let error = "paging.conf:3:9: error: [sip] ptime: expected a time such as 250ms, 5s, 5m or 2h, found \"x\"; \
                         30 stays in force";
            let expected = ("B\u{fc}ro".to_owned(), 30, vec![error.to_owned()]);
            assert_eq!(after(name, GOOD.as_bytes(), Some(&file)), expected, "{name}");
        }
    }

    #[test]
    fn a_file_that_was_cut_off_counts_as_far_as_it_goes_and_the_last_good_one_from_there_on() {
        let lost = "error: ends too early; what it says no more stays as it was (";
        for (name, now) in [
            ("word", "[sip]\nuser = 502\npti".as_bytes()),
            ("value", b"[sip]\nuser = 502\nptime = 3"),
            ("nul", b"[sip]\nuser = 502\n\0\0\0\0\0\0"),
            ("windows", b"[sip]\r\nuser = 502\r\near"),
        ] {
            let (user, ptime, told) = after(&format!("cut-{name}"), GOOD.as_bytes(), Some(now));
            assert_eq!((user.as_str(), ptime), ("502", 30), "{name}: {told:?}");
            assert_eq!(told.iter().filter(|line| line.contains(lost)).count(), 1, "{name}: {told:?}");
        }
        let whole = b"[sip]\nuser = 502\npti\n";
        assert_eq!(after("cut-whole", GOOD.as_bytes(), Some(whole)).1, 20, "a line with an end is a mistake");
        let meant = after("cut-clean", GOOD.as_bytes(), Some(b"[sip]\nuser = 502")).1;
        assert_eq!(meant, 20, "and one without an end is none if it was never longer");
    }

    #[test]
    fn a_beginning_of_the_last_good_file_is_that_file_and_a_mistake() {
        for (name, now) in
            [("value", "[sip]\nuser = 50"), ("line", "[sip]\nuser = 501\n"), ("section", "[sip]\n")]
        {
            let (user, ptime, told) = after(&format!("half-{name}"), GOOD.as_bytes(), Some(now.as_bytes()));
            assert_eq!((user.as_str(), ptime), ("501", 30), "{name}: {told:?}");
            assert!(told[0].contains(":1: error: ends too early; all that it said when"), "{told:?}");
        }
    }

    #[test]
    fn of_a_file_that_is_longer_than_any_configuration_no_more_is_held() {
        let path = std::env::temp_dir().join(format!("pagingbox-{}-long", std::process::id()));
        std::fs::write(&path, vec![b'\n'; 3 * config::MAX_TEXT_BYTES]).unwrap();
        assert_eq!(
            bytes_of(&path).unwrap().len(),
            config::MAX_TEXT_BYTES + 1,
            "one more tells that it is too long"
        );
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn before_the_first_good_start_there_is_none() {
        let nowhere =
            Configuration { last_good: Some(PathBuf::from("/no such file")), ..Configuration::default() };
        assert!(super::read(&nowhere).is_ok());
        let files = vec![PathBuf::from("/no such file either")];
        assert!(super::read(&Configuration { files: files.clone(), ..nowhere }).is_err());
        let read = read_what_is_there(&Configuration { files, ..Configuration::default() });
        assert!(
            read.mistakes()
                .iter()
                .any(|mistake| mistake.text.ends_with("the rest of the configuration holds"))
        );
    }

    #[test]
    fn a_file_that_vanishes_or_becomes_empty_says_what_it_said() {
        let folder = std::env::temp_dir().join(format!("pagingbox-{}-again", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("paging.conf");
        let configuration = Configuration { files: vec![path.clone()], ..Configuration::default() };
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
