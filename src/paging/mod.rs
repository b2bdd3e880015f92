//! Paging logic: what becomes of a call, and when the amplifier is on.
//!
//! The [`Pager`] decides when a call is answered, refused and ended. It knows calls by a name only; signalling, media
//! and loudspeakers are joined to it by `app`. The [`Prelude`] is what is heard before that, the
//! [`Relay`] is on while there is something to hear. A [`Keypad`] is what a caller does with his keys, and the [`Lockout`]
//! who may not try a [`Pin`] any more. A [`Dictation`] is a page that is recorded first, on a [`Tape`]; the [`Proof`] is what
//! can be said of a page afterwards.

mod dictation;
mod keypad;
mod lockout;
mod pager;
mod pin;
mod prelude;
mod proof;
mod relay;
mod tape;

pub use dictation::{Dictation, Signal, Step};
pub use keypad::{Cue as KeyCue, Entry as KeyEntry, Keypad, Plan as KeyPlan, Why};
pub use lockout::Lockout;
pub use pager::{Action, EndReason, Pager, Policy};
pub use pin::Pin;
pub use prelude::{Cue, Entry, Padding, Prelude};
pub use proof::{Heard, Loudness, Proof, SILENCE_DBFS};
pub use relay::Relay;
pub use tape::{Full, Shelf, Tape};

pub use crate::zones::ZoneSet;
