//! What the box says of itself, as values: whether it is well and why not, its accounts, calls, loudspeakers, counts, and
//! the mistakes in its configuration.
//!
//! ```text
//!  the box ──> Status ─┬─ to_json ──> socket ──> from_json ─┬─ Display: sentences for people
//!                      ├─ faults ──> healthy, speech        └─ Page: a live page of any size
//!                      └─ Condition: what stays as it is, for the file on the card
//! ```
//!
//! Decides: which faults there are ([`faults`]), how all of it is written (`docs/status.md` is the contract of the JSON
//! text), what a question on the socket may be ([`Question`]), and how it is said to people. Times are spans before or
//! after the moment of the [`Status`], for the reader's clock is another one.
//!
//! Leaves out: sockets, terminals, and where the figures come from.

mod clock;
mod condition;
mod fault;
mod lines;
mod meter;
mod page;
mod players;
mod question;
mod record;
mod snapshot;
mod text;

pub use clock::{Clock, ClockKeeper};
pub use condition::Condition;
pub use fault::{Fault, faults};
pub use lines::{Line, LineState, Role};
pub use meter::{SILENCE_DBFS, dbfs, millis, percent, tenths};
pub use page::Page;
pub use players::{Player, PlayerState, SourceFailure};
pub use question::{Question, QuestionError};
pub use record::{Ended, Record, RecordKind, Warning};
pub use snapshot::{
    Account, AccountState, Call, CallState, Card, Counters, Failure, Mistake, Programme, Reason, SCHEMA,
    Severity, Sink, SinkState, Status, StatusError, Stream,
};

#[cfg(test)]
mod tests;
