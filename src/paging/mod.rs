//! Paging logic: what becomes of a call, and when the amplifier is on.
//!
//! The [`Pager`] decides when a call is answered, refused and ended. It knows calls by a name only; signalling, media
//! and loudspeakers are joined to it by `app`. The [`Queue`] says who waits for whom, the [`Prelude`] is what is heard
//! before a page, the [`Ringer`] rings for calls that somebody else answers, the [`Relay`] is on while there is something
//! to hear. A [`Keypad`] is what a caller does with his keys, and the [`Lockout`] who may not try a [`Pin`] any more. Who is
//! heard where, and how loud, is for the [`Floor`]: it asks [`arbitrate`] zone by zone, and lets music go and come in a
//! [`Swell`]. A [`Dictation`] is a page that is recorded first, on a [`Tape`]; the [`Proof`] is what can be said of a page
//! afterwards.

mod arbiter;
mod dictation;
mod floor;
mod keypad;
mod lockout;
mod pager;
mod pin;
mod prelude;
mod proof;
mod queue;
mod relay;
mod ringer;
mod swell;
mod tape;

pub use arbiter::{Claim, Class, Verdict, arbitrate};
pub use dictation::{Dictation, Signal, Step as Dictated};
pub use floor::{Change, ClaimId, Floor, Heard, Manner};
pub use keypad::{Cue as KeyCue, Entry as KeyEntry, Keypad, Plan as KeyPlan, Why};
pub use lockout::{Lockout, Suspect};
pub use pager::{Action, EndReason, Pager, Policy, WARNING};
pub use pin::Pin;
pub use prelude::{Cue, Entry, Padding, Prelude};
pub use proof::{Loudness, Proof, SILENCE_DBFS, Sounding};
pub use queue::{Admission, Kind, Queue, Rule, Turn, Want};
pub use relay::Relay;
pub use ringer::{Ringer, Ringing};
pub use swell::{Loss, MusicFade, MusicFades, Step, Swell};
pub use tape::{Full, Shelf, Tape};

pub use crate::zones::ZoneSet;
