//! On which terms a call is heard: where, and before whom.
//!
//! A call is that of the account whose user is called; any other is taken as `[sip]` says.

use super::floor::claim_of;
use crate::config::Settings;
use crate::paging::Claim;
use crate::sip::wire::Uri;

/// What accounts say of their calls.
pub(super) struct Terms {
    /// Users of accounts, and what is claimed for calls to them.
    accounts: Vec<(String, Claim)>,
    other: Claim,
}

impl Terms {
    pub(super) fn new(settings: &Settings) -> Self {
        let claim = |reception| claim_of(settings, reception);
        let accounts = settings.accounts.iter();
        Self {
            accounts: accounts.map(|account| (account.user.clone(), claim(&account.reception))).collect(),
            other: claim(&settings.sip.account.reception),
        }
    }

    /// What a call to `called` claims.
    pub(super) fn of(&self, called: &Uri) -> Claim {
        let user = called.user();
        let own = self.accounts.iter().find(|(account, _)| user == Some(account.as_str()));
        own.map_or(self.other, |(_, claim)| *claim)
    }
}
