//! Which faults the box has: what the `healthy` word, the exit code of `paging status`, a relay and a spoken warning ask.
//!
//! A fault is what somebody has to do something about: an account that is not registered though it should be, a sink
//! without a card, an audio thread that hangs, a line of the configuration that has no effect. A refresh that failed while
//! the registration holds is none, nor is a note.

use super::snapshot::{Account, AccountState, Failure, Mistake, Reason, Severity, Sink, SinkState};
use core::fmt;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// One fault. It prints as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Fault {
    /// An account is not registered.
    NotRegistered {
        /// Its address, `501@pbx.example`.
        account: String,
        /// Why, and since when.
        failure: Failure,
    },
    /// A sink has nothing to play on.
    NoCard {
        /// The device as configured.
        device: String,
        /// Why; empty while it is not known.
        text: String,
    },
    /// An audio thread hangs.
    Hangs {
        /// The device as configured.
        device: String,
        /// For how long.
        silent_ms: u64,
    },
    /// A line of a GPIO chip cannot be had.
    NoLine {
        /// What it is for: `relay`, `button desk`.
        line: String,
        /// Why, and what to do.
        text: String,
    },
    /// None of the sources of a player works.
    NoMusic {
        /// Which: `music`, `music lobby`.
        player: String,
        /// Why.
        text: String,
    },
    /// The configuration holds mistakes.
    Mistakes {
        /// How many.
        count: usize,
        /// The first of them.
        first: Mistake,
    },
}

/// The faults of a box with these accounts, sinks and mistakes: telephone, loudspeaker, configuration.
#[must_use]
pub fn faults(accounts: &[Account], sinks: &[Sink], mistakes: &[Mistake]) -> Vec<Fault> {
    let accounts = accounts.iter().filter_map(Fault::of_account);
    accounts.chain(sinks.iter().filter_map(Fault::of_sink)).chain(Fault::of_mistakes(mistakes)).collect()
}

impl Fault {
    fn of_account(account: &Account) -> Option<Self> {
        let failure = match account.state {
            AccountState::Registered | AccountState::Off => return None,
            AccountState::Registering | AccountState::Failed => account.failure.clone(),
        };
        let failure = failure.unwrap_or_else(Failure::pending);
        Some(Self::NotRegistered { account: account.address.clone(), failure })
    }

    fn of_sink(sink: &Sink) -> Option<Self> {
        let device = sink.device.clone();
        if sink.state.hangs(Duration::from_millis(sink.silent_ms)) {
            return Some(Self::Hangs { device, silent_ms: sink.silent_ms });
        }
        (!sink.state.is_open()).then(|| Self::NoCard { device, text: sink.fault.clone().unwrap_or_default() })
    }

    fn of_mistakes(mistakes: &[Mistake]) -> Option<Self> {
        let mut errors = mistakes.iter().filter(|mistake| mistake.severity == Severity::Error);
        let first = errors.next()?.clone();
        Some(Self::Mistakes { count: 1 + errors.count(), first })
    }
}

impl Failure {
    /// Of an account whose first try has not come to an end.
    fn pending() -> Self {
        let text = "it has only begun to register".to_owned();
        Self { reason: Reason::Pending, text, server: String::new(), status: None, since_s: 0 }
    }
}

impl SinkState {
    /// Whether there is a device that plays.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Idle | Self::Changing | Self::Waking | Self::Awake)
    }

    /// Whether an audio thread in this state hangs that has been `silent` for so long.
    #[must_use]
    pub fn hangs(self, silent: Duration) -> bool {
        let is_opening = !self.is_open() || self == Self::Changing;
        silent > if is_opening { OPENING_MAX } else { PLAYING_MAX }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRegistered { account, failure } => write!(f, "{account} is not registered: {failure}"),
            Self::NoCard { device, text } if text.is_empty() => write!(f, "{device} is not open yet"),
            // It begins with the name of the device.
            Self::NoCard { text, .. } => write!(f, "nothing is heard: {text}"),
            Self::Hangs { device, silent_ms } => {
                write!(f, "{device} hangs: nothing was written to it for {} s", silent_ms / 1000)
            }
            Self::NoLine { line, text } => write!(f, "{line} does nothing: {text}"),
            Self::NoMusic { player, text } => write!(f, "{player} is silent: {text}"),
            Self::Mistakes { count: 1, first } => write!(f, "a mistake in the configuration: {first}"),
            Self::Mistakes { count, first } => {
                write!(f, "{count} mistakes in the configuration, the first: {first}")
            }
        }
    }
}

/// A thread that plays sleeps for half a second at most.
const PLAYING_MAX: Duration = Duration::from_secs(2);
/// One that opens a device may have to wait for the kernel, which waits for the device.
const OPENING_MAX: Duration = Duration::from_secs(15);
