//! The reference of `paging.conf`, as Markdown and as a manual page.

use core::fmt::Write;

use super::about::{self, FURTHER};
use super::table::{Key, Naming, SECTIONS, Section};

/// `docs/paging.conf.md`.
#[must_use]
pub fn markdown() -> String {
    let mut text = MARKDOWN.to_owned();
    for section in SECTIONS {
        let header = about::header(section);
        let _ = write!(text, "\n## `{header}`\n\n{}{}\n", about::sentence(section), later(section));
        if let Some((_, what)) = FURTHER.iter().find(|(kind, _)| *kind == section.kind) {
            let _ = write!(text, "\n`{}`: {what}.\n", about::named_header(section));
        }
        text.push_str("\n| key | default | |\n|---|---|---|\n");
        for key in section.keys {
            let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
            let _ = writeln!(
                text,
                "| `{}` | {default} | {} |",
                key.name,
                meaning(section, key, "`").replace('|', "\\|")
            );
        }
    }
    text
}

/// `docs/man/paging.conf.5`.
#[must_use]
pub fn man() -> String {
    let mut text = MAN.to_owned();
    for section in SECTIONS {
        let _ = write!(
            text,
            ".SS {}\n{}{}\n",
            roff(&about::header(section)),
            roff(about::sentence(section)),
            later(section)
        );
        if let Some((_, what)) = FURTHER.iter().find(|(kind, _)| *kind == section.kind) {
            let _ = write!(text, ".PP\n{}: {}.\n", roff(&about::named_header(section)), roff(what));
        }
        for key in section.keys {
            let default =
                if key.default.is_empty() { String::new() } else { format!(" = {}", roff(key.default)) };
            let _ =
                write!(text, ".TP\n.B {}{default}\n{}\n", roff(key.name), roff(&meaning(section, key, "")));
        }
    }
    text.push_str(MAN_END);
    text
}

fn later(section: &Section) -> &'static str {
    if section.works { "" } else { " It is known but does nothing yet." }
}

/// The one line on a key, with an example where it has no default, and whether it does anything.
fn meaning(section: &Section, key: &Key, quote: &str) -> String {
    if key.kind.is_foreign() {
        return format!("PagingServer's: {}", key.kind.instead());
    }
    let mut text = key.doc.to_owned();
    let is_shown = key.default.is_empty() && !key.example.is_empty();
    if is_shown {
        let _ = write!(text, "; such as {quote}{}{quote}", key.example);
    }
    if section.works && !key.works() {
        text.push_str("; does nothing yet");
    } else if section.naming == Naming::Maybe && section.works && key.kind.is_secret() {
        text.push_str("; never shown");
    }
    text
}

/// With what roff would take for its own.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

const MARKDOWN: &str = "\
# paging.conf

<!-- Made by `ci/generate` from the table that the program reads its settings by (src/config/table.rs). -->

Every section and key. `paging config --annotated` prints the same as an example file
([paging.conf.example](paging.conf.example)), `paging check FILE` finds every mistake in a file, and `paging config FILE`
says what is in force and where it stands.

| | |
|---|---|
| form | `[section]`, then `key = value`; `key: value` is as good |
| spelling | sections and keys in any letter case, with `-` or `_` |
| comments | begin with `;` or `#`, at the start of a line or after a blank |
| quotes | `name = \"Hall; east\"` keeps what would begin a comment |
| passwords, PINs | take the rest of the line as it is, without quotes or comments; they are never shown |
| lists | are separated by commas |
| times | `250ms`, `5s`, `5m`, `2h`; a bare number has the unit of the default |
| levels | percent (100 as it is, 0 mute) or `-6 dB` |
| priorities | 0 to 100, higher wins, or `emergency` 90, `page` 60, `multicast` 50, `bell` 40, `music` 10 |
| files | UTF-8 with or without byte-order mark, UTF-16 with one, Latin-1; any line ends |
| order, later wins | defaults, `/etc/paging.conf`, `/boot/paging.conf`, files on the command line, `PAGING_SECTION__KEY` in the environment, `--set section.key=value` |
| mistakes | are told with file, line and column; what is wrong is as if it were not there, all else holds |
";

const MAN: &str = "\
.\\\" Made by ci/generate from the table that the program reads its settings by (src/config/table.rs).
.TH PAGING.CONF 5 \"\" \"PagingBox\" \"File formats\"
.SH NAME
paging.conf \\- the settings of a paging box
.SH SYNOPSIS
.nf
[section]
key = value   ; comment
.fi
.SH DESCRIPTION
Sections and keys may be written in any letter case, with \\- or _. A comment begins with ; or # at the start of a line or
after a blank; quotes keep what would begin one. Passwords and PINs take the rest of the line as it is. Lists are separated
by commas. A key given twice is a mistake.
.PP
Times are written 250ms, 5s, 5m, 2h; a bare number has the unit of the default. Levels are percent (100 as it is, 0 mute) or
\\-6 dB. Priorities are 0 to 100, higher wins, or emergency 90, page 60, multicast 50, bell 40, music 10.
.PP
Later wins: defaults, /etc/paging.conf, /boot/paging.conf, files on the command line, PAGING_SECTION__KEY in the environment,
\\-\\-set section.key=value. What is wrong is told and is as if it were not there.
.B paging check
finds every mistake.
.SH SECTIONS
";

const MAN_END: &str = "\
.SH FILES
.I /etc/paging.conf
.br
.I /boot/paging.conf
.SH SEE ALSO
.BR paging (1)
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_name_every_section_and_key() {
        let (markdown, man) = (markdown(), man());
        for section in SECTIONS {
            assert!(markdown.contains(&format!("## `{}`", about::header(section))));
            for key in section.keys {
                assert!(markdown.contains(&format!("\n| `{}` |", key.name)), "{}", key.name);
                assert!(man.contains(&format!("\n.B {}", roff(key.name))), "{}", key.name);
            }
        }
    }

    #[test]
    fn no_line_of_the_page_is_taken_for_a_request() {
        for line in man().lines().filter(|line| line.starts_with(['.', '\''])) {
            let request = line.split(' ').next().unwrap();
            assert!(
                [".\\\"", ".TH", ".SH", ".SS", ".PP", ".TP", ".B", ".BR", ".I", ".br", ".nf", ".fi"]
                    .contains(&request),
                "{line}"
            );
        }
    }
}
