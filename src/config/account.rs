//! Accounts at telephone systems: `[sip]`, and further ones as `[sip NAME]`, which take from `[sip]` what they do not say.
//!
//! Decides: which sections make an account (those with a domain and a user), and what is told about those that were meant
//! to. Leaves out: what registering is, and names of servers.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;

use super::layer::{Given, Slot};
use super::read::Reader;
use super::{Host, Place, Problem, Reception, SectionName, Settings};

/// An account, or what `[sip]` says for all of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The name of its section; empty for `[sip]`.
    pub section: String,
    /// The servers, the most wanted first; the first is the domain of its address.
    pub domain: Vec<Host>,
    /// The user part of its address; may be empty where there is no domain.
    pub user: String,
    /// Its password.
    pub pass: String,
    /// The user that the password is of, when it differs from `user`; empty otherwise.
    pub auth_user: String,
    /// The name that others see; may be empty.
    pub name: String,
    /// Whether it is reached over TCP, otherwise over UDP.
    pub is_tcp: bool,
    /// Where its requests go in place of the domain.
    pub outbound_proxy: Vec<Host>,
    /// Whether it registers.
    pub register: bool,
    /// For how long.
    pub expires: Duration,
    /// How its calls are taken.
    pub reception: Reception,
}

impl Account {
    pub(super) const fn blank() -> Self {
        Self {
            section: String::new(),
            domain: Vec::new(),
            user: String::new(),
            pass: String::new(),
            auth_user: String::new(),
            name: String::new(),
            is_tcp: false,
            outbound_proxy: Vec::new(),
            register: false,
            expires: Duration::ZERO,
            reception: Reception::blank(),
        }
    }

    /// `501@pbx.example`, for people.
    #[must_use]
    pub fn address(&self) -> String {
        let domain = self.domain.first().map_or("", |host| &host.name);
        format!("{}@{domain}", self.user)
    }

    /// Who proves that he knows the password.
    #[must_use]
    pub fn prover(&self) -> &str {
        if self.auth_user.is_empty() { &self.user } else { &self.auth_user }
    }

    const fn is_whole(&self) -> bool {
        !self.domain.is_empty() && !self.user.is_empty()
    }
}

impl fmt::Debug for Account {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { section, domain, user, .. } = self;
        f.debug_struct("Account")
            .field("section", section)
            .field("domain", domain)
            .field("user", user)
            .finish_non_exhaustive()
    }
}

/// Keeps the accounts that are whole, and tells what the others lack.
pub(super) fn settle(settings: &mut Settings, given: &BTreeMap<Slot, Given>, reader: &mut Reader<'_>) {
    let is_common = settings.accounts.len() > 1;
    let sections = reader.accounts.clone();
    // The first is that of the section without a name.
    let known = [None].into_iter().chain(sections.iter().map(Some));
    for (account, known) in settings.accounts.iter().zip(known) {
        let Some((place, subject, problem)) = lack(account, is_common, known, given) else { continue };
        reader.report.error(&place, &subject, problem);
    }
    settings.accounts.retain(Account::is_whole);
    let common = &settings.sip.account;
    if settings.sip.require_auth && (common.pass.is_empty() || common.prover().is_empty()) {
        settings.sip.require_auth = false;
        if let Some(written) = given.get(&("sip".to_owned(), "require-auth")) {
            let subject = format!("{} require-auth", written.section);
            reader.report.error(&written.place, &subject, Problem::NothingToProve);
        }
    }
    let allow = &mut settings.sip.allow;
    allow.attached |= allow.servers && settings.accounts.is_empty();
}

/// What keeps a section from being an account, if it was meant to be one.
fn lack(
    account: &Account,
    is_common: bool,
    known: Option<&(SectionName, Place)>,
    given: &BTreeMap<Slot, Given>,
) -> Option<(Place, String, Problem)> {
    match known {
        _ if account.is_whole() => None,
        // A user alone is the box's own address, a domain alone what other sections have in common.
        None if account.domain.is_empty() || is_common => None,
        None => {
            let written = given.get(&("sip".to_owned(), "domain"))?;
            Some((written.place.clone(), format!("{} domain", written.section), Problem::NoUser))
        }
        Some((section, place)) if account.domain.is_empty() => {
            Some((place.clone(), section.to_string(), Problem::NoDomain))
        }
        Some((section, place)) => Some((place.clone(), section.to_string(), Problem::NoUser)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    fn read(text: &str) -> (Settings, Vec<String>) {
        let loaded = load(&[("paging.conf", text.as_bytes())], [], &[]);
        (loaded.settings, loaded.diagnostics.iter().map(ToString::to_string).collect())
    }

    fn hosts(account: &Account) -> Vec<String> {
        account.domain.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_domain_and_a_user_make_an_account() {
        let (settings, told) =
            read("[sip]\ndomain = pbx.example, 192.0.2.9:5070\nuser = 501\npass = a;b\nauth-user = x\n");
        assert_eq!(told, [""; 0]);
        let [account] = settings.accounts.as_slice() else { panic!("{settings:?}") };
        assert_eq!(hosts(account), ["pbx.example", "192.0.2.9:5070"]);
        assert_eq!((account.user.as_str(), account.pass.as_str(), account.prover()), ("501", "a;b", "x"));
        assert_eq!((account.register, account.expires), (true, Duration::from_mins(5)));
    }

    #[test]
    fn further_accounts_take_from_sip_what_they_do_not_say() {
        let (settings, told) = read(
            "[sip hall]\nuser = 502\nexpires = 60\n[sip]\ndomain = pbx.example\nuser = 501\npass = one\n\
             [sip Yard]\ndomain = other.example\nuser = 7\npass =\nname = Yard\nregister = no\n",
        );
        assert_eq!(told, [""; 0]);
        let seen = settings.accounts.iter().map(|account| {
            let Account { section, user, pass, name, register, expires, .. } = account;
            format!(
                "{section}: {user}@{} {pass} {name} {register} {}",
                hosts(account).join(","),
                expires.as_secs()
            )
        });
        assert_eq!(
            seen.collect::<Vec<_>>(),
            [
                ": 501@pbx.example one Paging true 300",
                "hall: 502@pbx.example one Paging true 60",
                "Yard: 7@other.example  Yard false 300",
            ]
        );
    }

    #[test]
    fn what_proves_one_account_proves_no_other() {
        let (settings, _) = read(
            "[sip]\ndomain = a\nuser = 1\nauth-user = x\npass = one\n[sip hall]\nuser = 2\n[sip yard]\ndomain = b\n",
        );
        let seen: Vec<_> =
            settings.accounts.iter().map(|account| (account.prover(), account.pass.as_str())).collect();
        assert_eq!(seen, [("x", "one"), ("2", "one"), ("1", "")]);
    }

    #[test]
    fn what_is_no_account_is_told_where_it_was_meant_to_be_one() {
        let cases: [(&str, &[&str]); 5] = [
            ("[sip]\nuser = 501\n", &[]),
            (
                "[sip]\ndomain = pbx.example\n",
                &[
                    "paging.conf:2:10: error: [sip] domain: expected user as well; the box does not register there",
                ],
            ),
            ("[sip]\ndomain = pbx.example\n[sip hall]\nuser = 1\n", &[]),
            (
                "[sip hall]\nuser = 1\n",
                &["paging.conf:1:1: error: [sip hall]: expected domain, here or in [sip]; it is left out"],
            ),
            (
                "[sip hall]\ndomain = pbx\n",
                &[
                    "paging.conf:1:1: error: [sip hall]: expected user as well; the box does not register there",
                ],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).1, expected, "{text}");
        }
    }

    #[test]
    fn a_mistake_says_what_holds_in_its_place() {
        let told = load(
            &[
                ("a", b"[sip]\ndomain = pbx.example\nuser = 1\n"),
                ("b", b"[sip hall]\nuser = 2\ndomain = pbx..x\n"),
            ],
            [],
            &[],
        );
        let told: Vec<_> = told.diagnostics.iter().map(ToString::to_string).collect();
        let error = "b:3:10: error: [sip hall] domain: expected at most 8 hosts such as pbx.example, 192.168.1.10:5070 or \
                     [2001:db8::1]:5060, found \"pbx..x\"; pbx.example stays in force";
        assert_eq!(told, [error]);
    }

    #[test]
    fn a_key_that_counts_for_the_whole_box_does_nothing_in_a_section_with_a_name() {
        let (settings, told) = read("[sip hall]\ndomain = pbx\nuser = 1\nptime = 30\nmode = ring\n");
        assert_eq!(
            told,
            ["paging.conf:4:1: note: [sip hall] ptime: counts for the whole box: it belongs into [sip]"]
        );
        assert_eq!(settings.sip.ptime, Duration::from_millis(20));
    }

    #[test]
    fn callers_prove_a_password_only_where_there_is_one() {
        let (settings, told) = read("[sip]\nuser = 501\npass = x\nrequire-auth = yes\n");
        assert_eq!((settings.sip.require_auth, told), (true, Vec::new()));
        let (settings, told) = read("[sip]\nuser = 501\nrequire-auth = yes\n");
        let error = "paging.conf:3:16: error: [sip] require-auth: expected user and pass as well; nothing is asked of callers";
        assert_eq!((settings.sip.require_auth, told), (false, vec![error.to_owned()]));
    }

    #[test]
    fn calls_come_from_the_servers_of_accounts_and_without_one_from_attached_networks() {
        let account = "[sip]\ndomain = pbx\nuser = 1\n";
        let seen = |text: &str| {
            let allow = read(text).0.sip.allow;
            (allow.servers, allow.attached)
        };
        assert_eq!(seen(""), (true, true));
        assert_eq!(seen(account), (true, false));
        assert_eq!(seen(&format!("{account}allow = servers, attached")), (true, true));
        assert_eq!(seen(&format!("{account}allow = 2??@*")), (true, false));
        assert_eq!(seen(&format!("{account}allow = 10.0.0.0/8")), (false, false));
    }
}
