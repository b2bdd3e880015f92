//! How an account stands, for those who ask.

use crate::sip::registration::Failure;
use crate::status::{self, AccountState, Reason};
use crate::time::Instant;
use core::time::Duration;

/// What became of its tries to register.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// At which server, and until when without a refresh.
    registered: Option<(String, Instant)>,
    /// What went wrong last, and since when something has.
    failure: Option<(Trouble, Instant)>,
}

/// What went wrong.
#[derive(Debug)]
enum Trouble {
    /// A server was asked in vain.
    Failed { server: String, reason: Failure },
    /// There is none to be asked; a sentence says why.
    NoServer(String),
    /// It cannot be written as a SIP address.
    Unwritable,
}

impl Standing {
    pub(super) fn on_registered(&mut self, now: Instant, server: &str, expires: Duration) {
        self.registered = Some((server.to_owned(), now + expires));
        self.failure = None;
    }

    pub(super) fn on_failed(&mut self, now: Instant, server: &str, reason: Failure) {
        self.fail(now, Trouble::Failed { server: server.to_owned(), reason });
    }

    /// Its servers were looked up; a `fault` says that some were not found. What a server has said tells more.
    pub(super) fn on_looked_up(&mut self, now: Instant, fault: Option<&String>) {
        if let Some(fault) = fault
            && !matches!(self.failure, Some((Trouble::Failed { .. }, _)))
        {
            self.fail(now, Trouble::NoServer(fault.clone()));
        }
    }

    pub(super) fn on_unregistered(&mut self) {
        self.registered = None;
    }

    pub(super) fn on_unwritable(&mut self, now: Instant) {
        self.fail(now, Trouble::Unwritable);
    }

    /// In which state it is, at which server, for how many seconds more, and what went wrong.
    pub(super) fn status(&self, now: Instant, registers: bool) -> Told {
        let registered = self.registered.as_ref();
        let state = match (&self.registered, &self.failure) {
            _ if !registers => AccountState::Off,
            (Some(_), _) => AccountState::Registered,
            (None, Some(_)) => AccountState::Failed,
            (None, None) => AccountState::Registering,
        };
        let failure = self.failure.as_ref().map(|(trouble, since)| trouble.told(now.since(*since)));
        Told {
            state,
            server: registered.map(|(server, _)| server.clone()),
            expires_in_s: registered.map(|(_, until)| until.since(now).as_secs()),
            failure,
        }
    }

    fn fail(&mut self, now: Instant, trouble: Trouble) {
        let since = self.failure.take().map_or(now, |(_, since)| since);
        self.failure = Some((trouble, since));
    }
}

/// See [`Standing::status`].
#[derive(Debug, PartialEq)]
pub(super) struct Told {
    pub(super) state: AccountState,
    pub(super) server: Option<String>,
    pub(super) expires_in_s: Option<u64>,
    pub(super) failure: Option<status::Failure>,
}

impl Trouble {
    fn told(&self, span: Duration) -> status::Failure {
        let since_s = span.as_secs();
        match self {
            Self::Failed { server, reason } => {
                let (text, server) = (reason.to_string(), server.clone());
                let (reason, status) = word(*reason);
                status::Failure { reason, text, server, status, since_s }
            }
            Self::NoServer(text) => without_server(Reason::NoServer, text, since_s),
            Self::Unwritable => {
                without_server(Reason::Other, "it cannot be written as a SIP address", since_s)
            }
        }
    }
}

fn without_server(reason: Reason, text: &str, since_s: u64) -> status::Failure {
    status::Failure { reason, text: text.to_owned(), server: String::new(), status: None, since_s }
}

fn word(failure: Failure) -> (Reason, Option<u16>) {
    match failure {
        Failure::NoServer => (Reason::NoServer, None),
        Failure::NoAnswer => (Reason::NoAnswer, None),
        Failure::Unreachable => (Reason::Unreachable, None),
        Failure::WrongPassword => (Reason::WrongPassword, None),
        Failure::UnknownProof => (Reason::UnknownProof, None),
        Failure::Forbidden => (Reason::Forbidden, Some(403)),
        Failure::Unavailable(status) => (Reason::Unavailable, Some(status.code())),
        Failure::Refused(status) => (Reason::Refused, Some(status.code())),
        _ => (Reason::Other, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    #[test]
    fn a_registration_is_told_with_what_is_left_of_it() {
        let mut standing = Standing::default();
        assert_eq!(standing.status(at(0), true).state, AccountState::Registering);
        standing.on_registered(at(10), "pbx.example (192.0.2.9:5060)", Duration::from_mins(5));
        let told = standing.status(at(98), true);
        assert_eq!((told.state, told.expires_in_s), (AccountState::Registered, Some(212)));
        assert_eq!(told.server.as_deref(), Some("pbx.example (192.0.2.9:5060)"));
        standing.on_unregistered();
        assert_eq!(standing.status(at(99), false).state, AccountState::Off);
    }

    #[test]
    fn an_address_that_cannot_be_written_is_no_beginning() {
        let mut standing = Standing::default();
        standing.on_unwritable(at(1));
        let told = standing.status(at(1), true);
        assert_eq!((told.state, told.failure.unwrap().reason), (AccountState::Failed, Reason::Other));
    }

    #[test]
    fn the_last_reason_is_told_and_since_when_anything_has_been_wrong() {
        let mut standing = Standing::default();
        standing.on_looked_up(at(1), Some(&"pbx.example has no address: no such name".to_owned()));
        assert_eq!(standing.status(at(4), true).failure.unwrap().reason, Reason::NoServer);
        standing.on_failed(at(5), "a", Failure::NoAnswer);
        standing.on_looked_up(at(6), Some(&"b.example has no address".to_owned()));
        standing.on_failed(at(13), "b", Failure::WrongPassword);
        let told = standing.status(at(21), true);
        let failure = told.failure.unwrap();
        assert_eq!(
            (told.state, failure.reason, failure.since_s),
            (AccountState::Failed, Reason::WrongPassword, 20)
        );
        assert_eq!(
            (failure.server.as_str(), failure.text.as_str()),
            ("b", "the user or the password is wrong")
        );
        standing.on_registered(at(30), "a", Duration::from_mins(5));
        assert_eq!(standing.status(at(31), true).failure, None);
    }
}
