//! Every configuration that is shipped is right, and so is every example in it; what is made from the table of settings is
//! up to date.

use crate::app::arguments::HELP;
use crate::config::{self, Severity, load};
use crate::guard::{FILE_BYTES, MARK, blank};
use std::fs;
use std::path::{Path, PathBuf};

const STATUS_FILE: &str = "image/boot/paging-status.txt";
const SHIPPED: &str = include_str!("../../image/boot/paging.conf");

#[test]
fn the_settings_on_the_card_are_right_and_each_of_them_does_something() {
    assert_eq!(complaints(SHIPPED), [""; 0]);
}

#[test]
fn every_example_on_the_card_is_right_when_its_semicolon_is_removed() {
    let examples = SHIPPED.lines().filter(|line| example(line).is_some()).count();
    assert!(examples >= 3, "only {examples} examples found: is the form still `; key = value`?");
    let text: Vec<_> = SHIPPED.lines().map(|line| example(line).unwrap_or(line)).collect();
    assert_eq!(complaints(&text.join("\r\n")), [""; 0]);
}

#[test]
fn the_card_does_not_listen_on_ipv6_unasked() {
    let loaded = load(&[("paging.conf", SHIPPED.as_bytes())], [], &[]);
    assert!(
        loaded.settings.sip.listen.iter().all(std::net::SocketAddr::is_ipv4),
        "{:?}",
        loaded.settings.sip.listen
    );
}

#[test]
fn what_is_made_from_the_table_of_settings_is_up_to_date() {
    let made = [
        ("docs/paging.conf.md", config::markdown()),
        ("docs/man/paging.conf.5", config::man()),
        ("docs/paging.conf.example", config::annotated()),
        ("image/boot/all-settings.txt", config::annotated()),
    ];
    for (file, text) in made {
        assert!(read(Path::new(file)) == text, "{file} is out of date: ci/generate makes it again");
    }
}

/// As it lies in git; with `PAGING_GENERATE` it is made again (`ci/generate`).
#[test]
fn the_status_file_on_the_card_is_as_long_as_the_one_that_is_written_over_it() {
    let made = String::from_utf8(blank()).unwrap().replace("\r\n", "\n");
    if std::env::var_os("PAGING_GENERATE").is_some() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(STATUS_FILE), &made).unwrap();
    }
    let text = read(Path::new(STATUS_FILE));
    assert!(text == made, "{STATUS_FILE} is out of date: ci/generate makes it again");
    // What image/assemble does.
    let on_card = text.lines().flat_map(|line| [line, "\r\n"]).collect::<String>();
    assert!(text.ends_with('\n') && on_card.len() == FILE_BYTES && on_card.as_bytes().starts_with(MARK));
    assert!(text.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn every_example_in_the_documentation_has_no_mistake() {
    let pages = [&["README.md".into()][..], &files_in("docs", "md")].concat();
    let mut examples = 0;
    for page in pages {
        for example in read(&page).split("```ini\n").skip(1) {
            let example = example.split("```").next().unwrap_or_default();
            let loaded = load(&[("example", example.as_bytes())], [], &[]);
            let told = loaded.diagnostics.iter().filter(|found| found.severity == Severity::Error);
            // An example shows a part; what it builds on may stand in another one.
            let wrong: Vec<_> =
                told.filter(|found| !is_of_a_part(&found.problem)).map(ToString::to_string).collect();
            assert_eq!(wrong, [""; 0], "{}:\n{example}", page.display());
            examples += 1;
        }
    }
    assert!(examples >= 2, "only {examples} examples found");
}

#[test]
fn the_manual_page_names_every_command_and_option() {
    let page = read(Path::new("docs/man/paging.1")).replace('\\', "");
    for line in HELP.lines().filter(|line| line.starts_with("  paging ")) {
        let command = line.split_whitespace().nth(1).unwrap_or_default();
        let is_word = command.bytes().all(|byte| byte.is_ascii_lowercase());
        assert!(!is_word || page.contains(&format!("paging {command}")), "{line}");
    }
}

#[test]
fn a_configuration_of_paging_server_is_taken_as_it_is() {
    for file in files_in("ci/testdata/pagingserver", "conf") {
        let loaded = load(&[("paging.conf", read(&file).as_bytes())], [], &[]);
        let errors = loaded.diagnostics.iter().filter(|found| found.severity == Severity::Error);
        assert_eq!(errors.map(ToString::to_string).collect::<Vec<_>>(), [""; 0], "{}", file.display());
        let [account] = loaded.settings.accounts.as_slice() else { panic!("{}", file.display()) };
        assert!(!account.pass.is_empty());
        // Each key that is none of ours is answered.
        let answers = loaded
            .diagnostics
            .iter()
            .filter(|found| found.to_string().contains("is a key of PagingServer: "));
        assert!(answers.count() >= 5, "{}", file.display());
    }
}

#[test]
fn the_unit_lets_the_box_ask_whether_the_clock_is_right() {
    let unit = read(Path::new("board/linux/paging.service"));
    assert!(!unit.contains("ProtectClock="), "it refuses asking, too");
    let asks = "SystemCallFilter=adjtimex clock_adjtime clock_adjtime64";
    let place = |line: &str| unit.lines().position(|found| found == line);
    assert!(place("SystemCallFilter=~@privileged") < place(asks), "what comes later counts");
}

#[test]
fn the_page_on_paging_server_names_every_key_and_option_of_it() {
    let page = read(Path::new("docs/from-pagingserver.md"));
    let row = |name: &str| {
        let short = name.rsplit_once('-').map_or(name, |(_, end)| end);
        page.contains(&format!("`{name}`"))
            || page.contains(&format!("`{name} "))
            || page.contains(&format!("] {name}`"))
            || (name.starts_with("music-fade") && page.contains(&format!("`-{short}`")))
    };
    for file in files_in("ci/testdata/pagingserver", "conf") {
        for line in read(&file).lines().filter(|line| !line.starts_with([';', '#', '['])) {
            let Some((key, _)) = line.split_once(['=', ':']) else { continue };
            let key = key.trim();
            let dashed = key.replace('_', "-");
            assert!(row(key) || row(&dashed), "{}: {key}", file.display());
        }
    }
    let options = [
        "dump-conf",
        "dump-conf-defaults",
        "dump-pjsua-devices",
        "dump-pjsua-conf-ports",
        "dump-jack-ports",
        "test-audio-file",
        "systemd",
        "debug",
        "pjsua-log-level",
        "sentry-dsn",
        "version",
    ];
    for option in options {
        assert!(row(&format!("--{option}")), "--{option}");
    }
}

fn is_of_a_part(problem: &config::Problem) -> bool {
    use config::Problem::{Lacks, NoDomain, NoSuchAnnouncement, NoSuchZone, NoUser, NothingToProve};
    matches!(
        problem,
        Lacks { .. } | NoDomain | NoSuchAnnouncement { .. } | NoSuchZone { .. } | NoUser | NothingToProve
    )
}

fn read(file: &Path) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of a folder with an ending, sorted.
fn files_in(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
    let paths = entries.map(|entry| Path::new(folder).join(entry.unwrap().file_name()));
    let mut found: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == ending)).collect();
    found.sort();
    assert!(!found.is_empty(), "{folder}");
    found
}

/// `key = value` of a line `; key = value`.
fn example(line: &str) -> Option<&str> {
    let bare = line.strip_prefix("; ")?;
    let (key, _) = bare.split_once(" = ")?;
    key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-').then_some(bare)
}

/// Errors, and also notes: a key that does nothing yet is no example to give.
fn complaints(text: &str) -> Vec<String> {
    let loaded = load(&[("paging.conf", text.as_bytes())], [], &[]);
    loaded.diagnostics.iter().map(ToString::to_string).collect()
}
