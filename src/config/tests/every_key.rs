//! Every key of the table: a good value, a bad one, none, and two. The table drives it, so that no key is forgotten; a new
//! kind of value needs its samples in [`samples`].

use super::*;
use crate::config::table::{Key, Naming, SECTIONS, Section};
use core::time::Duration;

#[test]
fn every_key_takes_a_good_value() {
    each(|section, key| {
        let (good, _) = samples(&key.kind);
        let loaded = text(&file(section, &[(key.name, &good)]));
        let told = told_of(&loaded, key);
        if key.kind.is_foreign() {
            assert!(told.iter().any(|line| line.contains("is a key of PagingServer")), "{told:?}");
            return;
        }
        assert!(!told.iter().any(|line| line.contains("error: ")), "{good:?}: {told:?}");
        let given = loaded.given.iter().find(|given| given.key == key.name);
        assert_eq!(given.map(|given| given.text.as_str()), Some(good.trim_matches('"')));
        let works = section.works && key.works();
        let is_told = loaded.diagnostics.iter().any(|diagnostic| diagnostic.problem == Problem::Later);
        assert!(
            works || is_told || good.eq_ignore_ascii_case(key.default),
            "it does nothing and says nothing"
        );
    });
}

#[test]
fn every_key_refuses_a_bad_value_and_keeps_what_held() {
    each(|section, key| {
        let (_, Some(bad)) = samples(&key.kind) else { return };
        let loaded = text(&file(section, &[(key.name, &bad)]));
        let [line] = told_of(&loaded, key).try_into().unwrap_or_else(|lines| panic!("{bad:?}: {lines:?}"));
        assert!(line.contains(": error: ") && line.contains("expected "), "{line}");
        assert!(!line.contains("something else"), "{line}");
        assert!(line.contains("stays in force") || line.contains("it is left out"), "{line}");
        assert_eq!(loaded.settings, text(&file(section, &[])).settings);
        assert!(loaded.given.iter().all(|given| given.key != key.name));
    });
}

#[test]
fn every_key_may_be_empty() {
    each(|section, key| {
        let loaded = text(&file(section, &[(key.name, "")]));
        // What PagingServer takes for silence is worth a word.
        if (section.kind, key.name) != ("audio", "klaxon") {
            assert_eq!(told_of(&loaded, key), [""; 0]);
        }
        if !key.kind.takes_nothing() {
            assert_eq!(loaded.settings, text(&file(section, &[])).settings);
        }
    });
}

#[test]
fn every_key_given_twice_is_told_and_the_first_stays() {
    each(|section, key| {
        let (good, bad) = samples(&key.kind);
        let twice = text(&file(section, &[(key.name, &good), (key.name, &bad.unwrap_or(good.clone()))]));
        let line = told(&twice).into_iter().find(|line| line.contains("given in line 2 and again in line 3"));
        assert!(line.is_some_and(|line| line.contains(key.name)), "{:?}", told(&twice));
        assert_eq!(twice.settings, text(&file(section, &[(key.name, &good)])).settings);
    });
}

#[test]
fn every_hint_is_a_value_that_the_key_takes() {
    let written = [
        "\u{201c}yes\u{201d}",
        "ja",
        "1,5",
        "5 minutes",
        "25",
        "sip:501@pbx;transport=tcp",
        "192.168.1.*",
        "8.00 Mo-Fr",
        "24.12.2026",
        "16384:16884",
        "5060",
        "urgent",
        "PCMA G729",
        "pcma; pcmu",
        "17",
        "192.168.1.20",
        "gnog",
        "three tone",
        "22-6",
        "22.00-6.00",
        "Berlin",
        "anouncement 1",
        "mutte",
        "48k",
        "-1 db;",
        "yes;comment",
    ];
    let mut hints = 0;
    each(|section, key| {
        for value in written.iter().filter(|_| !key.kind.is_secret()) {
            let loaded = text(&file(section, &[(key.name, value)]));
            let Some(diagnostic) =
                loaded.diagnostics.iter().find(|found| matches!(found.problem, Problem::Value { .. }))
            else {
                continue;
            };
            let Some(hint) = &diagnostic.hint else { continue };
            hints += 1;
            assert!(key.kind.apply(hint, &mut Settings::default()).is_ok(), "{value:?}: {hint:?}");
        }
    });
    assert!(hints > 100, "only {hints} hints");
}

/// Runs a test for each key, and names the one that fails.
fn each(mut test: impl FnMut(&'static Section, &'static Key)) {
    let mut keys = 0;
    for section in SECTIONS {
        for key in section.keys {
            let name = format!("[{}] {}", section.kind, key.name);
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test(section, key)))
                .unwrap_or_else(|_| panic!("{name}"));
            keys += 1;
        }
    }
    assert!(keys > 100, "only {keys} keys");
}

/// A good value of a kind, and a bad one where there is any.
pub(super) fn samples(kind: &Kind) -> (String, Option<String>) {
    let ms = |time: Duration| format!("{}ms", time.as_millis());
    let (good, bad) = match kind {
        Kind::Time(limits, _) | Kind::TimeOrOff(limits, _) => {
            return (ms(limits.most), Some(ms(limits.most + Duration::from_millis(1))));
        }
        Kind::Number(least, most, _) => return (least.to_string(), Some((most + 1).to_string())),
        Kind::Word(words, _) => return (words[words.len() - 1].to_owned(), Some("xyzzy".to_owned())),
        Kind::Named(form, _) | Kind::SecretOf(form, _) => form_samples(*form),
        Kind::Foreign(_) => return ("1".to_owned(), None),
        Kind::Text(_) => ("\"a ; b\"", "a\u{7}b"),
        Kind::Secret(_) => ("a ;b", "a\u{7}b"),
        Kind::YesNo(_) => ("yes", "perhaps"),
        Kind::Seconds(_) => ("-1.5", "soon"),
        Kind::Level(_) => ("-6 dB", "loud"),
        Kind::Ceiling(_) => ("off", "3 dB"),
        Kind::Volume(_) => ("110%", "-2"),
        Kind::LogLevel(_) => ("debug", "loud"),
        Kind::LogLevels(_) => ("sip=debug, output=warn", "sip=loud"),
        Kind::Syslog(_) => ("tcp:192.0.2.1", "192.0.2.1"),
        Kind::Priority(_) => ("emergency", "101"),
        Kind::Dscp(_) => ("af31", "64"),
        Kind::Rate(_) => ("48 kHz", "44100"),
        Kind::Span(_) => ("240", "1"),
        Kind::Addresses(_) => ("127.0.0.1", "pbx"),
        Kind::Hosts(_) => ("pbx.example:5070", "sip:pbx"),
        Kind::External(_) => ("203.0.113.7:5070", "box.example"),
        Kind::Allow(_) => ("10.0.0.0/8, 2??@*", "10.0.0.0/64"),
        Kind::Ports(_) => ("20000-20009", "20000"),
        Kind::Codecs(_) => ("pcmu, pcma", "G729"),
        Kind::Device(_) => ("usb:0d8c:0014", "1"),
        Kind::Channels(_) => ("1, 2", "9"),
        Kind::Zones(_) => ("all", ","),
        Kind::Sound(_) => ("a.wav", "gnog"),
        Kind::Sources(_) => ("/music, http://radio.example/", "ftp://x"),
        Kind::Feed(_) => ("music", "radio"),
        Kind::Duck(_) => ("-20 dB", "6 dB"),
        Kind::Codec(_) | Kind::CodecOrAuto(_) => ("PCMA", "G729"),
        Kind::Delayed(_) => ("2??@*", "perhaps"),
        Kind::Press(_) => ("stop", "go"),
        Kind::Dialling(_) => ("volume up", "dance"),
        Kind::Callers(_) => ("2??@*", "everybody"),
        Kind::Line(_) => ("gpiochip0:1", "17"),
        Kind::At(_) => ("08:00 Mon-Fri", "soon"),
        Kind::Cron(_) => ("0 8 * * 1-5", "daily"),
        Kind::Dates(_) => ("2026-12-24..2027-01-06", "Christmas"),
        Kind::Late(_) => ("play 15s", "wait"),
        Kind::Night(_) => ("22:00-06:00", "dark"),
        Kind::Group(_) => ("239.255.0.1:5004", "10.0.0.1:5004"),
        Kind::Listen(_) => ("0.0.0.0:9092", "9092:"),
        Kind::Networks(_) => ("10.0.0.0/8", "pbx"),
        Kind::OwnAddress(_) => ("192.168.1.20/24", "auto"),
        Kind::Ip(_) => ("192.168.1.1", "router"),
        Kind::Ips(_) => ("192.168.1.1, 9.9.9.9", "router"),
        Kind::Ntp(_) => ("pool, time.example", "time.example:123"),
    };
    (good.to_owned(), Some(bad.to_owned()))
}

fn form_samples(form: Form) -> (&'static str, &'static str) {
    match form {
        Form::Overlay => ("hifiberry-dacplus", "a b"),
        Form::Hostname => ("hall", "h\u{e4}ll"),
        Form::Country => ("DE", "GER"),
        Form::Interface => ("eth0", "a/b"),
        Form::Ssid => ("My net", "123456789012345678901234567890123"),
        Form::WifiPassword => ("correct horse", "short"),
        Form::Pin => ("1234", "12a4"),
        Form::TimeZone => ("Europe/Berlin", "Berlin"),
        Form::Url => ("http://a.example/", "a.example"),
        Form::Dialled => ("7??", "7 0"),
        Form::Program => ("/bin/true", "true"),
    }
}

/// `[section]` or `[section 1]`, and pairs.
fn file(section: &Section, pairs: &[(&str, &str)]) -> String {
    let name = if section.naming == Naming::Always { " 1" } else { "" };
    let lines: Vec<_> = pairs.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
    format!("[{}{name}]\n{}", section.kind, lines.concat())
}

/// What is told in the line of the key.
fn told_of(loaded: &Loaded, key: &Key) -> Vec<String> {
    let here =
        |diagnostic: &&Diagnostic| diagnostic.place.position.is_some_and(|position| position.line == 2);
    let of_others = |diagnostic: &&Diagnostic| {
        let of_others = matches!(
            diagnostic.problem,
            Problem::Lacks { .. } | Problem::NoUser | Problem::NothingToProve | Problem::Contradiction { .. }
        );
        of_others || !diagnostic.subject.contains(key.name)
    };
    let found = loaded.diagnostics.iter().filter(here).filter(|found| !of_others(found));
    found.map(ToString::to_string).collect()
}
