//! What is said on the console.

use super::page::date;
use core::fmt;
use core::time::Duration;

/// One line. It prints as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A service beats.
    Heard {
        /// Its process.
        pid: u32,
    },
    /// It has ended.
    Ended {
        /// Its process.
        pid: u32,
    },
    /// It does not beat, and is killed.
    Silent {
        /// Its process.
        pid: u32,
        /// For how long.
        for_s: u64,
    },
    /// It was killed, and is there still.
    Stubborn {
        /// Its process.
        pid: u32,
    },
    /// None is heard.
    Unheard,
    /// The hardware watchdog gets nothing any more.
    Starved,
    /// The clock is set.
    ClockSet {
        /// To this time since 1970.
        time: Duration,
    },
    /// Somebody has asked for what follows.
    Asked,
    /// Somebody has asked that the machine begins anew, which it has only just done.
    AskedTooSoon,
    /// The machine begins anew.
    Reboots {
        /// It is one that may.
        is_real: bool,
    },
    /// Datagrams that are not understood, or of strangers.
    Ignored {
        /// So many, all in all.
        count: u64,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Heard { pid } => write!(f, "watches over process {pid}"),
            Self::Ended { pid } => write!(f, "process {pid} has ended"),
            Self::Silent { pid, for_s } => {
                write!(f, "process {pid} hangs: silent for {for_s} s; it is killed")
            }
            Self::Stubborn { pid } => write!(f, "process {pid} was killed and does not end"),
            Self::Unheard => f.write_str("nothing is heard of the service"),
            Self::Starved => f.write_str("the hardware watchdog is fed no more: the machine begins anew"),
            Self::ClockSet { time } => write!(f, "the clock is set to {} by a registrar", date(*time)),
            Self::Asked => f.write_str("the service asks that the machine begins anew"),
            Self::AskedTooSoon => {
                f.write_str("the service asks that the machine begins anew, which it has only just done")
            }
            Self::Reboots { is_real: true } => f.write_str("the machine begins anew"),
            Self::Reboots { is_real: false } => {
                f.write_str("the machine should begin anew, but it is not one of ours")
            }
            Self::Ignored { count } => write!(f, "{count} datagrams were not understood, or of strangers"),
        }
    }
}
