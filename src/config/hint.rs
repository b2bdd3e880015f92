//! What was probably meant.

use super::section::normal;
use super::table::{self, Key, Section};
use super::{Kind, LogPart, SectionName, about, logging, value};

/// The nearest key of the section, or the same key of another one.
pub(super) fn near_key(section: &SectionName, keys: &Section, name: &str) -> Option<String> {
    if let Some((kind, key)) = synonym(name) {
        let is_here = kind == keys.kind || keys.key(key).is_some();
        return Some(if is_here { format!("{section} {key}") } else { path(kind, key) });
    }
    let own = keys.keys.iter().filter(|key| !key.kind.is_foreign()).map(|key| key.name);
    let near = nearest(name, own).map(|near| format!("{section} {near}"));
    near.or_else(|| key_elsewhere(name)).or_else(|| {
        let (kind, key) = synonym(nearest(name, SYNONYMS.iter().flat_map(|(words, _, _)| *words).copied())?)?;
        Some(if kind == keys.kind { format!("{section} {key}") } else { path(kind, key) })
    })
}

/// The key of the section that is called so elsewhere, or the nearest.
pub(super) fn near_table_key(keys: &'static Section, name: &str) -> Option<&'static Key> {
    let called_so = synonym(name).filter(|&(kind, _)| kind == keys.kind).map(|(_, key)| key);
    keys.key(called_so.or_else(|| nearest(name, keys.keys.iter().map(|key| key.name)))?)
}

/// Whether a word is, or is meant to be, a key that is no secret: only then may what stands behind it be shown.
pub(super) fn is_harmless(word: &str) -> bool {
    let name = normal(word);
    if SECRET_WORDS.iter().any(|secret| name.contains(secret)) {
        return false;
    }
    let keys = || table::SECTIONS.iter().flat_map(|section| section.keys);
    let words = SYNONYMS.iter().flat_map(|(words, _, _)| *words).copied();
    let Some(near) = nearest(&name, keys().map(|key| key.name).chain(words)) else { return false };
    let meant = synonym(near).map_or(near, |(_, key)| key);
    keys().filter(|key| key.name == meant).all(|key| !key.kind.is_secret())
}

/// The same key, or what it is called here, where it is known.
pub(super) fn key_elsewhere(name: &str) -> Option<String> {
    if let Some((kind, key)) = synonym(name) {
        return Some(path(kind, key));
    }
    let section = table::SECTIONS.iter().find(|section| section.key(name).is_some())?;
    Some(path(section.kind, name))
}

/// `[audio] device`, `[zone NAME] channels`.
fn path(kind: &str, key: &str) -> String {
    let header = table::section(kind).map(about::header).unwrap_or_default();
    format!("{header} {key}")
}

fn synonym(name: &str) -> Option<(&'static str, &'static str)> {
    SYNONYMS.iter().find(|(words, _, _)| words.contains(&name)).map(|(_, kind, key)| (*kind, *key))
}

/// The nearest section.
pub(super) fn near_section(text: &str) -> Option<String> {
    near_section_kind(text).and_then(table::section).map(about::header)
}

/// Its kind.
pub(super) fn near_section_kind(text: &str) -> Option<&'static str> {
    let kind = normal(text.split_whitespace().next().unwrap_or_default());
    let other = SECTIONS.iter().find(|(words, _)| words.contains(&kind.as_str())).map(|(_, kind)| *kind);
    other.or_else(|| nearest(&kind, table::SECTIONS.iter().map(|section| section.kind)))
}

/// The part or the level that a list of levels means.
pub(super) fn near_value(kind: &Kind, text: &str) -> Option<String> {
    let Kind::LogLevels(_) = kind else { return None };
    let word = logging::strange_word(text)?.to_lowercase();
    let parts = LogPart::ALL.map(LogPart::as_str);
    nearest(&word, parts.into_iter().chain(value::LOG_LEVELS.iter().copied())).map(str::to_owned)
}

/// The word at most a third of its letters away.
pub(super) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > MAX_WORD_BYTES {
        return None;
    }
    let far = |candidate: &str| strsim::damerau_levenshtein(word, candidate);
    let (distance, candidate) = candidates.map(|candidate| (far(candidate), candidate)).min()?;
    if distance <= (candidate.len() / 3).max(1) { Some(candidate) } else { None }
}

/// What others call keys.
const SYNONYMS: &[(&[&str], &str, &str)] = &[
    (&["username", "login", "extension", "account", "sip-user"], "sip", "user"),
    (&["password", "passwd", "secret", "passwort", "kennwort", "pw", "sip-pass"], "sip", "pass"),
    (&["server", "host", "registrar", "sip-server", "proxy-server", "pbx", "realm"], "sip", "domain"),
    (&["authuser", "auth-id", "auth-name", "authentication-id", "auth-username"], "sip", "auth-user"),
    (&["display-name", "displayname", "callerid", "caller-id"], "sip", "name"),
    (&["port", "bind", "bindaddr", "bindport", "sip-port", "listen-port"], "sip", "listen"),
    (&["proxy", "outboundproxy"], "sip", "outbound-proxy"),
    (&["externip", "external-ip", "nat", "public-address"], "sip", "external-address"),
    (&["codec-priorities", "disallow"], "sip", "codecs"),
    (&["permit", "acl", "whitelist", "allowed"], "sip", "allow"),
    (&["rtp-port", "rtp-port-range", "rtpports"], "sip", "rtp-ports"),
    (&["soundcard", "sound-card", "card", "output", "alsa-device", "playback-device"], "audio", "device"),
    (&["chime", "tone", "ring-tone", "ringtone"], "audio", "klaxon"),
    (&["volume", "loudness", "gain"], "audio", "volume-call"),
    (&["samplerate", "sample-rate"], "audio", "rate"),
    (&["latency"], "audio", "latency-max"),
    (&["jitter", "jitter-buffer"], "audio", "jitter-max"),
    (
        &["max-duration", "max-length", "page-timeout", "hang-up-after", "call-limit"],
        "calls",
        "hang-up-after-minutes",
    ),
    (&["loglevel", "log-level", "verbosity"], "log", "level"),
    (&["syslog-server", "remote-log"], "log", "syslog"),
    (&["ip", "ip-address", "ipaddr", "static-ip"], "network", "address"),
    (&["router", "default-gateway"], "network", "gateway"),
    (&["nameserver", "dns-server", "nameservers"], "network", "dns"),
    (&["ssid", "wifi", "wlan"], "network", "wifi-ssid"),
    (&["psk", "wpa-psk", "wifi-pass", "wifi-key"], "network", "wifi-password"),
    (&["country"], "network", "wifi-country"),
    (&["tz", "time-zone", "zone"], "time", "timezone"),
    (&["ntp-server", "ntp-servers", "timeserver"], "time", "ntp"),
    (&["time", "when"], "bell", "at"),
    (&["sound", "file"], "bell", "play"),
];

/// In what people call a secret.
const SECRET_WORDS: &[&str] = &["pass", "secret", "kennwort", "pwd", "psk", "token"];

/// What others call sections.
const SECTIONS: &[(&[&str], &str)] = &[
    (&["general", "account", "phone", "voip", "registration", "telephone"], "sip"),
    (&["sound", "speaker", "speakers", "alsa", "soundcard"], "audio"),
    (&["call", "pages", "paging"], "calls"),
    (&["lan", "wifi", "wlan", "ethernet", "eth0"], "network"),
    (&["clock", "ntp"], "time"),
    (&["logging", "syslog"], "log"),
    (&["schedule", "timer"], "bell"),
];

/// Longer words are no slips of the pen.
const MAX_WORD_BYTES: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_call_things_is_called_otherwise_here_and_exists() {
        for (words, kind, key) in SYNONYMS {
            let section = table::section(kind).unwrap();
            assert!(section.key(key).is_some(), "[{kind}] {key}");
            for word in *words {
                assert!(section.key(word).is_none(), "[{kind}] {word} is a key");
            }
        }
        for (words, kind) in SECTIONS {
            assert!(table::section(kind).is_some());
            assert!(words.iter().all(|word| table::section(word).is_none()), "{words:?}");
        }
    }

    #[test]
    fn a_key_is_looked_for_under_other_names_then_nearby_then_elsewhere() {
        let (sip, keys) = SectionName::from_text("sip").unwrap();
        let hint = |name: &str| near_key(&sip, keys, name);
        assert_eq!(hint("password").unwrap(), "[sip] pass");
        assert_eq!(hint("dmain").unwrap(), "[sip] domain");
        assert_eq!(hint("soundcard").unwrap(), "[audio] device");
        assert_eq!(hint("channels").unwrap(), "[zone NAME] channels");
        assert_eq!(hint("xyzzy"), None);
        assert_eq!(near_section("Account 1").unwrap(), "[sip]");
        assert_eq!(near_section("zones").unwrap(), "[zone NAME]");
    }
}
