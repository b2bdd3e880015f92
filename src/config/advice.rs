//! What was probably meant by a value that its key does not take, and what is worth a word about one that it does.
//!
//! A guess is only told when the key would take it: each is tried before.

use super::hint::nearest;
use super::{Kind, Problem, Settings, TimeLimits};

/// Of a list, the first part that is wrong by itself, and where it begins in letters.
pub(super) fn culprit<'a>(kind: &Kind, text: &'a str, scratch: &mut Settings) -> Option<(usize, &'a str)> {
    if !kind.is_list() {
        return None;
    }
    let mut letters = 0;
    text.split(',').find_map(|part| {
        let offset = letters + part.chars().take_while(|c| c.is_whitespace()).count();
        letters += part.chars().count() + 1;
        let part = part.trim();
        let is_wrong = !part.is_empty() && kind.apply(part, scratch).is_err();
        is_wrong.then_some((offset, part))
    })
}

/// What the key would take in place of `text`.
pub(super) fn value(kind: &Kind, text: &str, scratch: &mut Settings) -> Option<String> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let is_shown =
        |guess: &str| !guess.is_empty() && guess.trim() == guess && !guess.contains(char::is_control);
    let mut takes = |guess: &String| guess != text && is_shown(guess) && kind.apply(guess, scratch).is_ok();
    let bare = without_quotes(text);
    let cut = before_comment(&bare).to_owned();
    let mut guesses = [bare.as_str(), cut.as_str()].into_iter().flat_map(|text| repaired(kind, text));
    if let Some(guess) = guesses.find(&mut takes) {
        return Some(guess);
    }
    let step = steps(kind, &cut).filter(|guess| takes(guess));
    step.or_else(|| {
        nearest(&cut.to_lowercase(), kind.words().iter().copied()).map(str::to_owned).filter(takes)
    })
}

/// Everything that `text` may have been meant to be, the most likely first.
fn repaired(kind: &Kind, text: &str) -> Vec<String> {
    let words: Vec<_> = text.split_whitespace().collect();
    let guesses = [
        Some(text.to_owned()),
        Some(point_for_comma(text)),
        with_short_unit(text),
        translated(kind, text),
        without_uri(kind, text),
        network_of_stars(text),
        spans(kind, text),
        days(kind, text),
        Some(words.join(", ")),
        Some(text.replace([';', '|', '+'], ",")),
        Some(words.join("-").replace('_', "-")),
    ];
    guesses.into_iter().flatten().collect()
}

/// What is worth a word about a value that is right.
pub(super) fn remark(kind: &Kind, text: &str) -> Option<Problem> {
    if kind.is_secret() {
        let is_quoted = text.len() > 1
            && ['"', '\''].iter().any(|&quote| text.starts_with(quote) && text.ends_with(quote));
        return (is_quoted || text.starts_with(is_curly)).then_some(Problem::QuotesKept);
    }
    match kind {
        Kind::Text(_) | Kind::Named(..) if text.starts_with(is_curly) || text.ends_with(is_curly) => {
            Some(Problem::CurlyQuotes)
        }
        Kind::Device(_) if is_card_by_number(text) => Some(Problem::CardByNumber),
        _ => None,
    }
}

/// `hw:0`, `plughw:1,0`, `hw:CARD=0`.
fn is_card_by_number(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let rest = lower.strip_prefix("plug").unwrap_or(&lower);
    let card = ["hw:", "dmix:", "front:", "sysdefault:"].iter().find_map(|prefix| rest.strip_prefix(prefix));
    let card = card.map(|card| card.strip_prefix("card=").unwrap_or(card));
    card.is_some_and(|card| card.starts_with(|c: char| c.is_ascii_digit()))
}

/// Word processors make them of straight ones.
const fn is_curly(c: char) -> bool {
    matches!(
        c,
        '\u{201c}'
            | '\u{201d}'
            | '\u{201e}'
            | '\u{201f}'
            | '\u{2018}'
            | '\u{2019}'
            | '\u{201a}'
            | '\u{ab}'
            | '\u{bb}'
    )
}

/// Without quotes of any kind around it, and with the minus sign of the keyboard.
fn without_quotes(text: &str) -> String {
    let is_quote = |c: char| is_curly(c) || matches!(c, '"' | '\'' | '`' | '\u{b4}');
    text.trim_matches(is_quote).trim().trim_end_matches('.').replace(['\u{2212}', '\u{2013}'], "-")
}

/// What stands before a comment that lacks the blank before it.
fn before_comment(text: &str) -> &str {
    text.split([';', '#']).next().unwrap_or_default().trim()
}

fn point_for_comma(text: &str) -> String {
    text.replace(',', ".")
}

/// `5 minutes` is `5m`.
fn with_short_unit(text: &str) -> Option<String> {
    let text = point_for_comma(text);
    let split = text.find(|c: char| c.is_alphabetic())?;
    let (number, unit) = text.split_at(split);
    let unit = unit.trim().to_lowercase();
    let found = UNITS.iter().find(|(_, words)| words.contains(&unit.as_str()));
    found.map(|(short, _)| format!("{}{short}", number.trim()))
}

fn translated(kind: &Kind, text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let word = match lower.as_str() {
        "ja" | "y" | "yep" | "oui" | "si" | "enable" | "enabled" | "an" | "t" => "yes",
        "nein" | "n" | "nope" | "non" | "disable" | "disabled" | "aus" | "never" | "f" => "no",
        "urgent" | "alarm" => "emergency",
        "verbose" => "debug",
        "warnings" => "warn",
        "errors" => "error",
        "default" => "auto",
        "silence" | "silent" => "none",
        "every" | "everywhere" | "alle" => "all",
        _ => return None,
    };
    kind.words().contains(&word).then(|| word.to_owned())
}

/// `sip:501@pbx.example:5060;transport=udp` is `pbx.example:5060`.
fn without_uri(kind: &Kind, text: &str) -> Option<String> {
    if !matches!(kind, Kind::Hosts(_) | Kind::Ntp(_) | Kind::Allow(_)) {
        return None;
    }
    let text = ["sips:", "sip:", "https:", "http:"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .unwrap_or(text);
    let text = text.trim_start_matches('/').trim_end_matches('/');
    let text = text.rsplit('@').next().unwrap_or(text);
    Some(text.split([';', '?', '>']).next().unwrap_or(text).trim_start_matches('<').to_owned())
}

/// `192.168.1.*` is `192.168.1.0/24`.
fn network_of_stars(text: &str) -> Option<String> {
    let known = text.trim_end_matches(['.', '*', 'x', 'X']);
    let parts: Vec<_> = known.split('.').collect();
    let are_numbers = parts.iter().all(|part| part.parse::<u8>().is_ok());
    if !are_numbers || parts.len() > 3 || known == text {
        return None;
    }
    Some(format!("{known}{}/{}", ".0".repeat(4 - parts.len()), parts.len() * 8))
}

/// Spans and addresses that are written in another way.
fn spans(kind: &Kind, text: &str) -> Option<String> {
    let dashes = || text.replace("..", "-").replace(" to ", "-").replace(':', "-");
    match kind {
        Kind::Ports(_) => Some(dashes()),
        Kind::Night(_) => {
            Some(text.replace("..", "-").replace(" to ", "-").replace('.', ":").replace('/', "-"))
        }
        Kind::Addresses(_) => {
            let port = text.trim_start_matches(['*', ':']);
            port.parse::<u16>().ok().map(|port| format!("0.0.0.0:{port}"))
        }
        Kind::Listen(_) => Some(match text.trim_start_matches(['*', ':']).parse::<u16>() {
            Ok(port) => format!("0.0.0.0:{port}"),
            Err(_) => format!("{text}:9092"),
        }),
        Kind::Group(_) => Some(format!("{text}:5004")),
        Kind::OwnAddress(_) => Some(own_address(text)),
        Kind::Line(_) => Some(format!("GPIO{text}")),
        Kind::Named(super::Form::Hostname, _) => text.split('.').next().map(str::to_owned),
        Kind::Named(super::Form::Url, _) => Some(format!("http://{text}")),
        _ => None,
    }
}

/// With the prefix that a mask means, or the usual one.
fn own_address(text: &str) -> String {
    let (address, mask) = text.split_once(['/', ' ']).unwrap_or((text, "255.255.255.0"));
    let mask: Option<std::net::Ipv4Addr> = mask.trim().parse().ok();
    let prefix = mask.map_or(24, |mask| mask.to_bits().leading_ones());
    format!("{}/{prefix}", address.trim())
}

/// German days and dates, and times with a point.
fn days(kind: &Kind, text: &str) -> Option<String> {
    match kind {
        Kind::At(_) => {
            let words = text.split_whitespace().filter(|word| !word.eq_ignore_ascii_case("uhr"));
            Some(words.map(time_or_days).collect::<Vec<_>>().join(" "))
        }
        Kind::Dates(_) => {
            let text = text.replace(" - ", "..").replace(" to ", "..").replace(" bis ", "..");
            Some(text.split("..").map(iso_date).collect::<Vec<_>>().join(".."))
        }
        _ => None,
    }
}

fn time_or_days(word: &str) -> String {
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        let word = word.replace('.', ":");
        let is_hour = word.bytes().all(|byte| byte.is_ascii_digit());
        return if is_hour { format!("{word}:00") } else { word };
    }
    let day = |word: &str| {
        let lower = word.trim_end_matches('.').to_lowercase();
        let short: String = lower.chars().take(2).collect();
        let found = GERMAN_DAYS.iter().find(|(german, _)| *german == short);
        found.map_or(word.to_owned(), |(_, day)| (*day).to_owned())
    };
    word.split('-').map(day).collect::<Vec<_>>().join("-")
}

/// `24.12.2026` is `2026-12-24`.
fn iso_date(text: &str) -> String {
    let parts: Vec<_> = text.trim().split('.').collect();
    match parts.as_slice() {
        [day, month, year] => format!("{year}-{month:0>2}-{day:0>2}"),
        _ => text.trim().to_owned(),
    }
}

/// The nearest multiple below, or the least.
fn steps(kind: &Kind, text: &str) -> Option<String> {
    let Kind::Time(TimeLimits { step, least, .. }, _) = kind else { return None };
    let step = step.as_millis();
    let millis: u128 = text.trim_end_matches(|c: char| c.is_alphabetic()).trim().parse().ok()?;
    if step == 0 {
        return None;
    }
    Some(format!("{}ms", (millis / step * step).max(least.as_millis())))
}

const UNITS: &[(&str, &[&str])] = &[
    ("ms", &["msec", "msecs", "millis", "millisecond", "milliseconds", "millisekunden"]),
    ("s", &["secs", "second", "seconds", "sek", "sekunde", "sekunden"]),
    ("m", &["mins", "minute", "minutes", "minuten"]),
    ("h", &["hr", "hrs", "hour", "hours", "std", "stunde", "stunden"]),
    ("%", &["percent", "prozent"]),
    (" dB", &["decibel", "dezibel"]),
];
const GERMAN_DAYS: &[(&str, &str)] = &[
    ("mo", "Mon"),
    ("di", "Tue"),
    ("mi", "Wed"),
    ("do", "Thu"),
    ("fr", "Fri"),
    ("sa", "Sat"),
    ("so", "Sun"),
];
/// Longer values are no slips of the pen.
const MAX_BYTES: usize = 200;

#[cfg(test)]
mod tests {
    use crate::config::load;

    #[test]
    fn a_guess_is_text_that_can_be_written() {
        let told = load(&[("a", b"[sip]\nallow = 2??@\t*\n")], [], &[]).diagnostics;
        assert!(!told[0].to_string().contains('\t'), "{told:?}");
    }
}
