//! The rule of dependencies as a test. It reads every file under `src/` and names file and line of each breach.
//!
//! What it decides: which module may name which (the table [`LAYERS`]), what a pure core may not name at all
//! ([`IMPURE`]), where `unsafe` may stand, and how long a file may be.
//!
//! What it leaves out: it reads paths (`crate::x`, `super::x`, groups in braces) as text and resolves no types, so a
//! value handed through a generic parameter goes unseen. Renamed crates and re-exports are for the reviewer.

mod code;

use code::{NamedPath, Token, blank_comments_and_literals, item_end, paths, tokens, words_at};
use std::fmt;
use std::fs;
use std::path::Path;

/// One file, with comments and literals blanked out so that only code is left.
struct Source {
    /// Relative to `src/`, with slashes.
    file: String,
    code: String,
}

struct Breach {
    file: String,
    line: usize,
    what: String,
}

impl Source {
    fn new(file: &str, text: &str) -> Self {
        Self { file: file.to_owned(), code: blank_comments_and_literals(text) }
    }

    fn breaches(&self) -> Vec<Breach> {
        let tokens = tokens(&self.code);
        let tests = self.test_lines(&tokens);
        let mut found = Vec::new();
        self.check_layer_is_known(&mut found);
        self.check_paths(&tokens, &tests, &mut found);
        self.check_words(&tokens, &mut found);
        self.check_length(&tests, &mut found);
        found
    }

    fn check_layer_is_known(&self, found: &mut Vec<Breach>) {
        if layer_of(self.module()).is_none() {
            found.push(
                self.breach(1, format!("module `{}` has no layer in src/tests/layers.rs", self.module())),
            );
        }
    }

    fn check_paths(&self, tokens: &[Token], tests: &Lines, found: &mut Vec<Breach>) {
        for path in paths(tokens, &self.module_path()) {
            match path.segments.first().copied() {
                Some("crate" | "pagingbox") => self.check_reference(&path, found),
                _ => self.check_purity(&path, tests, found),
            }
        }
    }

    fn check_reference(&self, path: &NamedPath, found: &mut Vec<Breach>) {
        let Some(target) = path.segments.get(1).copied() else { return };
        let (Some(own), Some(other)) = (layer_of(self.module()), layer_of(target)) else { return };
        if target == self.module() || other < own {
            return;
        }
        if other > own {
            let what = format!("`{}` ({own}) names `{target}` ({other}), a layer above it", self.module());
            found.push(self.breach(path.line, what));
        } else if own == Layer::Core && !may_name_sibling(self.module(), target) {
            let what =
                format!("core `{}` names its sibling `{target}`; only app joins siblings", self.module());
            found.push(self.breach(path.line, what));
        }
    }

    fn check_purity(&self, path: &NamedPath, tests: &Lines, found: &mut Vec<Breach>) {
        let name = path.segments.join("::");
        // Captures are read by the tests of the core that they belong to.
        let allowed = tests.contains(path.line) && name.starts_with("std::fs");
        if self.is_pure() && !allowed && IMPURE.iter().any(|impure| is_or_is_inside(&name, impure)) {
            found.push(
                self.breach(path.line, format!("`{}` is pure and may not name `{name}`", self.module())),
            );
        }
    }

    fn check_words(&self, tokens: &[Token], found: &mut Vec<Breach>) {
        for token in tokens {
            if token.text == "unsafe" && self.file != UNSAFE_FILE {
                found.push(self.breach(token.line, format!("`unsafe` outside src/{UNSAFE_FILE}")));
            }
            if token.text == "async" && self.is_pure() {
                found.push(
                    self.breach(token.line, format!("`{}` is pure and may not be async", self.module())),
                );
            }
        }
    }

    fn check_length(&self, tests: &Lines, found: &mut Vec<Breach>) {
        let numbered = self.code.lines().zip(1..);
        let lines = numbered.filter(|(text, line)| !text.trim().is_empty() && !tests.contains(*line)).count();
        if lines > LINES_MAX {
            found.push(self.breach(1, format!("{lines} lines of code; split it at {LINES_MAX}")));
        }
    }

    /// Lines of `#[cfg(test)]` items; all lines of a file that holds nothing but tests.
    fn test_lines(&self, tokens: &[Token]) -> Lines {
        if self.module() == "tests" || self.file.ends_with("/tests.rs") || self.file.contains("/tests/") {
            return Lines(vec![(1, usize::MAX)]);
        }
        let starts =
            (0..tokens.len()).filter(|&at| words_at(tokens, at, &["#", "[", "cfg", "(", "test", ")", "]"]));
        Lines(starts.map(|at| (tokens[at].line, item_end(tokens, at + 7))).collect())
    }

    fn is_pure(&self) -> bool {
        matches!(layer_of(self.module()), Some(Layer::Vocabulary | Layer::Core))
    }

    /// The module directly under the crate that the file belongs to.
    fn module(&self) -> &str {
        let first = self.file.split('/').next().unwrap_or_default();
        first.trim_end_matches(".rs")
    }

    fn module_path(&self) -> Vec<&str> {
        let stem = self.file.trim_end_matches(".rs").trim_end_matches("/mod");
        let inside = stem.split('/').filter(|part| !matches!(*part, "lib" | "main"));
        std::iter::once("crate").chain(inside).collect()
    }

    fn breach(&self, line: usize, what: String) -> Breach {
        Breach { file: self.file.clone(), line, what }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "src/{}:{}: {}", self.file, self.line, self.what)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    Vocabulary,
    Core,
    Edge,
    Composition,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Vocabulary => "vocabulary",
            Self::Core => "core",
            Self::Edge => "edge",
            Self::Composition => "composition",
        })
    }
}

fn layer_of(module: &str) -> Option<Layer> {
    LAYERS.iter().find(|(_, modules)| modules.contains(&module)).map(|(layer, _)| *layer)
}

fn may_name_sibling(module: &str, target: &str) -> bool {
    (module == "mix" && ["rtp", "codec", "dsp"].contains(&target))
        || (module == "appliance" && target == "config")
}

fn is_or_is_inside(name: &str, parent: &str) -> bool {
    name.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Ranges of lines, ends included.
struct Lines(Vec<(usize, usize)>);

impl Lines {
    fn contains(&self, line: usize) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&line))
    }
}

fn read_sources(folder: &Path, prefix: &str, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            read_sources(&entry.path(), &format!("{name}/"), sources);
        } else if Path::new(&name).extension().is_some_and(|end| end == "rs") {
            sources.push(Source::new(&name, &fs::read_to_string(entry.path()).unwrap()));
        }
    }
}

const LAYERS: &[(Layer, &[&str])] = &[
    (Layer::Vocabulary, &["allow", "key", "shrink", "time", "timers", "units", "zones"]),
    (
        Layer::Core,
        &[
            "sip",
            "sdp",
            "rtp",
            "codec",
            "dsp",
            "mix",
            "music",
            "paging",
            "config",
            "control",
            "dns",
            "mdns",
            "speech",
            "status",
            "syslog",
            "slots",
            "fat",
            "guard",
            "appliance",
        ],
    ),
    (Layer::Edge, &["clock", "entropy", "net", "files", "gpio", "output", "process", "sandbox", "watchdog"]),
    (Layer::Composition, &["app", "lib", "main", "tests"]),
];

/// What bytes-and-`now`-in, values-out cannot need. Addresses (`std::net::IpAddr`) and spans (`Duration`) are values.
const IMPURE: &[&str] = &[
    "std::net::UdpSocket",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::net::ToSocketAddrs",
    "std::net::*",
    "std::fs",
    "std::thread",
    "std::process",
    "std::env",
    "std::os",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::time::UNIX_EPOCH",
    "std::time::*",
    "std::sync::Mutex",
    "std::sync::RwLock",
    "std::sync::Condvar",
    "smol",
    "signal_hook",
    "alsa",
    "gpiocdev",
    "landlock",
    "seccompiler",
    "log",
    "nix",
    "libc",
    "getrandom",
];

const UNSAFE_FILE: &str = "output/rt.rs";

const LINES_MAX: usize = 500;

#[test]
fn every_source_file_keeps_the_rule_of_dependencies() {
    let mut sources = Vec::new();
    read_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut sources);
    assert!(sources.len() > 10, "read only {} files", sources.len());
    let found: Vec<String> =
        sources.iter().flat_map(Source::breaches).map(|breach| breach.to_string()).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn each_kind_of_breach_is_found_with_file_and_line() {
    for (file, text, expected) in PLANTED {
        let found: Vec<String> = Source::new(file, text).breaches().iter().map(ToString::to_string).collect();
        let [one] = found.as_slice() else { panic!("{file}: {text}\n{found:#?}") };
        assert!(one.starts_with(expected), "{file}: {text}\nfound    {one}\nexpected {expected}");
    }
}

#[test]
fn what_the_rule_allows_is_not_a_breach() {
    for (file, text) in ALLOWED {
        let found: Vec<String> = Source::new(file, text).breaches().iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "{file}: {text}\n{found:#?}");
    }
}

#[test]
fn a_file_of_more_than_500_lines_of_code_is_a_breach_but_comments_and_tests_do_not_count() {
    let long = "fn f() {}\n".repeat(LINES_MAX);
    let breaches = |text: &str| Source::new("sip/dialog.rs", text).breaches().len();
    assert_eq!(breaches(&long), 0);
    assert_eq!(breaches(&format!("{long}fn g() {{}}\n")), 1);
    assert_eq!(breaches(&format!("//! A comment.\n\n{long}#[cfg(test)]\nmod tests {{\n{long}}}\n")), 0);
    assert_eq!(breaches(&format!("#[cfg(test)]\nmod tests {{\n{long}}}\n{long}fn g() {{}}\n")), 1);
}

const PLANTED: &[(&str, &str, &str)] = &[
    (
        "sip/dialog.rs",
        "\nuse crate::app::Call;",
        "src/sip/dialog.rs:2: `sip` (core) names `app` (composition)",
    ),
    ("sip/wire/uri.rs", "use crate::net::Udp;", "src/sip/wire/uri.rs:1: `sip` (core) names `net` (edge)"),
    ("time.rs", "fn f() { crate::sip::g() }", "src/time.rs:1: `time` (vocabulary) names `sip` (core)"),
    ("net/udp.rs", "use crate::{\n time,\n app::run,\n};", "src/net/udp.rs:3: `net` (edge) names `app`"),
    (
        "sip/dialog.rs",
        "use crate::sdp::Description;",
        "src/sip/dialog.rs:1: core `sip` names its sibling `sdp`",
    ),
    ("sip/dialog.rs", "use super::super::sdp;", "src/sip/dialog.rs:1: core `sip` names its sibling `sdp`"),
    (
        "sip/mod.rs",
        "mod a {\n mod b {\n use super::super::super::rtp; } }",
        "src/sip/mod.rs:3: core `sip` names",
    ),
    ("mix/mixer.rs", "use crate::sip::Endpoint;", "src/mix/mixer.rs:1: core `mix` names its sibling `sip`"),
    ("codec/g711.rs", "use crate::dsp::Meter;", "src/codec/g711.rs:1: core `codec` names its sibling `dsp`"),
    (
        "rtp/packet.rs",
        "use std::net::{IpAddr,\n UdpSocket};",
        "src/rtp/packet.rs:2: `rtp` is pure and may not name",
    ),
    ("sdp/mod.rs", "use std::net::TcpStream;", "src/sdp/mod.rs:1: `sdp` is pure"),
    ("sdp/mod.rs", "use std::net::*;", "src/sdp/mod.rs:1: `sdp` is pure"),
    ("config/mod.rs", "fn f() { std::fs::read(\"x\"); }", "src/config/mod.rs:1: `config` is pure"),
    (
        "dsp/tone.rs",
        "use std::{thread, fmt};",
        "src/dsp/tone.rs:1: `dsp` is pure and may not name `std::thread`",
    ),
    ("time.rs", "use std::time::{Duration, Instant};", "src/time.rs:1: `time` is pure"),
    ("units.rs", "use std::time::SystemTime;", "src/units.rs:1: `units` is pure"),
    ("sip/mod.rs", "use smol::Timer;", "src/sip/mod.rs:1: `sip` is pure and may not name `smol::Timer`"),
    ("sip/mod.rs", "use smol;", "src/sip/mod.rs:1: `sip` is pure and may not name `smol`"),
    ("mix/voice.rs", "use alsa::pcm::PCM;", "src/mix/voice.rs:1: `mix` is pure"),
    ("paging/pager.rs", "fn f() { log::info!(\"x\"); }", "src/paging/pager.rs:1: `paging` is pure"),
    ("rtp/seq.rs", "use nix::sys;", "src/rtp/seq.rs:1: `rtp` is pure"),
    ("rtp/seq.rs", "fn f() -> libc::c_int { 0 }", "src/rtp/seq.rs:1: `rtp` is pure"),
    ("sip/id.rs", "fn f() { getrandom::fill(&mut []); }", "src/sip/id.rs:1: `sip` is pure"),
    ("sip/mod.rs", "pub async fn f() {}", "src/sip/mod.rs:1: `sip` is pure and may not be async"),
    (
        "sip/mod.rs",
        "#[cfg(test)]\nmod tests {\n use std::net::UdpSocket;\n}",
        "src/sip/mod.rs:3: `sip` is pure",
    ),
    ("net/udp.rs", "fn f() {\n unsafe { g() }\n}", "src/net/udp.rs:2: `unsafe` outside src/output/rt.rs"),
    ("tests/net.rs", "unsafe fn f() {}", "src/tests/net.rs:1: `unsafe`"),
    ("gadget.rs", "", "src/gadget.rs:1: module `gadget` has no layer"),
];

const ALLOWED: &[(&str, &str)] = &[
    ("sip/dialog.rs", "use crate::time::Instant; use super::wire::Message; use core::time::Duration;"),
    ("sip/dialog.rs", "// use crate::app;\n/* /* crate::app */ unsafe */ //! smol::Timer\nfn f() {}"),
    (
        "sip/dialog.rs",
        "fn f<'a>(x: &'a str) { g('\"', '\\'', \"crate::app \\\" unsafe\", r#\"std::fs \" \"#, b'\"') }",
    ),
    ("sip/mod.rs", "use std::net::{IpAddr, Ipv6Addr, SocketAddr}; fn f(log: u8) -> u8 { log }"),
    ("sip/mod.rs", "#[cfg(test)]\nmod tests {\n use super::*;\n fn f() { std::fs::read(\"x\"); }\n}"),
    ("sip/wire/mod.rs", "mod tests { use super::super::endpoint::Endpoint; }"),
    ("mix/playout.rs", "use crate::{codec::Codec, dsp::Halfband, rtp::JitterBuffer};"),
    (
        "net/udp.rs",
        "use smol::Async; use crate::clock; pub async fn f() { std::net::UdpSocket::bind(\"x\"); }",
    ),
    ("output/rt.rs", "fn f() { unsafe { libc::sched_yield() }; }"),
    ("app/sip.rs", "use crate::{net::Udp, sdp, sip}; use std::thread;"),
    ("tests/net.rs", "use crate::{app, sip, sdp};"),
    ("main.rs", "use pagingbox::app;"),
];
