//! On which terms a call is taken: where it is heard, how much it matters, what is heard before it.
//!
//! ```text
//!  [caller NAME] of who calls  >  [sip NAME] of whom he calls, else [sip]  >  [zone NAME] of where  >  [audio]
//!      zones, priority, klaxon        zones, priority, klaxon,                  klaxon                 klaxon
//!                                     mode, pin, early-media
//! ```
//! The first that says something counts. A call is that of the account whose user it names; one that names none of them
//! is that of the account at whose server it comes, if there is one; any other is taken as `[sip]` says. What a caller's
//! section says takes nothing from an emergency: it may add zones, but not leave some out. Of several zones
//! the first, in the order of the configuration, that has a klaxon says it for all of them: a page has one chime.

use super::floor::{claim_of, priority_of};
use crate::allow::Pattern;
use crate::config::{Account, CallerRule, Mode, Settings, Sound};
use crate::paging::{Claim, Class, Kind, Want};
use crate::zones::ZoneSet;

/// On which terms the box takes calls.
pub(super) struct Directory {
    callers: Vec<Rule>,
    /// The users of accounts, and the terms of their calls.
    accounts: Vec<(String, Terms)>,
    other: Terms,
    /// What each zone has to say, in their order.
    zones: Vec<Option<Sound>>,
    klaxon: Sound,
}

/// The terms of a call.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Terms {
    /// What it is.
    pub(super) mode: Mode,
    /// Where it is heard, and before whom.
    pub(super) claim: Claim,
    /// What is heard before it; `None`: what the zones say.
    klaxon: Option<Sound>,
    /// Whether the caller hears that, too.
    pub(super) early_media: bool,
    /// What he has to know; empty: nothing.
    pub(super) pin: String,
    /// Whose calls these are: the name of a section.
    pub(super) section: String,
    /// The same by its address, `501@pbx.example`; `None`: no account's.
    pub(super) account: Option<String>,
}

/// Who calls whom.
pub(super) struct Inquiry<'i> {
    /// User and host of the caller.
    pub(super) caller: (&'i str, &'i str),
    /// The user that is called.
    pub(super) called: Option<&'i str>,
    /// The user of the account at whose server the call comes.
    pub(super) of_server: Option<&'i str>,
}

struct Rule {
    from: Vec<Pattern>,
    klaxon: Option<Sound>,
    zones: Option<ZoneSet>,
    priority: Option<u8>,
}

impl Directory {
    /// That of `settings`.
    pub(super) fn new(settings: &Settings) -> Self {
        let terms = |account: &Account| Terms::new(settings, account);
        let of_account = |account: &Account| Terms { account: Some(account.address()), ..terms(account) };
        Self {
            callers: settings.callers.iter().map(|rule| Rule::new(settings, rule)).collect(),
            accounts: settings.accounts.iter().map(|own| (own.user.clone(), of_account(own))).collect(),
            other: terms(&settings.sip.account),
            zones: settings.zones.iter().map(|zone| zone.klaxon.clone()).collect(),
            klaxon: settings.audio.klaxon.clone(),
        }
    }

    /// The terms of a call.
    pub(super) fn terms(&self, inquiry: &Inquiry<'_>) -> Terms {
        let (user, host) = inquiry.caller;
        let mut terms = self.of_account(inquiry).clone();
        let is_meant = |rule: &&Rule| rule.from.iter().any(|pattern| pattern.matches(user, host));
        if let Some(rule) = self.callers.iter().find(is_meant) {
            rule.apply(&mut terms);
        }
        terms
    }

    /// What is heard before a call of such terms.
    pub(super) fn klaxon<'s>(&'s self, terms: &'s Terms) -> &'s Sound {
        let of_zone = || terms.claim.zones.iter().find_map(|zone| self.zones.get(zone)?.as_ref());
        terms.klaxon.as_ref().or_else(of_zone).unwrap_or(&self.klaxon)
    }

    fn of_account(&self, inquiry: &Inquiry<'_>) -> &Terms {
        let named = |wanted: Option<&str>| {
            let is_it = |(user, _): &&(String, Terms)| Some(user.as_str()) == wanted;
            self.accounts.iter().find(is_it).map(|(_, terms)| terms)
        };
        named(inquiry.called).or_else(|| named(inquiry.of_server)).unwrap_or(&self.other)
    }
}

impl Terms {
    fn new(settings: &Settings, account: &Account) -> Self {
        let reception = &account.reception;
        Self {
            mode: reception.mode,
            claim: claim_of(settings, reception),
            klaxon: reception.klaxon.clone(),
            early_media: reception.early_media,
            pin: reception.pin.clone(),
            section: account.section.clone(),
            account: None,
        }
    }

    /// For what it has to wait in a queue.
    pub(super) fn want(&self) -> Want {
        Want::new(Kind::Call, &self.claim)
    }
}

impl Rule {
    fn new(settings: &Settings, rule: &CallerRule) -> Self {
        Self {
            from: rule.from.clone(),
            klaxon: rule.klaxon.clone(),
            zones: rule.zones.as_ref().map(|zones| settings.zone_set(zones)),
            priority: rule.priority,
        }
    }

    /// Says of a call what it has to say. Of an emergency it takes nothing away.
    fn apply(&self, terms: &mut Terms) {
        let Claim { class, zones, priority } = terms.claim;
        let is_emergency = class == Class::Emergency;
        let kept = if is_emergency { zones } else { ZoneSet::NONE };
        terms.claim.zones = self.zones.map_or(zones, |own| own.union(kept));
        let least = if is_emergency { priority } else { 0 };
        terms.claim.priority = priority_of(class, self.priority.unwrap_or(priority).max(least));
        let klaxon = self.klaxon.clone().filter(|sound| !is_emergency || *sound != Sound::None);
        terms.klaxon = klaxon.or_else(|| terms.klaxon.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    fn directory(text: &str) -> Directory {
        let loaded = load(&[("paging.conf", text.as_bytes())], [], &[]);
        Directory::new(&loaded.settings)
    }

    const TEXT: &str = "[zone hall]\nchannels = 1\n[zone yard]\nchannels = 2\nklaxon = attention\n\
        [sip]\ndomain = pbx\nuser = 501\nzones = hall\n\
        [sip help]\nuser = 911\nmode = emergency\npriority = emergency\nzones = all\nklaxon = three-tone\npin = 12\n\
        [sip bell]\nuser = 502\nmode = ring\nzones = yard\nearly-media = yes\n\
        [caller boss]\nfrom = 2??@*\nzones = yard\npriority = 70\nklaxon = none\n\
        [caller any]\nfrom = 2*@*\npriority = 10\n";

    fn call<'i>(from: &'i str, to: &'i str) -> Inquiry<'i> {
        Inquiry { caller: (from, "pbx"), called: Some(to), of_server: None }
    }

    #[test]
    fn a_call_is_that_of_the_account_whose_user_it_names_or_at_whose_server_it_comes() {
        let directory = directory(TEXT);
        assert!(directory.terms(&call("100", "911")).mode == Mode::Emergency);
        assert_eq!(directory.terms(&call("100", "911")).pin, "12");
        let account = |to| directory.terms(&call("100", to)).account;
        assert_eq!((account("502"), account("paging")), (Some("502@pbx".to_owned()), None));
        let bell = directory.terms(&call("100", "502"));
        assert!(bell.mode == Mode::Ring && bell.early_media && bell.claim.zones == ZoneSet::one(1));
        let by_server = Inquiry { of_server: Some("502"), ..call("100", "paging") };
        assert!(directory.terms(&by_server).mode == Mode::Ring);
        assert!(directory.terms(&call("100", "paging")).mode == Mode::Page, "a direct call");
        assert_eq!(directory.terms(&call("201", "911")).claim.priority, 90, "whatever a rule says");
    }

    #[test]
    fn who_calls_says_more_than_whom_he_calls_and_the_first_rule_that_fits_counts() {
        let directory = directory(TEXT);
        let boss = directory.terms(&call("200", "501"));
        assert_eq!((boss.claim.zones, boss.claim.priority), (ZoneSet::one(1), 70));
        assert_eq!(directory.klaxon(&boss), &Sound::None);
        let other = directory.terms(&call("2000", "501"));
        assert_eq!(
            (other.claim.zones, other.claim.priority),
            (ZoneSet::one(0), 10),
            "the rest is the account's"
        );
    }

    #[test]
    fn a_rule_takes_nothing_from_an_emergency() {
        let directory = directory(TEXT);
        let boss = directory.terms(&call("200", "911"));
        assert_eq!((boss.claim.zones, boss.claim.priority), (ZoneSet::first(2), 90));
        assert_eq!(directory.klaxon(&boss), &Sound::ThreeTone);
        assert!(boss.want().is_emergency && !directory.terms(&call("200", "501")).want().is_emergency);
    }

    #[test]
    fn a_chime_is_that_of_the_caller_the_account_the_first_zone_that_has_one_or_of_all() {
        let directory = directory(TEXT);
        let klaxon = |from, to| directory.klaxon(&directory.terms(&call(from, to))).clone();
        assert_eq!(klaxon("200", "501"), Sound::None);
        assert_eq!(klaxon("100", "911"), Sound::ThreeTone);
        assert_eq!(klaxon("100", "502"), Sound::Attention);
        assert_eq!(klaxon("100", "501"), Sound::Gong);
    }
}
