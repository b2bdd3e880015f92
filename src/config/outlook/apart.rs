//! Whose calls are taken otherwise than the others.

use super::{and, chime, texts};
use crate::config::{CallerRule, Mode, Reception, Settings, Sound, ZoneNames};

/// A sentence for all calls if they differ from what nobody has to say, one for each account of the first `most` and each
/// caller with words of its own.
pub(super) fn apart(settings: &Settings, most: usize) -> Vec<String> {
    let common = &settings.sip.account.reception;
    let accounts = settings.accounts.iter().take(most).map(|account| {
        sentence(&format!(" to {}", account.user.escape_debug()), &differing(&account.reception, common))
    });
    let callers = settings
        .callers
        .iter()
        .take(most)
        .map(|rule| sentence(&format!(" of {}", and(&texts(&rule.from))), &own_words(rule)));
    [sentence("", &unusual(common))].into_iter().chain(accounts).chain(callers).flatten().collect()
}

/// `None`: nothing is said of them.
fn sentence(whose: &str, words: &[String]) -> Option<String> {
    (!words.is_empty()).then(|| format!("takes calls{whose} {}", words.join(", ")))
}

/// Chime, PIN and bell are told with the answer.
fn unusual(own: &Reception) -> Vec<String> {
    let mut usual = Settings::default().sip.account.reception;
    usual.klaxon.clone_from(&own.klaxon);
    usual.pin.clone_from(&own.pin);
    if own.mode == Mode::Ring {
        usual.mode = Mode::Ring;
    }
    differing(own, &usual)
}

fn own_words(rule: &CallerRule) -> Vec<String> {
    let words = [
        rule.zones.as_ref().map(heard_in),
        rule.priority.map(priority),
        rule.klaxon.as_ref().map(after_chime),
    ];
    words.into_iter().flatten().collect()
}

fn differing(own: &Reception, usual: &Reception) -> Vec<String> {
    let Reception { mode, zones, priority: own_priority, klaxon, pin, early_media } = own;
    let words = [
        (*mode != usual.mode).then(|| as_what(*mode).to_owned()),
        (*zones != usual.zones).then(|| heard_in(zones)),
        (*own_priority != usual.priority).then(|| priority(*own_priority)),
        (!pin.is_empty() && usual.pin.is_empty()).then(|| "after a PIN".to_owned()),
        klaxon.as_ref().filter(|_| *klaxon != usual.klaxon).map(after_chime),
        (*early_media != usual.early_media).then(|| {
            let heard = if *early_media { "the chime" } else { "ring-back" };
            format!("while the caller hears {heard}")
        }),
    ];
    words.into_iter().flatten().collect()
}

const fn as_what(mode: Mode) -> &'static str {
    match mode {
        Mode::Page => "as pages",
        Mode::Ring => "as a bell, unanswered",
        Mode::Emergency => "as emergencies",
    }
}

fn heard_in(zones: &ZoneNames) -> String {
    match zones {
        ZoneNames::All => "in every zone".to_owned(),
        ZoneNames::Named(names) => {
            let names: Vec<_> = names.iter().map(|name| name.escape_debug().to_string()).collect();
            format!("in {}", and(&names))
        }
    }
}

fn priority(priority: u8) -> String {
    format!("with priority {priority}")
}

fn after_chime(sound: &Sound) -> String {
    chime(sound).map_or_else(|| "without a chime".to_owned(), |chime| format!("after {chime}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    fn said(text: &str) -> Vec<String> {
        apart(&load(&[("a", text.as_bytes())], [], &[]).settings, 2)
    }

    #[test]
    fn calls_that_nothing_is_said_of_are_not_told() {
        let accounts = "[sip]\ndomain = pbx.example\nuser = 501\npass = x\npin = 1\nklaxon = none\n[sip b]\nuser = 502\n";
        assert!(said("").is_empty());
        assert!(said(accounts).is_empty());
        assert!(said("[sip]\nmode = ring\n").is_empty());
    }

    #[test]
    fn what_holds_for_all_calls_is_told_once() {
        let all = "[sip]\ndomain = pbx.example\nuser = 501\nmode = emergency\nzones = hall, yard\npriority = 80\nearly-media = yes\n\
                   [sip b]\nuser = 502\n[zone hall]\n[zone yard]\n";
        let told = "takes calls as emergencies, in hall and yard, with priority 80, while the caller hears the chime";
        assert_eq!(said(all), [told]);
    }

    #[test]
    fn what_an_account_has_of_its_own_is_told() {
        let common = "[sip]\ndomain = pbx.example\nzones = hall\n[zone hall]\n[zone yard]\n";
        let own = "[sip b]\nuser = 502\nzones = all\npin = 1\nklaxon = none\n[sip c]\nuser = 503\nmode = ring\nklaxon = gong\n\
                   [sip d]\nuser = 504\nzones = yard\n";
        assert_eq!(
            said(&format!("{common}{own}")),
            [
                "takes calls in hall",
                "takes calls to 502 in every zone, after a PIN, without a chime",
                "takes calls to 503 as a bell, unanswered, after the chime gong",
            ]
        );
    }

    #[test]
    fn what_some_callers_have_of_their_own_is_told() {
        assert_eq!(
            said(
                "[caller chief]\nfrom = 2??, 301\nzones = yard\npriority = 90\nklaxon = none\n[zone yard]\n"
            ),
            ["takes calls of 2??@* and 301@* in yard, with priority 90, without a chime"]
        );
    }
}
